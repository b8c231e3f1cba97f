"""From captured bytes to core: read, convert, check and append every file once; and core as it was known on a day.

Core is append-only: a corrected record is one more row with the same `record_key`. Which row counts is decided for an
as-of day, by the order of receipt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import date
from importlib.metadata import version
from pathlib import Path

import duckdb
import polars as pl

from assets import raw as raw_layer
from assets.context import Context
from assets.examine import RECEIPT_SCHEMA, Examined, Waiting, examine
from assets.warehouse import append, one_thread, transaction
from schemas.dtypes import PROVENANCE
from schemas.policy import Regions
from schemas.submissions import TABLES

Progress = Callable[[str], None] | None

#: In which order a run loads the tables: by name, as Dagster orders steps; "" stands for files that name none.
ORDER = ("", *sorted(TABLES))


def pending(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many captured files wait to be loaded, by table ("" where the name does not say which)."""
    rows = con.execute(
        "SELECT coalesce(named_table, ''), count(*) FROM raw.submission WHERE NOT loaded GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return dict(rows)


def load(
    con: duckdb.DuckDBPyConnection, raw: Path, table: str, regions: Regions, progress: Progress = None
) -> dict[str, int]:
    """Read, check and append every waiting file of a table, one transaction a group of files: a run that died goes on
    with the first group that is not in. Files of the tables that a run loads after it are read meanwhile.

    `table` "" takes the files whose name does not say their table. Returns counts: files, rejected, lines,
    rows_loaded, rows_quarantined, lines_skipped.
    """  # fmt: skip
    counts = dict.fromkeys(("files", "rejected", "lines", "rows_loaded", "rows_quarantined", "lines_skipped"), 0)
    later = (waiting(con, raw, name) for name in ORDER if name > table)
    files = waiting(con, raw, table)
    if not files:
        return counts
    with one_thread(con):
        for examined in examine(files, regions, later):
            store(con, examined)
            receipts = examined.receipts
            counts["files"] += receipts.height
            counts["rejected"] += receipts.filter(status="rejected").height
            for name in ("lines", "rows_loaded", "rows_quarantined", "lines_skipped"):
                counts[name] += receipts[name].sum()
            if progress:
                progress(
                    f"{counts['files']} 个文件：{counts['rows_loaded']} 行入库，{counts['rows_quarantined']} 行隔离"
                )
    return counts


def waiting(con: duckdb.DuckDBPyConnection, raw: Path, table: str) -> list[Waiting]:
    """Captured files of a table that are not loaded yet, in the order of receipt."""
    rows = con.execute(
        "SELECT submission_id, file_name, received_on, file_sha256 FROM raw.submission"
        " WHERE NOT loaded AND coalesce(named_table, '') = ? ORDER BY received_on, file_name, seq",
        [table],
    ).fetchall()
    places = [(*row[:3], raw_layer.stored(raw, row[3])) for row in rows]
    return [Waiting(*place, place[-1].stat().st_size) for place in places]


def store(con: duckdb.DuckDBPyConnection, examined: Examined) -> None:
    """Append a group's rows, findings and receipts in one transaction."""
    with transaction(con):
        for table, rows in examined.accepted.items():
            append(con, f"core.{table}", rows)
        append(con, "raw.finding", examined.findings)
        con.register("receipts", examined.receipts.to_arrow())
        filled = ", ".join(f"{name} = r.{name}" for name in RECEIPT_SCHEMA)
        con.execute(
            f"UPDATE raw.submission s SET loaded = true, {filled} FROM receipts r"
            " WHERE s.submission_id = r.submission_id"
        )
        con.unregister("receipts")


def write_regions(con: duckdb.DuckDBPyConnection, regions: Regions) -> None:
    """Put the region table beside the records, where expectations and queries find it."""
    if not con.execute("FROM core.region").pl().equals(regions.frame):
        con.execute("DELETE FROM core.region")
        append(con, "core.region", regions.frame)


def fingerprint(con: duckdb.DuckDBPyConnection, as_of: date) -> str:
    """What was received up to a day, as one short text: equal exactly when the inputs are equal."""
    (listing,) = con.execute(
        "SELECT md5(string_agg(concat_ws(chr(31), submission_id, file_name, received_on), chr(10)"
        " ORDER BY submission_id)) FROM raw.submission WHERE received_on <= ?",
        [as_of],
    ).fetchone()
    return (listing or "")[:16]


def basis(con: duckdb.DuckDBPyConnection, context: Context) -> str:
    """What figures are made from besides the rules – what was received up to the day, the region table, this program –
    as one short text: figures that were made from the same would come out the same again."""
    made_from = (fingerprint(con, context.as_of), context.regions.digest, version("landstock"))
    return hashlib.sha256("|".join(made_from).encode()).hexdigest()[:16]


# --- Core as it was known on a day ---------------------------------------------------------------------------------


def revisions(con: duckdb.DuckDBPyConnection, table: str, as_of: date, only: str | None = None) -> pl.DataFrame:
    """Every accepted revision received up to a day: the table's columns, provenance, and `revision` (1, 2, …) per key.

    `only` is a query for the keys that are wanted, all by default.

    Order of receipt: day, file name, row (rulebook §0); a key stands in one row of a file, so the row never decides.
    """
    return con.execute(
        f"SELECT c.*, s.received_on, row_number() OVER"
        f" (PARTITION BY c.record_key ORDER BY s.received_on, s.file_name, s.seq) AS revision"
        f" FROM core.{table} c JOIN raw.submission s USING (submission_id) WHERE s.received_on <= ?{_among(only)}",
        [as_of],
    ).pl()


def _among(keys: str | None) -> str:
    return f" AND c.record_key IN ({keys})" if keys else ""


def latest(frame: pl.DataFrame, apart: tuple[str, ...] = ()) -> pl.DataFrame:
    """The revision that counts of every key; `apart` names columns that tell several days of knowledge apart."""
    return frame.filter(pl.col("revision") == pl.col("revision").max().over(*apart, "record_key"))


def standing(table: str) -> str:
    """A query for the latest revision of every record received up to `$day`, cancelled ones included (their `status`
    says so): the table's columns, provenance and `received_on`.

    Only keys that stand more than once are ranked, and these are found by hash: most stand once, and grouping millions
    of texts takes several times as long. No part of it is a WITH: one that is materialised makes DuckDB read all
    columns of the table, whichever are asked for.
    """
    known = "(SELECT submission_id, received_on, file_name, seq FROM raw.submission WHERE received_on <= $day)"
    many = f"SELECT hash(record_key) FROM core.{table} GROUP BY ALL HAVING count(*) > 1"
    ranked = (
        f"SELECT c.rowid AS id, row_number() OVER"
        f" (PARTITION BY c.record_key ORDER BY k.received_on DESC, k.file_name DESC, k.seq DESC) AS place"
        f" FROM core.{table} c JOIN {known} k USING (submission_id) WHERE hash(c.record_key) IN ({many})"
    )
    return (
        f"(SELECT c.*, k.received_on FROM core.{table} c JOIN {known} k USING (submission_id)"
        f" ANTI JOIN (SELECT id FROM ({ranked}) WHERE place > 1) superseded ON c.rowid = id)"
    )


def current(
    con: duckdb.DuckDBPyConnection, table: str, as_of: date, columns: tuple[str, ...] | None = None
) -> pl.DataFrame:
    """`standing` on a day as a frame, with all columns or only some and the provenance."""
    wanted = "* EXCLUDE (received_on)"
    if columns is not None:
        wanted = ", ".join(f'"{name}"' for name in dict.fromkeys((*columns, *PROVENANCE)))
    return con.execute(f"SELECT {wanted} FROM {standing(table)}", {"day": as_of}).pl()


def lifetimes(
    con: duckdb.DuckDBPyConnection, table: str, as_of: date, columns: tuple[str, ...], only: str | None = None
) -> pl.DataFrame:
    """Every revision received up to a day with `received_on` and `superseded_on`, the receipt of the next one.

    `only` is a query for the keys that are wanted, all by default.
    """
    wanted = ", ".join(f'c."{name}"' for name in dict.fromkeys((*columns, *PROVENANCE)))
    return con.execute(
        f"SELECT {wanted}, s.received_on, lead(s.received_on) OVER"
        f" (PARTITION BY c.record_key ORDER BY s.received_on, s.file_name, s.seq) AS superseded_on"
        f" FROM core.{table} c JOIN raw.submission s USING (submission_id) WHERE s.received_on <= ?{_among(only)}",
        [as_of],
    ).pl()


def reports(con: duckdb.DuckDBPyConnection, tables: Iterable[str], as_of: date) -> pl.DataFrame:
    """Who has reported some tables: source_table, city_code, reporting year of accepted files, first day (`reported_on`)."""
    together = pl.concat(
        [_files_of(con, "city", tables, as_of), reports_of_province(con, tables, as_of)], how="vertical_relaxed"
    )
    return together.group_by("source_table", "city_code", "year").agg(reported_on=pl.col("received_on").min())


def reports_of_province(con: duckdb.DuckDBPyConnection, tables: Iterable[str], as_of: date) -> pl.DataFrame:
    """What files of a province report for its cities: source_table, city_code, year, received_on.

    Such a file reports for the cities that it holds accepted rows of, and for none with the province's own rows.
    """
    files = _files_of(con, "province", tables, as_of)
    held = [
        con.execute(
            f"SELECT DISTINCT s.source_table, r.city_code, s.year, s.received_on FROM core.{TABLES[table].name} c"
            " JOIN raw.submission s USING (submission_id)"
            " JOIN core.region p ON p.code = s.region_code AND p.level = 'province'"
            " JOIN core.region r ON r.code = c.region_code AND r.city_code IS NOT NULL WHERE s.received_on <= ?",
            [as_of],
        ).pl()
        for table in files["source_table"].unique()
    ]
    return pl.concat([files.clear(), *held], how="vertical_relaxed")


def _files_of(con: duckdb.DuckDBPyConnection, level: str, tables: Iterable[str], as_of: date) -> pl.DataFrame:
    """Files of cities or provinces that were not rejected, with the submitter as city_code."""
    among = ", ".join(f"'{table}'" for table in tables)
    return con.execute(
        "SELECT s.source_table, s.region_code AS city_code, s.year, s.received_on FROM raw.submission s"
        f" JOIN core.region r ON r.code = s.region_code AND r.level = '{level}' WHERE s.source_table IN ({among})"
        " AND s.loaded AND s.status <> 'rejected' AND s.received_on <= ?",
        [as_of],
    ).pl()
