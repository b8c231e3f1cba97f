"""`landstock diff`: what changed between two releases and why, from the two released files alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from assets import release
from assets.explain import UnknownFigure, find_indicator, find_region
from assets.outputs import format as shown
from assets.trust import objections
from pipelines.cli.desk import Desk, Misuse, options
from pipelines.cli.objection import listing
from pipelines.cli.tables import clip, table
from schemas.indicators import HORIZONS, INDICATORS, WORDS
from schemas.submissions import TABLES
from schemas.trust import CAUSES, VALUE_CAUSES

Row = dict[str, Any]
LARGEST = 10


@click.command(name="diff")
@click.argument("before", metavar="RELEASE")
@click.argument("now", metavar="RELEASE")
@click.option("--region", metavar="CITY", help="只看一个地区 one region")
@click.option("--indicator", metavar="INDICATOR", help="只看一项指标 one indicator")
@click.option("--all", "everything", is_flag=True, help="含县（市、区）和非评价口径 counties and all bases, too")
@options("home", "json")
def diff(desk: Desk, before: str, now: str, region: str | None, indicator: str | None, everything: bool) -> int:
    """两个发布之间：结论和位次的变化、各市各指标的变动及原因（各项原因之和等于变动）、影响最大的记录。

    Flips of verdicts and ranks, changes by cause (the causes add up to the change), records by effect.
    """
    from assets import revision

    home = desk.home.require()
    before, now = sorted((before, now), key=lambda each: _order(desk, each))
    frame = revision.between(release.database(home, before), release.database(home, now))
    wanted = _wanted(desk, now, region, indicator)
    rows = [_as_data(row) for row in frame.iter_rows(named=True) if all(row[n] == v for n, v in wanted.items())]
    said = [each for each in objections.known(home) if each.on_release in (before, now)]
    if desk.machine:
        facts = {
            "before": asdict(release.manifest(home, before).stamp),
            "now": asdict(release.manifest(home, now).stamp),
        }
        desk.hand_out({"old_release_id": before, "new_release_id": now, **facts, "revisions": rows,
                       "objections": [asdict(each) for each in said]})  # fmt: skip
        return 0
    main = [row for row in rows if everything or _is_main(row)]
    desk.show("\n\n".join(filter(None, _page(desk, before, now, main, len(rows)))))
    if said:
        desk.show("\n" + desk.section(("异议", "objections"), listing(desk, said)))
    return 0


def _order(desk: Desk, release_id: str) -> tuple:
    """By as-of day and number; raises UnknownRelease first."""
    release.manifest(desk.home, release_id)
    return release.order(release_id)


def _wanted(desk: Desk, release_id: str, region: str | None, indicator: str | None) -> dict[str, str]:
    try:
        wanted = {"indicator": find_indicator(indicator).code} if indicator else {}
        if region:
            with release.open_read_only(desk.home, release_id) as con:
                wanted["region_code"] = find_region(con, region)
    except UnknownFigure as error:
        raise Misuse(str(error), error.en) from None
    return wanted


def _as_data(row: Row) -> Row:
    """A row of mart.revision; its effects without zeros, its records as data."""
    effects = {str(cause): float(row.pop(f"effect_{cause}") or 0) for cause in VALUE_CAUSES}
    return row | {
        "change": None if row["change"] is None else float(row["change"]),
        "effects": {cause: effect for cause, effect in effects.items() if effect},
        "top_records": json.loads(row["top_records"] or "[]"),
    }


def _is_main(row: Row) -> bool:
    """What people look at first: the judged basis of cities and the province."""
    return row["region_level"] != "county" and row["basis"] == INDICATORS[row["indicator"]].judged


# --- For people --------------------------------------------------------------------------------------------------


def _page(desk: Desk, before: str, now: str, rows: list[Row], in_all: int) -> Iterator[str]:
    yield _head(desk, before, now)
    if not rows:
        yield (
            desk.pick("没有变化", "nothing changed")
            if not in_all
            else desk.pick(
                f"评价所用口径没有变化；另有 {in_all} 项其他变动，见 --all",
                f"no main figure changed; {in_all} others: --all",
            )
        )
        return
    yield _section(desk, ("结论变化", "verdicts"), _flips(desk, rows))
    yield _section(desk, ("变动及原因", "changes and causes"), _changes(desk, rows))
    yield _section(desk, ("影响最大的记录", "records by effect"), _records(desk, rows))
    if in_all > len(rows):
        more = in_all - len(rows)
        yield desk.pick(
            f"另有 {more} 项县（市、区）或其他口径的变动：--all", f"{more} more (counties, other bases): --all"
        )


def _section(desk: Desk, title: tuple[str, str], body: str) -> str:
    return desk.section(title, body) if body else ""


def _head(desk: Desk, before: str, now: str) -> str:
    stamps = [release.manifest(desk.home, each).stamp for each in (before, now)]
    facts = [
        (("截止", "as of"), [stamp.as_of for stamp in stamps]),
        (("口径", "rules"), [stamp.rule_version for stamp in stamps]),
        (("目标", "targets"), [stamp.target_version for stamp in stamps]),
    ]
    lines = [
        f"{desk.pick(*label)}  {old} → {new}" if old != new else f"{desk.pick(*label)}  {old}"
        for label, (old, new) in facts
    ]
    return "\n".join([f"{before} → {now}", *lines])


def _titles(desk: Desk, *words: tuple[str, str]) -> list[str]:
    return [desk.pick(*each) for each in words]


def _place(desk: Desk, row: Row) -> list[str]:
    return [row["region_name"], desk.pick(INDICATORS[row["indicator"]].short_label, row["indicator"]), str(row["year"])]


_PLACE = (("地区", "region"), ("指标", "indicator"), ("年份", "year"))


def _flips(desk: Desk, rows: list[Row]) -> str:
    """Verdicts that differ, and ranks where they do."""
    made = []
    for row in rows:
        for horizon in HORIZONS:
            old, new = row[f"old_verdict_{horizon}"], row[f"new_verdict_{horizon}"]
            ranks = row[f"old_rank_{horizon}"], row[f"new_rank_{horizon}"]
            if old != new or ranks[0] != ranks[1]:
                cause = desk.pick(*CAUSES[row["verdict_cause"]][:2]) if row["verdict_cause"] else ""
                made.append([*_place(desk, row), str(horizon), _arrow(desk, old, new), _ranks(*ranks), cause])
    header = _titles(desk, *_PLACE, ("对照", "against"), ("结论", "verdict"), ("位次", "rank"), ("原因", "cause"))
    return table(header, made) if made else ""


def _arrow(desk: Desk, old: str | None, new: str | None) -> str:
    words = [f"{WORDS[each][2]} {desk.pick(*WORDS[each][:2])}" if each else shown.NOTHING for each in (old, new)]
    return words[1] if old == new else " → ".join(words)


def _ranks(old: int | None, new: int | None) -> str:
    texts = [shown.NOTHING if each is None else str(each) for each in (old, new)]
    return texts[1] if old == new else " → ".join(texts)


def _changes(desk: Desk, rows: list[Row]) -> str:
    made = [
        [
            *_place(desk, row),
            _value(desk, row, "old"),
            _value(desk, row, "new"),
            _signed(row["change"]),
            _why(desk, row),
        ]
        for row in rows
        if row["change"] != 0 or row["effects"]
    ]
    header = _titles(
        desk,
        *_PLACE,
        ("前", "before"),
        ("后", "now"),
        ("变动", "change"),
        ("原因（相加等于变动）", "causes, adding up"),
    )
    return table(header, made, right={3, 4, 5}) if made else ""


def _value(desk: Desk, row: Row, side: str) -> str:
    if row[f"{side}_value"] is None:
        absence = row[f"{side}_absence"]
        return desk.pick(*WORDS[absence][:2]) if absence else shown.NOTHING
    return shown.quantity(row[f"{side}_value"], row["unit"])


def _why(desk: Desk, row: Row) -> str:
    if row["change"] is None:
        return desk.pick(*CAUSES[row["cause"]][:2]) if row["cause"] else ""
    return desk.pick("，", ", ").join(
        f"{desk.pick(*CAUSES[cause][:2])} {_signed(effect)}" for cause, effect in row["effects"].items()
    )


def _signed(value: float | None) -> str:
    """With more decimals where two would show a change as none."""
    if value is None:
        return shown.NOTHING
    places = next((p for p in range(3, 10) if round(value, p)), 2) if value and not round(value, 2) else 2
    return f"{value:+,.{places}f}".replace("-", shown.MINUS) if value else "0.00"


def _records(desk: Desk, rows: list[Row]) -> str:
    """The records that moved city figures most, measured against the figure's own change of scale."""
    found = [
        (row, each) for row in rows if row["region_level"] == "city" for each in row["top_records"] if each["effect"]
    ]
    found.sort(key=lambda pair: -abs(pair[1]["effect"]) / max(abs(pair[0]["new_value"] or 0), 1e-9))
    made = [
        [
            *_place(desk, row), _signed(each["effect"]), desk.pick(*CAUSES[each["cause"].split("、")[0]][:2]),
            desk.pick(TABLES[each["source_table"]].label, each["source_table"]), clip(each["record_key"], 30),
            each["file_name"] or "", each["sheet"] or "", str(each["row_number"] or ""),
        ]
        for row, each in found[:LARGEST]
    ]  # fmt: skip
    header = _titles(desk, *_PLACE, ("影响", "effect"), ("原因", "cause"), ("来源", "source"), ("记录", "record"),
                     ("文件", "file"), ("工作表", "sheet"), ("行", "row"))  # fmt: skip
    return table(header, made, right={3}) if made else ""
