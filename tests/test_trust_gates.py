"""The gates that look at a whole release: who owes what, records that look unlike those before, and what was checked."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from assets import indicators, marts, warehouse
from assets.circumstances import make_context
from assets.trust import builders, completeness, distribution
from assets.trust.distribution import compare, critical, distance
from schemas.indicators import INDICATORS, OWED
from schemas.marts import MARTS
from schemas.policy import Distribution
from schemas.trust import Due
from tests.bureau import Bureau, supervision_no

FAR, AREA = distribution.MEASURES[:2]
LIMITS = Distribution(30, 0.001, {"industrial_far": {"points": 0.3}, "supplied_area": {"factor": 3}})


def made(bureau: Bureau, tmp_path: Path, name: str, as_of: str = "2026-11-23") -> pl.DataFrame:
    """A mart as a release would hold it."""
    build = tmp_path / "home" / "build" / "landstock.duckdb"
    build.parent.mkdir(parents=True, exist_ok=True)
    marts.build(bureau.con, build, name, make_context(date.fromisoformat(as_of), {}), "r1", datetime(2026, 11, 23))
    with warehouse.duckdb.connect(str(build)) as con:
        return con.execute(f"SELECT * FROM mart.{name}").pl()


# --- Completeness -----------------------------------------------------------------------------------------------


def test_eleven_cities_owe_every_table_of_every_year(bureau, tmp_path):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)})
    bureau.hand_in("供地结果", {"电子监管号": "x", "供应面积": "-1"}, city="330200")
    bureau.take_in()
    owed = made(bureau, tmp_path, "submission_due")
    assert owed.height == 11 * 2 * len(OWED) == 11 * 2 * 9
    supply = owed.filter(source_table="land_supply", year=2026)
    states = dict(zip(supply["region_name"], supply["state_label"], strict=True))
    assert (states["杭州市"], states["宁波市"], states["温州市"]) == ("已报", "部分接受，待更正", "应报未报")
    gdp = owed.filter(source_table="gdp", region_code="330100").sort("year")
    assert gdp["state"].to_list() == ["missing", "not_due"]
    assert gdp["due_on"].to_list() == [date(2026, 1, 1), date(2027, 1, 1)]


def test_what_other_tables_refuse_has_to_be_corrected_too(bureau, tmp_path):
    """The door lets a digestion in whose batch nobody knows; the receipt says 部分接受 all the same."""
    bureau.hand_in("批而未供消化", {"消化编号": "X1", "批准文号": "浙土字A〔2024〕第0001号"})
    bureau.take_in()
    states = made(bureau, tmp_path, "submission_due").filter(source_table="unsupplied_digestion", year=2026)
    received = made(bureau, tmp_path, "submission")
    assert received.select("status", "rows_loaded", "rows_quarantined").rows() == [("partly_accepted", 0, 1)]
    assert states.filter(region_code="330100")["state_label"].to_list() == ["部分接受，待更正"]


def test_after_the_plan_nothing_is_owed(bureau, tmp_path):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)})
    bureau.take_in()
    assert made(bureau, tmp_path, "submission_due", as_of="2031-03-31")["year"].max() == 2030


def test_a_file_of_the_province_reports_for_the_cities_it_holds_rows_of(bureau, tmp_path):
    """330106 is of 杭州. Of GDP the province hands in its own figure only; the row for 温州 is not accepted."""
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)}, city="330000")
    rows = [{"行政区代码": "330000"}, {"行政区代码": "330300", "可比价指数": "4.7"}]
    bureau.hand_in("地区生产总值", *rows, city="330000", year=2025)
    bureau.take_in()
    owed = made(bureau, tmp_path, "submission_due")
    supply = owed.filter(source_table="land_supply", year=2026)
    assert supply.filter(state="by_province")["region_code"].to_list() == ["330100"]
    assert supply.filter(state="missing").height == 10
    assert set(owed.filter(source_table="gdp", year=2025)["state"]) == {"missing"}


def test_what_came_later_was_missing_on_the_day(bureau, tmp_path):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)}, day="2026-11-10")
    bureau.take_in()
    owed = made(bureau, tmp_path, "submission_due", "2026-11-09")
    assert set(owed.filter(source_table="land_supply")["state"]) == {"missing"}


def test_every_state_has_words_and_a_mark():
    from pipelines.cli.status import MARKS
    from schemas.trust import DUE_WORDS

    assert set(Due) == set(DUE_WORDS) == set(MARKS)
    assert set(completeness.OWED_TABLES) == set(OWED)


# --- Distributions ----------------------------------------------------------------------------------------------


def test_distance_by_hand():
    # after 1: 1/2 and 0; after 2: 1 and 0; after 3: 1 and 1/2
    assert distance(pl.Series([1.0, 2.0]), pl.Series([3.0, 4.0])) == 1.0
    # after 1: 1/4 and 0; after 2: 2/4 and 1/2; after 3: 3/4 and 1/2; after 4: all
    assert distance(pl.Series([1.0, 2.0, 3.0, 4.0]), pl.Series([2.0, 4.0])) == 0.25
    assert distance(pl.Series([1.0, 1.0]), pl.Series([1.0])) == 0.0


def test_critical_distance_by_hand():
    # tables give c(0.001) = 1.95 and c(0.05) = 1.36; 50 and 50: √(100/2500) = 0.2
    assert critical(50, 50, 0.001) == pytest.approx(1.95 * 0.2, abs=0.001)
    assert critical(50, 50, 0.05) == pytest.approx(1.358 * 0.2, abs=0.001)


def records(*years: tuple[int, list[float]]) -> pl.DataFrame:
    rows = [{"region_code": "330100", "year": year, "value": value} for year, values in years for value in values]
    return pl.DataFrame(rows)


ONE_TO_FIVE = [1 + n / 10 for n in range(41)]


@pytest.mark.parametrize(
    ("measure", "now", "state"),
    [
        (AREA, ONE_TO_FIVE, "steady"),
        (AREA, [value * 15 for value in ONE_TO_FIVE], "drifted"),  # 亩 under 公顷
        (AREA, [value / 15 for value in ONE_TO_FIVE], "drifted"),
        (AREA, [value * 2.9 for value in ONE_TO_FIVE], "steady"),  # unlike, but within the limit on medians
        (AREA, ONE_TO_FIVE[:29], "too_few"),
        (FAR, [value + 0.3 for value in ONE_TO_FIVE], "steady"),
        (FAR, [value + 2 for value in ONE_TO_FIVE], "drifted"),
        (FAR, [3.0] * 20 + [3.4] * 21, "drifted"),  # the median moves by 0.4 and the spread is gone
    ],
)
def test_a_year_is_held_against_those_before(measure, now, state):
    (row,) = compare(measure, records((2025, ONE_TO_FIVE), (2026, now)), [2026], LIMITS).to_dicts()
    assert (row["state"], row["records"], row["before_records"], row["before_median"]) == (state, len(now), 41, 3.0)
    assert (row["distance"] is None) == (state == "too_few")


def test_a_year_of_files_in_the_wrong_unit_is_found(bureau, tmp_path):
    """Every row by itself is right: its parts are in the same wrong unit."""
    for year, factor in ((2025, 1), (2026, 15)):
        rows = [
            {"电子监管号": supervision_no(n, year), "供应面积": str(n % 7 + 1), "现有建设用地面积": str(n % 7 + 1)}
            | {"合同签订日期": f"{year}-03-01"}
            for n in range(40)
        ]
        scaled = [
            row | {name: str(int(row[name]) * factor) for name in ("供应面积", "现有建设用地面积")} for row in rows
        ]
        bureau.hand_in("供地结果", *scaled, year=year)
    bureau.take_in()
    found = made(bureau, tmp_path, "distribution").filter(measure="supplied_area", year=2026)
    assert [(row["region_code"], row["state"], row["median"], row["before_median"]) for row in found.to_dicts()] == [
        ("330000", "drifted", 60.0, 4.0), ("330100", "drifted", 60.0, 4.0),
    ]  # fmt: skip


def test_before_the_plan_nothing_is_owed(bureau, tmp_path):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1, 2024), "合同签订日期": "2024-03-01"}, day="2024-04-01")
    bureau.take_in()
    context = make_context(date(2024, 12, 31), {})
    for code in INDICATORS:
        indicators.derive(bureau.con, code, context)
    for name in MARTS:
        if name not in ("revision", "plausibility"):
            made(bureau, tmp_path, name, as_of="2024-12-31")
    assert made(bureau, tmp_path, "submission_due", as_of="2024-12-31").is_empty()


# --- Results ----------------------------------------------------------------------------------------------------


ROW = {"layer": "core", "table_name": "gdp", "check_name": "required", "severity": "critical", "passed": True}


def noted(bureau, tmp_path, *rows, release_id: str = "r1", as_of: str = "2026-11-23") -> None:
    build = tmp_path / "home" / "build" / "landstock.duckdb"
    build.parent.mkdir(parents=True, exist_ok=True)
    context = make_context(date.fromisoformat(as_of), {})
    builders.keep_results(bureau.con, context, release_id, build, [ROW | row for row in rows])


def test_results_become_a_mart_with_labels(bureau, tmp_path):
    noted(bureau, tmp_path, {"passed": False}, {"table_name": "idle_land"})
    noted(bureau, tmp_path, {})  # one of the tables again
    noted(bureau, tmp_path, {"layer": "mart", "table_name": "target"})
    found = made(bureau, tmp_path, "quality_check")
    assert found.select("layer", "table_label", "passed").rows() == [
        ("core", "地区生产总值", True), ("core", "闲置土地", True), ("mart", "目标", True),
    ]  # fmt: skip


def test_results_of_another_state_say_nothing(bureau, tmp_path):
    noted(bureau, tmp_path, {"table_name": "idle_land"}, release_id="r0")
    noted(bureau, tmp_path, {"table_name": "annual_task"}, as_of="2026-11-22")
    noted(bureau, tmp_path, {})
    assert made(bureau, tmp_path, "quality_check")["table_name"].to_list() == ["gdp"]
    bureau.hand_in("步行覆盖", {})
    bureau.take_in()
    assert made(bureau, tmp_path, "quality_check").is_empty()


def test_a_failure_of_the_results_themselves_is_not_carried_on(bureau, tmp_path):
    """They are checked after they were made: taken in the next time, they would fail for ever."""
    noted(bureau, tmp_path, {}, {"layer": "mart", "table_name": "quality_check", "passed": False})
    assert made(bureau, tmp_path, "quality_check")["table_name"].to_list() == ["gdp"]
