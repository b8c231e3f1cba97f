"""Workbooks and Parquet: layouts, sheets, cell types, and files that must not be opened."""

from __future__ import annotations

import datetime as dt
import io
import struct
import time
import zipfile
from decimal import Decimal

import openpyxl
import polars as pl
import pytest

from assets.reading import read
from schemas.submissions import BESIDE_FORM, FORM, LAND_SUPPLY
from schemas.table import Unit

from .reading_files import TASK_HEADER, TASK_NAME, checked, numbers, rows, rules, task_book, workbook, xls

HEADER = TASK_HEADER.split(",")
ROW = ["330100", 2026, "批而未供消化", 12.5]
CELLS = ("330100", "2026", "批而未供消化", "12.5")


def simple(book):
    sheet = book.add_worksheet("数据")
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ROW)


def official(book):
    """A title, a unit row, two merged header rows, blanks, a total and notes; the table starts in column B."""
    sheet = book.add_worksheet("数据")
    sheet.merge_range(1, 1, 1, 5, "2026年度任务表")
    sheet.write(2, 5, "单位：公顷")
    sheet.merge_range(3, 1, 4, 1, "行政区代码")
    sheet.merge_range(3, 2, 4, 2, "年份*")
    sheet.merge_range(3, 3, 3, 4, "任务（亩）")
    sheet.write_row(4, 3, ["任务", "任务\n面积"])
    sheet.merge_range(3, 5, 4, 5, "备用")
    sheet.write_row(5, 1, ROW)
    sheet.write_row(7, 1, ["330200", 2026, "闲置土地处置", 3])
    sheet.write_row(8, 1, ["合 计", "", "", 15.5])
    sheet.write(10, 1, "注：1.本表由各市填写")
    sheet.write(11, 1, "填表人：张三")
    sheet.write(11, 4, "审核人：李四")


def test_official_layout():
    reading = task_book(official)
    assert rows(reading) == [CELLS, ("330200", "2026", "闲置土地处置", "3")]
    assert numbers(reading) == [6, 8]
    area = reading.blocks[0].columns["task_area_mu"]
    assert (area.letter, area.unit) == ("E", Unit.MU)
    assert reading.skipped == {"标题": 1, "单位行": 1, "表头": 2, "合计行": 1, "说明": 2} and reading.lines == 9
    assert rules(reading) == ["2003"] and reading.findings[0].place.cell == "F5"


def test_three_header_rows():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 2, 0, "行政区代码")
        sheet.merge_range(0, 1, 2, 1, "年份")
        sheet.merge_range(0, 2, 0, 3, "任务情况")
        sheet.merge_range(1, 2, 2, 2, "任务")
        sheet.write(1, 3, "任务")
        sheet.write(2, 3, "面积（公顷）")
        sheet.write_row(3, 0, ROW)

    reading = task_book(fill)
    assert rows(reading) == [CELLS] and reading.blocks[0].columns["task_area_mu"].unit is Unit.HECTARE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0330100", "0330100"),
        (330100.0, "330100"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (123456789012345, "123456789012345"),
        (-5, "-5"),
        (43831.5, "43831.5"),
        (True, "true"),
        ("  12\n5\u3000", "12 5"),
        ("a\x07b", "ab"),
        (dt.datetime(2026, 3, 1), "2026-03-01"),
        (dt.datetime(2026, 3, 1, 10, 30), "2026-03-01 10:30:00"),
    ],
)
def test_cells_come_as_text_without_losing_digits(value, text):
    def fill(book):
        simple(book)
        sheet = book.worksheets()[0]
        if isinstance(value, dt.datetime):
            sheet.write_datetime(1, 3, value, book.add_format({"num_format": "yyyy-mm-dd"}))
        elif isinstance(value, str):
            sheet.write_string(1, 3, value)
        else:
            sheet.write(1, 3, value)

    assert rows(task_book(fill)) == [(*CELLS[:3], text)]


@pytest.mark.parametrize(
    ("result", "text"), [(7, "7"), ("文", "文"), ("#N/A", "#N/A"), ("#DIV/0!", "#DIV/0!"), ("#REF!", "#REF!")]
)
def test_formulas_come_as_their_results_and_errors_as_text(result, text):
    def fill(book):
        simple(book)
        book.worksheets()[0].write_formula(1, 3, "=A1", None, result)

    assert rows(task_book(fill)) == [(*CELLS[:3], text)]


