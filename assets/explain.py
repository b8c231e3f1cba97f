"""Any published figure taken apart (说明): formula, switches, the records behind it, exclusions, target and verdict.

Reads released files only. What it sums is re-added here from the ledger, with the one rule of which rows make a figure
(`schemas.marts.FIGURE_ROWS`), and held against what was published. Words for people are in `explain_words.py`.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from assets.explain_model import Change, Explanation, Group, Judged, Part, Record, Rule
from assets.explain_words import absence_words, comparison
from assets.home import Trouble
from schemas.indicators import INDICATORS, Indicator, VerdictKind
from schemas.marts import FIGURE_ROWS, IN_PERIOD, UNDATED
from schemas.table import Unit

_CELL = "region_code = $region AND indicator = $indicator AND year = $year AND basis = $basis"
#: Groups of rulebook entries that decide each indicator.
_RULES = {
    "activated_stock_land": ("activation", "redevelopment"),
    "redeveloped_inefficient_land": ("redevelopment", "activation.start"),
    "unsupplied_digestion_rate": ("unsupplied",),
    "idle_disposal_rate": ("idle",),
    "stock_supply_share": ("verdict.share_margin",),
    "industrial_far": ("far", "verdict.far_margin"),
    "land_per_gdp_reduction": ("gdp",),
    "walk15_coverage": ("walk",),
}  # fmt: skip
_PACES = ("verdict.on_track", "verdict.behind")
_VERDICT_RULES = {
    VerdictKind.CUMULATIVE_AREA: _PACES, VerdictKind.ANNUAL_RATE: _PACES, VerdictKind.REDUCTION: _PACES,
    VerdictKind.LEVEL: _PACES, VerdictKind.PERIOD_RATIO: (),
}  # fmt: skip
LARGEST, MOST_DIVISORS = 10, 50
#: Published sums have nine decimals; a value computed from them may differ from the exact one by this share.
RESOLUTION = 1e-6


class UnknownFigure(Trouble):
    """There is no such region, indicator, year or basis in the release."""


# --- Asking ---------------------------------------------------------------------------------------------------


def explain(
    release_db: Path, region: str, indicator: str, year: int, basis: str | None = None, previous: Path | None = None
) -> Explanation:
    """Explain one figure of a released file; `previous`: the file of the release to compare with.

    `region`: code or name (330100, 杭州, 杭州市); `indicator`: code, number 1–8 or label; `basis`: the judged one by
    default. Raises UnknownFigure, naming what there is.
    """
    with opened(release_db, previous) as con:
        return explain_in(con, region, indicator, year, basis, compare=previous is not None)


@contextlib.contextmanager
def opened(release_db: Path, previous: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both files read-only, as the catalogs `now` and `before`."""
    with duckdb.connect() as con:
        for name, path in (("now", release_db), ("before", previous)):
            if path is not None:
                con.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS {name} (READ_ONLY)")
        con.execute("USE now.mart")
        yield con


def explain_in(
    con: duckdb.DuckDBPyConnection, region: str, indicator: str, year: int, basis: str | None = None,
    compare: bool = False,
) -> Explanation:  # fmt: skip
    """The same on files that are open already (see `opened`)."""
    asked = find_indicator(indicator)
    cell = {
        "region": find_region(con, region),
        "indicator": asked.code,
        "year": year,
        "basis": basis or str(asked.judged),
    }
    figure = _figure(con, cell, asked)
    _collect(con, cell, "now", "figure_rows")
    counted, excluded, undated = _groups(con)
    rules, parts = _rules(con, asked), _parts(con, cell)
    judged = _judged(con, cell, asked, figure, rules)
    sums, value = add_up(counted), recompute(asked, counted, rules, parts)
    return Explanation(
        **{name: figure[name] for name in _COPIED}, label=asked.label, label_en=asked.label_en,
        formula=figure["formula"] or asked.formula, formula_en=asked.formula_en, section=asked.section, rules=rules,
        target_version=judged[0].target_version if judged else None,
        why_absent=absence_words(asked, figure) if figure["absence"] else None,
        numerator_sum=sums[0], denominator_sum=sums[1], recomputed=None if figure["absence"] else value,
        adds_up=_adds_up(figure, sums, value), groups=counted, exclusions=excluded, undated=undated,
        largest=_records(con, f"NOT {_DIVIDES}", LARGEST), divisors=_records(con, _DIVIDES, MOST_DIVISORS),
        parts=parts, judged=judged, change=_change(con, cell, figure, judged) if compare else None,
        bases=[str(each) for each in asked.bases],
    )  # fmt: skip


