"""File names, text files and headers: what each kind of dirt becomes."""

from __future__ import annotations

import random

import pytest

from assets.reading import parse_name, read
from schemas.file_rules import FILE_RULES
from schemas.submissions import LAND_SUPPLY
from schemas.table import Unit

from .reading_files import TASK_HEADER, TASK_NAME, checked, numbers, rows, rules, task_csv

ROW = "330100,2026,批而未供消化,12.5"
SUPPLY_HEADER = (
    "行政区代码,电子监管号,供应面积,现有建设用地面积,历史批而未供面积,当年新增面积,是否单独选址,土地用途代码,用途分类体系,供地方式,"
    "合同签订日期"
)
CELLS = ("330100", "2026", "批而未供消化", "12.5")


def unit_of(reading, column: str = "task_area_mu"):
    found = reading.blocks[0].columns.get(column)
    return found.unit if found else "unusable"


# --- Names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "table", "region", "year", "suffix"),
    [
        ("供地结果_330100_2026_第2批.xlsx", "land_supply", "330100", 2026, "xlsx"),
        ("land_supply_330100_2026.CSV", "land_supply", "330100", 2026, "csv"),
        ("供地结果＿３３０１００＿２０２６ （1）．xls", "land_supply", "330100", 2026, "xls"),
        (" 批而未供台账 _330200_2025.parquet", "approved_unsupplied", "330200", 2025, "parquet"),
        ("年度任务_330100000_2026.csv", "annual_task", "330100", 2026, "csv"),
        ("../../etc/年度任务_330100_2026.csv", "annual_task", "330100", 2026, "csv"),
        ("..\\年度任务_330100_2026.csv", "annual_task", "330100", 2026, "csv"),
        ("年度任务_330100.csv", "annual_task", "330100", None, "csv"),
        ("年度任务.csv", "annual_task", None, None, "csv"),
        ("年度任务_330100_2026.xlsx.csv", "annual_task", "330100", 2026, "csv"),
        ("供地结果表_330100_2026.csv", None, None, None, "csv"),
        ("landchina_beijing_2019h1.gb18030.csv", None, None, None, "csv"),
        ("", None, None, None, ""),
        ("\x00", None, None, None, ""),
    ],
)
def test_name(name, table, region, year, suffix):
    parsed = parse_name(name)
    assert (parsed.table and parsed.table.name, parsed.region_code, parsed.year, parsed.suffix) == (
        table,
        region,
        year,
        suffix,
    )
    assert "/" not in parsed.name and "\\" not in parsed.name


@pytest.mark.parametrize(
    ("name", "meant"), [("供地结果表", "供地结果"), ("批而未供台帐", "批而未供台账"), ("2026闲置土地", "闲置土地")]
)
def test_unknown_table_names_the_closest(name, meant):
    reading = checked(read(f"{name}_330100_2026.csv", ROW.encode()))
    assert reading.fatal and rules(reading) == ["1001"]
    assert f"是否应为“{meant}”" in reading.findings[0].message
    assert "园区亩均效益" in reading.findings[0].suggestion


def test_incomplete_name_is_a_warning():
    reading = checked(read("年度任务.csv", f"{TASK_HEADER}\n{ROW}\n".encode()))
    assert rules(reading) == ["1008"] and not reading.fatal and rows(reading) == [CELLS]


# --- Encodings, separators, newlines ----------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_separator_and_newline(encoding, separator, newline):
    text = newline.join([TASK_HEADER, ROW, '330200,2026,"闲置土地处置",2', ""]).replace(",", separator)
    reading = checked(read("年度任务_330100_2026.csv", text.encode(encoding)))
    assert rows(reading) == [CELLS, ("330200", "2026", "闲置土地处置", "2")]
    assert numbers(reading) == [2, 3]
    assert reading.findings == [] and reading.lines == 3


