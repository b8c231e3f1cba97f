"""Append-only journals in the home (台账): one JSON object a line, nothing is ever changed or removed.

They hold what people decided (states, objections, acknowledgements) and are, beside `raw/`, the only files that cannot
be made anew.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from typing import Any

from assets.home import Home, Trouble

STATES, OBJECTIONS, ACKNOWLEDGEMENTS = "states.jsonl", "objections.jsonl", "acknowledgements.jsonl"

Line = dict[str, Any]


class JournalError(Trouble):
    """A journal cannot be read or written."""


class Refused(JournalError):
    """What a person wants to record does not hold together with what is recorded."""


def read(home: Home, name: str) -> list[Line]:
    """All lines in the order of writing; [] when there is no such journal. Raises JournalError naming a bad line."""
    try:
        with (home.path / name).open(encoding="utf-8") as file:
            return _parse(home, name, file.read())
    except FileNotFoundError:
        return []


def append(home: Home, name: str, compose: Callable[[list[Line]], Line]) -> Line:
    """Add the line that `compose` makes of those before it, as one writer at a time, safe on disk before it returns.

    Needs no home lock: an objection can be recorded while the nightly runs.
    """
    try:
        with (home.path / name).open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = file.read()
            line = compose(_parse(home, name, text))
            file.truncate(len(_whole(text).encode()))
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
            return line
    except OSError as error:
        raise JournalError(
            f"{home.path / name} 不可写（{error.strerror}），没有记录。请检查数据目录的权限和磁盘空间",
            f"cannot write {home.path / name} ({error.strerror}); nothing was recorded. Check permissions and disk",
        ) from None


def _whole(text: str) -> str:
    """Without a last line that has no end: a full disk or a crash cut it short, nobody was told that it was kept."""
    return text[: text.rfind("\n") + 1]


def _parse(home: Home, name: str, text: str) -> list[Line]:
    lines = []
    for number, each in enumerate(_whole(text).split("\n")[:-1], 1):
        try:
            lines.append(json.loads(each))
        except ValueError:
            raise JournalError(
                f"{home.path / name} 第 {number} 行损坏，无法读取。请从备份恢复该文件，或更正这一行后重试",
                f"{home.path / name}, line {number}, is damaged. Restore the file from a backup, or mend that line",
            ) from None
    return lines
