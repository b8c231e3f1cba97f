"""Small nasty worlds around the edges of the rulebook, every expected number worked out by hand (1 公顷 = 15 亩)."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.submissions import BY_LABEL
from tests.bureau import supervision_no

S1, S2, S3 = (supervision_no(n) for n in (1, 2, 3))
BATCH = "批而未供台账"
DIGESTION = "批而未供消化"
CITIES = ["330100", "330200", "330300", "330400", "330500", "330600", "330700", "330800", "330900", "331000", "331100"]


def existing(area: str, **more) -> dict[str, str]:
    return {"供应面积": area, "现有建设用地面积": area, **more}


# --- Revisions (§0) -------------------------------------------------------------------------------------------------


def test_on_one_day_the_file_name_decides_as_text(bureau):
    bureau.hand_in("供地结果", existing("3", 电子监管号=S1), batch="9")
    bureau.hand_in("供地结果", existing("5", 电子监管号=S1), batch="10")
    assert bureau.figure("activated_stock_land")["value"] == 45  # "…_9" sorts after "…_10"


def test_the_same_bytes_again_do_not_undo_a_newer_revision(bureau):
    for day, area in (("2026-05-01", "3"), ("2026-06-01", "4"), ("2026-07-01", "3")):
        bureau.hand_in("供地结果", existing(area, 电子监管号=S1), day=day)
    assert bureau.figure("activated_stock_land")["value"] == 60


def test_a_cancelled_record_is_zero_from_then_on_and_kept_before(bureau):
    bureau.hand_in("供地结果", existing("3", 电子监管号=S1), day="2026-05-01")
    bureau.hand_in("供地结果", existing("3", 电子监管号=S1, 状态="撤销"), day="2026-06-01", batch="2")
    assert [bureau.figure("activated_stock_land", as_of=day)["value"] for day in ("2026-05-31", "2026-06-01")] == [
        45,
        0,
    ]


# --- Parcels (§1) ---------------------------------------------------------------------------------------------------


def three_on_a_parcel(bureau, supply: str, patch: str, idle: str) -> None:
    """The dates of a supply of 2 公顷, a patch of 3 and an idle case of 4 on one parcel."""
    bureau.hand_in("供地结果", existing("2", 电子监管号=S1, 宗地代码="P", 合同签订日期=supply))
    bureau.hand_in(
        "低效用地",
        {"图斑编号": "T1", "宗地代码": "P", "改造协议日期": "2025-01-01", "施工许可日期": patch, "完成面积": "3"},
    )
    bureau.hand_in(
        "闲置土地",
        {"认定书编号": "I1", "宗地代码": "P", "供地面积": "5", "闲置面积": "4", "处置面积": "4", "处置完成日期": idle},
    )


@pytest.mark.parametrize(
    ("supply", "patch", "idle", "annual_2025", "annual_2026"),
    [
        ("2026-03-01", "2026-03-01", "2026-03-01", 0, 60),  # a 2, b 3 − 2, c 4 − 3
        ("2026-03-01", "2025-06-01", "2026-03-01", 45, 15),  # b 3 in 2025; a 0, c 4 − 3
        ("2025-03-01", "2026-03-01", "2025-03-01", 60, 0),  # a 2, c 4 − 2 in 2025; b 0
        ("2025-01-01", "2026-03-01", "2024-12-31", 30, 15),  # the day before the start claims nothing
    ],
)
def test_one_parcel_three_events(bureau, supply, patch, idle, annual_2025, annual_2026):
    three_on_a_parcel(bureau, supply, patch, idle)
    header = ",".join(column.label for column in BY_LABEL["供地结果"].columns)
    bureau.put("供地结果_330100_2025.csv", f"{header}\n".encode())  # nothing to report is a report
    values = [bureau.figure("activated_stock_land", year=year, basis="annual")["value"] for year in (2025, 2026)]
    assert values == [annual_2025, annual_2026]
    assert bureau.figure("activated_stock_land")["value"] == annual_2025 + annual_2026


# --- Patches and their supply (§2) ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "contract", "permit", "redeveloped", "activated"),
    [
        ("", "2026-02-01", "2026-05-01", 60, 30),  # the contract dates it; the supply activates
        ("解除", "2026-02-01", "2026-05-01", 60, 0),  # permit dates it; cancelled link is no self-redevelopment
        ("解除", "2026-02-01", "", 0, 0),
        ("", "2024-05-31", "2026-05-01", 0, 0),  # the earlier date lies before the approval of the scheme
        ("", "2027-01-01", "2026-05-01", 60, 0),  # a contract of next year does not hold back the permit
    ],
)
def test_a_patch_and_the_supply_it_names(bureau, status, contract, permit, redeveloped, activated):
    bureau.hand_in("供地结果", existing("2", 电子监管号=S1, 合同签订日期=contract, 状态=status))
    bureau.hand_in("低效用地", {"图斑编号": "T1", "供地电子监管号": S1, "施工许可日期": permit})
    assert bureau.figure("redeveloped_inefficient_land")["value"] == redeveloped
    assert bureau.figure("activated_stock_land")["value"] == activated


# --- Batches (§3) ---------------------------------------------------------------------------------------------------


def digest(no: str, area: str, day: str, batch: str = "B1", **more) -> dict[str, str]:
    return {"消化编号": no, "消化面积": area, "消化日期": day, "批文号": batch, **more}


def digested(bureau, **more) -> float:
    return float(bureau.figure("unsupplied_digestion_rate", **more)["numerator"])


def test_the_batch_holds_what_its_first_row_said(bureau):
    bureau.hand_in("年度任务", {})
    bureau.hand_in(BATCH, {"批文号": "B1", "剩余面积": "10"}, day="2026-02-01")
    bureau.hand_in(BATCH, {"批文号": "B1", "剩余面积": "2", "状态": "更正"}, day="2026-04-01", batch="2")
    bureau.hand_in(DIGESTION, digest("X1", "9", "2026-03-01"))
    assert digested(bureau) == 9


def test_the_first_that_does_not_fit_is_refused_and_a_smaller_one_after_it_fits(bureau):
    bureau.hand_in("年度任务", {})
    bureau.hand_in(BATCH, {"批文号": "B1", "剩余面积": "10"})
    bureau.hand_in(
        DIGESTION, digest("X3", "4", "2026-03-03"), digest("X2", "7", "2026-03-02"), digest("X1", "6", "2026-03-02")
    )
    assert digested(bureau) == 10  # X1 6; X2 7 > 4 refused; X3 4


def test_a_refused_revision_leaves_the_one_before_in_force_which_may_refuse_another(bureau):
    bureau.hand_in("年度任务", {}, day="2026-02-01")
    bureau.hand_in(BATCH, {"批文号": "B1", "剩余面积": "10"}, day="2026-02-01")
    bureau.hand_in(DIGESTION, digest("X1", "3", "2026-03-01"), digest("X2", "8", "2026-03-02"), day="2026-04-01")
    bureau.hand_in(DIGESTION, digest("X1", "9", "2026-03-03", 状态="更正"), day="2026-05-01", batch="2")
    assert digested(bureau, as_of="2026-04-30") == 3  # X2 8 > 7
    assert digested(bureau) == 3  # X1 anew 9 > 2 refused, so 3 of before stands, and X2 does not fit again


def test_a_batch_learnt_of_later_makes_its_digestion_known_then(bureau):
    bureau.hand_in("年度任务", {})
    bureau.hand_in(DIGESTION, digest("X1", "3", "2026-03-01"), day="2026-04-01")
    bureau.hand_in(BATCH, {"批文号": "B1", "剩余面积": "10"}, day="2026-06-01")
    assert [digested(bureau, as_of=day) for day in ("2026-05-31", "2026-06-01")] == [0, 3]


def test_the_latest_base_flag_holds_for_past_years_even_when_the_batch_is_cancelled(bureau):
    bureau.hand_in("年度任务", {"年份": "2025"}, {"年份": "2026"})
    bureau.hand_in(BATCH, {"批文号": "B1"}, {"批文号": "B2", "是否纳入基数": "否"}, day="2026-02-01")
    bureau.hand_in(
        BATCH, {"批文号": "B1", "是否纳入基数": "否"}, {"批文号": "B2", "状态": "撤销"}, day="2026-06-01", batch="2"
    )
    bureau.hand_in(
        DIGESTION, digest("X1", "3", "2025-03-01"), digest("X2", "4", "2025-03-01", "B2"), day="2026-03-01", year=2025
    )
    assert [digested(bureau, year=2025, as_of=day) for day in ("2026-05-31", "2026-06-01")] == [3, 4]


# --- Idle land (§4), FAR (§6) ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "finished", "started", "rate", "activated"),
    [
        ("延长动工期限", "2025-12-01", "2026-04-01", 30, 0),  # dated by the start, and never put back to use by it
        ("延长动工期限", "", "2026-04-01", 30, 0),
        ("延长动工期限", "2026-04-01", "", 0, 0),
        ("动工建设", "2026-04-01", "2025-12-01", 30, 45),  # other ways are dated by their completion
        ("", "2026-04-01", "2026-04-01", 0, 0),  # an empty cell is no way
    ],
)
def test_ways_of_disposal(bureau, way, finished, started, rate, activated):
    bureau.hand_in("年度任务", {"任务": "闲置土地处置"})
    bureau.hand_in("闲置土地", {"认定书编号": "I1", "处置方式": way, "处置完成日期": finished, "实际动工日期": started})
    assert bureau.figure("idle_disposal_rate")["value"] == rate  # 3 公顷 of a task of 150 亩
    assert bureau.figure("activated_stock_land")["value"] == activated


@pytest.mark.parametrize(
    ("contract", "until", "revised", "value"),
    [
        ("2026-03-01", "2026-03-01", None, 2.0),  # the last day is included
        ("2026-03-02", "2026-03-01", None, 1.5),
        ("2024-12-31", "", None, None),  # before the approval; and not of this period
        ("2026-03-01", "2026-12-31", "2026-02-28", 1.5),  # withdrawn by a revision
        ("2026-03-01", "2026-02-28", "", 2.0),  # prolonged without end
    ],
)
def test_exemptions_hold_on_the_contract_date(bureau, contract, until, revised, value):
    industrial = {"土地用途代码": "0601", "合同签订日期": contract, "约定容积率下限": "1.0", "供应面积": "2"}
    bureau.hand_in(
        "供地结果", {**industrial, "电子监管号": S1}, {**industrial, "电子监管号": S2, "约定容积率下限": "2.0"}
    )
    bureau.hand_in("容积率豁免清单", {"电子监管号": S1, "有效期止": until}, day="2026-10-01")
    if revised is not None:
        bureau.hand_in("容积率豁免清单", {"电子监管号": S1, "有效期止": revised}, day="2026-10-02", batch="2")
    figure = bureau.figure("industrial_far")
    assert (figure["value"], figure["absence"]) == (value, None if value else "not_applicable")


def test_a_land_use_code_is_read_with_its_system(bureau):
    railway = {"电子监管号": S1, "土地用途代码": "1001", "约定容积率下限": "1.0"}
    factory = {"电子监管号": S2, "土地用途代码": "1001", "用途分类体系": "用地用海分类2023", "约定容积率下限": "1.6"}
    bureau.hand_in("供地结果", railway, factory)
    assert bureau.figure("industrial_far")["value"] == 1.6


# --- Land per GDP (§7) ----------------------------------------------------------------------------------------------


def survey(region: str, **areas: str) -> list[dict[str, str]]:
    """Rows of the survey: y2025="1000" …"""
    return [{"行政区代码": region, "年份": year[1:], "面积": area} for year, area in areas.items()]


def growth(region: str, gdp: str, **indices: str) -> list[dict[str, str]]:
    return [
        {"行政区代码": region, "年份": year[1:], "现价GDP": gdp, "可比价指数": index} for year, index in indices.items()
    ]


def test_the_province_s_own_rows_only_where_all_of_a_basis_is_its_own(bureau):
    """Cities: S falls 10 % in 2026, then stays; the province's own survey has 2026 and 2027 and falls 20 %."""
    for city in CITIES:
        bureau.hand_in("建设用地变更调查", *survey(city, y2025="1000", y2026="900", y2027="900"), city=city)
        bureau.hand_in("地区生产总值", *growth(city, "100", y2025="105.0", y2026="100.0", y2027="100.0"), city=city)
    bureau.hand_in("建设用地变更调查", *survey("330000", y2026="10000", y2027="8000"), city="330000")
    bureau.hand_in(
        "地区生产总值", *growth("330000", "1100", y2025="105.0", y2026="100.0", y2027="100.0"), city="330000"
    )

    def province(year, basis):
        figure = bureau.figure("land_per_gdp_reduction", "330000", year, basis, as_of="2028-02-15")
        return round(figure["value"], 9), figure["derived"]

    assert province(2027, "annual") == (20, False)
    assert province(2027, "cumulative") == (10, True)
    assert province(2026, "annual") == (10, True)


