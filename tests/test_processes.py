"""Further processes: results in order, nothing lost when one dies, nobody left behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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
    with processes.at_hand():
        done = list(processes.side_by_side(_process_of, range(20)))
    assert [task for task, _ in done] == list(range(20))
    assert os.getpid() not in {process for _, process in done}


def test_without_processes_the_work_is_done_here():
    assert {process for _, process in processes.side_by_side(_process_of, range(3))} == {os.getpid()}
    assert list(processes.in_checker(_process_of, [1, 2])) == [(1, os.getpid()), (2, os.getpid())]


def test_one_task_is_not_worth_a_process():
    with processes.at_hand():
        assert list(processes.side_by_side(_process_of, [7], then=[8])) == [(7, os.getpid())]


# --- What will be asked for next ------------------------------------------------------------------------------------


def _noted(place: Path, task: int) -> int:
    """Says on disk that it was begun, so that work done twice or too early shows."""
    with (place / str(task)).open("a") as note:
        note.write("begun\n")
    if task < 0:
        raise ValueError(task)
    return task


def _times_begun(place: Path) -> dict[int, int]:
    return {int(note.name): len(note.read_text().splitlines()) for note in place.iterdir()}


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_what_comes_next_is_begun_meanwhile_and_taken_over(tmp_path):
    note = partial(_noted, tmp_path)
    with processes.at_hand():
        first = processes.side_by_side(note, [0, 1], then=range(2, 100))
        assert [next(first), next(first)] == [0, 1]
        _until(lambda: 2 in _times_begun(tmp_path))  # while the caller still deals with 1
        assert list(first) == []
        assert list(processes.side_by_side(note, [2, 3], then=[4, 5])) == [2, 3]
        assert list(processes.side_by_side(note, [4], then=[5])) == [4]
        assert list(processes.side_by_side(note, [5])) == [5]
    begun = _times_begun(tmp_path)
    assert [begun[task] for task in range(6)] == [1] * 6


def test_never_more_is_begun_than_there_is_room_for(tmp_path):
    most = processes._count() + 1
    with processes.at_hand():
        steps = processes.side_by_side(partial(_noted, tmp_path), range(3), then=range(3, 100))
        for done, _ in enumerate(steps, start=1):
            _until(lambda done=done: len(_times_begun(tmp_path)) >= done + processes._count())
            assert len(_times_begun(tmp_path)) <= done + most - 1
    assert len(_times_begun(tmp_path)) <= 3 + most


@pytest.mark.parametrize(
    "calls",
    [
        [[0, 1], [5, 6], [2, 3]],  # in another order
        [[0, 1], [3]],  # what was begun first is not wanted
        [[0, 1], [2, 9, 3]],  # something between
        [[0, 1], [0], [1, 0]],  # the same again
        [[0, 1], [], [2, 3]],  # nothing at all between
    ],
)
def test_whatever_is_asked_for_instead_is_right(tmp_path, calls):
    note = partial(_noted, tmp_path)
    with processes.at_hand():
        for tasks in calls:
            assert list(processes.side_by_side(note, tasks, then=range(2, 20))) == tasks


def test_other_work_takes_nothing_over(tmp_path):
    with processes.at_hand():
        list(processes.side_by_side(partial(_noted, tmp_path), [0, 1], then=[2, 3]))
        assert [task for task, _ in processes.side_by_side(_process_of, [2, 3])] == [2, 3]


def test_a_caller_that_fails_leaves_nothing_begun_behind(tmp_path):
    note = partial(_noted, tmp_path)
    with processes.at_hand():
        with pytest.raises(ZeroDivisionError):
            for task in processes.side_by_side(note, range(5), then=[5, 6]):
                1 // task
        assert list(processes.side_by_side(note, range(5), then=[5, 6])) == [0, 1, 2, 3, 4]
        with pytest.raises(ValueError, match="-1"):
            list(processes.side_by_side(note, [7, -1, 8], then=[9]))
        assert list(processes.side_by_side(note, [9, 10])) == [9, 10]


def test_a_process_that_dies_with_what_was_begun_ahead(tmp_path):
    work = partial(_die, tmp_path / "marker")
    with processes.at_hand():
        first = list(processes.side_by_side(work, [0, 1], then=[3, 4, 5]))
        second = list(processes.side_by_side(work, [3, 4, 5], then=[6]))
    assert [task for task, _ in first + second] == [0, 1, 3, 4, 5]


def test_without_processes_nothing_is_begun_ahead(tmp_path):
    assert list(processes.side_by_side(partial(_noted, tmp_path), [0, 1], then=[2])) == [0, 1]
    assert _times_begun(tmp_path) == {0: 1, 1: 1}


# --- Processes that end ---------------------------------------------------------------------------------------------


def test_calls_that_nobody_wants_any_more_do_not_keep_others_waiting_when_a_process_dies(tmp_path):
    with processes.at_hand():
        list(processes.side_by_side(_process_of, [0, 1], then=range(2, 6)))
        done = list(processes.side_by_side(partial(_die, tmp_path / "marker"), range(10)))
    assert [task for task, _ in done] == list(range(10))


def test_a_dead_process_loses_nothing(tmp_path):
    with processes.at_hand():
        done = list(processes.side_by_side(partial(_die, tmp_path / "marker"), range(10)))
    assert [task for task, _ in done] == list(range(10))
    assert done[-1][1] == os.getpid()


def test_after_a_death_everything_that_follows_is_done_here(tmp_path):
    with processes.at_hand():
        list(processes.side_by_side(partial(_die, tmp_path / "marker"), range(10)))
        processes.prepare_workers(_nothing)
        assert processes.meanwhile(_process_of, 1)() == (1, os.getpid())
        assert {process for _, process in processes.side_by_side(_process_of, range(3))} == {os.getpid()}


def test_a_dead_checker_is_replaced_by_this_process(tmp_path):
    with processes.at_hand():
        ((_, checker),) = processes.in_checker(_process_of, [1])
        assert checker != os.getpid()
        done = list(processes.in_checker(partial(_die, tmp_path / "marker"), range(6)))
    assert [task for task, _ in done] == list(range(6))
    assert [process for _, process in done] == [checker] * 3 + [os.getpid()] * 3


def test_where_no_process_can_be_started_the_work_is_done_here(monkeypatch):
    """A user without the right to, or a container without room for one: the pipe to the new process breaks."""

    def fail(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("multiprocessing.popen_spawn_posix.Popen._launch", fail)
    with processes.at_hand():
        processes.prepare_checker(_nothing)
        processes.prepare_workers(_nothing)
        here = [(task, os.getpid()) for task in range(4)]
        assert list(processes.side_by_side(_process_of, range(4))) == here
        assert list(processes.in_checker(_process_of, range(4))) == here
        assert processes.meanwhile(_process_of, 7)() == (7, os.getpid())


def test_processes_know_the_departments_own_policy(tmp_path):
    (tmp_path / "targets-x.csv").write_text("")
    policy.also(tmp_path)
    try:
        with processes.at_hand():
            assert list(processes.in_checker(_further, [0])) == [str(tmp_path)]
    finally:
        policy.also("")


_KEEPER = """
import os, sys, time
from assets import processes
from tests.test_processes import _process_of
if __name__ == "__main__":
    with processes.at_hand():
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
import signal, sys, time
from assets import processes
from tests.test_processes import _asleep, _process_of
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background inherit a deaf one
    try:
        with processes.at_hand():
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


# --- What is handed over again and again ----------------------------------------------------------------------------


def _seen(regions: policy.Regions) -> tuple[int, int]:
    return id(regions), regions.frame.height


def test_a_process_keeps_one_region_table():
    regions = policy.regions()
    with processes.at_hand():
        seen = set(processes.in_checker(_seen, [regions] * 5))
    assert len(seen) == 1
    assert pickle.loads(pickle.dumps(regions)).frame.equals(regions.frame)
    assert pickle.loads(pickle.dumps(regions)) is not regions
