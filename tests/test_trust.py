"""States, objections, acknowledgements: people's decisions as append-only data, and what they allow."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from assets import release, revision
from assets.home import SHANGHAI, Home
from assets.trust import journal, objections, plausibility, publishing, states
from assets.trust.journal import JournalError
from assets.trust.plausibility import Acknowledgement
from pipelines.cli import call
from schemas import policy
from schemas.trust import State
from tests.bureau import supervision_no
from tests.released import Publisher
from tests.test_release_store import publish

AT = datetime(2026, 11, 23, 9, 30, tzinfo=SHANGHAI)
TODAY = AT.date()
CITY, ACTIVATED = "330100", "activated_stock_land"


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home").prepare()


@pytest.fixture
def out(home):
    """One sealed release in an otherwise empty home."""
    return publish(home).release_id


# --- States -----------------------------------------------------------------------------------------------------


def test_a_release_begins_as_a_draft_and_only_moves_forward(home, out):
    assert states.state(home, out) == State.DRAFT
    publishing.publish(home, out, State.NOTICE, "张三", AT)
    publishing.publish(home, out, State.FINAL, "李四", AT, "浙自然资〔2026〕1号")
    assert [(step.state, step.by, step.note) for step in states.history(home, out)] == [
        ("公示", "张三", ""), ("定稿", "李四", "浙自然资〔2026〕1号"),
    ]  # fmt: skip
    for back in State:
        with pytest.raises(JournalError, match="只能向前"):
            publishing.publish(home, out, back, "张三", AT)


def test_what_ifs_unknown_and_damaged_releases_stay_drafts(home, out):
    trial = publish(home, what_if=True).release_id
    with pytest.raises(JournalError, match="推演"):
        publishing.publish(home, trial, State.NOTICE, "张三", AT)
    with pytest.raises(release.UnknownRelease):
        publishing.publish(home, "2020-01-01.1", State.NOTICE, "张三", AT)
    damage(home, out)
    with pytest.raises(JournalError, match=r"landstock\.duckdb"):
        publishing.publish(home, out, State.NOTICE, "张三", AT)
    assert states.held(home) == set()


def damage(home: Home, release_id: str) -> None:
    path = home.releases / release_id / release.DATABASE
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")


def test_what_was_published_is_never_pruned(home):
    ids = [publish(home, as_of=date(2026, 11, day)).release_id for day in range(1, 6)]
    publishing.publish(home, ids[0], State.NOTICE, "张三", AT)
    publishing.publish(home, ids[0], State.FINAL, "张三", AT)
    publishing.publish(home, ids[1], State.NOTICE, "张三", AT)
    assert release.prune(home, keep=1) == ids[2:4]
    assert release.ids(home) == [ids[0], ids[1], ids[4]]


def test_a_final_release_that_was_touched_is_found(home, out):
    publishing.publish(home, out, State.FINAL, "张三", AT)
    assert publishing.broken_finals(home) == {}
    damage(home, out)
    assert publishing.broken_finals(home) == {out: ["landstock.duckdb"]}
    # changing the manifest to fit does not help: its checksum was kept
    manifest = home.releases / out / release.MANIFEST
    manifest.chmod(0o644)
    data = json.loads(manifest.read_text())
    data["sha256"] = dict(release._file_hashes(home.releases / out)) | {"manifest.json": "x"}
    del data["sha256"]["manifest.json"]
    manifest.write_text(json.dumps(data))
    assert publishing.broken_finals(home) == {out: ["manifest.json"]}


def test_doctor_names_a_damaged_final_release(home, out, capsys):
    publishing.publish(home, out, State.FINAL, "张三", AT)
    damage(home, out)
    assert call(["doctor", "--home", str(home.path)]) != 0
    assert any("公示与定稿" in line and out in line for line in capsys.readouterr().out.splitlines())


# --- Objections -------------------------------------------------------------------------------------------------


def object_to(home: Home, release_id: str, text: str = "少计一宗") -> objections.Objection:
    return publishing.object_to(home, release_id, CITY, ACTIVATED, 2026, text, "杭州市局", AT)


def test_objections_are_taken_during_notice_and_hold_the_final_back(home, out):
    with pytest.raises(JournalError, match="公示期间"):
        object_to(home, out)
    publishing.publish(home, out, State.NOTICE, "张三", AT)
    assert [object_to(home, out).objection_no, object_to(home, out, "面积有误").objection_no] == [1, 2]
    with pytest.raises(JournalError, match="未处理的异议：1、2"):
        publishing.publish(home, out, State.FINAL, "张三", AT)
    for number in (1, 2):
        objections.resolve(home, number, "已补报", "李四", AT)
    publishing.publish(home, out, State.FINAL, "张三", AT)
    with pytest.raises(JournalError, match="定稿后"):
        object_to(home, out)


@pytest.mark.parametrize(("number", "problem"), [(9, "没有异议 9"), (1, "由 李四 处理")])
def test_only_an_open_objection_is_resolved(home, out, number, problem):
    publishing.publish(home, out, State.NOTICE, "张三", AT)
    object_to(home, out)
    objections.resolve(home, 1, "已补报", "李四", AT)
    with pytest.raises(JournalError, match=problem):
        objections.resolve(home, number, "再次处理", "王五", AT)


def test_objections_as_they_stood_on_a_day():
    lines = [
        {"event": "raised", "objection_no": 1, "at": "2026-11-01T09:00:00+08:00", "by": "甲", "on_release": "r",
         "region_code": CITY, "indicator": ACTIVATED, "year": 2026, "text": "少计"},
        {"event": "resolved", "objection_no": 1, "at": "2026-11-05T09:00:00+08:00", "by": "乙", "text": "已补"},
    ]  # fmt: skip
    days = [date(2026, 10, 31), date(2026, 11, 4), date(2026, 11, 5)]
    assert [[each.state for each in objections.fold(lines, day)] for day in days] == [[], ["open"], ["resolved"]]


def test_a_damaged_journal_names_its_line(home):
    (home.path / journal.OBJECTIONS).write_text('{"event": "raised"}\n{"eve\n')
    with pytest.raises(JournalError, match="第 2 行"):
        objections.known(home)


def test_a_text_may_hold_what_other_programs_take_for_the_end_of_a_line(home, out):
    publishing.publish(home, out, State.NOTICE, "张三", AT)
    text = "少计一宗\u2028面积\x85有误\r\n\x0b请核"
    object_to(home, out, text)
    assert [each.text for each in objections.known(home)] == [text]


@pytest.mark.parametrize("cut", ["{", '{"release_id": "2026', '{"note": "公'])
def test_a_line_that_a_full_disk_cut_short_was_never_kept(home, out, cut):
    publishing.publish(home, out, State.NOTICE, "张三", AT)
    with (home.path / journal.STATES).open("a", encoding="utf-8") as file:
        file.write(cut)
    assert states.state(home, out) == State.NOTICE
    publishing.publish(home, out, State.FINAL, "李四", AT)
    assert [str(step.state) for step in states.history(home, out)] == ["公示", "定稿"]


# --- Plausibility -----------------------------------------------------------------------------------------------


def moved(
    indicator: str, basis: str, old: float | None, new: float | None, region: str = CITY, level: str = "city"
) -> pl.DataFrame:
    row = {"region_code": region, "region_level": level, "indicator": indicator, "year": 2026, "basis": basis,
           "old_value": old, "new_value": new}  # fmt: skip
    return pl.DataFrame([dict.fromkeys(revision.nothing().columns) | row], schema=revision.nothing().schema)


def judged(frame: pl.DataFrame, *said: Acknowledgement, as_of: date = TODAY) -> list[dict]:
    return plausibility.judge(frame, policy.plausibility(), list(said), as_of).to_dicts()


@pytest.mark.parametrize(
    ("indicator", "basis", "old", "new", "kind"),
    [
        (ACTIVATED, "annual", 1000, 3001, "factor"),
        (ACTIVATED, "annual", 1000, 3000, None),  # three times is still within
        (ACTIVATED, "annual", 100, 599, None),  # six times, but less than 500 亩
        (ACTIVATED, "annual", 0, 501, "factor"),
        (ACTIVATED, "cumulative", 4000, 1000, "factor"),  # down as well as up
        ("stock_supply_share", "period", 60, 39.9, "points"),
        ("stock_supply_share", "period", 60, 40, None),
        ("industrial_far", "annual", 1.5, 2.1, "points"),
        ("idle_disposal_rate", "annual", 10, 91, "points"),
        ("walk15_coverage", "annual", 80, None, "vanished"),
        ("walk15_coverage", "annual", None, 80, None),
    ],
)
def test_limits(indicator, basis, old, new, kind):
    found = judged(moved(indicator, basis, old, new))
    assert [(each["kind"], each["state"]) for each in found] == ([(kind, "open")] if kind else [])


def test_a_countys_parcel_may_move_its_share():
    assert judged(moved("stock_supply_share", "annual", 0, 100, "330106", "county")) == []


GIVEN = Acknowledgement(
    CITY, "stock_supply_share", 2026, None, "张三", date(2026, 11, 20), "集中供地", date(2026, 12, 31)
)


@pytest.mark.parametrize(
    ("as_of", "basis", "year", "state"),
    [
        (date(2026, 11, 23), None, 2026, "acknowledged"),
        (date(2026, 12, 31), "period", 2026, "acknowledged"),
        (date(2027, 1, 1), None, 2026, "open"),  # expired
        (date(2026, 11, 19), None, 2026, "open"),  # not yet said
        (date(2026, 11, 23), "annual", 2026, "open"),
        (date(2026, 11, 23), None, 2025, "open"),
    ],
)
def test_acknowledgements_hold_for_a_figure_and_a_time(as_of, basis, year, state):
    (found,) = judged(
        moved("stock_supply_share", "period", 60, 30), replace(GIVEN, basis=basis, year=year), as_of=as_of
    )
    assert found["state"] == state
    assert (found["reason"] == "集中供地") == (state == "acknowledged")


def test_an_acknowledgement_must_not_be_born_expired(home):
    with pytest.raises(JournalError, match="早于今天"):
        plausibility.acknowledge(home, CITY, ACTIVATED, 2026, None, "理由", "张三", date(2026, 11, 22), AT)


# --- All of it, from the desk -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def province(tmp_path_factory) -> tuple[Publisher, list[str]]:
    """Two releases: between them one city's share falls from 100 % to 25 %."""
    place = Publisher(tmp_path_factory.mktemp("province") / "home")
    place.hand_in("供地结果", {"电子监管号": supervision_no(1)}, day="2026-03-05")
    ids = [place.publish("2026-03-31")]
    new_land = {"电子监管号": supervision_no(2), "供应面积": "6", "现有建设用地面积": "0", "当年新增面积": "6"}
    place.hand_in("供地结果", new_land, day="2026-04-05", batch="2")
    ids.append(place.publish("2026-04-30"))
    place.con.close()
    return place, ids


