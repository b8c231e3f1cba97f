"""The public land-market export: the two real samples, and what its JSON may look like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.reading import read
from schemas.table import Unit

from .reading_files import checked, numbers, rules

SAMPLES = Path(__file__).parents[1] / "../shared/data"
RESULT = {
    "idnumber": "3301002026B00001",
    "area": 1.50,
    "source": "现有建设用地",
    "date4sign": "2026年1月2日",
    "district": "杭州市",
    "holder": "张三",
}
LISTING = {"serial_number": "1", "location": "某处", "link": "x"}


def export(text: str, name: str = "landchina_x.json"):
    return checked(read(name, text.encode()))


def test_beijing_csv():
    reading = checked(read("landchina_beijing_2019h1.gb18030.csv", SAMPLES / "landchina_beijing_2019h1.gb18030.csv"))
    block = reading.blocks[0]
    assert (reading.profile, reading.table.name, reading.encoding, reading.lines) == (
        "landchina",
        "land_supply",
        "gb18030",
        190,
    )
    assert reading.findings == [] and block.rows.height == 189
    assert block.columns["supplied_area_mu"].unit is Unit.HECTARE
    first = block.rows.row(0, named=True)
    assert (first["row_number"], first["region_name"], first["supervision_no"]) == (2, "北京市本级", "1101002019B01585")
    assert (first["supplied_area_mu"], first["land_source"], first["contract_date"]) == (
        "0.120605",
        "0.120605",
        "2019年06月27日",
    )


def test_national_json():
    reading = checked(read("landchina_national.json", SAMPLES / "landchina_national_2018-12.gb18030.json"))
    rows = reading.blocks[0].rows
    assert (rows.height, reading.lines, reading.skipped) == (203, 241, {"列表条目": 38})
    assert reading.findings == [] and rows["row_number"].is_sorted()
    assert set(rows["land_source"].unique()) <= {"现有建设用地", "新增建设用地", "新增建设用地(来自存量库)", None}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([RESULT, RESULT]),
        json.dumps(RESULT) + "\n" + json.dumps(RESULT),
        json.dumps([RESULT]) + "\n" + json.dumps([RESULT], indent=2),
        "[" + json.dumps(RESULT, ensure_ascii=False) + ",\n" + json.dumps(RESULT) + ",]",
    ],
)
def test_arrays_and_objects_in_any_order(text):
    reading = export(text)
    assert numbers(reading) == [1, 2] and reading.blocks[0].rows["supplied_area_mu"].to_list() == ["1.5", "1.5"]


def test_listing_entries_are_skipped_and_counted_as_elements():
    reading = export(json.dumps([LISTING, RESULT, LISTING]))
    assert numbers(reading) == [2] and reading.skipped == {"列表条目": 2} and reading.findings == []


def test_a_broken_element_costs_only_itself():
    reading = export("[\n" + json.dumps(RESULT) + ",\n{broken},\n" + json.dumps(RESULT) + "]")
    assert numbers(reading) == [1, 3] and rules(reading) == ["2014"] and reading.rejected_rows == 1


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '{"idnumber": ' + "9" * 5000 + "}", "{}", "[]", "[1, 2]"]
)
def test_hostile_json(text):
    assert export(text).fatal


def test_names_of_persons_are_never_read():
    csv = "电子监管号,面积(公顷),土地来源,合同签订日期,土地使用权人\n3301002026B00001,1,1,2026-01-01,张三\n"
    for reading in (export(json.dumps([RESULT])), export(csv, "landchina_x.csv")):
        assert reading.blocks and "张三" not in f"{reading.blocks} {reading.findings}"
        assert reading.findings == []


@pytest.mark.parametrize("name", ["landchina.csv", "Landchina_2026.csv", "导出.csv", "供地结果_330100_2026.csv"])
def test_recognised_by_name_or_by_header(name):
    csv = "电子监管号,面积(公顷),土地来源,合同签订日期,供地方式\n3301002026B00001,1,1,2026-01-01,挂牌出让\n"
    reading = export(csv, name)
    assert (reading.profile, reading.table.name, reading.findings) == ("landchina", "land_supply", [])


def test_its_own_required_columns():
    reading = export("电子监管号,面积,供地方式\n3301002026B00001,1,挂牌出让\n", "landchina.csv")
    assert rules(reading) == ["2002"] and reading.findings[0].message == "缺少必填列：土地来源、合同签订日期。"
