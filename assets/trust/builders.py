"""From the warehouse, the build database and the journals to the marts of trust. One builder a mart."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import duckdb
import polars as pl

from assets import core, quality, release, revision
from assets.context import Context
from assets.home import Home
from assets.indicators import inputs
from assets.indicators.industrial_far import is_industrial
from assets.trust import completeness, distribution, objections, plausibility
from assets.warehouse import let_go
from schemas import database, policy
from schemas.indicators import FIRST_YEAR, HORIZONS
from schemas.marts import MARTS
from schemas.submissions import CANCELLED, TABLES
from schemas.trust import DUE_WORDS

#: What mart.revision is made from: marts of this release and the same of the one before.
COMPARED = (
    "indicator_value", "assessment", "contribution", "submission", "cancellation", "target_trajectory", "release_info",
)  # fmt: skip

#: mart.objection, without names.
_OBJECTION = {
    "objection_no": pl.Int32, "on_release": pl.String, "region_code": pl.String, "indicator": pl.String,
    "year": pl.Int32, "text": pl.String, "raised_by": pl.String, "raised_on": pl.Date, "state": pl.String,
    "resolution": pl.String, "resolved_by": pl.String, "resolved_on": pl.Date,
}  # fmt: skip


class Made(Protocol):
    """The release that marts are built for."""

    id: str
    home: Path
    build_path: Path


def cancellation(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """Records whose latest revision cancels them, with the file and row that did."""
    with inputs.in_force(con, context) as standing:
        found = [
            con.execute(
                "SELECT r.region_code, r.record_key, r.status, r.sheet, r.row_number, r.received_on, s.file_sha256,"
                f" s.file_name, '{table.name}' AS source_table FROM {standing(table.name)} r"
                f" JOIN raw.submission s USING (submission_id) WHERE r.status IN {CANCELLED}",
                {"day": context.as_of},
            ).pl()
            for table in TABLES.values()
            if "status" in table
        ]
    return inputs.place(pl.concat(found), context.regions)


def build_revision(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """This release, as built so far, against the one before."""
    before = previous(Home(made.home), context, made.id)
    if before is None:
        return revision.nothing()
    with let_go(made.build_path):
        return revision.between(release.database(Home(made.home), before), made.build_path)


def previous(home: Home, context: Context, release_id: str) -> str | None:
    """The release to compare with: the current one, or for a look back the newest that was out by its day."""
    candidates = [
        each.release_id
        for each in release.manifests(home)
        if each.kind == release.Kind.RELEASE
        and each.stamp.as_of <= context.as_of.isoformat()
        and each.release_id != release_id
    ]
    now = release.current(home)
    return now if now in candidates else max(candidates, key=release.order, default=None)


def build_plausibility(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """Jumps of this release's revisions beyond the limits."""
    with let_go(made.build_path), database.connect(made.build_path, read_only=True) as build:
        revisions = build.execute("SELECT * FROM mart.revision").pl()
    given = plausibility.acknowledgements(Home(made.home))
    return plausibility.judge(revisions, policy.plausibility(), given, context.as_of)