@pytest.mark.parametrize("left", [0, 2])
def test_a_formula_that_was_never_worked_out_is_not_an_empty_cell(left):
    """openpyxl writes formulas without results, and texts without any letter, which the library takes for nothing."""
    book = openpyxl.Workbook()
    for row in (HEADER, ["330100", 2026, "批而未供消化", "=5*2"], ["330100", "=2025+1", "闲置土地处置", 3]):
        book.active.append([*[""] * left, *row])
    book.active.cell(5, left + 1).value = "=A2"  # a row of its own, below everything else
    buffer = io.BytesIO()
    book.save(buffer)
    reading = checked(read(f"{TASK_NAME}.xlsx", buffer.getvalue()))
    assert rows(reading) == [
        (*CELLS[:3], "#CALC!"), ("330100", "#CALC!", "闲置土地处置", "3"), ("#CALC!", None, None, None),
    ]  # fmt: skip
    assert numbers(reading) == [2, 3, 5]
    assert reading.blocks[0].columns["task_area_mu"].letter == "DF"[left // 2]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("330102001001123457", "330102001001123457"),  # a double would make it …456
        ("3.30102001001123E+17", "3.30102001001123E+17"),  # fifteen digits are all that Excel keeps
        ("3.301020010011235e+17", "3.301020010011235e+17"),
        ("3.30100202500001E+20", "3.30100202500001E+20"),  # the library would write digits that nobody typed
        ("123456789012345", "123456789012345"),
        ("1.5E+3", "1500"),
    ],
)
def test_long_numbers_come_as_written(written, read_as):
    def fill(book):
        simple(book)
        book.worksheets()[0].write(0, 4, "下达文号")
        book.worksheets()[0].write_number(1, 4, 77)

    parts, made = zipfile.ZipFile(io.BytesIO(workbook(fill))), io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name in parts.namelist():
            package.writestr(name, parts.read(name).replace(b"<v>77</v>", f"<v>{written}</v>".encode()))
    assert rows(read(f"{TASK_NAME}.xlsx", made.getvalue())) == [(*CELLS, read_as)]


def test_a_formula_that_gives_no_text_is_an_empty_cell():
    def fill(book):
        simple(book)
        book.worksheets()[0].write_formula(1, 3, '=""', None, "")

    parts = zipfile.ZipFile(io.BytesIO(workbook(fill)))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name in parts.namelist():  # as Excel marks a text
            package.writestr(name, parts.read(name).replace(b'<c r="D2"><f>', b'<c r="D2" t="str"><f>'))
    assert rows(read(f"{TASK_NAME}.xlsx", made.getvalue())) == [(*CELLS[:3], None)]


def test_many_formula_errors_take_no_time():
    def fill(book):
        simple(book)
        for row in range(1, 5_000):
            book.worksheets()[0].write_formula(row, 3, "=NA()", None, "#N/A")

    began = time.process_time()
    assert [row[3] for row in rows(task_book(fill))] == ["#N/A"] * 4_999
    assert time.process_time() - began < 3


def test_every_sheet_with_the_table_is_a_block():
    def fill(book):
        cover = book.add_worksheet("封面")
        cover.write(0, 0, "年度任务")
        simple(book)
        second = book.add_worksheet("第二批")
        second.write_row(0, 0, [*HEADER[:3], "任务面积（平方米）"])
        second.write_row(1, 0, ROW)
        summary = book.add_worksheet("汇总")
        summary.write_row(0, 0, HEADER[:2])
        summary.write_row(1, 0, [330100, 2026])

    reading = task_book(fill)
    assert [block.sheet for block in reading.blocks] == ["数据", "第二批"]
    assert reading.blocks[1].columns["task_area_mu"].unit is Unit.SQUARE_METRE
    assert reading.skipped == {"其他工作表：封面": 1, "其他工作表：汇总": 2, "表头": 2}


