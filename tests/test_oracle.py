"""Every figure and every verdict computed twice: by the product, and by `tests/oracle.py` from the rulebook alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import polars as pl
import pytest

from assets import evaluation, indicators, synthetic
from assets.indicators import inputs
from assets.marts import current_targets
from schemas import policy
from schemas.indicators import INDICATORS
from tests import tangle
from tests.bureau import Bureau
from tests.oracle import Oracle
from tests.oracle_assessments import assessments
from tests.oracle_records import KEYS

#: Event files of these cities alone, which leaves the others unreported: half the reading, and more absences.
SAMPLE = ("330000", "330100", "330500", "330900", "331100")
KEYED = ("年度任务", "建设用地变更调查", "地区生产总值", "步行覆盖", "容积率豁免清单")
EVENTS = ("供地结果", "批而未供台账", "批而未供消化", "闲置土地", "低效用地")


@dataclass
class Comparison:
    """Differences between both, and how many figures were compared."""

    compared: int = 0
    differences: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def province(tmp_path_factory) -> Bureau:
    bureau = Bureau(tmp_path_factory.mktemp("province") / "bureau")
    synthetic.generate(bureau.landing, seed=7, until=date(2028, 2, 15))
    for path in bureau.landing.rglob("*.*"):
        label, city, *_ = [*path.stem.split("_"), ""]
        if label not in KEYED and not (label in EVENTS and city in SAMPLE):
            path.unlink()
    bureau.take_in()
    return bureau


@pytest.mark.slow
@pytest.mark.parametrize("as_of", ["2025-12-31", "2026-03-31", "2026-11-23", "2028-02-15"])
def test_a_province_is_computed_twice_alike(province, as_of):
    found = compare(province, date.fromisoformat(as_of))
    assert not found.differences, "\n".join(found.differences[:20])
    assert found.compared > 1300


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_tangle_is_computed_twice_alike(bureau, seed):
    tangle.hand_in(bureau, seed, files=80)
    bureau.take_in()
    for as_of in (date(2025, 12, 31), date(2026, 5, 1), date(2027, 1, 1)):
        found = compare(bureau, as_of)
        assert not found.differences, "\n".join([str(as_of), *found.differences[:20]])


def test_a_difference_would_be_seen(bureau):
    row = {"电子监管号": "3301062026B00001", "合同签订日期": "2026-03-01"}
    bureau.hand_in("供地结果", row)
    bureau.take_in()
    assert not compare(bureau, date(2026, 11, 23)).differences
    tables, _ = read(bureau)
    tables["land_supply"][0]["existing_area_mu"] += 1
    seen = compare(bureau, date(2026, 11, 23), tables).differences
    assert {text.split()[0] for text in seen} == {"activated_stock_land", "stock_supply_share"}


# --- Both sides -----------------------------------------------------------------------------------------------------


def compare(bureau: Bureau, as_of: date, tables: dict[str, list[dict]] | None = None) -> Comparison:
    read_tables, submissions = read(bureau)
    targets = policy.targets().filter(target_version=policy.target_version(as_of)).to_dicts()
    oracle = Oracle(tables or read_tables, submissions, bureau.regions.frame.to_dicts(), targets, as_of)
    figures, judged = product(bureau, as_of)
    found = Comparison()
    compare_figures(oracle, figures, found)
    compare_assessments(oracle, judged, found)
    return found


def read(bureau: Bureau) -> tuple[dict[str, list[dict]], list[dict]]:
    """Accepted rows with their file's receipt, and the receipts: all that the oracle gets to see."""
    receipt = "s.region_code AS file_region, s.year AS file_year, s.received_on, s.file_name, s.seq"
    joined = f"SELECT c.*, {receipt} FROM core.{{}} c JOIN raw.submission s USING (submission_id)"
    submissions = "SELECT source_table, region_code, year, status, received_on FROM raw.submission WHERE loaded"
    return {name: rows(bureau, joined.format(name)) for name in KEYS}, rows(bureau, submissions)


def rows(bureau: Bureau, sql: str) -> list[dict]:
    cursor = bureau.con.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def product(bureau: Bureau, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    context = bureau.context(str(as_of))
    years = indicators.years(bureau.con, as_of)
    made = {code: indicators.compute(bureau.con, code, context, years) for code in INDICATORS}
    figures = pl.concat(result.figures.with_columns(indicator=pl.lit(code)) for code, result in made.items())
    plans = inputs.load(bureau.con, {"annual_task": ("year", "task", "task_area_mu")}, context)["annual_task"]
    return figures, evaluation.assess(figures, current_targets(context), plans, context)


# --- Comparing ------------------------------------------------------------------------------------------------------


def compare_figures(oracle: Oracle, figures: pl.DataFrame, found: Comparison) -> None:
    seen = set()
    for row in figures.iter_rows(named=True):
        place = (row["indicator"], row["region_code"], row["year"], row["basis"])
        figure = oracle.figure(*place)
        seen.add(place)
        found.compared += 1
        for name in ("period_start", "period_end", "absence", "derived"):
            note(found, place, name, row[name], getattr(figure, name), row[name] == getattr(figure, name))
        note(found, place, "state", row["data_state"], figure.data_state, row["data_state"] == figure.data_state)
        for name in ("value",) if row["absence"] else ("value", "numerator", "denominator"):
            note(found, place, name, row[name], getattr(figure, name), close(row[name], getattr(figure, name)))
    for place in set(oracle.expected_figures()) - seen:
        found.differences.append(f"{place} is not published")


def compare_assessments(oracle: Oracle, judged: pl.DataFrame, found: Comparison) -> None:
    expected = assessments(oracle)
    for row in judged.iter_rows(named=True):
        place = (row["region_code"], row["indicator"], row["year"], row["horizon"])
        own = expected.pop(place)
        named = (row["indicator"], row["region_code"], row["year"], row["horizon"])
        for name in ("value", "target", "expected", "expected_linear", "pace"):
            note(found, named, name, row[name], own[name], close(row[name], own[name]))
        note(found, named, "verdict", row["verdict"], own["verdict"], row["verdict"] == own["verdict"])
        note(found, named, "rank", row["rank"], own["rank"], row["rank"] == own["rank"])
    found.differences += [f"{place} is not assessed" for place in expected]


def close(one, other) -> bool:
    if one is None or other is None:
        return one is None and other is None
    return abs(float(one) - float(other)) <= 1e-9 * max(1, abs(float(one)))


def note(found: Comparison, place: tuple, name: str, made, own, equal: bool) -> None:
    if not equal:
        shown = own if own is None or isinstance(own, (str, bool, date)) else float(own)
        found.differences.append(f"{' '.join(map(str, place))} {name}: {made} published, {shown} recomputed")
