"""Findings in words: where a broken rule stands in the file, what is wrong in concrete values, what to do now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from string import Formatter
from typing import Any

import polars as pl

from assets.reading.report import cell_name, shortened
from assets.reading.source import Finding, Place, Reading, SourceColumn
from schemas.policy import Regions
from schemas.rules import ERROR, Check, Rule
from schemas.table import AREA_IN_MU, Column, Unit

from .facts import BLOCK, KEY, LANDCHINA
from .hints import HINTS, Asked, plain

#: Columns of the export that stand for ours.
_PORTAL_COLUMN = {"existing_area_mu": "land_source", "region_code": "region_name"}


@dataclass(slots=True)
class Located:
    """A finding with the index of its row, so that findings can be put into file order."""

    row: int
    finding: Finding


class Wording:
    """Turns broken rows of one file into findings."""

    def __init__(self, reading: Reading, rows: pl.DataFrame, regions: Regions) -> None:
        self._reading = reading
        self._rows = rows
        self._regions = regions

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
        of_rows = [self._rows[name][indices].to_list() for name in ("index", "row_number", BLOCK, "sheet", KEY)]
        if values:
            of_rows += [found.to_list() for found in self._rows[indices].select(**values)]
        text = self.text(column, indices)
        sources = [self.source(column, block) for block in range(len(self._reading.blocks))]
        hints = [name for name in wanted if name in HINTS]
        for position, (row, row_number, block, sheet, key, *found) in enumerate(zip(*of_rows, strict=True)):
            source = sources[block]
            unit = (source.unit if source else None) or column.unit
            fields = {name: _spell(name, value, unit) for name, value in zip(values, found, strict=True)}
            typed, key = shortened(text[position]), shortened(key)
            fields |= {"label": column.label, "value": typed or "", "unit": unit or "无", "key": key or ""}
            if extra:
                fields |= extra[position]
            asked = Asked(column, unit, typed or "", fields, self._regions)
            fields |= {name: HINTS[name](asked) for name in hints}
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

    def once(self, check: Check, indices: pl.Series) -> Iterator[Located]:
        """One finding for the whole file, which lacks the column: what every row would be told alike."""
        for first in self.findings(check, indices[:1]):
            message = f"{first.finding.message}本文件没有“{check.column.label}”列，涉及 {len(indices)} 行。"
            yield Located(first.row, replace(first.finding, place=Place(), key=None, message=message))

    def is_absent(self, column: Column) -> bool:
        """Whether no part of the file has the column."""
        return all(self.source(column, block) is None for block in range(len(self._reading.blocks)))

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
        return self._text[name][indices].to_list() if name in self._text.columns else [None] * len(indices)

    def place(self, source: SourceColumn | None, sheet: str | None, row_number: int) -> Place:
        if source is None:
            return Place(sheet, row_number)
        cell = cell_name(self._reading.form, source.letter, row_number)
        return Place(sheet, row_number, shortened(source.header), cell)


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
            return f"{own(value, unit)} {unit or Unit.HECTARE}"
        return own(value, unit) if name.endswith("_own") else plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def own(area_mu: Decimal, unit: Unit | None) -> str:
    """An area in the unit of its column: 公顷 with four decimals at least."""
    unit = unit or Unit.HECTARE
    return plain(area_mu / AREA_IN_MU[unit], 4 if unit is Unit.HECTARE else 0)
