"""From a day and some choices to the context of a run; and whether what lies in the warehouse was made under it."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version

import duckdb

from assets import core
from assets.context import Context
from assets.release import Stamp
from schemas import policy
from schemas.indicators import INDICATORS


def make_context(as_of: date, overrides: dict[str, str], regions: str = "") -> Context:
    """The rules, regions and targets in force on a day.

    `overrides` are switches as text; `regions` is a region table's path, "" for our own. Raises PolicyError.
    """
    rules = policy.rulebook(as_of).with_overrides(overrides)
    return Context(as_of, rules, policy.regions(regions or None), policy.target_version(as_of))


def stamp(con: duckdb.DuckDBPyConnection, context: Context, what_if: bool = False) -> Stamp:
    """What a release made now under this context would be made from."""
    return Stamp(
        as_of=context.as_of.isoformat(),
        inputs=core.fingerprint(con, context.as_of),
        rule_version=context.rules.label,
        target_version=context.target_version,
        regions=context.regions.digest,
        software=version("landstock"),
        what_if=what_if,
    )


def fresh(con: duckdb.DuckDBPyConnection, context: Context) -> set[str]:
    """The indicators that were last computed from this basis, under these rules, for this day."""
    now = (context.as_of, core.basis(con, context), context.rules.label)
    made: dict[str, set[tuple]] = {}
    for code, *under in con.execute("SELECT DISTINCT indicator, as_of, inputs, rules FROM indicator.state").fetchall():
        made.setdefault(code, set()).add(tuple(under))
    return {code for code, under in made.items() if under == {now}}


def unready(con: duckdb.DuckDBPyConnection, context: Context) -> str | None:
    """Why marts made now would mix two states of knowledge, and what to do; None when they would not."""
    if waiting := core.pending(con):
        return f"还有 {sum(waiting.values())} 个报送文件未入库；请先运行 core 各表（或整个 nightly）"
    known = fresh(con, context)
    if old := [code for code in INDICATORS if code not in known]:
        names = "、".join(INDICATORS[code].short_label for code in old)
        return f"{names} 不是按截止日 {context.as_of} 和现有报送计算的；请先重算全部指标（或运行整个 nightly）"
    return None
