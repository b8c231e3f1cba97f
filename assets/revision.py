"""`mart.revision`: what changed between two releases, figure by figure, and why (变动说明).

Reads the two released databases and nothing else. The sums behind a figure move record by record; every record's move
has one cause; the effects of the causes add up to the change (`trust/decomposition.py`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from assets.trust import ledgers
from assets.trust.decomposition import (
    BASE_GDP,
    BASE_LAND,
    BOTTOM,
    GDP,
    LAND,
    TOP,
    Moves,
    Sums,
    change,
    decompose,
    main_cause,
    total,
    without,
)
from schemas import database
from schemas.indicators import HORIZONS
from schemas.marts import MARTS
from schemas.trust import VALUE_CAUSES, Cause

REDUCTION, COVERAGE = "land_per_gdp_reduction", "walk15_coverage"
#: How many records a revision names.
NAMED = 5

Cell = tuple[str, str, int, str]
Record = dict[str, Any]


def between(before: Path, now: Path) -> pl.DataFrame:
    """The rows of mart.revision for two released databases; empty where nothing changed."""
    with ledgers.opened(before, now) as con:
        return compare(con)


def compare(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The same on a connection that has both as the catalogs `before` and `now`."""
    ledgers.compare(con)
    pair = database.rows(con, "FROM pair")[0]
    moves = _Moves(con)
    made = [_revision(cell, pair, moves) for cell in database.rows(con, _CHANGED)]
    return pl.DataFrame(made, schema=_SCHEMA, orient="row")


def nothing() -> pl.DataFrame:
    """No revisions: the first release."""
    return pl.DataFrame(schema=_SCHEMA)


_POLARS = {"VARCHAR": pl.String, "INTEGER": pl.Int32, "BIGINT": pl.Int64, "DOUBLE": pl.Float64, "DATE": pl.Date}
_SCHEMA = {c.name: _POLARS.get(c.type, pl.Decimal(38, 9)) for c in MARTS["revision"].columns}

# Figures whose value, absence, verdict, rank or records differ (changes may cancel out), with both assessments.
_JUDGED = """
SELECT region_code, indicator, year, basis, max(target_version) AS target_version, {columns}
FROM {side}.mart.assessment GROUP BY ALL
"""
_JUDGED_COLUMNS = ", ".join(
    f"any_value({name}) FILTER (horizon = {horizon}) AS {name}_{horizon}"
    for horizon in HORIZONS
    for name in ("verdict", "rank", "target", "expected")
)
_JUDGED_NAMES = [f"{n}_{h}" for h in HORIZONS for n in ("verdict", "rank", "target", "expected")]
_SIDES = ", ".join(f"o.{n} AS old_{n}, m.{n} AS new_{n}" for n in ("target_version", *_JUDGED_NAMES))
_FLIPPED = " OR ".join(f"o.{n}_{h} IS DISTINCT FROM m.{n}_{h}" for h in HORIZONS for n in ("verdict", "rank"))
_CELL = "(region_code, indicator, year, basis)"
# Annual plans that came or were corrected: another path between the same straight lines. A point beside its straight line
# was planned before.
_PLAN = f"""
SELECT region_code, indicator, CASE WHEN bool_or(b.expected <> b.expected_linear) THEN '{Cause.CHANGED}'
  ELSE '{Cause.NEW}' END AS planned
FROM {ledgers.BEFORE}.mart.target_trajectory b
JOIN {ledgers.NOW}.mart.target_trajectory n USING (region_code, indicator, horizon, day)
WHERE b.expected <> n.expected AND b.expected_linear = n.expected_linear GROUP BY ALL
"""
_CHANGED = f"""
WITH plan AS ({_PLAN}), old_judged AS ({_JUDGED.format(side=ledgers.BEFORE, columns=_JUDGED_COLUMNS)}),
new_judged AS ({_JUDGED.format(side=ledgers.NOW, columns=_JUDGED_COLUMNS)})
SELECT coalesce(n.region_code, b.region_code) AS region_code, coalesce(n.region_name, b.region_name) AS region_name,
  coalesce(n.region_level, b.region_level) AS region_level, coalesce(n.indicator, b.indicator) AS indicator,
  coalesce(n.year, b.year) AS year, coalesce(n.basis, b.basis) AS basis, coalesce(n.unit, b.unit) AS unit,
  b.value AS old_value, n.value AS new_value, b.absence AS old_absence, n.absence AS new_absence,
  b.numerator AS old_numerator, n.numerator AS new_numerator, b.denominator AS old_denominator,
  n.denominator AS new_denominator, b.region_code IS NULL AS is_new, b.period_end AS old_end, n.period_end AS new_end,
  b.derived IS DISTINCT FROM n.derived AS derived_differs, planned, {_SIDES}
FROM {ledgers.BEFORE}.mart.indicator_value b
FULL JOIN {ledgers.NOW}.mart.indicator_value n USING {_CELL}
LEFT JOIN old_judged o USING {_CELL} LEFT JOIN new_judged m USING {_CELL}
LEFT JOIN plan USING (region_code, indicator)
WHERE round(b.value, 9) IS DISTINCT FROM round(n.value, 9) OR b.absence IS DISTINCT FROM n.absence OR {_FLIPPED}
OR {_CELL} IN (SELECT {_CELL} FROM moved)
ORDER BY ALL
"""


