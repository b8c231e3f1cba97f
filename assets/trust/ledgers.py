"""Two releases' ledgers side by side, in SQL: which records changed and why, and what that adds to each figure's sums.

Works on a connection with both released databases attached as the catalogs `before` and `now`; leaves temporary
tables behind there. What a cause means is `schemas/trust.py`; what an effect is, `decomposition.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from schemas import database

BEFORE, NOW = "before", "now"

#: Submission tables whose revisions are vintages (数据版本).
VINTAGES = "('gdp', 'construction_land')"
#: These are reported by year: a figure looks at the rows of its own year alone.
BY_YEAR = "('land_per_gdp_reduction', 'walk15_coverage')"
#: A province's own row of this table replaces those of its cities, which may have changed nothing themselves.
REPLACING = "annual_task"


@contextlib.contextmanager
def opened(before: Path, now: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both databases, read-only."""
    with database.connect() as con:
        for name, path in ((BEFORE, before), (NOW, now)):
            con.execute(f"ATTACH {database.quoted(path)} AS {name} (READ_ONLY)")
        yield con


def compare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary tables `pair`, `touched`, `placed` and `moved`."""
    sides = [_SIDE.format(side=side) for side in (BEFORE, NOW)]
    for statement in (_PAIR, _DIFFERENT, _SUSPECT, *sides):
        con.execute(statement)
    for statement in (_touched(con), _WANTED, _COUNTED, _OWN, _PLACED, _MOVED):
        con.execute(statement)


_FACTS = """(SELECT max(value) FILTER (name = 'release_id') AS release_id,
  max(value) FILTER (name = 'as_of')::DATE AS as_of, max(value) FILTER (name = 'rule_version') AS rules
  FROM {side}.mart.release_info)"""

#: One row: both releases' ids, days and rules.
_PAIR = f"""
CREATE OR REPLACE TEMP TABLE pair AS
SELECT b.release_id AS old_release_id, n.release_id AS new_release_id, b.as_of AS old_as_of, n.as_of AS new_as_of,
  b.rules AS old_rules, n.rules AS new_rules, b.rules <> n.rules AS rules_differ
FROM {_FACTS.format(side=BEFORE)} b, {_FACTS.format(side=NOW)} n
"""

_CONTRIBUTED = "basis, year, region_code, city_code, role, amount, component"
_PRINTS = f"""(SELECT rowid AS id, hash(indicator, source_table, record_key, {_CONTRIBUTED}) AS print
  FROM {{side}}.mart.contribution)"""

# Ledger rows that the other side does not have. Single numbers are joined, once, and no texts: most of a million rows
# are the same.
_DIFFERENT = f"""
CREATE OR REPLACE TEMP TABLE different AS
SELECT b.id AS old, n.id AS new
FROM {_PRINTS.format(side=BEFORE)} b FULL JOIN {_PRINTS.format(side=NOW)} n USING (print)
WHERE b.id IS NULL OR n.id IS NULL
"""

# Their records. A row of GDP divides and adds nothing: its revision shows only in where it stands.
_SUSPECT = f"""
CREATE OR REPLACE TEMP TABLE suspect AS
SELECT source_table, record_key FROM {BEFORE}.mart.contribution WHERE rowid IN (SELECT old FROM different)
UNION SELECT source_table, record_key FROM {NOW}.mart.contribution WHERE rowid IN (SELECT new FROM different)
UNION SELECT source_table, record_key FROM {NOW}.mart.contribution WHERE source_table = 'gdp'
"""

# One line per suspect of a ledger: where it stands, when it happened, and a fingerprint of all that it contributes.
_SIDE = f"""
CREATE OR REPLACE TEMP TABLE {{side}}_record AS
SELECT indicator, source_table, record_key, any_value(file_sha256) AS file_sha256,
  any_value(concat_ws('|', file_sha256, sheet, row_number)) AS place, any_value(file_name) AS file_name,
  any_value(sheet) AS sheet, any_value(row_number) AS row_number, max(event_date) AS event_date,
  sum(hash({_CONTRIBUTED})::HUGEINT) AS print
