"""Names of land users in public exports are not stored: blanked before a file's bytes are kept.

The public listing may name natural persons (受让人, 土地使用权人). Only those cells change: every line, every other
cell and the fingerprint under which the file is known stay as they were received. An xls keeps its names: see
`docs/decisions.md`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from .columnar import nulled
from .delimited import SEPARATORS, parse
from .holders_book import without_columns
from .text import detect

#: Headers and keys that name who holds the land.
HOLDERS = ("受让人", "土地使用权人", "holder")
#: What makes a header or a record one of the public export.
_MARKS = (("电子监管号", "idnumber"), ("土地来源", "source"))
_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_SPELLED = {encoding: tuple(word.encode(encoding) for word in HOLDERS) for encoding in _ENCODINGS}
_IN_ANY = tuple({word for words in _SPELLED.values() for word in words})
_IN_JSON = re.compile(rf'("(?:{"|".join(HOLDERS)})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])', re.DOTALL)
_NEWLINE = re.compile(r"\r\n|\n|\r")
_HEAD_LINES = 60
#: All of a cell but what must stay: line ends, for the lines below keep their numbers, and what makes a line unreadable
#: (bytes that are no text, an open quote), for it must not become readable by losing a name.
_LINES, _FAULTS = re.compile("[^\n\udc80-\udcff]"), re.compile('[^"\n\udc80-\udcff]')


def without_holders(data: bytes) -> bytes:
    """A received file without the names of land users, if it is a public export that has them: as CSV, JSON, xlsx or
    parquet. Whatever cannot be taken apart stays as it is."""
    if data.startswith(b"PK"):
        return without_columns(data, _IN_ANY, holder_columns)
    if data.startswith(b"PAR1"):
        return nulled(data, holder_columns) if any(word in data for word in _IN_ANY) else data
    encoding = detect(data)
    # Most files are no export; looking for every word in every encoding would take half the time of keeping them.
    if not any(word in data for word in _SPELLED[encoding.removesuffix("-sig")]):
        return data
    wide = encoding.startswith("utf-16")
    errors = "surrogatepass" if wide else "surrogateescape"
    end = len(data) - len(data) % 2 if wide else len(data)  # half a character at the end means nothing
    text = data[:end].decode(encoding, errors)
    if not all(any(word in text for word in words) for words in _MARKS):
        return data
    blanked = _json(text) if text.lstrip("\ufeff \r\n\t").startswith(("[", "{")) else _delimited(text)
    return data if blanked == text else blanked.encode(encoding, errors) + data[end:]


def holder_columns(header: Sequence[str]) -> list[int]:
    """Which columns (from 0) of a public export's header name land users; none in any other row."""
    cells = [cell.strip().strip('"') for cell in header]
    columns = [place for place, cell in enumerate(cells) if cell in HOLDERS]
    return columns if all(any(word in cells for word in words) for words in _MARKS) else []


def _json(text: str) -> str:
    """By pattern, not by parser: lines that are no JSON keep their fault and lose their names."""
    return _IN_JSON.sub(lambda found: found[1] + '""', text)


def _delimited(text: str) -> str:
    ends = [*_NEWLINE.findall(text), ""]
    lines = _NEWLINE.split(text)
    for at, line in enumerate(lines[:_HEAD_LINES]):
        for separator in SEPARATORS:
            header = line.split(separator)
            if columns := holder_columns(header):
                _blank(lines, at + 1, separator, columns, len(header))
                return "".join(line + end for line, end in zip(lines, ends, strict=True))
    return text


def _blank(lines: list[str], first: int, separator: str, columns: list[int], width: int) -> None:
    """Empty some columns of all lines from the first on; a line that is broken is cut by its separators alone."""
    at = first
    for record in parse(lines[first:], 0, separator, width):
        cells = lines[at].split(separator) if record.problem else record.cells
        named = [place for place in columns if place < len(cells) and cells[place].strip()]
        if named:
            for place in named:
                cells[place] = (_FAULTS if record.problem else _LINES).sub("", cells[place])
            whole = separator.join(cells) if record.problem else _written(cells, separator)
            lines[at : at + record.span] = whole.split("\n")
        at += record.span


def _written(cells: list[str], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerow(cells)
    return out.getvalue().removesuffix("\n")
