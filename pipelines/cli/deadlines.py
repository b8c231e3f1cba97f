"""`landstock calendar`: what is due when, from whom, and whether it is there."""

from __future__ import annotations

from typing import Any

import click

from assets import release
from pipelines.cli.desk import Desk, options
from pipelines.cli.tables import table
from schemas import database


@click.command("calendar")
@click.option("--year", type=int, metavar="Y", help="只看一年 one year")
@options("home", "json")
def calendar(desk: Desk, year: int | None) -> int:
    """工作时点：各项任务的期限、责任单位、完成情况；各市未完成的逐一列出。

    Deadlines of the plan, who is responsible, and which cities have not met them.
    """
    with release.open_read_only(desk.home.require()) as con:
        rows = database.rows(
            con,
            "SELECT * FROM calendar WHERE ? IS NULL OR year(due_date) = ? ORDER BY due_date, name, region_code",
            [year, year],
        )
    if desk.machine:
        desk.hand_out(rows)
        return 0
    if not rows:
        of_year = desk.pick(f" {year} 年", f" in {year}") if year else ""
        desk.tell(f"工作日历中{of_year}没有事项；不带 --year 列出全部", f"nothing is due{of_year}; without --year: all")
        return 0
    titles = (("期限", "due"), ("事项", "what"), ("责任单位", "who"), ("情况", "state"))
    by_deadline: dict[tuple, list[dict[str, Any]]] = {}
    for row in rows:
        by_deadline.setdefault((row["due_date"], row["name"]), []).append(row)
    desk.show(table([desk.pick(*each) for each in titles], [_line(desk, each) for each in by_deadline.values()]))
    return 0


def _line(desk: Desk, rows: list[dict[str, Any]]) -> list[str]:
    first = rows[0]
    label = desk.pick(first["label"], first["label_en"])
    return [str(first["due_date"]), label, first["responsible"] or "", _states(desk, rows)]


def _states(desk: Desk, rows: list[dict[str, Any]]) -> str:
    """One state for all, or how many have which; who is late is named."""
    by_state: dict[str, list[str]] = {}
    for row in rows:
        by_state.setdefault(desk.pick(row["state_label"], row["state"]), []).append(row["region_name"])
    if len(by_state) == 1:
        return next(iter(by_state))
    most = max(by_state, key=lambda state: len(by_state[state]))
    late = desk.pick("（{}）", " ({})"), desk.pick("、", ", ")
    return desk.pick("；", "; ").join(
        f"{state} {len(names)}" + ("" if state == most else late[0].format(late[1].join(names)))
        for state, names in by_state.items()
    )
