"""What our processes do without: DuckDB binds parameters without pandas, and whoever needs pandas still gets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg

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
