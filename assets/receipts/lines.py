"""Lines as a sheet: line 12 of a file is row 12, every cell is text.

Most lines of a long file are plain: they stand in the columns of a frame and are written column by column, at a tenth
of what they cost one by one. The first ones, where the header is sought, and those that are odd are written one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, zip_longest
from operator import itemgetter

import polars as pl

from assets.reading.delimited import MAX_COLUMNS
from assets.reading.header import split_label

from . import xml
from .package import Worksheet, worksheet

#: Longer files are shown with their head and the lines that have findings.
MAX_LINES = 50_000
HEAD = 60
_TEXT, _HEADING = 1, 2  # styles of `plain_workbook`
_WIDE = 256  # columns whose width is worth a look
_UNREAD = "（未读取）"

#: Number and cells of a line.
Line = tuple[int, Sequence[str | None]]


@dataclass(frozen=True)
class Shown:
    """What of a file must be shown, and what may be: the headers we know (comparable form), rows that have findings."""

    labels: frozenset[str]
    rows: frozenset[int]
    private: bool = False  # columns that are not known may name persons: they stay in the file


@dataclass(frozen=True)
class Lines:
    """Lines by number, each in one of two places, in order: one by one, or in a frame (`row`, then cells)."""

    singly: Iterable[Line] = ()
    frame: pl.DataFrame | None = None  # setting one up, even empty, takes as long as a few lines

    def selected(self, wanted: frozenset[int]) -> Lines:
        """The head, and the lines that are wanted."""
        kept = (pl.col("row") <= HEAD) | pl.col("row").is_in(list(wanted))
        return Lines(
            ((number, cells) for number, cells in self.singly if number <= HEAD or number in wanted),
            None if self.frame is None else self.frame.filter(kept),
        )


_DIGITS = frozenset("0123456789")


def known(cells: Sequence[str | None], labels: frozenset[str]) -> set[int]:
    """Indices (from 1) of the cells that are headers we know: none begins or ends with a digit, as most values do."""
    return {
        index
        for index, cell in enumerate(cells, 1)
        if cell and cell[0] not in _DIGITS and cell[-1] not in _DIGITS and _label(cell) in labels
    }


@lru_cache(maxsize=1 << 15)  # the same words stand in line after line, and in file after file of a night
def _label(text: str) -> str:
    return split_label(text)[0]


def sheet(lines: Lines, count: int, shown: Shown) -> Worksheet:
    """The sheet of a file of so many lines."""
    lines = lines.selected(shown.rows) if count > MAX_LINES else lines
    head, singly, below = _apart(lines)
    header = max(head, key=lambda number: len(known(head[number], shown.labels)), default=0)
    readable = known(head.get(header, ()), shown.labels)

    def line(number: int, values: Sequence[str | None]) -> str:
        values = values[:MAX_COLUMNS]
        if shown.private and number > header:
            values = [value if not value or index in readable else _UNREAD for index, value in enumerate(values, 1)]
        return xml.texts(number, values, _HEADING if number == header and readable else _TEXT)

    written = [(number, line(number, values)) for number, values in singly if number <= xml.MAX_ROWS]
    if below is not None and shown.private:
        below = _without_unknown(below, readable)
    return worksheet(_in_order(written, below), before=_layout(head, header if readable else 0), after=_PAGE)


def _apart(lines: Lines) -> tuple[dict[int, Sequence[str | None]], Iterator[Line], pl.DataFrame | None]:
    """The first lines; they and the later ones that come singly; the later ones of the frame."""
    singly = iter(lines.singly)
    early = list(islice(singly, HEAD))
    if lines.frame is None:
        return dict(early), chain(early, singly), None
    framed = ((cells[0], cells[1:]) for cells in lines.frame.head(HEAD).iter_rows())
    first = sorted(chain(early, framed), key=itemgetter(0))[:HEAD]
    last = first[-1][0] if first else 0
    below = lines.frame.filter((pl.col("row") > last) & (pl.col("row") <= xml.MAX_ROWS))
    return dict(first), chain(first, (each for each in early if each[0] > last), singly), below


def _without_unknown(frame: pl.DataFrame, readable: set[int]) -> pl.DataFrame:
    """The frame with a word in the place of whatever stands in a column that is not known."""
    unknown = [name for index, name in enumerate(frame.columns[1:], 1) if index not in readable]
    return frame.with_columns(pl.when(pl.col(name).is_not_null()).then(pl.lit(_UNREAD)).alias(name) for name in unknown)


def _in_order(written: list[tuple[int, str]], below: pl.DataFrame | None) -> bytes:
    """The rows of a sheet: those that were written one by one, those of a frame between and after them."""
    if below is None or below.is_empty():
        return "".join(row for _, row in written).encode()
    singly = pl.DataFrame(written, schema={"row": pl.Int64(), "xml": pl.String()}, orient="row")
    every = pl.concat([singly, xml.rows(below, _TEXT)]).lazy().sort("row")
    return b"".join(every.select(pl.col("xml").cast(pl.Binary)).collect().to_series().to_list())


_PAGE = (
    '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
    '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
)


def _layout(head: dict[int, Sequence[str | None]], header: int) -> str:
    """What stands above the rows: the header stays in sight, every column is as wide as its first cells."""
    # A title says nothing of its column.
    wide = [values[:_WIDE] for number, values in head.items() if len(values) > 1 and number >= header]
    widths = [max(xml.columns(value or "") for value in set(column)) for column in zip_longest(*wide)]
    listed = "".join(
        f'<col min="{index}" max="{index}" width="{min(max(width + 2, 8), 40)}" customWidth="1"/>'
        for index, width in enumerate(widths, 1)
    )
    pane = f'<pane ySplit="{header}" topLeftCell="A{header + 1}" activePane="bottomLeft" state="frozen"/>'
    view = f'<sheetView workbookViewId="0">{pane if header else ""}</sheetView>'
    fitted = f'<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews>{view}</sheetViews>'
    return f'{fitted}<sheetFormatPr defaultRowHeight="15"/>' + (f"<cols>{listed}</cols>" if listed else "")