_COPIED = (
    "region_code", "region_name", "region_level", "indicator", "year", "basis", "period_start", "period_end", "as_of",
    "release_id", "rule_version", "value", "unit", "data_state", "derived", "flags", "absence", "numerator",
    "denominator", "part_unit", "record_count", "excluded_count",
)  # fmt: skip


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
WHERE region_code = $asked OR starts_with(region_name, $asked) OR ($asked = '全省' AND region_level = 'province')
ORDER BY region_code
"""


def find_region(con: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The code of a region of the release by code or name, with or without 市, 县, 区. Raises UnknownFigure."""
    wanted = asked.strip()
    found = _run(con, _REGIONS, {"asked": wanted}).fetchall() if wanted else []
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
    listed = "、".join(f"{code} {name}" for code, name, _ in best)
    raise UnknownFigure(f"{asked!r} 不止一个：{listed}；请用代码", f"{asked!r} fits {listed}; use a code")


def _figure(con: duckdb.DuckDBPyConnection, cell: dict, asked: Indicator) -> dict[str, Any]:
    result = _run(
        con,
        "SELECT v.*, d.description AS formula FROM indicator_value v"
        " LEFT JOIN data_dictionary d ON d.object = 'indicator' AND d.name = v.indicator"
        " WHERE v.region_code = $region AND v.indicator = $indicator AND v.year = $year AND v.basis = $basis", cell,
    )  # fmt: skip
    names = [column[0] for column in result.description]
    row = result.fetchone()
    if row:
        return dict(zip(names, row, strict=True))
    there = _run(
        con,
        "SELECT DISTINCT year, basis FROM indicator_value WHERE region_code = $region AND indicator = $indicator"
        " ORDER BY ALL",
        cell,
    ).fetchall()
    listed = "、".join(f"{year} {basis}" for year, basis in there)
    raise UnknownFigure(
        f"本发布里没有 {asked.label} {cell['year']} 年（{cell['basis']}）的指标值；有：{listed}",
        f"no figure of {asked.code} for {cell['year']} ({cell['basis']}); there are: {listed}",
    )


def _run(con: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any] | None = None) -> duckdb.DuckDBPyConnection:
    """Execute with `$name` written out as literals: the client loads pandas, for a second, to bind a parameter."""
    known = values or {}
    return con.execute(re.sub(r"\$([a-z]+)", lambda found: _literal(known[found[1]]), sql))


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


# --- Adding up ------------------------------------------------------------------------------------------------

_TOP, _BOTTOM = "role IN ('numerator', 'both')", "role IN ('denominator', 'both')"
_DIVIDES = "(source_table = 'annual_task' OR coalesce(reason, '') = 'divisor')"
_NAMED = {"region": "$region", "indicator": "$indicator", "year": "$year", "basis": "$basis"}
_GROUPS = """
SELECT year IS NULL AS undated, c.role, c.source_table, c.component, c.reason, any_value(d.label), count(*),
  sum(c.amount), sum(c.record_amount_mu)
FROM figure_rows c LEFT JOIN data_dictionary d ON d.object = 'reason' AND d.name = c.reason
GROUP BY ALL ORDER BY 7 DESC, 2, 3, 4, 5
"""


def _collect(con: duckdb.DuckDBPyConnection, cell: dict, catalog: str, name: str) -> None:
    """The figure's ledger rows, and those excluded without a date, as a temporary table."""
    rows = FIGURE_ROWS.format(marts=f"{catalog}.mart", years=f"({IN_PERIOD} OR {UNDATED})", **_NAMED)
    _run(con, f"CREATE OR REPLACE TEMP TABLE {name} AS {rows}", cell)


def _groups(con: duckdb.DuckDBPyConnection) -> tuple[list[Group], list[Group], list[Group]]:
    """What counts, what is excluded, what is excluded and belongs to no year."""
    found = [(undated, Group(*row)) for undated, *row in con.execute(_GROUPS).fetchall()]
    dated = [group for undated, group in found if not undated]
    counted = [group for group in dated if group.role != "excluded"]
    return (
        counted,
        [group for group in dated if group.role == "excluded"],
        [group for undated, group in found if undated],
    )


