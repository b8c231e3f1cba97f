"""From captured files to core: the same content whoever reads the files, in whatever order the tables are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from dagster._core.execution.api import create_execution_plan

from assets import core, examine, processes, raw
from pipelines import definitions, settings
from tests.bureau import DEFAULTS, Bureau, supervision_no

#: Columns that are keys, and make every row another record.
KEYS = {"供地结果": "电子监管号", "批而未供台账": "批文号", "批而未供消化": "消化编号", "闲置土地": "认定书编号", "低效用地": "图斑编号"}  # fmt: skip

DATES = {label: next(name for name in DEFAULTS[label] if name.endswith("日期")) for label in KEYS}
TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "GROUP_FILES", 2)


@pytest.fixture(scope="module")
def helpers() -> Iterator[None]:
    with processes.at_hand():
        yield


def bureau(place: Path) -> Bureau:
    """Files of many tables, several groups of some, with bad rows, repeats, files without a table and hopeless ones."""
    made = Bureau(place)
    for batch in range(5):
        for label, key in KEYS.items():
            number = supervision_no(batch) if label == "供地结果" else f"K{batch}"
            bad = {key: f"{number}9", DATES[label]: "某日"}
            made.hand_in(label, {key: number}, {key: number}, bad, day=f"2026-03-{10 + batch}", batch=f"{batch}")
    for label in ("年度任务", "步行覆盖", "地区生产总值"):
        made.hand_in(label, {})
    made.put("别的东西.csv", b"not,a,table\n")
    made.put("土地市场网.csv", "电子监管号,供地方式\n1,划拨\n".encode())
    made.put("供地结果_330100_2026_坏.xlsx", b"PK\x03\x04 nothing in it")
    raw.capture(made.con, made.landing, made.raw, TODAY, made.regions)
    return made


def content(made: Bureau) -> dict[str, pl.DataFrame]:
    """Everything that loading writes, in the order in which it was written."""
    tables = [name for (name,) in made.con.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE schema_name IN ('core', 'raw')"
        " AND table_name <> 'sighting' ORDER BY ALL"
    ).fetchall()]  # fmt: skip
    loaded = {name: made.con.execute(f"FROM {name}").pl() for name in tables}
    loaded["raw.submission"] = loaded["raw.submission"].sort("submission_id")
    return loaded


def loaded(place: Path, order: Sequence[str] = core.ORDER) -> dict[str, pl.DataFrame]:
    made = bureau(place)
    for table in order:
        core.load(made.con, made.raw, table, made.regions)
    return content(made)


def assert_same(some: dict[str, pl.DataFrame], others: dict[str, pl.DataFrame]) -> None:
    assert some.keys() == others.keys()
    for name, frame in some.items():
        assert frame.equals(others[name]), name


@pytest.fixture(scope="module")
def plainly(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """What lies in the warehouse when this process alone has read everything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(examine, "GROUP_FILES", 2)
        return loaded(tmp_path_factory.mktemp("plainly") / "home")


def test_the_sample_has_something_of_everything(plainly):
    assert set(plainly["raw.submission"]["status"]) >= {"accepted", "partly_accepted", "rejected"}
    assert plainly["raw.submission"]["loaded"].all()
    assert plainly["core.land_supply"].height == 5
    assert {"4002"} < set(plainly["raw.finding"]["rule"])


def test_helpers_that_read_ahead_change_nothing(tmp_path, plainly, helpers):
    assert_same(loaded(tmp_path / "home"), plainly)


@pytest.mark.parametrize("order", [core.ORDER[::-1], core.ORDER[::2] + core.ORDER[1::2]])
def test_tables_in_another_order_are_the_same_tables(tmp_path, plainly, helpers, order):
    found = loaded(tmp_path / "home", order)
    by_submission = {"raw.finding": found["raw.finding"].sort(pl.all())}  # its order is that of the tables
    assert_same(found | by_submission, plainly | {"raw.finding": plainly["raw.finding"].sort(pl.all())})


def test_a_few_tables_only(tmp_path, plainly, helpers):
    found = loaded(tmp_path / "home", ["idle_land", "land_supply"])
    assert found["core.idle_land"].equals(plainly["core.idle_land"])
    assert found["core.land_supply"].equals(plainly["core.land_supply"])
    assert found["core.approved_unsupplied"].height == 0  # though it was read ahead, perhaps


def test_after_an_error_a_table_goes_on_where_it_stopped(tmp_path, plainly, helpers, monkeypatch):
    made, stored = bureau(tmp_path / "home"), []

    def store_twice(con, examined):
        if len(stored) == 2:
            raise OSError("the disk is full")
        stored.append(examined)
        store(con, examined)

    store = core.store
    monkeypatch.setattr(core, "store", store_twice)
    with pytest.raises(OSError, match="full"):
        core.load(made.con, made.raw, "land_supply", made.regions)
    monkeypatch.undo()
    monkeypatch.setattr(examine, "GROUP_FILES", 2)
    assert core.pending(made.con)["land_supply"] == 2
    for table in core.ORDER:
        core.load(made.con, made.raw, table, made.regions)
    assert content(made)["core.land_supply"].equals(plainly["core.land_supply"])
    assert core.pending(made.con) == {}


def test_files_that_come_between_are_loaded_too(tmp_path, helpers):
    made = bureau(tmp_path / "home")
    core.load(made.con, made.raw, "gdp", made.regions)  # idle_land is being read
    made.hand_in("闲置土地", {"认定书编号": "早"}, day="2026-01-01", batch="早")
    raw.capture(made.con, made.landing, made.raw, TODAY, made.regions)
    counts = core.load(made.con, made.raw, "idle_land", made.regions)
    assert counts["files"] == 6
    assert content(made)["core.idle_land"]["case_no"][0] == "早"  # in the order of receipt


def test_a_run_loads_the_tables_in_the_order_in_which_they_are_read_ahead(tmp_path):
    chosen = settings.load({"home": str(tmp_path / "home")}, dict(os.environ))
    job = definitions.definitions(chosen).resolve_job_def(definitions.NIGHTLY)
    steps = [step.key for step in create_execution_plan(job).get_all_steps_in_topo_order()]
    tables = [key.removeprefix("core__") for key in steps if key.startswith("core__")]
    assert tables == ["unnamed", *core.ORDER[1:]]
