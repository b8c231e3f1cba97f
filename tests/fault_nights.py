"""A small province for the fault tests: two days of submissions, and nights run as processes of their own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from assets import release
from assets.home import Home
from tests.bureau import Bureau, supervision_no

ROOT = Path(__file__).parents[1]
FULL = bool(os.environ.get("LANDSTOCK_FULL"))
DAY = "2026-11-23"
#: What `landstock run` says on stderr as it goes from layer to layer.
LAYERS = ("正在准备", "留存报送文件", "核验入库", "计算指标", "生成成果表", "编制文书与网页", "封存发布")


def first_day(landing: Path) -> None:
    """A handful of good files, a row in quarantine, a file that is refused."""
    clerk = Bureau(landing.parent / "clerk")
    supplies = [{"电子监管号": supervision_no(n)} for n in range(5)] + [
        {"电子监管号": supervision_no(9), "供应面积": "3"}
    ]
    clerk.hand_in("供地结果", *supplies, day="2026-03-15")
    clerk.hand_in("批而未供台账", {"批文号": "B1"}, day="2026-03-15")
    clerk.hand_in("批而未供消化", *({"消化编号": f"X{n}"} for n in range(3)), day="2026-03-15")
    clerk.hand_in("闲置土地", {"认定书编号": "R1"}, day="2026-03-15")
    clerk.put("别的东西.csv", b"not,a,table\n", day="2026-03-15")
    _move(clerk, landing)


def second_day(landing: Path) -> None:
    """More files, and a correction."""
    clerk = Bureau(landing.parent / "clerk2")
    corrected = {"电子监管号": supervision_no(0), "现有建设用地面积": "1", "当年新增面积": "1", "状态": "更正"}
    clerk.hand_in("供地结果", corrected, day="2026-11-20")
    clerk.hand_in("低效用地", {"图斑编号": "T1"}, day="2026-11-20")
    clerk.hand_in("年度任务", {}, day="2026-11-20")
    _move(clerk, landing)


def _move(clerk: Bureau, landing: Path) -> None:
    clerk.con.close()
    shutil.copytree(clerk.landing, landing, dirs_exist_ok=True)


#: Forks every night from a process that has loaded the libraries: loading takes longer than what is tested here.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["pipelines.execution", "pipelines.cli.run", "great_expectations", "tests.fault_nights"])


def _live(arguments: list[str], log: str, most_bytes: int | None) -> None:
    """What a night's process does: `landstock run` in a group of its own, everything it says in a file."""
    os.setsid()
    os.chdir(ROOT)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sys.argv = ["landstock", *arguments]
    from pipelines import cli

    cli.main(arguments)


class Running:
    """A night that goes on."""

    def __init__(self, arguments: list[str], log: Path, most_bytes: int | None = None) -> None:
        self.log = log
        log.write_text("")
        self.process = _FORKS.Process(target=_live, args=(arguments, str(log), most_bytes))
        self.process.start()

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, words: str) -> None:
        """Until it has said these words, or has ended."""
        while words not in self.said and self.process.is_alive():
            time.sleep(0.02)

    def end(self) -> int:
        self.process.join()
        return self.process.exitcode

    def interrupt(self, number: int) -> float:
        """Send a signal to the run alone, as a timer or a supervisor does; seconds until it has ended."""
        began = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)
        self.process.join()
        return time.monotonic() - began

    def kill(self) -> bool:
        """kill -9; whether it was still at work."""
        at_work = self.process.is_alive()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()
        return at_work and self.process.exitcode == -signal.SIGKILL


@dataclass(frozen=True)
class Night:
    """One `landstock run` on a landing directory and a home."""

    landing: Path
    home: Home

    @property
    def arguments(self) -> list[str]:
        return ["run", "--landing", str(self.landing), "--home", str(self.home.path), "--as-of", DAY]

    def start(self, most_bytes: int | None = None) -> Running:
        """`most_bytes`: no file may grow beyond."""
        return Running(self.arguments, self.home.path.with_suffix(".log"), most_bytes)

    def complete(self, most_bytes: int | None = None) -> tuple[int, str]:
        """Run it to its end; exit code and everything said."""
        running = self.start(most_bytes)
        return running.end(), running.said

    def kill(self, dice: random.Random) -> str | None:
        """Start it, kill -9 it at a random moment; says in which layer it was, None when it had ended before."""
        layer = dice.choice(LAYERS)
        running = self.start()
        running.wait_for(layer)
        time.sleep(dice.uniform(0, 2))
        return layer if running.kill() else None

    def checksums(self) -> dict[str, str]:
        """The content of the current release, table by table."""
        return dict(release.manifest(self.home, release.current(self.home)).checksums)


def readable(home: Home) -> str:
    """Hold that the current release is whole and answers; its id."""
    now = release.current(home)
    assert now is not None
    assert release.verify(home, now) == []
    with release.open_read_only(home) as con:
        assert con.execute("SELECT count(*) FROM indicator_value").fetchone()[0] > 0
    return now
