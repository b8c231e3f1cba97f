"""Small submissions for the tests of receipts and templates, and a receipt workbook taken apart."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import xlsxwriter

from assets import receipts
from assets.checking import check
from assets.reading import read
from assets.reading.source import Checked
from schemas import policy
from schemas.submissions import LAND_SUPPLY

DAY = date(2026, 11, 23)
NAME = "供地结果_330100_2026"
HEADER = [column.label + (f"（{column.unit}）" if column.unit else "") for column in LAND_SUPPLY.columns]
GOOD = {
    "行政区代码": "330106", "电子监管号": "3301062026B00001", "宗地代码": "P1", "项目名称": "甲", "供应面积": "2",
    "现有建设用地面积": "2", "历史批而未供面积": "0", "当年新增面积": "0", "是否单独选址": "否", "土地用途代码": "0701",
    "用途分类体系": "GB/T21010-2017", "供地方式": "挂牌", "合同签订日期": "2026-03-01",
}  # fmt: skip


def row(**changes: str) -> list[str]:
    values = GOOD | changes
    return [values.get(column.label, "") for column in LAND_SUPPLY.columns]


#: Row 2 is good, row 3 has an error (supplied area 15 times its parts), row 4 a warning (malformed number).
ROWS = [row(), row(电子监管号="3301062026B00002", 供应面积="30"), row(电子监管号="33010X", 项目名称="=1+1")]


def as_xlsx(rows: list[list[str]] = ROWS, more: Callable | None = None, name: str = "供地结果") -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": datetime(2026, 1, 1)})
        sheet = book.add_worksheet(name)
        for number, cells in enumerate([HEADER, *rows]):
            sheet.write_row(number, 0, cells)
        if more:
            more(book, sheet)
    return buffer.getvalue()


def as_csv(rows: list[list[str]] = ROWS, encoding: str = "utf-8", separator: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows([HEADER, *rows])
    return text.getvalue().encode(encoding)


def checked(data: bytes, suffix: str = "xlsx", name: str = NAME) -> Checked:
    return check(read(f"{name}.{suffix}", data), policy.regions(), DAY)


def receipt(data: bytes, suffix: str = "xlsx", name: str = NAME) -> bytes:
    return receipts.workbook(checked(data, suffix, name), data, "LS-TEST", DAY)


def opened(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def facts(book: openpyxl.Workbook) -> dict[str, str]:
    """The upper part of the receipt sheet: label → text."""
    sheet = book.worksheets[0]
    return {
        cells[0].value: cells[2].value for cells in sheet.iter_rows(max_row=20) if cells[0].value and cells[2].value
    }


def listed(book: openpyxl.Workbook) -> list[dict]:
    """The findings as the receipt sheet lists them: heading → cell."""
    rows = list(book.worksheets[0].iter_rows())
    at = next((n for n, cells in enumerate(rows) if cells[0].value == "序号"), None)
    if at is None:
        return []
    headings = [cell.value for cell in rows[at]]
    return [dict(zip(headings, cells, strict=True)) for cells in rows[at + 1 :] if cells[0].value is not None]


def target(book: openpyxl.Workbook, cell) -> openpyxl.cell.Cell:
    """The cell that a link leads to."""
    sheet, at = re.fullmatch(r"'(.+)'!([A-Z]+\d+)", cell.hyperlink.location).groups()
    return book[sheet.replace("''", "'")][at]