def test_one_city_without_a_link_of_the_chain_leaves_the_province_without_a_value(bureau):
    for city in CITIES:
        years = (
            {"y2025": "105.0", "y2027": "104.0"}
            if city == "330900"
            else {"y2025": "105.0", "y2026": "104.0", "y2027": "104.0"}
        )
        bureau.hand_in("建设用地变更调查", *survey(city, y2025="1000", y2026="990", y2027="980"), city=city)
        bureau.hand_in("地区生产总值", *growth(city, "100", **years), city=city)
    figure = bureau.figure("land_per_gdp_reduction", "330000", 2027, as_of="2028-02-15")
    assert (figure["value"], figure["absence"]) == (None, "not_reported")
    assert bureau.figure("land_per_gdp_reduction", "330000", 2025, as_of="2028-02-15")["value"] == 0


def test_the_total_wins_and_the_latest_vintage_counts(bureau):
    classes = [{"地类编码": code, "面积": area} for code, area in (("05", "400"), ("1001", "500"), ("1006", "77"))]
    bureau.hand_in("建设用地变更调查", *classes, *survey("330100", y2026="720"), day="2026-10-01")
    bureau.hand_in("地区生产总值", *growth("330100", "100", y2025="105.0", y2026="100.0"), day="2026-10-01")
    assert bureau.figure("land_per_gdp_reduction", as_of="2026-10-01")["value"] == pytest.approx(20)  # 720 of 900
    bureau.hand_in("建设用地变更调查", {"面积": "800", "版本": "初步"}, day="2026-10-02", batch="2")
    late = bureau.figure("land_per_gdp_reduction", year=2025, as_of="2027-01-01")
    assert (late["value"], float(late["numerator"]), late["data_state"]) == (0, 8, "provisional")
    assert bureau.figure("land_per_gdp_reduction")["value"] == pytest.approx(10)  # 720 of the total 800


