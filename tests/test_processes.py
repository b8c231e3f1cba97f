"""Further processes: results in order, nothing lost when one dies, nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import duckdb
import pytest

from assets import processes, warehouse
from schemas import policy

ROOT = Path(__file__).parents[1]


def _process_of(task: int) -> tuple[int, int]:
    return task, os.getpid()


def _die(marker: Path, task: int) -> tuple[int, int]:
    """Task 3 kills the process that does it, once."""
    if task == 3 and not marker.exists():
        marker.write_text("was here")
        os.kill(os.getpid(), signal.SIGKILL)
    return task, os.getpid()


def _further(_: int) -> str:
    return policy.further()


def _nothing() -> None: ...


def test_tasks_are_done_elsewhere_and_come_back_in_order():
    with processes.at_hand(_nothing):
        done = list(processes.side_by_side(_process_of, range(20)))
    assert [task for task, _ in done] == list(range(20))
    assert os.getpid() not in {process for _, process in done}


def test_without_processes_the_work_is_done_here():
    assert {process for _, process in processes.side_by_side(_process_of, range(3))} == {os.getpid()}
    assert list(processes.in_checker(_process_of, [1, 2])) == [(1, os.getpid()), (2, os.getpid())]


def test_one_task_is_not_worth_a_process():
    with processes.at_hand(_nothing):
        assert list(processes.side_by_side(_process_of, [7])) == [(7, os.getpid())]


def test_a_dead_process_loses_nothing(tmp_path):
    with processes.at_hand(_nothing):
        done = list(processes.side_by_side(partial(_die, tmp_path / "marker"), range(10)))
    assert [task for task, _ in done] == list(range(10))
    assert done[-1][1] == os.getpid()


def test_after_a_death_everything_that_follows_is_done_here(tmp_path):
    with processes.at_hand(_nothing):
        list(processes.side_by_side(partial(_die, tmp_path / "marker"), range(10)))
        processes.prepare_workers(_nothing)
        assert processes.meanwhile(_process_of, 1)() == (1, os.getpid())
        assert {process for _, process in processes.side_by_side(_process_of, range(3))} == {os.getpid()}


def test_a_dead_checker_is_replaced_by_this_process(tmp_path):
    with processes.at_hand(_nothing):
        ((_, checker),) = processes.in_checker(_process_of, [1])
        assert checker != os.getpid()
        done = list(processes.in_checker(partial(_die, tmp_path / "marker"), range(6)))
    assert [task for task, _ in done] == list(range(6))
    assert [process for _, process in done] == [checker] * 3 + [os.getpid()] * 3


def test_processes_know_the_departments_own_policy(tmp_path):
    (tmp_path / "targets-x.csv").write_text("")
    policy.also(tmp_path)
    try:
        with processes.at_hand(_nothing):
            assert list(processes.in_checker(_further, [0])) == [str(tmp_path)]
    finally:
        policy.also("")


_KEEPER = """
import os, sys, time
from assets import processes
from tests.test_processes import _nothing, _process_of
if __name__ == "__main__":
    with processes.at_hand(_nothing):
        print(*{process for _, process in processes.side_by_side(_process_of, range(9))}, flush=True)
        time.sleep(60)
"""


def test_processes_end_with_the_one_that_started_them(tmp_path):
    script = tmp_path / "keeper.py"
    script.write_text(_KEEPER)
    keeper = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    started = [int(each) for each in keeper.stdout.readline().split()]
    assert started and all(_is_alive(each) for each in started)
    keeper.kill()
    keeper.wait()
    deadline = time.monotonic() + 10
    while any(_is_alive(each) for each in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_is_alive(each) for each in started)


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


_INTERRUPTED = """
import sys, time
from assets import processes
from tests.test_processes import _asleep, _nothing, _process_of
if __name__ == "__main__":
    try:
        with processes.at_hand(_nothing):
            print(*{process for _, process in processes.side_by_side(_process_of, range(9))}, flush=True)
            list(processes.side_by_side(_asleep, range(9)))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def _asleep(task: int) -> None:
    time.sleep(60)


def test_ctrl_c_ends_what_is_under_way_without_a_word(tmp_path):
    script = tmp_path / "interrupted.py"
    script.write_text(_INTERRUPTED)
    run = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.stdout.readline()
    time.sleep(0.5)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, said = run.communicate(timeout=30)
    assert (run.returncode, said) == (130, "")


# --- The warehouse kept open ----------------------------------------------------------------------------------------


def _count_elsewhere(path: Path) -> int:
    code = "import sys, duckdb; print(duckdb.connect(sys.argv[1], read_only=True).sql('FROM core.region').shape[0])"
    return int(subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True).stdout)


def test_a_warehouse_that_is_kept_open_is_let_go(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with warehouse.kept_open(path):
        with warehouse.connect(path) as con:
            con.execute("INSERT INTO core.region (code) VALUES ('330100')")
        with pytest.raises(subprocess.CalledProcessError):
            _count_elsewhere(path)
        with warehouse.let_go(path):
            assert _count_elsewhere(path) == 1
        with pytest.raises(subprocess.CalledProcessError):
            _count_elsewhere(path)
    assert _count_elsewhere(path) == 1


def test_letting_go_of_what_is_not_kept_changes_nothing(tmp_path):
    with warehouse.let_go(tmp_path / "warehouse.duckdb"), duckdb.connect():
        assert not (tmp_path / "warehouse.duckdb").exists()
