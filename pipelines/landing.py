"""A look at the landing directory (报送目录) without reading a file: what lies there, and whether it is all known."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from datetime import date
from pathlib import Path

import duckdb

from assets import raw

Listing = dict[str, tuple[int, int]]  # path → bytes, mtime in ns


def listing(landing: Path) -> Listing:
    """Every file that a capture would take, by its path below the landing directory."""
    return {name: (stat.st_size, stat.st_mtime_ns) for name, (_, stat) in _present(landing).items()}


def _present(landing: Path) -> dict[str, tuple[Path, os.stat_result]]:
    present = {}
    for path, _ in raw.files(landing, date.min):
        with contextlib.suppress(OSError):  # gone since it was listed
            present[raw.readable(path.relative_to(landing))] = (path, path.stat())
    return present


def fingerprint(found: Listing) -> str:
    """The listing as a short text."""
    return hashlib.sha256(json.dumps(sorted(found.items())).encode()).hexdigest()[:16]


def unseen(con: duckdb.DuckDBPyConnection, landing: Path) -> list[str]:
    """Paths whose present content was never captured. A file that was only touched has been seen."""
    sightings = con.execute("SELECT path, bytes, mtime_ns, file_sha256 FROM raw.sighting").fetchall()
    seen = {(path, size, mtime) for path, size, mtime, _ in sightings}
    contents = {(path, sha) for path, _, _, sha in sightings}

    def known(name: str, path: Path, stat: os.stat_result) -> bool:
        return (name, stat.st_size, stat.st_mtime_ns) in seen or (name, _sha256(path)) in contents

    return [name for name, (path, stat) in _present(landing).items() if not known(name, path, stat)]


def _sha256(path: Path) -> str | None:
    """The fingerprint of a file's content; None when it cannot be opened."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
