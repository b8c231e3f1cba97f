"""Which files a run took in, and what became of them: at the door, and in the release after the checks across tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets import release, warehouse
from assets.home import Home

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Receipt:
    """A file that this run took in."""

    file_name: str
    status: str
    rows_loaded: int
    rows_quarantined: int
    first_error: str | None
    received_on: str


def loaded(home: Home) -> set[str]:
    """The submissions that are in the warehouse."""
    if not home.warehouse.exists():
        return set()
    with warehouse.connect(home.warehouse) as con:
        return {each for (each,) in con.execute("SELECT submission_id FROM raw.submission WHERE loaded").fetchall()}


def taken_in(home: Home, before: set[str], release_id: str | None) -> list[Receipt]:
    """Receipts of the files that were loaded since, in the order of receipt; as the release tells them where there is
    one, since its checks across tables refuse further rows."""
    with warehouse.connect(home.warehouse) as con:
        receipts = _receipts(con, "(FROM raw.submission WHERE loaded)", "raw.finding", "submission_id")
    if release_id and receipts.keys() - before:
        with release.open_read_only(home, release_id) as con:
            receipts |= _receipts(con, "submission", "quality_finding", "receipt_no")
    return [receipt for submission_id, receipt in receipts.items() if submission_id not in before]


def _receipts(con: duckdb.DuckDBPyConnection, submissions: str, findings: str, key: str) -> dict[str, Receipt]:
    rows = con.execute(
        f"SELECT {key}, file_name, status, rows_loaded, rows_quarantined,"
        f" (SELECT arg_min(message, (row_number IS NOT NULL, row_number)) FROM {findings} f"
        f"  WHERE f.{key} = s.{key} AND severity = 'error'), received_on::VARCHAR"
        f" FROM {submissions} s ORDER BY received_on, file_name, {key}"
    ).fetchall()
    return {submission_id: Receipt(*rest) for submission_id, *rest in rows}
