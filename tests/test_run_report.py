"""What a run and the demo say at their end: counts that hold, and where to read on."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import settings
from pipelines.cli import demo, intake
from pipelines.cli import run as run_command
from pipelines.cli.desk import Desk
from pipelines.execution import Outcome
from tests.released import Publisher

DAY = "2026-11-23"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(settings.load({"home": tmp_path, "landing": tmp_path / "landing"}), False, frozenset(), False)


def test_counts_are_those_of_the_release_after_the_checks_across_tables(tmp_path: Path, monkeypatch):
    publisher = Publisher(tmp_path)
    publisher.hand_in("批而未供消化", {"消化编号": "X1", "批文号": "没有登记的批次"})
    made = publisher.publish(DAY, ("quality_finding",))
    monkeypatch.setattr(intake.warehouse, "connect", lambda _: publisher.con.cursor())
    (at_the_door,) = intake.taken_in(publisher.home, set(), None)
    assert (at_the_door.status, at_the_door.rows_loaded, at_the_door.first_error) == ("accepted", 1, None)
    (finally_,) = intake.taken_in(publisher.home, set(), made)
    assert (finally_.status, finally_.rows_loaded, finally_.rows_quarantined) == ("partly_accepted", 0, 1)
    assert "不在批而未供台账中" in finally_.first_error


@pytest.mark.parametrize(("kind", "other"), [("release", ""), ("look_back", f" --release {DAY}.1")])
def test_a_run_says_where_to_read_what_its_checks_warn_of(desk: Desk, kind: str, other: str):
    made = {"release_id": f"{DAY}.1", "kind": kind, "path": f"releases/{DAY}.1"}
    lines = run_command._ending(desk, Outcome("r", True, made, [], 7, [], None))
    query = f'landstock query "FROM quality_check WHERE NOT passed" --home {desk.home.path}{other}'
    assert f"有 7 项核验提醒：见网页 site/quality.html，或 {query}" in lines


def test_the_demo_says_where_pages_documents_and_receipts_lie(desk: Desk, monkeypatch):
    monkeypatch.setattr(demo.release, "current", lambda _: f"{DAY}.1")
    said = demo._where(desk)
    assert all(word in said for word in ("site/index.html", "Excel", "Word、PDF", "receipts/index.html", "parquet/"))
