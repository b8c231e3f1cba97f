"""Dagster's own storage, inside the home: runs of the command line and of the user interface share it."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg

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
