"""From figures to assessments: target, gap, expected value, pace, verdict and rank (rulebook §10).

Pure and exact: fractions decide, doubles are only published. Every row is judged at its own period end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from assets.context import Context
from schemas.indicators import (
    FIRST_YEAR,
    HORIZONS,
    INDICATORS,
    PERIODS,
    WORDS,
    Absence,
    Indicator,
    Verdict,
    VerdictKind,
)
from schemas.submissions import PLAN_ACTIVATION, PLAN_REDEVELOPMENT

DAY_ZERO = date(FIRST_YEAR - 1, 12, 31)
PLANS = {"activated_stock_land": PLAN_ACTIVATION, "redeveloped_inefficient_land": PLAN_REDEVELOPMENT}
ASSESSMENT: dict[str, pl.DataType] = {
    "region_code": pl.String(), "region_level": pl.String(), "indicator": pl.String(), "year": pl.Int32(),
    "horizon": pl.Int32(), "basis": pl.String(), "period_end": pl.Date(), "value": pl.Float64(), "target": pl.Float64(),
    "gap": pl.Float64(), "progress": pl.Float64(), "expected": pl.Float64(), "expected_linear": pl.Float64(),
    "pace": pl.Float64(), "time_progress": pl.Float64(), "low": pl.Float64(), "high": pl.Float64(),
    "verdict": pl.String(), "verdict_label": pl.String(), "rank": pl.Int32(), "absence": pl.String(),
    "data_state": pl.String(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One value before its target: everything that a verdict depends on. Values and targets are exact."""

    indicator: Indicator
    year: int
    horizon: int
    period_end: date
    value: Fraction | None
    target: Fraction
    low: Fraction | None = None
    high: Fraction | None = None
    base: Fraction | None = None  # indicator 8: level of 2025
    plans: dict[int, Fraction] | None = None  # indicators 1, 2: planned cumulative total by year
    relative: bool = False  # the target is a relative rise on `base`, in %

    @property
    def horizon_end(self) -> date:
        return date(self.horizon, 12, 31)

    @property
    def over(self) -> bool:
        """The horizon has passed at this row's period end."""
        return self.period_end >= self.horizon_end


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a case comes to; `target` is a level, also where the plan states a relative rise."""

    verdict: str
    target: Fraction | None
    expected: Fraction | float | None = None
    expected_linear: Fraction | float | None = None
    value_due: bool = True  # False: the value belongs to another period and is not shown here

    def pace(self, value: Fraction | None) -> float | None:
        return float(value / Fraction(self.expected)) if value is not None and self.expected else None


def time_progress(day: date, horizon: int) -> Fraction:
    """τ: days elapsed / days to the horizon's 12-31 from 2025-01-01, both ends counted."""
    return Fraction((day - DAY_ZERO).days, (date(horizon, 12, 31) - DAY_ZERO).days)


def trajectory(target: Fraction, horizon: int, plans: dict[int, Fraction], day: date) -> Fraction:
    """The expected cumulative value on a day: year-end points (plan, else target × τ) joined by straight lines in days."""

    def year_end(year: int) -> Fraction:
        if year < FIRST_YEAR:
            return Fraction(0)
        return plans[year] if year in plans else target * time_progress(date(year, 12, 31), horizon)

    start, end = date(day.year - 1, 12, 31), date(day.year, 12, 31)
    elapsed = Fraction((day - start).days, (end - start).days)
    before = year_end(day.year - 1)
    return before + (year_end(day.year) - before) * elapsed


# --- Verdicts ------------------------------------------------------------------------------------------------------


def judge(case: Case, rules) -> Judgement:
    """The verdict of one case by its indicator's kind."""
    return _JUDGES[case.indicator.verdict](case, rules)


def by_pace(value: Fraction, expected: Fraction | float, rules) -> str:
    """on_track, behind or far_behind; with nothing expected yet, any value is on track."""
    if not expected:
        return Verdict.ON_TRACK
    pace = value / Fraction(expected)
    if pace >= Fraction(str(rules["verdict.on_track"])):
        return Verdict.ON_TRACK
    return Verdict.BEHIND if pace >= Fraction(str(rules["verdict.behind"])) else Verdict.FAR_BEHIND


