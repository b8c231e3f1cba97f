"""Indicator 6, 新增工业用地平均容积率: Σ (约定容积率下限 × 供应面积) / Σ 供应面积 of industrial supply, per year and period.

Nothing but the exemption list (容积率豁免清单), valid on the contract date, exempts a parcel. A record without a lower
bound is excluded and counted against data quality. 单独选址 is included (rulebook §6).
"""

from __future__ import annotations

from functools import reduce
from operator import or_

import polars as pl

from assets.context import Context
from assets.indicators import figures
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import entries, ratio_entries
from assets.indicators.stock_supply_share import supply_ratio
from assets.shapes import EXACT
from schemas.indicators import INDICATORS
from schemas.table import Unit

INDICATOR = INDICATORS["industrial_far"]
NEEDS = {
    "land_supply": ("supplied_area_mu", "far_lower", "land_use_code", "land_use_system", "contract_date"),
    "far_exemption": ("approval_date", "valid_until"),
}


def derive(inputs: Inputs, context: Context, years: list[int]) -> figures.Result:
    """One figure per region, year and basis."""
    supply = industrial_supply(inputs, context)
    ledger = contributions(supply)
    made = supply_ratio(INDICATOR, ledger, inputs, context, years, 1)
    return figures.Result(ledger, made, lambda: parts(supply, context, years))


def is_industrial(codes: dict[str, list[str]]) -> pl.Expr:
    """A land-use code is only read together with its system: 1001 is industry in one and railway in another."""
    return reduce(
        or_, (((pl.col("land_use_system") == s) & pl.col("land_use_code").is_in(c)) for s, c in codes.items())
    )


def industrial_supply(inputs: Inputs, context: Context) -> pl.DataFrame:
    """Industrial supply up to the as-of day: `built` = FAR × area, `supplied`, and why a record is left out."""
    key = [*inputs.apart, "record_key"]
    exemptions = inputs["far_exemption"].select(*key, exempt_from="approval_date", exempt_until="valid_until")
    in_time = (pl.col("exempt_from") <= pl.col("contract_date")) & (
        pl.col("exempt_until").is_null() | (pl.col("contract_date") <= pl.col("exempt_until"))
    )
    return (
        inputs["land_supply"]
        .filter(inputs.happened("contract_date", context) & is_industrial(context.rules["far.industrial_codes"]))
        .join(exemptions, on=key, how="left")
        .with_columns(
            supplied=pl.col("supplied_area_mu").cast(EXACT),
            built=pl.col("far_lower").cast(EXACT) * pl.col("supplied_area_mu").cast(EXACT),
            exempt=in_time.fill_null(False),
            far_missing=pl.col("far_lower").fill_null(0) == 0,
        )
        .with_columns(
            reason=pl.when("exempt").then(pl.lit("far_exempt")).when("far_missing").then(pl.lit("far_missing")),
        )
    )


def contributions(supply: pl.DataFrame) -> pl.DataFrame:
    """FAR × area above, area below; exempt parcels and those without a lower bound excluded."""
    columns = {"event_date": pl.col("contract_date"), "record_amount_mu": pl.col("supplied_area_mu")}
    return pl.concat(
        [
            ratio_entries(supply.filter(pl.col("reason").is_null()), "land_supply", "built", "supplied", **columns),
            entries(
                supply.filter(pl.col("reason").is_not_null()), "land_supply", "excluded", pl.col("supplied"),
                reason=pl.col("reason"), **columns,
            ),
        ]
    )  # fmt: skip


def parts(supply: pl.DataFrame, context: Context, years: list[int]) -> pl.DataFrame:
    """The average with exempt parcels included, the exempt share of industrial area, and the area without a FAR."""
    year, known = pl.col("contract_date").dt.year(), ~pl.col("far_missing")
    by_place = supply.group_by("region_code", "city_code", year=year).agg(
        built=pl.col("built").filter(known).sum(),
        with_far=pl.col("supplied").filter(known).sum(),
        exempt=pl.col("supplied").filter("exempt").sum(),
        supplied=pl.col("supplied").sum(),
    )
    place = ("region_code", "city_code", "year")
    with_exempt = by_place.select(*place, part=pl.lit("far_with_exempt"), top="built", bottom="with_far")
    share = by_place.select(*place, part=pl.lit("exempt_area_share"), top="exempt", bottom="supplied")
    missing = figures.sums(supply, year, far_missing=pl.col("supplied").filter(pl.col("reason") == "far_missing"))
    missing = missing.with_columns(pl.col("amount") / 15)
    return pl.concat(
        [
            figures.ratio_parts(with_exempt, INDICATOR, context, years, 1, Unit.RATIO),
            figures.ratio_parts(share, INDICATOR, context, years, 100, Unit.PERCENT),
            figures.event_parts(missing, INDICATOR, context, years, Unit.HECTARE),
        ]
    )
