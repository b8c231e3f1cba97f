"""What must hold in the marts (成果表) before a release: the last gate, seen from the tables that evaluators query.

Every declared mart gets the checks of its grain and its numbers; the rest is per mart, the figures in `figures`.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.indicators import HORIZONS, INDICATORS, Absence, Basis, DataState
from schemas.marts import DOUBLE, MARTS, Mart
from schemas.trust import Due

from . import assessments, figures, trust
from .checks import CRITICAL, INFO, WARNING, Between, Check, Matches, NoRows, NotNull, OneOf, listed, quoted, repeated
from .figures import mart_check

#: Key columns that may be empty: rows common to all bases; patches that are not completed have no year.
NULLABLE_KEYS = {("contribution", "basis"), ("contribution", "year")}
SEVERITIES = ("error", "warning")
STATUSES = ("accepted", "accepted_with_warnings", "partly_accepted", "rejected")
RELEASE_FACTS = ("release_id", "as_of", "rule_version", "target_version", "contract_version", "made_at")
#: The plan's totals for the province (行动方案 二（一）), 亩: what the cities' targets of its two tables add up to.
PLAN_TOTALS = {
    ("activated_stock_land", 2027): 300_000, ("activated_stock_land", 2030): 600_000,
    ("redeveloped_inefficient_land", 2027): 150_000, ("redeveloped_inefficient_land", 2030): 300_000,
}  # fmt: skip

#: What a column of this name may hold, in every mart; null is another check's business.
_WORDS: dict[str, tuple] = {
    "indicator": tuple(INDICATORS),
    "basis": tuple(map(str, Basis)),
    "absence": tuple(map(str, Absence)),
    "data_state": tuple(map(str, DataState)),
    "region_level": ("province", "city", "county"),
    "horizon": HORIZONS,
}
#: The same for one column of one mart.
_OWN_WORDS: dict[tuple[str, str], tuple] = {
    ("target", "operator"): (">=", "="),
    ("target", "kind"): ("level", "relative_rise"),
    ("quality_finding", "severity"): SEVERITIES,
    ("contribution", "role"): ("numerator", "denominator", "both", "excluded"),
    ("submission_due", "state"): tuple(map(str, Due)),
    ("distribution", "state"): ("steady", "drifted", "too_few"),
    ("quality_check", "severity"): (CRITICAL, WARNING, INFO),
}


def checks(mart: Mart) -> list[Check]:
    """All checks of one mart."""
    return [*_declared(mart), *_OF_MART.get(mart.name, ())]


def _declared(mart: Mart) -> Iterator[Check]:
    """What follows from the declaration alone: a unique grain, named rows, finite numbers, listed words."""
    key = ", ".join(f'"{name}"' for name in mart.key)
    yield mart_check(
        mart.name, "grain", NoRows(repeated(mart.key)), f"{mart.label}的粒度唯一", f"one row per {mart.grain}",
        "同一粒度有两行，合计会重复，查询会随机取一行。",
    )  # fmt: skip
    given = [name for name in mart.key if (mart.name, name) not in NULLABLE_KEYS]
    nameless = " OR ".join(f'"{name}" IS NULL' for name in given)
    yield mart_check(
        mart.name, "key_given", NoRows(f"SELECT {key} FROM {{table}} WHERE {nameless}"), f"{mart.label}的键列均有值",
        f"the key of {mart.name} is given", "没有键的行查不到，也不会出现在任何分组里。",
    )  # fmt: skip
    doubles = [column.name for column in mart.columns if column.type == DOUBLE]
    if doubles:
        broken = " OR ".join(f'NOT isfinite("{name}")' for name in doubles)
        shown = ", ".join(f'"{name}"' for name in dict.fromkeys((*mart.key, *doubles)))
        yield mart_check(
            mart.name, "finite", NoRows(f"SELECT {shown} FROM {{table}} WHERE {broken}"),
            f"{mart.label}的数值均为有限数",
            f"no NaN, no infinity in {mart.name}", "NaN 或无穷大来自除以零；缺值应为空并写明缺值原因。",
        )  # fmt: skip
    words = {name: found for name in mart.names if (found := _WORDS.get(name) or _OWN_WORDS.get((mart.name, name)))}
    if words:
        faults = {name: f'"{name}" NOT IN {listed(values)}' for name, values in words.items()}
        named = ", ".join(f"CASE WHEN {fault} THEN '{name}' END" for name, fault in faults.items())
        yield mart_check(
            mart.name, "words",
            NoRows(
                f"SELECT {key}, concat_ws('、', {named}) AS columns FROM {{table}} WHERE {' OR '.join(faults.values())}"
            ),
            f"{mart.label}的分类取值在规定范围内", f"coded values of {mart.name} are listed ones",
            "未声明的取值，查询与报告都不认识。",
        )  # fmt: skip


# --- Targets ---------------------------------------------------------------------------------------------------------

_totals = ", ".join(f"({quoted(indicator)}, {horizon}, {area})" for (indicator, horizon), area in PLAN_TOTALS.items())

_TARGETS = (
    mart_check(
        "target", "value_given", NotNull("value"), "每个目标都有数值", "every target has a value",
        "没有数值的目标无法评价。",
    ),
    figures.unit_check("target"),
    mart_check(
        "target", "cities_sum_to_province",
        NoRows(
            "SELECT p.region_code, p.indicator, p.horizon, p.target_version, p.value, sum(c.value) AS cities"
            " FROM {table} p"
            " LEFT JOIN {table} c ON c.region_level = 'city' AND left(c.region_code, 2) = left(p.region_code, 2)"
            " AND (c.indicator, c.horizon, c.target_version) = (p.indicator, p.horizon, p.target_version)"
            " WHERE p.region_level = 'province'"
            f" AND p.indicator IN {listed(dict.fromkeys(indicator for indicator, _ in PLAN_TOTALS))}"
            " GROUP BY ALL HAVING coalesce(sum(c.value), 0) <> p.value"
        ),
        "各市面积目标之和等于全省目标", "the cities' area targets add up to the province's",
        "行动方案两张表的各市面积目标之和恰为全省目标。",
    ),
    mart_check(
        "target", "plan_totals",
        NoRows(
            "SELECT t.region_code, t.indicator, t.horizon, t.target_version, t.value, p.area AS plan FROM {table} t"
            f" JOIN (VALUES {_totals}) p(indicator, horizon, area) USING (indicator, horizon)"
            " WHERE t.region_code = '330000' AND t.target_version = '2025.1' AND t.value <> p.area"
        ),
        "全省面积目标与行动方案一致", "the province's area targets are the plan's",
        "行动方案：盘活 30 万亩、60 万亩，低效再开发 15 万亩、30 万亩。",
    ),
    mart_check(
        "target", "complete",
        NoRows(
            "WITH wanted AS (SELECT DISTINCT region_code, target_version FROM {table}),"
            f" cell AS (SELECT * FROM (SELECT unnest({list(INDICATORS)}) AS indicator),"
            f" (SELECT unnest({list(HORIZONS)}) AS horizon))"
            " SELECT w.region_code, c.indicator, c.horizon, w.target_version FROM wanted w CROSS JOIN cell c"
            " ANTI JOIN {table} t USING (region_code, indicator, horizon, target_version)"
        ),
        "有目标的地区八项指标、两个目标年齐全", "a region with targets has all eight, for both horizons",
        "缺少的目标不会被评价，也不会有人发现。",
    ),
)  # fmt: skip

# --- The ledger ------------------------------------------------------------------------------------------------------

_EVENT_INDICATORS = tuple(INDICATORS)[:6]

_CONTRIBUTIONS = (
    mart_check(
        "contribution", "amount_given", NotNull("amount"), "每条贡献都有计入数", "every contribution has an amount",
        "空值不参与合计，等于悄悄少计一条。",
    ),
    figures.unit_check("contribution", "part_unit"),
    mart_check(
        "contribution", "excluded_has_reason", NotNull("reason", ("role", "excluded")), "剔除的记录写明原因",
        "an excluded record says why", "不计入的记录必须说明原因，否则等于漏计。",
    ),
    mart_check(
        "contribution", "listed_reason", OneOf("reason", values=figures.REASON_CODES), "原因在规定取值内",
        "reason is one of its values", "未声明的原因，报告中没有文字说明。",
    ),
    mart_check(
        "contribution", "year_of_event",
        NoRows(
            "SELECT indicator, region_code, source_table, record_key, role, event_date, year FROM {table}"
            f" WHERE indicator IN {listed(_EVENT_INDICATORS)} AND year(event_date) IS DISTINCT FROM year"
            " AND event_date IS NOT NULL"
        ),
        "事件的年份与日期一致", "the year of an event is its date's", "年份与日期不一致，会计入错误的年度。",
    ),
    mart_check(
        "contribution", "not_after_as_of",
        NoRows(
            "SELECT indicator, region_code, source_table, record_key, role, event_date FROM {table}"
            f" WHERE role <> 'excluded' AND event_date > {figures.AS_OF}"
        ),
        "计入的事件不晚于数据截止日", "no event that counts is after the as-of day",
        "数据截止日之后的事件尚未发生，不得计入。",
    ),
    mart_check(
        "contribution", "in_its_city",
        NoRows(
            "SELECT indicator, region_code, city_code, source_table, record_key FROM {table} c"
            " WHERE city_code IS NOT NULL"
            " AND NOT EXISTS (FROM current_region r WHERE r.code = c.city_code AND r.level = 'city')"
        ),
        "所属市是现行设区市", "the city of a contribution is a city in force", "归不到设区市的记录不会计入任何市。",
    ),
    mart_check(
        "contribution", "claim_known",
        NoRows(
            "SELECT c.indicator, c.region_code, c.source_table, c.record_key, c.claimed_by FROM {table} c"
            " WHERE c.claimed_by IS NOT NULL AND NOT EXISTS (FROM {table} e"
            " WHERE e.indicator = c.indicator AND concat(e.source_table, ':', e.record_key) = c.claimed_by)"
        ),
        "「已由何者计入」指向台账中的事件", "claimed_by names an event of the ledger",
        "指不到事件，就无法核对面积为何不再计。",
    ),
    mart_check(
        "contribution", "has_figure",
        NoRows(
            "SELECT c.indicator, c.region_code, c.city_code, c.year, c.source_table, c.record_key FROM {table} c"
            " WHERE c.role <> 'excluded' AND c.year BETWEEN 2025 AND year(" + figures.AS_OF + ")"
            " AND NOT EXISTS (FROM mart.indicator_value v WHERE v.indicator = c.indicator AND v.year = c.year"
            " AND v.region_code = coalesce(c.city_code, c.region_code))"
        ),
        "计入的记录都有对应的指标值", "every contribution belongs to a figure", "没有指标值与之对应的记录等于丢失。",
    ),
    mart_check(
        "contribution", "traceable",
        NoRows(
            "SELECT indicator, region_code, source_table, record_key, role FROM {table}"
            " WHERE file_name IS NULL OR file_sha256 IS NULL OR row_number IS NULL"
        ),
        "每条贡献可追溯到文件和行", "every contribution names its file and row", "追溯不到文件的数字无法核对。",
    ),
)  # fmt: skip

# --- Receipts and findings -------------------------------------------------------------------------------------------

_SUBMISSIONS = (
    mart_check(
        "submission", "lines_add_up",
        NoRows(
            "SELECT receipt_no, file_name, lines, rows_loaded, rows_quarantined, lines_skipped FROM {table}"
            " WHERE lines IS DISTINCT FROM rows_loaded + rows_quarantined + lines_skipped"
            " OR least(lines, rows_loaded, rows_quarantined, lines_skipped) < 0"
        ),
        "行数 = 入库 + 隔离 + 跳过", "lines = loaded + quarantined + skipped", "对不上的行就是丢失的行。",
    ),
    mart_check(
        "submission", "listed_status", OneOf("status", values=STATUSES), "回执结论在规定取值内",
        "status is one of its values",
        "未声明的结论，报告中没有文字说明。",
    ),
    mart_check(
        "submission", "sha256", Matches("file_sha256", regex="^[0-9a-f]{64}$"), "文件指纹是 SHA-256",
        "file_sha256 is a SHA-256",
        "指纹不完整就无法证明数字出自哪份文件。",
    ),
    mart_check(
        "submission", "rejected_loads_nothing", Between("rows_loaded", ("status", "rejected"), high=0),
        "整份退回的文件没有入库行",
        "a rejected file loads no row", "退回的文件不得有任何行参与计算。",
    ),
    mart_check(
        "submission", "quarantine_explained",
        NoRows(
            "SELECT s.receipt_no, s.file_name, s.rows_quarantined FROM {table} s WHERE s.rows_quarantined > 0"
            " AND NOT EXISTS (FROM mart.quality_finding f WHERE f.receipt_no = s.receipt_no AND f.severity = 'error')"
        ),
        "隔离的行都说明了问题", "quarantined rows are explained", "退回而不说明原因，报送单位无法更正。",
    ),
)  # fmt: skip

_FINDINGS = (
    mart_check(
        "quality_finding", "belongs_to_submission",
        NoRows(
            "SELECT finding_no, receipt_no, file_name, rule FROM {table} f WHERE NOT EXISTS"
            " (FROM mart.submission s WHERE s.receipt_no = f.receipt_no)"
        ),
        "问题都属于某份回执", "every finding belongs to a receipt", "找不到回执的问题无法退给报送单位。",
    ),
    mart_check(
        "quality_finding", "quarantined_by_error", OneOf("severity", ("quarantined", "true"), ("error",)),
        "只有错误才隔离", "only an error quarantines", "提醒不得使记录退出计算。",
    ),
    mart_check(
        "quality_finding", "rule_number", Matches("rule", regex="^[1-5][0-9]{3}$"), "规则编号为四位数",
        "a rule has four digits", "编号不明的规则查不到依据。",
    ),
    mart_check(
        "quality_finding", "says_what_to_do",
        NoRows(
            "SELECT finding_no, file_name, rule, message, suggestion FROM {table}"
            " WHERE coalesce(trim(message), '') = '' OR coalesce(trim(suggestion), '') = ''"
        ),
        "每个问题都说明情况和建议", "every finding says what is wrong and what to do",
        "没有说明的问题，报送单位无从更正。",
    ),
)  # fmt: skip

# --- Dictionary and release ------------------------------------------------------------------------------------------

_columns = [f"{mart.name}.{name}" for mart in MARTS.values() for name in mart.names]

_DICTIONARY = (
    mart_check(
        "data_dictionary", "covers_marts",
        NoRows(
            f"SELECT name FROM (SELECT unnest({_columns}) AS name) ANTI JOIN"
            " (SELECT name FROM {table} WHERE object = 'column' AND coalesce(label, '') <> '') USING (name)"
        ),
        "数据字典覆盖全部成果列", "the dictionary covers every mart column", "查不到说明的列，使用者只能猜。",
        keys=("name",),
    ),
)  # fmt: skip

_RELEASE = (
    mart_check(
        "release_info", "facts_given",
        NoRows(
            f"SELECT name FROM (SELECT unnest({list(RELEASE_FACTS)}) AS name) ANTI JOIN"
            " (SELECT name FROM {table} WHERE coalesce(trim(value), '') <> '') USING (name)"
        ),
        "发布信息齐全", "the release names its versions and times", "没有版本与截止日的数字无法复核。",
    ),
)  # fmt: skip

_OF_MART: dict[str, tuple[Check, ...]] = {
    "indicator_value": figures.VALUES,
    "indicator_history": figures.HISTORY,
    "indicator_part": figures.PARTS,
    "target": _TARGETS,
    "contribution": _CONTRIBUTIONS,
    "assessment": assessments.CHECKS,
    "submission": _SUBMISSIONS,
    "quality_finding": _FINDINGS,
    "data_dictionary": _DICTIONARY,
    "release_info": _RELEASE,
    "revision": trust.REVISIONS,
    "plausibility": trust.PLAUSIBILITY,
    "objection": trust.OBJECTIONS,
    "submission_due": trust.DUE,
    "distribution": trust.DISTRIBUTIONS,
    "quality_check": trust.RESULTS,
}

SUITE: dict[str, list[Check]] = {name: checks(mart) for name, mart in MARTS.items()}
