"""How figures are shown: half-even on the decimal value, and never against the verdict."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.outputs import format as shown


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (123456, "亩", "123,456"), (0.5, "亩", "0"), (1.5, "亩", "2"), (2.5, "亩", "2"), (-0.2, "亩", "0"),
        (58.5, "%", "58.50%"), (58.125, "%", "58.12%"), (58.135, "%", "58.14%"), (1.005, "ratio", "1.00"),
        (1.015, "ratio", "1.02"), (12.34565, "公顷", "12.3456"), (-3.2, "ratio", "−3.20"), (None, "%", "—"),
        (Fraction(1, 3), "ratio", "0.33"), (1e-7, "%", "0.00%"), (1234567.891, "万元", "1,234,567.89"),
    ],
)  # fmt: skip
def test_decimals_of_a_unit(value, unit, text):
    assert shown.number(value, unit) == text


@pytest.mark.parametrize(
    ("value", "target", "unit", "texts"),
    [
        (58.4999, 58.5, "%", ("58.4999%", "58.50%")),
        (58.5, 58.5, "%", ("58.50%", "58.50%")),
        (58.5000001, 58.5, "%", ("58.50%", "58.50%")),
        (46999.6, 47000, "亩", ("46,999.6", "47,000")),
        (47000.4, 47000, "亩", ("47,000", "47,000")),
        (71.3332, 71.3337, "%", ("71.333%", "71.334%")),  # a computed target gets its decimals too
        (71.3352, 71.3349, "%", ("71.34%", "71.33%")),
        (None, 58.5, "%", ("—", "58.50%")),
        (40.0, None, "%", ("40.00%", "—")),
    ],
)
def test_a_value_beside_its_target(value, target, unit, texts):
    assert shown.against(value, target, unit) == texts


def test_a_verdict_finer_than_a_double_still_shows():
    assert shown.against(58.5, 58.5, "%", met=False) == ("＜58.50%", "58.50%")


@pytest.mark.parametrize(
    ("value", "unit", "margin", "text"),
    [
        (-0.4, "亩", None, "−0.4"), (0.4, "亩", None, "0"), (1200.4, "亩", None, "+1,200"), (0, "亩", None, "0"),
        (-1.003, "%", 1.0, "−1.003"), (-1.0, "%", 1.0, "−1.00"), (-0.0001, "%", None, "−0.0001"),
        (None, "%", None, "—"),
    ],
)  # fmt: skip
def test_a_gap_keeps_its_sign_and_its_margin(value, unit, margin, text):
    assert shown.gap(value, unit, margin) == text


@pytest.mark.parametrize(("value", "text"), [(0.99996, "99.996%"), (1, "100.00%"), (0.4115, "41.15%"), (None, "—")])
def test_a_share_below_one_is_not_a_hundred(value, text):
    assert shown.share(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.9999, "0.9999"), (1.0, "1.00"), (0.8996, "0.8996"), (1.2, "1.20")])
def test_a_pace_keeps_its_verdict(value, text):
    assert shown.pace(value) == text


def test_words_for_a_sentence():
    assert shown.quantity(123456.4, "亩") == "123,456 亩"
    assert shown.quantity(58.5, "%") == "58.50%"
    assert shown.points(-2.3) == "2.30 个百分点"
    assert (shown.points(0.0001), shown.points(0)) == ("0.0001 个百分点", "0.00 个百分点")
    assert (shown.word("not_reported"), shown.word("behind", english=True), shown.shape("missed")) == (
        "未报",
        "behind",
        "✕",
    )


def read(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("%", "").replace("−", "-").replace("＜", ""))


_UNITS = st.sampled_from(["亩", "公顷", "%", "ratio"])
_VALUES = st.floats(-1e7, 1e7, allow_nan=False).map(lambda x: round(x, 6))


@given(_VALUES, _VALUES, _UNITS)
def test_no_display_contradicts_its_verdict(value, target, unit):
    left, right = (read(text) for text in shown.against(value, target, unit))
    assert (left >= right) == (value >= target)
    assert (left >= Decimal(repr(target))) == (value >= target)


@given(_VALUES, st.integers(1, 6), st.sampled_from([-1, 1]), _UNITS)
def test_nor_does_a_value_close_to_its_target(target, digits, side, unit):
    value = float(Decimal(repr(target)) + side * Decimal(1).scaleb(-digits))
    left, right = (read(text) for text in shown.against(value, target, unit))
    assert (left >= right) == (value >= target)


@given(_VALUES, _UNITS)
def test_display_is_within_half_a_unit_of_the_last_place(value, unit):
    assert abs(read(shown.number(value, unit)) - Decimal(repr(value))) <= Decimal(1).scaleb(-shown.places(unit)) / 2


@given(st.floats(0, 3, allow_nan=False))
def test_a_pace_is_on_its_own_side(value):
    text = read(shown.pace(value))
    assert [text >= limit for limit in (1, Decimal("0.9"))] == [value >= limit for limit in (1, 0.9)]


def test_a_value_between_verdicts_is_not_shown_on_the_border():
    # FAR 1.4499 is 滞后 (more than 0.05 below 1.5); 1.45 would be 略滞后
    assert shown.beside(1.4499, (1.5,), "ratio", borders=(1.45,))[0] == "1.4499"
    assert shown.beside(1.45, (1.5,), "ratio", borders=(1.45,))[0] == "1.45"


def test_a_value_equal_to_its_expected_value_needs_no_more_decimals():
    assert shown.beside(79.692224, (84, 79.692224), "%") == ("79.69%", ("84.00%", "79.69%"))
