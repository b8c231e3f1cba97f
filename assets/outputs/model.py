"""The report model (报告模型): everything an output document may say about one release, typed and already in words.

Page, workbook, document and PDF are made from this and nothing else, hence one number everywhere. No rendering here:
`text` fields come from `assets.outputs.format`, figures stand beside them unrounded. `load` reads the mart schema of a
released file and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from assets.advice import Advice, Incentive, QuotaEffect
from assets.home import Trouble
from schemas.indicators import Indicator

# --- Header ----------------------------------------------------------------------------------------------------------


class NothingToReport(Trouble):
    """No region of the release has a target of the plan: there is nothing to evaluate."""


@dataclass(frozen=True, slots=True)
class Vintage:
    """The state of one input (数据版本): e.g. GDP of 2026 is 初步核算 in 11 of 11 cities, last received on a day."""

    table: str
    label: str
    year: int
    vintage: str | None  # 初步 / 最终 / 初步核算 / 最终核实 / 普查修订; None: the table has no vintages
    regions: int
    last_received_on: date | None


@dataclass(frozen=True, slots=True)
class Release:
    """What the release was made with; every document carries all of it."""

    id: str
    as_of: date
    rule_version: str
    target_version: str
    contract_version: str
    made_at: datetime
    data_state: str  # the weakest of the cells shown: incomplete, provisional, final
    data_state_label: str  # 数据未齐 / 预计 / 核定
    facts: dict[str, str]  # all of mart.release_info, name → value
    vintages: tuple[Vintage, ...]


@dataclass(frozen=True, slots=True)
class Region:
    code: str
    name: str
    level: str  # province / city / county
    city_code: str | None  # of a county


# --- One figure against one target -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Forecast:
    """预测: value at `at` with its 80% range. Never shown without the word 预测, never in the column of a value."""

    value: float
    low: float
    high: float
    text: str
    low_text: str
    high_text: str
    at: date  # 12-31 of the horizon; of the row's year for annual rates
    meets: bool  # the forecast itself reaches the target
    text_range: str  # "41.20～45.10"


@dataclass(frozen=True, slots=True)
class Cell:
    """One region × indicator × year × horizon: a row of mart.assessment in words.

    Texts of % carry the sign, areas and ratios are bare numbers (`unit` belongs in the header). Where the value is
    absent `text` is the absence's word (未报 …) and every other text is "—".
    """

    region_code: str
    region_name: str
    indicator: str
    year: int
    horizon: int
    basis: str
    period_end: date
    value: float | None
    text: str
    unit: str
    target: float | None
    target_text: str
    operator: str  # ≥ or =; as in the plan's tables
    verdict: str  # code of schemas.indicators.WORDS: a verdict or an absence
    verdict_label: str
    verdict_label_en: str
    shape: str
    rank: int | None
    gap: float | None
    gap_text: str  # with its sign
    progress: float | None  # value / target
    progress_text: str  # "41.15%"
    expected: float | None
    expected_text: str
    expected_linear: float | None
    expected_linear_text: str
    pace: float | None
    pace_text: str
    time_progress: float | None
    low: float | None  # band of the input's precision (indicator 7)
    high: float | None
    forecast: Forecast | None
    data_state: str
    data_state_label: str  # 预计, 核定、推算
    absence: str | None
    absence_label: str | None
    derived: bool = False  # 推算: from the cities, or from records that leave something unknown


@dataclass(frozen=True, slots=True)
class Row:
    """One region across the eight indicators, in the plan's order."""

    region: Region
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class EvaluationTable:
    """The plan's annex layout (附表): the province first, then 11 cities × 8 indicators."""

    kind: str  # annual / midterm / final
    title: str  # 浙江省存量空间提质增效行动2026年度评价表
    title_en: str
    year: int
    horizon: int
    rows: tuple[Row, ...]
    note: str  # how it is judged and in which data state


# --- Views -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """A value on a day; `value` None with its `absence`. `year` is the figure's year."""

    day: date
    year: int
    value: float | None
    text: str
    absence: str | None
    data_state: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """A sub-line (分项) that the figure is published with."""

    part: str
    label: str
    label_en: str
    value: float | None
    text: str
    unit: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Records left out of a figure, by reason (剔除原因)."""

    reason: str
    label: str
    label_en: str
    records: int
    area_mu: float
    area_text: str


@dataclass(frozen=True, slots=True)
class Contributor:
    """One record behind a figure, with the file and row it came from."""

    source_table: str
    table_label: str
    record_key: str
    region_code: str
    region_name: str
    event_date: date | None
    role: str
    amount: float
    amount_text: str
    unit: str
    reason_label: str | None
    file_name: str
    sheet: str | None
    row_number: int | None


@dataclass(frozen=True, slots=True)
class CountyValue:
    """A county is monitored, never judged."""

    region: Region
    value: float | None
    text: str
    absence: str | None


@dataclass(frozen=True, slots=True)
class IndicatorOfRegion:
    """All that is known of one indicator in one region, for the as-of's year and the current horizon."""

    region: Region
    indicator: Indicator
    cell: Cell | None  # against the current horizon
    other: Cell | None  # against the other horizon
    latest: Cell | None  # of the latest year with a value, against the current horizon (7 and 8 come a year late)
    by_year: tuple[Point, ...]  # on the judged basis, one a year, 2025 on; day = period end
    annual: tuple[Point, ...]  # annual basis, one a year, earlier years included
    by_month: tuple[Point, ...]  # as known at each month end, of that day's year
    trajectory: tuple[tuple[date, float], ...]  # expected values towards the current horizon, straight lines between
    parts: tuple[Part, ...]
    parts_year: int | None  # the latest year that has parts
    exclusions: tuple[Exclusion, ...]
    top: tuple[Contributor, ...]
    record_count: int
    excluded_count: int
    sql: str  # for the records beyond the first ones
    counties: tuple[CountyValue, ...]


