"""Indicators 7 and 8 by hand."""

from __future__ import annotations

import duckdb
import pytest

from assets.explain import explain, explain_all, opened
from assets.explain.chosen import Chosen
from expectations.validate import validate
from schemas.marts import FIGURE_ROWS_MACRO
from schemas.submissions import CONSTRUCTION_LAND_CLASSES, WALK_CLASSES
from tests.released import COMPARED, Publisher

REDUCTION, WALK = "land_per_gdp_reduction", "walk15_coverage"
CITIES = ["330100", "330200", "330300", "330400", "330500", "330600", "330700", "330800", "330900", "331000", "331100"]


@pytest.fixture
def publisher(tmp_path) -> Publisher:
    return Publisher(tmp_path)


def survey(bureau, region="330100", day="2026-11-01", **areas):
    """Survey totals by year, 公顷; year 2025 is `y2025`."""
    rows = [{"行政区代码": region, "年份": year[1:], "面积": str(area)} for year, area in areas.items()]
    bureau.hand_in("建设用地变更调查", *rows, day=day, city=region if region != "330106" else "330100", batch=region)


def economy(bureau, region="330100", gdp="100", day="2026-11-01", **indices):
    rows = [{"行政区代码": region, "年份": "2025", "现价GDP": gdp}]
    rows += [
        {"行政区代码": region, "年份": year[1:], "现价GDP": "999", "可比价指数": index}
        for year, index in indices.items()
    ]
    bureau.hand_in("地区生产总值", *rows, day=day, city=region if region != "330106" else "330100", batch=region)


def test_reduction_of_one_year(bureau):
    # S 1000 → 1010, G 100 → 105: 1 − (1010/105)/(1000/100) = 1 − 1010/1050 = 3.8095238095…%
    survey(bureau, y2025=1000, y2026=1010)
    economy(bureau, y2026="105.0")
    figure = bureau.figure(REDUCTION)
    assert figure["value"] == pytest.approx((1 - 1010 / 1050) * 100, abs=1e-12)
    assert (float(figure["numerator"]), float(figure["denominator"])) == (pytest.approx(1010 / 105, abs=1e-9), 10.0)
    # the index is known to ±0.05: 104.95 and 105.05
    assert figure["low"] == pytest.approx((1 - 1010 / 1049.5) * 100, abs=1e-12)
    assert figure["high"] == pytest.approx((1 - 1010 / 1050.5) * 100, abs=1e-12)


def test_reductions_chain(bureau):
    # Land constant, GDP per year × 1/0.96: 4 % and 4 % is 7.84 %. With indices to 4 decimals: 104.1667.
    survey(bureau, y2025=1000, y2026=1000, y2027=1000, day="2028-11-01")
    economy(bureau, y2026="104.1667", y2027="104.1667", day="2028-11-01")
    cumulative = bureau.figure(REDUCTION, year=2027, as_of="2028-12-01")["value"]
    annual = bureau.figure(REDUCTION, year=2027, basis="annual", as_of="2028-12-01")["value"]
    assert annual == pytest.approx((1 - 100 / 104.1667) * 100, abs=1e-10)
    assert cumulative == pytest.approx((1 - (100 / 104.1667) ** 2) * 100, abs=1e-10)
    assert round(cumulative, 2) == 7.84


def test_base_year(bureau):
    survey(bureau, y2024=990, y2025=1000)
    economy(bureau)
    assert bureau.figure(REDUCTION, year=2025)["value"] == 0.0
    assert bureau.figure(REDUCTION, year=2025, basis="annual")["absence"] == "no_baseline"


@pytest.mark.parametrize(("as_of", "expected"), [("2025-12-31", "not_due"), ("2026-01-01", "not_reported")])
def test_a_missing_year_is_due_only_after_it(bureau, as_of, expected):
    for basis in ("annual", "cumulative"):  # its own reason wins over no_baseline
        assert bureau.figure(REDUCTION, year=2025, basis=basis, as_of=as_of)["absence"] == expected


