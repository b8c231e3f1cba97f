"""Every cell of the demo's release taken apart by what stands behind `landstock explain`, and held against its ledger.

What must come out is worked out here a second time, in plain Python from the published tables: no SQL, no product code.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import duckdb
import pytest

from assets import release
from assets.explain import explain, explain_all, opened
from assets.explain.chosen import Chosen
from assets.explain.model import Explanation
from assets.home import Home
from assets.synthetic import generate
from benchmarks.measure import run
from pipelines.cli.desk import Desk
from pipelines.cli.explain_page import page
from pipelines.cli.tables import clip
from pipelines.settings import Settings
from schemas.indicators import FIRST_YEAR, INDICATORS
from schemas.submissions import TABLES

from .released import Publisher

BEFORE, NOW = "2026-09-30", "2026-11-23"
PREFIXES = ("3300", *(f"33{number:02}" for number in range(1, 12)))
BY_YEAR = ("land_per_gdp_reduction", "walk15_coverage")  # their figures are of one year, on every basis
ROLES = {"分子": "numerator", "分母": "denominator", "分子和分母": "both", "剔除": "excluded"}

Row = dict  # of a published table, by column


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    """What `landstock demo` makes of its submissions, released in September and in November."""
    publisher = Publisher(tmp_path_factory.mktemp("demo"))
    generate(publisher.landing, until=date.fromisoformat(NOW))
    for day in (BEFORE, NOW):
        publisher.publish(day, ("indicator_part", "data_dictionary"))
    publisher.con.close()
    return publisher.home


@pytest.fixture(scope="module")
def now(home) -> Path:
    return release.database(home)


@pytest.fixture(scope="module")
def before(home) -> Path:
    return release.database(home, f"{BEFORE}.1")


@lru_cache
def published(path: Path, table: str) -> list[Row]:
    with duckdb.connect(str(path), read_only=True) as con:
        result = con.execute(f"SELECT * FROM {table} ORDER BY rowid")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def cell(row: Row) -> tuple:
    return row["region_code"], row["indicator"], row["year"], row["basis"]


# --- What must come out ---------------------------------------------------------------------------------------


@lru_cache
def ledger_of(path: Path) -> dict[str, list[Row]]:
    """The ledger's rows by indicator."""
    found = defaultdict(list)
    for row in published(path, "mart.contribution"):
        found[row["indicator"]].append(row)
    return found


@lru_cache
def own_of_province(path: Path) -> set[tuple]:
    rows = published(path, "mart.contribution")
    return {(row["indicator"], row["year"], row["source_table"]) for row in rows if row["region_code"] == "330000"}


def rows_behind(path: Path, figure: Row) -> list[Row]:
    """The rows of a figure: those of the region, in the years of the basis. Undated ones too: they are told apart."""
    code, indicator = figure["region_code"], figure["indicator"]
    first = figure["year"] if indicator in BY_YEAR else figure["period_start"].year
    own = own_of_province(path)

    def belongs(row: Row) -> bool:
        if figure["region_level"] == "city":
            return row["city_code"] == code
        if row["region_code"] == code or figure["region_level"] == "county":
            return row["region_code"] == code
        if indicator == "land_per_gdp_reduction":  # whole in its own name, or absent
            return False
        return row["city_code"] is not None and (indicator, row["year"], row["source_table"]) not in own

    return [
        row
        for row in ledger_of(path)[indicator]
        if row["basis"] in (None, figure["basis"])
        and (row["year"] is None or first <= row["year"] <= figure["year"])
        and belongs(row)
    ]


def total(rows: list[Row], *roles: str) -> Decimal:
    return sum((row["amount"] for row in rows if row["role"] in roles), Decimal(0))


def value_of(figure: Row, rows: list[Row]) -> float:
    """The value by the rulebook, §1–8."""
    top, bottom = total(rows, "numerator", "both"), total(rows, "denominator", "both")
    match figure["indicator"]:
        case "activated_stock_land" | "redeveloped_inefficient_land":
            return float(top)
        case "land_per_gdp_reduction":
            return float(100 - 100 * top / bottom)
        case "walk15_coverage":
            classes = {row["component"] for row in rows}
            of_class = [[row for row in rows if row["component"] == each] for each in classes]
            shares = [100 * total(each, "numerator") / total(each, "denominator") for each in of_class]
            return float(sum(shares) / len(shares))
        case "industrial_far":
            return float(top / bottom)
    return float(100 * top / bottom)


