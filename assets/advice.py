"""Advice (指标优化建议), the quota what-if (增存挂钩, 假设) and the incentive list (激励倾斜), from assessed figures.

Pure: rows of the marts in, typed rows out. Suggestions for the mid-term evaluation, never results: nothing here changes
a figure, a verdict or a rank. Parameters stand in `schemas/policy/*.toml`, each with its label and basis.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from statistics import median, quantiles
from typing import Any

from assets.outputs import format as shown
from schemas.indicators import FIRST_YEAR, INDICATORS, Verdict, VerdictKind
from schemas.policy import HERE
from schemas.table import Unit

Assessed = Mapping[str, Any]  # one row of mart.assessment

GOOD = (Verdict.ACHIEVED, Verdict.ON_TRACK)
POOR = (Verdict.FAR_BEHIND, Verdict.MISSED)
ACTIVATED, REDEVELOPED = "activated_stock_land", "redeveloped_inefficient_land"
RATES = ("unsupplied_digestion_rate", "idle_disposal_rate")
LABELS = {
    "reached_early": "提前达标", "unreachable": "难以达到", "out_of_line": "与其他指标不协调",
    "undecidable": "精度不足以判定",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Advice:
    """One observation on one region and indicator; `text` is the sentence, `figures` what it rests on."""

    region_code: str
    region_name: str
    indicator: str
    horizon: int
    kind: str  # reached_early / unreachable / out_of_line / undecidable
    label: str  # 提前达标 / 难以达到 / 与其他指标不协调 / 精度不足以判定
    text: str
    text_en: str
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class QuotaEffect:
    """假设: what a coupling of new quota to task completion would give a city (增存挂钩). Areas in 亩."""

    region_code: str
    region_name: str
    year: int
    completion: float | None  # % of digestion and idle tasks together
    completion_text: str
    effect_mu: float | None  # + reward, − cut
    effect_text: str
    step: str  # which step of the parameters applied, in words
    label: str = "假设"


@dataclass(frozen=True, slots=True)
class Incentive:
    """A city or project that a stated rule proposes for support (激励倾斜)."""

    kind: str  # city / project
    region_code: str
    region_name: str
    name: str  # of the city or the project
    rule: str
    rule_label: str
    reason: str  # the figures that met the rule, in words


@cache
def parameters(name: str) -> dict[str, Any]:
    """Parameters of `advice`, `quota` or `incentives`."""
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


# --- Advice ----------------------------------------------------------------------------------------------------------


def advise(rows: Iterable[Assessed], as_of: date, rules: Mapping[str, Any]) -> list[Advice]:
    """Observations on assessments of one year, in the order of regions and indicators, the nearer horizon first.

    Both horizons are looked at: what the mid-term evaluation may optimise is the target of 2030. `rows` have
    region_code, region_name, region_level, indicator, horizon, value, target, verdict, low, high.
    """
    rows = [row for row in rows if row["region_level"] in ("province", "city")]
    found = [advice for row in rows for make in _MAKERS if (advice := make(row, as_of, rules))]
    order = list(INDICATORS)
    return sorted(
        [*found, *_out_of_line(rows, rules), *_targets_out_of_line(rows, rules)],
        key=lambda each: (each.region_code, order.index(each.indicator), each.horizon, each.kind),
    )


def _reached_early(row: Assessed, as_of: date, rules: Mapping[str, Any]) -> Advice | None:
    left = (date(row["horizon"], 12, 31) - as_of).days
    lasting = _kind(row) in (VerdictKind.CUMULATIVE_AREA, VerdictKind.REDUCTION, VerdictKind.LEVEL)
    if row["verdict"] != Verdict.ACHIEVED or not lasting or left < rules["reached_early"]["days_left"]:
        return None
    value, target = _texts(row)
    return _advice(
        row, "reached_early",
        f"{row['region_name']}{_label(row)}已达{value}，超过{row['horizon']}年目标{target}，距目标期末尚有{left}天，可研究提高目标。",
        f"already {value} against {target} for {row['horizon']}, {left} days early: the target could be raised",
        {"value": row["value"], "target": row["target"], "days_left": left},
    )  # fmt: skip


def _unreachable(row: Assessed, as_of: date, rules: Mapping[str, Any]) -> Advice | None:
    """Where the pace that is still required is so many times the pace achieved so far."""
    pace = required_pace(row)
    if pace is None or row["verdict"] in GOOD:
        return None
    required, achieved = pace
    if required <= 0 or required <= achieved * rules["unreachable"]["times"]:
        return None
    unit = _pace_unit(row)
    per_year = f"{shown.number(required, Unit.MU if unit == '亩' else Unit.RATIO)} {unit}"
    so_far = f"{shown.number(achieved, Unit.MU if unit == '亩' else Unit.RATIO)} {unit}"
    times = f"，为已实现年均 {so_far}的 {shown.number(required / achieved, Unit.RATIO)} 倍" if achieved > 0 else ""
    return _advice(
        row, "unreachable",
        f"{row['region_name']}{_label(row)}须在剩余时间年均推进 {per_year}方能达到{row['horizon']}年目标"
        f"{_texts(row)[1]}{times}，按现有进度难以达到。",
        f"needs {per_year} a year to reach {row['horizon']}, {so_far} a year so far",
        {"required_per_year": required, "achieved_per_year": achieved},
    )  # fmt: skip


def required_pace(row: Assessed) -> tuple[float, float] | None:
    """(required, achieved) per year: 亩 for areas, percentage points for the reduction; None for the other kinds.

    Areas count in days from 2025-01-01, the reduction in years from 2025. Both start at 0; a level does not.
    """
    kind, value, target = _kind(row), row["value"], row["target"]
    if value is None or target is None:
        return None
    if kind is VerdictKind.CUMULATIVE_AREA:
        elapsed = (row["period_end"] - date(FIRST_YEAR - 1, 12, 31)).days / 365.25
        left = (date(row["horizon"], 12, 31) - row["period_end"]).days / 365.25
    elif kind is VerdictKind.REDUCTION:
        elapsed, left = row["year"] - FIRST_YEAR, row["horizon"] - row["year"]
    else:
        return None
    return ((target - value) / left, value / elapsed) if left > 0 and elapsed > 0 else None


def _undecidable(row: Assessed, as_of: date, rules: Mapping[str, Any]) -> Advice | None:
    if row["verdict"] != Verdict.UNDECIDABLE:
        return None
    low, high = (shown.number(row[name], row["unit"], (row["target"],)) for name in ("low", "high"))
    return _advice(
        row, "undecidable",
        f"{row['region_name']}{_label(row)}在输入精度内可能为 {low} 至 {high}，目标{_texts(row)[1]}在此区间内，"
        "无法判定；须取得小数位数更多的可比价指数。",
        f"between {low} and {high} within the precision of the index: it takes an index of more decimals to decide",
        {"low": row["low"], "high": row["high"], "target": row["target"]},
    )  # fmt: skip


def _out_of_line(rows: list[Assessed], rules: Mapping[str, Any]) -> list[Advice]:
    """Cities whose share of redeveloped in activated land lies outside that of the others (Tukey's fences)."""
    siblings = _siblings(rows, min((row["horizon"] for row in rows), default=0))
    ratios = {code: redeveloped["value"] / activated["value"] for code, (activated, redeveloped) in siblings.items()}
    found = []
    for region, ratio in ratios.items():
        others = [each for code, each in ratios.items() if code != region]
        if len(others) < 4:
            continue
        first, _, third = quantiles(others, n=4)
        reach = rules["out_of_line"]["spreads"] * (third - first)
        if first - reach <= ratio <= third + reach and ratio <= 1:
            continue
        row, share, usual = siblings[region][1], shown.share(ratio), shown.share(median(others))
        why = "，超过盘活总量，须核实数据" if ratio > 1 else ""
        found.append(
            _advice(
                row, "out_of_line",
                f"{row['region_name']}低效用地再开发为盘活存量建设用地的 {share}，其他市的中位数为 {usual}{why}，"
                "两项指标的目标或口径宜一并复核。",
                f"redeveloped land is {share} of activated land, the median of the other cities is {usual}",
                {"ratio": ratio, "median_of_others": median(others)},
            )
        )  # fmt: skip
    return found


def _targets_out_of_line(rows: list[Assessed], rules: Mapping[str, Any]) -> list[Advice]:
    """Cities whose two area targets stand in another ratio than what was done: both are not met by going on alike."""
    times, found = rules["targets_out_of_line"]["times"], []
    for horizon in sorted({row["horizon"] for row in rows}):
        for activated, redeveloped in _siblings(rows, horizon).values():
            if not activated["target"] or not redeveloped["target"] or not redeveloped["value"]:
                continue
            done, wanted = (redeveloped[name] / activated[name] for name in ("value", "target"))
            if wanted / times <= done <= wanted * times:
                continue
            one, other = shown.share(wanted), shown.share(done)
            found.append(
                _advice(
                    redeveloped, "out_of_line",
                    f"{redeveloped['region_name']}{horizon}年低效用地再开发目标为盘活存量建设用地目标的 {one}，"
                    f"实际完成为 {other}，按现有结构两项目标难以同时达到，宜一并研究。",
                    f"the target is {one} of that for activated land in {horizon}, what was done is {other} of it",
                    {"ratio_of_targets": wanted, "ratio": done},
                )
            )  # fmt: skip
    return found


def _siblings(rows: list[Assessed], horizon: int) -> dict[str, tuple[Assessed, Assessed]]:
    """(activated, redeveloped) of every city that has both values."""
    areas = {
        (row["region_code"], row["indicator"]): row
        for row in rows
        if row["region_level"] == "city" and row["horizon"] == horizon and row["value"] is not None
    }
    pairs = {code: (areas.get((code, ACTIVATED)), areas.get((code, REDEVELOPED))) for code, _ in areas}
    return {code: pair for code, pair in pairs.items() if all(pair) and pair[0]["value"]}


_MAKERS = (_reached_early, _unreachable, _undecidable)


def _advice(row: Assessed, kind: str, text: str, text_en: str, figures: dict[str, float]) -> Advice:
    head = (row["region_code"], row["region_name"], row["indicator"], row["horizon"])
    return Advice(*head, kind, LABELS[kind], text, text_en, figures)


def _kind(row: Assessed) -> VerdictKind:
    return INDICATORS[row["indicator"]].verdict


def _label(row: Assessed) -> str:
    return INDICATORS[row["indicator"]].label


def _pace_unit(row: Assessed) -> str:
    return "亩" if _kind(row) is VerdictKind.CUMULATIVE_AREA else "个百分点"


def _texts(row: Assessed) -> tuple[str, str]:
    unit = row["unit"]
    value, target = shown.against(row["value"], row["target"], unit)
    return (f" {value} 亩", f" {target} 亩") if unit == Unit.MU else (f" {value}", f" {target}")


# --- What-if ---------------------------------------------------------------------------------------------------------


def quota(figures: Iterable[Assessed], rules: Mapping[str, Any]) -> list[QuotaEffect]:
    """假设: reward or cut of new quota by the completion of both tasks of one year, one row per city.

    `figures`: annual rows of mart.indicator_value of indicators 3 and 4 for the cities, numerator (done) and
    denominator (task) in 公顷. Without both tasks and both results there is no effect.
    """
    by_city: dict[str, dict[str, Assessed]] = {}
    for figure in figures:
        if figure["indicator"] in RATES and figure["region_level"] == "city":
            by_city.setdefault(figure["region_code"], {})[figure["indicator"]] = figure
    return [_effect(both, rules) for _, both in sorted(by_city.items())]


def _effect(both: dict[str, Assessed], rules: Mapping[str, Any]) -> QuotaEffect:
    some = next(iter(both.values()))
    head = (some["region_code"], some["region_name"], some["year"])
    missing = [code for code in RATES if code not in both or both[code]["value"] is None]
    if missing:
        names = "、".join(INDICATORS[code].short_label for code in missing)
        return QuotaEffect(*head, None, shown.NOTHING, None, shown.NOTHING, f"{names}无数据，不作测算")
    done, task = (float(sum(both[code][name] for code in RATES)) * 15 for name in ("numerator", "denominator"))
    completion = done / task * 100
    step = next(each for each in rules["steps"] if completion >= each["at_least"])
    effect = step["effect"] * (max(0.0, task - done) if step.get("of") == "shortfall" else done)
    limits = [each["at_least"] for each in rules["steps"]]
    return QuotaEffect(
        *head,
        completion,
        shown.number(completion, Unit.PERCENT, limits),
        effect,
        shown.gap(effect, Unit.MU),
        step["label"],
    )


# --- Incentives ------------------------------------------------------------------------------------------------------


def incentives(
    rows: Iterable[Assessed], projects: Iterable[Mapping[str, Any]], rules: Mapping[str, Any]
) -> list[Incentive]:
    """Cities and projects that meet a stated rule; a city that meets several is listed under each.

    `rows`: assessments of one year and horizon; `projects`: rows of mart.demonstration.
    """
    by_city: dict[str, list[Assessed]] = {}
    for row in rows:
        if row["region_level"] == "city":
            by_city.setdefault(row["region_code"], []).append(row)
    projects = list(projects)
    found = []
    for name, rule in rules.items():
        if not isinstance(rule, dict):
            continue
        if rule["kind"] == "city":
            found += [each for _, own in sorted(by_city.items()) if (each := _city(name, rule, own))]
        else:
            found += [each for project in projects if (each := _project(name, rule, project))]
    return found


def _city(name: str, rule: Mapping[str, Any], own: list[Assessed]) -> Incentive | None:
    if "rank_within" in rule:
        met = [row for row in own if row["rank"] is not None and row["rank"] <= rule["rank_within"]]
        spoiled = any(row["verdict"] in POOR for row in own)
        reason = "、".join(f"{INDICATORS[row['indicator']].short_label}第{row['rank']}位" for row in met)
    else:
        met, spoiled = [row for row in own if row["verdict"] in GOOD], False
        reason = f"{len(met)} 项指标已达标或达序时"
    if spoiled or len(met) < rule["at_least"]:
        return None
    code, region = own[0]["region_code"], own[0]["region_name"]
    return Incentive("city", code, region, region, name, rule["label"], reason)


def _project(name: str, rule: Mapping[str, Any], project: Mapping[str, Any]) -> Incentive | None:
    area = project["activated_area_mu"]
    least = rule.get("activated_at_least_mu")
    if project["stage"] not in rule["stages"] or (least is not None and (area is None or area < least)):
        return None
    reason = f"阶段：{project['stage']}" + ("" if area is None else f"，盘活 {shown.quantity(area, Unit.MU)}")
    return Incentive(
        "project", project["region_code"], project["region_name"], project["project_name"], name, rule["label"], reason
    )
