"""What changed in figures since another release: value, verdicts, rules, targets, and the records behind it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import duckdb

from .chosen import Cell, Chosen
from .ledger import BOTTOM, OF, TOP, collect
from .model import Change, Judged

MOST_RECORDS = 5


def changes(
    con: duckdb.DuckDBPyConnection,
    chosen: Chosen,
    figures: dict[Cell, dict[str, Any]],
    judged: dict[Cell, list[Judged]],
) -> dict[Cell, Change]:
    """The change of each figure that the catalog `before` has too. Needs the rows that `ledger` collected."""
    collect(con, chosen, "before", "rows_before")
    con.execute(f"CREATE OR REPLACE TEMP TABLE differences AS {_DIFFERENCES}")
    counts = {tuple(row[:4]): row[4:] for row in con.execute(_COUNTS).fetchall()}
    largest = _largest(con)
    verdicts: dict[Cell, dict[int, tuple[str, str]]] = defaultdict(dict)
    for *cell, horizon, verdict, version in con.execute(_VERDICTS.format(chosen.of("a"))).fetchall():
        verdicts[tuple(cell)][horizon] = (verdict, version)
    return {
        cell: _change(figures[cell], before, judged[cell], verdicts[cell], counts.get(cell, (0, 0, 0)), largest[cell])
        for *keys, before in con.execute(_FIGURES.format(chosen.of("v"))).fetchall()
        if (cell := tuple(keys)) in figures
    }


_FIGURES = """
SELECT region_code, indicator, year, basis, (release_id, as_of, value, absence, rule_version)
FROM before.mart.indicator_value v WHERE {}
"""
_VERDICTS = """
SELECT region_code, indicator, year, basis, horizon, verdict, target_version FROM before.mart.assessment a WHERE {}
"""
_RECORDS = f"""
SELECT {OF}, source_table, record_key, region_code, year, sum(amount) FILTER ({TOP}) AS top,
  sum(amount) FILTER ({BOTTOM}) AS bottom, any_value(reason) AS reason, any_value(file_name) AS file_name,
  any_value(row_number) AS row_number
FROM {{}} WHERE year IS NOT NULL GROUP BY ALL
"""
_DIFFERENCES = f"""
SELECT {OF}, source_table, record_key, year, b.top AS old_top, n.top AS new_top, b.bottom AS old_bottom,
  n.bottom AS new_bottom, b.reason AS old_reason, n.reason AS new_reason,
  coalesce(n.file_name, b.file_name) AS file_name, coalesce(n.row_number, b.row_number) AS row_number,
  b.record_key IS NULL AS added, n.record_key IS NULL AS removed
FROM ({_RECORDS.format("figure_rows")}) n
FULL JOIN ({_RECORDS.format("rows_before")}) b USING ({OF}, source_table, record_key, region_code, year)
WHERE n.top IS DISTINCT FROM b.top OR n.bottom IS DISTINCT FROM b.bottom OR n.reason IS DISTINCT FROM b.reason
"""
_COUNTS = f"""
SELECT {OF}, count(*) FILTER (added), count(*) FILTER (removed), count(*) FILTER (NOT added AND NOT removed)
FROM differences GROUP BY ALL
"""
_LARGEST = f"""
SELECT *, row_number() OVER (
  PARTITION BY {OF} ORDER BY greatest(abs(coalesce(new_top, 0) - coalesce(old_top, 0)),
    abs(coalesce(new_bottom, 0) - coalesce(old_bottom, 0))) DESC, record_key, year, source_table
) AS place
FROM differences QUALIFY place <= {MOST_RECORDS} ORDER BY {OF}, place
"""


def _largest(con: duckdb.DuckDBPyConnection) -> dict[Cell, list[dict[str, Any]]]:
    found: dict[Cell, list[dict[str, Any]]] = defaultdict(list)
    result = con.execute(_LARGEST)
    names = [column[0] for column in result.description][4:-1]
    for row in result.fetchall():
        found[row[:4]].append(dict(zip(names, row[4:-1], strict=True)))
    return found


def _change(
    figure: dict[str, Any], before: tuple, judged: list[Judged], old: dict[int, tuple[str, str]],
    counts: tuple[int, int, int], largest: list[dict[str, Any]],
) -> Change:  # fmt: skip
    release_id, as_of, value, absence, rules = before
    versions = {version for _, version in old.values()}
    now_version = judged[0].target_version if judged else None
    return Change(
        release_id, as_of, value, absence,
        figure["value"] - value if None not in (figure["value"], value) else None,
        {each.horizon: (old.get(each.horizon, (None,))[0], each.verdict) for each in judged},
        (rules, figure["rule_version"]) if rules != figure["rule_version"] else None,
        (min(versions), now_version) if now_version and versions and now_version not in versions else None,
        *counts, largest,
    )  # fmt: skip