def largest_of(rows: list[Row]) -> list[list]:
    """The ten largest records that are no divisors: key, numerator, denominator, file, sheet, row."""
    records = defaultdict(list)
    for row in rows:
        if row["role"] != "excluded" and row["source_table"] != "annual_task" and row["reason"] != "divisor":
            records[row["year"], row["record_key"], row["region_code"], row["source_table"]].append(row)
    found = []
    for key, own in records.items():
        top, bottom = total(own, "numerator", "both"), total(own, "denominator", "both")
        place = [own[0][name] for name in ("file_name", "sheet", "row_number")]
        found.append((-max(top, bottom), key, [key[1], top, bottom, *place]))
    return [each for *_, each in sorted(found, key=lambda record: record[:2])[:10]]


# --- What comes out -------------------------------------------------------------------------------------------


class Printed:
    """The text of an explanation, read back as a person reads it."""

    def __init__(self, text: str):
        self.text = text
        head, *sections = re.split(r"\n\n【", text)
        self.facts = dict(re.findall(r"^(\S+)  (.+)$", head, re.MULTILINE))
        self.sections = dict(section.split("】\n", 1) for section in sections)

    def table(self, title: str) -> list[list[str]]:
        """The cells of a section's rows; an empty cell leaves none."""
        return [re.split(r" {2,}", line) for line in self.sections.get(title, "").splitlines()[2:]]

    @property
    def value(self) -> float | None:
        found = re.search(r"未取整 (\S+)", self.facts["指标值"])
        return float(found[1]) if found else None

    @property
    def sums(self) -> tuple[Decimal | None, Decimal | None]:
        found = re.match(r"([\d,.—]+)(?: ÷ ([\d,.]+))? ", self.facts["计算"])
        return amount(found[1]), amount(found[2])

    @property
    def counts(self) -> tuple[int, int]:
        found = re.fullmatch(r"(\d+) 条计入，(\d+) 条剔除", self.facts["记录"])
        return int(found[1]), int(found[2])

    def groups(self, title: str) -> list[tuple[str, int, Decimal]]:
        """Role, number of records and amount of each line."""
        rows = self.table(title)
        return [
            (next(ROLES[each] for each in row if each in ROLES), int(row[-3].replace(",", "")), amount(row[-2]))
            for row in rows
        ]


def amount(text: str | None) -> Decimal | None:
    return None if text in (None, "—") else Decimal(text.replace(",", ""))