FROM {{side}}.mart.contribution JOIN suspect USING (source_table, record_key) GROUP BY ALL
"""

#: Records whose contribution differs, with the cause: `indicator, source_table, record_key, cause` and file and row of
#: what stands now (for a cancelled record: of the cancelling row).
_TOUCHED = f"""
CREATE OR REPLACE TEMP TABLE touched AS
WITH known AS (SELECT DISTINCT file_sha256 FROM {BEFORE}.mart.submission),
elsewhere AS (SELECT source_table, record_key, list(DISTINCT place) AS places FROM {NOW}_record GROUP BY ALL),
standing AS (
  SELECT coalesce(n.indicator, b.indicator) AS indicator, coalesce(n.source_table, b.source_table) AS source_table,
    coalesce(n.record_key, b.record_key) AS record_key, b.place AS old_place, n.place AS new_place,
    n.event_date > p.old_as_of AS happened_since, p.rules_differ,
    n.file_sha256 IN (FROM known) AS file_was_known,
    coalesce(n.file_name, b.file_name) AS file_name, coalesce(n.sheet, b.sheet) AS sheet,
    coalesce(n.row_number, b.row_number) AS row_number
  FROM {BEFORE}_record b FULL JOIN {NOW}_record n USING (indicator, source_table, record_key), pair p
  WHERE b.print IS DISTINCT FROM n.print OR (b.place <> n.place AND source_table = 'gdp')
)
SELECT s.indicator, s.source_table, s.record_key, CASE
    WHEN s.old_place IS NULL AND NOT s.file_was_known THEN 'new'
    WHEN s.new_place IS NULL AND c.record_key IS NOT NULL THEN 'cancelled'
    WHEN s.new_place IS NULL AND NOT coalesce(list_contains(e.places, s.old_place), false) THEN 'changed'
    WHEN s.old_place <> s.new_place AND s.source_table IN {VINTAGES} THEN 'vintage'
    WHEN s.old_place <> s.new_place THEN 'changed'
    WHEN s.happened_since THEN 'time'
    WHEN s.rules_differ THEN 'rule'
    ELSE 'linked' END AS cause,
  CASE WHEN s.new_place IS NULL THEN coalesce(c.file_name, s.file_name) ELSE s.file_name END AS file_name,
  CASE WHEN c.record_key IS NOT NULL AND s.new_place IS NULL THEN c.sheet ELSE s.sheet END AS sheet,
  CASE WHEN s.new_place IS NULL THEN coalesce(c.row_number, s.row_number) ELSE s.row_number END AS row_number
FROM standing s
LEFT JOIN {{cancelled}} c USING (source_table, record_key)
LEFT JOIN elsewhere e USING (source_table, record_key)
"""


def _touched(con: duckdb.DuckDBPyConnection) -> str:
    made = con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name = 'cancellation'", [NOW]
    ).fetchone()[0]
    # Releases made before there was such a mart: what disappeared then counts as changed.
    empty = "(SELECT '' AS source_table, '' AS record_key, '' AS file_name, '' AS sheet, 0 AS row_number LIMIT 0)"
    return _TOUCHED.format(cancelled=f"{NOW}.mart.cancellation" if made else empty)


_TOP, _BOTTOM = "role IN ('numerator', 'both')", "role IN ('denominator', 'both')"

#: Rows of touched records and of those that are always looked at, with the side they are on.
_ALWAYS = f"source_table = '{REPLACING}' OR indicator IN {BY_YEAR}"
_WANTED = f"""
CREATE OR REPLACE TEMP TABLE wanted AS SELECT indicator, source_table, record_key FROM touched
UNION SELECT indicator, source_table, record_key FROM {BEFORE}.mart.contribution WHERE {_ALWAYS}
UNION SELECT indicator, source_table, record_key FROM {NOW}.mart.contribution WHERE {_ALWAYS}
"""
_COUNTED_OF = """
SELECT '{side}' AS side, indicator, year, basis, source_table, record_key, component, role, amount, record_amount_mu,
  region_code, city_code
