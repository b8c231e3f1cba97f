"""The shapes that pass between layers: ledger rows, figures, parts; frames on their way to DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

#: Exact inside (亩, or 亩 × FAR); nine decimals where published.
EXACT = pl.Decimal(38, 12)
AMOUNT = pl.Decimal(18, 9)

#: A figure as the indicator files make it. `top`, `bottom` are exact; `numerator`, `denominator` are published sums.
#: Where a value is no ratio of sums (indicators 7, 8) verdicts are found on exact fractions, written "n/d": the value,
#: its band of precision, and the level of 2025 that it is measured from.
FIGURE: dict[str, pl.DataType] = {
    "region_code": pl.String(), "region_level": pl.String(), "year": pl.Int32(), "basis": pl.String(),
    "period_start": pl.Date(), "period_end": pl.Date(),
    "value": pl.Float64(), "top": EXACT, "bottom": EXACT,
    "numerator": pl.Decimal(38, 9), "denominator": pl.Decimal(38, 9),
    "low": pl.Float64(), "high": pl.Float64(),
    "exact": pl.String(), "exact_low": pl.String(), "exact_high": pl.String(), "exact_base": pl.String(),
    "absence": pl.String(), "data_state": pl.String(), "derived": pl.Boolean(), "flags": pl.String(),
    "record_count": pl.Int64(), "excluded_count": pl.Int64(),
}  # fmt: skip

PART: dict[str, pl.DataType] = {
    "region_code": pl.String(), "year": pl.Int32(), "basis": pl.String(), "part": pl.String(),
    "value": pl.Float64(), "unit": pl.String(), "absence": pl.String(),
}  # fmt: skip

#: One ledger row.
LEDGER: dict[str, pl.DataType] = {
    "region_code": pl.String(),
    "city_code": pl.String(),  # null for rows keyed by region and year below or above a city: never added up
    "event_date": pl.Date(),
    "year": pl.Int32(),
    "basis": pl.String(),  # null: counts in every basis whose days hold it
    "source_table": pl.String(),
    "record_key": pl.String(),
    "role": pl.String(),
    "amount": EXACT,
    "record_amount_mu": pl.Decimal(18, 6),
    "component": pl.String(),
    "reason": pl.String(),
    "claimed_by": pl.String(),
    "submission_id": pl.String(),
    "sheet": pl.String(),
    "row_number": pl.Int64(),
    "profile": pl.String(),
}


def arrow(frame: pl.DataFrame) -> pa.Table:
    """A frame as DuckDB appends it, and other processes receive it, with the least work: texts stay where they are.

    Not for what a query joins or filters: DuckDB asks pyarrow to leave rows out, which cannot look into such texts.
    """
    return frame.to_arrow(compat_level=pl.CompatLevel.newest())
