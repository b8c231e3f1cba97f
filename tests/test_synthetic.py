"""The generator: the same bytes for the same arguments, coherent records, a plausible province, known dirt."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from assets.synthetic import SORTS, Summary, generate, landing, one_more_file, plan, supply
from assets.synthetic.dirt import ERROR
from schemas.policy import PROVINCE, regions, targets
from schemas.submissions import CANCELLED, TABLES

REGIONS_CSV = Path(__file__).parents[1] / "../shared/data/regions_china_2024.csv"
UNTIL = date(2026, 11, 23)
SEED = 2025


@pytest.fixture(scope="module")
def province(tmp_path_factory) -> tuple[Path, Summary]:
    folder = tmp_path_factory.mktemp("landing")
    return folder, generate(folder, until=UNTIL, seed=SEED)


@pytest.fixture(scope="module")
def cities() -> list[plan.City]:
    return plan.province(UNTIL, SEED)


@pytest.fixture(scope="module")
def sent(cities) -> dict[str, pl.DataFrame]:
    """Every table as handed in, typed, before its files are soiled."""
    return {table.name: frame for table, frame in landing.tables(cities, UNTIL, SEED, landing.QUARTERLY)}


def in_force(sent: dict[str, pl.DataFrame], name: str) -> pl.DataFrame:
    """The last revision of every record that will be accepted, without cancelled ones, and its city."""
    rows = sent[name].filter(~pl.col("_spoil").fill_null(False)).sort("_received", "_label", maintain_order=True)
    rows = rows.unique(TABLES[name].key, keep="last", maintain_order=True)
    if "status" in rows.columns:
        rows = rows.filter(~pl.col("status").is_in(CANCELLED).fill_null(False))
    home = regions().frame.select(region_code="code", city="city_code")
    return rows.join(home, on="region_code", how="left", maintain_order="left")


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- Bytes ------------------------------------------------------------------------------------------------------------


def test_the_same_arguments_give_the_same_bytes_and_another_seed_does_not(tmp_path):
    until = date(2025, 4, 20)
    first = generate(tmp_path / "first", until=until, seed=7)
    second = generate(tmp_path / "second", until=until, seed=7)
    generate(tmp_path / "other", until=until, seed=8)
    assert hashes(tmp_path / "first") == hashes(tmp_path / "second")
    assert first == second
    common = set(hashes(tmp_path / "first").values()) & set(hashes(tmp_path / "other").values())
    assert len(common) <= 2  # two of the files that are bad as a whole never change


def test_summary_counts_what_was_written(province):
    folder, summary = province
    assert summary.files == len(hashes(folder))
    assert 250 <= summary.files <= 420
    assert 15_000 <= summary.total_rows <= 25_000
    assert set(summary.rows) == set(TABLES)


def test_nothing_is_received_after_until(province):
    folder, _ = province
    days = sorted(date.fromisoformat(path.name) for path in folder.iterdir())
    assert days[0] > plan.START
    assert days[-1] <= UNTIL


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_every_form_occurs(province, suffix):
    assert any(name.endswith(suffix) for name in hashes(province[0]))


def test_every_encoding_occurs(province):
    heads = [path.read_bytes()[:4] for path in province[0].rglob("*.csv")]
    assert any(head.startswith(b"\xef\xbb\xbf") for head in heads)  # UTF-8 with BOM
    assert any(head.startswith(b"\xff\xfe") for head in heads)  # UTF-16
    assert any(head.startswith("行政".encode("gbk")) for head in heads)
    assert any(head.startswith("行".encode()) for head in heads)


# --- Records that hold together ---------------------------------------------------------------------------------------


def test_parts_sum_to_the_supplied_area(sent):
    rows = sent["land_supply"]
    parts = rows["existing_area_mu"] + rows["historical_unsupplied_area_mu"] + rows["new_area_mu"]
    assert (parts == rows["supplied_area_mu"]).all()
    assert rows["supplied_area_mu"].min() > 0


@pytest.mark.parametrize(
    ("table", "broken"),
    [
        ("idle_land", pl.col("idle_area_mu") > pl.col("supplied_area_mu")),
        ("idle_land", pl.col("disposed_area_mu") > pl.col("idle_area_mu")),
        ("idle_land", pl.col("disposal_date") < pl.col("determination_date")),
        (
            "idle_land",
            (pl.col("idle_type") == "未动工")
            & (pl.col("determination_date") < pl.col("agreed_start_date").dt.offset_by("1y")),
        ),
        ("inefficient_land", pl.col("completed_area_mu") > pl.col("patch_area_mu")),
        ("inefficient_land", pl.col("register_date") > pl.col("plan_approval_date")),
        ("inefficient_land", pl.col("completion_date") > UNTIL),
        ("walk_coverage", pl.col("covered_area_mu") > pl.col("residential_area_mu")),
        ("approved_unsupplied", pl.col("remaining_area_mu") < 0),
        ("land_supply", pl.col("contract_date") > UNTIL),
    ],
)
def test_relations_inside_a_row(sent, table, broken):
    assert sent[table].height > 0
    assert sent[table].filter(broken).is_empty()


def test_digestion_never_exceeds_its_batch_and_is_many_to_many(sent):
    limits = sent["approved_unsupplied"].sort("_received").unique("approval_no", keep="first", maintain_order=True)
    events = in_force(sent, "unsupplied_digestion").filter(
        pl.col("_tag").is_null() | (pl.col("_tag") == "withdrawal_no_missing")
    )
    drawn = events.group_by("approval_no").agg(pl.col("digested_area_mu").sum(), events=pl.len())
    assert (
        drawn.join(limits, on="approval_no", how="left")
        .filter(~(pl.col("digested_area_mu") <= pl.col("remaining_area_mu")).fill_null(False))
        .is_empty()
    )
    assert drawn["events"].max() > 1  # one batch, many events
    assert events["supply_supervision_no"].drop_nulls().is_duplicated().any()  # one supply, many batches


def test_tasks_are_reported_by_quarters_that_are_over_and_not_before_the_plan(sent):
    told = sent["task_progress"].select("year", "quarter").unique().sort("year", "quarter")
    over = [(year, quarter) for year in range(2025, UNTIL.year + 1) for quarter in range(1, 5)
            if (year, quarter) >= (2025, 3) and date(year, quarter * 3, 30) <= UNTIL]  # fmt: skip
    assert told.rows() == over


def test_links_point_at_supplies_that_exist(sent):
    known = sent["land_supply"]["supervision_no"].implode()
    for table, column in (
        ("inefficient_land", "supply_supervision_no"),
        ("unsupplied_digestion", "supply_supervision_no"),
    ):
        linked = sent[table][column].drop_nulls()
        assert linked.len() > 100
        assert linked.is_in(known).all()
    listed = sent["far_exemption"].filter(pl.col("_tag").is_null())["supervision_no"]
    assert listed.is_in(known).all()


def test_a_parcel_is_shared_by_an_idle_case_a_patch_and_a_supply(sent):
    parcels = [set(sent[name]["parcel_code"].drop_nulls()) for name in ("land_supply", "idle_land", "inefficient_land")]
    assert len(parcels[0] & parcels[1]) >= 3
    assert len(parcels[0] & parcels[2]) >= 100
    assert parcels[0] & parcels[1] & parcels[2]


@pytest.mark.parametrize("status", ["更正", "解除", "撤销"])
def test_corrections_and_cancellations_follow_an_earlier_row(sent, status):
    rows = sent["land_supply"]
    later = rows.filter(pl.col("status") == status)
    first = rows.group_by("supervision_no").agg(pl.col("_received").min().alias("first"))
    assert later.height > 0
    assert later.join(first, on="supervision_no").filter(pl.col("_received") <= pl.col("first")).is_empty()


def test_counties_sum_to_their_city_except_where_planned(sent):
    home = dict(regions().frame.select("code", "city_code").iter_rows())
    first = (pl.col("_received") < date(2026, 6, 1)) & (pl.col("_tag").fill_null("") != "growth_as_index")
    rows = sent["gdp"].filter(first, pl.col("region_code") != PROVINCE)
    rows = rows.with_columns(city=pl.col("region_code").replace_strict(home))
    county = rows.filter(pl.col("region_code") != pl.col("city")).group_by("city").agg(pl.col("gdp_wan_yuan").sum())
    both = county.join(rows.filter(pl.col("region_code") == pl.col("city")), on="city")
    off = both.filter(pl.col("gdp_wan_yuan") != pl.col("gdp_wan_yuan_right"))
    assert both.height == 2
    assert off["city"].to_list() == ["330900"]


# --- A plausible province, by plain sums ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sums(sent) -> pl.DataFrame:
    """Per city, in 亩: activated and redeveloped, without looking for shared parcels; and the trajectory's factor."""
    supply_sum = in_force(sent, "land_supply").group_by("city").agg(supplied=pl.col("existing_area_mu").sum())
    closed = in_force(sent, "idle_land").filter(pl.col("disposal_way") != "延长动工期限")
    idle_sum = closed.group_by("city").agg(idle=pl.col("disposed_area_mu").sum())
    patches = in_force(sent, "inefficient_land").filter(pl.col("completed_area_mu") > 0)
    patch_sum = patches.group_by("city").agg(
        redeveloped=pl.col("completed_area_mu").sum(),
        own=pl.col("completed_area_mu").filter(pl.col("supply_supervision_no").is_null()).sum(),
    )
    joined = supply_sum.join(idle_sum, on="city").join(patch_sum, on="city")
    return joined.select(
        "city",
        activated=(pl.col("supplied") + pl.col("own") + pl.col("idle")) * 0.0015,
        redeveloped=pl.col("redeveloped") * 0.0015,
    )


