"""Findings across tables (5xxx) name the cell in the clerk's file, as those of a row do."""

from __future__ import annotations

import duckdb
import pytest

from assets import warehouse

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


def test_city_totals_are_said_with_their_unit(bureau):
    bureau.hand_in("建设用地变更调查", {"面积": "100"}, {"行政区代码": "330102", "面积": "90"})
    found = of_rule(bureau, "5006")
    assert "所属县区合计 1350 亩，市级 1500 亩" in found["message"]


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
