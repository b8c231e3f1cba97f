"""Where everything of one installation lies (数据目录), and who may write there. Knows no data."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: Bytes that a run needs besides what it makes anew: logs, Dagster's history.
_ROOM = 100_000_000


class Trouble(Exception):
    """A problem that a person can solve: says what, where and what to do now. `str()` is Chinese, `.en` English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.en = en

    def __reduce__(self) -> tuple:  # it may be raised in another process
        return type(self), (str(self), self.en)


class HomeError(Trouble):
    """The home directory cannot be used."""


class Locked(Trouble):
    """Another process writes to this home."""


@dataclass(frozen=True)
class Home:
    """The directory of one installation; nothing is created before `prepare`."""

    path: Path

    @property
    def raw(self) -> Path:
        return self.path / "raw"

    @property
    def warehouse(self) -> Path:
        return self.path / "warehouse.duckdb"

    @property
    def build(self) -> Path:
        return self.path / "build" / "landstock.duckdb"

    @property
    def releases(self) -> Path:
        return self.path / "releases"

    @property
    def current(self) -> Path:
        return self.path / "current"

    @property
    def lock_file(self) -> Path:
        return self.path / "run.lock"

    @property
    def dagster(self) -> Path:
        return self.path / "dagster"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def prepare(self) -> Home:
        """Create what is missing and try to write. Raises HomeError when that cannot be done."""
        try:
            for folder in (self.raw, self.build.parent, self.releases, self.dagster, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
            with self.lock_file.open("a"):
                pass
        except (FileExistsError, NotADirectoryError):
            raise HomeError(
                f"数据目录 {self.path} 处已有同名文件，无法使用。请换一个目录：--home DIR",
                f"{self.path} is not a directory. Choose another one: --home DIR",
            ) from None
        except OSError as error:
            raise self.unwritable(error) from None
        return self

    def is_apart(self, landing: Path) -> bool:
        """Whether a run takes in nothing that it writes: neither this lies in the landing directory, nor that where a run
        writes."""
        own = (self.raw, self.releases, self.current, self.build.parent, self.dagster, self.logs)
        place = landing.resolve()
        inside = self.path.resolve().is_relative_to(place)
        return not inside and not any(place.is_relative_to(each.resolve()) for each in own)

    def require_apart(self, landing: Path) -> None:
        """Raises HomeError when every night would take in what the last one made."""
        if not self.is_apart(landing):
            raise HomeError(
                f"数据目录 {self.path} 位于报送目录 {landing} 之内，或报送目录在其 raw、releases 等目录之内：数据目录里的文件会被当作报送收进来。"
                "请用 --home 把数据目录放到别处，或另选报送目录",
                f"the home {self.path} lies in the landing directory {landing}, or that in its raw, releases, …: its files would be taken for submissions."
                " Put the home elsewhere (--home), or choose another landing directory",
            )

    def unwritable(self, error: OSError) -> HomeError:
        """What to say when nothing can be written here."""
        return HomeError(
            f"数据目录 {self.path} 不可写（{error.strerror}）。请检查权限和磁盘，或用 --home 换一个目录",
            f"cannot write to {self.path} ({error.strerror}). Check permissions, or choose another: --home DIR",
        )

    def require_room(self) -> Home:
        """Raises HomeError when the disk cannot take another release: better before a run than in its middle."""
        held = sum(_size(place) for place in (self.warehouse, self.build, self.current / ""))
        needed = _ROOM + 2 * held
        if free(self.path) < needed:
            raise self.full(needed)
        return self

    def is_full(self) -> bool:
        """Whether a run has too little to write to: then whatever failed, in whatever words, most likely failed of it."""
        return free(self.path) < _ROOM

    def full(self, needed: int = _ROOM) -> HomeError:
        """What to say when the disk is full, or was: whatever failed gave back what it had written."""
        left, asked = (f"{size / 1e6:,.0f} MB" for size in (free(self.path), needed))
        if free(self.path) < needed:
            zh = f"磁盘空间不足：数据目录 {self.path} 所在磁盘只剩 {left}，至少需要 {asked}"
            en = f"no space left: the disk of {self.path} has {left}, a run needs {asked}"
        else:
            zh = f"写盘失败：数据目录 {self.path} 所在磁盘当时空间不足、超过配额或有故障（现在还剩 {left}）"
            en = f"cannot write: the disk of {self.path} was full, over its quota, or is broken (it has {left} now)"
        return HomeError(
            f"{zh}。没有产生新发布，当前发布不变。请清理或检查磁盘，或在 landstock.toml 调小 keep_releases，然后重新执行",
            f"{en}. No release was made, the current one stays."
            " Make room or see to the disk, or lower keep_releases in landstock.toml, then run again",
        )

    def unopened(self, said: str) -> Trouble | None:
        """What to say when DuckDB cannot open a database file, after what it says; None when that names no file."""
        if held := _HELD.search(said):
            return Locked(
                f"{held[1]} 正被进程 {held[2]} 打开（多半是数据库客户端直接打开了它）。请关闭后重试；"
                f"查询请改为只读打开 {self.current}/landstock.duckdb",
                f"{held[1]} is open in process {held[2]}, a database client perhaps. Close it and try again;"
                f" for queries open {self.current}/landstock.duckdb read-only instead",
            )
        if not (named := _NAMED.search(said)):
            return None
        remedy = (
            (
                "请把它移走后重新执行 landstock run：它由 raw/ 重建，各发布不受影响",
                "Move it away and run landstock run: raw/ has everything, releases stay",
            )
            if Path(named[1]) == self.warehouse
            else (
                "请用 landstock doctor 查明受损的发布，再用 landstock rollback 切换",
                "See landstock doctor, then landstock rollback",
            )
        )
        reason = said.splitlines()[0]
        return HomeError(
            f"数据库文件 {named[1]} 无法打开。{remedy[0]}（{reason}）",
            f"cannot open {named[1]}. {remedy[1]} ({reason})",
        )

    def require(self) -> Home:
        """Raises HomeError when nothing was ever run here."""
        if not self.releases.is_dir():
            raise HomeError(
                f"数据目录 {self.path} 不存在或还没有运行过。请先执行 landstock run --landing DIR --home {self.path}，"
                f"或用 landstock demo 试用",
                f"there is no home at {self.path}. Make one: landstock run --landing DIR --home {self.path}",
            )
        return self

    @contextlib.contextmanager
    def locked(self, command: str) -> Iterator[None]:
        """Be the only process that writes here; a process that holds the lock may take it again.

        The kernel drops the lock with the process, so a crash leaves nothing to clean up. Raises Locked at once
        when another process has it, naming that process.
        """
        key = os.path.realpath(self.lock_file)
        _enter(key, command, self)
        try:
            yield
        finally:
            _leave(key)

    @contextlib.contextmanager
    def locked_in_time(self, command: str, tell: Callable[[str], None], patience: float = 3600) -> Iterator[None]:
        """`locked`, for whoever can wait `patience` seconds for another process; `tell` hears who has it meanwhile."""
        until, told = time.monotonic() + patience, ""
        with contextlib.ExitStack() as lock:
            while True:
                try:
                    lock.enter_context(self.locked(command))
                    break
                except Locked as error:
                    if time.monotonic() > until:
                        raise
                    if str(error) != told:
                        tell(told := str(error))
                    time.sleep(0.5)
            yield

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Keep others from writing while their files are read, for a moment: whoever wants to write waits for it.

        Readers do not disturb one another. Raises Locked when another process writes.
        """
        if os.path.realpath(self.lock_file) in _held or not self.lock_file.exists():
            yield
            return
        with self.lock_file.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                raise _locked(self) from None
            yield

    def holder(self) -> dict[str, str] | None:
        """Who holds the lock now: pid, command, since; None when it is free."""
        with contextlib.suppress(FileNotFoundError), self.lock_file.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return _read_holder(self.lock_file)
        return None


#: DuckDB's words of a database file that another process has, and of one that it cannot open.
_HELD = re.compile(r'Could not set lock on file "([^"]+)".*?\(PID (\d+)\)', re.DOTALL)
_NAMED = re.compile(r'file "([^"]+\.duckdb)"')
#: What libraries call a full disk; SQLite has the same words for one that is broken.
_FULL = re.compile(r"no space left|disk is full|disk full|quota exceeded|file too large|disk i/o error", re.IGNORECASE)


def out_of_space(text: str) -> bool:
    """Whether an error's words, of whatever library, mean that the disk is full, or was."""
    return bool(_FULL.search(text))


def free(path: Path) -> int:
    """Bytes left on the disk of a path, which need not exist."""
    there = next(each for each in (path, *path.parents) if each.exists())
    return shutil.disk_usage(there).free


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.is_file() else 0


#: Seconds that a writer waits for those who read.
_PATIENCE = 60
_held: dict[str, tuple[int, int]] = {}  # lock file → (descriptor, how often taken)
_held_guard = threading.Lock()


def _enter(key: str, command: str, home: Home) -> None:
    with _held_guard:
        if key in _held:
            descriptor, depth = _held[key]
            _held[key] = (descriptor, depth + 1)
            return
        try:
            descriptor = os.open(key, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise home.unwritable(error) from None
        if not _alone(descriptor):
            os.close(descriptor)
            raise _locked(home)
        note = {"pid": str(os.getpid()), "command": command, "since": f"{datetime.now(SHANGHAI):%Y-%m-%d %H:%M:%S}"}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note, ensure_ascii=False).encode(), 0)
        _held[key] = (descriptor, 1)


def _alone(descriptor: int) -> bool:
    """Take the lock for writing. Readers are waited for, they need seconds; another writer is not."""
    until = time.monotonic() + _PATIENCE
    while True:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        if time.monotonic() > until:
            return False
        time.sleep(0.05)


def _leave(key: str) -> None:
    with _held_guard:
        descriptor, depth = _held[key]
        if depth > 1:
            _held[key] = (descriptor, depth - 1)
        else:
            del _held[key]
            os.ftruncate(descriptor, 0)
            os.close(descriptor)


def _locked(home: Home) -> Locked:
    who = _read_holder(home.lock_file)
    pid, command, since = who["pid"], who["command"], who["since"]
    return Locked(
        f"数据目录 {home.path} 正被另一个任务使用（进程 {pid}，{command}，自 {since}）。请等它结束后重试",
        f"{home.path} is in use by process {pid} ({command}) since {since}. Try again when it has ended",
    )


def _read_holder(path: Path) -> dict[str, str]:
    unknown = dict.fromkeys(("pid", "command", "since"), "?")
    try:
        return {**unknown, **json.loads(path.read_text(encoding="utf-8"))}
    except (OSError, ValueError):
        return unknown
