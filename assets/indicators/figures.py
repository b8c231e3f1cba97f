"""From ledger rows to figures: windows of time, sums per county, city and province, absences and data states.

Shared by all indicators; what is special to one stands in its own file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from assets.context import Context
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import published_amount
from assets.shapes import EXACT, FIGURE, PART
from schemas.indicators import FIRST_YEAR, Absence, Basis, DataState, Indicator, period_of


@dataclass(frozen=True)
class Result:
    """What one indicator yields: ledger rows, figures and sub-lines, which are made when they are asked for."""

    ledger: pl.DataFrame
    figures: pl.DataFrame
    make_parts: Callable[[], pl.DataFrame]

    @cached_property
    def parts(self) -> pl.DataFrame:
        return self.make_parts()


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


def _windows_of(inputs: Inputs, indicator: Indicator, years: list[int], context: Context) -> pl.DataFrame:
    """The windows of the day of the inputs, or of each of their days, with its `known_on`."""
    if inputs.days is None:
        return windows(indicator, years, context.as_of)
    return pl.concat(windows(indicator, years, day).with_columns(known_on=pl.lit(day)) for day in inputs.days)


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


def totals(ledger: pl.DataFrame, indicator: Indicator, inputs: Inputs, context: Context) -> pl.DataFrame:
    """Ledger rows of events, summed per region (county, city, province) and year, settled sums added.

    Columns: region_code, year, top, bottom, numerator, denominator, records, excluded, public; `known_on` for many days.
    """
    tops, bottoms = pl.col("role").is_in(["numerator", "both"]), pl.col("role").is_in(["denominator", "both"])
    by_place = (
        ledger.filter(pl.col("year").is_not_null() & pl.col("city_code").is_not_null())
        .with_columns(shown=published_amount(indicator))
        .group_by(*inputs.apart, "region_code", "city_code", "year")
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
    if inputs.settled is not None:
        by_place = pl.concat([by_place, inputs.settled.select(by_place.columns).cast(by_place.schema)])
    return roll_up(by_place, context, [*inputs.apart, "year"])


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


def over_windows(yearly: pl.DataFrame, frame: pl.DataFrame, apart: tuple[str, ...]) -> pl.DataFrame:
    """Sum yearly rows of a region over the years of each window: one row per region_code and `window`.

    `frame` has window (a number), year, first_year; days told apart by a column have windows of their own.
    """
    sums = [name for name in yearly.columns if name not in ("region_code", "year", *apart)]
    aggregates = [pl.col(n).any() if yearly.schema[n] == pl.Boolean else pl.col(n).sum() for n in sums]
    spans = frame.select(*apart, "window", "first_year", last_year="year")
    beside = yearly.join(spans, on=apart) if apart else yearly.join(spans, how="cross")
    within = pl.col("year").is_between(pl.col("first_year"), pl.col("last_year"))
    return beside.filter(within).group_by("region_code", "window").agg(aggregates)


_SUMS = ("top", "bottom", "numerator", "denominator", "records", "excluded")


def grid(
    indicator: Indicator, yearly: pl.DataFrame, inputs: Inputs, context: Context, years: list[int]
) -> pl.DataFrame:
    """Every current region × window from 2025 on, and annual windows of earlier years where there are records.

    Carries the window's sums (zero where there are none), `has_rows`, `has_events` (a record that counts), and the
    columns of `windows`.
    """
    frame = _windows_of(inputs, indicator, years, context).with_row_index("window")
    sums = over_windows(yearly, frame, inputs.apart).with_columns(
        has_events=pl.col("records") > 0, has_rows=(pl.col("records") + pl.col("excluded")) > 0
    )
    cells = regions_frame(context).join(frame, how="cross").join(sums, on=["region_code", "window"], how="left")
    cells = cells.with_columns(pl.col("has_rows", "has_events", "public").fill_null(False), pl.col(_SUMS).fill_null(0))
    return cells.filter((pl.col("year") >= FIRST_YEAR) | pl.col("has_rows"))


# --- Who has reported ----------------------------------------------------------------------------------------------


def reporting(indicator: Indicator, inputs: Inputs, cells: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Add `reported` (a file of an event table of a year of the window was accepted), `complete` (every event table of
    every year was) and `unknown` (neither a report nor an event that counts: no zero may stand here). A county reports
    through its city; the province has reported when a city has, and is complete when all have.
    """
    cities = regions_frame(context).filter(region_level="city").select("city_code", "province_code")
    windows = cells.select("window", *inputs.apart, "year", "first_year").unique()
    given = _given(indicator, inputs, windows, context)
    by_city = cities.join(windows.select("window"), how="cross").join(given, on=["city_code", "window"], how="left")
    by_city = by_city.with_columns(pl.col("reported", "complete").fill_null(False))
    by_province = by_city.group_by("province_code", "window").agg(pl.col("reported").any(), pl.col("complete").all())
    reporters = pl.concat(
        by.select("window", "reported", "complete", reporter=name)
        for by, name in ((by_city, "city_code"), (by_province, "province_code"))
    )
    above = pl.col("region_level") == "province"
    together = cells.with_columns(reporter=pl.when(above).then("province_code").otherwise("city_code"))
    together = together.join(reporters, on=["reporter", "window"], how="left")
    together = together.with_columns(pl.col("reported", "complete").fill_null(False))
    return together.with_columns(unknown=~pl.col("reported") & ~pl.col("has_events"))


