"""Figures of past days: what was known at every month end and on every release day (rulebook §0, two clocks).

Most records never change after they came: from then on they stand in the ledger as they do today. These are *settled*;
what they add up to on a past day is a sum over today's ledger, and only the others are computed anew day by day.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import polars as pl

from assets import core
from assets.circumstances import fresh
from assets.context import Context
from assets.indicators import inputs as inputs_layer
from assets.indicators import module, years
from assets.indicators.inputs import Timeline
from assets.warehouse import append, transaction
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
    inputs = {day: core.basis(con, context) for day, context in days.items()}
    missing = _missing(con, days, inputs)
    if not missing:
        return 0
    last = max(missing.values(), key=lambda context: context.as_of)
    stamps = [(day, inputs[day], context.rules.label) for day, context in missing.items()]
    stamp = pl.DataFrame(stamps, schema=["known_on", "inputs", "rule_version"], orient="row")
    if len(missing) > 1:  # the day itself is there already
        _lay_out(con, last.as_of)
    wanted, relied_on = years(con, last.as_of), fresh(con, last)
    with transaction(con):
        con.execute("DELETE FROM indicator.history WHERE list_contains(?, known_on)", [list(missing)])
        for contexts in _by_rules(missing):
            for code in INDICATORS:
                as_today = contexts[-1] is last and code in relied_on
                figures = _figures(con, code, contexts, wanted, as_today).join(stamp, on="known_on")
                append(con, "indicator.history", figures.with_columns(indicator=pl.lit(code)))
    return len(missing)


def _missing(con: duckdb.DuckDBPyConnection, days: dict[date, Context], inputs: dict[date, str]) -> dict[date, Context]:
    kept = set(con.execute("SELECT DISTINCT known_on, inputs, rule_version FROM indicator.history").fetchall())
    known = {day: (day, inputs[day], context.rules.label) for day, context in days.items()}
    several = {day for day in days if sum(each[0] == day for each in kept) > 1}
    return {day: context for day, context in days.items() if known[day] not in kept or day in several}


def _by_rules(days: dict[date, Context]) -> list[list[Context]]:
    """Days under the same rules, to be computed together; each list in the order of days."""
    made: dict[str, list[Context]] = {}
    for day in sorted(days):
        made.setdefault(days[day].rules.label, []).append(days[day])
    return list(made.values())


# --- Many days at once ------------------------------------------------------------------------------------------------


def _figures(
    con: duckdb.DuckDBPyConnection, code: str, contexts: list[Context], wanted: list[int], as_today: bool
) -> pl.DataFrame:
    """The figures of an indicator as they were known on some days: FIGURE columns and `known_on`.

    The contexts differ in their days only. `as_today`: the warehouse was made under the last of them; then its ledger
    tells what is settled, and that day's figures are there already.
    """
    made = []
    if as_today:
        today = con.execute("SELECT * EXCLUDE (indicator) FROM indicator.figure WHERE indicator = ?", [code]).pl()
        made.append(today.with_columns(known_on=pl.lit(contexts[-1].as_of)))
        contexts = contexts[:-1]
    if contexts:
        made += _of_past_days(con, code, contexts, wanted, as_today)
    return pl.concat(made)


def _of_past_days(
    con: duckdb.DuckDBPyConnection, code: str, contexts: list[Context], wanted: list[int], as_today: bool
) -> Iterator[pl.DataFrame]:
    """Of days on which the same was known, one is computed. On the others only the end of the open period moves along."""
    records, last = _timeline(con, code, contexts[-1], as_today), contexts[-1]
    alike = records.alike([context.as_of for context in contexts])
    of_days = _one_by_one if INDICATORS[code].annual_input else _side_by_side
    for made in of_days(code, records, alike["first"].unique().sort(), last, wanted):
        every = made.rename({"known_on": "first"}).join(alike, on="first").drop("first")
        yield every.with_columns(period_end=pl.min_horizontal(pl.date("year", 12, 31), "known_on"))


def _side_by_side(
    code: str, records: Timeline, days: pl.Series, last: Context, wanted: list[int]
) -> Iterator[pl.DataFrame]:
    """Indicators of events: many records and sums, all days in one derivation."""
    for portion in records.portions(days.rename("known_on")):
        yield module(code).derive(records.on(portion), last, wanted).figures


def _one_by_one(
    code: str, records: Timeline, days: pl.Series, last: Context, wanted: list[int]
) -> Iterator[pl.DataFrame]:
    """Indicators of annual inputs: few records, which few days change."""
    for day in days:
        made = module(code).derive(records.at(day), replace(last, as_of=day), wanted).figures
        yield made.with_columns(known_on=pl.lit(day))


def _timeline(con: duckdb.DuckDBPyConnection, code: str, last: Context, as_today: bool) -> Timeline:
    """What an indicator is made from on any day; settled records as sums where today's ledger can be relied on."""
    needs = module(code).NEEDS
    if not as_today or code not in _UNSETTLED:
        return inputs_layer.timeline(con, needs, last)
    only = _unsettled(con, code)
    return replace(inputs_layer.timeline(con, needs, last, only), settled=_settled(con, code, only))


# --- What is settled --------------------------------------------------------------------------------------------------


def _lay_out(con: duckdb.DuckDBPyConnection, last: date) -> None:
    """Views of what was received by the last day, and the parcels that stand more than once in it."""
    for table in TABLES.values():
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW known_{table.name} AS SELECT c.*, s.received_on FROM core.{table.name} c"
            f" JOIN raw.submission s USING (submission_id) WHERE s.received_on <= DATE '{last}'"
        )
    parcels = " UNION ALL ".join(
        f"SELECT hash(parcel_code) AS parcel FROM known_{table} WHERE parcel_code IS NOT NULL"
        for table in _WITH_PARCELS
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE shared_by_several AS FROM ({parcels}) GROUP BY ALL HAVING count(*) > 1")


def _unsettled(con: duckdb.DuckDBPyConnection, code: str) -> dict[str, str]:
    """Queries for the record keys that are not settled for an indicator, by table, and for what they are looked up in."""
    only = {}
    for table, queries in _UNSETTLED[code].items():
        keys = " UNION ".join(query.replace("{table}", table) for query in queries)
        con.execute(f"CREATE OR REPLACE TEMP TABLE unsettled_{code}_{table} AS {keys}")
        only[table] = f"SELECT record_key FROM unsettled_{code}_{table}"
    return only | {table: query.format(**only) for table, query in _LOOKED_UP.get(code, {}).items()}


# Record keys that are not settled for an indicator: what was revised, and what depends on a record that came later.
# Grouped by hash, which is much quicker than by text; an accident only sends a record the longer way.
_REVISED = (
    "SELECT DISTINCT record_key FROM known_{table} WHERE hash(record_key) IN"
    " (SELECT hash(record_key) FROM known_{table} GROUP BY ALL HAVING count(*) > 1)"
)
_WITH_PARCELS = ("land_supply", "inefficient_land", "idle_land")
_SHARED_PARCEL = (
    "SELECT record_key FROM known_{table} WHERE parcel_code IS NOT NULL"
    " AND hash(parcel_code) IN (FROM shared_by_several)"
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
