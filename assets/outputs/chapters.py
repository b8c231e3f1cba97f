"""Chapters of the annual summary, the mid-term and the final evaluation (全年总结、中期评估、终期总结评估).

One model, kind and year in, one `Document` out; Word and PDF set the same blocks. The what-if (假设) never enters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from assets.home import Trouble
from assets.outputs import chapter_restated, document_charts, sentences
from assets.outputs import chapter_sentences as say
from assets.outputs.blocks import (
    KINDS,
    Block,
    Document,
    Figure,
    Head,
    Heading,
    Paragraph,
    Table,
    evaluation,
    groups,
    headline,
    note,
    numbered,
    release_line,
    report_name,
    verdict,
)  # fmt: skip
from assets.outputs.format import NOTHING, day
from assets.outputs.model import Cell, EvaluationTable, ReportModel, Row
from schemas import policy
from schemas.indicators import FIRST_YEAR, Indicator, Verdict, VerdictKind
from schemas.table import Unit

NUMERALS = "一二三四五六七八九十"
STAGES = ("谋划", "在建", "完成", "推广", "申报国家案例")
PROGRESS = ("已完成", "推进中", "未启动", "未报")


class NoReport(Trouble):
    """The release has no such evaluation."""


def document(model: ReportModel, kind: str, year: int) -> Document:
    """The report of a kind (annual, midterm, final) on a year. Raises NoReport when the release has none."""
    table = require(model, kind, year)
    chapters = [
        ("总体情况", _overview(model, table)),
        ("主要指标完成情况", _indicators(model, table)),
        ("各市情况", _cities(model, table)),
        ("六大模式与示范项目", _modes(model, year)),
        ("政策举措", _measures(model, year)),
        ("十二项任务", _tasks(model, year)),
        ("存在问题", _problems(model, table)),
        *([(chapter_restated.TITLE, chapter_restated.chapter(model.restatement))] if _again(model, table) else []),
        *([("指标优化与激励建议", _advice(model))] if _advised(model, table) else []),
        ("数据说明", _data(model, table)),
    ]
    blocks = chain.from_iterable(
        (Heading(1, f"{NUMERALS[place]}、{title}"), *body) for place, (title, body) in enumerate(chapters)
    )
    state = f"（{model.release.data_state_label}，数据截至{day(model.release.as_of)}）"
    title = f"浙江省存量空间提质增效行动\n{report_name(kind, year)}报告"
    return Document(title, state, release_line(model.release), tuple(numbered(blocks)))


def _again(model: ReportModel, table: EvaluationTable) -> bool:
    made = model.restatement
    return made is not None and (made.kind, made.year) == (table.kind, table.year)


def _advised(model: ReportModel, table: EvaluationTable) -> bool:
    """Advice is of the as-of day: it belongs to an evaluation made now, or made again now."""
    return table.kind != "annual" and (table.year == model.year or _again(model, table))


def require(model: ReportModel, kind: str, year: int) -> EvaluationTable:
    """The evaluation table that a report is about. Raises NoReport when the release has none."""
    if (table := evaluation(model, kind, year)) is not None:
        return table
    have = [(each, one) for each in KINDS for one in sorted(getattr(model, each))]
    names = "、".join(report_name(*each) for each in have), ", ".join(f"{each} {one}" for each, one in have)
    raise NoReport(
        f"发布 {model.release.id}（数据截至 {model.release.as_of}）没有{year}年{KINDS.get(kind, kind)}；"
        f"可以出的报告：{names[0] or '无'}。请换一个年份，或先以更晚的截止日重新运行 landstock run",
        f"release {model.release.id} has no {kind} report on {year}; it has: {names[1] or 'none'}",
    )


# --- 总体情况, 主要指标完成情况, 各市情况 -----------------------------------------------------------------------------


def _overview(model: ReportModel, table: EvaluationTable) -> Iterator[Block]:
    province, cities = _province(table), _city_rows(table)
    release = model.release
    yield Paragraph(
        f"根据《浙江省存量空间提质增效行动方案》，对{table.year}年主要指标对照{table.horizon}年目标进行评价。"
        f"数据截至{day(release.as_of)}，数据状态为{release.data_state_label}。"
    )
    if province:
        yield Paragraph(say.solid(sentences.overview(province, cities, release.as_of)))
        for name in dict.fromkeys(name for name, _ in groups(model.indicators)):
            of = [
                say.brief(cell, each)
                for cell, (group, each) in zip(province.cells, groups(model.indicators), strict=True)
                if cell and group == name
            ]
            if of:
                yield Paragraph(f"{name}方面，{'；'.join(of)}。")
    yield _matrix(model, table)


def _matrix(model: ReportModel, table: EvaluationTable) -> Table:
    """The plan's table: cities and the province × 8, each cell its value over its verdict."""
    names = [name for name, _ in groups(model.indicators)]
    header = (
        (Head("设区市", rows=2), *(Head(name, names.count(name)) for name in dict.fromkeys(names))),
        tuple(Head(headline(each)) for each in model.indicators),
    )
    rows = [(_region(model, row), *map(_value_and_verdict, row.cells)) for row in _ordered(table)]
    caption = f"{table.year}年主要指标评价总表（对照{table.horizon}年目标）"
    return Table(
        caption, header, tuple(rows), (1.25,) + (1.6,) * 8, "c" * 9, note(table), small=True,
        bold_rows=frozenset({len(rows) - 1}) if _province(table) else frozenset(),
    )  # fmt: skip


