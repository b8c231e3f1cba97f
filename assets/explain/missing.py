"""What a reduction of land per GDP (单位GDP地耗下降率) lacks: whose data, of which table and years.

Its value hangs on two years' surveys and on every index between 2025 and its year; a province's, where its own rows do
not do, on those of all its cities. The figure alone cannot say which of them is missing, the state of the inputs can.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import duckdb

from schemas.indicators import FIRST_YEAR, Absence, Basis

from .chosen import Cell

INDICATOR = "land_per_gdp_reduction"
_NEEDED = ("construction_land", "gdp")


@dataclass(frozen=True, slots=True)
class Lack:
    """What one region has not handed in of one table."""

    region_name: str
    table: str
    years: tuple[int, ...]


def lacks(con: duckdb.DuckDBPyConnection, figures: dict[Cell, dict[str, Any]]) -> dict[Cell, list[Lack]]:
    """What each absent figure of the indicator lacks; cells of which nothing is known are not in it."""
    absent = {cell: figure for cell, figure in figures.items() if _wants(figure)}
    if not absent or not _published(con):
        return {}
    given, without = _given(con), _cities_without(con)
    found = {}
    for cell, figure in absent.items():
        code, _, year, basis = cell
        province = figure["region_level"] == "province"
        regions = without[code[:2], year, basis] if province else {code: figure["region_name"]}
        found[cell] = [lack for region in regions.items() for lack in _of_region(*region, year, basis, given)]
    return {cell: each for cell, each in found.items() if each}


def _wants(figure: dict[str, Any]) -> bool:
    """Absent for want of data. Counties are not among the inputs' states; in 2025 there is no year before."""
    return (
        figure["indicator"] == INDICATOR
        and figure["absence"] in (Absence.NOT_REPORTED, Absence.NO_BASELINE)
        and figure["region_level"] != "county"
        and not (
            figure["year"] == FIRST_YEAR and figure["basis"] == Basis.ANNUAL and figure["absence"] == "no_baseline"
        )
    )


def _of_region(code: str, name: str, year: int, basis: str, given: set[tuple]) -> list[Lack]:
    against = FIRST_YEAR if basis == Basis.CUMULATIVE else max(FIRST_YEAR, year - 1)
    needed = {"construction_land": sorted({against, year}), "gdp": range(FIRST_YEAR, year + 1)}
    missing = {
        table: tuple(each for each in years if (table, code, each) not in given) for table, years in needed.items()
    }
    return [Lack(name, table, years) for table, years in missing.items() if years]


def _published(con: duckdb.DuckDBPyConnection) -> bool:
    sql = "SELECT 1 FROM duckdb_tables() WHERE database_name = 'now' AND table_name = 'input_vintage'"
    return con.execute(sql).fetchone() is not None


def _given(con: duckdb.DuckDBPyConnection) -> set[tuple]:
    return set(
        con.execute(
            f"SELECT source_table, region_code, year FROM input_vintage WHERE source_table IN {_NEEDED}"
        ).fetchall()
    )


def _cities_without(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, int, str], dict[str, str]]:
    """Cities without a value of their own, by province (two digits), year and basis: a province is short of these."""
    found: dict[tuple[str, int, str], dict[str, str]] = defaultdict(dict)
    for code, name, year, basis in con.execute(
        "SELECT region_code, region_name, year, basis FROM indicator_value"
        f" WHERE indicator = '{INDICATOR}' AND region_level = 'city' AND value IS NULL ORDER BY region_code"
    ).fetchall():
        found[code[:2], year, basis][code] = name
    return found
