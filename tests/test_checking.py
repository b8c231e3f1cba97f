"""A file as a whole: places, counts, repeats, regions, the land-market export, and the real samples."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from assets.checking import check
from assets.reading.source import Finding, Place
from schemas.policy import Regions, regions
from schemas.submissions import LANDCHINA_HEADERS, TABLES
from schemas.table import Unit
from tests.checking_files import RECEIVED, checked, found, reading, row

SUPPLY = "land_supply"
DATA = Path(__file__).parents[1] / "../shared/data"


def numbered(serial: int, **changes: str | None) -> dict[str, str | None]:
    return row(SUPPLY, supervision_no=f"3301022026B{serial:05d}", **changes)


# --- What comes out --------------------------------------------------------------------------------------------------


def test_accepted_rows_are_typed_and_carry_their_origin():
    result = checked(SUPPLY, [row(SUPPLY)])
    accepted = result.accepted.to_dicts()[0]
    assert accepted["supplied_area_mu"] == Decimal("30")
    assert accepted["contract_date"] == date(2026, 3, 1)
    assert accepted["is_separate_site"] is False
    assert accepted["status"] == "有效"
    assert accepted["mode"] is None  # a column that the file does not have
    assert accepted["record_key"] == "3301022026B00012"
    assert (accepted["sheet"], accepted["row_number"], accepted["profile"]) == ("表1", 2, "bureau")


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_accepted_rows_have_the_declared_columns_and_types(table):
    place = {"record_key": pl.String, "sheet": pl.String, "row_number": pl.Int64, "profile": pl.String}
    full = {**table.stored, **place}
    assert checked(table.name, [row(table.name)]).accepted.schema == full
    assert checked(table.name, [row(table.name, region_code="x")]).accepted.schema == full


def test_the_key_joins_its_parts():
    assert checked("gdp", [row("gdp")]).accepted["record_key"].item() == "330100|2025"


def test_an_index_brings_its_decimals():
    assert checked("gdp", [row("gdp", real_index="104.70")]).accepted["real_index_decimals"].item() == 2


@pytest.mark.parametrize(("form", "cell"), [("xlsx", "D3"), ("csv", "第3行 D列"), ("json", "第3行 D列")])
def test_a_finding_names_the_cell(form, cell):
    finding = checked(SUPPLY, [numbered(1), numbered(2, supplied_area_mu="二")], form=form).findings[0]
    assert finding.place == Place("表1" if form == "xlsx" else None, 3, "供应面积", cell)
    assert (finding.rule, finding.key, finding.value) == ("3002", "3301022026B00002", "二")


def test_the_unit_of_each_sheet_holds():
    result = checked(
        SUPPLY, [row(SUPPLY)], units={name: Unit.MU for name in TABLES[SUPPLY].stored if name.endswith("_mu")}
    )
    assert result.accepted["supplied_area_mu"].item() == Decimal("2")


def test_a_rejected_file_accepts_nothing_and_loses_no_row():
    fatal = reading(SUPPLY, [row(SUPPLY)])
    fatal.findings.append(Finding("2001", "error", Place(), "缺少必填列", "请补列"))
    result = check(fatal, regions(), RECEIVED)
    assert (result.status, result.accepted.height, result.rows_quarantined) == ("rejected", 0, 1)
    assert result.findings == fatal.findings


def test_findings_of_the_reading_come_first():
    noted = reading(SUPPLY, [row(SUPPLY, mode="?")])
    noted.findings.append(Finding("2004", "warning", Place(), "多余的列", "可删除"))
    assert found(check(noted, regions(), RECEIVED)) == ["2004", "3005"]


def test_an_empty_sheet_is_an_empty_result():
    empty = reading(SUPPLY, [row(SUPPLY)])
    empty.blocks[0].rows = empty.blocks[0].rows.clear()
    result = check(empty, regions(), RECEIVED)
    assert (result.accepted.height, result.findings) == (0, [])


def test_every_finding_of_a_large_file_is_reported():
    result = checked(SUPPLY, [numbered(serial, mode="?") for serial in range(12_000)])
    assert found(result) == ["3005"] * 12_000


# --- Repeats ---------------------------------------------------------------------------------------------------------


def test_the_same_content_counts_once():
    result = checked(SUPPLY, [numbered(1), numbered(2), numbered(1), numbered(1)])
    assert found(result) == ["4002", "4002"]
    assert [finding.place.row_number for finding in result.findings] == [4, 5]
    assert "本行与第2行内容相同" in result.findings[0].message
    assert (result.accepted.height, result.rows_repeated, result.status) == (2, 2, "accepted_with_warnings")


@pytest.mark.parametrize(
    "same",
    [
        {"supplied_area_mu": "2.0"},
        {"contract_date": "2026年3月1日"},
        {"status": "有效"},
        {"supervision_no": "3301022026B0000１"},
    ],
)
def test_what_is_compared_is_the_parsed_content(same):
    assert found(checked(SUPPLY, [numbered(1), {**numbered(1), **same}])) == ["4002"]


@pytest.mark.parametrize(
    "other", [{"status": "撤销"}, {"project_name": "另一项目"}, {"far_lower": "1.6"}, {"region_code": "330105"}]
)
def test_different_content_is_an_error_on_every_row(other):
    result = checked(SUPPLY, [numbered(1), {**numbered(1), "project_name": None, **other}, numbered(2)])
    assert found(result) == ["4001", "4001"]
    assert (result.accepted.height, result.rows_quarantined) == (1, 2)
    assert "第3行" in result.findings[0].message
    assert "第2行" in result.findings[1].message


def test_a_conflict_names_the_columns():
    rows = [numbered(1), numbered(1, far_lower="1.6", price_wan_yuan="9")]
    assert "不同的列：约定容积率下限、成交价格。" in checked(SUPPLY, rows).findings[0].message


def test_a_third_equal_row_does_not_settle_a_conflict():
    result = checked(SUPPLY, [numbered(1), numbered(1), numbered(1, far_lower="1.6")])
    assert found(result) == ["4001"] * 3


def test_repeats_are_found_across_sheets():
    result = checked(SUPPLY, [numbered(1)], [numbered(1)])
    assert found(result) == ["4002"]
    assert result.findings[0].place.sheet == "表2"
    assert "「表1」第2行" in result.findings[0].message


def test_a_quarantined_row_takes_part_in_the_comparison():
    result = checked(SUPPLY, [numbered(1), numbered(1, region_code="330203")])
    assert found(result) == ["4001", "3204", "4001"]
    assert result.rows_quarantined == 2


def test_a_bad_row_does_not_make_its_good_twin_a_repeat():
    # An unreadable optional cell parses to nothing, as does the empty one of its twin.
    result = checked(SUPPLY, [numbered(1, price_wan_yuan="面议"), numbered(1, price_wan_yuan="")])
    assert found(result) == ["3002"]
    assert (result.accepted["row_number"].to_list(), result.rows_repeated) == ([3], 0)


def test_rows_without_a_readable_key_are_not_compared():
    result = checked("gdp", [row("gdp", year="x"), row("gdp", year="x", real_index="101")])
    assert found(result) == ["3006", "3006"]


def test_revised_vintages_of_one_year_conflict_inside_a_file():
    assert found(checked("gdp", [row("gdp"), row("gdp", vintage="最终核实")])) == ["4001", "4001"]


# --- Regions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "code", "submitter", "rules"),
    [
        (SUPPLY, "330102", "330000", []),  # the province hands in for all its cities
        (SUPPLY, "330203", "330000", []),
        (SUPPLY, "330203", None, []),  # a name without a code says nothing about the submitter
        (SUPPLY, "330000", "330000", ["3205"]),
        ("gdp", "330000", "330000", []),
        ("gdp", "330000", "330100", ["3204"]),
        ("gdp", "330203", "330200", []),
        (SUPPLY, "330105", "330102", ["3207"]),  # a county's file is taken as its city's
        (SUPPLY, "330203", "330102", ["3207", "3204"]),
        (SUPPLY, "330102", "339900", ["3207", "3204"]),
    ],
)
def test_rows_lie_inside_the_submitting_region(table, code, submitter, rules):
    assert found(checked(table, [row(table, region_code=code)], region=submitter)) == rules


def test_the_warning_for_a_county_file_stands_on_the_file():
    result = checked(SUPPLY, [row(SUPPLY)], region="330102")
    assert result.findings[0].place == Place()
    assert "330102（上城区）不是设区市或省" in result.findings[0].message
    assert "按所属设区市 330100 杭州市 处理" in result.findings[0].suggestion
    assert result.accepted.height == 1


@pytest.mark.parametrize(("table", "year", "told"), [
    ("annual_task", 2025, True), ("annual_task", 2026, False), ("gdp", 2025, False),  # the final GDP comes a year later
])  # fmt: skip
def test_a_file_of_another_year_than_its_rows_says_so(table, year, told):
    result = check(reading(table, [row(table, year=str(year))]), regions(), RECEIVED)  # the name says 2026
    assert ("3210" in found(result), result.accepted.height) == (told, 1)


def test_a_file_named_after_another_city_says_so_first_and_keeps_its_rows_in_the_books():
    named = reading(SUPPLY, [numbered(each) for each in range(9)], region="330200")
    named.file = replace(named.file, name="供地结果_330200_2026_第2批.xlsx")
    result = check(named, regions(), RECEIVED)
    assert found(result) == ["3209", *["3204"] * 9] and (result.accepted.height, result.rows_quarantined) == (0, 9)
    said = result.findings[0]
    assert said.place == Place() and not said.quarantined
    assert "是 330200 宁波市，而 9 行中有 9 行的行政区属于 330100 杭州市" in said.message
    assert "请改名为“供地结果_330100_2026_第2批.xlsx”" in said.suggestion


def test_an_unknown_code_in_the_name_names_the_city_of_the_rows():
    named = reading(SUPPLY, [numbered(each) for each in range(9)], region="110000")
    named.file = replace(named.file, name="供地结果_110000_2026.xlsx")
    result = check(named, regions(), RECEIVED)
    assert found(result) == ["3207", *["3204"] * 9]
    said = result.findings[0].suggestion
    assert "命名为“供地结果_330100_2026.xlsx”" in said and "各行的行政区属于 330100 杭州市；本次无法判断" in said


def test_some_rows_of_another_city_do_not_make_the_name_wrong():
    inside, outside = [numbered(each) for each in range(2)], range(2, 10)
    rows = [*inside, *(numbered(each, region_code="330203") for each in outside)]
    assert found(checked(SUPPLY, rows)) == ["3204"] * 8


def test_rows_of_several_cities_name_none_of_them():
    codes = ("330203", "330302", "330402")
    result = checked(SUPPLY, [numbered(at, region_code=code) for at, code in enumerate(codes)])
    assert "属于其他 3 个设区市" in result.findings[0].message and "请改名后重报" in result.findings[0].suggestion


def test_what_an_optional_column_lacks_is_said_once_where_the_file_does_not_have_it():
    without = [{name: value for name, value in numbered(each).items() if name != "far_lower"} for each in range(9)]
    result = checked(SUPPLY, without)
    assert found(result) == ["3403"] and result.accepted.height == 9
    (said,) = result.findings
    assert said.place == Place() and said.key is None
    assert "本文件没有“约定容积率下限”列，涉及 9 行。" in said.message
    assert found(checked(SUPPLY, [numbered(each, far_lower="") for each in range(9)])) == ["3403"] * 9


def test_a_region_without_a_city_is_an_error():
    frame = regions().frame
    alone = frame.filter(pl.col("code") == "330102").with_columns(
        code=pl.lit("330190"), city_code=pl.lit(None, pl.String)
    )
    result = check(reading(SUPPLY, [row(SUPPLY, region_code="330190")]), Regions(frame.vstack(alone)), RECEIVED)
    assert found(result) == ["3202"]


@pytest.mark.parametrize(("year", "rules"), [(2017, []), (2018, ["3203"]), (None, ["3203"])])
def test_a_table_without_an_event_date_uses_the_reporting_year(year, rules):
    table = "demonstration_project"
    assert found(checked(table, [row(table, region_code="330185")], year=year)) == rules


def test_a_code_in_force_today_is_accepted_for_earlier_dates():
    assert found(checked(SUPPLY, [row(SUPPLY, region_code="330112", contract_date="2010-01-01")])) == []


# --- The 2025 base of the walk coverage ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("covered", "count", "rules"),
    [("80", 5, []), ("81", 5, []), ("79", 5, []), ("81.01", 5, ["4003"]), ("78.99", 5, ["4003"]), ("50", 4, [])],
)
def test_a_walk_base_far_from_the_plan_is_a_warning(covered, count, rules):
    classes = ("文化", "教育", "卫生", "体育", "养老")[:count]
    rows = [
        row("walk_coverage", year="2025", facility_class=each, residential_area_mu="100", covered_area_mu=covered)
        for each in classes
    ]
    assert found(checked("walk_coverage", rows)) == rules
    assert found(checked("walk_coverage", [{**each, "year": "2026"} for each in rows])) == []


# --- The land-market export ------------------------------------------------------------------------------------------

PORTAL = {
    "region_name": "上城区", "supervision_no": "3301022026B00012", "project_name": "甲", "supplied_area_mu": "2.5",
    "land_source": "1.25", "land_use_code": "工业用地", "supply_method": "挂牌出让", "industry_code": "制造业",
    "price_wan_yuan": "100", "far_lower": "1.5", "far_upper": "", "agreed_start_date": "", "agreed_completion_date": "",
    "contract_date": "2019年06月27日",
}  # fmt: skip


def portal(*rows: dict[str, str | None], table: Regions | None = None):
    return check(
        reading(SUPPLY, list(rows), region="110000", profile="landchina", form="csv"), table or regions(), RECEIVED
    )


def test_the_export_becomes_supply_rows():
    result = portal(PORTAL)
    accepted = result.accepted.to_dicts()[0]
    assert found(result) == []
    assert (accepted["supplied_area_mu"], accepted["existing_area_mu"]) == (Decimal("37.5"), Decimal("18.75"))
    assert (accepted["historical_unsupplied_area_mu"], accepted["new_area_mu"]) == (None, None)
    assert (accepted["region_code"], accepted["supply_method"]) == ("330102", "挂牌")
    assert (accepted["land_use_system"], accepted["is_separate_site"]) == ("landchina", False)
    assert (accepted["status"], accepted["profile"]) == ("有效", "landchina")


def test_the_export_has_the_declared_types_too():
    place = {"record_key": pl.String, "sheet": pl.String, "row_number": pl.Int64, "profile": pl.String}
    for changes in ({}, {"supplied_area_mu": "x"}, {"contract_date": "2019/6/27"}):
        assert portal({**PORTAL, **changes}).accepted.schema == {**TABLES[SUPPLY].stored, **place}


@pytest.mark.parametrize(
    ("source", "existing"),
    [
        ("现有建设用地", Decimal("37.5")),
        ("新增建设用地", Decimal(0)),
        ("新增建设用地(来自存量库)", None),
        ("新增建设用地（来自存量库）", None),
        ("0.000000", Decimal(0)),
        ("2.5", Decimal("37.5")),
    ],
)
def test_the_origin_of_land_is_a_number_or_a_word(source, existing):
    result = portal({**PORTAL, "land_source": source})
    assert found(result) == []
    assert result.accepted["existing_area_mu"].item() == existing


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"land_source": "存量"}, ["3208"]),
        ({"land_source": ""}, ["3001"]),
        ({"land_source": "-1"}, ["3102"]),
        ({"land_source": "2.5001"}, []),  # 2.5 ha and 1 m²
        ({"land_source": "2.500101"}, ["3304"]),  # a stock part larger than the parcel would make a share above 100 %
        ({"supervision_no": ""}, ["3001"]),
        ({"supplied_area_mu": "0"}, ["3101"]),
        ({"contract_date": "1900年01月01日"}, ["3001"]),
        ({"supply_method": ""}, []),
        ({"supply_method": "赠与"}, ["3005"]),
        ({"land_use_code": ""}, []),
        ({"region_name": "", "supervision_no": "3301022026B00012"}, []),
        ({"region_name": "某县", "supervision_no": "9901022026B00012"}, ["3206"]),
        ({"region_name": "", "supervision_no": "9901022026B00012"}, ["3206"]),
    ],
)
def test_findings_on_the_export(changes, rules):
    assert found(portal({**PORTAL, **changes})) == rules


@pytest.mark.parametrize(
    ("name", "code"),
    [("上城区", "330102"), ("杭州市本级", "330100"), ("330105", "330105"), ("杭州市", "330100"), ("浙江省本级", None)],
)
def test_the_name_decides_where_the_number_does_not(name, code):
    result = portal({**PORTAL, "supervision_no": "9901022026B00012", "region_name": name})
    assert result.accepted["region_code"].to_list() == ([code] if code else [])


def test_an_ambiguous_name_is_no_region():
    frame = regions().frame
    twin = frame.filter(pl.col("code") == "330102").with_columns(code=pl.lit("330299"), city_code=pl.lit("330200"))
    result = portal({**PORTAL, "supervision_no": "9901022026B00012"}, table=Regions(frame.vstack(twin)))
    assert found(result) == ["3206"]


def test_an_unknown_origin_points_at_its_column():
    place = portal({**PORTAL, "land_source": "存量"}).findings[0].place
    assert (place.column, place.cell) == ("土地来源", "第2行 E列")


# --- Real samples ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def china() -> Regions:
    return regions(str(DATA / "regions_china_2024.csv"))


def sample(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    named = [{header.split("(")[0]: cell for header, cell in each.items()} for each in rows]
    wanted = {header: name for header, name in LANDCHINA_HEADERS.items() if any(header in each for each in named)}
    return [{name: each.get(header) for header, name in wanted.items()} for each in named]


def test_the_beijing_sample(china):
    text = (DATA / "landchina_beijing_2019h1.gb18030.csv").read_text(encoding="gb18030")
    rows = sample(list(csv.DictReader(io.StringIO(text))))
    result = portal(*rows, table=china)
    assert len(rows) == 189
    assert result.accepted.height + result.rows_quarantined + result.rows_repeated == 189
    assert result.accepted["region_code"].str.starts_with("11").all()
    area = sum((Decimal(each["supplied_area_mu"]) for each in rows), Decimal(0))
    assert result.accepted["supplied_area_mu"].sum() == area * 15 - quarantined_area(result, rows)


def quarantined_area(result, rows) -> Decimal:
    """亩 of the rows that were not accepted."""
    taken = set(result.accepted["row_number"])
    return sum(
        (Decimal(each["supplied_area_mu"]) * 15 for number, each in enumerate(rows, 2) if number not in taken),
        Decimal(0),
    )


def test_the_national_sample(china):
    text = (DATA / "landchina_national_2018-12.gb18030.json").read_text(encoding="gb18030")
    decoder, rows, start = json.JSONDecoder(), [], 0
    while (start := next((at for at in range(start, len(text)) if not text[at].isspace()), None)) is not None:
        part, start = decoder.raw_decode(text, start)
        rows += [each for each in part if each.get("idnumber")]
    result = portal(*sample(rows), table=china)
    assert len(rows) == 203
    assert result.accepted.height + result.rows_quarantined + result.rows_repeated == 203
    assert result.accepted["region_code"].is_in(china.frame["code"].implode()).all()
    words = result.accepted.filter(pl.col("existing_area_mu").is_null()).height
    assert 0 < words < result.accepted.height


def test_a_page_in_a_cell_is_not_repeated_in_every_finding():
    page = "很长" * 40_000
    findings = checked(SUPPLY, [numbered(1, far_lower=page), row(SUPPLY, supervision_no=page, mode="?")]).findings
    assert [each.rule for each in findings] == ["3002", "3005", "3401"]
    assert all(len(text or "") < 1_000 for each in findings for text in (each.message, each.value, each.key))
    assert "（共 80000 字）" in findings[0].message