def test_no_base_year_no_reduction(bureau):
    survey(bureau, y2026=1000)
    bureau.hand_in("地区生产总值", {"年份": "2025"}, {"年份": "2026"})
    assert bureau.figure(REDUCTION)["absence"] == "no_baseline"


def test_a_missing_link_is_a_missing_previous_year(bureau):
    """§7: the annual value is no_baseline in any year whose previous year is missing, be it the survey or the index."""
    survey(bureau, y2025=1000, y2026=1000, y2027=1000, day="2028-11-01")
    economy(bureau, y2027="105.0", day="2028-11-01")
    annual, cumulative = (
        bureau.figure(REDUCTION, year=2027, basis=each, as_of="2028-12-01") for each in ("annual", "cumulative")
    )
    assert (annual["absence"], cumulative["absence"]) == ("no_baseline", "not_reported")


def test_no_survey_of_the_base_year_goes_before_a_missing_link(bureau):
    survey(bureau, y2027=1000, day="2028-11-01")
    economy(bureau, y2027="105.0", day="2028-11-01")
    assert bureau.figure(REDUCTION, year=2027, as_of="2028-12-01")["absence"] == "no_baseline"


def test_latest_vintage_counts_for_the_base_too(bureau):
    survey(bureau, y2025=1000, y2026=1000)
    economy(bureau, y2026="105.0", day="2026-10-01")
    bureau.hand_in("建设用地变更调查", {"年份": "2025", "面积": "1100", "版本": "初步"}, day="2026-11-10", batch="修订")
    before, after = (bureau.figure(REDUCTION, as_of=day) for day in ("2026-11-09", "2026-11-10"))
    assert before["value"] == pytest.approx((1 - 1 / 1.05) * 100)
    assert after["value"] == pytest.approx((1 - 1000 / 1.05 / 1100) * 100)


def test_total_wins_over_classes_and_others_are_not_counted(bureau):
    rows = [{"地类编码": "05", "面积": "600"}, {"地类编码": "1001", "面积": "400"}, {"地类编码": "1006", "面积": "50"}]
    bureau.hand_in("建设用地变更调查", *rows)
    economy(bureau)
    figure = bureau.figure(REDUCTION, year=2025)
    assert (float(figure["numerator"]), figure["excluded_count"]) == (10.0, 1)
    bureau.hand_in("建设用地变更调查", {"面积": "1200"}, batch="合计")
    figure = bureau.figure(REDUCTION, year=2025)
    assert (float(figure["numerator"]), figure["excluded_count"]) == (12.0, 3)


def test_the_most_land_on_the_least_gdp_fits_the_ledger(bureau):
    """14 million 公顷 on 1 亿元, halved six times: 14 × 2⁶ = 896 million 公顷/亿元, below the 10⁹ that an amount holds."""
    years = {f"y{year}": 14_000_000 for year in range(2025, 2032)}
    survey(bureau, day="2032-11-01", **years)
    economy(bureau, gdp="1", day="2032-11-01", **dict.fromkeys(list(years)[1:], "50"))
    figure = bureau.figure(REDUCTION, year=2031, as_of="2032-12-01")
    assert (figure["numerator"], figure["denominator"]) == (896_000_000, 14_000_000)
    assert figure["value"] == -6300.0


@pytest.mark.parametrize("gdp", ["-5", "0"])
def test_gdp_below_zero_is_refused_and_of_zero_divides_nothing(publisher, gdp):
    """No row that is accepted stops a release: a negative GDP never gets in, one of 0 makes no figure."""
    survey(publisher, y2025=1000)
    economy(publisher, gdp=gdp)
    assert publisher.figure(REDUCTION, year=2025, as_of="2026-11-20")["absence"] == "not_reported"


