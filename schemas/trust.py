"""Words of trust: why a figure moved (变动原因), how far a release is (发布状态), what an objection (异议) can be."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why a figure differs between two releases. The order is that of the decomposition: each effect is what the
    figure moves by when the changes of that cause are made on top of all earlier ones."""

    TIME = "time"
    NEW = "new"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    LINKED = "linked"
    VINTAGE = "vintage"
    BASELINE = "baseline"
    RULE = "rule"
    TARGET = "target"  # moves verdicts, never a value
    RANKING = "ranking"  # moves ranks alone: other cities moved
    OTHER = "other"


#: label zh, label en, what it means.
CAUSES: dict[Cause, tuple[str, str, str]] = {
    Cause.TIME: ("时间推移", "passage of time", "早已报送、事件日期此时才到的记录；期末随截止日后移"),
    Cause.NEW: ("新增记录", "new records", "上一发布之后报送的新记录"),
    Cause.CHANGED: ("更正记录", "changed records", "同一主键以后报的为准；不再计入而未撤销的也在此"),
    Cause.CANCELLED: ("撤销记录", "cancelled records", "状态改为解除或撤销"),
    Cause.LINKED: ("关联变化", "linked records", "记录未变，所依的宗地、批次、豁免或供地记录变了"),
    Cause.VINTAGE: ("数据版本", "vintage", "GDP、变更调查的修订"),
    Cause.BASELINE: ("基期", "baseline", "对比年份的用地修订"),
    Cause.RULE: ("口径", "rule", "口径版本或开关不同"),
    Cause.TARGET: ("目标", "target", "目标版本不同，只影响结论"),
    Cause.RANKING: ("相对位次", "ranking", "本地未变，其他市变了"),
    Cause.OTHER: ("未能归因", "unexplained", "按台账归因后的余数；不为 0 即为缺陷"),
}
#: Causes that can move a value, in the order of the decomposition.
VALUE_CAUSES = tuple(cause for cause in Cause if cause not in (Cause.TARGET, Cause.RANKING))


class Due(StrEnum):
    """How it stands with a table that a city owes for a year (报送完整性)."""

    ACCEPTED = "accepted"
    PARTLY = "partly_accepted"
    REJECTED = "rejected"
    BY_PROVINCE = "by_province"
    MISSING = "missing"
    NOT_DUE = "not_due"


#: label zh, label en
DUE_WORDS: dict[Due, tuple[str, str]] = {
    Due.ACCEPTED: ("已报", "reported"),
    Due.PARTLY: ("部分接受，待更正", "partly accepted"),
    Due.REJECTED: ("已退回，待重报", "rejected"),
    Due.BY_PROVINCE: ("由省级文件报送", "in a file of the province"),
    Due.MISSING: ("应报未报", "missing"),
    Due.NOT_DUE: ("未到期", "not due"),
}


class State(StrEnum):
    """How far a release is (发布状态); only forward."""

    DRAFT = "草稿"
    NOTICE = "公示"
    FINAL = "定稿"


STATES = tuple(State)
STATE_WORDS = {State.DRAFT: "draft", State.NOTICE: "public notice", State.FINAL: "final"}