@pytest.mark.parametrize(
    ("cell", "read_as"),
    [
        ("  12.5\u3000", "12.5"),
        ("\u00a012.5", "12.5"),
        ("１２．５", "１２．５"),
        ('"1\n2"', "1 2"),
        ('"1\r\n2"', "1 2"),
        ('"1,2"', "1,2"),
        ('"say ""no"""', 'say "no"'),
        ("12\x00.5\x07", "12.5"),
        ("", None),
        ("0012", "0012"),
        ("Nah", "Nah"),
    ],
)
def test_cells_are_stripped_and_nothing_else(cell, read_as):
    assert rows(task_csv(f"330100,2026,x,{cell}")) == [("330100", "2026", "x", read_as)]


def test_tab_inside_a_cell_is_a_blank():
    assert rows(task_csv("330100,2026,某\t宗,1")) == [("330100", "2026", "某 宗", "1")]


def test_quoted_newlines_take_several_lines_and_rows_keep_their_first():
    reading = task_csv(ROW, '330200,2026,"闲置\n\n处置",2', ROW)
    assert numbers(reading) == [2, 3, 6]
    assert reading.skipped == {"续行": 2, "表头": 1} and reading.lines == 6


# --- Broken lines -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ('330200,2026,"闲置,2', "2008"),
        ('330200,2026,"闲"置,2', "2008"),
        ("330200,2026,闲置,2,3,4", "2009"),
        ("330200,20", "2010"),
    ],
)
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_bad_line_costs_only_itself(bad, rule, after):
    reading = task_csv(ROW, bad, *[ROW] * after)
    assert rows(reading) == [CELLS] * (1 + after)
    assert reading.rejected_rows == 1
    finding = reading.findings[0]
    assert (finding.rule, finding.place.row_number, finding.place.cell, finding.quarantined) == (rule, 3, "第3行", True)
    assert not reading.fatal


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("bad", [b"330200,2026,\xff\xfe,2", b"330200,2026,x,\xb0", b"330200,\xe5\xff2026,x,2"])
def test_undecodable_bytes_cost_only_their_line(encoding, bad):
    good = f"{ROW}\n".encode(encoding)
    reading = checked(
        read("年度任务_330100_2026.csv", TASK_HEADER.encode(encoding) + b"\n" + good + bad + b"\n" + good)
    )
    assert rows(reading) == [CELLS] * 2 and numbers(reading) == [2, 4]
    assert rules(reading) == ["2007"] and reading.findings[0].place.row_number == 3


def test_missing_optional_cells_at_the_end_are_empty_with_one_warning():
    reading = task_csv(f"{ROW},甲,2026-01-01", f"{ROW},甲", ROW, header=f"{TASK_HEADER},下达文号,下达日期")
    assert rows(reading) == [(*CELLS, "甲", "2026-01-01"), (*CELLS, "甲", None), (*CELLS, None, None)]
    assert rules(reading) == ["2011"] and "有 2 行" in reading.findings[0].message


def test_separators_at_the_end_of_rows_are_harmless():
    assert rows(task_csv(f"{ROW},,", f"{ROW},,")) == [CELLS] * 2
    assert rows(task_csv(ROW, f"{ROW},,")) == [CELLS] * 2


def test_a_million_columns():
    reading = checked(read("年度任务_330100_2026.csv", b"a," * 1_000_000))
    assert rules(reading) == ["1006"]
    assert rules(task_csv("a," * 1_000_000, ROW)) == ["2009"]


# --- Rows that are no data --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("合计,,,24", "合计行"),
        (",,合　计,24", "合计行"),
        ("总 计：,,,24", "合计行"),
        ("小计:,,,24", "合计行"),
        ("", "空行"),
        (",,,", "空行"),
        ("  ,\u3000,,", "空行"),
        ("注：本表由市局填写", "说明"),
        ("注1：面积为亩,,,", "说明"),
        ("说明,,,", "说明"),
        ("填表人：张三,,审核人：李四,填表日期：2026年", "说明"),
        ("审 核 人：,李四,,", "说明"),
        ("以上数据截至2026年6月底。", "说明"),
        ("（盖章）,,,", "说明"),
        ("口径：按批文,,,", "说明"),
        (",,面积按批文计算，未含开发区。,", "说明"),
        (TASK_HEADER, "表头"),
    ],
)
def test_rows_below_the_data_that_are_no_data(line, reason):
    reading = task_csv(ROW, line)
    assert rows(reading) == [CELLS] and reading.findings == []
    assert reading.skipped[reason] == (2 if reason == "表头" else 1)


