"""Every row rule: one case that breaks it and one that just holds."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.rules import BY_NUMBER, ERROR, RULES, catalogue, checks
from schemas.submissions import TABLES, WALK_ALL_FIVE
from schemas.table import Unit
from tests.checking_files import GOOD, RECEIVED, checked, found, row

SUPPLY, IDLE, PATCH, WALK = "land_supply", "idle_land", "inefficient_land", "walk_coverage"

# (rule, table, what breaks it, what just holds)
ON_ONE_ROW = [
    ("3001", SUPPLY, {"historical_unsupplied_area_mu": "-"}, {"historical_unsupplied_area_mu": "0"}),
    ("3001", SUPPLY, {"supervision_no": "无"}, {}),
    ("3001", "gdp", {"real_index": None}, {}),
    ("3001", "far_exemption", {"basis_no": "  "}, {}),
    ("3002", SUPPLY, {"price_wan_yuan": "面议"}, {"price_wan_yuan": "/"}),
    ("3002", "gdp", {"real_index": "一百零五"}, {}),
    ("3002", "park_performance", {"average_far": "高"}, {"average_far": ""}),
    ("3003", SUPPLY, {"agreed_start_date": "2026-02-29"}, {"agreed_start_date": "2026-02-28"}),
    ("3004", SUPPLY, {"is_separate_site": "不是"}, {"is_separate_site": "N"}),
    ("3005", SUPPLY, {"mode": "低效腾地"}, {"mode": "低效整治腾地"}),
    ("3005", "construction_land", {"land_class": "1011"}, {"land_class": "1006"}),
    ("3005", SUPPLY, {"status": "作废"}, {"status": "撤销"}),
    ("3006", "gdp", {"year": "二〇二五"}, {"year": "2025年"}),
    ("3006", "task_progress", {"quarter": "Q4"}, {}),
    ("3007", SUPPLY, {"price_wan_yuan": "1000000000000"}, {"price_wan_yuan": "999999999999.999999"}),
    # 14 million 公顷 = 210 million 亩
    ("3007", "approved_unsupplied", {"approved_area_mu": "14000000.0001"}, {"approved_area_mu": "14000000"}),
    ("3007", "construction_land", {"area_mu": "14000000.0001"}, {"area_mu": "14000000"}),
    ("3007", "annual_task", {"task_area_mu": "210000000.000001"}, {"task_area_mu": "210000000"}),
    ("3008", SUPPLY, {"price_wan_yuan": "100万元"}, {"price_wan_yuan": "100"}),
    ("3008", "gdp", {"real_index": "4.7%"}, {"real_index": "104.7"}),
    ("3009", SUPPLY, {"region_code": "上城区"}, {"region_code": "330102001"}),
    ("3010", SUPPLY, {"price_wan_yuan": "#DIV/0!"}, {"price_wan_yuan": "1"}),
    ("3010", SUPPLY, {"agreed_start_date": "#N/A"}, {}),
    ("3010", SUPPLY, {"parcel_code": "#N/A"}, {"parcel_code": "#1"}),
    ("3010", SUPPLY, {"project_name": "#CALC!"}, {"project_name": "#CALC!园区"}),
    ("3101", "approved_unsupplied", {"approved_area_mu": "0"}, {"approved_area_mu": "0.0001"}),
    ("3101", "demonstration_project", {"land_area_mu": "-1"}, {"land_area_mu": ""}),
    ("3102", SUPPLY, {"new_area_mu": "-0.5", "existing_area_mu": "2.5"}, {"new_area_mu": "0", "existing_area_mu": "2"}),
    ("3102", "annual_task", {"task_area_mu": "-0.01"}, {"task_area_mu": "0"}),
    ("3103", "construction_land", {"area_mu": "0"}, {"area_mu": "0", "land_class": "05"}),
    ("3104", SUPPLY, {"far_lower": "0.09"}, {"far_lower": "0.1"}),
    ("3104", SUPPLY, {"far_upper": "15.01"}, {"far_upper": "15"}),
    ("3104", "park_performance", {"average_far": "-1"}, {"average_far": "0"}),
    ("3105", SUPPLY, {"agreed_start_date": "1986-12-31"}, {"agreed_start_date": "1987-01-01"}),
    ("3105", SUPPLY, {"agreed_completion_date": "2036-11-24"}, {"agreed_completion_date": "2036-11-23"}),
    ("3106", PATCH, {"plan_year": "1986"}, {"plan_year": "1987"}),
    ("3106", PATCH, {"plan_year": "2037"}, {"plan_year": "2036"}),
    ("3107", "gdp", {"real_index": "49.99"}, {"real_index": "50"}),
    ("3107", "gdp", {"real_index": "200.01"}, {"real_index": "200"}),
    ("3108", "task_progress", {"task_no": "13"}, {"task_no": "12"}),
    ("3108", "task_progress", {"task_no": "0"}, {"task_no": "1"}),
    ("3109", "task_progress", {"quarter": "5"}, {"quarter": "4"}),
    ("3109", "task_progress", {"quarter": "0"}, {"quarter": "1"}),
    ("3110", "gdp", {"gdp_wan_yuan": "-5"}, {"gdp_wan_yuan": "0"}),
    ("3110", "policy_measure", {"amount_wan_yuan": "-0.01"}, {"amount_wan_yuan": "0"}),
    ("3110", "demonstration_project", {"investment_wan_yuan": "-1"}, {"investment_wan_yuan": "0"}),
    ("3111", "gdp", {"gdp_wan_yuan": "0.9999"}, {"gdp_wan_yuan": "1"}),
    ("3007", "gdp", {"gdp_wan_yuan": "1000001"}, {"gdp_wan_yuan": "1000000"}),
    ("3413", "walk_coverage", {"covered_area_mu": "4.99", "residential_area_mu": "100"},
     {"covered_area_mu": "5", "residential_area_mu": "100"}),
    ("3413", "walk_coverage", {"covered_area_mu": "85.3", "residential_area_mu": "2000"},
     {"covered_area_mu": "85.3", "residential_area_mu": "2000", "facility_class": WALK_ALL_FIVE}),
    ("3201", SUPPLY, {"region_code": "330199"}, {"region_code": "330100"}),
    ("3201", SUPPLY, {"region_code": "110101"}, {}),
    ("3203", SUPPLY, {"region_code": "330103", "contract_date": "2021-04-09"},
     {"region_code": "330103", "contract_date": "2021-04-08"}),
    ("3203", SUPPLY, {"region_code": "330185", "contract_date": "2017-07-19"},
     {"region_code": "330185", "contract_date": "2017-07-18"}),
    ("3203", "gdp", {"region_code": "330103", "year": "2022"}, {"region_code": "330103", "year": "2021"}),
    ("3203", PATCH, {"region_code": "330103", "register_date": ""}, {"region_code": "330102", "register_date": ""}),
    ("3204", SUPPLY, {"region_code": "330203"}, {"region_code": "330182"}),
    ("3204", "gdp", {"region_code": "330000"}, {"region_code": "330100"}),
    ("3205", SUPPLY, {"region_code": "330000"}, {"region_code": "330100"}),
    # 0.5 + 1.5 = 2 公顷; one square metre is 0.0001 公顷
    ("3301", SUPPLY, {"supplied_area_mu": "2.00011"}, {"supplied_area_mu": "2.0001"}),
    ("3301", SUPPLY, {"supplied_area_mu": "1.99989"}, {"supplied_area_mu": "1.9999"}),
    ("3302", SUPPLY, {"supplied_area_mu": "30"}, {}),
    ("3303", SUPPLY, {"existing_area_mu": "22.5", "new_area_mu": "7.5"}, {}),
    ("3311", IDLE, {"determination_date": "2025-02-28", "disposal_date": ""}, {"determination_date": "2025-03-01"}),
    ("3311", IDLE, {"determination_date": "2024-12-31"}, {"determination_date": "2024-12-31", "idle_type": "中止建设"}),
    ("3311", IDLE, {"agreed_start_date": "2024-03-02"}, {"agreed_start_date": ""}),
    ("3312", IDLE, {"disposal_date": "2025-02-28"}, {"disposal_date": "2025-03-01"}),
    ("3313", IDLE, {"disposed_area_mu": "2.0001"}, {"disposed_area_mu": "2"}),
    ("3314", IDLE, {"idle_area_mu": "3.0001"}, {"idle_area_mu": "3"}),
    ("3401", SUPPLY, {"supervision_no": "330102026B00012"}, {"supervision_no": "3301022026B00012-2"}),
    ("3401", SUPPLY, {"supervision_no": "3301022026C00012"}, {}),
    ("3401", PATCH, {"supply_supervision_no": "33010220B2600012"}, {"supply_supervision_no": ""}),
    ("3402", SUPPLY, {"supervision_no": "3301022026A00012"},
     {"supervision_no": "3301022026A00012", "supply_method": "划拨"}),
    ("3402", SUPPLY, {"supply_method": "划拨"}, {"supply_method": "租赁"}),
    ("3403", SUPPLY, {"far_lower": "0"}, {"far_lower": "0", "land_use_code": "071"}),
    ("3403", SUPPLY, {"far_lower": ""}, {"far_lower": "0.1"}),
    # 1001 is railway in GB/T21010-2017 and industrial land in the 2023 guide
    ("3403", SUPPLY, {"far_lower": "", "land_use_code": "1001", "land_use_system": "用地用海分类2023"},
     {"far_lower": "", "land_use_code": "1001", "land_use_system": "GB/T21010-2017"}),
    ("3404", SUPPLY, {"land_use_code": "61"}, {"land_use_code": "061"}),
    ("3404", SUPPLY, {"land_use_code": "061", "land_use_system": "GB/T21010-2017"},
     {"land_use_code": "0601", "land_use_system": "GB/T21010-2017"}),
    ("3404", SUPPLY, {"land_use_code": "10010", "land_use_system": "用地用海分类2023"},
     {"land_use_code": "10", "land_use_system": "用地用海分类2023"}),
    ("3405", PATCH, {"completed_area_mu": "1.0001"}, {"completed_area_mu": "1"}),
    ("3406", WALK, {"covered_area_mu": "10.0001"}, {"covered_area_mu": "10"}),
    ("3407", "unsupplied_digestion", {"withdrawal_no": ""}, {"withdrawal_no": "", "digestion_way": "核减"}),
    ("3408", SUPPLY, {"agreed_completion_date": "2026-08-31"}, {"agreed_completion_date": "2026-09-01"}),
    ("3409", PATCH, {"plan_approval_date": "2024-12-31"}, {"plan_approval_date": ""}),
    ("3409", PATCH, {"completion_date": "2024-12-31"}, {"completion_date": ""}),
    ("3410", SUPPLY, {"price_wan_yuan": "-0.01"}, {"price_wan_yuan": "0"}),
    ("3410", "gdp", {"gdp_wan_yuan": "0"}, {"gdp_wan_yuan": "1"}),
    ("3410", "park_performance", {"tax_wan_yuan": "-1"}, {"tax_wan_yuan": "0", "value_added_wan_yuan": "0"}),
    ("3411", SUPPLY, {"far_upper": "1.4"}, {"far_upper": "1.5"}),
    ("3412", SUPPLY, {"parcel_code": "3.30102E+17"}, {"parcel_code": "330102001GB00001"}),
    ("3412", "policy_measure", {"measure_no": "330102202600123000"}, {"measure_no": "330102202600123001"}),
    ("3412", "demonstration_project", {"project_no": "3e5"}, {"project_no": "202600001"}),
]  # fmt: skip


@pytest.mark.parametrize("table", GOOD)
def test_the_good_row_of_every_table_has_no_finding(table):
    result = checked(table, [row(table)])
    assert found(result) == []
    assert result.status == "accepted"


@pytest.mark.parametrize(
    ("rule", "table", "breaks", "holds"), ON_ONE_ROW, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_rule_finds_what_breaks_it_and_nothing_that_holds(rule, table, breaks, holds):
    broken = checked(table, [row(table, **breaks)])
    assert found(broken) == [rule]
    assert broken.rows_quarantined == (BY_NUMBER[rule].severity == ERROR)
    assert broken.findings[0].quarantined == (BY_NUMBER[rule].severity == ERROR)
    assert rule not in found(checked(table, [row(table, **holds)]))


ELSEWHERE = {"3202", "3206", "3207", "3208", "3209", "3210", "3304", "4001", "4002", "4003"}  # tests/test_checking.py


def test_every_rule_is_tested():
    tested = {rule for rule, *_ in ON_ONE_ROW} | ELSEWHERE
    assert tested == {rule.number for rule in RULES if rule.number[0] != "5"}


def test_all_findings_of_a_row_are_reported():
    result = checked(SUPPLY, [row(SUPPLY, mode="?", far_upper="20", contract_date="x")])
    assert found(result) == ["3003", "3005", "3104"]
    assert result.rows_quarantined == 1


def test_a_leap_day_of_receipt_allows_dates_to_the_28th():
    leap = date(2028, 2, 29)
    assert found(checked(SUPPLY, [row(SUPPLY, agreed_completion_date="2038-02-28")], received=leap)) == []
    assert found(checked(SUPPLY, [row(SUPPLY, agreed_completion_date="2038-03-01")], received=leap)) == ["3105"]


FIFTEEN = [
    # (supplied, existing, historical, new) in 公顷 → rule
    (("30.0006", "1.5", "0", "0.5"), "3302"),  # within 15 m²
    (("30.03", "1.5", "0", "0.5"), "3302"),  # within 0.1 %
    (("30.04", "1.5", "0", "0.5"), "3301"),
    (("29.98", "1.5", "0", "0.5"), "3302"),
    (("2", "0", "0", "30"), "3303"),
    (("2", "0", "0", "30.04"), "3301"),
    (("20", "1.5", "0", "0.5"), "3301"),  # ten times is no unit
    (("0.0015", "0", "0", "0"), "3301"),  # fifteen times nothing is nothing
    (("0.001", "0", "0", "0.0001"), "3301"),  # ten square metres and one: within 15 m² of 15 times, yet no unit
]


@pytest.mark.parametrize(("areas", "rule"), FIFTEEN)
def test_the_fifteen_times_mistake_replaces_the_identity(areas, rule):
    names = ("supplied_area_mu", "existing_area_mu", "historical_unsupplied_area_mu", "new_area_mu")
    assert found(checked(SUPPLY, [row(SUPPLY, **dict(zip(names, areas, strict=True)))])) == [rule]


WORDS = [
    (SUPPLY, {"supplied_area_mu": "30"}, "供应面积 30（公顷）恰为三项之和 2.0000 的 15 倍",
     "按公顷填报应为 2.0000，当前值像是亩"),
    (SUPPLY, {"existing_area_mu": "22.5", "new_area_mu": "7.5"}, "三项之和 30.0000（公顷）",
     "应为 1.5000、0.0000、0.5000"),
    (SUPPLY, {"supplied_area_mu": "2.5"}, "供应面积 2.5000 公顷与三项之和 2.0000 公顷相差 0.5000 公顷",
     "供应面积应为 2.0000 公顷"),
    (SUPPLY, {"new_area_mu": ""}, "面积分项为空不视为 0", "填 0"),
    (SUPPLY, {"supply_method": "挂牌出让"}, "“挂牌出让”不在规定选项内", "最接近的是“挂牌”"),
    (IDLE, {"disposal_way": "收回"}, "“收回”", "最接近的是“协议收回”、“无偿收回”"),
    (IDLE, {"disposal_way": "协议收回、置换"}, "“协议收回、置换”", "最接近的是“协议收回”、“置换”"),
    (SUPPLY, {"supply_method": "已供"}, "“已供”", "作价出资、授权经营。"),
    ("walk_coverage", {"covered_area_mu": "62.5%"}, "本列单位为公顷", "只填数字；本列填的是面积（公顷），不是比例。"),
    ("gdp", {"real_index": "5.2%"}, "本列不带单位", "填写的若是增速，指数应为 105.2"),
    (SUPPLY, {"new_area_mu": "5万平方米"}, "本列单位为公顷", "按公顷填报应为 5.0000。"),
    (SUPPLY, {"agreed_start_date": "长期"}, "不是有效日期；没有期限的请留空", "2026-03-01"),
    (SUPPLY, {"new_area_mu": "无"}, "为空（“无”按空白处理）", "填 0"),
    (SUPPLY, {"price_wan_yuan": "5亿元"}, "本列单位为万元", "按万元填报应为 50000。"),
    (SUPPLY, {"new_area_mu": "７．５ 亩"}, "本列单位为公顷", "按公顷填报应为 0.5000。"),
    (SUPPLY, {"new_area_mu": "5000m2"}, "本列单位为公顷", "按公顷填报应为 0.5000。"),
    (SUPPLY, {"far_lower": "1.5%"}, "本列不带单位", "只填数字，如 1.5。"),
    (SUPPLY, {"far_lower": "150%"}, "本列不带单位", "只填数字，如 1.5。"),
    (SUPPLY, {"status": "正常"}, "“正常”", "最接近的是“有效”"),
    (SUPPLY, {"status": "作废"}, "“作废”", "最接近的是“撤销”"),
    (SUPPLY, {"status": "更政"}, "“更政”", "最接近的是“更正”"),
    (SUPPLY, {"supplied_area_mu": "#CALC!"}, "是公式，文件里没有保存它的计算结果（用 Excel 打开再保存即可算出）", "选择性粘贴"),
    (SUPPLY, {"supplied_area_mu": "#N/A"}, "是公式，结果为 #N/A，没有可用的值", "改正公式"),
    (SUPPLY, {"supervision_no": "3.30502E+15"}, "像是被 Excel 当作数字，末几位已经丢失", "3301022026B00012"),
    (SUPPLY, {"price_wan_yuan": "5亩"}, "本列单位为万元", "请去掉单位和符号，只填数字。"),
    (SUPPLY, {"land_use_code": "61"}, "“61”不符合 GB/T21010-2007", "应为 061"),
    (SUPPLY, {"land_use_code": "61.0"}, "“61.0”不符合", "应为 061"),
    (SUPPLY, {"land_use_code": "0601"}, "“0601”不符合", "4 位是 GB/T21010-2017 的写法"),
    (SUPPLY, {"land_use_code": "061", "land_use_system": "GB/T21010-2017"}, "“061”不符合",
     "3 位是 GB/T21010-2007 的写法"),
    (SUPPLY, {"land_use_code": "工业用地"}, "“工业用地”不符合", "不要填写名称"),
    (SUPPLY, {"region_code": "上城区"}, "“上城区”不是六位", "“上城区”的代码是 330102。"),
    (SUPPLY, {"region_code": "杭州市余杭区"}, "“杭州市余杭区”不是六位", "“余杭区”的代码是 330110。"),
    (SUPPLY, {"region_code": "3.30102E+05"}, "不是六位", "文本格式"),
    (SUPPLY, {"region_code": '="330102"'}, "不是六位", "请去掉等号和引号，只填 330102。"),
    (SUPPLY, {"region_code": "'330102"}, "不是六位", "请去掉等号和引号，只填 330102。"),
    (SUPPLY, {"agreed_start_date": "2026年2月30日"}, "（2026 年 2 月只有 28 天）", "真实存在"),
    (SUPPLY, {"agreed_start_date": "20261301"}, "（没有 13 月）", "真实存在"),
    (SUPPLY, {"supervision_no": "3301022026B0012"}, "现有 15 位", "6 位区划"),
    (SUPPLY, {"supervision_no": "3301022026b00012"}, "大写 B", "请核对"),
    (SUPPLY, {"supervision_no": "3301022026C00012-2"}, "应为 A 或 B，现为“C”", "请核对"),
    (SUPPLY, {"supervision_no": "3301022026B00X12"}, "应为数字", "请核对"),
    ("construction_land", {"land_class": "5.0"}, "“5.0”不在规定选项内", "最接近的是“05”"),
    ("construction_land", {"land_class": "1010"}, "“1010”不在规定选项内", "1202。"),
    ("task_progress", {"quarter": "第四季度"}, "不是整数", "1（1 至 4）"),
    ("gdp", {"real_index": "1.047"}, "应在 50 至 200 之间",
     "比值 1.047，指数应为 104.7；若填写的是增速 1.047%，指数应为 101.047"),
    ("gdp", {"real_index": "104.7%"}, "本列不带单位", "如 104.7。"),
    (SUPPLY, {"project_name": "#N/A"}, "结果为 #N/A", "选择性粘贴"),
    (SUPPLY, {"region_code": "330185"}, "（临安市）自 2017-07-18 后已撤销，而本行的日期为 2026-03-01",
     "请改填现行代码 330112 临安区"),
    (SUPPLY, {"region_code": "330103"}, "下城区", "已拆分"),
    (SUPPLY, {"region_code": "330203"}, "（海曙区）不属于文件名所示的报送单位 330100",
     "请核对"),
    (SUPPLY, {"agreed_start_date": "1980/1/1"}, "读作 1980-01-01", "不要填"),
    (SUPPLY, {"supplied_area_mu": "14000001"}, "过大，不可能是真实的数（最多 14000000 公顷）", "小数点和单位（本列单位为公顷）"),
    (SUPPLY, {"price_wan_yuan": "1e12"}, "过大，换算后不得达到一万亿", "本列单位为万元"),
    ("gdp", {"gdp_wan_yuan": "0.2"}, "“0.2”过小，不可能是真实的数（至少 1 亿元）", "改正表头的单位"),
    ("gdp", {"gdp_wan_yuan": "-5"}, "为 -5（亿元），不得小于 0", "正负号"),
    ("gdp", {"real_index": "4.7"}, "应在 50 至 200 之间", "指数应为 104.7"),
    ("gdp", {"real_index": "-1.2"}, "-1.2", "指数应为 98.8"),
    ("gdp", {"real_index": "1047"}, "1047", "以上年为 100"),
    (IDLE, {"determination_date": "2024-06-01"}, "2024-06-01 早于约定动工日期 2024-03-01 满一年之日 2025-03-01",
     "第二条"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "changes", "message", "suggestion"), WORDS)
def test_findings_say_what_is_wrong_and_what_to_do(table, changes, message, suggestion):
    finding = checked(table, [row(table, **changes)]).findings[0]
    assert message in finding.message
    assert suggestion in finding.suggestion
    assert "{" not in finding.message + finding.suggestion


def test_the_fifteen_times_mistake_is_said_in_the_unit_of_the_column():
    in_mu = dict.fromkeys(("supplied_area_mu", "existing_area_mu", "new_area_mu"), Unit.MU)
    finding = checked(SUPPLY, [row(SUPPLY, supplied_area_mu="30")], units=in_mu).findings[0]
    assert "供应面积 30（亩）恰为三项之和 2 的 15 倍" in finding.message
    assert finding.suggestion.startswith("按亩填报应为 2，或对方误按公顷填写")


def test_limits_are_said_in_the_unit_of_the_cells():
    """Typed in 亿元 below a header that says 元: 2000 元 are no GDP. 2.1 × 10⁸ 亩 are 1.4 × 10¹¹ m²."""
    small = checked("gdp", [row("gdp", gdp_wan_yuan="2000")], units={"gdp_wan_yuan": Unit.YUAN}).findings[0]
    assert "至少 100000000 元" in small.message
    in_metres = {"approved_area_mu": Unit.SQUARE_METRE}
    large = checked(
        "approved_unsupplied", [row("approved_unsupplied", approved_area_mu="140000000001")], units=in_metres
    )
    assert "最多 140000000000 平方米" in large.findings[0].message


def test_rule_numbers_are_unique_and_sorted_into_groups():
    numbers = [rule.number for rule in RULES]
    assert len(set(numbers)) == len(numbers)
    assert {number[0] for number in numbers} == {"3", "4", "5"}


def test_the_catalogue_explains_every_rule():
    rows = {entry["number"]: entry for entry in catalogue()}
    assert set(rows) == set(BY_NUMBER)
    for entry in rows.values():
        assert all(
            entry[name] for name in ("group", "severity", "table", "label", "label_en", "explanation", "suggestion")
        )
        assert "{" not in entry["explanation"] + entry["suggestion"]
    assert rows["3001"]["table"] == "各表"
    assert rows["3107"]["table"] == "地区生产总值"
    assert rows["5002"]["group"] == "表间"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_required_column_is_checked(table):
    assert {check.column.name for check in checks(table) if check.rule.number == "3001"} == set(table.required)


def test_dates_are_judged_by_the_day_of_receipt_not_by_today():
    assert found(checked(SUPPLY, [row(SUPPLY, agreed_completion_date="2030-01-01")], received=RECEIVED)) == []
    early = checked(SUPPLY, [row(SUPPLY, agreed_completion_date="2030-01-01")], received=date(2019, 1, 1))
    assert found(early) == ["3105"]
