"""Findings across tables (5xxx) name the cell in the clerk's file, as those of a row do."""

from __future__ import annotations

import duckdb
import pytest

from assets import warehouse
from expectations.core import SUITE

from .bureau import Bureau


@pytest.fixture
def bureau(tmp_path):
    return Bureau(tmp_path)


def of_rule(bureau: Bureau, rule: str) -> dict:
    (found,) = bureau.findings().filter(rule=rule).iter_rows(named=True)
    return found


def test_a_text_file_names_line_and_column(bureau):
    bureau.hand_in("批而未供消化", {"消化编号": "X1", "批文号": "不存在"})
    found = of_rule(bureau, "5001")
    assert (found["cell"], found["column"], found["row_number"]) == ("第2行 B列", "批文号", 2)


def test_areas_are_said_in_hectares_and_mu(bureau):
    bureau.hand_in("批而未供台账", {"批文号": "B1", "批准面积": "10", "剩余面积": "10"})
    bureau.hand_in(
        "批而未供消化",
        {"消化编号": "X1", "消化面积": "1"},
        {"消化编号": "X2", "消化面积": "9.5", "消化日期": "2026-04-01"},
    )
    found = of_rule(bureau, "5002")
    assert "批次 B1 仅余 9 公顷（135 亩），本次消化 9.5 公顷（142.5 亩）" in found["message"]
    assert found["cell"] == "第3行 E列"


def test_a_warehouse_made_before_letters_were_kept_still_opens(tmp_path):
    path = tmp_path / "old.duckdb"
    warehouse.connect(path).close()
    with duckdb.connect(str(path)) as con:
        con.execute("ALTER TABLE raw.submission DROP COLUMN letters")
    assert "letters" in warehouse.connect(path).execute("SELECT * FROM raw.submission").pl().columns


#: 舟山 has four counties.
COUNTIES = ("330902", "330903", "330921", "330922")


def surveyed(bureau, city: list[dict], *counties: dict, day: str = "2026-03-01") -> None:
    """A survey of 舟山: rows of the city, and one row a county, of 合计 unless it says otherwise."""
    rows = [{"行政区代码": "330900", **row} for row in city]
    rows += [{"行政区代码": code, **row} for code, row in zip(COUNTIES, counties, strict=False)]
    bureau.hand_in("建设用地变更调查", *rows, city="330900", day=day)


def area(value: float, land_class: str = "合计") -> dict[str, str]:
    return {"面积": str(value), "地类编码": land_class}


def off(bureau) -> list[str]:
    """What the warehouse's own check finds of the same rows."""
    (check,) = (each for each in SUITE["construction_land"] if each.name == "counties_add_up")
    return [row[0] for row in bureau.con.execute(check.sql).fetchall()]


def test_city_totals_are_said_with_their_unit(bureau):
    surveyed(bureau, [area(100)], area(90), area(5), area(2), area(2.4))  # 99.4 of 100: 0.6 % short
    found = of_rule(bureau, "5006")
    assert "所属县区合计 1491 亩，市级 1500 亩" in found["message"]
    assert off(bureau) == ["330900|2025|合计"]


@pytest.mark.parametrize(
    ("city", "counties", "warned"),
    [
        ([area(100)], [area(90), area(5), area(2), area(2.5)], None),  # 99.5: half a per cent is allowed
        ([area(100)], [area(90), area(5), area(2)], None),  # a county is missing: 97 says nothing
        ([area(100)], [area(90), area(11)], "合计"),  # two counties are more than the whole
        ([area(100)], [area(90, "05"), area(5), area(2, "06"), area(3)], None),  # classes here, 合计 there
        ([area(60, "05"), area(40, "06")], [area(40), area(30), area(20), area(10)], None),
        ([area(60, "05"), area(40, "06")], [area(40), area(30), area(20), area(8)], "05"),
        ([area(100), area(30, "05")], [area(40), area(30), area(20), area(10)], None),  # 合计 wins over the classes
        ([area(100), area(30, "1006")], [area(97), area(1), area(1), area(1, "1006")], None),  # 1006 is not counted
    ],
)
def test_a_city_is_held_against_all_its_counties_however_they_are_handed_in(bureau, city, counties, warned):
    surveyed(bureau, city, *counties)
    found = bureau.findings().filter(rule="5006")["key"].to_list()
    assert found == off(bureau) == ([f"330900|2025|{warned}"] if warned else [])


def test_a_walk_base_from_several_files_is_held_against_the_plan(bureau):
    def base(*classes, covered="80", day=1):
        rows = [{"设施类别": name, "年份": "2025", "居住用地面积": "100", "覆盖面积": covered} for name in classes]
        bureau.hand_in("步行覆盖", *rows, day=f"2026-03-0{day}")

    # the plan implies 80 for 杭州: (4 × 80 + 85) ÷ 5 = 81 is one point from it, with 85.01 it is more
    base("文化", "教育", "卫生")
    base("体育", "养老", day=2)
    assert "5009" not in bureau.findings()["rule"].to_list()
    base("养老", covered="85", day=3)
    assert "5009" not in bureau.findings()["rule"].to_list()
    base("养老", covered="85.01", day=4)
    found = of_rule(bureau, "5009")
    assert "平均覆盖率为 81.002%，由行动方案目标倒推的基期值为 80%，相差超过 1 个百分点" in found["message"]
    assert (found["severity"], found["quarantined"], found["key"]) == ("warning", False, "330100|2025|养老")
