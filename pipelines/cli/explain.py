"""`landstock explain`: a figure taken apart, down to file and row."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from assets import release
from assets.explain import UnknownFigure, explain, find_indicator
from assets.explain.model import Explanation
from assets.trust import objections
from pipelines.cli.desk import Day, Desk, Misuse, options
from pipelines.cli.explain_page import page
from pipelines.cli.objection import listing
from schemas.indicators import Basis


@click.command(name="explain")
@click.argument("region", metavar="CITY")
@click.argument("indicator", metavar="INDICATOR")
@click.argument("year", type=click.IntRange(1987, 2100), metavar="YEAR")
@click.option("--basis", type=click.Choice([str(each) for each in Basis]), help="口径期间，缺省为评价所用的 basis")
@click.option("--as-of", type=Day(), help="按当日所知从原始记录重算 computed as known on that day")
@click.option("--release", "release_id", metavar="RELEASE", help="另一发布，缺省为当前发布 another release")
@options("home", "regions", "json")
def explain_command(
    desk: Desk, region: str, indicator: str, year: int, basis: str | None, as_of: date | None, release_id: str | None
) -> int:
    """一个指标值从哪里来：公式、口径开关、逐条记录（文件与行号）、剔除原因、目标与结论。

    CITY 为代码或名称（330100、杭州）；INDICATOR 为代码、编号 1–8 或名称。

    Where a figure comes from: formula, switches, records with file and row, exclusions, target and verdict.
    """
    if as_of and release_id:
        raise Misuse("--as-of 与 --release 不能同时使用", "--as-of and --release exclude each other")
    try:
        if as_of:
            made = _as_known(desk, region, indicator, year, basis, as_of)
        else:
            made = _published(desk, region, indicator, year, basis, release_id)
    except UnknownFigure as error:
        raise Misuse(str(error), error.en) from None
    said = objections.about(objections.known(desk.home), made.region_code, made.indicator, made.year)
    if desk.machine:
        desk.hand_out(made.as_data() | {"objections": [asdict(each) for each in said]})
    else:
        desk.show(page(desk, made))
        if said:
            desk.show("\n" + desk.section(("异议", "objections"), listing(desk, said)))
    return 0


def _published(
    desk: Desk, region: str, indicator: str, year: int, basis: str | None, release_id: str | None
) -> Explanation:
    home = desk.home.require()
    path = release.database(home, release_id)
    parent = release.manifest(home, path.parent.name).parent
    whole = {each.release_id for each in release.manifests(home)}
    before = release.database(home, parent) if parent in whole else None
    return explain(path, region, indicator, year, basis, previous=before)


def _as_known(desk: Desk, region: str, indicator: str, year: int, basis: str | None, as_of: date) -> Explanation:
    from assets.circumstances import make_context
    from assets.explain.past import build, require_known

    require_known(desk.home.require(), as_of)
    context = make_context(as_of, desk.settings.rules, desk.settings.regions)
    with tempfile.TemporaryDirectory() as folder:
        path = build(desk.home.require(), find_indicator(indicator).code, context, Path(folder) / release.DATABASE)
        return explain(path, region, indicator, year, basis)
