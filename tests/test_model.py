"""The report model of a small province: one release file in, cells, views, sentences and suggestions out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from assets import advice, indicators, marts
from assets.outputs import model, sentences
from assets.outputs.loading import cell, reported
from schemas.indicators import INDICATORS
from schemas.marts import MARTS
from tests.bureau import Bureau, supervision_no

ACTIVATED, SHARE, FAR = "activated_stock_land", "stock_supply_share", "industrial_far"
LIMITS = {"verdict.on_track": 1.0, "verdict.behind": 0.9, "verdict.share_margin": 1.0, "verdict.far_margin": 0.05}


@pytest.fixture(scope="module")
def report(built) -> model.ReportModel:
    return model.load(built)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """杭州 supplies 2 + 2 公顷 of stock and 2 on a separate site, 宁波 1 of stock and 1 new; the others are silent."""
    home: Path = tmp_path_factory.mktemp("model")
    bureau = Bureau(home / "bureau")
    bureau.hand_in(
        "供地结果", {"电子监管号": supervision_no(1)}, {"电子监管号": supervision_no(2)},
        {"电子监管号": supervision_no(3), "是否单独选址": "是", "现有建设用地面积": "0", "当年新增面积": "2"},
    )  # fmt: skip
    bureau.hand_in(
        "供地结果",
        {
            "电子监管号": supervision_no(4, region="330203"), "行政区代码": "330203", "现有建设用地面积": "1",
            "当年新增面积": "1",
        },
        city="330200",
    )  # fmt: skip
    bureau.hand_in("闲置土地", {"认定书编号": "X1", "处置方式": "延长动工期限", "处置面积": "3"})
    bureau.hand_in("年度任务", {"任务": "闲置土地处置", "任务面积": "90"})
    bureau.hand_in("供地结果", {"电子监管号": "bad", "供应面积": "-1"}, batch="2")
    bureau.take_in()
    context = bureau.context()
    for code in INDICATORS:
        indicators.derive(bureau.con, code, context)
    build = home / "home" / "build" / "landstock.duckdb"
    build.parent.mkdir(parents=True)
    for name in MARTS:
        marts.build(bureau.con, build, name, context, "2026-11-23.1", datetime(2026, 11, 23, 2))
    return build


# --- Loading ---------------------------------------------------------------------------------------------------------


def test_header(report):
    release = report.release
    assert (release.id, release.as_of, release.rule_version) == ("2026-11-23.1", date(2026, 11, 23), "2025.1")
    assert release.data_state_label == "数据未齐"
    assert [(each.label, each.regions) for each in release.vintages if each.table == "land_supply"] == [("供地结果", 2)]
    assert (report.year, report.horizon, len(report.cities), len(report.counties)) == (2026, 2027, 11, 90)


def test_regions_that_are_not_the_plans_are_in_the_file_and_nowhere_in_the_report(built, report, tmp_path):
    """Every row again, as another province's, twice as large: the report is the same."""
    larger = tmp_path / "landstock.duckdb"
    shutil.copyfile(built, larger)
    with duckdb.connect(str(larger)) as con:
        for name, mart in MARTS.items():
            columns = {column.name for column in mart.columns}
            moved = [
                f"'32' || {each}[3:] AS {each}" for each in ("region_code", "region", "city_code") if each in columns
            ]
            moved += ["2 * amount AS amount"] if name == "contribution" else []
            if moved and name not in ("assessment", "target", "target_trajectory", "input_vintage", "quality_finding"):
                before = con.execute(f"SELECT count(*) FROM mart.{name}").fetchone()
                con.execute(f"INSERT INTO mart.{name} SELECT * REPLACE ({', '.join(moved)}) FROM mart.{name}")
                assert con.execute(f"SELECT count(*) // 2 FROM mart.{name}").fetchone() == before
    assert model.load(larger) == report
    assert {each.code[:2] for each in report.counties} == {"33"}


def test_a_file_is_read_once_until_it_is_another(built, report, tmp_path):
    path = tmp_path / "landstock.duckdb"
    shutil.copyfile(built, path)
    first = model.load(path)
    assert model.load(path) is first and first == report
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE mart.release_info SET value = 'another' WHERE name = 'release_id'")
    assert model.load(path).release.id == "another"


