"""Explanations: by hand on small worlds, and every cell of a province adds up to what was published."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from assets import core, indicators, marts, raw, release, warehouse
from assets.circumstances import make_context, stamp
from assets.context import Context
from assets.dictionary import dictionary
from assets.explain import UnknownFigure, _usual, explain, find_indicator
from assets.explain.model import Group, Part, Rule
from assets.explain.past import build as build_past
from assets.explain.sums import recompute
from assets.explain.words import _nothing_expected
from assets.home import Home
from pipelines.cli import call
from pipelines.cli.desk import Desk
from pipelines.cli.explain_page import page
from pipelines.settings import Settings
from schemas import policy
from schemas.indicators import INDICATORS
from schemas.marts import MARTS
from schemas.submissions import WALK_CLASSES

from .bureau import Bureau, supervision_no

READ = ("indicator_value", "indicator_part", "target", "assessment", "contribution", "data_dictionary", "release_info")
MADE_AT = datetime(2026, 11, 23)


def write(con: duckdb.DuckDBPyConnection, path: Path, context: Context, release_id: str = "r1", names=READ) -> Path:
    for code in INDICATORS:
        indicators.derive(con, code, context)
    for name in names:
        marts.build(con, path, name, context, release_id, MADE_AT)
    return path


def made(bureau: Bureau, path: Path, as_of: str = "2026-11-23", **overrides) -> Path:
    bureau.take_in()
    return write(bureau.con, path, bureau.context(as_of, **overrides), f"as of {as_of}")


def hand_in_supply(bureau: Bureau) -> None:
    """杭州 2026: 2 ha all stock, 3 ha with 1 ha stock, 5 ha on a separate site: 3 ÷ 5 = 60 %."""
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1)},
        {"电子监管号": supervision_no(2), "供应面积": "3", "现有建设用地面积": "1", "当年新增面积": "2"},
        {"电子监管号": supervision_no(3), "供应面积": "5", "现有建设用地面积": "5", "是否单独选址": "是"},
    )


@pytest.fixture(scope="module")
def share(tmp_path_factory):
    folder = tmp_path_factory.mktemp("share")
    bureau = Bureau(folder / "bureau")
    hand_in_supply(bureau)
    return explain(made(bureau, folder / "r.duckdb"), "杭州", "5", 2026, "annual")


def test_value_is_the_ratio_of_the_sums_of_the_ledger(share):
    assert (share.numerator_sum, share.denominator_sum) == (Decimal(3), Decimal(5))
    assert (share.value, share.recomputed, share.adds_up, share.record_count) == (60.0, 60.0, True, 3)


def test_a_figure_from_the_public_export_says_what_was_unknown(share):
    told = page(Desk(Settings(Path(), Path())), replace(share, derived=True, flags="public_export"))
    assert "推算；含公开导出的供地记录：是否单独选址、历史批而未供面积未知\n" in told
    words = dictionary(policy.rulebook()).filter(object="flag")
    assert set(words["name"]) == {"public_export", "from_cities", "estimated"}


def test_exclusions_by_reason_with_counts_and_amounts(share):
    (group,) = share.exclusions
    assert (group.reason, group.reason_label, group.records) == ("separate_site", "单独选址项目", 1)
    assert (group.amount, group.area_mu) == (Decimal(5), Decimal(75))


def test_largest_records_name_file_and_row(share):
    shown = [(r.record_key, r.numerator, r.denominator, r.file_name, r.row_number) for r in share.largest]
    assert shown == [
        (supervision_no(2), Decimal(1), Decimal(3), "供地结果_330100_2026.csv", 3),
        (supervision_no(1), Decimal(2), Decimal(2), "供地结果_330100_2026.csv", 2),
    ]


def test_largest_exclusions_name_reason_file_and_row(share):
    (row,) = share.largest_excluded
    assert (row.record_key, row.reason_label, row.amount) == (supervision_no(3), "单独选址项目", Decimal(5))
    assert (row.file_name, row.row_number) == ("供地结果_330100_2026.csv", 4)
    told = page(Desk(Settings(Path(), Path())), share)
    assert "【剔除的最大 1 条】" in told and "供地结果_330100_2026.csv 第4行" in told
    assert "FROM figure_contribution('330100', 'stock_supply_share', 2026, 'annual')\" --rows 0" in told


def test_names_rules_with_their_basis(share):
    rules = {rule.name: rule for rule in share.rules}
    assert rules["verdict.share_margin"].value == "1.0" and rules["verdict.share_margin"].switch
    assert share.rule_version == "2025.1" and "供应面积" in share.formula and share.section == "§5"


def test_json_keeps_every_digit(share):
    data = json.loads(json.dumps(share.as_data()))
    assert (data["numerator"], data["period_end"]) == ("3.000000000", "2026-11-23")


def test_what_if_says_its_switches(bureau, tmp_path):
    bureau.hand_in("闲置土地", {"认定书编号": "X1"})
    path = made(bureau, tmp_path / "r.duckdb", activation__idle=False)
    told = explain(path, "330100", "1", 2026)
    assert told.rule_version == "2025.1+activation.idle=false"
    assert {rule.name: rule.value for rule in told.rules}["activation.idle"] == "false"


def test_tasks_are_shown_as_what_is_divided_by(bureau, tmp_path):
    bureau.hand_in("年度任务", {})
    bureau.hand_in("批而未供台账", {"批文号": "B1"}, {"批文号": "B2", "是否纳入基数": "否"})
    bureau.hand_in("批而未供消化", {"消化编号": "D1", "消化面积": "4"}, {"消化编号": "D2", "批文号": "B2"})
    told = explain(made(bureau, tmp_path / "r.duckdb"), "杭州市", "unsupplied_digestion_rate", 2026)
    assert (told.value, told.adds_up) == (40.0, True)  # 4 of 150 亩 = 10 公顷
    assert [(r.source_table, r.denominator) for r in told.divisors] == [("annual_task", Decimal(10))]
    assert [(r.record_key, r.numerator) for r in told.largest] == [("D1", Decimal(4))]
    assert [(g.reason, g.records) for g in told.exclusions] == [("outside_task_base", 1)]


def test_records_without_a_date_are_told_apart(bureau, tmp_path):
    bureau.hand_in("低效用地", {"图斑编号": "T1"}, {"图斑编号": "T2", "完成面积": "", "竣工日期": ""})
    told = explain(made(bureau, tmp_path / "r.duckdb"), "杭州", "2", 2026)
    assert told.excluded_count == 0 and [(g.reason, g.records) for g in told.undated] == [("not_completed", 1)]


def test_coverage_is_the_mean_of_five(bureau, tmp_path):
    bureau.hand_in(
        "步行覆盖", *({"设施类别": name, "覆盖面积": str(70 + n)} for n, name in enumerate(WALK_CLASSES)), year=2025
    )
    told = explain(made(bureau, tmp_path / "r.duckdb"), "杭州", "8", 2025)
    assert (told.value, told.recomputed, told.adds_up) == (72.0, 72.0, True)


# --- Asking ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("5", "stock_supply_share"),
        ("stock_supply_share", "stock_supply_share"),
        ("存量土地供应占比", "stock_supply_share"),
        ("存量供应占比", "stock_supply_share"),
        ("容积率", "industrial_far"),
        ("walk15", "walk15_coverage"),
        ("Average FAR of newly supplied industrial land", "industrial_far"),
    ],
)
def test_indicators_go_by_many_names(asked, code):
    assert find_indicator(asked).code == code


@pytest.mark.parametrize("asked", ["9", "", "率", "gdp growth"])
def test_unknown_indicators_are_answered_with_a_list(asked):
    with pytest.raises(UnknownFigure, match="可用编号"):
        find_indicator(asked)


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    """A release of a province from which nothing was received."""
    folder = tmp_path_factory.mktemp("empty")
    return made(Bureau(folder / "bureau"), folder / "r.duckdb")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("330100", "330100"),
        ("杭州", "330100"),
        (" 杭州市 ", "330100"),
        ("浙江", "330000"),
        ("全省", "330000"),
        ("西湖", "330106"),
    ],
)
def test_regions_go_by_code_or_name(empty, asked, code):
    assert explain(empty, asked, "5", 2026).region_code == code


@pytest.mark.parametrize("asked", ["上海", "", "'; DROP TABLE x; --", "330199"])
def test_unknown_regions_are_refused(empty, asked):
    with pytest.raises(UnknownFigure, match="没有地区"):
        explain(empty, asked, "5", 2026)


@pytest.mark.parametrize(
    ("year", "verdict", "why"),
    [(2025, "not_due", "2025 年为基期"), (2026, "not_due", "缺 2025 年基期"), (2026, "on_track", "尚无应达进度")],
)
def test_why_nothing_is_expected(year, verdict, why):
    assert _nothing_expected({"year": year, "verdict": verdict})[0].startswith(why)


@pytest.mark.parametrize(("year", "basis"), [(2024, "annual"), (2025, "period")])
def test_before_the_plan_a_year_is_meant(year, basis):
    assert _usual(INDICATORS["stock_supply_share"], year) == basis


@pytest.mark.parametrize(("year", "basis"), [(2024, None), (2026, "cumulative")])
def test_a_figure_that_is_not_there_names_those_that_are(empty, year, basis):
    with pytest.raises(UnknownFigure, match="2026 period"):
        explain(empty, "杭州", "5", year, basis)


@pytest.mark.parametrize(
    ("indicator", "year", "absence", "said"),
    [
        ("1", 2026, "not_reported", "《供地结果》"),
        ("3", 2026, "not_assigned", "年度任务"),
        ("5", 2026, "not_reported", "landstock status"),
        ("7", 2026, "not_due", "次年才有"),
        ("7", 2025, "not_reported", "《地区生产总值》"),
        ("8", 2025, "not_reported", "《步行覆盖》"),
    ],
)
def test_absence_is_explained_with_a_remedy(empty, indicator, year, absence, said):
    told = explain(empty, "杭州", indicator, year)
    assert (told.absence, told.value, told.adds_up) == (absence, None, True)
    assert said in told.why_absent.zh and told.why_absent.en


def test_a_denominator_of_zero(bureau, tmp_path):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), "是否单独选址": "是"})
    told = explain(made(bureau, tmp_path / "r.duckdb"), "杭州", "5", 2026)
    assert told.absence == "not_applicable" and "分母为 0" in told.why_absent.zh and told.excluded_count == 1


# --- Verdicts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stock", "verdict", "said"),
    [
        ("0.7", "on_track", "70.00% ≥ 目标 62.50%"),
        ("0.62", "behind", "在 1.0 个百分点以内"),
        ("0.6", "far_behind", "低 2.50 个百分点，超过 1.0 个百分点"),
        ("0.624999", "behind", "62.4999% ＜ 目标 62.50%"),
    ],
)
def test_the_comparison_is_spelled_out(bureau, tmp_path, stock, verdict, said):
    rest = str(1 - Decimal(stock))
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), "供应面积": "1", "现有建设用地面积": stock, "当年新增面积": rest},
    )
    judged = explain(made(bureau, tmp_path / "r.duckdb"), "杭州", "5", 2026).judged[0]
    assert (judged.verdict, judged.horizon) == (verdict, 2027)
    assert said in judged.sentence.zh


def test_the_headline_is_on_its_side_of_the_target(bureau, tmp_path):
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), "供应面积": "1", "现有建设用地面积": "0.624999", "当年新增面积": "0.375001"},
    )
    told = explain(made(bureau, tmp_path / "r.duckdb"), "杭州", "5", 2026)
    text = page(Desk(Settings(Path(), Path())), told)
    assert "指标值  62.4999%（" in text and "指标值  62.50%" not in text


def test_pace_is_value_over_expected(bureau, tmp_path):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)})
    judged = explain(made(bureau, tmp_path / "r.duckdb"), "杭州", "1", 2026).judged[0]
    assert judged.verdict == "far_behind" and judged.pace == pytest.approx(30 / judged.expected)
    assert "进度比 30 ÷" in judged.sentence.zh and "＜ 0.9：滞后" in judged.sentence.zh


# --- Since another release, and on another day ----------------------------------------------------------------


def test_change_names_the_records_behind_it(bureau, tmp_path):
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)}, {"电子监管号": supervision_no(2)}, day="2026-10-01")
    before = made(bureau, tmp_path / "a.duckdb", "2026-10-31")
    bureau.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(1), "状态": "撤销"},
        {"电子监管号": supervision_no(2), "现有建设用地面积": "1", "当年新增面积": "1"},
        {"电子监管号": supervision_no(3), "供应面积": "4", "现有建设用地面积": "4"},
        batch="2",
    )
    change = explain(made(bureau, tmp_path / "b.duckdb"), "杭州", "5", 2026, previous=before).change
    assert (change.added, change.removed, change.changed) == (1, 1, 1)
    assert change.value == 100.0 and change.difference == pytest.approx(500 / 6 - 100)
    assert change.largest[0]["record_key"] == supervision_no(3)


def test_nothing_changed(bureau, tmp_path):
    hand_in_supply(bureau)
    path = made(bureau, tmp_path / "r.duckdb")
    change = explain(path, "杭州", "5", 2026, previous=path).change
    assert (change.added, change.removed, change.changed, change.difference, change.largest) == (0, 0, 0, 0.0, [])


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    """A home with one release of 2026-11-23, of records received in October and November."""
    folder = tmp_path_factory.mktemp("home")
    bureau = Bureau(folder / "bureau")
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1)}, day="2026-10-01")
    bureau.hand_in(
        "供地结果", {"电子监管号": supervision_no(2), "现有建设用地面积": "0", "当年新增面积": "2"}, batch="2"
    )
    place = Home(folder / "home").prepare()
    context = make_context(date(2026, 11, 23), {})
    with warehouse.connect(place.warehouse) as con:
        core.write_regions(con, context.regions)
        raw.capture(con, bureau.landing, place.raw, context.as_of, context.regions)
        core.load(con, place.raw, "land_supply", context.regions)
        release_id = release.next_id(place, context.as_of)
        write(con, place.build, context, release_id, MARTS)
        release.publish(place, place.build, release_id, release.Kind.RELEASE, stamp(con, context), MADE_AT.isoformat())
    return place


@pytest.mark.parametrize(("as_of", "value"), [("2026-10-31", 100.0), ("2026-11-23", 50.0)])
def test_any_day_is_computed_from_what_was_received_by_then(home, tmp_path, as_of, value):
    context = make_context(date.fromisoformat(as_of), {})
    told = explain(build_past(home, "stock_supply_share", context, tmp_path / "p.duckdb"), "杭州", "5", 2026)
    assert (told.value, told.adds_up, told.as_of) == (value, True, context.as_of)


def test_computing_a_past_day_leaves_the_warehouse_alone(home, tmp_path):
    before = home.warehouse.read_bytes()
    build_past(home, "activated_stock_land", make_context(date(2026, 10, 31), {}), tmp_path / "p.duckdb")
    assert home.warehouse.read_bytes() == before


_NIGHT = """
import sys
from pathlib import Path
from assets.home import Home
with Home(Path(sys.argv[1])).locked("landstock run"):
    print("at work", flush=True)
    sys.stdin.read()
