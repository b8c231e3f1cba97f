"""Words of the pages (页面用语) that no declaration holds: cities, themes and codes in two languages."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from assets.outputs.charts import Words
from schemas.indicators import WORDS
from schemas.marts import MARTS
from schemas.table import UNITS_EN

TITLE: Words = ("浙江省存量空间提质增效监测", "Zhejiang existing-land monitor")

REGIONS_EN = {
    "330000": "Zhejiang", "330100": "Hangzhou", "330200": "Ningbo", "330300": "Wenzhou", "330400": "Jiaxing",
    "330500": "Huzhou", "330600": "Shaoxing", "330700": "Jinhua", "330800": "Quzhou", "330900": "Zhoushan",
    "331000": "Taizhou", "331100": "Lishui",
}  # fmt: skip

#: The plan's annex groups its columns so: name and how many indicators.
THEMES: tuple[tuple[Words, int], ...] = (
    (("存量资源盘活", "Activation of existing land"), 4),
    (("存量结构改善", "Structure of supply"), 2),
    (("空间品质提升", "Quality of space"), 2),
)

UNITS_ZH = {"ratio": "比值"}

BASES: dict[str, Words] = {
    "annual": ("当年", "annual"),
    "period": ("期间", "period"),
    "cumulative": ("累计", "cumulative"),
}
ROLES: dict[str, Words] = {
    "numerator": ("分子", "numerator"),
    "denominator": ("分母", "denominator"),
    "both": ("分子与分母", "both"),
    "excluded": ("剔除", "excluded"),
}
STATES_EN = {"done": "done", "due": "due", "overdue": "overdue", "upcoming": "upcoming", "unconfirmed": "unconfirmed"}
STATUSES_EN = {
    "accepted": "accepted",
    "accepted_with_warnings": "accepted with warnings",
    "partly_accepted": "partly accepted",
    "rejected": "rejected",
}
SEVERITIES_EN = {"error": "error", "warning": "warning"}
PROGRESS: dict[str, tuple[str, str, str]] = {  # English, shape, look (that of a verdict)
    "已完成": ("done", "★", "achieved"),
    "推进中": ("under way", "●", "on_track"),
    "未启动": ("not started", "▼", "far_behind"),
    "未报": ("not reported", "－", "not_reported"),
}
MODES_EN = {
    "空间优化拓地": "spatial consolidation",
    "聚链成群增地": "industrial clustering",
    "低效整治腾地": "clearing low-efficiency land",
    "功能转换盘地": "change of function",
    "三维立体省地": "three-dimensional use",
    "混合利用节地": "mixed use",
    "未填": "not given",
}
MEASURES_EN = {
    "规划引导": "planning guidance",
    "用地支持": "land support",
    "资金保障": "funding",
    "机制模式": "mechanisms",
}
STAGES_EN = {
    "谋划": "planned",
    "在建": "being built",
    "完成": "done",
    "推广": "promoted",
    "申报国家案例": "put forward nationally",
}
ADVICE_EN = {
    "reached_early": "reached early",
    "unreachable": "hard to reach",
    "out_of_line": "out of line with its siblings",
    "undecidable": "undecidable at the input's precision",
}
OBJECTS: dict[str, Words] = {
    "indicator": ("指标", "indicators"),
    "part": ("分项", "parts"),
    "mart": ("成果表", "marts"),
    "column": ("成果表的列", "mart columns"),
    "submission": ("报送表", "submission tables"),
    "submission_column": ("报送表的列", "submission columns"),
    "rule": ("检查规则", "rules"),
    "switch": ("口径开关", "rulebook switches"),
    "rule_value": ("口径取值", "rulebook values"),
    "word": ("结论与缺值用语", "verdicts and absences"),
    "reason": ("剔除原因", "reasons of exclusion"),
}
#: Tables of the released file, as the downloads page describes them.
MART_WORDS: dict[str, Words] = {mart.name: (mart.label, mart.label_en) for mart in MARTS.values()}


def t(zh: object, en: object = None) -> Markup:
    """A text in both languages, of which the page shows one; the same in both, or without English, it stands alone."""
    if en is None or en == zh:
        return escape(zh)
    return Markup(f'<span class="zh">{escape(zh)}</span><span class="en" lang="en">{escape(en)}</span>')


def pair(zh: str, english: dict[str, str]) -> Words:
    """A Chinese word with its English from a table; itself where the table has none."""
    return zh, english.get(zh, zh)


def in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Names in the order of the plan; those that it does not know come last."""
    known = list(order)
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


def unit(name: str) -> Words:
    """A unit in both languages."""
    return UNITS_ZH.get(name, name), UNITS_EN.get(name, name)


def verdict(code: str) -> Words:
    """The word of a verdict or an absence in both languages."""
    return WORDS[code][0], WORDS[code][1]


def content(path: str) -> Words:
    """What a file of the release holds, from its name."""
    if path.startswith("receipts/"):
        return "每份报送文件的回执", "a receipt for every submission"
    name, _, suffix = path.rpartition("/")[2].rpartition(".")
    kinds: dict[str, Words] = {
        "duckdb": ("数据库（全部成果表）", "database with all marts"),
        "json": ("发布清单", "manifest"),
        "xlsx": ("附表工作簿", "workbook"),
        "docx": ("报告（Word）", "report (Word)"),
        "pdf": ("报告（PDF）", "report (PDF)"),
    }
    return MART_WORDS.get(name) or kinds.get(suffix, (suffix, suffix))
