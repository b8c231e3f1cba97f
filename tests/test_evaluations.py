"""The evaluation tables by hand: layout, modes, measures, tasks, parks, deadlines, trajectories, vintages."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

import duckdb
import polars as pl
import pytest

from assets import forecast, indicators, marts
from assets.evaluations import builders, deadlines, parks, progress, tables, trajectory
from schemas import policy
from schemas.indicators import INDICATORS
from schemas.marts import MARTS
from tests.bureau import supervision_no

PROVINCES = pl.DataFrame({"city_code": ["330100", "330200"], "province_code": ["330000", "330000"]})


def rows(frame: pl.DataFrame, *names: str, **where) -> list[tuple]:
    return frame.filter(**where).select(names).sort(names).rows()


# --- Layout ----------------------------------------------------------------------------------------------------------


def assessment(*cells: tuple) -> pl.DataFrame:
    names = ["region_code", "indicator", "year", "horizon", "value", "target", "verdict", "rank", "forecast"]
    made = pl.DataFrame(cells, schema=names, orient="row").with_columns(
        pl.col("year", "horizon", "rank").cast(pl.Int32)
    )
    return made.with_columns(absence=None, data_state=pl.lit("final"), forecast_low=None, forecast_high=None)


CELLS = assessment(
    ("330100", "industrial_far", 2026, 2027, 1.6, 1.5, "on_track", 1, 1.7),
    ("330100", "industrial_far", 2026, 2030, None, 1.5, "not_due", None, None),
    ("330100", "walk15_coverage", 2026, 2027, 80.0, 84.0, "behind", 2, 82.0),
    ("330100", "industrial_far", 2028, 2030, 1.4, 1.5, "behind", 3, 1.5),
)


def test_annual_looks_at_the_horizon_of_its_year():
    made = tables.annual(CELLS)
    assert rows(made, "year", "horizon", "industrial_far_value", "industrial_far_verdict", "walk15_coverage_rank") == [
        (2026, 2027, 1.6, "on_track", 2),
        (2028, 2030, 1.4, "behind", None),
    ]
    assert not any("forecast" in name for name in made.columns)


def test_midterm_and_final_look_at_one_horizon_and_keep_forecasts_apart():
    assert rows(tables.midterm(CELLS), "year", "industrial_far_value", "industrial_far_forecast") == [(2026, 1.6, 1.7)]
    assert rows(tables.final(CELLS), "year", "industrial_far_verdict") == [(2026, "not_due"), (2028, "behind")]


# --- Modes and measures ----------------------------------------------------------------------------------------------


def test_modes_take_the_claimed_area_of_their_records():
    of_city = pl.DataFrame(
        {
            "region_code": ["330100", "330100", "330200"], "year": [2026, 2026, 2026],
            "mode": ["低效整治腾地", progress.NO_MODE, "低效整治腾地"], "parcels": [1, 1, 1], "area_mu": [30.0, 10.0, 60.0],
        }
    )  # fmt: skip
    regions = ["330100", "330200", "330300", "330000"]
    absences = pl.DataFrame({"region_code": regions, "year": [2026] * 4, "absence": [None, None, "not_reported", None]})
    made = progress.modes(of_city, absences, PROVINCES)
    columns = ("region_code", "parcels", "area_mu", "share", "absence")
    assert rows(made, *columns, mode="低效整治腾地") == [
        ("330000", 2, 90.0, 90.0, None),
        ("330100", 1, 30.0, 75.0, None),
        ("330200", 1, 60.0, 100.0, None),
        ("330300", None, None, None, "not_reported"),
    ]
    assert rows(made, *columns, mode="未填", region_code="330100") == [("330100", 1, 10.0, 25.0, None)]
    assert made.height == 4 * 7


def test_no_share_of_nothing():
    absences = pl.DataFrame([("330100", 2026, None)], schema=["region_code", "year", "absence"], orient="row").cast(
        {"absence": pl.String}
    )
    of_city = pl.DataFrame(
        schema={
            "region_code": pl.String, "year": pl.Int64, "mode": pl.String, "parcels": pl.Int64, "area_mu": pl.Float64,
        }
    )  # fmt: skip
    made = progress.modes(of_city, absences, PROVINCES)
    assert set(rows(made, "area_mu", "share", "absence")) == {(0.0, None, "not_applicable")}


def test_measures_say_what_is_unknown():
    records = pl.DataFrame(
        {
            "city_code": ["330100", "330100", "330200"], "measure_type": ["资金保障", "资金保障", "用地支持"],
            "event_date": [date(2026, 3, 1)] * 3, "amount_wan_yuan": [100.0, None, None], "area_mu": [5.0, 6.0, 7.0],
        }
    )  # fmt: skip
    cells = [("330100", 2026), ("330200", 2026), ("330300", 2026), ("330000", 2026)]
    wanted = pl.DataFrame(cells, schema={"region_code": pl.String, "year": pl.Int32}, orient="row")
    made = progress.measures(records, wanted.head(2), wanted, PROVINCES)
    columns = ("region_code", "measures", "amount_wan_yuan", "area_mu", "without_amount", "absence")
    assert rows(made, *columns, measure="资金保障") == [
        ("330000", 2, 100.0, 11.0, 1, None),
        ("330100", 2, 100.0, 11.0, 1, None),
        ("330200", 0, 0.0, 0.0, 0, None),
        ("330300", None, None, None, None, "not_reported"),
    ]
    assert rows(made, *columns, measure="用地支持", region_code="330200") == [("330200", 1, None, 7.0, 1, None)]


# --- Tasks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "ended"),
    [
        ("2025-12-31", []), ("2026-03-31", []), ("2026-04-01", [(2026, 1)]),
        ("2027-01-01", [(2026, 1), (2026, 2), (2026, 3), (2026, 4)]),
    ],
)  # fmt: skip
def test_quarters_are_due_once_they_have_ended(day, ended):
    assert progress.ended_quarters(date.fromisoformat(day)) == ended


def test_unreported_quarters_are_listed():
    reported = pl.DataFrame(
        [("330100", 1, 2026, 1, "推进中", "两批", "市局")],
        schema={
            "region_code": pl.String, "task_no": pl.Int32, "year": pl.Int32, "quarter": pl.Int32, "progress": pl.String,
            "description": pl.String, "responsible_unit": pl.String,
        },
        orient="row",
    )  # fmt: skip
    made = progress.tasks(reported, ["330100"], policy.tasks(), date(2026, 5, 1))
    assert made.height == 12
    assert rows(made, "progress", "lead_unit", "local_unit", "absence", task_no=1) == [
        ("推进中", "省自然资源厅", "市局", None)
    ]
    assert rows(made, "progress", "lead_unit", "absence", task_no=3) == [(None, "省建设厅", "not_reported")]


# --- Parks -----------------------------------------------------------------------------------------------------------


def park(code: str, tax: float | None, far: float | None = 1.0, area: float | None = 100.0) -> dict:
    return {
        "park_code": code, "year": 2026, "industrial_area_mu": area, "tax_wan_yuan": tax,
        "value_added_wan_yuan": 100.0, "average_far": far,
    }  # fmt: skip


def test_parks_are_classed_by_their_place():
    records = pl.DataFrame([park(str(n), tax=100.0 * n) for n in range(1, 11)])
    made = parks.performance(records, parks.parameters())
    assert dict(made.sort("score", descending=True).select("park_code", "grade").rows()) == {
        "10": "A", "9": "A", "8": "B", "7": "B", "6": "B", "5": "B", "4": "C", "3": "C", "2": "C", "1": "D",
    }  # fmt: skip


def test_a_park_is_scored_against_the_pooled_level():
    # tax per mu 1 and 3, pooled 2; everything else equal: 0.4 × 0.5 + 0.6 and 0.4 × 1.5 + 0.6
    made = parks.performance(pl.DataFrame([park("a", 100.0), park("b", 300.0)]), parks.parameters())
    assert made["tax_per_mu"].to_list() == [1.0, 3.0]
    assert made["score"].to_list() == pytest.approx([0.8, 1.2])


def test_parks_that_together_pay_no_tax_are_not_compared():
    """1 − 1 = 0 and a year without any: nothing to divide by, which is not «not reported». What lacks an input is."""
    records = [park("a", 100.0), park("b", -100.0), park("c", None, area=50.0)]
    records += [park(each, 0.0) | {"year": 2027} for each in ("d", "e")]
    made = parks.performance(pl.DataFrame(records), parks.parameters())
    assert dict(made.select("park_code", "absence").rows()) == {
        **dict.fromkeys("abde", "not_applicable"), "c": "not_reported",
    }  # fmt: skip
    assert made["score"].null_count() == made["grade"].null_count() == 5


@pytest.mark.parametrize(
    ("lacking", "absence"),
    [
        (park("x", None), "not_reported"), (park("x", 1.0, far=None), "not_reported"),
        (park("x", 1.0, area=None), "not_reported"), (park("x", 1.0, area=0.0), "not_applicable"),
    ],
)  # fmt: skip
def test_a_park_without_inputs_has_no_class(lacking, absence):
    made = parks.performance(pl.DataFrame([park("a", 100.0), lacking]), parks.parameters())
    assert rows(made, "score", "grade", "absence", park_code="x") == [(None, None, absence)]


# --- Deadlines -------------------------------------------------------------------------------------------------------

PLAN = policy.Deadline("annual_plan", "年度实施计划", "annual plan", date(2027, 3, 31), "各设区市", "方案")
MIDTERM = policy.Deadline("midterm_evaluation", "中期评估", "mid-term", date(2027, 12, 31), "省自然资源厅", "方案")


@pytest.mark.parametrize(
    ("item", "done", "day", "state"),
    [
        (PLAN, False, "2027-02-28", "upcoming"), (PLAN, False, "2027-03-01", "due"),
        (PLAN, False, "2027-03-31", "due"), (PLAN, False, "2027-04-01", "overdue"), (PLAN, True, "2027-02-01", "done"),
        (PLAN, True, "2027-04-01", "done"), (MIDTERM, False, "2028-01-01", "unconfirmed"),
    ],
)  # fmt: skip
def test_state_of_a_deadline(item, done, day, state):
    assert deadlines.state_of(item, done, date.fromisoformat(day)) == state


def test_every_city_has_its_own_deadline():
    done = {("annual_plan", 2027, "330100")}
    made = deadlines.deadlines([PLAN, MIDTERM], ["330100", "330200"], "330000", done, date(2027, 4, 1))
    assert rows(made, "region_code", "state", "state_label") == [
        ("330000", "upcoming", "未到期"), ("330100", "done", "已完成"), ("330200", "overdue", "已逾期"),
    ]  # fmt: skip


# --- Trajectories ----------------------------------------------------------------------------------------------------


def test_a_plan_bends_the_trajectory():
    # 3,000 亩 by 2027 over 1,095 days; the plan has 1,400 at the end of 2025
    made = trajectory.line("activated_stock_land", Fraction(3000), 2027, {2025: Fraction(1400)}, None)
    assert [(day.year, expected, linear) for day, expected, linear in made] == [
        (2024, 0.0, 0.0), (2025, 1400.0, 1000.0), (2026, 2000.0, 2000.0), (2027, 3000.0, 3000.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("indicator", "target", "base", "points"),
    [
        ("idle_disposal_rate", 100, None, [100 / 365, 100] * 3),  # both ends of a year count
        ("stock_supply_share", 58.5, None, [58.5, 58.5]),
        ("land_per_gdp_reduction", 7.84, None, [0.0, 4.0, 7.84]),
        ("walk15_coverage", 84, 80, [80, 82, 84]),
        ("walk15_coverage", 84, None, []),
        ("walk15_coverage", None, 80, []),
    ],
)
def test_trajectories_by_kind(indicator, target, base, points):
    goal, start = (None if each is None else Fraction(str(each)) for each in (target, base))
    made = trajectory.line(indicator, goal, 2027, {}, start)
    assert [expected for _, expected, _ in made] == pytest.approx(points)


def test_a_relative_target_needs_its_base():
    (target,) = policy.targets().filter(region_code="330000", indicator="walk15_coverage", horizon=2027).to_dicts()
    frame = pl.DataFrame([target])
    no_plans = pl.DataFrame(
        schema={"region_code": pl.String, "task": pl.String, "year": pl.Int32, "task_area_mu": pl.Float64}
    )
    based = pl.DataFrame({"region_code": ["330000"], "year": [2026], "value": [70.0]})
    made = trajectory.trajectories(frame, no_plans, based)
    assert made["expected"].to_list() == pytest.approx([70.0, 71.75, 73.5])  # 70 × 1.05
    assert trajectory.trajectories(frame, no_plans, based.clear()).height == 0
    pools = pl.DataFrame({"region_code": ["330000"] * 2, "year": [2025, 2027], "value": [60.0, 80.0]})
    made = trajectory.trajectories(
        frame, no_plans, pools
    )  # of every year the base of its own cities, or the one before
    assert made["expected"].to_list() == pytest.approx([60.0, 61.5, 84.0])


# --- All of them, built ----------------------------------------------------------------------------------------------


def test_every_mart_is_built_with_its_grain(bureau, tmp_path):
    bureau.hand_in(
        "供地结果", {"电子监管号": supervision_no(1), "开发模式": "低效整治腾地"}, {"电子监管号": supervision_no(2)}
    )
    bureau.hand_in("年度任务", {"任务": "盘活存量建设用地", "任务面积": "9000"})
    bureau.hand_in("地区生产总值", {"口径": "初步核算"})
    bureau.put(
        "政策举措_330100_2026.csv",
        "行政区代码,举措编号,举措类别,举措名称,金额(万元),涉及面积(亩),发生日期\n"
        "330106,J1,资金保障,专项债,100,30,2026-05-01\n330106,J2,资金保障,将来,100,30,2026-12-01\n".encode(),
    )
    bureau.take_in()
    context = bureau.context()
    for code in INDICATORS:
        indicators.derive(bureau.con, code, context)
    build = tmp_path / "home" / "build" / "landstock.duckdb"
    build.parent.mkdir(parents=True)
    for name in (*builders.BUILDERS, "assessment"):
        marts.build(bureau.con, build, name, context, "r1", datetime(2026, 11, 23))
    with duckdb.connect(str(build), read_only=True) as con:
        for name in builders.BUILDERS:
            key = ", ".join(MARTS[name].key)
            total, distinct = con.execute(f"SELECT count(*), count(DISTINCT ({key})) FROM mart.{name}").fetchone()
            assert total == distinct, name

        def ask(columns: str, mart: str, where: str) -> list[tuple]:
            return con.execute(f"SELECT {columns} FROM mart.{mart} WHERE {where} ORDER BY ALL").fetchall()

        province, hangzhou = "region_code = '330000' AND year = 2026", "region_code = '330100' AND year = 2026"
        modes = ask("mode, parcels, area_mu, share", "mode_progress", f"{province} AND parcels > 0")
        assert modes == [("低效整治腾地", 1, 30, 50.0), ("未填", 1, 30, 50.0)]
        # the measure of December has not happened yet
        assert ask("measures, amount_wan_yuan", "measure_progress", f"{hangzhou} AND measures > 0") == [(1, 100)]
        judged = ask("activated_stock_land_value, activated_stock_land_verdict", "annual_evaluation", hangzhou)
        assert judged == [(60.0, "far_behind")]
        assert ask("vintage, records", "input_vintage", "source_table = 'gdp'") == [("初步核算", 1)]
        plans = "name = 'annual_plan' AND due_date = '2026-03-31' AND region_code IN ('330100', '330200')"
        assert ask("region_code, state", "calendar", plans) == [("330100", "done"), ("330200", "overdue")]


# --- Forecasts' past -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", [["330100"], ["330000"], ["330200", "330000"]], ids="+".join)
def test_the_past_of_some_regions_is_theirs_of_all(bureau, chosen):
    """A country's cities are left out where the plan has no target for them; a province still adds up all of its own."""
    for n, city in enumerate(("330100", "330200", "330300"), 1):
        supply = {"电子监管号": supervision_no(n, region=f"{city[:4]}02"), "行政区代码": f"{city[:4]}02"}
        bureau.hand_in("供地结果", supply, city=city, day=f"2026-1{n - 1}-01")
    bureau.take_in()
    context = bureau.context()
    for code in INDICATORS:
        indicators.derive(bureau.con, code, context)
    of_all, of_some = (
        {place: (months.first, months.tops.tolist(), months.bottoms.tolist()) for place, months in past.months.items()}
        for past in (
            forecast.history(bureau.con, context, context.regions.current["code"].to_list()),
            forecast.history(bureau.con, context, chosen),
        )
    )
    theirs = {place: months for place, months in of_all.items() if place[0] in chosen}
    assert theirs and any(sum(tops) for _, tops, _ in theirs.values())
    assert {place: of_some.get(place) for place in theirs} == theirs
