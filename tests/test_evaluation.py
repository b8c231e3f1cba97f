"""Verdicts, pace, trajectories and ranks by hand (rulebook §10). Targets are the plan's."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from assets.evaluation import Case, judge, time_progress, trajectory
from schemas import policy
from schemas.indicators import INDICATORS
from tests.bureau import supervision_no
from tests.test_indicators_7_8 import CITIES, economy, survey, walk

RULES = policy.rulebook()


def case(indicator: str, value, target, day: str, horizon: int = 2027, **more) -> Case:
    end = date.fromisoformat(day)
    exact = None if value is None else Fraction(str(value))
    more = {
        name: Fraction(str(v)) if name in ("base", "low", "high") and v is not None else v for name, v in more.items()
    }
    return Case(INDICATORS[indicator], end.year, horizon, end, exact, Fraction(str(target)), **more)


def test_city_targets_add_up_to_the_province():
    targets = policy.targets()
    for indicator, horizon, total in [
        ("activated_stock_land", 2027, 300_000), ("activated_stock_land", 2030, 600_000),
        ("redeveloped_inefficient_land", 2027, 150_000), ("redeveloped_inefficient_land", 2030, 300_000),
    ]:  # fmt: skip
        rows = targets.filter(indicator=indicator, horizon=horizon)
        cities = rows.filter(rows["region_code"] != "330000")
        assert cities.height == 11
        assert cities["value"].sum() == total == rows.filter(region_code="330000")["value"].item()
    assert targets.height == 12 * 8 * 2


def test_time_progress_counts_both_ends():
    assert time_progress(date(2026, 12, 31), 2027) == Fraction(730, 1095)
    assert time_progress(date(2025, 1, 1), 2027) == Fraction(1, 1095)
    assert time_progress(date(2030, 12, 31), 2030) == 1


# Target 1095 亩 by 2027 makes 1 亩 a day: expected on 2026-12-31 is 730.
@pytest.mark.parametrize(
    ("value", "day", "verdict"),
    [
        (730, "2026-12-31", "on_track"), ("729.999999", "2026-12-31", "behind"), (657, "2026-12-31", "behind"),
        ("656.999999", "2026-12-31", "far_behind"), (1095, "2026-12-31", "achieved"), (1095, "2027-12-31", "achieved"),
        ("1094.999999", "2027-12-31", "missed"), ("1094.999999", "2027-12-30", "on_track"),
    ],
)  # fmt: skip
def test_cumulative_verdicts(value, day, verdict):
    judged = judge(case("activated_stock_land", value, 1095, day), RULES)
    assert judged.verdict == verdict


def test_annual_plans_bend_the_trajectory():
    # plan: 200 at the end of 2025, nothing for 2026 (730 by τ), 1095 at the end of 2027
    plans = {2025: Fraction(200)}
    assert trajectory(Fraction(1095), 2027, plans, date(2025, 12, 31)) == 200
    assert trajectory(Fraction(1095), 2027, plans, date(2026, 12, 31)) == 730
    # 73 days into 2026: a fifth of the way from 200 to 730
    assert trajectory(Fraction(1095), 2027, plans, date(2026, 3, 14)) == 200 + Fraction(530, 5)
    judged = judge(case("activated_stock_land", 306, 1095, "2026-03-14", plans=plans), RULES)
    assert (judged.verdict, judged.expected, judged.expected_linear) == ("on_track", 306, 438)


@pytest.mark.parametrize(
    ("value", "day", "verdict"),
    [
        (100, "2026-12-31", "achieved"), ("99.9999", "2026-12-31", "missed"), (120, "2026-06-30", "on_track"),
        (50, "2026-07-01", "on_track"),  # 182 of 365 days: 49.86 % are expected
        (49, "2026-07-01", "behind"), (44, "2026-07-01", "far_behind"),
    ],
)  # fmt: skip
def test_annual_rate_verdicts(value, day, verdict):
    assert judge(case("idle_disposal_rate", value, 100, day), RULES).verdict == verdict


@pytest.mark.parametrize(
    ("indicator", "value", "day", "verdict"),
    [
        ("stock_supply_share", "58.5", "2026-11-23", "on_track"), ("stock_supply_share", "57.5", "2026-11-23", "behind"),
        ("stock_supply_share", "57.4999", "2026-11-23", "far_behind"), ("stock_supply_share", "58.5", "2027-12-31", "achieved"),
        ("stock_supply_share", "58.4999", "2027-12-31", "missed"), ("industrial_far", "1.45", "2026-11-23", "behind"),
        ("industrial_far", "1.4499", "2026-11-23", "far_behind"), ("industrial_far", "1.5", "2026-11-23", "on_track"),
    ],
)  # fmt: skip
def test_period_verdicts(indicator, value, day, verdict):
    judged = judge(case(indicator, value, "58.5" if indicator == "stock_supply_share" else "1.5", day), RULES)
    assert (judged.verdict, judged.expected) == (verdict, None)


def test_the_2030_period_has_not_begun_in_2026():
    judged = judge(case("stock_supply_share", 70, 60, "2026-11-23", horizon=2030), RULES)
    assert (judged.verdict, judged.value_due) == ("not_due", False)


@pytest.mark.parametrize(
    ("value", "low", "high", "day", "verdict"),
    [
        (8.01, 7.99, 8.03, "2026-12-31", "undecidable"), (8.05, 8.0, 8.1, "2026-12-31", "undecidable"),  # closed interval
        (8.05, 8.01, 8.1, "2026-12-31", "achieved"), (7.5, 7.4, 7.6, "2027-12-31", "missed"),
        (7.9, 7.8, 8.0, "2027-12-31", "undecidable"), (4.1, 4.0, 4.2, "2026-12-31", "on_track"),
        (4.0, 3.9, 4.1, "2026-12-31", "behind"), (3.6, 3.5, 3.7, "2026-12-31", "far_behind"), (0, 0, 0, "2025-12-31", "not_due"),
    ],
)  # fmt: skip
def test_reduction_verdicts(value, low, high, day, verdict):
    # expected in 2026 on the way to 8 % in 2027: 1 − 0.92^½ = 4.0834 %
    judged = judge(case("land_per_gdp_reduction", value, 8, day, low=low, high=high), RULES)
    assert judged.verdict == verdict
    if day.startswith("2026"):
        assert judged.expected == pytest.approx((1 - 0.92**0.5) * 100)


@pytest.mark.parametrize(
    ("value", "base", "day", "verdict"),
    [
        (82, 80, "2026-12-31", "on_track"), ("81.9999", 80, "2026-12-31", "behind"), (73, 80, "2026-12-31", "far_behind"),
        (84, 80, "2026-12-31", "achieved"), (83, 80, "2027-12-31", "missed"), (80, 80, "2025-12-31", "on_track"),
        (82, None, "2026-12-31", "no_baseline"), (84, None, "2026-12-31", "achieved"),
    ],
)  # fmt: skip
def test_level_verdicts(value, base, day, verdict):
    assert judge(case("walk15_coverage", value, 84, day, base=base), RULES).verdict == verdict


def test_relative_rise_is_measured_from_the_base():
    judged = judge(case("walk15_coverage", 63, 5, "2026-12-31", base=60, relative=True), RULES)
    assert (judged.target, judged.expected, judged.verdict) == (63, Fraction("61.5"), "achieved")
    assert judge(case("walk15_coverage", 63, 5, "2026-12-31", relative=True), RULES).verdict == "no_baseline"


# --- The table -------------------------------------------------------------------------------------------------------


def test_an_assessment_row(bureau):
    # Hangzhou: 47,000 亩 by 2027. 2,000 公顷 = 30,000 亩 by 2026-11-23 (692 of 1,095 days): expected 29,702.28
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), "供应面积": "2000", "现有建设用地面积": "2000"})
    row = bureau.assessment("activated_stock_land")
    expected = 47000 * 692 / 1095
    assert (row["value"], row["target"], row["verdict"], row["verdict_label"]) == (
        30000.0,
        47000.0,
        "on_track",
        "达序时",
    )
    assert row["gap"] == -17000.0
    assert row["progress"] == pytest.approx(30000 / 47000)
    assert (row["expected"], row["expected_linear"], row["pace"]) == (
        pytest.approx(expected),
        pytest.approx(expected),
        pytest.approx(30000 / expected),
    )
    assert bureau.assessment("activated_stock_land", horizon=2030)["expected"] == pytest.approx(94000 * 692 / 2191)


def test_a_city_plan_overrides_and_the_province_follows_only_its_own(bureau):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)})
    bureau.hand_in("年度任务", {"任务": "盘活存量建设用地", "任务面积": "20000"})
    row = bureau.assessment("activated_stock_land", as_of="2026-12-31")
    assert (row["expected"], row["expected_linear"]) == (20000.0, pytest.approx(47000 * 730 / 1095))
    province = bureau.assessment("activated_stock_land", region="330000", as_of="2026-12-31")
    assert province["expected"] == province["expected_linear"]


def test_ranks_share_and_skip(bureau):
    # 100, 50, 50 and nothing: ranks 1, 2, 2 and none
    for n, (city, existing) in enumerate([("330100", "2"), ("330200", "1"), ("330300", "1")]):
        county = {"330100": "330106", "330200": "330203", "330300": "330302"}[city]
        new = str(2 - int(existing))
        bureau.hand_in(
            "供地结果",
            {"电子监管号": supervision_no(n), "行政区代码": county, "现有建设用地面积": existing, "当年新增面积": new},
            city=city,
        )
    table = bureau.assessments().filter(indicator="stock_supply_share", year=2026, horizon=2027)
    ranks = dict(zip(table["region_code"], table["rank"], strict=True))
    assert [ranks[code] for code in ("330100", "330200", "330300", "330400", "330000")] == [1, 2, 2, None, None]
    reasons = dict(zip(table["region_code"], table["verdict"], strict=True))
    assert reasons["330400"] == "not_reported"


def test_areas_rank_by_share_of_the_target(bureau):
    # Hangzhou 100 of 47,000; Zhoushan 50 of 9,500 ranks first
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), "供应面积": "100", "现有建设用地面积": "100"})
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(2), "行政区代码": "330902", "供应面积": "50", "现有建设用地面积": "50"},
        city="330900",
    )
    ranks = {code: bureau.assessment("activated_stock_land", region=code)["rank"] for code in ("330100", "330900")}
    assert ranks == {"330100": 2, "330900": 1}


def test_reduction_row_carries_its_precision(bureau):
    survey(bureau, y2025=1000, y2026=1000)
    economy(bureau, y2026="108.8")  # 1 − 1/1.088 = 8.088 %, band 8.046–8.130; Hangzhou's target 8.1 lies inside
    row = bureau.assessment("land_per_gdp_reduction")
    assert (row["verdict"], row["verdict_label"]) == ("undecidable", "临界")
    assert row["low"] < 8.1 < row["high"]


def test_province_walk_target_is_a_level_on_its_base(bureau):
    for city in CITIES:
        walk(bureau, region=city, covered=(60,) * 5)
        walk(bureau, region=city, year=2026, covered=(62,) * 5)
    row = bureau.assessment("walk15_coverage", region="330000")
    assert (row["value"], row["target"], row["expected"]) == (62.0, 63.0, 61.5)
    assert row["verdict"] == "on_track"


def test_what_is_expected_of_a_level_is_known_before_the_year_is(bureau):
    # Hangzhou's target of 2027 is 84 %: from 80 % in 2025, half of the way is 82 % in 2026.
    walk(bureau)
    row = bureau.assessment("walk15_coverage")
    assert (row["value"], row["absence"], row["target"]) == (None, "not_due", 84.0)
    assert (row["expected"], row["pace"], row["verdict"]) == (82.0, None, "not_due")


def test_rows_cover_regions_indicators_years_and_horizons(bureau):
    table = bureau.assessments(as_of="2028-02-01")
    assert table.height == 12 * 8 * (3 + 4)  # horizon 2027: 2025–2027; horizon 2030: 2025–2028
    assert table.filter(table["value"].is_null() & table["absence"].is_null()).height == 0
