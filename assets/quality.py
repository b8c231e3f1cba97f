"""Receipts and findings as of a day: what the door found in each file, and what only several tables tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

import duckdb
import polars as pl

from assets import core, digestion, once, relations
from assets.context import Context
from assets.examine import FINDING_SCHEMA
from assets.reading.report import cell_name
from assets.warehouse import append, transaction
from schemas.rules import ERROR, RULES
from schemas.submissions import TABLES
from schemas.table import Table

#: Where a record names an 电子监管号 of a supply record: table → (column, rule).
_REFERENCES = {
    "far_exemption": ("supervision_no", "5003"),
    "idle_land": ("supervision_no", "5004"),
    "inefficient_land": ("supply_supervision_no", "5005"),
}
_WITH_PARCELS = ("idle_land", "inefficient_land", "land_supply")
#: Tables keyed by region and year whose city rows can be held against their counties: by, measure.
_COUNTY_SUMS = {
    "annual_task": (("year", "task"), "task_area_mu"),
    "construction_land": (("year",), "area_mu"),
    "gdp": (("year",), "gdp_wan_yuan"),
}

_CREATE = """
CREATE TABLE IF NOT EXISTS core.relation_finding (
  rule VARCHAR, source_table VARCHAR, submission_id VARCHAR, sheet VARCHAR, row_number BIGINT, key VARCHAR,
  "column" VARCHAR, value VARCHAR, detail VARCHAR
);
CREATE TABLE IF NOT EXISTS core.relation_state (as_of DATE, inputs VARCHAR);
"""


def refresh(con: duckdb.DuckDBPyConnection, context: Context) -> None:
    """Bring core.relation_finding up to the context's day; does nothing when it is."""
    con.execute(_CREATE)
    now = (context.as_of, core.basis(con, context))
    if con.execute("SELECT * FROM core.relation_state").fetchall() == [now]:
        return
    found = once.take(_key(context), partial(find, con, context))
    with transaction(con):
        con.execute("DELETE FROM core.relation_finding; DELETE FROM core.relation_state")
        append(con, "core.relation_finding", found)
        con.execute("INSERT INTO core.relation_state VALUES (?, ?)", list(now))


def ahead(con: duckdb.DuckDBPyConnection, context: Context) -> Iterator[tuple[once.Key, Callable[[], pl.DataFrame]]]:
    """What `refresh` will need, to be worked out before (`assets/once.py`); reads core."""
    yield _key(context), partial(find, con, context)


def _key(context: Context) -> once.Key:
    return "relations", context.as_of, context.rules.label


