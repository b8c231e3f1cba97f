"""Row rules (行级规则): what a submitted row must satisfy, declared once as data.

Numbers: 3xxx a value or a row, 4xxx within one file's table, 5xxx across tables; 1xxx, 2xxx (file, structure) are in
`schemas/file_rules.py`. Errors quarantine the row: those of the submission contract, and values that cannot be real;
warnings let it pass. A predicate is true where its rule is BROKEN; null (cannot tell) is not broken. Predicates see the
converted columns (areas in 亩, money in 万元), `problem(name)` for what could not be read, and the facts named below.

Here is no reading, no conversion and no place of a finding: `assets/checking` applies these rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl

from .dtypes import exact
from .submissions import INDUSTRIAL_CODES, TABLES, WALK_ALL_FIVE
from .table import Column, Kind, Table

ERROR, WARNING = "error", "warning"
FIRST_YEAR, YEARS_AHEAD = 1987, 10
LEAST_FAR, MOST_FAR = Decimal("0.1"), Decimal(15)
#: 1 m² in 亩: the tolerance of the area identity (rulebook §5), inclusive.
SQUARE_METRE = Decimal("0.0015")

# Why a cell that is not empty gave no value.
UNREADABLE, WITH_UNIT, TOO_LARGE, FORMULA = "unreadable", "with_unit", "too_large", "formula"
#: Formula errors as Excel shows and exports them; `#CALC!` also stands for a formula that was never worked out.
FORMULA_ERRORS = ("#N/A", "#DIV/0!", "#REF!", "#NAME?", "#NULL!", "#NUM!", "#VALUE!", "#CALC!", "#SPILL!")

# The only cells that can break some rules (`Rule.only`).
EMPTY, UNREAD = "empty", "unread"


def problem(name: str) -> str:
    """Name of the column that says why a cell of `name` could not be read."""
    return f"{name}__problem"


def decimals(name: str) -> str:
    return f"{name}_decimals"


# Facts that the checker adds to every row, beside its own columns.
FACTS = {
    "received_on": pl.Date(),  # day of receipt
    "last_day_allowed": pl.Date(),  # received_on + 10 years
    "event_day": pl.Date(),  # decides which region codes were in force
    "file_region": pl.String(),  # code of the submitting region as the file name says it; null = none
    "file_city": pl.String(),  # its city; null for a province
    "file_province": pl.String(),
    "province_rows": pl.Boolean(),  # the table takes 330000
    "region_level": pl.String(),  # of the row's region_code; null = unknown code
    "region_name": pl.String(),
    "region_city": pl.String(),
    "region_province": pl.String(),
    "region_last_day": pl.Date(),
    "successor": pl.String(),  # "330112 临安区"
}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule. With `each` it is a rule on every column that `each` picks, else on rows of `tables` with `columns`.

    The first column is the one that a finding points at. Templates take `{label}` of that column, `{value}` as typed,
    `{unit}` of the cells, and `fields`: expressions over the broken rows. Areas are spelled in the unit of the
    submitted column: a field that ends in `_mu` with the unit behind it, one that ends in `_own` without. The other
    names are hints that `assets/checking/hints.py` finds.

    Two hints that spare work and change no verdict: `given` is a condition that several rules share, they are asked
    only about rows that meet it; `only` is EMPTY or UNREAD where no other cell of the first column can break the rule.
    """

    number: str
    severity: str
    label: str
    label_en: str
    message: str
    suggestion: str
    broken: pl.Expr | Callable[[Column], pl.Expr] | None = None
    given: pl.Expr | None = None
    only: str | None = None
    each: Callable[[Column], bool] | None = None
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    fields: dict[str, pl.Expr] = field(default_factory=dict)
    explanation: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """A rule bound to a column of a table."""

    rule: Rule
    column: Column
    broken: pl.Expr


@cache
def checks(table: Table) -> tuple[Check, ...]:
    """All rules that apply to a table, each bound to the column that its findings point at."""
    bound = []
    for rule in RULES:
        if rule.broken is None or (rule.tables and table.name not in rule.tables):
            continue
        if rule.each:
            bound += [Check(rule, column, rule.broken(column)) for column in table.columns if rule.each(column)]
        elif all(name in table for name in rule.columns):
            bound.append(Check(rule, table[rule.columns[0]], rule.broken))
    return tuple(bound)


_GROUPS = {"1": "文件", "2": "结构", "3": "取值", "4": "表内", "5": "表间"}


