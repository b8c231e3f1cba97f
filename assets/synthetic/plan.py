"""How large each city is and how it fares: the volumes that the tables are drawn to, and when files are due.

Zhejiang's cities follow the plan's targets with a pace of their own; a national world has one size per city and no
targets. All areas are whole m², so that 公顷 (4 decimals), 亩 (4) and 平方米 (0) spell the same value exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from assets.synthetic.draws import later, stream
from schemas.policy import Regions, regions, targets

START = date(2025, 1, 1)
MU_M2 = 10_000 / 15
#: 亩 in steps of 30 are whole hectares: a task then reads well in both units.
TASK_STEP_MU = 30

#: 2025 GDP in 亿元 and construction land in km², rounded from public figures; residential land of the 中心城区 in 公顷.
_MAGNITUDES = {
    "330100": (23000, 2000, 14200), "330200": (19000, 1950, 11800), "330300": (10200, 1420, 9100),
    "330400": (7950, 1290, 4700), "330500": (4430, 920, 3600), "330600": (8790, 1260, 6900),
    "330700": (7270, 1370, 4300), "330800": (2390, 800, 2600), "330900": (2340, 390, 1900),
    "331000": (6890, 1230, 5200), "331100": (2270, 720, 1700),
}  # fmt: skip
#: Share of the linear trajectory that a city achieves, so that every verdict occurs somewhere.
_PACES = {
    "330100": 1.10, "330200": 1.04, "330300": 0.96, "330400": 1.16, "330500": 1.22, "330600": 0.93,
    "330700": 1.02, "330800": 0.82, "330900": 0.88, "331000": 1.07, "331100": 0.97,
}  # fmt: skip
_WALK_BASES = {
    "330100": 80, "330200": 80, "330300": 83, "330400": 75, "330500": 64, "330600": 55,
    "330700": 60, "330800": 60, "330900": 75, "331000": 52, "331100": 65,
}  # fmt: skip
#: Its reduction of land per GDP meets the 2027 target within what an index of one decimal can tell.
UNDECIDABLE_CITY = "330400"
#: It has no idle land to dispose of in the first year: a task of 0.
NO_IDLE_TASK = ("330900", 2025)
#: It has not handed in its idle land in the last year.
SILENT_CITY = "331100"


@dataclass(frozen=True, slots=True)
class City:
    """One city's volumes through `until`: areas in m², plans in 亩, GDP in 亿元, shares and rates as fractions."""

    code: str
    name: str
    province: str
    counties: tuple[tuple[str, str], ...]  # code, name
    former: tuple[tuple[str, date], ...]  # abolished county codes with their last day
    supply_count: int
    existing: int  # existing part of all supply
    linked: int  # redeveloped through a supply
    own: int  # redeveloped by the holder
    stock_share: float
    far: float
    digestion_task: dict[int, int]
    digested: dict[int, int]
    idle_task: dict[int, int]
    disposed: dict[int, int]
    activation_plan: dict[int, int]
    redevelopment_plan: dict[int, int]
    gdp: float
    growth: dict[int, float]
    land: dict[int, int]
    residential: int
    walk: dict[int, float]

    @property
    def county_codes(self) -> list[str]:
        return [code for code, _ in self.counties] or [self.code]

    @property
    def county_names(self) -> list[str]:
        return [name for _, name in self.counties] or [self.name]


@dataclass(frozen=True, slots=True)
class Batch:
    """One period of reporting: events of [first, last] arrive on `received`."""

    first: date
    last: date
    received: date
    label: str

    @property
    def year(self) -> int:
        return self.last.year


def years(until: date) -> range:
    return range(START.year, until.year + 1)


def elapsed(year: int, until: date) -> float:
    """Share of a year that has passed by `until`."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    return min(1.0, max(0.0, ((min(until, last) - first).days + 1) / ((last - first).days + 1)))


def batches(until: date, months: int, delay: int = 10) -> list[Batch]:
    """The reporting periods of `months` months since 2025-01-01; the last one is cut off at `until`."""
    labels = {3: ("第1季度", "第2季度", "第3季度", "第4季度"), 6: ("上半年", "下半年"), 12: ("",)}[months]
    starts = [
        date(year, month, 1)
        for year in range(START.year, until.year + 2)
        for month in range(1, 13, months)
        if date(year, month, 1) <= until
    ]
    ends = [after - timedelta(days=1) for _, after in pairwise([*starts, until + timedelta(days=1)])]
    return [
        Batch(first, last, later(last, delay, until), labels[(first.month - 1) // months])
        for first, last in zip(starts, ends, strict=True)
    ]


# --- Zhejiang ------------------------------------------------------------------------------------------------------


def province(until: date, seed: int) -> list[City]:
    """The 11 cities, drawn around the plan's targets."""
    table = regions()
    return [_target_city(code, table, until, seed) for code in table.codes("city")]


