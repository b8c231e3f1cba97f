"""From ledger rows to figures: windows of time, sums per county, city and province, absences and data states.

Shared by all indicators; what is special to one stands in its own file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from assets.context import Context
from assets.indicators.ledger import published_amount
from assets.shapes import EXACT, FIGURE, PART
from schemas.indicators import FIRST_YEAR, Absence, Basis, DataState, Indicator, period_of


@dataclass(frozen=True, slots=True)
class Result:
    """What one indicator yields: ledger rows, figures and sub-lines."""

    ledger: pl.DataFrame
    figures: pl.DataFrame
    parts: pl.DataFrame


# --- Windows -------------------------------------------------------------------------------------------------------


def windows(indicator: Indicator, years: list[int], as_of: date) -> pl.DataFrame:
    """One row per year and basis: first_year, period_start, period_end (min of 12-31 and as-of) and whether it is open.

    Before 2025 there are only annual windows.
    """
    rows = []
    for year in years:
        for basis in indicator.bases:
            first = _first_year(year, basis)
            if first is not None and date(year, 1, 1) <= as_of:
                last_day = date(year, 12, 31)
                rows.append((year, str(basis), first, date(first, 1, 1), min(last_day, as_of), as_of < last_day))
    schema = {
        "year": pl.Int32, "basis": pl.String, "first_year": pl.Int32, "period_start": pl.Date, "period_end": pl.Date,
        "open": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _first_year(year: int, basis: Basis) -> int | None:
    if basis is Basis.ANNUAL:
        return year
    if basis is Basis.CUMULATIVE:
        return FIRST_YEAR if year >= FIRST_YEAR else None
    period = period_of(year)
    return period[0] if period else None


def regions_frame(context: Context) -> pl.DataFrame:
    """Every current region with the codes it belongs to: region_code, region_level, city_code, province_code."""
    return context.regions.current.select("province_code", "city_code", region_code="code", region_level="level")


# --- Sums ----------------------------------------------------------------------------------------------------------


def totals(
    ledger: pl.DataFrame, indicator: Indicator, context: Context, settled: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Ledger rows of events, summed per region (county, city, province) and year.

    `settled`: sums of other rows by region_code, city_code and year, to be added.
    Columns: region_code, year, top, bottom, numerator, denominator, records, excluded, public.
    """
    tops, bottoms = pl.col("role").is_in(["numerator", "both"]), pl.col("role").is_in(["denominator", "both"])
    by_place = (
        ledger.filter(pl.col("year").is_not_null() & pl.col("city_code").is_not_null())
        .with_columns(shown=published_amount(indicator))
        .group_by("region_code", "city_code", "year")
        .agg(
            top=pl.col("amount").filter(tops).sum(),
            bottom=pl.col("amount").filter(bottoms).sum(),
            numerator=pl.col("shown").filter(tops).sum(),
            denominator=pl.col("shown").filter(bottoms).sum(),
            records=(pl.col("role") != "excluded").sum().cast(pl.Int64),
            excluded=(pl.col("role") == "excluded").sum().cast(pl.Int64),
            public=(pl.col("profile") == "landchina").any(),
        )
    )
    if settled is not None:
        by_place = pl.concat([by_place, settled.select(by_place.columns).cast(by_place.schema)])
    return roll_up(by_place, context, ["year"])


def roll_up(by_place: pl.DataFrame, context: Context, keys: list[str]) -> pl.DataFrame:
    """Sum rows with region_code and city_code up to counties, cities and provinces; booleans become any()."""
    sums = [name for name in by_place.columns if name not in ("region_code", "city_code", *keys)]
    aggregates = [pl.col(n).any() if by_place.schema[n] == pl.Boolean else pl.col(n).sum() for n in sums]
    counties = regions_frame(context).filter(region_level="county").select("region_code")
    provinces = regions_frame(context).filter(region_level="city").select("city_code", "province_code")
    levels = (
        by_place.join(counties, on="region_code", how="semi").select("region_code", *keys, *sums),
        by_place.select(pl.col("city_code").alias("region_code"), *keys, *sums),
        by_place.join(provinces, on="city_code").select(pl.col("province_code").alias("region_code"), *keys, *sums),
    )
    return pl.concat(level.group_by("region_code", *keys).agg(aggregates) for level in levels)