def test_matrix_is_the_province_and_eleven_cities_by_eight(report):
    assert [row.region.name for row in report.matrix.rows][:2] == ["浙江省", "杭州市"]
    assert {len(row.cells) for row in report.matrix.rows} == {8}
    assert len(report.matrix.rows) == 12
    assert set(report.annual) == set(report.midterm) == set(report.final) == {2025, 2026}


def test_a_cell_in_words(report):
    found = report.cells["330100", ACTIVATED, 2026, 2027]
    assert (found.value, found.text, found.unit, found.target_text) == (60.0, "60", "亩", "47,000")
    assert (found.verdict, found.verdict_label, found.shape, found.rank) == ("far_behind", "滞后", "▼", 1)
    assert (found.gap_text, found.progress_text) == ("−46,940", "0.13%")
    silent = report.cells["331100", ACTIVATED, 2026, 2027]
    assert (silent.value, silent.text, silent.gap_text, silent.rank) == (None, "未报", "—", None)


def test_views_hold_the_same_cells(report):
    view = report.region_views["330100"]
    assert view.row.cells[0] is report.indicator_views[ACTIVATED].regions["330100"].cell
    assert view.indicators[ACTIVATED] is report.indicator_views[ACTIVATED].regions["330100"]
    assert [each.region_name for each in report.indicator_views[ACTIVATED].ranking][:2] == ["杭州市", "宁波市"]


def test_details_of_a_figure(report):
    detail = report.region_views["330100"].indicators[SHARE]
    assert [(each.reason, each.label, each.records, each.area_text) for each in detail.exclusions] == [
        ("separate_site", "单独选址项目", 1, "30")
    ]
    assert [(each.record_key, each.amount_text, each.row_number) for each in detail.top] == [
        (supervision_no(1), "2.0000", 2), (supervision_no(2), "2.0000", 3),
    ]  # fmt: skip
    assert (detail.record_count, detail.excluded_count) == (2, 1)
    assert [each.text for each in detail.by_year] == ["未报", "100.00%"]
    assert detail.trajectory[-1] == (date(2027, 12, 31), 62.5)
    counties = {each.region.name: each.text for each in detail.counties}
    assert counties["西湖区"] == "100.00%"
    province = report.region_views["330000"].indicators[SHARE]
    assert [each.records for each in province.exclusions] == [1]
    assert len(province.top) == 3


def test_land_per_gdp_of_the_province_names_each_survey_once(bureau, tmp_path):
    """Its rows stand in its own name beside those of its cities: 11 surveys, of which ten are shown, none twice."""
    for city in bureau.regions.codes("city"):
        years = [{"行政区代码": city, "年份": year} for year in ("2025", "2026")]
        bureau.hand_in("建设用地变更调查", *years, city=city)
        bureau.hand_in("地区生产总值", *years, city=city)
    bureau.take_in()
    for code in INDICATORS:
        indicators.derive(bureau.con, code, bureau.context())
    for name in MARTS:
        marts.build(bureau.con, tmp_path / "r.duckdb", name, bureau.context(), "r1", datetime(2026, 11, 23, 2))
    found = model.load(tmp_path / "r.duckdb").region_views["330000"].indicators["land_per_gdp_reduction"]
    assert found.record_count == 55  # a city: two surveys, GDP of 2025 and 2026 above and of 2025 below
    assert len({each.record_key for each in found.top}) == len(found.top) == 10
    with duckdb.connect(str(tmp_path / "r.duckdb")) as con:
        assert len(con.execute(found.sql).fetchall()) == 2 * 55  # annual and cumulative


def test_quality_and_calendar(report):
    assert (report.quality.files, report.quality.rows_quarantined) == (5, 1)
    hangzhou = report.quality.by_city[0]
    assert (hangzhou.files, hangzhou.partly_accepted, hangzhou.rows_quarantined) == (4, 1, 1)
    assert report.quality.findings[0].severity == "error"
    states = {(each.name, each.region.name): each.state for each in report.calendar if each.due.year == 2026}
    assert states["annual_plan", "杭州市"] == "overdue"
    assert len(report.tasks) == 11 * 12 * 3
    assert {each.progress for each in report.tasks} == {"未报"}


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2024-12-31", (2025, 2027)),
        ("2027-12-31", (2027, 2027)),
        ("2028-01-01", (2028, 2030)),
        ("2031-06-01", (2030, 2030)),
    ],
)
def test_year_and_horizon_of_a_report(day, found):
    assert reported(date.fromisoformat(day)) == found