def test_classes_of_no_area_are_no_survey(publisher):
    """A class may have 0 公顷; a city without construction land is none, and nothing can be measured against it."""
    publisher.hand_in("建设用地变更调查", *({"年份": year, "地类编码": "05", "面积": "0"} for year in ("2025", "2026")))
    economy(publisher, y2026="105.0")
    known = {year: publisher.figure(REDUCTION, year=year, as_of="2026-11-20")["absence"] for year in (2025, 2026)}
    assert known == {2025: "not_reported", 2026: "not_due"}
    before = publisher.build("2026-11-20")
    publisher.hand_in("建设用地变更调查", {"地类编码": "05", "面积": "10"}, day="2026-11-22", batch="更正")
    moved = publisher.moved(before, publisher.build("2026-11-23"), REDUCTION, year=2025)
    assert (moved["old_absence"], moved["new_value"]) == ("not_reported", 0)


def test_next_to_no_land_left_is_a_reduction_of_100_percent(publisher):
    """As a double; the forecast, which goes by logarithms, does without it."""
    # 14 million 公顷 in each of 15 classes, then 0.000001 亩 on eight times the GDP: 4 × 10⁻¹⁵ % below 100
    classes = ({"地类编码": each, "面积": "14000000"} for each in CONSTRUCTION_LAND_CLASSES)
    publisher.hand_in("建设用地变更调查", *classes, day="2028-11-01")
    publisher.hand_in("建设用地变更调查", {"年份": "2028", "面积": "0.00000007"}, batch="2028", day="2028-11-01")
    economy(publisher, y2026="200", y2027="200", y2028="200", day="2028-11-01")
    with duckdb.connect(str(publisher.build("2028-11-23"))) as con:
        (made,) = con.execute(
            "SELECT value, forecast FROM mart.assessment WHERE indicator = ? AND region_code = '330100' AND year = 2028"
            " AND horizon = 2030", [REDUCTION],
        ).fetchall()  # fmt: skip
        assert made == (100, None)
        assert [each.name for each in validate(con, "mart", ["indicator_value", "assessment"]) if each.blocks] == []


@pytest.mark.parametrize("land", ["6.67", "0.00001"])
def test_little_land_per_much_gdp_is_published_with_few_digits_and_breaks_no_check(publisher, land):
    """Land per GDP has nine decimals: of 0.0033 公顷/亿元 they leave 1e-7, of 1e-11 nothing."""
    survey(publisher, y2025=float(land), y2026=float(land))
    economy(publisher, gdp="999999", y2026="104.7")
    with duckdb.connect(str(publisher.build("2026-11-23"))) as con:
        checked = validate(con, "mart", ["indicator_value"])
        assert [each.name for each in checked if each.blocks] == []
        con.execute("UPDATE mart.indicator_value SET value = value + 1 WHERE year = 2026 AND value < 5")
        assert any(each.blocks for each in validate(con, "mart", ["indicator_value"])) == (land == "6.67")
    with opened(publisher.build("2026-11-23", (*COMPARED, "indicator_part", "data_dictionary"))) as con:
        assert all(each.adds_up for each in explain_all(con, Chosen(indicator=REDUCTION)))


def test_province_own_rows_or_all_cities(bureau):
    for city in CITIES:
        survey(bureau, region=city, y2025=1000, y2026=1000)
        economy(bureau, region=city, y2026="105.0" if city == "330100" else "110.0")
    pooled = bureau.figure(REDUCTION, region="330000")
    # G: 11 × 100 → 105 + 10 × 110 = 1205; S constant
    assert pooled["value"] == pytest.approx((1 - 1100 / 1205) * 100)
    assert (pooled["derived"], pooled["flags"]) == (True, "from_cities")
    survey(bureau, region="330000", y2025=11000, y2026=11000)
    economy(bureau, region="330000", gdp="1100", y2026="106.0")
    own = bureau.figure(REDUCTION, region="330000")
    assert (own["value"], own["derived"]) == (pytest.approx((1 - 1 / 1.06) * 100), False)


