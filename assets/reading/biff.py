"""What the Excel library does not tell of an old xls file: each sheet's first used column and its merged cells.

Reads the OLE container and the BIFF records just far enough for that. Never raises: a file that it cannot follow gets
no extents, hence addresses that count from column A.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .header import Merge

_BOF, _EOF, _BOUNDSHEET, _MERGED = 0x0809, 0x000A, 0x0085, 0x00E5
_CELLS = frozenset({0x0203, 0x0204, 0x00FD, 0x027E, 0x00BD, 0x0205, 0x0006, 0x00D6})
_END = 0xFFFFFFFA  # sector numbers from here on end a chain


@dataclass(slots=True)
class Extent:
    """What a sheet's own records say of it: the used rectangle, how many cells, merged cells, formula errors."""

    last_row: int = 0
    first_column: int | None = None
    last_column: int = 0
    cells: int = 0
    merges: tuple[Merge, ...] = ()
    errors: bool = True  # whether formula errors may be among the cells


def xls_extents(data: bytes) -> list[Extent]:
    """One extent per sheet, in the workbook's order; empty when the file cannot be followed."""
    try:
        stream = _workbook_stream(data)
        return [_sheet_extent(stream, offset) for offset in _sheet_offsets(stream)]
    except (struct.error, IndexError, ValueError, OverflowError):
        return []


def _workbook_stream(data: bytes) -> bytes:
    shift = struct.unpack_from("<H", data, 30)[0]
    size = 1 << min(shift, 16)
    directory = struct.unpack_from("<I", data, 48)[0]
    difat = [sector for sector in struct.unpack_from("<109I", data, 76) if sector < _END]
    fat = [number for sector in difat for number in struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)]

    def chain(sector: int) -> bytes:
        parts: list[bytes] = []
        while sector < _END and len(parts) <= len(fat):
            parts.append(data[(sector + 1) * size : (sector + 2) * size])
            sector = fat[sector]
        return b"".join(parts)

    entries = chain(directory)
    for at in range(0, len(entries), 128):
        length = struct.unpack_from("<H", entries, at + 64)[0]
        name = entries[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        if name in ("Workbook", "Book"):
            return chain(struct.unpack_from("<I", entries, at + 116)[0])
    return b""


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """(kind, start of the body, length) up to the end of the substream that opens here, inner ones left out."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 1:
            yield kind, at + 4, length
        if depth <= 0:
            return
        at += 4 + length


def _sheet_offsets(stream: bytes) -> list[int]:
    found = [struct.unpack_from("<I", stream, body)[0] for kind, body, _ in _records(stream, 0) if kind == _BOUNDSHEET]
    return found


def _sheet_extent(stream: bytes, offset: int) -> Extent:
    extent = Extent()
    merges: list[Merge] = []
    for kind, body, _ in _records(stream, offset):
        if kind in _CELLS:
            column = struct.unpack_from("<H", stream, body + 2)[0]
            extent.first_column = column if extent.first_column is None else min(column, extent.first_column)
        elif kind == _MERGED:
            for number in range(struct.unpack_from("<H", stream, body)[0]):
                top, bottom, left, right = struct.unpack_from("<4H", stream, body + 2 + 8 * number)
                merges.append((top, left, bottom, right))
    extent.merges = tuple(merge for merge in merges if merge[0] < 40)
    return extent
