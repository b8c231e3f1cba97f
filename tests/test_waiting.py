"""What a clerk waits for: `check` of 10,000 rows within two seconds of the processor, which a busy machine hardly changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import run
from benchmarks.world import clerks_file

ROWS, MOST_SECONDS = 10_000, 2.0
PROGRAM = (sys.executable, "-c", "from pipelines.cli import main; main()")
#: Each takes a tenth of a second or more to load, and none is needed to check a file.
HEAVY = {"dagster", "great_expectations", "pandas", "pyarrow", "numpy", "duckdb", "urllib.request", "xlsxwriter"}


@pytest.fixture(scope="module", params=["csv", "xlsx"])
def file(request, tmp_path_factory) -> Path:
    return clerks_file(tmp_path_factory.mktemp("clerk"), ROWS, request.param)


@pytest.mark.slow
@pytest.mark.parametrize("receipt", [False, True])
def test_ten_thousand_rows_within_two_seconds(file, tmp_path, receipt):
    more = ("--receipt", tmp_path / "out.xlsx") if receipt else ()
    costs = [run([*PROGRAM, "check", file, *more], codes=(0, 1)) for _ in range(3)]
    assert f"可入库 {ROWS}" in costs[0].output
    assert min(cost.cpu for cost in costs) < MOST_SECONDS


def test_loads_no_more_than_it_needs(file):
    program = (
        "import sys; from pipelines.cli import call\n"
        f"call(['check', {str(file)!r}, '--most', '1'])\n"
        f"print(sorted(sys.modules.keys() & {HEAVY}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
