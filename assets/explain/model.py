"""What an explanation consists of: the types that `assets.explain` fills and that people and machines are shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from .words import Sentence


@dataclass(frozen=True, slots=True)
class Rule:
    """A rulebook entry that the figure was made with; `switch`: the department may set it otherwise."""

    name: str
    label: str
    value: str
    basis: str
    confidence: str
    switch: bool
    label_en: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Ledger rows of one kind, summed: `amount` in the unit of the parts, `area_mu` of the records themselves."""

    role: str
    source_table: str
    component: str | None
    reason: str | None
    reason_label: str | None
    records: int
    amount: Decimal
    area_mu: Decimal | None


@dataclass(frozen=True, slots=True)
class Record:
    """One record behind the figure, and where it stands: file, sheet, row."""

    source_table: str
    record_key: str
    region_code: str
    event_date: date | None
    year: int
    component: str | None
    numerator: Decimal
    denominator: Decimal
    reason: str | None
    file_name: str
    sheet: str | None
    row_number: int


@dataclass(frozen=True, slots=True)
class Excluded:
    """A ledger row that was left out: why, and where it stands. `year`: None where it has no date."""

    source_table: str
    record_key: str
    region_code: str
    event_date: date | None
    year: int | None
    reason: str
    reason_label: str | None
    amount: Decimal
    file_name: str
    sheet: str | None
    row_number: int


@dataclass(frozen=True, slots=True)
class Part:
    """A named share of a figure, in its own `unit`; `absence` says why there is no value."""

    name: str
    label: str
    value: float | None
    unit: str
    absence: str | None
    label_en: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """The figure against one target; `sentence` spells the comparison out."""

    horizon: int
    target: float | None
    gap: float | None
    progress: float | None
    expected: float | None
    expected_linear: float | None
    pace: float | None
    verdict: str
    rank: int | None
    target_version: str
    low: float | None
    high: float | None
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since another release: values, verdicts, rules, and the records with the largest effect."""

    release_id: str
    as_of: date
    value: float | None
    absence: str | None
    difference: float | None
    verdicts: dict[int, tuple[str | None, str | None]]  # horizon → before, now
    rules: tuple[str, str] | None  # rule versions, when they differ
    targets: tuple[str, str] | None
    added: int
    removed: int
    changed: int
    largest: list[dict[str, Any]]


@dataclass(frozen=True)
class Explanation:
    """A figure and everything that made it."""

    region_code: str
    region_name: str
    region_level: str
    indicator: str
    label: str
    label_en: str
    year: int
    basis: str
    period_start: date
    period_end: date
    as_of: date
    release_id: str
    rule_version: str
    target_version: str | None
    formula: str
    formula_en: str
    section: str
    rules: list[Rule]
    value: float | None
    unit: str
    data_state: str
    derived: bool
    flags: str | None
    absence: str | None
    why_absent: Sentence | None
    numerator: Decimal | None
    denominator: Decimal | None
    part_unit: str
    numerator_sum: Decimal
    denominator_sum: Decimal
    recomputed: float | None  # the value from the sums that were added here
    adds_up: bool
    record_count: int
    excluded_count: int
    groups: list[Group]  # what counts
    exclusions: list[Group]  # of the figure's period
    undated: list[Group]  # excluded and without a date: they belong to no year
    largest: list[Record]
    largest_excluded: list[Excluded]
    divisors: list[Record]  # tasks and GDP: what is divided by
    parts: list[Part]
    judged: list[Judged]
    change: Change | None = None
    bases: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For machines: exact decimals as text, so that no digit is lost."""
        return _plain(asdict(self))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value
