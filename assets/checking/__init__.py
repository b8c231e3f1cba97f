"""Checking (核验): from rows of text to typed rows and numbered findings. Pure: no disk, no clock.

The rules are data in `schemas/rules.py`; here they are applied: convert, add facts, find the broken rows, say so.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from assets.reading.source import Checked, Reading
from schemas.dtypes import PROVENANCE
from schemas.policy import Regions, rulebook
from schemas.rules import EMPTY, ERROR, UNREAD, WARNING, Check, checks, problem
from schemas.submissions import LAND_SUPPLY
from schemas.table import Kind, Table

from . import landchina
from .facts import KEY, LANDCHINA, typed_rows, with_facts
from .named import file_name_findings, year_findings
from .within import repeats, walk_base
from .wording import Located, Wording

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
    rows = with_facts(rows, table, reading, regions, received_on)
    wording = Wording(reading, rows, regions)
    located = _broken_rules(rows, table, wording)

    quarantined = {each.row for each in located if each.finding.severity == ERROR}
    repeated = repeats(rows, reading.table or LAND_SUPPLY, quarantined, reading, wording)
    quarantined.update(repeated.conflicts)

    accepted = _stored(rows, reading.table or LAND_SUPPLY, quarantined.union(repeated.again))
    located = sorted([*located, *repeated.findings], key=lambda each: (each.row, each.finding.rule))
    about_the_file = [*file_name_findings(reading, rows, located, regions), *year_findings(reading, rows)]
    findings = [*reading.findings, *about_the_file, *(each.finding for each in located)]
    if table.name == "walk_coverage":
        findings += walk_base(accepted, regions, rulebook(received_on))
    return Checked(reading, accepted, findings, len(quarantined), len(repeated.again))


def _broken_rules(rows: pl.DataFrame, table: Table, wording: Wording) -> list[Located]:
    """All predicates that share a condition in one pass; words only for the rows that break one."""
    by_condition: dict[int, list[Check]] = {}
    for each in checks(table):
        if _possible(each, rows):
            by_condition.setdefault(id(each.rule.given), []).append(each)
    found: list[Located] = []
    for group in by_condition.values():
        given = group[0].rule.given
        asked = rows if given is None else rows.filter(given)
        flags = asked.select(each.broken.alias(str(number)) for number, each in enumerate(group))
        for each, flag in zip(group, flags.get_columns(), strict=True):
            if flag.any():
                of_file = each.rule.severity == WARNING and wording.is_absent(each.column)
                say = wording.once if of_file else wording.findings
                found += say(each, asked["index"].filter(flag))
    return found


def _possible(each: Check, rows: pl.DataFrame) -> bool:
    """Whether the file has a cell that could break the rule."""
    if each.rule.only == EMPTY:
        return rows[each.column.name].null_count() > 0
    if each.rule.only != UNREAD or each.column.kind is Kind.TEXT:  # texts have no problems of their own
        return True
    return rows[problem(each.column.name)].null_count() < rows.height


_ORIGIN = (KEY, "sheet", "row_number", "profile")


def _stored(rows: pl.DataFrame, table: Table, left_out: set[int]) -> pl.DataFrame:
    accepted = rows.select(*table.stored, *_ORIGIN)
    if not left_out:
        return accepted
    indices = rows["index"]
    return accepted.filter(~indices.is_in(pl.Series(sorted(left_out), dtype=indices.dtype).implode()))


def _empty(table: Table | None) -> pl.DataFrame:
    stored = table.stored if table else {}
    return pl.DataFrame(schema={**stored, **{name: PROVENANCE[name] for name in _ORIGIN}})
