"""The home directory and its lock."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from assets.home import Home, HomeError, Locked

ROOT = Path(__file__).parents[1]
_HOLD = """
import sys; sys.path.insert(0, {root!r})
from pathlib import Path
from assets.home import Home
with Home(Path({home!r})).prepare().locked("landstock run"):
    print("held", flush=True); sys.stdin.read()
"""


@pytest.fixture
def other_process(tmp_path: Path):
    """Another process that holds the lock of tmp_path until its stdin is closed."""
    script = _HOLD.format(root=str(ROOT), home=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_prepare_creates_what_is_missing_and_may_be_repeated(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "b").prepare().prepare()
    assert all(folder.is_dir() for folder in (home.raw, home.releases, home.dagster, home.build.parent))


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(HomeError, match=r"同名文件.*--home"):
        Home(tmp_path / "home").prepare()


def test_an_unwritable_place_is_named() -> None:
    with pytest.raises(HomeError, match="/proc/landstock 不可写"):
        Home(Path("/proc/landstock")).prepare()


def test_a_home_without_runs_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="landstock run"):
        Home(tmp_path / "nothing").require()


def test_the_lock_names_its_holder(tmp_path: Path, other_process: subprocess.Popen) -> None:
    home = Home(tmp_path)
    assert home.holder()["command"] == "landstock run"
    with (
        pytest.raises(Locked, match=rf"进程 {other_process.pid}，landstock run") as caught,
        home.locked("landstock backfill"),
    ):
        pass
    assert f"process {other_process.pid}" in caught.value.en


def test_who_reads_does_so_beside_others_and_writers_wait(tmp_path: Path) -> None:
    """The lock belongs to an open file: another thread that opens it is what another process would be."""
    home = Home(tmp_path).prepare()
    with home.locked("before"):  # so that there is a lock file
        pass
    entered, order = threading.Event(), []

    def read() -> None:
        with home.reading(), home.reading():
            entered.set()
            time.sleep(0.5)
            order.append("read")

    reader = threading.Thread(target=read)
    reader.start()
    assert entered.wait(5)
    with home.locked("landstock run"):
        order.append("written")
    reader.join()
    assert order == ["read", "written"]


def test_nobody_reads_while_another_process_writes(tmp_path: Path, other_process: subprocess.Popen) -> None:
    with pytest.raises(Locked, match=rf"进程 {other_process.pid}，landstock run"), Home(tmp_path).reading():
        pass


def test_who_can_wait_gets_the_lock_when_it_is_free_and_hears_who_had_it(
    tmp_path: Path, other_process: subprocess.Popen
) -> None:
    said: list[str] = []

    def hear(sentence: str) -> None:
        said.append(sentence)
        other_process.kill()

    with Home(tmp_path).locked_in_time("dagster", hear):
        assert Home(tmp_path).holder()["command"] == "dagster"
    assert len(said) == 1
    assert f"进程 {other_process.pid}，landstock run" in said[0]


def test_who_waits_gives_up_in_time(tmp_path: Path, other_process: subprocess.Popen) -> None:
    with (
        pytest.raises(Locked, match=f"进程 {other_process.pid}"),
        Home(tmp_path).locked_in_time("dagster", str, patience=0.1),
    ):
        pass


def test_the_lock_goes_with_its_process(tmp_path: Path, other_process: subprocess.Popen) -> None:
    other_process.kill()
    other_process.wait()
    with Home(tmp_path).locked("landstock run"):
        pass


def test_the_same_process_may_take_the_lock_again(tmp_path: Path) -> None:
    home = Home(tmp_path).prepare()
    with home.locked("outer"):
        with home.locked("inner"):
            pass
        assert home.holder() == {"pid": str(os.getpid()), "command": "outer", "since": home.holder()["since"]}
    assert home.holder() is None