def _target_city(code: str, table: Regions, until: date, seed: int) -> City:
    rng = stream(seed, "city", code)
    goals = {
        (row["indicator"], row["horizon"]): float(row["value"])
        for row in targets().filter(region_code=code).iter_rows(named=True)
    }
    pace = _PACES[code] + rng.uniform(-0.02, 0.02)
    redevelopment_pace = pace * rng.uniform(0.93, 1.0)
    activated = _through(goals, "activated_stock_land", until) * pace * MU_M2
    redeveloped = _through(goals, "redeveloped_inefficient_land", until) * redevelopment_pace * MU_M2

    yearly = goals["activated_stock_land", 2027] / 3
    idle_share = min(
        0.12, 0.3 * (1 - goals["redeveloped_inefficient_land", 2027] / goals["activated_stock_land", 2027])
    )
    digestion_task = {year: _task(yearly * 0.35 * rng.uniform(0.9, 1.1)) for year in years(until)}
    idle_task = {year: 0 if (code, year) == NO_IDLE_TASK else _task(yearly * idle_share) for year in years(until)}
    digested = _done(rng, digestion_task, until)
    disposed = _done(rng, idle_task, until)

    # Every linked patch must find room in the existing land that was supplied again.
    room = activated - sum(disposed.values())
    own_share = max(0.4, (redeveloped - 0.8 * room) / (0.2 * redeveloped))
    own, linked = redeveloped * own_share, redeveloped * (1 - own_share)
    existing = room - own
    share = (goals["stock_supply_share", 2027] + rng.uniform(-3.5, 4.5)) / 100
    gdp, land, residential = _MAGNITUDES[code]
    growth = {year: round(rng.uniform(4.3, 6.6), 1) for year in years(until)}
    return City(
        code=code,
        name=table.name(code),
        province="330000",
        counties=_counties(table, code),
        former=_former(table, code),
        supply_count=max(1, round(existing / (33_000 * (share - 0.07)))),
        existing=round(existing),
        linked=round(linked),
        own=round(own),
        stock_share=share,
        far=rng.uniform(1.32, 1.76),
        digestion_task=digestion_task,
        digested=digested,
        idle_task=idle_task,
        disposed=disposed,
        activation_plan=_plan(goals, "activated_stock_land", until, rng),
        redevelopment_plan=_plan(goals, "redeveloped_inefficient_land", until, rng),
        gdp=gdp * rng.uniform(0.99, 1.01),
        growth=growth,
        land=_land(code, land * 1_000_000, growth, goals, rng),
        residential=residential * 10_000,
        walk=_walk(_WALK_BASES[code], goals, until, rng),
    )


def _through(goals: dict, indicator: str, until: date) -> float:
    """The linear trajectory of a cumulative target at `until`, in 亩."""
    first, second = goals[indicator, 2027], goals[indicator, 2030]
    passed = sum(elapsed(year, until) for year in range(2025, 2028)) / 3
    after = sum(elapsed(year, until) for year in range(2028, 2031)) / 3
    return first * passed + (second - first) * after


def _plan(goals: dict, indicator: str, until: date, rng: np.random.Generator) -> dict[int, int]:
    """The city's own cumulative plan for the end of each year, in 亩: near the straight line, not on it."""
    return {
        year: round(_through(goals, indicator, date(year, 12, 31)) * rng.uniform(0.96, 1.04) / TASK_STEP_MU)
        * TASK_STEP_MU
        for year in years(until)
    }


def _task(mu: float) -> int:
    """A task in 亩, rounded to its step → m²."""
    return max(1, round(mu / TASK_STEP_MU)) * TASK_STEP_MU // 15 * 10_000


def _done(rng: np.random.Generator, task: dict[int, int], until: date) -> dict[int, int]:
    """What was done of each year's task by `until`: 80 to 117 % of it over a whole year."""
    return {year: round(area * rng.uniform(0.80, 1.17) * elapsed(year, until)) for year, area in task.items()}


