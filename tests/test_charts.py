"""Charts as SVG: well-formed, named, placed by hand-worked positions, and alike whether inline or standing alone."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from assets.outputs import charts
from assets.outputs.charts import DOCUMENT, PAGE, Bar, Mark, Range, Tile

NAMES = (("走势", "path"), ("说明 <&>", "told"))


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [each.text for each in parsed(svg).iter() if each.tag.endswith("text")]


@pytest.mark.parametrize(
    ("values", "axis"),
    [
        ([0, 47000], (0, 50000, 10000)),  # the narrowest of 1, 2, 2.5, 5 × 10ⁿ that needs no more than five steps
        ([30, 100], (0, 100, 20)),  # 30 is near enough to 0
        ([80, 84], (80, 84, 1)),  # far from 0: the axis starts beside the values
        ([5, 5], (0, 6, 2)),
        ([0, 0], (-0.1, 0.1, 0.05)),
        ([-2, 8], (-2, 8, 2)),
        ([], (0, 1, 0.2)),
    ],
)
def test_an_axis_has_round_steps_and_holds_its_values(values, axis):
    low, high, steps = charts.scale(values)
    assert all(low <= value <= high for value in values)
    assert steps[0] == low and steps[-1] == high
    gaps = {round(after - before, 10) for before, after in pairwise(steps)}
    assert len(gaps) == 1
    assert 2 <= len(steps) <= 8
    if values not in ([5, 5], [0, 0]):
        assert (low, high, gaps.pop()) == axis


def trajectory(**more):
    first, last = date(2025, 1, 1), date(2027, 12, 31)
    arguments = {
        "first": first, "last": last,
        "actual": [[(first, 0.0), (date(2026, 12, 31), 25.0)]],
        "marks": [Mark(date(2026, 12, 31), 25.0, "25.00")],
        "expected": [(first, 0.0), (last, 50.0)],
        "target": Mark(last, 50.0, "50.00"),
    }  # fmt: skip
    return charts.trajectory(*NAMES, **(arguments | more))


def test_a_trajectory_places_values_by_day_and_size():
    svg = parsed(trajectory())
    actual = next(each for each in svg.iter("polyline") if each.get("class") == "actual")
    # 730 of 1094 days of the 394 pixels right of 52; 25 of 0–50 up from 210 to 16.
    assert actual.get("points") == "52,210 314.5,113"
    assert [each.get("class") for each in svg.iter("circle")] == ["mark"]
    assert next(each for each in svg.iter("line") if each.get("class") == "goal").get("y1") == "16"


def test_a_trajectory_says_what_it_shows():
    svg = parsed(trajectory())
    assert svg.get("role") == "img"
    assert [svg.find("title").text, svg.find("desc").text] == ["走势", "说明 <&>"]
    assert {"25.00", "目标", "target", "50.00", "2025", "2026", "2027"} <= set(texts(trajectory()))


def test_a_forecast_is_named_and_never_a_value():
    svg = trajectory(forecast=Range(date(2027, 12, 31), 38.0, 40.0, 42.0, "40.00"))
    assert {"预测", "forecast", "40.00"} <= set(texts(svg))
    dots = [each.get("class") for each in parsed(svg).iter("circle")]
    assert sorted(dots) == ["forecast-dot", "mark"]
    assert "预测" not in texts(trajectory())


@pytest.mark.parametrize("forecast", [10.0, 30.0, 48.0, 50.0, 52.0, 60.0])
def test_words_of_target_and_forecast_never_lie_on_each_other(forecast):
    svg = trajectory(forecast=Range(date(2027, 12, 31), forecast - 1, forecast, forecast + 1, "x"))
    right = [each for each in parsed(svg).iter("text") if each.get("x") == "454"]
    lines = [float(each.get("y")) for each in right if "en" not in each.get("class").split()]
    assert len(lines) == 4
    assert all(after - before >= 12.9 for before, after in pairwise(sorted(lines)))


def test_no_value_at_all_still_draws():
    svg = trajectory(actual=[], marks=[], expected=(), target=None)
    assert not list(parsed(svg).iter("polyline"))


def test_gaps_stay_gaps():
    svg = charts.sparkline(("历年", "years"), [1.0, 2.0, None, 4.0, 3.0])
    assert len(list(parsed(svg).iter("polyline"))) == 2
    assert charts.sparkline(("历年", "years"), [None, None]) == ""


def test_bars_are_long_by_value_and_absence_has_none():
    bars = [
        Bar(("杭州市", "Hangzhou"), 1.0, "100.00%", 1.0, "achieved", ("已达标", "achieved"), "★"),
        Bar(("宁波市", "Ningbo"), 0.5, "50.00%", 1.0, "far_behind", ("滞后", "far behind"), "▼"),
        Bar(("湖州市", "Huzhou"), None, "—", 1.0, "not_reported", ("未报", "not reported"), "－"),
    ]
    svg = charts.ranking(*NAMES, bars)
    long, short = [float(each.get("width")) for each in parsed(svg).iter("rect")]
    assert long == pytest.approx(2 * short, abs=0.1)
    assert {"★", "▼", "－", "已达标", "achieved", "50.00%", "未报"} <= set(texts(svg))


TILE = Tile(
    0, 0, ("杭州", "Hangzhou"), ("达序时 1/2", "1 of 2"), (("on_track", "●"), ("behind", "▲")), "city/330100.html"
)


def test_a_tile_shows_a_shape_for_every_verdict_and_links():
    svg = parsed(charts.tiles(*NAMES, [TILE]))
    assert svg.get("role") == "group"
    assert [each.get("href") for each in svg.iter("a")] == ["city/330100.html"]
    assert [each.text for each in svg.iter("text") if "shape" in each.get("class")] == ["●", "▲"]


def test_a_document_gets_one_language_and_a_file_of_its_own():
    alone, inline = charts.tiles(*NAMES, [TILE], DOCUMENT), charts.tiles(*NAMES, [TILE], PAGE)
    assert "Hangzhou" not in "".join(text for text in texts(alone) if text)
    assert {"杭州", "Hangzhou"} <= set(texts(inline))
    assert "xmlns=" in alone and "xmlns" not in inline


@pytest.mark.parametrize("text", ['<b>"&', "供地_<script>"])
def test_texts_are_escaped(text):
    svg = charts.sparkline((text, text), [1.0, 2.0])
    assert parsed(svg).find("title").text == text
    assert text not in svg
