"""The benchmarks at a tiny scale: the peers do compute what ours computes, and costs are what they say."""

from __future__ import annotations

import sys

import duckdb
import pytest

from benchmarks import floor, plain, world
from benchmarks.__main__ import table
from benchmarks.cases import LANDSTOCK, Reached
from benchmarks.measure import CommandFailed, best, run

MEGABYTE = 1_000_000
OWN_REGIONS = world.policy.HERE / "regions.csv"


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> world.World:
    return world.national(2_000, tmp_path_factory.mktemp("bench"), OWN_REGIONS)


def test_a_world_is_made_once_and_measured_runs_leave_it_alone(small, tmp_path):
    files = {path: path.stat().st_mtime_ns for path in small.landing.rglob("*.csv")}
    assert world.national(2_000, small.folder.parent, OWN_REGIONS) == small
    work = small.fresh().work / "landing"
    (work / "more.csv").write_text("")
    assert {path: path.stat().st_mtime_ns for path in small.landing.rglob("*.csv")} == files
    assert len(list(work.rglob("*.csv"))) == len(files) + 1


@pytest.mark.slow
def test_peers_and_ours_agree_on_the_sums(small, tmp_path):
    """Floor: no check, so rows that ours refuses (a few %) are in it. Plain: the same rules, hence nearly the same."""
    run([LANDSTOCK, "run", *small.fresh().arguments(), "--json"])
    with duckdb.connect(str((small.work / "home" / "current").resolve() / "landstock.duckdb"), read_only=True) as con:
        share, existing = con.execute(
            "SELECT 100 * sum(numerator) FILTER (indicator = 'stock_supply_share') / sum(denominator) FILTER"
            " (indicator = 'stock_supply_share'), (SELECT sum(record_amount_mu) FROM mart.contribution"
            "  WHERE indicator = 'activated_stock_land' AND source_table = 'land_supply')"
            " FROM mart.indicator_value WHERE basis = 'annual' AND region_level = 'city'"
        ).fetchone()
    ours = {"stock_supply_share": float(share), "existing_mu": float(existing)}
    assert floor.run(small.landing, tmp_path / "floor.duckdb") == pytest.approx(ours, rel=0.08)
    made = plain.run(small.landing, tmp_path / "plain", OWN_REGIONS)
    assert made.pop("failed_expectations") == 0
    assert made == pytest.approx(ours, rel=0.01)


def test_a_clerks_file_has_the_rows_it_promises(tmp_path):
    lines = world.clerks_file(tmp_path, 200, "csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 201
    assert len({line.split(",")[1] for line in lines[1:]}) == 200


def test_memory_of_children_counts():
    grow = f"import time; block = bytearray({200 * MEGABYTE}); time.sleep(0.5)"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grow!r}])"
    assert run([sys.executable, "-c", nested]).peak > 200 * MEGABYTE


def test_processor_time_is_not_wall_time():
    cost = run([sys.executable, "-c", "import time; time.sleep(0.6)"])
    assert cost.cpu < 0.4 < 0.6 <= cost.wall


def test_a_command_that_fails_is_no_measurement():
    with pytest.raises(CommandFailed, match="ended with 3:\noh"):
        run([sys.executable, "-c", "print('oh'); raise SystemExit(3)"])
    assert run([sys.executable, "-c", "raise SystemExit(3)"], codes=(3,)).wall > 0


def test_the_best_run_is_the_quickest():
    slow, quick = (run([sys.executable, "-c", f"import time; time.sleep({pause})"]) for pause in (0.4, 0))
    assert best([slow, quick]) is quick


@pytest.mark.parametrize(
    ("figure", "aim", "at_least", "ok"),
    [(2.9, 3, False, True), (3.0, 3, False, True), (3.1, 3, False, False), (5.0, 5, True, True), (4.9, 5, True, False)],
)
def test_an_aim_is_a_bound(figure, aim, at_least, ok):
    line = Reached("a", "something", figure, aim, "×", at_least)
    assert line.ok is ok
    assert ("missed" in table([line])) is not ok
