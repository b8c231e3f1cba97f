"""Two clocks and corrections: what is known on a day, which revision counts, who has reported (rulebook §0)."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from assets import core, indicators
from assets.circumstances import fresh
from assets.evaluations.builders import input_vintage
from assets.indicators import history
from assets.trust.builders import cancellation
from schemas import policy
from schemas.indicators import INDICATORS
from tests.bureau import supervision_no

ACTIVATED = "activated_stock_land"
ONE = {"电子监管号": supervision_no(1)}


def area(existing: str) -> dict[str, str]:
    return {**ONE, "供应面积": existing, "现有建设用地面积": existing}


def known(bureau, *days: str) -> list[float | None]:
    return [bureau.figure(ACTIVATED, as_of=day)["value"] for day in days]


def test_a_later_submission_is_a_new_revision(bureau):
    bureau.hand_in("供地结果", area("2"), day="2026-04-01")
    bureau.hand_in("供地结果", {**area("3"), "状态": "更正"}, day="2026-05-01")
    assert known(bureau, "2026-03-31", "2026-04-01", "2026-04-30", "2026-05-01") == [None, 30.0, 30.0, 45.0]


@pytest.mark.parametrize("status", ["解除", "撤销"])
def test_cancelled_counts_as_zero_from_then_on(bureau, status):
    bureau.hand_in("供地结果", area("2"), day="2026-04-01")
    bureau.hand_in("供地结果", {**area("2"), "状态": status}, day="2026-05-01")
    assert known(bureau, "2026-04-30", "2026-05-01") == [30.0, 0.0]


def test_a_cancelled_record_can_come_back(bureau):
    bureau.hand_in("供地结果", {**area("2"), "状态": "撤销"}, day="2026-04-01")
    bureau.hand_in("供地结果", {**area("2"), "状态": "更正"}, day="2026-05-01")
    assert known(bureau, "2026-04-30", "2026-05-01") == [0.0, 30.0]


def test_same_day_order_is_by_file_name(bureau):
    bureau.hand_in("供地结果", area("3"), batch="b")
    bureau.hand_in("供地结果", area("2"), batch="a")
    assert known(bureau, "2026-11-23") == [45.0]


def test_order_does_not_depend_on_when_files_were_captured(bureau):
    bureau.hand_in("供地结果", area("3"), day="2026-05-01")
    bureau.take_in()
    bureau.hand_in("供地结果", area("2"), day="2026-04-01")  # arrives late, was received earlier
    assert known(bureau, "2026-04-30", "2026-11-23") == [30.0, 45.0]


def test_the_same_bytes_again_are_nothing_new_even_after_a_newer_revision(bureau):
    bureau.hand_in("供地结果", area("2"), day="2026-04-01")
    bureau.hand_in("供地结果", area("3"), day="2026-05-01")
    bureau.hand_in("供地结果", area("2"), day="2026-06-01", batch="再报")
    assert known(bureau, "2026-11-23") == [45.0]
    assert bureau.con.execute("SELECT count(*) FROM raw.submission").fetchone() == (2,)
    assert bureau.con.execute("SELECT count(*) FROM raw.sighting").fetchone() == (3,)


def test_the_same_bytes_of_two_cities_are_two_reports(bureau):
    for city in ("330100", "330200"):
        bureau.put(f"低效用地_{city}_2026.csv", "行政区代码,图斑编号,低效类型,图斑面积\n".encode())
    values = [
        bureau.figure("redeveloped_inefficient_land", region=city)["value"] for city in ("330100", "330200", "330300")
    ]
    assert values == [0.0, 0.0, None]


def test_a_row_that_disappears_is_not_deleted(bureau):
    bureau.hand_in("供地结果", area("2"), {"电子监管号": supervision_no(2)}, day="2026-04-01")
    bureau.hand_in("供地结果", area("3"), day="2026-05-01")
    assert known(bureau, "2026-11-23") == [75.0]


def test_a_quarantined_row_is_no_revision(bureau):
    bureau.hand_in("供地结果", area("2"), day="2026-04-01")
    bureau.hand_in("供地结果", {**ONE, "供应面积": "9", "现有建设用地面积": "1"}, day="2026-05-01")  # identity broken
    assert known(bureau, "2026-11-23") == [30.0]


def test_conflicting_repeats_are_both_errors_and_equal_ones_count_once(bureau):
    bureau.hand_in("供地结果", area("2"), area("3"), day="2026-04-01")
    assert known(bureau, "2026-04-30") == [0.0]
    bureau.hand_in("供地结果", area("2"), area("2.0"), day="2026-05-01")
    assert known(bureau, "2026-11-23") == [30.0]


def test_a_county_moves_with_its_revision_and_is_told(bureau):
    bureau.hand_in("供地结果", area("2"), day="2026-04-01")
    bureau.hand_in("供地结果", {**area("2"), "行政区代码": "330203"}, day="2026-05-01", city="330200")
    assert [bureau.figure(ACTIVATED, region=code)["value"] for code in ("330100", "330200")] == [0.0, 30.0]
    assert "5007" in bureau.findings()["rule"].to_list()


@pytest.mark.parametrize(
    ("code", "contract", "city_value", "county"),
    [
        ("330185", "2017-07-18", 100.0, "330112"),  # 临安市 until its last day, then 临安区
        ("330185", "2017-07-19", None, "330112"),
        ("330103", "2021-04-08", 100.0, None),  # 下城区 was split: its city, no county
        ("330112", "2010-01-01", 100.0, "330112"),  # a code in force today, for any earlier date
    ],
)
def test_abolished_codes(bureau, code, contract, city_value, county):
    bureau.hand_in("供地结果", {**area("2"), "行政区代码": code, "合同签订日期": contract}, year=2026)
    made = bureau.result("stock_supply_share").figures.filter(year=int(contract[:4]), basis="annual")
    values = dict(zip(made["region_code"], made["value"], strict=True))
    assert values.get("330100") == city_value
    if county:
        assert values.get(county) == city_value
    else:
        assert set(values) == {"330100", "330000"}


def test_a_file_of_the_province_reports_for_its_cities(bureau):
    bureau.hand_in("供地结果", area("2"), city="330000")
    values = [bureau.figure(ACTIVATED, region=code)["value"] for code in ("330100", "330200", "330000")]
    assert values == [30.0, None, 30.0]


def test_states_of_the_data(bureau):
    for label, key in [
        ("供地结果", {}),
        ("闲置土地", {"认定书编号": "X1"}),
        ("低效用地", {"图斑编号": "D1", "完成面积": ""}),
    ]:
        for year in (2025, 2026):
            row = (
                {"电子监管号": supervision_no(year, year), "合同签订日期": f"{year}-03-01"}
                if label == "供地结果"
                else {**key}
            )
            bureau.hand_in(label, row, day=f"{year}-12-01", year=year)
    states = [bureau.figure(ACTIVATED, year=2025, as_of=day)["data_state"] for day in ("2025-12-30", "2025-12-31")]
    assert states == ["provisional", "final"]
    assert (
        bureau.figure(ACTIVATED, year=2026, as_of="2026-11-01")["data_state"] == "incomplete"
    )  # 2026 not handed in yet
    assert bureau.figure(ACTIVATED, year=2026, as_of="2026-12-31")["data_state"] == "final"
    assert bureau.figure(ACTIVATED, region="330000", year=2026, as_of="2026-12-31")["data_state"] == "incomplete"


def test_everything_is_rebuilt_from_raw_alone(bureau, tmp_path):
    bureau.hand_in("供地结果", area("2"), day="2026-04-01")
    bureau.hand_in("供地结果", area("3"), day="2026-05-01")
    before = bureau.result(ACTIVATED).ledger.drop("submission_id")
    shutil.rmtree(bureau.landing)
    bureau.landing.mkdir()
    for table in ("raw.sighting", "raw.submission", "raw.finding", "core.land_supply"):
        bureau.con.execute(f"DELETE FROM {table}")
    assert bureau.result(ACTIVATED).ledger.drop("submission_id").equals(before)


def test_history_is_what_was_known_on_each_day(bureau):
    bureau.hand_in("供地结果", area("2"), day="2026-04-10")
    bureau.hand_in("供地结果", area("3"), day="2026-05-10")
    bureau.take_in()
    days = history.history_days(bureau.context("2026-04-10").as_of, bureau.context("2026-06-15").as_of, set())
    assert [str(day) for day in days] == ["2026-04-30", "2026-05-31", "2026-06-15"]
    made = history.derive_history(bureau.con, {day: bureau.context(str(day)) for day in days})
    rows = bureau.con.execute(
        "SELECT known_on::VARCHAR, value FROM indicator.history WHERE indicator = ? AND region_code = '330100' AND year = 2026"
        " AND basis = 'cumulative' ORDER BY ALL", [ACTIVATED],
    ).fetchall()  # fmt: skip
    assert (made, rows) == (3, [("2026-04-30", 30.0), ("2026-05-31", 45.0), ("2026-06-15", 45.0)])
    assert history.derive_history(bureau.con, {day: bureau.context(str(day)) for day in days}) == 0  # kept


def test_fingerprint_tells_inputs_apart(bureau):
    bureau.hand_in("供地结果", area("2"), day="2026-04-01")
    bureau.take_in()
    before = core.fingerprint(bureau.con, bureau.context("2026-04-30").as_of)
    bureau.hand_in("供地结果", area("3"), day="2026-05-01")
    bureau.take_in()
    assert core.fingerprint(bureau.con, bureau.context("2026-04-30").as_of) == before
    assert core.fingerprint(bureau.con, bureau.context("2026-05-01").as_of) != before


def test_another_region_table_or_program_leaves_nothing_fresh(bureau, monkeypatch):
    bureau.hand_in("供地结果", area("2"), day="2026-04-01")
    bureau.take_in()
    context = bureau.context("2026-04-30")
    fewer = replace(context, regions=policy.Regions(context.regions.frame.filter(pl.col("code") != "330106")))
    for code in INDICATORS:
        indicators.derive(bureau.con, code, context)
    assert (fresh(bureau.con, context), fresh(bureau.con, fewer)) == (set(INDICATORS), set())
    made = [history.derive_history(bureau.con, {each.as_of: each}) for each in (context, context, fewer, fewer)]
    assert made == [1, 0, 1, 0]
    monkeypatch.setattr(core, "version", lambda name: "another")
    assert fresh(bureau.con, context) == set()


def test_refused_digestion_is_no_revision_for_cancellations_and_vintages_either(bureau):
    # B1 holds 100 公顷. X1 is cancelled on 05-01 and comes back on 06-01 with 500, which B1 refuses: it stays cancelled.
    # X2 is in force; its cancellation of 06-01 names a batch that nobody knows and is refused: it stays in force.
    bureau.hand_in("批而未供台账", {"批文号": "B1"}, day="2026-03-05")
    bureau.hand_in("批而未供消化", {"消化编号": "X1"}, {"消化编号": "X2"}, day="2026-04-01")
    bureau.hand_in("批而未供消化", {"消化编号": "X1", "状态": "撤销"}, day="2026-05-01")
    again, unknown = {"消化编号": "X1", "消化面积": "500"}, {"消化编号": "X2", "批文号": "B9", "状态": "撤销"}
    bureau.hand_in("批而未供消化", again, unknown, day="2026-06-01")
    bureau.take_in()
    context = bureau.context("2026-11-23")
    gone = cancellation(bureau.con, context, None).select("record_key", "status", "received_on", "row_number")
    assert gone.rows() == [("X1", "撤销", date(2026, 5, 1), 2)]
    (digestion,) = input_vintage(bureau.con, context).filter(source_table="unsupplied_digestion").iter_rows(named=True)
    assert (digestion["records"], digestion["last_received_on"]) == (1, date(2026, 4, 1))
