"""Any published figure taken apart (说明): formula, switches, the records behind it, exclusions, target and verdict.

Reads released files only. What it sums is re-added here from the ledger, with the one rule of which rows make a figure
(`schemas.marts.FIGURE_ROWS`), and held against what was published. One figure and all figures go the same way, each
part of the explanation by one query for all that are chosen.
"""

from __future__ import annotations

import ast
import contextlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from schemas import database
from schemas.indicators import FIRST_YEAR, INDICATORS, Basis, Indicator, VerdictKind

from .change import changes
from .chosen import Cell, Chosen, UnknownFigure, find_indicator, find_region
from .ledger import Ledger, ledgers
from .missing import lacks
from .model import Change, Explanation, Judged, Part, Rule
from .sums import add_up, adds_up, recompute
from .words import Sentence, absence_words, comparison

__all__ = ["UnknownFigure", "explain", "explain_all", "find_indicator", "find_region", "opened"]

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


# --- Asking ---------------------------------------------------------------------------------------------------


def explain(
    release_db: Path, region: str, indicator: str, year: int, basis: str | None = None, previous: Path | None = None
) -> Explanation:
    """Explain one figure of a released file; `previous`: the file of the release to compare with.

    `region`: code or name (330100, 杭州, 杭州市); `indicator`: code, number 1–8 or label; `basis`: the judged one by
    default. Raises UnknownFigure, naming what there is.
    """
    with opened(release_db, previous) as con:
        asked = find_indicator(indicator)
        chosen = Chosen(find_region(con, region), asked.code, year, basis or _usual(asked, year))
        for made in explain_all(con, chosen, compare=previous is not None):
            return made
        raise _missing(con, asked, chosen)


def _usual(indicator: Indicator, year: int) -> str:
    """The basis that is meant when none is named: periods begin with the plan, before there are years only."""
    return str(indicator.judged if year >= FIRST_YEAR else Basis.ANNUAL)