def over_windows(yearly: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Sum yearly rows of a region over the years of each window; `frame` has year, basis, first_year."""
    sums = [name for name in yearly.columns if name not in ("region_code", "year")]
    aggregates = [pl.col(n).any() if yearly.schema[n] == pl.Boolean else pl.col(n).sum() for n in sums]
    spans = frame.select("basis", "first_year", last_year="year")
    return (
        yearly.join(spans, how="cross")
        .filter(pl.col("year").is_between(pl.col("first_year"), pl.col("last_year")))
        .group_by("region_code", "basis", "last_year")
        .agg(aggregates)
        .rename({"last_year": "year"})
    )


_SUMS = ("top", "bottom", "numerator", "denominator", "records", "excluded")


def grid(indicator: Indicator, yearly: pl.DataFrame, context: Context, years: list[int]) -> pl.DataFrame:
    """Every current region × window from 2025 on, and annual windows of earlier years where there are records.

    Carries the window's sums (zero where there are none), `has_rows`, `has_events` (a record that counts), and the
    columns of `windows`.
    """
    frame = windows(indicator, years, context.as_of)
    sums = over_windows(yearly, frame).with_columns(
        has_events=pl.col("records") > 0, has_rows=(pl.col("records") + pl.col("excluded")) > 0
    )
    cells = regions_frame(context).join(frame, how="cross").join(sums, on=["region_code", "year", "basis"], how="left")
    cells = cells.with_columns(pl.col("has_rows", "has_events", "public").fill_null(False), pl.col(_SUMS).fill_null(0))
    return cells.filter((pl.col("year") >= FIRST_YEAR) | pl.col("has_rows"))


# --- Who has reported ----------------------------------------------------------------------------------------------


def reporting(indicator: Indicator, reports: pl.DataFrame, cells: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Add `reported` (a file of an event table of a year of the window was accepted), `complete` (every event table of
    every year was) and `unknown` (neither a report nor an event that counts: no zero may stand here). A county reports through its city; the province has reported when a city has, and is
    complete when all have.
    """
    tables = indicator.tables if context.rules["reporting.tables"] == "any_input" else indicator.event_tables
    files = reports.select("city_code", "year", "source_table").unique()
    cities = regions_frame(context).filter(region_level="city").select("region_code")
    cities = cities.join(cells.select("year", "basis", "first_year").unique(), how="cross")
    given = (
        cities.join(files, left_on="region_code", right_on="city_code", how="left", suffix="_reported")
        .filter(pl.col("year_reported").is_between(pl.col("first_year"), pl.col("year")))
        .group_by("region_code", "year", "basis")
        .agg(
            given=pl.col("source_table").is_in(indicator.event_tables).sum(),
            any=pl.col("source_table").is_in(tables).any(),
        )
    )
    years_in_window = pl.col("year") - pl.col("first_year") + 1
    by_city = (
        cities.join(given, on=["region_code", "year", "basis"], how="left")
        .select(
            "year", "basis", city_code="region_code",
            reported=pl.col("any").fill_null(False),
            complete=pl.col("given").fill_null(0) == years_in_window * len(indicator.event_tables),
        )
    )  # fmt: skip
    provinces = regions_frame(context).filter(region_level="city").select("city_code", "province_code")
    by_province = (
        by_city.join(provinces, on="city_code")
        .group_by("province_code", "year", "basis")
        .agg(reported=pl.col("reported").any(), complete=pl.col("complete").all())
    )
    below = cells.filter(pl.col("region_level") != "province").join(
        by_city, on=["city_code", "year", "basis"], how="left"
    )
    above = cells.filter(pl.col("region_level") == "province").join(
        by_province, on=["province_code", "year", "basis"], how="left"
    )
    together = pl.concat([below, above.select(below.columns)])
    together = together.with_columns(pl.col("reported", "complete").fill_null(False))
    return together.with_columns(unknown=~pl.col("reported") & ~pl.col("has_events"))


# --- Finishing -----------------------------------------------------------------------------------------------------


def data_state(preliminary: pl.Expr | None = None) -> pl.Expr:
    """incomplete, provisional or final, from `complete`, `open` and, where given, whether an input is preliminary."""
    provisional = pl.col("open") if preliminary is None else pl.col("open") | preliminary
    return (
        pl.when(~pl.col("complete"))
        .then(pl.lit(DataState.INCOMPLETE))
        .when(provisional)
        .then(pl.lit(DataState.PROVISIONAL))
        .otherwise(pl.lit(DataState.FINAL))
    )


def finish(cells: pl.DataFrame, *, value: pl.Expr, absence: pl.Expr) -> pl.DataFrame:
    """Cells with sums → figures. A value stands exactly where there is no absence; sums nobody reported are not shown."""
    cells = cells.with_columns(absence=absence.cast(pl.String)).with_columns(
        value=pl.when(pl.col("absence").is_null()).then(value.cast(pl.Float64))
    )
    unreported = pl.col("absence") == Absence.NOT_REPORTED
    shown = {name: pl.when(~pl.col("unknown")).then(pl.col(name)) for name in ("top", "numerator")}
    full = cells.with_columns(
        **shown,
        data_state=pl.when(unreported.fill_null(False)).then(pl.lit(DataState.INCOMPLETE)).otherwise(data_state()),
        derived=pl.col("public"),
        flags=pl.when(pl.col("public")).then(pl.lit("public_export")),
        record_count="records",
        excluded_count="excluded",
    )
    return conform(full)


def conform(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of FIGURE in order; missing ones are null."""
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in FIGURE.items()
    )


def ratio(factor: int) -> pl.Expr:
    """top / bottom × factor as the nearest double, so that an exact 58.5 is 58.5; null where there is nothing to divide by."""

    def divide(sums: pl.Series) -> pl.Series:
        pairs = sums.struct.unnest().iter_rows()
        return pl.Series(
            [float(top * factor / bottom) if top is not None and bottom else None for top, bottom in pairs],
            dtype=pl.Float64,
        )

    return pl.struct("top", "bottom").map_batches(divide, return_dtype=pl.Float64)


def sums(rows: pl.DataFrame, year: pl.Expr, **amounts: pl.Expr) -> pl.DataFrame:
    """Several sums over the same rows in one pass: (region_code, city_code, year, part, amount), a part per amount."""
    keys = ("region_code", "city_code", "year")
    summed = rows.group_by("region_code", "city_code", year=year).agg(
        amount.sum().cast(EXACT).alias(part) for part, amount in amounts.items()
    )
    return summed.unpivot(on=list(amounts), index=list(keys), variable_name="part", value_name="amount")


def event_parts(
    rows: pl.DataFrame, indicator: Indicator, context: Context, years: list[int], unit: str
) -> pl.DataFrame:
    """Sub-lines that are sums of events: rows (region_code, city_code, year, part, amount) → PART over every window."""
    keys = ["year", "part"]
    yearly = roll_up(rows.select("region_code", "city_code", *keys, "amount"), context, keys)
    return _parts(_sum_windows(yearly, ["amount"], indicator, context, years), pl.col("amount"), unit)


def ratio_parts(
    rows: pl.DataFrame, indicator: Indicator, context: Context, years: list[int], factor: int, unit: str
) -> pl.DataFrame:
    """Sub-lines that are ratios of sums: rows (region_code, city_code, year, part, top, bottom) → PART over every window."""
    keys = ["year", "part"]
    yearly = roll_up(rows.select("region_code", "city_code", *keys, "top", "bottom"), context, keys)
    summed = _sum_windows(yearly, ["top", "bottom"], indicator, context, years).filter(pl.col("bottom") != 0)
    return _parts(summed, ratio(factor), unit)


def _sum_windows(
    yearly: pl.DataFrame, sums: list[str], indicator: Indicator, context: Context, years: list[int]
) -> pl.DataFrame:
    frame = windows(indicator, years, context.as_of).select("basis", "first_year", last_year="year")
    return (
        yearly.join(frame, how="cross")
        .filter(pl.col("year").is_between(pl.col("first_year"), pl.col("last_year")))
        .group_by("region_code", "basis", "last_year", "part")
        .agg(pl.col(sums).sum())
        .rename({"last_year": "year"})
    )


def _parts(summed: pl.DataFrame, value: pl.Expr, unit: str) -> pl.DataFrame:
    return summed.select(
        "region_code",
        "year",
        "basis",
        "part",
        value=value.cast(pl.Float64),
        unit=pl.lit(str(unit)),
        absence=pl.lit(None, pl.String),
    ).cast(PART)
