"""`landstock backfill`: years again in one run, the plan first; an interrupted one goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import click

from assets import core, warehouse
from assets.circumstances import make_context
from assets.context import Context
from assets.home import Home
from pipelines import settings
from pipelines.cli.desk import Desk, Span, options, put
from pipelines.cli.run import carry_out, telling_of_trouble
from pipelines.cli.tables import table
from schemas.indicators import INDICATORS

STATES = {
    "fresh": ("已是最新", "fresh"),
    "stale": (
        "已过时（报送、口径、截止日、区划表或程序版本有变）",
        "stale (inputs, rules, as-of, regions or program changed)",
    ),
    "missing": ("尚未计算", "missing"),
    "not_begun": ("尚未开始", "has not begun"),
}
COMPUTE, KEEP, ALONG, NOT_BEGUN = "compute", "keep", "along", "not_begun"
ACTIONS = {
    COMPUTE: ("计算", "compute"),
    KEEP: ("沿用", "keep"),
    ALONG: ("一并计算：同一发布的各年须按同一截止日", "computed along: a release shows one as-of"),
    NOT_BEGUN: ("跳过", "skip"),
}


@dataclass(frozen=True)
class Step:
    """What happens to one year."""

    year: int
    state: str
    action: str


@dataclass(frozen=True)
class Request:
    """What makes two backfills the same one."""

    first: int
    last: int
    as_of: str
    rules: str


@click.command()
@click.argument("span", type=Span(), metavar="YEARS")
@options("home", "regions", "json", "log_json", "as_of")
@click.option("--dry-run", is_flag=True, help="只列计划 the plan only")
@click.option("--only-missing", is_flag=True, help="只算缺的和过时的年份 missing and stale years only")
def backfill(desk: Desk, span: tuple[int, int], as_of: date | None, dry_run: bool, only_missing: bool) -> int:
    """回算若干年份（如 2025..2027），一次运行完成；总是先列计划。

    Recompute years in one run from what was received; resumes after a failure.
    """
    day = as_of or settings.today()
    context = make_context(day, desk.settings.rules, desk.settings.regions)
    with telling_of_trouble(desk, day), desk.home.require().locked("landstock backfill"):
        with warehouse.connect(desk.home.warehouse) as con:
            states, waiting = year_states(con, context), sum(core.pending(con).values())
        request = Request(*span, day.isoformat(), context.rules.label)
        resumed = _journal(desk.home).exists() and _read(desk.home) == request
        steps = plan(span, states, day, keep_fresh=only_missing or resumed)
        _show_plan(desk, steps, day, waiting, resumed, dry_run)
        work = any(step.action in (COMPUTE, ALONG) for step in steps)
        if dry_run or not work:
            if not work:
                desk.tell("没有需要计算的年份", "no year to compute")
            return 0
        _write(desk.home, request)
        code = carry_out(desk, day, {}, keep_fresh=only_missing or resumed, years=span, capture=False)
        if code == 0:
            _journal(desk.home).unlink()
        return code


def plan(span: tuple[int, int], states: dict[int, str], day: date, keep_fresh: bool) -> list[Step]:
    """Every year of the range, and the others that must come along; `states` as in `year_states`."""
    asked = range(span[0], span[1] + 1)
    steps = [_step(year, states.get(year), keep_fresh) for year in asked if year in states or year > day.year]
    others = [Step(year, state, ALONG) for year, state in states.items() if year not in asked and state != "fresh"]
    return sorted([*steps, *others], key=lambda step: step.year)


def _step(year: int, state: str | None, keep_fresh: bool) -> Step:
    if state is None:
        return Step(year, "not_begun", NOT_BEGUN)
    return Step(year, state, KEEP if keep_fresh and state == "fresh" else COMPUTE)


def year_states(con, context: Context) -> dict[int, str]:
    """Every year that can have figures: fresh, stale or missing."""
    from assets import indicators

    return indicators.state(con, context)


def _show_plan(desk: Desk, steps: list[Step], day: date, waiting: int, resumed: bool, alone: bool) -> None:
    if desk.machine and alone:
        desk.hand_out({"as_of": day, "resumed": resumed, "waiting": waiting, "plan": [asdict(step) for step in steps]})
        return
    count = len(INDICATORS)
    title = desk.pick(f"回算计划（截止日 {day}，{count} 项指标）", f"plan (as of {day}, {count} indicators)")
    header = [desk.pick("年份", "year"), desk.pick("现状", "state"), desk.pick("计划", "plan")]
    rows = [[str(step.year), desk.pick(*STATES[step.state]), desk.pick(*ACTIONS[step.action])] for step in steps]
    put(f"{title}\n{table(header, rows)}", err=desk.machine)  # with --json stdout has the outcome alone
    if resumed:
        desk.tell("接着上次未完成的回算，已算完的不再重算", "going on with the interrupted backfill")
    if waiting:
        desk.tell(f"另有 {waiting} 个已留存的文件将先入库", f"{waiting} captured files are loaded first")


# --- The journal of an unfinished backfill -------------------------------------------------------------------------


def _journal(home: Home) -> Path:
    return home.path / "backfill.json"


def _read(home: Home) -> Request | None:
    try:
        return Request(**json.loads(_journal(home).read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        return None


def _write(home: Home, request: Request) -> None:
    _journal(home).write_text(json.dumps(asdict(request), ensure_ascii=False), encoding="utf-8")
