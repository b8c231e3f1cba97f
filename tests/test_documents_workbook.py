"""The Excel annex: layout, formats, figures that show exactly the model's text."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as some

from assets.outputs import format as shown
from assets.outputs import workbook
from assets.outputs.sheets import Column, number_cell, spans
from schemas.table import Unit
from tests.documents_sample import FORMULA, build_cell, model

GROUP_ROW, INDICATOR_ROW, FIRST_CITY = 3, 4, 7


@pytest.fixture(scope="module")
def sample():
    return model()


@pytest.fixture(scope="module")
def book(sample, tmp_path_factory) -> openpyxl.Workbook:
    return openpyxl.load_workbook(workbook.write(sample, tmp_path_factory.mktemp("annex") / "a.xlsx"))


def displayed(value: float, pattern: str) -> str:
    """What a spreadsheet shows for a number under one of the annex's formats."""
    parts = pattern.split(";")
    part = parts[1] if value < 0 and len(parts) > 1 else parts[2] if value == 0 and len(parts) > 2 else parts[0]
    percent = part.endswith("%")
    decimals = len(part.rstrip("%").partition(".")[2])
    with_scale = Decimal(f"{abs(value):.15g}") * (100 if percent else 1)
    number = with_scale.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    sign = part.partition("#")[0].replace('"', "")
    return f"{sign}{number:,f}{'%' if percent else ''}"


@pytest.mark.parametrize(
    ("value", "text", "stored", "pattern"),
    [
        (204000.4, "204,000", 204000.4, "#,##0"),
        (58.4999, "58.4999%", 0.584999, "#,##0.0000%"),
        (1.5, "1.50", 1.5, "#,##0.00"),
        (12.34565, "12.3456", 12.3456, "#,##0.0000"),  # half even: a spreadsheet would show 12.3457
        (0.125, "0.12", 0.12, "#,##0.00"),
        (-0.4, "−0.40", -0.4, '+#,##0.00;"−"#,##0.00;#,##0.00'),
        (2.5, "+2.50", 2.5, '+#,##0.00;"−"#,##0.00;#,##0.00'),
        (58.5, "＜58.50%", 0.585, '"＜"#,##0.00%'),
    ],
)
def test_number_cell(value, text, stored, pattern):
    assert number_cell(value, text) == (stored, pattern)
    assert displayed(stored, pattern) == text


@pytest.mark.parametrize(("value", "text"), [(None, "—"), (None, "未报"), (3.0, "未报"), (None, "1.50")])
def test_what_is_no_number_stays_text(value, text):
    assert number_cell(value, text) is None


@given(
    some.floats(-1e7, 1e7, allow_nan=False).map(lambda value: round(value, 7)),
    some.sampled_from([Unit.MU, Unit.HECTARE, Unit.PERCENT, Unit.RATIO]),
    some.booleans(),
)
def test_a_cell_always_shows_the_text(value, unit, signed):
    text = shown.number(value, unit, signed=signed)
    assert displayed(*number_cell(value, text)) == text


def test_spans_merge_groups_and_reach_down():
    columns = [Column(("市",)), Column(("甲", "一", "值")), Column(("甲", "一", "标")), Column(("甲", "二"))]
    assert set(spans(columns, 3)) == {
        (0, 0, 0, "市", 3), (0, 1, 3, "甲", 1), (1, 1, 2, "一", 1), (2, 1, 1, "值", 1), (2, 2, 2, "标", 1),
        (1, 3, 3, "二", 2),
    }  # fmt: skip


def test_one_sheet_per_table(book):
    assert book.sheetnames[:5] == ["说明", "2027年目标与现状", "2030年目标与现状", "2026年度总结", "1 盘活存量"]
    assert {
        "区县",
        "六大模式",
        "示范项目",
        "十二项任务",
        "园区亩均效益",
        "贡献明细",
        "增存挂钩（假设）",
        "数据字典",
    } <= set(book.sheetnames)


def test_sheets_are_named_so_that_nothing_runs_together(book, sample):
    assert "8 15分钟覆盖率" in book.sheetnames
    table = next(iter(sample.annual.values()))
    names = [
        workbook._evaluation_name(replace(table, kind=kind, year=year, horizon=horizon))
        for kind, year, horizon in (("annual", 2026, 2027), ("midterm", 2026, 2027), ("final", 2026, 2030),
                                    ("midterm", 2027, 2027))
    ]  # fmt: skip
    assert names == ["2026年度总结", "中期评估（2026年对照2027年）", "终期评估（2026年对照2030年）", "2027年中期评估"]


def test_plan_layout(book):
    sheet = book["2027年目标与现状"]
    assert sheet["A1"].value == "浙江省存量空间提质增效行动主要指标表（2027年）"
    groups = {str(area): sheet[str(area).split(":")[0]].value for area in sheet.merged_cells.ranges}
    assert {"B3:I3": "存量资源盘活", "J3:M3": "存量结构改善", "N3:Q3": "空间品质提升"}.items() <= groups.items()
    assert groups["B4:C4"] == "盘活存量建设用地（亩）" and groups["A3:A5"] == "设区市"
    assert [sheet.cell(6, column).value for column in (2, 3, 6, 12)] == ["亩", "亩", "%", "比值"]
    assert [sheet.cell(row, 1).value for row in (FIRST_CITY, FIRST_CITY + 10, FIRST_CITY + 11)] == [
        "杭州市", "丽水市", "合计（全省）",
    ]  # fmt: skip
    assert [sheet.cell(FIRST_CITY, column).value for column in (2, 4, 6, 10, 12)] == [47000, 29900, 1, 0.625, 1.5]
    assert sheet.cell(FIRST_CITY + 12, 1).value.startswith("注：存量土地供应占比")


