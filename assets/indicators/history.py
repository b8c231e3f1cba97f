"""Figures of past days: what was known at every month end and on every release day (rulebook §0, two clocks).

Most records never change after they came: from then on they stand in the ledger as they do today. These are *settled*;
what they add up to on a past day is a sum over today's ledger, and only the others are computed anew day by day.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb
import polars as pl

from assets import core
from assets.circumstances import is_fresh
from assets.context import Context
from assets.indicators import inputs as inputs_layer
from assets.indicators import module, years
from assets.indicators.inputs import Inputs, Timeline
from assets.warehouse import append
from schemas.indicators import INDICATORS
from schemas.submissions import TABLES


def history_days(first: date, as_of: date, release_days: set[date]) -> list[date]:
    """Days whose knowledge is kept: every month end from the first receipt on, every release day, and the as-of day."""
    days, day = {as_of}, first
    while day <= as_of:
        month_end = day.replace(day=calendar.monthrange(day.year, day.month)[1])
        days |= {month_end} if month_end <= as_of else set()
        day = month_end + timedelta(days=1)
    return sorted(days | {day for day in release_days if first <= day <= as_of})


def derive_history(con: duckdb.DuckDBPyConnection, days: dict[date, Context]) -> int:
    """Compute the figures of past days that are not kept yet, or whose inputs arrived late; returns how many days."""
    missing = _missing(con, days)
    if not missing:
        return 0
    last = max(missing.values(), key=lambda context: context.as_of)
    wanted, pasts = years(con, last.as_of), _Pasts(con, last)
    con.begin()  # one transaction: what grows in it is written once, not day by day
    try:
        for day, context in missing.items():
            until = [year for year in wanted if year <= day.year]
            stamp = {"known_on": day, "inputs": core.fingerprint(con, day), "rule_version": context.rules.label}
            figures = pl.concat([pasts.figures(code, context, until) for code in INDICATORS])
            con.execute("DELETE FROM indicator.history WHERE known_on = ?", [day])
            append(con, "indicator.history", figures.with_columns(**{name: pl.lit(v) for name, v in stamp.items()}))
        con.commit()
    except BaseException:
        con.rollback()
        raise
    return len(missing)


def _missing(con: duckdb.DuckDBPyConnection, days: dict[date, Context]) -> dict[date, Context]:
    kept = set(con.execute("SELECT DISTINCT known_on, inputs, rule_version FROM indicator.history").fetchall())
    known = {day: (day, core.fingerprint(con, day), context.rules.label) for day, context in days.items()}
    several = {day for day in days if sum(each[0] == day for each in kept) > 1}
    return {day: context for day, context in days.items() if known[day] not in kept or day in several}


# --- What was known ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Past:
    """One indicator's inputs on any day: its records, without the settled ones where `settled` has their sums."""

    records: Timeline
    settled: pl.DataFrame | None

    def at(self, day: date) -> Inputs:
        known = self.records.at(day)
        if self.settled is None:
            return known
        return replace(known, settled=self.settled.filter(pl.col("known_from") <= day).drop("known_from"))


class _Pasts:
    """The inputs of all indicators up to a last day, read once; whole where its ledger cannot be relied on."""

    def __init__(self, con: duckdb.DuckDBPyConnection, last: Context):
        self.con, self.last = con, last
        self.fresh = {code: is_fresh(con, code, last) for code in INDICATORS}
        self.read: dict[tuple[str, bool], _Past] = {}
        for table in TABLES.values():
            con.execute(
                f"CREATE OR REPLACE TEMP VIEW known_{table.name} AS SELECT c.*, s.received_on FROM core.{table.name} c"
                f" JOIN raw.submission s USING (submission_id) WHERE s.received_on <= DATE '{last.as_of}'"
            )

    def figures(self, code: str, context: Context, wanted: list[int]) -> pl.DataFrame:
        """The figures of an indicator as they were known under a context; the last day's are those in the warehouse."""
        as_today = self.fresh[code] and context.rules.label == self.last.rules.label
        if as_today and context.as_of == self.last.as_of:
            return self.con.execute("SELECT * FROM indicator.figure WHERE indicator = ?", [code]).pl()
        if (code, as_today) not in self.read:
            self.read[code, as_today] = _past(self.con, code, self.last, as_today)
        then = self.read[code, as_today].at(context.as_of)
        made = module(code).derive(then, context, wanted).figures
        return made.select(pl.lit(code).alias("indicator"), pl.all())


def _past(con: duckdb.DuckDBPyConnection, code: str, last: Context, as_today: bool) -> _Past:
    needs = module(code).NEEDS
    if not as_today or code not in _UNSETTLED:
        return _Past(inputs_layer.timeline(con, needs, last), None)
    only = {table: _unsettled(con, code, table) for table in _UNSETTLED[code]}
    only |= {table: query.format(**only) for table, query in _LOOKED_UP.get(code, {}).items()}
    return _Past(inputs_layer.timeline(con, needs, last, only), _settled(con, code, only))


