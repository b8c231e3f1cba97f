"""The words of an explanation: why a value is missing and what to do, and how a verdict follows from its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from assets.outputs import format as shown
from schemas.indicators import FIRST_YEAR, WORDS, Absence, Indicator, Verdict, VerdictKind
from schemas.submissions import TABLES, TASK_DIGESTION, TASK_IDLE
from schemas.table import Unit

from .missing import Lack

_TASKS = {"unsupplied_digestion_rate": TASK_DIGESTION, "idle_disposal_rate": TASK_IDLE}
BASES = {"annual": ("当年", "annual"), "period": ("期内累计", "period"), "cumulative": ("累计", "cumulative")}


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same said in Chinese and in English."""

    zh: str
    en: str


# --- A missing value ------------------------------------------------------------------------------------------


def absence_words(indicator: Indicator, figure: dict[str, Any], lacks: list[Lack]) -> Sentence | None:
    """Why a figure has no value, and what to do about it; None where it has one. `lacks`: what is missing, if known."""
    if not figure["absence"]:
        return None
    zh, en = _lacking(figure, lacks) if lacks else _ABSENCES[figure["absence"]](indicator, figure)
    return Sentence(f"{WORDS[figure['absence']][0]}：{zh}", f"{WORDS[figure['absence']][1]}: {en}")


def _tables(names: tuple[str, ...]) -> str:
    return "、".join(f"《{TABLES[name].label}》" for name in names)


_NAMED = 3  # regions whose gaps are spelled out; the others are counted


def _lacking(figure: dict[str, Any], lacks: list[Lack]) -> tuple[str, str]:
    by_region: dict[str, list[Lack]] = {}
    for each in lacks:
        by_region.setdefault(each.region_name, []).append(each)
    zh, en = [], []
    for region, own in list(by_region.items())[:_NAMED]:
        zh.append(region + "、".join(f" {_years(each, '、')} 年的{_tables((each.table,))}" for each in own))
        en.append(f"{region}: " + ", ".join(f"{each.table} of {_years(each, ', ')}" for each in own))
    more = len(by_region) - _NAMED
    whole = figure["region_level"] == "province"
    return (
        f"截至 {figure['as_of']}，缺{'；'.join(zh)}{f'；另有 {more} 市缺数据' if more > 0 else ''}。"
        f"{'全省没有齐全的本级数据时，须各市齐全方可合计；' if whole else ''}未报不以 0 代替，请补报，"
        "缺报清单见 landstock status",
        f"missing by {figure['as_of']}: {'; '.join(en)}{f'; and {more} more cities' if more > 0 else ''}. "
        f"{'Without complete rows of its own a province needs all its cities. ' if whole else ''}"
        "Ask for it, see landstock status",
    )


def _years(lack: Lack, separator: str) -> str:
    return separator.join(map(str, lack.years))


def _not_reported(indicator: Indicator, figure: dict[str, Any]) -> tuple[str, str]:
    names = indicator.event_tables
    return (
        f"截至 {figure['as_of']}，没有收到 {figure['region_name']} {figure['year']} 年用于本指标的{_tables(names)}。"
        f"未报不以 0 代替；请该市补报，缺报清单见 landstock status",
        f"no accepted {', '.join(names)} of {figure['year']} by {figure['as_of']}; ask for it, see landstock status",
    )


def _not_assigned(indicator: Indicator, figure: dict[str, Any]) -> tuple[str, str]:
    task = _TASKS.get(indicator.code, "")
    whole = "；全省没有本级任务时须各市任务齐全方可合计" if figure["region_level"] == "province" else ""
    return (
        f"没有 {figure['year']} 年“{task}”的年度任务{whole}。请核对是否已下达，已下达的报送《年度任务》",
        f"no annual task for {figure['year']}; if one was assigned, hand in annual_task",
    )


def _not_applicable(indicator: Indicator, figure: dict[str, Any]) -> tuple[str, str]:
    if indicator.code in _TASKS:
        return f"{figure['year']} 年的任务为 0，无须完成，不计算完成率", "the year's task is 0"
    return (
        "期内没有可计入的供地（分母为 0），不计算比值；无需处理",
        "nothing counts in the period: the denominator is 0",
    )


def _no_baseline(indicator: Indicator, figure: dict[str, Any]) -> tuple[str, str]:
    against = 2025 if figure["basis"] == "cumulative" else figure["year"] - 1
    if against < 2025:
        return "2025 年为基期，没有上年可比；无需处理", "2025 is the base year: there is no year before it"
    return (
        f"缺 {against} 年的{_tables(indicator.tables)}，无从比较。请补报 {against} 年的数据",
        f"{against} is missing in {', '.join(indicator.tables)}; hand it in",
    )


def _not_due(indicator: Indicator, figure: dict[str, Any]) -> tuple[str, str]:
    return (
        f"{figure['year']} 年的{_tables(indicator.event_tables)}次年才有，截止日 {figure['as_of']} 尚未到期；无需处理",
        f"data of {figure['year']} exist only after the year; the as-of day is {figure['as_of']}",
    )


_ABSENCES = {
    Absence.NOT_REPORTED: _not_reported,
    Absence.NOT_ASSIGNED: _not_assigned,
    Absence.NOT_APPLICABLE: _not_applicable,
    Absence.NO_BASELINE: _no_baseline,
    Absence.NOT_DUE: _not_due,
    Absence.WITHHELD: lambda *_: ("按规定不公布", "withheld by rule"),
}


# --- A verdict ------------------------------------------------------------------------------------------------


