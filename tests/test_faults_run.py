"""Faults of a whole `landstock run`, real files and processes: kill -9, a full disk, a home that cannot be written.

By default a few of each; LANDSTOCK_FULL=1 kills 100 times and fills the disk at every layer (`docs/reliability.md`).
"""

from __future__ import annotations

import contextlib
import itertools
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from assets import release
from assets.home import Home
from pipelines import interruption
from tests.fault_nights import FULL, LAYERS, Night, Running, first_day, readable, second_day

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]
KILLS, KILLS_PER_LIFE = (100, 4) if FULL else (1, 1)
FIRST, SECOND = "2026-11-23.1", "2026-11-23.2"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A home with its first release, and the second day's files waiting."""
    place = tmp_path_factory.mktemp("faults")
    night = Night(place / "landing", Home(place / "home"))
    first_day(night.landing)
    code, said = night.complete()
    assert code == 0, said
    second_day(night.landing)
    return night


@pytest.fixture(scope="module")
def undisturbed(before: Night, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The tables of the second release when nothing goes wrong: another run at the same time is turned away."""
    night = copy(before, tmp_path_factory.mktemp("undisturbed"))
    running = night.start()
    running.wait_for("核验入库")
    second = Running(night.arguments, night.home.path.with_suffix(".second.log"))
    assert second.end() == 4, second.said
    assert f"进程 {running.process.pid}，landstock run" in second.said
    code, said = running.end(), running.said
    assert code == 0, said
    assert readable(night.home) == SECOND
    assert night.checksums() != before.checksums()
    return night.checksums()


def copy(night: Night, where: Path) -> Night:
    shutil.copytree(night.home.path, where / "home", symlinks=True)
    return Night(night.landing, Home(where / "home"))


def test_kill_9_at_any_moment_leaves_a_release_and_the_next_run_ends_as_if_nothing_had_been(
    before: Night, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    """Every life is killed a few times in a row, the run that should have healed it included; then one run ends it."""
    seed = time.time_ns()
    dice = random.Random(seed)
    kills: list[str] = []
    for life in itertools.count():
        (tmp_path / str(life)).mkdir()
        night = copy(before, tmp_path / str(life))
        for _ in range(min(KILLS_PER_LIFE, KILLS - len(kills))):
            layer = night.kill(dice)
            assert readable(night.home) in (FIRST, SECOND), (seed, kills)
            assert night.home.holder() is None, (seed, kills)
            if layer is None:
                break
            kills.append(layer)
        code, said = night.complete()
        assert code == 0, (seed, kills, said)
        assert readable(night.home) == SECOND, (seed, kills)
        assert night.checksums() == undisturbed, (seed, kills)
        assert release.stale(night.home) == [] or "没有变化" in said, (seed, kills)
        shutil.rmtree(tmp_path / str(life))
        print(life, len(kills), kills[-KILLS_PER_LIFE:], flush=True)
        if len(kills) >= KILLS:
            break
    print({layer: kills.count(layer) for layer in LAYERS})


@pytest.mark.parametrize("layer", LAYERS if FULL else LAYERS[4:5])
def test_a_run_that_is_told_to_end_does_so_at_once_and_the_next_one_goes_on(
    before: Night, undisturbed: dict[str, str], tmp_path: Path, layer: str
) -> None:
    night = copy(before, tmp_path)
    running = night.start()
    running.wait_for(layer)
    took = running.interrupt(signal.SIGTERM)
    assert (running.end(), took < interruption.PATIENCE + 2) == (130, True), (took, running.said)
    assert running.said.endswith("已中断。完成的部分都已保存，重新执行即可继续\n")
    assert "Traceback" not in running.said
    assert (readable(night.home), night.home.holder()) == (FIRST, None)
    code, said = night.complete()
    assert (code, readable(night.home), night.checksums()) == (0, SECOND, undisturbed), said


def test_raw_alone_gives_the_same_release(before: Night, tmp_path: Path) -> None:
    """Warehouse, releases and landing directory are gone: the checksum of every table is that of the first release."""
    (tmp_path / "landing").mkdir()
    night = Night(tmp_path / "landing", Home(tmp_path / "home"))
    shutil.copytree(before.home.raw, night.home.raw)
    code, said = night.complete()
    assert code == 0, said
    assert (readable(night.home), night.checksums()) == (FIRST, before.checksums())


# --- A full disk ---------------------------------------------------------------------------------------------------


def test_a_disk_that_fills_up_on_the_way_is_said_and_the_release_stays(before: Night, tmp_path: Path) -> None:
    """Files may not grow beyond 6 MB: the libraries meet what a full disk does to them, in their own ways."""
    night = copy(before, tmp_path)
    code, said = night.complete(most_bytes=6_000_000)
    assert code == 3, said
    assert "写盘失败" in said
    assert "超过配额" in said
    assert "Traceback" not in said
    assert readable(night.home) == FIRST


if FULL:

    @pytest.fixture
    def small_disk(tmp_path: Path):
        place = tmp_path / "disk"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(place)], check=True)
        yield place
        subprocess.run(["umount", "-l", str(place)], check=True)

    @pytest.mark.parametrize(
        ("layer", "room"), list(zip(LAYERS, itertools.cycle((0, 200_000, 2_000_000)), strict=False))
    )
    def test_a_small_disk_full_from_a_layer_on(
        before: Night, undisturbed: dict[str, str], small_disk: Path, tmp_path: Path, layer: str, room: int
    ) -> None:
        night = copy(before, small_disk)
        running = Running(night.arguments, tmp_path / "night.log")
        running.wait_for(layer)
        fill(small_disk, room)
        code, said = running.end(), running.said
        assert "Traceback" not in said
        if code:  # what little was left to write may have found its place
            assert code == 3, said
            assert "磁盘空间不足" in said or "写盘失败" in said  # what fails may give back what it took
        now = readable(night.home)
        assert now == (FIRST if code else SECOND)
        print(layer, room, code, said.splitlines()[-1])
        (small_disk / "ballast").unlink()
        code, said = night.complete()
        assert (code, readable(night.home), night.checksums()) == (0, SECOND, undisturbed), said

    def fill(disk: Path, room: int) -> None:
        """Take all the space but `room` bytes."""
        left = shutil.disk_usage(disk).free - room
        with contextlib.suppress(OSError), (disk / "ballast").open("wb") as ballast:  # the run writes, too
            while left > 0:
                left -= ballast.write(bytes(min(left, 1 << 20)))