# --- Sentences -------------------------------------------------------------------------------------------------------


def made(indicator: str = ACTIVATED, **more) -> model.Cell:
    row = {
        "region_code": "330000", "region_name": "全省", "indicator": indicator, "year": 2026, "horizon": 2027,
        "basis": str(INDICATORS[indicator].judged), "period_end": date(2026, 12, 31), "value": None, "target": None,
        "unit": str(INDICATORS[indicator].unit), "verdict": "on_track", "rank": None, "gap": None, "progress": None,
        "expected": None, "expected_linear": None, "pace": None, "time_progress": 0.5, "low": None, "high": None,
        "forecast": None, "forecast_low": None, "forecast_high": None, "data_state": "final", "absence": None,
        "derived": False,
    } | more  # fmt: skip
    if row["value"] is not None and row["target"]:
        row |= {"gap": row["value"] - row["target"], "progress": row["value"] / row["target"]}
    return cell(row, LIMITS)


@pytest.mark.parametrize(
    ("state", "derived", "said"),
    [("final", False, "核定"), ("final", True, "核定、推算"), ("provisional", True, "预计、推算")],
)
def test_a_derived_figure_says_so_beside_its_state(state, derived, said):
    assert made(data_state=state, derived=derived).data_state_label == said


def test_a_figure_is_derived_where_the_mart_says_so(built, tmp_path):
    path = Path(shutil.copyfile(built, tmp_path / "landstock.duckdb"))
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE mart.indicator_value SET derived = (region_code, year, basis) = ('330100', 2026, 'period')")
    cells = model.load(path).cells.values()
    derived = {(each.region_code, each.indicator, each.year) for each in cells if "推算" in each.data_state_label}
    assert derived == {("330100", SHARE, 2026), ("330100", "industrial_far", 2026)}


AREA = {"value": 123456.0, "target": 300000.0, "expected": 116556.0}


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (made(**AREA), "全省累计盘活存量建设用地 123,456 亩，完成 2027 年目标的 41.15%，高于序时进度 2.30 个百分点。"),
        (
            made(**AREA | {"expected": 123456.0}, data_state="provisional"),
            "全省累计盘活存量建设用地 123,456 亩，完成 2027 年目标的 41.15%，与序时进度持平（预计）。",
        ),
        (
            made(value=300000.0, target=300000.0, expected=200000.0, verdict="achieved"),
            "全省累计盘活存量建设用地 300,000 亩，完成 2027 年目标的 100.00%，已达标。",
        ),
        (made(verdict="not_reported", absence="not_reported"), "全省 2026 年“盘活存量建设用地”未报。"),
        (
            made("idle_disposal_rate", value=85.0, target=100.0, expected=89.59, verdict="behind"),
            "全省 2026 年度闲置土地处置任务完成率为 85.00%，低于序时要求 4.59 个百分点。",
        ),
        (
            made("idle_disposal_rate", value=99.999, target=100.0, expected=100.0, verdict="missed"),
            "全省 2026 年度闲置土地处置任务完成率为 99.999%，低于 2027 年目标（100.00%）0.001 个百分点，未达标。",
        ),
        (
            made(SHARE, value=58.4999, target=58.5, verdict="behind"),
            "全省 2025 至 2027 年期间存量土地供应占比为 58.4999%，低于 2027 年目标（58.50%）0.0001 个百分点。",
        ),
        (
            made(FAR, value=1.56, target=1.5),
            "全省 2025 至 2027 年期间新增工业用地平均容积率为 1.56，高于 2027 年目标（1.50）0.06。",
        ),
        (
            made("land_per_gdp_reduction", value=4.19, target=8.0, expected=4.08),
            "全省 2026 年单位GDP地耗较 2025 年下降 4.19%，高于序时要求 0.11 个百分点。",
        ),
        (
            made("land_per_gdp_reduction", value=-1.5, target=8.0, expected=4.08, verdict="far_behind"),
            "全省 2026 年单位GDP地耗较 2025 年上升 1.50%，低于序时要求 5.58 个百分点。",
        ),
        (
            made("land_per_gdp_reduction", value=8.02, target=8.0, expected=8.0, verdict="undecidable"),
            "全省 2026 年单位GDP地耗较 2025 年下降 8.02%，在输入精度内无法判定是否达到 2027 年目标（临界）。",
        ),
        (
            made("walk15_coverage", value=85.0, target=84.0, expected=82.0, verdict="achieved"),
            "全省 2026 年社区公共服务设施步行15分钟覆盖率为 85.00%，高于 2027 年目标（84.00%）1.00 个百分点。",
        ),
    ],
)
def test_a_sentence_says_what_the_figure_bears_out(found, sentence):
    assert sentences.on_indicator(found) == sentence


