"""The eight indicators, one file each, all of one shape: `derive(inputs, context, years) -> Result`.

`ledger.py` and `figures.py` hold what they share. This module runs one indicator on the warehouse.
"""

from __future__ import annotations

from datetime import date
from importlib import import_module

import duckdb
import polars as pl

from assets.context import Context
from assets.indicators import inputs as inputs_layer
from assets.indicators.figures import Result
from schemas.indicators import FIRST_YEAR, INDICATORS
from schemas.submissions import TABLES


def compute(con: duckdb.DuckDBPyConnection, code: str, context: Context, years: list[int]) -> Result:
    """One indicator as it was known under a context; reads core, writes nothing."""
    module = import_module(f"assets.indicators.{code}")
    return module.derive(inputs_layer.load(con, INDICATORS[code].tables, context), context, years)


def years(con: duckdb.DuckDBPyConnection, as_of: date) -> list[int]:
    """Years that can have figures on a day: 2025 to the as-of's year, and earlier ones that have records."""
    queries = []
    for table in TABLES.values():
        if any(table.name in indicator.tables for indicator in INDICATORS.values()):
            year = f"year({table.event_date})" if table.event_date else "year"
            queries.append(f"SELECT DISTINCT {year} AS year FROM core.{table.name}")
    for column in ("disposal_date", "actual_start_date"):
        queries.append(f"SELECT DISTINCT year({column}) FROM core.idle_land")
    found = con.execute(" UNION ".join(queries)).fetchall()
    earlier = {year for (year,) in found if year is not None and year < FIRST_YEAR}
    return sorted(earlier | set(range(FIRST_YEAR, as_of.year + 1)))
