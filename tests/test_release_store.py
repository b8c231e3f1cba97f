"""The release store: sealed, swapped in one step, rolled back; a crash leaves the old release or the new one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets import release
from assets.home import Home
from assets.release import Kind, ReleaseError, Stamp
from schemas.marts import MARTS

ROOT = Path(__file__).parents[1]
NOVEMBER = date(2026, 11, 23)


#: Enough marts for a release to be one; every file of a release is synced to disk, which takes its time.
FEW = {name: MARTS[name] for name in ("indicator_value", "indicator_history", "target", "contribution")}


def build(home: Home, release_id: str, value: float = 1.0, names: Iterable[str] = MARTS) -> Path:
    """A build database with one figure in it."""
    home.prepare()
    home.build.unlink(missing_ok=True)
    with duckdb.connect(str(home.build)) as con:
        con.execute("CREATE SCHEMA mart")
        for name in names:
            con.execute(MARTS[name].ddl())
        for table, known in (("indicator_value", ""), ("indicator_history", ", DATE '2026-10-31' AS known_on")):
            con.execute(
                f"INSERT INTO mart.{table} BY NAME SELECT '330100' AS region_code, 'industrial_far' AS indicator,"
                f" unnest([2025, 2026]) AS year, 'annual' AS basis, {value} AS value,"
                f" '{release_id}' AS release_id{known}"
            )
    return home.build


def stamp(as_of: date = NOVEMBER, inputs: str = "a", rules: str = "2025.1") -> Stamp:
    return Stamp(as_of.isoformat(), inputs, rules, "2025")


def publish(
    home: Home,
    as_of: date = NOVEMBER,
    value: float = 1.0,
    what_if: bool = False,
    made_at: str = "2026-11-23T02:00",
    **more,
) -> release.Manifest:
    release_id = release.next_id(home, as_of)
    kind = release.kind_of(home, as_of, what_if)
    marts = more.setdefault("marts", FEW)
    built = build(home, release_id, value, marts)
    return release.publish(home, built, release_id, kind, stamp(as_of), made_at, **more)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").prepare()


def value(home: Home, release_id: str | None = None) -> float:
    with release.open_read_only(home, release_id) as con:
        return con.execute("SELECT max(value) FROM indicator_value").fetchone()[0]


def test_a_release_holds_database_parquet_and_manifest(home: Home) -> None:
    made = publish(home, marts=MARTS)
    folder = home.releases / "2026-11-23.1"
    assert home.current.resolve() == folder.resolve()
    assert made == release.manifest(home, made.release_id)
    assert made.rows["indicator_value"] == 2
    assert {path.stem for path in (folder / "parquet").iterdir()} == set(MARTS)
    parquet = duckdb.sql(f"SELECT count(*), min(value) FROM '{folder}/parquet/indicator_value.parquet'").fetchone()
    assert parquet == (2, 1.0)
    assert not any(path.stat().st_mode & 0o222 for path in folder.rglob("*"))
    assert release.verify(home, made.release_id) == []


def test_extras_are_sealed_with_the_release(home: Home) -> None:
    made = publish(home, extras=lambda folder: (folder / "report.html").write_text("报告"))
    assert "report.html" in made.sha256


def test_as_of_macro_and_comments_work_on_the_read_only_file(home: Home) -> None:
    publish(home)
    with release.open_read_only(home) as con:
        assert con.execute("SELECT count(*) FROM mart.indicator_as_of(DATE '2026-11-01')").fetchone() == (2,)
        assert con.execute("SELECT count(*) FROM indicator_as_of(DATE '2026-10-01')").fetchone() == (0,)
        comment = con.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'target'").fetchone()[0]
    assert comment == MARTS["target"].comment


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "ATTACH '../other.duckdb'",
        "COPY (SELECT 1) TO 'out.csv'",
        "SET enable_external_access = true",
        "CREATE TABLE mart.mine (a INT)",
        "UPDATE indicator_value SET value = 2",
        "INSTALL httpfs",
    ],
)
def test_nothing_but_the_release_can_be_reached(home: Home, sql: str) -> None:
    publish(home)
    with release.open_read_only(home) as con, pytest.raises(duckdb.Error):
        con.execute(sql)


@pytest.mark.parametrize(
    ("existing", "as_of", "expected"),
    [
        ([], "2026-11-23", "2026-11-23.1"),
        (["2026-11-23.1"], "2026-11-23", "2026-11-23.2"),
        (["2026-11-23.9", "2026-11-23.10"], "2026-11-23", "2026-11-23.11"),
        (["2026-11-23.1"], "2026-11-24", "2026-11-24.1"),
        (["2026-11-23.1", ".tmp-2026-11-23.2-77"], "2026-11-23", "2026-11-23.2"),
    ],
)
def test_next_id(home: Home, existing: list[str], as_of: str, expected: str) -> None:
    for name in existing:
        (home.releases / name).mkdir()
    assert release.next_id(home, date.fromisoformat(as_of)) == expected


def test_ids_are_ordered_by_day_and_number_not_by_letters(home: Home) -> None:
    for name in ("2026-11-23.10", "2026-11-23.9", "2026-02-01.1"):
        (home.releases / name).mkdir()
    assert release.ids(home) == ["2026-02-01.1", "2026-11-23.9", "2026-11-23.10"]


def test_look_back_and_what_if_leave_current_alone(home: Home) -> None:
    publish(home)
    back = publish(home, as_of=date(2026, 6, 30), value=2.0)
    what_if = publish(home, value=3.0, what_if=True)
    later = publish(home, as_of=date(2026, 11, 24), value=4.0)
    assert [back.kind, what_if.kind, later.kind] == ["look_back", "what_if", "release"]
    assert (value(home), value(home, back.release_id), value(home, what_if.release_id)) == (4.0, 2.0, 3.0)
    assert what_if.parent == "2026-11-23.1"


def test_rollback(home: Home) -> None:
    first, second = publish(home, value=1.0), publish(home, value=2.0)
    assert value(home) == 2.0
    release.rollback(home, first.release_id)
    assert (release.current(home), value(home)) == (first.release_id, 1.0)
    assert release.ids(home) == [first.release_id, second.release_id]


def test_rollback_refuses_what_if_unknown_and_damaged(home: Home) -> None:
    publish(home)
    damaged, what_if = publish(home).release_id, publish(home, what_if=True).release_id
    now = publish(home).release_id
    file = home.releases / damaged / "parquet" / "target.parquet"
    file.chmod(0o644)
    file.write_bytes(b"broken")
    for release_id, words in (
        (what_if, "推演"),
        ("2020-01-01.1", "没有发布"),
        ("../..", "没有发布"),
        (damaged, "不完整"),
    ):
        with pytest.raises(ReleaseError, match=words):
            release.rollback(home, release_id)
    assert release.current(home) == now


def test_a_look_back_is_as_new_as_any_release(home: Home) -> None:
    """It is of an old day; what counts for keeping it is when it was made."""
    for day in (20, 21, 22):
        publish(home, date(2026, 11, day), made_at=f"2026-11-{day}T02:00:00+08:00")
    made = publish(home, date(2026, 5, 31), made_at="2026-11-23T02:00:00+08:00")
    assert made.kind == Kind.LOOK_BACK
    assert release.prune(home, keep=2) == ["2026-11-20.1", "2026-11-21.1"]
    assert release.ids(home) == [made.release_id, "2026-11-22.1"]


def test_the_release_just_made_stays_when_the_clock_went_back(home: Home) -> None:
    for day in (20, 21, 22):
        publish(home, date(2026, 11, day), made_at=f"2026-11-{day}T02:00:00+08:00")
    made = publish(home, date(2026, 5, 31), made_at="2020-01-01T02:00:00+08:00").release_id
    assert release.prune(home, 2, just_made=made) == ["2026-11-20.1"]
    assert made in release.ids(home)


@pytest.mark.parametrize(("keep", "left"), [(1, [1, 4]), (2, [1, 3, 4]), (10, [1, 2, 3, 4])])
def test_prune_never_takes_the_current_release(home: Home, keep: int, left: list[int]) -> None:
    for _ in range(4):
        publish(home)
    release.rollback(home, "2026-11-23.1")
    release.prune(home, keep)
    assert release.ids(home) == [f"2026-11-23.{number}" for number in left]


def test_a_mart_of_another_release_is_not_published(home: Home) -> None:
    publish(home)
    with pytest.raises(ReleaseError, match=r"2026-11-23\.1"):
        release.publish(home, build(home, "2026-11-23.1"), "2026-11-23.2", Kind.RELEASE, stamp(), "")
    assert release.ids(home) == ["2026-11-23.1"]
    assert release.stale(home) == []


def test_a_missing_mart_is_not_published(home: Home) -> None:
    built = build(home, "2026-11-23.1", names=["indicator_value", "indicator_history", "contribution"])
    with pytest.raises(ReleaseError, match="target"):
        release.publish(home, built, "2026-11-23.1", Kind.RELEASE, stamp(), "", marts=FEW)
    assert (release.ids(home), release.current(home)) == ([], None)


def test_failing_extras_publish_nothing(home: Home) -> None:
    def fail(folder: Path) -> None:
        raise RuntimeError("report failed")

    first = publish(home)
    with pytest.raises(RuntimeError, match="report failed"):
        publish(home, value=2.0, extras=fail)
    assert (release.ids(home), value(home)) == ([first.release_id], 1.0)


def test_same_stamp_is_found_again_and_any_difference_is_not(home: Home) -> None:
    made = publish(home)
    assert release.same(home, stamp(), Kind.RELEASE) == made
    for other in (stamp(inputs="b"), stamp(rules="2025.1+activation.idle=false"), stamp(as_of=date(2026, 11, 24))):
        assert release.same(home, other, Kind.RELEASE) is None


def test_what_only_looked_back_does_not_stand_for_a_release(home: Home) -> None:
    """Made while `current` was of a day to come; once that is taken back, the day itself is to become current."""
    before = publish(home, date(2026, 11, 22))
    publish(home, date(2062, 1, 1))
    looked_back = publish(home)
    assert looked_back.kind == Kind.LOOK_BACK
    assert release.same(home, stamp(), Kind.LOOK_BACK) == looked_back
    release.rollback(home, before.release_id)
    assert release.same(home, stamp(), release.kind_of(home, NOVEMBER, False)) is None
    assert publish(home).release_id == release.current(home)


def test_a_current_release_of_a_day_to_come_is_seen(home: Home) -> None:
    assert release.ahead_of(home, NOVEMBER) is None
    made = publish(home)
    assert release.ahead_of(home, NOVEMBER) is None
    assert release.ahead_of(home, date(2026, 11, 22)) == made.release_id


def test_checksum_ignores_row_order_and_release_but_no_value() -> None:
    def of(rows: str) -> str:
        with duckdb.connect() as con:
            con.execute("CREATE SCHEMA mart")
            con.execute(MARTS["indicator_value"].ddl())
            con.execute(
                "INSERT INTO mart.indicator_value BY NAME"
                f" SELECT * FROM (VALUES {rows}) t(region_code, region_name, value, release_id)"
            )
            return release.checksum(con, MARTS["indicator_value"])

    base = of("('1', 'a', 1.0, 'r1'), ('2', NULL, 2.0, 'r1')")
    assert of("('2', NULL, 2.0, 'r9'), ('1', 'a', 1.0, 'r9')") == base
    assert of("('1', 'a', 1.0, 'r1'), ('2', '', 2.0, 'r1')") != base
    assert of("('1', 'a', 1.0, 'r1'), ('2', NULL, 2.1, 'r1')") != base
    assert of("('1', 'a', 1.0, 'r1'), ('2', NULL, 2.0, 'r1'), ('2', NULL, 2.0, 'r1')") != base


RELEASES, READERS = (50, 4) if os.environ.get("LANDSTOCK_FULL") else (5, 2)
_READ_UNTIL_STOPPED = """
import sys; sys.path.insert(0, {root!r})
from pathlib import Path
from assets import release
from assets.home import Home
home, reads, seen = Home(Path({home!r})), 0, set()
print("reading", flush=True)
while not (home.path / "stop").exists():
    with release.open_read_only(home) as con:
        seen.add(con.execute("SELECT min(value), max(value), count(*) FROM indicator_value").fetchone())
    reads += 1