@contextlib.contextmanager
def opened(release_db: Path, previous: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both files read-only, as the catalogs `now` and `before`."""
    with database.connect() as con:
        for name, path in (("now", release_db), ("before", previous)):
            if path is not None:
                con.execute(f"ATTACH {database.quoted(path)} AS {name} (READ_ONLY)")
        con.execute("USE now.mart")
        yield con


def explain_all(con: duckdb.DuckDBPyConnection, chosen: Chosen, compare: bool = False) -> Iterator[Explanation]:
    """The chosen figures on files that are `opened`, one after the other; `compare`: with the one called `before`."""
    dictionary = _dictionary(con)
    figures, parts = _figures(con, chosen), _parts(con, chosen)
    found = ledgers(con, chosen, dictionary.reasons)
    judged = _judged(con, chosen, dictionary)
    changed = changes(con, chosen, figures, judged) if compare else {}
    lacking = lacks(con, figures)
    for cell, figure in figures.items():
        why = absence_words(INDICATORS[figure["indicator"]], figure, lacking.get(cell, []))
        yield _explanation(figure, why, dictionary, found[cell], parts[cell], judged[cell], changed.get(cell))


_COPIED = (
    "region_code", "region_name", "region_level", "indicator", "year", "basis", "period_start", "period_end", "as_of",
    "release_id", "rule_version", "value", "unit", "data_state", "derived", "flags", "absence", "numerator",
    "denominator", "part_unit", "record_count", "excluded_count",
)  # fmt: skip


def _explanation(
    figure: dict[str, Any], why_absent: Sentence | None, dictionary: _Dictionary, ledger: Ledger, parts: list[Part],
    judged: list[Judged], change: Change | None,
) -> Explanation:  # fmt: skip
    asked = INDICATORS[figure["indicator"]]
    rules = dictionary.rules_of(asked)
    sums, value = add_up(ledger.counted), recompute(asked, ledger.counted, rules, parts)
    return Explanation(
        **{name: figure[name] for name in _COPIED}, label=asked.label, label_en=asked.label_en,
        formula=dictionary.formulas.get(asked.code) or asked.formula, formula_en=asked.formula_en,
        section=asked.section, rules=rules, target_version=judged[0].target_version if judged else None,
        why_absent=why_absent,
        numerator_sum=sums[0], denominator_sum=sums[1], recomputed=None if figure["absence"] else value,
        adds_up=adds_up(figure, sums, value), groups=ledger.counted, exclusions=ledger.excluded,
        undated=ledger.undated, largest=ledger.largest, largest_excluded=ledger.largest_excluded,
        divisors=ledger.divisors, parts=parts, judged=judged, change=change, bases=[str(each) for each in asked.bases],
    )  # fmt: skip


def _missing(con: duckdb.DuckDBPyConnection, asked: Indicator, chosen: Chosen) -> UnknownFigure:
    """What there is instead of a figure that is not in the release."""
    there = con.execute(
        "SELECT DISTINCT year, basis FROM indicator_value v"
        f" WHERE {Chosen(chosen.region_code, asked.code).of('v')} ORDER BY ALL"
    ).fetchall()
    listed = [f"{year} {basis}" for year, basis in there]
    return UnknownFigure(
        f"本发布里没有 {asked.label} {chosen.year} 年（{chosen.basis}）的指标值；有：{'、'.join(listed)}",
        f"no figure of {asked.code} for {chosen.year} ({chosen.basis}); there are: {', '.join(listed)}",
    )


# --- What a release says of its figures -----------------------------------------------------------------------


@dataclass(slots=True)
class _Dictionary:
    """What the data dictionary of the release says of formulas, reasons and rules."""

    formulas: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)

    def rules_of(self, indicator: Indicator) -> list[Rule]:
        wanted = (*_RULES[indicator.code], *_VERDICT_RULES[indicator.verdict], "reporting")
        return [rule for rule in self.rules if rule.name.split(".")[0] in wanted or rule.name in wanted]


def _dictionary(con: duckdb.DuckDBPyConnection) -> _Dictionary:
    rows = con.execute(
        "SELECT object, name, label, description, source, type, label_en FROM data_dictionary"
        " WHERE object IN ('indicator', 'reason', 'switch', 'rule_value') ORDER BY rowid"
    ).fetchall()
    made = _Dictionary()
    for kind, name, label, description, source, confidence, label_en in rows:
        if kind == "indicator":
            made.formulas[name] = description
        elif kind == "reason":
            made.reasons[name] = label
        else:
            value = _spelled((description or "").removeprefix("取值："))
            made.rules.append(Rule(name, label, value, source, confidence, kind == "switch", label_en or ""))
    return made


def _spelled(value: str) -> str:
    """A rulebook value as the dictionary writes it, for people: lists with 、 and no quotes."""
    try:
        read = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    if isinstance(read, dict):
        return "；".join(f"{name}：{_spelled(str(each))}" for name, each in read.items())
    return "、".join(map(str, read)) if isinstance(read, list) else str(read).lower()


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[Cell, dict[str, Any]]]:
    """Rows by name, each with the figure that it belongs to."""
    for row in database.rows(con, sql):
        yield (row["region_code"], row["indicator"], row["year"], row["basis"]), row


def _figures(con: duckdb.DuckDBPyConnection, chosen: Chosen) -> dict[Cell, dict[str, Any]]:
    return dict(_rows(con, f"SELECT * FROM indicator_value v WHERE {chosen.of('v')} ORDER BY rowid"))


_OF_A_PART = ("part", "part_label", "value", "unit", "absence", "part_label_en")


def _parts(con: duckdb.DuckDBPyConnection, chosen: Chosen) -> dict[Cell, list[Part]]:
    found: dict[Cell, list[Part]] = defaultdict(list)
    parts = "(SELECT rowid AS place, * RENAME (region AS region_code) FROM indicator_part)"
    for cell, row in _rows(con, f"SELECT * FROM {parts} p WHERE {chosen.of('p')} ORDER BY place"):
        found[cell].append(Part(*(row[name] for name in _OF_A_PART)))
    return found


_KEPT = tuple(name for name in Judged.__slots__ if name != "sentence")


def _judged(con: duckdb.DuckDBPyConnection, chosen: Chosen, dictionary: _Dictionary) -> dict[Cell, list[Judged]]:
    """The assessments of figures on the basis that their indicator is judged on."""
    found: dict[Cell, list[Judged]] = defaultdict(list)
    values = {code: {rule.name: rule.value for rule in dictionary.rules_of(each)} for code, each in INDICATORS.items()}
    for cell, row in _rows(con, f"SELECT * FROM assessment a WHERE {chosen.of('a')} ORDER BY horizon"):
        asked = INDICATORS[row["indicator"]]
        if row["basis"] == str(asked.judged):
            sentence = comparison(asked, row, values[asked.code])
            found[cell].append(Judged(**{name: row[name] for name in _KEPT}, sentence=sentence))
    return found
