"""Small files made in memory for the reader's tests: CSV text, workbooks, the old xls container."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import xlsxwriter

from assets.reading import Reading, read

TASK_HEADER = "行政区代码,年份,任务,任务面积"
TASK_NAME = "年度任务_330100_2026"


def task_csv(*lines: str, header: str = TASK_HEADER, encoding: str = "utf-8") -> Reading:
    """Read an 年度任务 CSV of these lines below a header."""
    return checked(read(f"{TASK_NAME}.csv", "\n".join([header, *lines, ""]).encode(encoding)))


def task_book(fill: Callable[[xlsxwriter.Workbook], None], suffix: str = "xlsx") -> Reading:
    return checked(read(f"{TASK_NAME}.{suffix}", workbook(fill)))


def workbook(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        fill(book)
    return buffer.getvalue()


def checked(reading: Reading) -> Reading:
    """The reading, after its promise: every line is a data row, was rejected or was skipped; never an inner failure."""
    rows = sum(block.rows.height for block in reading.blocks)
    assert reading.lines == rows + reading.rejected_rows + sum(reading.skipped.values())
    assert "1009" not in rules(reading)
    return reading


def rules(reading: Reading) -> list[str]:
    return [finding.rule for finding in reading.findings]


def rows(reading: Reading) -> list[tuple]:
    """Cells of all blocks, without the row numbers."""
    return [row[1:] for block in reading.blocks for row in block.rows.iter_rows()]


def numbers(reading: Reading) -> list[int]:
    return [number for block in reading.blocks for number in block.rows["row_number"]]


def xls(
    cells: dict[tuple[int, int], str | float], formulas: dict[tuple[int, int], tuple[float, bytes]] | None = None
) -> bytes:
    """A BIFF8 workbook with one sheet; `cells`: (row, column) from 0 → text or number; `formulas`: → result, tokens."""
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 6))
    for (row, column), value in cells.items():
        if isinstance(value, str):
            text = value.encode("utf-16-le")
            sheet += _record(0x0204, struct.pack("<HHHHB", row, column, 0, len(value), 1) + text)
        else:
            sheet += _record(0x0203, struct.pack("<HHHd", row, column, 0, value))
    for (row, column), (result, tokens) in (formulas or {}).items():
        head = struct.pack("<HHHdHIH", row, column, 0, result, 0, 0, len(tokens))
        sheet += _record(0x0006, head + tokens)
    sheet += _record(0x000A, b"")
    name = "Sheet1".encode("utf-16-le")
    opening = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 6)) + _record(0x0042, b"\xb0\x04")
    offset = len(opening) + 4 + 8 + len(name) + 4
    opening += _record(0x0085, struct.pack("<IBBBB", offset, 0, 0, 6, 1) + name) + _record(0x000A, b"")
    return _compound(opening + sheet)


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _compound(stream: bytes) -> bytes:
    """An OLE container with the one stream "Workbook"."""
    stream = stream.ljust(4096, b"\0")
    stream = stream.ljust(-(-len(stream) // 512) * 512, b"\0")
    sectors = len(stream) // 512
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    chain = [0xFFFFFFFD, end, *range(3, sectors + 2), end]
    fat = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        encoded = (name + "\0").encode("utf-16-le")
        return (
            encoded.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(encoded), kind, 1, free, free, child)
            + bytes(36)
            + struct.pack("<IQ", start, size)
        )

    directory = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream)) + bytes(256)
    return header + fat + directory + stream