def _value_and_verdict(cell: Cell | None) -> str:
    if cell is None:
        return NOTHING
    return verdict(cell) if cell.value is None else f"{cell.text}\n{verdict(cell)}"


def _indicators(model: ReportModel, table: EvaluationTable) -> Iterator[Block]:
    for place, indicator in enumerate(model.indicators):
        yield Heading(2, f"（{NUMERALS[place]}）{indicator.label}")
        yield from _indicator(model, table, indicator, place)


def _indicator(model: ReportModel, table: EvaluationTable, indicator: Indicator, place: int) -> Iterator[Block]:
    province = _province(table)
    cells = [cell for row in _city_rows(table) if (cell := row.cells[place])]
    shown = _latest_judged(model, table, indicator, cells)
    if province and (own := province.cells[place]):
        latest = model.cells.get((own.region_code, indicator.code, shown[0].year, table.horizon)) if shown else None
        yield Paragraph(say.standing(own, latest))
    if cells:
        yield Paragraph(say.spread(_by_rank(cells)))
    if not shown:
        return
    if shown[0].year != table.year:
        yield Paragraph(f"{table.year}年的数据尚无，下面列出{shown[0].year}年的情况。")
    ordered = _by_rank(shown)
    yield _ranking_table(indicator, shown)
    alt = document_charts.ranking_in_words(indicator, ordered)
    measure = "完成程度" if indicator.ranked_by_progress else ""
    caption = f"{shown[0].year}年各市{indicator.label}{measure}（竖线为目标）"
    yield Figure(caption, document_charts.ranking(indicator, ordered), alt)
    view = model.region_views.get(model.province.code)
    drawn = view and table.year == model.year and indicator.verdict is VerdictKind.CUMULATIVE_AREA
    if drawn and (detail := view.indicators.get(indicator.code)) and (path := document_charts.trajectory(detail)):
        caption = f"全省{indicator.label}与序时进度（虚线为序时应达）"
        yield Figure(caption, path, f"{caption}：现为{detail.cell.text if detail.cell else NOTHING}")


def _latest_judged(
    model: ReportModel, table: EvaluationTable, indicator: Indicator, cells: Sequence[Cell]
) -> Sequence[Cell]:
    """The cities' cells of the year, or of the latest year before it that was judged: 7 and 8 come a year late."""
    codes = [row.region.code for row in _city_rows(table)]
    for year in range(table.year, FIRST_YEAR - 1, -1):
        of = [cell for code in codes if (cell := model.cells.get((code, indicator.code, year, table.horizon)))]
        of = list(cells) if year == table.year else of
        if any(cell.verdict in list(Verdict) for cell in of):
            return of
    return ()


def _by_rank(cells: Sequence[Cell]) -> list[Cell]:
    return sorted(cells, key=lambda cell: (cell.rank is None, cell.rank or 0, cell.region_code))


def _ranking_table(indicator: Indicator, cells: Sequence[Cell]) -> Table:
    """The cities against their targets; columns that are empty for all of them are left out, forecasts stand apart."""
    ranked = indicator.ranked_by_progress
    against = [cell.progress_text if ranked else cell.gap_text for cell in cells]
    columns = [
        ("设区市", 1.3, "c", [cell.region_name for cell in cells]),
        ("实绩", 1.25, "r", [cell.text for cell in cells]),
        ("目标", 1.25, "r", [cell.target_text for cell in cells]),
        ("完成程度" if ranked else "差距", 1.25, "r", against),
        ("序时应达", 1.25, "r", [cell.expected_text for cell in cells]),
        ("进度比", 1.1, "r", [cell.pace_text for cell in cells]),
        ("结论", 1.35, "c", [verdict(cell) for cell in cells]),
        ("位次", 0.8, "c", [str(cell.rank) if cell.rank else NOTHING for cell in cells]),
    ]
    columns = [each for each in columns if set(each[3]) != {NOTHING}]
    header: tuple[tuple[Head, ...], ...] = (tuple(Head(each[0]) for each in columns),)
    if any(cell.forecast for cell in cells):
        header = (
            (*(Head(each[0], rows=2) for each in columns), Head("预测（非实绩）", 2)),
            (Head("预测值"), Head("区间")),
        )
        columns.append(("", 1.3, "r", [cell.forecast.text if cell.forecast else NOTHING for cell in cells]))
        columns.append(("", 2.3, "c", [cell.forecast.text_range if cell.forecast else NOTHING for cell in cells]))
    unit = {Unit.MU: "面积单位：亩。", Unit.PERCENT: "差距单位：百分点。"}.get(indicator.unit, "")
    return Table(
        f"{cells[0].year}年各市{indicator.label}",
        header,
        tuple(zip(*(each[3] for each in columns), strict=True)),
        tuple(each[1] for each in columns),
        "".join(each[2] for each in columns),
        f"{unit}口径：{indicator.formula}。",
        small=True,
    )


