"""Where things are and what the department has chosen: flags beat LANDSTOCK_* beat landstock.toml. No dagster here."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from assets.home import SHANGHAI, Home, Trouble

FILE = "landstock.toml"
ROOT = Path(__file__).parents[1]


class SettingsError(Trouble):
    """landstock.toml or a LANDSTOCK_* variable cannot be understood."""


@dataclass(frozen=True)
class Settings:
    """All settings, resolved. `rules`: standing choices of switches as text; figures made with them say so."""

    home: Path
    landing: Path
    regions: str = ""
    rules: dict[str, str] = field(default_factory=dict)
    keep_releases: int = 60
    language: str = "zh"
    source: Path | None = None  # the landstock.toml that was read

    @property
    def place(self) -> Home:
        return Home(self.home)


_TEXTS = ("home", "landing", "regions", "lang")


def load(flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from flags, environment and file; flags that are None do not count. Raises SettingsError."""
    environment = os.environ if environment is None else environment
    path = find(environment)
    from_file = _read(path) if path else {}
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    named = {
        name: environment[f"LANDSTOCK_{name.upper()}"]
        for name in (*_TEXTS, "keep_releases")
        if environment.get(f"LANDSTOCK_{name.upper()}")
    }
    base = path.parent if path else Path.cwd()

    def choose(name: str, default: Any) -> Any:
        return given.get(name) or named.get(name) or from_file.get(name) or default

    def place(name: str, default: str) -> Path:
        chosen = given.get(name) or named.get(name)
        return Path(chosen).absolute() if chosen else (base / from_file.get(name, default)).absolute()

    regions = (
        given.get("regions")
        or named.get("regions")
        or (str(base / from_file["regions"]) if from_file.get("regions") else "")
    )
    return Settings(
        home=place("home", "var/home"),
        landing=place("landing", "var/landing"),
        regions=str(Path(regions).absolute()) if regions else "",
        rules={name: _as_text(value) for name, value in from_file.get("rules", {}).items()},
        keep_releases=_count(choose("keep_releases", 60)),
        language=choose("lang", "zh"),
        source=path,
    )


def find(environment: Mapping[str, str]) -> Path | None:
    """The settings file: LANDSTOCK_CONFIG, else landstock.toml here, else the project's own."""
    if named := environment.get("LANDSTOCK_CONFIG"):
        if not Path(named).is_file():
            raise SettingsError(
                f"LANDSTOCK_CONFIG 指向的 {named} 不存在", f"LANDSTOCK_CONFIG names {named}, which does not exist"
            )
        return Path(named).absolute()
    return next((path for path in (Path.cwd() / FILE, ROOT / FILE) if path.is_file()), None)


def today() -> date:
    """The day in Zhejiang. The only clock of a command line run; it is read once, when the command starts."""
    return datetime.now(SHANGHAI).date()


_KNOWN = {*_TEXTS, "keep_releases", "rules"}


def _read(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} 无法读取：{error}", f"cannot read {path}: {error}") from None
    if unknown := sorted(data.keys() - _KNOWN):
        raise SettingsError(
            f"{path} 有不认识的设置 {'、'.join(unknown)}；可用的有 {'、'.join(sorted(_KNOWN))}",
            f"{path} has unknown settings {', '.join(unknown)}; known are {', '.join(sorted(_KNOWN))}",
        )
    return data


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)


def _count(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise SettingsError(
            f"keep_releases 应为不小于 1 的整数，现为 {value!r}", f"keep_releases takes a number from 1, not {value!r}"
        )
    return number
