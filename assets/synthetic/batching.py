"""From what happened to what is handed in when: which batch reports an event, late reports, corrections, repeats.

A table's truth (one row per event, declared columns) becomes rows with control columns, which begin with `_`:
`_batch` (index of the reporting period), `_tag` (planned peculiarity), `_spoil` (the row is to be given an error).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import polars as pl

from assets.synthetic.draws import day_number, later, some, stream
from assets.synthetic.plan import Batch, City


def placed(truth: pl.DataFrame, days: pl.Series, batches: Sequence[Batch]) -> pl.DataFrame:
    """Add `_batch`, the period of each row's day (days before the first period are in the first)."""
    firsts = np.array([day_number(batch.first) for batch in batches])
    numbers = days.cast(pl.Int32).to_numpy()
    index = np.clip(np.searchsorted(firsts, numbers, side="right") - 1, 0, len(batches) - 1)
    return truth.with_columns(_batch=pl.Series(index, dtype=pl.Int32))


def late(rows: pl.DataFrame, rng: np.random.Generator, share: float, last: int) -> pl.DataFrame:
    """A few rows are reported one period late."""
    slips = pl.Series(some(rng, rows.height, share))
    return rows.with_columns(
        _batch=pl.min_horizontal(pl.col("_batch") + slips.cast(pl.Int32), pl.lit(last)).cast(pl.Int32)
    )


def again(
    rows: pl.DataFrame, rng: np.random.Generator, share: float, last: int, *, status: str | None = None
) -> pl.DataFrame:
    """Copies of a few rows for the next batch: unchanged (an overlapping file), or with another status (解除, 撤销)."""
    chosen = rows.filter(pl.Series(some(rng, rows.height, share)) & (pl.col("_batch") < last))
    changed = chosen.with_columns(pl.col("_batch") + 1)
    return changed if status is None else changed.with_columns(status=pl.lit(status))


def corrected(
    rows: pl.DataFrame,
    rng: np.random.Generator,
    share: float,
    last: int,
    first_version: Callable[[pl.DataFrame], pl.DataFrame],
) -> pl.DataFrame:
    """A few rows are first reported wrongly (`first_version`) and put right by a 更正 in the next batch."""
    wrong = pl.Series(some(rng, rows.height, share)) & (rows["_batch"] < last)
    right = rows.filter(wrong).with_columns(pl.col("_batch") + 1, status=pl.lit("更正"))
    return pl.concat([rows.filter(~wrong), first_version(rows.filter(wrong)).select(rows.columns), right])


def spoilt(rows: pl.DataFrame, rng: np.random.Generator, share: float, last: int, mended: float = 0.4) -> pl.DataFrame:
    """Mark rows that will be given an error (never one with a `_tag`); some come again, clean, in the next batch."""
    mask = some(rng, rows.height, share) & rows["_tag"].is_null().to_numpy()
    rows = rows.with_columns(_spoil=pl.Series(mask))
    repair = rows.filter(pl.Series(mask & some(rng, rows.height, mended)) & (pl.col("_batch") < last))
    return pl.concat([rows, repair.with_columns(pl.col("_batch") + 1, status=pl.lit("更正"), _spoil=pl.lit(False))])


def addressed(
    rows: pl.DataFrame, city: City, batches: Sequence[Batch], until: date, seed: int, table: str, sender: str
) -> pl.DataFrame:
    """Add what the file is: `_sender`, `_received`, `_year`, `_label`. Each bureau has its own habit of lateness."""
    habit = int(stream(seed, "habit", city.code, table).integers(0, 9)) if sender == city.code else 0
    received = [later(batch.received, habit, until) for batch in batches]
    described = pl.DataFrame(
        {
            "_batch": pl.Series(range(len(batches)), dtype=pl.Int32),
            "_received": pl.Series(received, dtype=pl.Date),
            "_year": pl.Series([batch.year for batch in batches], dtype=pl.Int32),
            "_label": [batch.label for batch in batches],
        }
    )
    return rows.join(described, on="_batch", how="left", maintain_order="left").with_columns(_sender=pl.lit(sender))


CONTROL = {
    "_sender": pl.String(), "_received": pl.Date(), "_year": pl.Int32(), "_label": pl.String(), "_tag": pl.String(),
    "_spoil": pl.Boolean(),
}  # fmt: skip


def finished(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The declared columns in order (absent ones null), then the control columns."""
    return rows.select(
        *(pl.col(name) if name in rows.columns else pl.lit(None, pl.String).alias(name) for name in columns),
        *(
            (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in CONTROL.items()
        ),
    )
