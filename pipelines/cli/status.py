"""`landstock status`: who has handed in what, against what is due; the last release; files that wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import click

from assets import release
from assets.home import Locked
from pipelines import settings
from pipelines.cli.desk import Desk, options
from pipelines.cli.tables import table
from schemas import policy
from schemas.indicators import FIRST_YEAR, INDICATORS
from schemas.submissions import TABLES

#: Tables that every city owes for every year: the inputs of the indicators. The exemption list comes when needed.
OWED = tuple(
    name for name in TABLES if name != "far_exemption" and any(name in each.tables for each in INDICATORS.values())
)
ANNUAL_INPUTS = frozenset(name for each in INDICATORS.values() if each.annual_input for name in each.tables)

ACCEPTED, PARTLY, REJECTED, BY_PROVINCE, MISSING, NOT_DUE = (
    "accepted", "partly_accepted", "rejected", "by_province", "missing", "not_due",
)  # fmt: skip
MARKS = {
    ACCEPTED: ("✓", "已报", "reported"),
    PARTLY: ("◐", "部分接受，待更正", "partly accepted"),
    REJECTED: ("✕", "已退回，待重报", "rejected"),
    BY_PROVINCE: ("省", "由省级文件报送", "in a file of the province"),
    MISSING: ("未报", "应报未报", "missing"),
    NOT_DUE: ("·", "未到期", "not due"),
}


@dataclass(frozen=True)
class Cell:
    """What one city has handed in for one table and year."""

    region_code: str
    region_name: str
    table: str
    year: int
    state: str
    files: int
    due: str


def due(table: str, year: int) -> date:
    """The day from which a table of a year is owed (rulebook §0, §11)."""
    if table in ANNUAL_INPUTS:
        return date(year + 1, 1, 1)
    return date(year, 3, 31) if table == "annual_task" else date(year, 1, 1)


def cells(files: Iterable[dict[str, Any]], cities: dict[str, str], years: Iterable[int], day: date) -> list[Cell]:
    """One cell per city, owed table and year. `files`: region_code, source_table, year, status of every receipt."""
    found: dict[tuple, list[str]] = {}
    for each in files:
        found.setdefault((each["region_code"], each["source_table"], each["year"]), []).append(each["status"])
    province = {(name, year) for code, name, year in found if code and code.endswith("0000")}
    return [
        Cell(
            code, label, name, year,
            _state(found.get((code, name, year), []), (name, year) in province, due(name, year), day),
            len(found.get((code, name, year), [])), due(name, year).isoformat(),
        )
        for year in years for code, label in cities.items() for name in OWED
    ]  # fmt: skip


def _state(statuses: list[str], in_province_file: bool, due_on: date, day: date) -> str:
    if any(status.startswith("accepted") for status in statuses):
        return ACCEPTED
    if PARTLY in statuses:
        return PARTLY
    if in_province_file:
        return BY_PROVINCE
    if statuses:
        return REJECTED
    return MISSING if due_on <= day else NOT_DUE


@click.command()
@click.option("--year", "years", type=int, multiple=True, metavar="Y", help="报告年份（可重复），缺省为当年")
@options("home", "landing", "regions", "json")
def status(desk: Desk, years: tuple[int, ...]) -> int:
    """各市应报未报一览、最近发布、待入库文件。

    Missing submissions by city, table and year against what is due.
    """
    day, now = settings.today(), release.current(desk.home.require())
    files = _files(desk) if now else []
    regions = policy.regions(desk.settings.regions or None)
    cities = {code: regions.name(code) for code in regions.codes("city")}
    grid = cells(files, cities, years or [max(day.year, FIRST_YEAR)], day)
    waiting = _waiting(desk)
    if desk.machine:
        desk.hand_out({"release": now, "waiting": waiting, "submissions": [asdict(cell) for cell in grid]})
        return 0
    desk.show(_head(desk, now, waiting))
    for year in sorted({cell.year for cell in grid}):
        desk.show(_grid(desk, year, [cell for cell in grid if cell.year == year]))
    legend = "  ".join(f"{mark} {desk.pick(*words)}" for mark, *words in MARKS.values())
    desk.show(desk.pick("图例：", "legend: ") + legend)
    return 0


def _files(desk: Desk) -> list[dict[str, Any]]:
    with release.open_read_only(desk.home) as con:
        found = con.execute("SELECT region_code, source_table, year, status FROM submission")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


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
    except Locked:
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
        lines.append(desk.pick("另一个任务正在运行，待入库文件数暂不可知", "a run is going on; files waiting: unknown"))
    elif waiting:
        lines.append(desk.pick(f"报送目录有 {waiting} 个文件待入库", f"{waiting} files wait in the landing directory"))
    return "\n".join(lines)


def _grid(desk: Desk, year: int, grid: list[Cell]) -> str:
    header = [desk.pick("市", "city"), *(desk.pick(TABLES[name].label, name) for name in OWED)]
    by_city: dict[str, dict[str, Cell]] = {}
    for cell in grid:
        by_city.setdefault(cell.region_name, {})[cell.table] = cell
    rows = [[city, *(_mark(row[name]) for name in OWED)] for city, row in by_city.items()]
    missing = sum(cell.state == MISSING for cell in grid)
    title = desk.pick(f"\n{year} 年报送情况：应报未报 {missing} 项", f"\nsubmissions of {year}: {missing} missing")
    return f"{title}\n{table(header, rows)}"


def _mark(cell: Cell) -> str:
    mark = MARKS[cell.state][0]
    return f"{mark}{cell.files}" if cell.files > 1 else mark