@pytest.mark.parametrize(
    "line", ["330200,2026", ",,批而未供消化,", "合计面积,2026,x,1", "330200,合计,x,1", "注册地,2026,x,1", ",,,5"]
)
def test_what_is_not_clearly_a_note_or_total_stays(line):
    reading = task_csv(ROW, line)
    assert len(rows(reading)) + reading.rejected_rows == 2


@pytest.mark.parametrize(
    "note", ["备注：以下为补充", "  注1 : 以下由开发区填报,,,", ",,说明：以下为补充,", "※备注:核对中"]
)
def test_a_note_between_rows_that_says_it_is_one_is_skipped(note):
    reading = task_csv(ROW, note, ROW, "合计,,,24", note, ROW)
    assert rows(reading) == [CELLS] * 3 and reading.findings == []
    assert numbers(reading) == [2, 4, 7] and reading.skipped["说明"] == 2


@pytest.mark.parametrize(
    "line",
    [
        "备注",
        "注册地：杭州",
        "以下为补充。",
        "备注：以下单位为亩",
        "备注：以下面积均以公顷计",
        "备注：某宗,2026,x,1",
        "330200",
    ],
)
def test_what_may_be_data_or_a_unit_between_rows_stays(line):
    reading = task_csv(ROW, line, ROW)
    assert len(rows(reading)) + reading.rejected_rows == 3 and "说明" not in reading.skipped


def test_the_total_of_a_land_class_column_is_data_wherever_it_stands():
    header = "地类编码,行政区代码,年份,面积,版本"
    lines = ["合计,330100,2025,10,最终", "05,330100,2025,4,最终", "合计,,,14,"]
    reading = checked(read("建设用地变更调查_330100_2025.csv", "\n".join([header, *lines]).encode()))
    assert [row[0] for row in rows(reading)] == ["合计", "05"] and reading.skipped["合计行"] == 1
    lines = ["330100,2025,合计,10,最终", "合计,2025,,14,", "合计,2025,合计,14,最终"]
    header = "行政区代码,年份,地类编码,面积,版本"
    reading = checked(read("建设用地变更调查_330100_2025.csv", "\n".join([header, *lines]).encode()))
    assert len(rows(reading)) == 1 and reading.skipped["合计行"] == 2


def test_a_note_goes_on_in_further_lines_but_swallows_no_data():
    reading = task_csv(ROW, "注：1、本表由市局填写", "2、数据截至二月底", "330200,,,3")
    assert rows(reading) == [CELLS, ("330200", None, None, "3")] and reading.skipped["说明"] == 2


@pytest.mark.parametrize("numbers", ["甲,乙,丙,1", "甲,乙,丙,丁", "0,1,2,3"])
def test_column_numbers_of_statistical_forms(numbers):
    reading = task_csv(numbers, ROW)
    assert (rows(reading), reading.skipped) == ([CELLS], {"栏次行": 1, "表头": 1})


@pytest.mark.parametrize("row", ["乙,甲,丙,1", "1,3,2,4"])
def test_other_rows_are_no_column_numbers(row):
    assert len(rows(task_csv(row, ROW))) == 2


@pytest.mark.parametrize("below", [",,,任务面积", ",年份,,任务面积", ",,,（公顷）"])
def test_a_lower_header_that_repeats_the_upper_is_header(below):
    reading = task_csv(below, ROW, header=TASK_HEADER.replace("任务面积", "任务面积（公顷）"))
    assert reading.findings == [] and rows(reading) == [CELLS] and unit_of(reading) is Unit.HECTARE


def test_a_lower_header_with_a_unit_of_its_own_is_never_passed_over():
    """Passed over, its unit would be lost, and all areas be wrong by the same factor."""
    reading = task_csv(",,,任务面积（平方米）", ROW)
    assert len(rows(reading)) == 2 or unit_of(reading) is Unit.SQUARE_METRE