def desk(place: Publisher, *arguments: str) -> int:
    return call([*arguments, "--home", str(place.home.path)])


def test_diff_for_people(province, capsys):
    place, ids = province
    assert desk(place, "diff", *ids) == 0
    shown = capsys.readouterr().out
    assert "2026-03-31.1 → 2026-04-30.1" in shown
    assert "100.00%" in shown and "25.00%" in shown and "新增记录 −75.00" in shown
    assert "供地结果_330100_2026_2.csv" in shown


def test_diff_for_machines_in_either_order(province, capsys):
    place, ids = province
    made = []
    for order in (ids, ids[::-1]):
        assert desk(place, "diff", *order, "--region", "杭州", "--indicator", "5", "--json") == 0
        made.append(json.loads(capsys.readouterr().out))
    assert made[0] == made[1]
    (period,) = [row for row in made[0]["revisions"] if row["basis"] == "period"]
    assert (period["change"], period["effects"], period["old_verdict_2027"], period["new_verdict_2027"]) == (
        -75, {"new": -75}, "on_track", "far_behind",
    )  # fmt: skip
    assert period["top_records"][0]["row_number"] == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["diff", "2026-03-31.1", "2020-01-01.1"], 2),
        (["diff", "2026-03-31.1", "2026-04-30.1", "--region", "上海"], 2),
        (["publish", "2026-04-30.1", "--state", "公示"], 2),  # nobody signed
        (["publish", "2026-04-30.1", "--state", "作废", "--by", "张三"], 2),
        (["object", "2026-04-30.1", "--region", "杭州", "--text", "少计", "--by", "甲"], 2),
        (["acknowledge", "杭州", "5", "2026", "--reason", "集中供地", "--by", "张三"], 2),  # no expiry
    ],
)
def test_wrong_usage(province, arguments, code, capsys):
    assert desk(province[0], *arguments) == code
    assert "Traceback" not in capsys.readouterr().err


