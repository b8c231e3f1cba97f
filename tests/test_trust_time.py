"""Figures through time: every release is reproduced later, and rules and targets change from a day on."""

from __future__ import annotations

import random
import shutil
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from assets import release, revision
from assets.circumstances import make_context
from assets.release import Kind
from pipelines import settings
from schemas import policy
from tests.bureau import supervision_no
from tests.released import Publisher, table

QUARTERS = [f"{year}-{day}" for year in (2026, 2027) for day in ("03-31", "06-30", "09-30", "12-31")]
CITIES = ("330100", "330200", "330300")
CLASSES = ("文化", "教育", "卫生", "体育", "养老")


# --- A life of two years ----------------------------------------------------------------------------------------


def live(place: Publisher, until: str, rng: random.Random, done: dict) -> None:
    """What three cities hand in during the quarter before a day: records, corrections, cancellations, vintages."""
    end = date.fromisoformat(until)
    year, received = end.year, (end - timedelta(days=rng.randint(1, 20))).isoformat()
    happened = [(end - timedelta(days=rng.randint(1, 80))).isoformat() for _ in range(40)]
    ahead = (end + timedelta(days=30)).isoformat()
    for n, city in enumerate(CITIES):
        more = {"day": received, "year": year, "city": city, "batch": until}
        county = {"行政区代码": city[:4] + "03" if city != "330100" else "330106"}
        numbers = [done["supply"] + k for k in range(4)]
        done["supply"] += 4
        rows = [
            county
            | {"电子监管号": supervision_no(k), "宗地代码": f"P{k % 7}", "合同签订日期": rng.choice([*happened, ahead])}
            | {"土地用途代码": "0601", "约定容积率下限": f"{rng.uniform(1, 2):.1f}"}
            | parts(rng)
            for k in numbers
        ]  # fmt: skip
        rows += [rng.choice(done[city]) | parts(rng) | {"状态": rng.choice(["更正", "撤销"])}] if done.get(city) else []
        done.setdefault(city, []).extend(rows[:4])
        place.hand_in("供地结果", *rows, **more)
        place.hand_in(
            "低效用地",
            county
            | {"图斑编号": f"D{city}{until}", "宗地代码": f"P{rng.randint(0, 6)}", "完成面积": str(rng.randint(1, 4))},
            **more,
        )
        place.hand_in(
            "闲置土地", county | {"认定书编号": f"X{city}{until}", "处置完成日期": rng.choice(happened)}, **more
        )
        place.hand_in("批而未供台账", county | {"批文号": f"B{n}", "批准面积": "100"}, **more)
        place.hand_in(
            "批而未供消化",
            county | {"消化编号": f"H{city}{until}", "批文号": f"B{n}", "消化日期": rng.choice(happened)},
            **more,
        )
        for task in ("批而未供消化", "闲置土地处置"):
            of = {**more, "batch": f"{until}{task}"}
            place.hand_in(
                "年度任务",
                {"行政区代码": city, "年份": str(year), "任务": task, "任务面积": str(rng.randint(50, 150))},
                **of,
            )
        economy = [{"行政区代码": city, "年份": str(y)} for y in range(2025, year)]
        if economy:
            kind = rng.choice(["初步", "最终"])
            place.hand_in(
                "建设用地变更调查", *({**e, "面积": str(rng.randint(990, 1100)), "版本": kind} for e in economy), **more
            )
            place.hand_in(
                "地区生产总值", *({**e, "可比价指数": f"{rng.uniform(103, 107):.1f}"} for e in economy), **more
            )
        walk = [
            {"行政区代码": city, "年份": str(year), "设施类别": each, "覆盖面积": str(rng.randint(60, 90))}
            for each in CLASSES
        ]
        place.hand_in("步行覆盖", *walk, **more)


def parts(rng: random.Random) -> dict[str, str]:
    existing, new = rng.randint(1, 40), rng.randint(0, 20)
    areas = (existing + new, existing, 0, new)
    names = ("供应面积", "现有建设用地面积", "历史批而未供面积", "当年新增面积")
    return {name: f"{area / 10:.1f}" for name, area in zip(names, areas, strict=True)}


