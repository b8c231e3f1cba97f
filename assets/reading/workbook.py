"""Excel workbooks: every sheet as a grid of text, with real row numbers, real column letters and merged cells."""

from __future__ import annotations

import html
import io
import posixpath
import re
import string
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from .biff import MOST_TALL, Extent, without_formulas, xls_extents
from .header import HEAD_ROWS, Merge
from .layout import normalise
from .report import Unreadable, require_fault_of_file

MAX_CELLS = 5_000_000
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384  # Excel's own limits
MAX_TEXTS = 500_000
_T = TypeVar("_T")


@dataclass(slots=True)
class Sheet:
    """One sheet: `frame` holds `row` (from 1) and String columns `c0`…; `c0` is the sheet's column `first_column`."""

    name: str
    frame: pl.DataFrame
    first_column: int = 0
    hidden: bool = False
    merges: tuple[Merge, ...] = ()  # of the head, in the frame's columns, rows from 0
    tall: tuple[Merge, ...] = ()  # those of several rows, anywhere


def read_workbook(data: bytes, form: str) -> Iterator[Sheet]:
    """The sheets of an xlsx or xls file, in order. Raises Unreadable."""
    import fastexcel

    extents = _extents(data) if form == "xlsx" else {}
    found = xls_extents(data) if form == "xls" else []
    if found is None:
        raise Unreadable("1004")
    if any(extent.formulas for extent in found):
        data = without_formulas(data)
    book = _guarded(lambda: fastexcel.read_excel(data))
    if len(found) == len(book.sheet_names):
        extents |= dict(zip(book.sheet_names, found, strict=True))
    for name in book.sheet_names:
        yield _sheet(book, name, extents.get(name, Extent()))