@pytest.mark.parametrize(
    ("indicator", "column"),
    [("activated_stock_land", "activated"), ("redeveloped_inefficient_land", "redeveloped")],
)
def test_paces_lie_around_the_linear_trajectory(sums, indicator, column):
    elapsed = ((UNTIL - plan.START).days + 1) / 1095
    goals = (
        targets()
        .filter(indicator=indicator, horizon=2027)
        .select(city="region_code", target=pl.col("value").cast(float))
    )
    paces = sums.join(goals, on="city").with_columns(pace=pl.col(column) / (pl.col("target") * elapsed))["pace"]
    assert paces.len() == 11
    assert paces.min() > 0.70
    assert paces.max() < 1.30
    assert (paces < 0.95).sum() >= 2
    assert (paces > 1.03).sum() >= 2


def test_no_city_redevelops_more_than_it_activates(sums):
    assert (sums["redeveloped"] <= sums["activated"]).all()


def test_share_of_stock_lies_around_its_target(sent):
    rows = in_force(sent, "land_supply").filter(~pl.col("is_separate_site"))
    stock = pl.col("existing_area_mu").sum() + pl.col("historical_unsupplied_area_mu").sum()
    shares = rows.group_by("city").agg(share=100 * stock / pl.col("supplied_area_mu").sum())
    goals = targets().filter(indicator="stock_supply_share", horizon=2027).select(city="region_code", target="value")
    gaps = shares.join(goals, on="city").select(gap=pl.col("share") - pl.col("target").cast(float))["gap"]
    assert gaps.abs().max() < 7
    assert gaps.min() < 0 < gaps.max()


