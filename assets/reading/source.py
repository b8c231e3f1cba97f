"""What reading a file yields: the types that the reader hands to the checker."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from schemas.table import Table, Unit


@dataclass(frozen=True, slots=True)
class FileName:
    """What a file's name says: `<表名>_<行政区代码>_<年份>[_<anything>].<suffix>`; unsaid parts are None."""

    name: str
    table: Table | None
    region_code: str | None
    year: int | None
    suffix: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands. Rows count from 1 as the person sees them; `column` is the header as written."""

    sheet: str | None = None
    row_number: int | None = None
    column: str | None = None
    cell: str | None = None  # Excel letters and row ("F12"); for CSV "第12行"


@dataclass(frozen=True, slots=True)
class Finding:
    """One numbered finding of a rule on a file, a sheet, a row or a cell."""

    rule: str  # "3012"; the first digit is the group: 1 file, 2 structure, 3 value, 4 within a table, 5 across tables
    severity: str  # "error" or "warning"
    place: Place
    message: str
    suggestion: str
    key: str | None = None
    value: str | None = None
    quarantined: bool = False  # True when the finding put its row into quarantine


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of a file that was recognised."""

    name: str  # column of the table, e.g. "supplied_area_mu"
    header: str  # as written
    letter: str  # "F"
    unit: Unit | None  # from the header's brackets, an upper header cell or the unit row; None = the default


@dataclass(slots=True)
class Block:
    """One table found in a file (a CSV has one; a workbook has one per sheet that holds the table).

    `rows`: String columns named as in the declaration (only those present), in file order, plus `row_number` (Int64).
    Cells are stripped of outer blanks; nothing else has been interpreted.
    """

    sheet: str | None
    rows: pl.DataFrame
    columns: dict[str, SourceColumn]


@dataclass(slots=True)
class Reading:
    """All that was found in one file.

    Always `lines == Σ block rows + len(rejected rows) + Σ skipped`: every physical line (CSV) or non-empty row (Excel)
    is a data row, was rejected with a finding, or was skipped with a reason.
    `fatal` findings reject the whole file: unreadable, unknown table, missing required column.
    """

    file: FileName
    table: Table | None
    profile: str = "bureau"  # or "landchina"
    form: str = ""  # "csv", "xlsx", "xls", "parquet", "json"
    encoding: str | None = None
    blocks: list[Block] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)  # structure findings, errors on single lines included
    rejected_rows: int = 0  # lines that could not be read into cells (each has a finding)
    skipped: dict[str, int] = field(default_factory=dict)  # reason → number of lines: 表头, 空行, 合计行, 说明, …
    lines: int = 0

    @property
    def fatal(self) -> bool:
        return any(
            finding.severity == "error" and finding.rule[0] in "12" and finding.place.row_number is None
            for finding in self.findings
        )


@dataclass(slots=True)
class Checked:
    """A file after conversion and row rules, ready to be stored.

    `accepted` has the table's `stored` columns and PROVENANCE's record_key, sheet, row_number, profile;
    areas in 亩, money in 万元. `findings` holds those of the reading too.
    """

    reading: Reading
    accepted: pl.DataFrame
    findings: list[Finding]
    rows_quarantined: int
    rows_repeated: int  # same parsed content again inside the file: counted once, skipped

    @property
    def status(self) -> str:
        """accepted, accepted_with_warnings, partly_accepted or rejected (回执结论)."""
        if self.reading.fatal:
            return "rejected"
        if self.rows_quarantined or self.reading.rejected_rows:
            return "partly_accepted"
        return "accepted_with_warnings" if self.findings else "accepted"
