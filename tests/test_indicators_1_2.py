"""Indicators 1 and 2 by hand: areas in 亩 (1 公顷 = 15 亩), claims per parcel, completion dates."""

from __future__ import annotations

from datetime import date

import pytest

from tests.bureau import supervision_no

ACTIVATED, REDEVELOPED = "activated_stock_land", "redeveloped_inefficient_land"
P1 = {"宗地代码": "330106001001GB00001"}


def claims(bureau, **more) -> dict[str, tuple]:
    ledger = bureau.result(ACTIVATED, **more).ledger
    return {
        row["record_key"]: (float(row["amount"]), row["role"], row["reason"], row["claimed_by"])
        for row in ledger.iter_rows(named=True)
    }


def test_only_the_existing_part_of_supply_counts(bureau):
    # 1.2 existing + 0.5 historical + 0.3 new = 2 公顷; 1.2 × 15 = 18 亩
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), "现有建设用地面积": "1.2", "历史批而未供面积": "0.5", "当年新增面积": "0.3"},
    )
    figure = bureau.figure(ACTIVATED)
    assert (figure["value"], float(figure["numerator"]), figure["denominator"], figure["record_count"]) == (
        18.0,
        18.0,
        None,
        1,
    )
    assert bureau.parts(ACTIVATED)["historical_unsupplied"] == 7.5  # shown, not counted
    assert bureau.figure(ACTIVATED, activation__historical_unsupplied="true")["value"] == 25.5


def test_historical_unsupplied_is_always_shown(bureau):
    # no supply at all: 3 公顷 of idle land put back to use are 45 亩, and beside them stand 0 亩 of 历史批而未供
    bureau.hand_in("闲置土地", {"认定书编号": "X1", "处置完成日期": "2026-01-10"})
    for basis in ("annual", "cumulative"):
        assert bureau.figure(ACTIVATED, basis=basis)["value"] == 45.0
        assert bureau.parts(ACTIVATED, basis=basis)["historical_unsupplied"] == 0.0
    assert bureau.parts(ACTIVATED, region="330200") == {}  # nothing reported, nothing shown


def test_separate_sites_count_here(bureau):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), "是否单独选址": "是"})
    assert bureau.figure(ACTIVATED)["value"] == 30.0


def test_a_parcel_claims_its_largest_event(bureau):
    # 2026-01-10 idle 3 公顷 = 45 亩 claims 45; 2026-02-10 patch 4 公顷 = 60 claims 15; 2026-03-01 supply 2 公顷 = 30 claims 0
    bureau.hand_in("闲置土地", {"认定书编号": "X1", "处置完成日期": "2026-01-10", **P1})
    bureau.hand_in("低效用地", {"图斑编号": "D1", "改造协议日期": "2026-02-10", "施工许可日期": "2026-01-01", **P1})
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), **P1})
    assert claims(bureau) == {
        "X1": (45.0, "numerator", None, None),
        "D1": (15.0, "numerator", "partly_claimed", "idle_land:X1"),
        supervision_no(1): (0.0, "excluded", "already_claimed", "inefficient_land:D1"),
    }
    figure = bureau.figure(ACTIVATED)
    assert (figure["value"], figure["record_count"], figure["excluded_count"]) == (60.0, 2, 1)


def test_same_day_supply_goes_before_patch_before_idle(bureau):
    bureau.hand_in("闲置土地", {"认定书编号": "X1", "处置完成日期": "2026-03-01", **P1})
    bureau.hand_in("低效用地", {"图斑编号": "D1", "改造协议日期": "2026-03-01", **P1})
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), **P1})
    found = claims(bureau)
    assert [found[key][0] for key in (supervision_no(1), "D1", "X1")] == [30.0, 30.0, 0.0]
    assert found["X1"][3] == "inefficient_land:D1"


def test_equal_later_event_claims_nothing_and_names_the_first(bureau):
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), **P1},
        {"电子监管号": supervision_no(2), "合同签订日期": "2026-04-01", **P1},
    )
    assert claims(bureau)[supervision_no(2)] == (0.0, "excluded", "already_claimed", f"land_supply:{supervision_no(1)}")


def test_records_without_parcel_code_stand_alone(bureau):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)}, {"电子监管号": supervision_no(2)})
    assert bureau.figure(ACTIVATED)["value"] == 60.0
    assert bureau.parts(ACTIVATED)["without_parcel_code"] == 60.0


def test_events_before_2025_are_not_in_the_ledger_and_claim_nothing(bureau):
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), "合同签订日期": "2024-12-31", **P1},
        {"电子监管号": supervision_no(2), "合同签订日期": "2025-01-01", **P1},
    )
    assert claims(bureau) == {supervision_no(2): (30.0, "numerator", None, None)}
    assert bureau.figure(ACTIVATED, year=2025)["value"] == 30.0


@pytest.mark.parametrize(
    ("way", "value"), [("协议收回", 45.0), ("动工建设", 45.0), ("其他", 45.0), ("延长动工期限", 0.0), ("", 0.0)]
)
def test_idle_land_counts_by_way(bureau, way, value):
    bureau.hand_in("闲置土地", {"认定书编号": "X1", "处置方式": way, "实际动工日期": "2026-02-01"})
    assert bureau.figure(ACTIVATED)["value"] == value