def test_far_of_industrial_land_is_realistic(sent):
    codes = {"用地用海分类2023": "1001", "GB/T21010-2017": "0601", "GB/T21010-2007": "061"}
    industrial = pl.any_horizontal(
        (pl.col("land_use_system") == system) & pl.col("land_use_code").str.starts_with(code)
        for system, code in codes.items()
    )
    exempt = sent["far_exemption"]["supervision_no"].implode()
    rows = in_force(sent, "land_supply").filter(industrial, ~pl.col("supervision_no").is_in(exempt))
    rows = rows.with_columns(pl.col("far_lower").cast(float)).filter(pl.col("far_lower") > 0)
    weighted = (pl.col("far_lower") * pl.col("supplied_area_mu")).sum() / pl.col("supplied_area_mu").sum()
    means = rows.group_by("city").agg(far=weighted)["far"]
    assert means.min() > 1.25
    assert means.max() < 2.0


@pytest.mark.parametrize(
    ("table", "task", "area", "day"),
    [
        ("unsupplied_digestion", "批而未供消化", "digested_area_mu", "digestion_date"),
        ("idle_land", "闲置土地处置", "disposed_area_mu", "disposal_date"),
    ],
)
def test_rates_of_a_full_year_against_the_task(sent, table, task, area, day):
    rows = in_force(sent, table).filter(pl.col(day).dt.year() == 2025)
    rows = rows.filter(pl.col("_tag").fill_null("") != "batch_overdrawn")
    if table == "idle_land":
        rows = rows.filter(pl.col("disposal_way") != "延长动工期限")
    done = rows.group_by("city").agg(done=pl.col(area).sum())
    given = sent["annual_task"].filter(pl.col("task") == task, pl.col("year") == 2025, pl.col("task_area_mu") > 0)
    rates = done.join(given, left_on="city", right_on="region_code").select(
        rate=100 * pl.col("done") / pl.col("task_area_mu")
    )["rate"]
    assert rates.len() >= 10
    assert rates.min() > 60
    assert rates.max() < 125


