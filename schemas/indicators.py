"""The eight guiding indicators (导引指标), in the plan's order: names, units, periods and the tables they come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .table import Unit


class Basis(StrEnum):
    """The stretch of time that a value covers."""

    ANNUAL = "annual"
    PERIOD = "period"  # 2025–2027, then 2028–2030
    CUMULATIVE = "cumulative"


class VerdictKind(StrEnum):
    """How an indicator is judged (rulebook §10)."""

    CUMULATIVE_AREA = "cumulative_area"
    ANNUAL_RATE = "annual_rate"
    PERIOD_RATIO = "period_ratio"
    REDUCTION = "reduction"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator.

    `tables` are all inputs, `event_tables` those that carry its events: they decide whether a region has reported and
    whether its data are complete. `judged` is the basis that a verdict looks at.
    """

    code: str
    number: int
    label: str
    short_label: str
    label_en: str
    unit: Unit
    part_unit: Unit  # of numerator and denominator
    bases: tuple[Basis, ...]
    judged: Basis
    verdict: VerdictKind
    tables: tuple[str, ...]
    event_tables: tuple[str, ...]
    formula: str
    formula_en: str
    section: str
    ranked_by_progress: bool = False
    annual_input: bool = False


INDICATORS: dict[str, Indicator] = {
    indicator.code: indicator
    for indicator in (
        Indicator(
            "activated_stock_land", 1, "盘活存量建设用地", "盘活存量", "Activated existing construction land",
            Unit.MU, Unit.MU, (Basis.ANNUAL, Basis.CUMULATIVE), Basis.CUMULATIVE, VerdictKind.CUMULATIVE_AREA,
            ("land_supply", "inefficient_land", "idle_land"), ("land_supply", "inefficient_land", "idle_land"),
            "自2025-01-01累计：供地中的现有建设用地 + 自主改造的低效图斑 + 处置后重新利用的闲置土地，同一宗地不重复计",
            "since 2025-01-01: existing part of supply + self-redeveloped patches + idle land put back to use, no parcel twice",
            "§1", ranked_by_progress=True,
        ),
        Indicator(
            "redeveloped_inefficient_land", 2, "完成低效用地再开发", "低效再开发", "Redeveloped low-efficiency land",
            Unit.MU, Unit.MU, (Basis.ANNUAL, Basis.CUMULATIVE), Basis.CUMULATIVE, VerdictKind.CUMULATIVE_AREA,
            ("inefficient_land", "land_supply"), ("inefficient_land",),
            "自2025-01-01累计：已入库、方案已批复且完成的低效图斑的完成面积，每个图斑计一次",
            "since 2025-01-01: completed area of low-efficiency patches, each counted once on its completion date",
            "§2", ranked_by_progress=True,
        ),
        Indicator(
            "unsupplied_digestion_rate", 3, "年度批而未供土地消化任务完成率", "批而未供消化率", "Approved-but-unsupplied land digested",
            Unit.PERCENT, Unit.HECTARE, (Basis.ANNUAL,), Basis.ANNUAL, VerdictKind.ANNUAL_RATE,
            ("unsupplied_digestion", "approved_unsupplied", "annual_task"), ("approved_unsupplied", "unsupplied_digestion"),
            "当年纳入基数批次的消化面积 ÷ 年度任务面积 × 100",
            "area digested in the year from batches in the task base / the year's task × 100",
            "§3",
        ),
        Indicator(
            "idle_disposal_rate", 4, "年度闲置土地处置任务完成率", "闲置处置率", "Idle land disposed",
            Unit.PERCENT, Unit.HECTARE, (Basis.ANNUAL,), Basis.ANNUAL, VerdictKind.ANNUAL_RATE,
            ("idle_land", "annual_task"), ("idle_land",),
            "当年完成处置的闲置面积 ÷ 年度任务面积 × 100",
            "idle area disposed in the year / the year's task × 100",
            "§4",
        ),
        Indicator(
            "stock_supply_share", 5, "存量土地供应占比", "存量供应占比", "Share of existing land in supply",
            Unit.PERCENT, Unit.HECTARE, (Basis.ANNUAL, Basis.PERIOD), Basis.PERIOD, VerdictKind.PERIOD_RATIO,
            ("land_supply",), ("land_supply",),
            "Σ（现有建设用地面积 + 历史批而未供面积）÷ Σ 供应面积 × 100，均不含单独选址",
            "Σ (existing + historical approved-unsupplied) / Σ supplied × 100, separate sites excluded",
            "§5",
        ),
        Indicator(
            "industrial_far", 6, "新增工业用地平均容积率", "工业容积率", "Average FAR of newly supplied industrial land",
            Unit.RATIO, Unit.HECTARE, (Basis.ANNUAL, Basis.PERIOD), Basis.PERIOD, VerdictKind.PERIOD_RATIO,
            ("land_supply", "far_exemption"), ("land_supply",),
            "Σ（约定容积率下限 × 供应面积）÷ Σ 供应面积，不含豁免清单内的宗地",
            "Σ (agreed lower FAR × area) / Σ area of industrial supply, without parcels on the exemption list",
            "§6",
        ),
        Indicator(
            "land_per_gdp_reduction", 7, "单位GDP地耗下降率", "单位GDP地耗降幅", "Reduction of land per GDP",
            Unit.PERCENT, Unit.HECTARE_PER_YI_YUAN, (Basis.ANNUAL, Basis.CUMULATIVE), Basis.CUMULATIVE, VerdictKind.REDUCTION,
            ("construction_land", "gdp"), ("construction_land", "gdp"),
            "1 −（当年建设用地 ÷ 2025年不变价GDP）÷（2025年同口径值），× 100",
            "1 − (S_t / G_t) / (S_2025 / G_2025), × 100, G at constant 2025 prices",
            "§7", annual_input=True,
        ),
        Indicator(
            "walk15_coverage", 8, "社区公共服务设施步行15分钟覆盖率", "15分钟覆盖率", "Facilities within 15 minutes' walk",
            Unit.PERCENT, Unit.HECTARE, (Basis.ANNUAL,), Basis.ANNUAL, VerdictKind.LEVEL,
            ("walk_coverage",), ("walk_coverage",),
            "中心城区文化、教育、卫生、体育、养老五类设施步行15分钟覆盖的居住用地占比的等权平均",
            "mean over five facility classes of residential land within 15 minutes' walk / all residential land",
            "§8", annual_input=True,
        ),
    )
}  # fmt: skip

