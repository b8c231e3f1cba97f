"""Runs of the command line whose process died (遗留运行). To Dagster they still go on: its queue, in which one run at a
time may write, would wait for them for ever. (Runs that Dagster starts by itself it looks after.)
"""

from contextlib import suppress

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from assets.home import Home, Locked

#: Tag of the runs that are made here.
TAGS = {"landstock/started_by": "landstock"}


def close(instance: dg.DagsterInstance, home: Home) -> None:
    """Report them as failed. While a run is at work it holds the home's lock; who takes it here finds none at work."""
    if not _unfinished(instance):
        return
    with suppress(Locked), home.locked("dagster"):
        for run in _unfinished(instance):
            instance.report_run_failed(run, "进程已不在，运行没有结束；重新执行即可继续")


def _unfinished(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    return list(instance.get_runs(dg.RunsFilter(tags=TAGS, statuses=NOT_FINISHED_STATUSES)))