def add_up(groups: list[Group]) -> tuple[Decimal, Decimal]:
    """Numerator and denominator: exact sums of what the ledger's rows put into each."""
    top = sum((group.amount for group in groups if group.role in ("numerator", "both")), Decimal(0))
    bottom = sum((group.amount for group in groups if group.role in ("denominator", "both")), Decimal(0))
    return top, bottom


def recompute(indicator: Indicator, groups: list[Group], rules: list[Rule], parts: list[Part]) -> float | None:
    """The value that follows from the sums (rulebook §1–8); None where they give none."""
    top, bottom = map(Fraction, add_up(groups))
    if indicator.part_unit is Unit.MU:
        return float(top)
    if indicator.code == "walk15_coverage":
        return _headline(groups, rules, parts)
    if not bottom:
        return None
    if indicator.code == "land_per_gdp_reduction":
        return float((1 - top / bottom) * 100)
    return float(top / bottom * (100 if indicator.unit is Unit.PERCENT else 1))


def _headline(groups: list[Group], rules: list[Rule], parts: list[Part]) -> float | None:
    """Indicator 8 by its switch: each class has its own ratio, and none enters the mean with a weight."""
    kind = next((rule.value for rule in rules if rule.name == "walk.headline"), "mean_of_five")
    if kind == "all_five":
        return next((part.value for part in parts if part.name == "all_five"), None)
    classes = sorted({group.component for group in groups})
    sums = [add_up([group for group in groups if group.component == each]) for each in classes]
    shares = [Fraction(top) / Fraction(bottom) * 100 for top, bottom in sums]
    if not shares:
        return None
    return float(min(shares)) if kind == "lowest_class" else float(sum(shares) / len(shares))


def _adds_up(figure: dict, sums: tuple[Decimal, Decimal], value: float | None) -> bool:
    """Whether the ledger bears the published figure out: sums exactly, the value within the published decimals."""
    published = (figure["numerator"], figure["denominator"])
    exact = all(given is None or given == own for given, own in zip(published, sums, strict=True))
    if figure["value"] is None:
        return exact
    return exact and value is not None and abs(value - figure["value"]) <= RESOLUTION * max(1, abs(figure["value"]))


_RECORD = f"""
SELECT source_table, record_key, region_code, any_value(event_date), year, any_value(component) AS component,
  coalesce(sum(amount) FILTER ({_TOP}), 0) AS top, coalesce(sum(amount) FILTER ({_BOTTOM}), 0) AS bottom,
  any_value(reason), any_value(file_name), any_value(sheet), any_value(row_number)
FROM figure_rows WHERE role <> 'excluded' AND year IS NOT NULL AND {{}}
GROUP BY source_table, record_key, region_code, year
ORDER BY greatest(top, bottom) DESC, year, record_key, region_code LIMIT {{}}
"""


def _records(con: duckdb.DuckDBPyConnection, condition: str, most: int) -> list[Record]:
    """One line per record, its two amounts side by side, largest first."""
    return [Record(*row) for row in con.execute(_RECORD.format(condition, most)).fetchall()]


# --- Around the figure ----------------------------------------------------------------------------------------


def _rules(con: duckdb.DuckDBPyConnection, indicator: Indicator) -> list[Rule]:
    rows = _run(
        con,
        "SELECT name, label, description, source, type, object = 'switch' FROM data_dictionary"
        " WHERE object IN ('switch', 'rule_value') ORDER BY rowid",
    ).fetchall()
    rules = [
        Rule(name, label, _spelled((value or "").removeprefix("取值：")), *rest) for name, label, value, *rest in rows
    ]
    wanted = (*_RULES[indicator.code], *_VERDICT_RULES[indicator.verdict], "reporting")
    return [rule for rule in rules if rule.name.split(".")[0] in wanted or rule.name in wanted]


def _spelled(value: str) -> str:
    """A rulebook value as the dictionary writes it, for people: lists with 、 and no quotes."""
    try:
        read = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    if isinstance(read, dict):
        return "；".join(f"{name}：{_spelled(str(each))}" for name, each in read.items())
    return "、".join(map(str, read)) if isinstance(read, list) else str(read).lower()


