"""A home that is not as it should be: a lost link, a damaged manifest, a disk that cannot be written.

Nothing stops that need not stop, and everything says what to do."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest

from assets import release
from assets.home import Home
from assets.release import Kind
from assets.trust import journal, publishing, states
from pipelines import cli
from schemas.trust import State
from tests import test_release_store as store
from tests.test_trust import AT

FIRST, SECOND = "2026-11-22.1", "2026-11-23.1"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Two releases, the second is the current one."""
    made = Home(tmp_path / "home").prepare()
    for day in (22, 23):
        store.publish(made, as_of=date(2026, 11, day))
    monkeypatch.setenv("LANDSTOCK_HOME", str(made.path))
    monkeypatch.setenv("LANDSTOCK_LANDING", str(tmp_path / "landing"))
    return made


def call(capsys, *arguments: str) -> tuple[int, str]:
    code = cli.call(list(arguments))
    told = capsys.readouterr()
    assert "Traceback" not in told.err and "意外错误" not in told.err
    return code, told.out + told.err


def spoil(home: Home, release_id: str, content: str | None) -> None:
    path = home.releases / release_id / release.MANIFEST
    path.parent.chmod(0o755)
    path.unlink()
    if content is not None:
        path.write_text(content)


# --- A link that is lost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [None, "releases/2020-01-01.1", "elsewhere"])
def test_without_current_everything_says_how_to_mend_it(home, capsys, target):
    home.current.unlink()
    if target:
        home.current.symlink_to(target)
    assert release.current(home) is None
    for command in (["query", "SELECT 1"], ["explain", "杭州", "5", "2026"], ["acknowledge"]):
        code, said = call(capsys, *command)
        assert (code, f"landstock rollback {SECOND}" in said) == (3, True)
    assert call(capsys, "releases")[0] == 0
    code, said = call(capsys, "doctor")
    assert code == 3 and f"landstock rollback {SECOND}" in said
    assert call(capsys, "rollback", FIRST)[0] == 0
    assert release.current(home) == FIRST


def test_nobody_is_sent_to_a_what_if_that_cannot_become_current(tmp_path, home, capsys, monkeypatch):
    home.current.unlink()
    store.publish(home, as_of=date(2026, 11, 24), what_if=True)
    assert "landstock rollback 2026-11-23.1" in call(capsys, "query", "SELECT 1")[1]
    only = Home(tmp_path / "only a trial").prepare()
    monkeypatch.setenv("LANDSTOCK_HOME", str(only.path))
    store.publish(only, what_if=True)
    code, said = call(capsys, "query", "SELECT 1")
    assert (code, "还没有发布" in said, "rollback" in said) == (3, True, False)
    assert "rollback" not in call(capsys, "doctor")[1]


def test_a_run_that_died_between_the_release_and_the_link_is_finished_by_the_next(home):
    """The release has its name, `current` does not point to it yet: only the swap was missing."""
    release.rollback(home, FIRST)
    release._link(home, SECOND)
    assert len(release.stale(home)) == 1
    release.clean(home)
    assert (release.current(home), release.stale(home)) == (SECOND, [])


def test_a_run_that_died_before_the_release_had_its_name_leaves_nothing(home):
    release._link(home, "2026-11-24.1")
    (home.releases / ".tmp-2026-11-24.1-7").mkdir()
    release.clean(home)
    assert (release.current(home), release.stale(home)) == (SECOND, [])


def test_a_rollback_stands(home):
    """Nobody but a person moves `current` back, and no clean-up undoes it."""
    release.rollback(home, FIRST)
    release.clean(home)
    assert release.current(home) == FIRST


def test_a_clock_that_goes_back_makes_a_look_back(home):
    """The day before yesterday is today again: a release of its own, and readers keep what they have."""
    made = store.publish(home, as_of=date(2026, 11, 20))
    assert (made.kind, release.current(home)) == (Kind.LOOK_BACK, SECOND)
    publishing.publish(home, SECOND, State.NOTICE, "甲", AT)
    earlier = AT.replace(year=2025)
    publishing.publish(home, SECOND, State.FINAL, "乙", earlier)  # the order of the journal counts, not its clock
    assert [str(step.state) for step in states.history(home, SECOND)] == ["公示", "定稿"]


# --- A manifest that is damaged ---------------------------------------------------------------------------------

DAMAGES = [None, "", "{", "[]", '{"release_id": "x"}', "\0\0"]