@pytest.mark.parametrize(
    ("index_2027", "verdict"),
    [
        ("104.4", "undecidable"),  # 1 − 1/(1.042 × 1.044) = 8.08 %, band 7.99–8.16 %, target 8.1 %
        ("104.6", "achieved"),  # 8.25 %, band 8.16–8.34 %
        ("104.40", "undecidable"),  # one index of two decimals still leaves the other's half tenth: 8.03–8.12 %
        ("104.2", "missed"),  # 7.90 %, band 7.81–7.99 %
    ],
)
def test_a_target_within_the_resolution_of_the_indices_is_undecidable(bureau, index_2027, verdict):
    bureau.hand_in("建设用地变更调查", *survey("330100", y2025="1000", y2026="1000", y2027="1000"))
    bureau.hand_in("地区生产总值", *growth("330100", "100", y2025="105.0", y2026="104.2", y2027=index_2027))
    assert bureau.assessment("land_per_gdp_reduction", year=2027, as_of="2028-02-15")["verdict"] == verdict


# --- Walking (§8) ---------------------------------------------------------------------------------------------------


def walk(city: str, year: str, covered: str, residential: str = "100", classes: int = 5) -> list[dict[str, str]]:
    names = ("文化", "教育", "卫生", "体育", "养老")[:classes]
    return [
        {"行政区代码": city, "年份": year, "设施类别": name, "居住用地面积": residential, "覆盖面积": covered}
        for name in names
    ]


