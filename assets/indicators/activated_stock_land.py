"""Indicator 1, 盘活存量建设用地: existing construction land put to use again, 亩, cumulative from 2025-01-01.

Events: (a) the existing part of land supply, (b) self-redeveloped low-efficiency patches, (c) idle land put back to
use. No square metre twice: within one parcel an event claims what it has beyond the largest earlier event (rulebook §1).
"""

from __future__ import annotations

import polars as pl

from assets.context import Context
from assets.indicators import figures
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import entries
from assets.indicators.redeveloped_inefficient_land import PATCH_COLUMNS, completions
from assets.shapes import EXACT
from schemas.indicators import INDICATORS
from schemas.table import Unit

INDICATOR = INDICATORS["activated_stock_land"]
NEEDS = {
    "land_supply": (
        "parcel_code", "supplied_area_mu", "existing_area_mu", "historical_unsupplied_area_mu", "contract_date",
    ),
    "inefficient_land": ("parcel_code", *PATCH_COLUMNS),
    "idle_land": ("parcel_code", "disposal_way", "disposal_date", "disposed_area_mu"),
}  # fmt: skip

#: Order of events on one parcel and day.
RESUPPLY, SELF_REDEVELOPMENT, IDLE_REUSE = "resupply", "self_redevelopment", "idle_reuse"
_ORDER = {RESUPPLY: 0, SELF_REDEVELOPMENT: 1, IDLE_REUSE: 2}


def derive(inputs: Inputs, context: Context, years: list[int]) -> figures.Result:
    """One figure per region, year and basis: Σ claimed areas of the window's events."""
    ledger = claim(events(inputs, context), inputs.apart)
    ledger = pl.concat([ledger, unknown_origin(inputs, context)])
    cells = figures.grid(INDICATOR, figures.totals(ledger, INDICATOR, inputs, context), inputs, context, years)
    cells = figures.reporting(INDICATOR, inputs, cells, context)
    absence = pl.when("unknown").then(pl.lit("not_reported"))
    made = figures.finish(cells.with_columns(bottom=None, denominator=None), value=pl.col("top"), absence=absence)
    return figures.Result(ledger, made, lambda: parts(ledger, made, inputs, context, years))


def events(inputs: Inputs, context: Context) -> pl.DataFrame:
    """All events from the first day on, one row each: component, parcel_code, event_date, area_mu and provenance."""
    supply = inputs["land_supply"].with_columns(area_mu=_supplied_stock(context), event_date="contract_date")
    patches = completions(inputs, context).filter(
        pl.col("completed") & pl.col("chain_complete") & pl.col("supply_supervision_no").is_null()
    )
    found = [
        _event(supply, "land_supply", RESUPPLY),
        _event(patches.with_columns(area_mu="completed_area_mu"), "inefficient_land", SELF_REDEVELOPMENT),
    ]
    if context.rules["activation.idle"]:
        closed = inputs["idle_land"].filter(
            pl.col("disposal_way").is_not_null() & ~pl.col("disposal_way").is_in(context.rules["idle.excluded_ways"])
        )
        closed = closed.with_columns(area_mu="disposed_area_mu", event_date="disposal_date")
        found.append(_event(closed, "idle_land", IDLE_REUSE))
    return pl.concat(found).filter(_within("event_date", inputs, context) & (pl.col("area_mu") > 0))


def _within(event: str, inputs: Inputs, context: Context) -> pl.Expr:
    return (pl.col(event) >= context.rules["activation.start"]) & inputs.happened(event, context)


def _supplied_stock(context: Context) -> pl.Expr:
    existing = pl.col("existing_area_mu")
    if context.rules["activation.historical_unsupplied"]:
        return existing + pl.col("historical_unsupplied_area_mu").fill_null(0)
    return existing


def _event(records: pl.DataFrame, table: str, component: str) -> pl.DataFrame:
    return records.select(
        *(name for name in ("known_on",) if name in records.columns),
        "region_code", "city_code", "record_key", "submission_id", "sheet", "row_number", "profile", "parcel_code", "event_date",
        pl.col("area_mu").cast(EXACT), table=pl.lit(table), component=pl.lit(component),
    )  # fmt: skip


