"""Run the suites on a DuckDB connection: for every check whether it holds, where it does not, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from schemas import database
from schemas.policy import Regions
from schemas.policy import regions as own_regions

from .checks import CRITICAL, Check
from .suites import checks

if TYPE_CHECKING:
    from .duckdb_engine import Outcome

SAMPLE = 20
#: Mart checks find the codes in force here, whatever region table the run was made with.
REGIONS = "current_region"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check came out.

    `unexpected` counts broken rows (groups, where the check is about groups); `sample` names up to 20 of them by the
    check's key columns, "|" between the parts; `sql` lists them all. A check that could not run has not passed and
    says why in `error`.
    """

    check: Check
    passed: bool
    unexpected: int
    sample: tuple[str, ...]
    sql: str
    message: str
    message_en: str
    error: str | None = None

    @property
    def name(self) -> str:
        return self.check.name

    @property
    def table(self) -> str:
        return self.check.table

    @property
    def label(self) -> str:
        return self.check.label

    @property
    def severity(self) -> str:
        return self.check.severity

    @property
    def blocks(self) -> bool:
        """Whether this result must stop a release."""
        return not self.passed and self.severity == CRITICAL


def prepare() -> None:
    """Import Great Expectations, which takes seconds, before it is needed."""
    from . import duckdb_engine  # noqa: F401


def validate_file(path: Path, tables: Iterable[str], layer: str, regions: Regions | None = None) -> list[CheckResult]:
    """`validate` on a database file that nobody writes to meanwhile."""
    with database.connect(path, read_only=True) as con:
        return validate(con, layer, tables, regions=regions)


def validate(
    con: duckdb.DuckDBPyConnection,
    layer: str,
    tables: Iterable[str] | None = None,
    *,
    regions: Regions | None = None,
    names: Iterable[str] | None = None,
) -> list[CheckResult]:
    """Check the tables of a layer ("core", "indicator" or "mart"), all of them by default; one result per check, in suite order.

    `con` stays as it was, its open transaction included; it may be read-only. `regions` are those that the run was made
    with (default: `core.region` where the connection has it, else the project's own). `names` picks single checks.
    Raises KeyError for an unknown layer or table. A missing table fails all of its checks.
    """
    wanted = None if names is None else set(names)
    chosen = [check for check in checks(layer, tables) if wanted is None or check.name in wanted]
    current = _current_regions(con, regions)
    con.register(REGIONS, current.to_arrow())
    try:
        by_table = groupby(chosen, key=lambda check: check.table)
        return [result for table, suite in by_table for result in _table(con, layer, table, list(suite), current)]
    finally:
        con.unregister(REGIONS)


def _current_regions(con: duckdb.DuckDBPyConnection, regions: Regions | None) -> pl.DataFrame:
    found = con.execute("FROM duckdb_tables() WHERE schema_name = 'core' AND table_name = 'region'").fetchone()
    if regions is None and found:
        return con.execute("SELECT code, level FROM core.region WHERE last_day IS NULL ORDER BY code").pl()
    return (regions or own_regions()).current.select("code", "level")


def _table(
    con: duckdb.DuckDBPyConnection, layer: str, table: str, suite: list[Check], current: pl.DataFrame
) -> list[CheckResult]:
    from .duckdb_engine import Outcome, run  # takes seconds to import

    try:
        outcomes = run(con, f"{layer}.{table}", [check.expectation for check in suite])
    except duckdb.Error as error:
        outcomes = [Outcome(False, 0, str(error))] * len(suite)
    return [_result(con, check, outcome, current) for check, outcome in zip(suite, outcomes, strict=True)]


def _result(con: duckdb.DuckDBPyConnection, check: Check, outcome: Outcome, current: pl.DataFrame) -> CheckResult:
    sql = _alone(check.sql, current)
    if outcome.passed:
        return CheckResult(check, True, 0, (), sql, f"{check.label}：通过", f"{check.label_en}: passed")
    sample = () if outcome.error else _sample(con, check)
    messages = _messages(check, outcome, sample)
    return CheckResult(check, False, outcome.unexpected, sample, sql, *messages, outcome.error)


def _alone(sql: str, current: pl.DataFrame) -> str:
    """The query as it runs without the view of current regions: anywhere, on the released file too."""
    if REGIONS not in sql:
        return sql
    rows = ", ".join(f"('{code}', '{level}')" for code, level in current.iter_rows())
    rest = f", {sql.removeprefix('WITH ')}" if sql.startswith("WITH ") else f" {sql}"
    return f"WITH {REGIONS}(code, level) AS (VALUES {rows}){rest}"


def _sample(con: duckdb.DuckDBPyConnection, check: Check) -> tuple[str, ...]:
    broken = con.execute(f"FROM ({check.sql}) ORDER BY ALL LIMIT {SAMPLE}")
    names = [column[0] for column in broken.description]
    places = [names.index(key) for key in check.keys if key in names] or range(len(names))
    spelled = ([row[place] for place in places] for row in broken.fetchall())
    return tuple("|".join("" if part is None else str(part) for part in row) for row in spelled)


def _messages(check: Check, outcome: Outcome, sample: tuple[str, ...]) -> tuple[str, str]:
    """What, where, why, what to do; in Chinese and in English."""
    where = f"{check.layer}.{check.table}"
    if outcome.error:
        reason = outcome.error.strip().splitlines()[0]
        return (
            f"{where}「{check.label}」未能检查，按未通过处理：{reason}。请核对该表是否存在、列是否与声明一致，再重新运行。",
            f"{where}: {check.label_en}: could not be checked, hence not passed: {reason}",
        )
    such_as = "；".join(sample[:3])
    return (
        f"{where}「{check.label}」有 {outcome.unexpected} 处不符，如 {such_as}。原因：{check.why}处理：{check.remedy}",
        f"{where}: {check.label_en}: {outcome.unexpected} broken, such as {such_as}",
    )