def test_an_undecidable_value_takes_no_side():
    """7.9999999 and 8.0000001 of 8.00 are both 临界: neither needs decimals that the input does not have."""
    for value in (7.9999999, 8.0000001):
        found = made("land_per_gdp_reduction", value=value, target=8.0, expected=8.0, verdict="undecidable")
        assert (found.text, found.target_text, found.expected_text) == ("8.00%", "8.00%", "8.00%")


def test_a_sentence_counts_the_cities():
    cities = [
        made(verdict="on_track"),
        made(verdict="behind"),
        made(verdict="on_track"),
        made(verdict="not_reported", absence="not_reported"),
    ]
    assert sentences.on_indicator(made(**AREA), cities).endswith("；4 个设区市中，2 个达序时、1 个略滞后、1 个未报。")


def test_the_ranking_names_first_last_and_unranked():
    ranked = [
        replace(made(value=1.0), region_name=name, rank=rank)
        for name, rank in (("甲", 1), ("乙", 2), ("丙", 2), ("丁", 4))
    ]
    silent = replace(made(verdict="not_reported", absence="not_reported"), region_name="戊")
    assert sentences.on_ranking([*ranked, silent]) == "位次居前的是甲、乙、丙；居末位的是丁；戊未报，不参与排位。"


def test_a_forecast_always_says_so():
    found = made(**AREA, forecast=310939.4, forecast_low=299000.2, forecast_high=320000.0)
    assert sentences.on_forecast(found) == (
        "预测全省至2027年12月31日盘活存量建设用地为 310,939 亩（80% 区间 299,000～320,000 亩），可达到目标 300,000 亩。"
    )
    assert sentences.on_forecast(made(**AREA)) == ""


# --- Suggestions -----------------------------------------------------------------------------------------------------


def assessed(indicator: str = ACTIVATED, city: str = "330100", **more) -> dict:
    return {
        "region_code": city, "region_name": city, "region_level": "city", "indicator": indicator, "year": 2026,
        "horizon": 2027, "period_end": date(2026, 12, 31), "value": None, "target": None, "verdict": "on_track",
        "unit": str(INDICATORS[indicator].unit), "low": None, "high": None, "rank": None,
    } | more  # fmt: skip


def kinds(*rows: dict, as_of: date = date(2026, 12, 31)) -> list[str]:
    return [each.kind for each in advice.advise(rows, as_of, advice.parameters("advice"))]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (assessed(value=500.0, target=400.0, verdict="achieved"), ["reached_early"]),
        (assessed(SHARE, value=70.0, target=60.0, verdict="on_track"), []),  # a period ratio can still fall
        # two years made 200, one is left for 800: eight times the pace
        (assessed(value=200.0, target=1000.0, verdict="far_behind"), ["unreachable"]),
        # two years made 600, one is left for 300: the pace so far
        (assessed(value=600.0, target=900.0, verdict="behind"), []),
        (assessed(value=0.0, target=900.0, verdict="far_behind"), ["unreachable"]),
        (assessed("land_per_gdp_reduction", value=2.0, target=8.0, verdict="far_behind"), ["unreachable"]),
        (
            assessed("land_per_gdp_reduction", value=8.0, target=8.0, low=7.9, high=8.1, verdict="undecidable"),
            ["undecidable"],
        ),
        (assessed(verdict="not_reported"), []),
    ],
)  # fmt: skip
def test_advice_from_one_row(row, found):
    assert kinds(row) == found


