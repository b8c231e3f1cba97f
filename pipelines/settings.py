"""Where things are and what the department has chosen: flags beat LANDSTOCK_* beat landstock.toml. No dagster here."""

from __future__ import annotations

import os
import sys
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
    policy: str = ""  # a directory with further rulebook and target versions
    keep_releases: int = 60
    notify: str = ""  # a webhook that is told of failed runs
    language: str = "zh"
    source: Path | None = None  # the landstock.toml that was read

    @property
    def place(self) -> Home:
        return Home(self.home)


_DEFAULTS: dict[str, Any] = {
    "home": "var/home", "landing": "var/landing", "regions": "", "policy": "", "rules": {}, "keep_releases": 60,
    "notify": "", "lang": "zh",
}  # fmt: skip
_PATHS = ("home", "landing", "regions", "policy")


def load(flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from flags, environment and file; flags that are None do not count. Raises SettingsError."""
    environment = os.environ if environment is None else environment
    path = find(environment)
    chosen = _DEFAULTS | (_read(path) if path else {}) | _named(environment)
    chosen |= {name: value for name, value in (flags or {}).items() if value is not None}
    return Settings(
        home=Path(chosen["home"]).absolute(),
        landing=Path(chosen["landing"]).absolute(),
        regions=str(Path(chosen["regions"]).absolute()) if chosen["regions"] else "",
        policy=further_versions(chosen["policy"]),
        rules={name: _as_text(value) for name, value in chosen["rules"].items()},
        keep_releases=_count(chosen["keep_releases"]),
        notify=chosen["notify"],
        language=chosen["lang"],
        source=path,
    )


def language(flag: str | None, environment: Mapping[str, str] | None = None) -> str:
    """The language alone, for what is said before the settings are known, or of what is wrong with them."""
    environment = os.environ if environment is None else environment
    try:
        path = find(environment)
        return flag or _named(environment).get("lang") or (_read(path) if path else {}).get("lang", _DEFAULTS["lang"])
    except SettingsError:
        return flag or _named(environment).get("lang") or _DEFAULTS["lang"]


def further_versions(directory: str) -> str:
    """Let the policy know of the department's own rulebooks and targets, in every process that reads the settings."""
    if directory or "schemas.policy" in sys.modules:  # what needs no policy starts without it
        from schemas import policy

        directory = str(Path(directory).absolute()) if directory else ""
        policy.also(directory)
    return directory


def _named(environment: Mapping[str, str]) -> dict[str, str]:
    names = (name for name in _DEFAULTS if name != "rules")
    return {name: environment[variable] for name in names if environment.get(variable := f"LANDSTOCK_{name.upper()}")}


def find(environment: Mapping[str, str]) -> Path | None:
    """The settings file: LANDSTOCK_CONFIG, else landstock.toml here, else the project's own."""
    if named := environment.get("LANDSTOCK_CONFIG"):
        if not Path(named).is_file():
            raise SettingsError(
                f"LANDSTOCK_CONFIG 指向的 {named} 不存在", f"LANDSTOCK_CONFIG names {named}, which does not exist"
            )
        return Path(named).absolute()
    return next((path for path in (Path.cwd() / FILE, ROOT / FILE) if path.is_file()), None)


def now() -> datetime:
    """The time in Zhejiang. The only clock of a command line run; it is read once, when the command starts."""
    return datetime.now(SHANGHAI)


def today() -> date:
    """The day in Zhejiang."""
    return now().date()


def _read(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} 无法读取：{error}", f"cannot read {path}: {error}") from None
    if unknown := sorted(data.keys() - _DEFAULTS.keys()):
        raise SettingsError(
            f"{path} 有不认识的设置 {'、'.join(unknown)}；可用的有 {'、'.join(sorted(_DEFAULTS))}",
            f"{path} has unknown settings {', '.join(unknown)}; known are {', '.join(sorted(_DEFAULTS))}",
        )
    return data | {name: str(path.parent / data[name]) for name in _PATHS if data.get(name)}


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
