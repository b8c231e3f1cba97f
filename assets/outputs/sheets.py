"""One sheet of a workbook: title, release line, merged header, unit row, body, notes, print set-up.

How a table looks and how a figure becomes a cell; what the tables are is `workbook.py`'s matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import groupby

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

FONT = "宋体"
_WIDEST, _NARROWEST = 48, 6
#: Colours only underline what shape and word already say.
COLOURS = {
    "achieved": "#1a6b3c", "on_track": "#1a6b3c", "behind": "#8a5a00", "far_behind": "#a61c1c", "missed": "#a61c1c",
    "undecidable": "#5b4a9c",
}  # fmt: skip
_ABSENT = "#6b6b6b"
_SCALE_OF_BROKEN = 68  # percent


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the text under which it must appear."""

    value: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A verdict or an absence: shape, word, and its code for the colour."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """`heads` from the outermost group inwards; neighbours with the same outer heads share a merged cell."""

    heads: tuple[str, ...]
    unit: str = ""
    width: float | None = None  # in characters, more where a number needs it; None: as wide as its content
    forecast: bool = False  # 预测: set apart in italics on grey
    align: str = ""  # of plain values; empty: numbers right, words left


Value = Figure | Mark | str | int | date | None
Line = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table on its own sheet. `bold_rows` (全省) are emphasised; `frozen` columns stay on screen and repeat in print.

    It prints one page wide, or breaks after the columns in `breaks`.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Line]
    notes: Sequence[str] = ()
    bold_rows: frozenset[int] = frozenset()
    frozen: int = 1
    filtered: bool = False
    breaks: tuple[int, ...] = ()
    row_height: float | None = None  # points; None: the program's own


# --- A figure as a cell ---------------------------------------------------------------------------------------------

_SHOWN = re.compile(r"^(?P<below>＜)?(?P<sign>[+−]?)(?P<whole>[\d,]+)(?:\.(?P<decimals>\d+))?(?P<percent>%?)$")


def number_cell(value: float | None, text: str) -> tuple[float, str] | None:
    """The number to store and its number format, so that the cell shows exactly `text`; None when it is not a number.

    Percentages are stored as fractions. Spreadsheets round half up and texts half even: where the two would part, the
    number as shown is stored.
    """
    found = _SHOWN.match(text)
    if value is None or not found:
        return None
    percent, decimals = bool(found["percent"]), len(found["decimals"] or "")
    body = "#,##0" + ("." + "0" * decimals if decimals else "") + found["percent"]
    pattern = f'+{body};"−"{body};{body}' if found["sign"] else f'"＜"{body}' if found["below"] else body
    plain = Decimal((found["whole"] + "." + (found["decimals"] or "0")).replace(",", ""))
    shown = (-plain if found["sign"] == "−" else plain) / (100 if percent else 1)
    own = Decimal(repr(float(value))) / (100 if percent else 1)
    return float(own if _as_a_spreadsheet(own, decimals + 2 * percent) == shown else shown), pattern


def _as_a_spreadsheet(value: Decimal, decimals: int) -> Decimal:
    """Half up on the fifteen digits that a spreadsheet keeps."""
    with localcontext(prec=15):
        kept = +value
    with localcontext(prec=40):
        return kept.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


# --- A workbook of sheets -------------------------------------------------------------------------------------------


class Book:
    """A workbook whose sheets all carry the same release line and print set-up."""

    def __init__(self, workbook: xlsxwriter.Workbook, line: str, foot: str) -> None:
        self._workbook, self._line, self._foot = workbook, line, foot
        self._formats: dict[tuple, Format] = {}

    def add(self, sheet: Sheet) -> None:
        """One table: title, release line, header, unit row, rows, notes."""
        page = self._workbook.add_worksheet(sheet.name)
        depth = max(len(column.heads) for column in sheet.columns)
        # A column that repeats on every printed sheet would repeat a piece of a text that begins in it.
        first = sheet.frozen if sheet.breaks else 0
        last = max(sheet.breaks[0] if sheet.breaks else len(sheet.columns) - 1, first + 1)
        self._merge(page, (0, first, 0, last), sheet.title, bold=True, font_size=15, align="center", border=0)
        self._merge(page, (1, first, 1, last), self._line, align="left", border=0, font_color=_ABSENT, text_wrap=True)
        page.set_row(0, 30)
        self._header(page, sheet.columns, 2, depth)
        head = 2 + depth
        if any(column.unit for column in sheet.columns):
            for place, column in enumerate(sheet.columns):
                page.write_string(
                    head, place, column.unit, self._format(align="center", font_color=_ABSENT, font_size=9)
                )
            head += 1
        self._body(page, sheet, head)
        self._notes(page, sheet.notes, head + len(sheet.rows), first, last)
        self._widths(page, sheet)
        self._print(page, head, sheet)

    def _header(self, page: Worksheet, columns: Sequence[Column], top: int, depth: int) -> None:
        look = {"bold": True, "align": "center", "text_wrap": True, "bg_color": "#eef1f5"}
        for level, first, last, text, height in spans(columns, depth):
            self._merge(page, (top + level, first, top + level + height - 1, last), text, **look)
        for level in range(depth):
            page.set_row(top + level, 34 if level == depth - 1 or (depth == 3 and level == 1) else 20)

    def _body(self, page: Worksheet, sheet: Sheet, top: int) -> None:
        for index, line in enumerate(sheet.rows):
            if sheet.row_height:
                page.set_row(top + index, sheet.row_height)
            bold = {"bold": True} if index in sheet.bold_rows else {}
            for place, (column, value) in enumerate(zip(sheet.columns, line, strict=True)):
                grey = {"italic": True, "bg_color": "#f3f3f3"} if column.forecast else {}
                self._cell(page, top + index, place, value, bold | grey, column.align)

    def _cell(self, page: Worksheet, row: int, column: int, value: Value, look: dict, align: str) -> None:
        match value:
            case Figure(number, text):
                if cell := number_cell(number, text):
                    page.write_number(row, column, cell[0], self._format(**look, num_format=cell[1], align="right"))
                else:
                    page.write_string(row, column, text, self._format(**look, align="center", font_color=_ABSENT))
            case Mark(code, text):
                colour = COLOURS.get(code, _ABSENT)
                page.write_string(row, column, text, self._format(**look, align="center", font_color=colour))
            case date():
                page.write_datetime(row, column, value, self._format(**look, num_format="yyyy-mm-dd", align="center"))
            case int():
                page.write_number(row, column, value, self._format(**look, num_format="0", align=align or "right"))
            case None:
                page.write_string(row, column, "—", self._format(**look, align="center", font_color=_ABSENT))
            case _:
                page.write_string(row, column, value, self._format(**look, text_wrap=True, align=align or "left"))

    def _notes(self, page: Worksheet, notes: Sequence[str], top: int, first: int, last: int) -> None:
        for index, note in enumerate(notes):
            text = f"注：{note}" if index == 0 else f"　　{note}"
            self._merge(page, (top + index, first, top + index, last), text, border=0, text_wrap=True, font_size=9)

    def _widths(self, page: Worksheet, sheet: Sheet) -> None:
        for place, column in enumerate(sheet.columns):
            texts = [_text(line[place]) for line in sheet.rows]
            content = max(map(text_width, texts), default=0)
            if column.width is not None:
                width = max(column.width, min(content + 1, _WIDEST))
            else:
                widest = max(content, text_width(column.heads[-1]) / 2, text_width(column.unit))
                width = min(max(widest + 2, _NARROWEST), _WIDEST)
            page.set_column(place, place, width)

    def _print(self, page: Worksheet, head: int, sheet: Sheet) -> None:
        page.set_landscape()
        page.set_paper(9)
        if sheet.breaks:
            page.set_v_pagebreaks([place + 1 for place in sheet.breaks])
            page.repeat_columns(0, sheet.frozen - 1)
            page.set_print_scale(_SCALE_OF_BROKEN)
        else:
            page.fit_to_pages(1, 0)
        page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        page.center_horizontally()
        page.repeat_rows(2, head - 1)
        page.freeze_panes(head, sheet.frozen)
        page.set_footer(f"&L&8{self._foot.replace('&', '&&')}&R&8第 &P 页，共 &N 页")
        if sheet.filtered and sheet.rows:
            page.autofilter(head - 1, 0, head - 1 + len(sheet.rows), len(sheet.columns) - 1)

    def _merge(self, page: Worksheet, area: tuple[int, int, int, int], text: str, **look) -> None:
        """A merge of one cell is no merge to a spreadsheet."""
        style = self._format(**look)
        if area[0] == area[2] and area[1] == area[3]:
            page.write_string(area[0], area[1], text, style)
        else:
            page.merge_range(*area, "", style)
            page.write_string(area[0], area[1], text, style)

    def _format(self, **look) -> Format:
        key = tuple(sorted(look.items()))
        if key not in self._formats:
            base = {"font_name": FONT, "font_size": 10, "border": 1, "border_color": "#b8bec6", "valign": "vcenter"}
            self._formats[key] = self._workbook.add_format(base | look)
        return self._formats[key]


def spans(columns: Sequence[Column], depth: int) -> Iterator[tuple[int, int, int, str, int]]:
    """Header cells as (level, first column, last column, text, rows).

    Equal outer heads merge; short heads reach down.
    """
    return _spans([(place, column.heads) for place, column in enumerate(columns)], depth, 0)


def _spans(
    heads: Sequence[tuple[int, tuple[str, ...]]], depth: int, level: int
) -> Iterator[tuple[int, int, int, str, int]]:
    def may_merge(each: tuple[int, tuple[str, ...]]) -> tuple[str, int | None]:
        place, own = each
        return own[level], place if len(own) == level + 1 else None

    for (text, alone), group in groupby(heads, may_merge):
        members = list(group)
        yield level, members[0][0], members[-1][0], text, 1 if alone is None else depth - level
        if alone is None:
            yield from _spans(members, depth, level + 1)


def text_width(text: str) -> int:
    """Width in half-width characters of the widest line."""
    if text.isascii():
        return max(map(len, text.split("\n")))
    return max(
        (sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line) for line in text.split("\n")),
        default=0,
    )


def _text(value: Value) -> str:
    match value:
        case Figure(_, text) | Mark(_, text):
            return text
        case date():
            return "2026-01-01"
        case None:
            return "—"
        case _:
            return str(value)
