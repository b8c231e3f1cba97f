"""The Excel annex (附表): one sheet per table of the release, in the plan's layout, real numbers in their formats.

Which tables there are and what stands in their columns; `sheets.py` says how a table looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import xlsxwriter

from assets.outputs import annex_data, annex_restated
from assets.outputs.annex_words import name_of, percent, plain, target_head, unit_of
from assets.outputs.blocks import KINDS, PLAN_NOTE, groups, headline, note, release_line, report_name, verdict
from assets.outputs.model import Cell, EvaluationTable, ReportModel
from assets.outputs.sheets import Book, Column, Figure, Line, Mark, Sheet
from schemas.indicators import HORIZONS, WORDS, Indicator


def write(model: ReportModel, path: Path) -> Path:
    """The annex of a release as XLSX. The same model gives the same bytes. Raises OSError when it cannot be written."""
    settings = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, settings) as workbook:
        workbook.set_properties(
            {
                "title": "浙江省存量空间提质增效行动评价附表",
                "comments": release_line(model.release),
                "created": model.release.made_at,
            }
        )
        book = Book(workbook, release_line(model.release), release_line(model.release))
        for sheet in sheets(model):
            book.add(sheet)
    return path


def sheets(model: ReportModel) -> Iterator[Sheet]:
    """All sheets in order."""
    yield _cover(model)
    yield from (_position(model, horizon) for horizon in HORIZONS)
    yield from (_evaluation(model, table) for _, table in sorted(model.annual.items()))
    yield from (_evaluation(model, tables[max(tables)]) for tables in (model.midterm, model.final) if tables)
    yield from (_indicator(model, each) for each in model.indicators)
    if model.restatement:
        yield annex_restated.restatement(model.restatement)
    if model.revisions:
        yield annex_restated.revisions(model)
    yield annex_data.years(model)
    yield annex_data.parts(model)
    yield annex_data.exclusions(model)
    yield annex_data.counties(model)
    yield annex_data.modes(model)
    yield annex_data.measures(model)
    yield annex_data.demonstrations(model)
    yield annex_data.tasks(model)
    yield annex_data.parks(model)
    yield annex_data.calendar(model)
    yield annex_data.quality_by_city(model)
    yield annex_data.quality_by_rule(model)
    yield annex_data.receipts(model)
    yield annex_data.findings(model)
    yield annex_data.contributions(model)
    yield annex_data.advice(model)
    yield annex_data.incentives(model)
    yield annex_data.what_if(model)
    yield annex_data.vintages(model)
    yield annex_data.dictionary(model)


#: Rows of the plan's own tables fill a sheet of paper.
_TALL = 24

# --- Results --------------------------------------------------------------------------------------------------------


def _cover(model: ReportModel) -> Sheet:
    release = model.release
    rows: list[Line] = [
        ("发布编号", release.id),
        ("数据截止日", release.as_of),
        ("数据状态", release.data_state_label),
        ("口径版本", release.rule_version),
        ("目标版本", release.target_version),
        ("数据约定版本", release.contract_version),
        ("生成时间", f"{release.made_at:%Y-%m-%d %H:%M}"),
        ("评价年份与目标年", f"{model.year}年，对照{model.horizon}年目标"),
        *((f"结论 {shape}", label) for label, _, shape in WORDS.values() if shape not in ("", "－")),
        ("－", "无数值，原因见该格文字：" + "、".join(label for label, _, shape in WORDS.values() if shape == "－")),
    ]
    notes = (
        "面积单位亩保留整数，公顷保留四位小数，百分率与比值保留两位小数；显示值与结论不一致时增加小数位。",
        "单元格内为未取整数值，按显示口径设置格式。标“预测”的列为预测值，不是实绩。",
    )
    return Sheet(
        "说明",
        "浙江省存量空间提质增效行动评价附表",
        (Column(("项目",), width=24), Column(("内容",), width=80)),
        rows,
        notes,
    )


def _position(model: ReportModel, horizon: int) -> Sheet:
    columns = [Column(("设区市",), width=9)]
    for group, each in groups(model.indicators):
        columns.append(Column((group, headline(each), target_head(model, each)), unit_of(each), 9.5))
        columns.append(Column((group, headline(each), "现状"), unit_of(each), 9.5))
    rows = [
        [
            name_of(model, region.code),
            *(
                value
                for each in model.indicators
                for value in _target_and_value(model.cells.get((region.code, each.code, model.year, horizon)))
            ),
        ]
        for region in (*model.cities, model.province)
    ]
    title = f"浙江省存量空间提质增效行动主要指标表（{horizon}年）"
    notes = (PLAN_NOTE, f"“现状”为{model.year}年按评价口径的数值；无数值的注明原因。")
    bold = frozenset({len(rows) - 1})
    return Sheet(f"{horizon}年目标与现状", title, columns, rows, notes, bold, row_height=_TALL)


def _evaluation(model: ReportModel, table: EvaluationTable) -> Sheet:
    columns = [Column(("设区市",), width=9)]
    for group, each in groups(model.indicators):
        columns += [
            Column((group, headline(each), head), unit, width)
            for head, unit, width in (
                ("实绩", unit_of(each), 8),
                (target_head(model, each), unit_of(each), 8),
                ("结论", "", 8),
                ("位次", "", 4.5),
            )
        ]
    cities = [row for row in table.rows if row.region.level != "province"]
    province = [row for row in table.rows if row.region.level == "province"]
    rows = [
        [name_of(model, row.region.code), *(value for cell in row.cells for value in _judged(cell))]
        for row in (*cities, *province)
    ]
    notes = (PLAN_NOTE, note(table))
    bold = frozenset(range(len(cities), len(rows)))
    return Sheet(_evaluation_name(table), table.title, columns, rows, notes, bold, breaks=(16,), row_height=_TALL)


def _evaluation_name(table: EvaluationTable) -> str:
    """An evaluation by its year; one that is not due yet by what it is: a year's figures against its target."""
    if table.kind == "annual" or table.year >= table.horizon:
        return report_name(table.kind, table.year)
    return f"{KINDS[table.kind]}（{table.year}年对照{table.horizon}年）"