FROM {side}.mart.contribution SEMI JOIN wanted USING (indicator, source_table, record_key) WHERE role <> 'excluded'
"""
_COUNTED = f"""
CREATE OR REPLACE TEMP TABLE counted AS {_COUNTED_OF.format(side=BEFORE)} UNION ALL {_COUNTED_OF.format(side=NOW)}
"""

#: Where a province has rows of its own, which replace those of its cities.
_OWN_OF = """
SELECT '{side}' AS side, region_code, indicator, year, source_table FROM {side}.mart.contribution
WHERE region_code LIKE '%0000'
"""
_OWN = f"CREATE OR REPLACE TEMP TABLE own AS {_OWN_OF.format(side=BEFORE)} UNION {_OWN_OF.format(side=NOW)}"

#: Those rows, each under the regions whose figures it enters: see `schemas.marts.FIGURE_ROWS`, here for all figures at
#: once. Joined kind of region by kind: one condition for all of them is no equality, and millions of rows would be held
#: against every region.
_PLACED = f"""
CREATE OR REPLACE TEMP TABLE placed AS
WITH regions AS (SELECT DISTINCT region_code AS code, region_level AS level FROM {NOW}.mart.indicator_value)
SELECT c.*, g.code AS figure_region FROM counted c JOIN regions g ON c.city_code = g.code WHERE g.level = 'city'
UNION ALL
SELECT c.*, g.code FROM counted c JOIN regions g ON c.region_code = g.code WHERE g.level IS DISTINCT FROM 'city'
UNION ALL
SELECT c.*, left(city_code, 2) || '0000' FROM counted c WHERE city_code IS NOT NULL AND NOT EXISTS (
  FROM own WHERE own.side = c.side AND own.region_code = left(c.city_code, 2) || '0000'
  AND own.indicator = c.indicator AND own.year = c.year AND own.source_table = c.source_table)
"""

#: What each record adds to the sums of each figure that stands in both releases.
_MOVED = f"""
CREATE OR REPLACE TEMP TABLE moved AS
WITH figure AS (
  SELECT n.region_code, n.indicator, n.year, n.basis,
    CASE WHEN n.indicator IN {BY_YEAR} THEN n.year ELSE year(n.period_start) END AS first_year
  FROM {NOW}.mart.indicator_value n JOIN {BEFORE}.mart.indicator_value b USING (region_code, indicator, year, basis)
),
signed AS (
  SELECT figure_region, indicator, year, basis, source_table, record_key,
    CASE WHEN indicator = 'walk15_coverage' THEN component ELSE '' END AS component,
    CASE side WHEN '{NOW}' THEN 1 ELSE -1 END AS sign, amount, role FROM placed
  WHERE indicator <> 'land_per_gdp_reduction'
),
delta AS (
  SELECT figure_region, indicator, year, basis, source_table, record_key, component,
    coalesce(sum(sign * amount) FILTER ({_TOP}), 0)::DECIMAL(38, 9) AS top,
    coalesce(sum(sign * amount) FILTER ({_BOTTOM}), 0)::DECIMAL(38, 9) AS bottom
  FROM signed GROUP BY ALL HAVING top <> 0 OR bottom <> 0
)
SELECT f.region_code, f.indicator, f.year, f.basis, d.source_table, d.record_key, d.component,
  coalesce(t.cause, 'new') AS cause, sum(d.top) AS top, sum(d.bottom) AS bottom,
  any_value(t.file_name) AS file_name, any_value(t.sheet) AS sheet, any_value(t.row_number) AS row_number
FROM figure f JOIN delta d ON d.figure_region = f.region_code AND d.indicator = f.indicator
  AND coalesce(d.basis, f.basis) = f.basis AND d.year BETWEEN f.first_year AND f.year
LEFT JOIN touched t ON (t.indicator, t.source_table, t.record_key) = (d.indicator, d.source_table, d.record_key)
GROUP BY ALL HAVING sum(d.top) <> 0 OR sum(d.bottom) <> 0
"""