def claim(found: pl.DataFrame, apart: tuple[str, ...] = ()) -> pl.DataFrame:
    """Events → ledger rows. Within a parcel, by date, component and key, an event claims max(0, area − largest before).

    `apart` names what tells several days apart, if there are several (`Inputs.apart`).
    """
    parcel, several = [*apart, "parcel_code"], pl.col("parcel_code").is_duplicated()
    event = pl.format("{}:{}", "table", "record_key")
    alone = pl.col("parcel_code").is_null() | ~(several.over(*apart) if apart else several)
    single = found.filter(alone).with_columns(claimed=pl.col("area_mu"), claimed_by=pl.lit(None, pl.String))
    shared = (
        found.filter(~alone)
        .with_columns(event=event, order=pl.col("component").replace_strict(_ORDER, return_dtype=pl.Int8))
        .sort("parcel_code", "event_date", "order", "record_key")
        .with_columns(before=pl.col("area_mu").cum_max().shift(1).over(parcel).fill_null(0))
        .with_columns(holder=pl.when(pl.col("area_mu") > pl.col("before")).then("event"))
        .with_columns(claimed_by=pl.col("holder").forward_fill().shift(1).over(parcel))
        .with_columns(claimed=pl.max_horizontal(pl.col("area_mu") - pl.col("before"), pl.lit(0, EXACT)).cast(EXACT))
    )
    claims = pl.concat([single, shared.select(single.columns)])
    nothing = pl.col("claimed") == 0
    reason = (
        pl.when(nothing)
        .then(pl.lit("already_claimed"))
        .when(pl.col("claimed") < pl.col("area_mu"))
        .then(pl.lit("partly_claimed"))
        .when(pl.col("parcel_code").is_null())
        .then(pl.lit("no_parcel_code"))
    )
    return pl.concat(
        entries(
            claims.filter(table=table), table, pl.when(nothing).then(pl.lit("excluded")).otherwise(pl.lit("numerator")),
            pl.col("claimed"), event_date=pl.col("event_date"), record_amount_mu=pl.col("area_mu"),
            component=pl.col("component"), reason=reason,
            claimed_by=pl.when(pl.col("claimed") < pl.col("area_mu")).then("claimed_by"),
        )
        for table in NEEDS
    )  # fmt: skip


def unknown_origin(inputs: Inputs, context: Context) -> pl.DataFrame:
    """Supply records whose origin is unknown (public export): kept, excluded."""
    unknown = inputs["land_supply"].filter(
        pl.col("existing_area_mu").is_null() & _within("contract_date", inputs, context)
    )
    return entries(
        unknown, "land_supply", "excluded", pl.lit(0, EXACT), event_date=pl.col("contract_date"),
        record_amount_mu=pl.col("supplied_area_mu"), component=RESUPPLY, reason="origin_unknown",
    )  # fmt: skip


def parts(ledger: pl.DataFrame, made: pl.DataFrame, inputs: Inputs, context: Context, years: list[int]) -> pl.DataFrame:
    """Claimed area by kind of event, claims without a parcel code, and 历史批而未供 (always shown, by default not counted)."""
    counted, year = ledger.filter(role="numerator"), pl.col("contract_date").dt.year()
    supply = inputs["land_supply"].filter(_within("contract_date", inputs, context))
    by_event = figures.sums(
        counted, pl.col("year"),
        **{kind: pl.col("amount").filter(pl.col("component") == kind) for kind in _ORDER},
        without_parcel_code=pl.col("amount").filter(pl.col("reason") == "no_parcel_code"),
    )  # fmt: skip
    historical = figures.sums(supply, year, historical_unsupplied=pl.col("historical_unsupplied_area_mu"))
    found = figures.event_parts(pl.concat([by_event, historical]), INDICATOR, context, years, Unit.MU)
    return figures.shown_always(found, made, "historical_unsupplied", Unit.MU)