@dataclass(frozen=True, slots=True)
class RegionView:
    """The province or a city: its row of the matrix and its eight indicators in detail."""

    region: Region
    row: Row
    indicators: dict[str, IndicatorOfRegion]
    counts: dict[str, int]  # verdict → how many of the eight
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """One indicator across the province: ranking of the cities, the province first in `cells`."""

    indicator: Indicator
    cells: tuple[Cell, ...]  # province, then cities in code order
    ranking: tuple[Cell, ...]  # cities by rank; without a value last
    counts: dict[str, int]  # verdict → how many of the 11
    exclusions: tuple[Exclusion, ...]
    regions: dict[str, IndicatorOfRegion]  # the same objects as in the region views
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CountyIndicator:
    """One indicator in one county: values by year, the first records behind them. Monitored, never judged."""

    indicator: Indicator
    by_year: tuple[Point, ...]  # on the judged basis, one a year, 2025 on
    top: tuple[Contributor, ...]
    record_count: int
    excluded_count: int
    sql: str


@dataclass(frozen=True, slots=True)
class CountyView:
    """A county (县市区) and its eight indicators; `city` is the one that it reports through."""

    region: Region
    city: Region
    indicators: tuple[CountyIndicator, ...]


# --- Restatements ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Revised:
    """A figure that differs from the release before (变动): a row of mart.revision in words."""

    region: Region
    indicator: str
    year: int
    basis: str
    unit: str
    old_value: float | None
    old_text: str
    new_value: float | None
    new_text: str
    change: float | None
    change_text: str  # percentages change by percentage points (百分点)
    cause_label: str
    cause_label_en: str
    flips: tuple[str, ...]  # "2027：略滞后→达序时"; empty: no verdict changed
    records: int


@dataclass(frozen=True, slots=True)
class Revisions:
    """What changed since the release before; `rows` are of the province and the cities, on the basis that is judged."""

    old_release_id: str
    old_as_of: date
    rows: tuple[Revised, ...]
    total: int  # rows of mart.revision, counties and other bases included
    sql: str


@dataclass(frozen=True, slots=True)
class Restated:
    """One figure of an evaluation as it was first made and as it is on final data (重述)."""

    region: Region
    indicator: Indicator
    before: Cell  # its forecast is what was expected for the end of the year
    after: Cell
    change: float | None  # after − before
    change_text: str
    error: float | None  # after − forecast
    error_text: str
    inside: bool | None  # the outcome lay in the range; None: there was no forecast or there is no outcome
    flipped: bool


@dataclass(frozen=True, slots=True)
class Restatement:
    """An evaluation made during its last year beside the same one made again: what the forecasts were worth."""

    kind: str  # midterm / final
    year: int
    old_release_id: str
    old_as_of: date
    rows: tuple[Restated, ...]  # province first, the plan's order within a region


# --- Tasks, modes, measures, projects, parks, deadlines -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModeProgress:
    """One of the six modes (开发模式) in a region and year; areas in 亩."""

    region: Region
    year: int
    mode: str
    parcels: int
    area_mu: float
    area_text: str
    share: float | None  # % of the region's claimed area of the year
    share_text: str


