"""The public marts (成果表): names, types, labels and units that evaluators rely on. Contract version 2025.1.

Add freely; rename or retype only with a new contract version and a release note. DDL, comments, the dictionary and the
Parquet schemas derive from these declarations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .database import quoted
from .indicators import INDICATORS
from .trust import CAUSES, DUE_WORDS, VALUE_CAUSES

CONTRACT_VERSION = "2025.1"

#: One record's amount, and a sum of them. Nine decimals hold every submitted area in 公顷 exactly.
AMOUNT = "DECIMAL(18,9)"
SUM = "DECIMAL(38,9)"


@dataclass(frozen=True, slots=True)
class MartColumn:
    """One column: DuckDB type, labels, unit, and how it comes about."""

    name: str
    type: str
    label: str
    label_en: str
    unit: str = ""
    formula: str = ""

    @property
    def comment(self) -> str:
        parts = [f"{self.label} / {self.label_en}"]
        if self.unit:
            parts.append(f"单位 unit: {self.unit}")
        if self.formula:
            parts.append(self.formula)
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class Mart:
    """One public table. `key` is its grain: unique in every release. `order` is how rows are stored."""

    name: str
    label: str
    label_en: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[MartColumn, ...]
    note: str = ""

    @property
    def comment(self) -> str:
        return f"{self.label} / {self.label_en} · 粒度 grain: {self.grain}" + (f" · {self.note}" if self.note else "")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def ddl(self, schema: str = "mart") -> str:
        """CREATE TABLE with comments on the table and on every column."""
        columns = ",\n  ".join(f'"{column.name}" {column.type}' for column in self.columns)
        comments = [f"COMMENT ON TABLE {schema}.{self.name} IS {quoted(self.comment)};"]
        comments += [f'COMMENT ON COLUMN {schema}.{self.name}."{c.name}" IS {quoted(c.comment)};' for c in self.columns]
        return f"CREATE TABLE {schema}.{self.name} (\n  {columns}\n);\n" + "\n".join(comments)


C = MartColumn
TEXT, INT, BIGINT, DOUBLE, DATE, BOOL = "VARCHAR", "INTEGER", "BIGINT", "DOUBLE", "DATE", "BOOLEAN"

_REGION = C("region_code", TEXT, "行政区代码", "region code")
_REGION_NAME = C("region_name", TEXT, "行政区名称", "region name")
_LEVEL = C("region_level", TEXT, "行政级别", "region level", formula="province / city / county")
_INDICATOR = C("indicator", TEXT, "指标", "indicator code")
_YEAR = C("year", INT, "年份", "year")
_BASIS = C("basis", TEXT, "口径期间", "basis", formula="annual / period / cumulative")
_UNIT = C("unit", TEXT, "计量单位", "unit")
_TARGET_VERSION = C("target_version", TEXT, "目标版本", "target version")

_FIGURE = (
    _REGION, _REGION_NAME, _LEVEL, _INDICATOR, _YEAR, _BASIS,
    C("period_start", DATE, "期初", "first day covered"),
    C("period_end", DATE, "期末", "last day covered", formula="min(12-31, as_of)"),
    C("value", DOUBLE, "指标值", "value", formula="未取整；缺值原因见 absence"),
    _UNIT,
    C("numerator", SUM, "分子", "numerator", formula="contribution 中 numerator 与 both 之和"),
    C("denominator", SUM, "分母", "denominator", formula="contribution 中 denominator 与 both 之和"),
    C("part_unit", TEXT, "分子分母单位", "unit of numerator and denominator"),
    C("absence", TEXT, "缺值原因", "why the value is missing",
      formula="not_reported / not_assigned / not_applicable / no_baseline / not_due / withheld"),
    C("data_state", TEXT, "数据状态", "data state", formula="provisional 预计 / final 核定 / incomplete 数据未齐"),
    C("derived", BOOL, "是否推算", "derived from incomplete sources"),
    C("flags", TEXT, "标注", "remarks, comma-separated", formula="estimated / from_cities / public_export，含义见数据字典"),
    C("record_count", BIGINT, "记录数", "records that count", formula="contribution 中非 excluded 行数，年度任务不计"),
    C("excluded_count", BIGINT, "剔除记录数", "records excluded"),
    C("rule_version", TEXT, "口径版本", "rulebook version"),
    C("as_of", DATE, "数据截止日", "as-of day"),
    C("release_id", TEXT, "发布编号", "release"),
)  # fmt: skip

INDICATOR_VALUE = Mart(
    "indicator_value", "指标值", "indicator values", "region × indicator × year × basis",
    ("region_code", "indicator", "year", "basis"), _FIGURE,
)  # fmt: skip

INDICATOR_HISTORY = Mart(
    "indicator_history", "历史指标值", "indicator values as known on past days",
    "region × indicator × year × basis × known_on", ("region_code", "indicator", "year", "basis", "known_on"),
    (*_FIGURE, C("known_on", DATE, "知悉日", "day on which this was known", formula="每月末与每个发布日")),
    note="经 mart.indicator_as_of(DATE) 查询",
)  # fmt: skip

INDICATOR_PART = Mart(
    "indicator_part", "指标分项", "sub-lines published with a figure", "region × indicator × year × basis × part",
    ("region", "indicator", "year", "basis", "part"),
    (
        C("region", TEXT, "行政区代码", "region code"), _REGION_NAME, _LEVEL, _INDICATOR, _YEAR, _BASIS,
        C("part", TEXT, "分项", "part code"),
        C("part_label", TEXT, "分项名称", "part, in Chinese"),
        C("part_label_en", TEXT, "分项英文名", "part, in English"),
        C("value", DOUBLE, "值", "value"), _UNIT,
        C("absence", TEXT, "缺值原因", "why the value is missing"),
    ),
)  # fmt: skip

TARGET = Mart(
    "target", "目标", "targets of the plan", "region × indicator × horizon × version",
    ("region_code", "indicator", "horizon", "target_version"),
    (
        _REGION, _REGION_NAME, _LEVEL, _INDICATOR,
        C("horizon", INT, "目标年", "horizon", formula="2027 / 2030"),
        C("operator", TEXT, "比较", "operator", formula=">= 或 ="),
        C("value", DOUBLE, "目标值", "target"), _UNIT,
        C("kind", TEXT, "目标类型", "kind", formula="level / relative_rise"),
        _TARGET_VERSION,
        C("effective_from", DATE, "生效日", "in force from"),
        C("source", TEXT, "来源", "source"),
    ),
)  # fmt: skip

ASSESSMENT = Mart(
    "assessment", "评价", "assessment against targets", "region × indicator × year × horizon",
    ("region_code", "indicator", "year", "horizon"),
    (
        _REGION, _REGION_NAME, _LEVEL, _INDICATOR, _YEAR,
        C("horizon", INT, "目标年", "horizon"), _BASIS,
        C("period_end", DATE, "期末", "judged at"),
        C("value", DOUBLE, "指标值", "value"), _UNIT,
        C("target", DOUBLE, "目标值", "target", formula="相对提高目标已换算为水平值"),
        C("gap", DOUBLE, "差距", "gap", formula="value − target"),
        C("progress", DOUBLE, "完成程度", "progress", formula="value ÷ target"),
        C("expected", DOUBLE, "序时应达", "expected by now", formula="年度计划轨迹，无计划时为线性"),
        C("expected_linear", DOUBLE, "线性应达", "expected on the linear path"),
        C("pace", DOUBLE, "进度比", "pace", formula="value ÷ expected"),
        C("time_progress", DOUBLE, "时间进度", "time progress τ"),
        C("low", DOUBLE, "精度下限", "lowest value within input precision"),
        C("high", DOUBLE, "精度上限", "highest value within input precision"),
        C("verdict", TEXT, "结论", "verdict", formula="rulebook §10；缺值时为缺值原因"),
        C("verdict_label", TEXT, "结论（中文）", "verdict in Chinese"),
        C("rank", INT, "位次", "rank among cities", formula="并列同位次"),
        C("absence", TEXT, "缺值原因", "why the value is missing"),
        C("data_state", TEXT, "数据状态", "data state"),
        C("forecast", DOUBLE, "目标年预测", "forecast at the horizon"),
        C("forecast_low", DOUBLE, "预测下限", "forecast, low"),
        C("forecast_high", DOUBLE, "预测上限", "forecast, high"),
        _TARGET_VERSION,
        C("rule_version", TEXT, "口径版本", "rulebook version"),
    ),
)  # fmt: skip

CONTRIBUTION = Mart(
    "contribution", "贡献台账", "the records behind every figure", "indicator × basis × year × region × record × role",
    ("indicator", "basis", "year", "region_code", "source_table", "record_key", "role"),
    (
        _INDICATOR, _REGION,
        C("city_code", TEXT, "所属市代码", "city code",
          formula="按区县、年份填报的行为空：县级行不加总到市；市级数 = city_code 为该市的行"),
        C("event_date", DATE, "事件日期", "event date"),
        C("year", INT, "年份", "year", formula="事件年份；指标7为所属指标值的年份"),
        C("basis", TEXT, "口径期间", "basis", formula="空 = 各口径共用；指标7按口径分列"),
        C("source_table", TEXT, "来源表", "source table"),
        C("record_key", TEXT, "记录键", "natural key"),
        C("role", TEXT, "作用", "role", formula="numerator / denominator / both / excluded"),
        C("amount", AMOUNT, "计入数", "amount"), _UNIT,
        C("record_amount_mu", "DECIMAL(18,6)", "记录面积", "the record's own area", "亩"),
        C("component", TEXT, "组成", "component of the indicator",
          formula="resupply / self_redevelopment / idle_reuse / 设施类别 / 地类 …"),
        C("reason", TEXT, "原因", "why excluded or reduced"),
        C("claimed_by", TEXT, "已由何者计入", "event that had claimed the parcel", formula="来源表:记录键"),
        C("file_sha256", TEXT, "文件指纹", "sha256 of the file"),
        C("file_name", TEXT, "文件名", "file"),
        C("sheet", TEXT, "工作表", "sheet"),
        C("row_number", BIGINT, "行号", "row"),
    ),
)  # fmt: skip

SUBMISSION = Mart(
    "submission", "报送回执", "receipts", "file", ("receipt_no",),
    (
        C("receipt_no", TEXT, "回执编号", "receipt number"),
        C("file_name", TEXT, "文件名", "file"),
        C("file_sha256", TEXT, "文件指纹", "sha256"),
        C("received_on", DATE, "收到日期", "received on"),
        C("source_table", TEXT, "报送表", "table"),
        C("table_label", TEXT, "报送表名称", "table, in Chinese"),
        _REGION, _REGION_NAME, _YEAR,
        C("profile", TEXT, "来源类型", "source profile", formula="bureau / landchina"),
        C("form", TEXT, "文件形式", "file form"),
        C("encoding", TEXT, "编码", "encoding"),
        C("status", TEXT, "结论", "verdict", formula="accepted / accepted_with_warnings / partly_accepted / rejected"),
        C("lines", BIGINT, "行数", "lines in"),
        C("rows_loaded", BIGINT, "入库行数", "rows loaded"),
        C("rows_quarantined", BIGINT, "隔离行数", "rows quarantined"),
        C("lines_skipped", BIGINT, "跳过行数", "lines skipped"),
        C("skipped", TEXT, "跳过原因", "lines skipped by reason (JSON)"),
        C("errors", BIGINT, "错误数", "errors"),
        C("warnings", BIGINT, "提醒数", "warnings"),
    ),
    note="lines = rows_loaded + rows_quarantined + lines_skipped",
)  # fmt: skip

QUALITY_FINDING = Mart(
    "quality_finding", "质量问题", "findings", "file × rule × row",
    ("finding_no",),
    (
        C("finding_no", BIGINT, "序号", "number within the release"),
        C("receipt_no", TEXT, "回执编号", "receipt number"),
        C("file_name", TEXT, "文件名", "file"),
        C("received_on", DATE, "收到日期", "received on"),
        C("source_table", TEXT, "报送表", "table"),
        _REGION,
        C("sheet", TEXT, "工作表", "sheet"),
        C("row_number", BIGINT, "行号", "row"),
        C("column", TEXT, "栏目", "column, as written"),
        C("cell", TEXT, "单元格", "cell"),
        C("key", TEXT, "记录键", "natural key"),
        C("value", TEXT, "填报值", "value as typed"),
        C("rule", TEXT, "规则编号", "rule"),
        C("severity", TEXT, "级别", "severity", formula="error / warning"),
        C("message", TEXT, "问题", "message"),
        C("suggestion", TEXT, "建议", "suggestion"),
        C("quarantined", BOOL, "是否隔离", "row quarantined"),
    ),
)  # fmt: skip

DATA_DICTIONARY = Mart(
    "data_dictionary", "数据字典", "data dictionary", "object", ("object", "name"),
    (
        C("object", TEXT, "对象", "mart / column / submission / indicator / rule / switch / reason / flag"),
        C("name", TEXT, "名称", "name", formula="列为 表.列"),
        C("label", TEXT, "中文名", "label, in Chinese"),
        C("label_en", TEXT, "英文名", "label, in English"),
        C("type", TEXT, "类型", "type"), _UNIT,
        C("description", TEXT, "说明", "description"),
        C("source", TEXT, "依据", "basis"),
    ),
)  # fmt: skip

RELEASE_INFO = Mart(
    "release_info", "发布信息", "what this release was made with", "name", ("name",),
    (
        C("name", TEXT, "项目", "name"),
        C("value", TEXT, "内容", "value"),
        C("label", TEXT, "说明", "label"),
    ),
)  # fmt: skip

# --- Evaluation ------------------------------------------------------------------------------------------------------

_RULES = C("rule_version", TEXT, "口径版本", "rulebook version")
_ABSENCE = C("absence", TEXT, "缺值原因", "why the value is missing")
_CITY = C("city_code", TEXT, "所属市代码", "city code")
_MU, _MONEY = "DECIMAL(38,9)", "DECIMAL(38,6)"


def _column_groups(forecast: bool) -> Iterator[MartColumn]:
    """The plan's annex layout: one group of columns per indicator, in the plan's order."""
    for code, i in INDICATORS.items():
        zh, en = i.short_label, i.label_en
        yield C(f"{code}_value", DOUBLE, f"{zh}·指标值", f"{en}: value", str(i.unit))
        yield C(f"{code}_target", DOUBLE, f"{zh}·目标值", f"{en}: target", str(i.unit))
        yield C(f"{code}_verdict", TEXT, f"{zh}·结论", f"{en}: verdict", formula="缺值时为缺值原因")
        yield C(f"{code}_rank", INT, f"{zh}·位次", f"{en}: rank")
        yield C(f"{code}_absence", TEXT, f"{zh}·缺值原因", f"{en}: why the value is missing")
        yield C(f"{code}_data_state", TEXT, f"{zh}·数据状态", f"{en}: data state")
        if forecast:
            yield C(f"{code}_forecast", DOUBLE, f"{zh}·预测", f"{en}: forecast", str(i.unit), "预测，非实绩")
            yield C(f"{code}_forecast_low", DOUBLE, f"{zh}·预测下限", f"{en}: forecast, low", str(i.unit), "80% 区间")
            yield C(f"{code}_forecast_high", DOUBLE, f"{zh}·预测上限", f"{en}: forecast, high", str(i.unit), "80% 区间")


def _evaluation(name: str, label: str, label_en: str, note: str, forecast: bool = False) -> Mart:
    head = (_REGION, _REGION_NAME, _LEVEL, _YEAR, C("horizon", INT, "目标年", "horizon", formula="2027 / 2030"))
    columns = (*head, *_column_groups(forecast), _TARGET_VERSION, _RULES)
    return Mart(name, label, label_en, "region (province, city) × year", ("region_code", "year"), columns, note)


_SEPARATE = "各年末（当年为截止日）对照 {} 年目标；预测单列，不与实绩混用"
ANNUAL_EVALUATION = _evaluation(
    "annual_evaluation", "年度评价", "annual evaluation", "各年对照所在阶段的目标年：2025–2027 年对 2027，此后对 2030"
)
MIDTERM_EVALUATION = _evaluation(
    "midterm_evaluation", "中期评估", "mid-term evaluation", _SEPARATE.format(2027), forecast=True
)
FINAL_EVALUATION = _evaluation(
    "final_evaluation", "终期评估", "final evaluation", _SEPARATE.format(2030), forecast=True
)

MODE_PROGRESS = Mart(
    "mode_progress", "六大模式进展", "progress by development mode", "region (province, city) × year × mode",
    ("region_code", "year", "mode"),
    (
        _REGION, _REGION_NAME, _LEVEL, _YEAR,
        C("mode", TEXT, "开发模式", "mode", formula="六大模式；未填模式或来源表无此栏的为 未填"),
        C("parcels", BIGINT, "宗数", "records that count", "个", "当年计入盘活存量建设用地的记录"),
        C("area_mu", _MU, "盘活面积", "activated area", "亩", "指标 1 的计入数，同一宗地不重复计"),
        C("share", DOUBLE, "占比", "share of the region's activated area of the year", "%"),
        _ABSENCE,
    ),
)  # fmt: skip

MEASURE_PROGRESS = Mart(
    "measure_progress", "四方面举措进展", "progress by policy measure", "region (province, city) × year × measure",
    ("region_code", "year", "measure"),
    (
        _REGION, _REGION_NAME, _LEVEL, _YEAR,
        C("measure", TEXT, "举措类别", "kind of measure"),
        C("measures", BIGINT, "举措数", "measures", "个"),
        C("amount_wan_yuan", _MONEY, "金额", "money", "万元"),
        C("area_mu", _MONEY, "涉及面积", "area", "亩"),
        C("without_amount", BIGINT, "未填金额数", "measures without money", "个"),
        C("without_area", BIGINT, "未填面积数", "measures without area", "个"),
        _ABSENCE,
    ),
)  # fmt: skip

DEMONSTRATION = Mart(
    "demonstration", "示范项目", "demonstration projects", "project", ("project_no",),
    (
        C("project_no", TEXT, "项目编号", "project number"),
        C("project_name", TEXT, "项目名称", "project"),
        _REGION, _REGION_NAME, _LEVEL, _CITY,
        C("mode", TEXT, "开发模式", "mode"),
        C("batch", TEXT, "批次", "batch"),
        C("stage", TEXT, "阶段", "stage", formula="谋划 / 在建 / 完成 / 推广 / 申报国家案例"),
        C("put_forward", BOOL, "是否申报国家案例", "put forward for the national collection"),
        C("land_area_mu", _MONEY, "用地面积", "land area", "亩"),
        C("activated_area_mu", _MONEY, "盘活面积", "activated area", "亩", "项目填报数，不计入指标"),
        C("investment_wan_yuan", _MONEY, "总投资", "investment", "万元"),
        C("measures", TEXT, "政策举措", "measures"),
        C("start_date", DATE, "开工日期", "start"),
        C("completion_date", DATE, "完成日期", "completion"),
    ),
)  # fmt: skip

TASK_STATUS = Mart(
    "task_status", "工作任务进展", "status of the twelve tasks", "region × task × year × quarter",
    ("region_code", "task_no", "year", "quarter"),
    (
        _REGION, _REGION_NAME, _LEVEL,
        C("task_no", INT, "任务编号", "task number"),
        C("section", TEXT, "任务板块", "section"),
        C("task", TEXT, "任务", "task"),
        _YEAR,
        C("quarter", INT, "季度", "quarter"),
        C("progress", TEXT, "进展状态", "progress", formula="未启动 / 推进中 / 已完成"),
        C("description", TEXT, "进展说明", "description"),
        C("lead_unit", TEXT, "牵头单位", "lead unit", formula="行动方案所列第一位"),
        C("responsible_units", TEXT, "责任单位", "responsible units"),
        C("local_unit", TEXT, "填报责任单位", "responsible unit as reported"),
        _ABSENCE,
    ),
    note="各市自 2026 年一季度起逐季应报，已结束季度未报的列为 not_reported",
)  # fmt: skip

PARK_PERFORMANCE = Mart(
    "park_performance", "园区亩均效益", "performance of industrial parks", "region × park × year",
    ("region_code", "park_code", "year"),
    (
        _REGION, _REGION_NAME, _LEVEL, _CITY,
        C("park_code", TEXT, "园区代码", "park code"),
        C("park_name", TEXT, "园区名称", "park"),
        _YEAR,
        C("industrial_area_mu", _MONEY, "工业用地面积", "industrial land", "亩"),
        C("tax_per_mu", DOUBLE, "亩均税收", "tax per mu", "万元/亩"),
        C("value_added_per_mu", DOUBLE, "亩均工业增加值", "industrial value added per mu", "万元/亩"),
        C("average_far", DOUBLE, "平均容积率", "average FAR", "ratio"),
        C("score", DOUBLE, "综合得分", "score", formula="各项与全省同年合计水平之比的加权平均"),
        C("grade", TEXT, "评价等次", "class", formula="A / B / C / D，参数见 schemas/policy/parks.toml"),
        _ABSENCE,
    ),
)  # fmt: skip

CALENDAR = Mart(
    "calendar", "时间安排", "deadlines", "deadline × who", ("name", "due_date", "region_code"),
    (
        C("name", TEXT, "事项代码", "deadline"),
        C("label", TEXT, "事项", "what, in Chinese"),
        C("label_en", TEXT, "事项（英文）", "what, in English"),
        C("due_date", DATE, "期限", "due date"),
        _REGION, _REGION_NAME, _LEVEL,
        C("responsible", TEXT, "责任主体", "who"),
        C("state", TEXT, "状态", "state", formula="done / upcoming / due / overdue / unconfirmed"),
        C("state_label", TEXT, "状态（中文）", "state in Chinese"),
        C("evidence", TEXT, "依据数据", "what shows that it is done"),
        C("source", TEXT, "依据", "source"),
    ),
)  # fmt: skip

TARGET_TRAJECTORY = Mart(
    "target_trajectory", "目标轨迹", "expected values towards each target", "region × indicator × horizon × day",
    ("region_code", "indicator", "horizon", "day"),
    (
        _REGION, _REGION_NAME, _LEVEL, _INDICATOR,
        C("horizon", INT, "目标年", "horizon"),
        C("day", DATE, "日期", "day", formula="各年末；期间按日直线相连"),
        C("expected", DOUBLE, "序时应达", "expected", formula="年度计划轨迹，无计划时为线性；5、6 为目标值"),
        C("expected_linear", DOUBLE, "线性应达", "expected on the linear path"),
        _UNIT,
    ),
)  # fmt: skip

INPUT_VINTAGE = Mart(
    "input_vintage", "数据版本", "state of every input", "table × region (province, city) × year",
    ("source_table", "region_code", "year"),
    (
        C("source_table", TEXT, "报送表", "table"),
        C("table_label", TEXT, "报送表名称", "table, in Chinese"),
        _REGION, _REGION_NAME, _LEVEL,
        C("year", INT, "年份", "year", formula="事件年份；按年填报的表为填报年份"),
        C("vintage", TEXT, "版本", "vintage", formula="土地调查、GDP 的版本，多个以、相连；其他表为空"),
        C("records", BIGINT, "记录数", "records in force"),
        C("last_received_on", DATE, "最近收到日期", "last received on"),
    ),
)  # fmt: skip

# --- Trust -----------------------------------------------------------------------------------------------------------

CANCELLATION = Mart(
    "cancellation", "撤销记录", "cancelled records", "table × record", ("source_table", "record_key"),
    (
        C("source_table", TEXT, "来源表", "source table"),
        C("record_key", TEXT, "记录键", "natural key"), _REGION, _REGION_NAME, _LEVEL, _CITY,
        C("status", TEXT, "状态", "status", formula="解除 / 撤销"),
        C("received_on", DATE, "收到日期", "received on"),
        C("file_sha256", TEXT, "文件指纹", "sha256 of the file"),
        C("file_name", TEXT, "文件名", "file"),
        C("sheet", TEXT, "工作表", "sheet"),
        C("row_number", BIGINT, "行号", "row"),
    ),
    note="自该次报送起按零计；台账中不再出现",
)  # fmt: skip

_OLD_NEW = (("old", "上一发布", "before"), ("new", "本发布", "now"))


def _judged_columns() -> Iterator[MartColumn]:
    for horizon in (2027, 2030):
        for side, zh, en in _OLD_NEW:
            yield C(f"{side}_verdict_{horizon}", TEXT, f"{zh}·{horizon}结论", f"verdict {horizon}, {en}")
            yield C(f"{side}_rank_{horizon}", INT, f"{zh}·{horizon}位次", f"rank {horizon}, {en}")


REVISION = Mart(
    "revision", "变动说明", "what changed since the release before, and why",
    "region × indicator × year × basis × pair of releases",
    ("region_code", "indicator", "year", "basis", "old_release_id", "new_release_id"),
    (
        _REGION, _REGION_NAME, _LEVEL, _INDICATOR, _YEAR, _BASIS,
        C("old_release_id", TEXT, "上一发布", "release before"),
        C("new_release_id", TEXT, "本发布", "this release"),
        C("old_as_of", DATE, "上一发布截止日", "as-of day before"),
        C("new_as_of", DATE, "本发布截止日", "as-of day now"), _UNIT,
        C("old_value", DOUBLE, "上一发布值", "value before"),
        C("new_value", DOUBLE, "本发布值", "value now"),
        C("old_absence", TEXT, "上一发布缺值原因", "absence before"),
        C("new_absence", TEXT, "本发布缺值原因", "absence now"),
        C("change", SUM, "变动", "change", formula="new_value − old_value，九位小数；任一方缺值时为空"),
        *(C(f"effect_{cause}", SUM, f"变动·{CAUSES[cause][0]}", f"effect: {CAUSES[cause][1]}", formula=CAUSES[cause][2])
          for cause in VALUE_CAUSES),
        C("cause", TEXT, "主要原因", "main cause", formula=" / ".join(f"{c} {zh}" for c, (zh, *_) in CAUSES.items())),
        *_judged_columns(),
        C("verdict_cause", TEXT, "结论变动原因", "why a verdict or rank flipped", formula="取值同 cause"),
        C("old_rule_version", TEXT, "上一发布口径", "rules before"),
        C("new_rule_version", TEXT, "本发布口径", "rules now"),
        C("old_target_version", TEXT, "上一发布目标版本", "targets before"),
        C("new_target_version", TEXT, "本发布目标版本", "targets now"),
        C("records", BIGINT, "变动记录数", "records that changed"),
        C("top_records", TEXT, "影响最大的记录", "records by effect (JSON)", formula="原因、记录键、影响、文件、行"),
    ),
    note="change = 各 effect 之和；只列有变动的指标值；首个发布为空",
)  # fmt: skip

PLAUSIBILITY = Mart(
    "plausibility", "合理性核验", "jumps beyond limits since the release before", "region × indicator × year × basis",
    ("region_code", "indicator", "year", "basis"),
    (
        _REGION, _REGION_NAME, _LEVEL, _INDICATOR, _YEAR, _BASIS,
        C("old_release_id", TEXT, "上一发布", "release before"),
        C("old_value", DOUBLE, "上一发布值", "value before"),
        C("new_value", DOUBLE, "本发布值", "value now"), _UNIT,
        C("kind", TEXT, "类型", "kind", formula="factor 倍数 / points 差额 / vanished 由有值变为缺值"),
        C("jump", DOUBLE, "跳变", "jump", formula="factor：大者 ÷ 小者；points：差的绝对值"),
        C("limit", DOUBLE, "限值", "limit", formula="schemas/policy/plausibility.toml"),
        C("cause", TEXT, "主要原因", "main cause"),
        C("state", TEXT, "状态", "state", formula="open 待说明 / acknowledged 已说明"),
        C("acknowledged_by", TEXT, "说明人", "acknowledged by"),
        C("acknowledged_on", DATE, "说明日期", "acknowledged on"),
        C("reason", TEXT, "说明", "reason"),
        C("expires_on", DATE, "有效期止", "valid until", formula="含当日"),
    ),
)  # fmt: skip

OBJECTION = Mart(
    "objection", "异议", "objections during public notice", "objection", ("objection_no",),
    (
        C("objection_no", INT, "异议编号", "objection number"),
        C("on_release", TEXT, "所对发布", "release objected to"), _REGION, _REGION_NAME, _LEVEL, _INDICATOR, _YEAR,
        C("text", TEXT, "异议内容", "text"),
        C("raised_by", TEXT, "提出人", "raised by"),
        C("raised_on", DATE, "提出日期", "raised on"),
        C("state", TEXT, "状态", "state", formula="open 待处理 / resolved 已处理"),
        C("resolution", TEXT, "处理意见", "resolution"),
        C("resolved_by", TEXT, "处理人", "resolved by"),
        C("resolved_on", DATE, "处理日期", "resolved on"),
    ),
)  # fmt: skip

SUBMISSION_DUE = Mart(
    "submission_due", "报送完整性", "what every city owes and has handed in", "city × table × year",
    ("region_code", "source_table", "year"),
    (
        _REGION, _REGION_NAME, _LEVEL,
        C("source_table", TEXT, "报送表", "table"),
        C("table_label", TEXT, "报送表名称", "table, in Chinese"), _YEAR,
        C("due_on", DATE, "应报日", "owed from this day on"),
        C("state", TEXT, "状态", "state", formula=" / ".join(f"{d} {zh}" for d, (zh, _) in DUE_WORDS.items())),
        C("state_label", TEXT, "状态名称", "state, in Chinese"),
        C("files", BIGINT, "文件数", "files handed in"),
    ),
    note="2025 年至截止日所在年，各市应报的、指标所需的报送表；容积率豁免清单按需报送，任务台账、示范项目、政策举措、园区亩均"
    "效益不产生指标，均不在内",
)  # fmt: skip

DISTRIBUTION = Mart(
    "distribution", "分布核验", "whether a year's records look like those before", "region × measure × year",
    ("region_code", "measure", "year"),
    (
        _REGION, _REGION_NAME, _LEVEL,
        C("measure", TEXT, "量", "measure"),
        C("measure_label", TEXT, "量名称", "measure, in Chinese"), _YEAR, _UNIT,
        C("records", BIGINT, "记录数", "records of the year"),
        C("p10", DOUBLE, "第 10 百分位", "10th percentile"),
        C("median", DOUBLE, "中位数", "median"),
        C("p90", DOUBLE, "第 90 百分位", "90th percentile"),
        C("before_records", BIGINT, "此前记录数", "records of all years before"),
        C("before_p10", DOUBLE, "此前第 10 百分位", "10th percentile before"),
        C("before_median", DOUBLE, "此前中位数", "median before"),
        C("before_p90", DOUBLE, "此前第 90 百分位", "90th percentile before"),
        C("distance", DOUBLE, "分布距离", "Kolmogorov–Smirnov distance", formula="两条累积分布的最大差距，0–1"),
        C("critical_distance", DOUBLE, "临界距离", "critical distance"),
        C("state", TEXT, "状态", "state", formula="steady 相近 / drifted 变样 / too_few 记录太少，不比较"),
    ),
    note="限值见 schemas/policy/plausibility.toml；变样只是提醒：多为整批单位填错，也可能是实情",
)  # fmt: skip

QUALITY_CHECK = Mart(
    "quality_check", "核验结果", "what was checked before this release, and how it came out",
    "layer × table × check", ("layer", "table_name", "check_name"),
    (
        C("layer", TEXT, "层", "layer", formula="core 入库表 / mart 成果表"),
        C("table_name", TEXT, "表", "table"),
        C("table_label", TEXT, "表名", "table, in Chinese"),
        C("check_name", TEXT, "核验", "check"),
        C("label", TEXT, "核验内容", "what must hold"),
        C("label_en", TEXT, "核验内容（英文）", "what must hold, in English"),
        C("severity", TEXT, "轻重", "severity", formula="critical 不通过不发布 / warning 提醒 / info 参考"),
        C("passed", BOOL, "是否通过", "passed"),
        C("unexpected", BIGINT, "不符数", "rows or groups that break it"),
        C("sample", TEXT, "举例", "such as", formula="至多 20 处，以；分隔"),
        C("message", TEXT, "说明", "message, in Chinese"),
        C("why", TEXT, "原因", "why it matters"),
        C("remedy", TEXT, "处理办法", "what to do"),
        C("rules", TEXT, "同一要求的逐行规则", "row rules that hold the same"),
        C("sql", TEXT, "列出全部不符的查询", "query for all of them"),
    ),
    note="发布前的全部核验；critical 的必然都已通过，否则不会有这次发布",
)  # fmt: skip

MARTS: dict[str, Mart] = {
    mart.name: mart
    for mart in (
        INDICATOR_VALUE, INDICATOR_HISTORY, INDICATOR_PART, TARGET, ASSESSMENT, CONTRIBUTION, SUBMISSION,
        QUALITY_FINDING, ANNUAL_EVALUATION, MIDTERM_EVALUATION, FINAL_EVALUATION, MODE_PROGRESS, MEASURE_PROGRESS,
        DEMONSTRATION, TASK_STATUS, PARK_PERFORMANCE, CALENDAR, TARGET_TRAJECTORY, INPUT_VINTAGE, DATA_DICTIONARY,
        RELEASE_INFO, CANCELLATION, REVISION, PLAUSIBILITY, OBJECTION, SUBMISSION_DUE, DISTRIBUTION, QUALITY_CHECK,
    )
}  # fmt: skip

#: What was known on a day: the newest figures whose known_on is not after it. Works on the file opened read-only.
AS_OF_MACRO = """
CREATE OR REPLACE MACRO mart.indicator_as_of(day) AS TABLE
SELECT * FROM mart.indicator_history
WHERE known_on = (SELECT max(known_on) FROM mart.indicator_history WHERE known_on <= CAST(day AS DATE))
"""

#: Which rows of the ledger make a figure (指标值由哪些台账行构成). A county has its own rows, a city those of its
#: city_code, the province those of its cities, but its own rows of a table and year replace those of its cities. A
#: province's reduction of land per GDP is whole or absent: its rows stand in its own name, summed from cities or not.
#: Indicators that are reported by year look at that year alone, the others at the years of the figure's period.
#: `{marts}` is the schema, `{figures}` picks figures f, `{years}` is the condition on years, `{columns}` is of f and c.
FIGURE_ROWS = """
SELECT {columns} FROM {marts}.contribution c JOIN (
  SELECT f.region_code, f.region_level, f.indicator, f.year AS last_year, f.basis, f.region_level = 'city' AS is_city,
    f.indicator <> 'land_per_gdp_reduction' AS adds_cities,
    CASE WHEN f.indicator IN ('land_per_gdp_reduction', 'walk15_coverage') THEN f.year ELSE year(f.period_start) END
      AS first_year
  FROM {marts}.indicator_value f
  WHERE {figures}
) f ON c.indicator = f.indicator AND coalesce(c.basis, f.basis) = f.basis AND {years}
WHERE CASE
  WHEN f.is_city THEN c.city_code = f.region_code
  WHEN f.region_level = 'county' THEN c.region_code = f.region_code
  ELSE c.region_code = f.region_code OR (left(c.city_code, 2) || '0000' = f.region_code AND f.adds_cities AND NOT EXISTS (
    FROM {marts}.contribution p
    WHERE (p.region_code, p.indicator, p.year, p.source_table) = (f.region_code, c.indicator, c.year, c.source_table)))
END
"""
IN_PERIOD, UNDATED = "c.year BETWEEN f.first_year AND f.last_year", "c.year IS NULL"
_NAMED = "f.region_code = of_region AND f.indicator = of_indicator AND f.year = of_year AND f.basis = of_basis"
FIGURE_ROWS_MACRO = (
    "CREATE OR REPLACE MACRO mart.figure_contribution(of_region, of_indicator, of_year, of_basis) AS TABLE"
    + FIGURE_ROWS.format(columns="c.*", marts="mart", years=IN_PERIOD, figures=_NAMED)
)

#: Stored in every released file.
MACROS = (AS_OF_MACRO, FIGURE_ROWS_MACRO)
