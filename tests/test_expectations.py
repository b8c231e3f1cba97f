"""Every check of the suites holds in a good world and fails when that world is broken in one place."""

from __future__ import annotations

import duckdb
import pytest

from expectations.checks import Check
from expectations.core import _COLUMN_RULES
from expectations.mart import _OWN_WORDS, _WORDS, NULLABLE_KEYS
from expectations.suites import SUITES
from expectations.validate import CheckResult, validate
from schemas.indicators import INDICATORS
from schemas.marts import DOUBLE, MARTS
from schemas.submissions import TABLES
from tests.expectations_world import CITY, COUNTY, OTHER, PROVINCE, WORLD, core, derived, mart

WORLDS = {"core": core, "indicator": derived, "mart": mart}
CHECKS = [check for suite in SUITES.values() for checks in suite.values() for check in checks]


@pytest.fixture(scope="module")
def worlds():
    return {layer: make() for layer, make in WORLDS.items()}


@pytest.fixture
def con(worlds, request):
    """A world that is put back as it was after each test."""
    layer = request.param if hasattr(request, "param") else "mart"
    con = worlds[layer]
    con.begin()
    yield con
    con.rollback()


def validated(con: duckdb.DuckDBPyConnection, layer: str, tables=None, **more) -> list[CheckResult]:
    return validate(con, layer, tables, regions=WORLD, **more)


# --- How to break each check ------------------------------------------------------------------------------------------

_BAD = {
    "required": "NULL", "choices": "'没有这一项'", "areas": "0", "parts": "-1", "far": "0.05",
    "dates": "DATE '1986-12-31'", "years": "1986", "ranges": "0",
}  # fmt: skip
_EVERY_TABLE = {
    "region_known": "UPDATE {t} SET region_code = '999999'",
    "region_in_force": "UPDATE core.region SET last_day = '1990-01-01' WHERE code IN ('330100', '330102')",
    "region_of_submitter": "UPDATE {t} SET region_code = '330200'",
    "provenance": "UPDATE {t} SET submission_id = 'no such receipt'",
    "natural_key": "UPDATE {t} SET record_key = 'another'",
    "one_row_per_key": "INSERT INTO {t} FROM {t}",
}
#: The city's row once more as its county's, but for a change.
COUNTY_ROW = (
    "CREATE TEMP TABLE a_row AS FROM {{t}};"
    f" UPDATE a_row SET record_key = 'county', region_code = '{COUNTY}', {{}};"
    " INSERT INTO {{t}} FROM a_row; DROP TABLE a_row"
)
_RELATIONS = {
    ("land_supply", "area_identity"): "UPDATE {t} SET new_area_mu = new_area_mu + 0.002",
    ("unsupplied_digestion", "approval_no_known"): "DELETE FROM core.approved_unsupplied",
    ("idle_land", "determined_after_a_year"): "UPDATE {t} SET determination_date = agreed_start_date + 364",
    ("idle_land", "disposed_after_determined"): "UPDATE {t} SET disposal_date = determination_date - 1",
    ("idle_land", "disposed_within_idle"): "UPDATE {t} SET disposed_area_mu = idle_area_mu + 0.000001",
    ("idle_land", "idle_within_supplied"): "UPDATE {t} SET idle_area_mu = supplied_area_mu + 0.000001",
    ("idle_land", "supervision_no_known"): "UPDATE {t} SET supervision_no = 'unknown'",
    ("inefficient_land", "supply_supervision_no_known"): "DELETE FROM core.land_supply",
    ("unsupplied_digestion", "within_batch"): "UPDATE core.approved_unsupplied SET remaining_area_mu = 0.000001",
    ("annual_task", "counties_add_up"): COUNTY_ROW.format("task_area_mu = 10"),
    ("construction_land", "counties_add_up"): COUNTY_ROW.format("area_mu = area_mu * 1.01"),
    ("gdp", "counties_add_up"): COUNTY_ROW.format("gdp_wan_yuan = gdp_wan_yuan * 0.99"),
    ("construction_land", "total_positive"): "UPDATE {t} SET area_mu = 0",
    ("far_exemption", "supervision_no_known"): "DELETE FROM core.land_supply",
}


