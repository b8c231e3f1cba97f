"""What changed between two releases and why: effects by cause that add up, records with file and row."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets import revision
from assets.trust.decomposition import BOTTOM, TOP, change, decompose, evaluate, main_cause, total
from schemas.indicators import INDICATORS
from schemas.trust import VALUE_CAUSES, Cause
from tests.bureau import supervision_no
from tests.released import Publisher

ACTIVATED, REDEVELOPED, DIGESTION, IDLE, SHARE, FAR, GDP, WALK = INDICATORS


# --- Pure -------------------------------------------------------------------------------------------------------


def sums(top: float, bottom: float | None = None) -> dict:
    return {TOP: Fraction(top)} | ({} if bottom is None else {BOTTOM: Fraction(bottom)})


@pytest.mark.parametrize(
    ("code", "old", "moves", "expected"),
    [
        (ACTIVATED, sums(100), {Cause.NEW: sums(30), Cause.CANCELLED: sums(-10)}, {"new": 30, "cancelled": -10}),
        # 40 of 100; a new record of 20, all stock: 60 of 120; then one of 20 that was none is cancelled: 60 of 100
        (SHARE, sums(40, 100), {Cause.NEW: sums(20, 20), Cause.CANCELLED: sums(0, -20)}, {"new": 10, "cancelled": 10}),
        # the only record is replaced: on the way there is nothing to divide by
        (SHARE, sums(5, 10), {Cause.CHANGED: sums(-5, -10), Cause.RULE: sums(9, 10)}, {"rule": 40}),
        (FAR, sums(20, 10), {Cause.RULE: sums(-5, -5)}, {"rule": 1}),
        (WALK, {("top", "文化"): Fraction(80), ("bottom", "文化"): Fraction(100)},
         {Cause.CHANGED: {("top", "文化"): Fraction(-30)}}, {"changed": -30}),
    ],
)  # fmt: skip
def test_effects_by_hand(code, old, moves, expected):
    indicator, new = INDICATORS[code], total([old, *moves.values()])
    effects = decompose(code, old, moves, float(evaluate(indicator, old)), float(evaluate(indicator, new)))
    assert {str(cause): float(effect) for cause, effect in effects.items() if effect} == expected


def test_what_the_sums_cannot_explain_is_said_so():
    assert decompose(ACTIVATED, sums(100), {}, 100.0, 130.0)[Cause.OTHER] == 30
    assert decompose(ACTIVATED, sums(100), {}, 100.0, 130.0, Cause.RULE)[Cause.RULE] == 30


amounts = st.integers(0, 10**6).map(lambda n: Fraction(n, 1000))


@settings(max_examples=200, deadline=None)
@given(
    code=st.sampled_from([ACTIVATED, SHARE, FAR]), top=amounts, bottom=amounts.map(lambda n: n + 1),
    moves=st.dictionaries(st.sampled_from(VALUE_CAUSES[:-1]), st.tuples(amounts, amounts), max_size=6),
)  # fmt: skip
def test_effects_always_add_up(code, top, bottom, moves):
    indicator, old = INDICATORS[code], {TOP: top, BOTTOM: bottom}
    made = {cause: {TOP: t, BOTTOM: b} for cause, (t, b) in moves.items()}
    values = [float(evaluate(indicator, each)) for each in (old, total([old, *made.values()]))]
    effects = decompose(code, old, made, *values)
    assert sum(effects.values()) == change(*values)
    assert abs(effects[Cause.OTHER]) < Decimal("0.00001")


@pytest.mark.parametrize(("effects", "expected"), [({}, None), ({Cause.NEW: 1, Cause.RULE: -3}, Cause.RULE)])
def test_main_cause(effects, expected):
    assert main_cause(dict.fromkeys(VALUE_CAUSES, 0) | effects) == expected


_NAMES = [f"{name}_{horizon}" for name in ("verdict", "rank", "target", "expected") for horizon in (2027, 2030)]
_SAME = {f"{side}_{name}": 1 for side in ("old", "new") for name in (*_NAMES, "target_version", "end")}
_SAME |= {"planned": None}


@pytest.mark.parametrize(
    ("differs", "value_cause", "rules_differ", "expected"),
    [
        ({}, Cause.NEW, False, None),
        ({"new_verdict_2027": 2}, Cause.NEW, False, "new"),
        ({"new_verdict_2027": 2, "new_target_2027": 2, "new_target_version": "2"}, Cause.NEW, False, "target"),
        ({"new_verdict_2027": 2, "new_target_2027": 2}, None, False, "baseline"),
        ({"new_verdict_2027": 2}, None, True, "rule"),
        ({"new_verdict_2027": 2, "new_expected_2027": 2, "new_end": 2}, None, False, "time"),
        ({"new_verdict_2027": 2, "new_expected_2027": 2}, None, False, "changed"),
        ({"new_rank_2030": 2}, None, False, "ranking"),
        ({"new_verdict_2027": 2, "new_target_2027": 2, "old_target_version": None}, Cause.TIME, False, "time"),
        ({"new_verdict_2027": 2, "new_expected_2027": 2, "new_end": 2, "planned": "new"}, Cause.TIME, False, "new"),
        ({"new_verdict_2027": 2, "planned": "new"}, Cause.NEW, False, "new"),
    ],
)
def test_why_a_verdict_flips(differs, value_cause, rules_differ, expected):
    assert revision.why_flipped(_SAME | differs, value_cause, rules_differ) == expected


# --- Through the real door --------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path) -> Publisher:
    return Publisher(tmp_path / "home")


def supply(n: int, area: str = "2", **more) -> dict:
    parts = {"供应面积": area, "现有建设用地面积": area, "当年新增面积": "0"}
    return {"电子监管号": supervision_no(n)} | parts | more


def named(moved: dict) -> set[tuple]:
    """The records of a revision: end of the key, cause, effect, row of the file."""
    found = json.loads(moved["top_records"] or "[]")
    return {(each["record_key"][-2:], each["cause"], each["effect"], each["row_number"]) for each in found}


def test_new_changed_and_cancelled_records(place):
    place.hand_in("供地结果", supply(1), supply(2), day="2026-03-05")
    before = place.build("2026-03-31")
    rows = (supply(3, "2"), supply(2, 状态="撤销"), supply(1, "3"))
    place.hand_in("供地结果", *rows, day="2026-04-05", batch="2")
    now = place.build("2026-04-30")
    moved = place.moved(before, now, ACTIVATED)
    assert (moved["old_value"], moved["new_value"], moved["change"]) == (60, 75, 15)
    assert moved["effects"] == {"new": 30, "changed": 15, "cancelled": -30}
    assert named(moved) == {("03", "new", 30, 2), ("02", "cancelled", -30, 3), ("01", "changed", 15, 4)}
    for region in ("330000", "330106"):  # the province and the county add up as well
        assert place.moved(before, now, ACTIVATED, region=region, basis="annual")["effects"] == moved["effects"]


def test_changes_that_cancel_out_are_still_told(place):
    place.hand_in("供地结果", supply(1), day="2026-03-05")
    before = place.build("2026-03-31")
    place.hand_in("供地结果", supply(1, 状态="撤销"), supply(2), day="2026-04-05", batch="2")
    moved = place.moved(before, place.build("2026-04-30"), ACTIVATED)
    assert (moved["change"], moved["effects"]) == (0, {"new": 30, "cancelled": -30})


def test_records_that_leave_the_value_as_it_was_have_a_cause(place):
    place.hand_in("供地结果", supply(1), day="2026-03-05")
    before = place.build("2026-03-31")
    place.hand_in("供地结果", supply(2, "3"), day="2026-04-05", batch="2")
    now = place.build("2026-04-30")
    moved = place.moved(before, now, SHARE)
    assert (moved["old_value"], moved["new_value"], moved["change"], moved["effects"]) == (100, 100, 0, {})
    assert (moved["cause"], moved["records"], named(moved)) == ("new", 1, {("02", "new", 0, 2)})


def test_a_contract_that_was_signed_since_is_the_passage_of_time(place):
    place.hand_in("供地结果", supply(1), supply(2, 合同签订日期="2026-04-15"), day="2026-03-05")
    moved = place.moved(place.build("2026-03-31"), place.build("2026-04-30"), ACTIVATED)
    assert (moved["cause"], moved["effects"]) == ("time", {"time": 30})


def test_an_earlier_event_on_the_parcel_takes_the_claim(place):
    """Nothing was said of the first record again: what it depends on has changed."""
    place.hand_in("供地结果", supply(1, 宗地代码="P1", 合同签订日期="2026-03-01"), day="2026-03-05")
    before = place.build("2026-03-31")
    place.hand_in("供地结果", supply(2, "1.5", 宗地代码="P1", 合同签订日期="2026-02-01"), day="2026-04-05", batch="2")
    moved = place.moved(before, place.build("2026-04-30"), ACTIVATED)
    assert (moved["change"], moved["effects"]) == (0, {"new": 22.5, "linked": -22.5})


def test_a_rule(place):
    place.hand_in("供地结果", supply(1), day="2026-03-05")
    place.hand_in("闲置土地", {"认定书编号": "X1"}, day="2026-03-05")
    moved = place.moved(place.build("2026-03-31"), place.build("2026-03-31", activation__idle="false"), ACTIVATED)
    assert moved["effects"] == {"rule": -45}
    assert moved["new_rule_version"] == "2025.1+activation.idle=false"


def test_a_revised_task_and_one_of_the_provinces_own(place):
    place.hand_in("批而未供台账", {"批文号": "B1"}, day="2026-03-05")
    place.hand_in("批而未供消化", {"消化编号": "X1", "消化面积": "3"}, day="2026-03-05")
    tasks = [{"行政区代码": f"33{city:02}00", "任务面积": "100"} for city in range(1, 12)]
    place.hand_in("年度任务", *tasks, day="2026-03-05", city="330000")
    first = place.build("2026-03-31")
    place.hand_in("年度任务", {"任务面积": "150"}, day="2026-04-05", batch="2")
    second = place.build("2026-04-30")
    assert place.moved(first, second, DIGESTION)["effects"] == {"changed": -15}  # 45/100 → 45/150
    place.hand_in("年度任务", {"行政区代码": "330000", "任务面积": "450"}, day="2026-05-05", city="330000", batch="3")
    moved = place.moved(second, place.build("2026-05-31"), DIGESTION, region="330000")
    assert (moved["new_value"], list(moved["effects"])) == (10, ["new"])  # its own row replaces its cities'


def economy(
    place: Publisher, day: str, land: str = "1100", index: str = "110.0", base: str = "1000", vintage: str = "初步"
) -> None:
    rows = ({"面积": base}, {"年份": "2026", "面积": land, "版本": vintage})
    place.hand_in("建设用地变更调查", *rows, day=day, batch=day)
    kind = {"初步": "初步核算", "最终": "最终核实"}[vintage]
    place.hand_in("地区生产总值", {}, {"年份": "2026", "可比价指数": index, "口径": kind}, day=day, batch=day)


@pytest.mark.parametrize(
    ("revised", "expected"),
    [
        ({"land": "1045"}, {"vintage": 5}),  # 1045 / 110 against 1000 / 100
        ({"index": "112.2"}, {"vintage": 1.960784314}),
        ({"base": "1100"}, {"baseline": 9.090909091}),
        # with the base of before: 1045 / 112.2 is 6.86 % less than 10; against 11 it is 15.33 %
        ({"land": "1045", "index": "112.2", "base": "1100"}, {"vintage": 6.862745098, "baseline": 8.467023173}),
    ],
)
def test_vintages_of_survey_and_gdp(place, revised, expected):
    economy(place, "2027-05-01")
    before = place.build("2027-05-31")
    economy(place, "2027-10-01", vintage="最终", **revised)
    moved = place.moved(before, place.build("2027-10-31"), GDP)
    assert moved["old_value"] == pytest.approx(0)
    assert moved["effects"] == pytest.approx(expected)
    assert sum(moved["effects"].values()) == pytest.approx(float(moved["change"]))


def walk(place: Publisher, day: str, **covered: str) -> None:
    rows = [
        {"设施类别": each, "年份": "2026", "覆盖面积": covered.get(each, "80")}
        for each in ("文化", "教育", "卫生", "体育", "养老")
    ]
    place.hand_in("步行覆盖", *rows, day=day, batch=day)


def test_a_level_of_five_classes(place):
    walk(place, "2026-12-01")
    before = place.build("2026-12-31")
    walk(place, "2027-02-01", 教育="85", 卫生="70")
    moved = place.moved(before, place.build("2027-02-28"), WALK)
    assert (moved["effects"], moved["records"]) == ({"changed": -1}, 2)
    assert {(each["record_key"][-2:], each["effect"]) for each in json.loads(moved["top_records"])} == {
        ("教育", 1),
        ("卫生", -2),
    }


def test_a_verdict_that_a_plan_flips_has_the_plan_as_its_cause(place):
    """1,500 亩 by June against 23,436 on the straight line; the city's own plan asks for little, then for much."""
    plan = {"任务": "盘活存量建设用地"}
    place.hand_in("供地结果", supply(1, "100"), day="2026-03-05")
    before = place.build("2026-06-30")
    place.hand_in(
        "年度任务", *({**plan, "年份": year, "任务面积": "20"} for year in ("2025", "2026")), day="2026-07-01"
    )
    planned = place.build("2026-07-01")
    place.hand_in("年度任务", {**plan, "年份": "2026", "任务面积": "9000"}, day="2026-07-02", batch="更正")
    corrected = place.build("2026-07-02")
    flips = [place.moved(*pair, "activated_stock_land") for pair in ((before, planned), (planned, corrected))]
    assert [each["verdict_cause"] for each in flips] == ["new", "changed"]
    assert [each["old_verdict_2027"] for each in flips] == ["far_behind", "on_track"]


