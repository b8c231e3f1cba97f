"""From the warehouse to the public marts: each built whole into the build database that becomes the next release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import duckdb
import polars as pl

from assets import core, once, quality
from assets import release as release_store
from assets.context import Context
from assets.dictionary import dictionary
from assets.evaluations import builders as evaluations
from assets.evaluations.builders import current_targets as current_targets
from assets.home import Home
from assets.indicators.history import derive_history, history_days
from assets.trust import builders as trust
from assets.warehouse import attached, transaction
from schemas import policy
from schemas.indicators import INDICATORS, PARTS
from schemas.marts import CONTRACT_VERSION, MARTS, Mart
from schemas.submissions import TABLES

#: Released files open in DuckDB from this version on.
STORAGE_VERSION = "v1.2.0"


def build(
    con: duckdb.DuckDBPyConnection, build_path: Path, name: str, context: Context, release_id: str, made_at: datetime
) -> int:
    """Make one mart anew in the build database; returns its rows.

    `con` is the warehouse, in which the indicators have been derived under the same context.
    """
    mart = MARTS[name]
    release = Release(release_id, made_at, build_path)
    _begin(build_path, release_id)
    frame = once.take(_key(name, release_id), partial(_BUILDERS[name], con, context, release))
    with attached(con, build_path, "build", f"(STORAGE_VERSION '{STORAGE_VERSION}')"), transaction(con):
        con.execute("CREATE SCHEMA IF NOT EXISTS build.mart")
        con.execute(f"DROP TABLE IF EXISTS build.mart.{name}")
        con.execute(mart.ddl("build.mart"))
        rows = _insert(con, mart, frame)
    release_store.change(build_path)
    return rows


#: Marts whose rows can be worked out while the tables of a layer are checked: they rest on no other mart of that layer,
#: and are frames, which need no connection later. The first take longest.
_AHEAD = {
    "core": ("input_vintage", "distribution", "cancellation"),
    "indicator": ("assessment", "mode_progress", "target_trajectory", "annual_evaluation"),
    "mart": ("revision",),
}


def ahead(
    con: duckdb.DuckDBPyConnection, build_path: Path, layer: str, context: Context, release_id: str, made_at: datetime
) -> Iterator[tuple[once.Key, Callable[[], pl.DataFrame]]]:
    """What `build` will need of some marts, to be worked out before, while a layer is checked (`assets/once.py`)."""
    release = Release(release_id, made_at, build_path)
    for name in _AHEAD[layer]:
        yield _key(name, release_id), partial(_BUILDERS[name], con, context, release)


def _key(name: str, release_id: str) -> once.Key:
    return "mart", name, release_id


def _begin(build_path: Path, release_id: str) -> None:
    """The build database belongs to one release: building for another one starts it anew, so that it holds nothing
    of an earlier state and no space is left where tables were dropped."""
    owner = build_path.with_suffix(".release")
    if not (build_path.exists() and owner.exists() and owner.read_text() == release_id):
        for left in (build_path, build_path.with_name(build_path.name + ".wal")):
            left.unlink(missing_ok=True)
        owner.write_text(release_id)


def _insert(con: duckdb.DuckDBPyConnection, mart: Mart, rows: pl.DataFrame | duckdb.DuckDBPyRelation) -> int:
    columns = ", ".join(f'"{column}"' for column in mart.names)
    source = rows.to_arrow() if isinstance(rows, pl.DataFrame) else rows
    con.register("mart_rows", source)
    # Marts are stored in the order of their grain; the ledger keeps its own, it is large and already grouped.
    keys = ", ".join(f'"{column}" NULLS FIRST' for column in mart.key)
    order = "" if mart.name == "contribution" else f" ORDER BY {keys}"
    con.execute(f"INSERT INTO build.mart.{mart.name} ({columns}) SELECT {columns} FROM mart_rows{order}")
    con.unregister("mart_rows")
    return con.execute(f"SELECT count(*) FROM build.mart.{mart.name}").fetchone()[0]


class Release:
    """What a mart may know of the release that it is built for."""

    def __init__(self, release_id: str, made_at: datetime, build_path: Path):
        self.id, self.made_at = release_id, made_at
        self.build_path, self.home = build_path, build_path.parent.parent

    def days(self) -> set[date]:
        """As-of days of the releases made so far; look-backs and what-ifs are not release days."""
        made = release_store.manifests(Home(self.home))
        return {date.fromisoformat(each.stamp.as_of) for each in made if each.kind == release_store.Kind.RELEASE}


# --- One builder a mart --------------------------------------------------------------------------------------------


def _names(context: Context) -> pl.DataFrame:
    return context.regions.frame.select(region_code="code", region_name="name", region_level="level")


def _with_names(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    kept = frame.drop("region_level", strict=False)
    return kept.join(_names(context), on="region_code", how="left")


def _units(column: str) -> pl.Expr:
    units = {code: str(getattr(indicator, column)) for code, indicator in INDICATORS.items()}
    return pl.col("indicator").replace_strict(units)


def _figures(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return con.execute("SELECT * FROM indicator.figure").pl()


def indicator_value(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> pl.DataFrame:
    """The figures of this as-of day."""
    return _with_names(_figures(con), context).with_columns(
        unit=_units("unit"), part_unit=_units("part_unit"), rule_version=pl.lit(context.rules.label),
        as_of=pl.lit(context.as_of), release_id=pl.lit(release.id),
    )  # fmt: skip


def indicator_history(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> duckdb.DuckDBPyRelation:
    """The figures as they were known at every month end and on every release day."""
    first = con.execute("SELECT min(received_on) FROM raw.submission").fetchone()[0] or context.as_of
    days = history_days(first, context.as_of, release.days())
    derive_history(con, {day: context if day == context.as_of else as_known(context, day) for day in days})
    wanted = pl.DataFrame({"known_on": days, "release_id": release.id}, schema_overrides={"known_on": pl.Date})
    con.register("wanted", wanted.to_arrow())
    con.register("region_names", _names(context).to_arrow())
    units = [(code, str(each.unit), str(each.part_unit)) for code, each in INDICATORS.items()]
    con.register("units", pl.DataFrame(units, schema=["indicator", "unit", "part_unit"], orient="row").to_arrow())
    return con.sql(
        "SELECT h.* EXCLUDE (region_level), n.region_name, n.region_level, unit, part_unit, known_on AS as_of,"
        " release_id FROM indicator.history h JOIN wanted USING (known_on) JOIN units USING (indicator)"
        " LEFT JOIN region_names n USING (region_code)"
    )


def as_known(context: Context, day: date) -> Context:
    """The same circumstances on an earlier day: the rules and targets in force then."""
    rules = policy.rulebook(day).with_overrides(context.rules.overrides)
    return Context(day, rules, context.regions, policy.target_version(day))


def indicator_part(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> pl.DataFrame:
    """The sub-lines that a figure is published with."""
    parts = _with_names(con.execute("SELECT * FROM indicator.part").pl(), context)
    labels = {code: label for code, (label, _) in PARTS.items()}
    labels_en = {code: label for code, (_, label) in PARTS.items()}
    return parts.with_columns(
        region="region_code", part_label=pl.col("part").replace_strict(labels), part_label_en=pl.col("part").replace_strict(labels_en)
    )  # fmt: skip


def target(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> pl.DataFrame:
    """All target versions in force by the as-of day, the first one always."""
    known = policy.targets().filter(
        (pl.col("effective_from") <= context.as_of) | (pl.col("target_version") == context.target_version)
    )
    return _with_names(known, context).filter(pl.col("region_level").is_not_null())


def assessment(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> pl.DataFrame:
    """Figures against the targets of the context's version."""
    return _with_names(evaluations.judged(con, context), context).with_columns(
        unit=_units("unit"), target_version=pl.lit(context.target_version), rule_version=pl.lit(context.rules.label)
    )