def _sheet(book, name: str, extent: Extent) -> Sheet:
    loaded = _guarded(lambda: book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string"))
    hidden = loaded.visible != "visible"
    frame, texts = _guarded(lambda: _to_text(loaded, extent.errors))
    columns = loaded.available_columns()
    first = columns[0].absolute_index if columns else 0  # the library leaves out what is empty at the left
    texts += [(row, column - first, text) for row, column, text in extent.texts]
    frame, first = _with_texts(frame, first, texts)
    cells = frame.columns
    frame = frame.with_columns(pl.col(cells).str.replace(r"^(\d{4}-\d\d-\d\d) 00:00:00$", "$1")) if cells else frame
    frame = normalise(frame, cells) if cells else frame
    filled = [column for column in cells if frame[column].null_count() < frame.height]
    frame = frame.select(pl.int_range(1, frame.height + 1, dtype=pl.Int64).alias("row"), *cells[: _last(filled, cells)])
    merges = _moved(_disjoint(extent.merges, extent.last_column), first)
    return Sheet(name, frame, first, hidden, merges, _moved(extent.tall, first))


def _moved(merges: Iterable[Merge], first: int) -> tuple[Merge, ...]:
    """Merged cells of a sheet in the columns of a frame that begins at its column `first`."""
    return tuple((top, left - first, bottom, right - first) for top, left, bottom, right in merges if left >= first)


def _with_texts(frame: pl.DataFrame, first: int, texts: list[tuple[int, int, str]]) -> tuple[pl.DataFrame, int]:
    """The frame, its columns named `c0`…, with (row, column, text) put in; and the sheet's column that `c0` is.

    Columns and rows of `texts` count from the frame's first; one outside makes the frame larger.
    """
    found: dict[int, dict[int, str]] = {}
    for row, column, text in texts:
        found.setdefault(column, {})[row] = text
    left, right = min([0, *found]), max([frame.width - 1, *found])
    height = max([frame.height, *(max(rows) + 1 for rows in found.values())])
    grown = []
    for column in range(left, right + 1):
        series = frame.to_series(column) if 0 <= column < frame.width else pl.Series(dtype=pl.String)
        values = series.extend_constant(None, height - len(series)) if len(series) < height else series
        if rows := found.get(column):
            cells = values.to_list()
            for row, text in rows.items():
                cells[row] = text
            values = pl.Series(cells, dtype=pl.String)
        grown.append(values.alias(f"c{column - left}"))
    return pl.DataFrame(grown), first + left


def _last(filled: list[str], cells: list[str]) -> int:
    return cells.index(filled[-1]) + 1 if filled else 0


#: What stands in a formula's cell when the program that wrote the file did not work it out.
NOT_CALCULATED = "#CALC!"
_ERRORS = {
    "NA": "#N/A", "Div0": "#DIV/0!", "Ref": "#REF!", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!",
    "Value": "#VALUE!",
}  # fmt: skip


def _to_text(loaded, errors_possible: bool) -> tuple[pl.DataFrame, list[tuple[int, int, str]]]:
    """The cells as text, and the formula errors among them as (row, column, text): the reader leaves those empty."""
    if not errors_possible:  # pyarrow, which the other way needs, takes a while to import
        return (loaded.to_polars() if loaded.width else pl.DataFrame()), []
    batch, found = loaded.to_arrow_with_errors()
    errors = []
    for error in found.errors if found else ():
        kind = re.search(r"Error\((\w+)\)", error.detail)
        row, column = error.offset_position
        errors.append((row, column, _ERRORS.get(kind[1] if kind else "", "#VALUE!")))
    return (pl.from_arrow(batch) if batch.num_columns else pl.DataFrame()), errors


def _guarded(step: Callable[[], _T]) -> _T:
    """Run a step of the Excel library; whatever goes wrong inside it (panics too) means a damaged or locked file."""
    try:
        return step()
    except BaseException as error:
        require_fault_of_file(error)
        locked = re.search(r"password|encrypt", str(error), re.IGNORECASE)
        raise Unreadable("1005" if locked else "1004") from None


# --- What the library does not tell: offsets, merged cells, whether a stray cell makes the sheet huge -----------------

# Tags end at the next "<" at the latest and names are taken whole, or a hostile part would be tried again and again.
_SHEET = re.compile(r"<(?:\w+:)?sheet\s([^<>]*)>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s([^<>]*)>")
_ATTRIBUTE = re.compile(r"""(?<![\w:])([\w:]++)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_CELL = re.compile(
    rb"""<(?:\w+:)?c(?:>|\s(?:(?:[^<>]*?\s)?r\s*=\s*["']([A-Za-z]*)([^"'<>]*)["'])?(?:[^<>]*[^/<>])?>)"""
)
# As every spreadsheet program writes them: many times as fast to find.
_USUAL_CELL = re.compile(rb'<c r="([A-Z]{1,3}\d{1,7})"(?: s="\d+")?(?: t="\w+")?>')
_USUAL_BLANK = re.compile(rb'<c r="[A-Z]{1,3}\d{1,7}"(?: s="\d+")?/>')
_ROW = re.compile(rb"""<(?:\w+:)?row\s(?:[^<>]*?\s)?r\s*=\s*["']([^"'<>]*)["']""")
# A formula without a result; an empty text (t="str") is one.
_UNCALCULATED = re.compile(
    rb"""<c\s(?![^<>]*\st="str")[^<>]*?r="([A-Z]{1,3})(\d{1,7})"[^<>]*><f(?:\s[^<>]*)?(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>"""
)
_LONG = re.compile(rb"<v>\d{16}")
_LONG_CELL = re.compile(
    rb"""<c\s(?![^<>]*\st="(?!n"))[^<>]*?r="([A-Z]{1,3})(\d{1,7})"[^<>]*><v>(\d{16,40}|\d(?:\.\d+)?[eE]\+(?:1[5-9]|[2-9]\d))</v>"""
)
_DIGITS, _CAPITALS = string.digits.encode(), string.ascii_uppercase.encode()
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')


def _extents(data: bytes) -> dict[str, Extent]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        # Every part: which ones the library takes for sheets is up to the file.
        extents = {part.filename: _extent(package, part) for part in package.infolist()}
        parts = _sheet_parts(package, extents.keys())
        return {name: extents[part] for name, part in parts.items() if part in extents}


def _sheet_parts(package: zipfile.ZipFile, names: Collection[str]) -> dict[str, str]:
    relations = "xl/_rels/workbook.xml.rels"
    if relations not in names or "xl/workbook.xml" not in names:
        raise Unreadable("1004")
    targets = {}
    for found in _RELATION.findall(package.read(relations).decode("utf-8", "replace")):
        attributes = _attributes(found)
        target = attributes.get("Target", "")
        targets[attributes.get("Id", "")] = (
            target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        )
    parts = {}
    for found in _SHEET.findall(package.read("xl/workbook.xml").decode("utf-8", "replace")):
        attributes = _attributes(found)
        identity = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        parts[html.unescape(attributes.get("name", ""))] = targets.get(identity, "")
    return parts


def _attributes(text: str) -> dict[str, str]:
    return {name: double or single for name, double, single in _ATTRIBUTE.findall(text)}


def _extent(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> Extent:
    """What the cells of a part say. Raises Unreadable when the library would reserve memory for what is not there."""
    extent = Extent(errors=False)
    merges: list[Merge] = []
    tall: list[Merge] = []
    columns, rows = set[bytes](), set[bytes]()
    rest = b""
    with package.open(part) as stream:
        while chunk := stream.read(1 << 22):
            text = rest + chunk
            cut = max(text.rfind(b"<c "), text.rfind(b"<c>")) if b"<f" in text else text.rfind(b"<")
            # A tag, or a formula's cell, that is not complete waits for the next piece.
            text, rest = (text[:cut], text[cut:]) if len(chunk) == 1 << 22 and cut > 0 else (text, b"")
            extent.errors |= b't="e"' in text
            extent.texts += _texts(text)
            if len(extent.texts) > MAX_TEXTS:
                raise Unreadable("1006", what=f"超过 {MAX_TEXTS} 个公式没有计算结果")
            count, letters, numbers = _cells(text)
            extent.cells += count
            columns |= letters
            rows |= numbers
            for left, top, right, bottom in _MERGE.findall(text) if b"mergeCell" in text else ():
                merge = (int(top) - 1, _index(left), int(bottom) - 1, _index(right))
                if int(top) <= HEAD_ROWS:
                    merges.append(merge)
                if int(top) < int(bottom) and len(tall) < MOST_TALL:
                    tall.append(merge)
    rows.discard(b"")
    columns.discard(b"")
    if not all(len(row) <= 7 and row.isdigit() for row in rows) or any(len(column) > 3 for column in columns):
        raise Unreadable("1004")  # no Excel wrote that
    indices = [_index(letters.upper()) for letters in columns]
    extent.last_row = max(map(int, rows), default=0)
    extent.last_column = max(indices, default=0)
    extent.merges, extent.tall = tuple(merges), tuple(tall)
    if extent.last_row > MAX_ROWS or extent.last_column >= MAX_COLUMNS:
        raise Unreadable("1004")
    if extent.last_row * (extent.last_column + 1) > max(MAX_CELLS, 50 * extent.cells):
        used = f"用到第 {extent.last_row} 行、第 {extent.last_column + 1} 列"
        raise Unreadable("1006", what=f"有工作表{used}，绝大部分是空格")
    return extent


def _cells(part: bytes) -> tuple[int, set[bytes], set[bytes]]:
    """How many cells have content, their columns and their rows; b"" among both where one does not say its place."""
    usual = _USUAL_CELL.findall(part)
    if b":c" not in part and _all_cells(part, len(usual) + len(_USUAL_BLANK.findall(part))):
        places = b" ".join(usual)
        return len(usual), {*places.translate(None, _DIGITS).split()}, {*places.translate(None, _CAPITALS).split()}
    cells = _CELL.findall(part)
    rows = {row for _, row in cells}
    if (b"", b"") in cells:  # cells without an address stand in the row that their row names
        rows.update(_ROW.findall(part))
    return len(cells), {letters for letters, _ in cells}, rows


def _all_cells(part: bytes, count: int) -> bool:
    """Whether so many are all cells of a part; most parts have no other tags in c than those of columns."""
    return count == part.count(b"<c") - part.count(b"<col") or count == sum(
        part.count(b"<c" + after) for after in (b" ", b">", b"\t", b"\n", b"\v", b"\f", b"\r")
    )


def _texts(part: bytes) -> Iterator[tuple[int, int, str]]:
    """(row, column, text) of cells that the library misreads: formulas without result, and numbers of so many digits
    that a double cannot hold them. Those come as written, so that a code with lost digits is seen (rule 3412)."""
    if b"<f" in part:
        for letters, row in _UNCALCULATED.findall(part):
            yield int(row) - 1, _index(letters), NOT_CALCULATED
    if b"E+" in part or b"e+" in part or _LONG.search(part):
        for letters, row, digits in _LONG_CELL.findall(part):
            yield int(row) - 1, _index(letters), digits.decode()


def _disjoint(merges: Iterable[Merge], last_column: int) -> tuple[Merge, ...]:
    """The merged cells of the head rows, as far as the sheet is used; none when they overlap, which no Excel writes."""
    used = {(top, left, bottom, min(right, last_column)) for top, left, bottom, right in merges}
    used = {merge for merge in used if merge[0] <= merge[2] and merge[1] <= merge[3]}
    area = sum((min(bottom, HEAD_ROWS - 1) - top + 1) * (right - left + 1) for top, left, bottom, right in used)
    return tuple(sorted(used)) if area <= HEAD_ROWS * (last_column + 1) else ()


def _index(name: bytes) -> int:
    index = 0
    for letter in name:
        index = index * 26 + letter - 64
    return index - 1
