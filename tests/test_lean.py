"""What our processes do without: DuckDB binds parameters without pandas, and whoever needs pandas still gets it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._daemon.types import DaemonHeartbeat

from assets.home import Home
from pipelines import storage

ROOT = Path(__file__).parents[1]

_DAY = "import datetime as d, duckdb; print(duckdb.execute('SELECT ? + 1', [d.date(2026, 1, 1)]).fetchone()[0])"
_GX = "import expectations.duckdb_engine; print(sys.modules['pandas'].__name__)"


def _said(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_duckdb_binds_parameters_without_pandas():
    begin = "import sys; from assets.lean import lean; lean();"
    assert _said(f"{begin}{_DAY}; print(sys.modules['pandas'])") == ["2026-01-02", "None"]


def test_great_expectations_gets_pandas_back():
    assert _said(f"import sys; from assets.lean import lean; lean(); {_DAY};{_GX}") == ["2026-01-02", "pandas"]


def test_an_asset_record_is_asked_again_after_an_event(tmp_path):
    home = Home(tmp_path / "home")
    storage.prepare(home)
    key = dg.AssetKey(["core", "land_supply"])

    def rows(instance: dg.DagsterInstance) -> int | None:
        (record,) = instance.get_asset_records([key])
        return record.asset_entry.last_materialization.asset_materialization.metadata["rows"].value

    with storage.instance(home) as instance:
        assert not instance.get_asset_records([key])
        for count in (7, 8):
            instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata={"rows": count}))
            assert [rows(instance), rows(instance)] == [count, count]


def test_events_that_waited_are_stored_as_dagster_stores_them(tmp_path):
    @dg.asset
    def supply():
        return dg.MaterializeResult(metadata={"rows": 3})

    @dg.multi_asset_check(specs=[dg.AssetCheckSpec(name, asset="supply") for name in ("filled", "unique")])
    def expectations():
        yield dg.AssetCheckResult(passed=True, check_name="filled", asset_key="supply")
        yield dg.AssetCheckResult(passed=False, check_name="unique", asset_key="supply", metadata={"unexpected": 1})

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        run = dg.materialize([supply, expectations], instance=instance, raise_on_error=False)
        told = [each.event_log_entry for each in instance.event_log_storage.get_records_for_run(run.run_id).records]
    ours, dagsters = storage.EventLog(str(tmp_path / "ours")), SqliteEventLogStorage(str(tmp_path / "dagsters"))
    for log in (ours, dagsters):
        for event in told:
            log.store_event(event)
    assert len(ours.get_logs_for_run(run.run_id)) == len(told) > 10  # whoever looks finds what waits, too
    for log in (ours, dagsters):
        log.dispose()
    for name in ("index.db", f"{run.run_id}.db"):
        assert _rows(tmp_path / "ours" / name) == _rows(tmp_path / "dagsters" / name)


def test_an_instance_that_was_made_halfway_is_made_whole(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    with monkeypatch.context() as killed:
        killed.setattr(dg.DagsterInstance, "from_config", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            storage.prepare(home)
    storage.prepare(home)
    with storage.instance(home) as ours:
        ours.add_run(dg.DagsterRun("nightly"))
        ours.add_daemon_heartbeat(DaemonHeartbeat(0.0, "SENSOR", "1"))
        assert ours.all_instigator_state() == []
    with dg.DagsterInstance.from_config(str(home.dagster)) as dagsters:
        assert [run.job_name for run in dagsters.get_runs()] == ["nightly"]
        assert list(dagsters.get_daemon_heartbeats()) == ["SENSOR"]


def _rows(path: Path) -> dict[str, list[tuple]]:
    """Table → its rows but for the moment of writing, which every file of Dagster's has."""
    with sqlite3.connect(path) as con:
        found = {}
        for (table,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            names = [name for _, name, *_ in con.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(f'"{name}"' for name in names if name not in ("create_timestamp", "migration_completed"))
            found[table] = con.execute(f"SELECT {kept} FROM {table} ORDER BY 1").fetchall()
    return found
