"""The file that a receipt annotates, as a workbook: the clerk's own where it is one, else its lines on a sheet.

Lines keep their numbers: line 12 of a text file is row 12 of the sheet. Every cell is text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice, zip_longest

from assets.reading import landchina as portal
from assets.reading.columnar import read_parquet
from assets.reading.delimited import MAX_COLUMNS, SEPARATORS, Record, parse
from assets.reading.header import split_label
from assets.reading.report import Unreadable
from assets.reading.text import to_utf8
from assets.reading.workbook import read_workbook

from .package import NotAWorkbook, Package, plain_workbook, worksheet
from .xml import MAX_ROWS, columns, texts

LINES = "原文"
#: Longer files are shown with their head and the lines that have findings.
MAX_LINES = 50_000
_HEAD_LINES = 60
_TEXT, _HEADING = 1, 2  # styles of `plain_workbook`
_WIDE = 256  # columns whose width is worth a look
_UNREAD = "（未读取）"


@dataclass(frozen=True)
class Original:
    """A workbook to annotate. `sheet`: where findings without a sheet belong; `shift`: rows above the first record."""

    package: Package
    sheet: str | None = None
    shift: int = 0
    notes: tuple[str, ...] = ()  # what the reader must know of it


@dataclass(frozen=True)
class Shown:
    """What of a file must be shown, and what may be: the headers we know (comparable form), rows that have findings."""

    labels: frozenset[str]
    rows: frozenset[int]
    private: bool = False  # columns that are not known may name persons: they stay in the file


def original(form: str, data: bytes, shown: Shown) -> Original | None:
    """The file as a workbook; None when it cannot be opened at all."""
    try:
        if form == "xlsx" and not shown.private:
            return Original(Package.load(data))
        return _AS_WORKBOOK[form](data, shown) if form in _AS_WORKBOOK else None
    except (NotAWorkbook, Unreadable):
        return None


def _from_csv(data: bytes, shown: Shown) -> Original:
    lines = to_utf8(data)[0].decode("utf-8", "replace").removesuffix("\n").split("\n")
    separator, width = _separator(lines[:_HEAD_LINES], shown.labels)
    records = (
        parse(lines, 1, separator, width) if separator else (Record(n, 1, [line]) for n, line in enumerate(lines, 1))
    )
    rows = ((record.line, record.cells if record.problem is None else [lines[record.line - 1]]) for record in records)
    return _on_one_sheet(rows, len(lines), shown)


def _separator(head: Sequence[str], labels: frozenset[str]) -> tuple[str | None, int | None]:
    """The separator under which most known headers appear, and how many columns the header has then; None when there
    seems to be none."""

    def fits(separator: str) -> tuple[int, int, int]:
        known, width = max((len(_known(each.cells, labels)), len(each.cells)) for each in parse(head, 1, separator))
        return known, sum(line.count(separator) for line in head), width

    fitting = {each: fits(each) for each in SEPARATORS}
    best = max(fitting, key=fitting.__getitem__)
    known, separators, width = fitting[best]
    return (best if known or separators else None), (width if known else None)


def _known(cells: Sequence[str | None], labels: frozenset[str]) -> set[int]:
    """Indices (from 1) of the cells that are headers we know: no header begins with a digit."""
    return {
        index for index, cell in enumerate(cells, 1) if cell and not "0" <= cell[0] <= "9" and _label(cell) in labels
    }


@lru_cache(maxsize=1 << 15)  # the same words stand in line after line, and in file after file of a night
def _label(text: str) -> str:
    return split_label(text)[0]


def _from_xls(data: bytes, shown: Shown, form: str = "xls") -> Original:
    sheets = {}
    for sheet in read_workbook(data, form):
        lead = [None] * sheet.first_column
        rows = ((cells[0], [*lead, *cells[1:]]) for cells in sheet.frame.iter_rows())
        sheets[sheet.name] = _sheet(rows, sheet.frame.height, shown)
    if not sheets:
        raise NotAWorkbook("no sheets")
    notes = ("原件各表以文字列出，不带格式；请在原件上改正。",)
    return Original(plain_workbook(sheets), notes=notes)


def _from_parquet(data: bytes, shown: Shown) -> Original:
    names, frame = read_parquet(data)
    rows = ((cells[0], cells[1:]) for cells in frame.iter_rows())
    return _on_one_sheet(_headed(names, rows), frame.height + 1, shown)


def _from_json(data: bytes, shown: Shown) -> Original:
    names, frame, _, _ = portal.rows(list(portal.elements(to_utf8(data)[0].decode("utf-8", "replace"))))
    rows = ((cells[0] + 1, cells[1:]) for cells in frame.iter_rows())
    moved = replace(shown, rows=frozenset(each + 1 for each in shown.rows), private=False)  # only known keys were read
    made = _on_one_sheet(_headed(names, rows), frame.height + 1, moved)
    return Original(made.package, made.sheet, 1, (*made.notes, "第 n 条记录在“原文”页的第 n+1 行。"))


def _headed(names: Sequence[str], rows: Iterable[tuple[int, Sequence[str | None]]]):
    yield 1, names
    yield from rows


_AS_WORKBOOK = {
    "csv": _from_csv,
    "xls": _from_xls,
    "xlsx": lambda data, shown: _from_xls(data, shown, "xlsx"),
    "parquet": _from_parquet,
    "json": _from_json,
}


# --- Lines as a sheet ------------------------------------------------------------------------------------------------


def _on_one_sheet(rows: Iterable[tuple[int, Sequence[str | None]]], count: int, shown: Shown) -> Original:
    notes = ()
    if count > MAX_LINES:
        notes = (f"原文共 {count} 行，“{LINES}”页只列出前 {_HEAD_LINES} 行和有问题的行，行号不变。",)
    return Original(plain_workbook({LINES: _sheet(rows, count, shown)}), LINES, notes=notes)


def _sheet(rows: Iterable[tuple[int, Sequence[str | None]]], count: int, shown: Shown) -> str:
    kept = iter(_selected(rows, shown.rows) if count > MAX_LINES else rows)
    head = dict(islice(kept, _HEAD_LINES))
    header = max(head, key=lambda number: len(_known(head[number], shown.labels)), default=0)
    readable = _known(head.get(header, ()), shown.labels)

    def line(number: int, values: Sequence[str | None]) -> str:
        values = values[:MAX_COLUMNS]
        if shown.private and number > header:
            values = [value if not value or index in readable else _UNREAD for index, value in enumerate(values, 1)]
        return texts(number, values, _HEADING if number == header and readable else _TEXT)

    written = "".join(line(number, values) for number, values in chain(head.items(), kept) if number <= MAX_ROWS)
    return worksheet(written, before=_layout(head, header if readable else 0), after=_PAGE)


_PAGE = (
    '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
    '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
)


def _layout(head: dict[int, Sequence[str | None]], header: int) -> str:
    """What stands above the rows: the header stays in sight, every column is as wide as its first cells."""
    # A title says nothing of its column.
    wide = [values[:_WIDE] for number, values in head.items() if len(values) > 1 and number >= header]
    widths = [max(columns(value or "") for value in set(column)) for column in zip_longest(*wide)]
    listed = "".join(
        f'<col min="{index}" max="{index}" width="{min(max(width + 2, 8), 40)}" customWidth="1"/>'
        for index, width in enumerate(widths, 1)
    )
    pane = f'<pane ySplit="{header}" topLeftCell="A{header + 1}" activePane="bottomLeft" state="frozen"/>'
    view = f'<sheetView workbookViewId="0">{pane if header else ""}</sheetView>'
    fitted = f'<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews>{view}</sheetViews>'
    return f'{fitted}<sheetFormatPr defaultRowHeight="15"/>' + (f"<cols>{listed}</cols>" if listed else "")


def _selected(rows: Iterable[tuple[int, Sequence[str | None]]], wanted: frozenset[int]):
    return ((number, values) for number, values in rows if number <= _HEAD_LINES or number in wanted)