def _cumulative(case: Case, rules) -> Judgement:
    linear = case.target * time_progress(case.period_end, case.horizon)
    expected = trajectory(case.target, case.horizon, case.plans or {}, case.period_end)
    return Judgement(_towards(case, case.target, expected, rules), case.target, expected, linear)


def _towards(case: Case, target: Fraction, expected: Fraction | float | None, rules) -> str:
    """Achieved at any time, missed once the horizon has passed, by pace in between."""
    if case.value is None:
        return ""
    if case.value >= target:
        return Verdict.ACHIEVED
    if case.over:
        return Verdict.MISSED
    return Absence.NO_BASELINE if expected is None else by_pace(case.value, expected, rules)


def _annual_rate(case: Case, rules) -> Judgement:
    year_end = date(case.year, 12, 31)
    share = Fraction(
        (case.period_end - date(case.year - 1, 12, 31)).days, (year_end - date(case.year - 1, 12, 31)).days
    )
    expected = case.target * share
    if case.value is None:
        verdict = ""
    elif case.period_end >= year_end:
        verdict = Verdict.ACHIEVED if case.value >= case.target else Verdict.MISSED
    else:
        verdict = by_pace(case.value, expected, rules)
    return Judgement(verdict, case.target, expected, expected)


def _period_ratio(case: Case, rules) -> Judgement:
    first, _ = next(period for period in PERIODS if period[1] == case.horizon)
    if case.year < first:  # the plan's 2030 target is for supply of 2028–2030, which has not begun
        return Judgement(Absence.NOT_DUE, case.target, value_due=False)
    if case.value is None:
        return Judgement("", case.target)
    if case.value >= case.target:
        return Judgement(Verdict.ACHIEVED if case.over else Verdict.ON_TRACK, case.target)
    if case.over:
        return Judgement(Verdict.MISSED, case.target)
    margin = rules["verdict.far_margin" if case.indicator.code == "industrial_far" else "verdict.share_margin"]
    near = case.target - case.value <= Fraction(str(margin))
    return Judgement(Verdict.BEHIND if near else Verdict.FAR_BEHIND, case.target)


def _reduction(case: Case, rules) -> Judgement:
    if case.year == FIRST_YEAR:
        return Judgement(Absence.NOT_DUE if case.value is not None else "", case.target)
    share = (case.year - FIRST_YEAR) / (case.horizon - FIRST_YEAR)
    expected = case.target if case.year == case.horizon else (1 - (1 - float(case.target) / 100) ** share) * 100
    if case.value is not None and case.low is not None and case.low <= case.target <= case.high:
        return Judgement(Verdict.UNDECIDABLE, case.target, expected, expected)
    return Judgement(_towards(case, case.target, expected, rules), case.target, expected, expected)


def _level(case: Case, rules) -> Judgement:
    target = case.target
    if case.relative:
        if case.base is None:
            return Judgement(Absence.NO_BASELINE if case.value is not None else "", None)
        target = case.base * (1 + case.target / 100)
    share = Fraction(case.year - FIRST_YEAR, case.horizon - FIRST_YEAR)
    expected = None if case.base is None else case.base + (target - case.base) * share
    return Judgement(_towards(case, target, expected, rules), target, expected, expected)


_JUDGES = {
    VerdictKind.CUMULATIVE_AREA: _cumulative,
    VerdictKind.ANNUAL_RATE: _annual_rate,
    VerdictKind.PERIOD_RATIO: _period_ratio,
    VerdictKind.REDUCTION: _reduction,
    VerdictKind.LEVEL: _level,
}


# --- The table -----------------------------------------------------------------------------------------------------


