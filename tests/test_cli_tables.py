"""Text tables with Chinese cells stay aligned."""

from __future__ import annotations

import pytest

from pipelines.cli.tables import clip, pad, table, width


@pytest.mark.parametrize(
    ("text", "places"), [("", 0), ("abc", 3), ("杭州", 4), ("（亩）", 6), ("A杭", 3), ("★ 已达标", 8), ("e\u0301", 1)]
)
def test_width(text: str, places: int) -> None:
    assert width(text) == places


@pytest.mark.parametrize(
    ("text", "places", "right", "expected"),
    [("杭", 4, False, "杭  "), ("杭", 4, True, "  杭"), ("杭州", 2, False, "杭州")],
)
def test_pad(text: str, places: int, right: bool, expected: str) -> None:
    assert pad(text, places, right) == expected


@pytest.mark.parametrize(
    ("text", "places", "expected"),
    [("杭州市", 6, "杭州市"), ("杭州市", 5, "杭州…"), ("a\nb\tc", 9, "a b c"), ("abcdef", 4, "abc…")],
)
def test_clip(text: str, places: int, expected: str) -> None:
    assert clip(text, places) == expected


def test_columns_start_at_the_same_place() -> None:
    lines = table(["市", "值"], [["杭州市", "1"], ["A", "12.5"]], right={1}).splitlines()
    assert lines == ["市        值", "──────  ────", "杭州市     1", "A       12.5"]
    assert {width(line) for line in lines} == {12}
