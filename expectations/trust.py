"""What must hold of the marts of trust: effects that add up, jumps that somebody has explained."""

from __future__ import annotations

from schemas import policy
from schemas.trust import VALUE_CAUSES, Cause

from .checks import WARNING, NoRows, OneOf
from .figures import mart_check

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
        severity=WARNING,
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
        severity=policy.plausibility().severity,
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
