"""Who is told when a nightly fails: a file always, a webhook (here on loopback) if any; and how a run talks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from assets.home import Home
from pipelines import cli, notice
from pipelines.cli import run as run_command
from pipelines.execution import FailedCheck, Outcome
from pipelines.notice import Notice, send

FAILED = Notice("run-1", "nightly", "2026-11-23", "mart/target 核验未通过")


class Webhook(HTTPServer):
    """Keeps what is posted to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.received: list[dict] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/landstock"


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").prepare()


def noted(home: Home) -> list[dict]:
    return [json.loads(line) for line in (home.logs / notice.FILE).read_text(encoding="utf-8").splitlines()]


def test_a_failure_is_noted_and_posted_once(home, webhook):
    assert [send(home, webhook.url, FAILED) for _ in range(2)] == [None, None]
    (line,) = noted(home)
    assert webhook.received == [line]
    assert (line["run_id"], line["job"], line["message"]) == ("run-1", "nightly", FAILED.message)


def test_without_a_webhook_there_is_the_file(home):
    assert send(home, "", FAILED) is None
    assert len(noted(home)) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "no url at all", "ftp://127.0.0.1:9/x"])
def test_a_webhook_that_cannot_be_reached_is_said_and_fails_nothing(home, url):
    assert url in send(home, url, FAILED)
    assert url in noted(home)[0]["webhook"]


def test_a_home_that_cannot_be_written_still_posts(tmp_path, webhook):
    (tmp_path / "home").write_text("a file")
    assert send(Home(tmp_path / "home"), webhook.url, FAILED) is None
    assert len(webhook.received) == 1


# --- The command ------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, webhook: Webhook) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANDSTOCK_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("LANDSTOCK_NOTIFY", webhook.url)
    return Home(tmp_path / "home")


def test_a_run_without_a_landing_directory_is_told_of(place, webhook, capsys):
    assert cli.call(["run", "--as-of", "2026-11-23"]) == 3
    (line,) = webhook.received
    assert "报送目录" in line["message"] and line["as_of"] == "2026-11-23"
    assert noted(place) == [line]
    assert "Traceback" not in capsys.readouterr().err


def test_another_run_at_work_is_no_failure(place, webhook, tmp_path, capsys):
    (tmp_path / "landing").mkdir()
    import fcntl

    with place.prepare().lock_file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert cli.call(["run"]) == 4
    assert webhook.received == []


def failing(*_: object, **__: object) -> Outcome:
    return Outcome("run-7", False, {}, [FailedCheck("mart/target", "unit", "单位不符")], 0, [], None)


@pytest.fixture
def gate(place: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A run whose gate fails, without Dagster."""
    (tmp_path / "landing").mkdir()
    monkeypatch.setattr("pipelines.execution.execute", failing)
    monkeypatch.setattr(run_command, "taken_in", lambda *_: [])
    return place


def test_a_failed_gate_is_told_of(gate, webhook, capsys):
    assert cli.call(["run", "--as-of", "2026-11-23"]) == 1
    (line,) = webhook.received
    assert (line["run_id"], line["message"]) == ("run-7", "mart/target unit：单位不符")
    said = capsys.readouterr().err
    assert "核验未通过" in said and "单位不符" in said


def test_a_log_for_people_has_the_time_and_one_for_machines_is_json_throughout(gate, webhook, capsys):
    cli.call(["run", "--as-of", "2026-11-23"])
    first, *_ = capsys.readouterr().err.splitlines()
    assert first[2] == first[5] == ":" and first.endswith("正在准备……")
    cli.call(["run", "--as-of", "2026-11-23", "--log-json"])
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines[0]["message"] == "正在准备……" and lines[0]["as_of"] == "2026-11-23"
    assert {line["level"] for line in lines} == {"info", "error"}
    assert all({"at", "level", "message"} <= line.keys() for line in lines)


def test_an_error_is_a_json_line_too(place, monkeypatch, capsys):
    arguments = ["run", "--as-of", "2026-11-23", "--log-json"]
    monkeypatch.setattr("sys.argv", ["landstock", *arguments])
    assert cli.call(arguments) == 3
    (line,) = [json.loads(each) for each in capsys.readouterr().err.splitlines()]
    assert line["level"] == "error" and "报送目录" in line["message"]