def catalogue() -> list[dict[str, Any]]:
    """Every rule as a row: number, group, severity, table (or 各表), label, label_en, explanation, suggestion."""

    def where(rule: Rule) -> str:
        named = rule.tables or [t.name for t in TABLES.values() if any(check.rule is rule for check in checks(t))]
        return "各表" if len(named) in (0, len(TABLES)) else "、".join(TABLES[name].label for name in named)

    return [
        {
            "number": rule.number,
            "group": _GROUPS[rule.number[0]],
            "severity": rule.severity,
            "table": where(rule),
            "label": rule.label,
            "label_en": rule.label_en,
            "explanation": rule.explanation or re.sub(r"\{\w+\}", "…", rule.message),
            "suggestion": re.sub(r"\{\w+\}", "…", rule.suggestion),
        }
        for rule in RULES
    ]


# --- Expressions that the rules share --------------------------------------------------------------------------------


def _c(name: str) -> pl.Expr:
    return pl.col(name)


def _kinds(*kinds: Kind) -> Callable[[Column], bool]:
    return lambda column: column.kind in kinds


def _has(reason: str) -> Callable[[Column], pl.Expr]:
    return lambda column: pl.col(problem(column.name)) == reason


def _formula_error(column: Column) -> pl.Expr:
    if column.kind is Kind.TEXT:
        return pl.col(column.name).is_in(FORMULA_ERRORS)
    return pl.col(problem(column.name)) == FORMULA


def _too_large(column: Column) -> pl.Expr:
    """More than can be stored, or than can be real."""
    too_large = pl.col(problem(column.name)) == TOO_LARGE
    return too_large if column.most is None else too_large | (pl.col(column.name) > exact(column.most))


def _empty(column: Column) -> pl.Expr:
    missing = pl.col(column.name).is_null()
    return missing if column.kind is Kind.TEXT else missing & pl.col(problem(column.name)).is_null()


_NUMBERS = (Kind.AREA, Kind.AREA_PART, Kind.MONEY, Kind.NUMBER, Kind.FAR, Kind.INDEX)

_supplied = _c("supplied_area_mu")
_parts = _c("existing_area_mu") + _c("historical_unsupplied_area_mu") + _c("new_area_mu")
_identity_broken = (_supplied - _parts).abs() > exact(SQUARE_METRE)


def _fifteen_times(large: pl.Expr, small: pl.Expr) -> pl.Expr:
    """`large` is 15 × `small`, within 1 m² on the small side or 0.1 %; near 15 at all, so that dust is no match."""
    apart = (large - small * 15).abs()
    near = (large > small * 14) & (large < small * 16)
    return near & ((apart <= exact(SQUARE_METRE * 15)) | (apart * 1000 <= large)) & _identity_broken


_supplied_is_mu = _fifteen_times(_supplied, _parts)
_parts_are_mu = _fifteen_times(_parts, _supplied)

_SUPPLY_COLUMNS = ("supplied_area_mu", "existing_area_mu", "historical_unsupplied_area_mu", "new_area_mu")

_region = _c("region_code")
_is_province = _c("region_level") == "province"
_no_city = (_c("region_level") == "county") & _c("region_city").is_null()
_in_province_file = _c("file_city").is_null() & (_c("region_province") == _c("file_province"))
_in_city_file = _c("file_city").is_not_null() & (_c("region_city") == _c("file_city")) & ~_is_province

_letter = _c("supervision_no").str.slice(10, 1)
_allocated = _c("supply_method") == "划拨"

_industrial = pl.any_horizontal(
    [(_c("land_use_system") == system) & _c("land_use_code").is_in(codes) for system, codes in INDUSTRIAL_CODES.items()]
)
_code_form = (
    pl.when(_c("land_use_system") == "GB/T21010-2007").then(_c("land_use_code").str.contains("^[0-9]{3}$"))
    .when(_c("land_use_system") == "GB/T21010-2017").then(_c("land_use_code").str.contains("^[0-9]{4}$"))
    .when(_c("land_use_system") == "用地用海分类2023").then(_c("land_use_code").str.contains("^([0-9]{2}){1,3}$"))
)  # fmt: skip

#: 3.30102E+17, or more digits than Excel keeps and noughts in place of the lost ones.
_LIKE_NUMBER = r"^[1-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}$|^[1-9][0-9]{14}00+$"

# --- The rules -------------------------------------------------------------------------------------------------------

