"""The whole way from a landing directory to a release, through the command line, in one home. One story, in order."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets import release
from assets.home import Home
from pipelines import cli, settings
from tests.test_cli_commands import BAD, GOOD, submit

DAY, EARLIER, LATER = "2026-11-23", "2026-06-30", "2026-11-24"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("story")


@pytest.fixture
def call(place: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """Call a command on the story's home; gives exit code, stdout, stderr."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("LANDSTOCK_HOME", str(place / "home"))
    monkeypatch.setenv("LANDSTOCK_LANDING", str(place / "landing"))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.call(list(arguments))
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return run


def home(place: Path) -> Home:
    return Home(place / "home")


def test_1_the_first_run_makes_the_current_release(place: Path, call) -> None:
    submit(place / "landing" / "2026-03-15", GOOD, BAD)
    code, out, _ = call("run", "--as-of", DAY, "--json")
    told = json.loads(out)
    assert (code, told["success"]) == (0, True), told
    (file,) = told["files"]
    assert (file["status"], file["rows_loaded"], file["rows_quarantined"]) == ("partly_accepted", 1, 1)
    assert "三项之和" in file["first_error"]
    assert told["release"]["release_id"] == release.current(home(place)) == f"{DAY}.1"
    assert release.verify(home(place), f"{DAY}.1") == []


def test_2_the_released_figures_are_those_of_the_file(place: Path, call) -> None:
    sql = (
        "SELECT value, numerator, denominator, release_id FROM indicator_value"
        " WHERE region_code = '330100' AND indicator = 'stock_supply_share' AND year = 2026 AND basis = 'annual'"
    )
    _, out, _ = call("query", sql, "--json")
    # (1 + 0.5) of 2 公顷; the bad row is in quarantine
    assert json.loads(out) == [{"value": 75.0, "numerator": 1.5, "denominator": 2.0, "release_id": f"{DAY}.1"}]
    _, out, _ = call("query", "SELECT count(*) AS n FROM quality_finding WHERE quarantined", "--json")
    assert json.loads(out) == [{"n": 1}]


def test_3_nothing_changed_makes_no_release_and_needs_no_dagster(place: Path, call) -> None:
    code, out, _ = call("run", "--as-of", DAY)
    assert (code, release.ids(home(place))) == (0, [f"{DAY}.1"])
    assert "没有变化" in out
    (place / "landing" / "2026-03-15" / "供地结果_330100_2026.csv").touch()
    assert "没有变化" in call("run", "--as-of", DAY)[1]


def test_4_a_what_if_is_a_release_but_not_the_current_one(place: Path, call) -> None:
    code, out, _ = call("run", "--as-of", DAY, "--rule", "activation.historical_unsupplied=true", "--json")
    made = json.loads(out)["release"]
    assert (code, made["kind"], release.current(home(place))) == (0, "what_if", f"{DAY}.1")
    assert release.manifest(home(place), made["release_id"]).stamp.rule_version.endswith("historical_unsupplied=true")


def test_5_a_look_back_knows_what_was_known_and_leaves_current_alone(place: Path, call) -> None:
    code, out, _ = call("run", "--as-of", EARLIER)
    assert code == 0
    assert f"{EARLIER}.1：回看" in out
    assert release.current(home(place)) == f"{DAY}.1"


def test_6_the_plan_of_a_backfill_knows_that_the_look_back_came_between(call) -> None:
    code, out, _ = call("backfill", "2025..2027", "--as-of", DAY, "--dry-run", "--json")
    plan = [(step["year"], step["state"], step["action"]) for step in json.loads(out)["plan"]]
    assert code == 0
    assert plan == [(2025, "stale", "compute"), (2026, "stale", "compute"), (2027, "not_begun", "not_begun")]


def test_7_a_backfill_computes_without_making_the_same_release_twice(place: Path, call) -> None:
    before = release.ids(home(place))
    code, out, err = call("backfill", "2025..2026", "--as-of", DAY, "--json")
    told = json.loads(out)
    assert code == 0, (told, err)
    assert told["release"] == {"release_id": f"{DAY}.1", "unchanged": True}
    assert release.ids(home(place)) == before
    assert not (place / "home" / "backfill.json").exists()
    _, out, _ = call("backfill", "2025..2026", "--as-of", DAY, "--dry-run", "--only-missing", "--json")
    assert {step["action"] for step in json.loads(out)["plan"]} == {"keep"}


