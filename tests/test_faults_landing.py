"""What goes wrong at the landing directory: files that grow, vanish or bear odd names, a log cut short, odd clocks."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import date
from pathlib import Path

import pytest

from assets import core, raw
from pipelines import landing
from tests.bureau import Bureau

TODAY = date(2026, 11, 23)
NAME = "年度任务_330100_2026.csv"
TEXT = "行政区代码,年份,任务,任务面积\n330100,2026,闲置土地处置,30\n"


def capture(bureau: Bureau, told: list[str] | None = None) -> int:
    return raw.capture(
        bureau.con, bureau.landing, bureau.raw, TODAY, bureau.regions, told.append if told is not None else None
    )


def sightings(bureau: Bureau) -> list[tuple]:
    return bureau.con.execute("SELECT path, file_name, bytes FROM raw.sighting ORDER BY seq").fetchall()


# --- Growing, vanishing, closed ------------------------------------------------------------------------------------


def test_a_file_that_grows_while_it_is_read_is_left_for_the_next_run(bureau: Bureau, monkeypatch) -> None:
    bureau.put(NAME, TEXT.encode())
    file = bureau.landing / "2026-11-01" / NAME
    read = Path.read_bytes

    def while_somebody_writes(path: Path) -> bytes:
        content = read(path)
        if path == file:
            with file.open("a", encoding="utf-8") as more:
                more.write("330100,2027,闲置土地处置,40\n")
        return content

    told: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", while_somebody_writes)
        assert capture(bureau, told) == 0
    assert told == [f"2026-11-01/{NAME} 正在写入，留待下次"]
    assert sightings(bureau) == []
    assert capture(bureau) == 1
    assert sightings(bureau) == [(f"2026-11-01/{NAME}", NAME, file.stat().st_size)]


def test_what_was_taken_of_a_growing_file_was_there_at_one_moment_and_the_end_counts(bureau: Bureau) -> None:
    """A writer appends lines as fast as it can; every capture is a prefix of the file, the last one is all of it."""
    bureau.put(NAME, TEXT.encode())
    file = bureau.landing / "2026-11-01" / NAME

    def write() -> None:
        with file.open("a", encoding="utf-8") as out:
            for year in range(2027, 2031):
                out.write(f"330100,{year},闲置土地处置,{year}\n" * 200)
                out.flush()
                time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        capture(bureau)
    writer.join()
    capture(bureau)
    whole = file.read_bytes()
    shas = bureau.con.execute("SELECT DISTINCT file_sha256 FROM raw.sighting").fetchall()
    kept = [raw.stored(bureau.raw, sha).read_bytes() for (sha,) in shas]
    assert whole in kept
    assert all(whole.startswith(content) for content in kept)


@pytest.mark.parametrize("method", ["read_bytes", "stat"])
def test_a_file_that_cannot_be_opened_or_is_gone_holds_nobody_up(bureau: Bureau, monkeypatch, method: str) -> None:
    bureau.put(NAME, TEXT.encode())
    bureau.put("年度任务_330200_2026.csv", TEXT.replace("330100", "330200").encode())
    real = getattr(Path, method)

    def refused(path: Path, *given: object, **more: object) -> object:
        if path.name == NAME and (method == "read_bytes" or not more):
            raise PermissionError(13, "Permission denied")
        return real(path, *given, **more)

    monkeypatch.setattr(raw, "files", lambda *_: [(path, TODAY) for path in sorted(bureau.landing.rglob("*.csv"))])
    told: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(Path, method, refused)
        assert capture(bureau, told) == 1
    assert told == [f"2026-11-01/{NAME} 无法打开（Permission denied），留待下次"]
    assert capture(bureau) == 1


def test_pipes_folders_and_links_out_of_the_directory_are_no_files(bureau: Bureau, tmp_path: Path) -> None:
    bureau.put(NAME, TEXT.encode())
    day = bureau.landing / "2026-11-01"
    (tmp_path / "secret.csv").write_text(TEXT)
    os.mkfifo(day / "年度任务_330200_2026.csv")
    (day / "年度任务_330300_2026.csv").mkdir()
    (day / "年度任务_330400_2026.csv").symlink_to(tmp_path / "secret.csv")
    (day / "年度任务_330500_2026.csv").symlink_to("nowhere")
    (day / ".年度任务_330600_2026.csv").write_text(TEXT)
    (tmp_path / "share").mkdir()
    (bureau.landing / "2026-11-02").symlink_to(tmp_path / "share")
    assert capture(bureau) == 1
    assert [name for _, name, _ in sightings(bureau)] == [NAME]
    assert raw.left_out(bureau.landing) == [  # told of every night: a city may have handed it in
        ("2026-11-01/年度任务_330200_2026.csv", raw.NO_FILE),
        ("2026-11-01/年度任务_330400_2026.csv", raw.LINK_OUT),
        ("2026-11-01/年度任务_330500_2026.csv", raw.LINK_OUT),
        ("2026-11-02", raw.LINK_OUT),
    ]


def test_what_may_not_be_read_is_named(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that runs as root may read everything: the system is asked in its place."""
    bureau.put(NAME, TEXT.encode())
    closed = bureau.landing / "2026-11-02"
    closed.mkdir()
    walk, access = os.walk, os.access

    def walked(top: Path, onerror):
        for place, folders, names in walk(top):
            if Path(place) == closed:
                onerror(PermissionError(13, "Permission denied", str(closed)))
            else:
                yield place, folders, names

    monkeypatch.setattr(os, "walk", walked)
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != NAME and access(path, mode))
    assert capture(bureau) == 0
    named = [(f"2026-11-01/{NAME}", raw.UNREADABLE), ("2026-11-02", raw.UNREADABLE)]
    assert raw.left_out(bureau.landing) == named


