"""Restatements: the figures of two releases side by side, and which earlier release is compared with."""

from __future__ import annotations

from datetime import date

import pytest

from assets import release
from assets.home import Home
from assets.outputs import bundle, chapter_restated
from assets.outputs.model import Region
from assets.outputs.restating import horizon_made_again, restatement
from schemas.indicators import INDICATORS, Verdict
from schemas.trust import State
from tests.documents_sample import build_cell

CITY = Region("330100", "杭州市", "city", "330100")
SHARE, AREA = INDICATORS["stock_supply_share"], INDICATORS["activated_stock_land"]
KEY = {each.code: ("330100", each.code, 2027, 2027) for each in (SHARE, AREA)}


def cells(day: date, share: float | None, area: float, verdict: str, forecast: float | None = None) -> dict:
    made = {"year": 2027, "horizon": 2027, "as_of": day}
    return {
        KEY[SHARE.code]: build_cell(
            CITY, SHARE, **made, value=share, target=62.5, forecast=forecast,
            verdict="not_reported" if share is None else verdict,
        ),
        KEY[AREA.code]: build_cell(CITY, AREA, **made, value=area, target=47000.0, verdict=verdict),
    }  # fmt: skip


@pytest.fixture
def made():
    """60 then 61 %, forecast 62 ± 1.86; 40,000 then 47,000 亩 without a forecast."""
    before = cells(date(2027, 9, 30), 60.0, 40000.0, Verdict.FAR_BEHIND, forecast=62.0)
    after = cells(date(2028, 12, 31), 61.0, 47000.0, Verdict.MISSED)
    return restatement(before, after, [CITY], 2027, "2027-09-30.1", date(2027, 9, 30))


def test_what_changed_and_what_the_forecast_was_worth(made):
    area, share = made.rows
    assert (made.kind, made.year) == ("midterm", 2027)
    assert (share.change_text, share.error_text, share.inside, share.flipped) == ("+1.00", "−1.00", True, True)
    assert (area.change_text, area.error_text, area.inside) == ("+7,000", "—", None)


def test_an_outcome_beside_its_range_is_outside():
    before = cells(date(2027, 9, 30), 60.0, 1.0, Verdict.BEHIND, forecast=64.0)  # 62.08 – 65.92
    after = cells(date(2028, 6, 30), 61.0, 1.0, Verdict.BEHIND)
    _, share = restatement(before, after, [CITY], 2027, "r", date(2027, 9, 30)).rows
    assert (share.error_text, share.inside, share.flipped) == ("−3.00", False, False)


def test_a_value_that_came_later_changes_nothing():
    before = cells(date(2027, 9, 30), None, 1.0, Verdict.BEHIND, forecast=62.0)
    after = cells(date(2028, 6, 30), 61.0, 1.0, Verdict.BEHIND)
    _, share = restatement(before, after, [CITY], 2027, "r", date(2027, 9, 30)).rows
    assert (share.change_text, share.error_text, share.inside, share.flipped) == ("—", "−1.00", True, True)


def test_the_chapter_counts(made):
    said = chapter_restated.summary(made)
    assert "由发布2027-09-30.1作出，数据截至2027年9月30日" in said
    assert said.endswith("已有结果的1项次，落在80%区间内的1项次；预测未达标的1项次中，实际已达标0项次。")


@pytest.mark.parametrize(
    ("day", "horizon"),
    [
        (date(2027, 12, 31), None),
        (date(2028, 1, 1), 2027),
        (date(2030, 12, 31), 2027),
        (date(2031, 1, 1), 2030),
    ],
)
def test_an_evaluation_is_made_again_once_its_year_is_over(day, horizon):
    assert horizon_made_again(day) == horizon


# --- Which earlier release -------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of named releases; the what-if among them is marked by its number 9."""
    made = Home(tmp_path / "home")

    def manifest(_, release_id):
        kind = release.Kind.WHAT_IF if release_id.endswith(".9") else release.Kind.RELEASE
        return release.Manifest(release_id, kind, "", None, release.Stamp("", "", "", ""))

    monkeypatch.setattr(release, "manifest", manifest)
    return made


def put(home: Home, *releases: str) -> None:
    for each in releases:
        folder = home.releases / each
        folder.mkdir(parents=True)
        (folder / release.DATABASE).touch()


def chosen(home: Home, day: date = date(2028, 6, 30)) -> str | None:
    found = bundle.earlier(home, day)
    return found and found.parent.name


def test_the_one_closest_to_the_day_of_the_midterm(home):
    put(home, "2027-09-29.1", "2027-09-30.1", "2027-09-30.2", "2027-11-01.1", "2027-12-31.1", "2028-06-30.1")
    assert chosen(home) == "2027-09-30.2"


def test_one_made_final_goes_before_a_draft(home, monkeypatch):
    put(home, "2027-09-30.1", "2027-10-08.1", "2027-12-20.1")
    found = {"2027-10-08.1": State.NOTICE, "2027-12-20.1": State.FINAL}
    monkeypatch.setattr(bundle.states, "states", lambda _: found)
    assert chosen(home) == "2027-12-20.1"


def test_no_what_if_and_none_before_its_time(home):
    put(home, "2027-09-30.9", "2027-06-30.1")
    assert chosen(home) is None
    put(home, "2027-10-31.1")
    assert chosen(home) == "2027-10-31.1"
    assert chosen(home, date(2027, 12, 31)) is None
