"""What happens when a nightly fails: a line in HOME/logs/failures.jsonl, and a POST to the webhook in the settings."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from dataclasses import asdict, dataclass

from assets.home import Home
from pipelines import settings

FILE = "failures.jsonl"
PATIENCE = 10  # seconds that a webhook may take


@dataclass(frozen=True)
class Notice:
    """A run that made no release, and why."""

    run_id: str  # of Dagster; empty when it failed before
    job: str
    as_of: str | None
    message: str


def send(home: Home, url: str, notice: Notice) -> str | None:
    """Note it and post it; a run that was noted is not noted again. Returns why the webhook could not be reached.

    Never raises: whoever tells of a failure must not fail himself.
    """
    if notice.run_id and notice.run_id in _known(home):
        return None
    line = {"at": settings.now().isoformat(timespec="seconds"), "home": str(home.path), **asdict(notice)}
    problem = _post(url, line) if url else None
    with contextlib.suppress(OSError):
        home.logs.mkdir(parents=True, exist_ok=True)
        with (home.logs / FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line | ({"webhook": problem} if problem else {}), ensure_ascii=False) + "\n")
    return problem


def _known(home: Home) -> set[str]:
    try:
        lines = (home.logs / FILE).read_text(encoding="utf-8").split("\n")
    except OSError:
        return set()
    known = set()
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            known.add(json.loads(line)["run_id"])
    return known


def _post(url: str, line: dict) -> str | None:
    try:
        request = urllib.request.Request(
            url, json.dumps(line, ensure_ascii=False).encode(), {"Content-Type": "application/json; charset=utf-8"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return None
    except (OSError, ValueError) as error:
        return f"{url}：{error}"
