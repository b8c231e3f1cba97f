"""What must hold of the marts of trust: effects that add up, jumps that somebody has explained."""

from __future__ import annotations

from schemas.indicators import FIRST_YEAR, INDICATORS, OWED
from schemas.marts import MARTS
from schemas.submissions import TABLES
from schemas.trust import VALUE_CAUSES, Cause, Due

from .checks import NoRows, OneOf
from .figures import AS_OF, mart_check

_EFFECTS = " + ".join(f"effect_{cause}" for cause in VALUE_CAUSES)

REVISIONS = (
    mart_check(
        "revision", "adds_up",
        NoRows(
            f"SELECT region_code, indicator, year, basis, change, {_EFFECTS} AS effects FROM {{table}}"
            f" WHERE change IS DISTINCT FROM {_EFFECTS}"
        ),
        "变动等于各项原因之和", "the effects add up to the change", "加不起来的归因等于没有说明变动从何而来。",
    ),
    mart_check(
        "revision", "explained",
        NoRows(
            f"SELECT region_code, indicator, year, basis, change, effect_{Cause.OTHER} FROM {{table}}"
            f" WHERE effect_{Cause.OTHER} <> 0"
        ),
        "变动都有原因", "no change is left unexplained", "说不清原因的变动可能是程序缺陷，应先查明。",
    ),
)  # fmt: skip

PLAUSIBILITY = (
    mart_check(
        "plausibility", "jumps_acknowledged",
        NoRows(
            "SELECT region_code, region_name, indicator, year, basis, old_value, new_value, kind, jump, cause"
            " FROM {table} WHERE state = 'open'"
        ),
        "超限跳变都已说明", "every jump beyond limits is acknowledged",
        "与上一发布相比变动过大，多为单位填错或重复报送；确属实情的应有人说明。",
        remedy="用 landstock diff 查看原因和记录；属实的用 landstock acknowledge 说明（署名、理由、有效期），"
        "有误的请报送单位更正",
    ),
    mart_check(
        "plausibility", "acknowledgement_signed",
        NoRows(
            "SELECT region_code, indicator, year, basis, acknowledged_by, reason, expires_on FROM {table}"
            " WHERE state = 'acknowledged' AND (coalesce(trim(acknowledged_by), '') = ''"
            " OR coalesce(trim(reason), '') = '' OR expires_on IS NULL)"
        ),
        "说明有署名、理由和有效期", "an acknowledgement has a name, a reason and an expiry",
        "没有署名和理由的说明不能放行。",
    ),
)  # fmt: skip

DUE = (
    mart_check(
        "submission_due", "complete",
        NoRows(
            f"WITH owed AS (SELECT r.code AS region_code, t.source_table, CAST(y.year AS INTEGER) AS year"
            f" FROM current_region r, (SELECT unnest({list(OWED)}) AS source_table) t,"
            f" (SELECT unnest(range({FIRST_YEAR}, year({AS_OF}) + 1)) AS year) y WHERE r.level = 'city')"
            " SELECT region_code, source_table, year FROM owed ANTI JOIN {table}"
            " USING (region_code, source_table, year)"
        ),
        "各市、各年、应报各表都在清单内", "every city, year and table owed is listed", "漏列的，没有人会去催报。",
    ),
    mart_check(
        "submission_due", "handed_in",
        NoRows(
            "SELECT region_code, source_table, year, region_name, table_label, due_on FROM {table}"
            f" WHERE state = '{Due.MISSING}'"
        ),
        "应报的都已报送", "what is owed has been handed in", "没有报送的表，所涉指标缺值或数据未齐。",
        remedy="请催报；各市应报未报一览：landstock status",
    ),
)  # fmt: skip

DISTRIBUTIONS = (
    mart_check(
        "distribution", "steady",
        NoRows(
            "SELECT region_code, measure, year, region_name, measure_label, records, median, before_median, distance"
            " FROM {table} WHERE state = 'drifted'"
        ),
        "容积率与面积的分布与此前各年相近", "FAR and areas are distributed as in the years before",
        "整批记录变样，多为整份文件填错单位或换了统计范围；逐行核验看不出来。",
        remedy="请报送单位核对该年记录的单位与范围；确属实情可不处理。限值见 schemas/policy/plausibility.toml",
    ),
)  # fmt: skip

_CHECKED = [f"core.{name}" for name in TABLES] + [f"indicator.{code}" for code in INDICATORS]
_CHECKED += [f"mart.{name}" for name in MARTS if name != "quality_check"]

RESULTS = (
    mart_check(
        "quality_check", "critical_passed",
        NoRows(
            "SELECT layer, table_name, check_name, message FROM {table} WHERE severity = 'critical'"
            " AND passed IS DISTINCT FROM true"
        ),
        "必须通过的核验都已通过", "what must pass has passed", "未通过而发布，核验等于没有做。",
    ),
    mart_check(
        "quality_check", "every_table_checked",
        NoRows(
            f"SELECT split_part(name, '.', 1) AS layer, split_part(name, '.', 2) AS table_name, NULL AS check_name"
            f" FROM (SELECT unnest({_CHECKED}) AS name) WHERE name NOT IN"
            " (SELECT concat(layer, '.', table_name) FROM {table})"
        ),
        "每张入库表、每项指标和每张成果表都经过核验", "every table of core, indicator and mart was checked",
        "没有核验结果的表，可能在核验之后才生成。", remedy="请运行整个 nightly，不要单独生成个别成果表后发布。",
    ),
)  # fmt: skip

OBJECTIONS = (
    mart_check(
        "objection", "resolved_with_reason",
        NoRows(
            "SELECT objection_no, on_release, state, resolution FROM {table}"
            " WHERE (state = 'resolved') <> (coalesce(trim(resolution), '') <> '')"
        ),
        "已处理的异议都有处理意见", "a resolved objection says how", "没有处理意见的异议等于没有答复。",
    ),
    mart_check(
        "objection", "listed_state", OneOf("state", values=("open", "resolved")), "异议状态在规定取值内",
        "the state of an objection is listed", "未声明的状态，报告中没有文字说明。",
    ),
)  # fmt: skip
