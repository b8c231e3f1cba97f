"""What all commands share: settings, language, where words go. Results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any

import click

from assets.home import Home
from pipelines import settings
from schemas.indicators import FIRST_YEAR

#: Verdicts on a file (回执结论).
STATUSES = {
    "accepted": ("接受", "accepted"),
    "accepted_with_warnings": ("接受但有提醒", "accepted with warnings"),
    "partly_accepted": ("部分接受", "partly accepted"),
    "rejected": ("退回", "rejected"),
}


class Misuse(click.BadParameter):
    """A wrong call, said like a Trouble: `str()` is Chinese, `.en` English; who tells of it picks the language."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.en = en


@dataclass(frozen=True)
class Desk:
    """One command's settings and voice."""

    settings: settings.Settings
    machine: bool = False  # --json
    named: frozenset[str] = frozenset()  # options that were given as flags
    log_json: bool = False  # --log-json

    @property
    def home(self) -> Home:
        return self.settings.place

    @property
    def english(self) -> bool:
        return self.settings.language == "en"

    def pick(self, zh: str, en: str) -> str:
        """The text in the language of this command."""
        return en if self.english else zh

    def section(self, title: tuple[str, str], body: str) -> str:
        """A part of a page under its title."""
        return f"{self.pick('【{}】', '[{}]').format(self.pick(*title))}\n{body}"

    def tell(self, zh: str, en: str) -> None:
        """Remarks, for people, on stderr."""
        self.log(zh, en) if self.log_json else put(self.pick(zh, en), err=True)

    def log(self, zh: str, en: str, level: str = "info", **facts: Any) -> None:
        """A line of a run's log on stderr: with the time, or with --log-json an object with everything known."""
        now = settings.now()
        if self.log_json:
            line = {"at": now.isoformat(timespec="seconds"), "level": level, "message": self.pick(zh, en), **facts}
            put(json.dumps(line, ensure_ascii=False, default=plain), err=True)
        else:
            put(f"{now:%H:%M:%S} {self.pick(zh, en)}", err=True)

    def show(self, text: str) -> None:
        """A result for people."""
        put(text)

    def hand_out(self, data: Any) -> None:
        """A result for machines, the same in every language."""
        put(json.dumps(data, ensure_ascii=False, indent=2, default=plain))


def put(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Words for stdout or stderr. A reader that has seen enough (`| head`) ends no command: the rest goes nowhere."""
    try:
        click.echo(text, err=err, nl=nl)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, (sys.stderr if err else sys.stdout).fileno())
        os.close(nowhere)


def plain(value: Any) -> Any:
    """A value of the database as JSON knows it."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


class Day(click.ParamType):
    """A day as YYYY-MM-DD."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise Misuse(f"{value!r} 不是日期，应写作 2026-11-23", f"{value!r} is no day; write 2026-11-23") from None


class Place(click.Path):
    """A path. Empty it would be the current directory: a variable that was never set must not name one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if value == "":
            raise Misuse("没有给出路径（是空的）", "no path was given (it is empty)")
        return super().convert(value, param, ctx)


class Span(click.ParamType):
    """A range of years as 2025..2027, or one year."""

    name = "YEARS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        first, _, last = value.partition("..")
        if not (_is_year(first) and _is_year(last or first)) or int(first) > int(last or first):
            raise Misuse(
                f"{value!r} 不是年份范围，应写作 2025..2027 或 2026",
                f"{value!r} is no range of years; write 2025..2027 or 2026",
            )
        return int(first), int(last or first)


def _is_year(text: str) -> bool:
    return text.isdecimal() and len(text) == 4


class Switch(click.ParamType):
    """A rulebook switch and its value, as name=value."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, chosen = value.partition("=")
        if not equals or not name or not chosen:
            raise Misuse(
                f"{value!r} 应写作 开关=值，例如 activation.idle=false",
                f"{value!r} should read switch=value, as in activation.idle=false",
            )
        return name, chosen


_OPTIONS = {
    "home": click.option("--home", type=Place(path_type=Path), metavar="DIR", help="数据目录 home directory"),
    "landing": click.option("--landing", type=Place(path_type=Path), metavar="DIR", help="报送目录 landing"),
    "regions": click.option("--regions", type=Place(path_type=Path), metavar="CSV", help="另用一张行政区划表"),
    "lang": click.option("--lang", type=click.Choice(["zh", "en"]), help="语言 language of messages"),
    "json": click.option("--json", "machine", is_flag=True, help="输出 JSON for machines"),
    "log_json": click.option("--log-json", is_flag=True, help="日志逐行输出 JSON the log as JSON lines, on stderr"),
    "as_of": click.option("--as-of", type=Day(), help="数据截止日，缺省为今天（北京时间） as-of day"),
}


def years_option(text: str) -> Callable:
    """`--year`, repeatable, handed over as `years`."""
    kind = click.IntRange(FIRST_YEAR, 2100)
    return click.option("--year", "years", type=kind, multiple=True, metavar="Y", help=text)


def options(*names: str) -> Callable:
    """Give a command some of the common options and hand it a Desk instead of them; --lang always."""
    flags = {name for name in (*names, "lang") if name not in ("json", "as_of", "log_json")}

    def decorate(function: Callable) -> Callable:
        @wraps(function)
        def command(**given: Any) -> Any:
            chosen = {name: given.pop(name) for name in flags}
            named = frozenset(name for name, value in chosen.items() if value is not None)
            desk = Desk(settings.load(chosen), given.pop("machine", False), named, given.pop("log_json", False))
            return function(desk, **given)

        for name in reversed((*names, "lang")):
            command = _OPTIONS[name](command)
        return command

    return decorate


def is_terminal() -> bool:
    """Whether a person watches stderr."""
    return sys.stderr.isatty()