def test_title_unit_row_and_column_numbers():
    lines = ["2026年度任务表,,,", "填报单位：杭州市局,,,单位:公顷", TASK_HEADER, "1,2,3,4", ROW]
    reading = task_csv(*lines[1:], header=lines[0])
    assert rows(reading) == [CELLS] and numbers(reading) == [5]
    assert reading.skipped == {"标题": 1, "单位行": 1, "表头": 1, "栏次行": 1}
    assert unit_of(reading) is Unit.HECTARE


@pytest.mark.parametrize("suffix", ["公顷", "（单位公顷）", "第1批_平方米"])
def test_a_unit_in_the_name_of_the_file_is_pointed_out(suffix):
    reading = read(f"{TASK_NAME}_{suffix}.csv", f"{TASK_HEADER}\n{ROW}\n".encode())
    assert rules(reading) == ["2017"] and "表外写有“文件名（" in reading.findings[0].message
    assert "已按约定的亩读取" in reading.findings[0].message


@pytest.mark.parametrize(
    "suffix", ["亩", "（单位：亩）", "亩均论英雄", "千公顷示范区", "100公顷以上", "form2", "team2版"]
)
def test_what_is_the_contracts_unit_or_none_is_not(suffix):
    assert rules(read(f"{TASK_NAME}_{suffix}.csv", f"{TASK_HEADER}\n{ROW}\n".encode())) == []


@pytest.mark.parametrize(
    "text", ["吴兴区小计", "小 计：2宗", "湖州市合计（亩）", "2026年合计", "共计", "合计数", "合计 2宗"]
)
def test_a_total_in_other_words_is_one_error_and_not_one_for_every_empty_cell(text):
    reading = task_csv(f"{text},,,12.5", ROW, header=TASK_HEADER)
    assert (rules(reading), rows(reading), reading.rejected_rows) == (["2019"], [CELLS], 1)
    assert reading.findings[0].place.row_number == 2 and text in reading.findings[0].message


def test_rows_that_could_not_be_read_are_not_said_to_be_missing():
    assert rules(task_csv(f"{ROW},9", f"{ROW},9")) == ["2009", "2009"]


@pytest.mark.parametrize(
    "row",
    [
        "小计园区,2026,批而未供消化,12.5",
        "小计,2026,批而未供消化,12.5",
        "330100,,批而未供消化,1",
        "总计：2宗,2026,批而未供消化,",
    ],
)
def test_what_lacks_nothing_or_does_not_begin_like_a_total_is_no_likely_total(row):
    assert "2019" not in rules(task_csv(row, ROW, header=TASK_HEADER))


def test_one_broken_character_does_not_make_a_utf_8_file_gb18030():
    """With | between the cells such a file decodes as GB18030, too: the second byte of a character may be |."""
    lines = [
        TASK_HEADER.replace(",", "|").encode(),
        ROW.replace(",", "|").encode(),
        "330100|2026|消化".encode()[:-1] + b"|1",
    ]
    reading = read(f"{TASK_NAME}.csv", b"\n".join(lines) + b"\n")
    assert (reading.encoding, rules(reading), rows(reading)) == ("utf-8", ["2007"], [CELLS])


def test_lines_whose_gb18030_is_utf_8_by_chance_do_not_outvote_the_header():
    """The bytes of 小园 and 山园 are characters of UTF-8, too; those of the header are not."""
    lines = [f"330100,2026,{name},12.5" for name in ("小园", "山园")]
    reading = task_csv(*lines, encoding="gb18030")
    assert (reading.encoding, [row[2] for row in rows(reading)]) == ("gb18030", ["小园", "山园"])


@pytest.mark.parametrize("text", [",,,\n,,,\n", "\n\n \n", '"","",""\n'])
def test_lines_of_nothing_are_an_empty_file(text):
    reading = read(f"{TASK_NAME}.csv", text.encode())
    assert rules(reading) == ["1002"] and reading.fatal


