"""Who owes what (报送完整性): every city, table and year against what it has handed in. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.indicators import INDICATORS, OWED
from schemas.submissions import TABLES
from schemas.trust import Due

#: In the order of the submission contract.
OWED_TABLES = tuple(name for name in TABLES if name in OWED)
ANNUAL_INPUTS = frozenset(name for each in INDICATORS.values() if each.annual_input for name in each.tables)


@dataclass(frozen=True)
class Cell:
    """What one city has handed in for one table and year."""

    region_code: str
    region_name: str
    table: str
    year: int
    state: Due
    files: int
    due: date


def due(table: str, year: int) -> date:
    """The day from which a table of a year is owed (rulebook §0, §11)."""
    if table in ANNUAL_INPUTS:
        return date(year + 1, 1, 1)
    return date(year, 3, 31) if table == "annual_task" else date(year, 1, 1)


def cells(
    files: Iterable[dict[str, Any]],
    by_province: set[tuple[str, str, int]],
    cities: dict[str, str],
    years: Iterable[int],
    day: date,
) -> list[Cell]:
    """One cell per city, owed table and year. `files`: region_code, source_table, year, status of every receipt.
    `by_province`: (city, table, year) of what stands in a file of the province.
    """
    found: dict[tuple, list[str]] = defaultdict(list)
    for each in files:
        found[each["region_code"], each["source_table"], each["year"]].append(each["status"])

    def cell(code: str, label: str, name: str, year: int) -> Cell:
        statuses, due_on = found.get((code, name, year), []), due(name, year)
        state = _state(statuses, (code, name, year) in by_province, due_on <= day)
        return Cell(code, label, name, year, state, len(statuses), due_on)

    return [cell(code, label, name, year) for year in years for code, label in cities.items() for name in OWED_TABLES]


def _state(statuses: list[str], in_province_file: bool, owed: bool) -> Due:
    if any(status.startswith("accepted") for status in statuses):
        return Due.ACCEPTED
    if "partly_accepted" in statuses:
        return Due.PARTLY
    if in_province_file:
        return Due.BY_PROVINCE
    if statuses:
        return Due.REJECTED
    return Due.MISSING if owed else Due.NOT_DUE
