"""Sheets of the Excel annex behind the figures: parts, records, projects, tasks, submissions, dictionary."""

from __future__ import annotations

from collections.abc import Iterator

from assets.outputs.annex_words import name_of, plain, unit_of, unit_word
from assets.outputs.blocks import groups, headline
from assets.outputs.model import IndicatorOfRegion, ReportModel
from assets.outputs.sheets import Column, Figure, Sheet
from schemas.indicators import Indicator

DETAILED = 200  # records per city and indicator; the SQL beside finds the rest

# --- Behind the figures ---------------------------------------------------------------------------------------------


def _details(model: ReportModel) -> Iterator[tuple[str, Indicator, IndicatorOfRegion]]:
    for region in (*model.cities, model.province):
        view = model.region_views.get(region.code)
        for each in model.indicators:
            if view and (detail := view.indicators.get(each.code)):
                yield name_of(model, region.code), each, detail


def years(model: ReportModel) -> Sheet:
    years = sorted({point.year for _, _, detail in _details(model) for point in detail.by_year})
    columns = [Column(("地区",)), Column(("指标",)), Column(("单位",)), *(Column((f"{year}年",)) for year in years)]
    rows = []
    for name, indicator, detail in _details(model):
        of = {point.year: point for point in detail.by_year}
        shown = [Figure(of[year].value, of[year].text) if year in of else None for year in years]
        rows.append([name, indicator.label, unit_of(indicator), *shown])
    notes = ("按评价口径：指标1、2、7为自2025年累计，5、6为所在期间，其余为当年；最末一年截至数据截止日。",)
    return Sheet("历年数值", "主要指标历年数值", columns, rows, notes, frozen=2, filtered=True)


def parts(model: ReportModel) -> Sheet:
    heads = ("地区", "指标", "分项", "数值", "单位")
    rows = [
        [name, each.label, part.label, Figure(part.value, part.text), unit_word(part.unit)]
        for name, each, detail in _details(model)
        for part in detail.parts
    ]
    return Sheet("分项", f"{model.year}年主要指标分项", plain(*heads), rows, frozen=2, filtered=True)


def exclusions(model: ReportModel) -> Sheet:
    rows = [
        [name, each.label, gone.label, gone.records, Figure(gone.area_mu, gone.area_text)]
        for name, each, detail in _details(model)
        for gone in detail.exclusions
    ]
    columns = [*plain("地区", "指标", "剔除原因", "记录数"), Column(("面积",), "亩")]
    return Sheet("剔除", f"{model.year}年未计入的记录", columns, rows, frozen=2, filtered=True)


def counties(model: ReportModel) -> Sheet:
    columns = [Column(("设区市",)), Column(("县（市、区）",))]
    columns += [Column((group, headline(each)), unit_of(each), 12) for group, each in groups(model.indicators)]
    values = {
        (county.region.code, each.code): Figure(county.value, county.text)
        for _, each, detail in _details(model)
        for county in detail.counties
    }
    rows = [
        [
            name_of(model, county.city_code or ""),
            county.name,
            *(values.get((county.code, each.code)) for each in model.indicators),
        ]
        for county in model.counties
    ]
    return Sheet("区县", f"{model.year}年区县监测数值", columns, rows, ("区县只监测，不评价。",), frozen=2)


def modes(model: ReportModel) -> Sheet:
    columns = [*plain("地区", "年份", "开发模式", "宗数"), Column(("面积",), "亩"), Column(("占比",), "%")]
    rows = [
        [
            name_of(model, each.region.code),
            each.year,
            each.mode,
            each.parcels,
            Figure(each.area_mu, each.area_text),
            Figure(each.share, each.share_text),
        ]
        for each in model.modes
    ]
    return Sheet("六大模式", "六大开发模式进展", columns, rows, filtered=True)


def measures(model: ReportModel) -> Sheet:
    columns = [*plain("地区", "年份", "举措类别", "项数"), Column(("金额",), "万元"), Column(("涉及面积",), "亩")]
    rows = [
        [
            name_of(model, each.region.code),
            each.year,
            each.measure,
            each.measures,
            Figure(each.amount_wan_yuan, each.amount_text),
            Figure(each.area_mu, each.area_text),
        ]
        for each in model.measures
    ]
    return Sheet("政策举措", "四方面政策举措", columns, rows, filtered=True)


