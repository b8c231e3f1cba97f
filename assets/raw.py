"""From the landing directory to captured bytes: every file kept by its sha256, every sighting logged, nothing read yet
but whether a public export names land users: those names are not kept.

`raw/` alone is enough to rebuild everything: `sightings.jsonl` says what was received when, `<sha[:2]>/<sha>` has the
bytes. The warehouse's `raw.sighting` and `raw.submission` mirror that log.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from assets.reading import parse_name
from assets.reading.holders import without_holders
from assets.reading.naming import receipt_number, reporting_region
from assets.warehouse import transaction
from schemas.policy import Regions

Progress = Callable[[str], None] | None

LOG = "sightings.jsonl"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One file as it was seen in the landing directory. `path` is relative to it."""

    seq: int
    path: str
    file_name: str
    received_on: str
    file_sha256: str
    bytes: int
    mtime_ns: int


def capture(
    con: duckdb.DuckDBPyConnection, landing: Path, raw: Path, today: date, regions: Regions, progress: Progress = None
) -> int:
    """Keep the bytes of every new or changed file and log it; return how many new submissions that made.

    `today` is the day of receipt of files that do not lie in a `YYYY-MM-DD/` folder. A file that changes while it is
    being read, or that cannot be opened, is left for the next run.
    """  # fmt: skip
    restore(con, raw, regions)
    before = _count(con)
    seen = {
        (path, size, mtime)
        for path, size, mtime in con.execute("SELECT path, bytes, mtime_ns FROM raw.sighting").fetchall()
    }
    seq = con.execute("SELECT coalesce(max(seq), 0) FROM raw.sighting").fetchone()[0]
    found = []
    for path, received_on in files(landing, today):
        relative = readable(path.relative_to(landing))
        try:
            stat = path.stat()
            if (relative, stat.st_size, stat.st_mtime_ns) in seen:
                continue
            content = _read_stable(path)
        except OSError as error:
            _tell(progress, f"{relative} 无法打开（{error.strerror}），留待下次")
            continue
        if content is None:
            _tell(progress, f"{relative} 正在写入，留待下次")
            continue
        sha = _store(raw, content)
        name = relative.rpartition("/")[2]
        found.append(Sighting(seq := seq + 1, relative, name, str(received_on), sha, len(content), stat.st_mtime_ns))
    _log(raw, found)
    _mirror(con, found, regions)
    return _count(con) - before


def restore(con: duckdb.DuckDBPyConnection, raw: Path, regions: Regions) -> None:
    """Bring the warehouse up to the log: heals a run that died in between, rebuilds everything when it is empty."""
    known = {seq for (seq,) in con.execute("SELECT seq FROM raw.sighting").fetchall()}
    _mirror(con, [sighting for sighting in _read_log(raw) if sighting.seq not in known], regions)


def stored(raw: Path, sha: str) -> Path:
    """Where the bytes with this fingerprint lie."""
    return raw / sha[:2] / sha


def files(landing: Path, today: date) -> Iterator[tuple[Path, date]]:
    """Every submission in the landing directory with its day of receipt, `today` where no folder names one."""
    for path, trouble in _entries(landing):
        if not trouble:
            parts = path.relative_to(landing).parts
            yield path, _day(parts[0]) or today if len(parts) > 1 else today


def left_out(landing: Path) -> list[tuple[str, Reason]]:
    """What lies in the landing directory and cannot be taken, as long as it stays so: (path below it, why)."""
    return [(readable(path.relative_to(landing)), trouble) for path, trouble in _entries(landing) if trouble]


Reason = tuple[str, str]  # Chinese, English
UNREADABLE: Reason = ("没有读取权限", "may not be read")
LINK_OUT: Reason = ("链接指向目录、报送目录以外或已失效", "a link to a directory, to a place outside, or to nothing")
NO_FILE: Reason = ("不是普通文件", "no regular file")
#: Not handed in by anyone: hidden files, Office's locks, downloads on their way, what file managers leave.
_BY_THE_WAY = re.compile(
    r"^(?:\..*|~\$.*|.*(?:~|\.(?:part|crdownload|download|tmp|swp))|Thumbs\.db|desktop\.ini)$", re.IGNORECASE
)


def _entries(landing: Path) -> list[tuple[Path, Reason | None]]:
    """Files in the landing directory, and what else should be one, sorted, each with why it cannot be taken."""
    root, found = landing.resolve(), []
    closed: list[Path] = []
    for place, folders, names in os.walk(landing, onerror=lambda error: closed.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith((".", "~$"))]
        linked = [name for name in folders if Path(place, name).is_symlink()]  # they are not walked through
        for path in (Path(place, name) for name in (*linked, *(name for name in names if not _BY_THE_WAY.match(name)))):
            found.append((path, _trouble(path, root)))
    return sorted([*found, *((path, UNREADABLE) for path in closed)], key=lambda entry: entry[0])


