"""Dagster's own storage, inside the home: runs of the command line and of the user interface share it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from assets.home import Home
from pipelines.settings import ROOT


def prepare(home: Home) -> Path:
    """Make HOME/dagster a DAGSTER_HOME. Before two processes start on it, so that neither finds it half made."""
    home.prepare()
    config = home.dagster / "dagster.yaml"
    if not config.exists():
        shutil.copy(ROOT / "dagster.yaml", config)
        instance(home).dispose()
    return home.dagster


def instance(home: Home) -> dg.DagsterInstance:
    """The persistent instance of a home that has been prepared."""
    return dg.DagsterInstance.from_config(str(home.dagster))


@contextlib.contextmanager
def without_waiting_for_the_disk() -> Iterator[None]:
    """Dagster opens its SQLite files anew for every event and waits for the disk at each: minutes, with 300 checks.

    In WAL mode `synchronous = NORMAL` keeps a file whole in every crash; a power cut may cost the last events of a
    run's history, never a release. One connection that stays open spares the checkpoint at every close.
    """
    kept: dict[str, sqlite3.Connection] = {}

    def relax(connection: Any, _: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        connection.execute("PRAGMA synchronous = NORMAL")
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        if path and path not in kept:
            kept[path] = sqlite3.connect(path, check_same_thread=False)
            kept[path].execute("SELECT count(*) FROM sqlite_master").fetchone()

    event.listen(Engine, "connect", relax)
    try:
        yield
    finally:
        event.remove(Engine, "connect", relax)
        for connection in kept.values():
            connection.close()
