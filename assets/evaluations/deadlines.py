"""The plan's deadlines (时间安排) as of a day: done, ahead, near, overdue, or passed without data to show it."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from schemas.policy import Deadline

DONE, UPCOMING, DUE, OVERDUE, UNCONFIRMED = "done", "upcoming", "due", "overdue", "unconfirmed"
LABELS = {DONE: "已完成", UPCOMING: "未到期", DUE: "即将到期", OVERDUE: "已逾期", UNCONFIRMED: "已到期，待确认"}
#: A deadline is near (即将到期) this many days before it.
NEAR = timedelta(days=30)
#: Deadlines of the cities: each city has to meet them. The others are the province's own.
OF_CITIES = "各设区市"
#: What shows that a deadline was met; the mid-term and the final evaluation leave no trace in submissions.
EVIDENCE = {
    "annual_plan": "已报送当年「年度任务」中盘活或低效用地再开发的计划",
    "annual_summary": "已报送当年第四季度「任务台账」",
}

_TEXTS = ("name", "label", "label_en", "region_code", "responsible", "state", "state_label", "evidence", "source")
SCHEMA = {name: pl.String() for name in _TEXTS} | {"due_date": pl.Date()}


def deadlines(
    plan: list[Deadline], cities: list[str], province: str, done: set[tuple[str, int, str]], as_of: date
) -> pl.DataFrame:
    """One row per deadline and region that has to meet it.

    `done`: (name, year, region_code) for which there is evidence as of the day.
    """
    rows = []
    for item in plan:
        for region in cities if item.responsible == OF_CITIES else [province]:
            state = state_of(item, (item.name, item.due.year, region) in done, as_of)
            rows.append(
                {
                    "name": item.name, "label": item.label, "label_en": item.label_en, "due_date": item.due,
                    "region_code": region, "responsible": item.responsible, "state": state,
                    "state_label": LABELS[state], "evidence": EVIDENCE.get(item.name) if state == DONE else None,
                    "source": item.source,
                }
            )  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA)


def state_of(item: Deadline, done: bool, as_of: date) -> str:
    """A deadline whose completion no submission can show is never called overdue."""
    if done:
        return DONE
    if as_of > item.due:
        return OVERDUE if item.name in EVIDENCE else UNCONFIRMED
    return DUE if item.due - as_of <= NEAR else UPCOMING
