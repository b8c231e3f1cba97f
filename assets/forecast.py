"""Forecasts (预测): the value at the horizon with an 80% range, by one simple stated method per kind of verdict.

- areas (1, 2): run rate of the last 12 whole months, with the seasons of the calendar months once 24 are known;
- annual rates (3, 4): the same on the share of the year's task, to the end of the row's year;
- period ratios (5, 6): supply to date plus supply ahead at its run rate, whose share follows a damped trend;
- reduction (7): the average yearly change of land per GDP, chained;
- level (8): the straight line through the known years, within 0–100.

Only for the as-of's own year, never for a horizon that has passed, never on too little data: then null. Always marked
预测 and kept beside the figures, never among them. Pure and deterministic; `history` alone reads the warehouse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import exp, log, sqrt

import duckdb
import numpy as np
import polars as pl

from assets.context import Context
from schemas.indicators import FIRST_YEAR, INDICATORS, PERIODS, Basis, Indicator, VerdictKind

MIN_MONTHS = 6
SEASON_MONTHS = 24
MIN_QUARTERS = 3
#: How many standard deviations on either side hold 80%.
Z80 = 1.2816
#: Each quarter ahead keeps so much of the trend before it.
DAMPING = 0.8
#: How much a yearly change of land per GDP may move for all cities at once, as a share of itself. Assumed, not
#: estimated: by 2030 there are five yearly changes, and GDP growth of 3 to 9% a year moves them all together.
COMMON_MOVEMENT = 0.3
COLUMNS = ("forecast", "forecast_low", "forecast_high")


@dataclass(frozen=True, slots=True)
class Trio:
    """A forecast and its range; low ≤ value ≤ high."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Monthly:
    """Sums of a region's events by month. `first` and the months after it are counted as year × 12 + month − 1."""

    first: int
    tops: np.ndarray
    bottoms: np.ndarray

    def until(self, month: int) -> Monthly:
        """What was there up to a month, that one included."""
        count = max(0, month - self.first + 1)
        return Monthly(self.first, self.tops[:count], self.bottoms[:count])

    @property
    def end(self) -> int:
        """The month after the last."""
        return self.first + len(self.tops)


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


# --- Methods -------------------------------------------------------------------------------------------------------


def t80(degrees: int) -> float:
    """How many standard deviations hold 80%, when the deviation itself is estimated from so few values (Student)."""
    return Z80 + 0.8467 / degrees + 0.571 / degrees**2


def run_rate(monthly: np.ndarray, first: int, last: int) -> tuple[float, float] | None:
    """Expected sum over the months after the known ones through `last`, and half the width of its 80% range.

    None with fewer than six months or nothing ahead.
    """
    ahead = np.arange(first + len(monthly), last + 1)
    if len(monthly) < MIN_MONTHS or not len(ahead):
        return None
    recent = monthly[-12:]
    season, spread = _seasons(monthly, first)
    expected = recent.mean() * season[ahead % 12].sum()
    half = t80(len(recent) - 1) * spread * sqrt(len(ahead) + len(ahead) ** 2 / len(recent))
    return float(expected), float(half)


def _seasons(monthly: np.ndarray, first: int) -> tuple[np.ndarray, float]:
    """Factors of the twelve calendar months (all 1 before 24 months are known) and the spread that they leave."""
    whole = monthly[len(monthly) % 12 :] if len(monthly) >= SEASON_MONTHS else monthly[-12:]
    if len(monthly) < SEASON_MONTHS or whole.mean() == 0:
        return np.ones(12), float(whole.std(ddof=1))
    calendar = (first + len(monthly) - len(whole) + np.arange(len(whole))) % 12
    season = np.array([whole[calendar == month].mean() for month in range(12)]) / whole.mean()
    left = whole - whole.mean() * season[calendar]
    return season, float(sqrt((left**2).sum() / (len(whole) - 12)))


def cumulative_area(months: Monthly, value: float, last: int) -> Trio | None:
    """Sum to date plus the run rate; never below what is there already. All in 亩."""
    ahead = run_rate(months.tops, months.first, last)
    if ahead is None:
        return None
    return _range(float(months.tops.sum()) + ahead[0], ahead[1], lowest=value)


