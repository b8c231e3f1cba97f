"""What a file's name says of who hands it in, held against its rows (文件名与各行的行政区、年份)."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from assets.reading.source import Finding, Reading
from schemas.policy import Regions
from schemas.rules import BY_NUMBER

from .facts import submitting_region
from .wording import Located, file_finding

OUTSIDE = "3204"
#: The others may report an earlier year: final figures, the base of 2025, parks after their year.
_OF_THEIR_YEAR = ("annual_task", "task_progress")
NEARLY_ALL, SEVERAL = 0.9, 3  # of the rows; a row or two are as likely wrong themselves


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Where nearly all rows of a file lie, if not in the region of its name."""

    rows: int = 0
    place: str = ""  # "330100 杭州市"
    rename: str = ""  # "为“供地结果_330100_2026.xlsx”"


def file_name_findings(reading: Reading, rows: pl.DataFrame, located: list[Located], regions: Regions) -> list[Finding]:
    """That the name's code is of no city or province, and that nearly all rows lie outside of its region."""
    submitter = submitting_region(reading, regions)
    if not submitter:
        return []
    level, elsewhere = submitter.get("level"), _elsewhere(reading, rows, located, regions)
    found = []
    if level not in ("city", "province"):
        found.append(_no_submitter(submitter, elsewhere, regions))
    if level and elsewhere.rows:
        name = f"{submitter['code']} {submitter['name']}"
        words = {"file_region": name, "rows": str(rows.height), "outside": str(elsewhere.rows)}
        found.append(file_finding(BY_NUMBER["3209"], place=elsewhere.place, rename=elsewhere.rename, **words))
    return found


def year_findings(reading: Reading, rows: pl.DataFrame) -> list[Finding]:
    """That no row is of the year that the file's name says, in tables that look at one year at a time."""
    table, named = reading.table, reading.file.year
    if table is None or named is None or table.name not in _OF_THEIR_YEAR:
        return []
    years = rows["year"].drop_nulls().unique().sort().to_list()
    if not years or named in years:
        return []
    return [file_finding(BY_NUMBER["3210"], file_year=str(named), years="、".join(map(str, years)))]


def _no_submitter(submitter: dict[str, str | None], elsewhere: _Elsewhere, regions: Regions) -> Finding:
    code = submitter["code"]
    if city := submitter.get("city_code"):
        treated = f"本次按所属设区市 {city} {regions.name(city)} 处理。"
        return file_finding(
            BY_NUMBER["3207"], file_region=code, region=f"（{submitter['name']}）", rename="", treated=treated
        )
    treated = f"各行的行政区属于{elsewhere.place}；" if elsewhere.rows else ""
    treated += "本次无法判断报送单位，各行均不能通过。"
    return file_finding(BY_NUMBER["3207"], file_region=code, region=" ", rename=elsewhere.rename, treated=treated)


def _elsewhere(reading: Reading, rows: pl.DataFrame, located: list[Located], regions: Regions) -> _Elsewhere:
    outside = [each.row for each in located if each.finding.rule == OUTSIDE]
    if len(outside) < max(SEVERAL, NEARLY_ALL * rows.height):
        return _Elsewhere()
    cities = rows[outside].select(pl.coalesce("region_city", "region_code")).to_series().value_counts(sort=True)
    code, count = cities.row(0)
    if count < NEARLY_ALL * len(outside):
        return _Elsewhere(len(outside), f"其他 {cities.height} 个设区市")
    name = reading.file.name.replace(reading.file.region_code, code, 1)
    rename = f"为“{name}”" if name != reading.file.name else ""
    return _Elsewhere(len(outside), f" {code} {regions.name(code)}", rename)
