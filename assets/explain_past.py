"""A figure as it was known on any past day, computed from the warehouse as a release of that day would be."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path

import duckdb

from assets import indicators, marts, warehouse
from assets.context import Context
from assets.home import SHANGHAI, Home, Locked
from schemas.indicators import INDICATORS

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
    with duckdb.connect() as con:
        _attach(con, home)
        _mirror(con)
        indicators.derive(con, code, context)
        for other in INDICATORS.keys() - {code}:
            con.execute(f"CREATE TABLE indicator.{other} AS FROM indicator.{code} LIMIT 0")
        made_at = datetime.combine(context.as_of, time(), SHANGHAI)
        for name in _MARTS:
            marts.build(con, target, name, context, f"as-of {context.as_of}", made_at)
    return target


def _attach(con: duckdb.DuckDBPyConnection, home: Home) -> None:
    try:
        con.execute(f"ATTACH '{str(home.warehouse).replace(chr(39), chr(39) * 2)}' AS warehouse (READ_ONLY)")
    except duckdb.IOException:
        holder = home.holder() or {}
        who = f"（进程 {holder['pid']}，{holder['command']}，自 {holder['since']}）" if holder else ""
        raise Locked(
            f"数据目录 {home.path} 正被另一个任务写入{who}，暂不能按任意日回算。请等它结束后重试；"
            f"不带 --as-of 的 explain 随时可用",
            f"{home.path} is being written to; try again later. explain without --as-of works at any time",
        ) from None


def _mirror(con: duckdb.DuckDBPyConnection) -> None:
    """The warehouse's tables under their own names, so that what is derived lands in memory and not in them."""
    warehouse.create(con)
    tables = con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables()"
        " WHERE database_name = 'warehouse' AND schema_name IN ('raw', 'core')"
    ).fetchall()
    for schema, table in tables:
        con.execute(f"DROP TABLE IF EXISTS {schema}.{table}")
        con.execute(f"CREATE VIEW {schema}.{table} AS FROM warehouse.{schema}.{table}")
