"""`landstock query`: SQL on a release, read-only and locked in."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import click
import duckdb

from assets import release
from assets.outputs.tables_csv import inert
from pipelines.cli.desk import Desk, Misuse, options
from pipelines.cli.tables import clip, table

_NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "INT", "HUGEINT")
#: Table functions that only look at the release. All others are refused by name: DuckDB's own locks keep files shut,
#: but a log to a file ends the whole process, and a scan of a raw address reads whatever lies there.
_HARMLESS = frozenset({
    "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "summary",
    "duckdb_tables", "duckdb_columns", "duckdb_views", "duckdb_functions", "duckdb_types", "duckdb_constraints",
    "duckdb_schemas", "duckdb_keywords", "pg_timezone_names", "pragma_table_info", "pragma_show", "pragma_version",
})  # fmt: skip
_EXPLAIN = re.compile(r"(?is)^\s*explain\s+(analyze\s+)?")
_READ_ONLY = (
    "发布是只读的，查询只能读取发布里的表",
    "a release is read-only; a query reads its tables and nothing else",
)


@click.command()
@click.argument("sql")
@click.option("--release", "release_id", metavar="RELEASE", help="另一发布，缺省为当前发布 another release")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", help="输出格式 output")
@click.option("--rows", default=100, show_default=True, help="表格最多显示的行数，0 为全部 rows shown in a table")
@options("home", "json")
def query(desk: Desk, sql: str, release_id: str | None, form: str, rows: int) -> int:
    """用 SQL 查询发布（只读；表名见 landstock dict）。

    SQL on a release; tables need no schema: SELECT * FROM assessment
    """
    with release.open_read_only(desk.home.require(), release_id) as con:
        try:
            _require_plain_select(con, sql)
            result = con.execute(sql)
            columns = result.description or []
            found = result.fetchall()
        except duckdb.Error as error:
            raise _misuse(error) from None
    names = [column[0] for column in columns]
    if desk.machine or form == "json":
        desk.hand_out([dict(zip(names, row, strict=True)) for row in found])
    elif form == "csv":
        safe = [[inert(value) for value in row] for row in [names, *found]]
        csv.writer(sys.stdout, lineterminator="\n").writerows(safe)
    else:
        _show(desk, names, [str(column[1]) for column in columns], found, rows)
    return 0


def _require_plain_select(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Let nothing pass but one SELECT (or EXPLAIN of one) on the release. Raises Misuse, duckdb.Error on syntax."""
    statements = con.extract_statements(sql)
    if not statements:
        example = 'landstock query "SELECT * FROM assessment"'
        raise Misuse(f"SQL 是空的；例如 {example}", f"the SQL is empty; try {example}")
    if len(statements) > 1 and statements[0].type == duckdb.StatementType.SELECT:
        raise Misuse("一次只能执行一条 SQL，请分开查询", "one statement at a time")
    text = _EXPLAIN.sub("", sql, count=1).replace("'", "''")
    tree = json.loads(con.execute(f"SELECT json_serialize_sql('{text}')").fetchone()[0])
    if tree["error"]:
        raise Misuse(
            f"{_READ_ONLY[0]}，只接受一条 SELECT（PIVOT 请用 IN 列出各值，写在 SELECT 里）",
            f"{_READ_ONLY[1]}: one SELECT (a PIVOT stands inside it and lists its values with IN)",
        )
    macros = con.execute("SELECT function_name FROM duckdb_functions() WHERE NOT internal").fetchall()
    known = _HARMLESS.union(name for (name,) in macros)
    if refused := sorted({name for name in _table_functions(tree) if name.lower() not in known}):
        raise Misuse(f"{_READ_ONLY[0]}，不能使用 {'、'.join(refused)}", f"{_READ_ONLY[1]}, not {', '.join(refused)}")


def _table_functions(node: Any) -> Iterator[str]:
    """Names of the functions that stand where a table stands, anywhere in a parsed statement."""
    if isinstance(node, dict):
        if node.get("type") == "TABLE_FUNCTION":
            yield node["function"]["function_name"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _table_functions(each)


def _misuse(error: duckdb.Error) -> Misuse:
    text = str(error).split("\n\n")[0]
    if any(words in text for words in ("read-only", "disabled by configuration", "configuration has been locked")):
        return Misuse(f"{_READ_ONLY[0]}（{text}）", f"{_READ_ONLY[1]} ({text})")
    return Misuse(f"SQL 执行不了：{text}", f"this SQL does not run: {text}")


def _show(desk: Desk, names: list[str], types: list[str], found: list[tuple[Any, ...]], most: int) -> None:
    shown = found[:most] if most else found
    right = {number for number, kind in enumerate(types) if kind.startswith(_NUMBERS)}
    cells = [["" if value is None else clip(str(value), 60) for value in row] for row in shown]
    desk.show(table(names, cells, right=right))
    if len(shown) < len(found):
        desk.tell(
            f"共 {len(found)} 行，显示前 {len(shown)} 行；--rows 0 显示全部，--format csv 可导出",
            f"{len(found)} rows, the first {len(shown)} shown; --rows 0 shows all, --format csv exports",
        )
