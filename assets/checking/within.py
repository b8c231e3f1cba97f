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
    contents = suspects.group_by(list(table.stored), maintain_order=True).agg("index").with_row_index("content")
    suspects = (
        contents.select("content", "index").explode("index").join(suspects, on="index").sort("index")
        .with_columns(
            conflict=pl.col("content").n_unique().over(KEY) > 1,
            bad=pl.col("index").is_in(list(quarantined)),
            name=_row_name(reading),
        )
    )  # fmt: skip
    conflicts = suspects.filter("conflict")
    same = suspects.filter(~pl.col("conflict") & ~pl.col("bad"))
    again = same.filter(pl.col("index") != pl.col("index").first().over(KEY))
    firsts = same.group_by(KEY).agg(pl.col("name").first())
    key_column = table[table.key[0]]
    different, same_again = (Check(BY_NUMBER[number], key_column, pl.lit(True)) for number in ("4001", "4002"))
    kept = again.join(firsts, on=KEY, maintain_order="left")["name_right"]
    found = [
        *wording.findings(different, conflicts["index"], list(_conflict_words(conflicts, table))),
        *wording.findings(same_again, again["index"], [{"first": name} for name in kept]),
    ]
    return Repeats(conflicts["index"].to_list(), again["index"].to_list(), found)


def _row_name(reading: Reading) -> pl.Expr:
    number = pl.format("第{}行", "row_number")
    return pl.format("「{}」{}", "sheet", number) if len(reading.blocks) > 1 else number


def _conflict_words(conflicts: pl.DataFrame, table: Table) -> Iterable[dict[str, str]]:
    """Per conflicting row: the other rows of its key, and the columns in which they differ."""
    compared = [column for column in table.columns if column.name in table.stored]
    groups = conflicts.group_by(KEY).agg(
        "name", *(pl.col(column.name).n_unique().alias(f"?{column.name}") for column in compared)
    )
    by_key = {group[KEY]: group for group in groups.iter_rows(named=True)}
    for key, name in conflicts.select(KEY, "name").iter_rows():
        group = by_key[key]
        others = [other for other in group["name"] if other != name]
        more = f"等共 {len(others)} 行" if len(others) > NAMED_AT_MOST else ""
        differing = [column.label for column in compared if group[f"?{column.name}"] > 1]
        yield {"others": "、".join(others[:NAMED_AT_MOST]) + more, "columns": "、".join(differing)}


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
