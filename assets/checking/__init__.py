"""Checking (核验): from rows of text to typed rows and numbered findings. Pure: no disk, no clock.

The rules are data in `schemas/rules.py`; here they are applied: convert, add facts, find the broken rows, say so.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from assets.reading.source import Checked, Finding, Reading
from schemas.policy import Regions, rulebook
from schemas.rules import BY_NUMBER, ERROR, checks
from schemas.submissions import LAND_SUPPLY
from schemas.table import PROVENANCE, Table

from . import landchina
from .facts import KEY, LANDCHINA, submitting_region, typed_rows, with_facts
from .within import repeats, walk_base
from .wording import Located, Wording, file_finding

__all__ = ["check"]


def check(reading: Reading, regions: Regions, received_on: date) -> Checked:
    """The rows of a file, typed and judged by every row rule; bad rows are quarantined, good ones go on.

    Every data row is accepted, quarantined or a repeat: accepted + rows_quarantined + rows_repeated = Σ block rows.
    A file that was rejected as a whole (`reading.fatal`, or no table) is not looked into: none of its rows is accepted.
    """
    table = landchina.TABLE if reading.profile == LANDCHINA else reading.table
    data_rows = sum(block.rows.height for block in reading.blocks)
    if table is None or reading.fatal or not reading.blocks:
        return Checked(reading, _empty(reading.table), list(reading.findings), data_rows, 0)

    rows = typed_rows(reading, table, regions)
    rows = with_facts(rows, table, reading, regions, received_on).with_row_index("index")
    wording = Wording(reading, rows)
    located = _broken_rules(rows, table, wording)

    quarantined = _marked(rows.height, [each.row for each in located if each.finding.severity == ERROR])
    repeated = repeats(rows, reading.table or LAND_SUPPLY, quarantined, reading, wording)
    quarantined = quarantined | _marked(rows.height, repeated.conflicts)
    again = _marked(rows.height, repeated.again)

    accepted = _stored(rows.filter(~quarantined & ~again), reading)
    located = sorted([*located, *repeated.findings], key=lambda each: (each.row, each.finding.rule))
    findings = [*reading.findings, *_about_the_file(reading, regions), *(each.finding for each in located)]
    if table.name == "walk_coverage":
        findings += walk_base(accepted, regions, rulebook(received_on))
    return Checked(reading, accepted, findings, int(quarantined.sum()), int(again.sum()))


def _broken_rules(rows: pl.DataFrame, table: Table, wording: Wording) -> list[Located]:
    """All predicates in one pass; words only for the rows that break one."""
    bound = checks(table)
    flags = rows.select(check.broken.fill_null(False).alias(str(number)) for number, check in enumerate(bound))
    found: list[Located] = []
    for check_, flag in zip(bound, flags.get_columns(), strict=True):
        if flag.any():
            found += wording.findings(check_, flag.arg_true())
    return found


def _marked(height: int, indices: list[int]) -> pl.Series:
    marks = pl.zeros(height, pl.Boolean, eager=True)
    return marks.scatter(sorted(set(indices)), True) if indices else marks


def _about_the_file(reading: Reading, regions: Regions) -> list[Finding]:
    submitter = submitting_region(reading, regions)
    if not submitter or submitter.get("level") in ("city", "province"):
        return []
    city = submitter.get("city_code")
    region, treated = "", "本次无法判断报送单位，各行均不能通过。"
    if city:
        region, treated = f"（{submitter['name']}）", f"本次按所属设区市 {city} {regions.name(city)} 处理。"
    return [file_finding(BY_NUMBER["3207"], file_region=submitter["code"], region=region, treated=treated)]


def _stored(rows: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    schema = (reading.table or LAND_SUPPLY).stored
    columns = [pl.col(name).cast(dtype) for name, dtype in schema.items()]
    return rows.select(*columns, KEY, "sheet", "row_number", profile=pl.lit(reading.profile))


def _empty(table: Table | None) -> pl.DataFrame:
    stored = table.stored if table else {}
    place = {name: PROVENANCE[name] for name in (KEY, "sheet", "row_number", "profile")}
    return pl.DataFrame(schema={**stored, **place})
