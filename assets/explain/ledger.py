"""The ledger's rows behind figures: summed by kind, and the largest records with file, sheet and row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import duckdb

from schemas.marts import FIGURE_ROWS, IN_PERIOD, UNDATED

from .chosen import Cell, Chosen
from .model import Excluded, Group, Record

LARGEST, MOST_DIVISORS = 10, 50
TOP, BOTTOM = "role IN ('numerator', 'both')", "role IN ('denominator', 'both')"
_KEYS = "f.region_code AS of_region, f.indicator AS of_indicator, f.last_year AS of_year, f.basis AS of_basis"
_ROWS = ", ".join(
    f"c.{name}"
    for name in ("source_table", "record_key", "region_code", "event_date", "year", "role", "component", "reason",
                 "amount", "record_amount_mu", "file_name", "sheet", "row_number")
)  # fmt: skip
#: The figure that a collected row belongs to.
OF = "of_region, of_indicator, of_year, of_basis"
_DIVIDES = "source_table = 'annual_task' OR coalesce(reason, '') = 'divisor'"


@dataclass(slots=True)
class Ledger:
    """One figure's ledger. `undated`: excluded and in no year; `divisors`: tasks and GDP, what is divided by."""

    counted: list[Group] = field(default_factory=list)
    excluded: list[Group] = field(default_factory=list)
    undated: list[Group] = field(default_factory=list)
    largest: list[Record] = field(default_factory=list)
    largest_excluded: list[Excluded] = field(default_factory=list)
    divisors: list[Record] = field(default_factory=list)


def ledgers(con: duckdb.DuckDBPyConnection, chosen: Chosen, reasons: dict[str, str]) -> dict[Cell, Ledger]:
    """The ledgers of the chosen figures; one without rows is empty. `reasons`: label by code."""
    collect(con, chosen, "now", "figure_rows")
    found: dict[Cell, Ledger] = defaultdict(Ledger)
    for *cell, undated, role, table, component, reason, records, amount, area in con.execute(_GROUPS).fetchall():
        own = found[tuple(cell)]
        kind = own.undated if undated else own.excluded if role == "excluded" else own.counted
        kind.append(Group(role, table, component, reason, reasons.get(reason), records, amount, area))
    for row in con.execute(_RECORDS).fetchall():
        own, divides, record = found[row[:4]], row[4], row[5:]
        (own.divisors if divides else own.largest).append(Record(*record))
    for row in con.execute(_EXCLUDED).fetchall():
        *record, reason, amount, file_name, sheet, number = row[4:]
        label = reasons.get(reason)
        found[row[:4]].largest_excluded.append(Excluded(*record, reason, label, amount, file_name, sheet, number))
    return found


def collect(con: duckdb.DuckDBPyConnection, chosen: Chosen, catalog: str, name: str) -> None:
    """The figures' ledger rows, and those excluded without a date, as a temporary table with `OF`."""
    rows = FIGURE_ROWS.format(
        columns=f"{_KEYS}, {_ROWS}",
        marts=f"{catalog}.mart",
        years=f"({IN_PERIOD} OR {UNDATED})",
        figures=chosen.of("f"),
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {rows}")


_GROUPS = f"""
SELECT {OF}, year IS NULL AS undated, role, source_table, component, reason, count(*) AS records,
  sum(amount), sum(record_amount_mu)
FROM figure_rows GROUP BY ALL ORDER BY {OF}, records DESC, role, source_table, component, reason
"""
_RECORD = f"{OF}, source_table, record_key, region_code, year"
#: One line per record, its two amounts side by side, largest first. What else is said of a record is looked up for
#: those few that are shown.
_RECORDS = f"""
WITH record AS (
  SELECT {_RECORD}, {_DIVIDES} AS divides, coalesce(sum(amount) FILTER ({TOP}), 0) AS top,
    coalesce(sum(amount) FILTER ({BOTTOM}), 0) AS bottom
  FROM figure_rows WHERE role <> 'excluded' AND year IS NOT NULL GROUP BY {_RECORD}, divides
), shown AS (
  SELECT *, row_number() OVER (
    PARTITION BY {OF}, divides ORDER BY greatest(top, bottom) DESC, year, record_key, region_code, source_table
  ) AS place
  FROM record QUALIFY place <= if(divides, {MOST_DIVISORS}, {LARGEST})
)
SELECT {OF}, divides, source_table, record_key, region_code, any_value(event_date), year, any_value(component),
  any_value(top), any_value(bottom), any_value(reason), any_value(file_name), any_value(sheet), any_value(row_number)
FROM shown JOIN (SELECT *, {_DIVIDES} AS divides FROM figure_rows WHERE role <> 'excluded') USING ({_RECORD}, divides)
GROUP BY {_RECORD}, divides, place ORDER BY {OF}, divides, place
"""
_EXCLUDED = f"""
SELECT {OF}, source_table, record_key, region_code, event_date, year, reason, amount, file_name, sheet, row_number
FROM figure_rows WHERE role = 'excluded' QUALIFY row_number() OVER (
  PARTITION BY {OF} ORDER BY amount DESC NULLS LAST, year, record_key, region_code, source_table, component, reason
) <= {LARGEST} ORDER BY {OF}, amount DESC NULLS LAST, year, record_key, region_code, source_table, component, reason
"""