def _trouble(path: Path, root: Path) -> Reason | None:
    if path.is_symlink() and (path.is_dir() or not path.exists() or not path.resolve().is_relative_to(root)):
        return LINK_OUT
    if not path.is_file():
        return NO_FILE
    return None if os.access(path, os.R_OK) else UNREADABLE


def readable(path: Path) -> str:
    """A path as text, with `/`. A name that is no UTF-8 was made on a Windows system, hence is GB18030."""
    return "/".join(_readable(part) for part in path.parts)


def _readable(part: str) -> str:
    try:
        part.encode()
    except UnicodeEncodeError:
        return os.fsencode(part).decode("gb18030", "replace")
    return part


def _day(folder: str) -> date | None:
    try:
        return date.fromisoformat(folder) if _DAY.fullmatch(folder) else None
    except ValueError:
        return None


def _read_stable(path: Path) -> bytes | None:
    before = path.stat()
    content = path.read_bytes()
    after = path.stat()
    same = (
        (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns) == (len(content), before.st_mtime_ns)
    )
    return content if same else None


def _store(raw: Path, content: bytes) -> str:
    """Keep the bytes under their fingerprint; public exports without the names of land users."""
    sha = hashlib.sha256(content).hexdigest()
    target = stored(raw, sha)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{sha}.{os.getpid()}")
        partial.write_bytes(without_holders(content))
        os.replace(partial, target)
    return sha


def _log(raw: Path, sightings: list[Sighting]) -> None:
    if not sightings:
        return
    raw.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(asdict(sighting), ensure_ascii=False) + "\n" for sighting in sightings)
    with (raw / LOG).open("ab") as log:
        # A line that a crash cut short must not swallow the next one.
        log.write((b"" if _ends_whole(raw / LOG) else b"\n") + lines.encode())
        log.flush()
        os.fsync(log.fileno())


def _ends_whole(log: Path) -> bool:
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        return file.read() in (b"", b"\n")


def _read_log(raw: Path) -> list[Sighting]:
    """The log; a last line that was cut short by a crash was never mirrored and is captured again."""
    if not (raw / LOG).exists():
        return []
    sightings = []
    for line in (raw / LOG).read_bytes().split(b"\n"):
        try:
            sightings.append(Sighting(**json.loads(line)))
        except ValueError:  # no JSON, or cut within a character
            continue
    return sightings


def _mirror(con: duckdb.DuckDBPyConnection, sightings: list[Sighting], regions: Regions) -> None:
    """Enter sightings into the warehouse; a submission keeps its first sighting in the order of receipt."""
    if not sightings:
        return
    entries = pl.DataFrame([_entry(sighting, regions) for sighting in sightings], schema=_ENTRY, orient="row")
    with transaction(con):
        con.register("seen", entries.to_arrow())
        con.execute(
            "INSERT INTO raw.sighting BY NAME SELECT seq, submission_id, path, file_name, CAST(received_on AS DATE) AS received_on,"
            " file_sha256, bytes, mtime_ns FROM seen"
        )
        con.execute(
            "INSERT INTO raw.submission (submission_id, file_sha256, named_table, region_code, year, file_name, received_on, seq)"
            " SELECT submission_id, file_sha256, named_table, region_code, year, file_name, CAST(received_on AS DATE), seq FROM seen"
            " QUALIFY row_number() OVER (PARTITION BY submission_id ORDER BY received_on, file_name, seq) = 1"
            " ON CONFLICT DO UPDATE SET file_name = excluded.file_name, received_on = excluded.received_on, seq = excluded.seq"
            " WHERE (excluded.received_on, excluded.file_name, excluded.seq) < (received_on, file_name, seq)"
        )
        con.unregister("seen")


_ENTRY = {
    "seq": pl.Int64, "path": pl.String, "file_name": pl.String, "received_on": pl.String, "file_sha256": pl.String,
    "bytes": pl.Int64, "mtime_ns": pl.Int64, "submission_id": pl.String, "named_table": pl.String,
    "region_code": pl.String, "year": pl.Int32,
}  # fmt: skip


def _entry(sighting: Sighting, regions: Regions) -> dict:
    """A sighting with what its file name says."""
    name = parse_name(sighting.file_name)
    table = name.table.name if name.table else None
    region_code = reporting_region(name.region_code, regions)
    submission_id = receipt_number(sighting.file_sha256, table, region_code, name.year)
    return asdict(sighting) | {
        "submission_id": submission_id, "named_table": table, "region_code": region_code, "year": name.year,
    }  # fmt: skip


def _count(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute("SELECT count(*) FROM raw.submission").fetchone()[0]


def _tell(progress: Progress, text: str) -> None:
    if progress:
        progress(text)
