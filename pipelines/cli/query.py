"""`landstock query`: SQL on a release, read-only and locked in."""

from __future__ import annotations

import csv
import sys
from typing import Any

import click
import duckdb

from assets import release
from pipelines.cli.desk import Desk, options
from pipelines.cli.tables import clip, table

_RISKY = tuple("=+-@\t\r＝＋－＠")
_NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "INT", "HUGEINT")


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
            result = con.execute(sql)
            columns = result.description or []
            found = result.fetchall()
        except duckdb.Error as error:
            raise click.UsageError(_said(error)) from None
    names = [column[0] for column in columns]
    if desk.machine or form == "json":
        desk.hand_out([dict(zip(names, row, strict=True)) for row in found])
    elif form == "csv":
        safe = [[_harmless(value) for value in row] for row in [names, *found]]
        csv.writer(sys.stdout, lineterminator="\n").writerows(safe)
    else:
        _show(desk, names, [str(column[1]) for column in columns], found, rows)
    return 0


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def _said(error: duckdb.Error) -> str:
    text = str(error).split("\n\n")[0]
    if any(words in text for words in ("read-only", "disabled by configuration", "configuration has been locked")):
        return f"发布是只读的，查询只能读取发布里的表（{text}）"
    return f"SQL 有误：{text}"


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
