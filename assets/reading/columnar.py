"""Parquet files: typed columns back to the text that a clerk would have typed; columns that are not kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import polars as pl

from .delimited import MAX_COLUMNS
from .report import Unreadable, require_fault_of_file

MAX_UNPACKED = 4 << 30


def read_parquet(data: bytes) -> tuple[list[str], pl.DataFrame]:
    """Headers and rows as text: `row` as if one header line stood above (2, 3, …), cells `c0`…. Raises Unreadable."""
    try:
        table = _table(data)
        names = [str(name) for name in table.column_names]
        frame = pl.from_arrow(table.rename_columns([f"c{index}" for index in range(len(names))]))
        text = frame.select(_as_text(column) for column in frame.get_columns())
    except Unreadable:
        raise
    except BaseException as error:  # the libraries below panic on some damaged files
        require_fault_of_file(error)
        raise Unreadable("1004") from None
    return names, text.select(pl.int_range(2, text.height + 2, dtype=pl.Int64).alias("row"), pl.all())


def nulled(data: bytes, columns_of: Callable[[Sequence[str]], Sequence[int]]) -> bytes:
    """The file with the columns empty that `columns_of` finds among its names; as it is where there are none, and
    where it cannot be read: the reader refuses it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = _table(data)
        columns = columns_of(table.column_names)
        for place in columns:
            empty = table.schema.field(place).with_nullable(True)
            table = table.set_column(place, empty, pa.nulls(table.num_rows, empty.type))
        stream = io.BytesIO()
        pq.write_table(table, stream)
    except BaseException as error:  # as above
        require_fault_of_file(error)
        return data
    return stream.getvalue() if columns else data


def _table(data: bytes):
    """The file as an Arrow table. Raises Unreadable when it is too large, and whatever the library does."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(data))
    unpacked = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
    if unpacked > MAX_UNPACKED or file.metadata.num_columns > MAX_COLUMNS:
        raise Unreadable("1006", what=f"展开后约 {unpacked >> 20} MB、{file.metadata.num_columns} 列")
    table = file.read()
    table.validate(full=True)  # texts that are no UTF-8, offsets that lead nowhere: polars would trust them
    return table


def _as_text(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype == pl.String:
        return column
    if dtype.is_float():
        return column.cast(pl.String).str.replace(r"\.0$", "")
    if dtype.is_decimal():
        return column.cast(pl.String).str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix(".")
    if dtype == pl.Binary:
        return pl.Series(
            column.name, [None if v is None else v.decode("utf-8", "replace") for v in column], dtype=pl.String
        )
    if dtype.is_nested() or dtype == pl.Object:
        return pl.Series(column.name, [None if v is None else str(v) for v in column.to_list()], dtype=pl.String)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone:  # an instant: its day is that of UTC+8, as with epoch milliseconds
            column = column.dt.convert_time_zone("Etc/GMT-8")  # the sign is POSIX: east of Greenwich
        return column.dt.to_string("%Y-%m-%d %H:%M:%S").str.strip_suffix(" 00:00:00")
    return column.cast(pl.String)