HORIZONS = (2027, 2030)
FIRST_YEAR = 2025
#: The two periods of indicators 5 and 6; each ends in the horizon that it is judged against.
PERIODS = ((2025, 2027), (2028, 2030))


def period_of(year: int) -> tuple[int, int] | None:
    """The period that a year belongs to; None before 2025 and after 2030."""
    return next(((first, last) for first, last in PERIODS if first <= year <= last), None)


class Absence(StrEnum):
    """Why a value is missing (缺值原因); never NaN, never a stand-in 0 (rulebook §0)."""

    NOT_REPORTED = "not_reported"
    NOT_ASSIGNED = "not_assigned"
    NOT_APPLICABLE = "not_applicable"
    NO_BASELINE = "no_baseline"
    NOT_DUE = "not_due"
    WITHHELD = "withheld"


class Verdict(StrEnum):
    """Verdicts (评价结论) of rulebook §10; a row without a value carries its absence instead."""

    ACHIEVED = "achieved"
    ON_TRACK = "on_track"
    BEHIND = "behind"
    FAR_BEHIND = "far_behind"
    MISSED = "missed"
    UNDECIDABLE = "undecidable"


class DataState(StrEnum):
    PROVISIONAL = "provisional"
    FINAL = "final"
    INCOMPLETE = "incomplete"


#: Word and shape of every verdict and absence: never a colour alone. (label zh, label en, shape)
WORDS: dict[str, tuple[str, str, str]] = {
    Verdict.ACHIEVED: ("已达标", "achieved", "★"),
    Verdict.ON_TRACK: ("达序时", "on track", "●"),
    Verdict.BEHIND: ("略滞后", "behind", "▲"),
    Verdict.FAR_BEHIND: ("滞后", "far behind", "▼"),
    Verdict.MISSED: ("未达标", "missed", "✕"),
    Verdict.UNDECIDABLE: ("临界", "undecidable", "◇"),
    Absence.NOT_REPORTED: ("未报", "not reported", "－"),
    Absence.NOT_ASSIGNED: ("未下达", "not assigned", "－"),
    Absence.NOT_APPLICABLE: ("不适用", "not applicable", "－"),
    Absence.NO_BASELINE: ("基期未定", "no baseline", "－"),
    Absence.NOT_DUE: ("未到期", "not due", "－"),
    Absence.WITHHELD: ("不公布", "withheld", "－"),
    DataState.PROVISIONAL: ("预计", "provisional", ""),
    DataState.FINAL: ("核定", "final", ""),
    DataState.INCOMPLETE: ("数据未齐", "incomplete", ""),
}


