"""Annual, mid-term and final evaluation in the plan's annex layout: a row per region and year."""

from __future__ import annotations

import polars as pl

from schemas.indicators import HORIZONS, INDICATORS

_COLUMNS = ("value", "target", "verdict", "rank", "absence", "data_state")
_FORECAST = ("forecast", "forecast_low", "forecast_high")


def annual(assessment: pl.DataFrame) -> pl.DataFrame:
    """Every year against the horizon whose period it is in: 2025–2027 against 2027, later years against 2030."""
    return _wide(assessment.filter(pl.col("horizon") == horizon_of(pl.col("year"))))


def midterm(assessment: pl.DataFrame) -> pl.DataFrame:
    """Every year against 2027, forecasts in columns of their own."""
    return _wide(assessment.filter(pl.col("horizon") == HORIZONS[0]), _FORECAST)


def final(assessment: pl.DataFrame) -> pl.DataFrame:
    """Every year against 2030, forecasts in columns of their own."""
    return _wide(assessment.filter(pl.col("horizon") == HORIZONS[1]), _FORECAST)


def horizon_of(year: pl.Expr) -> pl.Expr:
    """The horizon that a year works towards."""
    return pl.when(year <= HORIZONS[0]).then(HORIZONS[0]).otherwise(HORIZONS[1]).cast(pl.Int32)


def _wide(rows: pl.DataFrame, more: tuple[str, ...] = ()) -> pl.DataFrame:
    """region_code, year, horizon and `<indicator>_<column>`; an indicator without a target stays null."""
    columns = (*_COLUMNS, *more)
    wide = rows.select("region_code", "year", "horizon").unique()
    for code in INDICATORS:
        of_one = rows.filter(indicator=code).select(
            "region_code", "year", *(pl.col(name).alias(f"{code}_{name}") for name in columns)
        )
        wide = wide.join(of_one, on=["region_code", "year"], how="left")
    return wide
