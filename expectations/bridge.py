"""From suites to Dagster: every check of a layer is an asset check; the critical ones block what comes after."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import dagster as dg

from schemas.policy import Regions

from .checks import CRITICAL, Check
from .suites import checks
from .validate import CheckResult, validate_file


def asset_checks(
    layer: str,
    tables: Iterable[str] | None = None,
    *,
    name: str | None = None,
    regions: Callable[[Any], Regions | None] = lambda home: None,
) -> dg.AssetChecksDefinition:
    """The checks of a layer's tables, evaluated in one step that waits for all of these tables.

    Asset keys are [layer, table]. The step needs a resource `home` with `look_at(layer, look, tasks, context)`, which
    yields `look(path, task)` of the database file of a layer while nobody writes to it, and with
    `keep_results(rows, context)`, which takes the outcome; `regions` tells the region table from that resource. Steps
    downstream of any of the tables wait for this one and do not start when a critical check fails: tables that are
    made from one another belong in separate calls.
    """

    step = name or f"{layer}_expectations"

    @dg.multi_asset_check(
        specs=[_spec(check) for check in checks(layer, tables)],
        name=step,
        description=f"Great Expectations on {layer}",
        can_subset=True,
        required_resource_keys={"home"},
    )
    def evaluate(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted, home = context.selected_asset_check_keys, context.resources.home
        chosen, rows = sorted({key.asset_key.path[-1] for key in wanted}), []
        look = partial(validate_file, layer=layer, regions=regions(home))
        # Told of one portion while the next is looked at.
        for results in home.look_at(layer, look, _portions(chosen), context):
            rows += [as_row(result) for result in results]
            for result in results:
                if dg.AssetCheckKey(asset_key(result.check), result.name) in wanted:
                    if not result.passed:
                        context.log.warning(result.message)
                    yield as_asset_check_result(result)
        home.keep_results(rows, context)

    return evaluate


def _portions(tables: list[str], size: int = 4) -> list[list[str]]:
    return [tables[start : start + size] for start in range(0, len(tables), size)]


def asset_key(check: Check) -> dg.AssetKey:
    return dg.AssetKey([check.layer, check.table])


def _spec(check: Check) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name=check.name,
        asset=asset_key(check),
        blocking=check.severity == CRITICAL,
        description=f"{check.label} / {check.label_en}",
        metadata={"severity": check.severity, "why": check.why, "rules": "、".join(check.rules), "sql": check.sql},
    )


def as_row(result: CheckResult) -> dict[str, Any]:
    """A result in the shape of mart.quality_check; its message without the remedy, which has a column of its own."""
    check = result.check
    return {
        "layer": check.layer, "table_name": check.table, "check_name": check.name, "label": check.label,
        "label_en": check.label_en, "severity": check.severity, "passed": result.passed,
        "unexpected": result.unexpected, "sample": "；".join(result.sample) or None, "message": result.message,
        "why": check.why, "remedy": check.remedy, "rules": "、".join(check.rules) or None, "sql": result.sql,
    }  # fmt: skip


def as_asset_check_result(result: CheckResult) -> dg.AssetCheckResult:
    """What Dagster shows of a result: the message, how many and which rows, and the query for all of them."""
    critical = result.severity == CRITICAL
    return dg.AssetCheckResult(
        passed=result.passed,
        asset_key=asset_key(result.check),
        check_name=result.name,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        description=result.message,
        metadata={}
        if result.passed
        else {
            "unexpected": result.unexpected,
            "sample": dg.MetadataValue.json(list(result.sample)),
            "sql": result.sql,
            "message_en": result.message_en,
            "error": result.error or "",
        },
    )