def _land(code: str, base: int, growth: dict[int, float], goals: dict, rng: np.random.Generator) -> dict[int, int]:
    """Construction land of every year: what the year's GDP leaves after land per GDP fell along the target's curve."""
    pace = 1.0 if code == UNDECIDABLE_CITY else rng.uniform(0.88, 1.14)
    land, real = {START.year: base}, 1.0
    for year in sorted(growth)[1:]:
        real *= 1 + growth[year] / 100
        horizon = 2027 if year <= 2027 else 2030
        target = goals["land_per_gdp_reduction", horizon] / 100
        fallen = (1 - (1 - target) ** ((year - START.year) / (horizon - START.year))) * pace
        land[year] = round(base * (1 - fallen) * real)
    return land


def _walk(base: float, goals: dict, until: date, rng: np.random.Generator) -> dict[int, float]:
    """Coverage in % on the lines from the 2025 base to the targets, with a little noise (at most 0.5 in the base)."""
    line = np.interp(
        list(years(until)), [2025, 2027, 2030], [base, goals["walk15_coverage", 2027], goals["walk15_coverage", 2030]]
    )
    return {
        year: float(value + rng.uniform(-0.5, 0.5) * (1 + (year > 2025) * 0.6))
        for year, value in zip(years(until), line, strict=True)
    }


def _counties(table: Regions, city: str) -> tuple[tuple[str, str], ...]:
    rows = table.current.filter(level="county", city_code=city)
    return tuple(rows.select("code", "name").iter_rows())


def _former(table: Regions, city: str) -> tuple[tuple[str, date], ...]:
    rows = table.frame.filter(pl.col("last_day").is_not_null() & (pl.col("city_code") == city)).sort("code")
    return tuple(rows.select("code", "last_day").iter_rows())


# --- The whole country ----------------------------------------------------------------------------------------------


def national(table: Regions, until: date, seed: int, rows: int) -> list[City]:
    """All cities of a region table; `rows` supply records in all, spread log-normally, other volumes in proportion."""
    codes = table.codes("city")
    weights = stream(seed, "sizes").lognormal(0, 0.5, len(codes))
    counts = np.maximum(np.rint(rows * weights / weights.sum()), 1).astype(int)
    province_of = dict(table.current.select("code", "province_code").iter_rows())
    return [
        _free_city(code, province_of[code], int(count), table, until, seed)
        for code, count in zip(codes, counts, strict=True)
    ]


def _free_city(code: str, province: str, count: int, table: Regions, until: date, seed: int) -> City:
    rng = stream(seed, "city", code)
    share = rng.uniform(0.45, 0.68)
    existing = count * 33_000 * (share - 0.07)
    passed = sum(elapsed(year, until) for year in years(until))
    yearly = existing / passed / MU_M2
    digestion_task = {year: _task(yearly * 0.35) for year in years(until)}
    idle_task = {year: _task(yearly * 0.12) for year in years(until)}
    growth = {year: round(rng.uniform(3.0, 7.0), 1) for year in years(until)}
    base = rng.uniform(50, 82)
    goals = {
        ("land_per_gdp_reduction", 2027): 8.0, ("land_per_gdp_reduction", 2030): 17.0,
        ("walk15_coverage", 2027): base + 4, ("walk15_coverage", 2030): base + 9,
        ("activated_stock_land", 2027): yearly * 4.5, ("activated_stock_land", 2030): yearly * 9,
        ("redeveloped_inefficient_land", 2027): yearly * 2, ("redeveloped_inefficient_land", 2030): yearly * 4,
    }  # fmt: skip
    return City(
        code=code,
        name=table.name(code),
        province=province,
        counties=_counties(table, code),
        former=_former(table, code),
        supply_count=count,
        existing=round(existing),
        linked=round(existing * 0.3),
        own=round(existing * 0.2),
        stock_share=share,
        far=rng.uniform(1.1, 1.9),
        digestion_task=digestion_task,
        digested=_done(rng, digestion_task, until),
        idle_task=idle_task,
        disposed=_done(rng, idle_task, until),
        activation_plan=_plan(goals, "activated_stock_land", until, rng),
        redevelopment_plan=_plan(goals, "redeveloped_inefficient_land", until, rng),
        gdp=float(rng.lognormal(7.8, 0.8)),
        growth=growth,
        land=_land(code, round(float(rng.uniform(3e8, 2e9))), growth, goals, rng),
        residential=round(float(rng.uniform(1e7, 1e8))),
        walk=_walk(base, goals, until, rng),
    )
