"""Jumps between two releases that somebody has to look at (合理性核验), and who has (说明). Limits are data.

Cities and the province only: a county's single parcel may rightly move its share by 50 points.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from assets.home import Home
from assets.trust import journal
from assets.trust.journal import Refused
from schemas.policy import Plausibility

OPEN, ACKNOWLEDGED = "open", "acknowledged"
FACTOR, POINTS, VANISHED = "factor", "points", "vanished"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody looked at a figure's jump and said why it is right, until a day (included)."""

    region_code: str
    indicator: str
    year: int
    basis: str | None  # None: every basis
    acknowledged_by: str
    acknowledged_on: date
    reason: str
    expires_on: date


_SCHEMA = {
    "region_code": pl.String, "region_level": pl.String, "indicator": pl.String, "year": pl.Int32, "basis": pl.String,
    "old_release_id": pl.String, "old_value": pl.Float64, "new_value": pl.Float64, "unit": pl.String,
    "kind": pl.String, "jump": pl.Float64, "limit": pl.Float64, "cause": pl.String, "state": pl.String,
    "acknowledged_by": pl.String, "acknowledged_on": pl.Date, "reason": pl.String, "expires_on": pl.Date,
}  # fmt: skip


def judge(
    revisions: pl.DataFrame, limits: Plausibility, acknowledged: list[Acknowledgement], as_of: date
) -> pl.DataFrame:
    """Rows of mart.revision → rows of mart.plausibility: the jumps beyond limits, each acknowledged or open."""
    rows = []
    for row in revisions.filter(pl.col("region_level") != "county").iter_rows(named=True):
        if jump := _jump(row, limits):
            said = _acknowledgement(row, acknowledged, as_of)
            known = {name: row[name] for name in _SCHEMA if name in row}
            rows.append(known | jump | (said or {"state": OPEN}))
    return pl.DataFrame([dict.fromkeys(_SCHEMA) | row for row in rows], schema=_SCHEMA, orient="row")


def _jump(row: dict[str, Any], limits: Plausibility) -> dict[str, Any] | None:
    old, new = row["old_value"], row["new_value"]
    if old is None:
        return None
    if new is None:
        return {"kind": VANISHED, "jump": None, "limit": None} if limits.vanished else None
    limit = limits.limit(row["indicator"], row["basis"])
    moved, low, high = abs(new - old), *sorted((abs(old), abs(new)))
    if "points" in limit and moved > limit["points"]:
        return {"kind": POINTS, "jump": moved, "limit": float(limit["points"])}
    if "factor" in limit and moved > limit["floor"] and high > limit["factor"] * low:
        return {"kind": FACTOR, "jump": high / low if low else None, "limit": float(limit["factor"])}
    return None


def _acknowledgement(row: dict[str, Any], known: list[Acknowledgement], as_of: date) -> dict[str, Any] | None:
    """The latest acknowledgement of this figure that is in force on the day."""
    for each in reversed(known):
        same = (each.region_code, each.indicator, each.year) == (row["region_code"], row["indicator"], row["year"])
        if same and each.basis in (None, row["basis"]) and each.acknowledged_on <= as_of <= each.expires_on:
            said = {
                name: getattr(each, name) for name in ("acknowledged_by", "acknowledged_on", "reason", "expires_on")
            }
            return said | {"state": ACKNOWLEDGED}
    return None


# --- Acknowledgements --------------------------------------------------------------------------------------------


def acknowledgements(home: Home) -> list[Acknowledgement]:
    """All of them, in the order in which they were given."""
    return [
        Acknowledgement(
            **{name: line[name] for name in ("region_code", "indicator", "year", "basis", "reason")},
            acknowledged_by=line["by"], acknowledged_on=datetime.fromisoformat(line["at"]).date(),
            expires_on=date.fromisoformat(line["expires_on"]),
        )
        for line in journal.read(home, journal.ACKNOWLEDGEMENTS)
    ]  # fmt: skip


def acknowledge(
    home: Home, region_code: str, indicator: str, year: int, basis: str | None, reason: str, by: str, until: date,
    at: datetime,
) -> Acknowledgement:  # fmt: skip
    """Record an acknowledgement. Raises Refused when it would have expired before it begins."""
    if until < at.date():
        raise Refused(
            f"有效期止 {until} 早于今天 {at.date()}，说明不会生效。请用 --until 给出今天或以后的日期",
            f"--until {until} lies before today, {at.date()}: it would have no effect",
        )
    line = {
        "at": at.isoformat(timespec="seconds"), "by": by, "region_code": region_code, "indicator": indicator,
        "year": year, "basis": basis, "reason": reason, "expires_on": until.isoformat(),
    }  # fmt: skip
    journal.append(home, journal.ACKNOWLEDGEMENTS, lambda _: line)
    return acknowledgements(home)[-1]