def test_a_hidden_sheet_with_data_is_not_read_but_named():
    def fill(book):
        simple(book)
        hidden = book.add_worksheet("旧数据")
        hidden.write_row(0, 0, HEADER)
        hidden.write_row(1, 0, ROW)
        hidden.hide()

    reading = task_book(fill)
    assert rules(reading) == ["2012"] and rows(reading) == [CELLS] and reading.skipped["隐藏工作表：旧数据"] == 2


def test_a_sheet_that_is_another_table_is_named_with_the_file_it_should_be():
    """A second sheet that is no table of ours is only counted: cover pages and summaries are usual."""

    def fill(book):
        simple(book)
        other = book.add_worksheet("供地")
        other.write_row(0, 0, ["供地结果明细"])
        other.write_row(1, 0, [LAND_SUPPLY[name].label for name in LAND_SUPPLY.required])
        other.write_row(2, 0, ["330102", "3301022026B00001"])

    reading = task_book(fill)
    assert rules(reading) == ["2018"] and rows(reading) == [CELLS] and reading.skipped["其他工作表：供地"] == 3
    assert "工作表“供地”是《供地结果》" in reading.findings[0].message
    assert "供地结果_330100_2026.xlsx" in reading.findings[0].suggestion


def test_merged_cells_among_the_data_are_pointed_out_where_a_row_lost_a_value_to_them():
    def fill(book):
        sheet = book.add_worksheet("数据")
        sheet.merge_range("A1:D1", "2026 年任务")
        sheet.write_row(1, 0, HEADER)
        for row in (2, 3):
            sheet.write_row(row, 0, ROW)
        sheet.write_row(4, 0, [ROW[0], None, *ROW[2:]])
        sheet.merge_range("B4:B5", 2026)
        sheet.merge_range("A7:D8", "说明：本表由局填报")

    reading = task_book(fill)
    assert rules(reading) == ["2020"]
    assert reading.findings[0].message.startswith("B4:B5 是合并单元格")
    assert [cells[1] for cells in rows(reading)] == ["2026", "2026", None]


@pytest.mark.parametrize("above", [0, 20])
def test_what_explains_a_template_is_never_taken_for_its_form(above):
    """The header is gone, or stands too far below: the sheet of codes has words of a header, too."""

    def fill(book):
        form, codes = book.add_worksheet(FORM), book.add_worksheet(BESIDE_FORM[1])
        for at in range(above):
            form.write_row(at, 0, ["填写要求"])
        if above:
            form.write_row(above, 0, HEADER)
        form.write_row(above + 1, 0, ROW)
        codes.write_row(0, 0, ["行政区代码", "任务"])
        codes.write_row(1, 0, ["330100", "闲置土地处置"])

    reading = task_book(fill)
    assert rules(reading) == ["2001"] and reading.fatal


@pytest.mark.parametrize("beside", ["说明", "封面"])
def test_a_table_is_read_whatever_its_sheet_is_called(beside):
    def fill(book):
        sheet = book.add_worksheet(BESIDE_FORM[1])
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ROW)
        book.add_worksheet(beside).write_row(0, 0, ["填报要求"])

    assert rows(task_book(fill)) == [CELLS]


def test_an_empty_form_of_another_table_is_not_told_of():
    def fill(book):
        simple(book)
        book.add_worksheet("供地").write_row(0, 0, [LAND_SUPPLY[name].label for name in LAND_SUPPLY.required])

    assert rules(task_book(fill)) == []


def test_suffix_that_lies():
    assert rules(task_book(simple, suffix="csv")) == ["1007"]
    assert rows(task_book(simple, suffix="xls")) == [CELLS]


def test_old_xls():
    cells = {(0, column): text for column, text in enumerate(HEADER)}
    cells |= {(2, column): value for column, value in enumerate(["330100", 2026.0, "批而未供消化", 12.5])}
    reading = checked(read(f"{TASK_NAME}.xls", xls(cells)))
    assert (reading.form, rows(reading), numbers(reading), reading.lines) == ("xls", [CELLS], [3], 2)
    assert reading.findings == []


