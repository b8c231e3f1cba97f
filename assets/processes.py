"""Further processes (辅助进程): several workers for what can be done side by side, and one that checks.

A run keeps them from its beginning to its end (`at_hand`), so that what takes seconds to import is imported while other
things are done. Nothing depends on them: without them, or when one was ended from outside, the same work is done here.
They end with the process that started them, however it ends.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for_calls
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import wait
from typing import Any, TypeVar

from assets.lean import lean
from schemas import policy

MOST = 8
#: A process that was ended leaves semaphores, which Python's resource tracker removes, and would complain of.
_SILENCE = "ignore:resource_tracker:UserWarning"
Task, Result = TypeVar("Task"), TypeVar("Result")
NOTHING: Iterator[object] = iter(())


@dataclass(frozen=True, slots=True)
class _Begun:
    """A call that is under way in another process."""

    work: Callable
    task: Any
    call: Future


class _Processes:
    """Executors by name, while a run keeps them, and what the workers began ahead."""

    def __init__(self) -> None:
        self.workers: ProcessPoolExecutor | None = None
        self.checker: ProcessPoolExecutor | None = None
        self.ahead: deque[_Begun] = deque()


_kept = _Processes()


@contextmanager
def at_hand() -> Iterator[None]:
    """Keep workers and a checker for the length of a block. Inside another such block nothing more is started."""
    if _kept.workers:
        yield
        return
    with _executor(_count()) as workers, _executor(1) as checker:
        _kept.workers, _kept.checker = workers, checker
        try:
            yield
        finally:
            _kept.workers = _kept.checker = None
            _kept.ahead.clear()


def prepare_checker(prepare: Callable[[], None]) -> None:
    """Let the checker at hand import what it will need, while others are at work."""
    if _kept.checker:
        _submit(_kept.checker, prepare)


def prepare_workers(prepare: Callable[[], None]) -> None:
    """Let every worker at hand import what it will need; best at a moment when there is a processor for it."""
    for _ in range(_count() if _kept.workers else 0):
        _submit(_kept.workers, prepare)


def side_by_side(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    worth_starting: bool = False,
    then: Iterable[Task] = (),
) -> Iterator[Result]:
    """`work` of every task, in the order of the tasks; `work` and tasks must be picklable.

    Uses the workers at hand; where there are none, some are started if that is worth a second of each. `then` is what
    the next call will probably ask for, in this order: workers that are at it already begin it rather than stand idle.
    """
    if _kept.workers and (len(tasks) > 1 or (tasks and _kept.ahead)):
        yield from _spread(_kept.workers, work, tasks, _count() + 1, then)
    elif len(tasks) > 1 and worth_starting and _count() > 1:
        with _executor(min(_count(), len(tasks))) as workers:
            yield from _spread(workers, work, tasks, _count() + 1)
    else:
        yield from map(work, tasks)


def meanwhile(work: Callable[..., Result], *arguments: Any) -> Callable[[], Result]:
    """Begin a call in a worker and go on; what is returned waits for its result. Without workers it is made then."""
    begun = _submit(_kept.workers, work, *arguments) if _kept.workers else None

    def wait_for() -> Result:
        try:
            return _result(begun) if begun else work(*arguments)
        except BrokenProcessPool:
            return work(*arguments)

    return wait_for


def in_checker(
    work: Callable[[Task], Result], tasks: Sequence[Task], meanwhile: Iterator[object] = NOTHING
) -> Iterator[Result]:
    """`work` of every task, one after the other, by the checker while the caller goes on; here where there is none.

    While a result is waited for, this process goes on with `meanwhile`, which does some work at every step.
    """
    if _kept.checker:
        return _spread(_kept.checker, work, tasks, len(tasks), meanwhile=meanwhile)
    return map(work, tasks)


def _spread(
    executor: ProcessPoolExecutor, work: Callable, tasks: Sequence, most: int, then: Iterable = (),
    meanwhile: Iterator[object] = NOTHING,
) -> Iterator:  # fmt: skip
    """Never more than `most` tasks under way: what waits takes memory."""
    done, under_way, coming = 0, deque[_Begun](), chain(tasks, then)
    try:
        while done < len(tasks):
            under_way.extend(_take_up(executor, work, task) for task in islice(coming, most - len(under_way)))
            yield _result(under_way.popleft().call, meanwhile)
            done += 1
        _kept.ahead = under_way
    except BrokenProcessPool:  # a process was ended from outside (memory, an administrator): go on without
        yield from map(work, tasks[done:])


def _take_up(executor: ProcessPoolExecutor, work: Callable, task: Any) -> _Begun:
    """A call, taken over if it is the first of those begun ahead. If something else is wanted first, these are of no
    use: the steps of a run follow one another in another order, or one of them failed.

    They come to their end all the same. A cancelled call, when a process dies, ends the thread that would tell of it
    (Python 3.11), and whoever waits for another call would wait for ever.
    """
    if _kept.ahead and (_kept.ahead[0].work, _kept.ahead[0].task) == (work, task):
        return _kept.ahead.popleft()
    _kept.ahead.clear()
    return _Begun(work, task, _submit(executor, work, task))


def _count() -> int:
    """Each takes 0.2 GB and a second to start; what a province needs gains nothing from more."""
    return min(len(os.sched_getaffinity(0)), MOST)


@contextmanager
def _executor(processes: int) -> Iterator[ProcessPoolExecutor]:
    if _SILENCE not in sys.warnoptions:
        sys.warnoptions.append(_SILENCE)  # the tracker's process takes over the options of this one
    # A forked process would inherit locks that other threads hold.
    spawn = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(processes, spawn, initializer=_begin, initargs=(policy.further(),))
    try:
        yield executor
    except BaseException:  # nobody waits for what is under way
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _submit(executor: ProcessPoolExecutor, work: Callable, *arguments: Any) -> Future:
    """A submitted call; one that breaks when it is waited for where no process is left.

    The process that may be started for it inherits a blocked Ctrl-C: that is for this one alone.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.submit(work, *arguments)
    except (BrokenProcessPool, OSError) as error:  # the second: none can be started
        broken: Future = Future()
        broken.set_exception(BrokenProcessPool(str(error)))
        return broken
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _result(call: Future, meanwhile: Iterator[object] = NOTHING) -> Any:
    nothing_left = object()
    while not call.done():
        if next(meanwhile, nothing_left) is nothing_left:
            # Since polars is imported, Ctrl-C no longer ends a wait: it is heard between two of them.
            wait_for_calls([call], timeout=0.2)
    return call.result()


def _begin(policy_directory: str) -> None:
    lean()
    atexit.register(os._exit, 0)  # the last thing at exit: taking a million objects apart takes a second
    policy.also(policy_directory)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