def test_the_jump_is_a_mart_and_acknowledged_from_the_next_release_on(province, capsys):
    place, ids = province
    sql = "SELECT DISTINCT state FROM plausibility WHERE indicator = 'stock_supply_share'"
    assert place.rows(ids[1], sql) == [("open",)]
    assert desk(place, "acknowledge") == 0
    assert "待说明" in capsys.readouterr().out
    given = ["--reason", "集中供应新增用地", "--by", "张三", "--until", "2099-12-31"]
    assert desk(place, "acknowledge", "杭州", "5", "2026", *given) == 0
    (line,) = journal.read(place.home, journal.ACKNOWLEDGEMENTS)
    assert (line["region_code"], line["reason"], line["by"]) == (CITY, "集中供应新增用地", "张三")


def test_what_did_not_jump_cannot_be_acknowledged(province, capsys, monkeypatch):
    place, _ = province
    given = ["--reason", "没有的事", "--by", "张三", "--until", "2099-12-31"]
    before = journal.read(place.home, journal.ACKNOWLEDGEMENTS)
    for arguments in (["宁波", "5", "2026"], ["杭州", "5", "2025"], ["杭州", "6", "2026"]):
        assert desk(place, "acknowledge", *arguments, *given) == 2
        assert "没有超限跳变，无须说明" in capsys.readouterr().err
    assert journal.read(place.home, journal.ACKNOWLEDGEMENTS) == before
    # Where open jumps stop a release, they stand in the build alone.
    monkeypatch.setattr("pipelines.cli.acknowledge.jumps", lambda _: [])
    assert desk(place, "acknowledge", "杭州", "5", "2026", *given) == 0


