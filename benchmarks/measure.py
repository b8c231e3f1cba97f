"""What a command costs: wall time, processor time and peak memory, its children included. Linux only (/proc)."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAUSE = 0.1


class CommandFailed(RuntimeError):
    """A measured command did not end well: its time means nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall and processor, peak memory in bytes, what was printed, and the machine's load before."""

    wall: float
    cpu: float
    peak: int
    output: str
    load: float


def run(
    command: Sequence[str | Path], environment: Mapping[str, str] | None = None, codes: tuple[int, ...] = (0,)
) -> Cost:
    """Run a command to its end. Raises CommandFailed, with the end of its output, when the code is not in `codes`."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [str(each) for each in command], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        peak, code, usage = _follow(process.pid)
        wall = time.perf_counter() - begun
        process.returncode = code
        output.seek(0)
        printed = output.read().decode(errors="replace")
    if code not in codes:
        raise CommandFailed(f"{' '.join(map(str, command))} ended with {code}:\n{printed[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, max(peak, usage.ru_maxrss * 1024), printed, load)


def best(costs: Sequence[Cost]) -> Cost:
    """The quickest of several: what disturbs a run only ever adds time."""
    return min(costs, key=lambda cost: cost.wall)


def _follow(pid: int) -> tuple[int, int, object]:
    """Wait for a child; (largest sum of resident memory seen in its family, exit code, resource usage)."""
    peak = 0
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return peak, os.waitstatus_to_exitcode(status), usage
        peak = max(peak, _memory(family(pid)))
        time.sleep(PAUSE)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    members = [pid]
    for member in members:
        for thread in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                members += [int(child) for child in thread.read_text().split()]
            except OSError:  # it has ended meanwhile
                continue
    return members


def _memory(members: Sequence[int]) -> int:
    """Bytes that processes have of their own, and the most that one of them shares with others (libraries).

    A few numbers of each: asking the kernel to count every page takes a third of a processor from what is measured.
    """
    counted = [_pages(member) for member in members]
    own, shared = sum(resident - shared for resident, shared in counted), max(shared for _, shared in counted)
    return (own + shared) * os.sysconf("SC_PAGE_SIZE")


def _pages(pid: int) -> tuple[int, int]:
    """Resident pages of a process, and how many of them are shared."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):  # it has ended meanwhile
        return 0, 0
    return int(resident), int(shared)
