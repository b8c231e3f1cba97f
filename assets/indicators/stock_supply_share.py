"""Indicator 5, 存量土地供应占比: (现有 + 历史批而未供) / 供应面积 of land supply, %, per year and per period.

单独选址 is excluded from both sums (note under the plan's tables). Mixed parcels are split by area, never by a word;
what the public export calls 新增建设用地(来自存量库) has an unknown origin and is left out of both sums (rulebook §5).
"""

from __future__ import annotations

import polars as pl

from assets.context import Context
from assets.indicators import figures
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import entries, ratio_entries
from assets.shapes import EXACT
from schemas.indicators import INDICATORS
from schemas.table import Unit

INDICATOR = INDICATORS["stock_supply_share"]
NEEDS = {
    "land_supply": (
        "supplied_area_mu", "existing_area_mu", "historical_unsupplied_area_mu", "is_separate_site", "contract_date",
    ),
}  # fmt: skip


def derive(inputs: Inputs, context: Context, years: list[int]) -> figures.Result:
    """One figure per region, year and basis."""
    supply = classified(inputs, context)
    ledger = contributions(supply)
    made = supply_ratio(INDICATOR, ledger, inputs, context, years, 100)
    return figures.Result(ledger, made, lambda: parts(supply, context, years))


def supply_ratio(
    indicator, ledger: pl.DataFrame, inputs: Inputs, context: Context, years: list[int], factor: int
) -> pl.DataFrame:
    """Figures of a ratio over land supply (indicators 5 and 6)."""
    cells = figures.grid(indicator, figures.totals(ledger, indicator, inputs, context), inputs, context, years)
    cells = figures.reporting(indicator, inputs, cells, context)
    absence = pl.when("unknown").then(pl.lit("not_reported")).when(pl.col("bottom") == 0).then(pl.lit("not_applicable"))
    known = {name: pl.when(~pl.col("unknown")).then(pl.col(name)) for name in ("bottom", "denominator")}
    return figures.finish(cells.with_columns(**known), value=figures.ratio(factor), absence=absence)


def classified(inputs: Inputs, context: Context) -> pl.DataFrame:
    """Supply up to the as-of day with its `stock` area, exact, and why a record is left out."""
    return (
        inputs["land_supply"]
        .filter(inputs.happened("contract_date", context))
        .with_columns(
            stock=(pl.col("existing_area_mu") + pl.col("historical_unsupplied_area_mu").fill_null(0)).cast(EXACT),
            supplied=pl.col("supplied_area_mu").cast(EXACT),
            reason=pl.when("is_separate_site")
            .then(pl.lit("separate_site"))
            .when(pl.col("existing_area_mu").is_null())
            .then(pl.lit("origin_unknown")),
        )
    )


def contributions(supply: pl.DataFrame) -> pl.DataFrame:
    """Stock area above, supplied area below; separate sites and unknown origins excluded."""
    columns = {"event_date": pl.col("contract_date"), "record_amount_mu": pl.col("supplied_area_mu")}
    return pl.concat(
        [
            ratio_entries(supply.filter(pl.col("reason").is_null()), "land_supply", "stock", "supplied", **columns),
            entries(
                supply.filter(pl.col("reason").is_not_null()), "land_supply", "excluded", pl.col("supplied"),
                reason=pl.col("reason"), **columns,
            ),
        ]
    )  # fmt: skip


def parts(supply: pl.DataFrame, context: Context, years: list[int]) -> pl.DataFrame:
    """The two kinds of stock, separate sites and unknown origins in 公顷, and the share with separate sites included."""
    year, counted = pl.col("contract_date").dt.year(), pl.col("reason").is_null()
    areas = figures.sums(
        supply, year,
        existing=pl.col("existing_area_mu").filter(counted),
        historical_unsupplied=pl.col("historical_unsupplied_area_mu").filter(counted),
        separate_site=pl.col("supplied_area_mu").filter(pl.col("reason") == "separate_site"),
        origin_unknown=pl.col("supplied_area_mu").filter(pl.col("reason") == "origin_unknown"),
    ).with_columns(pl.col("amount") / 15)  # fmt: skip
    known = pl.col("stock").is_not_null()
    shares = (
        supply.group_by("region_code", "city_code", year=year)
        .agg(top=pl.col("stock").sum(), bottom=pl.col("supplied").filter(known).sum())
        .with_columns(part=pl.lit("share_with_separate_sites"))
    )
    return pl.concat(
        [
            figures.event_parts(areas, INDICATOR, context, years, Unit.HECTARE),
            figures.ratio_parts(shares, INDICATOR, context, years, 100, Unit.PERCENT),
        ]
    )
