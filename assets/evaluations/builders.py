"""From the warehouse to the evaluation marts: reads, places, hands to the pure functions beside. One builder a mart."""

from __future__ import annotations

from functools import partial

import duckdb
import polars as pl

from assets import core, evaluation, forecast, once
from assets.context import Context
from assets.evaluations import deadlines, parks, progress, tables, trajectory
from assets.indicators import figures, inputs
from assets.relations import is_cancelled
from schemas import policy
from schemas.indicators import FIRST_YEAR, INDICATORS
from schemas.submissions import CANCELLED, PLAN_ACTIVATION, PLAN_REDEVELOPMENT, TABLES
from schemas.table import Table

ACTIVATED = "activated_stock_land"

# --- Assessments -----------------------------------------------------------------------------------------------------


def judged(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    """The assessments of the context's targets, with forecasts: all of `evaluation.ASSESSMENT` and forecast trios.

    Four marts are made from them.
    """
    key = "judged", context.as_of, context.rules.label, context.target_version
    return once.work_out(key, partial(_judged, con, context))


def _judged(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    made, targets = _figures(con), current_targets(context)
    regions = targets["region_code"].unique().to_list()
    of_plan = made.filter(pl.col("region_code").is_in(regions))
    assessed = evaluation.assess(of_plan, targets, plans(con, context), context)
    return forecast.fill(assessed, made, forecast.history(con, context, regions), context)


def current_targets(context: Context) -> pl.DataFrame:
    """Targets of the context's version, for regions of its region table."""
    codes = context.regions.current["code"].implode()
    return policy.targets().filter(
        (pl.col("target_version") == context.target_version) & pl.col("region_code").is_in(codes)
    )


def plans(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    return _placed(con, "annual_task", context)


def bases(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Levels of 2025 that indicator 8 is measured from: region_code, year, value."""
    return con.execute("SELECT region_code, year, value FROM indicator.part WHERE part = 'base_2025'").pl()


def annual_evaluation(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    return tables.annual(judged(con, context))


def midterm_evaluation(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    return tables.midterm(judged(con, context))


def final_evaluation(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    return tables.final(judged(con, context))


def target_trajectory(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    lines = trajectory.trajectories(current_targets(context), plans(con, context), bases(con))
    units = {code: str(indicator.unit) for code, indicator in INDICATORS.items()}
    return lines.with_columns(unit=pl.col("indicator").replace_strict(units))


# --- Modes, measures, projects, tasks, parks, deadlines --------------------------------------------------------------


def mode_progress(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    """Activated area by the mode of the record behind it; idle-land cases have no such column (未填)."""
    claims = pl.concat(_claimed_by_mode(con, table, context) for table in INDICATORS[ACTIVATED].tables)
    of_city = claims.group_by("region_code", "year", "mode").agg(pl.col("parcels", "area_mu").sum())
    absences = _figures(con).filter(
        (pl.col("indicator") == ACTIVATED) & (pl.col("basis") == "annual") & (pl.col("year") >= FIRST_YEAR)
    )
    made = progress.modes(of_city, absences.select("region_code", "year", "absence"), _provinces(context))
    return made.with_columns(pl.col("area_mu").cast(pl.Decimal(38, 9)))


def _claimed_by_mode(con: duckdb.DuckDBPyConnection, table: str, context: Context) -> pl.DataFrame:
    """What the records of one table claim, by city, year and mode."""
    records = core.standing(table) if "mode" in TABLES[table] else "(SELECT NULL AS record_key, NULL AS mode)"
    return con.execute(
        f"SELECT c.city_code AS region_code, c.year, coalesce(m.mode, '{progress.NO_MODE}') AS mode,"
        f" count(*) AS parcels, sum(c.amount) AS area_mu FROM indicator.{ACTIVATED} c LEFT JOIN {records} m"
        f" USING (record_key) WHERE c.source_table = '{table}' AND c.role = 'numerator' AND c.city_code IS NOT NULL"
        " GROUP BY ALL",
        {"day": context.as_of} if "mode" in TABLES[table] else {},
    ).pl()


def measure_progress(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    records = _placed(con, "policy_measure", context).filter(
        (pl.col("event_date") <= context.as_of) & (pl.col("event_date").dt.year() >= FIRST_YEAR)
    )
    of_city = core.reports(con, ["policy_measure"], context.as_of).select("city_code", "year")
    above = of_city.join(_provinces(context), on="city_code").select("year", region_code="province_code")
    reports = pl.concat([of_city.select("year", region_code="city_code"), above], how="vertical_relaxed").unique()
    years = pl.DataFrame({"year": progress.years_wanted(context.as_of)}, schema={"year": pl.Int32})
    regions = figures.regions_frame(context).filter(pl.col("region_level") != "county").select("region_code")
    reports = reports.select("region_code", pl.col("year").cast(pl.Int32))
    return progress.measures(records, reports, regions.join(years, how="cross"), _provinces(context))


def demonstration(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    return progress.demonstrations(_placed(con, "demonstration_project", context))


def task_status(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    records = _placed(con, "task_progress", context)
    return progress.tasks(records, context.regions.codes("city"), policy.tasks(), context.as_of)


def park_performance(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    return parks.performance(_placed(con, "park_performance", context), parks.parameters())


def calendar(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    cities = context.regions.codes("city")
    planned = plans(con, context).filter(pl.col("task").is_in([PLAN_ACTIVATION, PLAN_REDEVELOPMENT]))
    summed_up = _placed(con, "task_progress", context).filter(quarter=4)
    done = {("annual_plan", *row) for row in planned.select("year", "region_code").iter_rows()}
    done |= {("annual_summary", *row) for row in summed_up.select("year", "region_code").iter_rows()}
    home = context.regions.codes("province")
    province = policy.PROVINCE if policy.PROVINCE in home else home[0]
    return deadlines.deadlines(policy.calendar(), cities, province, done, context.as_of)


# --- Inputs ----------------------------------------------------------------------------------------------------------


def input_vintage(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    """Records in force by table, city (or the province's own) and year, with their vintages."""
    con.register("place", inputs.region_map(context.regions).to_arrow())
    try:
        with inputs.in_force(con, context) as standing:
            return pl.concat(_vintages(con, table, standing(table.name), context) for table in TABLES.values())
    finally:
        con.unregister("place")


def _vintages(con: duckdb.DuckDBPyConnection, table: Table, records: str, context: Context) -> pl.DataFrame:
    # Projects have no year of their own: that of their receipt stands in.
    year = "r.year" if "year" in table and not table.event_date else f"year(r.{table.event_date or 'received_on'})"
    vintage = "string_agg(DISTINCT r.vintage, '、' ORDER BY r.vintage)" if "vintage" in table else "NULL::VARCHAR"
    stands = f"coalesce(r.status, '') NOT IN {CANCELLED}" if "status" in table else "true"
    return con.execute(
        f"SELECT coalesce(p.city_code, p.today) AS region_code, {year}::INTEGER AS year, {vintage} AS vintage,"
        f" count(*) AS records, max(r.received_on) AS last_received_on, '{table.name}' AS source_table,"
        f" '{table.label}' AS table_label FROM {records} r LEFT JOIN place p USING (region_code)"
        f" WHERE {stands} AND {year} IS NOT NULL GROUP BY ALL",
        {"day": context.as_of},
    ).pl()


def _placed(con: duckdb.DuckDBPyConnection, table: str, context: Context, *columns: str) -> pl.DataFrame:
    """Records of a table as of the day, in today's regions, without cancelled ones; all columns by default."""
    status = ("status",) * ("status" in TABLES[table])
    records = core.current(con, table, context.as_of, ("region_code", *columns, *status) if columns else None)
    return inputs.place(records.filter(~is_cancelled()) if status else records, context.regions)


def _figures(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Figures of cities and provinces: counties have no targets (rulebook §0)."""
    return con.execute("SELECT * FROM indicator.figure WHERE region_level <> 'county'").pl()


def _provinces(context: Context) -> pl.DataFrame:
    return figures.regions_frame(context).filter(region_level="city").select("city_code", "province_code")


BUILDERS = {
    builder.__name__: builder
    for builder in (
        annual_evaluation, midterm_evaluation, final_evaluation, mode_progress, measure_progress, demonstration,
        task_status, park_performance, calendar, target_trajectory, input_vintage,
    )
}  # fmt: skip
