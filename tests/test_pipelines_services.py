"""Dagster's own services on our definitions: a backfill launched from the user interface's API ends as one run."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.home import Home
from pipelines import storage

ROOT = Path(__file__).parents[1]
PATIENCE = 600  # seconds; a busy machine is slow, a broken service never answers

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def service(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    """A process and its children in a group of their own, ended together."""
    with log.open("w") as output:
        tool = Path(sys.executable).with_name(command[0])
        process = subprocess.Popen(
            [tool, *command[1:]], cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


class Interface:
    """The GraphQL API behind Dagster's pages."""

    def __init__(self, port: int, log: Path) -> None:
        self.url, self.log = f"http://127.0.0.1:{port}/graphql", log

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.load(answer)
        assert "errors" not in told, told["errors"]
        return told["data"]

    def wait(self, query: str, done, **variables: Any) -> dict[str, Any]:
        deadline, last = time.monotonic() + PATIENCE, None
        while time.monotonic() < deadline:
            try:
                last = self.ask(query, **variables)
                if done(last):
                    return last
            except OSError as error:
                last = error
            time.sleep(1)
        pytest.fail(f"not within {PATIENCE} s; last answer: {last}; log: {self.log.read_text()[-2000:]}")


@pytest.fixture
def installation(tmp_path: Path) -> tuple[Home, dict[str, str]]:
    home = Home(tmp_path / "home").prepare()
    (tmp_path / "landing").mkdir()
    storage.prepare(home)  # two services that start on an empty DAGSTER_HOME would both make its databases
    environment = os.environ | {
        "DAGSTER_HOME": str(home.dagster),
        "LANDSTOCK_HOME": str(home.path),
        "LANDSTOCK_LANDING": str(tmp_path / "landing"),
    }
    return home, environment


LOADED = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename
  ... on RepositoryLocation { repositories { name assetNodes { id groupName } jobs { name }
    schedules { name executionTimezone } sensors { name } } }
  ... on PythonError { message } } } } } }"""
LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) { __typename
  ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
RUNS = """query($id: String!) { runsOrError(filter: {tags: [{key: "dagster/backfill", value: $id}]}) {
  ... on Runs { results { runId status tags { key value } } } } }"""


def test_a_backfill_from_the_interface_is_one_run(installation, tmp_path: Path) -> None:
    home, environment = installation
    port, logs = free_port(), tmp_path
    web = ["dagster-webserver", "-h", "127.0.0.1", "-p", str(port), "-w", "workspace.yaml"]
    daemon = ["dagster-daemon", "run", "-w", "workspace.yaml"]
    with service(web, environment, logs / "web.log"), service(daemon, environment, logs / "daemon.log"):
        interface = Interface(port, logs / "web.log")
        loaded = interface.wait(LOADED, lambda told: told["workspaceOrError"]["locationEntries"])
        (location,) = loaded["workspaceOrError"]["locationEntries"]
        assert location["name"] == "landstock"
        assert location["locationOrLoadError"]["__typename"] == "RepositoryLocation", location
        (repository,) = location["locationOrLoadError"]["repositories"]
        groups = {node["groupName"] for node in repository["assetNodes"]}
        assert {"raw", "core", "indicator", "mart", "release"} <= groups
        assert "nightly" in {job["name"] for job in repository["jobs"]}
        assert ("nightly_at_two", "Asia/Shanghai") in {
            (s["name"], s["executionTimezone"]) for s in repository["schedules"]
        }
        assert "landing_sensor" in {sensor["name"] for sensor in repository["sensors"]}

        chosen = [{"path": ["indicator", "industrial_far"]}, {"path": ["indicator", "walk15_coverage"]}]
        tags = [{"key": "landstock/as_of", "value": "2026-11-23"}]
        params = {"assetSelection": chosen, "partitionNames": ["2025", "2026"], "tags": tags}
        launched = interface.ask(LAUNCH, p=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched

        def over(told: dict[str, Any]) -> bool:
            states = {run["status"] for run in told["runsOrError"]["results"]}
            return bool(states) and states <= {"SUCCESS", "FAILURE", "CANCELED"}

        interface.log = logs / "daemon.log"
        (run,) = interface.wait(RUNS, over, id=launched["backfillId"])["runsOrError"]["results"]
    assert run["status"] == "SUCCESS"
    told = {tag["key"]: tag["value"] for tag in run["tags"]}
    assert (told["dagster/asset_partition_range_start"], told["dagster/asset_partition_range_end"]) == ("2025", "2026")
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        made = con.execute("SELECT DISTINCT indicator, as_of::VARCHAR FROM indicator.state ORDER BY ALL").fetchall()
    assert made == [("industrial_far", "2026-11-23"), ("walk15_coverage", "2026-11-23")]
