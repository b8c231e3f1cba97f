"""What accompanies the indicators: 示范项目, 任务台账, 政策举措, 园区亩均效益."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from assets.synthetic import batching, draws
from assets.synthetic.annual import _DTYPES
from assets.synthetic.plan import START, Batch, City, years
from schemas.policy import PROVINCE, tasks
from schemas.submissions import DEMONSTRATION_PROJECT, MODES, PARK_PERFORMANCE, POLICY_MEASURE, TASK_PROGRESS
from schemas.table import Kind, Table

_STAGES = ("谋划", "在建", "完成", "推广", "申报国家案例")
_PLAN = date(2025, 9, 1)  # when it came out
_MEASURES = {
    "规划引导": ("低效用地再开发专项规划", "片区更新单元详细规划", "存量空间盘活五年计划"),
    "用地支持": ("工业用地“标准地”出让", "混合产业用地供给", "新增计划指标奖励"),
    "资金保障": ("城市更新基金", "低效整治专项贷款", "腾地补偿奖励"),
    "机制模式": ("亩均效益综合评价", "土地收储联动机制", "容积率奖励办法"),
}
_PARKS = ("经济技术开发区", "高新技术产业开发区", "产业集聚区", "小微企业园", "特色小镇园区", "临港产业园")
_NOTES = {"未启动": "方案编制中", "推进中": "已印发实施细则，按季度调度", "已完成": "任务已完成并通过省级核查"}

Rows = Iterable[dict[str, Any]]


def all_tables(
    cities: Sequence[City], quarters: Sequence[Batch], until: date, seed: int, province: str = PROVINCE
) -> dict[str, pl.DataFrame]:
    """The four tables as they are handed in, by table name: declared and control columns."""
    made: dict[Table, Rows] = {
        DEMONSTRATION_PROJECT: projects(cities, until, seed),
        TASK_PROGRESS: progress(cities, quarters, seed, province),
        POLICY_MEASURE: measures(cities, until, seed),
        PARK_PERFORMANCE: parks(cities, until, seed),
    }
    return {table.name: _frame(table, rows, until) for table, rows in made.items()}


def _frame(table: Table, rows: Rows, until: date) -> pl.DataFrame:
    dtypes = _DTYPES | {Kind.INTEGER: pl.Int32}
    schema = {column.name: dtypes.get(column.kind, pl.String) for column in table.columns} | batching.CONTROL
    return pl.DataFrame([row for row in rows if row["_received"] <= until], schema=schema, orient="row")


def _file(sender: str, year: int, received: date, label: str = "") -> dict[str, Any]:
    return {"_sender": sender, "_year": year, "_received": received, "_label": label}


def projects(cities: Sequence[City], until: date, seed: int) -> Rows:
    """A handful of demonstration projects per city, reported every year as they move from 谋划 to 推广."""
    for city in cities:
        rng = draws.stream(seed, "projects", city.code)
        for number in range(int(rng.integers(4, 8))):
            mode, area = MODES[int(rng.integers(0, 6))], int(rng.integers(4, 60)) * 10_000
            start = START + timedelta(days=int(rng.integers(60, 620)))
            completion = start + timedelta(days=int(rng.integers(300, 800)))
            county = int(rng.integers(0, len(city.county_codes)))
            fixed = {
                "project_no": f"SF{city.code}-{number + 1:03d}",
                "project_name": f"{city.county_names[county]}{mode}示范片区{number + 1}期",
                "region_code": city.county_codes[county],
                "mode": mode,
                "batch": f"第{1 + number % 3}批",
                "land_area_mu": area,
                "activated_area_mu": int(area * rng.uniform(0.4, 0.95)),
                "investment_wan_yuan": int(rng.integers(3, 90)) * 100_000_000,
                "measures": "、".join(list(_MEASURES)[: 1 + number % 4]),
            }
            listed = START + timedelta(days=int(rng.integers(120, 520)))
            for year in years(until):
                day = draws.later(date(year, 12, 31), 9, until)
                if day >= listed:
                    stage = 0 if day < start else 1 if day < completion else min(4, 2 + (day - completion).days // 240)
                    dates = {
                        "start_date": start if stage >= 1 else None,
                        "completion_date": completion if stage >= 2 else None,
                    }
                    yield fixed | dates | {"stage": _STAGES[stage]} | _file(city.code, year, day)


def progress(cities: Sequence[City], quarters: Sequence[Batch], seed: int, province: str) -> Rows:
    """The twelve tasks of every city and of the province, in one file of the province for every quarter that is over,
    from the one on in which the plan came out."""
    told = [quarter for quarter in quarters if quarter.last >= _PLAN and _is_over(quarter)]
    rng = draws.stream(seed, "progress", province)
    for region in (province, *(city.code for city in cities)):
        starts = rng.integers(0, 4, 12)
        ends = starts + rng.integers(5, 22, 12)
        for index, quarter in enumerate(told):
            for task, begin, end in zip(tasks(), starts, ends, strict=True):
                state = "未启动" if index < begin else "推进中" if index < end else "已完成"
                yield {
                    "region_code": region,
                    "task_no": int(task["task_no"]),
                    "year": quarter.year,
                    "quarter": (quarter.first.month + 2) // 3,
                    "progress": state,
                    "description": _NOTES[state],
                    "responsible_unit": task["lead_unit"],
                    **_file(province, quarter.year, quarter.received, quarter.label),
                }


def _is_over(quarter: Batch) -> bool:
    return quarter.last.month % 3 == 0 and (quarter.last + timedelta(days=1)).day == 1


def measures(cities: Sequence[City], until: date, seed: int) -> Rows:
    """About ten policy measures per city and year, reported once a year (the current year's on `until`)."""
    for city in cities:
        rng = draws.stream(seed, "measures", city.code)
        for year in years(until):
            received = draws.later(date(year, 12, 31), 12, until)
            for number in range(int(rng.integers(7, 14))):
                kind = list(_MEASURES)[int(rng.choice(4, p=[0.3, 0.3, 0.2, 0.2]))]
                day = date(year, 1, 10) + timedelta(days=int(rng.integers(0, 340)))
                if day > until:
                    continue
                county = int(rng.integers(0, len(city.county_codes)))
                money = int(rng.integers(2, 300)) * 1_000_000 if kind == "资金保障" else None
                area = int(rng.integers(1, 80)) * 10_000 if kind != "机制模式" else None
                yield {
                    "region_code": city.county_codes[county],
                    "measure_no": f"JC{city.code}-{year}-{number + 1:03d}",
                    "measure_type": kind,
                    "measure_name": f"{city.county_names[county]}{_MEASURES[kind][int(rng.integers(0, 3))]}",
                    "amount_wan_yuan": money,
                    "area_mu": area,
                    "event_date": day,
                    **_file(city.code, year, received),
                }


def parks(cities: Sequence[City], until: date, seed: int) -> Rows:
    """Industrial parks of a city with area, tax and value added of a year, received in the following April."""
    for city in cities:
        rng = draws.stream(seed, "parks", city.code)
        for number in range(int(rng.integers(4, 7))):
            county = int(rng.integers(0, len(city.county_codes)))
            area, far = int(rng.integers(60, 1500)) * 10_000, city.far - rng.uniform(0.1, 0.5)
            tax_per_ha, value_per_ha = rng.uniform(2e6, 9e6), rng.uniform(8e6, 4e7)
            for year in years(until):
                grown = 1.05 ** (year - START.year)
                yield {
                    "region_code": city.county_codes[county],
                    "park_code": f"YQ{city.code}{number + 1:02d}",
                    "year": year,
                    "park_name": f"{city.county_names[county]}{_PARKS[number % len(_PARKS)]}",
                    "industrial_area_mu": area,
                    "tax_wan_yuan": round(area / 1e4 * tax_per_ha * grown / 1e4) * 10_000,
                    "value_added_wan_yuan": round(area / 1e4 * value_per_ha * grown / 1e4) * 10_000,
                    "average_far": f"{far + 0.02 * (year - START.year):.2f}",
                    **_file(city.code, year, date(year + 1, 4, 15)),
                }