def test_a_new_year_is_no_new_target(place):
    place.hand_in("供地结果", supply(1), day="2026-12-05")
    before, now = place.build("2026-12-31"), place.build("2027-01-31")
    moved = place.moved(before, now, "activated_stock_land", year=2027)
    assert (moved["cause"], moved["verdict_cause"]) == ("time", "time")


def test_a_figure_that_appears_has_a_cause_and_no_effects(place):
    place.hand_in("供地结果", supply(1), day="2026-03-05")
    before = place.build("2026-03-31")
    walk(place, "2026-04-01")
    moved = place.moved(before, place.build("2026-04-30"), WALK)
    assert (moved["old_absence"], moved["new_value"], moved["change"], moved["cause"]) == ("not_due", 80, None, "new")


def test_nothing_between_equal_releases(place):
    place.hand_in("供地结果", supply(1), day="2026-03-05")
    path = place.build("2026-03-31")
    assert revision.between(path, path).height == 0


def test_every_effect_of_a_mixed_month_adds_up(place):
    """Shares and averages over a province, all figures: the sums hold in every row and nothing is unexplained."""
    rows = [supply(n, str(1 + n % 3), 约定容积率下限="1.5", 土地用途代码="0601") for n in range(20)]
    mixed = [supply(n, "3", 现有建设用地面积="1", 当年新增面积="2", 行政区代码="330203") for n in range(20, 30)]
    place.hand_in("供地结果", *rows, day="2026-03-05")
    place.hand_in("供地结果", *mixed, day="2026-03-05", city="330200")
    before = place.build("2026-03-31")
    changes = [
        supply(0, "7", 约定容积率下限="2.1", 土地用途代码="0601"),
        supply(1, 状态="解除"),
        supply(40, "5"),
        supply(2, "3", 是否单独选址="是"),
    ]
    place.hand_in("供地结果", *changes, day="2026-04-05", batch="2")
    made = revision.between(before, place.build("2026-04-30", activation__idle="false"))
    effects = [pl.col(f"effect_{cause}") for cause in VALUE_CAUSES]
    compared = made.filter(pl.col("change").is_not_null())
    assert compared.filter(indicator=SHARE).height > 5
    assert compared.filter(pl.sum_horizontal(effects) != pl.col("change")).height == 0
    assert compared.filter(pl.col("effect_other") != 0).height == 0