# --- One figure --------------------------------------------------------------------------------------------------


def _revision(cell: dict[str, Any], pair: dict[str, Any], moves: _Moves) -> dict[str, Any]:
    place: Cell = (cell["region_code"], cell["indicator"], cell["year"], cell["basis"])
    records = moves.records(place, cell["derived_differs"])
    row = {name: cell.get(name, pair.get(name)) for name in _SCHEMA}
    row |= {"old_rule_version": pair["old_rules"], "new_rule_version": pair["new_rules"], "records": len(records)}
    if None not in (cell["old_value"], cell["new_value"]):
        effects = _effects(cell, pair, moves, records)
        row |= {f"effect_{cause}": effect for cause, effect in effects.items()}
        row |= {"change": change(cell["old_value"], cell["new_value"]), "cause": main_cause(effects)}
    else:
        row["cause"] = _why_absence_changed(cell, pair, records)
    row["verdict_cause"] = why_flipped(cell, row["cause"], pair["rules_differ"])
    if records and not row["cause"]:  # records of which none moves the value: more stock land where all is stock land
        row["cause"] = _commonest(records)
    row["top_records"] = _named(place, records, moves.new_sums(cell))
    return row


def _effects(cell: dict, pair: dict, moves: _Moves, records: list[Record]) -> dict[Cause, Any]:
    by_cause: dict[Cause, list[Sums]] = defaultdict(list)
    for record in records:
        for cause, move in record["moves"].items():
            by_cause[cause].append(move)
    summed: Moves = {cause: total(found) for cause, found in by_cause.items()}
    unexplained = Cause.RULE if pair["rules_differ"] else Cause.OTHER
    old = moves.old_sums(cell)
    return decompose(cell["indicator"], old, summed, cell["old_value"], cell["new_value"], unexplained)


def _why_absence_changed(cell: dict, pair: dict, records: list[Record]) -> Cause:
    """A figure that appeared, vanished or changed its reason has no effects, but it has a cause."""
    if cell["is_new"] and cell["year"] > pair["old_as_of"].year:
        return Cause.TIME
    if records:
        return _commonest(records)
    if cell["new_absence"] and (cell["old_absence"] or cell["is_new"]):
        return Cause.TIME  # 未到期 became 未报 at the turn of the year
    return Cause.RULE if pair["rules_differ"] else Cause.NEW


def _commonest(records: list[Record]) -> Cause:
    causes = [cause for record in records for cause in record["moves"]]
    return max(VALUE_CAUSES, key=causes.count)


