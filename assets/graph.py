"""The assets as Dagster sees them: what depends on what, and thin wrappers around the steps. No logic of its own.

One asset per table, named as the table: raw/submission, core/<table>, indicator/<code>, mart/<name>, release/current.
A run's as-of day, overrides and the like are run tags, so that a run says by itself what it was made for.
"""

import contextlib
import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, Self, TypeVar

import dagster as dg
import duckdb

from assets import core, indicators, marts, once, processes, quality, raw, release, warehouse
from assets.circumstances import fresh, make_context, stamp, unready
from assets.context import Context
from assets.home import SHANGHAI, Home
from assets.outputs import bundle
from assets.shapes import FIGURE
from assets.trust.builders import COMPARED, keep_results
from schemas import database
from schemas.dtypes import PROVENANCE
from schemas.indicators import FIRST_YEAR, INDICATORS, Indicator
from schemas.marts import MARTS, Mart
from schemas.submissions import TABLES
from schemas.table import Table

warnings.filterwarnings("ignore", category=dg.BetaWarning)

OWNERS = ["team:landstock"]
#: One run does a whole range of years; Dagster asks it of every asset that takes part, whether it has years or not.
SHARED = {"pool": "warehouse", "backfill_policy": dg.BackfillPolicy.single_run()}
COMMON = {**SHARED, "owners": OWNERS}
AS_OF, OVERRIDES, KEEP_FRESH = "landstock/as_of", "landstock/rule_overrides", "landstock/keep_fresh"
FIRST, LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"

YEARS = dg.TimeWindowPartitionsDefinition(
    start=str(FIRST_YEAR), fmt="%Y", cron_schedule="0 0 1 1 *", timezone=str(SHANGHAI), end_offset=1
)

SUBMISSION = dg.AssetKey(["raw", "submission"])
UNNAMED = dg.AssetKey(["core", "unnamed"])
CURRENT = dg.AssetKey(["release", "current"])


Task, Looked = TypeVar("Task"), TypeVar("Looked")


# --- Where and under which circumstances a run works ---------------------------------------------------------------


class HomeResource(dg.ConfigurableResource):
    """The installation that a run works on. `rules` are the department's standing choices, as text by switch."""

    home: str
    landing: str
    regions: str
    rules: dict[str, str]
    keep_releases: int
    notify: str = ""  # a webhook for failures

    @property
    def place(self) -> Home:
        return Home(Path(self.home)).prepare()

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """For a run, the home's lock comes with it: nobody else builds between two of its steps.

        Dagster opens resources for schedules and sensors, too; those are no runs and only look.
        """
        if context.run is None:
            yield self
            return
        with self.place.locked_in_time("dagster", context.log.info):
            yield self

    @contextlib.contextmanager
    def connect_warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse, for the one process that holds the home's lock."""
        with warehouse.connect(self.place.warehouse) as con:
            yield con

    def keep_results(self, results: list[dict], context: dg.AssetCheckExecutionContext) -> None:
        """Note how the checks of a step came out, for mart.quality_check."""
        home, now = self.place, Circumstances.of(context.run, context.instance, self).context
        with self.connect_warehouse() as con:
            keep_results(con, now, release.next_id(home, now.as_of), home.build, results)

    def look_at(
        self, layer: str, look: Callable[[Path, Task], Looked], tasks: Sequence[Task],
        context: dg.AssetCheckExecutionContext,
    ) -> Iterator[Looked]:  # fmt: skip
        """What `look(path, task)` finds in the database file of a layer; the checker's process may look. Meanwhile this
        one works out what the next steps need."""
        home, now = self.place, Circumstances.of(context.run, context.instance, self)
        path = home.build if layer == "mart" else home.warehouse
        with warehouse.let_go(path), contextlib.closing(_ahead(layer, home, now)) as meanwhile:
            yield from processes.in_checker(partial(look, path), tasks, meanwhile)
        if layer == "core":  # from here to the outputs workers have nothing to do
            processes.prepare_workers(bundle.prepare)


@dataclass(frozen=True)
class Circumstances:
    """What a run is made for. `today` and `made_at` are the run's own birth, whenever a step of it is executed."""

    context: Context
    today: date
    made_at: datetime
    what_if: bool
    keep_fresh: bool

    @classmethod
    def of(cls, run: dg.DagsterRun, instance: dg.DagsterInstance, settings: HomeResource) -> Self:
        if run.run_id not in _of_run:  # every step asks
            born = instance.get_run_record_by_id(run.run_id).create_timestamp.astimezone(SHANGHAI)
            as_of = date.fromisoformat(run.tags.get(AS_OF, born.date().isoformat()))
            overrides = json.loads(run.tags.get(OVERRIDES, "{}"))
            context = make_context(as_of, settings.rules | overrides, settings.regions)
            _of_run.clear()
            _of_run[run.run_id] = cls(context, born.date(), born, bool(overrides), KEEP_FRESH in run.tags)
        return _of_run[run.run_id]


