"""Every public table of a release as CSV: UTF-8 with BOM, for spreadsheets; Parquet stays the form for programs.

Values stand unrounded as in the mart. A text that a spreadsheet would run as a formula gets an apostrophe before it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from schemas import database

#: What a spreadsheet may run, even behind blanks.
_FORMULA = r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]"
_RISKY = re.compile(_FORMULA)


def write(release_db: Path, folder: Path, most: int | None = None) -> list[Path]:
    """One `<table>.csv` per table of schema mart, in name order; `folder` is made. Raises duckdb.Error, OSError.

    `most`: tables of more rows are left out; who wants those reads Parquet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with database.connect(release_db, read_only=True) as connection:
        names = [name for name in tables(connection) if most is None or _rows(connection, name) <= most]
        return [_write(connection, name, folder / f"{name}.csv") for name in names]


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    return connection.execute(f'SELECT count(*) FROM mart."{name}"').fetchone()[0]


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the public tables, sorted."""
    rows = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'mart' ORDER BY 1").fetchall()
    return [name for (name,) in rows]


def harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with an apostrophe before every text that begins like a formula, and no CR that would open a row."""
    text = pl.col(pl.String)
    inert = pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text)
    return frame.with_columns(inert.str.replace_all(r"\r\n?", "\n").name.keep())


def inert(value: Any) -> Any:
    """One cell, made harmless as in `harmless`; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    text = f"'{value}" if _RISKY.match(value) else value
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _write(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> Path:
    frame = connection.execute(f'SELECT * FROM mart."{name}" ORDER BY ALL').pl()
    harmless(frame).write_csv(path, include_bom=True, line_terminator="\r\n")
    return path
