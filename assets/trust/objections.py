"""Objections (异议) raised while a release is in public notice, and what became of them: HOME/objections.jsonl."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from assets.home import Home
from assets.trust import journal
from assets.trust.journal import Refused

OPEN, RESOLVED = "open", "resolved"


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection to one city's figure of a year; a resolution closes it and never removes it."""

    objection_no: int
    on_release: str
    region_code: str
    indicator: str
    year: int
    text: str
    raised_by: str
    raised_on: date
    state: str = OPEN
    resolution: str | None = None
    resolved_by: str | None = None
    resolved_on: date | None = None


def known(home: Home, as_of: date | None = None) -> list[Objection]:
    """All objections as they stood at the end of a day (default: now), by number."""
    return fold(journal.read(home, journal.OBJECTIONS), as_of)


def fold(lines: list[journal.Line], as_of: date | None = None) -> list[Objection]:
    """Journal lines → objections. Pure."""
    found: dict[int, Objection] = {}
    for line in lines:
        day = datetime.fromisoformat(line["at"]).date()
        if as_of is not None and day > as_of:
            continue
        number = line["objection_no"]
        if line["event"] == "raised":
            place = {name: line[name] for name in ("on_release", "region_code", "indicator", "year", "text")}
            found[number] = Objection(number, **place, raised_by=line["by"], raised_on=day)
        else:
            closed = {"resolution": line["text"], "resolved_by": line["by"], "resolved_on": day}
            found[number] = replace(found[number], state=RESOLVED, **closed)
    return list(found.values())


def about(found: list[Objection], region_code: str, indicator: str, year: int) -> list[Objection]:
    """Those against one figure."""
    wanted = (region_code, indicator, year)
    return [each for each in found if (each.region_code, each.indicator, each.year) == wanted]


def raise_(
    home: Home, on_release: str, region_code: str, indicator: str, year: int, text: str, by: str, at: datetime
) -> Objection:
    """Record an objection under the next number. The caller has seen to it that the release is in public notice."""

    def compose(lines: list[journal.Line]) -> journal.Line:
        return {
            "event": "raised", "objection_no": max((x["objection_no"] for x in lines), default=0) + 1,
            "at": at.isoformat(timespec="seconds"), "by": by, "on_release": on_release, "region_code": region_code,
            "indicator": indicator, "year": year, "text": text,
        }  # fmt: skip

    return fold([journal.append(home, journal.OBJECTIONS, compose)])[0]


def resolve(home: Home, number: int, text: str, by: str, at: datetime) -> Objection:
    """Close an objection. Raises Refused for one that is unknown or closed already."""

    def compose(lines: list[journal.Line]) -> journal.Line:
        found = {each.objection_no: each for each in fold(lines)}
        if number not in found:
            some = "、".join(map(str, found)) or "（还没有）", ", ".join(map(str, found)) or "none yet"
            raise Refused(f"没有异议 {number}。现有编号：{some[0]}", f"no objection {number}; there are: {some[1]}")
        if found[number].state == RESOLVED:
            raise Refused(
                f"异议 {number} 已于 {found[number].resolved_on} 由 {found[number].resolved_by} 处理",
                f"objection {number} was resolved by {found[number].resolved_by} on {found[number].resolved_on}",
            )
        return {
            "event": "resolved", "objection_no": number, "at": at.isoformat(timespec="seconds"), "by": by, "text": text
        }  # fmt: skip

    journal.append(home, journal.OBJECTIONS, compose)
    return next(each for each in known(home) if each.objection_no == number)