print(reads, sorted(seen), sep="|")
"""


def test_readers_see_the_old_or_the_new_release_and_never_a_mixture(home: Home) -> None:
    """Processes that read without a pause while releases are published: no error, no mixed read."""
    publish(home, value=0.0)
    script = [sys.executable, "-c", _READ_UNTIL_STOPPED.format(root=str(ROOT), home=str(home.path))]
    readers = [
        subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(READERS)
    ]
    assert all(reader.stdout.readline() == "reading\n" for reader in readers)
    for number in range(1, RELEASES + 1):
        publish(home, value=float(number))
    (home.path / "stop").touch()
    for reader in readers:
        told, problem = reader.communicate()
        assert (reader.returncode, problem) == (0, "")
        reads, seen = told.split("|")
        assert int(reads) > 0
        assert set(literal_eval(seen)) <= {(float(number), float(number), 2) for number in range(RELEASES + 1)}
        print(reads, "reads,", len(literal_eval(seen)), "releases seen")


_PUBLISH_UNTIL_KILLED = """
import sys; sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from assets.home import Home
import test_release_store as store
home = Home(Path({home!r}))
for number in range(1000):
    store.publish(home, value=float(number)); print(number, flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15])
def test_kill_9_leaves_a_readable_release_and_the_next_publish_cleans_up(home: Home, delay: float) -> None:
    script = _PUBLISH_UNTIL_KILLED.format(root=str(ROOT), tests=str(ROOT / "tests"), home=str(home.path))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    process.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.01 + delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()

    for release_id in release.ids(home):
        assert release.verify(home, release_id) == []
    assert release.current(home) in release.ids(home)
    assert value(home) >= 0.0
    publish(home, value=-1.0)
    assert (value(home), release.stale(home), home.holder()) == (-1.0, [], None)