def test_8_an_interrupted_backfill_goes_on_where_it_stopped(place: Path, call) -> None:
    request = {"first": 2025, "last": 2026, "as_of": DAY, "rules": "2025.1"}
    (place / "home" / "backfill.json").write_text(json.dumps(request), encoding="utf-8")
    with duckdb.connect(str(home(place).warehouse)) as con:
        con.execute("DELETE FROM indicator.state WHERE indicator = 'walk15_coverage'")
    _, out, _ = call("backfill", "2025..2026", "--as-of", DAY, "--dry-run", "--json")
    told = json.loads(out)
    assert told["resumed"] is True
    assert {step["state"] for step in told["plan"]} == {"missing"}


def test_9_a_failed_gate_stops_before_the_release(place: Path, call) -> None:
    before = release.ids(home(place))
    with duckdb.connect(str(home(place).warehouse)) as con:
        # A row that got past the door: the same record twice in one file.
        con.execute(
            "INSERT INTO core.land_supply SELECT * REPLACE (-1 AS supplied_area_mu) FROM core.land_supply LIMIT 1"
        )
    code, _, err = call("run", "--as-of", DAY, "--year", "2026")
    (log,) = home(place).logs.glob("run-*.log")
    said = log.read_text(encoding="utf-8")
    queries = re.findall(r"(?s):\n((?:SELECT|WITH).*?);\n", said)
    with duckdb.connect(str(home(place).warehouse)) as con:
        assert queries and all(con.execute(each).fetchall() for each in queries)
        con.execute("DELETE FROM core.land_supply WHERE supplied_area_mu = -1")
    assert code == 1
    assert "核验未通过，没有产生新发布" in err
    assert "core/land_supply" in err
    assert "仍出现时报告程序缺陷。\n" in err  # the remedy, to its end
    assert str(log) in err and f"rows that break it, in {home(place).warehouse}:\n" in said
    assert (release.ids(home(place)), release.current(home(place))) == (before, f"{DAY}.1")


def test_a_part_of_the_marts_makes_no_release_and_keeps_no_later_run_from_one(place: Path, call) -> None:
    """As from Dagster's interface: the results of the other tables' checks are missing, which the next run mends."""
    from assets.graph import all_assets
    from pipelines import definitions, execution

    chosen = {"mart/calendar", "mart/quality_check"}
    others = [key for each in all_assets() for key in each.keys if key.to_user_string() not in chosen]
    tags = definitions.run_tags(date.fromisoformat(LATER))
    with home(place).locked("test"):
        outcome = execution.execute(settings.load({"home": home(place).path}), tags, lambda *_: None, without=others)
    assert [(check.table, check.name) for check in outcome.failed_checks] == [
        ("mart/quality_check", "every_table_checked")
    ]
    assert release.current(home(place)) == f"{DAY}.1"


def test_a_correction_moves_current_and_strict_says_that_a_file_was_refused(place: Path, call) -> None:
    corrected = GOOD.replace(",1,0.5,0.5,", ",2,0,0,")
    submit(place / "landing" / "2026-11-20", corrected, name="供地结果_330100_2026_更正.csv")
    submit(place / "landing" / "2026-11-20", "not,a,table", name="别的东西.csv")
    mistyped = place / "landing" / "2062-11-20"
    submit(mistyped, GOOD.replace(",1,0.5,0.5,", ",1,1,0,"), name="供地结果_330100_2026_补.csv")
    code, out, _ = call("run", "--as-of", LATER, "--strict")
    assert code == 1
    assert "退回  别的东西.csv" in out
    assert f"晚于截止日 {LATER}，到那天才计入、才有回执：2062-11-20/供地结果_330100_2026_补.csv" in out
    assert release.current(home(place)) == f"{LATER}.1"
    sql = (
        "SELECT value FROM indicator_value"
        " WHERE region_code = '330100' AND indicator = 'stock_supply_share' AND year = 2026"
    )
    _, out, _ = call("query", sql, "--json")
    assert {row["value"] for row in json.loads(out)} == {100.0}


def test_the_run_stands_in_dagsters_history(place: Path, call) -> None:
    from dagster import AssetKey

    from pipelines import storage

    with storage.instance(home(place)) as instance:
        runs = instance.get_runs()
        captured = instance.get_latest_materialization_event(AssetKey(["raw", "submission"])).asset_materialization
    assert (
        captured.metadata["dagster/row_count"].value == 4
    )  # the first file, its correction, something else, one of a day to come
    assert "file_sha256" in {column.name for column in captured.metadata["dagster/column_schema"].schema.columns}
    assert {run.job_name for run in runs} == {"nightly"}
    # Newest first: correction, part of the marts, failed gate, backfill, look back, what-if, first run.
    assert [run.is_success for run in runs] == [True, False, False, True, True, True, True]
