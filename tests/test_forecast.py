"""Forecasts by hand: constant rates forecast themselves, short histories forecast nothing."""

from __future__ import annotations

from datetime import date
from math import exp, log, sqrt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import backtest, forecast
from assets.context import Context
from assets.forecast import History, Monthly, Trio
from schemas import policy

JANUARY_2025 = 2025 * 12
DECEMBER_2027 = 2027 * 12 + 11


def context(day: str = "2026-11-23") -> Context:
    as_of = date.fromisoformat(day)
    return Context(as_of, policy.rulebook(as_of), policy.regions(), policy.target_version(as_of))


def months(*tops: float, bottoms: float = 0.0) -> Monthly:
    return Monthly(JANUARY_2025, np.array(tops, float), np.full(len(tops), bottoms))


def steady(count: int, top: float = 100.0, bottom: float = 0.0) -> Monthly:
    return Monthly(JANUARY_2025, np.full(count, top), np.full(count, bottom))


# --- Run rate --------------------------------------------------------------------------------------------------------


def test_a_steady_rate_goes_on():
    # 12 months of 100 亩 to 2025-12, 24 ahead
    assert forecast.run_rate(np.full(12, 100.0), JANUARY_2025, DECEMBER_2027) == (2400.0, 0.0)


@pytest.mark.parametrize(("known", "last"), [(5, DECEMBER_2027), (12, JANUARY_2025 + 11), (12, JANUARY_2025 + 5)])
def test_no_run_rate_without_history_or_future(known, last):
    assert forecast.run_rate(np.full(known, 100.0), JANUARY_2025, last) is None


def test_only_the_last_twelve_months_make_the_rate():
    monthly = np.array([1000.0] * 6 + [10.0] * 12)
    assert forecast.run_rate(monthly, JANUARY_2025, JANUARY_2025 + 18)[0] == 10.0


def test_seasons_once_two_years_are_known():
    # every December 1,200, every other month 0: the next eleven months bring nothing, the twelfth 1,200
    year = [0.0] * 11 + [1200.0]
    two_years = np.array(year * 2)
    assert forecast.run_rate(two_years, JANUARY_2025, JANUARY_2025 + 34)[0] == 0.0
    assert forecast.run_rate(two_years, JANUARY_2025, JANUARY_2025 + 35)[0] == pytest.approx(1200.0)
    # one year is not enough to tell a season from a chance: 100 a month
    assert forecast.run_rate(np.array(year), JANUARY_2025, JANUARY_2025 + 12)[0] == pytest.approx(100.0)


def test_the_range_widens_with_the_spread_and_with_time():
    monthly = np.array([90.0, 110.0] * 6)
    near, far = (forecast.run_rate(monthly, JANUARY_2025, JANUARY_2025 + 11 + n)[1] for n in (1, 12))
    assert 0 < near < far


# --- Kinds -----------------------------------------------------------------------------------------------------------


def test_areas_add_to_what_is_there():
    assert forecast.cumulative_area(steady(12), 1200.0, JANUARY_2025 + 17) == Trio(1800.0, 1800.0, 1800.0)


def test_areas_never_fall_below_what_is_there():
    # the value knows of 5,000 亩 received after the last whole month
    assert forecast.cumulative_area(steady(12), 5000.0, JANUARY_2025 + 17) == Trio(5000.0, 5000.0, 5000.0)


def test_annual_rates_look_to_the_end_of_their_year():
    # 2025: 120 of a task of 120; 2026: six months of 20 of 240 = 50%, six more at the share of the last 12 months
    series = months(*[10.0] * 12, *[20.0] * 6)
    assert forecast.annual_rate(series, {2025: 120.0, 2026: 240.0}, 2026, 50.0).value == pytest.approx(100.0)


@pytest.mark.parametrize("tasks", [{}, {2025: 120.0}, {2026: 0.0}])
def test_no_annual_rate_without_the_years_task(tasks):
    assert forecast.annual_rate(steady(18), tasks, 2026, 50.0) is None


def test_a_year_without_task_is_left_out_of_the_rate():
    series = months(*[1000.0] * 12, *[10.0] * 6)
    assert forecast.annual_rate(series, {2026: 120.0}, 2026, 50.0).value == pytest.approx(100.0)


def test_a_steady_share_stays():
    series = steady(12, top=6.0, bottom=10.0)
    assert forecast.period_ratio(series, JANUARY_2025, DECEMBER_2027, 100, 100.0) == Trio(*[pytest.approx(60.0)] * 3)


def test_a_rising_share_rises_less_and_less():
    # 50% in 2025, 54% in 2026: one point a quarter, damped by 0.8 a quarter, four quarters ahead
    tops = np.array([5.0] * 12 + [5.4] * 12)
    series = Monthly(JANUARY_2025, tops, np.full(24, 10.0))
    made = forecast.period_ratio(series, JANUARY_2025, DECEMBER_2027, 100, 100.0)
    ahead = 54 + 1.0 * np.cumsum(0.8 ** np.arange(1, 5)).mean()
    assert made.value == pytest.approx((50 + 54 + ahead) / 3)


def test_a_share_stays_within_a_hundred():
    series = Monthly(JANUARY_2025, np.array([5.0] * 12 + [10.0] * 12), np.full(24, 10.0))
    made = forecast.period_ratio(series, JANUARY_2025 + 12, DECEMBER_2027, 100, 100.0)
    assert made.value == pytest.approx(100.0)
    assert made.high == 100.0


def test_reductions_chain():
    # 4% in one year and again: 1 − 0.96² = 7.84%
    assert forecast.reduction({2025: 0.0, 2026: 4.0}, 2027, 0.0).value == pytest.approx(7.84)
    low_high = forecast.reduction({2025: 0.0, 2026: 4.0}, 2027, 0.01)
    assert low_high.low < 7.84 < low_high.high


