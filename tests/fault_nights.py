"""A small province for the fault tests: two days of submissions, and nights run as processes of their own."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
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


@dataclass(frozen=True)
class Night:
    """One `landstock run` on a landing directory and a home."""

    landing: Path
    home: Home

    @property
    def command(self) -> list[str]:
        where = ["--landing", str(self.landing), "--home", str(self.home.path), "--as-of", DAY]
        return [sys.executable, "-c", "from pipelines import cli; cli.main()", "run", *where]

    def start(self, **more: object) -> subprocess.Popen:
        return subprocess.Popen(
            self.command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"}, **more,
        )  # fmt: skip

    def complete(self, **more: object) -> tuple[int, str]:
        """Run it to its end; exit code and everything said."""
        process = self.start(**more)
        out, err = process.communicate()
        return process.returncode, out + err

    def kill(self, dice: random.Random) -> str | None:
        """Start it, kill -9 it at a random moment; says in which layer it was, None when it had ended before."""
        process = self.start()
        layer = dice.choice(LAYERS)
        _wait_for(process, layer)
        time.sleep(dice.uniform(0, 2))
        finished = process.poll() is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None if finished else layer

    def checksums(self) -> dict[str, str]:
        """The content of the current release, table by table."""
        return dict(release.manifest(self.home, release.current(self.home)).checksums)


def _wait_for(process: subprocess.Popen, layer: str) -> None:
    for line in process.stderr:
        if layer in line:
            return


def readable(home: Home) -> str:
    """Hold that the current release is whole and answers; its id."""
    now = release.current(home)
    assert now is not None
    assert release.verify(home, now) == []
    with release.open_read_only(home) as con:
        assert con.execute("SELECT count(*) FROM indicator_value").fetchone()[0] > 0
    return now
