"""Findings in words: where a broken rule stands in the file, what is wrong in concrete values, what to do now."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache, cached_property, lru_cache
from string import Formatter
from typing import Any

import polars as pl

from assets.reading.source import Finding, Place, Reading, SourceColumn
from schemas.rules import ERROR, Check, Rule
from schemas.table import AREA_IN_MU, AREA_KINDS, Column, Kind, Unit

from .facts import BLOCK, KEY, LANDCHINA

#: Columns of the export that stand for ours.
_PORTAL_COLUMN = {"existing_area_mu": "land_source", "region_code": "region_name"}


@dataclass(slots=True)
class Located:
    """A finding with the index of its row, so that findings can be put into file order."""

    row: int
    finding: Finding


class Wording:
    """Turns broken rows of one file into findings."""

    def __init__(self, reading: Reading, rows: pl.DataFrame) -> None:
        self._reading = reading
        self._rows = rows
        self._letters = reading.form in ("xlsx", "xls")

    @cached_property
    def _text(self) -> pl.DataFrame:
        return pl.concat([block.rows for block in self._reading.blocks], how="diagonal")

    def findings(
        self, check: Check, indices: pl.Series, extra: list[dict[str, str]] | None = None
    ) -> Iterator[Located]:
        """One finding per broken row. `extra`: further template fields, one dict per row."""
        rule, column = check.rule, check.column
        wanted = _placeholders(rule)
        values = rule.fields | ({"day": pl.col(column.name)} if "day" in wanted else {})
        rows = self._rows[indices].select("index", "row_number", BLOCK, "sheet", KEY, **values)
        text = self.text(column, indices)
        sources = [self.source(column, block) for block in range(len(self._reading.blocks))]
        hints = [name for name in wanted if name in _HINTS]
        for position, (row, row_number, block, sheet, key, *found) in enumerate(rows.iter_rows()):
            source = sources[block]
            unit = (source.unit if source else None) or column.unit
            fields = {name: _spell(name, value, unit) for name, value in zip(values, found, strict=True)}
            typed = text[position]
            fields |= {"label": column.label, "value": typed or "", "unit": unit or "无", "key": key or ""}
            if extra:
                fields |= extra[position]
            fields |= {name: _HINTS[name](column, unit, typed or "", fields) for name in hints}
            finding = Finding(
                rule.number,
                rule.severity,
                self.place(source, sheet, row_number),
                rule.message.format_map(fields),
                rule.suggestion.format_map(fields),
                key,
                typed,
                rule.severity == ERROR,
            )
            yield Located(row, finding)

    def source(self, column: Column, block: int) -> SourceColumn | None:
        columns = self._reading.blocks[block].columns
        found = columns.get(column.name)
        if found is None and self._reading.profile == LANDCHINA:
            found = columns.get(_PORTAL_COLUMN.get(column.name, ""))
        return found

    def text(self, column: Column, indices: pl.Series) -> list[str | None]:
        """What was typed."""
        name = column.name
        if name not in self._text.columns and self._reading.profile == LANDCHINA:
            name = _PORTAL_COLUMN.get(name, name)
        return self._text[name].gather(indices).to_list() if name in self._text.columns else [None] * len(indices)

    def place(self, source: SourceColumn | None, sheet: str | None, row_number: int) -> Place:
        if source is None:
            return Place(sheet, row_number)
        cell = f"{source.letter}{row_number}" if self._letters else f"第{row_number}行 {source.letter}列"
        return Place(sheet, row_number, source.header, cell)


def file_finding(rule: Rule, **fields: str) -> Finding:
    """A finding on the file as a whole."""
    return Finding(
        rule.number,
        rule.severity,
        Place(),
        rule.message.format_map(fields),
        rule.suggestion.format_map(fields),
    )


@cache
def _placeholders(rule: Rule) -> set[str]:
    parsed = [*Formatter().parse(rule.message), *Formatter().parse(rule.suggestion)]
    # index and successor hints read a field that the templates themselves do not name.
    return {name for _, name, _, _ in parsed if name} | set(rule.fields)


# --- Values in words -------------------------------------------------------------------------------------------------


def _spell(name: str, value: Any, unit: Unit | None) -> str:
    if value is None:
        return "空"
    if isinstance(value, Decimal):
        if name.endswith("_mu"):
            return f"{plain(value)} 亩（{plain(value / 15, 4)} 公顷）"
        return own(value, unit) if name.endswith("_own") else plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def plain(value: Decimal, least: int = 0, most: int = 6) -> str:
    """A number without idle zeros: at least `least`, at most `most` decimals."""
    text = f"{value:.{most}f}".rstrip("0")
    whole, _, fraction = text.partition(".")
    fraction = fraction.ljust(least, "0")
    return f"{whole}.{fraction}" if fraction else whole


def own(area_mu: Decimal, unit: Unit | None) -> str:
    """An area in the unit of its column: 公顷 with four decimals at least."""
    unit = unit or Unit.HECTARE
    return plain(area_mu / AREA_IN_MU[unit], 4 if unit is Unit.HECTARE else 0)


def _closest(column: Column, _unit: Unit | None, typed: str, _fields: dict[str, str]) -> str:
    found = _close_match(typed, column.choices)
    return f"；最接近的是“{found}”" if found else ""


@lru_cache(4096)
def _close_match(typed: str, choices: tuple[str, ...]) -> str | None:
    word = unicodedata.normalize("NFKC", "".join(typed.split())).upper()
    return next(iter(get_close_matches(word, choices, 1, 0.3)), None)


def _index_hint(_column: Column, _unit: Unit | None, _typed: str, fields: dict[str, str]) -> str:
    value = Decimal(fields["real_index"])
    if abs(value) < 50:
        return f"若填写的是增速 {plain(value)}%，指数应为 {plain(100 + value)}；请核对后重填。"
    return "请填写以上年为 100 的指数，如 104.7。"


def _successor_hint(_column: Column, _unit: Unit | None, _typed: str, fields: dict[str, str]) -> str:
    if fields["successor"] == "空":
        return "该区划已拆分，请按地块现在所属的县（市、区）填写代码。"
    return f"请改填现行代码 {fields['successor']}。"


def _code_hint(_column: Column, _unit: Unit | None, typed: str, fields: dict[str, str]) -> str:
    width = {"GB/T21010-2007": 3, "GB/T21010-2017": 4}.get(fields["system"], 0)
    width = width or len(typed) + len(typed) % 2
    if typed.isdigit() and len(typed) == width - 1:
        return f"疑似丢失前导零，应为 {typed.zfill(width)}；请把该列设为文本格式。"
    return "请按所填分类体系核对代码，或核对用途分类体系。"


_HINTS: dict[str, Callable[[Column, Unit | None, str, dict[str, str]], str]] = {
    "choices": lambda column, *_: "、".join(column.choices),
    "closest": _closest,
    "index_hint": _index_hint,
    "successor_hint": _successor_hint,
    "code_hint": _code_hint,
    "looks_like": lambda _column, unit, *_: "当前值像是亩" if unit is Unit.HECTARE else "或对方误按公顷填写",
    "part": lambda column, *_: "面积分项为空不视为 0。" if column.kind is Kind.AREA_PART else "",
    "zero": lambda column, *_: (
        "确实没有这一部分面积时填 0。" if column.kind is Kind.AREA_PART
        else "没有面积的记录不要报送。" if column.kind in AREA_KINDS
        else "无法补填的记录请暂不报送。"
    ),
}  # fmt: skip