def why_flipped(cell: dict[str, Any], value_cause: Cause | None, rules_differ: bool) -> Cause | None:
    """Why a verdict or rank differs: what the verdict is measured against comes before the value itself.

    None where both horizons' verdicts and ranks are the same.
    """
    flipped = [h for h in HORIZONS if _differs(cell, f"verdict_{h}") or _differs(cell, f"rank_{h}")]
    if not flipped:
        return None
    verdicts = [h for h in flipped if _differs(cell, f"verdict_{h}")]
    if any(_differs(cell, f"target_{h}") for h in verdicts):
        replaced = cell["old_target_version"] and _differs(cell, "target_version")  # a row of a new year had none
        return Cause.TARGET if replaced else value_cause or Cause.BASELINE
    if cell["planned"] and any(_differs(cell, f"expected_{h}") for h in verdicts):
        return Cause(cell["planned"])
    if value_cause:
        return value_cause
    if not verdicts:
        return Cause.RANKING
    if rules_differ:
        return Cause.RULE
    moved = cell["old_end"] != cell["new_end"]
    return Cause.TIME if moved or not any(_differs(cell, f"expected_{h}") for h in verdicts) else Cause.CHANGED


def _differs(cell: dict[str, Any], name: str) -> bool:
    return cell[f"old_{name}"] != cell[f"new_{name}"]


def _named(place: Cell, records: list[Record], sums: Sums) -> str | None:
    """The records with the largest effect, as JSON."""
    if not records:
        return None
    largest = sorted(records, key=lambda each: (-each["size"], each["record_key"]))[: 2 * NAMED]
    made = [
        {
            "source_table": each["source_table"], "record_key": each["record_key"],
            "cause": "、".join(each["moves"]),
            "effect": _float(without(place[1], sums, total(each["moves"].values()))),
            "file_name": each["file_name"], "sheet": each["sheet"], "row_number": each["row_number"],
        }
        for each in largest
    ]  # fmt: skip
    made.sort(key=lambda each: -abs(each["effect"] or 0))
    return json.dumps(made[:NAMED], ensure_ascii=False)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


# --- What moved the sums -----------------------------------------------------------------------------------------


