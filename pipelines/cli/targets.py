"""`landstock targets`: the plan's two tables, with the sums of the cities beside the province."""

from __future__ import annotations

from decimal import Decimal

import click

from assets.outputs import format as shown
from pipelines.cli.desk import Desk, options
from pipelines.cli.tables import table
from schemas import policy
from schemas.indicators import HORIZONS, INDICATORS, Indicator
from schemas.table import UNITS_EN, Unit


@click.command()
@click.option("--horizon", type=click.Choice([str(each) for each in HORIZONS]), help="只看一个目标年 one horizon")
@options("regions", "json")
def targets(desk: Desk, horizon: str | None) -> int:
    """方案目标：各市、全省及各市合计。

    Targets of the plan, per city and province; areas with the sum of the cities.
    """
    version = policy.target_version()
    rows = [row for row in policy.targets().to_dicts() if row["target_version"] == version]
    wanted = [int(horizon)] if horizon else list(HORIZONS)
    rows = [row for row in rows if row["horizon"] in wanted]
    if desk.machine:
        desk.hand_out(rows)
        return 0
    regions = policy.regions(desk.settings.regions or None)
    blocks = [_block(desk, year, [row for row in rows if row["horizon"] == year], regions) for year in wanted]
    source = desk.pick(f"目标版本 {version}；来源：行动方案附表", f"target version {version}, tables of the plan")
    desk.show("\n\n".join([*blocks, source]))
    return 0


def _block(desk: Desk, year: int, rows: list[dict], regions: policy.Regions) -> str:
    by_place: dict[str, dict[str, dict]] = {}
    for row in rows:
        by_place.setdefault(row["region_code"], {})[row["indicator"]] = row
    header = [desk.pick("地区", "region"), *(_title(desk, each) for each in INDICATORS.values())]
    cities = sorted(code for code in by_place if not code.endswith("0000"))
    body = [[regions.name(code), *(_cell(by_place[code].get(name)) for name in INDICATORS)] for code in cities]
    sums = [_sum(each, by_place, cities) for each in INDICATORS.values()]
    body.append([desk.pick("各市合计", "sum of cities"), *sums])
    body += [
        [regions.name(code), *(_cell(by_place[code].get(name)) for name in INDICATORS)]
        for code in by_place
        if code.endswith("0000")
    ]
    title = desk.pick(f"{year} 年目标", f"targets {year}")
    return f"{title}\n{table(header, body, right=set(range(1, len(header))))}"


def _title(desk: Desk, indicator: Indicator) -> str:
    if indicator.unit != Unit.MU:
        return desk.pick(indicator.short_label, indicator.code)
    return desk.pick(f"{indicator.short_label}（{indicator.unit}）", f"{indicator.code} ({UNITS_EN[indicator.unit]})")


def _cell(row: dict | None) -> str:
    if row is None:
        return shown.NOTHING
    sign = "+" if row["kind"] == "relative_rise" else ""
    return f"{sign}{shown.number(row['value'], row['unit'])}"


def _sum(indicator: Indicator, by_place: dict[str, dict[str, dict]], cities: list[str]) -> str:
    """Areas add up to the province; rates never do."""
    if indicator.unit != Unit.MU:
        return ""
    values = [by_place[code][indicator.code]["value"] for code in cities if indicator.code in by_place[code]]
    return shown.number(sum(values, Decimal(0)), indicator.unit)