def _core_breaks() -> dict[tuple[str, str], str]:
    breaks = dict(_RELATIONS)
    for table in TABLES.values():
        breaks |= {(table.name, name): sql for name, sql in _EVERY_TABLE.items()}
        for name, _, _, _, condition in _COLUMN_RULES:
            columns = [column.name for column in table.columns if condition(table, column)]
            if columns:
                breaks[table.name, name] = "UPDATE {t} SET " + ", ".join(f"{each} = {_BAD[name]}" for each in columns)
    return {key: sql.format(t=f"core.{key[0]}") for key, sql in breaks.items()}


_FIGURE = f"indicator = 'activated_stock_land' AND region_code = '{CITY}' AND basis = 'annual'"
_HISTORY_AND_VALUE = {
    "value_or_absence": f"UPDATE {{t}} SET absence = 'not_reported' WHERE {_FIGURE}",
    "unit": f"UPDATE {{t}} SET unit = '公顷' WHERE {_FIGURE}",
    "basis_of_indicator": "UPDATE {t} SET basis = 'period' WHERE indicator = 'walk15_coverage'",
    "period": f"UPDATE {{t}} SET period_end = '2025-07-01' WHERE {_FIGURE}",
    "plausible": f"UPDATE {{t}} SET value = -1 WHERE {_FIGURE}",
    "share_within_100": "UPDATE {t} SET value = 100.1 WHERE indicator = 'walk15_coverage' AND value IS NOT NULL",
    "value_follows": f"UPDATE {{t}} SET value = value + 0.01 WHERE {_FIGURE}",
    "absent_denominator": "UPDATE {t} SET value = 0 WHERE absence = 'not_applicable'",
    "state_given": f"UPDATE {{t}} SET data_state = NULL WHERE {_FIGURE}",
}
_SPECIFIC = {
    ("indicator_value", "numerator_is_sum"):
        "UPDATE mart.contribution SET amount = amount + 0.000000001 WHERE record_key = 'S2'",
    ("indicator_value", "denominator_is_sum"): "DELETE FROM mart.contribution WHERE record_key = '330000|2025'",
    ("indicator_value", "records_counted"): f"UPDATE {{t}} SET record_count = 2 WHERE {_FIGURE}",
    ("indicator_value", "complete"): f"DELETE FROM {{t}} WHERE {_FIGURE}",
    ("indicator_value", "region_current"): "UPDATE {t} SET region_code = '330103' WHERE region_code = '330102'",
    ("indicator_value", "one_release"): f"UPDATE {{t}} SET release_id = 'r0' WHERE {_FIGURE}",
    ("indicator_value", "redeveloped_within_activated"):
        f"UPDATE {{t}} SET value = 100.5 WHERE indicator = 'redeveloped_inefficient_land' AND region_code = '{CITY}'",
    ("indicator_value", "land_per_gdp_among_cities"):  # 51 公顷/亿元 among 10
        "INSERT INTO {t} SELECT v.* REPLACE (printf('33%02d00', n) AS region_code, 'city' AS region_level, 2025 AS year,"
        " 'cumulative' AS basis, CASE n WHEN 50 THEN 51 ELSE 10 END AS numerator)"
        " FROM (FROM {t} WHERE indicator = 'land_per_gdp_reduction' LIMIT 1) AS v, range(46, 51) AS cities(n)",
    ("indicator_history", "known_in_time"): "UPDATE {t} SET known_on = '2025-06-29' WHERE basis = 'annual'",
    ("indicator_part", "value_or_absence"): "UPDATE {t} SET value = NULL",
    ("indicator_part", "has_figure"): "UPDATE {t} SET year = 2024",
    ("indicator_part", "labelled"): "UPDATE {t} SET part_label = NULL",
    ("target", "value_given"): "UPDATE {t} SET value = NULL WHERE horizon = 2030",
    ("target", "unit"): "UPDATE {t} SET unit = '公顷' WHERE indicator = 'industrial_far'",
    ("target", "cities_sum_to_province"): f"UPDATE {{t}} SET value = value + 1 WHERE region_code = '{OTHER}'",
    ("target", "plan_totals"): "UPDATE {t} SET value = value * 1.1 WHERE indicator = 'activated_stock_land'",
    ("target", "complete"):
        f"DELETE FROM {{t}} WHERE region_code = '{CITY}' AND indicator = 'industrial_far' AND horizon = 2030",
    ("contribution", "amount_given"): "UPDATE {t} SET amount = NULL WHERE record_key = 'S2'",
    ("contribution", "unit"): "UPDATE {t} SET unit = '亩' WHERE indicator = 'industrial_far'",
    ("contribution", "excluded_has_reason"): "UPDATE {t} SET reason = NULL WHERE role = 'excluded'",
    ("contribution", "listed_reason"): "UPDATE {t} SET reason = 'because' WHERE role = 'excluded'",
    ("contribution", "year_of_event"): "UPDATE {t} SET event_date = '2024-12-31' WHERE record_key = 'S2'",
    ("contribution", "not_after_as_of"): "UPDATE {t} SET event_date = '2025-07-01' WHERE record_key = 'S2'",
    ("contribution", "in_its_city"): f"UPDATE {{t}} SET city_code = '{COUNTY}' WHERE record_key = 'S2'",
    ("contribution", "claim_known"): "UPDATE {t} SET claimed_by = 'land_supply:S9' WHERE role = 'excluded'",
    ("contribution", "has_figure"): f"DELETE FROM mart.indicator_value WHERE region_code = '{OTHER}'",
    ("contribution", "traceable"): "UPDATE {t} SET file_name = NULL WHERE record_key = 'S2'",
    ("assessment", "unit"): "UPDATE {t} SET unit = '公顷' WHERE indicator = 'industrial_far'",
    ("assessment", "judged_basis"): "UPDATE {t} SET basis = 'annual' WHERE indicator = 'activated_stock_land'",
    ("assessment", "matches_figure"):
        f"UPDATE {{t}} SET value = value + 1 WHERE indicator = 'industrial_far' AND region_code = '{CITY}'",
    ("assessment", "has_target"): f"UPDATE {{t}} SET region_code = '{COUNTY}' WHERE region_code = '{CITY}'",
    ("assessment", "target_is_the_plans"): f"UPDATE {{t}} SET target = target - 1 WHERE region_code = '{CITY}'",
    ("assessment", "complete"): f"DELETE FROM {{t}} WHERE region_code = '{OTHER}' AND horizon = 2030",
    ("assessment", "verdict_or_absence"): "UPDATE {t} SET verdict = 'on_track' WHERE absence IS NOT NULL",
    ("assessment", "verdict_follows"): "UPDATE {t} SET verdict = 'achieved' WHERE verdict = 'behind'",
    ("assessment", "gap_follows"): "UPDATE {t} SET gap = gap + 0.001 WHERE gap IS NOT NULL",
    ("assessment", "rank"): f"UPDATE {{t}} SET rank = 3 WHERE region_code = '{OTHER}' AND rank = 2",
    ("submission", "lines_add_up"): "UPDATE {t} SET lines = 11",
    ("submission", "listed_status"): "UPDATE {t} SET status = 'ok'",
    ("submission", "sha256"): "UPDATE {t} SET file_sha256 = file_sha256 || 'a'",
    ("submission", "rejected_loads_nothing"): "UPDATE {t} SET status = 'rejected'",
    ("submission", "quarantine_explained"): "DELETE FROM mart.quality_finding",
    ("quality_finding", "belongs_to_submission"): "UPDATE {t} SET receipt_no = 'H2'",
    ("quality_finding", "quarantined_by_error"): "UPDATE {t} SET severity = 'warning'",
    ("quality_finding", "rule_number"): "UPDATE {t} SET rule = '31011'",
    ("quality_finding", "says_what_to_do"): "UPDATE {t} SET suggestion = ' '",
    ("data_dictionary", "covers_marts"): "DELETE FROM {t} WHERE name = 'target.kind'",
    ("revision", "adds_up"): "UPDATE {t} SET effect_new = effect_new + 0.000000001",
    ("revision", "explained"): "UPDATE {t} SET effect_other = 1",
    ("plausibility", "jumps_acknowledged"): "UPDATE {t} SET state = 'open'",
    ("plausibility", "acknowledgement_signed"): "UPDATE {t} SET reason = ' '",
    ("objection", "resolved_with_reason"): "UPDATE {t} SET resolution = NULL",
    ("objection", "listed_state"): "UPDATE {t} SET state = 'perhaps'",
    ("submission_due", "complete"): "DELETE FROM {t} WHERE source_table = 'gdp'",
    ("submission_due", "handed_in"): "UPDATE {t} SET state = 'missing'",
    ("distribution", "steady"): "UPDATE {t} SET state = 'drifted'",
    ("quality_check", "critical_passed"): "UPDATE {t} SET passed = false WHERE table_name = 'gdp'",
    ("quality_check", "every_table_checked"): "DELETE FROM {t} WHERE table_name = 'gdp'",
    ("indicator_value", "counties_add_up"):
        f"UPDATE {{t}} SET numerator = numerator + 1 WHERE region_code = '{COUNTY}' AND basis = 'annual'",
    ("release_info", "facts_given"): "UPDATE {t} SET value = '' WHERE name = 'as_of'",
}  # fmt: skip