def test_idle_switch(bureau):
    bureau.hand_in("闲置土地", {"认定书编号": "X1"})
    assert bureau.figure(ACTIVATED, activation__idle="false")["value"] == 0.0


def test_annual_and_cumulative(bureau):
    bureau.hand_in(
        "供地结果", {"电子监管号": supervision_no(1), "合同签订日期": "2025-06-01"}, {"电子监管号": supervision_no(2)}
    )
    assert [bureau.figure(ACTIVATED, basis=basis)["value"] for basis in ("annual", "cumulative")] == [30.0, 60.0]
    figure = bureau.figure(ACTIVATED)
    assert (figure["period_start"], figure["period_end"]) == (date(2025, 1, 1), date(2026, 11, 23))


def test_events_after_the_as_of_day_have_not_happened(bureau):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), "合同签订日期": "2026-11-10"})
    assert bureau.figure(ACTIVATED, as_of="2026-11-09")["value"] == 0.0
    assert bureau.figure(ACTIVATED, as_of="2026-11-10")["value"] == 30.0


def test_city_county_and_province_are_sums_of_records(bureau):
    bureau.hand_in(
        "供地结果", {"电子监管号": supervision_no(1)}, {"电子监管号": supervision_no(2), "行政区代码": "330110001"}
    )
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(3), "行政区代码": "330203"}, city="330200")
    values = {
        code: bureau.figure(ACTIVATED, region=code)["value"]
        for code in ("330106", "330110", "330100", "330200", "330000")
    }
    assert values == {"330106": 30.0, "330110": 30.0, "330100": 60.0, "330200": 30.0, "330000": 90.0}


# --- Indicator 2 -----------------------------------------------------------------------------------------------------


def test_completion_date_is_the_later_of_agreement_and_permit(bureau):
    bureau.hand_in("低效用地", {"图斑编号": "D1", "改造协议日期": "2025-12-20", "施工许可日期": "2026-01-05"})
    bureau.hand_in("低效用地", {"图斑编号": "D9", "完成面积": ""}, year=2025)  # 2025 was reported, nothing completed
    assert bureau.figure(REDEVELOPED, year=2025)["value"] == 0.0
    assert bureau.figure(REDEVELOPED, year=2026, basis="annual")["value"] == 60.0


def test_linked_supply_gives_the_earlier_date(bureau):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), "合同签订日期": "2025-10-01"}, year=2025)
    bureau.hand_in(
        "低效用地",
        {
            "图斑编号": "D1",
            "供地电子监管号": supervision_no(1),
            "改造协议日期": "2025-12-20",
            "施工许可日期": "2026-01-05",
        },
    )
    assert bureau.figure(REDEVELOPED, year=2025)["value"] == 60.0
    # The supply carries it in indicator 1: 2 公顷, and the patch is not self-redevelopment.
    assert bureau.figure(ACTIVATED)["value"] == 30.0


@pytest.mark.parametrize("supply", ["cancelled", "unknown"])
def test_cancelled_or_unknown_supply_gives_no_date_and_no_self_redevelopment(bureau, supply):
    if supply == "cancelled":
        bureau.hand_in(
            "供地结果", {"电子监管号": supervision_no(1), "合同签订日期": "2025-10-01", "状态": "解除"}, year=2025
        )
    bureau.hand_in("低效用地", {"图斑编号": "D1", "供地电子监管号": supervision_no(1), "改造协议日期": "2026-02-01"})
    assert bureau.figure(REDEVELOPED, year=2025)["value"] is None  # nothing dated, nothing reported
    assert bureau.figure(REDEVELOPED)["value"] == 60.0  # by agreement and permit
    assert bureau.figure(ACTIVATED)["value"] == 0.0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"入库日期": ""}, "chain_incomplete"),
        ({"方案批复日期": ""}, "chain_incomplete"),
        ({"入库日期": "2026-03-02"}, "chain_incomplete"),
        ({"方案批复日期": "2026-03-02"}, "chain_incomplete"),
        ({"入库日期": "2026-03-01", "方案批复日期": "2026-03-01"}, None),
        ({"完成面积": ""}, "not_completed"),
        ({"施工许可日期": ""}, "not_completed"),
        ({"改造协议日期": ""}, "not_completed"),
    ],
)
def test_the_chain_must_be_whole(bureau, row, reason):
    bureau.hand_in("低效用地", {"图斑编号": "D1", "改造协议日期": "2026-03-01", "施工许可日期": "2026-02-01", **row})
    (found,) = bureau.result(REDEVELOPED).ledger.iter_rows(named=True)
    assert found["reason"] == reason
    assert bureau.figure(REDEVELOPED)["value"] == (60.0 if reason is None else 0.0)
    assert bureau.figure(ACTIVATED)["value"] == (60.0 if reason is None else 0.0)


def test_switch_to_completion_date(bureau):
    bureau.hand_in("低效用地", {"图斑编号": "D1", "竣工日期": "2026-05-01"})
    assert bureau.figure(REDEVELOPED, year=2025, as_of="2026-11-23")["value"] == 60.0
    assert (
        bureau.figure(REDEVELOPED, year=2025, redevelopment__counts_at="completion")["value"] is None
    )  # 2025 not reported
    assert bureau.figure(REDEVELOPED, year=2026, redevelopment__counts_at="completion")["value"] == 60.0
