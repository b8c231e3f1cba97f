"""`landstock run`: the nightly. Small when nothing changed: Dagster is only loaded when there is work."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets import core, processes, raw, release, warehouse
from assets.circumstances import make_context, stamp
from assets.context import Context
from assets.home import HomeError, Locked, out_of_space
from expectations import validate
from pipelines import landing, notice, settings
from pipelines.cli.desk import STATUSES, Desk, Misuse, Switch, is_terminal, options, put, years_option
from pipelines.cli.intake import Receipt, loaded, taken_in
from pipelines.cli.tables import clip

if TYPE_CHECKING:
    from pipelines.execution import Outcome


@click.command()
@options("landing", "home", "regions", "json", "log_json", "as_of")
@years_option("即使没有变化也重算（可重复） recompute")
@click.option(
    "--rule", "rules", type=Switch(), multiple=True, help="推演：改用某口径开关 what-if, e.g. activation.idle=false"
)
@click.option("--strict", is_flag=True, help="有文件或行被退回时以 1 退出 exit 1 when something was refused")
def run(
    desk: Desk, as_of: date | None, years: tuple[int, ...], rules: tuple[tuple[str, str], ...], strict: bool
) -> int:
    """每晚的全流程：留存 → 入库 → 指标 → 成果表 → 发布。没有变化时不产生新发布。

    The nightly: capture, validate, core, indicators, marts, release; touches only what changed.
    """
    day, overrides = as_of or settings.today(), dict(rules)
    _require_years(years, day)
    context = make_context(day, desk.settings.rules | overrides, desk.settings.regions)
    tell_of_days_to_come(desk, day)
    desk.home.require_apart(desk.settings.landing)  # nothing is written there, no failure either
    with telling_of_trouble(desk, day):
        require_landing(desk.settings.landing)
        tell_of_left_out(desk)
        with desk.home.prepare().locked("landstock run"):
            release.clean(desk.home)  # a run that died a moment before `current` moved
            if not years and (known := unchanged(desk.settings, context, bool(overrides))):
                if release.current(desk.home) is None and known.kind == release.Kind.RELEASE:
                    release.rollback(desk.home, known.release_id)  # the link was lost
                return _say_unchanged(desk, known)
            return carry_out(desk, day, overrides, strict=strict, years=years)


def tell_of_days_to_come(desk: Desk, day: date) -> None:
    """A day yet to come may be meant; a typing error must not go unnoticed, nor what became of one."""
    today = settings.today()
    if day > today:
        desk.log(
            f"截止日 {day} 晚于今天（{today}）：发布后成为当前发布，此前各日的结果都只算回看",
            f"as of {day}, after today ({today}): it becomes the current release, and what is made before only looks back",
            "warning",
        )
    elif ahead := release.ahead_of(desk.home, today):
        earlier = [each for each in release.eligible(desk.home) if release.order(each)[0] <= str(today)]
        remedy = f"landstock rollback {earlier[-1]}" if earlier else "landstock releases"
        desk.log(
            f"当前发布 {ahead} 的截止日晚于今天，新结果不会成为当前发布；如系误填，请先执行 {remedy}",
            f"the current release {ahead} is of a day to come, so nothing new becomes current; if by mistake: {remedy}",
            "warning",
        )


@contextlib.contextmanager
def telling_of_trouble(desk: Desk, day: date) -> Iterator[None]:
    """What keeps a run from its work (a full disk, a missing directory) is a failure to be told of, too; only another
    run that is at work is none."""
    try:
        yield
    except Locked:
        raise
    except Exception as error:
        tell_of_failure(desk, day, "", str(error))
        raise


def tell_of_failure(desk: Desk, day: date, run_id: str, message: str) -> None:
    """To the file and the webhook for failed runs."""
    if problem := notice.send(desk.home, desk.settings.notify, notice.Notice(run_id, "nightly", str(day), message)):
        desk.log(f"通知未送达：{problem}", f"the webhook could not be reached: {problem}", "warning")


def tell_of_left_out(desk: Desk) -> None:
    """What cannot be taken from the landing directory is told of every night: a city may have handed it in."""
    if left := raw.left_out(desk.settings.landing):
        named = [f"{path}{desk.pick('（{}）', ' ({})').format(desk.pick(*why))}" for path, why in left[:5]]
        more = desk.pick(f" 等 {len(left)} 项", f" … {len(left)} in all") if len(left) > 5 else ""
        desk.log(
            f"报送目录中有 {len(left)} 项未能收取：{'、'.join(named)}{more}。请开放读取权限，或把文件本身复制到报送目录，下次运行即收取",
            f"{len(left)} entries of the landing directory could not be taken: {', '.join(named)}{more}."
            " Let them be read, or copy the files themselves there; the next run takes them",
            "warning",
        )


def require_landing(place: Path) -> None:
    """Raises HomeError when there is no landing directory."""
    if place.exists() and not place.is_dir():
        raise HomeError(
            f"报送目录 {place} 是文件，不是目录。请用 --landing DIR 指定存放报送文件的目录",
            f"{place} is a file, not a directory. Name the directory with the submissions: --landing DIR",
        )
    if not place.is_dir():
        raise HomeError(
            f"报送目录 {place} 不存在。请用 --landing DIR 指定，或先建立该目录并放入报送文件",
            f"there is no landing directory at {place}. Name it with --landing DIR, or create it",
        )


def _require_years(years: tuple[int, ...], day: date) -> None:
    if late := [year for year in years if year > day.year]:
        raise Misuse(
            f"截止日 {day} 时 {'、'.join(map(str, late))} 年尚未开始",
            f"as of {day}, {', '.join(map(str, late))} has not begun",
        )


# --- Nothing changed -----------------------------------------------------------------------------------------------


def unchanged(chosen: settings.Settings, context: Context, what_if: bool) -> release.Manifest | None:
    """The release that a run would make again: all files known and loaded, the same as-of, rules and regions."""
    home = chosen.place
    if not home.warehouse.exists() or not release.ids(home):
        return None
    with warehouse.connect(home.warehouse) as con:
        if landing.unseen(con, chosen.landing) or core.pending(con):
            return None
        return release.same(home, stamp(con, context, what_if), release.kind_of(home, context.as_of, what_if))


def _say_unchanged(desk: Desk, known: release.Manifest) -> int:
    now = release.current(desk.home)
    if desk.machine:
        desk.hand_out({"unchanged": True, "release_id": known.release_id, "current": now})
        return 0
    zh = f"没有变化：报送、口径、截止日均与发布 {known.release_id} 相同，不产生新发布"
    en = f"nothing changed: submissions, rules and as-of are those of release {known.release_id}; no new release"
    if known.release_id != now and known.kind == release.Kind.RELEASE:
        zh += f"（当前发布是 {now or '无'}；如需切换：landstock rollback {known.release_id}）"
        en += f" (the current one is {now}; to switch: landstock rollback {known.release_id})"
    desk.show(desk.pick(zh, en))
    return 0


# --- Something to do -----------------------------------------------------------------------------------------------


def carry_out(
    desk: Desk, day: date, overrides: dict[str, str], *, strict: bool = False, keep_fresh: bool = False,
    years: tuple[int, ...] = (), capture: bool = True,
) -> int:  # fmt: skip
    """Run the Dagster job and say what came of it; returns the exit code. The caller holds the lock."""
    before = loaded(desk.home.require_room())
    desk.log("正在准备……", "starting…", as_of=day, home=str(desk.home.path))
    with processes.at_hand():
        processes.prepare_checker(validate.prepare)
        from assets.graph import KEEP_FRESH, OVERRIDES, SUBMISSION
        from pipelines.definitions import run_tags
        from pipelines.execution import execute

        tags = run_tags(day, *((min(years), max(years)) if years else ()))
        tags |= {OVERRIDES: json.dumps(overrides)} if overrides else {}
        tags |= {KEEP_FRESH: "true"} if keep_fresh else {}
        outcome = execute(desk.settings, tags, _progress(desk), without=() if capture else (SUBMISSION,))
    receipts = taken_in(desk.home, before, outcome.release.get("release_id"))
    code = _code(outcome, receipts, strict)
    if not outcome.success:
        reasons = [*(f"{each.table} {each.name}：{each.message}" for each in outcome.failed_checks), *outcome.failures]
        message = "；".join(reasons) + (f"；详情见 {outcome.log}" if outcome.log else "")
        tell_of_failure(desk, day, outcome.run_id, message)
    if desk.machine:
        desk.hand_out(_as_data(outcome, receipts, code))
    else:
        _report(desk, outcome, receipts, day, capture)
    return code


def _code(outcome: Outcome, receipts: list[Receipt], strict: bool) -> int:
    if outcome.failed_checks:
        return 1
    if not outcome.success:
        return 3
    return int(strict and any(each.status in ("rejected", "partly_accepted") for each in receipts))


def _report(desk: Desk, outcome: Outcome, receipts: list[Receipt], day: date, captured: bool) -> None:
    if captured or receipts:  # else nobody looked for new files
        desk.show(_files_line(desk, receipts))
    if later := [each for each in receipts if each.received_on > str(day)]:
        desk.show(_later_line(desk, later, day))
    refused = [each for each in receipts if each.status in ("rejected", "partly_accepted")]
    for each in refused[:5]:
        verdict, colon = desk.pick(*STATUSES[each.status]), desk.pick("：", ": ")
        desk.show(f"  {verdict}  {each.file_name}{colon}{clip(each.first_error or '', 100)}")
    if len(refused) > 5:
        more = len(refused) - 5
        desk.show("  " + desk.pick(f"……另有 {more} 个，见 quality_finding 表", f"… {more} more, see quality_finding"))
    for line in _ending(desk, outcome):
        desk.show(line) if outcome.success else desk.log(line, line, "error", run_id=outcome.run_id)


def _later_line(desk: Desk, later: list[Receipt], day: date) -> str:
    """A file in a folder of a day to come is in no release before that day: a typing error must not go unnoticed."""
    named = desk.pick("、", ", ").join(f"{each.received_on}/{each.file_name}" for each in later[:3])
    more = desk.pick(" 等", " …") if len(later) > 3 else ""
    return desk.pick(
        f"其中 {len(later)} 个所在文件夹的日期晚于截止日 {day}，到那天才计入、才有回执：{named}{more}。"
        f"如系误填，请移到正确日期的文件夹后重新运行",
        f"{len(later)} of them lie in folders of days after {day} and count, with a receipt, from then on: {named}{more}."
        f" If by mistake, move them to the right folder and run again",
    )


def _files_line(desk: Desk, receipts: list[Receipt]) -> str:
    if not receipts:
        return desk.pick("没有新的报送文件", "no new files")
    counts = {status: sum(each.status == status for each in receipts) for status in STATUSES}
    parts = [f"{desk.pick(*STATUSES[status])} {count}" for status, count in counts.items() if count]
    good, refused = sum(each.rows_loaded for each in receipts), sum(each.rows_quarantined for each in receipts)
    return desk.pick(
        f"新入库 {len(receipts)} 个文件：{'，'.join(parts)}；入库 {good:,} 行，隔离 {refused:,} 行",
        f"{len(receipts)} new files: {', '.join(parts)}; {good:,} rows loaded, {refused:,} quarantined",
    )


_KINDS = {
    "release": ("已设为当前发布", "now the current release"),
    "look_back": ("回看，当前发布不变", "a look back; the current release stays"),
    "what_if": ("推演，当前发布不变", "a what-if; the current release stays"),
}


def _ending(desk: Desk, outcome: Outcome) -> list[str]:
    if outcome.failed_checks:
        return _failed_checks(desk, outcome)
    if not outcome.success:
        lines = [desk.pick("运行失败，没有产生新发布；当前发布不变：", "the run failed, no release was made:")]
        lines += [f"  {clip(each, 160)}" for each in outcome.failures[:5]]
        if any(map(out_of_space, outcome.failures)) or desk.home.is_full():
            lines.append("  " + desk.pick(str(desk.home.full()), desk.home.full().en))
        return [*lines, desk.pick(f"详情见 {outcome.log}", f"details: {outcome.log}")]
    made = outcome.release
    if made.get("unchanged"):
        return [
            desk.pick(f"结果与发布 {made['release_id']} 相同，没有产生新发布", f"same as release {made['release_id']}")
        ]
    kind = _KINDS[made["kind"]]
    lines = [desk.pick(f"发布 {made['release_id']}：{kind[0]}", f"release {made['release_id']}: {kind[1]}")]
    if outcome.warnings:
        lines.append(_warnings(desk, outcome.warnings, made))
    lines += outcome.left_out
    return [*lines, f"  {made['path']}"]


def _failed_checks(desk: Desk, outcome: Outcome) -> list[str]:
    """The first checks that stopped the release, in full; the log has all of them, and their SQL."""
    lines = [desk.pick("核验未通过，没有产生新发布；当前发布不变：", "checks failed, no release was made:")]
    for each in outcome.failed_checks[:10]:
        message = desk.pick(each.message, each.message_en or each.message)
        lines.append(f"  {each.table} {each.name}{desk.pick('：', ': ')}{message}")
    count = len(outcome.failed_checks)
    return [
        *lines,
        desk.pick(
            f"共 {count} 项；各项的说明、SQL 和所查的库见 {outcome.log}",
            f"{count} in all; each with its SQL and the database to run it on: {outcome.log}",
        ),
    ]


def _warnings(desk: Desk, count: int, made: dict) -> str:
    """How many checks warn, and where to read which."""
    other = "" if made["kind"] == release.Kind.RELEASE else f" --release {made['release_id']}"
    query = f'landstock query "FROM quality_check WHERE NOT passed" --home {desk.home.path}{other}'
    return desk.pick(
        f"有 {count} 项核验提醒：见网页 site/quality.html，或 {query}",
        f"{count} checks warn: see site/quality.html, or {query}",
    )


def _as_data(outcome: Outcome, receipts: list[Receipt], code: int) -> dict:
    return {
        "success": outcome.success,
        "exit_code": code,
        "run_id": outcome.run_id,
        "release": outcome.release,
        "files": [vars(each) for each in receipts],
        "failed_checks": [vars(each) for each in outcome.failed_checks],
        "failures": list(outcome.failures),
        "left_out": list(outcome.left_out),
    }


_LAYERS = {
    "raw": ("留存报送文件", "capturing"), "core": ("核验入库", "loading"), "indicator": ("计算指标", "indicators"),
    "mart": ("生成成果表", "marts"), "outputs": ("编制文书与网页", "documents, pages"), "release": ("封存发布", "sealing"),
    "core_expectations": ("核验入库结果", "checking core"),
    "indicator_expectations": ("核验指标", "checking indicators"), "expectations": ("核验成果表", "checking marts"),
}  # fmt: skip


def _progress(desk: Desk):
    """On a terminal one line that moves; elsewhere one line per layer."""
    told: set[str] = set()

    def tell(begun: int, total: int, step: str) -> None:
        layer = step if step in _LAYERS else "expectations" if step.endswith("_expectations") else step.split("_")[0]
        words = desk.pick(*_LAYERS.get(layer, (step, step)))
        if is_terminal() and not desk.log_json:
            put(f"\r\x1b[K[{begun}/{total}] {words}" + ("\n" if layer == "release" else ""), err=True, nl=False)
        elif layer not in told:
            told.add(layer)
            desk.log(f"[{begun}/{total}] {words}", f"[{begun}/{total}] {words}", layer=layer, step=begun, steps=total)

    return tell
