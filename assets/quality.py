"""Receipts and findings as of a day: what the door found in each file, and what only several tables tell."""

from __future__ import annotations

import json

import duckdb
import polars as pl

from assets import core, relations
from assets.context import Context
from assets.examine import FINDING_SCHEMA
from assets.reading.report import cell_name
from assets.warehouse import append
from schemas.rules import RULES
from schemas.submissions import TABLES
from schemas.table import Table

#: Where a record names an 电子监管号 of a supply record: table → (column, rule).
_REFERENCES = {
    "far_exemption": ("supervision_no", "5003"),
    "idle_land": ("supervision_no", "5004"),
    "inefficient_land": ("supply_supervision_no", "5005"),
}
#: Tables keyed by region and year whose city rows can be held against their counties: by, measure.
_COUNTY_SUMS = {
    "annual_task": (("year", "task"), "task_area_mu"),
    "construction_land": (("year", "land_class"), "area_mu"),
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
    now = (context.as_of, core.fingerprint(con, context.as_of))
    if con.execute("SELECT * FROM core.relation_state").fetchall() == [now]:
        return
    found = find(con, context)
    con.begin()
    con.execute("DELETE FROM core.relation_finding; DELETE FROM core.relation_state")
    append(con, "core.relation_finding", found)
    con.execute("INSERT INTO core.relation_state VALUES (?, ?)", list(now))
    con.commit()


def find(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    """All findings across tables as of the day, in the shape of `relations.FINDING`."""
    as_of, regions = context.as_of, context.regions
    digestion = core.revisions(con, "unsupplied_digestion", as_of)
    found = [relations.resolve_digestion(digestion, core.revisions(con, "approved_unsupplied", as_of)).findings]
    supply = core.current(con, "land_supply", as_of)
    for table, (column, rule) in _REFERENCES.items():
        found.append(
            relations.unknown_supervision(core.current(con, table, as_of), table, column, rule, supply["record_key"])
        )
    for table, (by, measure) in _COUNTY_SUMS.items():
        found.append(relations.county_sums(core.current(con, table, as_of), table, by, measure, regions))
    for table in TABLES.values():
        if "region_code" not in table.key:
            found.append(relations.moved_city(revised(con, table, as_of), table.name, regions))
    parcels = {name: core.current(con, name, as_of) for name in ("idle_land", "inefficient_land")} | {
        "land_supply": supply
    }
    found.append(relations.shared_parcels(parcels, regions))
    return pl.concat(found)


def revised(con: duckdb.DuckDBPyConnection, table: Table, as_of) -> pl.DataFrame:
    """All revisions of the keys that have more than one."""
    return con.execute(
        f"WITH many AS (SELECT record_key FROM core.{table.name} GROUP BY ALL HAVING count(*) > 1)"
        " SELECT c.record_key, c.region_code, c.submission_id, c.sheet, c.row_number, row_number() OVER"
        " (PARTITION BY c.record_key ORDER BY s.received_on, s.file_name, s.seq) AS revision"
        f" FROM core.{table.name} c SEMI JOIN many USING (record_key) JOIN raw.submission s USING (submission_id)"
        " WHERE s.received_on <= ?",
        [as_of],
    ).pl()


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


def _cell(row: dict) -> str | None:
    """Where the finding stands in its file; None when the file does not have the column."""
    letter = json.loads(row["letters"] or "{}").get(row["sheet"] or "", {}).get(row["column"])
    return cell_name(row["form"], letter, row["row_number"]) if letter else None
