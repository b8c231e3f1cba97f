"""What the Excel library does not tell of an old xls file: each sheet's extent and merged cells; and the file without
its formulas, some of which it cannot take.

Reads the OLE container and the BIFF records just far enough for that. The library reserves memory for whatever a
record claims, so a file whose claims cannot be followed or believed is refused before the library sees it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .header import Merge

_BOF, _EOF, _BOUNDSHEET, _STRINGS, _DIMENSIONS, _MERGED = 0x0809, 0x000A, 0x0085, 0x00FC, 0x0200, 0x00E5
_CELLS = frozenset({0x0203, 0x0204, 0x00FD, 0x027E, 0x00BD, 0x0205, 0x0006, 0x00D6})
_MULTIPLE = 0x00BD  # several cells in one record
_ROOT = 5
_MAX_ROWS, _MAX_COLUMNS = 65_536, 256
_FORMULA, _FORMULA_SIZE = 0x0006, 20  # the record, and where in it its formula's length stands
_END = 0xFFFFFFFA  # sector numbers from here on end a chain


#: Merged cells that are kept of a sheet: to name some of them.
MOST_TALL = 1000


@dataclass(slots=True)
class Extent:
    """What a sheet's own records say of it: the used rectangle, how many cells, merged cells, formula errors."""

    last_row: int = 0
    last_column: int = 0
    cells: int = 0
    merges: tuple[Merge, ...] = ()  # in the head
    tall: tuple[Merge, ...] = ()  # of several rows, anywhere
    formulas: bool = False  # of an old xls
    errors: bool = True  # whether formula errors may be among the cells
    texts: list[tuple[int, int, str]] = field(default_factory=list)  # row, column from 0, text that the library misses


def xls_extents(data: bytes) -> list[Extent] | None:
    """One extent per sheet, in the workbook's order; None when the file cannot be followed or believed."""
    try:
        stream = _workbook_stream(data)[0]
        offsets = _sheet_offsets(stream)
        return [_sheet_extent(stream, offset) for offset in offsets] or None
    except (struct.error, IndexError, ValueError, OverflowError):
        return None


def without_formulas(data: bytes) -> bytes:
    """The file with every formula emptied; what they came to stays. Nothing here reads formulas, and the Excel library
    gives up on some that are sound. As it was when the file cannot be followed."""
    emptied = bytearray(data)
    try:
        stream, starts, size = _workbook_stream(data)
        for offset in _sheet_offsets(stream):
            for kind, body, _ in _records(stream, offset):
                if kind == _FORMULA:
                    for at in (body + _FORMULA_SIZE, body + _FORMULA_SIZE + 1):
                        emptied[starts[at // size] + at % size] = 0
    except (struct.error, IndexError, ValueError, OverflowError):
        return data
    return bytes(emptied)


def _workbook_stream(data: bytes) -> tuple[bytes, list[int], int]:
    """The workbook's records in one piece, where in the file their sectors start, and how long each is."""
    size, small = (1 << min(shift, 16) for shift in struct.unpack_from("<2H", data, 30))
    counts = struct.unpack_from("<2I16xI4xI", data, 40)  # sectors of the directory and of the three tables
    if any(count * size > len(data) for count in counts):
        raise ValueError("more sectors than the file has")
    directory, _, cutoff, mini_fat = struct.unpack_from("<4I", data, 48)
    fat = _fat(data, size)

    def sectors(first: int) -> list[int]:
        return [(number + 1) * size for number in _chain(first, fat)]  # the first is the header

    def joined(starts: list[int], length: int = size) -> bytes:
        return b"".join(data[start : start + length] for start in starts)

    entries = joined(sectors(directory))
    container, found = [], None
    for at in range(0, len(entries), 128):
        length, kind = struct.unpack_from("<HB", entries, at + 64)
        first, stream_size = struct.unpack_from("<2I", entries, at + 116)
        if stream_size > len(data):
            raise ValueError("a stream larger than the file")
        if kind == _ROOT:
            container = sectors(first)
        if entries[at : at + max(length - 2, 0)].decode("utf-16-le", "replace") in ("Workbook", "Book"):
            found = first, stream_size
    if found is None:
        return b"", [], size
    first, stream_size = found
    if stream_size >= cutoff:
        starts = sectors(first)
        return joined(starts)[:stream_size], starts, size
    table = joined(sectors(mini_fat))
    minis = struct.unpack(f"<{len(table) // 4}I", table)
    places = [number * small for number in _chain(first, minis)]  # in the container
    starts = [container[place // size] + place % size for place in places]
    return joined(starts, small)[:stream_size], starts, small


def _fat(data: bytes, size: int) -> list[int]:
    """The sector table, whose own sectors are listed in the header and, in large files, in further sectors."""
    listed = list(struct.unpack_from("<109I", data, 76))
    further = struct.unpack_from("<I", data, 68)[0]
    while further < _END and len(listed) * size <= len(data) + 109 * size:
        *more, further = struct.unpack_from(f"<{size // 4}I", data, (further + 1) * size)
        listed += more
    return [
        number
        for sector in listed
        if sector < _END
        for number in struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)
    ]


def _chain(sector: int, table: Sequence[int]) -> list[int]:
    """The numbers of the sectors of a chain."""
    numbers: list[int] = []
    while sector < _END:
        if len(numbers) > len(table):
            raise ValueError("the chain of sectors goes in circles")
        numbers.append(sector)
        sector = table[sector]
    return numbers


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
    offsets = []
    for kind, body, _ in _records(stream, 0):
        if kind == _BOUNDSHEET:
            offsets.append(struct.unpack_from("<I", stream, body)[0])
        elif kind == _STRINGS and 3 * struct.unpack_from("<I", stream, body + 4)[0] > len(stream):
            raise ValueError("more shared strings than the file has room for")
    return offsets


def _sheet_extent(stream: bytes, offset: int) -> Extent:
    extent = Extent()
    merges: list[Merge] = []
    for kind, body, length in _records(stream, offset):
        if kind in _CELLS:
            row, column = struct.unpack_from("<2H", stream, body)
            extent.cells += 1
            extent.formulas |= kind == _FORMULA
            last = struct.unpack_from("<H", stream, body + length - 2)[0] if kind == _MULTIPLE else column
            extent.last_row, extent.last_column = max(row + 1, extent.last_row), max(last, extent.last_column)
        elif kind == _DIMENSIONS:
            rows, columns = struct.unpack_from("<4xI2xH" if length >= 14 else "<2xH2xH", stream, body)
            if rows > _MAX_ROWS or columns > _MAX_COLUMNS:
                raise ValueError("more cells than the format allows")
        elif kind == _MERGED:
            for number in range(struct.unpack_from("<H", stream, body)[0]):
                top, bottom, left, right = struct.unpack_from("<4H", stream, body + 2 + 8 * number)
                merges.append((top, left, bottom, right))
    if extent.last_row > _MAX_ROWS or extent.last_column >= _MAX_COLUMNS:
        raise ValueError("more cells than the format allows")
    extent.merges = tuple(merge for merge in merges if merge[0] < 40)
    extent.tall = tuple(merge for merge in merges if merge[0] < merge[2])[:MOST_TALL]
    return extent