def _cities(model: ReportModel, table: EvaluationTable) -> Iterator[Block]:
    for row in _city_rows(table):
        yield Paragraph(say.city(row, model.indicators))


# --- 六大模式与示范项目, 政策举措, 十二项任务 -------------------------------------------------------------------------


def _modes(model: ReportModel, year: int) -> Iterator[Block]:
    rows = [each for each in model.modes if each.year == year and each.region.code == model.province.code]
    rows.sort(key=lambda each: _place(each.mode, policy.modes()))
    if rows:
        yield Table(
            f"{year}年全省六大开发模式进展", (_heads("开发模式", "宗数", "面积（亩）", "占比"),),
            tuple((each.mode, f"{each.parcels:,}", each.area_text, each.share_text) for each in rows),
            (3, 1.5, 2, 1.5), "crrr", "占比为占当年计入面积的百分比。",
        )  # fmt: skip
    else:
        yield Paragraph(f"{year}年没有按六大开发模式填报的记录。")
    if not model.demonstrations:
        yield Paragraph("没有示范项目报送。")
        return
    stages = [each.stage for each in model.demonstrations]
    counts = "、".join(f"{stage}{stages.count(stage)}个" for stage in STAGES if stage in stages)
    yield Paragraph(f"截至{day(model.release.as_of)}，全省报送示范项目{len(stages)}个，其中{counts}。")
    if put_forward := [each for each in model.demonstrations if each.put_forward]:
        yield Table(
            "申报国家案例的示范项目", (_heads("项目", "设区市", "开发模式", "用地面积（亩）", "盘活面积（亩）"),),
            tuple(
                (each.name, each.region.name, each.mode, each.land_area_text, each.activated_area_text)
                for each in put_forward
            ),
            (4, 1.4, 2, 1.6, 1.6), "lccrr",
        )  # fmt: skip


def _measures(model: ReportModel, year: int) -> Iterator[Block]:
    rows = [each for each in model.measures if each.year == year and each.region.code == model.province.code]
    rows.sort(key=lambda each: _place(each.measure, policy.measures()))
    if not rows:
        yield Paragraph(f"{year}年没有政策举措报送。")
        return
    yield Table(
        f"{year}年全省四方面政策举措", (_heads("举措类别", "项数", "金额（万元）", "涉及面积（亩）"),),
        tuple((each.measure, f"{each.measures:,}", each.amount_text, each.area_text) for each in rows),
        (2.5, 1.5, 2, 2), "crrr",
    )  # fmt: skip


def _tasks(model: ReportModel, year: int) -> Iterator[Block]:
    reported = [each for each in model.tasks if each.year == year and each.region.level == "city"]
    quarters = [each.quarter for each in reported if each.progress != "未报"]
    if not quarters:
        yield Paragraph(f"{year}年没有任务台账报送。")
        return
    newest = max(quarters)
    of = [each for each in reported if each.quarter == newest]
    names = dict(sorted({each.task_no: (each.name, each.lead_unit) for each in of}.items()))
    rows = []
    for number, (name, lead) in names.items():
        states = [each.progress for each in of if each.task_no == number]
        rows.append((str(number), name, lead, *(str(states.count(state)) for state in PROGRESS)))
    yield Paragraph(f"截至{year}年第{newest}季度，十二项任务在各市的进展见下表。")
    header = (_heads("序号", "任务", "牵头单位", *PROGRESS),)
    yield Table(
        f"{year}年第{newest}季度十二项任务进展（设区市个数）", header, tuple(rows),
        (0.8, 4.2, 2.2, 1.1, 1.1, 1.1, 0.9), "clccccc",
    )  # fmt: skip


# --- 存在问题, 建议, 数据说明 -----------------------------------------------------------------------------------------


