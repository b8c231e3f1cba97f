"""What a run works out ahead, while it waits for its checks, is what its steps would have worked out."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import duckdb
import pytest
from polars.testing import assert_frame_equal

from assets import indicators, marts, once, processes, quality, release, warehouse
from assets.home import SHANGHAI
from schemas.indicators import INDICATORS
from schemas.marts import MARTS
from tests.bureau import Bureau, supervision_no

MADE_AT = datetime(2026, 11, 23, 2, tzinfo=SHANGHAI)
CODE = "stock_supply_share"


def counted(made: list[int]) -> int:
    made.append(1)
    return len(made)


# --- Once -----------------------------------------------------------------------------------------------------------


def test_in_a_run_it_is_worked_out_once():
    made: list[int] = []
    with once.kept():
        assert [once.work_out(("a",), partial(counted, made)) for _ in range(3)] == [1, 1, 1]
        assert once.work_out(("b",), partial(counted, made)) == 2
    with once.kept():
        assert once.work_out(("a",), partial(counted, made)) == 3


def test_outside_a_run_nothing_is_kept():
    made: list[int] = []
    assert [once.work_out(("a",), partial(counted, made)) for _ in range(2)] == [1, 2]
    assert once.take(("a",), partial(counted, made)) == 3
    assert list(once.ahead([(("a",), partial(counted, made))])) == []
    assert len(made) == 3


def test_what_was_taken_is_not_worked_out_ahead_again():
    made: list[int] = []
    works = [(("a",), partial(counted, made))]
    with once.kept():
        assert len(list(once.ahead(works))) == 1
        assert once.take(("a",), pytest.fail) == 1
        assert list(once.ahead(works)) == []
        assert once.take(("a",), partial(counted, made)) == 2  # whoever wants it all the same gets it


def test_what_came_too_late_to_be_worked_out_ahead_is_not_either():
    made: list[int] = []
    with once.kept():
        assert once.take(("a",), partial(counted, made)) == 1
        assert list(once.ahead([(("a",), partial(counted, made))])) == []
    assert len(made) == 1


def test_an_error_is_met_by_whoever_needs_the_result():
    with once.kept():
        assert len(list(once.ahead([(("a",), int), (("b",), partial(int, "x")), (("c",), int)]))) == 1
        assert once.take(("a",), pytest.fail) == 0
        with pytest.raises(ValueError, match="'x'"):
            once.take(("b",), partial(int, "x"))


# --- While the checker looks ----------------------------------------------------------------------------------------


def wait_for(marker: Path) -> str:
    """Comes to its end when somebody else has worked meanwhile."""
    while not marker.exists():
        pass
    return marker.read_text()


def test_while_the_checker_looks_the_caller_works(tmp_path):
    marker = tmp_path / "marker"
    steps = (step() for step in (lambda: None, lambda: marker.write_text("done")))
    with processes.at_hand():
        assert list(processes.in_checker(wait_for, [marker, marker], steps)) == ["done", "done"]


def test_without_a_checker_nothing_is_done_ahead(tmp_path):
    assert list(processes.in_checker(str, [1, 2], (pytest.fail("ahead") for _ in range(3)))) == ["1", "2"]


# --- A night --------------------------------------------------------------------------------------------------------


@pytest.fixture
def bureau(tmp_path) -> Bureau:
    """Some records of most tables; one is corrected, one cancelled."""
    bureau = Bureau(tmp_path)
    supply = {"电子监管号": supervision_no(1), "供应面积": "3", "现有建设用地面积": "2", "当年新增面积": "1"}
    bureau.hand_in("供地结果", supply, {"电子监管号": supervision_no(2), "土地用途代码": "0601"})
    bureau.hand_in("供地结果", {**supply, "状态": "撤销"}, day="2026-11-10", batch="撤销")
    bureau.hand_in("闲置土地", {"闲置编号": "X1", "电子监管号": supervision_no(9)})
    bureau.hand_in("年度任务", {})
    bureau.hand_in("步行覆盖", {})
    bureau.take_in()
    return bureau


def built(bureau: Bureau, home: Path, ahead: bool) -> dict[str, str]:
    """The checksums of all marts but the last three, of a warehouse derived anew; with or without work ahead."""
    con, context, build = bureau.con, bureau.context(), home / "build" / "landstock.duckdb"
    build.parent.mkdir(parents=True)
    con.execute("DROP TABLE IF EXISTS core.relation_state")
    of_layer = partial(marts.ahead, con, build, context=context, release_id="2026-11-23.1", made_at=MADE_AT)
    with once.kept():
        if ahead:
            works = chain(indicators.ahead(con, context), quality.ahead(con, context), of_layer(layer="core"))
            assert len(list(once.ahead(works))) > len(INDICATORS) + 1
        for code in INDICATORS:
            indicators.derive(con, code, context)
        if ahead:
            assert list(once.ahead(of_layer(layer="indicator")))
        names = [name for name in MARTS if name not in ("revision", "plausibility", "quality_check")]
        for name in names:
            marts.build(con, build, name, context, "2026-11-23.1", MADE_AT)
    with duckdb.connect(str(build)) as made:
        return {name: release.checksum(made, MARTS[name]) for name in names}


def test_marts_are_the_same_with_work_ahead(bureau, tmp_path):
    assert built(bureau, tmp_path / "ahead", True) == built(bureau, tmp_path / "plain", False)


def test_work_ahead_only_reads_the_warehouse(bureau, tmp_path):
    """It is done while the checker looks at the file: an attempt to write would end it, and cost its time for nothing."""
    context, path = bureau.context(), tmp_path / "warehouse.duckdb"
    for code in INDICATORS:
        indicators.derive(bureau.con, code, context)
    bureau.con.close()
    with once.kept(), warehouse.connect(path, read_only=True) as con:
        works = [
            *indicators.ahead(con, context),
            *quality.ahead(con, context),
            *chain.from_iterable(
                marts.ahead(con, tmp_path / "build.duckdb", layer, context, "2026-11-23.1", MADE_AT)
                for layer in ("core", "indicator")
            ),
        ]
        assert len(list(once.ahead(works))) == len(works)


def test_what_was_computed_ahead_is_taken(bureau, monkeypatch):
    context = bureau.context()
    expected = indicators.compute(bureau.con, CODE, context, [2025, 2026])
    with once.kept():
        list(once.ahead(indicators.ahead(bureau.con, context)))
        monkeypatch.setattr(indicators, "compute", lambda *_: pytest.fail("computed twice"))
        indicators.derive(bureau.con, CODE, context)
    found = bureau.con.execute("SELECT * EXCLUDE indicator FROM indicator.figure WHERE indicator = ?", [CODE]).pl()
    assert_frame_equal(found, expected.figures, check_row_order=False, check_column_order=False)
