"""Spoiled files: no crash, no hang, no blow-up; nothing accepted that breaks a rule; every line accounted for.

By default 300 generated files; LANDSTOCK_FULL=1 makes it 6,000 (the counts in `docs/reliability.md`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from assets.checking import check
from assets.reading import read
from schemas import policy
from schemas.submissions import TABLES
from tests import hostile_files, hostile_run

ROOT = Path(__file__).parents[1]
COUNT = 6_000 if os.environ.get("LANDSTOCK_FULL") else 300
MEMORY_MB = 1_500


def tried(tmp_path: Path, *arguments: str) -> dict:
    """What a process of its own says of the files; a crash or a hang names the file."""
    last = tmp_path / "last"
    command = [sys.executable, "-m", "tests.hostile_run", "--memory-mb", str(MEMORY_MB), "--last-name", str(last)]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), f"ended with {done.returncode} at {last.read_text()}\n{done.stderr[-2000:]}"
    assert done.stdout, f"at {last.read_text()}\n{done.stderr[-2000:]}"
    return json.loads(done.stdout)


@pytest.mark.slow
def test_generated_files(tmp_path: Path) -> None:
    told = tried(tmp_path, "--count", str(COUNT))
    print(told)
    assert told["problems"] == []
    assert told["files"] == COUNT
    # Not everything is refused at the door: the rules had rows to judge.
    assert min(told["rows_accepted"], told["rows_refused"], told["partly_accepted"]) > COUNT // 10


@pytest.mark.slow
def test_files_made_by_hand_to_hurt(tmp_path: Path) -> None:
    told = tried(tmp_path, "--bombs")
    print(told)
    assert told["problems"] == []
    assert told["files"] > 35


def test_the_same_seed_makes_the_same_file_of_every_kind() -> None:
    hows = [hostile_files.mutant(seed).how for seed in range(100)]
    assert hows == [hostile_files.mutant(seed).how for seed in range(100)]
    assert all(any(form in how for how in hows) for form in ("csv", "xlsx", "xls", "parquet", "json"))


def test_good_grids_are_good() -> None:
    """What is spoiled was whole before: every table's seed passes without an error."""
    for table in TABLES.values():
        text = "\n".join(",".join(row) for row in hostile_files.good_grid(table))
        result = check(read(f"{table.label}_330100_2026.csv", text.encode()), policy.regions(), hostile_run.RECEIVED)
        assert result.accepted.height == hostile_files.ROWS, (table.name, result.findings[:2])


BREAKS = {
    "land_supply": {"existing_area_mu": Decimal("1.6"), "far_lower": Decimal(16), "contract_date": date(1986, 1, 1)},
    "idle_land": {"disposed_area_mu": Decimal(99), "idle_area_mu": Decimal(99), "disposal_date": date(2025, 2, 1)},
    "gdp": {"real_index": Decimal("4.7"), "year": 1900, "region_code": "123456", "vintage": "大概"},
    "annual_task": {"region_code": None, "record_key": None},
    "policy_measure": {"measure_name": "a\x07"},
    "inefficient_land": {"parcel_code": "#REF!", "patch_no": "无"},
    "far_exemption": {"region_code": "330203"},
    "approved_unsupplied": {"region_code": "330185"},
}  # fmt: skip


@pytest.mark.parametrize("table, column", [(table, column) for table, cells in BREAKS.items() for column in cells])
def test_the_conditions_bite(table: str, column: str) -> None:
    """The plain conditions would see an accepted row that breaks a rule."""
    grid = hostile_files.good_grid(TABLES[table])
    text = "\n".join(",".join(row) for row in grid)
    rows = check(read(f"{TABLES[table].label}_330100_2026.csv", text.encode()), policy.regions(), hostile_run.RECEIVED).accepted  # fmt: skip
    assert hostile_run.accepted_wrongly(rows, TABLES[table], "bureau", "330100") == []
    spoiled = rows.with_columns(pl.lit(BREAKS[table][column], rows.schema[column]).alias(column))
    assert hostile_run.accepted_wrongly(spoiled, TABLES[table], "bureau", "330100") != []