def annual_rate(months: Monthly, tasks: dict[int, float], year: int, value: float) -> Trio | None:
    """% of the year's task at its end: months as shares of the task of their year, at their run rate."""
    first = next(
        (y for y in range(months.first // 12, year + 1) if all(tasks.get(t) for t in range(y, year + 1))), None
    )
    if first is None:
        return None
    skipped = max(0, first * 12 - months.first)
    start, tops = months.first + skipped, months.tops[skipped:]
    shares = np.array([top / tasks[(start + n) // 12] * 100 for n, top in enumerate(tops)])
    ahead = run_rate(shares, start, year * 12 + 11)
    if ahead is None:
        return None
    done = sum(share for n, share in enumerate(shares) if (start + n) // 12 == year)
    return _range(float(done) + ahead[0], ahead[1], lowest=value)


def period_ratio(months: Monthly, begin: int, last: int, factor: int, most: float | None) -> Trio | None:
    """Ratio over the months from `begin` through `last`: what is there plus supply ahead, its share on a damped trend.

    `factor` 100 for %; `most` bounds the share (100 for %, None for a FAR).
    """
    supply = run_rate(months.bottoms, months.first, last)
    quarters = _quarters(months)
    if supply is None or len(quarters) < MIN_QUARTERS or supply[0] <= 0:
        return None
    tops, bottoms = quarters[-4:, 0], quarters[-4:, 1]
    level = tops.sum() / bottoms.sum()
    slope = 0.0
    if len(quarters) >= 8:
        before = quarters[-8:-4]
        slope = (level - before[:, 0].sum() / before[:, 1].sum()) / 4
    count = max(1, round((last - months.end + 1) / 3))
    steps = np.cumsum(DAMPING ** np.arange(1, count + 1))
    share_ahead = float(np.clip(level + slope * steps.mean(), 0, None if most is None else most / factor))
    skipped = max(0, begin - months.first)
    top, bottom = float(months.tops[skipped:].sum()), float(months.bottoms[skipped:].sum())
    weight = supply[0] / (bottom + supply[0])
    value = (top + share_ahead * supply[0]) / (bottom + supply[0]) * factor
    shares = quarters[-8:, 0] / quarters[-8:, 1]
    spread = float(shares.std(ddof=1)) * factor * weight * sqrt(1 / count + 1 / len(tops))
    return _range(value, t80(len(shares) - 1) * spread, lowest=0.0, most=most)


def _quarters(months: Monthly) -> np.ndarray:
    """(top, bottom) of the latest whole spans of three months, oldest first, those without supply left out."""
    kept = len(months.tops) // 3 * 3
    tops, bottoms = months.tops[len(months.tops) - kept :], months.bottoms[len(months.bottoms) - kept :]
    sums = np.stack([tops.reshape(-1, 3).sum(axis=1), bottoms.reshape(-1, 3).sum(axis=1)], axis=1)
    return sums[sums[:, 1] > 0]


def reduction(by_year: dict[int, float], horizon: int, spread: float | None) -> Trio | None:
    """% against 2025 at the horizon, from the known years' values: the average yearly change of land per GDP, chained.

    `spread`: half the 80% range of a yearly change (of logarithms) among the cities. It grows with the years, not with
    their root: a city that changes fast keeps doing so. What moves all cities at once cannot be seen in them, hence
    `COMMON_MOVEMENT` beside it, one year independent of the next.
    """
    known = {year: value for year, value in by_year.items() if year > FIRST_YEAR}
    if not known or spread is None:
        return None
    year = max(known)
    years, ahead = year - FIRST_YEAR, horizon - year
    left = log(1 - known[year] / 100)
    change = left / years
    own = spread * ahead * sqrt(1 + 1 / years)
    common = Z80 * COMMON_MOVEMENT * abs(change) * sqrt(ahead + ahead**2 / years)
    half = sqrt(own**2 + common**2)
    try:
        value, high, low = (100 * (1 - exp(left + change * ahead + side * half)) for side in (0, -1, 1))
    except OverflowError:  # records so wrong that no number holds what would come of them
        return None
    return Trio(value, low, high)


def level(by_year: dict[int, float], horizon: int, spread: float | None) -> Trio | None:
    """The least-squares line through two known years or more, within 0–100. `spread`: as in `reduction`, in points."""
    if len(by_year) < 2 or spread is None:
        return None
    years, values = np.array(sorted(by_year)), np.array([by_year[year] for year in sorted(by_year)])
    slope, start = np.polyfit(years - years[0], values, 1)
    ahead = horizon - int(years[-1])
    half = spread * sqrt(ahead + ahead**2 / (len(years) - 1))
    return _range(float(np.clip(start + slope * (horizon - years[0]), 0, 100)), half, lowest=0.0, most=100.0)


def yearly_spread(steps: Iterable[float]) -> float | None:
    """Half the 80% range of a yearly change, from those of all cities; None with fewer than three."""
    values = np.array(list(steps))
    return t80(len(values) - 1) * float(values.std(ddof=1)) if len(values) >= 3 else None


def _range(value: float, half: float, lowest: float, most: float | None = None) -> Trio:
    value = max(value, lowest)
    low, high = max(lowest, value - half), value + half
    return Trio(value, low, high if most is None else min(most, high))


# --- History ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class History:
    """What forecasts rest on: monthly sums by region and indicator, up to the last month that is known whole."""

    months: dict[tuple[str, str], Monthly]


def history(con: duckdb.DuckDBPyConnection, context: Context, regions: Collection[str]) -> History:
    """Monthly sums of the ledgers of indicators 1–6 for some cities and provinces, with all cities of the provinces.

    A city's months end with the last one before its latest receipt of an event table: what came after is not known
    yet, not nothing. The province's months end where those of its slowest reporting city do.
    """
    cities, made = _cities(context, regions), {}
    for indicator in INDICATORS.values():
        if indicator.verdict in (VerdictKind.REDUCTION, VerdictKind.LEVEL):
            continue
        events = con.execute(
            f"SELECT city_code, year(event_date) * 12 + month(event_date) - 1 AS month,"
            " coalesce(sum(amount) FILTER (role IN ('numerator', 'both')), 0)::DOUBLE AS top,"
            " coalesce(sum(amount) FILTER (role IN ('denominator', 'both')), 0)::DOUBLE AS bottom"
            f" FROM indicator.{indicator.code} WHERE role <> 'excluded' AND list_contains(?, city_code)"
            " AND event_date >= make_date(?, 1, 1) GROUP BY ALL ORDER BY ALL",
            [cities, FIRST_YEAR],
        ).pl()
        known = {city: day for city, day in known_until(con, indicator, context).items() if city in cities}
        for region, months in monthly(events, known, context).items():
            made[region, indicator.code] = months
    return History(made)


def _cities(context: Context, regions: Collection[str]) -> list[str]:
    """The cities among some regions, and those of the provinces among them."""
    wanted = pl.col("code").is_in(regions) | pl.col("province_code").is_in(regions)
    return context.regions.current.filter(wanted, level="city")["code"].to_list()


def known_until(con: duckdb.DuckDBPyConnection, indicator: Indicator, context: Context) -> dict[str, date]:
    """The day of each city's latest accepted receipt of an event table, by the as-of day."""
    tables = ", ".join(f"'{name}'" for name in indicator.event_tables)
    rows = con.execute(
        f"SELECT r.city_code, max(s.received_on) FROM raw.submission s JOIN core.region r ON r.code = s.region_code"
        f" WHERE s.loaded AND s.status <> 'rejected' AND s.source_table IN ({tables}) AND r.city_code IS NOT NULL"
        " AND s.received_on <= ? GROUP BY ALL",
        [context.as_of],
    ).fetchall()
    return dict(rows)


def monthly(events: pl.DataFrame, known: dict[str, date], context: Context) -> dict[str, Monthly]:
    """City events (city_code, month, top, bottom) → months of every city in `known` and its province, from 2025-01."""
    first, made = FIRST_YEAR * 12, {}
    months: dict[str, list[tuple[int, float, float]]] = {}
    for city, *month in (
        events.select("city_code", "month", "top", "bottom").sort("city_code", maintain_order=True).iter_rows()
    ):
        months.setdefault(city, []).append(tuple(month))
    members: dict[str, list[str]] = {}
    places = context.regions.current.filter(level="city").select("code", "province_code")
    for city, province in places.iter_rows():
        if city in known:
            members.setdefault(province, []).append(city)
            made[city] = _filled(months.get(city, []), first, month_of(known[city]))
    for province, cities in members.items():
        end = min(made[city].end for city in cities)
        made[province] = _filled([month for city in sorted(cities) for month in months.get(city, [])], first, end)
    return made


def _filled(months: list[tuple[int, float, float]], first: int, end: int) -> Monthly:
    """Sums of the months from `first` up to, not including, `end`; 0 where nothing happened."""
    tops, bottoms = np.zeros(max(0, end - first)), np.zeros(max(0, end - first))
    for month, top, bottom in months:
        if first <= month < end:
            tops[month - first] += top
            bottoms[month - first] += bottom
    return Monthly(first, tops, bottoms)


# --- Into the assessments --------------------------------------------------------------------------------------------


def fill(assessed: pl.DataFrame, figures: pl.DataFrame, past: History, context: Context) -> pl.DataFrame:
    """Assessments with `forecast`, `forecast_low` and `forecast_high` where there is one, else null.

    `figures`: all figures, FIGURE columns and `indicator`.
    """
    years = values_by_year(figures)
    spreads = spreads_of_steps(years, context)
    tasks = yearly_tasks(figures)
    rows = []
    for row in assessed.select("region_code", "indicator", "year", "horizon", "value").iter_rows(named=True):
        trio = None
        if row["year"] == context.as_of.year and context.as_of < date(row["horizon"], 12, 31):
            trio = _forecast(row, past, years, spreads, tasks)
        rows.append((None,) * 3 if trio is None else (trio.value, trio.low, trio.high))
    trios = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.Float64), orient="row")
    return pl.concat([assessed, trios], how="horizontal")


def _forecast(row: dict, past: History, years: dict, spreads: dict, tasks: dict) -> Trio | None:
    region, code, horizon = row["region_code"], row["indicator"], row["horizon"]
    indicator, months = INDICATORS[code], past.months.get((region, code))
    known, last = years.get((region, code), {}), horizon * 12 + 11
    match indicator.verdict:
        case VerdictKind.REDUCTION:
            return reduction(known, horizon, spreads.get(code))
        case VerdictKind.LEVEL:
            return level(known, horizon, spreads.get(code))
    if months is None or row["value"] is None:
        return None
    match indicator.verdict:
        case VerdictKind.CUMULATIVE_AREA:
            return cumulative_area(months, row["value"], last)
        case VerdictKind.ANNUAL_RATE:
            return annual_rate(months, tasks.get((region, code), {}), row["year"], row["value"])
        case VerdictKind.PERIOD_RATIO:
            first = next(first for first, end in PERIODS if end == horizon)
            percent = indicator.unit == "%"
            return period_ratio(months, first * 12, last, 100 if percent else 1, 100.0 if percent else None)


def values_by_year(figures: pl.DataFrame) -> dict[tuple[str, str], dict[int, float]]:
    """Values of indicators 7 and 8 on the basis that is judged, by region, indicator and year.

    A reduction that the double shows as 100 % is left out: from there nothing can be chained.
    """
    found: dict[tuple[str, str], dict[int, float]] = {}
    for code, indicator in INDICATORS.items():
        if indicator.verdict in (VerdictKind.REDUCTION, VerdictKind.LEVEL):
            rows = figures.filter(
                (pl.col("indicator") == code) & (pl.col("basis") == indicator.judged) & pl.col("value").is_not_null()
            )
            if indicator.verdict is VerdictKind.REDUCTION:
                rows = rows.filter(pl.col("value") < 100)
            for region, year, value in rows.select("region_code", "year", "value").iter_rows():
                found.setdefault((region, code), {})[year] = value
    return found


def spreads_of_steps(years: dict[tuple[str, str], dict[int, float]], context: Context) -> dict[str, float | None]:
    """How much a yearly change differs among the cities and from year to year, by indicator."""
    cities = set(context.regions.codes("city"))
    steps: dict[str, list[float]] = {}
    for (region, code), values in years.items():
        if region in cities:
            scale = _log_left if INDICATORS[code].verdict is VerdictKind.REDUCTION else float
            ordered = sorted(values)
            for before, after in pairwise(ordered):
                change = (scale(values[after]) - scale(values[before])) / (after - before)
                steps.setdefault(code, []).append(change)
    return {code: yearly_spread(found) for code, found in steps.items()}


def _log_left(value: float) -> float:
    return log(1 - value / 100)


def yearly_tasks(figures: pl.DataFrame) -> dict[tuple[str, str], dict[int, float]]:
    """The year's task in 亩 (what an annual rate is divided by), by region, indicator and year."""
    rates = [code for code, indicator in INDICATORS.items() if indicator.verdict is VerdictKind.ANNUAL_RATE]
    rows = figures.filter(
        pl.col("indicator").is_in(rates) & (pl.col("basis") == Basis.ANNUAL) & pl.col("value").is_not_null()
    )
    found: dict[tuple[str, str], dict[int, float]] = {}
    for region, code, year, task in rows.select("region_code", "indicator", "year", "bottom").iter_rows():
        found.setdefault((region, code), {})[year] = float(task)
    return found