@dataclass(frozen=True, slots=True)
class MeasureProgress:
    """One of the four kinds of measures (政策举措) in a region and year; money in 万元, areas in 亩."""

    region: Region
    year: int
    measure: str
    measures: int
    amount_wan_yuan: float | None  # None: no measure states one
    amount_text: str
    area_mu: float | None
    area_text: str


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One demonstration project (示范项目)."""

    project_no: str
    name: str
    region: Region
    city_code: str | None
    mode: str
    batch: str | None
    stage: str
    put_forward: bool  # 申报国家案例
    land_area_mu: float | None
    land_area_text: str
    activated_area_mu: float | None
    activated_area_text: str
    investment_wan_yuan: float | None
    investment_text: str
    measures: str | None
    start_date: date | None
    completion_date: date | None


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """One of the twelve tasks (工作任务) in a region and quarter."""

    task_no: int
    section: str
    name: str
    region: Region
    year: int
    quarter: int
    progress: str  # 未启动 / 推进中 / 已完成 / 未报
    description: str | None
    lead_unit: str
    responsible_units: str
    local_unit: str | None  # 责任单位 as reported


@dataclass(frozen=True, slots=True)
class Park:
    """One industrial park (园区) in a year; per-mu values in 万元/亩."""

    region: Region
    city_code: str | None
    code: str
    name: str
    year: int
    industrial_area_mu: float | None
    industrial_area_text: str
    tax_per_mu: float | None
    tax_text: str
    value_added_per_mu: float | None
    value_added_text: str
    average_far: float | None
    far_text: str
    grade: str | None  # A–D
    grade_absence: str | None  # why there is none, in words


@dataclass(frozen=True, slots=True)
class Deadline:
    name: str
    label: str
    label_en: str
    due: date
    region: Region | None  # None: the province's own duty
    responsible: str
    state: str  # done / due / overdue / upcoming
    state_label: str
    evidence: str | None  # why it counts as done
    source: str


# --- Quality -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RuleCount:
    rule: str
    label: str
    severity: str
    severity_label: str
    findings: int
    files: int
    regions: int


@dataclass(frozen=True, slots=True)
class CityQuality:
    region: Region
    files: int
    accepted: int
    accepted_with_warnings: int
    partly_accepted: int
    rejected: int
    lines: int
    rows_loaded: int
    rows_quarantined: int
    errors: int
    warnings: int
    loaded_text: str  # share of data rows that were loaded


@dataclass(frozen=True, slots=True)
class Receipt:
    receipt_no: str
    file_name: str
    received_on: date
    table_label: str | None
    region_name: str | None
    status: str
    status_label: str
    lines: int
    rows_loaded: int
    rows_quarantined: int
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class Finding:
    file_name: str
    region_code: str | None
    sheet: str | None
    cell: str | None
    row_number: int | None
    column: str | None
    key: str | None
    rule: str
    severity: str
    message: str
    suggestion: str
    quarantined: bool


@dataclass(frozen=True, slots=True)
class Quality:
    files: int
    lines: int
    rows_loaded: int
    rows_quarantined: int
    errors: int
    warnings: int
    by_rule: tuple[RuleCount, ...]
    by_city: tuple[CityQuality, ...]
    receipts: tuple[Receipt, ...]
    findings: tuple[Finding, ...]  # the first FINDINGS_SHOWN, errors first
    sql: str  # for the rest
    checks: int = 0  # expectations that this release was held against
    broken: tuple[BrokenCheck, ...] = ()  # those that did not hold; what is critical never gets here


@dataclass(frozen=True, slots=True)
class BrokenCheck:
    """An expectation that did not hold (核验提醒): in how many places, and what to do."""

    table_name: str
    label: str
    label_en: str
    unexpected: int
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the data dictionary."""

    object: str
    name: str
    label: str
    label_en: str | None
    type: str | None
    unit: str | None
    description: str | None
    source: str | None


# --- The whole ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReportModel:
    """One release, ready for every document.

    `year` is the as-of's year (2030 at most) and `horizon` the target year that it is judged against.
    `advice`, `what_if` (假设, never in a report's body) and `incentives` are suggestions, not results.
    """

    release: Release
    year: int
    horizon: int
    indicators: tuple[Indicator, ...]
    province: Region
    cities: tuple[Region, ...]
    counties: tuple[Region, ...]
    matrix: EvaluationTable  # the year against the horizon: province + 11 × 8
    cells: dict[tuple[str, str, int, int], Cell]  # (region_code, indicator, year, horizon)
    region_views: dict[str, RegionView]  # province and cities
    indicator_views: dict[str, IndicatorView]
    annual: dict[int, EvaluationTable]
    midterm: dict[int, EvaluationTable]
    final: dict[int, EvaluationTable]
    modes: tuple[ModeProgress, ...]
    measures: tuple[MeasureProgress, ...]
    demonstrations: tuple[Demonstration, ...]
    tasks: tuple[TaskStatus, ...]
    parks: tuple[Park, ...]
    calendar: tuple[Deadline, ...]
    quality: Quality
    dictionary: tuple[Entry, ...]
    advice: tuple[Advice, ...]
    what_if: tuple[QuotaEffect, ...]
    incentives: tuple[Incentive, ...]
    sentences: tuple[str, ...]  # the province's summary
    county_views: dict[str, CountyView] = field(default_factory=dict)
    revisions: Revisions | None = None  # None: nothing differs from the release before, or there is none
    restatement: Restatement | None = None  # None: no earlier release made the same evaluation


def load(release_db: Path, earlier: Callable[[date], Path | None] | None = None) -> ReportModel:
    """The report model of a built or released DuckDB file, read-only. Raises duckdb.Error when it is none, and
    NothingToReport when none of its regions has a target.

    `earlier` finds, for an as-of day, the file of a release that made the mid-term or final evaluation before its
    year was over.
    """
    from assets.outputs import loading  # it needs the types above; documents need only this module

    return loading.load(release_db, earlier)
