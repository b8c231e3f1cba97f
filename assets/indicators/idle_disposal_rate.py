"""Indicator 4, 年度闲置土地处置任务完成率: idle area disposed in the year / the year's task, %.

All ways count except an extension of the start date (延长动工期限), which counts on the day construction really
started, if it did (rulebook §4).
"""

from __future__ import annotations

import polars as pl

from assets.context import Context
from assets.indicators import figures, task_rates
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import entries
from assets.shapes import EXACT
from schemas.indicators import INDICATORS
from schemas.submissions import TASK_IDLE
from schemas.table import Unit

INDICATOR = INDICATORS["idle_disposal_rate"]
NEEDS = {
    "idle_land": ("idle_area_mu", "disposal_way", "disposal_date", "disposed_area_mu", "actual_start_date"),
    "annual_task": ("year", "task", "task_area_mu"),
}


def derive(inputs: Inputs, context: Context, years: list[int]) -> figures.Result:
    """One figure per region and year."""
    disposed = contributions(inputs, context)
    tasks = task_rates.task_entries(inputs, TASK_IDLE)
    made = task_rates.rate(INDICATOR, disposed, tasks, inputs, context, years)
    return figures.Result(pl.concat([disposed, tasks]), made, lambda: parts(disposed, context, years))


def contributions(inputs: Inputs, context: Context) -> pl.DataFrame:
    """Completed cases up to the as-of day. An extension without a start is dated by its completion and excluded."""
    extension = pl.col("disposal_way").is_in(context.rules["idle.excluded_ways"])
    started = extension & pl.col("actual_start_date").is_not_null()
    records = (
        inputs["idle_land"]
        .with_columns(event_date=pl.when(started).then("actual_start_date").otherwise("disposal_date"))
        .filter(inputs.happened("event_date", context))
        .with_columns(
            reason=pl.when(pl.col("disposal_way").is_null())
            .then(pl.lit("way_missing"))
            .when(extension & ~started)
            .then(pl.lit("way_not_counted"))
            .when(pl.col("disposed_area_mu").is_null())
            .then(pl.lit("disposed_area_missing"))
        )
    )
    return entries(
        records, "idle_land", pl.when(pl.col("reason").is_null()).then(pl.lit("numerator")).otherwise(pl.lit("excluded")),
        pl.col("disposed_area_mu").fill_null(0).cast(EXACT), event_date=pl.col("event_date"),
        record_amount_mu=pl.col("idle_area_mu"), component=pl.col("disposal_way"), reason=pl.col("reason"),
    )  # fmt: skip


def parts(ledger: pl.DataFrame, context: Context, years: list[int]) -> pl.DataFrame:
    """Disposed area that counts, and extensions that wait for construction to start, 公顷."""
    place = ("region_code", "city_code", "year")
    amount = pl.col("amount") / 15
    rows = pl.concat(
        [
            ledger.filter(role="numerator").select(*place, part=pl.lit("disposed"), amount=amount),
            ledger.filter(reason="way_not_counted").select(*place, part=pl.lit("extended_not_started"), amount=amount),
        ]
    )
    return figures.event_parts(rows, INDICATOR, context, years, Unit.HECTARE)
