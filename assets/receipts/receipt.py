"""What a receipt (回执) says of one file, whoever asks: the clerk before handing in, or the nightly run afterwards."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from assets.examine import receipt_counts, receipt_skipped
from assets.reading.naming import receipt_number, reporting_region
from assets.reading.source import Checked, FileName, Finding
from schemas.policy import Regions
from schemas.submissions import TABLES

from .annotate import Mark, Spot
from .xml import column_index

#: Verdict on a file: word, and what to do now.
VERDICTS = {
    "accepted": ("接受", "没有问题，无需处理。"),
    "accepted_with_warnings": ("接受但有提醒", "各行均已接收。请逐条核对提醒；确认无误的不必修改。"),
    "partly_accepted": ("部分接受", "有错误的行未入库（隔离），其余各行已接收。请改正后只重报这些行，或重报整个文件。"),
    "rejected": ("退回", "整个文件没有入库。请按下列错误改正后重新报送。"),
}
#: What to do after a check at the clerk's desk, where nothing was handed in yet.
REMEDIES_BEFORE = {
    "accepted": "没有问题，可以报送。",
    "accepted_with_warnings": "可以报送。请逐条核对提醒；确认无误的不必修改。",
    "partly_accepted": "有错误的行将被隔离、不入库，其余各行可以入库。请改正后再报送。",
    "rejected": "整个文件将被退回。请按下列错误改正后再报送。",
}
#: Findings that a workbook lists. Excel drops links beyond about as many, and nobody reads so far.
MAX_LISTED = 65_000
SEVERITIES = {"error": "错误", "warning": "提醒"}
_ADDRESS = re.compile(r"([A-Z]{1,3})(\d+)")
_LINE_COLUMN = re.compile(r"([A-Z]{1,3})列")


@dataclass(frozen=True)
class Receipt:
    """One file's receipt. lines = rows_loaded + rows_quarantined + Σ skipped."""

    number: str
    file_name: str
    sha256: str
    received_on: date
    table: str | None
    region_code: str | None
    year: int | None
    profile: str
    form: str
    encoding: str | None
    status: str
    lines: int
    rows_loaded: int
    rows_quarantined: int
    skipped: dict[str, int]
    findings: tuple[Finding, ...]
    before: bool = False  # checked before it was handed in: `received_on` is the day of the check

    @property
    def table_label(self) -> str:
        return TABLES[self.table].label if self.table in TABLES else "（未识别）"

    @property
    def listed(self) -> tuple[Finding, ...]:
        """The findings that its workbook lists and marks."""
        return self.findings[:MAX_LISTED]

    def count(self, severity: str) -> int:
        return sum(finding.severity == severity for finding in self.findings)


def receipt_of(checked: Checked, original: bytes, number: str, checked_on: date) -> Receipt:
    """The receipt that a file will have, for the clerk who checks it before handing it in."""
    file, counts = checked.reading.file, receipt_counts(checked)
    return Receipt(
        number, file.name, hashlib.sha256(original).hexdigest(), checked_on, counts["source_table"], file.region_code,
        file.year, counts["profile"], counts["form"], counts["encoding"], counts["status"], counts["lines"],
        counts["rows_loaded"], counts["rows_quarantined"], receipt_skipped(checked), tuple(checked.findings),
        before=True,
    )  # fmt: skip


def number_of(file: FileName, original: bytes, regions: Regions) -> str:
    """The receipt number that a file will have when it is handed in as it is."""
    table = file.table.name if file.table else None
    sha = hashlib.sha256(original).hexdigest()
    return receipt_number(sha, table, reporting_region(file.region_code, regions), file.year)


# --- Where findings stand ------------------------------------------------------------------------------------------


def spot(finding: Finding) -> Spot | None:
    """Row and column (from 1) that a finding points at; its row's first cell when it names no column; else None."""
    place = finding.place
    if place.row_number is None and not place.cell:
        return None
    if found := _ADDRESS.fullmatch(place.cell or ""):
        return int(found[2]), column_index(found[1])
    column = _LINE_COLUMN.search(place.cell or "")
    return (place.row_number, column_index(column[1]) if column else 1) if place.row_number else None


def marks(findings: Iterable[Finding], only_sheet: str | None, shift: int = 0) -> dict[str, dict[Spot, Mark]]:
    """Findings by sheet and cell. `only_sheet` takes those that name no sheet; `shift`: rows that stand above."""
    found: dict[str, dict[Spot, Mark]] = {}
    for finding in findings:
        sheet, at = finding.place.sheet or only_sheet, spot(finding)
        if sheet is None or at is None:
            continue
        mark = found.setdefault(sheet, {}).setdefault((at[0] + shift, at[1]), Mark(finding.severity))
        if finding.severity == "error":
            mark.severity = "error"
        mark.lines.append(note(finding))
    return found


def note(finding: Finding) -> str:
    """A finding as the text of a note on its cell."""
    return f"【{SEVERITIES[finding.severity]} {finding.rule}】{finding.message}{finding.suggestion}"
