"""A small report model for the tests of documents: made by hand, no pipeline behind it.

Every figure follows from the place of a city in the list, so that a reader can work it out; 湖州 has reported nothing.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import polars as pl

from assets.advice import Advice, Incentive, QuotaEffect
from assets.outputs import format as shown
from assets.outputs.model import (
    BrokenCheck,
    Cell,
    CityQuality,
    Contributor,
    CountyIndicator,
    CountyValue,
    CountyView,
    Deadline,
    Demonstration,
    Entry,
    EvaluationTable,
    Exclusion,
    Finding,
    Forecast,
    IndicatorOfRegion,
    IndicatorView,
    MeasureProgress,
    ModeProgress,
    Park,
    Part,
    Point,
    Quality,
    Receipt,
    Region,
    RegionView,
    Release,
    ReportModel,
    Restatement,
    Revised,
    Revisions,
    Row,
    RuleCount,
    TaskStatus,
    Vintage,
)
from assets.outputs.restating import restatement
from schemas import policy
from schemas.indicators import HORIZONS, INDICATORS, Absence, Indicator, Verdict, VerdictKind
from schemas.table import Unit

SILENT = "330500"
LONG_NAME = "浙江省" + "存量空间提质增效示范片区" * 12 + "（一期）"
FORMULA = '=HYPERLINK("http://example.invalid","点我")'
HAND = {
    Verdict.ACHIEVED: 1.08,
    Verdict.ON_TRACK: 1.02,
    Verdict.BEHIND: 0.95,
    Verdict.FAR_BEHIND: 0.7,
}


def model(year: int = 2026, as_of: date = date(2026, 11, 23), silent: str | None = SILENT) -> ReportModel:
    """The province, its 11 cities and 90 counties in `year`, against both horizons."""
    every = policy.regions().current.filter(pl.col("province_code") == "330000")
    regions = [Region(*each) for each in every.select("code", "name", "level", "city_code").iter_rows()]
    province = next(each for each in regions if each.level == "province")
    cities = tuple(each for each in regions if each.level == "city")
    counties = tuple(each for each in regions if each.level == "county")
    horizon = min(each for each in HORIZONS if each >= year)
    indicators = tuple(INDICATORS.values())
    cells = {
        (region.code, each.code, year, goal): cell(region, each, year, goal, as_of, place, region.code == silent)
        for goal in HORIZONS
        for each in indicators
        for place, region in enumerate((province, *cities))
    }
    rows = tuple(
        Row(each, tuple(cells[each.code, one.code, year, horizon] for one in indicators))
        for each in (province, *cities)
    )
    tables = {
        kind: EvaluationTable(
            kind,
            f"浙江省存量空间提质增效行动{year}年{word}表",
            f"{kind} {year}",
            year,
            horizon,
            rows,
            "按年度末口径评价。数据状态：预计。",
        )
        for kind, word in (("annual", "度评价"), ("midterm", "中期评估"), ("final", "终期评估"))
    }
    details = {
        each.code: {one.code: _detail(each, one, cells, year, horizon, as_of, counties) for one in indicators}
        for each in (province, *cities)
    }
    return ReportModel(
        release=_release(as_of),
        year=year,
        horizon=horizon,
        indicators=indicators,
        province=province,
        cities=cities,
        counties=counties,
        matrix=tables["annual"],
        cells=cells,
        region_views={
            row.region.code: RegionView(row.region, row, details[row.region.code], _counts(row.cells), ())
            for row in rows
        },
        indicator_views={each.code: _view(each, rows, place, details) for place, each in enumerate(indicators)},
        annual={year: tables["annual"]},
        midterm={year: tables["midterm"]} if year == 2027 else {},
        final={year: tables["final"]} if year == 2030 else {},
        modes=tuple(
            ModeProgress(
                each,
                year,
                mode["name"],
                10 + place,
                1500.5 * (place + 1),
                shown.number(1500.5 * (place + 1), Unit.MU),
                [10, 10, 40, 20, 5, 15][place],
                shown.number([10, 10, 40, 20, 5, 15][place], Unit.PERCENT),
            )
            for each in (province, *cities)
            for place, mode in enumerate(policy.modes())
        ),
        measures=tuple(
            MeasureProgress(each, year, one["name"], 3, 1234.5, "1,234.50", 88.0, "88")
            for each in (province, *cities)
            for one in policy.measures()
        ),
        demonstrations=_demonstrations(cities),
        tasks=tuple(
            TaskStatus(
                int(one["task_no"]),
                one["section"],
                one["name"],
                each,
                year,
                quarter,
                ["已完成", "推进中", "未启动", "未报"][(int(one["task_no"]) + quarter + place) % 4],
                "进展正常",
                one["lead_unit"],
                one["responsible_units"],
                "市局",
            )
            for place, each in enumerate(cities)
            for one in policy.tasks()
            for quarter in (1, 2, 3)
        ),
        parks=_parks(cities, year),
        calendar=tuple(
            Deadline(
                each.name,
                each.label,
                each.label_en,
                each.due,
                None,
                each.responsible,
                "upcoming",
                "未到",
                None,
                each.source,
            )
            for each in policy.calendar()
        ),
        quality=_quality(cities),
        dictionary=(Entry("column", "assessment.value", "指标值", "value", "DOUBLE", None, "未取整", "口径 §0"),),
        advice=(
            Advice(
                "330100",
                "杭州市",
                "activated_stock_land",
                2027,
                "reached_early",
                "提前达标",
                "杭州市盘活存量建设用地已提前达到2027年目标，建议上调。",
                "early",
                {"progress": 108.0},
            ),
        ),
        what_if=(QuotaEffect("330100", "杭州市", year, 104.2, "104.20%", 300.0, "+300", "完成率高于100%，奖励"),),
        incentives=(
            Incentive("city", "330100", "杭州市", "杭州市", "R1", "八项全部达标或达序时", "8项指标中8项达标或达序时"),
        ),
        sentences=("全省总体进展平稳。",),
        county_views={each.code: _county(each, cities, year) for each in counties},
        revisions=_revisions(province, cities),
        restatement=_restatement(cells, (province, *cities), year) if year in HORIZONS else None,
    )


def _county(county: Region, cities: tuple[Region, ...], year: int) -> CountyView:
    """10.25 in every year, 21 records counted and 2 excluded, one of them shown."""
    city = next(each for each in cities if each.code == county.city_code)
    return CountyView(
        county, city,
        tuple(
            CountyIndicator(
                each,
                tuple(
                    Point(date(of, 12, 31), of, 10.25, shown.number(10.25, each.unit), None, "provisional")
                    for of in range(2025, year + 1)
                ),
                (
                    Contributor(
                        "land_supply", "供地结果", f"{county.code}2026A00001", county.code, county.name,
                        date(2026, 3, 1), "numerator", 12.3456, "12.3456", "公顷", None, "供地结果.xlsx", "Sheet1", 7,
                    ),
                ),
                21, 2, f"SELECT * FROM mart.contribution WHERE region_code = '{county.code}'",
            )
            for each in INDICATORS.values()
        ),
    )  # fmt: skip


def _revisions(province: Region, cities: tuple[Region, ...]) -> Revisions:
    rows = (
        Revised(
            cities[0], "activated_stock_land", 2026, "cumulative", Unit.MU, 100.0, "100", 140.5, "140", 40.5, "+40",
            "新增记录", "new records", ("2027年目标：略滞后→达序时",), 3,
        ),
        Revised(
            province, "stock_supply_share", 2026, "period", Unit.PERCENT, None, "未报", 58.5, "58.50%", None, "—",
            "新增记录", "new records", (), 1,
        ),
    )  # fmt: skip
    return Revisions("20261122-001", date(2026, 11, 22), rows, 17, "SELECT * FROM mart.revision")


def _restatement(cells: dict, regions: tuple[Region, ...], year: int) -> Restatement:
    """First made with nine tenths of what came; the forecast of every cell is 1.05 × that."""
    first = {
        key: each if each.value is None else build_cell(
            next(one for one in regions if one.code == each.region_code), INDICATORS[each.indicator], year, year,
            date(year, 9, 30), value=round(each.value * 0.9, 5), target=each.target, verdict=Verdict.FAR_BEHIND,
            forecast=each.value * 0.9 * 1.05,
        )
        for key, each in cells.items()
        if key[2:] == (year, year)
    }  # fmt: skip
    return restatement(first, cells, regions, year, f"{year}-09-30.1", date(year, 9, 30))


def cell(
    region: Region, indicator: Indicator, year: int, horizon: int, as_of: date, place: int, silent: bool = False
) -> Cell:
    """A cell whose verdict goes round with the region's and the indicator's place; value = target × its factor."""
    target = _target(region.code, indicator.code, horizon)
    verdict = list(HAND)[(place + indicator.number) % len(HAND)]
    share = (year - 2024) / (horizon - 2024) if indicator.verdict is VerdictKind.CUMULATIVE_AREA else 1
    expected = target * share
    value = round(expected * HAND[verdict], 5)
    paced = indicator.verdict in (VerdictKind.CUMULATIVE_AREA, VerdictKind.LEVEL)
    met = value >= target
    if not met and verdict is Verdict.ACHIEVED:
        verdict = Verdict.ON_TRACK
    return build_cell(
        region,
        indicator,
        year,
        horizon,
        as_of,
        value=None if silent else value,
        target=target,
        verdict=Absence.NOT_REPORTED if silent else verdict,
        expected=expected if paced and not silent else None,
        rank=None if silent or not place else place,
        forecast=None if silent else value * 1.05,
    )


def build_cell(
    region: Region,
    indicator: Indicator,
    year: int,
    horizon: int,
    as_of: date,
    *,
    value: float | None,
    target: float | None,
    verdict: str,
    expected: float | None = None,
    rank: int | None = None,
    forecast: float | None = None,
    met: bool | None = None,
) -> Cell:
    """One cell with texts as `load` makes them."""
    unit = indicator.unit
    text, target_text = shown.against(value, target, unit, met)
    absent = value is None
    difference = None if absent or target is None else float(Decimal(repr(value)) - Decimal(repr(target)))
    progress = None if absent or not target else value / target
    pace = None if absent or not expected else value / expected
    return Cell(
        region_code=region.code,
        region_name=region.name,
        indicator=indicator.code,
        year=year,
        horizon=horizon,
        basis=indicator.judged,
        period_end=min(date(year, 12, 31), as_of),
        value=value,
        text=shown.word(verdict) if absent else text,
        unit=unit,
        target=target,
        target_text=target_text,
        operator="=" if unit == Unit.MU or indicator.number in (3, 4) else "≥",
        verdict=verdict,
        verdict_label=shown.word(verdict),
        verdict_label_en=shown.word(verdict, True),
        shape=shown.shape(verdict),
        rank=rank,
        gap=difference,
        gap_text=shown.gap(difference, unit),
        progress=progress,
        progress_text=shown.share(progress),
        expected=expected,
        expected_text=shown.number(expected, unit),
        expected_linear=expected,
        expected_linear_text=shown.number(expected, unit),
        pace=pace,
        pace_text=shown.pace(pace),
        time_progress=0.6,
        low=None,
        high=None,
        forecast=None if forecast is None else _forecast(forecast, unit, target or 0, horizon),
        data_state="incomplete" if absent else "provisional",
        data_state_label="数据未齐" if absent else "预计",
        absence=verdict if absent else None,
        absence_label=shown.word(verdict) if absent else None,
    )


def _forecast(value: float, unit: str, target: float, horizon: int) -> Forecast:
    low, high = value * 0.97, value * 1.03
    texts = [shown.number(each, unit) for each in (value, low, high)]
    return Forecast(
        value, low, high, *texts, at=date(horizon, 12, 31), meets=value >= target, text_range=f"{texts[1]}～{texts[2]}"
    )


def _target(region: str, indicator: str, horizon: int) -> float:
    found = policy.targets().filter(
        (pl.col("region_code") == region) & (pl.col("indicator") == indicator) & (pl.col("horizon") == horizon)
    )
    target = float(found["value"][0])
    return 72.5 if region == "330000" and indicator == "walk15_coverage" else target


def _counts(cells: tuple[Cell | None, ...]) -> dict[str, int]:
    verdicts = [each.verdict for each in cells if each]
    return {each: verdicts.count(each) for each in dict.fromkeys(verdicts)}


def _detail(
    region: Region,
    indicator: Indicator,
    cells: dict,
    year: int,
    horizon: int,
    as_of: date,
    counties: tuple[Region, ...],
) -> IndicatorOfRegion:
    own = cells[region.code, indicator.code, year, horizon]
    other = cells[region.code, indicator.code, year, next(each for each in HORIZONS if each != horizon)]
    points = tuple(
        Point(date(each, 12, 31), each, own.value, own.text, own.absence, own.data_state)
        for each in range(2025, year + 1)
    )
    ours = [each for each in counties if each.city_code == region.code]
    unit = indicator.unit
    return IndicatorOfRegion(
        region=region,
        indicator=indicator,
        cell=own,
        other=other,
        latest=own,
        by_year=points,
        annual=points,
        by_month=points,
        trajectory=((date(2024, 12, 31), 0.0), (date(horizon, 12, 31), own.target or 0.0)),
        parts=(
            Part("resupply", "供地中的现有建设用地", "existing part", 1234.5, "1,234", unit),
            Part("idle_reuse", "闲置土地处置后利用", "idle", None, "—", unit),
        ),
        exclusions=(Exclusion("separate_site", "单独选址项目", "separate site", 3, 150.0, "150"),),
        top=(
            Contributor(
                "land_supply",
                "供地结果",
                FORMULA,
                region.code,
                region.name,
                date(2026, 3, 1),
                "numerator",
                12.3456,
                "12.3456",
                "公顷",
                None,
                "供地结果_330100_2026.xlsx",
                "Sheet1",
                7,
            ),
        ),
        parts_year=year,
        record_count=41,
        excluded_count=3,
        sql=f"SELECT * FROM mart.contribution WHERE region_code = '{region.code}'",
        counties=tuple(
            CountyValue(each, 10.25 + place, shown.number(10.25 + place, unit), None) for place, each in enumerate(ours)
        ),
    )


def _view(indicator: Indicator, rows: tuple[Row, ...], place: int, details: dict) -> IndicatorView:
    cells = tuple(row.cells[place] for row in rows)
    cities = cells[1:]
    ranking = tuple(sorted(cities, key=lambda each: (each.rank is None, each.rank or 0)))
    return IndicatorView(
        indicator,
        cells,
        ranking,
        _counts(cities),
        (),
        {code: each[indicator.code] for code, each in details.items()},
        (),
    )


def _release(as_of: date) -> Release:
    return Release(
        "20261123-001",
        as_of,
        "2025.1",
        "2025.1",
        "2025.1",
        datetime(2026, 11, 23, 22, 0),
        "provisional",
        "预计",
        {"inputs": "42 files"},
        (
            Vintage("gdp", "地区生产总值", 2025, "最终核实", 11, date(2026, 10, 8)),
            Vintage("construction_land", "建设用地变更调查", 2025, "最终", 11, date(2026, 6, 1)),
            Vintage("land_supply", "供地结果", 2026, None, 10, date(2026, 11, 20)),
        ),
    )


def _demonstrations(cities: tuple[Region, ...]) -> tuple[Demonstration, ...]:
    names = ["老工业区整体更新", LONG_NAME, FORMULA]
    return tuple(
        Demonstration(
            f"D{place}",
            name,
            cities[place],
            cities[place].code,
            "低效整治腾地",
            "第一批",
            stage,
            place == 1,
            300.0,
            "300",
            250.0,
            "250",
            None if place == 2 else 5000.0,
            "—" if place == 2 else "5,000.00",
            "资金保障",
            date(2026, 3, 1),
            None,
        )
        for place, (name, stage) in enumerate(zip(names, ("在建", "申报国家案例", "谋划"), strict=True))
    )


def _parks(cities: tuple[Region, ...], year: int) -> tuple[Park, ...]:
    *most, last = cities
    told = ("12,000", 25.5, "25.50", 130.25, "130.25", 1.62, "1.62", "B", None)
    untold = (None, "—", None, "—", None, "—", None, "—", None, "缺税收")
    return (
        *(Park(each, each.code, f"P{each.code}", f"{each.name}经济开发区", year, 12000.0, *told) for each in most),
        Park(last, last.code, "PX", FORMULA, year, *untold),
    )


def _quality(cities: tuple[Region, ...]) -> Quality:
    return Quality(
        files=33,
        lines=5000,
        rows_loaded=4800,
        rows_quarantined=12,
        errors=12,
        warnings=40,
        by_rule=(
            RuleCount("3101", "面积三部分之和与供应面积不符", "error", "错误", 12, 4, 3),
            RuleCount("3203", "未约定容积率下限", "warning", "提醒", 40, 11, 11),
        ),
        by_city=tuple(CityQuality(each, 3, 1, 1, 1, 0, 450, 440, 1, 1, 4, "97.78%") for each in cities),
        receipts=(
            Receipt(
                "R-0001",
                "供地结果_330100_2026.xlsx",
                date(2026, 11, 20),
                "供地结果",
                "杭州市",
                "partly_accepted",
                "部分接收",
                450,
                440,
                1,
                1,
                4,
            ),
        ),
        findings=(
            Finding(
                "供地结果_330100_2026.xlsx",
                "330100",
                "Sheet1",
                "F12",
                12,
                "面积",
                "3301002026A00001",
                "3101",
                "error",
                "三部分之和与供应面积不符",
                "请核对",
                True,
            ),
        ),
        sql="SELECT * FROM mart.quality_finding",
        checks=387,
        broken=(BrokenCheck("idle_land", "监管号在供地结果中", "numbers are known", 42, "尚未报送。", "请核对编号。"),),
    )
