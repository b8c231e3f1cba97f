"""Target trajectories (目标轨迹): what is expected on which day; straight lines between the days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from assets.evaluation import DAY_ZERO, PLANS, time_progress, trajectory
from schemas.indicators import FIRST_YEAR, INDICATORS, PERIODS, VerdictKind

Line = list[tuple[date, float, float]]  # day, expected, expected on the linear path

SCHEMA = {
    "region_code": pl.String(), "indicator": pl.String(), "horizon": pl.Int32(), "day": pl.Date(),
    "expected": pl.Float64(), "expected_linear": pl.Float64(),
}  # fmt: skip


def trajectories(targets: pl.DataFrame, plans: pl.DataFrame, bases: pl.DataFrame) -> pl.DataFrame:
    """One row per region, indicator, horizon and day, for all targets given. Shapes as in `evaluation.assess`."""
    planned = {
        (p["region_code"], p["task"], p["year"]): Fraction(p["task_area_mu"]) for p in plans.iter_rows(named=True)
    }
    based: dict[str, dict[int, Fraction]] = {}
    for each in bases.iter_rows(named=True):
        based.setdefault(each["region_code"], {})[each["year"]] = Fraction(each["value"])
    rows = []
    for target in targets.iter_rows(named=True):
        region, horizon, task = target["region_code"], target["horizon"], PLANS.get(target["indicator"])
        own = {year: area for (code, name, year), area in planned.items() if (code, name) == (region, task)}
        for only, base in _base_by_year(based.get(region, {}), horizon):
            level = _level(target, base)
            rows += [
                (region, target["indicator"], horizon, day, expected, linear)
                for day, expected, linear in line(target["indicator"], level, horizon, own, base)
                if only is None or day.year == only
            ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _base_by_year(known: dict[int, Fraction], horizon: int) -> list[tuple[int | None, Fraction | None]]:
    """(year, the base that it is judged against): the province's is that of the cities that reported in the year. A year
    without one has that of the year before it, or else of the first that has; (None, None) where no year has any."""
    if not known:
        return [(None, None)]
    years = range(FIRST_YEAR, horizon + 1)
    return [(year, known[max((y for y in known if y <= year), default=min(known))]) for year in years]


def _level(target: dict, base: Fraction | None) -> Fraction | None:
    goal = Fraction(Decimal(target["value"]))
    if target["kind"] != "relative_rise":
        return goal
    return None if base is None else base * (1 + goal / 100)


def line(
    indicator: str, target: Fraction | None, horizon: int, plans: dict[int, Fraction], base: Fraction | None
) -> Line:
    """The days of one trajectory; none where a level has no base. Plans override areas (rulebook §10)."""
    if target is None:
        return []
    ends = [date(year, 12, 31) for year in range(FIRST_YEAR, horizon + 1)]
    match INDICATORS[indicator].verdict:
        case VerdictKind.CUMULATIVE_AREA:
            days = [DAY_ZERO, *ends]
            return [
                (day, float(trajectory(target, horizon, plans, day)), float(target * time_progress(day, horizon)))
                for day in days
            ]
        case VerdictKind.ANNUAL_RATE:
            return [point for end in ends for point in (_first_day(target, end), (end, float(target), float(target)))]
        case VerdictKind.PERIOD_RATIO:
            first = next(first for first, last in PERIODS if last == horizon)
            return [(day, float(target), float(target)) for day in (date(first, 1, 1), date(horizon, 12, 31))]
        case VerdictKind.REDUCTION:
            left = 1 - float(target) / 100
            made = [(1 - left ** ((day.year - FIRST_YEAR) / (horizon - FIRST_YEAR))) * 100 for day in ends[:-1]]
            return [(day, value, value) for day, value in zip(ends, [*made, float(target)], strict=True)]
        case VerdictKind.LEVEL:
            if base is None:
                return []
            steps = [Fraction(day.year - FIRST_YEAR, horizon - FIRST_YEAR) for day in ends]
            values = [float(base + (target - base) * step) for step in steps]
            return [(day, value, value) for day, value in zip(ends, values, strict=True)]


def _first_day(target: Fraction, end: date) -> tuple[date, float, float]:
    """Both ends of a year count (rulebook §10): its first day is a part of it."""
    share = float(target / end.timetuple().tm_yday)
    return date(end.year, 1, 1), share, share