def _mart_breaks() -> dict[tuple[str, str], str]:
    breaks = dict(_SPECIFIC)
    for table in ("indicator_value", "indicator_history"):
        breaks |= {(table, name): sql for name, sql in _HISTORY_AND_VALUE.items()}
    for each in MARTS.values():
        keys = [name for name in each.key if (each.name, name) not in NULLABLE_KEYS]
        doubles = [column.name for column in each.columns if column.type == DOUBLE]
        words = [name for name in each.names if name in _WORDS or (each.name, name) in _OWN_WORDS]
        breaks[each.name, "grain"] = "INSERT INTO {t} FROM {t}"
        breaks[each.name, "key_given"] = "UPDATE {t} SET " + ", ".join(f'"{name}" = NULL' for name in keys)
        if doubles:
            breaks[each.name, "finite"] = "UPDATE {t} SET " + ", ".join(f"\"{name}\" = 'nan'" for name in doubles)
        if words:
            breaks[each.name, "words"] = "UPDATE {t} SET " + ", ".join(f"\"{name}\" = '1999'" for name in words)
    return {key: sql.format(t=f"mart.{key[0]}") for key, sql in breaks.items()}


#: Of one indicator: its ledger {t}, and the figures of all.
_INDICATOR = {
    "traceable": "UPDATE {t} SET submission_id = 'no such receipt'",
    "own_inputs": "UPDATE {t} SET source_table = 'park_performance'",
    "amounts": "UPDATE {t} SET amount = -1",
    "roles": "UPDATE {t} SET role = 'excluded', reason = NULL",
    "value_or_absence": "UPDATE indicator.figure SET value = NULL, absence = NULL",
    "one_figure_a_cell": "INSERT INTO indicator.figure FROM indicator.figure",
    "one_state": "UPDATE indicator.state SET inputs = 'others' WHERE year = 2026",
}