def _problems(model: ReportModel, table: EvaluationTable) -> Iterator[Block]:
    yield Heading(2, "（一）进度滞后的指标")
    cities = _city_rows(table)
    texts = [
        say.lagging([cell for row in cities if (cell := row.cells[place])], indicator)
        for place, indicator in enumerate(model.indicators)
    ]
    yield from (Paragraph(text) for text in texts if text)
    if not any(texts):
        yield Paragraph("没有滞后或未达标的指标。")
    yield Heading(2, "（二）数据报送与质量")
    if missing := [
        f"{row.region.name}（{'、'.join(names)}）"
        for row in cities
        if (
            names := [
                each.short_label for cell, each in zip(row.cells, model.indicators, strict=True) if _unreported(cell)
            ]
        )
    ]:
        yield Paragraph(f"尚未报送的有{'、'.join(missing)}。")
    quality = model.quality
    yield Paragraph(
        f"共收到报送文件{quality.files:,}份、{quality.lines:,}行，入库{quality.rows_loaded:,}行，"
        f"隔离{quality.rows_quarantined:,}行；"
        f"查出错误{quality.errors:,}条、提醒{quality.warnings:,}条。"
    )
    if quality.by_rule:
        most = sorted(quality.by_rule, key=lambda each: (each.severity != "error", -each.findings, each.rule))[:8]
        yield Table(
            "主要数据质量问题", (_heads("规则", "问题", "级别", "条数", "涉及文件"),),
            tuple((each.rule, each.label, each.severity_label, f"{each.findings:,}", f"{each.files:,}")
                  for each in most),
            (1, 5, 1, 1.2, 1.2), "clcrr",
        )  # fmt: skip


def _unreported(cell: Cell | None) -> bool:
    return cell is not None and cell.absence == "not_reported"


def _advice(model: ReportModel) -> Iterator[Block]:
    yield Paragraph("以下为由数据提出的建议，供优化导引指标和激励倾斜时参考，不是评价结果。")
    yield Heading(2, "（一）指标优化建议")
    kinds = dict.fromkeys(each.label for each in model.advice)
    for kind in kinds:
        yield Paragraph(f"{kind}：" + "".join(each.text for each in model.advice if each.label == kind))
    if not kinds:
        yield Paragraph("没有需要优化的指标。")
    yield Heading(2, "（二）激励倾斜建议")
    if not model.incentives:
        yield Paragraph("没有符合条件的设区市和项目。")
        return
    yield Table(
        "激励倾斜建议名单", (_heads("设区市", "名称", "条件", "依据"),),
        tuple(
            (_city_of(model, each.region_code), each.name, each.rule_label, each.reason) for each in model.incentives
        ),
        (1.05, 3.5, 2.7, 3.1), "clll", small=True,
    )  # fmt: skip


def _city_of(model: ReportModel, code: str) -> str:
    """The city that a city, or a project in a county, belongs to."""
    return next((city.name for city in model.cities if city.code[:4] == code[:4]), code)


def _data(model: ReportModel, table: EvaluationTable) -> Iterator[Block]:
    release = model.release
    yield Paragraph(
        f"本报告由发布{release.id}生成，数据截止日{day(release.as_of)}，口径版本{release.rule_version}，"
        f"目标版本{release.target_version}，数据约定版本{release.contract_version}，"
        f"生成时间{day(release.made_at.date())}。数据状态为{release.data_state_label}。{note(table)}"
    )
    yield Paragraph(
        "面积单位亩保留整数，公顷保留四位小数，百分率和比值保留两位小数；显示值与结论不一致时增加小数位。"
        "没有数值的，注明未报、未下达、不适用、基期未定、未到期等原因，不以零代替。标明“预测”的数字不是实绩。"
    )
    if release.vintages:
        yield Table(
            "输入数据的版本", (_heads("报送表", "年份", "版本", "地区数", "最近收到"),),
            tuple(
                (each.label, str(each.year), each.vintage or "—", str(each.regions),
                 f"{each.last_received_on:%Y-%m-%d}" if each.last_received_on else "—")
                for each in release.vintages
            ),
            (3, 1.2, 2, 1.2, 2), "lcccc",
        )  # fmt: skip


# --- Small words ----------------------------------------------------------------------------------------------------


def _place(name: str, entries: Sequence[dict[str, str]]) -> int:
    """Where a name stands in the plan's list; what is not in it comes last."""
    names = [entry["name"] for entry in entries]
    return names.index(name) if name in names else len(names)


def _heads(*texts: str) -> tuple[Head, ...]:
    return tuple(Head(text) for text in texts)


def _province(table: EvaluationTable) -> Row | None:
    return next((row for row in table.rows if row.region.level == "province"), None)


def _city_rows(table: EvaluationTable) -> list[Row]:
    return [row for row in table.rows if row.region.level == "city"]


def _ordered(table: EvaluationTable) -> list[Row]:
    """The cities, then the province, as a total stands at the foot."""
    return sorted(table.rows, key=lambda row: row.region.level == "province")


def _region(model: ReportModel, row: Row) -> str:
    return "全省" if row.region.code == model.province.code else row.region.name