def find(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    """All findings across tables as of the day, in the shape of `relations.FINDING`."""
    as_of, regions = context.as_of, context.regions
    found = [digestion.resolved(con, as_of).findings]
    for table, (column, rule) in _REFERENCES.items():
        found.append(relations.unknown_supervision(_unanswered(con, table, column, as_of), table, column, rule))
    for table, (by, measure) in _COUNTY_SUMS.items():
        classes = ("land_class",) if "land_class" in TABLES[table] else ()
        records = core.current(con, table, as_of, ("region_code", *by, *classes, measure))
        found.append(relations.county_sums(records, table, by, measure, regions))
    for table in TABLES.values():
        if "region_code" not in table.key:
            found.append(relations.moved_city(moved(con, table, as_of), table.name, regions))
    found.append(relations.shared_parcels(_sharing(con, as_of), regions))
    walk = con.execute(f"SELECT * FROM {core.standing('walk_coverage')}", {"day": as_of}).pl()
    found.append(relations.walk_base(walk, context.rules["walk.implied_base"]))
    return pl.concat(found)


def _unanswered(con: duckdb.DuckDBPyConnection, table: str, column: str, as_of: date) -> pl.DataFrame:
    """Records that name an 电子监管号 which no supply record has; a cancelled one is known."""
    return con.execute(
        f"SELECT r.* FROM {core.standing(table)} r ANTI JOIN (FROM core.land_supply SEMI JOIN"
        " (FROM raw.submission WHERE received_on <= $day) USING (submission_id)) s"
        f" ON s.record_key = r.{column} WHERE r.{column} IS NOT NULL",
        {"day": as_of},
    ).pl()


def moved(con: duckdb.DuckDBPyConnection, table: Table, as_of: date) -> pl.DataFrame:
    """All revisions of the keys that did not always stand in the same region."""
    return con.execute(
        f"WITH many AS (SELECT hash(record_key) FROM core.{table.name} GROUP BY ALL"
        " HAVING min(region_code) <> max(region_code))"
        " SELECT c.record_key, c.region_code, c.submission_id, c.sheet, c.row_number, row_number() OVER"
        " (PARTITION BY c.record_key ORDER BY s.received_on, s.file_name, s.seq) AS revision"
        f" FROM core.{table.name} c JOIN raw.submission s USING (submission_id)"
        " WHERE s.received_on <= ? AND hash(c.record_key) IN (FROM many)",
        [as_of],
    ).pl()


def _sharing(con: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, pl.DataFrame]:
    """By table, the records whose parcel stands more than once in all of them together."""
    parcels = " UNION ALL ".join(f"SELECT hash(parcel_code) AS parcel FROM core.{table}" for table in _WITH_PARCELS)
    con.execute(f"CREATE OR REPLACE TEMP TABLE shared_parcel AS FROM ({parcels}) GROUP BY ALL HAVING count(*) > 1")
    place = "region_code, parcel_code, submission_id, sheet, row_number, record_key"
    return {
        table: con.execute(
            f"SELECT {place} FROM {core.standing(table)} WHERE parcel_code IS NOT NULL"
            " AND hash(parcel_code) IN (FROM shared_parcel)",
            {"day": as_of},
        ).pl()
        for table in _WITH_PARCELS
    }


def relation_findings(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """core.relation_finding in the words of the rules: the shape of raw.finding."""
    rules = {rule.number: rule for rule in RULES}
    rows = []
    found = con.execute(
        "SELECT f.*, s.form, s.letters FROM core.relation_finding f LEFT JOIN raw.submission s USING (submission_id)"
    ).pl()
    for row in found.iter_rows(named=True):
        rule, table = rules[row["rule"]], TABLES[row["source_table"]]
        words = {name: row[name] or "" for name in ("key", "value", "detail")}
        rows.append(
            {
                **{name: row[name] for name in ("submission_id", "sheet", "row_number", "key", "value")},
                "rule": rule.number, "severity": str(rule.severity), "column": table[row["column"]].label,
                "cell": _cell(row),
                "message": rule.message.format_map(words), "suggestion": rule.suggestion.format_map(words),
                "quarantined": str(rule.severity) == "error",
            }
        )  # fmt: skip
    schema = {**FINDING_SCHEMA, "submission_id": pl.String}
    return pl.DataFrame(rows, schema=schema)


def with_refusals(con: duckdb.DuckDBPyConnection, context: Context, receipts: pl.DataFrame) -> pl.DataFrame:
    """Receipts of files with `refused`, how many of their rows are errors for what other tables say although the door
    let them in, and with the status that follows from it. `receipts`: submission_id, status and whatever else."""
    refresh(con, context)
    errors = ", ".join(f"'{rule.number}'" for rule in RULES if rule.severity == ERROR)
    refused = con.execute(
        "SELECT submission_id, count(DISTINCT (sheet, row_number)) AS refused FROM core.relation_finding"
        f" WHERE rule IN ({errors}) GROUP BY ALL"
    ).pl()
    told = receipts.join(refused, on="submission_id", how="left").with_columns(pl.col("refused").fill_null(0))
    doubtful = (pl.col("refused") > 0) & pl.col("status").str.starts_with("accepted")
    return told.with_columns(status=pl.when(doubtful).then(pl.lit("partly_accepted")).otherwise("status"))


def _cell(row: dict) -> str | None:
    """Where the finding stands in its file; None when the file does not have the column."""
    letter = json.loads(row["letters"] or "{}").get(row["sheet"] or "", {}).get(row["column"])
    return cell_name(row["form"], letter, row["row_number"]) if letter else None