def demonstrations(model: ReportModel) -> Sheet:
    columns = [
        *plain("项目编号", "项目名称", "地区", "开发模式", "批次", "阶段", "申报国家案例"),
        Column(("用地面积",), "亩"),
        Column(("盘活面积",), "亩"),
        Column(("总投资",), "万元"),
        *plain("政策举措", "开工日期", "完成日期"),
    ]
    rows = [
        [
            each.project_no,
            each.name,
            each.region.name,
            each.mode,
            each.batch,
            each.stage,
            "是" if each.put_forward else "否",
            Figure(each.land_area_mu, each.land_area_text),
            Figure(each.activated_area_mu, each.activated_area_text),
            Figure(each.investment_wan_yuan, each.investment_text),
            each.measures,
            each.start_date,
            each.completion_date,
        ]
        for each in model.demonstrations
    ]
    return Sheet("示范项目", "示范项目", columns, rows, frozen=2, filtered=True)


def tasks(model: ReportModel) -> Sheet:
    heads = (
        "任务编号",
        "任务",
        "所属部分",
        "地区",
        "年份",
        "季度",
        "进展状态",
        "进展说明",
        "牵头单位",
        "省级责任单位",
        "地方责任单位",
    )
    rows = [
        [
            each.task_no,
            each.name,
            each.section,
            each.region.name,
            each.year,
            each.quarter,
            each.progress,
            each.description,
            each.lead_unit,
            each.responsible_units,
            each.local_unit,
        ]
        for each in model.tasks
    ]
    return Sheet("十二项任务", "十二项工作任务进展", plain(*heads), rows, frozen=2, filtered=True)


def parks(model: ReportModel) -> Sheet:
    columns = [
        *plain("地区", "园区代码", "园区名称", "年份"),
        Column(("工业用地面积",), "亩"),
        Column(("亩均税收",), "万元/亩"),
        Column(("亩均工业增加值",), "万元/亩"),
        *plain("平均容积率", "分档"),
    ]
    rows = [
        [
            each.region.name,
            each.code,
            each.name,
            each.year,
            Figure(each.industrial_area_mu, each.industrial_area_text),
            Figure(each.tax_per_mu, each.tax_text),
            Figure(each.value_added_per_mu, each.value_added_text),
            Figure(each.average_far, each.far_text),
            each.grade or each.grade_absence,
        ]
        for each in model.parks
    ]
    return Sheet("园区亩均效益", "园区亩均效益", columns, rows, frozen=3, filtered=True)


def calendar(model: ReportModel) -> Sheet:
    rows = [
        [
            each.label,
            each.due,
            each.region.name if each.region else "全省",
            each.responsible,
            each.state_label,
            each.evidence,
            each.source,
        ]
        for each in model.calendar
    ]
    return Sheet(
        "工作日历",
        "工作日历",
        plain("事项", "到期日", "地区", "责任方", "状态", "依据材料", "来源"),
        rows,
        filtered=True,
    )


# --- Data -----------------------------------------------------------------------------------------------------------


def quality_by_city(model: ReportModel) -> Sheet:
    heads = (
        "地区",
        "文件",
        "接收",
        "接收有提醒",
        "部分接收",
        "拒收",
        "行数",
        "入库行",
        "隔离行",
        "错误",
        "提醒",
        "入库率",
    )
    rows = [
        [
            each.region.name,
            each.files,
            each.accepted,
            each.accepted_with_warnings,
            each.partly_accepted,
            each.rejected,
            each.lines,
            each.rows_loaded,
            each.rows_quarantined,
            each.errors,
            each.warnings,
            each.loaded_text,
        ]
        for each in model.quality.by_city
    ]
    return Sheet("数据质量（各市）", "各市报送质量", plain(*heads), rows)


def quality_by_rule(model: ReportModel) -> Sheet:
    rows = [
        [each.rule, each.label, each.severity_label, each.findings, each.files, each.regions]
        for each in model.quality.by_rule
    ]
    heads = ("规则", "问题", "级别", "条数", "文件数", "涉及地区数")
    return Sheet("数据质量（规则）", "按规则的问题数", plain(*heads), rows)


def receipts(model: ReportModel) -> Sheet:
    heads = ("回执编号", "文件名", "收到日期", "报送表", "地区", "结论", "行数", "入库行", "隔离行", "错误", "提醒")
    rows = [
        [
            each.receipt_no,
            each.file_name,
            each.received_on,
            each.table_label,
            each.region_name,
            each.status_label,
            each.lines,
            each.rows_loaded,
            each.rows_quarantined,
            each.errors,
            each.warnings,
        ]
        for each in model.quality.receipts
    ]
    return Sheet("报送回执", "报送回执", plain(*heads), rows, filtered=True)


