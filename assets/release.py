"""The release store (发布库): immutable `releases/<id>/`, the link `current` swapped in one step, rollback and pruning.

A release is made beside, checked, sealed and only then renamed into place, so a reader sees the old one or the new one
and never a mixture. Readers resolve `current` to the release's own path first: DuckDB caches databases by path.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path

import duckdb

from assets.home import Home, Trouble
from assets.trust import states
from schemas.database import connect, quoted
from schemas.marts import CONTRACT_VERSION, MACROS, MARTS, Mart

DATABASE, MANIFEST, PARQUET = "landstock.duckdb", "manifest.json", "parquet"
_TEMPORARY = ".tmp-"
#: Beside the build database: what it was last changed by.
_STATE = ".state"
_ID = re.compile(r"(\d{4}-\d{2}-\d{2})\.(\d+)")


class ReleaseError(Trouble):
    """A release cannot be made or found."""


class UnknownRelease(ReleaseError):
    """There is no release of that name."""


class Kind(StrEnum):
    """Why a release was made (发布类型). Only RELEASE moves `current`."""

    RELEASE = "release"
    LOOK_BACK = "look_back"
    WHAT_IF = "what_if"


@dataclass(frozen=True)
class Stamp:
    """What a release is made from. Two releases with equal stamps have equal content."""

    as_of: str
    inputs: str  # fingerprint of everything received up to as_of
    rule_version: str
    target_version: str
    regions: str = ""  # fingerprint of the region table
    software: str = ""
    what_if: bool = False  # a trial with other rules, not the department's choice
    contract_version: str = CONTRACT_VERSION


@dataclass(frozen=True)
class Manifest:
    """What manifest.json says: how the release came about, the stamp's fields, and what it holds."""

    release_id: str
    kind: str
    made_at: str
    parent: str | None
    stamp: Stamp
    rows: Mapping[str, int] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)  # of content: no row order, no release id, no time
    sha256: Mapping[str, str] = field(default_factory=dict)  # of files
    duckdb: str = duckdb.__version__

    def to_json(self) -> str:
        """One flat object: whoever reads a manifest need not know which fields make the stamp."""
        data = asdict(self)
        stamp = data.pop("stamp")
        head = {name: data.pop(name) for name in ("release_id", "kind", "made_at", "parent")}
        return json.dumps({**head, **stamp, **data}, ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        data = json.loads(text)
        stamp = Stamp(**{each.name: data.pop(each.name) for each in fields(Stamp) if each.name in data})
        return cls(**data, stamp=stamp)


# --- What is there -------------------------------------------------------------------------------------------------


def ids(home: Home) -> list[str]:
    """All releases, by as-of day and sequence."""
    if not home.releases.is_dir():
        return []
    return sorted((path.name for path in home.releases.iterdir() if _ID.fullmatch(path.name)), key=order)


def order(release_id: str) -> tuple[str, int]:
    """Sort key: `2026-11-23.10` comes after `2026-11-23.9`."""
    day, sequence = _ID.fullmatch(release_id).groups()
    return day, int(sequence)


def manifest(home: Home, release_id: str) -> Manifest:
    """The manifest of a release. Raises ReleaseError for an unknown or damaged one, naming those that exist."""
    folder = home.releases / release_id
    if not _ID.fullmatch(release_id) or not folder.is_dir():
        latest = ids(home)[-5:]
        known = "、".join(latest) or "（还没有）", ", ".join(latest) or "none yet"
        raise UnknownRelease(
            f"没有发布 {release_id!r}。最近的发布：{known[0]}；全部见 landstock releases",
            f"no release {release_id!r}. Latest: {known[1]}; all: landstock releases",
        )
    try:
        return Manifest.from_json((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        what = "缺失" if isinstance(error, FileNotFoundError) else "损坏"
        raise ReleaseError(
            f"发布 {release_id} 的清单 {folder / MANIFEST} {what}。请从备份恢复该发布，或把它移出 {home.releases}；"
            f"它若是当前发布，先用 landstock rollback 切换到其他发布",
            f"the manifest {folder / MANIFEST} is missing or damaged. Restore that release from a backup or move it"
            f" away; if it is the current one, roll back to another first",
        ) from None


def manifests(home: Home) -> list[Manifest]:
    """Manifests of all releases, by as-of day and sequence; those that are damaged are left out (see `damaged`)."""
    made = []
    for release_id in ids(home):
        with contextlib.suppress(ReleaseError):
            made.append(manifest(home, release_id))
    return made


def damaged(home: Home) -> list[str]:
    """Releases whose manifest cannot be read."""
    whole = {each.release_id for each in manifests(home)}
    return [release_id for release_id in ids(home) if release_id not in whole]


def eligible(home: Home) -> list[str]:
    """Releases that `current` may point to: whole manifests, no what-ifs."""
    return [each.release_id for each in manifests(home) if each.kind != Kind.WHAT_IF]


def current(home: Home) -> str | None:
    """The id that `current` points to; None before the first release, and where it points to nothing."""
    try:
        name = Path(os.readlink(home.current)).name
    except OSError:
        return None
    return name if _ID.fullmatch(name) and (home.releases / name).is_dir() else None


def database(home: Home, release_id: str | None = None) -> Path:
    """Real path of a release's database, the current one's by default. Raises ReleaseError when there is none."""
    release_id = release_id or current(home)
    if release_id is None and (there := eligible(home)):
        raise ReleaseError(
            f"{home.current} 缺失或指向不存在的发布。请执行 landstock rollback {there[-1]}，或 landstock run",
            f"{home.current} is missing or points to nothing. Mend it: landstock rollback {there[-1]}",
        )
    if release_id is None:
        raise ReleaseError(
            f"数据目录 {home.path} 还没有发布。请先执行 landstock run",
            f"{home.path} has no release yet. Make one: landstock run",
        )
    manifest(home, release_id)
    return (home.releases / release_id / DATABASE).resolve()


def open_read_only(home: Home, release_id: str | None = None) -> duckdb.DuckDBPyConnection:
    """A release for reading and nothing else: no other file, no extension, no setting can be reached from its SQL."""
    locked = {"enable_external_access": "false", "lock_configuration": "true"}
    con = connect(database(home, release_id), read_only=True, config=locked)
    con.execute("USE mart")
    return con


# --- What comes next -----------------------------------------------------------------------------------------------


def next_id(home: Home, as_of: date) -> str:
    """The next free id of an as-of day: `2026-11-23.1`, then `.2`. Depends only on the releases that exist."""
    taken = [order(each)[1] for each in ids(home) if order(each)[0] == as_of.isoformat()]
    return f"{as_of.isoformat()}.{max(taken, default=0) + 1}"


def kind_of(home: Home, as_of: date, what_if: bool) -> Kind:
    """What a release of this day would be: an as-of before the current release's looks back."""
    if what_if:
        return Kind.WHAT_IF
    now = current(home)
    looks_back = now is not None and as_of.isoformat() < order(now)[0]
    return Kind.LOOK_BACK if looks_back else Kind.RELEASE


def same(home: Home, stamp: Stamp, kind: Kind) -> Manifest | None:
    """The newest release that was made from the same inputs, rules and as-of: making it again would change nothing.

    `kind`: what it would be now. One that only looked back does not stand for a release that would become current.
    """
    made = (each for each in reversed(manifests(home)) if each.stamp == stamp)
    return next((each for each in made if kind != Kind.RELEASE or each.kind != Kind.LOOK_BACK), None)


def ahead_of(home: Home, today: date) -> str | None:
    """The current release, if its as-of day is yet to come: until then whatever is made only looks back."""
    now = current(home)
    return now if now and order(now)[0] > today.isoformat() else None


# --- Making one ----------------------------------------------------------------------------------------------------

Extras = Callable[[Path], None] | None


def publish(
    home: Home, build: Path, release_id: str, kind: Kind, stamp: Stamp, made_at: str,
    extras: Extras = None, marts: Mapping[str, Mart] = MARTS,
) -> Manifest:  # fmt: skip
    """Turn the build database into a sealed release and, for Kind.RELEASE, point `current` to it.

    `extras` may write further files into the release's folder (reports) before it is sealed. Raises ReleaseError when
    a mart is missing, has other columns than declared, or was made for another release; nothing is published then.
    """
    with home.locked("publish"):
        clean(home)
        partial = home.releases / f"{_TEMPORARY}{release_id}-{os.getpid()}"
        (partial / PARQUET).mkdir(parents=True)
        try:
            rows, checksums = _write(build, partial, release_id, marts)
            if extras:
                extras(partial)
            made = Manifest(
                release_id, kind, made_at, current(home), stamp, rows, checksums, dict(_file_hashes(partial))
            )
            (partial / MANIFEST).write_text(made.to_json(), encoding="utf-8")
            _seal(partial)
            link = _link(home, release_id) if kind == Kind.RELEASE else None
            os.rename(partial, home.releases / release_id)
        except BaseException:
            clean(home)
            raise
        _sync(home.releases)
        if link:
            _swap(home, link)
        return made


def _write(
    build: Path, folder: Path, release_id: str, marts: Mapping[str, Mart]
) -> tuple[dict[str, int], dict[str, str]]:
    """The build database, compact as it is, becomes the release's: copying the file takes a fraction of copying rows."""
    with connect(build) as con:
        con.execute("CHECKPOINT")
    shutil.copyfile(build, folder / DATABASE)
    rows, checksums = {}, {}
    with connect(folder / DATABASE) as con:
        for name in _tables(con) - set(marts):
            con.execute(f'DROP TABLE mart."{name}"')
        _check_columns(con, marts)
        for name, mart in marts.items():
            _check_release(con, mart, release_id)
            rows[name] = con.execute(f"SELECT count(*) FROM mart.{name}").fetchone()[0]
            checksums[name] = checksum(con, mart)
            parquet = folder / PARQUET / f"{name}.parquet"
            con.execute(f"COPY mart.{name} TO {quoted(parquet)} (FORMAT parquet, COMPRESSION zstd)")
        for macro in MACROS:
            con.execute(macro)
        con.execute("CHECKPOINT")
    return rows, checksums


# --- The build database ----------------------------------------------------------------------------------------------


def change(build: Path) -> None:
    """Note that a mart of the build database was made anew."""
    build.with_suffix(_STATE).write_text(uuid.uuid4().hex)


def state(build: Path) -> str:
    """A text that is another one whenever a mart was made anew."""
    noted = build.with_suffix(_STATE)
    return noted.read_text() if noted.exists() else ""


def _tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def checksum(con: duckdb.DuckDBPyConnection, mart: Mart) -> str:
    """A short text that two tables share when their rows are the same in any order, and else by a rare accident only.

    Holds for one version of DuckDB, whose hash it is. Leaves out what names the release itself, so that a rebuilt
    release can be compared with the first.
    """
    columns = ", ".join(f'"{column.name}"' for column in mart.columns if column.name != "release_id")
    kept = "WHERE name NOT IN ('release_id', 'made_at')" if mart.name == "release_info" else ""
    counted = con.execute(
        f"SELECT count(*), sum(row), bit_xor(row) FROM (SELECT hash({columns}) AS row FROM mart.{mart.name} {kept})"
    ).fetchone()
    return hashlib.sha256("|".join(map(str, counted)).encode()).hexdigest()[:16]


def _check_columns(con: duckdb.DuckDBPyConnection, marts: Mapping[str, Mart]) -> None:
    """Marts as declared are there; asked at once, because DuckDB describes all columns of the file for every answer."""
    described = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'mart'"
    built = set(con.execute(described).fetchall())
    for name, mart in marts.items():
        declared = {(name, column.name, column.type) for column in mart.columns}
        if {each for each in built if each[0] == name} != declared:
            raise ReleaseError(
                f"成果表 mart.{name} 缺失或栏目与声明不符。请重新运行 landstock run；若仍不行，检查 schemas/marts.py",
                f"mart.{name} is missing or differs from its declaration. Run again; else look at schemas/marts.py",
            )


def _check_release(con: duckdb.DuckDBPyConnection, mart: Mart, release_id: str) -> None:
    """All figures of a release were made for it: a mart left over from an earlier run would mix two states."""
    if mart.name != "indicator_value":
        return
    others = con.execute(
        "SELECT DISTINCT release_id FROM mart.indicator_value WHERE release_id IS DISTINCT FROM ?", [release_id]
    )
    if other := [str(found) for (found,) in others.fetchall()]:
        raise ReleaseError(
            f"mart.{mart.name} 是为发布 {'、'.join(other)} 生成的，不是 {release_id}。请重新生成全部成果表后再发布",
            f"mart.{mart.name} was made for release {', '.join(other)}, not {release_id}. Make all marts again first",
        )


def _file_hashes(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                yield path.relative_to(folder).as_posix(), hashlib.file_digest(file, "sha256").hexdigest()


def verify(home: Home, release_id: str) -> list[str]:
    """Files of a release that are missing or differ from its manifest; empty when it is whole."""
    folder, expected = home.releases / release_id, manifest(home, release_id).sha256
    found = dict(_file_hashes(folder))
    return sorted(name for name, sha in expected.items() if found.get(name) != sha)


# --- Moving and removing -------------------------------------------------------------------------------------------


def rollback(home: Home, release_id: str) -> Manifest:
    """Point `current` to another release. Raises ReleaseError for an unknown, damaged or what-if release."""
    with home.locked("rollback"):
        chosen = manifest(home, release_id)
        if chosen.kind == Kind.WHAT_IF:
            raise ReleaseError(
                f"发布 {release_id} 是推演（口径 {chosen.stamp.rule_version}），不能设为当前发布",
                f"release {release_id} is a what-if ({chosen.stamp.rule_version}) and cannot become the current one",
            )
        if broken := verify(home, release_id):
            raise ReleaseError(
                f"发布 {release_id} 不完整：{'、'.join(broken)} 与清单不符。当前发布未变",
                f"release {release_id} is damaged: {', '.join(broken)} differ from the manifest. Nothing was changed",
            )
        _swap(home, _link(home, release_id))
        return chosen


def prune(home: Home, keep: int, just_made: str | None = None) -> list[str]:
    """Remove all but the `keep` releases that were made last; the current one and those in 公示 or 定稿 always stay, and
    the one just made: by a clock that went back it would be the oldest.

    What counts is when they were made: a look back is of an old day and as new as any. Returns what was removed.
    """
    with home.locked("prune"):
        every, held = sorted(ids(home), key=partial(_made_at, home)), {current(home), just_made, *states.held(home)}
        doomed = [each for each in every[: max(len(every) - keep, 0)] if each not in held]
        for each in doomed:
            _remove(home.releases / each)
        return doomed


def _made_at(home: Home, release_id: str) -> str:
    """When a release was made; a damaged one goes first."""
    try:
        return manifest(home, release_id).made_at
    except ReleaseError:
        return ""


def stale(home: Home) -> list[Path]:
    """What an interrupted publish left behind."""
    if not home.releases.is_dir():
        return []
    links = home.path.glob(f"{_TEMPORARY}current-*")
    return sorted([*home.releases.glob(f"{_TEMPORARY}*"), *links])


def clean(home: Home) -> int:
    """Finish or remove what interrupted publishes left behind; the caller holds the lock, so nobody is at work there.

    A link that waits to become `current` and whose release has its name: only the swap was missing.
    """
    left = stale(home)
    for path in left:
        if path.is_symlink() and path.is_dir():
            _swap(home, path)
        else:
            _remove(path)
    return len(left)


def _link(home: Home, release_id: str) -> Path:
    """A link to a release, beside `current`, that waits to take its place."""
    link = home.path / f"{_TEMPORARY}current-{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(Path("releases") / release_id)
    return link


def _swap(home: Home, link: Path) -> None:
    os.replace(link, home.current)
    _sync(home.path)


def _seal(folder: Path) -> None:
    """Everything on disk and read-only before the release gets its name."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
        return
    for folder in [path, *(each for each in path.rglob("*") if each.is_dir())]:
        folder.chmod(0o755)
    shutil.rmtree(path)
