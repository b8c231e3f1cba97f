"""The real land-market samples, worked out by hand beside the pipeline with nothing but csv, json and Decimal."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines import cli
from schemas import policy
from tests.bureau import Bureau

DATA = Path(__file__).parents[1] / "../shared/data"
BEIJING, NATIONAL = "landchina_beijing_2019h1.gb18030.csv", "landchina_national_2018-12.gb18030.json"
REGIONS = DATA / "regions_china_2024.csv"


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Bureau:
    bureau = Bureau(tmp_path_factory.mktemp("market") / "bureau", policy.regions(str(REGIONS)))
    for name in (BEIJING, NATIONAL):
        bureau.put(name, (DATA / name).read_bytes(), day="2026-11-20")
    bureau.take_in()
    return bureau


@pytest.fixture(scope="module")
def beijing() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((DATA / BEIJING).read_bytes().decode("gb18030"))))


@pytest.fixture(scope="module")
def national() -> list[dict[str, str]]:
    text, arrays, at = (DATA / NATIONAL).read_bytes().decode("gb18030").strip(), [], 0
    while at < len(text):
        array, at = json.JSONDecoder().raw_decode(text, at)
        arrays += array
        while at < len(text) and text[at].isspace():
            at += 1
    return arrays


def counts(market: Bureau, name: str) -> tuple[int, ...]:
    return market.con.execute(
        "SELECT lines, rows_loaded, rows_quarantined, lines_skipped FROM raw.submission WHERE file_name = ?", [name]
    ).fetchone()


def test_beijing_every_result_is_kept(market, beijing):
    assert len(beijing) == len({row["电子监管号"] for row in beijing}) == 189
    assert counts(market, BEIJING) == (190, 189, 0, 1)  # the header is the line skipped


def test_beijing_stock_share_by_area(market, beijing):
    stock = sum(Decimal(row["土地来源"]) for row in beijing)
    supplied = sum(Decimal(row["面积(公顷)"]) for row in beijing)
    assert (stock, supplied) == (Decimal("28.185714"), Decimal("318.792931"))
    figure = market.figure("stock_supply_share", region="110100", year=2019, basis="annual")
    assert (figure["numerator"], figure["denominator"]) == (stock, supplied)
    assert figure["value"] == pytest.approx(8.84138613475, abs=1e-10)  # 28.185714 / 318.792931
    assert (figure["derived"], figure["flags"], figure["absence"]) == (True, "public_export", None)


def test_national_rows_kept_quarantined_and_skipped(market, national):
    listing = [row for row in national if "idnumber" not in row]
    results = [row for row in national if "idnumber" in row]
    assert (len(national), len(results), len(listing)) == (241, 203, 38)
    codes = {row["code"] for row in csv.DictReader(REGIONS.open(encoding="utf-8"))}

    def unknown_region(row):  # counties renamed or upgraded since: 九台市, 金坛市, 海安县 …
        return row["idnumber"][:6] not in codes

    def impossible_far(row):  # 昭阳区 gives an upper bound of 0.02; FAR is 0 (unset) or within 0.1–15
        bounds = [Decimal(row[name]) for name in ("plot_ratio_minimum", "plot_ratio_maximum") if row[name]]
        return any(far != 0 and not Decimal("0.1") <= far <= 15 for far in bounds)

    quarantined = [row for row in results if unknown_region(row) or impossible_far(row)]
    assert (sum(map(unknown_region, results)), sum(map(impossible_far, results)), len(quarantined)) == (15, 26, 41)
    assert counts(market, NATIONAL) == (241, 203 - 41, 41, 38)


def test_unknown_origin_is_left_out_of_the_share(market, national):
    # In 2018 a city with 现有建设用地 is 100 %; one with 新增(来自存量库) only has records, all excluded, and no report
    figures = market.result("stock_supply_share").figures.filter(year=2018, basis="annual", region_level="city")
    assert set(figures["value"].drop_nulls()) == {100.0}
    assert figures.filter(absence="not_reported")["excluded_count"].min() > 0
    assert set(figures["absence"].drop_nulls()) == {"not_reported"}


def test_holders_are_not_stored(market):
    columns = {name for (name,) in market.con.execute("SELECT column_name FROM information_schema.columns").fetchall()}
    assert not columns & {"holder", "受让人", "土地使用权人"}


# --- Through the front door ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("provinces", "site"), [("all", True), ("11", False)])
def test_a_run_with_another_region_table_makes_a_release(tmp_path, capsys, provinces, site):
    """With the country's table the plan's cities have their reports; a table without any of them has none, and says so."""
    landing, home, table = tmp_path / "landing" / "2026-11-20", tmp_path / "home", tmp_path / "regions.csv"
    landing.mkdir(parents=True)
    (landing / BEIJING).write_bytes((DATA / BEIJING).read_bytes())
    header, *rows = REGIONS.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text(
        "".join([header, *(row for row in rows if provinces == "all" or row.startswith(provinces))]), "utf-8"
    )
    where = ["--landing", str(landing.parent), "--home", str(home), "--as-of", "2026-11-23", "--regions", str(table)]
    code = cli.call(["run", *where, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["success"], told["failures"]) == (0, True, [])
    assert (home / "current" / "site" / "index.html").exists() is site
    assert [each[:8] for each in told["left_out"]] == ([] if site else ["没有可评价的地区"])
    sql = (
        "SELECT round(value, 6) AS share FROM indicator_value WHERE region_code = '110000' AND year = 2019"
        " AND indicator = 'stock_supply_share' AND basis = 'annual'"
    )
    assert cli.call(["query", sql, "--home", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"share": 8.841386}]  # 28.185714 of 318.792931 公顷