def test_one_city_stands_at_the_edge_of_its_reduction_target():
    """嘉兴 2027: the target of 8 % lies within what an index of one decimal can tell."""
    city = next(city for city in plan.province(date(2028, 12, 1), SEED) if city.code == plan.UNDECIDABLE_CITY)
    low = high = value = 1.0
    for year in (2026, 2027):
        index = 100 + city.growth[year]
        low, value, high = low * (index - 0.05) / 100, value * index / 100, high * (index + 0.05) / 100
    ratio = city.land[2027] / city.land[2025]
    assert 1 - ratio / low <= 0.08 <= 1 - ratio / high
    assert abs(1 - ratio / value - 0.08) < 0.0005


def test_gdp_and_land_are_of_real_magnitude(cities):
    gdp = {city.code: city.gdp for city in cities}
    assert gdp["330100"] == pytest.approx(23_000, rel=0.02)
    assert gdp["330900"] == pytest.approx(2_340, rel=0.02)
    assert sum(gdp.values()) == pytest.approx(94_500, rel=0.03)
    assert all(4.0 <= growth <= 7.0 for city in cities for growth in city.growth.values())


# --- Dirt -------------------------------------------------------------------------------------------------------------


def test_every_promised_kind_of_dirt_is_there(province):
    assert set(province[1].kinds()) == set(SORTS)


def test_one_to_three_percent_of_rows_carry_an_error(province):
    _, summary = province
    wrong = {(dirt.file, dirt.row) for dirt in summary.dirt if dirt.sort.severity == ERROR and dirt.row}
    assert 0.01 <= len(wrong) / summary.total_rows <= 0.03


def test_dirt_names_files_that_exist(province):
    folder, summary = province
    assert all((folder / dirt.file).is_file() for dirt in summary.dirt)


def test_a_flaw_stands_on_the_line_that_it_names(province):
    """A CSV line that is said to carry an impossible date does, however many line breaks stand in names above it."""
    folder, summary = province
    checked = 0
    for dirt in summary.dirt:
        if dirt.kind == "impossible_date" and dirt.file.endswith(".csv"):
            content = (folder / dirt.file).read_bytes()
            assert b"-02-30" in content.replace(b"\x00", b"")
            lines = next(
                text for encoding in ("utf-16", "utf-8-sig", "gb18030") if (text := _decoded(content, encoding))
            ).split("\n")
            assert "-02-30" in "\n".join(lines[dirt.row - 1 : dirt.row + 1])
            checked += 1
    assert checked >= 3


