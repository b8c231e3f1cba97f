"""Indicator 3, 年度批而未供土地消化任务完成率: area digested in the year from batches in the task base / the year's task, %.

One batch feeds many supplies and one supply draws on many batches; what a batch still holds was checked before
(`assets.relations.resolve_digestion`). Above 100 % stays as it is; years are never averaged (rulebook §3).
"""

from __future__ import annotations

import polars as pl

from assets.context import Context
from assets.indicators import figures, task_rates
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import entries
from assets.shapes import EXACT
from schemas.indicators import INDICATORS
from schemas.submissions import CANCELLED, TASK_DIGESTION
from schemas.table import Unit

INDICATOR = INDICATORS["unsupplied_digestion_rate"]
NEEDS = {
    "unsupplied_digestion": (),  # whole: it is resolved against its batches first
    "approved_unsupplied": ("approval_no", "in_task_base"),
    "annual_task": ("year", "task", "task_area_mu"),
}
PARTS = {"供地": "by_supply", "撤回批文": "by_withdrawal", "核减": "by_reduction", "补办手续": "by_procedure"}


def derive(inputs: Inputs, context: Context, years: list[int]) -> figures.Result:
    """One figure per region and year."""
    digested = contributions(inputs, context)
    tasks = task_rates.task_entries(inputs, TASK_DIGESTION)
    made = task_rates.rate(INDICATOR, digested, tasks, inputs, context, years)
    return figures.Result(pl.concat([digested, tasks]), made, lambda: parts(digested, context, years))


def contributions(inputs: Inputs, context: Context) -> pl.DataFrame:
    """Digestion events up to the as-of day: counted, or outside the base, or by a way that does not count."""
    in_base = pl.col("in_task_base")
    if not context.rules["unsupplied.cancelled_batch_keeps_base"]:
        in_base = in_base & ~pl.col("status").is_in(CANCELLED)
    batch = [*inputs.apart, "approval_no"]
    batches = inputs["approved_unsupplied"].select(*batch, in_base=in_base)
    records = (
        inputs["unsupplied_digestion"]
        .filter(inputs.happened("digestion_date", context))
        .join(batches, on=batch, how="left")
        .with_columns(
            reason=pl.when(~pl.col("in_base"))
            .then(pl.lit("outside_task_base"))
            .when(~pl.col("digestion_way").is_in(context.rules["unsupplied.ways"]))
            .then(pl.lit("way_not_counted"))
        )
    )
    return entries(
        records, "unsupplied_digestion",
        pl.when(pl.col("reason").is_null()).then(pl.lit("numerator")).otherwise(pl.lit("excluded")),
        pl.col("digested_area_mu").cast(EXACT), event_date=pl.col("digestion_date"),
        record_amount_mu=pl.col("digested_area_mu"), component=pl.col("digestion_way"), reason=pl.col("reason"),
    )  # fmt: skip


def parts(ledger: pl.DataFrame, context: Context, years: list[int]) -> pl.DataFrame:
    """Digested area by way, and what was digested outside the task base, 公顷."""
    place = ("region_code", "city_code", "year")
    amount = pl.col("amount") / 15
    rows = pl.concat(
        [
            ledger.filter(role="numerator").select(
                *place, part=pl.col("component").replace_strict(PARTS), amount=amount
            ),
            ledger.filter(reason="outside_task_base").select(*place, part=pl.lit("outside_base"), amount=amount),
        ]
    )
    return figures.event_parts(rows, INDICATOR, context, years, Unit.HECTARE)
