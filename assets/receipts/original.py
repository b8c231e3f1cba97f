"""The file that a receipt annotates, as a workbook: the clerk's own where it is one, else its lines on a sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import polars as pl

from assets.reading import landchina as portal
from assets.reading.columnar import read_parquet
from assets.reading.delimited import MAX_COLUMNS, SEPARATORS, parse, split_cells
from assets.reading.report import Unreadable
from assets.reading.text import to_utf8
from assets.reading.workbook import read_workbook

from . import lines
from .lines import HEAD, Line, Lines, Shown, known
from .package import NotAWorkbook, Package, plain_workbook
from .xml import MAX_TEXT, odd_lines

LINES = "原文"
#: Shorter files are read and written line by line: that is done sooner than columns are set up.
_FEW = 200


@dataclass(frozen=True)
class Original:
    """A workbook to annotate. `sheet`: where findings without a sheet belong; `shift`: rows above the first record."""

    package: Package
    sheet: str | None = None
    shift: int = 0
    notes: tuple[str, ...] = ()  # what the reader must know of it


def original(form: str, data: bytes, shown: Shown) -> Original | None:
    """The file as a workbook; None when it cannot be opened at all."""
    try:
        if form == "xlsx" and not shown.private:
            return Original(Package.load(data))
        return _AS_WORKBOOK[form](data, shown) if form in _AS_WORKBOOK else None
    except (NotAWorkbook, Unreadable):
        return None


def _on_one_sheet(found: Lines, count: int, shown: Shown) -> Original:
    notes = ()
    if count > lines.MAX_LINES:
        notes = (f"原文共 {count} 行，“{LINES}”页只列出前 {HEAD} 行和有问题的行，行号不变。",)
    return Original(plain_workbook({LINES: lines.sheet(found, count, shown)}), LINES, notes=notes)


def _from_xls(data: bytes, shown: Shown, form: str = "xls") -> Original:
    sheets = {}
    for sheet in read_workbook(data, form):
        lead = [None] * sheet.first_column
        rows = ((cells[0], [*lead, *cells[1:]]) for cells in sheet.frame.iter_rows())
        sheets[sheet.name] = lines.sheet(Lines(rows), sheet.frame.height, shown)
    if not sheets:
        raise NotAWorkbook("no sheets")
    notes = ("原件各表以文字列出，不带格式；请在原件上改正。",)
    return Original(plain_workbook(sheets), notes=notes)


def _from_parquet(data: bytes, shown: Shown) -> Original:
    names, frame = read_parquet(data)
    return _on_one_sheet(Lines(_headed(names, frame)), frame.height + 1, shown)


def _from_json(data: bytes, shown: Shown) -> Original:
    names, frame, _, _ = portal.rows(list(portal.elements(to_utf8(data)[0].decode("utf-8", "replace"))))
    moved = replace(shown, rows=frozenset(each + 1 for each in shown.rows), private=False)  # only known keys were read
    made = _on_one_sheet(Lines(_headed(names, frame, 1)), frame.height + 1, moved)
    return Original(made.package, made.sheet, 1, (*made.notes, "第 n 条记录在“原文”页的第 n+1 行。"))


def _headed(names: Sequence[str], frame: pl.DataFrame, shift: int = 0) -> Iterator[Line]:
    yield 1, names
    yield from ((cells[0] + shift, cells[1:]) for cells in frame.iter_rows())


# --- Text files -------------------------------------------------------------------------------------------------------


def _from_csv(data: bytes, shown: Shown) -> Original:
    text = to_utf8(data)[0].removesuffix(b"\n")
    every = text.split(b"\n")
    separator, width = _separator([line.decode() for line in every[:HEAD]], shown.labels)
    return _on_one_sheet(_lines(text, every, separator, width), len(every), shown)


def _separator(head: Sequence[str], labels: frozenset[str]) -> tuple[str | None, int | None]:
    """The separator under which most known headers appear, and how many columns the header has then; None when there
    seems to be none."""

    def fits(separator: str) -> tuple[int, int, int]:
        found, width = max((len(known(each.cells, labels)), len(each.cells)) for each in parse(head, 1, separator))
        return found, sum(line.count(separator) for line in head), width

    absent = [each for each in SEPARATORS if not any(each in line for line in head)]
    fitting = {each: fits(each) for each in SEPARATORS if each not in absent[1:]}  # what is absent fits alike
    best = max(fitting, key=fitting.__getitem__)
    found, separators, width = fitting[best]
    return (best if found or separators else None), (width if found else None)


def _lines(text: bytes, every: Sequence[bytes], separator: str | None, width: int | None) -> Lines:
    """The lines of a text: the plain ones as a frame, the others as records."""
    if separator is None:
        return Lines((number, [line.decode()]) for number, line in enumerate(every, 1))
    plain = _plain(text, every, separator.encode(), width) if len(every) > _FEW else []
    frame = _frame(every, plain, separator) if any(plain) else None
    if frame is None:
        return Lines(_records(every, range(1, len(every) + 1), separator, width))
    others = [number for number, is_plain in enumerate(plain, 1) if not is_plain]
    return Lines(_records(every, others, separator, width), frame)


def _plain(text: bytes, every: Sequence[bytes], separator: bytes, width: int | None) -> list[bool]:
    """Which lines are a row by themselves, whatever stands before them, with cells that can be copied as they are."""
    if b'"' in text and width is None:  # any line may be the end of the one before
        return []
    counts = [line.count(separator) for line in every]
    usual = width - 1 if b'"' in text else Counter(counts).most_common(1)[0][0]
    if not 0 < usual < MAX_COLUMNS:
        return []
    plain = [count == usual and len(line) <= MAX_TEXT for count, line in zip(counts, every, strict=True)]
    for line in odd_lines(text, separator):
        plain[line] = False
    return plain


def _frame(every: Sequence[bytes], plain: Sequence[bool], separator: str) -> pl.DataFrame | None:
    """Plain lines as their numbers and cells; None where polars finds others than we do."""
    numbers = pl.Series("row", compress(range(1, len(every) + 1), plain), pl.Int64)
    width = every[numbers[0] - 1].count(separator.encode()) + 1
    frame = split_cells(b"\n".join(compress(every, plain)), separator, width)
    return frame.insert_column(0, numbers) if frame is not None and frame.height == len(numbers) else None


def _records(every: Sequence[bytes], numbers: Sequence[int], separator: str, width: int | None) -> Iterator[Line]:
    """Lines with these numbers as records; one that cannot be read is a cell as a whole."""
    taken = [every[number - 1].decode() for number in numbers]
    for record in parse(taken, 1, separator, width, numbers):
        yield record.line, record.cells if record.problem is None else [every[record.line - 1].decode()]


_AS_WORKBOOK = {
    "csv": _from_csv,
    "xls": _from_xls,
    "xlsx": lambda data, shown: _from_xls(data, shown, "xlsx"),
    "parquet": _from_parquet,
    "json": _from_json,
}
