"""The charts of a document: cells of the model as arguments of `charts.py`, drawn to stand alone on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from assets.outputs import charts
from assets.outputs.model import Cell, IndicatorOfRegion
from schemas.indicators import Indicator

#: Height of a line of the ranking on paper, so that it shares a page with its table.
_ROW = 20


def ranking(indicator: Indicator, cells: Sequence[Cell]) -> str:
    """SVG of the cities' bars against their targets, in the order given: of completion where the rank goes by it."""
    by_progress = indicator.ranked_by_progress
    bars = [
        charts.Bar(
            _both(cell.region_name),
            cell.progress if by_progress else cell.value,
            _shown(indicator, cell),
            1.0 if by_progress and cell.target is not None else cell.target,
            cell.verdict,
            _both(cell.verdict_label),
            cell.shape,
        )
        for cell in cells
    ]
    title, told = _both(f"各市{indicator.label}"), _both(ranking_in_words(indicator, cells))
    return charts.ranking(title, told, bars, charts.DOCUMENT, _ROW)


def ranking_in_words(indicator: Indicator, cells: Sequence[Cell]) -> str:
    measure = "完成目标的" if indicator.ranked_by_progress else ""
    return f"各市{indicator.label}：" + "，".join(
        f"{cell.region_name}{measure if cell.value is not None else ''}{_shown(indicator, cell)}" for cell in cells
    )


def _shown(indicator: Indicator, cell: Cell) -> str:
    return cell.progress_text if indicator.ranked_by_progress and cell.value is not None else cell.text


def trajectory(detail: IndicatorOfRegion) -> str | None:
    """SVG of the values by month against the expected path and the target; None without a value and a path."""
    known = [(point.day, point.value) for point in detail.by_month if point.value is not None]
    if not known or not detail.trajectory or detail.cell is None or detail.cell.target is None:
        return None
    newest = detail.by_month[-1]
    marks = [charts.Mark(newest.day, newest.value, newest.text)] if newest.value is not None else []
    end = date(detail.cell.horizon, 12, 31)
    made = detail.cell.forecast
    title = f"{detail.region.name}{detail.indicator.label}与序时进度"
    return charts.trajectory(
        _both(title),
        _both(f"{title}；现为{detail.cell.text}，目标{detail.cell.target_text}"),
        first=date(2025, 1, 1),
        last=end,
        actual=[known],
        marks=marks,
        expected=detail.trajectory,
        target=charts.Mark(end, detail.cell.target, detail.cell.target_text),
        forecast=charts.Range(made.at, made.low, made.value, made.high, made.text) if made else None,
        style=charts.DOCUMENT,
    )


def _both(text: str) -> charts.Words:
    return text, text
