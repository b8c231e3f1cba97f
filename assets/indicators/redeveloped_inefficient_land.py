"""Indicator 2, 完成低效用地再开发: completed area of low-efficiency patches, 亩, cumulative from 2025-01-01.

A patch counts once, its 完成面积, on its completion date, when it was registered (入库) and its plan approved (方案批复)
by then (rulebook §2). What is not completed or skipped a step is kept and excluded with its reason.
"""

from __future__ import annotations

import polars as pl

from assets.context import Context
from assets.indicators import figures
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import entries
from assets.shapes import EXACT
from schemas.indicators import INDICATORS

INDICATOR = INDICATORS["redeveloped_inefficient_land"]
PATCH_COLUMNS = (
    "inefficiency_type", "patch_area_mu", "completed_area_mu", "register_date", "plan_approval_date", "agreement_date",
    "permit_date", "completion_date", "supply_supervision_no",
)  # fmt: skip
NEEDS = {"inefficient_land": PATCH_COLUMNS, "land_supply": ("contract_date",)}


def derive(inputs: Inputs, context: Context, years: list[int]) -> figures.Result:
    """One figure per region, year and basis: Σ completed areas of the window's patches."""
    ledger = contributions(inputs, context)
    cells = figures.grid(INDICATOR, figures.totals(ledger, INDICATOR, inputs, context), inputs, context, years)
    cells = figures.reporting(INDICATOR, inputs, cells, context)
    absence = pl.when("unknown").then(pl.lit("not_reported"))
    made = figures.finish(cells.with_columns(bottom=None, denominator=None), value=pl.col("top"), absence=absence)
    return figures.Result(ledger, made, lambda: parts(ledger, context, years))


def completions(inputs: Inputs, context: Context) -> pl.DataFrame:
    """Every patch with `event_date` (its completion date or null), `completed` and `chain_complete`."""
    link = [*inputs.apart, "supply_supervision_no"]
    contracts = inputs["land_supply"].rename({"record_key": "supply_supervision_no"})
    contracts = contracts.select(*link, linked_contract_date="contract_date")
    both = pl.col("agreement_date").is_not_null() & pl.col("permit_date").is_not_null()
    own_start = pl.when(both).then(pl.max_horizontal("agreement_date", "permit_date"))
    counts_at = {
        "contract_or_permit": pl.min_horizontal("linked_contract_date", own_start),
        "completion": pl.col("completion_date"),
    }[context.rules["redevelopment.counts_at"]]
    in_time = (pl.col("register_date") <= pl.col("event_date")) & (pl.col("plan_approval_date") <= pl.col("event_date"))
    return (
        inputs["inefficient_land"]
        .join(contracts, on=link, how="left")
        .with_columns(event_date=counts_at)
        .with_columns(
            completed=pl.col("event_date").is_not_null() & pl.col("completed_area_mu").is_not_null(),
            chain_complete=in_time.fill_null(False),
        )
    )


def contributions(inputs: Inputs, context: Context) -> pl.DataFrame:
    """Completed patches count; those that skipped a step or are not completed are excluded."""
    patches = completions(inputs, context)
    since = pl.col("event_date") >= context.rules["activation.start"]
    within = since & inputs.happened("event_date", context)
    done = patches.filter(pl.col("completed") & within)
    counted = pl.col("chain_complete")
    unfinished = patches.filter(~pl.col("completed"))
    return pl.concat(
        [
            entries(
                done, "inefficient_land", pl.when(counted).then(pl.lit("numerator")).otherwise(pl.lit("excluded")),
                pl.col("completed_area_mu").cast(EXACT), event_date=pl.col("event_date"),
                record_amount_mu=pl.col("patch_area_mu"), component=pl.col("inefficiency_type"),
                reason=pl.when(~counted).then(pl.lit("chain_incomplete")),
            ),
            entries(
                unfinished, "inefficient_land", "excluded", pl.lit(0, EXACT), record_amount_mu=pl.col("patch_area_mu"),
                component=pl.col("inefficiency_type"), reason="not_completed",
            ),
        ]
    )  # fmt: skip


def parts(ledger: pl.DataFrame, context: Context, years: list[int]) -> pl.DataFrame:
    """Completed area by type of patch (工业, 城镇, 村庄), and what was held back because a step is missing."""
    names = {"工业": "industrial", "城镇": "urban", "村庄": "village"}
    place = ("region_code", "city_code", "year")
    rows = pl.concat(
        [
            ledger.filter(role="numerator").select(
                *place, part=pl.col("component").replace_strict(names), amount="amount"
            ),
            ledger.filter(reason="chain_incomplete").select(*place, part=pl.lit("chain_incomplete"), amount="amount"),
        ]
    )
    return figures.event_parts(rows, INDICATOR, context, years, INDICATOR.unit)