def test_a_column_that_must_be_there_is_what_an_unknown_header_probably_is():
    """Told of the same column as the list of missing ones is, never of another."""
    labels = [LAND_SUPPLY[name].label for name in LAND_SUPPLY.required]
    header = ",".join("签约日期" if label == "合同签订日期" else label for label in labels)
    reading = read("供地结果_330100_2026.csv", f"{header}\n{'1,' * (len(labels) - 1)}1\n".encode())
    assert rules(reading) == ["2002", "2003"]
    assert all("是否应为“合同签订日期”" in each.suggestion for each in reading.findings)


@pytest.mark.parametrize(
    "lines",
    [
        ["2026年度任务（面积：公顷）,,,", TASK_HEADER, ROW],
        ["填报说明：面积以公顷为单位填报,,,", TASK_HEADER, ROW],
        [TASK_HEADER, ROW, "单位：公顷,,,"],
        [TASK_HEADER, ROW, "备注：以上面积单位均为平方米,,,"],
    ],
)
def test_another_unit_beside_the_table_is_pointed_out(lines):
    """Where the header names none, areas of tasks are in 亩 by contract; a whole file in 公顷 would be wrong by fifteen."""
    reading = task_csv(*lines[1:], header=lines[0])
    assert (rules(reading), rows(reading)) == (["2017"], [CELLS])


@pytest.mark.parametrize(
    "lines",
    [
        [TASK_HEADER, ROW, "注：面积单位为公顷，1公顷=15亩,,,"],
        [TASK_HEADER, ROW, "备注：含历史批而未供300亩,,,"],
        [TASK_HEADER, ROW, "说明：单位面积亩均税收另行统计,,,"],
        [TASK_HEADER.replace("任务面积", "任务面积（亩）"), ROW, "备注：面积单位为亩,,,"],
        ["2026年度任务,单位：亩,,", TASK_HEADER, ROW],
    ],
)
def test_what_is_said_of_units_beside_the_table_and_no_other(lines):
    assert rules(task_csv(*lines[1:], header=lines[0])) == []


def test_header_without_rows_is_a_warning():
    assert rules(task_csv()) == ["2013"]


# --- Headers and units ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("任务面积", None),
        ("任务面积*", None),
        ("任 务 面 积", None),
        ("任务面积（必填）", None),
        ("*任务面积:", None),
        ("任务面积（含代征）", None),
        ("任务面积（公顷）", Unit.HECTARE),
        ("任务面积(亩)", Unit.MU),
        ("任务面积【平方米】", Unit.SQUARE_METRE),
        ("任务面积㎡", "missing"),
        ("任务面积（㎡）", Unit.SQUARE_METRE),
        ("任务面积(m²)", Unit.SQUARE_METRE),
        ("任务面积(HA)", Unit.HECTARE),
        ("任务面积(hm²)", Unit.HECTARE),
        ("任务面积/公顷", Unit.HECTARE),
        ("任务面积／亩", Unit.MU),
        ("任务面积（单位：亩）", Unit.MU),
        ("任务面积（公顷，保留四位小数）*", Unit.HECTARE),
        ("task_area_mu", Unit.MU),
        ("任务面积(万元)", "wrong"),
        ("任务面积(平方公里)", "wrong"),
        ("任务面积(万亩)", "wrong"),
        ("任务面积(公顷、亩)", "wrong"),
        ("任务面积(公顷/亩)", "wrong"),
        ("任务面积(acre)", "wrong"),
        ("任务面积(公项)", "wrong"),
        ("任务面积(平方)", "wrong"),
    ],
)
def test_header_variants(header, unit):
    reading = task_csv(ROW, header=f"行政区代码,年　份,任务（必填）,{header}")
    if unit == "wrong":
        assert rules(reading) == ["2004"] and reading.fatal and unit_of(reading) == "unusable"
    elif unit == "missing":
        assert rules(reading) == ["2002", "2003"] and reading.fatal
    else:
        assert reading.findings == [] and unit_of(reading) is unit and rows(reading) == [CELLS]


