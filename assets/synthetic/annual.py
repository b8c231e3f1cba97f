"""Tables keyed by region and year: 年度任务, 建设用地变更调查, 地区生产总值, 步行覆盖. Few rows.

Cities send their own file and the province sends its own rows; two cities also give their counties' rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from assets.synthetic import batching, draws
from assets.synthetic.plan import START, UNDECIDABLE_CITY, City, elapsed, years
from schemas.policy import PROVINCE, targets
from schemas.submissions import (
    ANNUAL_TASK,
    CONSTRUCTION_LAND,
    CONSTRUCTION_LAND_CLASSES,
    GDP,
    LAND_TOTAL,
    PLAN_ACTIVATION,
    PLAN_REDEVELOPMENT,
    TASK_DIGESTION,
    TASK_IDLE,
    UNCOUNTED_LAND_CLASSES,
    WALK_ALL_FIVE,
    WALK_COVERAGE,
)
from schemas.table import Kind, Table

COUNTY_CITIES = ("330500", "330900")
#: The sum of this city's county GDP misses the city's own figure.
MISMATCHED_CITY = "330900"
#: It reports growth (4.7) instead of an index (104.7) and corrects it a week later.
GROWTH_AS_INDEX_CITY = "331000"
#: Its first 2025 base of walk coverage is further than a point from the plan's.
STRAY_BASE_CITY = "330600"
CLASS_CITIES = ("330100", "330300", "330700")  # give the survey's classes instead of the total
_CLASS_WEIGHTS = dict(
    zip(CONSTRUCTION_LAND_CLASSES, (5, 12, 33, 11, 3, 2, 0.6, 12, 8, 0.4, 1.5, 1, 0.8, 6, 3.7), strict=True)
)
_WALK_OFFSETS = {"文化": -3.5, "教育": 5.0, "卫生": 2.5, "体育": -6.5, "养老": 2.5}

_DTYPES = {Kind.AREA: pl.Int64, Kind.AREA_PART: pl.Int64, Kind.MONEY: pl.Int64, Kind.DATE: pl.Date, Kind.YEAR: pl.Int32}


def all_tables(cities: Sequence[City], until: date, seed: int, province: str = PROVINCE) -> dict[str, pl.DataFrame]:
    """The four tables as they are handed in, by table name: declared and control columns."""
    own = province == PROVINCE
    made = {
        ANNUAL_TASK: (*tasks(cities, until), *(province_tasks(cities, until) if own else ())),
        CONSTRUCTION_LAND: tuple(land(cities, until, seed)),
        GDP: (*gdp(cities, until, seed), *(province_gdp(cities, until) if own else ())),
        WALK_COVERAGE: tuple(walk(cities, until, seed)),
    }
    return {table.name: _frame(table, rows, until) for table, rows in made.items()}


def _frame(table: Table, rows: Iterable[dict[str, Any]], until: date) -> pl.DataFrame:
    schema = {column.name: _DTYPES.get(column.kind, pl.String) for column in table.columns} | batching.CONTROL
    return pl.DataFrame([row for row in rows if row["_received"] <= until], schema=schema, orient="row")


def _file(city: City, year: int, received: date, label: str = "") -> dict[str, Any]:
    return {"_sender": city.code, "_year": year, "_received": received, "_label": label}


# --- Tasks and plans --------------------------------------------------------------------------------------------------


def tasks(cities: Sequence[City], until: date) -> Iterable[dict[str, Any]]:
    """Four tasks a year and city, due on 31 March (the first year's after the plan came out)."""
    for city in cities:
        for year in years(until):
            areas = {
                TASK_DIGESTION: city.digestion_task[year],
                TASK_IDLE: city.idle_task[year],
                PLAN_ACTIVATION: round(city.activation_plan[year] / 15) * 10_000,
                PLAN_REDEVELOPMENT: round(city.redevelopment_plan[year] / 15) * 10_000,
            }
            issued = _issued(year)
            file = _file(city, year, issued + timedelta(days=5 + int(city.code[2:4]) % 9))
            for task, area in areas.items():
                row = {
                    "year": year,
                    "task": task,
                    "issue_no": f"浙自然资发〔{year}〕{12 + year % 7}号",
                    "issue_date": issued,
                    **file,
                }
                yield row | {"region_code": city.code, "task_area_mu": area}
                if city.code in COUNTY_CITIES:
                    # A county's share is whole hectares, so that the city is their exact sum.
                    parts = draws.split(area // 10_000, range(3, 3 + len(city.counties)))
                    for county, part in zip(city.county_codes, parts, strict=True):
                        yield row | {"region_code": county, "task_area_mu": part * 10_000}


def province_tasks(cities: Sequence[City], until: date) -> Iterable[dict[str, Any]]:
    """The province's own rows: the sum of its cities' tasks, and its own plan near the straight line."""
    goals = {
        (r["indicator"], r["horizon"]): float(r["value"])
        for r in targets().filter(region_code=PROVINCE).iter_rows(named=True)
    }
    for year in years(until):
        passed = sum(elapsed(y, date(year, 12, 31)) for y in range(START.year, year + 1)) / 6
        areas = {
            TASK_DIGESTION: sum(city.digestion_task[year] for city in cities),
            TASK_IDLE: sum(city.idle_task[year] for city in cities),
            PLAN_ACTIVATION: round(goals["activated_stock_land", 2030] * passed / 15) * 10_000,
            PLAN_REDEVELOPMENT: round(goals["redeveloped_inefficient_land", 2030] * passed / 15) * 10_000,
        }
        issued = _issued(year)
        for task, area in areas.items():
            yield {
                "region_code": PROVINCE,
                "year": year,
                "task": task,
                "task_area_mu": area,
                "issue_no": f"浙政办发〔{year}〕{8 + year % 5}号",
                "issue_date": issued,
                "_sender": PROVINCE,
                "_year": year,
                "_received": issued + timedelta(days=2),
                "_label": "",
            }


def _issued(year: int) -> date:
    """The plan took effect on 2025-09-26; later years' tasks are issued in March."""
    return date(2025, 10, 14) if year == START.year else date(year, 3, 12)


# --- Survey and GDP ---------------------------------------------------------------------------------------------------


def land(cities: Sequence[City], until: date, seed: int) -> Iterable[dict[str, Any]]:
    """The survey of a year: 初步 in the following May, 最终 in October, a little apart."""
    for city in cities:
        rng = draws.stream(seed, "land", city.code)
        late = int(rng.integers(0, 9))
        for year in years(until):
            first_look = round(city.land[year] * (1 + rng.normal(0, 0.0012)))
            for vintage, area, day in (
                ("初步", first_look, date(year + 1, 5, 12)),
                ("最终", city.land[year], date(year + 1, 10, 16)),
            ):
                file = _file(city, year, day + timedelta(days=late), vintage)
                row = {"year": year, "vintage": vintage, "published_on": day - timedelta(days=10), **file}
                if city.code in CLASS_CITIES:
                    parts = draws.split(area, list(_CLASS_WEIGHTS.values()))
                    for name, part in zip(_CLASS_WEIGHTS, parts, strict=True):
                        yield row | {"region_code": city.code, "land_class": name, "area_mu": part}
                    for name in UNCOUNTED_LAND_CLASSES:
                        yield row | {"region_code": city.code, "land_class": name, "area_mu": round(area * 0.02)}
                else:
                    yield row | {"region_code": city.code, "land_class": LAND_TOTAL, "area_mu": area}
                if city.code in COUNTY_CITIES:
                    for county, part in zip(city.county_codes, _county_parts(city, area), strict=True):
                        yield row | {"region_code": county, "land_class": LAND_TOTAL, "area_mu": part}


def gdp(cities: Sequence[City], until: date, seed: int) -> Iterable[dict[str, Any]]:
    """GDP of a year: 初步核算 in the following January, 最终核实 at that year's end; 元."""
    for city in cities:
        rng = draws.stream(seed, "gdp", city.code)
        late = int(rng.integers(0, 6))
        level = city.gdp
        for year in years(until):
            if year > START.year:
                level *= (1 + city.growth[year] / 100) * 1.004  # prices rise a little
            index = f"{100 + city.growth[year]:.1f}"
            # The city at the edge keeps its index: a revision would move it away from the target.
            revised = (
                index
                if city.code == UNDECIDABLE_CITY
                else f"{100 + city.growth[year] + rng.choice([-0.1, 0, 0, 0.1]):.1f}"
            )
            for vintage, value, real, day in (
                ("初步核算", level, index, date(year + 1, 1, 24)),
                ("最终核实", level * (1 + rng.normal(0, 0.003)), revised, date(year + 1, 12, 12)),
            ):
                file = _file(city, year, day + timedelta(days=late), vintage)
                yuan = round(value * 100) * 1_000_000  # 亿元 with two decimals
                row = {"year": year, "vintage": vintage, "published_on": day, **file}
                own = row | {"region_code": city.code, "gdp_wan_yuan": yuan, "real_index": real}
                if city.code == GROWTH_AS_INDEX_CITY and year == START.year and vintage == "初步核算":
                    yield own | {"real_index": real.removeprefix("10").removeprefix("1"), "_tag": "growth_as_index"}
                    own |= {"_received": row["_received"] + timedelta(days=7), "_label": "更正"}
                mismatched = city.code == MISMATCHED_CITY and year == START.year and vintage == "初步核算"
                yield own | {"_tag": "county_mismatch" if mismatched else None}
                if city.code in COUNTY_CITIES:
                    parts = _county_parts(city, yuan // 1_000_000)
                    parts[0] += round(sum(parts) * 0.012) if mismatched else 0
                    for county, part in zip(city.county_codes, parts, strict=True):
                        yield row | {
                            "region_code": county,
                            "gdp_wan_yuan": part * 1_000_000,
                            "real_index": f"{float(real) + rng.choice([-0.4, 0, 0.3]):.1f}",
                        }


def province_gdp(cities: Sequence[City], until: date) -> Iterable[dict[str, Any]]:
    """The province's GDP; it has no survey row of its own, so its reduction is derived from the cities."""
    level = sum(city.gdp for city in cities) * 1.002
    for year in years(until):
        growth = sum(city.gdp * city.growth[year] for city in cities) / sum(city.gdp for city in cities)
        level *= (1 + growth / 100) if year > START.year else 1
        day = date(year + 1, 1, 22)
        yield {
            "region_code": PROVINCE,
            "year": year,
            "gdp_wan_yuan": round(level * 100) * 1_000_000,
            "real_index": f"{100 + growth:.1f}",
            "vintage": "初步核算",
            "published_on": day,
            "_sender": PROVINCE,
            "_year": year,
            "_received": day,
            "_label": "初步核算",
        }


def _county_parts(city: City, total: int) -> list[int]:
    return draws.split(total, [3 + (7 * number) % 5 for number in range(len(city.county_codes))])


# --- Walk coverage ----------------------------------------------------------------------------------------------------


def walk(cities: Sequence[City], until: date, seed: int) -> Iterable[dict[str, Any]]:
    """Five classes and 五类全覆盖 a year and city, received in December or January."""
    for city in cities:
        rng = draws.stream(seed, "walk", city.code)
        late = int(rng.integers(0, 40))
        for year in years(until):
            file = _file(city, year, date(year, 12, 8) + timedelta(days=late))
            residential = round(city.residential * (1 + 0.012 * (year - START.year)))
            stray = city.code == STRAY_BASE_CITY and year == START.year
            level = city.walk[year] + (1.9 if stray else 0)
            row = {
                "region_code": city.code,
                "year": year,
                "residential_area_mu": residential,
                "boundary_version": f"中心城区{year}版",
                "method": "缓冲区" if city.code == "331100" else "路网",
                **file,
            }
            for name, offset in _WALK_OFFSETS.items():
                covered = min(residential, round(residential * (level + offset) / 100))
                yield row | {
                    "facility_class": name,
                    "covered_area_mu": covered,
                    "_tag": "stray_walk_base" if stray and name == "文化" else None,
                }
            yield row | {"facility_class": WALK_ALL_FIVE, "covered_area_mu": round(residential * (level - 11) / 100)}