def test_notice_objection_resolution_final(province, capsys):
    place, (_, release_id) = province
    steps = [
        (["publish", release_id, "--state", "公示", "--by", "张三", "--note", "公示 7 日"], 0),
        (["object", release_id, "--region", "杭州", "--indicator", "存量供应占比", "--year", "2026",
          "--text", "新增地块应为 1 公顷", "--by", "杭州市局"], 0),
        (["publish", release_id, "--state", "定稿", "--by", "张三"], 2),
        (["object", release_id, "--resolve", "1", "--text", "经核面积无误", "--by", "李四"], 0),
        (["publish", release_id, "--state", "定稿", "--by", "张三"], 0),
    ]  # fmt: skip
    assert [desk(place, *arguments) for arguments, _ in steps] == [code for _, code in steps]
    capsys.readouterr()
    assert desk(place, "object", release_id) == 0
    assert "经核面积无误" in capsys.readouterr().out
    assert desk(place, "releases", "--json") == 0
    by_id = {each["release_id"]: each for each in json.loads(capsys.readouterr().out)}
    assert [step["by"] for step in by_id[release_id]["steps"]] == ["张三", "张三"]
    assert (by_id[release_id]["state"], by_id["2026-03-31.1"]["state"]) == ("定稿", "草稿")
    for shown in (["diff", "2026-03-31.1", release_id], ["explain", "杭州", "5", "2026"]):
        assert desk(place, *shown) == 0
        assert "新增地块应为 1 公顷" in capsys.readouterr().out
    assert desk(place, "explain", "杭州", "5", "2026", "--json") == 0
    assert [each["state"] for each in json.loads(capsys.readouterr().out)["objections"]] == ["resolved"]


def test_a_read_only_home_takes_no_objection_and_says_so(home, out, monkeypatch):
    publishing.publish(home, out, State.NOTICE, "张三", AT)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(JournalError, match="不可写"):
        objections.raise_(home, out, CITY, ACTIVATED, 2026, "少计", "甲", AT)