@pytest.mark.slow
def test_every_release_of_two_years_is_reproduced_cell_by_cell(tmp_path):
    first, rng, done = Publisher(tmp_path / "first"), random.Random(3), {"supply": 1}
    made = {}
    for day in QUARTERS:
        live(first, day, rng, done)
        made[day] = first.build(day)
    later = Publisher(tmp_path / "later")  # everything arrived long ago; the days are looked at in reverse
    shutil.copytree(first.landing, later.landing, dirs_exist_ok=True)
    for day in reversed(QUARTERS):
        again = later.build(day)
        for name in ("indicator_value", "assessment", "contribution"):
            assert rows(again, name).equals(rows(made[day], name)), (day, name)
    values = [rows(made[day], "indicator_value").filter(pl.col("value").is_not_null()).height for day in QUARTERS]
    assert min(values) > 50 and values[-1] > values[0]  # the figures were there, and became more
    moved = revision.between(made[QUARTERS[3]], made[QUARTERS[4]])
    assert set(moved["cause"].drop_nulls()) >= {"new", "changed", "time"}
    for before, now in pairwise(QUARTERS):
        moved = revision.between(made[before], made[now])
        assert moved.filter(pl.col("effect_other").fill_null(0) != 0).height == 0, now
        effects = pl.sum_horizontal(name for name in moved.columns if name.startswith("effect_"))
        assert moved.filter(pl.col("change").is_not_null() & (effects != pl.col("change"))).height == 0, now


def rows(path: Path, name: str) -> pl.DataFrame:
    frame = table(path, name)
    return frame.sort(frame.columns, nulls_last=True)


def test_a_file_that_comes_late_into_an_older_folder_changes_what_was_known_then(tmp_path):
    """The one exception: receipt is a property of the files. The release of the day keeps what it showed."""
    place = Publisher(tmp_path / "home")
    place.hand_in("供地结果", {"电子监管号": supervision_no(1)}, day="2026-03-05")
    before = place.build("2026-03-31")
    old = table(before, "indicator_value")
    place.hand_in("供地结果", {"电子监管号": supervision_no(2)}, day="2026-03-06", batch="late")
    again = place.build("2026-03-31", activation__idle="false")
    cell = pl.col("region_code").eq("330100") & pl.col("indicator").eq("activated_stock_land") & pl.col("year").eq(2026)
    assert old.filter(cell)["value"].to_list() == [30, 30]
    assert table(again, "indicator_value").filter(cell)["value"].to_list() == [60, 60]


# --- What-ifs ---------------------------------------------------------------------------------------------------


def test_a_what_if_is_labelled_compared_and_never_current(tmp_path):
    place = Publisher(tmp_path / "home")
    place.hand_in("闲置土地", {"认定书编号": "X1"}, day="2026-03-05")
    place.hand_in("供地结果", {"电子监管号": supervision_no(1)}, day="2026-03-05")
    current = place.publish("2026-03-31")
    trial = place.publish("2026-03-31", activation__idle="false")
    made = release.manifest(place.home, trial)
    assert (made.kind, made.stamp.what_if, made.stamp.rule_version) == (
        Kind.WHAT_IF,
        True,
        "2025.1+activation.idle=false",
    )
    assert release.current(place.home) == current
    with pytest.raises(release.ReleaseError, match="推演"):
        release.rollback(place.home, trial)
    cell = "region_code = '330100' AND indicator = 'activated_stock_land' AND basis = 'cumulative'"
    sql = f"SELECT old_release_id, change, effect_rule, cause FROM revision WHERE {cell}"
    assert place.rows(trial, sql) == [(current, -45, -45, "rule")]
    after = place.publish("2026-04-30")  # is compared with the release before, not with the trial
    assert place.rows(after, "SELECT DISTINCT old_release_id FROM revision") in ([], [(current,)])


# --- New versions of rules and targets ----------------------------------------------------------------------------


@pytest.fixture
def new_versions(tmp_path):
    """From 2028 on idle land no longer counts; from June 2028 on Hangzhou's share of 2030 is 67 % instead of 64 %."""
    folder = tmp_path / "policy"
    (folder / "rulebooks").mkdir(parents=True)
    book = (policy.HERE / "rulebooks" / "2025.1.toml").read_text(encoding="utf-8")
    book = book.replace('version = "2025.1"', 'version = "2028.1"').replace(
        "effective_from = 2025-01-01", "effective_from = 2028-01-01", 1
    )
    book = book.replace("[activation.idle]\nvalue = true", "[activation.idle]\nvalue = false")
    (folder / "rulebooks" / "2028.1.toml").write_text(book, encoding="utf-8")
    raised = (
        (pl.col("region_code") == "330100")
        & (pl.col("indicator") == "stock_supply_share")
        & (pl.col("horizon") == 2030)
    )
    targets = policy.targets().with_columns(
        target_version=pl.lit("2028.1"), effective_from=pl.lit(date(2028, 6, 1)),
        value=pl.when(raised).then(pl.col("value") + 3).otherwise("value").cast(pl.Decimal(18, 6)),
    )  # fmt: skip
    targets.write_csv(folder / "targets_2028.csv")
    policy.also(folder)
    yield folder
    policy.also("")


