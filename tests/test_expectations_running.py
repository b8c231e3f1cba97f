"""Running the suites: failures of the machinery, empty and missing tables, laziness, Dagster, and the door."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import duckdb
import polars as pl
import pytest

from assets.checking import check
from assets.checking.facts import typed_rows
from assets.marts import build
from assets.reading import read
from assets.warehouse import append, create
from expectations import duckdb_engine
from expectations.bridge import asset_checks
from expectations.checks import Between, Matches, NoRows, NotNull, OneOf
from expectations.suites import checks
from expectations.validate import validate
from schemas import policy
from schemas.marts import MARTS
from schemas.policy import regions
from schemas.submissions import TABLES
from tests.checking_files import GOOD, RECEIVED, checked, reading, row
from tests.expectations_world import WORLD, core, mart

ROOT = Path(__file__).parents[1]


@pytest.fixture
def con():
    return duckdb.connect()


@pytest.fixture(scope="module")
def release():
    return mart()


# --- The five kinds of expectation ------------------------------------------------------------------------------

_ROWS = "(1, 'ab', 1.5, 'x'), (2, NULL, NULL, 'x'), (3, 'b', CAST('nan' AS DOUBLE), 'y')"


@pytest.mark.parametrize(
    ("expectation", "broken"),
    [
        (NotNull("word"), [2]),
        (NotNull("word", ("kind", "y")), []),
        (OneOf("word", values=("ab",)), [3]),
        (OneOf("word", ("kind", "x"), ("ab",)), []),
        (Between("amount", low=1.5), []),
        (Between("amount", low=1.5, above=True), [1]),
        (Between("amount", high=2), [3]),  # NaN is larger than everything
        (Matches("word", regex="^a"), [3]),
        (Matches("word", regex="b"), []),  # part of the text, not the whole
        (Matches("word", regex="^.{1}$"), [1]),  # braces
        (NoRows("SELECT a.id FROM {table} a JOIN {table} b ON a.id = b.id + 1"), [2, 3]),
        (NoRows("SELECT id FROM {table} WHERE word = 'b' AND ':x' = ':x' AND regexp_matches(word, '^.{1}$')"), [3]),
        (NoRows("WITH few AS (FROM {table} LIMIT 0) SELECT id FROM few"), []),
    ],
)
def test_gx_and_the_query_find_the_same_rows(con, expectation, broken):
    con.execute(f"CREATE SCHEMA s; CREATE TABLE s.t AS FROM (VALUES {_ROWS}) t(id, word, amount, kind)")
    (outcome,) = duckdb_engine.run(con, "s.t", [expectation])
    assert (outcome.passed, outcome.unexpected, outcome.error) == (not broken, len(broken), None)
    listed = con.execute(expectation.broken(("id",)).replace("{table}", "s.t")).fetchall()
    assert sorted(line[0] for line in listed) == broken


def test_outcomes_come_in_the_order_asked_for(con):
    con.execute("CREATE TABLE t AS SELECT 1 AS a, NULL AS b")
    expectations = [
        NotNull("b"),
        NoRows("FROM {table}"),
        NotNull("nowhere"),
        NotNull("a"),
        NoRows("SELECT 1 WHERE false"),
    ]
    outcomes = duckdb_engine.run(con, "main.t", expectations)
    assert [outcome.passed for outcome in outcomes] == [False, False, False, True, True]
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, True, True]


# --- Failures of the machinery --------------------------------------------------------------------------------


def test_what_gx_cannot_evaluate_has_not_passed():
    con = mart()
    con.execute("ALTER TABLE mart.release_info DROP COLUMN value")
    by_name = {result.name: result for result in validate(con, "mart", ["release_info"], regions=WORLD)}
    broken = by_name["facts_given"]
    assert not broken.passed and broken.blocks and "value" in broken.error
    assert "未能检查" in broken.message and broken.error not in (None, "")
    assert by_name["grain"].passed  # the others are still evaluated


def test_a_result_that_gx_withholds_is_a_failure(release, monkeypatch):
    class Silent:
        def validate(self, *_, **__):
            return SimpleNamespace(results=[])

    monkeypatch.setattr(duckdb_engine, "_batch", lambda con, view: contextlib.nullcontext(Silent()))
    (outcome,) = duckdb_engine.run(release, "mart.release_info", [NotNull("name")])
    assert not outcome.passed and "no result" in outcome.error


def test_a_missing_table_fails_all_its_checks():
    con = mart()
    con.execute("DROP TABLE mart.target")
    results = validate(con, "mart", ["target"], regions=WORLD)
    assert len(results) == len(checks("mart", ["target"]))
    assert all(not result.passed and "target" in result.error for result in results)


@pytest.mark.parametrize(("layer", "tables"), [("lake", None), ("core", ["nothing"])])
def test_an_unknown_layer_or_table_is_an_error(con, layer, tables):
    with pytest.raises(KeyError):
        validate(con, layer, tables)


# --- Empty tables, and what validate leaves behind --------------------------------------------------------------


def test_an_empty_core_passes(con):
    create(con)
    assert [result.name for result in validate(con, "core", ["land_supply", "gdp"]) if not result.passed] == []


def test_an_empty_release_is_refused(con):
    con.execute("CREATE SCHEMA mart")
    for each in MARTS.values():
        con.execute(each.ddl())
    con.execute("INSERT INTO mart.release_info (name, value) VALUES ('as_of', '2025-06-30')")
    some = ["indicator_value", "data_dictionary", "release_info", "contribution"]
    refused = {(result.table, result.name) for result in validate(con, "mart", some, regions=WORLD) if result.blocks}
    assert refused == {
        ("indicator_value", "complete"), ("data_dictionary", "covers_marts"), ("release_info", "facts_given"),
    }  # fmt: skip


def test_the_message_says_what_where_why_and_what_to_do():
    con = core()
    con.execute("UPDATE core.gdp SET real_index = 4.7")
    (result,) = validate(con, "core", ["gdp"], names=["ranges"])
    for part in ("core.gdp", "指数、编号、季度在规定范围内", "1 处", "330100|2025", "原因：", "处理："):
        assert part in result.message
    assert "core.gdp" in result.message_en and "330100|2025" in result.message_en
    assert con.execute(result.sql).fetchone()[0] == "330100|2025"


def test_the_query_of_a_result_runs_on_its_own(release, con):
    """Checks against the regions in force carry them along, with or without a WITH of their own."""
    release.begin()
    release.execute("DELETE FROM mart.indicator_value WHERE region_code = '330200'")
    release.execute("UPDATE mart.contribution SET city_code = '330102'")
    found = validate(
        release, "mart", ["indicator_value", "contribution"], regions=WORLD, names=["complete", "in_its_city"]
    )
    assert [result.passed for result in found] == [False, False]
    assert [len(release.execute(result.sql).fetchall()) for result in found] == [result.unexpected for result in found]
    release.rollback()


def test_an_open_transaction_and_a_read_only_file_are_left_alone(tmp_path):
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        create(con)
        con.begin()
        con.execute("INSERT INTO core.gdp (record_key) VALUES ('x')")
        assert any(not result.passed for result in validate(con, "core", ["gdp"]))
        con.rollback()
        assert con.execute("SELECT count(*) FROM core.gdp").fetchone() == (0,)
        assert con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall() == []
    with duckdb.connect(str(path), read_only=True) as con:
        assert all(result.passed for result in validate(con, "core", ["gdp"]))


def test_nothing_leaves_the_machine(release, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a connection to the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    duckdb_engine._context.cache_clear()  # a new context, too, asks nobody
    assert all(result.passed for result in validate(release, "mart", ["target"], regions=WORLD))
    assert duckdb_engine._context().variables.analytics_enabled in (False, None)
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"


def test_great_expectations_is_imported_late():
    code = "import sys, expectations.validate; assert 'great_expectations' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_queries_are_the_same_in_every_process():
    """They are published in mart.quality_check: a set's order would make two runs of the same input differ."""
    code = "from expectations.suites import checks; print([c.sql for layer in ('core', 'indicator', 'mart') for c in checks(layer)])"
    spelled = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, timeout=120,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(4)
    }  # fmt: skip
    assert len(spelled) == 1


