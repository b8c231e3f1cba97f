"""Sentences of the official reports: comparatives that fit, numbers without blanks."""

from __future__ import annotations

from datetime import date

import pytest

from assets.outputs import chapter_sentences as say
from assets.outputs.model import Region, Row
from schemas.indicators import INDICATORS
from tests.documents_sample import build_cell

DAY = date(2026, 11, 23)
PROVINCE = Region("330000", "浙江省", "province", None)
CITIES = [Region(f"330{number}00", name, "city", None) for number, name in enumerate(("甲市", "乙市", "丙市"), 1)]


def cell(code: str, value: float | None, target: float | None, verdict: str, region: Region = PROVINCE, **more):
    return build_cell(region, INDICATORS[code], 2026, 2027, DAY, value=value, target=target, verdict=verdict, **more)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("完成 2027 年目标的 68.00%，高于", "完成2027年目标的68.00%，高于"),
        ("为 ＜58.50%", "为＜58.50%"),
        ("GB/T 21010", "GB/T 21010"),
        ("8 项", "8项"),
    ],
)
def test_solid(text, printed):
    assert say.solid(text) == printed


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            cell("activated_stock_land", 204000.0, 300000.0, "on_track", expected=200000.0),
            "浙江省累计盘活存量建设用地204,000亩，完成2027年目标的68.00%，高于序时进度1.33个百分点（预计）。"
            "按序时应达200,000亩，进度比1.02，评价结论为达序时。",
        ),
        (
            cell("stock_supply_share", 58.4999, 58.5, "behind"),
            "浙江省2025至2027年期间存量土地供应占比为58.4999%，低于2027年目标（58.50%）0.0001个百分点（预计）。"
            "评价结论为略滞后。",
        ),
        (cell("walk15_coverage", None, 72.5, "not_due"), "数据未到期"),
    ],
)
def test_standing(made, sentence):
    assert sentence in say.standing(made)


def test_a_missing_value_names_the_latest_one():
    earlier = build_cell(
        PROVINCE, INDICATORS["walk15_coverage"], 2025, 2027, DAY, value=71.76, target=72.5, verdict="on_track"
    )
    text = say.standing(cell("walk15_coverage", None, 72.5, "not_due"), earlier)
    assert "最近一次有数据的是" in text and "2025年" in text and "71.76%" in text


def test_a_forecast_says_so():
    text = say.standing(cell("activated_stock_land", 1000.0, 2000.0, "behind", expected=1100.0, forecast=1900.0))
    assert "预测" in text and "1,900亩" in text and "达不到目标" in text


def test_brief():
    indicator = INDICATORS["activated_stock_land"]
    made = cell("activated_stock_land", 204000.0, 300000.0, "on_track")
    assert say.brief(made, indicator) == "盘活存量建设用地204,000亩，完成2027年目标的68.00%，达序时"
    assert say.brief(cell("activated_stock_land", None, 300000.0, "not_reported"), indicator) == "盘活存量建设用地未报"


def test_lagging_names_cities_by_verdict_and_is_silent_without():
    indicator = INDICATORS["idle_disposal_rate"]
    cells = [
        cell("idle_disposal_rate", value, 100.0, verdict, region)
        for region, value, verdict in zip(
            CITIES, (70.0, 95.0, 101.0), ("far_behind", "behind", "achieved"), strict=True
        )
    ]
    expected = "年度闲置土地处置任务完成率：滞后的有甲市（70.00%）；略滞后的有乙市（95.00%）。"
    assert say.lagging(cells, indicator) == expected
    assert say.lagging(cells[2:], indicator) == ""


def test_city():
    indicators = [INDICATORS["activated_stock_land"], INDICATORS["idle_disposal_rate"]]
    row = Row(
        CITIES[0],
        (
            cell("activated_stock_land", 500.0, 1000.0, "far_behind", CITIES[0], rank=9),
            cell("idle_disposal_rate", 100.0, 100.0, "achieved", CITIES[0], rank=2),
        ),
    )
    assert say.city(row, indicators) == (
        "甲市2项指标中，1项已达标、1项滞后。滞后的是盘活存量建设用地（500亩，完成目标的50.00%）。"
        "居全省前三位的是闲置处置率第2位。"
    )
    assert say.city(Row(CITIES[0], (None, None)), indicators) == "甲市本期没有评价结果。"
