"""WHEN and WHERE: jobs, the nightly schedule, the landing sensor, what happens after a failure. What runs is in assets.

Loaded by `dagster dev -w workspace.yaml`, by `dg`, and by the command line, which hands in its own settings.
"""

import json
import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg

from assets.graph import AS_OF, FIRST, LAST, YEARS, HomeResource, all_assets
from assets.home import SHANGHAI
from expectations.bridge import asset_checks
from pipelines import abandoned, landing, notice, settings
from schemas import policy
from schemas.indicators import FIRST_YEAR
from schemas.marts import MARTS
from schemas.policy import Regions

NIGHTLY = "nightly"

nightly = dg.define_asset_job(
    NIGHTLY,
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="全流程：留存 → 入库 → 指标 → 成果表 → 发布。A run covers all years at once.",
)


def run_tags(as_of: date, first: int = FIRST_YEAR, last: int | None = None) -> dict[str, str]:
    """Tags of a run over a range of years for an as-of day; years before the plan, and years to come, have no partition."""
    newest = int(YEARS.get_last_partition_key())
    first, last = (min(max(year, FIRST_YEAR), newest) for year in (first, last or newest))
    return {AS_OF: as_of.isoformat(), FIRST: str(first), LAST: str(last)}


@dg.schedule(
    job=nightly, cron_schedule="0 2 * * *", execution_timezone=str(SHANGHAI), description="每日 02:00（北京时间）"
)
def nightly_at_two(context: dg.ScheduleEvaluationContext, home: HomeResource) -> dg.RunRequest:
    abandoned.close(context.instance, home.place)
    # The day of the tick, not of the execution: a run that waits past midnight keeps its as-of.
    day = context.scheduled_execution_time.astimezone(SHANGHAI).date()
    return dg.RunRequest(run_key=f"nightly-{day}", tags=run_tags(day))


@dg.sensor(job=nightly, minimum_interval_seconds=60, description="报送目录有新文件，且两次查看之间不再变化时运行")
def landing_sensor(context: dg.SensorEvaluationContext, home: HomeResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Cursor: the listing seen at the last tick, and the one that was last handed to a run."""
    place = Path(home.landing)
    if not place.is_dir():
        yield dg.SkipReason(f"报送目录 {place} 不存在；请建立该目录，或用 LANDSTOCK_LANDING 指定")
        return
    cursor = json.loads(context.cursor or "{}")
    found = landing.listing(place)
    now = landing.fingerprint(found)
    context.update_cursor(json.dumps({**cursor, "seen": now}))
    if not found or now == cursor.get("handled"):
        yield dg.SkipReason("没有新的报送文件")
    elif now != cursor.get("seen"):
        yield dg.SkipReason("报送目录仍在变化，等下一次查看")
    else:
        abandoned.close(context.instance, home.place)
        context.update_cursor(json.dumps({"seen": now, "handled": now}))
        yield dg.RunRequest(run_key=f"landing-{now}", tags=run_tags(settings.today()))


@dg.run_failure_sensor(description="运行失败后的去处：写入 HOME/logs/failures.jsonl，并通知 landstock.toml 里的 notify")
def on_failure(context: dg.RunFailureSensorContext, home: HomeResource) -> None:
    run = context.dagster_run
    failed = notice.Notice(run.run_id, run.job_name, run.tags.get(AS_OF), context.failure_event.message or "")
    if problem := notice.send(home.place, home.notify, failed):
        context.log.warning(f"通知未送达：{problem}")


@dg.logger(description="命令行的进度：不在控制台另写日志")
def progress(_: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.getLogger("landstock.progress")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    return logger


def _regions(home: HomeResource) -> Regions:
    return policy.regions(home.regions or None)


#: Marts that are made from other marts or their checks, hence after those have been checked.
_AFTER = ("revision", "plausibility", "quality_check")


def _checks() -> list[dg.AssetChecksDefinition]:
    first = [name for name in MARTS if name not in _AFTER]
    after = (asset_checks("mart", [name], name=f"{name}_expectations") for name in _AFTER)
    layers = [("core", None), ("indicator", None), ("mart", first)]
    return [*(asset_checks(layer, tables, regions=_regions) for layer, tables in layers), *after]


def definitions(chosen: settings.Settings) -> dg.Definitions:
    """Everything, for one installation."""
    home = HomeResource(
        home=str(chosen.home), landing=str(chosen.landing), regions=chosen.regions, rules=chosen.rules,
        keep_releases=chosen.keep_releases, notify=chosen.notify,
    )  # fmt: skip
    return dg.Definitions(
        assets=all_assets(),
        asset_checks=_checks(),
        jobs=[nightly],
        schedules=[nightly_at_two],
        sensors=[landing_sensor, on_failure],
        resources={"home": home},
        executor=dg.in_process_executor,
        loggers={"progress": progress, "console": dg.colored_console_logger},
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Everything, for the installation that the environment and landstock.toml name: what Dagster itself loads."""
    return definitions(settings.load())