# --- Dagster ----------------------------------------------------------------------------------------------------


class Home(dg.ConfigurableResource):
    """Has the one build database of the test."""

    def look_at(self, layer, look, tasks, context):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "build.duckdb"
            _BUILD["con"].execute(f"ATTACH '{path}' AS file; COPY FROM DATABASE memory TO file; DETACH file")
            yield from (look(path, task) for task in tasks)

    def keep_results(self, results, context):
        _KEPT[:] = results


_BUILD: dict[str, duckdb.DuckDBPyConnection] = {}
_KEPT: list[dict] = []
_TABLES = ("submission", "release_info")


def _job_result(con: duckdb.DuckDBPyConnection):
    _BUILD["con"] = con
    assets = [dg.asset(name=table, key_prefix="mart")(lambda: None) for table in _TABLES]

    @dg.asset(deps=[dg.AssetKey(["mart", table]) for table in _TABLES])
    def release(): ...

    return dg.materialize(
        [*assets, release, asset_checks("mart", _TABLES, regions=lambda home: WORLD)],
        resources={"home": Home()}, raise_on_error=False,
    )  # fmt: skip


def test_every_check_is_an_asset_check():
    result = _job_result(mart())
    assert result.success
    evaluated = {(each.asset_key.path[-1], each.check_name) for each in result.get_asset_check_evaluations()}
    assert evaluated == {(check.table, check.name) for check in checks("mart", _TABLES)}
    assert all(each.passed for each in result.get_asset_check_evaluations())
    assert [set(row) for row in _KEPT] == [
        set(MARTS["quality_check"].names) - {"table_label"} for _ in checks("mart", _TABLES)
    ]