def evaluation_mart(make: Callable[[duckdb.DuckDBPyConnection, Context], pl.DataFrame]):
    """The builder of a mart of `assets/evaluations`: its rows with names and versions."""

    def build(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> pl.DataFrame:
        return _with_names(make(con, context), context).with_columns(
            target_version=pl.lit(context.target_version), rule_version=pl.lit(context.rules.label)
        )

    return build


def named(make: Callable[[duckdb.DuckDBPyConnection, Context, Release], pl.DataFrame]):
    """The builder of a mart of `assets/trust`: its rows with names."""
    return lambda con, context, release: _with_names(make(con, context, release), context)


def contribution(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> duckdb.DuckDBPyRelation:
    """The ledgers of all indicators, each row with the file it came from."""
    ledgers = " UNION ALL ".join(
        f"SELECT '{code}' AS indicator, '{indicator.part_unit}' AS unit, * FROM indicator.{code}"
        for code, indicator in INDICATORS.items()
    )
    return con.sql(
        f"SELECT l.* EXCLUDE (amount, published), l.published AS amount, s.file_sha256, s.file_name"
        f" FROM ({ledgers}) l JOIN raw.submission s USING (submission_id)"
    )


def submission(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> pl.DataFrame:
    """Receipts of everything received by the as-of day. Rows refused across tables count as quarantined."""
    received = con.execute("SELECT * FROM raw.submission WHERE loaded AND received_on <= ?", [context.as_of]).pl()
    receipts = quality.with_refusals(con, context, received)
    counts = (
        all_findings(con, context)
        .group_by("submission_id")
        .agg(
            errors=(pl.col("severity") == "error").sum().cast(pl.Int64),
            warnings=(pl.col("severity") == "warning").sum().cast(pl.Int64),
        )
    )
    joined = receipts.join(counts, on="submission_id", how="left").with_columns(
        pl.col("errors", "warnings").fill_null(0)
    )
    labels = {table.name: table.label for table in TABLES.values()}
    return _with_names(joined, context).with_columns(
        receipt_no="submission_id",
        table_label=pl.col("source_table").replace_strict(labels, default=None),
        rows_loaded=pl.col("rows_loaded") - pl.col("refused"),
        rows_quarantined=pl.col("rows_quarantined") + pl.col("refused"),
    )


def quality_finding(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> pl.DataFrame:
    """Every finding on everything received by the as-of day, in the order of receipt."""
    quality.refresh(con, context)
    files = con.execute(
        "SELECT submission_id, file_name, received_on, coalesce(source_table, named_table) AS source_table, region_code, seq"
        " FROM raw.submission"
    ).pl()
    found = all_findings(con, context).join(files, on="submission_id", how="left")
    found = found.sort(
        "received_on", "file_name", "seq", "sheet", "row_number", "rule", "column", "key", "message", nulls_last=False
    )
    return found.with_row_index("finding_no", 1).with_columns(
        pl.col("finding_no").cast(pl.Int64), receipt_no="submission_id"
    )


def all_findings(con: duckdb.DuckDBPyConnection, context: Context) -> pl.DataFrame:
    """Findings of the door and across tables on what was received by the as-of day."""
    door = con.execute(
        "SELECT f.* FROM raw.finding f JOIN raw.submission s USING (submission_id) WHERE s.received_on <= ?",
        [context.as_of],
    ).pl()
    return pl.concat([door, quality.relation_findings(con).select(door.columns)])


def data_dictionary(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> pl.DataFrame:
    """The dictionary, from the declarations."""
    return dictionary(context.rules)


def release_info(con: duckdb.DuckDBPyConnection, context: Context, release: Release) -> pl.DataFrame:
    """What this release was made with."""
    files, last = con.execute(
        "SELECT count(*), max(received_on) FROM raw.submission WHERE received_on <= ?", [context.as_of]
    ).fetchone()
    rows = [
        ("release_id", release.id, "发布编号"),
        ("as_of", str(context.as_of), "数据截止日"),
        ("rule_version", context.rules.label, "口径版本"),
        ("target_version", context.target_version, "目标版本"),
        ("contract_version", CONTRACT_VERSION, "成果表约定版本"),
        ("made_at", release.made_at.isoformat(timespec="seconds"), "生成时间"),
        ("inputs", core.fingerprint(con, context.as_of), "输入指纹"),
        ("submissions", str(files), "报送文件数"),
        ("last_received_on", str(last or ""), "最近收到日期"),
        ("landstock_version", version("landstock"), "软件版本"),
        ("duckdb_version", duckdb.__version__, "DuckDB 版本"),
    ]
    return pl.DataFrame(rows, schema=["name", "value", "label"], orient="row")


_BUILDERS: dict[str, Callable[[duckdb.DuckDBPyConnection, Context, Release], pl.DataFrame | duckdb.DuckDBPyRelation]] = {
    builder.__name__: builder
    for builder in (
        indicator_value, indicator_history, indicator_part, target, assessment, contribution, submission,
        quality_finding, data_dictionary, release_info,
    )
}  # fmt: skip
_BUILDERS |= {name: evaluation_mart(make) for name, make in evaluations.BUILDERS.items()}
_BUILDERS |= {name: named(make) for name, make in trust.BUILDERS.items()} | {"quality_check": trust.quality_check}
