"""What must hold for a computed indicator (指标计算结果) before any mart is made from it: its ledger and its figures.

One suite an indicator, named as its ledger table. That sums bear the figures out is checked on the marts, where
everything is together.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.indicators import INDICATORS, REASONS, Indicator

from .checks import Check, NoRows, listed, quoted

KEYS = ("source_table", "record_key", "role")
CELL = ("region_code", "year", "basis")
_ROW = "source_table, record_key, role"
#: Great Expectations wants every query to name the table that it is about; figures of all indicators stand in one.
_NAMED = "(SELECT count(*) FROM {table}) >= 0"
_RECOMPUTE = "请勿发布；用所附 SQL 列出全部行，重新运行 landstock run 重算该指标；仍出现时报告程序缺陷。"


def checks(indicator: Indicator) -> list[Check]:
    """All checks of one indicator: of its ledger, then of its figures."""
    return [*_of_ledger(indicator), *_of_figures(indicator)]


def _check(
    indicator: Indicator, name: str, query: str, label: str, label_en: str, why: str, keys: tuple[str, ...] = KEYS
) -> Check:
    return Check("indicator", indicator.code, name, NoRows(query), label, label_en, why, _RECOMPUTE, keys)


def _of_ledger(indicator: Indicator) -> Iterator[Check]:
    yield _check(
        indicator, "traceable",
        f"SELECT {_ROW}, submission_id, row_number FROM {{table}} l WHERE record_key IS NULL OR row_number IS NULL"
        " OR NOT EXISTS (FROM raw.submission s WHERE s.submission_id = l.submission_id AND s.loaded)",
        "台账每行可追溯到已入库的文件和行", "every ledger row names a row of a loaded file",
        "追溯不到文件的数字无法核对。",
    )  # fmt: skip
    yield _check(
        indicator, "own_inputs",
        f"SELECT {_ROW} FROM {{table}} WHERE source_table IS NULL OR source_table NOT IN {listed(indicator.tables)}",
        "台账只含该指标的输入表", "the ledger holds the indicator's inputs only",
        "不属于该指标的记录混入了台账。",
    )  # fmt: skip
    yield _check(
        indicator, "amounts",
        f"SELECT {_ROW}, amount, published FROM {{table}} WHERE amount IS NULL OR published IS NULL OR amount < 0",
        "计入数有值且不为负", "amounts are given and not negative",
        "空值不参与合计，负值会抵消别的记录。",
    )  # fmt: skip
    yield _check(
        indicator, "roles",
        f"SELECT {_ROW}, reason FROM {{table}} WHERE role NOT IN ('numerator', 'denominator', 'both', 'excluded')"
        f" OR (role = 'excluded' AND reason IS NULL) OR reason NOT IN {listed(REASONS)}",
        "角色在规定取值内，剔除的写明原因", "roles are listed ones, and what is excluded says why",
        "不计入的记录必须说明原因，否则等于漏计。",
    )  # fmt: skip


def _of_figures(indicator: Indicator) -> Iterator[Check]:
    of_it = f"indicator = {quoted(indicator.code)} AND {_NAMED}"
    figures = f"(FROM indicator.figure WHERE {of_it})"
    yield _check(
        indicator, "value_or_absence",
        f"SELECT region_code, year, basis, value, absence FROM {figures}"
        " WHERE (value IS NULL) <> (absence IS NOT NULL) OR isnan(value)",
        "有值，或有缺值原因，二者必居其一", "a value or the reason why there is none",
        "缺值不得为空白，也不得以 0 代替。", CELL,
    )  # fmt: skip
    yield _check(
        indicator, "one_figure_a_cell",
        f"SELECT region_code, year, basis, count(*) AS rows FROM {figures} GROUP BY ALL HAVING count(*) > 1",
        "每个地区、年份、口径只有一个值", "one figure per region, year and basis",
        "同一格有两个值，就不知道哪个算数。", CELL,
    )  # fmt: skip
    yield _check(
        indicator, "one_state",
        "SELECT as_of, inputs, rules FROM indicator.state"
        f" WHERE {of_it} GROUP BY as_of, inputs, rules QUALIFY count(*) OVER () > 1",
        "全部年份按同一截止日、同一报送、同一口径算得", "all years were made from one state of knowledge",
        "不同时点的数字混在一起，年份之间不可比。", ("as_of", "inputs", "rules"),
    )  # fmt: skip


SUITE: dict[str, list[Check]] = {code: checks(indicator) for code, indicator in INDICATORS.items()}
