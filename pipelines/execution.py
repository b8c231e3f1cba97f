"""One run of the Dagster graph in this process: the same assets, checks and history as in the user interface."""

import contextlib
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")

import dagster as dg

from assets import once, warehouse
from assets.graph import CURRENT, LEFT_OUT
from assets.home import Home
from pipelines import abandoned, definitions, interruption, storage
from pipelines.settings import Settings

Progress = Callable[[int, int, str], None]
PROGRESS = "landstock.progress"
_LOGGERS = {"loggers": {"progress": {}}}


@dataclass(frozen=True)
class FailedCheck:
    """A critical expectation that did not hold; `sql` lists every row that breaks it."""

    table: str
    name: str
    message: str
    message_en: str = ""
    sql: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a run. `release` is the metadata of release/current, {} when it was not reached."""

    run_id: str
    success: bool
    release: dict[str, Any]
    failed_checks: Sequence[FailedCheck]
    warnings: int
    failures: Sequence[str]
    log: Path | None
    left_out: Sequence[str] = ()  # outputs that could not be made, and why


def execute(
    settings: Settings, tags: dict[str, str], progress: Progress, without: Sequence[dg.AssetKey] = ()
) -> Outcome:
    """Run everything but `without`, in this process; the caller holds the home's lock.

    `progress` is told (steps begun, steps in all, asset) at the start of every step.
    """
    storage.prepare(settings.place)
    job = definitions.definitions(settings).resolve_job_def(definitions.NIGHTLY)
    keys = sorted(job.asset_layer.selected_asset_keys - set(without)) if without else None
    with (
        storage.instance(settings.place) as instance,
        _reporting(progress, len(job.nodes) - len(without)),
        warehouse.kept_open(settings.place.warehouse),
        once.kept(),
    ):
        abandoned.close(instance, settings.place)
        result = job.execute_in_process(
            instance=instance,
            tags=tags | abandoned.TAGS,
            asset_selection=keys,
            raise_on_error=False,
            run_config=_LOGGERS,
        )
    if interruption.heard():
        raise KeyboardInterrupt  # Dagster takes it for a step that failed
    return _outcome(result, settings)


def _outcome(result: dg.ExecuteInProcessResult, settings: Settings) -> Outcome:
    evaluations = [
        event.event_specific_data for event in result.all_events if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    broken = [each for each in evaluations if not each.passed]
    critical = [_failed(each) for each in broken if each.severity is dg.AssetCheckSeverity.ERROR]
    failures = [event for event in result.all_events if event.is_step_failure]
    return Outcome(
        run_id=result.run_id,
        success=result.success,
        release=_release(result),
        failed_checks=critical,
        warnings=len(broken) - len(critical),
        failures=[_sentence(event) for event in failures],
        log=_write_log(result.run_id, critical, failures, settings.place) if failures or critical else None,
        left_out=_left_out(result),
    )


def _failed(evaluation: dg.AssetCheckEvaluation) -> FailedCheck:
    said = {name: str(value.value) for name, value in evaluation.metadata.items()}
    return FailedCheck(
        evaluation.asset_key.to_user_string(), evaluation.check_name, evaluation.description or evaluation.check_name,
        said.get("message_en", ""), said.get("sql", ""),
    )  # fmt: skip


def _release(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    for event in result.get_asset_materialization_events():
        if event.asset_key == CURRENT:
            return {name: value.value for name, value in event.materialization.metadata.items()}
    return {}


def _left_out(result: dg.ExecuteInProcessResult) -> list[str]:
    said = [event.materialization.metadata.get(LEFT_OUT) for event in result.get_asset_materialization_events()]
    return list(dict.fromkeys(each.value for each in said if each))


def _sentence(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    cause = data.error.cause or data.error
    return f"{event.step_key}：{cause.message.strip()}"


def _write_log(run_id: str, critical: Sequence[FailedCheck], failures: Sequence[dg.DagsterEvent], home: Home) -> Path:
    """The checks that stopped the run, each with its SQL, then what Dagster tells of the steps that failed."""
    log = home.logs / f"run-{run_id[:8]}.log"
    checks = [
        f"{each.table} {each.name}\n{each.message}\n-- 不符的行 rows that break it, in"
        f" {home.build if each.table.startswith('mart/') else home.warehouse}:\n{each.sql};"
        for each in critical
    ]
    steps = [event.step_failure_data.error.to_string() for event in failures]
    log.write_text("\n\n".join([*checks, *steps]) + "\n", encoding="utf-8")
    return log


@contextlib.contextmanager
def _reporting(progress: Progress, total: int) -> Iterator[None]:
    """Tell of steps as they begin, in place of Dagster's console log; everything is in the instance's event log."""
    handler = _Steps(progress, total)
    logger = logging.getLogger(PROGRESS)
    logger.addHandler(handler)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.removeHandler(handler)


class _Steps(logging.Handler):
    def __init__(self, progress: Progress, total: int) -> None:
        super().__init__()
        self.progress, self.total, self.begun = progress, total, 0

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event and event.is_step_start:
            self.begun += 1
            self.progress(self.begun, self.total, event.step_key)