def plain(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


DESK = Desk(Settings(Path(), Path()))


def hold(path: Path, figure: Row, told: Explanation) -> None:
    """One cell: text and data say the same, and both what was published and what the ledger bears out."""
    rows = rows_behind(path, figure)
    dated = [row for row in rows if row["year"] is not None]
    counted = [row for row in dated if row["role"] != "excluded"]
    excluded = [row for row in dated if row["role"] == "excluded"]
    data, printed = json.loads(json.dumps(told.as_data())), Printed(page(DESK, told))

    assert printed.value == data["value"] == figure["value"]
    assert data["absence"] == figure["absence"] and bool(figure["absence"]) == (figure["value"] is None)
    assert printed.facts.get("缺值") == (data["why_absent"] and data["why_absent"]["zh"])
    assert bool(printed.facts.get("缺值")) == (figure["value"] is None)
    if figure["value"] is not None:
        assert data["recomputed"] == pytest.approx(figure["value"], rel=1e-6, abs=1e-6)
        assert value_of(figure, counted) == pytest.approx(figure["value"], rel=1e-6, abs=1e-6)

    assert told.adds_up
    sums = (total(counted, "numerator", "both"), total(counted, "denominator", "both"))
    assert (told.numerator_sum, told.denominator_sum) == sums
    for name, own in zip(("numerator", "denominator"), sums, strict=True):
        assert figure[name] in (None, own) and amount(data[name]) == figure[name]
    if figure["numerator"] is None and figure["denominator"] is None:
        assert printed.facts["计算"] == "没有可加总的记录"
    else:
        assert printed.sums == (figure["numerator"], figure["denominator"]) and "✓" in printed.facts["计算"]

    assert printed.counts == (figure["record_count"], figure["excluded_count"])
    assert sum(row["source_table"] != "annual_task" for row in counted) == figure["record_count"]
    assert len(excluded) == figure["excluded_count"]
    hold_groups(data, printed, "groups", "计入的记录", counted)
    hold_groups(data, printed, "exclusions", "剔除的记录", excluded)
    hold_groups(data, printed, "undated", "没有日期，不属于任何一年", [row for row in rows if row["year"] is None])
    hold_records(data, printed, largest_of(counted))
    hold_exclusions(data, [*excluded, *(row for row in rows if row["year"] is None)])
    hold_words(figure, told, data, printed)


def hold_groups(data: dict, printed: Printed, name: str, title: str, rows: list[Row]) -> None:
    """Every reason with its records and its amount, in text and data."""
    kinds = defaultdict(list)
    for row in rows:
        kinds[row["role"], row["source_table"], row["component"], row["reason"]].append(row["amount"])
    said = {
        (each["role"], each["source_table"], each["component"], each["reason"]): each for each in data[name]
    }  # fmt: skip
    assert {kind: (len(own), sum(own)) for kind, own in kinds.items()} == {
        kind: (each["records"], Decimal(each["amount"])) for kind, each in said.items()
    }
    assert Counter(printed.groups(title)) == Counter((kind[0], len(own), sum(own)) for kind, own in kinds.items())


def hold_records(data: dict, printed: Printed, expected: list[list]) -> None:
    """The ten largest are the ten largest, each with its file and row."""
    place = ("file_name", "sheet", "row_number")
    said = [
        [each["record_key"], Decimal(each["numerator"]), Decimal(each["denominator"]), *(each[name] for name in place)]
        for each in data["largest"]
    ]
    assert said == expected
    lines = printed.sections.get(f"最大的 {len(expected)} 条", "").splitlines()[2:]
    assert len(lines) == len(expected)
    ratio = data["denominator"] is not None
    for line, (key, top, bottom, file, sheet, row) in zip(lines, expected, strict=True):
        amounts = [plain(top), plain(bottom)] if ratio else [plain(top)]
        where = " ".join(filter(None, (file, sheet, f"第{row}行")))
        assert clip(key, 40) in line and re.split(r" {2,}", line)[-1 - len(amounts) :] == [*amounts, where]


def hold_exclusions(data: dict, rows: list[Row]) -> None:
    """The ten largest of what was left out, each with its reason, file and row."""
    told = ("record_key", "reason", "file_name", "sheet", "row_number")
    said = Counter((Decimal(each["amount"]), *(each[name] for name in told)) for each in data["largest_excluded"])
    every = Counter((row["amount"], *(row[name] for name in told)) for row in rows)
    assert said <= every and said.total() == min(10, every.total())
    assert sorted(each[0] for each in said.elements()) == sorted(each[0] for each in every.elements())[-said.total() :]


def hold_words(figure: Row, told: Explanation, data: dict, printed: Printed) -> None:
    """Formula, switches, rule and target version; a verdict where there is a target, and only there."""
    asked = INDICATORS[figure["indicator"]]
    has_target = figure["region_level"] != "county" and figure["year"] >= FIRST_YEAR
    assert bool(told.judged) == (has_target and figure["basis"] == str(asked.judged))
    assert all(each["sentence"]["zh"] in printed.sections["评价"] for each in data["judged"])
    assert data["formula"] in printed.facts["公式"] and data["section"] in printed.facts["公式"]
    assert data["rules"] and all(rule["name"] in printed.sections["口径"] for rule in data["rules"])
    versions = (data["rule_version"], data["target_version"] or "—", data["release_id"])
    assert all(each in printed.text.splitlines()[1] for each in versions)
    assert bool(told.target_version) == bool(told.judged)


# --- The walk -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_cell_is_explained_exactly(now, prefix):
    """A city with its counties, or the province: every indicator, year and basis, values and absent ones."""
    figures = {
        cell(row): row for row in published(now, "mart.indicator_value") if row["region_code"].startswith(prefix)
    }
    with opened(now) as con:
        walked = {}
        for region in sorted({row["region_code"] for row in figures.values()}):
            walked |= {cell(vars(told)): told for told in explain_all(con, Chosen(region))}
    assert walked.keys() == figures.keys()
    for key, told in walked.items():
        hold(now, figures[key], told)


def test_the_walk_leaves_nothing_out(now):
    """All regions of the release, every indicator with values and with absent ones, and exclusions of every kind."""
    figures = published(now, "mart.indicator_value")
    assert {row["region_code"][:4] for row in figures} == set(PREFIXES)
    assert len(figures) >= 102 * sum(len(indicator.bases) for indicator in INDICATORS.values())
    assert {row["indicator"] for row in figures if row["value"] is not None} == INDICATORS.keys()
    assert len({row["absence"] for row in figures}) > 4
    assert len({row["reason"] for row in published(now, "mart.contribution") if row["role"] == "excluded"}) > 4
    assert {row["source_table"] for row in published(now, "mart.contribution")} <= TABLES.keys()


@pytest.mark.parametrize("indicator", INDICATORS)
def test_a_figure_alone_is_explained_as_among_all(now, before, indicator):
    """The command asks for one figure; the walk for many at once."""
    for region in ("330000", "330106"):
        with opened(now, before) as con:
            walked = {cell(vars(each)): each for each in explain_all(con, Chosen(region, indicator), compare=True)}
        for (_, _, year, basis), told in walked.items():
            assert explain(now, region, indicator, year, basis, previous=before) == told


@pytest.mark.slow
@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_changed_since_the_last_release(now, before, prefix):
    """The old value as it was published, and as many records added, gone and changed as the two ledgers tell."""
    region = prefix + "00"
    old = {cell(row): row for row in published(before, "mart.indicator_value")}
    with opened(now, before) as con:
        made = [told for told in explain_all(con, Chosen(region), compare=True) if cell(vars(told)) in old]
    assert made and any(told.change.added for told in made)
    for told in made:
        was, change = old[cell(vars(told))], told.change
        assert (change.release_id, change.value, change.absence) == (f"{BEFORE}.1", was["value"], was["absence"])
        records = [amounts(rows_behind(path, row)) for path, row in ((before, was), (now, vars(told)))]
        assert (change.added, change.removed, change.changed) == differences(*records)
        assert f"新增 {change.added}，不再计入 {change.removed}，改动 {change.changed}" in page(DESK, told)


def amounts(rows: list[Row]) -> dict[tuple, tuple]:
    """What each record puts into numerator and denominator, and the reason it is left out for."""
    records = defaultdict(list)
    for row in rows:
        if row["year"] is not None:
            records[row["source_table"], row["record_key"], row["region_code"], row["year"]].append(row)
    return {
        key: (
            total(own, "numerator", "both"), total(own, "denominator", "both"), {row["reason"] for row in own},
            {row["role"] == "excluded" for row in own},
        )
        for key, own in records.items()
    }  # fmt: skip


def differences(before: dict[tuple, tuple], now: dict[tuple, tuple]) -> tuple[int, int, int]:
    changed = sum(before[key] != now[key] for key in before.keys() & now.keys())
    return len(now.keys() - before.keys()), len(before.keys() - now.keys()), changed


# --- In under a second ----------------------------------------------------------------------------------------

MOST_SECONDS = 1.0
PROGRAM = (sys.executable, "-c", "from pipelines.cli import main; main()")


@pytest.mark.parametrize("region", ["330100", "330000"])
def test_the_command_takes_less_than_a_second(home, region):
    """Of the processor, which a busy machine hardly changes; the best of three."""
    command = [*PROGRAM, "explain", region, "stock_supply_share", "2026", "--home", home.path]
    assert min(run(command).cpu for _ in range(3)) < MOST_SECONDS


def test_the_command_loads_no_more_than_it_needs(home):
    program = (
        "import sys; from pipelines.cli import call\n"
        f"assert call(['explain', '330100', '5', '2026', '--home', {str(home.path)!r}]) == 0\n"
        "print(sorted(sys.modules.keys() & {'dagster', 'great_expectations', 'pandas', 'polars', 'pyarrow', 'numpy'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