def test_a_formula_in_an_old_xls_is_never_read(capfd):
    """="局": the library takes the text behind the formula's first bytes for more of it, and gives up."""
    cells = {(0, column): text for column, text in enumerate([*HEADER, "备注"])}
    cells |= {(1, column): value for column, value in enumerate(["330100", 2026.0, "批而未供消化", 12.5])}
    text = struct.pack("<BBB", 0x17, 1, 1) + "局".encode("utf-16-le")
    reading = read(f"{TASK_NAME}.xls", xls(cells, {(1, 4): (7.0, text)}))
    assert rules(reading) == ["2003"] and rows(reading) == [CELLS]
    assert capfd.readouterr().err == ""


def test_old_xls_with_an_empty_first_column_keeps_its_letters():
    cells = {(0, 1 + column): text for column, text in enumerate([*HEADER, "备用"])}
    cells |= {(1, 1 + column): value for column, value in enumerate(["330100", 2026.0, "批而未供消化", 12.5])}
    reading = checked(read(f"{TASK_NAME}.xls", xls(cells)))
    assert rows(reading) == [CELLS] and reading.blocks[0].columns["task_area_mu"].letter == "E"
    assert reading.findings[0].place.cell == "F1"


def test_parquet_of_any_type():
    buffer = io.BytesIO()
    pl.DataFrame(
        {
            "行政区代码": [330100, None], "年份": [2026.0, None], "任务": ["x", None],
            "任务面积（公顷）": [Decimal("12.50"), None],
            "下达日期": [dt.date(2026, 3, 1), None], "下达文号": [dt.datetime(2026, 3, 1), None],
            "a": [[1, 2], None],
            "b": [True, None], "c": [{"k": 1}, None], "d": [dt.time(3), None], "e": [b"\xff", None],
        }
    ).write_parquet(buffer)  # fmt: skip
    reading = checked(read(f"{TASK_NAME}.parquet", buffer.getvalue()))
    assert dict(zip(reading.blocks[0].rows.columns, reading.blocks[0].rows.row(0), strict=True)) == {
        "row_number": 2, "region_code": "330100", "year": "2026", "task": "x", "task_area_mu": "12.5",
        "issue_date": "2026-03-01", "issue_no": "2026-03-01",
    }  # fmt: skip
    assert rules(reading) == ["2003"] * 5 and reading.skipped == {"空行": 1}


def test_an_instant_in_parquet_is_a_day_at_utc_8():
    buffer = io.BytesIO()
    instant = dt.datetime(2026, 2, 28, 16, tzinfo=dt.UTC)  # 2026-03-01 00:00 at UTC+8
    pl.DataFrame({**dict(zip(HEADER, ([cell] for cell in CELLS), strict=True)), "下达日期": [instant]}).write_parquet(
        buffer
    )
    assert rows(read(f"{TASK_NAME}.parquet", buffer.getvalue())) == [(*CELLS, "2026-03-01")]


# --- Files that must not be opened ------------------------------------------------------------------------------------


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return buffer.getvalue()


def stray_cell(book):
    simple(book)
    book.worksheets()[0].write(1_048_575, 16_383, " x")


def bomb() -> bytes:
    return archive(**{"xl/workbook.xml": b"0" * (60 << 20)})


def entities() -> bytes:
    return archive(**{"xl/workbook.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cc">]><workbook/>'})


def flipped() -> bytes:
    data = bytearray(workbook(simple))
    at = data.index(b"xl/worksheets/sheet1.xml") + 60
    data[at : at + 20] = bytes(20)
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (bomb, "1006"),
        (lambda: workbook(stray_cell), "1006"),
        (entities, "1003"),
        (lambda: archive(**{"供地结果.csv": b"1"}), "1003"),
        (lambda: archive(**{"word/document.xml": b"<w/>"}), "1003"),
        (lambda: archive(**{"xl/workbook.bin": b"1"}), "1003"),
        (lambda: archive(**{"xl/workbook.xml": b"<workbook/>"}), "1004"),
        (lambda: workbook(simple)[:2000], "1004"),
        (lambda: workbook(simple)[:-10], "1004"),
        (flipped, "1004"),
        (lambda: workbook(lambda book: book.add_worksheet()), "1002"),
    ],
)
def test_dangerous_and_broken_workbooks(make, rule):
    reading = checked(read(f"{TASK_NAME}.xlsx", make()))
    assert rules(reading) == [rule] and reading.fatal and reading.blocks == []