def test_quoted_newline_in_a_header():
    assert unit_of(task_csv(ROW, header='行政区代码,年份,任务,"任务面积\n（公顷）"')) is Unit.HECTARE


@pytest.mark.parametrize(
    ("unit_row", "area", "money"),
    [
        ("单位：公顷、万元", Unit.HECTARE, Unit.WAN_YUAN),
        ("单位：亩", Unit.MU, None),
        ("单位：亿元", None, Unit.YI_YUAN),
        ("面积单位：平方米,,金额单位：元", Unit.SQUARE_METRE, Unit.YUAN),
        ("园区表（单位：公顷）", Unit.HECTARE, None),
        ("填报单位：杭州市局", None, None),
        ("单位：,亩", Unit.MU, None),
        ("单位,亩", Unit.MU, None),
        ("计量单位（平方米）", Unit.SQUARE_METRE, None),
        ("单 位： 亩", Unit.MU, None),
        ("填报单位：杭州市局　　　　单位：亩", Unit.MU, None),
        ("单位：公顷    制表日期：2026-03-01", Unit.HECTARE, None),
        ("面积单位：公顷 金额单位：亿元", Unit.HECTARE, Unit.YI_YUAN),
        ("单位：平方公里", "unusable", None),
        ('"单位：亿元 亩"', Unit.MU, Unit.YI_YUAN),
        ("单位：亩　元", Unit.MU, Unit.YUAN),
        ("单位：亩,亿元", Unit.MU, Unit.YI_YUAN),
        ("面积单位：亩，价款单位：亿元", Unit.MU, Unit.YI_YUAN),
        ("单位：亩（面积）、亿元（价款）", Unit.MU, Unit.YI_YUAN),
        ("单位：面积 亩，金额 亿元", Unit.MU, Unit.YI_YUAN),
        ("单位：亩。", Unit.MU, None),
        ("计量单位为亩", Unit.MU, None),
        ("计量单位：面积以亩计", Unit.MU, None),
        ("单位：市、亩", Unit.MU, None),
        ("单位：宗、亩、万元", Unit.MU, Unit.WAN_YUAN),
        ("单位：个 亩 万元", Unit.MU, Unit.WAN_YUAN),
        ("单位：亩、万 元", Unit.MU, Unit.WAN_YUAN),
        ("单位：亩 万 元", Unit.MU, Unit.WAN_YUAN),
        ("单位：亩，保留两位小数", Unit.MU, None),
        ("单位：杭州市自然资源和规划局（公章）", None, None),
        ("单位：亩均办", None, None),
        ("主管单位：杭州市局　面积单位：亩", Unit.MU, None),
        ("单位：万亩", "unusable", None),
        ("单位：亩  单位：公顷", "unusable", None),
        ("单位：折合亩", "unusable", None),
    ],
)
@pytest.mark.parametrize("below", [False, True])
def test_a_unit_row_serves_columns_of_its_dimension(unit_row, area, money, below):
    header = "行政区代码,园区代码,年份,园区名称,工业用地面积,税收,平均容积率"
    lines = [header, unit_row] if below else [unit_row, header]
    data = "\n".join([*lines, "330100,P1,2026,甲园,1,2,1.5", ""]).encode()
    reading = checked(read("园区亩均效益_330100_2026.csv", data))
    assert unit_of(reading, "industrial_area_mu") == area and unit_of(reading, "tax_wan_yuan") is money
    assert unit_of(reading, "average_far") is None and not reading.fatal


@pytest.mark.parametrize("places", [(0, 0), (0, 1), (1, 1)])
def test_two_unit_rows_that_differ_leave_no_unit(places):
    """Above or below the header: taking the last one would be a guess."""
    above = [text for text, place in zip(("单位：亩,,,", "单位：公顷,,,"), places, strict=True) if not place]
    below = [text for text, place in zip(("单位：亩,,,", "单位：公顷,,,"), places, strict=True) if place]
    first, *rest = [*above, TASK_HEADER, *below, ROW]
    reading = task_csv(*rest, header=first)
    assert rules(reading) == ["2004"] and reading.fatal


