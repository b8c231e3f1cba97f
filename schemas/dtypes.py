"""What polars stores for each declaration: the types of columns by kind, and of what says where a row came from.

Apart from `table.py`, because loading polars takes as long as all else that a small command does.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from .table import Kind

_TEXT, _NUMBER, _WHOLE = pl.String(), pl.Decimal(18, 6), pl.Int32()
DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: _TEXT,
    Kind.REGION: _TEXT,
    Kind.AREA: _NUMBER,
    Kind.AREA_PART: _NUMBER,
    Kind.MONEY: _NUMBER,
    Kind.NUMBER: _NUMBER,
    Kind.FAR: _NUMBER,
    Kind.INDEX: _NUMBER,
    Kind.YEAR: _WHOLE,
    Kind.INTEGER: _WHOLE,
    Kind.DATE: pl.Date(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.CHOICE: _TEXT,
}
#: How many decimals an index was submitted with.
DECIMALS = _WHOLE

#: Where a row came from; every core table ends with these.
PROVENANCE: dict[str, pl.DataType] = {
    "record_key": pl.String(),  # natural key, parts joined by "|"
    "submission_id": pl.String(),  # receipt number of the file
    "sheet": pl.String(),
    "row_number": pl.Int64(),  # the real row (Excel) or line (CSV), from 1
    "profile": pl.String(),  # "bureau" or "landchina"
}


def exact(value: Decimal) -> pl.Expr:
    """A decimal in an expression. `pl.lit` of one is the same, but loads numpy: a tenth of a clerk's wait."""
    return pl.lit(f"{value:f}").cast(pl.Decimal(38, max(0, -value.as_tuple().exponent)))
