"""How far a release is (发布状态): 草稿 → 公示 → 定稿, with who and when. Only forward, kept in HOME/states.jsonl.

The release itself is sealed; its state lies beside it. A final release's manifest is remembered by its checksum, so
that a later change of the release and its manifest together is found, too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assets.home import Home
from assets.trust import journal
from assets.trust.journal import Refused
from schemas.trust import STATE_WORDS, STATES, State


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a release."""

    release_id: str
    state: State
    by: str
    at: str  # ISO time in Asia/Shanghai
    note: str
    manifest_sha256: str


def history(home: Home, release_id: str | None = None) -> list[Step]:
    """Every move, oldest first, of one release or of all."""
    steps = [Step(**(line | {"state": State(line["state"])})) for line in journal.read(home, journal.STATES)]
    return [step for step in steps if release_id in (None, step.release_id)]


def states(home: Home) -> dict[str, State]:
    """The state of every release that has left 草稿."""
    return {step.release_id: step.state for step in history(home)}


def state(home: Home, release_id: str) -> State:
    """The state of a release: 草稿 until somebody moves it."""
    return states(home).get(release_id, State.DRAFT)


def held(home: Home) -> set[str]:
    """Releases that are never pruned: those in 公示 or 定稿."""
    return set(states(home))


def advance(home: Home, release_id: str, to: State, by: str, at: datetime, note: str = "") -> Step:
    """Move a release forward. Raises Refused for a move that is none or goes back.

    The caller has seen to it that the release is there, whole, and may be published.
    """

    def compose(lines: list[journal.Line]) -> journal.Line:
        now = next((State(x["state"]) for x in reversed(lines) if x["release_id"] == release_id), State.DRAFT)
        if STATES.index(to) <= STATES.index(now):
            raise Refused(
                f"发布 {release_id} 现为「{now}」，只能向前（草稿 → 公示 → 定稿），不能改为「{to}」。"
                f"如需更正，请重新运行产生新发布",
                f"release {release_id} is {STATE_WORDS[now]} and only moves forward, not to {STATE_WORDS[to]}. "
                f"To correct it, make a new release",
            )
        return {
            "release_id": release_id, "state": str(to), "by": by, "at": at.isoformat(timespec="seconds"), "note": note,
            "manifest_sha256": manifest_sha256(home, release_id),
        }  # fmt: skip

    line = journal.append(home, journal.STATES, compose)
    return Step(**(line | {"state": to}))


def manifest_sha256(home: Home, release_id: str) -> str:
    """The fingerprint of a manifest, which names those of all files of its release."""
    return _sha256(home.releases / release_id / "manifest.json")


def tampered(home: Home, release_id: str) -> bool:
    """Whether the manifest differs from the one that was published; its files are `release.verify`'s business."""
    path = home.releases / release_id / "manifest.json"
    steps = history(home, release_id)
    return bool(steps) and (not path.is_file() or _sha256(path) != steps[-1].manifest_sha256)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
