"""From the warehouse, the build database and the journals to the marts of trust. One builder a mart."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import duckdb
import polars as pl

from assets import core, release, revision
from assets.context import Context
from assets.home import Home
from assets.indicators import inputs
from assets.relations import is_cancelled
from assets.trust import objections, plausibility
from schemas import policy
from schemas.submissions import TABLES

#: What mart.revision is made from: marts of this release and the same of the one before.
COMPARED = ("indicator_value", "assessment", "contribution", "submission", "cancellation", "release_info")


class Made(Protocol):
    """The release that marts are built for."""

    id: str
    home: Path
    build_path: Path


def cancellation(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """Records whose latest revision cancels them, with the file and row that did."""
    files = con.execute("SELECT submission_id, received_on, file_sha256, file_name FROM raw.submission").pl()
    found = []
    for table in TABLES.values():
        if "status" in table:
            records = core.current(con, table.name, context.as_of, ("region_code", "status")).filter(is_cancelled())
            placed = inputs.place(records, context.regions).join(files, on="submission_id")
            found.append(placed.with_columns(source_table=pl.lit(table.name)))
    return pl.concat(found, how="vertical_relaxed")


def build_revision(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """This release, as built so far, against the one before."""
    before = previous(Home(made.home), context, made.id)
    if before is None:
        return revision.nothing()
    return revision.between(release.database(Home(made.home), before), made.build_path)


def previous(home: Home, context: Context, release_id: str) -> str | None:
    """The release to compare with: the current one, or for a look back the newest that was out by its day."""
    candidates = [
        each.release_id
        for each in release.manifests(home)
        if each.kind == release.Kind.RELEASE
        and each.stamp.as_of <= context.as_of.isoformat()
        and each.release_id != release_id
    ]
    now = release.current(home)
    return now if now in candidates else max(candidates, key=release.order, default=None)


def build_plausibility(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """Jumps of this release's revisions beyond the limits."""
    with duckdb.connect(str(made.build_path), read_only=True) as build:
        revisions = build.execute("SELECT * FROM mart.revision").pl()
    given = plausibility.acknowledgements(Home(made.home))
    return plausibility.judge(revisions, policy.plausibility(), given, context.as_of)


def objection(con: duckdb.DuckDBPyConnection, context: Context, made: Made) -> pl.DataFrame:
    """Objections known on the as-of day."""
    return objections.frame(objections.known(Home(made.home), context.as_of))


BUILDERS = {
    "cancellation": cancellation, "revision": build_revision, "plausibility": build_plausibility,
    "objection": objection,
}  # fmt: skip