BREAKS = {("core", *key): sql for key, sql in _core_breaks().items()}
BREAKS |= {
    ("indicator", code, name): sql.format(t=f"indicator.{code}")
    for code in INDICATORS
    for name, sql in _INDICATOR.items()
}
BREAKS |= {("mart", *key): sql for key, sql in _mart_breaks().items()}


def test_every_check_has_a_way_to_break_it():
    assert {(check.layer, check.table, check.name) for check in CHECKS} == set(BREAKS)


def test_names_are_unique_within_a_table():
    assert len({(check.layer, check.table, check.name) for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("layer", SUITES)
def test_a_good_world_passes_every_check(worlds, layer):
    results = validated(worlds[layer], layer)
    assert [(result.table, result.name, result.sample, result.error) for result in results if not result.passed] == []
    assert [result.check for result in results] == [check for check in CHECKS if check.layer == layer]


@pytest.mark.parametrize(
    ("con", "check"),
    [pytest.param(check.layer, check, id=f"{check.layer}-{check.table}-{check.name}") for check in CHECKS],
    indirect=["con"],
)
def test_a_broken_world_fails_the_check(con: duckdb.DuckDBPyConnection, check: Check):
    con.execute(BREAKS[check.layer, check.table, check.name])
    (result,) = validated(con, check.layer, [check.table], names=[check.name])
    assert (result.passed, result.error) == (False, None)
    assert result.unexpected > 0
    # GX counts what the query lists, and the sample names rows of it
    assert con.execute(f"SELECT count(*) FROM ({result.sql})").fetchone()[0] == result.unexpected
    assert len(result.sample) == min(result.unexpected, 20)


@pytest.mark.parametrize(
    ("con", "table", "name"),
    [
        pytest.param("core", table.name, name, id=f"{table.name}-{name}")
        for table in TABLES.values()
        for name, _, _, _, condition in _COLUMN_RULES
        if any(condition(table, column) for column in table.columns)
    ],
    indirect=["con"],
)
def test_a_rule_on_columns_names_every_broken_column(con, table, name):
    """The break hits every column concerned; the finding must name all of them."""
    condition = next(each[4] for each in _COLUMN_RULES if each[0] == name)
    con.execute(BREAKS["core", table, name])
    (result,) = validated(con, "core", [table], names=[name])
    ((columns,),) = con.execute(f'SELECT "columns" FROM ({result.sql})').fetchall()
    assert columns.split("、") == [each.label for each in TABLES[table].columns if condition(TABLES[table], each)]


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        # the province's own task row replaces its cities' tasks: 2 / 8
        (f"amount = 9 WHERE record_key = '{PROVINCE}|2025'", {"idle_disposal_rate"}),
        # a city's task row counts for the city alone there
        (f"amount = 7 WHERE record_key = '{OTHER}|2025' AND indicator = 'idle_disposal_rate'", set()),
        # without a row of its own the province pools its cities: 3 / (5 + 10)
        (f"amount = 7 WHERE record_key = '{OTHER}|2025' AND indicator = 'unsupplied_digestion_rate'",
         {"unsupplied_digestion_rate"}),
        # rows of another basis do not belong to the figure
        ("basis = 'annual' WHERE indicator = 'land_per_gdp_reduction'", {"land_per_gdp_reduction"}),
        # its land per GDP stands in its own name, and a city's rows are no part of it
        (f"amount = 9 WHERE region_code = '{CITY}' AND indicator = 'land_per_gdp_reduction'", set()),
        # rows without a city are never added up
        ("city_code = NULL WHERE record_key = 'S1' AND indicator = 'industrial_far'", {"industrial_far"}),
    ],
)  # fmt: skip
def test_which_contributions_belong_to_the_province(con, change, broken):
    con.execute(f"UPDATE mart.contribution SET {change}")
    (result,) = validated(con, "mart", ["indicator_value"], names=["denominator_is_sum"])
    of_province = {key.split("|")[1] for key in result.sample if key.startswith(PROVINCE)}
    assert of_province == broken


def test_cumulative_figures_take_in_the_years_since_2025(con):
    """A record of 2025 belongs to the cumulative figure of 2026, not to the annual one."""
    con.execute("UPDATE mart.release_info SET value = '2026-06-30' WHERE name = 'as_of'")
    con.execute(
        "UPDATE mart.indicator_value SET year = 2026, as_of = '2026-06-30', period_end = '2026-06-30',"
        " period_start = CASE WHEN basis = 'annual' THEN DATE '2026-01-01' ELSE period_start END"
    )
    (result,) = validated(con, "mart", ["indicator_value"], names=["numerator_is_sum"])
    areas = sorted(key for key in result.sample if key.startswith(f"{CITY}|activated"))
    assert areas == [f"{CITY}|activated_stock_land|2026|annual"]


def test_ties_may_share_a_rank_either_way(con):
    con.execute("UPDATE mart.assessment SET rank = 2 WHERE indicator = 'activated_stock_land' AND rank = 1")
    (result,) = validated(con, "mart", ["assessment"], names=["rank"])
    assert result.unexpected == 4  # both cities, both horizons: a tie for the first place is rank 1
