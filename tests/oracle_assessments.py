"""Verdicts for the second opinion (`tests/oracle.py`), from rulebook §10 alone: each row at its own period end."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from tests.oracle import BASES, FIRST_DAY, PERIODS, Figure, Oracle
from tests.oracle_records import Row

HORIZONS = (2027, 2030)
PLANS = {"activated_stock_land": "盘活存量建设用地", "redeveloped_inefficient_land": "低效用地再开发"}

Expected = tuple[Fraction | None, Fraction | None]


def assessments(oracle: Oracle) -> dict[tuple[str, str, int, int], Row]:
    """(region, indicator, year, horizon) → value, target, expected, expected_linear, pace, verdict, rank."""
    rows = {
        (region, indicator, year, horizon): assess(oracle, region, indicator, year, horizon)
        for region in [oracle.province, *oracle.cities]
        for indicator in BASES
        for horizon in HORIZONS
        for year in range(2025, min(oracle.as_of.year, horizon) + 1)
    }
    for (region, *place), row in rows.items():
        scores = [rows[city, *place]["score"] for city in oracle.cities]
        ranked = region != oracle.province and row["score"] is not None
        row["rank"] = 1 + sum(score is not None and score > row["score"] for score in scores) if ranked else None
    return rows


class Question(NamedTuple):
    """What is judged: a region's indicator in a year against a horizon, at the row's own period end."""

    region: str
    indicator: str
    year: int
    horizon: int
    day: date
    target: Fraction | None


def assess(oracle: Oracle, region: str, indicator: str, year: int, horizon: int) -> Row:
    figure = oracle.figure(indicator, region, year, BASES[indicator][-1])
    target = find_target(oracle, region, indicator, year, horizon)
    if "period" in BASES[indicator] and horizon != next(last for first, last in PERIODS if first <= year <= last):
        # A horizon judges its own period only, and that has not begun.
        figure = Figure(figure.period_start, figure.period_end, absence="not_due")
    asked = Question(region, indicator, year, horizon, figure.period_end, target)
    linear, expected = EXPECTED[indicator](oracle, asked)
    value = figure.value
    pace = value / expected if value is not None and expected else None
    row = {
        "value": value, "target": target, "expected": expected, "expected_linear": linear, "pace": pace,
        "score": value / target if value is not None and indicator in PLANS else value,
    }  # fmt: skip
    row["verdict"] = figure.absence or JUDGES[indicator](row, figure, asked)
    return row


def find_target(oracle: Oracle, region: str, indicator: str, year: int, horizon: int) -> Fraction | None:
    entry = oracle.targets[region, indicator, horizon]
    if entry["kind"] != "relative_rise":
        return Fraction(entry["value"])
    base = oracle.walk_base(region, year)
    return None if base is None else base * (1 + Fraction(entry["value"]) / 100)


# --- What is expected by now: (linear, in force) -------------------------------------------------------------------


def expected_area(oracle: Oracle, asked: Question) -> Expected:
    """Year-end points (plan value where given, else target × τ) joined by straight lines in days."""
    points = [(0, Fraction(0))]
    for year in range(2025, asked.horizon + 1):
        end = date(year, 12, 31)
        planned = oracle.tasks.get((asked.region, year, PLANS[asked.indicator]))
        points.append((elapsed(end), asked.target * tau(end, asked.horizon) if planned is None else planned))
    now = elapsed(asked.day)
    (day_0, value_0), (day_1, value_1) = next(pair for pair in itertools.pairwise(points) if pair[1][0] >= now)
    on_the_way = value_0 + (value_1 - value_0) * Fraction(now - day_0, day_1 - day_0)
    return asked.target * tau(asked.day, asked.horizon), on_the_way


def expected_rate(oracle: Oracle, asked: Question) -> Expected:
    begin, end = date(asked.year, 1, 1), date(asked.year, 12, 31)
    value = asked.target * Fraction((asked.day - begin).days + 1, (end - begin).days + 1)
    return value, value


def expected_ratio(oracle: Oracle, asked: Question) -> Expected:
    return None, None


def expected_reduction(oracle: Oracle, asked: Question) -> Expected:
    """1 − (1 − target)^τ′ in %; an irrational number, hence through a float."""
    if asked.year == 2025:
        return None, None
    way = (asked.year - 2025) / (asked.horizon - 2025)
    value = Fraction((1 - (1 - float(asked.target) / 100) ** way) * 100)
    return value, value


def expected_level(oracle: Oracle, asked: Question) -> Expected:
    base = oracle.walk_base(asked.region, asked.year)
    if base is None:
        return None, None
    value = base + (asked.target - base) * Fraction(asked.year - 2025, asked.horizon - 2025)
    return value, value


# --- Verdicts -------------------------------------------------------------------------------------------------------


def judge_area(row: Row, figure: Figure, asked: Question) -> str:
    if row["value"] >= row["target"]:
        return "achieved"
    return "missed" if is_over(figure, asked.horizon) else by_pace(row)


def judge_rate(row: Row, figure: Figure, asked: Question) -> str:
    if is_over(figure, asked.year):
        return "achieved" if row["value"] >= row["target"] else "missed"
    return by_pace(row)


def judge_ratio(row: Row, figure: Figure, asked: Question) -> str:
    margin = Fraction(1) if asked.indicator == "stock_supply_share" else Fraction(5, 100)
    reached = row["value"] >= row["target"]
    if is_over(figure, asked.horizon):
        return "achieved" if reached else "missed"
    if reached:
        return "on_track"
    return "behind" if row["value"] >= row["target"] - margin else "far_behind"


def judge_reduction(row: Row, figure: Figure, asked: Question) -> str:
    if asked.year == 2025:
        return "not_due"
    if figure.low <= row["target"] <= figure.high:
        return "undecidable"
    return judge_area(row, figure, asked)


def judge_level(row: Row, figure: Figure, asked: Question) -> str:
    if row["target"] is not None and row["value"] >= row["target"]:
        return "achieved"
    return "no_baseline" if row["expected"] is None else judge_area(row, figure, asked)


def is_over(figure: Figure, year: int) -> bool:
    return figure.period_end >= date(year, 12, 31)


def by_pace(row: Row) -> str:
    if row["value"] >= row["expected"]:
        return "on_track"
    return "behind" if row["value"] >= row["expected"] * Fraction(9, 10) else "far_behind"


def elapsed(day: date) -> int:
    """Days from 2025-01-01, both ends counted."""
    return (day - FIRST_DAY).days + 1


def tau(day: date, horizon: int) -> Fraction:
    return Fraction(elapsed(day), elapsed(date(horizon, 12, 31)))


EXPECTED: dict[str, Callable] = {
    "activated_stock_land": expected_area,
    "redeveloped_inefficient_land": expected_area,
    "unsupplied_digestion_rate": expected_rate,
    "idle_disposal_rate": expected_rate,
    "stock_supply_share": expected_ratio,
    "industrial_far": expected_ratio,
    "land_per_gdp_reduction": expected_reduction,
    "walk15_coverage": expected_level,
}
JUDGES: dict[str, Callable[..., str]] = {
    "activated_stock_land": judge_area,
    "redeveloped_inefficient_land": judge_area,
    "unsupplied_digestion_rate": judge_rate,
    "idle_disposal_rate": judge_rate,
    "stock_supply_share": judge_ratio,
    "industrial_far": judge_ratio,
    "land_per_gdp_reduction": judge_reduction,
    "walk15_coverage": judge_level,
}