def objection(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """Objections known on the as-of day."""
    known = objections.known(Home(made.home), context.as_of)
    return pl.DataFrame([asdict(each) for each in known], schema=_OBJECTION, orient="row")


_DUE = {
    "region_code": pl.String, "source_table": pl.String, "table_label": pl.String, "year": pl.Int32,
    "due_on": pl.Date, "state": pl.String, "state_label": pl.String, "files": pl.Int64,
}  # fmt: skip


def submission_due(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """Every city's owed tables of every year since 2025, with what it has handed in by the as-of day."""
    received = con.execute(
        "SELECT submission_id, region_code, coalesce(source_table, named_table) AS source_table, year, status"
        " FROM raw.submission WHERE loaded AND received_on <= ?",
        [context.as_of],
    ).pl()
    files = quality.with_refusals(con, context, received)
    held = core.reports_of_province(con, completeness.OWED_TABLES, context.as_of)
    by_province = set(held.select("city_code", "source_table", "year").iter_rows())
    cities = {code: context.regions.name(code) for code in context.regions.codes("city")}
    years = range(FIRST_YEAR, min(context.as_of.year, HORIZONS[-1]) + 1)  # after the plan nothing is owed
    rows = [
        {
            "region_code": each.region_code, "source_table": each.table, "table_label": TABLES[each.table].label,
            "year": each.year, "due_on": each.due, "state": str(each.state), "state_label": DUE_WORDS[each.state][0],
            "files": each.files,
        }
        for each in completeness.cells(files.to_dicts(), by_province, cities, years, context.as_of)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_DUE)  # none is owed before the plan's first year


def build_distribution(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """Cities and the province: FAR and areas of each year since 2025 against all years before."""
    years = list(range(FIRST_YEAR, context.as_of.year + 1))
    limits, compared = policy.distribution(), []
    for table, measures in _by_table(distribution.MEASURES).items():
        columns = {name for measure in measures for name in (measure.column, measure.date)}
        extra = _LAND_USE if table == "land_supply" else ()
        records = inputs.load(con, {table: (*sorted(columns), *extra)}, context)[table]
        compared += [distribution.compare(each, _measured(records, each, context), years, limits) for each in measures]
    return pl.concat(compared)


#: What tells industrial land.
_LAND_USE = ("land_use_code", "land_use_system")


def _by_table(measures: tuple[distribution.Measure, ...]) -> dict[str, list[distribution.Measure]]:
    """A table is read once for all its measures."""
    made: dict[str, list[distribution.Measure]] = {}
    for measure in measures:
        made.setdefault(measure.table, []).append(measure)
    return made


def _measured(records: pl.DataFrame, measure: distribution.Measure, context: Context) -> pl.DataFrame:
    """region_code, year, value of the records in force; each counts for its city and for the province."""
    of_far = measure.column == "far_lower"
    if of_far:
        records = records.filter(is_industrial(context.rules["far.industrial_codes"]))
    value = pl.col(measure.column).cast(pl.Float64)
    placed = records.filter((value > 0) & (pl.col(measure.date) <= context.as_of)).select(
        "city_code", "province_code", year=pl.col(measure.date).dt.year(), value=value if of_far else value / 15
    )
    return pl.concat(
        placed.select("year", "value", region_code=name).drop_nulls() for name in ("city_code", "province_code")
    )


#: Where the results of the checks wait for their mart, beside the build database.
RESULTS = "checks"


def keep_results(
    con: duckdb.DuckDBPyConnection, context: Context, release_id: str, build_path: Path, results: list[dict]
) -> None:
    """Note how the checks of some tables came out, for what they were made from and for which release; takes the place
    of what was noted of these tables before."""
    folder = build_path.parent / RESULTS
    folder.mkdir(exist_ok=True)
    made_from = _state(con, context, release_id)
    for (layer, table), rows in _by_table_checked(results).items():
        partial = folder / f".{layer}.{table}"
        partial.write_text(json.dumps({"made_from": made_from, "rows": rows}, ensure_ascii=False), encoding="utf-8")
        partial.replace(folder / f"{layer}.{table}.json")


def _by_table_checked(results: list[dict]) -> dict[tuple[str, str], list[dict]]:
    tables: dict[tuple[str, str], list[dict]] = {}
    for row in results:
        tables.setdefault((row["layer"], row["table_name"]), []).append(row)
    return tables


def _state(con: duckdb.DuckDBPyConnection, context: Context, release_id: str) -> str:
    """What a release is made from, as a text: results of another state say nothing of it."""
    return f"{release_id} {context.as_of} {core.basis(con, context)} {context.rules.label}"


def quality_check(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """The results of all checks that ran before this mart is made; its own come later."""
    noted = sorted((made.build_path.parent / RESULTS).glob("*.json"))
    read = [json.loads(path.read_text(encoding="utf-8")) for path in noted]
    now = _state(con, context, made.id)
    known = [each for each in read if isinstance(each, dict) and each["made_from"] == now]  # lists: of earlier versions
    rows = [row for each in known for row in each["rows"]]
    rows = [row for row in rows if (row["layer"], row["table_name"]) != ("mart", "quality_check")]
    labels = {("core", name): table.label for name, table in TABLES.items()}
    labels |= {("mart", name): mart.label for name, mart in MARTS.items()}
    schema = {column.name: _RESULT_TYPES.get(column.name, pl.String) for column in MARTS["quality_check"].columns}
    named = [row | {"table_label": labels.get((row["layer"], row["table_name"]))} for row in rows]
    return pl.DataFrame(named, schema=schema, orient="row")


_RESULT_TYPES = {"passed": pl.Boolean, "unexpected": pl.Int64}

BUILDERS = {
    "cancellation": cancellation, "revision": build_revision, "plausibility": build_plausibility,
    "objection": objection, "submission_due": submission_due, "distribution": build_distribution,
}  # fmt: skip
