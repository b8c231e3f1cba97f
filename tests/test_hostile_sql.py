"""SQL given to `landstock query`: it reads the release and reaches nothing else, whatever it is."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from assets import release
from assets.home import Home
from pipelines import cli
from tests import test_release_store as store

FILES = "发布是只读的"
#: statement → a word of the answer
REFUSED = {
    # other files
    "SELECT * FROM read_text('/etc/hostname')": "read_text",
    "SELECT * FROM read_csv('/etc/passwd')": "read_csv",
    "SELECT * FROM read_blob('/etc/hostname')": "read_blob",
    "SELECT * FROM read_duckdb('../warehouse.duckdb')": "read_duckdb",
    "SELECT * FROM parquet_metadata('parquet/target.parquet')": "parquet_metadata",
    "SELECT * FROM sniff_csv('/etc/passwd')": "sniff_csv",
    "SELECT * FROM glob('/etc/*')": "glob",
    "SELECT * FROM '/etc/passwd'": "SQL 执行不了",
    "SELECT * FROM 'secret.csv'": FILES,
    "SELECT (SELECT count(*) FROM glob('*'))": "glob",
    "WITH a AS (SELECT 1 AS n) SELECT * FROM a, LATERAL (SELECT * FROM read_text('/etc/hostname'))": "read_text",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/hostname'')')": "query",
    "SELECT * FROM json_execute_serialized_sql('{}')": "json_execute_serialized_sql",
    "EXPLAIN ANALYZE SELECT * FROM read_text('/etc/hostname')": "read_text",
    "SELECT * FROM system.main.READ_TEXT('/etc/hostname')": "read_text",
    "ATTACH '../warehouse.duckdb' AS w": FILES,
    "ATTACH ':memory:' AS m": FILES,
    "COPY (SELECT 1) TO 'out.csv'": FILES,
    "COPY target FROM '/etc/passwd'": FILES,
    "EXPORT DATABASE 'out'": FILES,
    "IMPORT DATABASE 'out'": FILES,
    "SELECT 1; COPY (SELECT 1) TO 'out.csv'": "一条 SQL",
    # a log to a file used to end the process; a raw address reads memory
    "CALL enable_logging(storage='file', storage_path='logs')": FILES,
    "SELECT * FROM enable_logging(storage='file', storage_path='logs')": "enable_logging",
    "SELECT * FROM enable_profiling(save_location='out.json')": "enable_profiling",
    "SELECT * FROM arrow_scan(1::POINTER, 1::POINTER, 1::POINTER)": "arrow_scan",
    "SELECT * FROM pandas_scan(1::POINTER)": "pandas_scan",
    # extensions and settings
    "INSTALL httpfs": FILES,
    "INSTALL spatial FROM community": FILES,
    "LOAD httpfs": FILES,
    "SET enable_external_access = true": FILES,
    "SET VARIABLE a = 1": FILES,
    "RESET lock_configuration": FILES,
    "PRAGMA threads = 1": FILES,
    "PRAGMA enable_profiling = 'json'": FILES,
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')": FILES,
    "SELECT * FROM duckdb_secrets()": "duckdb_secrets",
    # writing
    "CREATE TABLE mine (a INT)": FILES,
    "CREATE TEMP TABLE mine AS SELECT 1": FILES,
    "CREATE TEMP MACRO m() AS TABLE SELECT 1": FILES,
    "INSERT INTO target SELECT * FROM target": FILES,
    "UPDATE indicator_value SET value = 2": FILES,
    "DELETE FROM target": FILES,
    "DROP TABLE target": FILES,
    "ALTER TABLE target ADD COLUMN a INT": FILES,
    "CHECKPOINT": FILES,
    "VACUUM": FILES,
    "BEGIN": FILES,
    "PREPARE a AS SELECT 1": FILES,
    "DETACH landstock": FILES,
    # what is no query at all
    "": "SQL 是空的",
    "/* nothing */": "SQL 是空的",
    "SELEC 1": "SQL 执行不了",
    "SELECT * FROM nosuch": "SQL 执行不了",
    "SELECT 1; SELECT 2": "一条 SQL",
    "SELECT * FROM home": "SQL 执行不了",  # a variable of the program is no table
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("sql") / "home").prepare()
    store.publish(made)
    return made


@pytest.fixture(autouse=True)
def _elsewhere(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDSTOCK_HOME", str(home.path))
    (tmp_path / "secret.csv").write_text("a\n1\n")


@pytest.mark.parametrize(("sql", "words"), REFUSED.items(), ids=list(REFUSED))
def test_what_is_no_plain_query_is_refused_in_words(home: Home, tmp_path: Path, sql: str, words: str, capsys) -> None:
    assert cli.call(["query", sql]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert os.listdir(tmp_path) == ["secret.csv"]
    assert release.verify(home, release.current(home)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM indicator_value",
        "FROM indicator_value LIMIT 1",
        "WITH a AS (SELECT 1 AS n) SELECT n FROM a UNION ALL SELECT * FROM range(2);",
        "SELECT * FROM indicator_as_of(DATE '2026-11-01')",
        "SELECT 'it''s' AS quote -- a remark",
        "EXPLAIN SELECT 1",
        "SHOW TABLES",
        "DESCRIBE target",
        "SUMMARIZE target",
        "SELECT comment FROM duckdb_tables()",
        "FROM (PIVOT indicator_value ON year IN (2025, 2026) USING count(*) GROUP BY indicator)",
    ],
)
def test_what_reads_the_release_is_answered(sql: str, capsys) -> None:
    assert cli.call(["query", sql]) == 0
    assert capsys.readouterr().out


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "＝1+1", "=cmd|' /C calc'!A0", "\n=1+1", " =1+1"]


def test_a_formula_in_a_name_or_a_text_is_inert_in_csv(capsys) -> None:
    """Spreadsheets take what begins with one of these for a formula, some also after blanks."""
    for text in FORMULAS:
        sql = "SELECT '" + text.replace("'", "''") + '\' AS "=name", -1 AS number'
        assert cli.call(["query", sql, "--format", "csv"]) == 0
        names, (value, number) = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
        assert names[0] == "'=name"
        assert value == "'" + text.replace("\r", "\n")  # a CR would open a row that begins with the formula
        assert number == "-1"
