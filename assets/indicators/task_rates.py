"""What indicators 3 and 4 share: area done in the year over the year's task (年度任务), and whose task counts."""

from __future__ import annotations

import polars as pl

from assets.context import Context
from assets.indicators import figures
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import entries, published_amount
from assets.shapes import EXACT
from schemas.indicators import Absence, Indicator


def task_entries(inputs: Inputs, task: str) -> pl.DataFrame:
    """The tasks as ledger rows. Only a city's own row carries a city_code: counties are never added up."""
    return entries(
        inputs["annual_task"].filter(task=task), "annual_task", "denominator", pl.col("task_area_mu").cast(EXACT),
        city_code=pl.when(pl.col("region_level") == "city").then("city_code"), year=pl.col("year"),
        record_amount_mu=pl.col("task_area_mu"), component=pl.lit(task), reason="task",
    )  # fmt: skip


def tasks_by_region(
    tasks: pl.DataFrame, indicator: Indicator, context: Context, apart: tuple[str, ...] = ()
) -> pl.DataFrame:
    """region_code, year → bottom, denominator: a region's own task; a province without one takes the sum of its
    cities' tasks, and has none when a city has none.
    """
    place = [*apart, "region_code", "year"]
    own = tasks.select(*place, bottom="amount", denominator=published_amount(indicator))
    regions = figures.regions_frame(context)
    cities = regions.filter(region_level="city").select("city_code", "province_code")
    city_count = cities.group_by("province_code").agg(cities=pl.len())
    pooled = (
        own.join(cities, left_on="region_code", right_on="city_code")
        .group_by(*apart, "province_code", "year")
        .agg(pl.col("bottom", "denominator").sum(), given=pl.len())
        .join(city_count, on="province_code")
        .filter(pl.col("given") == pl.col("cities"))
        .rename({"province_code": "region_code"})
        .join(own, on=place, how="anti")
    )
    types = {"bottom": EXACT, "denominator": pl.Decimal(38, 9)}
    return pl.concat([own.cast(types), pooled.select(own.columns).cast(types)])


def rate(
    indicator: Indicator, done: pl.DataFrame, tasks: pl.DataFrame, inputs: Inputs, context: Context, years: list[int]
) -> pl.DataFrame:
    """Figures of a task rate: Σ done / task × 100 per region and year (rulebook §3)."""
    cells = figures.grid(indicator, figures.totals(done, indicator, inputs, context), inputs, context, years)
    owed = tasks_by_region(tasks, indicator, context, inputs.apart)
    cells = cells.drop("bottom", "denominator").join(owed, on=[*inputs.apart, "region_code", "year"], how="left")
    cells = figures.reporting(indicator, inputs, cells, context)
    absence = (
        pl.when(pl.col("bottom").is_null())
        .then(pl.lit(Absence.NOT_ASSIGNED))
        .when(pl.col("bottom") == 0)
        .then(pl.lit(Absence.NOT_APPLICABLE))
        .when(pl.col("unknown"))
        .then(pl.lit(Absence.NOT_REPORTED))
    )
    return figures.finish(cells, value=figures.ratio(100), absence=absence)