def test_the_province_pools_the_cities_of_the_year_and_its_base_over_the_same(bureau):
    bureau.hand_in("步行覆盖", *walk("330100", "2025", "80"), *walk("330100", "2026", "82"), city="330100")
    bureau.hand_in(
        "步行覆盖", *walk("330600", "2025", "180", "300"), *walk("330600", "2026", "210", "300"), city="330600"
    )
    bureau.hand_in("步行覆盖", *walk("330900", "2025", "10"), *walk("330900", "2026", "99", classes=4), city="330900")
    row = bureau.assessment("walk15_coverage", "330000", 2026, as_of="2027-01-15")
    assert row["value"] == pytest.approx(73)  # (82 + 210) / 400
    assert row["target"] == pytest.approx(65 * 1.05)  # base (80 + 180) / 400, without 330900
    assert row["expected"] == pytest.approx(65 + 65 * 0.05 / 2)
    assert (row["verdict"], row["data_state"]) == ("achieved", "incomplete")
    assert bureau.figure("walk15_coverage", "330900", 2026, as_of="2027-01-15")["absence"] == "not_reported"


def test_a_city_without_a_base_is_judged_only_when_it_has_reached_its_target(bureau):
    bureau.hand_in("步行覆盖", *walk("330100", "2026", "83"), city="330100")
    bureau.hand_in("步行覆盖", *walk("330200", "2026", "83"), city="330200")
    verdicts = [
        bureau.assessment("walk15_coverage", city, as_of="2027-01-15")["verdict"] for city in ("330100", "330200")
    ]
    assert verdicts == ["no_baseline", "achieved"]  # targets 84 and 83