def test_the_base_year_of_a_province_by_its_own_rows(bureau):
    survey(bureau, region="330000", y2025=11000)
    economy(bureau, region="330000", gdp="1100")
    assert bureau.figure(REDUCTION, region="330000", year=2025)["value"] == 0.0
    assert bureau.figure(REDUCTION, region="330000", year=2025, basis="annual")["absence"] == "no_baseline"


def test_province_is_absent_when_a_city_is_missing(bureau):
    for city in CITIES[1:]:
        survey(bureau, region=city, y2025=1000)
        economy(bureau, region=city)
    figure = bureau.figure(REDUCTION, region="330000", year=2025)
    assert (figure["absence"], figure["data_state"]) == ("not_reported", "incomplete")


def borne_out(publisher, day: str, year: int) -> tuple[tuple, set[str]]:
    """The province's cumulative figure: derived, its two counts, those of its rows; and what checks did not pass."""
    with duckdb.connect(str(publisher.build(day))) as con:
        con.execute(FIGURE_ROWS_MACRO)
        figure = con.execute(
            "SELECT derived, record_count, excluded_count FROM mart.indicator_value"
            " WHERE (region_code, indicator, year, basis) = ('330000', ?, ?, 'cumulative')", [REDUCTION, year],
        ).fetchone()  # fmt: skip
        rows = con.execute(
            "SELECT count(*) FILTER (role <> 'excluded'), count(*) FILTER (role = 'excluded')"
            " FROM mart.figure_contribution('330000', ?, ?, 'cumulative')", [REDUCTION, year],
        ).fetchone()  # fmt: skip
        return figure + rows, {each.name for each in validate(con, "mart", ["indicator_value"]) if not each.passed}


def test_a_figure_without_a_city_has_no_rows_of_the_others(publisher):
    """2026 is short of 嘉兴's index: ten cities are no province. 2025 is whole: 11 × (survey + GDP), above and below."""
    for city in CITIES:
        survey(publisher, region=city, y2025=1000, y2026=1000, day="2027-03-01")
        economy(publisher, region=city, day="2027-03-01", **({} if city == "330400" else {"y2026": "105.0"}))
    assert borne_out(publisher, "2027-03-02", 2025) == ((True, 44, 0, 44, 0), set())
    assert borne_out(publisher, "2027-03-02", 2026) == ((False, 0, 0, 0, 0), set())


@pytest.mark.parametrize(("basis", "absence"), [("cumulative", "not_reported"), ("annual", "no_baseline")])
def test_an_absent_reduction_names_what_is_missing(publisher, basis, absence):
    """2027 of the province is short of the 2026 index of 嘉兴, not of the province's own 2027."""
    for city in CITIES:
        survey(publisher, region=city, y2025=1000, y2026=1000, y2027=1000, day="2028-03-01")
        years = {"y2027": "105.0"} if city == "330400" else {"y2026": "105.0", "y2027": "105.0"}
        economy(publisher, region=city, day="2028-03-01", **years)
    path = publisher.build("2028-03-02", (*COMPARED, "indicator_part", "data_dictionary", "input_vintage"))
    for region in ("330000", "330400"):
        told = explain(path, region, REDUCTION, 2027, basis)
        assert told.absence == absence
        assert "缺嘉兴市 2026 年的《地区生产总值》" in told.why_absent.zh and "浙江省" not in told.why_absent.zh
        assert "gdp of 2026" in told.why_absent.en and "construction_land" not in told.why_absent.en
    everything = explain(path, "330000", REDUCTION, 2027, basis).why_absent
    assert ("各市齐全" in everything.zh, "all its cities" in everything.en) == (True, True)


def test_many_cities_without_data_are_counted(publisher):
    survey(publisher, region="330100", y2025=1000)
    path = publisher.build("2026-11-23", (*COMPARED, "indicator_part", "data_dictionary", "input_vintage"))
    told = explain(path, "330000", REDUCTION, 2025).why_absent.zh
    assert (
        "缺杭州市 2025 年的《地区生产总值》；宁波市 2025 年的《建设用地变更调查》、 2025 年的《地区生产总值》；" in told
    )
    assert "另有 8 市缺数据" in told