#: Why a record of the ledger does not count, or counts less than its area (剔除原因).
REASONS: dict[str, tuple[str, str]] = {
    "already_claimed": ("同一宗地已由较早的事件计入", "the parcel was claimed by an earlier event"),
    "partly_claimed": ("同一宗地的一部分已由较早的事件计入", "part of the parcel was claimed by an earlier event"),
    "no_parcel_code": ("无宗地代码，单独计算", "no parcel code: the record stands alone"),
    "chain_incomplete": (
        "缺入库日期或方案批复日期，或晚于计入日期",
        "registration or plan approval missing or later than completion",
    ),
    "not_completed": ("尚未完成：无完成面积或无完成日期", "not completed: no completed area or no completion date"),
    "outside_task_base": ("批次不在任务基数内", "the batch is outside the task base"),
    "way_not_counted": ("该方式不计入", "this way does not count"),
    "way_missing": ("未填方式", "no way given"),
    "disposed_area_missing": ("未填处置面积", "no disposed area"),
    "separate_site": ("单独选址项目", "separate site"),
    "origin_unknown": ("土地来源未知", "the origin of the land is unknown"),
    "far_exempt": ("在容积率豁免清单内", "on the FAR exemption list"),
    "far_missing": ("未约定容积率下限", "no lower FAR agreed"),
    "class_missing": ("五类设施未报齐", "not all five classes reported"),
    "class_not_counted": ("该地类不计入建设用地", "the class is not construction land"),
    "total_wins": ("已报合计，分类不重复计", "the total is given; classes are not added"),
    "divisor": ("作为除数参与计算", "enters as the divisor"),
    "task": ("年度任务", "the year's task"),
    "over_batch_area": ("超过批次剩余面积", "more than the batch's remaining area"),
    "unknown_batch": ("批次未登记", "the batch is unknown"),
}

#: Remarks on a figure (标注): label zh, label en.
FLAGS: dict[str, tuple[str, str]] = {
    "public_export": (
        "含公开导出的供地记录：是否单独选址、历史批而未供面积未知",
        "made from records of the public export: separate site and historical approved-unsupplied area unknown",
    ),
    "from_cities": ("由各市合计推算", "derived: the sum of the cities"),
    "estimated": ("按直线缓冲区测算", "estimated by straight-line distance"),
}

#: Sub-lines that a figure is published with (指标分项): label zh, label en.
PARTS: dict[str, tuple[str, str]] = {
    "resupply": ("供地中的现有建设用地", "existing part of land supply"),
    "self_redevelopment": ("自主改造低效用地", "self-redeveloped patches"),
    "idle_reuse": ("闲置土地处置后利用", "idle land put back to use"),
    "without_parcel_code": ("其中无宗地代码", "of these without a parcel code"),
    "historical_unsupplied": ("历史批而未供", "historical approved-unsupplied"),
    "industrial": ("低效工业用地", "industrial patches"),
    "urban": ("低效城镇用地", "urban patches"),
    "village": ("低效村庄用地", "village patches"),
    "chain_incomplete": ("环节不全，未计入", "a step is missing: not counted"),
    "by_supply": ("供地消化", "digested by supply"),
    "by_withdrawal": ("撤回批文消化", "digested by withdrawal"),
    "by_reduction": ("核减消化", "digested by reduction"),
    "by_procedure": ("补办手续消化", "digested by completing procedures"),
    "outside_base": ("基数外消化，未计入", "digested outside the base: not counted"),
    "disposed": ("已处置", "disposed"),
    "extended_not_started": ("延长动工期限尚未动工，未计入", "extended and not started: not counted"),
    "existing": ("现有建设用地", "existing construction land"),
    "separate_site": ("单独选址，未计入", "separate sites: not counted"),
    "origin_unknown": ("来源未知，未计入", "origin unknown: not counted"),
    "share_with_separate_sites": ("含单独选址的占比", "share with separate sites included"),
    "far_with_exempt": ("含豁免宗地的平均容积率", "average FAR with exempt parcels"),
    "exempt_area_share": ("豁免面积占比", "exempt share of area"),
    "far_missing": ("未约定容积率下限，未计入", "no lower FAR: not counted"),
    "culture": ("文化设施覆盖率", "culture"),
    "education": ("教育设施覆盖率", "education"),
    "health": ("卫生设施覆盖率", "health"),
    "sports": ("体育设施覆盖率", "sports"),
    "elderly_care": ("养老设施覆盖率", "elderly care"),
    "lowest_class": ("最低一类", "lowest class"),
    "all_five": ("五类全覆盖", "covered by all five"),
    "base_2025": ("2025年基期水平（同口径城市）", "level of 2025, same cities"),
}

#: Tables that every city owes for every year: the inputs of the indicators. The exemption list comes when needed.
OWED = tuple(dict.fromkeys(table for each in INDICATORS.values() for table in each.tables if table != "far_exemption"))
