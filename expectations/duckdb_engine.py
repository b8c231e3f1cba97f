"""Great Expectations on a live DuckDB connection, through SQLAlchemy and duckdb-engine.

GX has no DuckDB engine. What its SQL engine needs to run on one, as tried with GX 1.24.1:
- the connection itself, not a cursor of it: temporary views live with their connection;
- no transaction of its own: begin, commit and rollback of the SQL layer do nothing, the caller's transaction stands;
- a view of its own per table: GX ignores a table's schema;
- regular expressions by REGEXP_MATCHES, which finds a part: the Postgres `~` that GX would take matches only a whole;
- NaN is larger than everything and a null breaks no comparison: both need checks of their own.

GX samples at most 20 (200) broken rows and spells its index query with unbound parameters, so only verdict and count
are taken from it; which rows broke a check is what `Check.sql` answers. Importing this module takes seconds.
"""

# ruff: noqa: E402 – what GX reads on import is set before
from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, Literal

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # nothing leaves the machine


class _PutOff(ModuleType):
    """A module that is imported when something of it is used, which here never happens."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        del sys.modules[self.__name__]
        self.__dict__.update(vars(importlib.import_module(self.__name__)))
        return self.__dict__[name]


# GX draws charts and compares distributions with these; importing them is a third of its time.
for unused in ("altair", "scipy.stats"):
    sys.modules.setdefault(unused, _PutOff(unused))

if sys.modules.get("pandas", ...) is None:  # see assets.lean
    del sys.modules["pandas"]

import duckdb
import duckdb_engine
import great_expectations as gx
import great_expectations.expectations as gxe
import sqlalchemy as sa
from great_expectations.core.batch import Batch
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.row_conditions import Column

from .checks import Expectation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What GX says of one expectation. `error`: why it could not be evaluated; it has not passed then."""

    passed: bool
    unexpected: int
    error: str | None = None


def run(con: duckdb.DuckDBPyConnection, relation: str, expectations: Sequence[Expectation]) -> list[Outcome]:
    """Evaluate expectations on a table or view (`schema.name`) in one GX run; one outcome each, in order.

    Raises duckdb.Error when the relation does not exist. An expectation that GX cannot evaluate is an Outcome with
    `error`, never a pass.
    """
    with _view(con, relation) as view, _batch(con, view) as batch:
        suite = gx.ExpectationSuite(
            name="suite", expectations=[_gx(each, place) for place, each in enumerate(expectations)]
        )
        # A broken query is reported as an outcome; GX would print its traceback, too.
        with _silenced("great_expectations"):
            answers = batch.validate(
                suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
            ).results
    by_place = {answer.expectation_config.meta["place"]: _outcome(answer) for answer in answers}  # GX reorders
    lost = Outcome(False, 0, "Great Expectations returned no result for this expectation")
    return [by_place.get(place, lost) for place in range(len(expectations))]


class UnexpectedRowCount(gxe.UnexpectedRowsExpectation):
    """GX's own expectation without the rows themselves, for which it would run every query twice."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        (found,) = metrics.values()
        return {"success": found == 0, "result": {"observed_value": found}}


def _gx(expectation: Expectation, place: int) -> gxe.Expectation:
    arguments = expectation.arguments()
    if when := arguments.pop("when", None):
        arguments["row_condition"] = Column(when[0]) == when[1]
    name = expectation.gx_type
    kind = UnexpectedRowCount if name == UnexpectedRowCount.__name__ else getattr(gxe, name)
    return kind(**arguments, meta={"place": place})


def _outcome(answer: Any) -> Outcome:
    details = answer.exception_info or {}
    raised = [details] if "raised_exception" in details else list(details.values())
    errors = [each["exception_message"] for each in raised if each.get("raised_exception")]
    if errors:
        return Outcome(False, 0, str(errors[0]))
    result = answer.result or {}
    found = result.get("unexpected_count", result.get("observed_value")) or 0
    return Outcome(bool(answer.success), int(found))


# --- Plumbing --------------------------------------------------------------------------------------------------------

_numbers = count(1)
_connections: dict[str, duckdb.DuckDBPyConnection] = {}


@cache
def _context() -> gx.data_context.EphemeralDataContext:
    """The one GX context of the process."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    context.variables.save = lambda: None  # GX would spell its whole configuration as YAML four times a table
    return context


@contextmanager
def _view(con: duckdb.DuckDBPyConnection, relation: str) -> Iterator[str]:
    name = f"checked_{relation.replace('.', '_')}"
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {relation}")
    try:
        yield name
    finally:
        con.execute(f"DROP VIEW IF EXISTS {name}")


@contextmanager
def _batch(con: duckdb.DuckDBPyConnection, view: str) -> Iterator[Batch]:
    name = f"duckdb_{next(_numbers)}"
    _connections[name] = con
    sources = _context().data_sources
    try:
        source = sources.add_duckdb(name, connection_string=f"duckdb:///:memory:?bound={name}")
        yield source.add_table_asset(view, table_name=view).add_batch_definition_whole_table("whole").get_batch()
    finally:
        sources.delete(name)
        del _connections[name]


@contextmanager
def _silenced(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


class _Borrowed:
    """A connection that belongs to the caller: never closed, and its transactions left alone."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


def _engine(connection_string: str) -> sa.Engine:
    con = _connections[sa.make_url(connection_string).query["bound"]]
    engine = sa.create_engine(
        "duckdb:///:memory:", creator=lambda: duckdb_engine.ConnectionWrapper(_Borrowed(con)), poolclass=sa.StaticPool
    )
    engine.dialect.get_columns = _columns  # duckdb-engine's own way asks the Postgres catalogue: 50 ms a table
    return engine


def _columns(connection: sa.Connection, table_name: str, *_: Any, **__: Any) -> list[dict[str, Any]]:
    """Names and nullability for GX; it asks for types only in expectations that are not used here."""
    described = connection.exec_driver_sql(f'DESCRIBE "{table_name}"').fetchall()
    return [{"name": row[0], "type": sa.types.NullType(), "nullable": True, "default": None} for row in described]


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """GX's SQL engine on a bound connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dialect_module = SimpleNamespace(
            DremioDialect=None
        )  # Dremio spells a regex REGEXP_MATCHES, as DuckDB does

    def _setup_engine(self, kwargs: Any = None, connection_string: str = "", **_: Any) -> None:
        self.engine = _engine(connection_string)
        self.drivername = None

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        if not self._connection or self._connection.closed:
            self._connection = self.engine.connect()
        yield self._connection


class DuckDBDatasource(SQLDatasource):
    """Registers itself with GX as `add_duckdb`."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> type[SqlAlchemyExecutionEngine]:
        return DuckDBExecutionEngine

    def _create_engine(self) -> sa.Engine:
        return _engine(self.connection_string)