# --- Trajectories and verdicts (§10) --------------------------------------------------------------------------------


def test_a_plan_bends_the_trajectory_of_its_years_only(bureau):
    bureau.hand_in("年度任务", {"任务": "盘活存量建设用地", "年份": "2026", "任务面积": "20000"}, day="2026-03-31")
    bureau.hand_in("供地结果", existing("1", 电子监管号=S1), day="2026-04-01")
    row = bureau.assessment("activated_stock_land", year=2026, as_of="2026-07-02")  # 183 days of 365 into 2026
    end_2025 = 47000 * 365 / 1095
    assert row["expected"] == pytest.approx(end_2025 + (20000 - end_2025) * 183 / 365)
    assert row["expected_linear"] == pytest.approx(47000 * 548 / 1095)
    province = bureau.assessment("activated_stock_land", "330000", 2026, as_of="2026-07-02")
    assert province["expected"] == pytest.approx(300000 * 548 / 1095)  # only a plan of its own bends it


def test_the_leap_day_counts(bureau):
    bureau.hand_in("年度任务", {"年份": "2028", "任务": "闲置土地处置"})
    bureau.hand_in("闲置土地", {"认定书编号": "I1", "处置完成日期": "2028-02-29"}, day="2028-03-01", year=2028)
    before, after = (
        bureau.assessment("idle_disposal_rate", year=2028, horizon=2030, as_of=day)
        for day in ("2028-02-29", "2028-03-01")
    )
    assert before["value"] is None  # received the day after
    assert (after["value"], after["expected"]) == (30, pytest.approx(100 * 61 / 366))
    assert after["pace"] == pytest.approx(0.3 * 366 / 61)
    area = bureau.assessment("activated_stock_land", year=2028, horizon=2030, as_of="2028-12-31")
    assert area["expected_linear"] == pytest.approx(94000 * 1461 / 2191)


