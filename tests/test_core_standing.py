"""What stands on a day, asked of DuckDB, is what a reader of the revisions would say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets import core, warehouse

FIRST = date(2026, 1, 1)
#: (key, day, file) of rows; the same key, day and file stand once.
ROWS = st.sets(st.tuples(st.sampled_from("abcd"), st.integers(0, 3), st.sampled_from("xyz")), max_size=12)


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with warehouse.connect(tmp_path_factory.mktemp("standing") / "warehouse.duckdb") as con:
        yield con


def put(con, rows) -> None:
    """Rows of 容积率豁免, each from the file of its day and name."""
    con.execute("DELETE FROM raw.submission; DELETE FROM core.far_exemption")
    for day, name in {(day, name) for _, day, name in rows}:
        received = FIRST + timedelta(day)
        con.execute("INSERT INTO raw.submission (submission_id, file_name, received_on, seq) VALUES (?, ?, ?, 1)",
                    [f"{day}{name}", name, received])  # fmt: skip
    for key, day, name in rows:
        con.execute("INSERT INTO core.far_exemption (record_key, submission_id) VALUES (?, ?)", [key, f"{day}{name}"])


@settings(deadline=None)
@given(rows=ROWS, day=st.integers(0, 3))
def test_the_last_revision_received_by_the_day_stands(con, rows, day) -> None:
    put(con, rows)
    known = sorted((d, name, key) for key, d, name in rows if d <= day)
    expected = {key: f"{d}{name}" for d, name, key in known}
    found = core.current(con, "far_exemption", FIRST + timedelta(day), ())
    assert sorted(found.select("record_key", "submission_id").rows()) == sorted(expected.items())


def test_only_the_columns_asked_for_are_read(con) -> None:
    """A plan that reads all columns of a table of millions takes twice as long."""
    plan = con.execute(f"EXPLAIN SELECT record_key FROM {core.standing('land_supply')}", {"day": FIRST}).fetchall()[0][
        1
    ]
    assert "record_key" in plan
    assert "project_name" not in plan