def test_reached_early_needs_time_left():
    row = assessed(value=500.0, target=400.0, verdict="achieved")
    assert kinds(row, as_of=date(2027, 9, 30)) == []


def test_a_city_out_of_line_with_the_others():
    redeveloped = {"330100": 50.0, "330200": 52.0, "330300": 48.0, "330400": 51.0, "330500": 49.0, "330600": 95.0}
    rows = [assessed(value=100.0, target=1e3, city=city) for city in redeveloped]
    rows += [
        assessed("redeveloped_inefficient_land", value=area, target=5e2, city=city)
        for city, area in redeveloped.items()
    ]
    found = advice.advise(rows, date(2026, 12, 31), advice.parameters("advice"))
    assert {(each.kind, each.region_code) for each in found} == {("out_of_line", "330600")}
    assert "95.00%，其他市的中位数为 50.00%" in found[0].text


@pytest.mark.parametrize(
    ("redeveloped", "target", "found"),
    [
        (50.0, 500.0, []),  # done 50 of 100, wanted 500 of 1,000
        (50.0, 700.0, []),  # 70% wanted: 1.4 times
        (50.0, 760.0, ["out_of_line"]),  # 76% wanted: more than 1.5 times
        (50.0, 330.0, ["out_of_line"]),
        (None, 760.0, []),
    ],
)
def test_two_targets_that_do_not_go_together(redeveloped, target, found):
    rows = [
        assessed(value=100.0, target=1e3),
        assessed("redeveloped_inefficient_land", value=redeveloped, target=target),
    ]
    assert kinds(*rows) == found


def test_the_later_target_is_looked_at_too():
    """In 2027 what can still be optimised is 2030: five eighths done after three of six years."""
    near = assessed(value=500.0, target=400.0, verdict="achieved", year=2027)
    far = assessed(value=500.0, target=800.0, verdict="on_track", year=2027) | {"horizon": 2030}
    early = assessed(value=800.0, target=800.0, verdict="achieved", year=2027) | {"horizon": 2030}
    made = advice.advise([near, far], date(2027, 9, 30), advice.parameters("advice"))
    assert made == []
    (found,) = advice.advise([near, early], date(2027, 9, 30), advice.parameters("advice"))
    assert (found.kind, found.horizon) == ("reached_early", 2030) and "2030年目标 800 亩" in found.text


def rate(indicator: str, done: float | None, task: float = 10.0) -> dict:
    value = None if done is None else done / task * 100
    return assessed(indicator, value=value) | {"numerator": done or 0, "denominator": task}


@pytest.mark.parametrize(
    ("digested", "disposed", "effect", "text"),
    [
        (12.0, 12.0, 36.0, "+36"),  # 24 of 20 公顷 = 120%: 10% of 360 亩
        (10.0, 10.0, 15.0, "+15"),  # 100%: 5% of 300 亩
        (8.0, 8.0, 0.0, "0"),
        (5.0, 5.0, -7.5, "−8"),  # 50%: 5% of the missing 150 亩
        (5.0, None, None, "—"),
    ],
)
def test_quota_by_steps(digested, disposed, effect, text):
    rows = [rate("unsupplied_digestion_rate", digested), rate("idle_disposal_rate", disposed)]
    (found,) = advice.quota(rows, advice.parameters("quota"))
    assert (found.effect_mu, found.effect_text, found.label) == (effect, text, "假设")


def test_incentives_by_stated_rules():
    leading = [assessed(code, rank=1, verdict="on_track") for code in list(INDICATORS)[:4]]
    lagging = [assessed(code, city="330200", rank=2, verdict="on_track") for code in list(INDICATORS)[:4]]
    lagging.append(assessed(FAR, city="330200", rank=9, verdict="missed"))
    project = {"region_code": "330100", "region_name": "杭州市", "project_name": "示范", "activated_area_mu": 299.0}
    projects = [project | {"stage": "申报国家案例"}, project | {"stage": "完成"}]
    found = advice.incentives([*leading, *lagging], projects, advice.parameters("incentives"))
    assert [(each.rule, each.region_code) for each in found] == [
        ("city_leading", "330100"),
        ("project_put_forward", "330100"),
    ]