RULES: tuple[Rule, ...] = (
    # 30xx: can the cell be read?
    Rule(
        "3001", ERROR, "必填项为空", "required value missing",
        "必填项「{label}」为空{token}。{part}", "请补填「{label}」；{zero}",
        each=lambda column: column.required,
        broken=_empty, only=EMPTY,
        explanation="必填项不得为空；面积分项为空不视为 0。",
    ),
    Rule(
        "3002", ERROR, "数字无法识别", "number cannot be read",
        "「{label}」的值“{value}”不是数字。", "请只填写半角数字，如 12.3456；没有数据请留空，不要写文字。",
        each=_kinds(*_NUMBERS), broken=_has(UNREADABLE), only=UNREAD,
    ),
    Rule(
        "3003", ERROR, "日期无法识别或不存在", "date cannot be read or does not exist",
        "「{label}」的值“{value}”不是有效日期{no_such_day}。",
        "请按 2026-03-01 的格式填写年、月、日俱全且真实存在的日期。",
        each=_kinds(Kind.DATE), broken=_has(UNREADABLE), only=UNREAD,
    ),
    Rule(
        "3004", ERROR, "是否值无法识别", "yes/no value cannot be read",
        "「{label}」的值“{value}”不是“是”或“否”。", "请填写“是”或“否”。",
        each=_kinds(Kind.BOOLEAN), broken=_has(UNREADABLE), only=UNREAD,
    ),
    Rule(
        "3005", ERROR, "不在规定选项内", "not one of the choices",
        "「{label}」的值“{value}”不在规定选项内。", "请从下列选项中选填：{choices}{closest}。",
        each=_kinds(Kind.CHOICE), broken=_has(UNREADABLE), only=UNREAD,
        explanation="分类字段只接受规定的选项。",
    ),
    Rule(
        "3006", ERROR, "年份或整数无法识别", "year or integer cannot be read",
        "「{label}」的值“{value}”不是整数。", "请填写整数，如 {whole}。",
        each=_kinds(Kind.YEAR, Kind.INTEGER), broken=_has(UNREADABLE), only=UNREAD,
    ),
    Rule(
        "3007", ERROR, "数值过大", "number too large",
        "「{label}」的值“{value}”过大，{most}。", "请核对小数点和单位（{unit_is}）。",
        each=_kinds(*_NUMBERS), broken=_too_large,
        explanation="数值大到不可能是真实的，多为单位或小数点填错：面积不超过 1400 万公顷（2.1 亿亩，大于浙江全省），"
        "其他数值换算后小于一万亿。",
    ),
    Rule(
        "3008", ERROR, "数字带有单位或百分号", "number carries a unit or a percent sign",
        "「{label}」的值“{value}”带有单位或符号，单元格内只填数字（{unit_is}）。",
        "请去掉单位和符号，只填数字{without_unit}。",
        each=_kinds(*_NUMBERS), broken=_has(WITH_UNIT), only=UNREAD,
    ),
    Rule(
        "3009", ERROR, "行政区代码格式不符", "region code malformed",
        "「{label}」的值“{value}”不是六位行政区代码。", "{region_hint}请填写六位数字代码，如 330102；不要填写名称。",
        each=_kinds(Kind.REGION), broken=_has(UNREADABLE), only=UNREAD,
    ),
    Rule(
        "3010", ERROR, "公式没有结果", "formula without a result",
        "「{label}」的单元格是公式，{formula_result}，没有可用的值。",
        "请用 Excel 打开并改正公式，或把该列复制后“选择性粘贴—数值”，保存后重新报送。",
        each=lambda column: True, broken=_formula_error, only=UNREAD,
    ),
    # 31xx: is the value allowed?
    Rule(
        "3101", ERROR, "面积必须大于 0", "area must be positive",
        "「{label}」为 {value}（{unit}），必须大于 0。", "请核对后填写实际面积；没有面积的记录不要报送。",
        each=_kinds(Kind.AREA), broken=lambda column: pl.col(column.name) <= 0,
    ),
    Rule(
        "3102", ERROR, "面积不得为负", "area part must not be negative",
        "「{label}」为 {value}（{unit}），不得小于 0。", "请核对后填写；没有这一部分面积时填 0。",
        each=_kinds(Kind.AREA_PART), broken=lambda column: pl.col(column.name) < 0,
    ),
    Rule(
        "3103", ERROR, "合计面积必须大于 0", "total area must be positive",
        "地类“合计”的面积为 {value}（{unit}），必须大于 0。", "请填写建设用地合计面积。",
        tables=("construction_land",), columns=("area_mu", "land_class"),
        broken=(_c("land_class") == "合计") & (_c("area_mu") == 0),
    ),
    Rule(
        "3104", ERROR, "容积率超出范围", "FAR out of range",
        "「{label}」为 {value}，容积率应为 0（未约定）或在 0.1 至 15 之间。", "请核对小数点；未约定的留空或填 0。",
        each=_kinds(Kind.FAR),
        broken=lambda column: (pl.col(column.name) != 0) & ~pl.col(column.name).is_between(exact(LEAST_FAR), exact(MOST_FAR)),
    ),
    Rule(
        "3105", ERROR, "日期超出范围", "date out of range",
        "「{label}」读作 {day}，应在 1987-01-01 至 {last_day}（收件日后十年）之间。",
        "请核对年份；没有日期请留空，不要填 1900-01-01 之类的占位日期。",
        each=_kinds(Kind.DATE),
        broken=lambda column: ~_c(column.name).is_between(pl.date(FIRST_YEAR, 1, 1), _c("last_day_allowed")),
        fields={"last_day": _c("last_day_allowed")},
    ),
    Rule(
        "3106", ERROR, "年份超出范围", "year out of range",
        "「{label}」为 {value}，应在 1987 至 {last_year} 之间。", "请填写四位年份。",
        each=_kinds(Kind.YEAR),
        broken=lambda column: ~_c(column.name).is_between(FIRST_YEAR, _c("received_on").dt.year() + YEARS_AHEAD),
        fields={"last_year": _c("received_on").dt.year() + YEARS_AHEAD},
    ),
    Rule(
        "3107", ERROR, "可比价指数超出范围", "real index out of range",
        "「{label}」为 {value}，应在 50 至 200 之间（上年 = 100）。", "{index_hint}",
        tables=("gdp",), columns=("real_index",), broken=~_c("real_index").is_between(50, 200),
        fields={"real_index": _c("real_index")},
        explanation="可比价指数以上年为 100，应在 50 至 200 之间；填成增速的，加 100 后填写，系统不代改。",
    ),
    Rule(
        "3108", ERROR, "任务编号超出范围", "task number out of range",
        "「{label}」为 {value}，行动方案的任务编号为 1 至 12。", "请对照行动方案的任务清单填写。",
        tables=("task_progress",), columns=("task_no",), broken=~_c("task_no").is_between(1, 12),
    ),
    Rule(
        "3109", ERROR, "季度超出范围", "quarter out of range",
        "「{label}」为 {value}，应为 1 至 4。", "请填写 1、2、3 或 4。",
        tables=("task_progress",), columns=("quarter",), broken=~_c("quarter").is_between(1, 4),
    ),
    Rule(
        "3110", ERROR, "金额不得为负", "amount must not be negative",
        "「{label}」为 {value}（{unit}），不得小于 0。", "请核对正负号、数值与单位。",
        each=lambda column: column.least is not None, broken=lambda column: pl.col(column.name) < 0,
    ),
    Rule(
        "3111", ERROR, "数值过小", "number too small",
        "「{label}」的值“{value}”过小，{least}。",
        "请核对小数点和单位（{unit_is}）；把亿元数填在以元为单位的列中的，请改正表头的单位。",
        each=lambda column: bool(column.least),
        broken=lambda column: (pl.col(column.name) > 0) & (pl.col(column.name) < exact(column.least)),
        explanation="一个地区一年的 GDP 不会少于 1 亿元，多为单位填错，如把以亿元计的数填在以元为单位的列中。",
    ),
    # 32xx: the region
    Rule(
        "3201", ERROR, "行政区代码未知", "region code unknown",
        "行政区代码“{value}”不在行政区划表中。", "请核对代码；省内现行代码为 11 个设区市和 90 个县（市、区）。",
        columns=("region_code",), broken=_region.is_not_null() & _c("region_level").is_null(),
    ),
    Rule(
        "3202", ERROR, "行政区不属于任何设区市", "region belongs to no city",
        "行政区代码“{value}”（{region}）不属于任何设区市。", "请改填所属县（市、区）或设区市的代码。",
        columns=("region_code",), broken=_no_city, fields={"region": _c("region_name")},
    ),
    Rule(
        "3203", ERROR, "行政区代码在事件日期已撤销", "region code abolished before the event",
        "行政区代码“{value}”（{region}）自 {last_day} 后已撤销，而本行的日期为 {event_day}。", "{successor_hint}",
        columns=("region_code",), broken=_c("region_last_day") < _c("event_day"),
        fields={
            "region": _c("region_name"), "last_day": _c("region_last_day"), "event_day": _c("event_day"),
            "successor": _c("successor"),
        },
        explanation="撤销的代码只用于其最后有效日及以前的事件，之后应使用现行代码。",
    ),
    Rule(
        "3204", ERROR, "不属于报送单位的行政区", "region outside the submitting city",
        "行政区代码“{value}”（{region}）不属于文件名所示的报送单位 {file_region}。",
        "请核对行政区代码；外市的数据由外市报送，文件名中的代码有误时请改名后重报。",
        columns=("region_code",),
        broken=_c("file_region").is_not_null() & _c("region_level").is_not_null() & ~_no_city
        & ~(_is_province & ~_c("province_rows"))
        & ~(_in_province_file.fill_null(False) | _in_city_file.fill_null(False)),
        fields={"region": _c("region_name"), "file_region": _c("file_region")},
    ),
    Rule(
        "3205", ERROR, "本表不接受全省代码", "province code not allowed in this table",
        "行政区代码“{value}”是全省代码，本表按县（市、区）或设区市填报。", "请改填具体的县（市、区）或设区市代码。",
        columns=("region_code",), broken=_is_province & ~_c("province_rows"),
    ),
    Rule(
        "3206", ERROR, "无法判定行政区", "region cannot be determined",
        "电子监管号前六位不是已知的行政区代码，行政区名称“{value}”也不能唯一对应。", "请核对电子监管号或行政区名称。",
        tables=("land_supply",), columns=("region_name", "region_code"), broken=_region.is_null(),
        explanation="土地市场网数据的行政区取电子监管号前六位，其次按名称唯一匹配，均不成立时不猜测。",
    ),
    Rule(
        "3207", WARNING, "文件名中的行政区代码不是设区市或省", "file named after a county or an unknown region",
        "文件名中的行政区代码 {file_region}{region}不是设区市或省。",
        "请以设区市（如 330100）或省（330000）的代码命名{rename}。{treated}",
        explanation="文件由设区市或省报送；以县（市、区）代码命名的，按其所属设区市处理。",
    ),
    Rule(
        "3208", ERROR, "土地来源无法识别", "origin of the land cannot be read",
        "土地来源“{value}”既不是面积数，也不是规定的词。",
        "请填写存量部分的公顷数，或现有建设用地、新增建设用地、新增建设用地(来自存量库)之一。",
        tables=("land_supply",), columns=("land_source",),
        broken=_c("land_source").is_not_null() & ~_c("land_source_known"),
        explanation="土地市场网数据的土地来源只接受数字（公顷）或三个规定的词。",
    ),
    Rule(
        "3209", WARNING, "文件名中的行政区代码疑有误", "region in the file name is probably wrong",
        "文件名中的行政区是 {file_region}，而 {rows} 行中有 {outside} 行的行政区属于{place}，不属于该单位：很可能是文件名写错了。",
        "文件名有误的，请改名{rename}后重报，各行不必修改；文件名无误的，请改正各行的行政区代码。",
        explanation="几乎所有行（九成以上）都不属于文件名所示的报送单位时，先提示核对文件名；各行仍按 3204 隔离。",
    ),
    Rule(
        "3210", WARNING, "文件名中的年份疑有误", "year in the file name is probably wrong",
        "文件名中的年份是 {file_year}，而各行的年份是 {years}。",
        "文件名有误的，请改名后重报；文件名无误的，请改正各行的年份。",
        explanation="年度任务、任务台账一份文件报一个年份；各行仍按所填年份计入。",
    ),
    # 33xx: relations inside a row
    Rule(
        "3301", ERROR, "供应面积不等于三项之和", "supplied area is not the sum of its parts",
        "供应面积 {supplied_mu}与三项之和 {parts_mu}相差 {apart_mu}，超过 1 平方米。",
        "请核对现有建设用地、历史批而未供、当年新增三项面积；三项无误的，供应面积应为 {parts_mu}。",
        tables=("land_supply",), columns=_SUPPLY_COLUMNS,
        given=_identity_broken, broken=~_supplied_is_mu & ~_parts_are_mu,
        fields={"supplied_mu": _supplied, "parts_mu": _parts, "apart_mu": (_supplied - _parts).abs()},
        explanation="现有建设用地 + 历史批而未供 + 当年新增 = 供应面积，误差不超过 1 平方米（口径 §5）。",
    ),
    Rule(
        "3302", ERROR, "供应面积疑为亩数（相差 15 倍）", "supplied area looks like mu (15 times its parts)",
        "供应面积 {value}（{unit}）恰为三项之和 {right_own} 的 15 倍，像是亩与公顷混填（1 公顷 = 15 亩）。",
        "按{unit}填报应为 {right_own}，{looks_like}；请核对后重填。",
        tables=("land_supply",), columns=_SUPPLY_COLUMNS,
        given=_identity_broken, broken=_supplied_is_mu, fields={"right_own": _parts},
    ),
    Rule(
        "3303", ERROR, "面积分项疑为亩数（相差 15 倍）", "area parts look like mu (15 times the supplied area)",
        "三项之和 {parts_own}（{unit}）恰为供应面积 {supplied_own} 的 15 倍，像是亩与公顷混填（1 公顷 = 15 亩）。",
        "按{unit}填报三项应为 {existing_own}、{historical_own}、{new_own}，{looks_like}；请核对后重填。",
        tables=("land_supply",), columns=(*_SUPPLY_COLUMNS[1:], _SUPPLY_COLUMNS[0]),
        given=_identity_broken, broken=_parts_are_mu,
        fields={
            "supplied_own": _supplied, "parts_own": _parts, "existing_own": _c("existing_area_mu") / 15,
            "historical_own": _c("historical_unsupplied_area_mu") / 15, "new_own": _c("new_area_mu") / 15,
        },
    ),
    Rule(
        "3304", ERROR, "土地来源大于供应面积", "existing part exceeds the supplied area",
        "土地来源 {existing_mu}大于供应面积 {supplied_mu}，超过 1 平方米。",
        "请核对面积与单位：土地来源为数字时是存量部分的公顷数，不得超过供应面积。",
        tables=("land_supply",), columns=("land_source", "supplied_area_mu"),
        given=_supplied > 0, broken=_c("existing_area_mu") - _supplied > exact(SQUARE_METRE),
        fields={"existing_mu": _c("existing_area_mu"), "supplied_mu": _supplied},
        explanation="土地市场网数据没有其余两项；两项均不小于 0，故存量部分不得大于供应面积（口径 §5）。",
    ),
    Rule(
        "3311", ERROR, "认定日期早于约定动工满一年", "determined idle before one year has passed",
        "认定日期 {day} 早于约定动工日期 {agreed} 满一年之日 {earliest}。",
        "未动工的闲置土地须超过约定动工日期满一年方可认定（《闲置土地处置办法》第二条）；请核对两个日期。",
        tables=("idle_land",), columns=("determination_date", "agreed_start_date", "idle_type"),
        broken=(_c("idle_type") == "未动工") & (_c("determination_date") < _c("agreed_start_date").dt.offset_by("1y")),
        fields={"agreed": _c("agreed_start_date"), "earliest": _c("agreed_start_date").dt.offset_by("1y")},
    ),
    Rule(
        "3312", ERROR, "处置完成日期早于认定日期", "disposed before determined",
        "处置完成日期 {day} 早于认定日期 {determined}。", "请核对两个日期，处置应在认定之后完成。",
        tables=("idle_land",), columns=("disposal_date", "determination_date"),
        broken=_c("disposal_date") < _c("determination_date"), fields={"determined": _c("determination_date")},
    ),
    Rule(
        "3313", ERROR, "处置面积大于闲置面积", "disposed area exceeds idle area",
        "处置面积 {disposed_mu}大于闲置面积 {idle_mu}。", "请核对面积与单位，处置面积不得超过闲置面积。",
        tables=("idle_land",), columns=("disposed_area_mu", "idle_area_mu"),
        broken=_c("disposed_area_mu") > _c("idle_area_mu"),
        fields={"disposed_mu": _c("disposed_area_mu"), "idle_mu": _c("idle_area_mu")},
    ),
    Rule(
        "3314", ERROR, "闲置面积大于供地面积", "idle area exceeds supplied area",
        "闲置面积 {idle_mu}大于供地面积 {supplied_mu}。", "请核对面积与单位，闲置面积不得超过供地面积。",
        tables=("idle_land",), columns=("idle_area_mu", "supplied_area_mu"),
        broken=_c("idle_area_mu") > _c("supplied_area_mu"),
        fields={"idle_mu": _c("idle_area_mu"), "supplied_mu": _c("supplied_area_mu")},
    ),
    # 34xx: warnings on a row
    Rule(
        "3401", WARNING, "电子监管号格式不符", "supervision number malformed",
        "「{label}」的值“{value}”不符合 16 位格式：{deviation}。",
        "应为 6 位区划 + 4 位年份 + A（划拨）或 B（出让）+ 5 位序号，如 3301022026B00012；请核对。",
        each=lambda column: column.name.endswith("supervision_no"),
        broken=lambda column: ~pl.col(column.name).str.contains(r"^[0-9]{10}[AB][0-9]{5}(-[0-9]+)?$"),
    ),
    Rule(
        "3402", WARNING, "电子监管号与供地方式不一致", "supervision number does not fit the supply method",
        "电子监管号“{value}”的字母为 {letter}，与供地方式“{method}”不一致。", "A 为划拨，B 为出让等有偿方式；请核对。",
        tables=("land_supply",), columns=("supervision_no", "supply_method"),
        broken=((_letter == "A") & ~_allocated) | ((_letter == "B") & _allocated),
        fields={"letter": _letter, "method": _c("supply_method")},
    ),
    Rule(
        "3403", WARNING, "工业用地未约定容积率下限", "industrial land without a lower FAR",
        "工业用地未约定容积率下限（空白或 0），不参与平均容积率计算。", "如合同约定了容积率下限，请补填。",
        tables=("land_supply",), columns=("far_lower", "land_use_code", "land_use_system"),
        broken=_industrial & (_c("far_lower").is_null() | (_c("far_lower") == 0)) & _c(problem("far_lower")).is_null(),
    ),
    Rule(
        "3404", WARNING, "土地用途代码与分类体系不符", "land-use code does not fit its system",
        "土地用途代码“{value}”不符合 {system} 的位数。", "{code_hint}",
        tables=("land_supply",), columns=("land_use_code", "land_use_system"), broken=~_code_form,
        fields={"system": _c("land_use_system")},
        explanation="GB/T21010-2007 为 3 位，GB/T21010-2017 为 4 位，用地用海分类2023 为 2、4 或 6 位；"
        "Excel 会丢失前导零。",
    ),
    Rule(
        "3405", WARNING, "完成面积大于图斑面积", "completed area exceeds the patch",
        "完成面积 {completed_mu}大于图斑面积 {patch_mu}。", "请核对两项面积与单位。",
        tables=("inefficient_land",), columns=("completed_area_mu", "patch_area_mu"),
        broken=_c("completed_area_mu") > _c("patch_area_mu"),
        fields={"completed_mu": _c("completed_area_mu"), "patch_mu": _c("patch_area_mu")},
    ),
    Rule(
        "3406", WARNING, "覆盖面积大于居住用地面积", "covered area exceeds residential land",
        "覆盖面积 {covered_mu}大于居住用地面积 {residential_mu}，覆盖率将超过 100%。", "请核对两项面积与单位。",
        tables=("walk_coverage",), columns=("covered_area_mu", "residential_area_mu"),
        broken=_c("covered_area_mu") > _c("residential_area_mu"),
        fields={"covered_mu": _c("covered_area_mu"), "residential_mu": _c("residential_area_mu")},
    ),
    Rule(
        "3407", WARNING, "撤回批文未填撤回文号", "withdrawal without its document number",
        "消化方式为“撤回批文”，但未填撤回文号。", "请补填撤回文号。",
        tables=("unsupplied_digestion",), columns=("withdrawal_no", "digestion_way"),
        broken=(_c("digestion_way") == "撤回批文") & _c("withdrawal_no").is_null(), only=EMPTY,
    ),
    Rule(
        "3408", WARNING, "约定竣工早于约定动工", "agreed completion before agreed start",
        "约定竣工日期 {day} 早于约定动工日期 {start}。", "请核对两个日期。",
        tables=("land_supply",), columns=("agreed_completion_date", "agreed_start_date"),
        broken=_c("agreed_completion_date") < _c("agreed_start_date"), fields={"start": _c("agreed_start_date")},
    ),
    Rule(
        "3409", WARNING, "低效图斑日期先后异常", "dates of the patch out of order",
        "入库、方案批复、竣工日期的先后不合常理（入库 {register}，批复 {plan}，竣工 {completion}）。",
        "请核对；入库或批复晚于完成日期的图斑不计入完成面积。",
        tables=("inefficient_land",), columns=("plan_approval_date", "register_date", "completion_date"),
        broken=(_c("register_date") > _c("plan_approval_date")).fill_null(False)
        | (pl.max_horizontal("register_date", "plan_approval_date") > _c("completion_date")).fill_null(False),
        fields={"register": _c("register_date"), "plan": _c("plan_approval_date"), "completion": _c("completion_date")},
    ),
    Rule(
        "3410", WARNING, "金额为负或 GDP 为 0", "negative amount, or GDP of zero",
        "「{label}」为 {value}（{unit}），通常应大于 0。", "请核对数值与单位。",
        each=lambda column: column.kind is Kind.MONEY and column.least != 0,
        broken=lambda column: pl.col(column.name) == 0 if column.least else pl.col(column.name) < 0,
    ),
    Rule(
        "3411", WARNING, "容积率上限低于下限", "upper FAR below the lower",
        "约定容积率上限 {upper} 低于下限 {lower}。", "请核对上下限是否填反。",
        tables=("land_supply",), columns=("far_upper", "far_lower"),
        broken=(_c("far_upper") != 0) & (_c("far_upper") < _c("far_lower")),
        fields={"upper": _c("far_upper"), "lower": _c("far_lower")},
    ),
    Rule(
        "3412", WARNING, "编号像是被 Excel 当作数字", "a code that Excel took for a number",
        "「{label}」的值“{value}”像是被 Excel 当作数字，末几位可能已经丢失。",
        "请把该列设为文本格式，再按原件重新填写编号。",
        each=lambda column: column.is_code and not column.name.endswith("supervision_no"),
        broken=lambda column: pl.col(column.name).str.contains(_LIKE_NUMBER),
    ),
    Rule(
        "3413", WARNING, "覆盖面积像是比例", "covered area looks like a share",
        "覆盖面积 {covered_mu}还不到居住用地面积 {residential_mu}的 5%，像是把覆盖率填成了面积。",
        "请核对：本列填步行可达的居住用地面积，不填百分比。",
        tables=("walk_coverage",), columns=("covered_area_mu", "residential_area_mu", "facility_class"),
        # All five at once may cover little.
        broken=(_c("facility_class") != WALK_ALL_FIVE)
        & (_c("covered_area_mu") > 0) & (_c("covered_area_mu") * 20 < _c("residential_area_mu")),
        fields={"covered_mu": _c("covered_area_mu"), "residential_mu": _c("residential_area_mu")},
    ),
    # 4xxx: within the table of one file
    Rule(
        "4001", ERROR, "主键重复且内容不同", "key repeated with different content",
        "主键“{key}”在本文件中重复，且内容不同：{others}；不同的列：{columns}。",
        "请只保留正确的一行，删除其余各行后重报。",
        explanation="同一文件内主键相同而内容不同，无法判断以哪一行为准，各行均不入库。",
    ),
    Rule(
        "4002", WARNING, "重复行", "row repeated",
        "本行与{first}内容相同，只计一次。", "请删除重复行。",
        explanation="同一文件内主键与内容都相同的行只计一次。",
    ),
    Rule(
        "4003", WARNING, "步行覆盖 2025 年基期值偏离", "2025 base of walk coverage deviates",
        "{region} 2025 年五类设施平均覆盖率为 {base}%，与由行动方案目标倒推的基期值 {implied}% 相差超过 1 个百分点。",
        "请核对测算范围与方法；确认无误可不修改。",
        tables=("walk_coverage",),
        explanation="由行动方案目标倒推的 2025 年基期值与报送值相差超过 1 个百分点时提醒（口径 §8）。",
    ),
    # 5xxx: across tables, evaluated in the warehouse; `{detail}` are the areas or regions concerned
    Rule(
        "5001", ERROR, "消化的批次未登记", "digestion of an unknown batch",
        "消化记录 {key} 的批文号“{value}”不在批而未供台账中。", "请先报送该批次的台账，或核对批文号。",
        tables=("unsupplied_digestion",), columns=("approval_no",),
    ),
    Rule(
        "5002", ERROR, "消化面积超过批次剩余面积", "digestion exceeds the batch's remaining area",
        "消化记录 {key} 将使批次的剩余面积为负：{detail}。", "请核对消化面积、单位以及该批次此前的消化记录。",
        tables=("unsupplied_digestion",), columns=("digested_area_mu", "approval_no"),
    ),
    Rule(
        "5003", WARNING, "豁免的电子监管号未知", "exemption names an unknown supervision number",
        "豁免清单中的电子监管号“{value}”不在供地结果中。", "请核对电子监管号，或补报该宗供地结果。",
        tables=("far_exemption",), columns=("supervision_no",),
    ),
    Rule(
        "5004", WARNING, "闲置土地的电子监管号未知", "idle case names an unknown supervision number",
        "闲置土地 {key} 的电子监管号“{value}”不在供地结果中。", "请核对电子监管号；供地早于本系统数据的可不处理。",
        tables=("idle_land",), columns=("supervision_no",),
    ),
    Rule(
        "5005", WARNING, "低效图斑的供地电子监管号未知", "patch names an unknown supervision number",
        "图斑 {key} 的供地电子监管号“{value}”不在供地结果中，暂不能确定计入日期。",
        "请核对电子监管号，或补报该宗供地结果。",
        tables=("inefficient_land",), columns=("supply_supervision_no",),
    ),
    Rule(
        "5006", WARNING, "设区市数与所辖县（市、区）合计不符", "city total differs from the sum of its counties",
        "设区市数与所辖县（市、区）合计不符（{key}）：{detail}。",
        "请核对市本级与县（市、区）数据；计算以设区市数为准。",
        tables=("construction_land", "gdp", "annual_task"), columns=("region_code",),
    ),
    Rule(
        "5007", WARNING, "修订改变了所属设区市", "a revision moves the record to another city",
        "记录 {key} 的修订改变了所属设区市：{detail}。", "请确认是区划调整还是代码填错。",
    ),
    Rule(
        "5008", WARNING, "同一宗地代码出现在两个设区市", "parcel code claimed in two cities",
        "宗地代码“{value}”同时出现在两个设区市的记录中，面积只在较早的一处计入。", "请核对宗地代码。",
        columns=("parcel_code",),
    ),
    Rule(
        "5009", WARNING, "步行覆盖 2025 年基期值偏离（多次报送）", "2025 base of walk coverage, from several files, deviates",
        "2025 年五类设施由多次报送拼成，平均覆盖率为 {detail}，相差超过 1 个百分点。",
        "请核对测算范围与方法；确认无误可不修改。",
        tables=("walk_coverage",), columns=("covered_area_mu",),
        explanation="五类在同一文件内的见 4003；分几次报送或更正其中几类的，按合在一起的五类判断（口径 §8）。",
    ),
)  # fmt: skip

BY_NUMBER: dict[str, Rule] = {rule.number: rule for rule in RULES}
