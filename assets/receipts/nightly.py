"""The receipts of a release: one workbook per file received, and an index. Unchanged ones are links to the last ones.

They are made from `mart.submission` and `mart.quality_finding`, hence say exactly what is published, findings across
tables included. A file without findings gets the receipt sheet alone: there is nothing to mark in it.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import duckdb

from assets.processes import side_by_side
from assets.raw import stored
from assets.reading.source import Finding, Place

from .receipt import VERDICTS, Receipt
from .workbook import render

FOLDER, INDEX, PAGE = "receipts", "index.json", "index.html"
#: Raise it when the same receipt would look different.
FORMAT = 1
_PORTION = 16  # receipts that are made in one go, side by side with others

_FINDINGS = """
SELECT receipt_no, rule, severity, sheet, row_number, "column", cell, message, suggestion, key, value, quarantined
FROM mart.quality_finding ORDER BY finding_no
"""
_SUBMISSIONS = """
SELECT receipt_no, file_name, file_sha256, received_on, source_table, region_code, year, profile, form, encoding,
  status, lines, rows_loaded, rows_quarantined, skipped
FROM mart.submission ORDER BY received_on, file_name, receipt_no
"""


def write_all(con: duckdb.DuckDBPyConnection, raw: Path, out: Path, previous: Path | None = None) -> dict[str, int]:
    """Write the receipts of a release into a directory; returns counts: receipts, made, linked.

    `con`: a database with the release's marts; `raw`: the captured bytes; `previous`: the receipts of the release
    before, if any. Raises OSError when a file cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    known = _read_index(previous) if previous else {}
    entries, new = [], []
    for receipt in receipts(con):
        name, key = _name(receipt), _key(receipt)
        if known.get(name, {}).get("key") == key and (previous / name).is_file():
            link(previous / name, out / name)
        else:
            new.append(receipt)
        entries.append(_entry(receipt, name, key))
    portions = [new[start : start + _PORTION] for start in range(0, len(new), _PORTION)]
    for _ in side_by_side(partial(_write, raw, out), portions):
        pass
    (out / INDEX).write_text(json.dumps(entries, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (out / PAGE).write_text(_page(entries), encoding="utf-8")
    return {"receipts": len(entries), "made": len(new), "linked": len(entries) - len(new)}


def _write(raw: Path, out: Path, portion: list[Receipt]) -> None:
    for receipt in portion:
        made = render(receipt, _bytes(raw, receipt.sha256), with_original=bool(receipt.findings))
        (out / _name(receipt)).write_bytes(made)


def receipts(con: duckdb.DuckDBPyConnection) -> Iterator[Receipt]:
    """The receipts of a release's marts, in the order of receipt."""
    findings: dict[str, list[Finding]] = {}
    for receipt_no, rule, severity, sheet, row, column, cell, *words in con.execute(_FINDINGS).fetchall():
        findings.setdefault(receipt_no, []).append(Finding(rule, severity, Place(sheet, row, column, cell), *words))
    for number, *fields, skipped in con.execute(_SUBMISSIONS).fetchall():
        yield Receipt(number, *fields, json.loads(skipped or "{}"), tuple(findings.get(number, ())))


def _bytes(raw: Path, sha: str) -> bytes | None:
    try:
        return stored(raw, sha).read_bytes()
    except OSError:  # the receipt stands without it
        return None


def _name(receipt: Receipt) -> str:
    """A file name that a person finds and every system takes."""
    stem = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "_", receipt.file_name.rpartition(".")[0] or receipt.file_name)
    return f"{stem[:50].strip(' .')}_{receipt.number}.xlsx"


def _key(receipt: Receipt) -> str:
    """A short text that two receipts share exactly when their workbooks are equal."""
    return hashlib.sha256(f"{FORMAT}|{receipt!r}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def link(source: Path, target: Path) -> None:
    """The same file under a further name; a copy where that cannot be."""
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _read_index(folder: Path) -> dict[str, dict]:
    try:
        return {entry["workbook"]: entry for entry in json.loads((folder / INDEX).read_text(encoding="utf-8"))}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _entry(receipt: Receipt, name: str, key: str) -> dict:
    return {
        "receipt_no": receipt.number, "workbook": name, "key": key, "file_name": receipt.file_name,
        "received_on": receipt.received_on.isoformat(), "status": receipt.status, "lines": receipt.lines,
        "rows_loaded": receipt.rows_loaded, "rows_quarantined": receipt.rows_quarantined,
        "lines_skipped": sum(receipt.skipped.values()), "errors": receipt.count("error"),
        "warnings": receipt.count("warning"), "sha256": receipt.sha256,
    }  # fmt: skip


# --- The index as a page --------------------------------------------------------------------------------------------

_HEADINGS = ("回执编号", "文件", "收到日期", "结论", "读入", "入库", "隔离", "跳过", "错误", "提醒")
_COUNTS = ("lines", "rows_loaded", "rows_quarantined", "lines_skipped", "errors", "warnings")
_STYLE = (
    "body{font:14px/1.5 sans-serif;margin:2em}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}td:nth-child(n+5){text-align:right}"
)


def _page(entries: list[dict]) -> str:
    rows = "".join(_row(entry) for entry in entries)
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    title = (
        f'<meta charset="utf-8"><title>报送回执</title><style>{_STYLE}</style><h1>报送回执（{len(entries)} 份）</h1>'
    )
    return f'<!doctype html><html lang="zh">{title}{table}</html>\n'


def _row(entry: dict) -> str:
    link = f'<a href="{quote(entry["workbook"])}">{html.escape(entry["receipt_no"])}</a>'
    words = (entry["file_name"], entry["received_on"], VERDICTS[entry["status"]][0])
    cells = [link, *map(html.escape, words), *(f"{entry[name]}" for name in _COUNTS)]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