def _decoded(content: bytes, encoding: str) -> str | None:
    if (encoding == "utf-16") != content.startswith(b"\xff\xfe"):
        return None
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def test_files_sent_again_have_the_same_bytes(province):
    folder, summary = province
    known = hashes(folder)
    again = [dirt.file for dirt in summary.dirt if dirt.kind == "same_bytes"]
    assert again
    assert all(list(known.values()).count(known[name]) == 2 for name in again)


# --- Arguments, other worlds, one more file ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"until": date(2024, 12, 31)},
        {"until": UNTIL, "rows": 10},
        {"until": UNTIL, "scale": "national"},
        {"until": UNTIL, "scale": "planet"},
    ],
)
def test_arguments_that_do_not_go_together_are_refused(tmp_path, arguments):
    with pytest.raises(ValueError):
        generate(tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


def test_the_first_day_already_makes_a_province(tmp_path):
    summary = generate(tmp_path, until=plan.START)
    assert summary.rows["land_supply"] >= 11
    assert summary.rows["approved_unsupplied"] > 0


def test_a_small_country(tmp_path):
    """Three cities of two provinces: a row count that is kept, plain CSV, few days of receipt, province files."""
    table = pl.read_csv(REGIONS_CSV, infer_schema=False)
    kept = pl.col("code").is_in(["320000", "320100", "320200", "510000", "510100"])
    small = table.filter(kept | pl.col("city_code").is_in(["320100", "320200", "510100"]))
    small.write_csv(tmp_path / "regions.csv")
    summary = generate(
        tmp_path / "landing", scale="national", until=UNTIL, rows=900, regions_csv=tmp_path / "regions.csv"
    )
    assert summary.rows["land_supply"] == pytest.approx(900, rel=0.12)
    names = [Path(name).name for name in hashes(tmp_path / "landing")]
    assert all(name.endswith(".csv") for name in names)
    assert any(name.startswith("供地结果_320100_2025") for name in names)
    assert any(name.startswith("闲置土地_320000_2025") for name in names)
    assert len(list((tmp_path / "landing").iterdir())) <= 8


def test_one_more_file_is_new_and_repeatable(tmp_path, sent):
    path = one_more_file(tmp_path / "a", date(2026, 11, 24), seed=3)
    again = one_more_file(tmp_path / "b", date(2026, 11, 24), seed=3)
    other = one_more_file(tmp_path / "a", date(2026, 11, 24), seed=4)
    assert path.read_bytes() == again.read_bytes()
    assert path.parent.name == "2026-11-24"
    rows = pl.read_csv(path, infer_schema=False)
    assert rows.height == 50
    numbers = set(rows["电子监管号"]) | set(pl.read_csv(other, infer_schema=False)["电子监管号"])
    assert len(numbers) == 100
    assert numbers.isdisjoint(sent["land_supply"]["supervision_no"])


def test_truth_meets_the_plan_exactly(cities):
    """Before anything is sent late, wrong or twice, a city's supply sums to its plan."""
    city = cities[0]
    rows = supply.truth(city, pl.Series(["浙土字〔2024〕第0001号"]), UNTIL, SEED)
    counted = rows.filter(~pl.col("is_separate_site"))
    stock = counted["existing_area_mu"].sum() + counted["historical_unsupplied_area_mu"].sum()
    assert rows["existing_area_mu"].sum() == pytest.approx(city.existing, rel=0.001)
    assert stock / counted["supplied_area_mu"].sum() == pytest.approx(city.stock_share, rel=0.01)
    assert rows["supervision_no"].is_unique().all()