"""


def test_a_past_day_waits_for_the_night_and_never_disturbs_it(home, capsys):
    """Between two of its steps a run lets go of the warehouse: whoever opens it then would end the night."""
    night = subprocess.Popen(
        [sys.executable, "-c", _NIGHT, home.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert night.stdout.readline() == "at work\n"
    asked = ["explain", "杭州", "5", "2026", "--as-of", "2026-10-31", "--home", str(home.path)]
    assert call(asked) == 4
    assert f"进程 {night.pid}，landstock run" in capsys.readouterr().err
    night.communicate("")
    assert call(asked) == 0


# --- The command ----------------------------------------------------------------------------------------------


def test_command_prints_the_figure_and_its_records(home, capsys):
    assert call(["explain", "杭州", "存量供应占比", "2026", "--home", str(home.path)]) == 0
    text = capsys.readouterr().out
    for said in ("50.00%", "2 ÷ 4 公顷", "✓", supervision_no(1), "供地结果_330100_2026.csv 第2行", "目标 62.50%", "§5"):
        assert said in text


def test_command_as_of_a_past_day(home, capsys):
    assert call(["explain", "杭州", "5", "2026", "--as-of", "2026-10-31", "--home", str(home.path), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["value"], data["as_of"], data["adds_up"]) == (100.0, "2026-10-31", True)


def test_command_speaks_english(home, capsys):
    assert call(["explain", "330100", "5", "2026", "--home", str(home.path), "--lang", "en"]) == 0
    assert "the ledger, added again, gives what was published" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["上海", "5", "2026"], "没有地区"), (["杭州", "9", "2026"], "没有指标"), (["杭州", "5", "2020"], "有：2025")],
)
def test_command_refuses_what_is_not_there(home, capsys, arguments, said):
    assert call(["explain", *arguments, "--home", str(home.path)]) == 2
    assert said in capsys.readouterr().err


# --- Adding up -----------------------------------------------------------------------------------------------


def test_a_ledger_that_does_not_bear_the_figure_out_is_told(bureau, tmp_path):
    hand_in_supply(bureau)
    path = made(bureau, tmp_path / "r.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE mart.contribution SET amount = amount + 0.000000001 WHERE role = 'both'")
    assert not explain(path, "杭州", "5", 2026).adds_up


def group(role: str, amount: str, component: str | None = None) -> Group:
    return Group(role, "t", component, None, None, 1, Decimal(amount), None)


@pytest.mark.parametrize(
    ("indicator", "groups", "value"),
    [
        ("stock_supply_share", [], None),
        ("stock_supply_share", [group("numerator", "1")], None),
        ("stock_supply_share", [group("numerator", "1"), group("both", "2"), group("denominator", "2")], 75.0),
        ("industrial_far", [group("numerator", "3"), group("denominator", "2")], 1.5),
        ("land_per_gdp_reduction", [group("numerator", "9"), group("denominator", "10")], 10.0),
        ("activated_stock_land", [group("numerator", "1.5"), group("both", "2")], 3.5),
        ("walk15_coverage", [], None),
    ],
)
def test_values_follow_from_sums(indicator, groups, value):
    assert recompute(INDICATORS[indicator], groups, [], []) == value


@pytest.mark.parametrize(("kind", "value"), [("mean_of_five", 75.0), ("lowest_class", 50.0), ("all_five", 40.0)])
def test_coverage_follows_its_switch(kind, value):
    rule = Rule("walk.headline", "", kind, "", "choice", True)
    pairs = (("文化", "1", "2"), ("教育", "9", "9"))
    groups = [
        group(role, n, name) for name, top, bottom in pairs for role, n in (("numerator", top), ("denominator", bottom))
    ]
    parts = [Part("all_five", "", 40.0, "%", None)]
    assert recompute(INDICATORS["walk15_coverage"], groups, [rule], parts) == value


def test_the_macro_answers_in_the_released_file(home):
    with release.open_read_only(home) as con:
        rows = con.execute(
            "SELECT record_key, role FROM mart.figure_contribution('330100', 'stock_supply_share', 2026, 'annual')"
            " ORDER BY ALL"
        ).fetchall()
    assert rows == [(supervision_no(1), "both"), (supervision_no(2), "denominator")]
