"""Sentences (文字表述) from cells: what the reports say about a figure, with the comparatives that it bears out.

Pure; Chinese with full-width punctuation, numbers as in `format`. A comparative (高于、低于、持平) is chosen by
unrounded values, and a missing figure says why it is missing instead of anything about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction

from assets.outputs import format as shown
from assets.outputs.model import Cell, Row
from schemas.indicators import INDICATORS, PERIODS, WORDS, DataState, Verdict, VerdictKind
from schemas.table import Unit

GOOD = (Verdict.ACHIEVED, Verdict.ON_TRACK)


def overview(row: Row, cities: Sequence[Row], as_of: date) -> str:
    """How many of the eight the province has met, and how the 11 × 8 cells of the cities are distributed."""
    cells = [cell for cell in row.cells if cell is not None]
    judged = [cell for each in cities for cell in each.cells if cell is not None and cell.absence is None]
    missing = sum(cell is not None and cell.absence is not None for each in cities for cell in each.cells)
    good = sum(cell.verdict in GOOD for cell in judged)
    gaps = f"，另有 {missing} 项次暂无数据" if missing else ""
    return (
        f"截至{shown.day(as_of)}，{row.region.name} {len(cells)} 项导引指标中，{verdicts(cells, '项')}。"
        f"{len(cities)} 个设区市有数据的 {len(judged)} 项次中，{good} 项次已达标或达序时{gaps}。"
    )


def verdicts(cells: Iterable[Cell], classifier: str = "个") -> str:
    """`7 个达序时、2 个略滞后、2 个未报`: in the order of verdicts, absences last."""
    counts = Counter(cell.verdict for cell in cells)
    return "、".join(f"{counts[code]} {classifier}{WORDS[code][0]}" for code in WORDS if counts[code])


def on_indicator(cell: Cell, cities: Sequence[Cell] = ()) -> str:
    """One region on one indicator; for the province also how its cities stand."""
    return f"{_clause(cell)}{_of_cities(cities)}。"


def on_ranking(ranking: Sequence[Cell], first: int = 3) -> str:
    """Who leads and who comes last, and who is not ranked and why."""
    ranked = [cell for cell in ranking if cell.rank is not None]
    parts = []
    if len(ranked) > first:
        leading = [cell for cell in ranked if cell.rank <= first]
        last = max(cell.rank for cell in ranked)
        parts.append(f"位次居前的是{_named(leading)}")
        if last > first:
            parts.append(f"居末位的是{_named([cell for cell in ranked if cell.rank == last])}")
    unranked: dict[str, list[Cell]] = {}
    for cell in ranking:
        if cell.rank is None:
            unranked.setdefault(cell.absence_label or cell.verdict_label, []).append(cell)
    if unranked:
        reasons = "，".join(f"{_named(cells, ranking)}{reason}" for reason, cells in unranked.items())
        parts.append(f"{reasons}，不参与排位")
    return "；".join(parts) + "。" if parts else ""


def on_forecast(cell: Cell) -> str:
    """What is forecast for the horizon, always with the word 预测; empty where there is no forecast."""
    ahead = cell.forecast
    if ahead is None:
        return ""
    indicator = INDICATORS[cell.indicator]
    outlook = f"，{'可达到' if ahead.meets else '达不到'}目标 {_with_unit(cell.target_text, cell.unit)}"
    label = indicator.label.removeprefix("年度")
    return (
        f"预测{cell.region_name}至{shown.day(ahead.at)}{label}为 {_with_unit(ahead.text, cell.unit)}"
        f"（80% 区间 {_with_unit(ahead.text_range, cell.unit)}）{outlook if cell.target is not None else ''}。"
    )


# --- Clauses by kind -------------------------------------------------------------------------------------------------


def _clause(cell: Cell) -> str:
    if cell.value is None:
        label = INDICATORS[cell.indicator].label.removeprefix("年度")
        return f"{cell.region_name}{_when(cell)}“{label}”{_absent(cell)}"
    return _CLAUSES[INDICATORS[cell.indicator].verdict](cell) + _state(cell)


def _absent(cell: Cell) -> str:
    return {
        "not_due": "数据未到期", "not_reported": "未报", "not_assigned": "任务未下达", "not_applicable": "不适用",
        "no_baseline": "基期未定", "withheld": "不公布",
    }[cell.absence]  # fmt: skip


def _state(cell: Cell) -> str:
    if cell.data_state == DataState.FINAL:
        return "（推算）" if cell.derived else ""
    return f"（{cell.data_state_label}）"


def _when(cell: Cell) -> str:
    if INDICATORS[cell.indicator].verdict is VerdictKind.PERIOD_RATIO:
        first, last = next(period for period in PERIODS if period[1] == cell.horizon)
        return f" {first} 至 {last} 年期间"
    return f" {cell.year} 年"


def _cumulative(cell: Cell) -> str:
    label = INDICATORS[cell.indicator].label
    text = f"{cell.region_name}累计{label} {cell.text} 亩，完成 {cell.horizon} 年目标的 {cell.progress_text}"
    if cell.verdict == Verdict.ACHIEVED or not cell.target or cell.expected is None:
        return text + "，已达标" * (cell.verdict == Verdict.ACHIEVED)
    difference = (_fraction(cell.value) - _fraction(cell.expected)) / _fraction(cell.target) * 100
    return f"{text}，{_compared(difference, '序时进度', points=True)}"


def _annual_rate(cell: Cell) -> str:
    label = INDICATORS[cell.indicator].label.removeprefix("年度")
    text = f"{cell.region_name} {cell.year} 年度{label}为 {cell.text}"
    if cell.verdict in (Verdict.ACHIEVED, Verdict.MISSED):
        return f"{text}，{_to_target(cell)}"
    return f"{text}，{_compared(_difference(cell.value, cell.expected), '序时要求', points=True)}"


def _period_ratio(cell: Cell) -> str:
    return f"{cell.region_name}{_when(cell)}{INDICATORS[cell.indicator].label}为 {cell.text}，{_to_target(cell)}"


def _reduction(cell: Cell) -> str:
    if cell.value < 0:
        risen = shown.number(-_fraction(cell.value), Unit.PERCENT)
        text = f"{cell.region_name} {cell.year} 年单位GDP地耗较 2025 年上升 {risen}"
    else:
        text = f"{cell.region_name} {cell.year} 年单位GDP地耗较 2025 年下降 {cell.text}"
    if cell.verdict == Verdict.UNDECIDABLE:
        return f"{text}，在输入精度内无法判定是否达到 {cell.horizon} 年目标（临界）"
    return f"{text}，{_progress(cell)}"


def _level(cell: Cell) -> str:
    return f"{cell.region_name} {cell.year} 年{INDICATORS[cell.indicator].label}为 {cell.text}，{_progress(cell)}"


_CLAUSES = {
    VerdictKind.CUMULATIVE_AREA: _cumulative,
    VerdictKind.ANNUAL_RATE: _annual_rate,
    VerdictKind.PERIOD_RATIO: _period_ratio,
    VerdictKind.REDUCTION: _reduction,
    VerdictKind.LEVEL: _level,
}


def _progress(cell: Cell) -> str:
    """Against the target where that is decided, else against what is expected by now."""
    if cell.verdict in (Verdict.ACHIEVED, Verdict.MISSED) or cell.expected is None:
        return _to_target(cell)
    return _compared(_difference(cell.value, cell.expected), "序时要求", points=True)


def _to_target(cell: Cell) -> str:
    if cell.target is None:
        return "目标待基期确定"
    difference = _difference(cell.value, cell.target)
    if cell.text.startswith("＜"):
        return f"略低于 {cell.horizon} 年目标（{cell.target_text}）"
    compared = _compared(difference, f"{cell.horizon} 年目标（{cell.target_text}）", points=cell.unit == Unit.PERCENT)
    return f"{compared}，未达标" if cell.verdict == Verdict.MISSED else compared


def _compared(difference: Fraction | None, mark: str, points: bool) -> str:
    """`高于序时进度 2.30 个百分点`; `与序时进度持平`."""
    if difference is None:
        return f"{mark}未定"
    if difference == 0:
        return f"与{_spaced(mark)}持平"
    amount = shown.points(difference) if points else shown.size(difference, Unit.RATIO)
    return f"{'高于' if difference > 0 else '低于'}{_spaced(mark)}{'' if mark.endswith('）') else ' '}{amount}"


def _spaced(mark: str) -> str:
    """A space before a figure, none before a word."""
    return f" {mark}" if mark[0].isdigit() else mark


def _difference(value: float, mark: float | None) -> Fraction | None:
    return None if mark is None else _fraction(value) - _fraction(mark)


def _fraction(value: float) -> Fraction:
    return Fraction(shown.exact(value))


def _of_cities(cities: Sequence[Cell]) -> str:
    return f"；{of_cities(cities)}" if cities else ""


def of_cities(cities: Sequence[Cell]) -> str:
    """`11 个设区市中，7 个达序时、4 个滞后`; `11 个设区市均未到期`."""
    if len(cities) > 1 and len({cell.verdict for cell in cities}) == 1:
        return f"{len(cities)} 个设区市均{WORDS[cities[0].verdict][0]}"
    return f"{len(cities)} 个设区市中，{verdicts(cities)}"


def _named(cells: Sequence[Cell], everyone: Sequence[Cell] = ()) -> str:
    if everyone and len(cells) == len(everyone):
        return "各市均"
    return "、".join(cell.region_name for cell in cells)


def _with_unit(text: str, unit: str) -> str:
    return text if unit in (Unit.PERCENT, Unit.RATIO) else f"{text} {unit}"
