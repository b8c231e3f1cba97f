"""How well the forecasts did (预测回测): made again from every earlier month, beside what came (`docs/forecast.md`)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from assets.context import Context
from assets.forecast import (
    MIN_MONTHS,
    History,
    Monthly,
    Trio,
    annual_rate,
    cumulative_area,
    level,
    period_ratio,
    reduction,
    spreads_of_steps,
    values_by_year,
    yearly_tasks,
)
from schemas.indicators import FIRST_YEAR, INDICATORS, PERIODS, Indicator, VerdictKind

BACKTEST = {
    "region_code": pl.String(), "indicator": pl.String(), "months_ahead": pl.Int32(), "cut": pl.Int32(),
    "actual": pl.Float64(), "forecast": pl.Float64(), "low": pl.Float64(), "high": pl.Float64(),
}  # fmt: skip


def backtest(past: History, figures: pl.DataFrame, ahead: Iterable[int], context: Context) -> pl.DataFrame:
    """Forecasts from every earlier month, beside what came: one row per region, indicator, cut and months ahead.

    Cuts the event clock of what is known today: months up to `cut` (year × 12 + month − 1) against the value `ahead`
    months later. Annual rates look to the end of the cut's year, reductions and levels 12 months at a time.
    """
    tasks, rows = yearly_tasks(figures), []
    for (region, code), months in sorted(past.months.items()):
        for cut in range(months.first + MIN_MONTHS - 1, months.end - 1):
            kind = INDICATORS[code].verdict
            ends = [cut // 12 * 12 + 11] if kind is VerdictKind.ANNUAL_RATE else [cut + step for step in ahead]
            for end in ends:
                if cut < end < months.end:
                    found = _tested(INDICATORS[code], months, cut, end, tasks.get((region, code), {}))
                    if found is not None:
                        actual, trio = found
                        rows.append((region, code, end - cut, cut, actual, trio.value, trio.low, trio.high))
    rows += _backtest_years(values_by_year(figures), context)
    return pl.DataFrame(rows, schema=BACKTEST, orient="row")


def _tested(indicator: Indicator, months: Monthly, cut: int, end: int, tasks: dict) -> tuple[float, Trio] | None:
    """(what came, what was forecast) of one cut, or None."""
    known, whole = months.until(cut), months.until(end)
    match indicator.verdict:
        case VerdictKind.CUMULATIVE_AREA:
            trio = cumulative_area(known, float(known.tops.sum()), end)
            return trio and (float(whole.tops.sum()), trio)
        case VerdictKind.ANNUAL_RATE:
            year, task = cut // 12, tasks.get(cut // 12)
            if not task:
                return None
            begin = max(0, year * 12 - months.first)
            done, all_year = (float(each.tops[begin:].sum()) / task * 100 for each in (known, whole))
            trio = annual_rate(known, tasks, year, done)
            return trio and (all_year, trio)
        case _:
            first = next((first * 12 for first, last in PERIODS if first * 12 <= cut and end <= last * 12 + 11), None)
            if first is None:
                return None
            percent = indicator.unit == "%"
            trio = period_ratio(known, first, end, 100 if percent else 1, 100.0 if percent else None)
            begin = max(0, first - months.first)
            top, bottom = whole.tops[begin:].sum(), whole.bottoms[begin:].sum()
            return trio and (float(top / bottom) * (100 if percent else 1), trio)


def _backtest_years(years: dict[tuple[str, str], dict[int, float]], context: Context) -> list[tuple]:
    rows = []
    for cut in range(FIRST_YEAR + 1, max((max(values) for values in years.values()), default=0)):
        known = {key: {y: v for y, v in values.items() if y <= cut} for key, values in years.items()}
        spreads = spreads_of_steps(known, context)
        for (region, code), values in sorted(years.items()):
            method = reduction if INDICATORS[code].verdict is VerdictKind.REDUCTION else level
            for end in sorted(y for y in values if y > cut):
                trio = method(known[region, code], end, spreads.get(code))
                if trio is not None:
                    ahead, month = (end - cut) * 12, cut * 12 + 11
                    rows.append((region, code, ahead, month, values[end], trio.value, trio.low, trio.high))
    return rows


def accuracy(tested: pl.DataFrame) -> pl.DataFrame:
    """By indicator and months ahead: n, median and mean error (forecast − actual), and coverage of the 80% range (%).

    Errors of areas are in % of the actual value, of the others in their own unit.
    """
    areas = [code for code, each in INDICATORS.items() if each.verdict is VerdictKind.CUMULATIVE_AREA]
    difference = pl.col("forecast") - pl.col("actual")
    error = pl.when(pl.col("indicator").is_in(areas)).then(difference / pl.col("actual") * 100).otherwise(difference)
    return (
        tested.with_columns(error=error, covered=pl.col("actual").is_between("low", "high"))
        .group_by("indicator", "months_ahead")
        .agg(
            n=pl.len(), median_absolute_error=pl.col("error").abs().median(), bias=pl.col("error").mean(),
            coverage=pl.col("covered").mean() * 100,
        )
        .sort(pl.col("indicator").replace_strict({code: n for n, code in enumerate(INDICATORS)}), "months_ahead")
    )  # fmt: skip
