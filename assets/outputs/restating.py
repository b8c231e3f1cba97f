"""Restatements (变动与重述): what differs from the release before, and an evaluation made again on final data.

Reads released files as `loading` does. An evaluation falls before its year's data are final (rulebook §11): it is made
during the last year with forecasts, and made again later; the two are compared here, cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

from assets.outputs import format as shown
from assets.outputs import model
from schemas.indicators import HORIZONS, INDICATORS
from schemas.trust import CAUSES

KINDS = dict(zip(HORIZONS, ("midterm", "final"), strict=True))
_SQL = "SELECT * FROM {} ORDER BY region_code, indicator, year, basis"

# --- Since the release before ----------------------------------------------------------------------------------------


def revisions(source, regions: dict[str, model.Region], cells: dict) -> model.Revisions | None:
    """Rows of mart.revision: verdicts that flipped first, then the newest years."""
    rows = source.rows(_SQL.format("revision"))
    if not rows:
        return None
    wanted = [
        _revised(row, regions[row["region_code"]], cells)
        for row in rows
        if row["region_level"] != "county" and row["basis"] == INDICATORS[row["indicator"]].judged
    ]
    order = list(INDICATORS)
    wanted.sort(
        key=lambda each: (not each.flips, -each.year, each.region.code, order.index(each.indicator))
    )  # fmt: skip
    first = rows[0]
    return model.Revisions(
        first["old_release_id"], first["old_as_of"], tuple(wanted), len(rows), _SQL.format("mart.revision")
    )


def _revised(row: dict[str, Any], region: model.Region, cells: dict) -> model.Revised:
    old, new, unit = row["old_value"], row["new_value"], row["unit"]
    judged = next(
        (cells.get((region.code, row["indicator"], row["year"], h)) for h in HORIZONS if row["year"] <= h), None
    )
    same = judged is not None and judged.value == new
    difference = None if old is None or new is None else _minus(new, old)
    label, label_en, _ = CAUSES[row["cause"] or row["verdict_cause"]]
    return model.Revised(
        region, row["indicator"], row["year"], row["basis"], unit,
        old, _text(old, row["old_absence"], unit), new, judged.text if same else _text(new, row["new_absence"], unit),
        difference, shown.gap(difference, unit), label, label_en, tuple(_flips(row)), row["records"] or 0,
    )  # fmt: skip


def _text(value: float | None, absence: str | None, unit: str) -> str:
    return shown.word(absence) if value is None else shown.number(value, unit)


def _flips(row: dict[str, Any]) -> Iterable[str]:
    for horizon in HORIZONS:
        old, new = row[f"old_verdict_{horizon}"], row[f"new_verdict_{horizon}"]
        if old and new and old != new:
            yield f"{horizon}年目标：{shown.word(old)}→{shown.word(new)}"


# --- An evaluation made again ----------------------------------------------------------------------------------------


def horizon_made_again(as_of: date) -> int | None:
    """The target year whose evaluation may be made again: the latest that is over."""
    return max((horizon for horizon in HORIZONS if as_of > date(horizon, 12, 31)), default=None)


def restatement(
    before: dict[tuple, model.Cell], after: dict[tuple, model.Cell], regions: Iterable[model.Region], horizon: int,
    old_release_id: str, old_as_of: date,
) -> model.Restatement:  # fmt: skip
    """Cells of the target year against its own target, as first judged and as judged now, side by side."""
    rows = []
    for region in regions:
        for code, indicator in INDICATORS.items():
            key = (region.code, code, horizon, horizon)
            if key in before and key in after:
                rows.append(_restated(region, indicator, before[key], after[key]))
    return model.Restatement(KINDS[horizon], horizon, old_release_id, old_as_of, tuple(rows))


def _restated(region: model.Region, indicator, before: model.Cell, after: model.Cell) -> model.Restated:
    made = before.forecast
    change = _difference(after.value, before.value)
    error = _difference(after.value, made.value if made else None)
    inside = None if error is None else made.low <= after.value <= made.high
    return model.Restated(
        region, indicator, before, after, change, shown.gap(change, after.unit), error,
        shown.gap(error, after.unit), inside, before.verdict != after.verdict,
    )  # fmt: skip


def _difference(value: float | None, mark: float | None) -> float | None:
    return None if value is None or mark is None else _minus(value, mark)


def _minus(one: float, other: float) -> float:
    """Exact on what the doubles are written as: 58.9 − 58.5 is 0.4."""
    return float(Fraction(shown.exact(one)) - Fraction(shown.exact(other)))
