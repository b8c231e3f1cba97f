"""How a file looks: encodings, separators, units, header variants, workbooks with titles, merged headers, totals.

A `Dress` is drawn per file; `spelled` turns typed rows into cells; `to_bytes` makes the file. Nothing here spoils data.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import polars as pl
import xlsxwriter

from schemas.table import AREA_KINDS, Column, Kind, Table, Unit

CSV, XLSX, PARQUET = "csv", "xlsx", "parquet"
#: The metadata of a workbook must not tell when it was generated.
_CREATED = datetime(2025, 1, 1)
_EXCEL_EPOCH = date(1899, 12, 30)
MAX_WORKBOOK_ROWS = 160

DATE_FORMS = ("iso", "slash", "dot", "compact", "chinese", "serial", "epoch", "time")
_ENCODINGS = ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16")
_TOKENS = ("-", "--", "/", "无", "Nah", "\u00a0")
_BOOLEANS = (("是", "否"), ("1", "0"), ("Y", "N"), ("true", "false"))
_SENTINELS = ("1900-01-01", "1900年01月01日", "1901年01月02日")
_NUMERIC = AREA_KINDS | {Kind.MONEY, Kind.FAR, Kind.INDEX, Kind.NUMBER, Kind.YEAR, Kind.INTEGER}
_UNIT_PLACES = ("default", "brackets", "wide_brackets", "slash", "unit_row", "upper")


@dataclass(frozen=True, slots=True)
class Dress:
    """One file's habits. `tokens` and `sentinel` stand in empty cells; `unit_place` says where the units are named."""

    form: str = CSV
    encoding: str = "utf-8"
    separator: str = ","
    newline: str = "\n"
    area_unit: Unit | None = None  # None: each column's default unit
    money_unit: Unit | None = None
    unit_place: str = "default"
    date_form: str = "iso"
    booleans: tuple[str, str] = ("是", "否")
    nine_digits: bool = False
    starred: bool = False  # required headers carry a *
    spaced: bool = False  # headers with inner spaces
    tokens: tuple[str, ...] = ()
    sentinel: str | None = None
    extra: str | None = None  # an unknown column
    date_cells: bool = False
    number_cells: bool = True
    total_row: bool = False
    notes: bool = False

    def unit(self, column: Column) -> Unit | None:
        """The unit that the column's cells are in."""
        if column.kind in AREA_KINDS:
            return self.area_unit or column.unit
        if column.kind is Kind.MONEY:
            return self.money_unit or column.unit
        return None


def draw(rng: np.random.Generator, rows: int, *, plain: bool = False) -> Dress:
    """A dress for a file of so many rows; `plain`: only GBK and UTF-8 CSV, for bulk."""
    if plain:
        return Dress(encoding=("gbk", "utf-8")[int(rng.integers(2))], area_unit=Unit.HECTARE, unit_place="brackets")
    form = (CSV, XLSX, PARQUET)[int(rng.choice(3, p=[0.68, 0.25, 0.07]))]
    if form == XLSX and rows > MAX_WORKBOOK_ROWS:
        form = CSV
    encoding = _ENCODINGS[int(rng.choice(5, p=[0.25, 0.2, 0.3, 0.12, 0.13]))]
    area_unit = (None, Unit.HECTARE, Unit.MU, Unit.SQUARE_METRE)[int(rng.choice(4, p=[0.35, 0.35, 0.2, 0.1]))]
    places = _UNIT_PLACES if form == XLSX else _UNIT_PLACES[:4]
    place = "default" if area_unit is None else places[int(rng.integers(1, len(places)))]
    tokens = _TOKENS if encoding != "gbk" or form != CSV else _TOKENS[:-1]  # GBK knows no no-break space
    dated = form == XLSX and rng.random() < 0.5
    return Dress(
        form=form,
        encoding=encoding,
        separator=(",", "\t", ";", "|")[int(rng.choice(4, p=[0.72, 0.12, 0.08, 0.08]))],
        newline=("\n", "\r\n")[int(rng.integers(2))],
        area_unit=area_unit,
        money_unit=(None, Unit.WAN_YUAN, Unit.YUAN, Unit.YI_YUAN)[int(rng.choice(4, p=[0.6, 0.25, 0.08, 0.07]))],
        unit_place=place,
        date_form="iso" if dated else DATE_FORMS[int(rng.choice(8, p=[0.3, 0.15, 0.1, 0.1, 0.12, 0.08, 0.05, 0.1]))],
        booleans=_BOOLEANS[int(rng.choice(4, p=[0.7, 0.12, 0.1, 0.08]))],
        nine_digits=bool(rng.random() < 0.08),
        starred=bool(rng.random() < 0.15),
        spaced=bool(rng.random() < 0.08),
        tokens=tuple(rng.choice(tokens, 2)) if rng.random() < 0.3 else (),
        sentinel=str(rng.choice(_SENTINELS)) if rng.random() < 0.1 else None,
        extra=str(rng.choice(["备注", "填报人", "联系电话"])) if rng.random() < 0.06 else None,
        date_cells=dated,
        number_cells=bool(rng.random() < 0.7),
        total_row=bool(rng.random() < 0.7),
        notes=bool(rng.random() < 0.7),
    )


