"""The floor: read the same files, load them into DuckDB, compute the plain aggregates. No check, no correction.

Nothing that does the job can be much faster; what ours takes beyond it is what care costs.
`python -m benchmarks.floor LANDING OUT.duckdb` prints the province figures as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.files import NUMBERS, by_table, decoded, factor, names
from schemas.submissions import CANCELLED, TABLES
from schemas.table import Kind, Table

#: Sums and quotients by city and year, for the eight indicators.
_AGGREGATES = {
    "supply": """SELECT left(region_code, 4) AS city, year(contract_date) AS year, sum(existing_area_mu) AS existing,
        sum(existing_area_mu + historical_unsupplied_area_mu) FILTER (NOT is_separate_site) AS stock,
        sum(supplied_area_mu) FILTER (NOT is_separate_site) AS supplied,
        sum(far_lower * supplied_area_mu) FILTER (far_lower > 0) AS far,
        sum(supplied_area_mu) FILTER (far_lower > 0) AS far_area
        FROM land_supply WHERE status IS NULL OR status NOT IN {cancelled} GROUP BY ALL""",
    "digestion": """SELECT left(d.region_code, 4) AS city, year(digestion_date) AS year,
        sum(digested_area_mu) AS digested
        FROM unsupplied_digestion d JOIN approved_unsupplied USING (approval_no) WHERE in_task_base GROUP BY ALL""",
    "idle": """SELECT left(region_code, 4) AS city, year(disposal_date) AS year, sum(disposed_area_mu) AS disposed
        FROM idle_land WHERE disposal_date IS NOT NULL GROUP BY ALL""",
    "redeveloped": """SELECT left(region_code, 4) AS city, year(permit_date) AS year,
        sum(completed_area_mu) AS completed
        FROM inefficient_land WHERE permit_date IS NOT NULL GROUP BY ALL""",
    "land_per_gdp": """SELECT region_code, year, sum(area_mu) / any_value(gdp_wan_yuan) AS land_per_gdp
        FROM construction_land JOIN gdp USING (region_code, year) GROUP BY ALL""",
    "walk": """SELECT region_code, year, avg(covered_area_mu / residential_area_mu) AS coverage
        FROM walk_coverage GROUP BY ALL""",
}  # fmt: skip


def run(landing: Path, out: Path) -> dict[str, float]:
    """Load a landing directory into a new database; the country's sums, to be held against ours."""
    with duckdb.connect(str(out)) as con:
        for name, paths in by_table(landing).items():
            frame = pl.concat([_read(path, TABLES[name]) for path in paths], how="diagonal")
            con.register("incoming", frame.to_arrow())
            con.execute(f"CREATE TABLE {name} AS FROM incoming")
            con.unregister("incoming")
        for name, query in _AGGREGATES.items():
            con.execute(f"CREATE TABLE figure_{name} AS {query.format(cancelled=CANCELLED)}")
        share, existing = con.execute(
            "SELECT 100 * sum(stock) / sum(supplied), sum(existing) FROM figure_supply WHERE year >= 2025"
        ).fetchone()
    return {"stock_supply_share": share, "existing_mu": existing}


def _read(path: Path, table: Table) -> pl.DataFrame:
    frame = pl.read_csv(decoded(path), infer_schema=False, truncate_ragged_lines=True)
    found = names(table, frame.columns)
    return frame.select(list(found)).rename(found).with_columns(_typed(table, name) for name in found.values())


def _typed(table: Table, name: str) -> pl.Expr:
    column, cell = table[name], pl.col(name)
    if column.kind in NUMBERS:
        return cell.cast(pl.Float64, strict=False) * factor(column)
    if column.kind in (Kind.YEAR, Kind.INTEGER):
        return cell.cast(pl.Int32, strict=False)
    if column.kind is Kind.DATE:
        return cell.str.to_date("%Y-%m-%d", strict=False)
    return cell == "是" if column.kind is Kind.BOOLEAN else cell


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), Path(sys.argv[2]))))
