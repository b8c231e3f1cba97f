"""A small province in which every check holds: two cities, one county, one year; figures to be checked by hand.

As of 2025-06-30. City 330100 with county 330102, city 330200; county 330103 was abolished on 2021-04-08.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import polars as pl

from assets import indicators
from assets.core import write_regions
from assets.warehouse import append, create
from expectations.mart import _OWN_WORDS, _WORDS
from schemas.indicators import INDICATORS, OWED
from schemas.marts import DOUBLE, MARTS, Mart
from schemas.policy import Regions
from schemas.submissions import TABLES, WALK_CLASSES
from schemas.trust import VALUE_CAUSES
from tests.bureau import Bureau, supervision_no
from tests.checking_files import checked, row

SHA = "a" * 64
PROVINCE, CITY, OTHER, COUNTY = "330000", "330100", "330200", "330102"
REGIONS = [
    (PROVINCE, "浙江省", "province", "330000", None, None),
    (CITY, "杭州市", "city", "330000", CITY, None),
    (OTHER, "宁波市", "city", "330000", OTHER, None),
    (COUNTY, "上城区", "county", "330000", CITY, None),
    ("330103", "下城区", "county", "330000", CITY, "2021-04-08"),
]

WORLD = Regions(
    pl.DataFrame(
        REGIONS, ("code", "name", "level", "province_code", "city_code", "last_day"), orient="row"
    ).with_columns(pl.col("last_day").str.to_date(), successor_code=pl.lit(None, pl.String))
)

# indicator, region, city, basis, source_table, key, role, amount
_SUPPLY, _PATCH, _LAND, _WALK = "land_supply", "inefficient_land", "construction_land", "walk_coverage"
ACTIVATED, REDEVELOPED, DIGESTION, IDLE, SHARE, FAR, GDP, WALK = INDICATORS
CONTRIBUTIONS = [
    (ACTIVATED, COUNTY, CITY, None, _SUPPLY, "S1", "numerator", 100),
    (ACTIVATED, COUNTY, CITY, None, "idle_land", "C1", "excluded", 0),  # its parcel was claimed by S1
    (ACTIVATED, OTHER, OTHER, None, _SUPPLY, "S2", "numerator", 50),
    (REDEVELOPED, COUNTY, CITY, None, _PATCH, "T1", "numerator", 40),
    (DIGESTION, COUNTY, CITY, None, "unsupplied_digestion", "D1", "numerator", 3),
    (DIGESTION, CITY, CITY, None, "annual_task", "330100|2025", "denominator", 5),
    (DIGESTION, OTHER, OTHER, None, "annual_task", "330200|2025", "denominator", 10),
    (IDLE, COUNTY, CITY, None, "idle_land", "C1", "numerator", 2),
    (IDLE, CITY, CITY, None, "annual_task", "330100|2025", "denominator", 4),
    (IDLE, OTHER, OTHER, None, "annual_task", "330200|2025", "denominator", 6),
    (IDLE, PROVINCE, None, None, "annual_task", "330000|2025", "denominator", 8),  # replaces its cities' tasks
    (SHARE, COUNTY, CITY, None, _SUPPLY, "S1", "numerator", 4),
    (SHARE, COUNTY, CITY, None, _SUPPLY, "S1", "denominator", 10),
    (FAR, COUNTY, CITY, None, _SUPPLY, "S1", "numerator", 20),
    (FAR, COUNTY, CITY, None, _SUPPLY, "S1", "denominator", 10),
    (GDP, CITY, CITY, "cumulative", _LAND, "330100|2025|合计", "numerator", 7),
    (GDP, CITY, CITY, "cumulative", _LAND, "330100|2025|合计", "denominator", 7),
    (GDP, PROVINCE, None, "cumulative", _LAND, "330100|2025|合计", "numerator", 7),  # in its own name
    (GDP, PROVINCE, None, "cumulative", _LAND, "330100|2025|合计", "denominator", 7),
    (WALK, CITY, CITY, None, _WALK, "330100|2025|文化", "numerator", 80),
    (WALK, CITY, CITY, None, _WALK, "330100|2025|文化", "denominator", 100),
]
# indicator → region → (value, numerator, denominator, absence, records); the same for every basis that is not listed
NONE = (None, None, None, "not_due", 0)
_EMPTY = (None, 0, 0, "not_applicable", 0)
FIGURES = {
    ACTIVATED: {PROVINCE: (150, 150, None, None, 2), CITY: (100, 100, None, None, 1), COUNTY: (100, 100, None, None, 1),
                OTHER: (50, 50, None, None, 1)},
    REDEVELOPED: {PROVINCE: (40, 40, None, None, 1), CITY: (40, 40, None, None, 1), COUNTY: (40, 40, None, None, 1),
                  OTHER: (0, 0, None, None, 0)},
    DIGESTION: {PROVINCE: (20, 3, 15, None, 1), CITY: (60, 3, 5, None, 1), COUNTY: (None, 3, None, "not_assigned", 1),
                OTHER: (0, 0, 10, None, 0)},
    IDLE: {PROVINCE: (25, 2, 8, None, 1), CITY: (50, 2, 4, None, 1), COUNTY: (None, 2, None, "not_assigned", 1),
           OTHER: (0, 0, 6, None, 0)},
    SHARE: {PROVINCE: (40, 4, 10, None, 2), CITY: (40, 4, 10, None, 2), COUNTY: (40, 4, 10, None, 2), OTHER: _EMPTY},
    FAR: {PROVINCE: (2, 20, 10, None, 2), CITY: (2, 20, 10, None, 2), COUNTY: (2, 20, 10, None, 2), OTHER: _EMPTY},
    (GDP, "annual"): {each: (None, None, None, "no_baseline", 0) for each in (PROVINCE, CITY, COUNTY, OTHER)},
    (GDP, "cumulative"): {PROVINCE: (0, 7, 7, None, 2), CITY: (0, 7, 7, None, 2), COUNTY: NONE, OTHER: NONE},
    WALK: {PROVINCE: (80, 80, 100, None, 2), CITY: (80, 80, 100, None, 2), COUNTY: NONE, OTHER: NONE},
}  # fmt: skip
#: indicator → 2027 target of (province, city, other); those of 2030 are twice the areas and the same for the rest.
TARGETS = {
    ACTIVATED: (300_000, 200_000, 100_000), REDEVELOPED: (150_000, 100_000, 50_000), DIGESTION: (100, 100, 100),
    IDLE: (100, 100, 100), SHARE: (50, 30, 50), FAR: (1.8, 1.8, 1.8), GDP: (8, 8, 8), WALK: (5, 85, 85),
}  # fmt: skip


def core() -> duckdb.DuckDBPyConnection:
    """A warehouse with one good row in every core table, as the door accepted it."""
    con = duckdb.connect()
    create(con)
    write_regions(con, WORLD)
    for table in TABLES:
        # what the good patch refers to exists here
        changes = {"supply_supervision_no": "3301022026B00012"} if table == "inefficient_land" else {}
        accepted = checked(table, [row(table, **changes)]).accepted
        append(con, f"core.{table}", accepted.with_columns(submission_id=pl.lit(f"receipt-{table}")))
        con.execute(
            "INSERT INTO raw.submission (submission_id, region_code, year, received_on, loaded)"
            " VALUES (?, '330100', 2026, DATE '2026-11-23', true)",
            [f"receipt-{table}"],
        )
    return con


def derived() -> duckdb.DuckDBPyConnection:
    """A warehouse with the eight indicators, each with records, computed from files of one city."""
    bureau = Bureau(Path(tempfile.mkdtemp()) / "bureau")
    bureau.hand_in("供地结果", {"电子监管号": supervision_no(1), "土地用途代码": "0601", "约定容积率下限": "1.5"})
    bureau.hand_in("批而未供台账", {"批文号": "B1"})
    bureau.hand_in("批而未供消化", {"消化编号": "X1"})
    bureau.hand_in("闲置土地", {"认定书编号": "R1"})
    bureau.hand_in("低效用地", {"图斑编号": "T1"})
    bureau.hand_in("年度任务", {}, {"任务": "闲置土地处置"})
    bureau.hand_in("建设用地变更调查", {}, year=2025)
    bureau.hand_in("地区生产总值", {}, year=2025)
    bureau.hand_in("步行覆盖", *({"设施类别": each} for each in WALK_CLASSES), year=2025)
    bureau.take_in()
    for code in INDICATORS:
        indicators.derive(bureau.con, code, bureau.context())
    return bureau.con


def mart() -> duckdb.DuckDBPyConnection:
    """A build database in which every mart has rows."""
    con = duckdb.connect()
    con.execute("CREATE SCHEMA mart")
    for each in MARTS.values():
        con.execute(each.ddl())
    _contributions(con)
    _figures(con)
    _targets(con)
    _assessments(con)
    _receipts(con)
    _trust(con)
    _gates(con)
    con.executemany("INSERT INTO mart.release_info (name, value) VALUES (?, ?)", RELEASE.items())
    columns = [(f"{each.name}.{name}",) for each in MARTS.values() for name in each.names]
    con.executemany("INSERT INTO mart.data_dictionary (object, name, label) VALUES ('column', ?, '标签')", columns)
    for each in MARTS.values():
        if not con.execute(f"SELECT count(*) FROM mart.{each.name}").fetchone()[0]:
            _any_row(con, each)
    return con


RELEASE = {
    "release_id": "r1", "as_of": "2025-06-30", "rule_version": "2025.1", "target_version": "2025.1",
    "contract_version": "2025.1", "made_at": "2025-07-01T02:00:00",
}  # fmt: skip


def _contributions(con: duckdb.DuckDBPyConnection) -> None:
    rows = [
        (indicator, region, city,
         None if INDICATORS[indicator].annual_input or table == "annual_task" else "2025-03-01", 2025, basis,
         table, key, role, amount, str(INDICATORS[indicator].part_unit),
         "already_claimed" if role == "excluded" else None, "land_supply:S1" if role == "excluded" else None)
        for indicator, region, city, basis, table, key, role, amount in CONTRIBUTIONS
    ]  # fmt: skip
    con.executemany(
        "INSERT INTO mart.contribution (indicator, region_code, city_code, event_date, year, basis, source_table,"
        " record_key, role, amount, unit, reason, claimed_by, file_sha256, file_name, row_number)"
        f" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{SHA}', '供地结果_330100_2025.csv', 2)",
        rows,
    )


def _figures(con: duckdb.DuckDBPyConnection) -> None:
    levels = {code: level for code, _, level, *_ in REGIONS}
    rows = []
    for indicator in INDICATORS.values():
        for basis in indicator.bases:
            by_region = FIGURES.get(indicator.code) or FIGURES[indicator.code, str(basis)]
            for region, (value, numerator, denominator, absence, records) in by_region.items():
                rows.append(
                    (region, levels[region], indicator.code, str(basis), value, str(indicator.unit), numerator,
                     denominator, str(indicator.part_unit), absence, records)
                )  # fmt: skip
    con.executemany(
        "INSERT INTO mart.indicator_value (region_code, region_level, indicator, year, basis, period_start, period_end,"
        " value, unit, numerator, denominator, part_unit, absence, data_state, record_count, rule_version, as_of,"
        " release_id)"
        " VALUES (?, ?, ?, 2025, ?, '2025-01-01', '2025-06-30', ?, ?, ?, ?, ?, ?, 'provisional', ?, '2025.1',"
        " '2025-06-30', 'r1')",
        rows,
    )
    con.execute("INSERT INTO mart.indicator_history BY NAME SELECT *, as_of AS known_on FROM mart.indicator_value")
    con.execute(
        "INSERT INTO mart.indicator_part BY NAME SELECT region_code AS region, region_level, indicator, year, basis,"
        " 'resupply' AS part, '供地' AS part_label, value, unit, absence FROM mart.indicator_value WHERE indicator = ?",
        [ACTIVATED],
    )


def _targets(con: duckdb.DuckDBPyConnection) -> None:
    rows = []
    for code, values in TARGETS.items():
        for place, region in enumerate((PROVINCE, CITY, OTHER)):
            for horizon in (2027, 2030):
                twice = 2 if horizon == 2030 and code in (ACTIVATED, REDEVELOPED) else 1
                kind = "relative_rise" if (code, region) == (WALK, PROVINCE) else "level"
                level = "province" if region == PROVINCE else "city"
                rows.append((region, level, code, horizon, values[place] * twice, str(INDICATORS[code].unit), kind))
    con.executemany(
        "INSERT INTO mart.target"
        " (region_code, region_level, indicator, horizon, operator, value, unit, kind, target_version)"
        " VALUES (?, ?, ?, ?, '>=', ?, ?, ?, '2025.1')",
        rows,
    )


def _assessments(con: duckdb.DuckDBPyConnection) -> None:
    """Values as in the figures; the FAR of 2.0 achieves 1.8; the 2030 period of indicators 5 and 6 has not begun."""
    judged = ", ".join(f"('{each.code}', '{each.judged}')" for each in INDICATORS.values())
    not_begun = f"v.indicator IN ('{SHARE}', '{FAR}') AND t.horizon = 2030"
    con.execute(
        f"""INSERT INTO mart.assessment BY NAME
        SELECT v.region_code, v.region_level, v.indicator, v.year, t.horizon, v.basis, v.unit, t.target_version,
          CASE WHEN {not_begun} THEN NULL ELSE v.value END AS value,
          CASE WHEN {not_begun} THEN 'not_due' ELSE v.absence END AS absence,
          CASE WHEN t.kind = 'level' THEN t.value END AS target,
        FROM mart.indicator_value v JOIN (VALUES {judged}) j(indicator, basis) USING (indicator, basis)
        JOIN mart.target t ON (t.region_code, t.indicator) = (v.region_code, v.indicator)"""
    )
    con.execute(
        """UPDATE mart.assessment SET gap = value - target, progress = value / target, verdict = CASE
        WHEN absence IS NOT NULL THEN absence WHEN value >= target THEN 'achieved' ELSE 'behind' END,
        rank = CASE WHEN value IS NULL OR region_code = '330000' THEN NULL
        WHEN region_code = '330200' AND indicator <> 'walk15_coverage' THEN 2 ELSE 1 END"""
    )
    # 100 of 200,000 亩 and 50 of 100,000 亩 are the same progress: they share rank 1.
    con.execute("UPDATE mart.assessment SET rank = 1 WHERE indicator = ? AND region_code = '330200'", [ACTIVATED])


def _receipts(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "INSERT INTO mart.submission (receipt_no, file_name, file_sha256, status, lines, rows_loaded, rows_quarantined,"
        f" lines_skipped) VALUES ('H1', '供地结果_330100_2025.csv', '{SHA}', 'partly_accepted', 10, 8, 1, 1)"
    )
    con.execute(
        "INSERT INTO mart.quality_finding"
        " (finding_no, receipt_no, file_name, rule, severity, message, suggestion, quarantined)"
        " VALUES (1, 'H1', '供地结果_330100_2025.csv', '3101', 'error', '面积必须大于 0', '请核对', true)"
    )


def _trust(con: duckdb.DuckDBPyConnection) -> None:
    """S1 is new in this release: 60 of 100 亩; the jump was looked at; one objection is answered."""
    cell = f"'{CITY}', 'city', '{ACTIVATED}', 2025, 'annual'"
    place = "region_code, region_level, indicator, year, basis"
    effects = [f"effect_{cause}" for cause in VALUE_CAUSES]
    amounts = ["60" if cause == "new" else "0" for cause in VALUE_CAUSES]
    con.execute(
        f"INSERT INTO mart.revision ({place}, old_release_id, new_release_id, old_value, new_value, change, cause,"
        f" {', '.join(effects)}) VALUES ({cell}, 'r0', 'r1', 40, 100, 60, 'new', {', '.join(amounts)})"
    )
    con.execute(
        f"INSERT INTO mart.plausibility ({place}, kind, jump, state, acknowledged_by, reason, expires_on)"
        f" VALUES ({cell}, 'factor', 2.5, 'acknowledged', '张三', '集中报送', DATE '2025-12-31')"
    )
    con.execute(
        "INSERT INTO mart.objection (objection_no, on_release, region_code, indicator, year, text, state, resolution)"
        f" VALUES (1, 'r0', '{CITY}', '{ACTIVATED}', 2025, '少计一宗', 'resolved', '已补报')"
    )


def _gates(con: duckdb.DuckDBPyConnection) -> None:
    """Both cities have handed in what they owe; every other table has a check that passed."""
    con.execute(
        "INSERT INTO mart.submission_due (region_code, source_table, year, state)"
        f" SELECT unnest(['{CITY}', '{OTHER}']), t, 2025, 'accepted' FROM (SELECT unnest({list(OWED)}) AS t)"
    )
    con.execute(
        "INSERT INTO mart.distribution (region_code, region_level, measure, year, state)"
        f" VALUES ('{CITY}', 'city', 'industrial_far', 2025, 'steady')"
    )
    tables = [("core", name) for name in TABLES] + [("indicator", code) for code in INDICATORS]
    tables += [("mart", name) for name in MARTS if name != "quality_check"]
    con.executemany(
        "INSERT INTO mart.quality_check (layer, table_name, check_name, severity, passed)"
        " VALUES (?, ?, 'grain', 'critical', true)",
        tables,
    )


def _any_row(con: duckdb.DuckDBPyConnection, each: Mart) -> None:
    """One row that its declaration allows: for marts that have no checks of their own."""
    simple = {"INTEGER": 1, "BIGINT": 1, "BOOLEAN": True, "DATE": "2025-06-30", DOUBLE: 1.0, "VARCHAR": "x"}
    values = []
    for column in each.columns:
        words = _WORDS.get(column.name) or _OWN_WORDS.get((each.name, column.name))
        values.append(words[0] if words else simple.get(column.type, 1))
    con.execute(f"INSERT INTO mart.{each.name} VALUES ({', '.join('?' * len(values))})", values)
