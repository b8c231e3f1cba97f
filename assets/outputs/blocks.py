"""What a document is made of (段落、表、图): the neutral form that Word and PDF both render, and the plan's layout.

No figures are worked out here and nothing is drawn: `chapters.py` fills blocks, `word.py` and `pdf.py` set them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assets.outputs.model import Cell, EvaluationTable, Release, ReportModel
from schemas.indicators import Indicator
from schemas.table import Unit

#: The column groups of the plan's two tables, with how many indicators each holds.
GROUPS = (("存量资源盘活", 4), ("存量结构改善", 2), ("空间品质提升", 2))
PLAN_NOTE = "存量土地供应占比＝存量土地供应面积÷土地供应总面积，供应面积、供应总面积不包括单独选址项目。"
KINDS = {"annual": "年度总结", "midterm": "中期评估", "final": "终期评估"}


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1: 一、；2: （一）."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Head:
    """A header cell over `columns` columns and `rows` header rows."""

    text: str
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """`widths` are relative; `align` has one of l, c, r per column. A line break in a cell is "\\n"."""

    caption: str
    header: tuple[tuple[Head, ...], ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    align: str
    note: str = ""
    small: bool = False
    bold_rows: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing (SVG text) with its caption below and its description for those who cannot see it."""

    caption: str
    svg: str
    alt: str


Block = Heading | Paragraph | Table | Figure


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. `title` may have two lines; `line` names release, as-of, state and versions on every page."""

    title: str
    subtitle: str
    line: str
    blocks: tuple[Block, ...]


def numbered(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks with their tables and figures counted: 表1　…, 图1　…; characters that no file can hold are marked."""
    tables = figures = 0
    for block in blocks:
        match block:
            case Table():
                tables += 1
                rows = tuple(tuple(printable(text) for text in row) for row in block.rows)
                yield replace(block, caption=f"表{tables}　{block.caption}", rows=rows)
            case Figure():
                figures += 1
                yield replace(block, caption=f"图{figures}　{block.caption}")
            case Heading() | Paragraph():
                yield replace(block, text=printable(block.text))


_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """Control characters, which neither Word nor PDF can hold, stand as □."""
    return _UNPRINTABLE.sub("□", text)


# --- The plan's layout ----------------------------------------------------------------------------------------------


def groups(indicators: Sequence[Indicator]) -> Iterator[tuple[str, Indicator]]:
    """Each indicator with its column group, in the plan's order."""
    names = [name for name, count in GROUPS for _ in range(count)]
    yield from zip(names, indicators, strict=True)


def headline(indicator: Indicator) -> str:
    """`盘活存量建设用地（亩）`; rates and ratios carry no unit, as in the plan."""
    return f"{indicator.label}（亩）" if indicator.unit == Unit.MU else indicator.label


def report_name(kind: str, year: int) -> str:
    """`2026年度总结`, `2027年中期评估`."""
    label = KINDS[kind]
    return f"{year}{label}" if label.startswith("年") else f"{year}年{label}"


def verdict(cell: Cell | None) -> str:
    """Shape and word: `★已达标`; `－未报`."""
    return f"{cell.shape}{cell.verdict_label}" if cell else "—"


def release_line(release: Release) -> str:
    return (
        f"发布 {release.id} · 数据截至 {release.as_of:%Y-%m-%d} · {release.data_state_label} · "
        f"口径 {release.rule_version} · 目标 {release.target_version}"
    )


def note(table: EvaluationTable) -> str:
    """A table's note without the 注 that every form sets itself."""
    return table.note.removeprefix("注：")


def evaluation(model: ReportModel, kind: str, year: int) -> EvaluationTable | None:
    """The evaluation table of a kind (annual, midterm, final) and year; None when the release has none."""
    return getattr(model, kind).get(year)
