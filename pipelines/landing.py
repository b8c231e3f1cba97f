"""A look at the landing directory (报送目录) without reading a file: what lies there, and whether it is all known."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import duckdb

from assets import raw

Listing = dict[str, tuple[int, int]]  # path → bytes, mtime in ns


def listing(landing: Path) -> Listing:
    """Every file that a capture would take, by its path below the landing directory."""
    found = {}
    for path, _ in raw.files(landing, date.min):
        stat = path.stat()
        found[path.relative_to(landing).as_posix()] = (stat.st_size, stat.st_mtime_ns)
    return found


def fingerprint(found: Listing) -> str:
    """The listing as a short text."""
    return hashlib.sha256(json.dumps(sorted(found.items())).encode()).hexdigest()[:16]


def unseen(con: duckdb.DuckDBPyConnection, landing: Path) -> list[str]:
    """Paths whose present content was never captured. A file that was only touched has been seen."""
    sightings = con.execute("SELECT path, bytes, mtime_ns, file_sha256 FROM raw.sighting").fetchall()
    seen = {(path, size, mtime) for path, size, mtime, _ in sightings}
    contents = {(path, sha) for path, _, _, sha in sightings}

    def known(path: str, size: int, mtime: int) -> bool:
        return (path, size, mtime) in seen or (path, _sha256(landing / path)) in contents

    return [path for path, (size, mtime) in listing(landing).items() if not known(path, size, mtime)]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
