"""Two ledgers side by side: the same rows under the same regions as when each pair of row and region is looked at."""

from __future__ import annotations

from datetime import date

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.trust import ledgers
from schemas import database
from schemas.marts import MARTS

REGIONS = {"330000": "province", "330100": "city", "330200": "city", "330106": "county", "420100": "city"}
#: region, city, indicator, table, key, role, amount, year: among them provinces' own rows, rows that are never added up
#: (no city) and rows of places that no figure is of.
ROWS = st.lists(
    st.tuples(
        st.sampled_from([*REGIONS, "999999"]), st.sampled_from([None, "330100", "330200", "420100"]),
        st.sampled_from(["stock_supply_share", "walk15_coverage", "unsupplied_digestion_rate"]),
        st.sampled_from(["land_supply", "annual_task", "gdp"]), st.sampled_from("abc"),
        st.sampled_from(["numerator", "denominator", "both", "excluded"]), st.integers(0, 2),
        st.sampled_from([2025, 2026]),
    ), max_size=10,
)  # fmt: skip


def release(con: duckdb.DuckDBPyConnection, side: str, rows: list[tuple]) -> None:
    con.execute(f"ATTACH ':memory:' AS {side}; CREATE SCHEMA {side}.mart")
    for name in ("contribution", "indicator_value", "release_info", "submission"):
        con.execute(MARTS[name].ddl(f"{side}.mart"))
    for region, city, indicator, table, key, role, amount, year in rows:
        con.execute(
            f"INSERT INTO {side}.mart.contribution (region_code, city_code, indicator, source_table, record_key, role,"
            " amount, year, file_sha256, row_number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
            [region, city, indicator, table, key, role, amount, year, side],
        )
    for name, value in (("release_id", side), ("as_of", str(date(2026, 6, 30))), ("rule_version", "1")):
        con.execute(f"INSERT INTO {side}.mart.release_info (name, value) VALUES (?, ?)", [name, value])
    for code, level in REGIONS.items():
        con.execute(
            f"INSERT INTO {side}.mart.indicator_value (region_code, region_level, indicator, year, basis, period_start)"
            " VALUES (?, ?, 'stock_supply_share', 2026, 'annual', DATE '2026-01-01')",
            [code, level],
        )


#: One condition for all kinds of regions; the rows of records that the two sides do not share.
ONE_BY_ONE = """
SELECT '{side}' AS side, {columns}, g.code AS figure_region FROM {side}.mart.contribution c
JOIN wanted w USING (indicator, source_table, record_key)
JOIN (SELECT DISTINCT region_code AS code, region_level AS level FROM now.mart.indicator_value) g
  ON CASE g.level WHEN 'city' THEN c.city_code = g.code ELSE c.region_code = g.code END
WHERE c.role <> 'excluded'
UNION ALL
SELECT '{side}', {columns}, left(c.city_code, 2) || '0000' FROM {side}.mart.contribution c
JOIN wanted w USING (indicator, source_table, record_key)
WHERE c.role <> 'excluded' AND c.city_code IS NOT NULL AND NOT EXISTS (
  FROM {side}.mart.contribution p WHERE p.region_code = left(c.city_code, 2) || '0000'
  AND (p.indicator, p.year, p.source_table) = (c.indicator, c.year, c.source_table))
"""
COLUMNS = "indicator, c.year, source_table, record_key, c.role, c.amount, c.region_code, c.city_code"


@settings(deadline=None, max_examples=60)
@given(before=ROWS, now=ROWS)
def test_rows_are_placed_and_suspected_as_one_by_one(before, now) -> None:
    with database.connect() as con:
        release(con, "before", before)
        release(con, "now", now)
        ledgers.compare(con)
        expected = " UNION ALL ".join(ONE_BY_ONE.format(side=side, columns=COLUMNS) for side in ("before", "now"))
        columns = COLUMNS.replace("c.", "")
        found = con.execute(f"SELECT side, {columns}, figure_region FROM placed ORDER BY ALL").fetchall()
        assert found == con.execute(f"FROM ({expected}) ORDER BY ALL").fetchall()
        suspects = set(con.execute("SELECT source_table, record_key FROM suspect").fetchall())
    one, other = set(before), set(now)
    differing = {(row[3], row[4]) for row in one ^ other}
    assert suspects == differing | {(row[3], row[4]) for row in now if row[3] == "gdp"}
