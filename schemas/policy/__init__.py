"""The plan and the rulebook as data (政策数据): targets, regions, switches, tasks, modes, measures, calendar.

Each row carries its source. Nothing here computes; it loads, checks and hands out.
"""

from __future__ import annotations

import copy
import csv
import hashlib
import tomllib
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import polars as pl

HERE = Path(__file__).parent
#: Directories with rulebooks/*.toml and targets*.csv: the project's own, then the department's further versions.
_SOURCES = [HERE]
PROVINCE = "330000"


class PolicyError(ValueError):
    """A policy file or an override does not hold together: says which entry and what to do. `.en` is the English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.en = en

    def __reduce__(self) -> tuple:  # it may be raised in another process
        return type(self), (str(self), self.en)


def also(directory: str | Path) -> None:
    """Take further rulebook and target versions from a directory, for this process; "" takes none.

    A version there must have a name of its own. Raises PolicyError when the directory holds neither.
    """
    chosen = [HERE, Path(directory)] if str(directory) else [HERE]
    if chosen == _SOURCES:
        return
    if len(chosen) > 1 and not (_files("rulebooks/*.toml", chosen[1:]) or _files("targets*.csv", chosen[1:])):
        raise PolicyError(
            f"目录 {directory} 里没有 rulebooks/*.toml 或 targets*.csv；请检查设置 policy",
            f"{directory} holds neither rulebooks/*.toml nor targets*.csv; check the setting policy",
        )
    _SOURCES[:] = chosen
    rulebooks.cache_clear()
    targets.cache_clear()


def further() -> str:
    """The directory that `also` was given, "" for none."""
    return str(_SOURCES[1]) if len(_SOURCES) > 1 else ""


def _files(pattern: str, sources: list[Path] | None = None) -> list[Path]:
    return [path for source in sources or _SOURCES for path in sorted(source.glob(pattern))]


# --- Rulebook ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rulebook:
    """One version of the rulebook. `rules["activation.idle"]` is a value; `entries` has label, basis, confidence."""

    version: str
    effective_from: date
    entries: dict[str, dict[str, Any]]
    overrides: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.entries[name]["value"]

    @property
    def label(self) -> str:
        """The version as a figure names it: with overrides it says so, so that a what-if cannot pass as the rule."""
        if not self.overrides:
            return self.version
        changes = ",".join(f"{name}={_spell(value)}" for name, value in sorted(self.overrides.items()))
        return f"{self.version}+{changes}"

    def with_overrides(self, overrides: dict[str, Any]) -> Rulebook:
        """The same rules with some switches set differently.

        Values may be text from a command line. Raises PolicyError for an unknown switch or value.
        """
        entries = copy.deepcopy(self.entries)
        changed = dict(self.overrides)
        for name, raw in overrides.items():
            entry = entries.get(name)
            switches = sorted(key for key, each in entries.items() if each.get("switch"))
            if entry is None or not entry.get("switch"):
                raise PolicyError(
                    f"没有开关 {name!r}；可用的开关：{'、'.join(switches)}",
                    f"no switch {name!r}; there are: {', '.join(switches)}",
                )
            value = _parse(raw, entry["value"], name)
            chosen = value if isinstance(value, list) else [value]
            if "options" in entry and (wrong := [each for each in chosen if each not in entry["options"]]):
                raise PolicyError(
                    f"开关 {name} 的取值为 {'、'.join(entry['options'])} 之一，不能是 {'、'.join(wrong)!r}",
                    f"switch {name} takes one of {', '.join(entry['options'])}, not {', '.join(wrong)!r}",
                )
            if value != self.entries[name]["value"]:
                entry["value"] = changed[name] = value
        return Rulebook(self.version, self.effective_from, entries, changed)


def _spell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "、".join(value) if isinstance(value, list) else str(value)


def _parse(raw: Any, like: Any, name: str) -> Any:
    if not isinstance(raw, str) or isinstance(like, str):
        return raw
    if isinstance(like, bool):
        if raw.lower() in ("true", "false"):
            return raw.lower() == "true"
        raise PolicyError(
            f"开关 {name} 的取值为 true 或 false，不能是 {raw!r}", f"switch {name} takes true or false, not {raw!r}"
        )
    if isinstance(like, list):
        return [part.strip() for part in raw.replace("、", ",").split(",") if part.strip()]
    try:
        return float(raw)
    except ValueError:
        raise PolicyError(
            f"开关 {name} 的取值为数字，不能是 {raw!r}", f"switch {name} takes a number, not {raw!r}"
        ) from None


@cache
def rulebooks() -> dict[str, Rulebook]:
    """All rulebook versions by name, oldest first. Raises PolicyError when a file is none, or repeats a version."""
    books = []
    for path in _files("rulebooks/*.toml"):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise PolicyError(
                f"{path} 不是 UTF-8 编码的 TOML：{error}", f"{path} is no TOML in UTF-8: {error}"
            ) from None
        if missing := {"version", "effective_from"} - data.keys():
            raise PolicyError(f"{path} 缺少 {'、'.join(sorted(missing))}", f"{path} lacks {', '.join(sorted(missing))}")
        entries = {
            f"{group}.{name}": entry
            for group, items in data.items()
            if isinstance(items, dict)
            for name, entry in items.items()
        }
        for name, entry in entries.items():
            if missing := {"value", "label", "basis", "confidence"} - entry.keys():
                raise PolicyError(
                    f"{path} 的 {name} 缺少 {'、'.join(sorted(missing))}",
                    f"{name} in {path} lacks {', '.join(sorted(missing))}",
                )
        if data["version"] in {book.version for book in books}:
            raise PolicyError(
                f"口径版本 {data['version']} 重复（{path}）；新口径须用新的版本号，旧评价沿用旧版本",
                f"rulebook version {data['version']} is there twice ({path}); new rules need a version of their own",
            )
        books.append(Rulebook(data["version"], data["effective_from"], entries))
    return {book.version: book for book in sorted(books, key=lambda book: book.effective_from)}


def rulebook(as_of: date | None = None) -> Rulebook:
    """The rulebook in force on a day: the newest whose effective date is not after it (the first one before that)."""
    books = list(rulebooks().values())
    in_force = [book for book in books if as_of is None or book.effective_from <= as_of]
    return in_force[-1] if in_force else books[0]


# --- Targets -------------------------------------------------------------------------------------------------------


@cache
def targets() -> pl.DataFrame:
    """All targets: one row per region, indicator, horizon and version; `value` is a Decimal in `unit`.

    Raises PolicyError when a file lacks a column or says twice what a target is.
    """
    types = {
        "region_code": pl.String, "target_version": pl.String, "horizon": pl.Int32, "value": pl.Decimal(18, 6),
        "effective_from": pl.Date,
    }  # fmt: skip
    try:
        found = pl.concat(pl.read_csv(path, schema_overrides=types) for path in _files("targets*.csv"))
    except pl.exceptions.PolarsError as error:
        raise PolicyError(
            f"目标表读不出或栏目与 targets.csv 不同：{error}",
            f"a table of targets cannot be read, or has other columns than targets.csv: {error}",
        ) from None
    grain = ["target_version", "region_code", "indicator", "horizon"]
    if twice := found.filter(found.select(grain).is_duplicated())["target_version"].unique().sort().to_list():
        raise PolicyError(
            f"目标版本 {'、'.join(twice)} 有重复的目标；新目标须用新的版本号，旧评价沿用旧版本",
            f"target version {', '.join(twice)} says a target twice; new targets need a version of their own",
        )
    return found


def target_version(as_of: date | None = None) -> str:
    """The target version in force on a day, by its effective date (the first one before that)."""
    versions = targets().group_by("target_version").agg(pl.col("effective_from").max()).sort("effective_from")
    in_force = versions if as_of is None else versions.filter(pl.col("effective_from") <= as_of)
    return (in_force if in_force.height else versions.head(1))["target_version"].to_list()[-1 if in_force.height else 0]


# --- Regions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)  # itself a key of caches, as a frame cannot be
class Regions:
    """Administrative divisions (行政区划) with the codes of the past.

    `frame`: code, name, level (province/city/county), province_code, city_code, last_day, successor_code.
    `home` is the province whose bureaus report.
    """

    frame: pl.DataFrame

    def __reduce__(self) -> tuple:
        """Another process makes one region table of it, with one set of caches, however often it is handed over."""
        return _handed_over, (self._packed,)

    @cached_property
    def _packed(self) -> bytes:
        return self.frame.serialize()

    @cached_property
    def digest(self) -> str:
        """A short text that two region tables share exactly when they are equal."""
        return hashlib.sha256(self.frame.write_csv().encode()).hexdigest()[:16]

    @property
    def current(self) -> pl.DataFrame:
        """Codes in force today, in code order."""
        return self.frame.filter(pl.col("last_day").is_null()).sort("code")

    @cached_property
    def county_cities(self) -> dict[str, str]:
        """County code, of today or abolished → code of its city."""
        return dict(self.frame.filter(level="county").select("code", "city_code").iter_rows())

    def codes(self, level: str) -> list[str]:
        return self.current.filter(pl.col("level") == level)["code"].to_list()

    def name(self, code: str) -> str:
        found = self.frame.filter(pl.col("code") == code)["name"].to_list()
        return found[0] if found else code


@lru_cache(4)
def _handed_over(packed: bytes) -> Regions:
    return Regions(pl.DataFrame.deserialize(packed))


_REGION_COLUMNS = ("code", "name", "level", "province_code", "city_code", "last_day", "successor_code")


@cache
def regions(path: str | None = None) -> Regions:
    """The region table: the project's own, or another one from a CSV with code, name, level, city_code.

    Raises PolicyError when the file cannot serve as a region table.
    """
    source = Path(path) if path else HERE / "regions.csv"
    try:
        frame = pl.read_csv(source, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise PolicyError(
            f"行政区划表 {source} 无法读取：{error}", f"cannot read the region table {source}: {error}"
        ) from None
    if missing := {"code", "name", "level", "city_code"} - set(frame.columns):
        raise PolicyError(
            f"行政区划表 {source} 缺少栏目 {'、'.join(sorted(missing))}",
            f"the region table {source} lacks the columns {', '.join(sorted(missing))}",
        )
    optional = [pl.lit(None, pl.String).alias(name) for name in _REGION_COLUMNS if name not in frame.columns]
    empty_to_null = [pl.col(pl.String).replace("", None)]
    frame = (
        frame.with_columns(optional)
        .with_columns(empty_to_null)
        .with_columns(
            pl.col("last_day").str.to_date(),
            province_code=pl.coalesce("province_code", pl.col("code").str.head(2) + "0000"),
            city_code=pl.when(pl.col("level") == "city").then("code").otherwise("city_code"),
        )
        .select(_REGION_COLUMNS)
    )
    # A city without counties (东莞, 中山, 儋州) stands in the national table a second time as its own county.
    cities = frame.filter(pl.col("level") == "city")["code"].implode()
    frame = frame.filter((pl.col("level") != "county") | ~pl.col("code").is_in(cities))
    if frame["code"].is_duplicated().any():
        raise PolicyError(f"行政区划表 {source} 有重复的代码", f"the region table {source} has a code twice")
    return Regions(frame)


# --- Tasks, modes, measures, calendar ------------------------------------------------------------------------------


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def modes() -> list[dict[str, str]]:
    """The six development modes (开发模式): mode_no, name, description, source."""
    return _rows("modes.csv")


@cache
def measures() -> list[dict[str, str]]:
    """The four kinds of policy measures (政策举措): measure_no, name, lead_unit, responsible_units, source."""
    return _rows("measures.csv")


@cache
def tasks() -> list[dict[str, str]]:
    """The twelve tasks (工作任务): task_no, section, name, lead_unit, responsible_units, source."""
    return _rows("tasks.csv")


@dataclass(frozen=True, slots=True)
class Deadline:
    name: str
    label: str
    label_en: str
    due: date
    responsible: str
    source: str


@cache
def calendar() -> list[Deadline]:
    """Every deadline of the plan (时间安排), in order of its due date."""
    deadlines = [
        Deadline(row["name"], row["label"], row["label_en"], date(year, int(row["month"]), int(row["day"])), row["responsible"], row["source"])
        for row in _rows("calendar.csv")
        for year in range(int(row["first_year"]), int(row["last_year"]) + 1)
    ]  # fmt: skip
    return sorted(deadlines, key=lambda deadline: (deadline.due, deadline.name))


# --- Plausibility ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plausibility:
    """How far a figure may move between two releases before somebody has to say why (合理性限值).

    `limits[indicator][basis]`: {"points": …} or {"factor": …, "floor": …}, in the indicator's unit.
    """

    vanished: bool
    limits: dict[str, dict[str, dict[str, float]]]

    def limit(self, indicator: str, basis: str) -> dict[str, float]:
        """The limits of one figure; empty where there are none."""
        return self.limits.get(indicator, {}).get(basis, {})


@dataclass(frozen=True)
class Distribution:
    """When the records of a year no longer look like those before (分布核验)."""

    min_records: int  # fewer on either side: no comparison
    alpha: float  # of the Kolmogorov–Smirnov test
    limits: dict[str, dict[str, float]]  # measure → {"factor": …} or {"points": …}, between the medians

    def beyond(self, measure: str, before: float, now: float) -> bool:
        """Whether the median moved further than allowed."""
        limit = self.limits[measure]
        if "points" in limit:
            return abs(now - before) > limit["points"]
        low, high = sorted((before, now))
        return high > limit["factor"] * low


@cache
def distribution() -> Distribution:
    """The limits of plausibility.toml on distributions."""
    data = tomllib.loads((HERE / "plausibility.toml").read_text(encoding="utf-8"))["distribution"]
    return Distribution(data.pop("min_records"), data.pop("alpha"), data)


@cache
def plausibility() -> Plausibility:
    """The limits of plausibility.toml. Raises PolicyError for a limit that is none."""
    data = tomllib.loads((HERE / "plausibility.toml").read_text(encoding="utf-8"))
    vanished = data.pop("vanished")
    data.pop("distribution")
    for name, bases in data.items():
        for basis, limit in bases.items():
            if limit.keys() not in ({"points"}, {"factor", "floor"}):
                raise PolicyError(
                    f"plausibility.toml 的 {name}.{basis} 应为 points，或 factor 和 floor",
                    f"{name}.{basis} in plausibility.toml should be points, or factor and floor",
                )
    return Plausibility(vanished, data)


@cache
def severities() -> dict[str, str]:
    """`layer.table.check` → severity, of every check that is not critical. Raises PolicyError for another word."""
    data = tomllib.loads((HERE / "severities.toml").read_text(encoding="utf-8"))
    for name, severity in data.items():
        if severity not in ("critical", "warning", "info"):
            raise PolicyError(
                f"severities.toml 的 {name} 应为 critical、warning 或 info，不能是 {severity!r}",
                f"{name} in severities.toml should be critical, warning or info, not {severity!r}",
            )
    return data
