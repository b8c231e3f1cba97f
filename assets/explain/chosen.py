"""Which figures are meant: a region and an indicator by any of their names, and the condition that picks them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import duckdb

from assets.home import Trouble
from schemas.indicators import INDICATORS, Indicator

Cell = tuple[str, str, int, str]  # region_code, indicator, year, basis: one figure


class UnknownFigure(Trouble):
    """There is no such region, indicator, year or basis in the release."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Figures by their keys; a key that is None takes all."""

    region_code: str | None = None
    indicator: str | None = None
    year: int | None = None
    basis: str | None = None

    def of(self, alias: str) -> str:
        """The condition on a table that has these keys."""
        given = ((name, value) for name, value in asdict(self).items() if value is not None)
        return " AND ".join([f"{alias}.{name} = {literal(value)}" for name, value in given] or ["true"])


def literal(value: str | int) -> str:
    """Written out: to bind a parameter DuckDB's client loads pandas, in a process that did not begin with `lean`."""
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def find_indicator(asked: str) -> Indicator:
    """An indicator by code, number, label or a part of a label that fits one only. Raises UnknownFigure."""
    wanted = asked.strip()
    for each in INDICATORS.values():
        if wanted.lower() in (each.code, str(each.number), each.label, each.short_label, each.label_en.lower()):
            return each
    near = [
        i
        for i in INDICATORS.values()
        if wanted and (wanted in i.label or wanted in i.short_label or wanted.lower() in i.code)
    ]
    if len(near) == 1:
        return near[0]
    known = near or list(INDICATORS.values())
    raise UnknownFigure(
        f"没有指标 {asked!r}；可用编号、代码或名称：" + "、".join(f"{i.number} {i.label}（{i.code}）" for i in known),
        f"no indicator {asked!r}; use a number, code or label: " + ", ".join(f"{i.number} {i.code}" for i in known),
    )


_REGIONS = """
SELECT DISTINCT region_code, region_name, region_level FROM indicator_value
WHERE region_code = {0} OR starts_with(region_name, {0}) OR ({0} = '全省' AND region_level = 'province')
ORDER BY region_code
"""


def find_region(con: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The code of a region of the release by code or name, with or without 市, 县, 区. Raises UnknownFigure."""
    wanted = asked.strip()
    found = con.execute(_REGIONS.format(literal(wanted))).fetchall() if wanted else []
    whole = [row for row in found if wanted in row[:2]]
    # 杭州 means the city, not a county whose name begins alike.
    best = whole or [row for row in found if row[2] != "county"] or found
    if len(best) == 1:
        return best[0][0]
    if not best:
        raise UnknownFigure(
            f"本发布里没有地区 {asked!r}；请用代码（如 330100）或名称（如 杭州市）",
            f"no region {asked!r} in this release; use a code (330100) or a name",
        )
    listed = [f"{code} {name}" for code, name, _ in best]
    raise UnknownFigure(
        f"{asked!r} 不止一个：{'、'.join(listed)}；请用代码", f"{asked!r} fits {', '.join(listed)}; use a code"
    )
