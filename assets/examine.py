"""From captured bytes to typed rows and receipts, many files at a time and on all processors. Writes nothing.

Reading and checking one file never looks at another one, so groups of files can be examined side by side; they come
back in the order of receipt. A group is what the warehouse takes in at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from assets.checking import check
from assets.processes import side_by_side
from assets.reading import read
from assets.reading.source import Checked, Finding
from assets.shapes import arrow
from schemas.policy import Regions

if TYPE_CHECKING:
    import pyarrow as pa

#: A group ends with the file that makes it so large, whichever comes first.
GROUP_FILES, GROUP_BYTES = 16, 24_000_000
#: From so many bytes on, starting further processes (about a second each) pays.
WORTH_PROCESSES = 60_000_000

FINDING_SCHEMA = {
    "rule": pl.String, "severity": pl.String, "sheet": pl.String, "row_number": pl.Int64, "column": pl.String,
    "cell": pl.String, "key": pl.String, "value": pl.String, "message": pl.String, "suggestion": pl.String,
    "quarantined": pl.Boolean,
}  # fmt: skip

RECEIPT_SCHEMA = {
    "source_table": pl.String, "profile": pl.String, "form": pl.String, "encoding": pl.String, "status": pl.String,
    "lines": pl.Int64, "rows_loaded": pl.Int64, "rows_quarantined": pl.Int64, "lines_skipped": pl.Int64,
    "skipped": pl.String, "letters": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """A captured file that was not loaded yet, and where its bytes lie."""

    submission_id: str
    file_name: str
    received_on: date
    path: Path
    bytes: int


@dataclass(frozen=True, slots=True)
class Group:
    """Files that are examined together, one after the other, and the region table that they are held against."""

    files: tuple[Waiting, ...]
    regions: Regions


@dataclass(frozen=True, slots=True)
class Examined:
    """What a group of files gave: accepted rows by table, findings and one receipt a file, all with `submission_id`."""

    accepted: dict[str, pa.Table]
    findings: pl.DataFrame
    receipts: pl.DataFrame


def examine(files: list[Waiting], regions: Regions, then: Iterable[list[Waiting]] = ()) -> Iterator[Examined]:
    """Read and check files, group by group, in their order; in further processes where there is enough to do.

    `then`: the files that will probably be asked for next, and after them; a group never holds files of two lists.
    """
    large = sum(file.bytes for file in files) >= WORTH_PROCESSES
    further = chain.from_iterable(_groups(each, regions) for each in then)
    return side_by_side(examine_group, list(_groups(files, regions)), large, further)


def examine_group(group: Group) -> Examined:
    """Read and check some files, one after the other."""
    accepted: dict[str, list[pl.DataFrame]] = {}
    findings, receipts = [], []
    for file in group.files:
        checked = check(read(file.file_name, file.path), group.regions, file.received_on)
        mark = pl.lit(file.submission_id).alias("submission_id")
        if checked.reading.table is not None and checked.accepted.height:
            accepted.setdefault(checked.reading.table.name, []).append(checked.accepted.with_columns(mark))
        if checked.findings:
            findings.append(finding_frame(checked.findings).with_columns(mark))
        letters = json.dumps(column_letters(checked), ensure_ascii=False)
        receipts.append({"submission_id": file.submission_id, **receipt_counts(checked), "letters": letters})
    return Examined(
        {name: arrow(pl.concat(frames)) for name, frames in accepted.items()},
        pl.concat(findings or [pl.DataFrame(schema={**FINDING_SCHEMA, "submission_id": pl.String})]),
        pl.DataFrame(receipts, schema={"submission_id": pl.String, **RECEIPT_SCHEMA}),
    )


def _groups(files: list[Waiting], regions: Regions) -> Iterator[Group]:
    group: list[Waiting] = []
    for file in files:
        group.append(file)
        if len(group) == GROUP_FILES or sum(each.bytes for each in group) >= GROUP_BYTES:
            yield Group(tuple(group), regions)
            group = []
    if group:
        yield Group(tuple(group), regions)


# --- Receipts and findings as data -----------------------------------------------------------------------------------


def receipt_counts(checked: Checked) -> dict:
    """The receipt's header: verdict and counts. lines = rows_loaded + rows_quarantined + lines_skipped, always."""
    reading, skipped = checked.reading, receipt_skipped(checked)
    return {
        "source_table": reading.table.name if reading.table else None,
        "profile": reading.profile,
        "form": reading.form,
        "encoding": reading.encoding,
        "status": checked.status,
        "lines": reading.lines,
        "rows_loaded": checked.accepted.height,
        "rows_quarantined": checked.rows_quarantined + reading.rejected_rows,
        "lines_skipped": sum(skipped.values()),
        "skipped": json.dumps(skipped, ensure_ascii=False, sort_keys=True),
    }


def receipt_skipped(checked: Checked) -> dict[str, int]:
    """Lines that are no data, counted by the reason: 表头, 空行, 合计行, …, and rows that only repeat another."""
    repeated = {"重复行": checked.rows_repeated} if checked.rows_repeated else {}
    return checked.reading.skipped | repeated


def column_letters(checked: Checked) -> dict[str, dict[str, str]]:
    """Where the columns of each sheet ("" in a text file) stand, for findings that come later (5xxx)."""
    return {
        block.sheet or "": {name: source.letter for name, source in block.columns.items()}
        for block in checked.reading.blocks
    }


def finding_frame(findings: list[Finding]) -> pl.DataFrame:
    """Findings as a frame, one row each, in the shape of raw.finding without its submission."""
    rows = [
        (f.rule, f.severity, f.place.sheet, f.place.row_number, f.place.column, f.place.cell, f.key, f.value, f.message,
         f.suggestion, f.quarantined)
        for f in findings
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=FINDING_SCHEMA, orient="row")
