"""`landstock acknowledge`: say why a figure that jumped is right, with a name, a reason and an expiry."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from datetime import date
from typing import Any

import click
import duckdb

from assets import release
from assets.explain import UnknownFigure, find_indicator, find_region
from assets.trust import plausibility
from pipelines.cli.desk import Day, Desk, Misuse, options
from pipelines.cli.tables import clip, table
from pipelines.settings import now
from schemas import database
from schemas.indicators import INDICATORS, Basis
from schemas.trust import CAUSES


@click.command(name="acknowledge")
@click.argument("region", metavar="[CITY]", required=False)
@click.argument("indicator", metavar="[INDICATOR]", required=False)
@click.argument("year", type=int, metavar="[YEAR]", required=False)
@click.option("--basis", type=click.Choice([str(each) for each in Basis]), help="只说明一种口径期间，缺省为全部")
@click.option("--reason", help="理由 why the jump is right")
@click.option("--by", metavar="NAME", help="说明人 who")
@click.option("--until", type=Day(), help="有效期止（含当日） valid until")
@options("home", "json")
def acknowledge_command(
    desk: Desk, region: str | None, indicator: str | None, year: int | None, basis: str | None, reason: str | None,
    by: str | None, until: date | None,
) -> int:  # fmt: skip
    """说明与上一发布相比的超限跳变；不带参数时列出当前发布的跳变及其说明。

    说明自下一次运行起生效，到期后跳变重新列为待说明。

    Acknowledge a jump since the release before; without arguments, list those of the current release.
    """
    home = desk.home.require()
    if region is None:
        return _list(desk, jumps(desk))
    if None in (indicator, year, until) or not (reason or "").strip() or not (by or "").strip():
        raise Misuse(
            "写全：landstock acknowledge 地区 指标 年份 --reason 理由 --by 姓名 --until 2027-03-31；不带参数则列出跳变",
            "give all: landstock acknowledge CITY INDICATOR YEAR --reason WHY --by NAME --until 2027-03-31;"
            " without arguments it lists the jumps",
        )
    try:
        with release.open_read_only(home) as con:
            code = find_region(con, region)
        of = find_indicator(indicator).code
    except UnknownFigure as error:
        raise Misuse(str(error), error.en) from None
    _require_jump(desk, code, of, year, basis)
    given = plausibility.acknowledge(home, code, of, year, basis, reason.strip(), by.strip(), until, now())
    if desk.machine:
        desk.hand_out(asdict(given))
    else:
        desk.show(
            desk.pick(
                f"已记录：{code} {INDICATORS[of].short_label} {year}，有效至 {until}；自下一次运行起生效",
                f"recorded: {code} {of} {year}, valid until {until}; in force from the next run",
            )
        )
    return 0


def _require_jump(desk: Desk, region: str, indicator: str, year: int, basis: str | None) -> None:
    """Raises Misuse when nothing jumped there: neither in the current release, nor in what a gate has just stopped."""
    for each in [*jumps(desk), *_stopped(desk)]:
        where = (each["region_code"], each["indicator"], each["year"])
        if where == (region, indicator, year) and basis in (None, each["basis"]):
            return
    label = INDICATORS[indicator].short_label
    raise Misuse(
        f"{region} {label} {year} 没有超限跳变，无须说明；不带参数列出现有的跳变：landstock acknowledge",
        f"{region} {indicator} {year} did not jump beyond the limits; landstock acknowledge lists the jumps",
    )


def _stopped(desk: Desk) -> list[dict[str, Any]]:
    """The jumps of the release that was built last: where open ones stop a release, they are in no release."""
    with contextlib.suppress(duckdb.Error), database.connect(desk.home.build, read_only=True) as con:
        return database.rows(con, "FROM mart.plausibility")
    return []


def jumps(desk: Desk) -> list[dict[str, Any]]:
    """Rows of mart.plausibility of the current release."""
    with release.open_read_only(desk.home) as con:
        return database.rows(con, "SELECT * FROM plausibility ORDER BY state DESC, region_code, indicator, year, basis")


def _list(desk: Desk, found: list[dict[str, Any]]) -> int:
    if desk.machine:
        desk.hand_out(found)
        return 0
    if not found:
        desk.tell("当前发布没有超限跳变", "no jump beyond the limits in the current release")
        return 0
    titles = (
        ("状态", "state"), ("地区", "region"), ("指标", "indicator"), ("年份", "year"), ("期间", "basis"),
        ("上一发布", "before"), ("本发布", "now"), ("限值", "limit"), ("原因", "cause"), ("说明", "said"),
    )  # fmt: skip
    said = desk.pick(
        "{reason}（{acknowledged_by}，至 {expires_on}）", "{reason} ({acknowledged_by}, until {expires_on})"
    )
    rows = [
        [
            desk.pick("已说明", "acknowledged") if each["acknowledged_by"] else desk.pick("待说明", "open"),
            each["region_name"], desk.pick(INDICATORS[each["indicator"]].short_label, each["indicator"]),
            str(each["year"]), each["basis"], _number(each["old_value"]), _number(each["new_value"]),
            _limit(desk, each), desk.pick(*CAUSES[each["cause"]][:2]) if each["cause"] else "",
            clip(said.format(**each), 40) if each["reason"] else "",
        ]
        for each in found
    ]  # fmt: skip
    desk.show(table([desk.pick(*each) for each in titles], rows, right={5, 6, 7}))
    return 0


def _number(value: float | None) -> str:
    return "－" if value is None else f"{value:,.2f}"


def _limit(desk: Desk, jump: dict[str, Any]) -> str:
    if jump["kind"] == plausibility.VANISHED:
        return desk.pick("缺值", "absent")
    return f"×{jump['limit']:g}" if jump["kind"] == plausibility.FACTOR else f"±{jump['limit']:g}"