def test_a_critical_check_blocks_what_comes_after():
    con = mart()
    con.execute("UPDATE mart.submission SET lines = 11")
    result = _job_result(con)
    assert not result.success
    assert not result.asset_materializations_for_node("release")
    (failed,) = [each for each in result.get_asset_check_evaluations() if not each.passed]
    assert (failed.check_name, failed.severity) == ("lines_add_up", dg.AssetCheckSeverity.ERROR)
    assert failed.metadata["sample"].value == ["H1"] and failed.metadata["unexpected"].value == 1
    (row,) = [row for row in _KEPT if not row["passed"]]
    assert (row["check_name"], row["severity"], row["sample"], row["unexpected"]) == (
        "lines_add_up", "critical", "H1", 1,
    )  # fmt: skip


def test_severity_decides_what_blocks():
    definition = asset_checks("mart", ["indicator_value"])
    blocking = {spec.name: spec.blocking for spec in definition.check_specs}
    assert blocking["numerator_is_sum"] and not blocking["redeveloped_within_activated"]


def test_severities_are_data_and_name_checks_that_exist():
    known = {f"{check.layer}.{check.table}.{check.name}" for layer in ("core", "mart") for check in checks(layer)}
    assert policy.severities().keys() <= known


def test_a_region_table_of_some_cities_stops_no_release(bureau, tmp_path):
    """Their targets do not add up to the province's, nor need those of a later version."""
    table = tmp_path / "regions.csv"
    table.write_text("code,name,level,city_code\n330000,浙江省,province,\n330100,杭州市,city,\n", encoding="utf-8")
    context = replace(bureau.context(), regions=regions(str(table)))
    build(bureau.con, tmp_path / "build.duckdb", "target", context, "r", datetime(2026, 11, 23))
    with duckdb.connect(str(tmp_path / "build.duckdb")) as con:
        found = validate(con, "mart", ["target"], regions=context.regions)
    assert [each.name for each in found if not each.passed] == ["cities_sum_to_province"]
    assert not any(each.blocks for each in found)


# --- The door ---------------------------------------------------------------------------------------------------

