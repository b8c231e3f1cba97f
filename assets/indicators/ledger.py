"""The contribution ledger (贡献台账): one row per indicator, record and role; figures are sums of its rows.

Inside, `amount` is exact: 亩 (or 亩 × FAR) as Decimal(38,12). What is published is `published_amount` in the
indicator's own unit.
"""

from __future__ import annotations

import polars as pl

from assets.shapes import AMOUNT, LEDGER
from schemas.indicators import Indicator
from schemas.table import Unit

_TYPED_NULLS = {name: pl.lit(None, dtype).alias(name) for name, dtype in LEDGER.items()}
_FROM_RECORD = ("region_code", "city_code", "record_key", "submission_id", "sheet", "row_number", "profile")


def empty() -> pl.DataFrame:
    """A ledger without rows."""
    return pl.DataFrame(schema=LEDGER)


def entries(
    records: pl.DataFrame, table: str, role: str | pl.Expr, amount: pl.Expr, **columns: pl.Expr | str | None
) -> pl.DataFrame:
    """Ledger rows from placed records: who and where from the record, `role`, `amount`, and any other ledger column.

    `year` is that of `event_date` unless it is given.
    """  # fmt: skip
    given: dict[str, pl.Expr] = {name: pl.col(name) for name in _FROM_RECORD}
    given |= {"source_table": pl.lit(table), "role": pl.lit(role) if isinstance(role, str) else role, "amount": amount}
    given |= {
        name: pl.lit(value) if isinstance(value, str) or value is None else value for name, value in columns.items()
    }
    if "year" not in given and "event_date" in given:
        given["year"] = given["event_date"].dt.year()
    chosen = [(given[name].alias(name) if name in given else _TYPED_NULLS[name]).cast(LEDGER[name]) for name in LEDGER]
    return records.select(chosen + [pl.col("known_on")] * ("known_on" in records.columns))


def ratio_entries(
    records: pl.DataFrame, table: str, numerator: str, denominator: str, **columns: pl.Expr | str | None
) -> pl.DataFrame:
    """Rows of a ratio: one `both` row where the two amounts are equal, else one row per amount; none for a zero numerator."""
    top, bottom = pl.col(numerator), pl.col(denominator)
    parts = [
        entries(records.filter(top == bottom), table, "both", bottom, **columns),
        entries(records.filter((top != bottom) & (top != 0)), table, "numerator", top, **columns),
        entries(records.filter(top != bottom), table, "denominator", bottom, **columns),
    ]
    return pl.concat(parts)


def published_amount(indicator: Indicator) -> pl.Expr:
    """`amount` in the indicator's part unit: 公顷 is 亩 / 15, everything else is published as it is."""
    amount = pl.col("amount")
    return ((amount / 15) if indicator.part_unit is Unit.HECTARE else amount).cast(AMOUNT)
