"""`landstock status`: who has handed in what, against what is due; the last release; files that wait."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click
import duckdb

from assets import raw, release
from assets.home import HomeError, Locked
from assets.trust.completeness import OWED_TABLES, Cell, cells
from pipelines import settings
from pipelines.cli.desk import Desk, options, years_option
from pipelines.cli.tables import table
from schemas import database, policy
from schemas.indicators import FIRST_YEAR
from schemas.submissions import TABLES
from schemas.trust import DUE_WORDS, Due

MARKS = {
    Due.ACCEPTED: ("✓", "✓"), Due.PARTLY: ("◐", "◐"), Due.REJECTED: ("✕", "✕"), Due.BY_PROVINCE: ("省", "P"),
    Due.MISSING: ("未报", "○"), Due.NOT_DUE: ("·", "·"),
}  # fmt: skip


@click.command()
@years_option("报告年份（可重复），缺省为当年")
@options("home", "landing", "regions", "json")
def status(desk: Desk, years: tuple[int, ...]) -> int:
    """各市应报未报一览、最近发布、待入库文件。

    Missing submissions by city, table and year against what is due.
    """
    day, now = settings.today(), release.current(desk.home.require())
    files, by_province = _handed_in(desk) if now else ([], set())
    regions = policy.regions(desk.settings.regions or None)
    cities = {code: regions.name(code) for code in regions.codes("city")}
    grid = cells(files, by_province, cities, years or [max(day.year, FIRST_YEAR)], day)
    waiting = _waiting(desk)
    if desk.machine:
        desk.hand_out({"release": now, "waiting": waiting, "submissions": [asdict(cell) for cell in grid]})
        return 0
    desk.show(_head(desk, now, waiting))
    for year in sorted({cell.year for cell in grid}):
        desk.show(_grid(desk, year, [cell for cell in grid if cell.year == year]))
    legend = "  ".join(f"{desk.pick(*mark)} {desk.pick(*DUE_WORDS[state])}" for state, mark in MARKS.items())
    desk.show(desk.pick("图例：", "legend: ") + legend)
    return 0


def _handed_in(desk: Desk) -> tuple[list[dict[str, Any]], set[tuple[str, str, int]]]:
    """The receipts of the current release, and what stands in files of the province: (city, table, year)."""
    with release.open_read_only(desk.home) as con:
        files = database.rows(con, "SELECT region_code, source_table, year, status FROM submission")
        held = f"SELECT region_code, source_table, year FROM submission_due WHERE state = '{Due.BY_PROVINCE}'"
        return files, set(con.execute(held).fetchall())


def _waiting(desk: Desk) -> int | None:
    """Files in the landing directory that no run has taken yet; None while another process has the warehouse."""
    from assets import warehouse
    from pipelines import landing

    if not desk.settings.landing.is_dir():
        return 0
    if not desk.home.warehouse.exists():
        return len(landing.listing(desk.settings.landing))
    try:
        with desk.home.locked("landstock status"), warehouse.connect(desk.home.warehouse) as con:
            return len(landing.unseen(con, desk.settings.landing))
    except (Locked, HomeError, duckdb.IOException):  # another run is at work, or the home cannot be written or opened
        return None


def _head(desk: Desk, now: str | None, waiting: int | None) -> str:
    lines = []
    if now:
        made = release.manifest(desk.home, now)
        lines.append(
            desk.pick(
                f"当前发布 {now}（截止日 {made.stamp.as_of}，生成于 {made.made_at[:16].replace('T', ' ')}）",
                f"current release {now} (as of {made.stamp.as_of}, made {made.made_at[:16].replace('T', ' ')})",
            )
        )
    else:
        lines.append(desk.pick("还没有发布。先执行 landstock run", "no release yet. Make one: landstock run"))
    if waiting is None:
        zh = "另一个任务正在运行（或工作库打不开，见 landstock doctor），待入库文件数暂不可知"
        lines.append(
            desk.pick(
                zh, "a run is going on, or the warehouse cannot be opened (landstock doctor); files waiting: unknown"
            )
        )
    elif waiting:
        lines.append(desk.pick(f"报送目录有 {waiting} 个文件待入库", f"{waiting} files wait in the landing directory"))
    if desk.settings.landing.is_dir() and (left := len(raw.left_out(desk.settings.landing))):
        zh, en = f"另有 {left} 项收不进来，见 landstock doctor", f"{left} entries cannot be taken: landstock doctor"
        lines.append(desk.pick(zh, en))
    return "\n".join(lines)


def _grid(desk: Desk, year: int, grid: list[Cell]) -> str:
    header = [desk.pick("市", "city"), *(desk.pick(TABLES[name].label, name) for name in OWED_TABLES)]
    by_city: dict[str, dict[str, Cell]] = {}
    for cell in grid:
        by_city.setdefault(cell.region_name, {})[cell.table] = cell
    rows = [[city, *(_mark(desk, row[name]) for name in OWED_TABLES)] for city, row in by_city.items()]
    missing = sum(cell.state is Due.MISSING for cell in grid)
    title = desk.pick(f"\n{year} 年报送情况：应报未报 {missing} 项", f"\nsubmissions of {year}: {missing} missing")
    return f"{title}\n{table(header, rows)}"


def _mark(desk: Desk, cell: Cell) -> str:
    mark = desk.pick(*MARKS[cell.state])
    return f"{mark}{cell.files}" if cell.files > 1 else mark