@pytest.mark.parametrize(
    ("as_of", "verdict", "state"),
    [("2026-12-30", "on_track", "incomplete"), ("2026-12-31", "achieved", "incomplete")],
)
def test_the_last_day_completes_the_year(bureau, as_of, verdict, state):
    bureau.hand_in("年度任务", {"任务面积": "45"})
    bureau.hand_in(DIGESTION, digest("X1", "3", "2026-03-01"))
    bureau.hand_in(BATCH, {"批文号": "B1"})
    row = bureau.assessment("unsupplied_digestion_rate", as_of=as_of)
    assert (row["value"], row["verdict"]) == (100, verdict)
    assert bureau.figure("unsupplied_digestion_rate", "330000", as_of=as_of)["data_state"] == state


@pytest.mark.parametrize(
    ("stock", "verdict"), [("62.5", "on_track"), ("62.4999", "behind"), ("61.5", "behind"), ("61.4999", "far_behind")]
)
def test_a_share_is_compared_without_tolerance(bureau, stock, verdict):
    bureau.hand_in(
        "供地结果",
        {
            "电子监管号": S1,
            "供应面积": "100",
            "现有建设用地面积": stock,
            "当年新增面积": str(round(100 - float(stock), 4)),
        },
    )
    assert bureau.assessment("stock_supply_share")["verdict"] == verdict


def test_a_new_period_starts_again(bureau):
    bureau.hand_in("供地结果", existing("2", 电子监管号=S1, 合同签订日期="2027-12-31"), year=2027)
    bureau.hand_in(
        "供地结果",
        {"电子监管号": S2, "供应面积": "2", "现有建设用地面积": "0", "当年新增面积": "2", "合同签订日期": "2028-01-01"},
        day="2028-02-01",
        year=2028,
    )
    rows = [
        bureau.assessment("stock_supply_share", year=year, horizon=horizon, as_of="2028-02-15")
        for year, horizon in ((2027, 2027), (2027, 2030), (2028, 2030))
    ]
    assert [(row["value"], row["verdict"]) for row in rows] == [(100, "achieved"), (None, "not_due"), (0, "far_behind")]


def test_equal_progress_shares_a_rank_and_the_next_is_skipped(bureau):
    # 亩 per target of 2027: 47000, 40500, 31500
    for city, county, area in (("330100", "330106", "470"), ("330200", "330203", "405"), ("330300", "330302", "31.5")):
        bureau.hand_in(
            "供地结果", existing(area, 行政区代码=county, 电子监管号=supervision_no(1, region=county)), city=city
        )
    rows = bureau.assessments().filter(indicator="activated_stock_land", year=2026, horizon=2027)
    ranks = dict(zip(rows["region_code"], rows["rank"], strict=True))
    assert [ranks[city] for city in ("330100", "330200", "330300", "330400", "330000")] == [1, 1, 3, None, None]


# --- Absences and tasks ---------------------------------------------------------------------------------------------


def test_before_anything_was_received_nothing_has_a_value(bureau):
    bureau.hand_in("供地结果", existing("2", 电子监管号=S1, 合同签订日期="2025-01-01"), year=2025)
    rows = bureau.assessments(as_of="2025-06-30")
    assert rows.height == 2 * 8 * 12
    assert rows["value"].null_count() == rows.height
    assert set(rows.filter(indicator="activated_stock_land")["verdict"]) == {"not_reported"}
    assert set(rows.filter(indicator="walk15_coverage")["verdict"]) == {"not_due"}