def assess(figures: pl.DataFrame, targets: pl.DataFrame, plans: pl.DataFrame, context: Context) -> pl.DataFrame:
    """One row per region with a target × indicator × year × horizon.

    `figures`: FIGURE columns and `indicator`; `targets`: rows of one target version; `plans`: annual_task records with
    region_code, year, task, task_area_mu.
    """  # fmt: skip
    by_place = {(f["region_code"], f["indicator"], f["year"], f["basis"]): f for f in figures.iter_rows(named=True)}
    planned = {
        (p["region_code"], p["task"], p["year"]): Fraction(p["task_area_mu"]) for p in plans.iter_rows(named=True)
    }
    rows = []
    for target in targets.sort("region_code", "indicator", "horizon").iter_rows(named=True):
        indicator = INDICATORS[target["indicator"]]
        for year in range(FIRST_YEAR, min(context.as_of.year, target["horizon"]) + 1):
            figure = by_place.get((target["region_code"], indicator.code, year, indicator.judged))
            if figure is not None:
                case = _case(indicator, figure, target, planned)
                rows.append((case, _row(case, judge(case, context.rules), figure)))
    _rank(rows)
    return pl.DataFrame([row for _, row in rows], schema=ASSESSMENT, orient="row")


def exact_value(indicator: Indicator, figure: dict) -> Fraction | None:
    """A figure's value without rounding, from its exact sums where it has them."""
    if figure["value"] is None:
        return None
    if figure["exact"] is not None:
        return Fraction(figure["exact"])
    top, bottom = figure["top"], figure["bottom"]
    if bottom is None:
        return Fraction(top)
    return Fraction(top) / Fraction(bottom) * (100 if indicator.unit == "%" else 1)


def _case(indicator: Indicator, figure: dict, target: dict, planned: dict) -> Case:
    region, task = figure["region_code"], PLANS.get(indicator.code)
    plans = {y: planned[region, task, y] for y in range(FIRST_YEAR, HORIZONS[-1] + 1) if (region, task, y) in planned}
    exact = {name: figure[f"exact_{name}"] for name in ("low", "high", "base")}
    return Case(
        indicator, figure["year"], target["horizon"], figure["period_end"], exact_value(indicator, figure),
        Fraction(Decimal(target["value"])), plans=plans, **{name: None if text is None else Fraction(text) for name, text in exact.items()},
        relative=target["kind"] == "relative_rise",
    )  # fmt: skip


def _row(case: Case, judgement: Judgement, figure: dict) -> dict:
    value = case.value if judgement.value_due else None
    absence = figure["absence"] if judgement.value_due else Absence.NOT_DUE
    verdict, target = str(judgement.verdict or absence), judgement.target
    return {
        "region_code": figure["region_code"], "region_level": figure["region_level"], "indicator": case.indicator.code,
        "year": case.year, "horizon": case.horizon, "basis": figure["basis"], "period_end": case.period_end,
        "value": figure["value"] if judgement.value_due else None,
        "target": _float(target),
        "gap": _float(value - target) if value is not None and target is not None else None,
        "progress": _float(value / target) if value is not None and target else None,
        "expected": _float(judgement.expected), "expected_linear": _float(judgement.expected_linear),
        "pace": judgement.pace(value), "time_progress": float(time_progress(case.period_end, case.horizon)),
        "low": figure["low"], "high": figure["high"],
        "verdict": verdict, "verdict_label": WORDS[verdict][0], "rank": None, "absence": absence,
        "data_state": figure["data_state"],
    }  # fmt: skip


def _float(value: Fraction | float | None) -> float | None:
    return None if value is None else float(value)


def _rank(rows: list[tuple[Case, dict]]) -> None:
    """Rank the cities of each indicator, year and horizon: by value / target for areas, by value for the rest."""
    groups: dict[tuple, list[tuple[Fraction, dict]]] = {}
    for case, row in rows:
        if row["region_level"] == "city" and row["value"] is not None:
            merit = case.value / case.target if case.indicator.ranked_by_progress else case.value
            groups.setdefault((case.indicator.code, case.year, case.horizon), []).append((merit, row))
    for group in groups.values():
        for merit, row in group:
            row["rank"] = 1 + sum(other > merit for other, _ in group)
