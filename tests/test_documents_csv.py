"""CSV of the public tables: BOM, every row, nothing that runs."""

from __future__ import annotations

import csv

import duckdb
import polars as pl
import pytest

from assets.outputs import tables_csv


@pytest.fixture
def release(tmp_path):
    path = tmp_path / "r.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA mart; CREATE SCHEMA other; CREATE TABLE other.hidden (a INTEGER)")
        connection.execute("CREATE TABLE mart.b (name VARCHAR, area DECIMAL(18, 4), gap DOUBLE)")
        connection.execute("""INSERT INTO mart.b VALUES ('=1+1', 12.3400, -0.5), ('杭州, "市"', NULL, 1.25)""")
        connection.execute("CREATE TABLE mart.a (day DATE); INSERT INTO mart.a VALUES ('2026-11-23')")
    return path


def test_one_file_per_public_table(release, tmp_path):
    assert [path.name for path in tables_csv.write(release, tmp_path / "csv")] == ["a.csv", "b.csv"]


def test_values_survive_and_formulas_do_not(release, tmp_path):
    path = tables_csv.write(release, tmp_path / "csv")[1]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["name", "area", "gap"]
    assert sorted(rows[1:]) == [["'=1+1", "12.3400", "-0.5"], ['杭州, "市"', "", "1.25"]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_a_text_like_a_formula_gets_an_apostrophe(start):
    plain = start.replace("\r", "\n")  # a CR alone would open a row
    made = tables_csv.harmless(pl.DataFrame({"a": [f"{start}x", f"x{start}", None]}))["a"].to_list()
    assert made == [f"'{plain}x", f"x{plain}", None]


def test_the_same_release_gives_the_same_bytes(release, tmp_path):
    first, second = (tables_csv.write(release, tmp_path / name) for name in "xy")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
