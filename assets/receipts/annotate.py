"""Marks on a clerk's own workbook: cells coloured and commented where they stand, everything else left as it was."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from . import comments
from .package import Package
from .styles import Styles
from .xml import column_index, column_letters

#: Notes on one sheet; beyond it a sheet opens slowly, and the receipt lists every finding anyway.
MAX_NOTES = 2_000
#: Merged cells in rows with marks.
MAX_MERGED = 1_000_000
_REFERENCE = re.compile(r"([A-Z]+)(\d+)")
_STYLE = re.compile(rb' s="(\d+)"')
_CELL = re.compile(rb'<c r="([A-Z]+)')
_ROW = re.compile(rb'<row\b[^>]*?\sr="(\d+)"[^>]*>')

#: A cell: row and column, both from 1.
Spot = tuple[int, int]


@dataclass(slots=True)
class Mark:
    """What stands at one cell: the gravest severity and one line per finding."""

    severity: str
    lines: list[str] = field(default_factory=list)


def annotate(package: Package, styles: Styles, marks: dict[str, dict[Spot, Mark]]) -> dict[str, int]:
    """Colour and comment cells, by sheet name. Returns the sheets with more marks than notes: name → notes left out."""
    left_out = {}
    for sheet, spots in marks.items():
        part = package.sheets.get(sheet)
        if part is None or part not in package.parts:
            continue
        root = package.tree(part)
        anchored = _anchored(root, package, spots)
        _colour(root, package, part, styles, anchored)
        noted = dict(sorted(anchored.items())[:MAX_NOTES])
        comments.add(package, part, {spot: "\n".join(mark.lines) for spot, mark in noted.items()})
        if len(anchored) > len(noted):
            left_out[sheet] = len(anchored) - len(noted)
    return left_out


def _anchored(root: etree._Element, package: Package, spots: dict[Spot, Mark]) -> dict[Spot, Mark]:
    """Marks inside a merged cell move to its first cell: only that one is seen."""
    rows = sorted({row for row, _ in spots})
    merged: dict[int, list[tuple[int, int, int]]] = {}
    pairs = 0
    for each in root.iter(package.tag("mergeCell")):
        top, left, bottom, right = _corners(each.get("ref", ""))
        touched = rows[bisect_left(rows, top) : bisect_right(rows, bottom)]
        pairs += len(touched)
        if pairs > MAX_MERGED:  # no Excel wrote that: cells can be merged once
            return spots
        for row in touched:
            merged.setdefault(row, []).append((top, left, right))
    moved: dict[Spot, Mark] = {}
    for (row, column), mark in spots.items():
        spot = next(((top, left) for top, left, right in merged.get(row, ()) if left <= column <= right), (row, column))
        there = moved.setdefault(spot, Mark(mark.severity))
        there.severity = "error" if "error" in (there.severity, mark.severity) else mark.severity
        there.lines += mark.lines
    return moved


def _corners(reference: str) -> tuple[int, int, int, int]:
    cells = _REFERENCE.findall(reference)
    if not cells:
        return 0, 0, -1, -1
    (left, top), (right, bottom) = cells[0], cells[-1]
    return int(top), column_index(left), int(bottom), column_index(right)


def _colour(root: etree._Element, package: Package, part: str, styles: Styles, spots: dict[Spot, Mark]) -> None:
    data = root.find(package.tag("sheetData"))
    if data is None:
        return
    by_row: dict[int, dict[int, Mark]] = {}
    for (row, column), mark in sorted(spots.items()):
        by_row.setdefault(row, {})[column] = mark
    beside = _column_styles(root, package)
    if part in package.rows:
        package.rows[part] = _recoloured(root, package, package.rows[part], styles, by_row, beside)
        return
    for number, row in _wanted_rows(data, package, by_row):
        _colour_row(row, number, package, styles, by_row[number], beside)


def _recoloured(
    root: etree._Element, package: Package, rows: bytes, styles: Styles, wanted: dict[int, dict[int, Mark]], beside
) -> bytes:
    """Rows as text with the wanted ones changed; a row that the sheet does not have is put in its place."""
    opening = etree.tostring(etree.Element(package.tag("sheetData"), nsmap=root.nsmap)).replace(b"/>", b">")
    declared = opening[len(b"<sheetData") : -1].decode()  # said again by every row that is written by itself
    pieces, done, view = [], 0, memoryview(rows)

    def changed(number: int, row: bytes) -> bytes:
        if (quick := _restyled(number, row, wanted[number], styles, beside)) is not None:
            return quick
        tree = etree.fromstring(opening + row + b"</sheetData>")[0]
        _colour_row(tree, number, package, styles, wanted[number], beside)
        return etree.tostring(tree, encoding="unicode").replace(declared, "", 1).encode()

    for number, start, end in _places(rows, sorted(wanted)):
        pieces += [view[done:start], changed(number, rows[start:end] or b'<row r="%d"/>' % number)]
        done = end
    return b"".join([*pieces, view[done:]])


def _places(rows: bytes, numbers: list[int]) -> Iterator[tuple[int, int, int]]:
    """Where rows begin and end, by ascending numbers; both are where the row would stand when there is none."""
    at = 0
    for index, number in enumerate(numbers):
        start = rows.find(b'<row r="%d"' % number, at)
        if start < 0:  # not there, or written in another way
            yield from _walked(rows, at, numbers[index:])
            return
        at = _end(rows, start)
        yield number, start, at


def _walked(rows: bytes, at: int, numbers: list[int]) -> Iterator[tuple[int, int, int]]:
    """The same, by a look at every row."""
    missing = numbers[::-1]
    for found in _ROW.finditer(rows, at):
        while missing and missing[-1] < int(found[1]):
            yield missing.pop(), found.start(), found.start()
        if missing and missing[-1] == int(found[1]):
            yield missing.pop(), found.start(), _end(rows, found.start())
    yield from ((number, len(rows), len(rows)) for number in reversed(missing))


def _end(rows: bytes, start: int) -> int:
    opened = rows.index(b">", start)
    return opened + 1 if rows[opened - 1 : opened] == b"/" else rows.index(b"</row>", opened) + len(b"</row>")


def _restyled(number: int, row: bytes, wanted: dict[int, Mark], styles: Styles, beside) -> bytes | None:
    """The row with the cells' styles changed in its text; None where it is written in another way than we do."""
    ours = row.startswith(b'<row r="%d">' % number) and row.count(b"<c") == row.count(b'<c r="')
    for column, mark in wanted.items():
        opening = f'<c r="{column_letters(column)}{number}"'.encode()
        start = row.find(opening)
        if start < 0 and ours:
            start = _place_of_cell(row, column)
            row = row[:start] + opening + b' s="%d"/>' % _style_of(beside, column) + row[start:]
        end = row.find(b">", start)
        if start < 0 or row.find(opening, end) >= 0:
            return None
        rest = row[start + len(opening) : end]
        found = _STYLE.match(rest)
        if found is None and b" s=" in rest:
            return None
        filled = styles.filled(int(found[1]) if found else 0, mark.severity)
        row = row[: start + len(opening)] + b' s="%d"' % filled + rest[found.end() if found else 0 :] + row[end:]
    return row