def test_a_row_of_units_below_the_header():
    header = "行政区代码,园区代码,年份,园区名称,工业用地面积,税收"
    data = f"{header}\n,,,,公顷,（亿元）\n330100,P1,2026,甲园,1,2\n".encode()
    reading = checked(read("园区亩均效益_330100_2026.csv", data))
    assert (unit_of(reading, "industrial_area_mu"), unit_of(reading, "tax_wan_yuan")) == (Unit.HECTARE, Unit.YI_YUAN)
    assert len(rows(reading)) == 1


def test_brackets_beat_the_unit_row():
    reading = task_csv("行政区代码,年份,任务,任务面积(亩)", ROW, header="单位：公顷")
    assert unit_of(reading) is Unit.MU


@pytest.mark.parametrize(
    ("header", "names", "unit"),
    [
        (["行政区代码,年份,任务（公顷）,", ",,任务,任务面积"], "full", Unit.HECTARE),
        (["行政区代码,年份,任务,任务", ",,,面积（亩）"], "full", Unit.MU),
        (["基本信息,,任务情况,", "行政区代码,年份,任务,面积", ",,,任务面积"], "full", None),
    ],
)
def test_two_and_three_header_rows(header, names, unit):
    reading = task_csv(*header[1:], ROW, header=header[0])
    assert rows(reading) == [CELLS] and unit_of(reading) is unit and not reading.fatal


def test_wrong_unit_on_an_optional_column_costs_the_rows_that_fill_it():
    header = "行政区代码,园区代码,年份,园区名称,工业用地面积(平方公里),税收"
    lines = "330100,P1,2026,甲园,1,2\n330100,P2,2026,乙园,,2\n330100,P3,2026,丙园,-,2\n"
    reading = checked(read("园区亩均效益_330100_2026.csv", f"{header}\n{lines}".encode()))
    assert rules(reading) == ["2004", "2016"] and not reading.fatal and reading.rejected_rows == 1
    assert "E 列" in reading.findings[0].message and "industrial_area_mu" not in reading.blocks[0].columns
    assert reading.findings[1].place.row_number == 2 and "单位“平方公里”不符" in reading.findings[1].message
    assert [row[1] for row in rows(reading)] == ["P2", "P3"]


@pytest.mark.parametrize(
    ("name", "renamed"),
    [
        ("供地结果表_330100_2026.csv", "供地结果_330100_2026.csv"),
        ("供地结果 330100 2026.xlsx", "供地结果_330100_2026.xlsx"),
        ("2026闲置土地330200.csv", "闲置土地_330200_2026.csv"),
        ("闲置土地_杭州.csv", None),
    ],
)
def test_a_better_name_is_proposed(name, renamed):
    found = read(name, ROW.encode()).findings[-1]
    assert (f"可改名为“{renamed}”" in found.suggestion) if renamed else ("可改名" not in found.suggestion)


@pytest.mark.parametrize("named", ["闲置土地", "地区生产总值", "任务台账"])
def test_a_file_under_another_tables_name_says_whose_headers_it_has(named):
    data = f"{SUPPLY_HEADER}\n330102,3301022026B00012,2,1,1,0,否,061,GB/T21010-2007,挂牌,2026-03-01\n"
    reading = checked(read(f"{named}_330100_2026.csv", data.encode()))
    assert reading.fatal and len(reading.findings) == 1  # and none of its columns is told to go
    assert "供地结果" in reading.findings[0].suggestion


def test_unknown_columns_warn_once_each_with_the_closest():
    reading = task_csv(f"{ROW},甲,乙", header=f"{TASK_HEADER},下达文件号,备注")
    assert rules(reading) == ["2003", "2003"] and rows(reading) == [CELLS]
    assert "第 E 列“下达文件号”" in reading.findings[0].message and "下达文号" in reading.findings[0].suggestion