def test_new_versions_hold_from_their_day_on(new_versions):
    days = [date(2027, 12, 31), date(2028, 1, 1), date(2028, 6, 1)]
    contexts = [make_context(day, {}) for day in days]
    assert [each.rules.version for each in contexts] == ["2025.1", "2028.1", "2028.1"]
    assert [each.target_version for each in contexts] == ["2025.1", "2025.1", "2028.1"]
    assert [each.rules["activation.idle"] for each in contexts] == [True, False, False]
    policy.also("")
    assert make_context(days[1], {}).rules.version == "2025.1"


def test_old_evaluations_keep_their_rules_and_the_comparison_names_them(tmp_path, new_versions):
    place = Publisher(tmp_path / "home")
    dated = {"day": "2027-10-05", "year": 2027}
    place.hand_in("闲置土地", {"认定书编号": "X1", "处置完成日期": "2027-10-01"}, **dated)
    mixed = {"供应面积": "10", "现有建设用地面积": "6", "当年新增面积": "4", "合同签订日期": "2027-10-01"}
    place.hand_in("供地结果", {"电子监管号": supervision_no(1, 2027), **mixed}, **dated)
    place.hand_in(
        "供地结果",
        {"电子监管号": supervision_no(2, 2028), **mixed, "合同签订日期": "2028-01-02"},
        day="2028-01-03",
        year=2028,
    )
    old, new = place.build("2027-12-31"), place.build("2028-01-31")
    moved = place.moved(old, new, "activated_stock_land", year=2027)
    assert (moved["effects"], moved["cause"]) == ({"rule": -45}, "rule")
    assert (moved["old_rule_version"], moved["new_rule_version"]) == ("2025.1", "2028.1")
    assert rows(place.build("2027-12-31", names=("indicator_value",)), "indicator_value").equals(
        rows(old, "indicator_value")
    )


def test_a_new_target_flips_a_verdict_and_is_named(tmp_path, new_versions):
    """65 % of the supply of 2028–2030 is stock: enough for 64 %, not for 67 %. The value itself stays."""
    place = Publisher(tmp_path / "home")
    parts = {"供应面积": "10", "现有建设用地面积": "6.5", "当年新增面积": "3.5", "合同签订日期": "2028-01-02"}
    place.hand_in("供地结果", {"电子监管号": supervision_no(1, 2028), **parts}, day="2028-01-03", year=2028)
    moved = place.moved(place.build("2028-05-31"), place.build("2028-06-30"), "stock_supply_share", year=2028)
    assert (moved["old_value"], moved["new_value"], moved["change"], moved["cause"]) == (65, 65, 0, None)
    assert (moved["old_verdict_2030"], moved["new_verdict_2030"]) == ("on_track", "far_behind")
    assert moved["verdict_cause"] == "target"
    assert (moved["old_target_version"], moved["new_target_version"]) == ("2025.1", "2028.1")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("rulebooks/again.toml", 'version = "2025.1"\neffective_from = 2028-01-01\n', "2025.1 重复"),
        ("targets_more.csv", (policy.HERE / "targets.csv").read_text(encoding="utf-8"), "2025.1 有重复"),
        ("targets_more.csv", "region_code,value\n330100,1\n", "栏目"),
        ("readme.md", "", "没有 rulebooks"),
    ],
)
def test_a_version_that_cannot_be_taken_is_named(tmp_path, name, text, problem):
    path = tmp_path / "policy" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    try:
        with pytest.raises(policy.PolicyError, match=problem):
            policy.also(tmp_path / "policy")
            policy.rulebooks(), policy.targets()
    finally:
        policy.also("")


def test_the_setting_names_the_directory(tmp_path, new_versions):
    policy.also("")
    (tmp_path / "landstock.toml").write_text('policy = "policy"\n')
    chosen = settings.load({}, {"LANDSTOCK_CONFIG": str(tmp_path / "landstock.toml")})
    assert chosen.policy == str(new_versions)
    assert policy.rulebook(date(2028, 6, 1)).version == "2028.1"


def test_everything_comes_back_from_raw_and_the_journals(tmp_path):
    """The warehouse and the landing directory are gone: the same figures from the captured bytes."""
    place = Publisher(tmp_path / "home")
    live(place, "2026-03-31", random.Random(5), {"supply": 1})
    live(place, "2026-06-30", random.Random(6), {"supply": 100})
    before = {name: rows(place.build("2026-06-30"), name) for name in ("indicator_value", "assessment", "contribution")}
    place.con.close()
    place.home.warehouse.unlink()
    shutil.rmtree(place.landing)
    again = Publisher.reopened(tmp_path / "home").build("2026-06-30")
    for name, frame in before.items():
        assert (
            rows(again, name).drop("submission_id", strict=False).equals(frame.drop("submission_id", strict=False))
        ), name