def _place_of_cell(row: bytes, column: int) -> int:
    """Where a cell that a row does not have belongs in its text."""
    later = (each.start() for each in _CELL.finditer(row) if column_index(each[1].decode()) > column)
    return next(later, row.rindex(b"</row>"))


def _colour_row(
    row: etree._Element, number: int, package: Package, styles: Styles, wanted: dict[int, Mark], beside
) -> None:
    cells = dict(_numbered(row, package.tag("c")))
    fallback = int(row.get("s", "0")) if row.get("customFormat") in ("1", "true") else None
    for column, mark in wanted.items():
        cell = cells.get(column)
        if cell is None:
            usual = fallback if fallback is not None else _style_of(beside, column)
            cell = etree.Element(package.tag("c"), r=f"{column_letters(column)}{number}", s=str(usual))
            at = next((each for index, each in sorted(cells.items()) if index > column), None)
            row.append(cell) if at is None else at.addprevious(cell)
            cells[column] = cell
            row.attrib.pop("spans", None)  # an optional hint, wrong now
        cell.set("s", str(styles.filled(int(cell.get("s", "0")), mark.severity)))


def _wanted_rows(
    data: etree._Element, package: Package, wanted: dict[int, object]
) -> Iterator[tuple[int, etree._Element]]:
    """The rows to touch, made where the sheet has none."""
    missing = set(wanted)
    after: list[tuple[int, etree._Element]] = []
    for number, row in _numbered(data, package.tag("row")):
        after.append((number, row))
        if number in wanted:
            missing.discard(number)
            yield number, row
    for number in sorted(missing):
        made = etree.Element(package.tag("row"), r=str(number))
        following = next((row for each, row in after if each > number), None)
        data.append(made) if following is None else following.addprevious(made)
        yield number, made


def _numbered(parent: etree._Element, tag: str) -> Iterator[tuple[int, etree._Element]]:
    """Rows or cells with their number; one that does not say it comes right after the one before."""
    number = 0
    for each in parent.iterchildren(tag):
        place = each.get("r")
        number = number + 1 if place is None else _number(place)
        yield number, each


def _number(place: str) -> int:
    return int(place) if place.isdigit() else column_index(place.rstrip("0123456789"))


def _column_styles(root: etree._Element, package: Package) -> list[tuple[int, int, int]]:
    return [
        (int(each.get("min")), int(each.get("max")), int(each.get("style", "0")))
        for each in root.iter(package.tag("col"))
    ]


def _style_of(columns: list[tuple[int, int, int]], column: int) -> int:
    return next((style for first, last, style in columns if first <= column <= last), 0)