def comparison(indicator: Indicator, row: dict[str, Any], rules: dict[str, str]) -> Sentence:
    """How the verdict of an assessment row follows from its numbers. `rules`: value of rulebook entries by name."""
    verdict, unit = row["verdict"], row["unit"]
    word, word_en = WORDS[verdict][:2]
    met = verdict in (Verdict.ACHIEVED, Verdict.ON_TRACK)
    if row["value"] is None:
        return _without_value(row, word, word_en)
    value, target = shown.against(row["value"], row["target"], unit, None if row["pace"] is not None else met)
    if verdict == Verdict.UNDECIDABLE:
        low, high = (shown.number(row[name], unit, (row["target"],)) for name in ("low", "high"))
        return Sentence(
            f"可比价指数的小数位数使结果在 {low} 到 {high} 之间，目标 {target} 落在其中：无法判定，{word}",
            f"the index is known to its decimals: between {low} and {high}, which holds the target {target}: {word_en}",
        )
    if row["target"] is None:
        return Sentence(f"缺 2025 年基期，目标水平无从确定：{word}", f"no 2025 base, hence no target level: {word_en}")
    if verdict == Verdict.ACHIEVED:
        return Sentence(f"{value} ≥ 目标 {target}：{word}", f"{value} ≥ target {target}: {word_en}")
    if verdict == Verdict.MISSED:
        end = _last_day(indicator, row)
        return Sentence(
            f"{value} ＜ 目标 {target}，期限 {end} 已过：{word}", f"{value} < target {target}, due on {end}: {word_en}"
        )
    if indicator.verdict is VerdictKind.PERIOD_RATIO:
        return _open_period(indicator, row, rules, (value, target), (word, word_en))
    return _by_pace(row, rules, (value, target), (word, word_en))


def _without_value(row: dict[str, Any], word: str, word_en: str) -> Sentence:
    if row["verdict"] == Absence.NOT_DUE and row["absence"] == Absence.NOT_DUE:
        return Sentence(f"对照 {row['horizon']} 年目标的期间尚未开始或数据未到期：{word}", f"not due yet: {word_en}")
    return Sentence(f"没有指标值，不作评价：{word}", f"no value, hence no verdict: {word_en}")


def _last_day(indicator: Indicator, row: dict[str, Any]) -> date:
    annual = indicator.verdict is VerdictKind.ANNUAL_RATE
    return date(row["year"] if annual else row["horizon"], 12, 31)


def _open_period(
    indicator: Indicator, row: dict[str, Any], rules: dict[str, str], sides: tuple[str, str], words: tuple[str, str]
) -> Sentence:
    (value, target), (word, word_en) = sides, words
    if row["verdict"] == Verdict.ON_TRACK:
        return Sentence(
            f"{value} ≥ 目标 {target}，期间到 {row['horizon']}-12-31 才结束：{word}",
            f"{value} ≥ target {target}, the period ends on {row['horizon']}-12-31: {word_en}",
        )
    far = indicator.code == "industrial_far"
    margin = rules.get("verdict.far_margin" if far else "verdict.share_margin", "0.05" if far else "1.0")
    unit = "" if far else " 个百分点"
    inside = row["verdict"] == Verdict.BEHIND
    limit = f"在 {margin}{unit}以内" if inside else f"超过 {margin}{unit}"
    gap = shown.gap(row["gap"], row["unit"], margin=Decimal(margin)).lstrip(shown.MINUS)
    return Sentence(
        f"{value} ＜ 目标 {target}，低 {gap}{unit}，{limit}：{word}",
        f"{value} < target {target} by {gap}, {'within' if inside else 'more than'} {margin}: {word_en}",
    )


def _nothing_expected(row: dict[str, Any]) -> tuple[str, str]:
    if row["verdict"] == Verdict.ON_TRACK:
        return "尚无应达进度", "nothing expected yet"
    if row["year"] == FIRST_YEAR:
        return "2025 年为基期，次年起才有应达水平", "2025 is the base year, something is expected from the next on"
    return "缺 2025 年基期，无应达水平", "no 2025 base, hence nothing expected"


def _by_pace(row: dict[str, Any], rules: dict[str, str], sides: tuple[str, str], words: tuple[str, str]) -> Sentence:
    (value, target), (word, word_en) = sides, words
    if row["pace"] is None:
        why, why_en = _nothing_expected(row)
        return Sentence(f"{value} ＜ 目标 {target}，{why}：{word}", f"{value} < target {target}, {why_en}: {word_en}")
    on_track, behind = (
        Decimal(rules.get(f"verdict.{name}", usual)) for name, usual in (("on_track", "1"), ("behind", "0.9"))
    )
    pace = shown.pace(row["pace"], (on_track, behind))
    expected = shown.number(row["expected"], row["unit"], (row["value"],))
    bound = f"≥ {on_track:f}" if row["verdict"] == Verdict.ON_TRACK else f"＜ {behind:f}"
    if row["verdict"] == Verdict.BEHIND:
        bound = f"＜ {on_track:f}，≥ {behind:f}"
    unit = "" if row["unit"] in (Unit.PERCENT, Unit.RATIO) else f" {row['unit']}"
    return Sentence(
        f"目标 {target}{unit}；到 {row['period_end']} 应达 {expected}{unit}，实际 {value}{unit}，"
        f"进度比 {value} ÷ {expected} = {pace}，{bound}：{word}",
        f"target {target}; expected by {row['period_end']}: {expected}, actual {value}, pace {pace}: {word_en}",
    )
