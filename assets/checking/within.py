"""Rules within the table of one file (4xxx): repeated keys, and the 2025 base of the walk coverage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from assets.reading.source import Finding, Reading
from schemas.policy import Regions, Rulebook
from schemas.rules import BY_NUMBER, Check
from schemas.submissions import WALK_CLASSES
from schemas.table import Table

from .facts import KEY
from .wording import Located, Wording, file_finding, plain

NAMED_AT_MOST = 20


@dataclass(slots=True)
class Repeats:
    """Rows whose key stands in the file more than once: `conflicts` differ in content, `again` repeats a row."""

    conflicts: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    findings: list[Located] = field(default_factory=list)


def repeats(rows: pl.DataFrame, table: Table, quarantined: set[int], reading: Reading, wording: Wording) -> Repeats:
    """Repeated keys. Quarantined rows take part in the comparison, but only a good row makes another one a repeat.

    `rows`: typed rows of the file with `index`; a row without a complete key is left out.
    """
    keys = rows[KEY].drop_nulls()
    repeated = keys.filter(~keys.is_first_distinct())
    if repeated.is_empty():
        return Repeats()
    suspects = rows.filter(pl.col(KEY).is_in(repeated.unique().implode()))
    found = Repeats()
    different, again = (Check(BY_NUMBER[number], table[table.key[0]], pl.lit(True)) for number in ("4001", "4002"))
    said: dict[Check, dict[int, dict[str, str]]] = {different: {}, again: {}}
    for group in _by_key(suspects, table, reading):
        if len({row.content for row in group}) > 1:
            found.conflicts += [row.index for row in group]
            said[different] |= _conflict_words(group, table)
            continue
        first, *others = [row for row in group if row.index not in quarantined] or [None]
        found.again += [row.index for row in others]
        said[again] |= {row.index: {"first": first.name} for row in others}
    for check, words in said.items():
        indices = pl.Series(list(words), dtype=rows["index"].dtype)
        found.findings += wording.findings(check, indices, list(words.values()))
    return found


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A row whose key is repeated: `name` is how its place is said, `content` all that is stored of it."""

    index: int
    name: str
    content: tuple


def _by_key(suspects: pl.DataFrame, table: Table, reading: Reading) -> Iterable[list[_Suspect]]:
    """The rows of each key, all in file order."""
    several = len(reading.blocks) > 1
    groups: dict[str, list[_Suspect]] = {}
    for key, index, sheet, row, *content in suspects.select(KEY, "index", "sheet", "row_number", *table.stored).rows():
        name = f"「{sheet}」第{row}行" if several else f"第{row}行"
        groups.setdefault(key, []).append(_Suspect(index, name, tuple(content)))
    return groups.values()


def _conflict_words(group: list[_Suspect], table: Table) -> dict[int, dict[str, str]]:
    """Per row: the other rows of its key, and the columns in which they differ."""
    values = dict(zip(table.stored, zip(*(row.content for row in group), strict=True), strict=True))
    columns = "、".join(column.label for column in table.columns if len({*values[column.name]}) > 1)
    more = f"等共 {len(group) - 1} 行" if len(group) - 1 > NAMED_AT_MOST else ""
    words = {}
    for at, row in enumerate(group):
        near = [other.name for other in (*group[: min(at, NAMED_AT_MOST)], *group[at + 1 : at + 1 + NAMED_AT_MOST])]
        words[row.index] = {"others": "、".join(near[:NAMED_AT_MOST]) + more, "columns": columns}
    return words


def walk_base(accepted: pl.DataFrame, regions: Regions, rulebook: Rulebook) -> list[Finding]:
    """A warning per city whose 2025 mean of the five classes is more than a point from the base that the plan implies.

    Only where the file holds all five classes of the city: with fewer there is no mean.
    """
    implied = rulebook["walk.implied_base"]
    rows = accepted.filter((pl.col("year") == 2025) & pl.col("facility_class").is_in(WALK_CLASSES))
    found = []
    for (code,), group in rows.group_by("region_code", maintain_order=True):
        if code not in implied or group["facility_class"].n_unique() < len(WALK_CLASSES):
            continue
        areas = group.select("covered_area_mu", "residential_area_mu").iter_rows()
        base = sum((100 * covered / residential for covered, residential in areas), Decimal(0)) / len(WALK_CLASSES)
        if abs(base - Decimal(str(implied[code]))) > 1:
            found.append(
                file_finding(
                    BY_NUMBER["4003"],
                    region=f"{code} {regions.name(code)}",
                    base=plain(base, 2, 4),
                    implied=str(implied[code]),
                )
            )
    return found