# --- Cells ------------------------------------------------------------------------------------------------------------


def spelled(rows: pl.DataFrame, table: Table, dress: Dress) -> pl.DataFrame:
    """Typed rows (areas in m², money in 元) → text as this bureau writes it; empty cells are null."""
    return rows.select(spell(pl.col(column.name), column, dress, rows.schema[column.name]) for column in table.columns)


def spell(cell: pl.Expr, column: Column, dress: Dress, dtype: pl.DataType) -> pl.Expr:
    """One column's values as text."""
    if dtype == pl.String:
        return cell + "000" if column.kind is Kind.REGION and dress.nine_digits else cell
    if column.kind in AREA_KINDS or column.kind is Kind.MONEY:
        return _quantity(cell, dress.unit(column))
    if column.kind is Kind.DATE:
        return _day(cell, dress.date_form)
    if column.kind is Kind.BOOLEAN:
        yes, no = dress.booleans
        return pl.when(cell).then(pl.lit(yes)).when(~cell).then(pl.lit(no)).alias(column.name)
    return cell.cast(pl.String)


def _quantity(value: pl.Expr, unit: Unit) -> pl.Expr:
    """Whole m² or 元 in a unit, exactly: 1 m² = 0.0001 公顷 = 0.0015 亩."""
    if unit is Unit.MU:
        return _decimal(value * 15, 4)
    return _decimal(
        value, {Unit.HECTARE: 4, Unit.SQUARE_METRE: 0, Unit.YUAN: 0, Unit.WAN_YUAN: 4, Unit.YI_YUAN: 8}[unit]
    )