class _Moves:
    """The changed records of every figure, and the sums before and after."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.touched = {
            (each["indicator"], each["source_table"], each["record_key"]): each
            for each in database.rows(con, "FROM touched")
        }
        self._records: dict[Cell, dict[tuple[str, str], Record]] = defaultdict(dict)
        for row in database.rows(con, "FROM moved"):
            self._keep(row)
        self._classes = _classes(con)
        self._intensity = _Intensity(con, self.touched)

    def records(self, place: Cell, derived_differs: bool) -> list[Record]:
        if place[1] == REDUCTION:
            return self._intensity.records(place, derived_differs)
        return list(self._records[place].values())

    def old_sums(self, cell: dict[str, Any]) -> Sums:
        return self._sums(cell, "old", ledgers.BEFORE)

    def new_sums(self, cell: dict[str, Any]) -> Sums:
        return self._sums(cell, "new", ledgers.NOW)

    def _sums(self, cell: dict[str, Any], prefix: str, side: str) -> Sums:
        place = (cell["region_code"], cell["indicator"], cell["year"], cell["basis"])
        if cell["indicator"] == REDUCTION:
            return self._intensity.sums(side, place)
        if cell["indicator"] == COVERAGE:
            return self._classes.get((side, cell["region_code"], cell["year"]), {})
        return {TOP: Fraction(cell[f"{prefix}_numerator"] or 0), BOTTOM: Fraction(cell[f"{prefix}_denominator"] or 0)}

    def _keep(self, row: dict[str, Any]) -> None:
        place: Cell = (row["region_code"], row["indicator"], row["year"], row["basis"])
        kept = self._records[place].setdefault(
            (row["source_table"], row["record_key"]),
            {name: row[name] for name in ("source_table", "record_key", "file_name", "sheet", "row_number")}
            | {"size": 0, "moves": {Cause(row["cause"]): {}}},
        )
        (move,) = kept["moves"].values()
        move[TOP[0], row["component"]] = Fraction(row["top"])
        move[BOTTOM[0], row["component"]] = Fraction(row["bottom"])
        kept["size"] += abs(row["top"]) + abs(row["bottom"])


def _classes(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, int], Sums]:
    """Covered and residential land of indicator 8 by side, region, year and facility class."""
    found: dict[tuple[str, str, int], dict] = defaultdict(dict)
    rows = con.execute(
        "SELECT side, figure_region, year, component, sum(amount) FILTER (role IN ('numerator', 'both')),"
        " sum(amount) FILTER (role IN ('denominator', 'both')) FROM placed"
        f" WHERE indicator = '{COVERAGE}' GROUP BY ALL"
    )
    for side, region, year, component, top, bottom in rows.fetchall():
        found[side, region, year] |= {
            ("top", component): Fraction(top or 0), ("bottom", component): Fraction(bottom or 0)
        }  # fmt: skip
    return found


class _Intensity:
    """Indicator 7 taken apart again: land from the survey rows, GDP from what they were divided by."""

    def __init__(self, con: duckdb.DuckDBPyConnection, touched: dict) -> None:
        self.touched = touched
        self._land: dict[tuple[str, Cell], dict] = defaultdict(dict)  # (role, key) → area in 公顷
        self._gdp: dict[tuple[str, Cell], set[str]] = defaultdict(set)
        self._amounts: dict[tuple[str, Cell, str], Fraction] = defaultdict(Fraction)
        for row in database.rows(con, f"SELECT * FROM placed WHERE indicator = '{REDUCTION}'"):
            self._keep(row)

    def _keep(self, row: dict[str, Any]) -> None:
        place: Cell = (row["figure_region"], REDUCTION, row["year"], row["basis"])
        if row["source_table"] == "gdp":
            self._gdp[row["side"], place].add(row["record_key"])
            return
        self._land[row["side"], place][row["role"], row["record_key"]] = Fraction(row["record_amount_mu"]) / 15
        self._amounts[row["side"], place, row["role"]] += Fraction(row["amount"])

    def sums(self, side: str, place: Cell) -> Sums:
        land = self._land.get((side, place), {})

        def area(role: str) -> Fraction:
            return sum((amount for (of, _), amount in land.items() if of == role), Fraction(0))

        def gdp(role: str) -> Fraction:
            amount = self._amounts[side, place, role]
            return area(role) / amount if amount else Fraction(0)

        return {LAND: area("numerator"), GDP: gdp("numerator"), BASE_LAND: area("denominator"),
                BASE_GDP: gdp("denominator")}  # fmt: skip

    def records(self, place: Cell, derived_differs: bool) -> list[Record]:
        """Survey rows that changed, each with its move; the GDP of both years moves at once, as one record."""
        old, new = (self._land.get((side, place), {}) for side in (ledgers.BEFORE, ledgers.NOW))
        made: dict[str, Record] = {}
        for role, key in sorted({*old, *new}):
            moved = new.get((role, key), Fraction(0)) - old.get((role, key), Fraction(0))
            if moved:
                cause = Cause.NEW if derived_differs else self._cause("construction_land", key)
                part, cause = (LAND, cause) if role == "numerator" else (BASE_LAND, Cause.BASELINE)
                record = made.setdefault(key, self._record("construction_land", key))
                record["moves"][cause] = {**record["moves"].get(cause, {}), part: moved}
                record["size"] += abs(moved)
        return [*made.values(), *self._gdp_records(place, derived_differs)]

    def _gdp_records(self, place: Cell, derived_differs: bool) -> list[Record]:
        then, now = self.sums(ledgers.BEFORE, place), self.sums(ledgers.NOW, place)
        moved = {part: now[part] - then[part] for part in (GDP, BASE_GDP) if then[part] and now[part]}
        keys = sorted(self._gdp[ledgers.NOW, place] | self._gdp[ledgers.BEFORE, place])
        changed = [key for key in keys if (REDUCTION, "gdp", key) in self.touched]
        if not any(moved.values()) or not (changed or derived_differs):
            return []
        record = self._record("gdp", (changed or keys)[0])
        record["record_key"] = "、".join(changed or keys)
        cause = Cause.NEW if derived_differs else Cause.VINTAGE
        return [record | {"moves": {cause: moved}, "size": sum(map(abs, moved.values()))}]

    def _cause(self, table: str, key: str) -> Cause:
        known = self.touched.get((REDUCTION, table, key))
        return Cause(known["cause"]) if known else Cause.LINKED

    def _record(self, table: str, key: str) -> Record:
        known = self.touched.get((REDUCTION, table, key), {})
        where = {name: known.get(name) for name in ("file_name", "sheet", "row_number")}
        return {"source_table": table, "record_key": key, **where, "moves": {}, "size": 0}