@pytest.mark.parametrize(
    ("own", "cities", "absence", "value"),
    [
        ("30", "45", None, 150),  # its own row before the sum of its cities
        (None, "45", None, 100 * 45 / 495),
        ("0", "45", "not_applicable", None),
        (None, "0", "not_applicable", None),
        (None, None, "not_assigned", None),  # one city has none
    ],
)
def test_the_task_of_the_province(bureau, own, cities, absence, value):
    bureau.hand_in("闲置土地", {"认定书编号": "I1"})
    for city in CITIES if cities else CITIES[:-1]:
        bureau.hand_in("年度任务", {"行政区代码": city, "任务": "闲置土地处置", "任务面积": cities or "45"}, city=city)
    if own:
        bureau.hand_in("年度任务", {"行政区代码": "330000", "任务": "闲置土地处置", "任务面积": own}, city="330000")
    figure = bureau.figure("idle_disposal_rate", "330000")
    assert figure["absence"] == absence
    assert figure["value"] == (None if value is None else pytest.approx(value))


def test_abolished_codes_count_in_their_city_and_where_it_is_clear_in_their_successor(bureau):
    rows = [
        existing("1", 行政区代码="330103", 电子监管号=S1, 合同签订日期="2021-04-08"),  # split: the city only
        existing("2", 行政区代码="330104", 电子监管号=S2, 合同签订日期="2021-04-09"),  # a day too late
        existing("3", 行政区代码="330185", 电子监管号=S3, 合同签订日期="2016-05-01"),  # 临安市 → 临安区
    ]
    bureau.hand_in("供地结果", *rows)
    assert float(bureau.figure("stock_supply_share", "330100", 2021, "annual")["denominator"]) == 1
    assert float(bureau.figure("stock_supply_share", "330112", 2016, "annual")["denominator"]) == 3
    made = bureau.result("stock_supply_share").figures.filter(year=2021, region_level="county")
    assert made.height == 0


def test_events_after_the_as_of_have_not_happened(bureau):
    bureau.hand_in(
        "供地结果",
        existing("2", 电子监管号=S1, 合同签订日期="2026-11-24"),
        existing("1", 电子监管号=S2, 合同签订日期="2026-11-23"),
    )
    figure = bureau.figure("activated_stock_land")
    assert (figure["value"], figure["period_end"]) == (15, date(2026, 11, 23))


@pytest.mark.parametrize(
    ("city", "target"), [("330600", "58.8"), ("330700", "66.8"), ("330900", "77.6"), ("331100", "67.6")]
)
def test_a_level_that_equals_its_target_has_reached_it(bureau, city, target):
    bureau.hand_in("步行覆盖", *walk(city, "2025", "50"), *walk(city, "2027", target), city=city)
    assert bureau.assessment("walk15_coverage", city, 2027, as_of="2028-02-15")["verdict"] == "achieved"


def test_a_level_that_equals_its_line_is_on_track(bureau):
    bureau.hand_in("步行覆盖", *walk("330100", "2025", "53.2"), *walk("330100", "2026", "68.6"))  # (53.2 + 84) / 2
    assert bureau.assessment("walk15_coverage", year=2026, as_of="2027-01-15")["verdict"] == "on_track"


@pytest.mark.parametrize(
    ("area", "verdict"),
    [
        (
            "919.4595",
            "undecidable",
        ),  # index 100.05: 1 − 919.4595/1000/1.0005 = 8.1 %, the target, and the interval is closed
        ("919.4596", "on_track"),
        ("918.5405", "undecidable"),  # index 99.95: 8.1 % at the lower end
    ],
)
def test_the_ends_of_the_band_belong_to_it(bureau, area, verdict):
    bureau.hand_in("建设用地变更调查", *survey("330100", y2025="1000", y2026=area))
    bureau.hand_in("地区生产总值", *growth("330100", "100", y2025="105.0", y2026="100.0"))
    assert bureau.assessment("land_per_gdp_reduction", year=2026, as_of="2027-12-01")["verdict"] == verdict
