"""The receipts of a release: every file has one, they say what is published, unchanged ones are links."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.raw import stored
from assets.receipts import nightly
from assets.receipts.nightly import write_all
from schemas.marts import MARTS

from .receipt_files import as_csv, facts, listed, opened, row, target

SHAS = {"a": "aa" * 32, "b": "bb" * 32}
SUBMISSION = {
    "receipt_no": "LS-A", "file_name": "供地结果_330100_2026.csv", "file_sha256": SHAS["a"],
    "received_on": date(2026, 11, 2), "source_table": "land_supply",
    "region_code": "330100", "year": 2026, "profile": "bureau", "form": "csv",
    "encoding": "utf-8", "status": "partly_accepted", "lines": 3, "rows_loaded": 1, "rows_quarantined": 1,
    "lines_skipped": 1, "skipped": '{"表头": 1}',
}  # fmt: skip
FINDING = {
    "finding_no": 1, "receipt_no": "LS-A", "row_number": 3, "column": "电子监管号", "cell": "第3行 B列", "rule": "5002",
    "severity": "error", "value": "X", "message": "超过批次剩余面积", "suggestion": "请核对", "quarantined": True,
}  # fmt: skip
CLEAN = SUBMISSION | {
    "receipt_no": "LS-B", "file_name": "供地结果_330200_2026.csv", "file_sha256": SHAS["b"], "status": "accepted",
    "rows_loaded": 2, "rows_quarantined": 0,
}  # fmt: skip


@pytest.fixture
def raw(tmp_path) -> Path:
    folder = tmp_path / "raw"
    for sha in SHAS.values():
        path = stored(folder, sha)
        path.parent.mkdir(parents=True)
        path.write_bytes(as_csv([row(), row(电子监管号="X")]))
    return folder


def database(submissions=(SUBMISSION, CLEAN), findings=(FINDING,)) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA mart")
    for name, rows in (("submission", submissions), ("quality_finding", findings)):
        con.execute(MARTS[name].ddl())
        for values in rows:
            columns = ", ".join(f'? AS "{column}"' for column in values)
            con.execute(f"INSERT INTO mart.{name} BY NAME SELECT {columns}", list(values.values()))
    return con


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.xlsx"))


def test_every_file_has_a_receipt_and_a_line_in_the_index(raw, tmp_path):
    assert write_all(database(), raw, tmp_path / "out") == {"receipts": 2, "made": 2, "linked": 0}
    assert names(tmp_path / "out") == ["供地结果_330100_2026_LS-A.xlsx", "供地结果_330200_2026_LS-B.xlsx"]
    index = {entry["receipt_no"]: entry for entry in json.loads((tmp_path / "out/index.json").read_text())}
    assert [index[n]["errors"] for n in ("LS-A", "LS-B")] == [1, 0]
    assert all(e["lines"] == e["rows_loaded"] + e["rows_quarantined"] + e["lines_skipped"] for e in index.values())


def test_says_what_is_published_findings_across_tables_included(raw, tmp_path):
    write_all(database(), raw, tmp_path / "out")
    book = opened((tmp_path / "out/供地结果_330100_2026_LS-A.xlsx").read_bytes())
    (line,) = listed(book)
    assert (line["规则"].value, line["处理"].value) == ("5002", "本行隔离")
    assert target(book, line["位置"]).value == "X" and "超过批次" in target(book, line["位置"]).comment.text
    assert facts(book)["读入行数"] == "3 = 入库 1 + 隔离 1 + 跳过 1"


def test_a_file_without_findings_gets_the_receipt_sheet_alone(raw, tmp_path):
    write_all(database(), raw, tmp_path / "out")
    assert opened((tmp_path / "out/供地结果_330200_2026_LS-B.xlsx").read_bytes()).sheetnames == ["回执"]


def test_unchanged_receipts_are_links(raw, tmp_path):
    write_all(database(), raw, tmp_path / "one")
    counts = write_all(database(), raw, tmp_path / "two", tmp_path / "one")
    assert counts == {"receipts": 2, "made": 0, "linked": 2}
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).samefile(tmp_path / "two" / name)


@pytest.mark.parametrize(
    ("submission", "finding"),
    [
        (SUBMISSION, FINDING | {"message": "另一个问题"}),
        (SUBMISSION | {"rows_loaded": 2, "rows_quarantined": 0}, FINDING),
    ],
)
def test_a_changed_receipt_is_made_anew(raw, tmp_path, submission, finding):
    write_all(database(), raw, tmp_path / "one")
    counts = write_all(database((submission, CLEAN), (finding,)), raw, tmp_path / "two", tmp_path / "one")
    assert counts == {"receipts": 2, "made": 1, "linked": 1}


@pytest.mark.parametrize("damage", ["index.json", "供地结果_330200_2026_LS-B.xlsx"])
def test_a_damaged_predecessor_is_no_obstacle(raw, tmp_path, damage):
    write_all(database(), raw, tmp_path / "one")
    (tmp_path / "one" / damage).unlink()
    assert write_all(database(), raw, tmp_path / "two", tmp_path / "one")["made"] >= 1
    assert len(names(tmp_path / "two")) == 2


def test_copies_where_links_cannot_be_made(raw, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError

    write_all(database(), raw, tmp_path / "one")
    monkeypatch.setattr(nightly.os, "link", refuse)
    assert write_all(database(), raw, tmp_path / "two", tmp_path / "one")["linked"] == 2
    assert names(tmp_path / "one") == names(tmp_path / "two")


@pytest.mark.parametrize("name", ["../../x/y.csv", 'a"<script>b:c*.csv', "长" * 200 + ".csv", "con|.csv", " .csv"])
def test_any_file_name_becomes_a_safe_one(raw, tmp_path, name):
    write_all(database((SUBMISSION | {"file_name": name},)), raw, tmp_path / "out")
    (made,) = names(tmp_path / "out")
    assert len(made.encode()) < 255 and not set(made) & set('/\\:*?"<>|') and made.endswith("_LS-A.xlsx")
    page = (tmp_path / "out/index.html").read_text()
    assert "<script>" not in page and "LS-A" in page
    assert json.loads((tmp_path / "out/index.json").read_text())[0]["file_name"] == name
