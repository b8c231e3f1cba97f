"""Indicators 3 to 6 by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.bureau import supervision_no

DIGESTION, IDLE, SHARE, FAR = "unsupplied_digestion_rate", "idle_disposal_rate", "stock_supply_share", "industrial_far"


def value_or_absence(figure: dict):
    return figure["absence"] or figure["value"]


def test_the_largest_area_and_far_that_are_accepted_fit_the_ledger(bureau):
    # 14 million 公顷 × 15 = 210 million 公顷, below the 10⁹ that an amount holds; one 公顷 more is refused
    industrial = {"土地用途代码": "0601", "约定容积率下限": "15"}
    for number, area in enumerate(("14000000", "14000001")):
        areas = {"供应面积": area, "现有建设用地面积": area}
        bureau.hand_in("供地结果", industrial | areas | {"电子监管号": supervision_no(number)}, batch=area)
    figure = bureau.figure(FAR)
    assert (figure["value"], figure["numerator"], figure["record_count"]) == (15.0, Decimal(210_000_000), 2)


# --- Indicator 3 -----------------------------------------------------------------------------------------------------


@pytest.fixture
def digesting(bureau):
    """One batch in the base with 100 公顷 left, one outside; the task of 2026 is 150 亩 = 10 公顷."""
    bureau.hand_in("批而未供台账", {"批文号": "B1"}, {"批文号": "B2", "是否纳入基数": "否"})
    bureau.hand_in("年度任务", {})
    return bureau


def test_rate_is_digested_over_task(digesting):
    # 4 + 3.5 公顷 of 10 公顷; 2 公顷 outside the base are shown beside
    digesting.hand_in(
        "批而未供消化", {"消化编号": "X1", "消化面积": "4"}, {"消化编号": "X2", "消化面积": "3.5", "消化方式": "核减"},
        {"消化编号": "X3", "消化面积": "2", "批文号": "B2"},
    )  # fmt: skip
    figure = digesting.figure(DIGESTION)
    assert (figure["value"], float(figure["numerator"]), float(figure["denominator"])) == (75.0, 7.5, 10.0)
    assert (figure["record_count"], figure["excluded_count"]) == (2, 1)  # the task is not counted
    assert digesting.parts(DIGESTION) == {"by_supply": 4.0, "by_reduction": 3.5, "outside_base": 2.0}


def test_rates_above_one_hundred_stay(digesting):
    digesting.hand_in("批而未供消化", {"消化编号": "X1", "消化面积": "12"})
    assert digesting.figure(DIGESTION)["value"] == 120.0


def test_a_year_counts_its_own_events(digesting):
    digesting.hand_in(
        "批而未供消化",
        {"消化编号": "X1", "消化面积": "4", "消化日期": "2025-12-31"},
        {"消化编号": "X2", "消化面积": "1"},
    )
    assert digesting.figure(DIGESTION)["value"] == 10.0
    assert digesting.figure(DIGESTION, year=2025)["absence"] == "not_assigned"


@pytest.mark.parametrize(("task", "expected"), [("0", "not_applicable"), (None, "not_assigned"), ("150", 10.0)])
def test_tasks_of_nothing(bureau, task, expected):
    bureau.hand_in("批而未供台账", {"批文号": "B1"})
    bureau.hand_in("批而未供消化", {"消化编号": "X1"})
    if task is not None:
        bureau.hand_in("年度任务", {"任务面积": task})
    assert value_or_absence(bureau.figure(DIGESTION)) == expected


def test_no_report_is_not_zero(bureau):
    bureau.hand_in("年度任务", {})
    figure = bureau.figure(DIGESTION)
    assert (figure["absence"], figure["numerator"], figure["data_state"]) == ("not_reported", None, "incomplete")
    bureau.hand_in("批而未供台账", {"批文号": "B1"})
    assert bureau.figure(DIGESTION)["value"] == 0.0


def test_unknown_batch_is_refused_until_it_is_received(bureau):
    bureau.hand_in("年度任务", {})
    bureau.hand_in("批而未供消化", {"消化编号": "X1"}, day="2026-04-01")
    bureau.hand_in("批而未供台账", {"批文号": "B1"}, day="2026-05-01")
    assert bureau.figure(DIGESTION, as_of="2026-04-30", year=2026)["value"] is None
    assert bureau.figure(DIGESTION, as_of="2026-11-23")["value"] == 10.0
    assert bureau.findings("2026-04-30")["rule"].to_list() == ["5001"]
    assert bureau.findings("2026-05-01").height == 0


def test_a_batch_never_falls_below_zero(digesting):
    # 100 公顷 left. By date: X2 60, X1 30, X3 20 (would be −10: refused), X4 10 fits exactly.
    digesting.hand_in(
        "批而未供消化",
        {"消化编号": "X1", "消化面积": "30", "消化日期": "2026-02-01"}, {"消化编号": "X2", "消化面积": "60", "消化日期": "2026-01-01"},
        {"消化编号": "X3", "消化面积": "20", "消化日期": "2026-03-01"}, {"消化编号": "X4", "消化面积": "10", "消化日期": "2026-03-02"},
    )  # fmt: skip
    assert float(digesting.figure(DIGESTION)["numerator"]) == 100.0
    (finding,) = digesting.findings().filter(rule="5002").iter_rows(named=True)
    assert (finding["key"], finding["quarantined"]) == ("X3", True)
    assert "B1" in finding["message"]


def test_a_refused_revision_leaves_the_one_before_in_force(digesting):
    digesting.hand_in("批而未供消化", {"消化编号": "X1", "消化面积": "5"}, day="2026-04-01")
    digesting.hand_in("批而未供消化", {"消化编号": "X1", "消化面积": "500"}, day="2026-05-01")
    assert float(digesting.figure(DIGESTION)["numerator"]) == 5.0


@pytest.mark.parametrize(
    ("register", "fits"),
    [
        ({"剩余面积": "4"}, False),
        ({"剩余面积": "5"}, True),
        ({"剩余面积": "", "已供面积": "96"}, False),
        ({"剩余面积": "", "已供面积": "95"}, True),
    ],
)
def test_remaining_is_that_of_the_first_register_row(bureau, register, fits):
    bureau.hand_in("年度任务", {})
    bureau.hand_in("批而未供台账", {"批文号": "B1", **register}, day="2026-04-01")
    bureau.hand_in("批而未供台账", {"批文号": "B1", "剩余面积": "1"}, day="2026-05-01")  # later rows do not reset it
    bureau.hand_in("批而未供消化", {"消化编号": "X1", "消化面积": "5"})
    assert float(bureau.figure(DIGESTION)["numerator"] or 0) == (5.0 if fits else 0.0)


def test_the_base_flag_is_that_of_the_latest_revision(digesting):
    digesting.hand_in("批而未供消化", {"消化编号": "X1"}, day="2026-04-01")
    digesting.hand_in("批而未供台账", {"批文号": "B1", "是否纳入基数": "否"}, day="2026-11-02")
    assert digesting.figure(DIGESTION, as_of="2026-11-01")["value"] == 10.0
    assert digesting.figure(DIGESTION)["value"] == 0.0


def test_province_sums_tasks_only_when_every_city_has_one(digesting):
    digesting.hand_in("批而未供消化", {"消化编号": "X1"})
    assert digesting.figure(DIGESTION, region="330000")["absence"] == "not_assigned"
    cities = [code for code in digesting.regions.codes("city") if code != "330100"]
    for city in cities:
        digesting.hand_in("年度任务", {"行政区代码": city, "任务面积": "15"}, city=city)
    figure = digesting.figure(DIGESTION, region="330000")
    assert (float(figure["denominator"]), figure["value"]) == (20.0, 5.0)  # 10 + 10 × 1 公顷; 1 of 20
    assert figure["data_state"] == "incomplete"
    digesting.hand_in("年度任务", {"行政区代码": "330000", "任务面积": "600"}, city="330000")
    assert digesting.figure(DIGESTION, region="330000")["value"] == 2.5  # 1 of its own 40 公顷


def test_a_county_has_its_own_task_and_is_not_added_up(digesting):
    digesting.hand_in("批而未供消化", {"消化编号": "X1"})
    digesting.hand_in("年度任务", {"行政区代码": "330106", "任务面积": "30"}, batch="区县")
    assert digesting.figure(DIGESTION, region="330106")["value"] == 50.0
    assert digesting.figure(DIGESTION)["value"] == 10.0


# --- Indicator 4 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, 30.0),  # 3 of 10 公顷
        ({"处置方式": "延长动工期限"}, 0.0),
        ({"处置方式": "延长动工期限", "实际动工日期": "2026-05-01"}, 30.0),
        ({"处置方式": "延长动工期限", "实际动工日期": "2025-05-01"}, 0.0),  # counts in 2025
        ({"处置方式": ""}, 0.0),
        ({"处置面积": ""}, 0.0),
        ({"处置完成日期": ""}, 0.0),
        ({"状态": "撤销"}, 0.0),
    ],
)
def test_idle_disposal_by_way_and_date(bureau, case, expected):
    bureau.hand_in("年度任务", {"任务": "闲置土地处置"})
    bureau.hand_in("闲置土地", {"认定书编号": "X1", **case})
    assert bureau.figure(IDLE)["value"] == expected


# --- Indicator 5 -----------------------------------------------------------------------------------------------------


def test_share_is_split_by_area_without_separate_sites(bureau):
    # stock 1.2 + 0.5 of 2, 0 of 3, separate site 4 of 4 left out: 1.7 / 5 = 34 %
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), "现有建设用地面积": "1.2", "历史批而未供面积": "0.5", "当年新增面积": "0.3"},
        {"电子监管号": supervision_no(2), "供应面积": "3", "现有建设用地面积": "0", "当年新增面积": "3"},
        {"电子监管号": supervision_no(3), "供应面积": "4", "现有建设用地面积": "4", "是否单独选址": "是"},
    )
    figure = bureau.figure(SHARE)
    assert (figure["value"], float(figure["numerator"]), float(figure["denominator"])) == (34.0, 1.7, 5.0)
    assert (figure["record_count"], figure["excluded_count"]) == (3, 1)  # one record above and below, one below only
    parts = bureau.parts(SHARE)
    assert (parts["existing"], parts["historical_unsupplied"], parts["separate_site"]) == (1.2, 0.5, 4.0)
    assert parts["share_with_separate_sites"] == pytest.approx(5.7 / 9 * 100)


def test_only_separate_sites_leave_nothing_to_divide_by(bureau):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), "是否单独选址": "是"})
    assert bureau.figure(SHARE)["absence"] == "not_applicable"


def test_a_fully_stock_record_stands_once_in_both_sums(bureau):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)})
    assert bureau.result(SHARE).ledger["role"].to_list() == ["both"]
    assert bureau.figure(SHARE)["value"] == 100.0


def test_exactly_on_target_in_mu(bureau):
    # 58.5 of 100 亩: 3.9 of 6.666… 公顷 must still be exactly 58.5 %
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), "供应面积(亩)": "58.5", "现有建设用地面积(亩)": "58.5", "历史批而未供面积(亩)": "0", "当年新增面积(亩)": "0"},
        {"电子监管号": supervision_no(2), "供应面积(亩)": "41.5", "现有建设用地面积(亩)": "0", "历史批而未供面积(亩)": "0", "当年新增面积(亩)": "41.5"},
    )  # fmt: skip
    rows = bureau.landing / "2026-11-01" / "供地结果_330100_2026.csv"
    header, *lines = rows.read_text().splitlines()
    drop = [
        header.split(",").index(name) for name in ("供应面积", "现有建设用地面积", "历史批而未供面积", "当年新增面积")
    ]
    rows.write_text(
        "\n".join(",".join(c for i, c in enumerate(line.split(",")) if i not in drop) for line in [header, *lines])
    )
    assert bureau.figure(SHARE)["value"] == 58.5


def test_period_starts_again_in_2028(bureau):
    bureau.hand_in(
        "供地结果", {"电子监管号": supervision_no(1, 2027), "合同签订日期": "2027-12-31"}, day="2028-01-10", year=2027
    )
    bureau.hand_in(
        "供地结果",
        {
            "电子监管号": supervision_no(2, 2028),
            "合同签订日期": "2028-01-01",
            "现有建设用地面积": "1",
            "当年新增面积": "1",
        },
        day="2028-02-10",
        year=2028,
    )
    values = {year: bureau.figure(SHARE, year=year, as_of="2028-03-01")["value"] for year in (2027, 2028)}
    assert values == {2027: 100.0, 2028: 50.0}


# --- Indicator 6 -----------------------------------------------------------------------------------------------------

INDUSTRY = {"土地用途代码": "0601", "约定容积率下限": "1.5"}


def test_the_public_export_names_industrial_land(bureau):
    # the names of 1001 and 100101–100103 of the 2023 classification: (1·1 + 2·1 + 3·2) / 4 = 2.25; storage is not among them
    header = "行政区,电子监管号,面积(公顷),土地来源,土地用途,供地方式,约定容积率下限,合同签订日期"
    rows = [("工业用地", 1, 1), ("一类工业用地", 1, 2), ("三类工业用地", 2, 3), ("一类物流仓储用地", 5, 9)]
    lines = [
        f"西湖区,{supervision_no(number)},{area},新增建设用地,{use},挂牌出让,{far},2026年03月01日"
        for number, (use, area, far) in enumerate(rows, 1)
    ]
    bureau.put("landchina_x.csv", "\n".join([header, *lines, ""]).encode())
    figure = bureau.figure(FAR)
    assert (figure["value"], figure["derived"], float(figure["denominator"])) == (2.25, True, 4.0)


def test_far_is_weighted_by_area(bureau):
    # (1.5 × 2 + 2.0 × 6) / 8 = 1.875; a dwelling does not count
    bureau.hand_in(
        "供地结果", {"电子监管号": supervision_no(1), **INDUSTRY},
        {"电子监管号": supervision_no(2), **INDUSTRY, "约定容积率下限": "2", "供应面积": "6", "现有建设用地面积": "0", "当年新增面积": "6", "是否单独选址": "是"},
        {"电子监管号": supervision_no(3), "约定容积率下限": "3"},
    )  # fmt: skip
    figure = bureau.figure(FAR)
    assert (figure["value"], float(figure["numerator"]), float(figure["denominator"])) == (1.875, 15.0, 8.0)


@pytest.mark.parametrize(
    ("system", "code", "counts"),
    [
        ("GB/T21010-2007", "061", True), ("GB/T21010-2007", "062", False), ("GB/T21010-2017", "0601", True),
        ("GB/T21010-2017", "1001", False), ("用地用海分类2023", "1001", True), ("用地用海分类2023", "100103", True),
        ("用地用海分类2023", "100104", False), ("用地用海分类2023", "0601", False),
    ],
)  # fmt: skip
def test_a_code_is_read_with_its_system(bureau, system, code, counts):
    bureau.hand_in(
        "供地结果", {"电子监管号": supervision_no(1), **INDUSTRY, "土地用途代码": code, "用途分类体系": system}
    )
    assert value_or_absence(bureau.figure(FAR)) == (1.5 if counts else "not_applicable")


@pytest.mark.parametrize(
    ("exemption", "exempt"),
    [
        ({"批准日期": "2026-03-01", "有效期止": "2026-03-01"}, True),  # both days included
        ({"批准日期": "2026-03-02"}, False),
        ({"批准日期": "2025-01-01", "有效期止": "2026-02-28"}, False),
        ({"批准日期": "2025-01-01", "有效期止": ""}, True),
    ],
)
def test_exemption_must_be_valid_on_the_contract_date(bureau, exemption, exempt):
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), **INDUSTRY, "约定容积率下限": "0.5"},
        {"电子监管号": supervision_no(2), **INDUSTRY},
    )
    bureau.hand_in("容积率豁免清单", {"电子监管号": supervision_no(1), **exemption})
    figure, parts = bureau.figure(FAR), bureau.parts(FAR)
    assert figure["value"] == (1.5 if exempt else 1.0)
    assert (parts["far_with_exempt"], parts["exempt_area_share"]) == (1.0, 50.0 if exempt else 0.0)


def test_exemption_is_withdrawn_by_a_revision(bureau):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), **INDUSTRY})
    bureau.hand_in("容积率豁免清单", {"电子监管号": supervision_no(1)}, day="2026-05-01")
    bureau.hand_in("容积率豁免清单", {"电子监管号": supervision_no(1), "有效期止": "2025-06-30"}, day="2026-11-02")
    assert bureau.figure(FAR, as_of="2026-11-01")["absence"] == "not_applicable"
    assert bureau.figure(FAR)["value"] == 1.5


@pytest.mark.parametrize("far", ["", "0"])
def test_unset_far_is_excluded_and_counted(bureau, far):
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), **INDUSTRY, "约定容积率下限": far},
        {"电子监管号": supervision_no(2), **INDUSTRY},
    )
    figure = bureau.figure(FAR)
    assert (figure["value"], figure["excluded_count"]) == (1.5, 1)
    assert bureau.figure(SHARE)["value"] == 100.0  # the record stays in every other figure
    assert bureau.parts(FAR)["far_missing"] == 2.0


def test_amounts_are_published_to_nine_decimals(bureau):
    bureau.hand_in("批而未供台账", {"批文号": "B1"})
    bureau.hand_in("年度任务", {"任务面积": "100"})
    bureau.hand_in("批而未供消化", {"消化编号": "X1", "消化面积": "1"})
    assert bureau.figure(DIGESTION)["denominator"] == Decimal("6.666666667")
    assert bureau.figure(DIGESTION)["value"] == 15.0