def test_what_downloads_and_file_managers_leave_is_handed_in_by_nobody(bureau: Bureau) -> None:
    for name in ("Thumbs.db", "desktop.ini", f"{NAME}.part", f"{NAME}.crdownload", f"{NAME}~", f"~${NAME}", f".{NAME}"):
        bureau.put(name, TEXT.encode())
    assert (capture(bureau), raw.left_out(bureau.landing)) == (0, [])


# --- Names ---------------------------------------------------------------------------------------------------------


ODD_NAMES = {
    NAME.encode("gb18030"): "annual_task",
    "年度任务_330100_2026_第\n批.csv".encode(): "annual_task",
    NAME.encode()[:-5] + b"\xff.csv": None,  # no encoding at all: its receipt asks for a proper name
}


@pytest.mark.parametrize(("odd", "table"), ODD_NAMES.items())
def test_a_name_in_another_encoding_is_taken_known_and_rebuilt(bureau: Bureau, odd: bytes, table: str | None) -> None:
    (bureau.landing / "2026-11-01").mkdir()
    with open(os.fsencode(bureau.landing / "2026-11-01") + b"/" + odd, "wb") as out:
        out.write(TEXT.encode())
    assert landing.unseen(bureau.con, bureau.landing) == [next(iter(landing.listing(bureau.landing)))]
    assert capture(bureau) == 1
    assert capture(bureau) == 0
    assert landing.unseen(bureau.con, bureau.landing) == []
    assert bureau.con.execute("SELECT named_table FROM raw.submission").fetchall() == [(table,)]
    json.dumps(sightings(bureau)).encode()


def test_a_name_of_gb18030_reads_as_it_was_typed(tmp_path: Path) -> None:
    odd = Path(os.fsdecode("报送".encode("gb18030"))) / os.fsdecode(NAME.encode("gb18030"))
    assert raw.readable(odd) == f"报送/{NAME}"


# --- The log -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [b'{"seq": 2, "pa', '{"seq": 2, "path": "年'.encode()[:-1], b"\xff\xfe", b"\n\n"])
def test_a_log_cut_short_by_a_crash_loses_neither_the_line_before_nor_the_one_after(bureau: Bureau, cut: bytes) -> None:
    bureau.put(NAME, TEXT.encode())
    capture(bureau)
    with (bureau.raw / raw.LOG).open("ab") as log:
        log.write(cut)
    bureau.put("年度任务_330200_2026.csv", TEXT.replace("330100", "330200").encode())
    assert capture(bureau) == 1
    before = sightings(bureau)
    bureau.con.execute("DELETE FROM raw.sighting")
    bureau.con.execute("DELETE FROM raw.submission")
    raw.restore(bureau.con, bureau.raw, bureau.regions)
    assert sightings(bureau) == before
    assert len(before) == 2


def test_a_run_that_died_between_log_and_warehouse_is_healed(bureau: Bureau) -> None:
    bureau.put(NAME, TEXT.encode())
    bureau.con.begin()
    raw._log(bureau.raw, [raw.Sighting(1, "2026-11-01/x.csv", "x.csv", "2026-11-01", "a" * 64, 3, 4)])
    bureau.con.rollback()
    assert capture(bureau) == 1
    assert [path for path, *_ in sightings(bureau)] == ["2026-11-01/x.csv", f"2026-11-01/{NAME}"]


# --- Clocks --------------------------------------------------------------------------------------------------------


def test_the_order_of_receipt_is_that_of_the_folders_whatever_the_clocks_of_the_files_say(bureau: Bureau) -> None:
    """The newer folder's file carries an older time stamp, and is captured first."""
    bureau.put("年度任务_330100_2026_b.csv", TEXT.replace("闲置土地处置,30", "闲置土地处置,50").encode(), "2026-11-02")
    os.utime(bureau.landing / "2026-11-02" / "年度任务_330100_2026_b.csv", (0, 0))
    bureau.take_in()
    bureau.put("年度任务_330100_2026_a.csv", TEXT.encode(), "2026-11-01")
    bureau.take_in()
    (task,) = core.current(bureau.con, "annual_task", TODAY).iter_rows(named=True)
    assert task["task_area_mu"] == 50
    (before,) = core.current(bureau.con, "annual_task", date(2026, 11, 1)).iter_rows(named=True)
    assert before["task_area_mu"] == 30


def test_new_bytes_under_an_older_time_stamp_are_a_new_submission(bureau: Bureau) -> None:
    bureau.put(NAME, TEXT.encode())
    assert capture(bureau) == 1
    file = bureau.landing / "2026-11-01" / NAME
    file.write_text(TEXT.replace("30", "31"))
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert capture(bureau) == 1
    os.utime(file, (2_000_000_000, 2_000_000_000))
    assert capture(bureau) == 0