def test_the_range_of_a_reduction_allows_for_what_moves_all_cities():
    """Cities that are all alike say nothing of a common turn: 0.3 of the yearly change of logarithms is allowed for."""
    change = log(0.96)
    half = 1.2816 * 0.3 * -change * sqrt(1 + 1)
    made = forecast.reduction({2025: 0.0, 2026: 4.0}, 2027, 0.0)
    assert made.low == pytest.approx(100 * (1 - exp(2 * change + half)))
    assert made.high == pytest.approx(100 * (1 - exp(2 * change - half)))
    farther = forecast.reduction({2025: 0.0, 2026: 4.0}, 2028, 0.0)
    assert farther.high - farther.low > made.high - made.low
    known_longer = forecast.reduction({2025: 0.0, 2026: 4.0, 2027: 7.84}, 2028, 0.0)
    assert known_longer.high - known_longer.low < farther.high - farther.low


@pytest.mark.parametrize(("known", "spread"), [({2025: 0.0}, 0.01), ({}, 0.01), ({2025: 0.0, 2026: 4.0}, None)])
def test_no_reduction_without_a_year_or_a_spread(known, spread):
    assert forecast.reduction(known, 2027, spread) is None


@pytest.mark.parametrize(("known", "spread"), [({2026: -1e300}, 0.01), ({2026: 4.0}, 1e3)])
def test_no_reduction_that_no_number_holds(known, spread):
    assert forecast.reduction(known, 2030, spread) is None


def test_levels_follow_the_line():
    assert forecast.level({2025: 60.0, 2026: 61.0}, 2030, 0.0) == Trio(*[pytest.approx(65.0)] * 3)
    assert forecast.level({2025: 97.0, 2026: 99.0}, 2030, 1.0).value == 100.0
    assert forecast.level({2025: 60.0}, 2030, 0.0) is None


@given(st.lists(st.floats(0, 1e4), min_size=6, max_size=40), st.integers(1, 60))
def test_a_value_lies_in_its_range(tops, ahead):
    series = months(*tops)
    made = forecast.cumulative_area(series, 0.0, series.end - 1 + ahead)
    assert 0 <= made.low <= made.value <= made.high


# --- Months ----------------------------------------------------------------------------------------------------------


def test_months_end_before_the_last_receipt():
    events = pl.DataFrame(
        {
            "city_code": ["330100", "330100", "330200"], "month": [JANUARY_2025, JANUARY_2025 + 2, JANUARY_2025 + 1],
            "top": [10.0, 30.0, 20.0], "bottom": [0.0, 0.0, 0.0],
        }
    )  # fmt: skip
    known = {"330100": date(2025, 4, 5), "330200": date(2025, 3, 31)}
    made = forecast.monthly(events, known, context())
    assert {code: list(each.tops) for code, each in made.items()} == {
        "330100": [10.0, 0.0, 30.0],  # April has begun, March is whole
        "330200": [0.0, 20.0],  # March is not whole on the 31st
        "330000": [10.0, 20.0],  # as far as its slowest city; cities that reported nothing are left out
    }


# --- Into the assessments --------------------------------------------------------------------------------------------

NO_FIGURES = pl.DataFrame(
    schema={
        "region_code": pl.String, "indicator": pl.String, "year": pl.Int32, "basis": pl.String, "value": pl.Float64,
        "bottom": pl.Float64,
    }
)  # fmt: skip


def filled(year: int, horizon: int, value: float | None, day: str) -> float | None:
    assessed = pl.DataFrame(
        {
            "region_code": ["330100"], "indicator": ["activated_stock_land"], "year": [year], "horizon": [horizon],
            "value": [value],
        },
        schema_overrides={"value": pl.Float64},
    )  # fmt: skip
    past = History({("330100", "activated_stock_land"): steady(22)})
    return forecast.fill(assessed, NO_FIGURES, past, context(day))["forecast"][0]


@pytest.mark.parametrize(
    ("year", "horizon", "value", "day", "made"),
    [
        (2026, 2027, 2200.0, "2026-11-23", 3600.0),
        (2026, 2030, 2200.0, "2026-11-23", 7200.0),
        (2025, 2027, 1200.0, "2026-11-23", None),  # only the as-of's own year
        (2026, 2027, None, "2026-11-23", None),  # nothing reported, nothing forecast
        (2027, 2027, 3600.0, "2027-12-31", None),  # the horizon has come
    ],
)
def test_where_a_forecast_stands(year, horizon, value, day, made):
    assert filled(year, horizon, value, day) == made


# --- Back-test -------------------------------------------------------------------------------------------------------


def test_backtest_of_a_steady_series_has_no_error():
    past = History({("330100", "activated_stock_land"): steady(24)})
    tested = backtest.backtest(past, NO_FIGURES, [3, 12], context())
    assert tested.height == (24 - 6 - 2) + (24 - 6 - 11)
    (near, far) = backtest.accuracy(tested).iter_rows(named=True)
    assert (near["months_ahead"], near["median_absolute_error"], near["bias"], near["coverage"]) == (3, 0.0, 0.0, 100.0)
    assert far["n"] == 7


def test_backtest_sees_a_miss():
    # 100 a month for a year, then nothing: 1,500 forecast for 1,200
    past = History({("330100", "activated_stock_land"): months(*[100.0] * 12, *[0.0] * 3)})
    tested = backtest.backtest(past, NO_FIGURES, [3], context()).filter(cut=JANUARY_2025 + 11)
    assert tested.select("actual", "forecast").row(0) == (1200.0, 1500.0)
    (row,) = backtest.accuracy(tested).iter_rows(named=True)
    assert (row["bias"], row["coverage"]) == (25.0, 0.0)
