"""How this project opens a DuckDB file: in one way everywhere, so that what holds for one connection holds for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

#: Bytes up to which one thread serves a file: several take longer for it, all together.
SMALL = 64 * 2**20


def connect(
    path: Path | str = ":memory:", *, read_only: bool = False, config: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a database file, or one in memory.

    Without DuckDB's progress bar: after two seconds of a query it is drawn into whatever stands behind stdout, a
    terminal or a file. It belongs to a connection, not to a configuration; as a PRAGMA it may be switched off where
    the configuration is locked.
    """
    con = duckdb.connect(str(path), read_only=read_only, config=dict(config or {}))
    con.execute("PRAGMA disable_progress_bar")
    if not config and is_small(path):
        con.execute("SET threads = 1")
    return con


def rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
    """The rows of a query, each by the names of its columns."""
    found = con.execute(sql, list(parameters)) if parameters else con.execute(sql)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def quoted(text: object) -> str:
    """A path or text as SQL spells it, where no parameter may stand."""
    return "'" + str(text).replace("'", "''") + "'"


def is_small(path: Path | str) -> bool:
    """Whether it is a file of little data."""
    return str(path) != ":memory:" and Path(path).stat().st_size <= SMALL