def _given(indicator: Indicator, inputs: Inputs, windows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """`reported` and `complete` by city_code and window, for cities that handed in a file of a year of the window."""
    tables = indicator.tables if context.rules["reporting.tables"] == "any_input" else indicator.event_tables
    files = inputs.reports.rename({"year": "year_reported"}).join(windows, how="cross")
    in_window = pl.col("year_reported").is_between(pl.col("first_year"), pl.col("year"))
    if inputs.apart:
        in_window &= pl.col("reported_on") <= pl.col("known_on")
    owed = (pl.col("year") - pl.col("first_year") + 1) * len(indicator.event_tables)
    return (
        files.filter(in_window)
        .group_by("city_code", "window", owed=owed)
        .agg(
            reported=pl.col("source_table").is_in(tables).any(),
            given=pl.col("source_table").is_in(indicator.event_tables).sum(),
        )
        .select("city_code", "window", "reported", complete=pl.col("given") == pl.col("owed"))
    )


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
    """Cells with sums → figures. A value stands exactly where there is no absence; sums nobody reported are not shown.

    `known_on` is kept where the cells have it.
    """
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


def unreported(cells: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Figures of an annual input in regions that gave none: not due while the year lasts, not reported afterwards."""
    due = pl.date("year", 12, 31) < as_of
    return conform(
        cells.with_columns(
            absence=pl.when(due).then(pl.lit(Absence.NOT_REPORTED)).otherwise(pl.lit(Absence.NOT_DUE)),
            data_state=pl.when(due).then(pl.lit(DataState.INCOMPLETE)).otherwise(pl.lit(DataState.PROVISIONAL)),
            derived=False,
            record_count="records",
            excluded_count="excluded",
        ).drop("numerator", "denominator", "top", "bottom", strict=False)
    )


def conform(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of FIGURE in order, `known_on` after them where it is given; missing ones are null."""
    columns = [
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in FIGURE.items()
    ]
    return frame.select(*columns, *(name for name in ("known_on",) if name in frame.columns))


def ratio(factor: int) -> pl.Expr:
    """top / bottom × factor as the nearest double, so that an exact 58.5 is 58.5; null where there is nothing to divide by."""

    def divide(sums: pl.Series) -> pl.Series:
        pairs = sums.struct.unnest()
        different = pairs.unique().filter((pl.col("bottom") != 0) & pl.col("top").is_not_null())
        quotients = [float(top * factor / bottom) for top, bottom in different.iter_rows()]
        found = different.with_columns(pl.Series("quotient", quotients, pl.Float64))
        return pairs.join(found, on=["top", "bottom"], how="left", maintain_order="left")["quotient"]

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


def shown_always(parts: pl.DataFrame, made: pl.DataFrame, part: str, unit: str) -> pl.DataFrame:
    """PART with a 0 of `part` beside every figure that has a value and nothing of it."""
    valued = made.filter(pl.col("value").is_not_null()).with_columns(
        part=pl.lit(part), value=0.0, unit=pl.lit(str(unit))
    )
    missing = valued.join(parts, on=["region_code", "year", "basis", "part"], how="anti")
    return pl.concat([parts, missing.select(*PART).cast(PART)])


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
