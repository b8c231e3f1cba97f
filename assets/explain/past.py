"""A figure as it was known on any past day, computed from the warehouse as a release of that day would be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path

import duckdb

from assets import indicators, marts, warehouse
from assets.context import Context
from assets.home import SHANGHAI, Home, Locked
from schemas import database
from schemas.indicators import INDICATORS

from .chosen import UnknownFigure

#: What `assets.explain` reads of a release.
_MARTS = (
    "indicator_value",
    "indicator_part",
    "target",
    "assessment",
    "contribution",
    "data_dictionary",
    "release_info",
)


def build(home: Home, code: str, context: Context, target: Path) -> Path:
    """One indicator's marts as of the context's day, in a new file; the warehouse is only read.

    Raises Locked when another process is writing to it.
    """
    with database.connect() as con:
        with _attached(con, home):
            _copy(con, code)
        indicators.derive(con, code, context)
        for other in INDICATORS.keys() - {code}:
            con.execute(f"CREATE TABLE indicator.{other} AS FROM indicator.{code} LIMIT 0")
        made_at = datetime.combine(context.as_of, time(), SHANGHAI)
        for name in _MARTS:
            marts.build(con, target, name, context, f"as-of {context.as_of}", made_at)
    return target


def require_known(home: Home, day: date) -> None:
    """Raises UnknownFigure when nothing had been received by a day."""
    with database.connect() as con, _attached(con, home):
        (first,) = con.execute("SELECT min(received_on) FROM warehouse.raw.submission WHERE loaded").fetchone()
    if first is None or first > day:
        raise UnknownFigure(
            f"截止 {day} 还没有收到任何报送" + (f"；最早的收到于 {first}" if first else ""),
            f"nothing had been received by {day}" + (f"; the first came on {first}" if first else ""),
        )


@contextmanager
def _attached(con: duckdb.DuckDBPyConnection, home: Home) -> Iterator[None]:
    """The warehouse, for a moment: a run that wants to begin waits for it, and one that is at work is not disturbed."""
    try:
        with home.reading():
            con.execute(f"ATTACH {database.quoted(home.warehouse)} AS warehouse (READ_ONLY)")
            yield
            con.execute("DETACH warehouse")
    except (duckdb.IOException, Locked) as error:
        if isinstance(error, duckdb.IOException) and "lock" not in str(error):
            raise
        holder = home.holder() or {}
        who = f"（进程 {holder['pid']}，{holder['command']}，自 {holder['since']}）" if holder else ""
        raise Locked(
            f"数据目录 {home.path} 正被另一个任务写入{who}，暂不能按任意日回算。请等它结束后重试；"
            f"不带 --as-of 的 explain 随时可用",
            f"{home.path} is being written to; try again later. explain without --as-of works at any time",
        ) from None


def _copy(con: duckdb.DuckDBPyConnection, code: str) -> None:
    """What the indicator is made from, in memory: whatever is derived lands there and not in the warehouse."""
    warehouse.create(con)
    tables = {f"core.{name}" for name in (*INDICATORS[code].tables, "annual_task")}
    for table in sorted(tables | {"core.region", "raw.submission"}):
        con.execute(f"INSERT INTO {table} BY NAME FROM warehouse.{table}")