#: rule, table, change: a row that the door refuses by this rule; the value itself can be read.
REFUSED = [
    ("3001", "land_supply", {"supply_method": None}),
    ("3001", "land_supply", {"historical_unsupplied_area_mu": "-"}),
    ("3001", "gdp", {"vintage": None}),
    ("3001", "far_exemption", {"basis_no": None}),
    ("3101", "approved_unsupplied", {"approved_area_mu": "0"}),
    ("3101", "walk_coverage", {"residential_area_mu": "-1", "covered_area_mu": "0"}),
    ("3102", "annual_task", {"task_area_mu": "-0.01"}),
    ("3102", "idle_land", {"disposed_area_mu": "-1"}),
    ("3103", "construction_land", {"area_mu": "0"}),
    ("3104", "land_supply", {"far_lower": "0.09"}),
    ("3104", "park_performance", {"average_far": "15.01"}),
    ("3105", "land_supply", {"agreed_start_date": "1986-12-31"}),
    ("3105", "land_supply", {"agreed_completion_date": "2036-11-24"}),
    ("3106", "inefficient_land", {"plan_year": "1986"}),
    ("3106", "task_progress", {"year": "2037"}),
    ("3107", "gdp", {"real_index": "4.7"}),
    ("3108", "task_progress", {"task_no": "13"}),
    ("3109", "task_progress", {"quarter": "0"}),
    ("3201", "land_supply", {"region_code": "330199"}),
    ("3203", "land_supply", {"region_code": "330103", "contract_date": "2021-04-09"}),
    ("3203", "gdp", {"region_code": "330103", "year": "2022"}),
    ("3203", "demonstration_project", {"region_code": "330103"}),
    ("3204", "land_supply", {"region_code": "330203"}),
    ("3204", "gdp", {"region_code": "330200"}),
    ("3205", "land_supply", {"region_code": "330000"}),
    ("3301", "land_supply", {"new_area_mu": "0.5002"}),
    ("3302", "land_supply", {"supplied_area_mu": "30"}),
    ("3311", "idle_land", {"determination_date": "2025-02-28"}),
    ("3312", "idle_land", {"disposal_date": "2025-02-28"}),
    ("3313", "idle_land", {"disposed_area_mu": "2.1"}),
    ("3314", "idle_land", {"idle_area_mu": "3.1"}),
]
#: Rows that just pass at the door.
ACCEPTED = [
    ("land_supply", {"new_area_mu": "0.5001"}),  # 1 m² is within the tolerance
    ("land_supply", {"far_lower": "0"}),
    ("land_supply", {"agreed_completion_date": "2036-11-23"}),
    ("land_supply", {"region_code": "330103", "contract_date": "2021-04-08"}),
    ("construction_land", {"land_class": "05", "area_mu": "0"}),
    ("idle_land", {"idle_type": "中止建设", "agreed_start_date": "2025-02-01"}),
    ("walk_coverage", {"covered_area_mu": "11"}),  # a warning only
    ("gdp", {"region_code": "330103", "year": "2021"}),
]


@pytest.mark.parametrize("table", sorted(TABLES))
def test_door_and_suites_name_the_same_rows_by_the_same_rules(table):
    """All rows, refused ones too, are put into core as if there were no door; each stands in a file of its own."""
    changes = [change for _, name, change in REFUSED if name == table] + [c for name, c in ACCEPTED if name == table]
    con = duckdb.connect()
    create(con)
    append(con, "core.region", regions().frame)
    at_the_door: dict[str, set[str]] = {}
    for number, change in enumerate([{}, *changes]):
        receipt, submitted = f"R{number}", row(table, **change)
        con.execute(
            "INSERT INTO raw.submission (submission_id, region_code, year, received_on)"
            " VALUES (?, '330100', 2026, DATE '2026-11-23')",
            [receipt],
        )
        typed = typed_rows(reading(table, [submitted]), TABLES[table], regions())
        stored = typed.select(*TABLES[table].stored, "record_key", "sheet", "row_number")
        append(con, f"core.{table}", stored.with_columns(submission_id=pl.lit(receipt), profile=pl.lit("bureau")))
        for finding in checked(table, [submitted]).findings:
            at_the_door.setdefault(finding.rule, set()).add(receipt)
    suite = [check for check in checks("core", [table]) if any(rule < "4" for rule in check.rules)]
    results = validate(con, "core", [table], names=[check.name for check in suite])
    for result in results:
        named = {line[1] for line in con.execute(result.sql).fetchall()}
        assert result.error is None
        refused = set().union(*(at_the_door.get(rule, set()) for rule in result.check.rules))
        assert named == refused, (result.name, result.check.rules)
    covered = {rule for check in suite for rule in check.rules}
    assert {rule for rule, name, _ in REFUSED if name == table} <= covered & set(at_the_door)


def test_the_real_land_market_samples_pass_once_they_are_through_the_door():
    """What the export leaves unknown is no breach; 189 and 162 rows are accepted."""
    data, country = ROOT / "../shared/data", regions(str(ROOT / "../shared/data/regions_china_2024.csv"))
    con = duckdb.connect()
    create(con)
    append(con, "core.region", country.frame)
    for name in ("landchina_beijing_2019h1.gb18030.csv", "landchina_national_2018-12.gb18030.json"):
        accepted = check(read(name, data / name), country, RECEIVED).accepted
        append(con, "core.land_supply", accepted.with_columns(submission_id=pl.lit(name)))
        con.execute("INSERT INTO raw.submission (submission_id, received_on) VALUES (?, ?)", [name, RECEIVED])
    assert con.execute("SELECT count(*) FROM core.land_supply").fetchone() == (351,)
    assert [result.message for result in validate(con, "core", ["land_supply"]) if not result.passed] == []


def test_every_good_row_of_the_door_is_in_the_comparison():
    assert set(GOOD) == set(TABLES)