def _decimal(value: pl.Expr, places: int) -> pl.Expr:
    if places == 0:
        return value.cast(pl.String)
    fraction = (value % 10**places).cast(pl.String).str.zfill(places).str.strip_chars_end("0")
    whole = (value // 10**places).cast(pl.String)
    return pl.when(fraction == "").then(whole).otherwise(whole + "." + fraction).alias(value.meta.output_name())


def _day(value: pl.Expr, form: str) -> pl.Expr:
    match form:
        case "iso":
            return value.cast(pl.String)
        case "slash":
            return value.dt.strftime("%Y/%-m/%-d")
        case "dot":
            return value.dt.strftime("%Y.%-m.%-d")
        case "compact":
            return value.dt.strftime("%Y%m%d")
        case "chinese":
            return value.dt.strftime("%Y年%-m月%-d日")
        case "serial":
            return (value - pl.lit(_EXCEL_EPOCH)).dt.total_days().cast(pl.String)
        case "epoch":  # midnight in China
            return ((value.cast(pl.Int64) * 86_400 - 8 * 3_600) * 1_000).cast(pl.String)
        case "time":
            return value.cast(pl.String) + " 00:00:00"
    raise ValueError(f"no such date form: {form}")


def with_empty_words(cells: pl.DataFrame, table: Table, dress: Dress, rng: np.random.Generator) -> pl.DataFrame:
    """Put the words of the file for "nothing" into empty cells of optional columns."""
    if not dress.tokens and not dress.sentinel:
        return cells
    fill = []
    for column in table.columns:
        if column.required or not cells[column.name].null_count():
            continue
        if column.kind is Kind.DATE and dress.sentinel:
            fill.append(pl.col(column.name).fill_null(pl.lit(dress.sentinel)))
        elif dress.tokens and rng.random() < 0.6:
            fill.append(pl.col(column.name).fill_null(pl.lit(dress.tokens[int(rng.integers(len(dress.tokens)))])))
    return cells.with_columns(fill)


# --- Headers ----------------------------------------------------------------------------------------------------------


def header(column: Column, dress: Dress) -> str:
    """The column's header in this file."""
    label = column.label
    if dress.spaced and len(label) == 4:
        label = f"{label[:2]} {label[2:]}"
    if dress.starred and column.required:
        label = f"*{label}"
    unit = dress.unit(column)
    if unit is None:
        return label
    named = dress.area_unit if column.kind in AREA_KINDS else dress.money_unit
    # A unit row or an upper cell speaks of areas; money names its unit itself. A default unit may stay unsaid.
    if named is None or (column.kind in AREA_KINDS and dress.unit_place in ("unit_row", "upper")):
        return label
    match dress.unit_place if column.kind in AREA_KINDS else "brackets":
        case "wide_brackets":
            return f"{label}（{unit}）"
        case "slash":
            return f"{label}/{unit}"
        case _:
            return f"{label}({unit})"


def _area_run(columns: Sequence[Column]) -> tuple[int, int] | None:
    """First and last index of the longest run of at least two neighbouring area columns."""
    best: tuple[int, int] | None = None
    start = None
    for index, column in enumerate([*columns, None]):
        if column is not None and column.kind in AREA_KINDS:
            start = index if start is None else start
        elif start is not None:
            if index - start >= 2 and (best is None or index - start > best[1] - best[0] + 1):
                best = (start, index - 1)
            start = None
    return best


def fitted(dress: Dress, table: Table) -> Dress:
    """The dress as the table can wear it: a merged upper cell needs neighbouring area columns, a unit needs areas.

    The whole file uses one area unit, so every area column has to stand under the cell that names it.
    """
    areas = [column for column in table.columns if column.kind in AREA_KINDS]
    run = _area_run(table.columns)
    if not areas:
        return replace(dress, area_unit=None, unit_place="default")
    if dress.unit_place == "upper" and (run is None or run[1] - run[0] + 1 != len(areas)):
        return replace(dress, unit_place="brackets")
    return dress


# --- Files ------------------------------------------------------------------------------------------------------------


def to_bytes(cells: pl.DataFrame, table: Table, dress: Dress, title: str = "", sender: str = "") -> tuple[bytes, int]:
    """The file and the row (line) number of its first data row, counted from 1."""
    columns = [column for column in table.columns if column.name in cells.columns]
    named = cells.rename({column.name: header(column, dress) for column in columns})
    if dress.extra:
        named = named.with_columns(pl.lit("").alias(dress.extra))
    if dress.form == PARQUET:
        return _parquet(cells, named, columns), 2
    if dress.form == XLSX:
        return _workbook(cells, named.columns, columns, dress, title, sender)
    text = named.write_csv(separator=dress.separator, line_terminator=dress.newline)
    return text.encode(dress.encoding), 2


def _parquet(cells: pl.DataFrame, named: pl.DataFrame, columns: Sequence[Column]) -> bytes:
    """Numbers and days as such where every cell of the column is one."""
    typed = {}
    for column, name in zip(columns, named.columns, strict=False):
        try:
            if column.kind in _NUMERIC:
                typed[name] = cells[column.name].cast(pl.Float64)
            elif column.kind is Kind.DATE:
                typed[name] = cells[column.name].str.to_date("%Y-%m-%d")
        except pl.exceptions.PolarsError:
            continue
    buffer = io.BytesIO()
    named.with_columns(**typed).write_parquet(buffer)
    return buffer.getvalue()


def _workbook(
    cells: pl.DataFrame, headers: Sequence[str], columns: Sequence[Column], dress: Dress, title: str, sender: str
) -> tuple[bytes, int]:
    """Title, unit row, one or two header rows (merged), data, 合计 row, notes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False, "strings_to_urls": False})
    book.set_properties({"created": _CREATED, "title": title})
    sheet = book.add_worksheet("填报表")
    bold = book.add_format({"bold": True, "align": "center"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    last = len(headers) - 1
    row = 0
    if title:
        sheet.merge_range(0, 0, 0, last, title, bold)
        sheet.write_string(1, 0, f"填报单位：{sender}")
        row = 2
    if dress.unit_place == "unit_row":
        sheet.write_string(row, max(0, last - 1), f"单位：{dress.area_unit}")
        row += 1
    if dress.unit_place == "upper" and (run := _area_run(columns)):
        sheet.merge_range(row, run[0], row, run[1], f"面积（{dress.area_unit}）", bold)
        for index, text in enumerate(headers):
            if run[0] <= index <= run[1]:
                sheet.write_string(row + 1, index, text, bold)
            else:
                sheet.merge_range(row, index, row + 1, index, text, bold)
        row += 2
    else:
        sheet.write_row(row, 0, headers, bold)
        row += 1
    first = row
    for index, column in enumerate(columns):
        _write_column(sheet, first, index, column, cells[column.name].to_list(), dress, day)
    row = first + cells.height
    if dress.total_row:
        sheet.write_string(row, 0, "合计")
        for index, column in enumerate(columns):
            if column.kind in AREA_KINDS:
                total = cells[column.name].cast(pl.Float64, strict=False).sum()
                sheet.write_number(row, index, round(total, 4))
        row += 1
    if dress.notes:
        sheet.write_string(row + 1, 0, "注：1.本表按批次报送。2.面积以合同或批文为准。")
        sheet.write_string(row + 2, 0, "填表人：          审核人：          填表日期：")
    book.close()
    return buffer.getvalue(), first + 1


def _write_column(sheet, first: int, index: int, column: Column, values: list[str | None], dress: Dress, day) -> None:
    numeric = dress.number_cells and column.kind in _NUMERIC and column.kind is not Kind.INDEX
    dated = dress.date_cells and column.kind is Kind.DATE
    for row, value in enumerate(values, first):
        if value is None:
            continue
        if numeric or dated:
            try:
                if dated:
                    sheet.write_datetime(
                        row, index, datetime.combine(date.fromisoformat(value), datetime.min.time()), day
                    )
                else:
                    sheet.write_number(row, index, float(value))
                continue
            except ValueError:
                pass  # a word in a number's or a date's place stays the text that it is
        sheet.write_string(row, index, value)