def test_missing_required_columns_are_named():
    reading = task_csv("330100,2026,1", header="行政区代码,年份,任务的面积")
    assert reading.fatal and rules(reading)[0] == "2002"
    assert (
        reading.findings[0].message == "缺少必填列：任务、任务面积。" and "任务的面积" in reading.findings[0].suggestion
    )


def test_no_header_at_all():
    reading = task_csv("1,2,3,4", header="甲,乙,丙,丁")
    assert reading.fatal and rules(reading) == ["2001"] and "任务面积" in reading.findings[0].suggestion


@pytest.mark.parametrize(
    ("header", "line", "rule", "fatal"),
    [
        (f"{TASK_HEADER},任务面积", f"{ROW},99", "2005", True),
        (f"{TASK_HEADER}(亩),任务面积(公顷)", f"{ROW},12.5", "2005", True),
        (f"{TASK_HEADER},任务面积", f"{ROW},12.5", "2006", False),
        (f"{TASK_HEADER},任务面积", f"{ROW},", "2006", False),
    ],
)
def test_doubled_columns_are_never_silently_picked(header, line, rule, fatal):
    reading = task_csv(line, header=header)
    assert rules(reading) == [rule] and reading.fatal is fatal


def test_a_doubled_optional_column_costs_the_rows_that_fill_it():
    reading = task_csv(f"{ROW},甲,乙", f"{ROW},,", f"{ROW},,丙", header=f"{TASK_HEADER},下达文号,下达文号")
    assert rules(reading) == ["2005", "2016", "2016"] and rows(reading) == [CELLS] and not reading.fatal
    assert [each.place.row_number for each in reading.findings[1:]] == [2, 4]


# --- Files that are something else ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "rule", "word"),
    [
        (b"", "1002", "没有任何内容"),
        (b" \r\n\r\n", "1002", "没有任何内容"),
        (b"\xef\xbb\xbf", "1002", "没有任何内容"),
        (b"%PDF-1.7 x", "1003", "PDF"),
        (b"<html><table><tr>", "1003", "网页表格"),
        (b"Rar!\x1a\x07x", "1003", "压缩包"),
        (b'[{"a": 1}]', "1003", "JSON"),
        (b"PK\x03\x04 nothing", "1004", "损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "1004", "损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "1005", "密码"),
        (b"PAR1 nothing PAR1", "1004", "损坏"),
        (b"\x00\x01\x02\x03" * 300, "1004", "损坏"),
        (random.Random(1).randbytes(3000), "1004", "损坏"),
        (random.Random(2).randbytes(100_000), "1004", "损坏"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "xls", "parquet"])
def test_unreadable_files_say_why_and_what_to_do(data, rule, word, suffix):
    reading = checked(read(f"年度任务_330100_2026.{suffix}", data))
    errors = [finding for finding in reading.findings if finding.severity == "error"]
    assert [finding.rule for finding in errors] == [rule] and reading.fatal
    assert word in errors[0].message and errors[0].suggestion.endswith("。")


def test_bytes_that_are_no_text_are_broken_and_not_a_csv_with_a_wrong_suffix():
    reading = checked(read("年度任务_330100_2026.xlsx", random.Random(1).randbytes(3000)))
    assert rules(reading) == ["1004"] and reading.form == "" and reading.lines == 0


def test_a_text_file_named_xlsx_is_read_with_a_warning():
    reading = checked(read("年度任务_330100_2026.xlsx", f"{TASK_HEADER}\n{ROW}\n".encode("gbk")))
    assert rules(reading) == ["1007"] and rows(reading) == [CELLS] and reading.form == "csv"


def test_a_path_is_read_like_bytes(tmp_path):
    path = tmp_path / "年度任务_330100_2026.csv"
    path.write_bytes(f"{TASK_HEADER}\n{ROW}\n".encode())
    assert rows(checked(read(path.name, path))) == [CELLS]


def test_rules_are_complete_and_in_their_group():
    assert all(rule.number == number and number[0] in "12" for number, rule in FILE_RULES.items())
    assert all(rule.severity in ("error", "warning") and rule.suggestion for rule in FILE_RULES.values())
