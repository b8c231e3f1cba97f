"""The eight indicators, one file each, all of one shape: `derive(inputs, context, years) -> Result`.

`ledger.py` and `figures.py` hold what they share. This module runs one indicator on the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from importlib import import_module

import duckdb
import polars as pl

from assets import core, once
from assets.context import Context
from assets.indicators import inputs as inputs_layer
from assets.indicators.figures import Result
from assets.indicators.ledger import published_amount
from assets.warehouse import append, transaction
from schemas.indicators import FIRST_YEAR, INDICATORS
from schemas.submissions import TABLES


def compute(con: duckdb.DuckDBPyConnection, code: str, context: Context, years: list[int]) -> Result:
    """One indicator as it was known under a context; reads core, writes nothing."""
    made_by = module(code)
    return made_by.derive(inputs_layer.load(con, made_by.NEEDS, context), context, years)


def module(code: str):
    """The file of an indicator: `NEEDS` and `derive`."""
    return import_module(f"assets.indicators.{code}")


def derive(
    con: duckdb.DuckDBPyConnection, code: str, context: Context, only: list[int] | None = None
) -> dict[str, int]:
    """Compute one indicator and replace its ledger, figures and parts in the warehouse, in one transaction.

    `only` names the years that were asked for; a year whose figures are older than its inputs is made anew with them,
    because a release never mixes two states of knowledge. Returns counts: figures, ledger, years.
    """  # fmt: skip
    wanted = years(con, context.as_of)
    result = once.take(_key(code, context), lambda: compute(con, code, context, wanted))
    with transaction(con):
        _replace(con, f"indicator.{code}", result.ledger.with_columns(published=published_amount(INDICATORS[code])))
        for table, frame in (("figure", result.figures), ("part", result.parts)):
            con.execute(f"DELETE FROM indicator.{table} WHERE indicator = ?", [code])
            append(con, f"indicator.{table}", frame.with_columns(indicator=pl.lit(code)))
        _note_state(con, code, context, wanted)
    return {"figures": result.figures.height, "ledger": result.ledger.height, "years": len(only or wanted)}


def ahead(con: duckdb.DuckDBPyConnection, context: Context) -> Iterator[tuple[once.Key, Callable[[], Result]]]:
    """What `derive` will need of every indicator, to be worked out before (`assets/once.py`); reads core."""
    wanted = years(con, context.as_of)
    for code in INDICATORS:
        yield _key(code, context), partial(_whole, con, code, context, wanted)


def _whole(con: duckdb.DuckDBPyConnection, code: str, context: Context, wanted: list[int]) -> Result:
    result = compute(con, code, context, wanted)
    _ = result.parts  # made when it is first asked for
    return result


def _key(code: str, context: Context) -> once.Key:
    return "indicator", code, context.as_of, context.rules.label


def state(con: duckdb.DuckDBPyConnection, context: Context) -> dict[int, str]:
    """Every year that can have figures: "fresh", "stale" (inputs, rules or as-of changed since) or "missing"."""
    now = (context.as_of, core.basis(con, context), context.rules.label)
    rows = con.execute("SELECT year, indicator, as_of, inputs, rules FROM indicator.state").fetchall()
    made = {(year, indicator): rest for year, indicator, *rest in rows}

    def of(year: int) -> str:
        found = [made.get((year, code)) for code in INDICATORS]
        if None in found:
            return "missing"
        return "fresh" if all(tuple(each) == now for each in found) else "stale"

    return {year: of(year) for year in years(con, context.as_of)}


def _replace(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    con.register("incoming_rows", frame.to_arrow())
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM incoming_rows")
    con.unregister("incoming_rows")


def _note_state(con: duckdb.DuckDBPyConnection, code: str, context: Context, wanted: list[int]) -> None:
    con.execute("DELETE FROM indicator.state WHERE indicator = ?", [code])
    inputs = core.basis(con, context)
    rows = [(code, year, context.as_of, inputs, context.rules.label) for year in wanted]
    append(
        con,
        "indicator.state",
        pl.DataFrame(rows, schema=["indicator", "year", "as_of", "inputs", "rules"], orient="row"),
    )


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
