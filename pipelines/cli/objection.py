"""`landstock object`: objections (异议) to a release in public notice: raise, resolve, list."""

from __future__ import annotations

from dataclasses import asdict

import click

from assets import release
from assets.explain import UnknownFigure, find_indicator, find_region
from assets.trust import objections, publishing
from assets.trust.objections import Objection
from pipelines.cli.desk import Desk, Misuse, options
from pipelines.cli.tables import clip, table
from pipelines.settings import now
from schemas.indicators import FIRST_YEAR, INDICATORS

STATES = {objections.OPEN: ("待处理", "open"), objections.RESOLVED: ("已处理", "resolved")}


@click.command(name="object")
@click.argument("release_id", metavar="RELEASE")
@click.option("--region", metavar="CITY", help="地区代码或名称 region")
@click.option("--indicator", metavar="INDICATOR", help="指标代码、编号 1–8 或名称")
@click.option("--year", type=click.IntRange(FIRST_YEAR, 2100), metavar="YEAR", help="年份")
@click.option("--text", help="异议内容；处理时为处理意见 what is objected to, or how it was resolved")
@click.option("--by", metavar="NAME", help="提出人或处理人 who")
@click.option("--resolve", "number", type=int, metavar="NO", help="处理该编号的异议 close an objection")
@options("home", "json")
def object_command(
    desk: Desk, release_id: str, region: str | None, indicator: str | None, year: int | None, text: str | None,
    by: str | None, number: int | None,
) -> int:  # fmt: skip
    """公示期间的异议。带 --region --indicator --year 提出，带 --resolve 处理，都不带则列出。

    提出和处理都要写明 --text 和 --by；记录只增不改，随下一次发布进入 mart.objection。

    Objections during public notice: raise with --region --indicator --year, close with --resolve, else list.
    """
    home = desk.home.require()
    release.manifest(home, release_id)
    if number is None and (region, indicator, year, text) == (None,) * 4:
        return _list(desk, [each for each in objections.known(home) if each.on_release == release_id])
    if not (text or "").strip() or not (by or "").strip():
        raise Misuse("需要写明内容和署名：--text 内容 --by 姓名", "say what and who: --text TEXT --by NAME")
    if number is not None:
        return _say(desk, objections.resolve(home, number, text.strip(), by.strip(), now()))
    if None in (region, indicator, year):
        raise Misuse(
            "提出异议需要 --region、--indicator、--year", "an objection needs --region, --indicator and --year"
        )
    try:
        with release.open_read_only(home, release_id) as con:
            code = find_region(con, region)
        of = find_indicator(indicator).code
    except UnknownFigure as error:
        raise Misuse(str(error), error.en) from None
    made = publishing.object_to(home, release_id, code, of, year, text.strip(), by.strip(), now())
    return _say(desk, made)


def _say(desk: Desk, made: Objection) -> int:
    if desk.machine:
        desk.hand_out(asdict(made))
    else:
        number, state = made.objection_no, STATES[made.state]
        desk.show(desk.pick(f"异议 {number}：{state[0]}", f"objection {number}: {state[1]}"))
    return 0


def _list(desk: Desk, found: list[Objection]) -> int:
    if desk.machine:
        desk.hand_out([asdict(each) for each in found])
    elif not found:
        desk.tell("没有异议", "no objections")
    else:
        desk.show(listing(desk, found))
    return 0


def listing(desk: Desk, found: list[Objection]) -> str:
    """Objections as a table."""
    titles = (("编号", "no"), ("地区", "region"), ("指标", "indicator"), ("年份", "year"), ("状态", "state"),
              ("异议", "objection"), ("提出", "raised"), ("处理", "resolution"))  # fmt: skip
    closed = desk.pick(
        "{0.resolution}（{0.resolved_by} {0.resolved_on}）", "{0.resolution} ({0.resolved_by} {0.resolved_on})"
    )
    rows = [
        [
            str(each.objection_no), each.region_code,
            desk.pick(INDICATORS[each.indicator].short_label, each.indicator), str(each.year),
            desk.pick(*STATES[each.state]), clip(each.text, 40), f"{each.raised_by} {each.raised_on}",
            clip(closed.format(each), 50) if each.resolution else "",
        ]
        for each in found
    ]  # fmt: skip
    return table([desk.pick(*each) for each in titles], rows)
