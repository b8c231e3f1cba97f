"""The private warehouse: one DuckDB file, one writer at a time, facts appended and everything else derived.

Schemas: `raw` (receipts and findings), `core` (accepted rows, one table per submission table, append-only revisions),
`indicator` (ledger, figures and parts of the last computation, and the figures of past days).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from assets.shapes import FIGURE, PART, arrow
from schemas import database
from schemas.dtypes import PROVENANCE
from schemas.submissions import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

_RAW = """
CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS core;
CREATE SCHEMA IF NOT EXISTS indicator;
-- Every time a file was seen in the landing directory; a mirror of raw/sightings.jsonl.
CREATE TABLE IF NOT EXISTS raw.sighting (
  seq BIGINT PRIMARY KEY, submission_id VARCHAR, path VARCHAR, file_name VARCHAR, received_on DATE,
  file_sha256 VARCHAR, bytes BIGINT, mtime_ns BIGINT
);
-- One row per distinct content: the same bytes for the same table, region and year are one submission.
-- received_on, file_name and seq are those of its first sighting in the order of receipt.
-- letters: where its columns stand, sheet → column → letter.
CREATE TABLE IF NOT EXISTS raw.submission (
  submission_id VARCHAR PRIMARY KEY, file_sha256 VARCHAR, named_table VARCHAR, source_table VARCHAR,
  region_code VARCHAR, year INTEGER, file_name VARCHAR, received_on DATE, seq BIGINT, loaded BOOLEAN DEFAULT false,
  profile VARCHAR, form VARCHAR, encoding VARCHAR, status VARCHAR,
  lines BIGINT, rows_loaded BIGINT, rows_quarantined BIGINT, lines_skipped BIGINT, skipped VARCHAR,
  letters VARCHAR
);
ALTER TABLE raw.submission ADD COLUMN IF NOT EXISTS letters VARCHAR;  -- of warehouses made before it was kept
CREATE TABLE IF NOT EXISTS raw.finding (
  submission_id VARCHAR, rule VARCHAR, severity VARCHAR, sheet VARCHAR, row_number BIGINT, "column" VARCHAR,
  cell VARCHAR, key VARCHAR, value VARCHAR, message VARCHAR, suggestion VARCHAR, quarantined BOOLEAN
);
CREATE TABLE IF NOT EXISTS core.region (
  code VARCHAR, name VARCHAR, level VARCHAR, province_code VARCHAR, city_code VARCHAR, last_day DATE, successor_code VARCHAR
);
"""

# Derived, hence replaced: the ledger of an indicator is a table of its own name.
_INDICATOR = """
CREATE TABLE IF NOT EXISTS indicator.figure (indicator VARCHAR, {figure});
CREATE TABLE IF NOT EXISTS indicator.part (indicator VARCHAR, {part});
CREATE TABLE IF NOT EXISTS indicator.history (
  indicator VARCHAR, {figure}, known_on DATE, inputs VARCHAR, rule_version VARCHAR
);
CREATE TABLE IF NOT EXISTS indicator.state (indicator VARCHAR, year INTEGER, as_of DATE, inputs VARCHAR, rules VARCHAR);
"""

_DUCKDB_TYPES = {
    pl.String: "VARCHAR", pl.Int32: "INTEGER", pl.Int64: "BIGINT", pl.Date: "DATE", pl.Boolean: "BOOLEAN",
    pl.Float64: "DOUBLE",
}  # fmt: skip


def duckdb_type(dtype: pl.DataType) -> str:
    """The DuckDB type that stores a polars dtype of our declarations."""
    if isinstance(dtype, pl.Decimal):
        return f"DECIMAL({dtype.precision},{dtype.scale})"
    return _DUCKDB_TYPES[type(dtype)]


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing; existing tables stay as they are."""
    con.execute(_RAW)
    for table in TABLES.values():
        con.execute(f"CREATE TABLE IF NOT EXISTS core.{table.name} ({_columns({**table.stored, **PROVENANCE})})")
    con.execute(_INDICATOR.format(figure=_columns(FIGURE), part=_columns(PART)))


def _columns(schema: dict[str, pl.DataType]) -> str:
    return ", ".join(f'"{name}" {duckdb_type(dtype)}' for name, dtype in schema.items())


#: DuckDB rewrites row groups that are not full whenever the log reaches this size; by default, at every few files.
CHECKPOINT = "1GB"

_kept: dict[Path, duckdb.DuckDBPyConnection] = {}  # see `kept_open`


def connect(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open the warehouse, creating it when needed. One process at a time: callers hold the home's lock."""
    con = database.connect(path, read_only=read_only)
    con.execute(f"SET checkpoint_threshold = '{CHECKPOINT}'")
    if not read_only and path not in _kept:
        create(con)
    return con


@contextmanager
def kept_open(path: Path) -> Iterator[None]:
    """Keep the file open for the length of a block: what opens it meanwhile, in this process, waits for no disk."""
    _kept[path] = connect(path)
    try:
        yield
    finally:
        if path in _kept:
            _kept.pop(path).close()


@contextmanager
def let_go(path: Path) -> Iterator[None]:
    """Leave a file that is kept open, or attached to one, to others for the length of a block. After an error it stays
    closed: the other process may not be done."""
    if path in _kept:
        _kept.pop(path).close()
        yield
        _kept[path] = connect(path)
        return
    for kept in _kept.values():
        if name := _attached(kept, path):
            kept.execute(f"DETACH {name}")
    yield


@contextmanager
def attached(con: duckdb.DuckDBPyConnection, path: Path, name: str, options: str = "") -> Iterator[None]:
    """Another database file under a name, for the length of a block; beside a warehouse that is kept open, until it is
    let go: closing a file waits for the disk."""
    if not _attached(con, path):
        con.execute(f"ATTACH {database.quoted(path)} AS {name} {options}")
    try:
        yield
    finally:
        if not any(_attached(kept, path) for kept in _kept.values()):
            con.execute(f"DETACH {name}")


def _attached(con: duckdb.DuckDBPyConnection, path: Path) -> str | None:
    found = con.execute("SELECT database_name FROM duckdb_databases() WHERE path = ?", [str(path)]).fetchone()
    return found[0] if found else None


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that a block does, or nothing of it."""
    con.begin()
    try:
        yield
        con.commit()
    except BaseException:
        with suppress(duckdb.Error):  # after a full disk it answers nothing more
            con.rollback()
        raise


@contextmanager
def one_thread(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Leave the other processors to the workers for the length of a block. Several threads take twice the time of one,
    all together, to append groups of some ten thousand rows."""
    (before,) = con.execute("SELECT current_setting('threads')").fetchone()
    con.execute("SET threads = 1")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # after a full disk it answers nothing more
            con.execute(f"SET threads = {before}")


def append(con: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame | pa.Table) -> None:
    """Append rows to a table by column name."""
    if len(rows):
        con.register("incoming_rows", arrow(rows) if isinstance(rows, pl.DataFrame) else rows)
        con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming_rows")
        con.unregister("incoming_rows")