@pytest.mark.parametrize("content", DAMAGES)
def test_a_damaged_draft_stops_nothing_but_itself(home, capsys, content):
    spoil(home, FIRST, content)
    assert release.damaged(home) == [FIRST]
    assert release.kind_of(home, date(2026, 11, 24), False) == Kind.RELEASE
    assert release.next_id(home, date(2026, 11, 22)) == "2026-11-22.2"
    assert call(capsys, "query", "SELECT count(*) FROM indicator_value")[0] == 0
    code, said = call(capsys, "releases")
    assert code == 0 and "清单损坏" in said and SECOND in said
    for command in (["rollback", FIRST], ["diff", FIRST, SECOND], ["publish", FIRST, "--state", "公示", "--by", "甲"]):
        code, said = call(capsys, *command)
        assert code == 3 and "从备份恢复" in said
    code, said = call(capsys, "doctor")
    assert code == 0 and f"{FIRST} 的清单损坏" in said
    assert release.current(home) == SECOND


def test_a_damaged_current_release_is_told_and_a_new_one_can_be_made(home, capsys):
    spoil(home, SECOND, "{")
    code, said = call(capsys, "query", "SELECT 1")
    assert code == 3 and "landstock rollback" in said
    code, said = call(capsys, "doctor")
    assert code == 3 and f"{SECOND}：manifest.json 已损坏" in said
    assert store.publish(home, as_of=date(2026, 11, 24)).release_id == "2026-11-24.1" == release.current(home)


def test_a_published_release_with_a_damaged_manifest_is_found(home, capsys):
    publishing.publish(home, FIRST, State.FINAL, "甲", AT)
    spoil(home, FIRST, "{")
    assert publishing.broken_finals(home) == {FIRST: [release.MANIFEST]}
    code, said = call(capsys, "doctor")
    assert code == 3 and "从备份恢复该发布目录" in said


# --- A home that cannot be used ---------------------------------------------------------------------------------


def test_doctor_looks_and_makes_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("LANDSTOCK_HOME", str(tmp_path / "empty"))
    code, said = call(capsys, "doctor")
    assert (code, "还没有运行过" in said, os.listdir(tmp_path / "empty")) == (0, True, [])


def test_doctor_of_a_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LANDSTOCK_HOME", str(tmp_path / "file"))
    code, said = call(capsys, "doctor")
    assert code == 3 and "同名文件" in said and "磁盘剩余" in said


@pytest.fixture
def read_only(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Nothing can be opened for writing in the home (the tests may run as root, for whom permissions mean nothing)."""
    real_open, real_path_open = os.open, Path.open

    def refuse(path: object) -> None:
        if str(path).startswith(str(home.path)):
            raise OSError(30, "Read-only file system", str(path))

    def guarded_open(path, flags, *more, **named):
        if flags & (os.O_WRONLY | os.O_RDWR):
            refuse(path)
        return real_open(path, flags, *more, **named)

    def guarded_path_open(path, mode="r", *more, **named):
        if set(mode) & set("wax+"):
            refuse(path)
        return real_path_open(path, mode, *more, **named)

    monkeypatch.setattr(os, "open", guarded_open)
    monkeypatch.setattr(Path, "open", guarded_path_open)
    return home


def test_a_read_only_home_is_read_and_whatever_writes_says_so(read_only, tmp_path, capsys):
    (tmp_path / "landing").mkdir()
    for command in (["releases"], ["query", "SELECT count(*) FROM indicator_value"]):
        assert call(capsys, *command)[0] == 0
    for command in (
        ["run"], ["backfill", "2026"], ["rollback", FIRST], ["publish", SECOND, "--state", "公示", "--by", "甲"],
    ):  # fmt: skip
        code, said = call(capsys, *command)
        assert code == 3 and "不可写（Read-only file system）" in said
    code, said = call(capsys, "doctor")
    assert code == 3 and "不可写" in said
    assert (release.current(read_only), (read_only.path / journal.STATES).exists()) == (SECOND, False)


# --- Words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "杭州", "5", "二零"], "YEAR：'二零' 不是 1987 到 2100 的整数"),
        (["explain", "杭州", "5", "999"], "YEAR：'999' 不是 1987 到 2100 的整数"),
        (["explain", "杭州", "5", "2026", "--basis", "monthly"], "不在可选范围：annual、period、cumulative"),
        (["status", "--year", "1990"], "--year：'1990' 不是 2025 到 2100 的整数"),
        (["object", SECOND, "--resolve", "one"], "--resolve：'one' 不是整数"),
        (["query", "SELECT", "1"], "多出了参数 1"),
        (["object", SECOND, "--resolve", "3", "--text", "好", "--by", "乙"], "没有异议 3"),
    ],
)
def test_wrong_arguments_are_answered_in_chinese(home, capsys, arguments, words):
    code, said = call(capsys, *arguments)
    assert (code, words in said) == (2, True), said


def test_manifests_say_what_they_said(home):
    """The listing leaves out what is damaged and nothing else."""
    assert [each.release_id for each in release.manifests(home)] == [FIRST, SECOND]
    text = (home.releases / FIRST / release.MANIFEST).read_text(encoding="utf-8")
    assert json.loads(text)["release_id"] == FIRST