def test_print_set_up(book, sample):
    sheet = book["2027年目标与现状"]
    assert sheet.page_setup.orientation == "landscape" and int(sheet.page_setup.paperSize) == 9
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and int(sheet.page_setup.fitToHeight) == 0
    assert sheet.print_title_rows == "$3:$6" and sheet.freeze_panes == "B7"
    for piece in (sample.release.id, "2026-11-23", "预计", "口径 2025.1", "目标 2025.1"):
        assert piece in sheet.oddFooter.left.text
    assert "&P" in sheet.oddFooter.right.text and "&N" in sheet.oddFooter.right.text


@pytest.mark.parametrize("place", range(8))
def test_every_figure_shows_the_models_text(book, sample, place):
    indicator = sample.indicators[place]
    sheet = book[f"{indicator.number} {indicator.short_label}"]
    heads = {sheet.cell(3, column).value or sheet.cell(4, column).value: column for column in range(1, 19)}
    rows = {(row[0].value, row[1].value, row[2].value): row for row in sheet.iter_rows(min_row=6) if row[1].value}
    for region in (*sample.cities, sample.province):
        name = "合计（全省）" if region is sample.province else region.name
        for horizon in (2027, 2030):
            cell = sample.cells[region.code, indicator.code, 2026, horizon]
            row = rows[name, 2026, horizon]
            for head, text in (
                ("实绩", cell.text), ("目标", cell.target_text), ("差距", cell.gap_text),
                ("完成程度", cell.progress_text), ("序时应达", cell.expected_text), ("进度比", cell.pace_text),
            ):  # fmt: skip
                own = row[heads[head] - 1]
                said = own.value if own.data_type == "s" else displayed(own.value, own.number_format)
                assert said == text, (name, horizon, head)
            assert row[heads["结论"] - 1].value == f"{cell.shape}{cell.verdict_label}"
            assert row[heads["位次"] - 1].value == (cell.rank or "—")


def test_forecasts_stand_apart_and_say_so(book):
    sheet = book["1 盘活存量"]
    assert sheet["N3"].value == "预测（非实绩）" and sheet["N4"].value == "预测值"
    assert sheet["N6"].font.italic and not sheet["D6"].font.italic


def test_more_decimals_where_the_verdict_needs_them(sample, tmp_path):
    indicator = sample.indicators[4]
    region = sample.cities[0]
    tight = build_cell(
        region, indicator, 2026, 2027, sample.release.as_of, value=62.4999, target=62.5, verdict="behind"
    )
    cells = sample.cells | {(region.code, indicator.code, 2026, 2027): tight}
    sheet = openpyxl.load_workbook(workbook.write(replace(sample, cells=cells), tmp_path / "a.xlsx"))[
        "2027年目标与现状"
    ]
    cell = sheet.cell(FIRST_CITY, 11)
    assert (cell.value, cell.number_format) == (0.624999, "#,##0.0000%")
    assert sheet.cell(FIRST_CITY + 1, 11).number_format == "#,##0.00%"


def test_nothing_runs_as_a_formula(book):
    formulas = [cell.coordinate for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == []
    assert FORMULA in [cell.value for row in book["园区亩均效益"].iter_rows() for cell in row]


def test_absent_values_say_why(book):
    sheet = book["2027年目标与现状"]
    silent = next(row for row in sheet.iter_rows(min_row=FIRST_CITY) if row[0].value == "湖州市")
    assert [cell.value for cell in silent[2:17:2]] == ["未报"] * 8


def test_the_what_if_is_marked(book):
    sheet = book["增存挂钩（假设）"]
    assert "假设" in sheet["A1"].value
    assert "假设推演，不是政策" in "".join(str(row[0].value) for row in sheet.iter_rows())


def test_same_model_same_bytes(sample, tmp_path):
    first, second = (workbook.write(sample, tmp_path / name).read_bytes() for name in ("a.xlsx", "b.xlsx"))
    assert first == second


def test_an_empty_release_still_makes_a_workbook(sample, tmp_path):
    bare = replace(
        sample, cells={}, region_views={}, modes=(), measures=(), demonstrations=(), tasks=(), parks=(), calendar=(),
        advice=(), what_if=(), incentives=(), dictionary=(), annual={}, midterm={}, final={},
        quality=replace(sample.quality, by_rule=(), by_city=(), receipts=(), findings=()),
    )  # fmt: skip
    path: Path = workbook.write(bare, tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(path)["2027年目标与现状"]
    assert sheet.cell(FIRST_CITY, 2).value == "—"


def test_no_number_is_wider_than_its_column(book):
    for sheet in book:
        for cell in (each for row in sheet.iter_rows(min_row=3) for each in row):
            if isinstance(cell.value, int | float):
                shown_text = displayed(cell.value, cell.number_format)
                assert len(shown_text) <= sheet.column_dimensions[cell.column_letter].width, cell.coordinate