_of_run: dict[str, Circumstances] = {}  # the last run's


def _ahead(layer: str, home: Home, now: Circumstances) -> Iterator[None]:
    """Works out, while a layer is checked, what its marts and indicators will be made from. Only where there is little
    of it: much would take memory, and the checks' own processors."""
    if not database.is_small(home.warehouse):
        return
    release_id, context = release.next_id(home, now.context.as_of), now.context
    with warehouse.connect(home.warehouse, read_only=layer != "mart") as con:
        of_marts = list(marts.ahead(con, home.build, layer, context, release_id, now.made_at))
        works = [of_marts]
        if layer == "core":
            works = [quality.ahead(con, context), *works]
            works = works if now.keep_fresh else [indicators.ahead(con, context), *works]
        if layer == "mart":
            (revision,) = of_marts
            works.append(bundle.ahead(home, partial(once.work_out, *revision)))
        yield from once.ahead(chain.from_iterable(works))


# --- raw and core --------------------------------------------------------------------------------------------------


def _metadata(counts: dict[str, Any], rows: int | None = None) -> dg.MaterializeResult:
    shown = dict(counts) if rows is None else {"dagster/row_count": rows, **counts}
    return dg.MaterializeResult(metadata=shown)


@dg.asset(
    key=SUBMISSION, group_name="raw", **COMMON, kinds={"duckdb", "file"}, tags={"layer": "raw"},
    description="报送文件：按内容指纹留存的原始字节与收到记录。\n\nOne row per distinct content of a file.",
)  # fmt: skip
def submission(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
    """Keep what lies in the landing directory and was not seen before."""
    now = Circumstances.of(context.run, context.instance, home)
    home.place.require_apart(Path(home.landing))
    with home.connect_warehouse() as con:
        core.write_regions(con, now.context.regions)
        new = raw.capture(con, Path(home.landing), home.place.raw, now.today, now.context.regions, context.log.info)
        shown = {"new_files": new, "dagster/column_schema": _as_stored(con, "raw.submission")}
        return _metadata(shown, _rows(con, "raw.submission"))


@dg.asset(
    key=UNNAMED, group_name="core", deps=[SUBMISSION], **COMMON, kinds={"polars"},
    tags={"layer": "core"},
    description="文件名未写明报送表的文件：按表头识别后入库，不能识别的出具退回回执。",
)  # fmt: skip
def unnamed(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
    """Load files whose names do not tell their table."""
    return _load(context, home, "")


def _load(context: dg.AssetExecutionContext, home: HomeResource, table: str) -> dg.MaterializeResult:
    regions = Circumstances.of(context.run, context.instance, home).context.regions
    with home.connect_warehouse() as con:
        counts = core.load(con, home.place.raw, table, regions, context.log.info)
        return _metadata(counts, _rows(con, f"core.{table}") if table else None)


def _as_stored(con: duckdb.DuckDBPyConnection, table: str) -> dg.TableSchema:
    described = con.execute(f"DESCRIBE {table}").fetchall()
    return dg.TableSchema([dg.TableColumn(name, kind) for name, kind, *_ in described])


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return con.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def core_asset(table: Table) -> dg.AssetsDefinition:
    """Loads the captured files of a table."""

    @dg.asset(
        key=["core", table.name], group_name="core", deps=[SUBMISSION, UNNAMED], **COMMON,
        kinds={"polars", "duckdb"}, tags={"layer": "core", "table": table.name},
        description=f"{table.label}：{table.grain}。只追加，更正即新行。\n\nOne row per revision of {table.grain}.",
        metadata={"dagster/column_schema": core_columns(table), "natural_key": ", ".join(table.key)},
    )  # fmt: skip
    def load(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
        return _load(context, home, table.name)

    return load


def core_columns(table: Table) -> dg.TableSchema:
    """Columns of a core table with their DuckDB types, Chinese labels and units, provenance included."""
    stored = {**table.stored, **PROVENANCE}

    def described(name: str) -> str:
        if name not in table:
            return ""
        unit = table[name].core_unit
        return table[name].label + (f"（{unit}）" if unit else "")

    return dg.TableSchema(
        [dg.TableColumn(name, warehouse.duckdb_type(dtype), described(name)) for name, dtype in stored.items()]
    )


# --- indicator -----------------------------------------------------------------------------------------------------


def indicator_asset(indicator: Indicator) -> dg.AssetsDefinition:
    """Derives an indicator, ledger and parts included, for the years of a run."""

    @dg.asset(
        key=["indicator", indicator.code], group_name="indicator", deps=[["core", table] for table in indicator.tables],
        partitions_def=YEARS, **COMMON,
        kinds={"polars"}, tags={"layer": "indicator", "number": str(indicator.number)},
        description=f"{indicator.label}（{indicator.unit}）\n\n{indicator.formula}\n\n{indicator.formula_en}",
        metadata={
            "dagster/column_schema": figure_columns(), "unit": str(indicator.unit), "rulebook": indicator.section,
            "judged_on": str(indicator.judged),
        },
    )  # fmt: skip
    def derive(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
        now = Circumstances.of(context.run, context.instance, home)
        with home.connect_warehouse() as con:
            if now.keep_fresh and indicator.code in fresh(con, now.context):
                return dg.MaterializeResult(metadata={"kept": "输入、口径、截止日未变，沿用已算结果"})
            counts = indicators.derive(con, indicator.code, now.context, _years(context))
            return _metadata(counts, counts["figures"])

    return derive


@cache
def figure_columns() -> dg.TableSchema:
    """Columns of an indicator's figures with their DuckDB types; what is published as it is, with its comment."""
    published = {column.name: column.comment for column in MARTS["indicator_value"].columns}
    return dg.TableSchema(
        [dg.TableColumn(name, warehouse.duckdb_type(dtype), published.get(name, "")) for name, dtype in FIGURE.items()]
    )


def _years(context: dg.AssetExecutionContext) -> list[int] | None:
    """The years that a run asks for; None = all, as in a run without partitions."""
    partitioned = context.has_partition_key or context.has_partition_key_range
    return [int(key) for key in context.partition_keys] if partitioned else None


# --- mart and release ----------------------------------------------------------------------------------------------


def _core(*tables: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(["core", table]) for table in tables]


_FIGURES = [*(dg.AssetKey(["indicator", code]) for code in INDICATORS), *_core("annual_task")]
_ALL_CORE = [UNNAMED, *_core(*TABLES)]
#: Marts that are made from something else than figures. Those that need no data at all wait for core nevertheless:
#: nothing of a release is made before what it rests on has passed its checks.
_MART_DEPS: dict[str, list[dg.AssetKey]] = {
    **dict.fromkeys(
        (
            "submission",
            "quality_finding",
            "release_info",
            "target",
            "data_dictionary",
            "cancellation",
            "objection",
            "submission_due",
            "distribution",
        ),
        _ALL_CORE,
    ),
    "input_vintage": _ALL_CORE,
    "measure_progress": _core("policy_measure"),
    "demonstration": _core("demonstration_project"),
    "task_status": _core("task_progress"),
    "park_performance": _core("park_performance"),
    "calendar": _core("annual_task", "task_progress"),
    "revision": [dg.AssetKey(["mart", name]) for name in COMPARED],
    "plausibility": [dg.AssetKey(["mart", "revision"])],
    # After all other checks: it is their outcome.
    "quality_check": [*_ALL_CORE, *(dg.AssetKey(["mart", name]) for name in MARTS if name != "quality_check")],
}


def mart_asset(mart: Mart) -> dg.AssetsDefinition:
    """Builds a mart into the database that becomes the next release."""

    @dg.asset(
        key=["mart", mart.name], group_name="mart", deps=_MART_DEPS.get(mart.name, _FIGURES), **COMMON,
        kinds={"duckdb", "parquet"}, tags={"layer": "mart"},
        description=f"{mart.label} {mart.label_en}。粒度：{mart.grain}。" + (f"\n\n{mart.note}" if mart.note else ""),
        metadata={"dagster/column_schema": mart_columns(mart), "key": ", ".join(mart.key)},
    )  # fmt: skip
    def build(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
        now, place = Circumstances.of(context.run, context.instance, home), home.place
        with home.connect_warehouse() as con:
            if mart.name not in _MART_DEPS:
                _require_ready(con, now.context)
            release_id = release.next_id(place, now.context.as_of)
            rows = marts.build(con, place.build, mart.name, now.context, release_id, now.made_at)
            return _metadata({}, rows)

    return build


def _require_ready(con: duckdb.DuckDBPyConnection, context: Context) -> None:
    if reason := unready(con, context):
        raise dg.Failure(reason)


def mart_columns(mart: Mart) -> dg.TableSchema:
    """Columns of a mart with their types and comments (label, unit, formula)."""
    return dg.TableSchema([dg.TableColumn(column.name, column.type, column.comment) for column in mart.columns])


_ALL_MARTS = [dg.AssetKey(["mart", name]) for name in MARTS]
#: Metadata of an output that says what could not be made, and what to do.
LEFT_OUT = "left_out"
_OUTPUTS = {
    bundle.DOCUMENTS: ("附表、报告 annex and reports", {"xlsx", "docx", "pdf"}),
    bundle.TABLES: ("各成果表 CSV tables", {"csv"}),
    bundle.SITE: ("网页 HTML site", {"html"}),
    bundle.RECEIPTS: ("回执 receipts", {"xlsx"}),
}
#: Made by workers; receipts spread over them by themselves, and the tables are written here meanwhile.
_LONG = (bundle.DOCUMENTS, bundle.SITE)


def _output(kind: str) -> dg.AssetSpec:
    label, kinds = _OUTPUTS[kind]
    return dg.AssetSpec(
        ["output", kind], group_name="output", deps=_ALL_MARTS, owners=OWNERS, kinds=kinds, tags={"layer": "output"},
        description=f"成果件：{label}。由成果表生成，随发布一并封存。",
    )  # fmt: skip


@dg.multi_asset(specs=[_output(kind) for kind in bundle.KINDS], name="outputs", can_subset=True, **SHARED)
def outputs(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[dg.MaterializeResult]:
    """成果件，同时编制。All kinds side by side."""
    now, place = Circumstances.of(context.run, context.instance, home), home.place
    kinds = [kind for kind in bundle.KINDS if dg.AssetKey(["output", kind]) in context.selected_asset_keys]
    release_id = release.next_id(place, now.context.as_of)
    with warehouse.let_go(place.build):
        begun = {kind: bundle.begin(place, kind) for kind in kinds if kind in _LONG}
        for kind in sorted(kinds, key=begun.__contains__):
            made = begun[kind]() if kind in begun else bundle.taken(place, kind)
            bundle.mark(place, release_id, kind)
            for reason in made.left_out:
                context.log.warning(reason)
            left_out = {LEFT_OUT: "；".join(made.left_out)} if made.left_out else {}
            counts = {"files": made.files, "bytes": made.bytes}
            yield dg.MaterializeResult(asset_key=["output", kind], metadata={**counts, **left_out})


@dg.asset(
    key=CURRENT, group_name="release", deps=[*_ALL_MARTS, *(["output", kind] for kind in bundle.KINDS)], **COMMON,
    kinds={"duckdb", "parquet"}, tags={"layer": "release"},
    description="发布：封存的成果库与清单；current 一步切换。输入、口径、截止日都未变时不产生新发布。\n\n"
    "A sealed release; `current` moves to it unless it looks back or is a what-if.",
)  # fmt: skip
def current_release(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
    """Seal what was built and move `current` to it, unless it would be the same release again."""
    now, place = Circumstances.of(context.run, context.instance, home), home.place
    with home.connect_warehouse() as con:
        _require_ready(con, now.context)
        made_from = stamp(con, now.context, now.what_if)
    release.clean(place)  # a run that died a moment before `current` moved
    kind = release.kind_of(place, now.context.as_of, now.what_if)
    if known := release.same(place, made_from, kind):
        context.log.info(f"没有变化：与发布 {known.release_id} 相同")
        return dg.MaterializeResult(metadata={"release_id": known.release_id, "unchanged": True})
    release_id = release.next_id(place, now.context.as_of)
    with warehouse.let_go(place.build):
        made_at = now.made_at.isoformat(timespec="seconds")
        extras = bundle.of_release(place, release_id, context.log.warning)
        made = release.publish(place, place.build, release_id, kind, made_from, made_at, extras)
        release.prune(place, home.keep_releases, release_id)
    where = dg.MetadataValue.path(place.releases / release_id)
    counts = {"release_id": release_id, "kind": str(kind), "path": where, "dagster/row_count": sum(made.rows.values())}
    return dg.MaterializeResult(metadata=counts)


@cache
def all_assets() -> list[dg.AssetsDefinition]:
    """Every asset, in the order of the flow."""
    return [
        submission,
        unnamed,
        *(core_asset(table) for table in TABLES.values()),
        *(indicator_asset(indicator) for indicator in INDICATORS.values()),
        *(mart_asset(mart) for mart in MARTS.values()),
        outputs,
        current_release,
    ]