def test_counties_are_not_added_up(bureau):
    survey(bureau, region="330106", y2025=100)
    economy(bureau, region="330106", gdp="10")
    assert bureau.figure(REDUCTION, region="330106", year=2025)["value"] == 0.0
    assert bureau.figure(REDUCTION, region="330100", year=2025)["absence"] == "not_reported"


# --- Indicator 8 -----------------------------------------------------------------------------------------------------


def walk(bureau, region="330100", year=2025, covered=(80, 80, 80, 80, 80), residential=100, day="2026-11-01", **more):
    rows = [
        {
            "行政区代码": region,
            "年份": str(year),
            "设施类别": name,
            "居住用地面积": str(residential),
            "覆盖面积": str(area),
            **more,
        }
        for name, area in zip(WALK_CLASSES, covered, strict=False)
    ]
    bureau.hand_in("步行覆盖", *rows, city=region, year=year, day=day, batch=f"{region}{len(covered)}")


def test_headline_is_the_mean_of_five(bureau):
    walk(bureau, covered=(90, 80, 70, 60, 55))
    figure, parts = bureau.figure(WALK, year=2025), bureau.parts(WALK, year=2025)
    assert (figure["value"], float(figure["numerator"]), float(figure["denominator"])) == (71.0, 355.0, 500.0)
    assert (parts["culture"], parts["elderly_care"], parts["lowest_class"]) == (90.0, 55.0, 55.0)
    assert bureau.figure(WALK, year=2025, walk__headline="lowest_class")["value"] == 55.0


def test_all_five_is_a_part(bureau):
    walk(bureau)
    bureau.hand_in("步行覆盖", {"设施类别": "五类全覆盖", "覆盖面积": "40"}, batch="全")
    assert bureau.parts(WALK, year=2025)["all_five"] == 40.0
    assert float(bureau.figure(WALK, year=2025)["numerator"]) == 400.0


def test_all_five_as_the_headline_shows_no_sums_where_it_was_not_reported(bureau):
    walk(bureau)  # the five classes, without 五类全覆盖
    figure = bureau.figure(WALK, year=2025, walk__headline="all_five")
    assert (figure["value"], figure["absence"]) == (None, "not_reported")
    assert (figure["numerator"], figure["denominator"]) == (None, None)


@pytest.mark.parametrize(
    ("as_of", "expected"), [("2026-11-23", "not_due"), ("2026-12-31", "not_due"), ("2027-01-01", "not_reported")]
)
def test_four_classes_are_not_five(bureau, as_of, expected):
    walk(bureau, year=2026, covered=(80, 80, 80, 80))
    figure = bureau.figure(WALK, as_of=as_of)
    assert (figure["absence"], figure["excluded_count"], figure["numerator"]) == (expected, 4, None)


def test_buffers_are_estimates(bureau):
    walk(bureau, 测算方法="缓冲区")
    assert bureau.figure(WALK, year=2025)["flags"] == "estimated"


def test_province_pools_the_cities_that_reported_all_five(bureau):
    walk(bureau, region="330100", covered=(80,) * 5)
    walk(bureau, region="330200", covered=(150,) * 5, residential=300)
    walk(bureau, region="330300", covered=(9, 9))
    figure = bureau.figure(WALK, region="330000", year=2025)
    # (80 + 150) / (100 + 300) = 57.5 %, not the mean of 80 and 50
    assert (figure["value"], figure["data_state"]) == (57.5, "incomplete")
    assert bureau.parts(WALK, region="330000", year=2025)["base_2025"] == 57.5


def test_province_base_is_that_of_the_same_cities(bureau):
    walk(bureau, region="330100", covered=(80,) * 5)
    walk(bureau, region="330200", covered=(50,) * 5)
    walk(bureau, region="330200", year=2026, covered=(60,) * 5)
    assert bureau.parts(WALK, region="330000", year=2026)["base_2025"] == 50.0