def _parts(con: duckdb.DuckDBPyConnection, cell: dict) -> list[Part]:
    rows = _run(
        con,
        "SELECT part, part_label, value, unit, absence FROM indicator_part"
        " WHERE region = $region AND indicator = $indicator AND year = $year AND basis = $basis ORDER BY rowid", cell,
    ).fetchall()  # fmt: skip
    return [Part(*row) for row in rows]


def _judged(
    con: duckdb.DuckDBPyConnection, cell: dict, indicator: Indicator, figure: dict, rules: list[Rule]
) -> list[Judged]:
    if cell["basis"] != str(indicator.judged):
        return []
    result = _run(
        con,
        f"SELECT * FROM assessment WHERE {_CELL} ORDER BY horizon", cell,
    )  # fmt: skip
    names = [column[0] for column in result.description]
    made = []
    for values in result.fetchall():
        row = dict(zip(names, values, strict=True))
        kept = {name: row[name] for name in Judged.__slots__ if name != "sentence"}
        made.append(Judged(**kept, sentence=comparison(indicator, row, {rule.name: rule.value for rule in rules})))
    return made


# --- Since another release ------------------------------------------------------------------------------------

_RECORDS = f"""
SELECT source_table, record_key, region_code, year, sum(amount) FILTER ({_TOP}) AS top,
  sum(amount) FILTER ({_BOTTOM}) AS bottom, any_value(reason) AS reason, any_value(file_name) AS file_name,
  any_value(row_number) AS row_number
FROM {{}} WHERE year IS NOT NULL GROUP BY ALL
"""
_DIFFERENCES = f"""
SELECT source_table, record_key, year, b.top AS old_top, n.top AS new_top, b.bottom AS old_bottom,
  n.bottom AS new_bottom, b.reason AS old_reason, n.reason AS new_reason,
  coalesce(n.file_name, b.file_name) AS file_name, coalesce(n.row_number, b.row_number) AS row_number,
  b.record_key IS NULL AS added, n.record_key IS NULL AS removed
FROM ({_RECORDS.format("figure_rows")}) n
FULL JOIN ({_RECORDS.format("rows_before")}) b USING (source_table, record_key, region_code, year)
WHERE n.top IS DISTINCT FROM b.top OR n.bottom IS DISTINCT FROM b.bottom OR n.reason IS DISTINCT FROM b.reason
"""
_COUNTS = """
SELECT count(*) FILTER (added), count(*) FILTER (removed), count(*) FILTER (NOT added AND NOT removed) FROM differences
"""
_LARGEST_DIFFERENCES = """
SELECT * FROM differences ORDER BY greatest(abs(coalesce(new_top, 0) - coalesce(old_top, 0)),
  abs(coalesce(new_bottom, 0) - coalesce(old_bottom, 0))) DESC, record_key LIMIT 5
"""


def _change(con: duckdb.DuckDBPyConnection, cell: dict, figure: dict, judged: list[Judged]) -> Change | None:
    """None when the other release has no such figure."""
    before = _run(
        con,
        "SELECT release_id, as_of, value, absence, rule_version FROM before.mart.indicator_value"
        f" WHERE {_CELL}", cell,
    ).fetchone()  # fmt: skip
    if before is None:
        return None
    release_id, as_of, value, absence, rules = before
    old = dict(
        _run(
            con,
            "SELECT horizon, (verdict, target_version) FROM before.mart.assessment"
            f" WHERE {_CELL}", cell,
        ).fetchall()
    )  # fmt: skip
    _collect(con, cell, "before", "rows_before")
    con.execute(f"CREATE OR REPLACE TEMP TABLE differences AS {_DIFFERENCES}")
    counts = con.execute(_COUNTS).fetchone()
    largest = con.execute(_LARGEST_DIFFERENCES)
    names = [column[0] for column in largest.description]
    versions = {version for _, version in old.values()}
    now_version = judged[0].target_version if judged else None
    return Change(
        release_id, as_of, value, absence,
        figure["value"] - value if None not in (figure["value"], value) else None,
        {each.horizon: (old.get(each.horizon, (None,))[0], each.verdict) for each in judged},
        (rules, figure["rule_version"]) if rules != figure["rule_version"] else None,
        (min(versions), now_version) if now_version and versions and now_version not in versions else None,
        *counts, [dict(zip(names, row, strict=True)) for row in largest.fetchall()],
    )  # fmt: skip
