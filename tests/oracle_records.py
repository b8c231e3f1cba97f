"""What was known on a day (rulebook §0), for the second opinion: revisions, cancellations, refused digestion."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

Row = dict[str, Any]

CANCELLED = ("解除", "撤销")
KEYS = {
    "land_supply": ("supervision_no",),
    "approved_unsupplied": ("approval_no",),
    "unsupplied_digestion": ("digestion_no",),
    "idle_land": ("case_no",),
    "inefficient_land": ("patch_no",),
    "annual_task": ("region_code", "year", "task"),
    "construction_land": ("region_code", "year", "land_class"),
    "gdp": ("region_code", "year"),
    "walk_coverage": ("region_code", "year", "facility_class"),
    "far_exemption": ("supervision_no",),
}


def in_force(rows: Iterable[Row], key: tuple[str, ...], refused: frozenset[int] | set[int] = frozenset()) -> list[Row]:
    """The latest revision of every key; a refused row is no revision. Order: receipt day, file name, row."""
    latest: dict[tuple, Row] = {}
    for row in sorted(rows, key=receipt_order):
        if id(row) not in refused:
            latest[tuple(row[name] for name in key)] = row
    return list(latest.values())


def receipt_order(row: Row) -> tuple:
    return row["received_on"], row["file_name"], row["seq"], row["sheet"] or "", row["row_number"]


def valid(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.get("status") not in CANCELLED]


def first_register_rows(rows: Iterable[Row]) -> dict[str, Row]:
    first: dict[str, Row] = {}
    for row in sorted(rows, key=receipt_order):
        first.setdefault(row["approval_no"], row)
    return first


def first_remaining(batch: Row) -> Fraction:
    """§3: the first accepted row's 剩余面积, else 批准 − 已供."""
    if batch["remaining_area_mu"] is not None:
        return Fraction(batch["remaining_area_mu"])
    return Fraction(batch["approved_area_mu"]) - Fraction(batch["supplied_area_mu"] or 0)


def accepted_digestion(digestion: list[Row], register: list[Row]) -> list[Row]:
    """§3 across tables: a known batch, and never below 0; a refused row leaves the revision before it in force."""
    batches = first_register_rows(register)
    refused: set[int] = {id(row) for row in digestion if row["approval_no"] not in batches}
    while True:
        events = valid(in_force(digestion, KEYS["unsupplied_digestion"], refused))
        offender = first_overdraft(events, {no: first_remaining(row) for no, row in batches.items()})
        if offender is None:
            return events
        refused.add(id(offender))


def first_overdraft(events: list[Row], remaining: dict[str, Fraction]) -> Row | None:
    for row in sorted(events, key=lambda row: (row["digestion_date"], row["digestion_no"])):
        if row["digested_area_mu"] > remaining[row["approval_no"]]:
            return row
        remaining[row["approval_no"]] -= Fraction(row["digested_area_mu"])
    return None
