"""Opening a database file: no progress bar, whatever the connection is for, and one place that sees to it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from assets import warehouse
from schemas import database

ROOT = Path(__file__).parents[1]
#: A query that takes a while, on connections that draw soon: DuckDB itself waits two seconds.
_SLOW = """
import duckdb
from schemas import database
opened = duckdb.connect
def eager(*arguments, **options):
    con = opened(*arguments, **options)
    con.execute("SET progress_bar_time = 200")
    return con
duckdb.connect = eager
{opening}.execute("SELECT count(*) FROM range(60000) a, range(2000) b WHERE (a.range + b.range) % 7 = 3").fetchall()
"""


def printed(opening: str) -> str:
    """What a slow query on a connection prints by itself."""
    command = [sys.executable, "-c", _SLOW.format(opening=opening)]
    return subprocess.run(command, capture_output=True, check=True, cwd=ROOT, text=True).stdout


def test_a_slow_query_draws_no_bar() -> None:
    assert printed("database.connect()") == ""


def test_a_connection_of_duckdb_itself_would_draw_one() -> None:
    assert "%" in printed("duckdb.connect()")


@pytest.mark.parametrize(
    "config", [{}, {"enable_external_access": "false", "lock_configuration": "true"}], ids=["free", "locked"]
)
def test_the_bar_is_off_on_every_connection_to_a_file(tmp_path: Path, config: dict[str, str]) -> None:
    path = tmp_path / "some.duckdb"
    database.connect(path).close()
    with (
        database.connect(path, read_only=True, config=config) as one,
        database.connect(path, read_only=True, config=config) as other,
    ):
        for con in (one, other):
            assert con.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (False,)


def opened_otherwise(source: str) -> list[int]:
    """Lines that open a database without `schemas.database`, or make a second connection, which has settings of its own."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        call.lineno
        for call in calls
        if ast.unparse(call.func) == "duckdb.connect"
        or (isinstance(call.func, ast.Attribute) and call.func.attr == "cursor" and not call.args)
    ]


@pytest.mark.parametrize(
    ("source", "lines"), [("con = duckdb.connect()", [1]), ("con.cursor()", [1]), ("con = database.connect()", [])]
)
def test_the_search_finds_what_it_looks_for(source: str, lines: list[int]) -> None:
    assert opened_otherwise(source) == lines


def test_nothing_of_ours_opens_a_database_in_another_way() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("schemas", "assets", "expectations", "pipelines")
        for path in (ROOT / package).rglob("*.py")
        if opened_otherwise(path.read_text(encoding="utf-8"))
    }
    assert found == {"schemas/database.py"}


def threads(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute("SELECT current_setting('threads')").fetchone()[0]


def test_a_small_file_is_served_by_one_thread_and_a_large_one_by_as_many_as_there_are(tmp_path, monkeypatch) -> None:
    with database.connect(tmp_path / "some.duckdb") as con:
        assert threads(con) == 1
    monkeypatch.setattr(database, "SMALL", 0)
    with database.connect(tmp_path / "some.duckdb") as con, database.connect() as in_memory:
        assert threads(con) == threads(in_memory)


def test_a_path_with_an_apostrophe_is_quoted() -> None:
    assert database.quoted(Path("/l'archive")) == "'/l''archive'"


# --- The warehouse, and another file beside it -----------------------------------------------------------------------


def test_a_transaction_does_all_or_nothing() -> None:
    with database.connect() as con:
        con.execute("CREATE TABLE t (i INTEGER)")
        with pytest.raises(duckdb.ConversionException), warehouse.transaction(con):
            con.execute("INSERT INTO t VALUES (1)")
            con.execute("INSERT INTO t VALUES ('?')")
        assert con.execute("FROM t").fetchall() == []
        with warehouse.transaction(con):
            con.execute("INSERT INTO t VALUES (2)")
        assert con.execute("FROM t").fetchall() == [(2,)]


def attached_to(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {
        name for (name,) in con.execute("SELECT database_name FROM duckdb_databases() WHERE NOT internal").fetchall()
    }


def test_another_file_stays_attached_beside_a_warehouse_that_is_kept_open(tmp_path: Path) -> None:
    place, other = tmp_path / "warehouse.duckdb", tmp_path / "it's.duckdb"
    with warehouse.connect(place) as con:
        with warehouse.attached(con, other, "build"):
            con.execute("CREATE TABLE build.t AS SELECT 1 AS i")
        assert attached_to(con) == {"warehouse"}
    with warehouse.kept_open(place):
        for _ in range(2):
            with warehouse.connect(place) as con:
                with warehouse.attached(con, other, "build"):
                    assert con.execute("FROM build.t").fetchall() == [(1,)]
                assert attached_to(con) == {"warehouse", "build"}
        with warehouse.let_go(other), database.connect(other) as alone:
            alone.execute("UPDATE t SET i = 2")
        with warehouse.connect(place) as con, warehouse.attached(con, other, "build"):
            assert con.execute("FROM build.t").fetchall() == [(2,)]
        with warehouse.let_go(place):
            assert seen_elsewhere(place) == seen_elsewhere(other) == "open"
    assert seen_elsewhere(place) == seen_elsewhere(other) == "open"


def seen_elsewhere(path: Path) -> str:
    """What another process meets that opens the file."""
    program = "import sys, duckdb; duckdb.connect(sys.argv[1]); print('open')"
    return subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True).stdout.strip()
