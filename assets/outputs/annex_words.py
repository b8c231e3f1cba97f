"""Small words of the annex's tables: regions, units, heads."""

from __future__ import annotations

from assets.outputs.format import exact
from assets.outputs.model import ReportModel
from assets.outputs.sheets import Column, Figure
from schemas.indicators import Indicator
from schemas.table import Unit

_CENTRED = frozenset(
    ("年份", "目标年", "位次", "季度", "任务编号", "数据状态", "状态", "级别", "分档", "单位", "作用", "是否隔离")
)  # fmt: skip


#: The province's line at the foot of a table; its rates are those of the pooled records, not means of cities.
TOTAL = "合计（全省）"


def plain(*heads: str) -> list[Column]:
    return [Column((head,), align="center" if head in _CENTRED else "") for head in heads]


def unit_of(indicator: Indicator) -> str:
    return unit_word(indicator.unit)


def unit_word(unit: str) -> str:
    return "比值" if unit == Unit.RATIO else str(unit)


def target_head(model: ReportModel, indicator: Indicator) -> str:
    some = next((cell for cell in model.cells.values() if cell.indicator == indicator.code), None)
    return "目标（≥）" if some and some.operator in ("≥", ">=") else "目标"


def percent(value: float | None, text: str) -> Figure:
    """A share held as a fraction of 1 whose text is a percentage."""
    return Figure(None if value is None else float(exact(value) * 100), text)


def name_of(model: ReportModel, code: str) -> str:
    if code == model.province.code:
        return TOTAL
    return next((city.name for city in model.cities if city.code == code), code)
