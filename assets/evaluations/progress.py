"""Modes, measures, projects and tasks (模式、举措、示范项目、任务): what the regions report, counted and summed.

Areas in 亩, money in 万元. Records come placed (region_code of today, city_code), without events after the as-of day.
A region that did not report is `not_reported`, never 0.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from schemas.indicators import FIRST_YEAR, Absence
from schemas.submissions import MODES, POLICY_MEASURE

NO_MODE = "未填"
MEASURES = POLICY_MEASURE["measure_type"].choices
PUT_FORWARD = "申报国家案例"
#: The plan's tasks are carried out from January 2026 on (行动方案 四（二）).
FIRST_TASK_YEAR = 2026
TASK_NUMBERS = range(1, 13)


def modes(of_city: pl.DataFrame, absences: pl.DataFrame, provinces: pl.DataFrame) -> pl.DataFrame:
    """One row per city or province, year and mode: parcels, area_mu, share (%), absence.

    `of_city`: region_code, year, mode (未填 where none), parcels, area_mu (亩 claimed under indicator 1); `absences`:
    region_code, year, absence of indicator 1's annual figure, one row for every region and year wanted; `provinces`:
    city_code, province_code.
    """
    found = _with_provinces(of_city, provinces, ["year", "mode"])
    kinds = pl.DataFrame({"mode": [*MODES, NO_MODE]})
    rows = absences.join(kinds, how="cross").join(found, on=["region_code", "year", "mode"], how="left")
    rows = rows.with_columns(_zero_where_reported("parcels", "area_mu"))
    total = pl.col("area_mu").sum().over("region_code", "year")
    nothing = pl.col("absence").is_null() & (total == 0)
    return rows.with_columns(
        share=pl.when(pl.col("absence").is_null() & (total > 0)).then(
            pl.col("area_mu").cast(pl.Float64) / total.cast(pl.Float64) * 100
        ),
        absence=pl.when(nothing).then(pl.lit(Absence.NOT_APPLICABLE)).otherwise("absence"),
    )


def measures(
    records: pl.DataFrame, reports: pl.DataFrame, wanted: pl.DataFrame, provinces: pl.DataFrame
) -> pl.DataFrame:
    """One row per city or province, year and kind of measure: counts, amount_wan_yuan, area_mu.

    A sum is null where no measure states an amount: unknown is not 0.

    `records`: policy_measure placed; `reports`: region_code, year that reported; `wanted`: region_code, year;
    `provinces`: city_code, province_code.
    """
    of_city = (
        records.with_columns(year=pl.col("event_date").dt.year(), region_code="city_code")
        .group_by("region_code", "year", measure="measure_type")
        .agg(
            measures=pl.len().cast(pl.Int64),
            amount_wan_yuan=pl.col("amount_wan_yuan").sum(),
            area_mu=pl.col("area_mu").sum(),
            without_amount=pl.col("amount_wan_yuan").is_null().sum().cast(pl.Int64),
            without_area=pl.col("area_mu").is_null().sum().cast(pl.Int64),
        )
    )
    found = _with_provinces(of_city, provinces, ["year", "measure"])
    reported = pl.concat([reports.select("region_code", "year"), found.select("region_code", "year")]).unique()
    rows = (
        wanted.join(pl.DataFrame({"measure": list(MEASURES)}), how="cross")
        .join(found, on=["region_code", "year", "measure"], how="left")
        .join(reported.with_columns(reported=True), on=["region_code", "year"], how="left")
        .with_columns(absence=pl.when(pl.col("reported").is_null()).then(pl.lit(Absence.NOT_REPORTED)))
    )
    rows = rows.with_columns(
        _zero_where_reported("measures", "amount_wan_yuan", "area_mu", "without_amount", "without_area")
    )
    return rows.with_columns(
        pl.when((pl.col("measures") == 0) | (pl.col("measures") > pl.col(without))).then(name).alias(name)
        for name, without in (("amount_wan_yuan", "without_amount"), ("area_mu", "without_area"))
    )


def demonstrations(records: pl.DataFrame) -> pl.DataFrame:
    """One row per project; `put_forward` where its stage says so."""
    return records.with_columns(put_forward=pl.col("stage") == PUT_FORWARD)


def tasks(records: pl.DataFrame, cities: list[str], plan: list[dict[str, str]], as_of: date) -> pl.DataFrame:
    """One row per region, task, year and quarter: what was reported, and `not_reported` for every city's ended quarter.

    `records`: task_progress placed; `plan`: `policy.tasks()`.
    """
    reported = records.select(
        "region_code", "task_no", "year", "quarter", "progress", "description", local_unit="responsible_unit"
    )
    due = pl.DataFrame(
        [(city, task, *quarter) for city in cities for task in TASK_NUMBERS for quarter in ended_quarters(as_of)],
        schema={name: reported.schema[name] for name in ("region_code", "task_no", "year", "quarter")},
        orient="row",
    )
    names = pl.DataFrame(
        [(int(t["task_no"]), t["section"], t["name"], t["lead_unit"], t["responsible_units"]) for t in plan],
        schema={
            "task_no": pl.Int32, "section": pl.String, "task": pl.String, "lead_unit": pl.String,
            "responsible_units": pl.String,
        },
        orient="row",
    )  # fmt: skip
    rows = due.join(reported, on=["region_code", "task_no", "year", "quarter"], how="full", coalesce=True)
    return rows.join(names, on="task_no", how="left").with_columns(
        absence=pl.when(pl.col("progress").is_null()).then(pl.lit(Absence.NOT_REPORTED))
    )


def ended_quarters(as_of: date) -> list[tuple[int, int]]:
    """(year, quarter) of every quarter since January 2026 whose last day is before the as-of day."""
    quarters = [(year, quarter) for year in range(FIRST_TASK_YEAR, as_of.year + 1) for quarter in range(1, 5)]
    return [(y, q) for y, q in quarters if (as_of.year, (as_of.month + 2) // 3) > (y, q)]


def years_wanted(as_of: date) -> list[int]:
    return list(range(FIRST_YEAR, as_of.year + 1))


def _with_provinces(of_city: pl.DataFrame, provinces: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    sums = [name for name in of_city.columns if name not in ("region_code", *keys)]
    above = (
        of_city.join(provinces, left_on="region_code", right_on="city_code")
        .group_by(*keys, region_code="province_code")
        .agg(pl.col(sums).sum())
    )
    return pl.concat([of_city, above.select(of_city.columns)])


def _zero_where_reported(*names: str) -> list[pl.Expr]:
    return [
        pl.when(pl.col("absence").is_null()).then(pl.col(name).fill_null(0)).otherwise(None).alias(name)
        for name in names
    ]
