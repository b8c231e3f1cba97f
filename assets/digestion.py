"""Digestion of approved-unsupplied land (批而未供消化) as it was known on a day, after the batches had their say."""

from __future__ import annotations

from datetime import date

import duckdb

from assets import core, once
from assets.relations import Digestion, resolve_digestion


def resolved(con: duckdb.DuckDBPyConnection, as_of: date) -> Digestion:
    """Which revisions count and which their batch refuses. A run asks several times and works it out once."""
    key = ("digestion", as_of, core.fingerprint(con, as_of))
    return once.work_out(key, lambda: _resolve(con, as_of))


def _resolve(con: duckdb.DuckDBPyConnection, as_of: date) -> Digestion:
    revisions = core.revisions(con, "unsupplied_digestion", as_of)
    return resolve_digestion(revisions, core.revisions(con, "approved_unsupplied", as_of))