def _unsettled(con: duckdb.DuckDBPyConnection, code: str, table: str) -> str:
    """Find the record keys of a table that are not settled for an indicator, once; a query for them."""
    kept = f"unsettled_{code}_{table}"
    keys = " UNION ".join(query.replace("{table}", table) for query in _UNSETTLED[code][table])
    con.execute(f"CREATE OR REPLACE TEMP TABLE {kept} AS {keys}")
    return f"SELECT record_key FROM {kept}"


# Record keys that are not settled for an indicator: what was revised, and what depends on a record that came later.
# Grouped by hash, which is much quicker than by text; an accident only sends a record the longer way.
_REVISED = (
    "SELECT DISTINCT record_key FROM known_{table} WHERE hash(record_key) IN"
    " (SELECT hash(record_key) FROM known_{table} GROUP BY ALL HAVING count(*) > 1)"
)
_SHARED_PARCEL = (
    "SELECT record_key FROM known_{table} WHERE hash(parcel_code) IN (SELECT hash(parcel_code) FROM ("
    "SELECT parcel_code FROM known_land_supply UNION ALL SELECT parcel_code FROM known_inefficient_land"
    " UNION ALL SELECT parcel_code FROM known_idle_land) WHERE parcel_code IS NOT NULL GROUP BY ALL HAVING count(*) > 1)"
)
_EXEMPTED = "SELECT record_key FROM known_far_exemption"
_SUPPLY_CAME_LATER = (
    "SELECT p.record_key FROM known_inefficient_land p JOIN known_land_supply s"
    " ON s.record_key = p.supply_supervision_no GROUP BY ALL"
    " HAVING count(*) > 1 OR max(s.received_on) > min(p.received_on)"
)
_BATCH_IN_DOUBT = (
    "SELECT record_key FROM known_unsupplied_digestion WHERE approval_no IN (SELECT approval_no"
    " FROM known_approved_unsupplied b JOIN known_unsupplied_digestion d USING (approval_no) GROUP BY ALL"
    " HAVING count(DISTINCT b.submission_id) > 1 OR max(b.received_on) > min(d.received_on) OR sum(digested_area_mu)"
    " > min(coalesce(remaining_area_mu, approved_area_mu - coalesce(supplied_area_mu, 0))))"
)
_CLAIMS = (_REVISED, _SHARED_PARCEL)
_UNSETTLED: dict[str, dict[str, tuple[str, ...]]] = {
    "activated_stock_land": {"land_supply": _CLAIMS, "inefficient_land": _CLAIMS, "idle_land": _CLAIMS},
    "redeveloped_inefficient_land": {"inefficient_land": (_REVISED, _SUPPLY_CAME_LATER)},
    "unsupplied_digestion_rate": {"unsupplied_digestion": (_REVISED, _BATCH_IN_DOUBT)},
    "idle_disposal_rate": {"idle_land": (_REVISED,)},
    "stock_supply_share": {"land_supply": (_REVISED,)},
    "industrial_far": {"land_supply": (_REVISED, _EXEMPTED)},
}
# Where unsettled records are looked up in another table: only what they name is needed of it.
_LOOKED_UP: dict[str, dict[str, str]] = {
    "redeveloped_inefficient_land": {
        "land_supply": "SELECT supply_supervision_no FROM known_inefficient_land"
        " WHERE record_key IN ({inefficient_land})"
    },
    "unsupplied_digestion_rate": {
        "approved_unsupplied": "SELECT approval_no FROM known_unsupplied_digestion"
        " WHERE record_key IN ({unsupplied_digestion})"
    },
}


def _settled(con: duckdb.DuckDBPyConnection, code: str, unsettled: dict[str, str]) -> pl.DataFrame:
    """Sums of settled ledger rows by place, year and the day from which they count: received, and happened."""
    tops, bottoms = "role IN ('numerator', 'both')", "role IN ('denominator', 'both')"
    keys = " UNION ALL ".join(
        f"SELECT '{table}' AS source_table, record_key FROM ({query}) AS unsettled(record_key)"
        for table, query in unsettled.items()
        if table in _UNSETTLED[code]
    )
    tables = ", ".join(f"'{table}'" for table in _UNSETTLED[code])
    return con.execute(
        "SELECT l.region_code, l.city_code, l.year, greatest(s.received_on, l.event_date) AS known_from,"
        f" coalesce(sum(amount) FILTER ({tops}), 0) AS top, coalesce(sum(amount) FILTER ({bottoms}), 0) AS bottom,"
        f" coalesce(sum(published) FILTER ({tops}), 0) AS numerator,"
        f" coalesce(sum(published) FILTER ({bottoms}), 0) AS denominator,"
        " count(*) FILTER (role <> 'excluded') AS records, count(*) FILTER (role = 'excluded') AS excluded,"
        " bool_or(l.profile = 'landchina') AS public"
        f" FROM indicator.{code} l JOIN raw.submission s USING (submission_id)"
        f" ANTI JOIN ({keys}) u ON u.source_table = l.source_table AND u.record_key = l.record_key"
        f" WHERE l.source_table IN ({tables}) AND l.year IS NOT NULL AND l.city_code IS NOT NULL GROUP BY ALL"
    ).pl()