def _target_and_value(cell: Cell | None) -> Line:
    return (None, None) if cell is None else (Figure(cell.target, cell.target_text), Figure(cell.value, cell.text))


def _judged(cell: Cell | None) -> Line:
    if cell is None:
        return (None,) * 4
    return (*reversed(_target_and_value(cell)), Mark(cell.verdict, verdict(cell)), cell.rank)


_DETAIL = (
    "地区",
    "年份",
    "目标年",
    "实绩",
    "目标",
    "差距",
    "完成程度",
    "序时应达",
    "线性应达",
    "进度比",
    "结论",
    "位次",
    "数据状态",
)
_FORECAST = ("预测值", "预测下限", "预测上限", "预测时点", "预测能否达标")


def _indicator(model: ReportModel, indicator: Indicator) -> Sheet:
    regions = (*model.cities, model.province)
    of = [
        cell
        for year in sorted({key[2] for key in model.cells}, reverse=True)
        for horizon in HORIZONS
        for region in regions
        if (cell := model.cells.get((region.code, indicator.code, year, horizon)))
    ]
    unit = unit_of(indicator)
    points = "百分点" if unit == "%" else unit
    units = {"实绩": unit, "目标": unit, "差距": points, "完成程度": "%", "序时应达": unit, "线性应达": unit}
    columns = [replace(column, unit=units.get(column.heads[0], "")) for column in plain(*_DETAIL)]
    columns += [
        Column(("预测（非实绩）", head), unit if place < 3 else "", forecast=True)
        for place, head in enumerate(_FORECAST)
    ]
    rows = [[*_detail(model, cell), *_forecast(cell)] for cell in of]
    bold = frozenset(place for place, cell in enumerate(of) if cell.region_code == model.province.code)
    notes = (f"口径：{indicator.formula}（{indicator.section}）。", "预测区间为80%区间。")
    return Sheet(f"{indicator.number} {indicator.short_label}", headline(indicator), columns, rows, notes, bold)


def _detail(model: ReportModel, cell: Cell) -> Line:
    return (
        name_of(model, cell.region_code),
        cell.year,
        cell.horizon,
        Figure(cell.value, cell.text),
        Figure(cell.target, cell.target_text),
        Figure(cell.gap, cell.gap_text),
        percent(cell.progress, cell.progress_text),
        Figure(cell.expected, cell.expected_text),
        Figure(cell.expected_linear, cell.expected_linear_text),
        Figure(cell.pace, cell.pace_text),
        Mark(cell.verdict, verdict(cell)),
        cell.rank,
        cell.data_state_label,
    )


def _forecast(cell: Cell) -> Line:
    made = cell.forecast
    if made is None:
        return (None,) * len(_FORECAST)
    return (
        Figure(made.value, made.text),
        Figure(made.low, made.low_text),
        Figure(made.high, made.high_text),
        made.at,
        "能" if made.meets else "不能",
    )
