"""From bytes in any usual Chinese encoding to clean UTF-8 with one kind of newline. Never fails, never drops a line.

Bytes that mean nothing become `BAD`, so that only the lines that hold them are lost, each by name.
"""

from __future__ import annotations

import codecs
import re

#: Stands for undecodable bytes: a noncharacter that no real text holds.
BAD = "\ufdd0"

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NOISE = bytes([*range(9), 11, 12, *range(14, 32), 127])  # control characters that are no tab and no newline
_INVISIBLE = ("\ufeff".encode(), "\u200b".encode())
_CHUNK, _FIRST_PART, _SAMPLE = 1 << 20, 1 << 17, 1 << 22  # bytes
_TELLING = 400  # lines
_HEAD, _ODD_AT_MOST = 1 << 14, 0.05
_ODD = re.compile("[\\x00-\\x08\\x0e-\\x1a\\x1c-\\x1f\\x7f]")

codecs.register_error("landstock.bad", lambda error: (BAD, error.end))


def to_utf8(data: bytes) -> tuple[bytes, str]:
    """UTF-8 bytes without control characters, lines ending in "\\n", and the name of the encoding they came in."""
    encoding = detect(data)
    return _clean(_recode(data, encoding)), encoding


def looks_binary(data: bytes) -> bool:
    """Whether a file is no text in any encoding: control characters, of which a text has a few at most, all over it."""
    head = data[:_HEAD].rstrip(b"\x00")  # a text may be filled up with them
    text = head.decode(detect(head), "replace")
    return len(_ODD.findall(text)) > _ODD_AT_MOST * len(text)


def detect(data: bytes) -> str:
    """utf-8-sig, utf-16-le, utf-16-be, utf-8 or gb18030: by the mark, by the zero bytes, by what most lines are."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    head = data[:4096]
    pairs = max(len(head) // 2, 1)
    low, high = head[1::2].count(0) / pairs, head[0::2].count(0) / pairs
    if max(low, high) > 0.2 and min(low, high) < 0.05:
        return "utf-16-le" if low > high else "utf-16-be"
    foreign = _foreign_lines(data)
    if _decodes(b"\n".join(foreign), "utf-8"):
        return "utf-8"
    others = [line for line in foreign if not _decodes(line, "utf-8")]
    # Two bytes of GB18030 may be a letter of UTF-8, Latin or Arabic, and never a Chinese character, which takes three.
    chinese = sum(
        any(char > "\u2e7f" for char in line.decode("utf-8", "ignore")) for line in foreign if line not in others
    )
    return "utf-8" if chinese >= len(others) else "gb18030"


def _foreign_lines(data: bytes) -> list[bytes]:
    """The first lines that are not plain ASCII, as many as tell an encoding; mostly they stand in the first part."""
    foreign = [line for line in data[:_FIRST_PART].splitlines()[:-1] if not line.isascii()]
    if len(foreign) < _TELLING:
        foreign = [line for line in data[:_SAMPLE].splitlines() if not line.isascii()]
    return foreign[:_TELLING]


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _recode(data: bytes, encoding: str) -> bytes:
    if encoding.startswith("utf-8"):
        data = data.removeprefix(codecs.BOM_UTF8)
        return data if _decodes(data, "utf-8") else _convert(data, "utf-8")
    if encoding.startswith("utf-16"):
        return _convert(
            data.removeprefix(codecs.BOM_UTF16_LE if encoding.endswith("le") else codecs.BOM_UTF16_BE), encoding
        )
    return b"".join(_convert(chunk, encoding) for chunk in _chunks(data))


def _chunks(data: bytes):
    """Pieces that end at a newline, which is never the second byte of a GB18030 character."""
    start = 0
    while start < len(data):
        cut = data.find(b"\n", start + _CHUNK)
        end = len(data) if cut < 0 else cut + 1
        yield data[start:end]
        start = end


def _convert(data: bytes, encoding: str) -> bytes:
    return data.decode(encoding, "landstock.bad").encode("utf-8", "landstock.bad")


def _clean(text: bytes) -> bytes:
    text = text.translate(None, _NOISE)
    for mark in _INVISIBLE:
        if mark in text:
            text = text.replace(mark, b"")
    if b"\r" not in text:
        return text
    text = text.replace(b"\r\n", b"\n")
    # Alone, CR ends lines only where nothing else does (old Macintosh files); elsewhere it sits inside a cell.
    return text.replace(b"\r", b"\n" if text.count(b"\r") > text.count(b"\n") else b" ")
