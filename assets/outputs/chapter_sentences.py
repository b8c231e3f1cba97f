"""Sentences that only the official reports need; what holds for every document comes from `sentences.py`.

Figures enter as the model's texts, never formatted again. `solid` sets a sentence as print does, without the blanks
that a screen has around numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assets.outputs import sentences
from assets.outputs.model import Cell, Row
from schemas.indicators import WORDS, Indicator, Verdict
from schemas.table import Unit

BEHIND = (Verdict.MISSED, Verdict.FAR_BEHIND, Verdict.BEHIND)
_BLANK = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")


def solid(text: str) -> str:
    """`完成 2027 年目标` → `完成2027年目标`; blanks between Latin words stay."""
    return _BLANK.sub("", text)


def brief(cell: Cell, indicator: Indicator) -> str:
    """A clause for the summary: `盘活存量建设用地204,000亩，完成2027年目标的68.00%，达序时`."""
    if cell.value is None:
        return f"{indicator.label}{cell.verdict_label}"
    if indicator.ranked_by_progress and cell.target is not None:
        return f"{indicator.label}{cell.text}亩，完成{cell.horizon}年目标的{cell.progress_text}，{cell.verdict_label}"
    return f"{indicator.label}{cell.text}，{cell.verdict_label}"


def standing(cell: Cell, latest: Cell | None = None) -> str:
    """One region on one indicator: value, comparison, path, verdict, forecast; without a value the latest there is."""
    said = [sentences.on_indicator(cell)]
    if cell.value is not None:
        said.append(f"{_path(cell)}评价结论为{cell.verdict_label}。")
    elif latest and latest.value is not None and latest.year != cell.year:
        said.append(f"最近一次有数据的是：{sentences.on_indicator(latest)}")
    said.append(sentences.on_forecast(cell))
    return solid("".join(said))


def _path(cell: Cell) -> str:
    if cell.expected is None or cell.pace is None:
        return ""
    unit = "亩" if cell.unit == Unit.MU else ""
    return f"按序时应达{cell.expected_text}{unit}，进度比{cell.pace_text}，"


def spread(ranking: Sequence[Cell]) -> str:
    """How the cities stand, who leads, who comes last, who is not ranked and why."""
    counted = f"{sentences.of_cities(ranking)}。" if any(cell.rank is not None for cell in ranking) else ""
    return solid(counted + sentences.on_ranking(ranking))


def city(row: Row, indicators: Sequence[Indicator]) -> str:
    """One paragraph on a city: counts, what lags, where it stands among the first three."""
    pairs = [(cell, each) for cell, each in zip(row.cells, indicators, strict=True) if cell]
    if not pairs:
        return f"{row.region.name}本期没有评价结果。"
    said = [f"{row.region.name} {len(pairs)} 项指标中，{sentences.verdicts((cell for cell, _ in pairs), '项')}。"]
    for verdict in BEHIND:
        if hit := [_measured(cell, each) for cell, each in pairs if cell.verdict == verdict]:
            said.append(f"{WORDS[verdict][0]}的是{'、'.join(hit)}。")
    first = [f"{each.short_label}第{cell.rank}位" for cell, each in pairs if cell.rank is not None and cell.rank <= 3]
    if first:
        said.append(f"居全省前三位的是{'、'.join(first)}。")
    return solid("".join(said))


def _measured(cell: Cell, indicator: Indicator) -> str:
    if indicator.ranked_by_progress:
        return f"{indicator.label}（{cell.text}亩，完成目标的{cell.progress_text}）"
    return f"{indicator.label}（{cell.text}，目标{cell.target_text}）"


def lagging(cells: Sequence[Cell], indicator: Indicator) -> str:
    """`盘活存量建设用地：滞后的有宁波市（46.67%）；略滞后的有…。`; empty when no city lags."""
    clauses = []
    for verdict in BEHIND:
        hit = [
            f"{cell.region_name}（{cell.progress_text if indicator.ranked_by_progress else cell.text}）"
            for cell in cells
            if cell.verdict == verdict
        ]
        if hit:
            clauses.append(f"{WORDS[verdict][0]}的有{'、'.join(hit)}")
    return f"{indicator.label}：{'；'.join(clauses)}。" if clauses else ""