def findings(model: ReportModel) -> Sheet:
    heads = ("文件名", "工作表", "单元格", "行号", "栏目", "记录键", "规则", "级别", "问题", "建议", "是否隔离")
    severities = {"error": "错误", "warning": "提醒"}
    rows = [
        [
            each.file_name,
            each.sheet,
            each.cell,
            each.row_number,
            each.column,
            each.key,
            each.rule,
            severities.get(each.severity, each.severity),
            each.message,
            each.suggestion,
            "是" if each.quarantined else "否",
        ]
        for each in model.quality.findings
    ]
    notes = (
        f"共{model.quality.errors}条错误、{model.quality.warnings}条提醒，此处列前{len(rows)}条；其余：{model.quality.sql}",
    )
    return Sheet("问题清单", "问题清单", plain(*heads), rows, notes, filtered=True)


def contributions(model: ReportModel) -> Sheet:
    heads = (
        "指标",
        "地区",
        "事件日期",
        "来源表",
        "记录键",
        "作用",
        "计入数",
        "单位",
        "原因",
        "文件名",
        "工作表",
        "行号",
    )
    roles = {"numerator": "分子", "denominator": "分母", "both": "分子与分母", "excluded": "未计入"}
    rows = [
        [
            each.label,
            record.region_name,
            record.event_date,
            record.table_label,
            record.record_key,
            roles.get(record.role, record.role),
            Figure(record.amount, record.amount_text),
            unit_word(record.unit),
            record.reason_label,
            record.file_name,
            record.sheet,
            record.row_number,
        ]
        for _, each, detail in _details(model)
        if detail.region.level != "province"
        for record in detail.top[:DETAILED]
    ]
    notes = ("每市每项指标列出影响最大的记录；全部记录：SELECT * FROM mart.contribution。",)
    return Sheet("贡献明细", f"{model.year}年指标背后的记录", plain(*heads), rows, notes, filtered=True)


def advice(model: ReportModel) -> Sheet:
    labels = {each.code: each.label for each in model.indicators}
    rows = [
        [each.region_name, labels.get(each.indicator, each.indicator), each.horizon, each.label, each.text]
        for each in model.advice
    ]
    notes = ("建议不是评价结果，供中期评估优化导引指标时参考。",)
    return Sheet("优化建议", "指标优化建议（建议）", plain("地区", "指标", "目标年", "类型", "建议"), rows, notes)


def incentives(model: ReportModel) -> Sheet:
    kinds = {"city": "设区市", "project": "项目"}
    rows = [
        [kinds.get(each.kind, each.kind), each.region_name, each.name, each.rule_label, each.reason]
        for each in model.incentives
    ]
    return Sheet(
        "激励建议",
        "激励倾斜建议（建议）",
        plain("类别", "地区", "名称", "条件", "依据"),
        rows,
        ("建议不是评价结果。",),
    )


def what_if(model: ReportModel) -> Sheet:
    columns = [
        *plain("地区", "年份"),
        Column(("任务完成率",), "%"),
        Column(("计划指标增减",), "亩"),
        *plain("适用档次", "性质"),
    ]
    rows = [
        [
            each.region_name,
            each.year,
            Figure(each.completion, each.completion_text),
            Figure(each.effect_mu, each.effect_text),
            each.step,
            each.label,
        ]
        for each in model.what_if
    ]
    return Sheet(
        "增存挂钩（假设）", "增存挂钩推演（假设）", columns, rows, ("假设推演，不是政策，不进入评价报告正文。",)
    )


def vintages(model: ReportModel) -> Sheet:
    rows = [
        [each.label, each.year, each.vintage, each.regions, each.last_received_on] for each in model.release.vintages
    ]
    return Sheet("数据版本", "输入数据的版本", plain("报送表", "年份", "版本", "地区数", "最近收到"), rows)


def dictionary(model: ReportModel) -> Sheet:
    heads = ("对象", "名称", "中文名", "英文名", "类型", "单位", "说明", "依据")
    rows = [
        [each.object, each.name, each.label, each.label_en, each.type, each.unit, each.description, each.source]
        for each in model.dictionary
    ]
    return Sheet("数据字典", "数据字典", plain(*heads), rows, frozen=2, filtered=True)
