"""Ctrl-C and SIGTERM end a process in time, whatever it is at; and no file is refused for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.reading import columnar, read, reader, workbook
from assets.reading.report import Unreadable
from pipelines import interruption

ROOT = Path(__file__).parents[1]
SOON = interruption.PATIENCE + 2  # a busy machine is slow


# --- The process ----------------------------------------------------------------------------------------------------

_SWALLOWS = """
import os, time
from pipelines import interruption

interruption.listen(lambda: os._exit(130))
while True:
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("swallowed", interruption.heard(), flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN], ids=["foreground", "a script's background"])
def test_a_process_ends_though_the_exception_was_swallowed(number: int, before: signal.Handlers) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SWALLOWS], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, preexec_fn=lambda: signal.signal(signal.SIGINT, before),
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "swallowed True\nready\n")
    assert time.monotonic() - began < SOON


_COMMAND = """
import signal, sys, time
from pipelines import cli

def at_work(*_, **__):
    print("ready", flush=True)
    {work}

cli.landstock.main = at_work
cli.main([])
"""


@pytest.mark.parametrize(
    ("work", "patience"),
    [
        ("time.sleep(60)", interruption.PATIENCE),
        ("signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM]); time.sleep(60)", SOON),
    ],
    ids=["python", "a library that does not listen"],
)
def test_a_command_says_once_that_it_was_interrupted(work: str, patience: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMAND.format(work=work)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "已中断。完成的部分都已保存，重新执行即可继续\n")
    assert time.monotonic() - began < patience


# --- The file that is being read ------------------------------------------------------------------------------------


class PanicException(BaseException):
    """As libraries in Rust raise it."""


def _raising(error: BaseException):
    def fail(*_: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [KeyboardInterrupt(), dg.DagsterExecutionInterruptedError(), SystemExit()])
def test_an_interruption_refuses_no_file(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "sniff", _raising(error))
    monkeypatch.setattr(columnar, "_table", _raising(error))
    for reads in (
        lambda: read("供地结果_330100_2026.csv", b""),
        lambda: columnar.read_parquet(b""),
        lambda: columnar.nulled(b"", list),
        lambda: workbook._guarded(_raising(error)),
    ):
        with pytest.raises(type(error)):
            reads()


@pytest.mark.parametrize("error", [PanicException(), ValueError(), pl.exceptions.PanicException()])
def test_a_panic_refuses_the_file_alone(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "sniff", _raising(error))
    monkeypatch.setattr(columnar, "_table", _raising(error))
    assert [each.rule for each in read("供地结果_330100_2026.csv", b"").findings] == ["1009"]
    assert columnar.nulled(b"bytes", list) == b"bytes"
    with pytest.raises(Unreadable):
        columnar.read_parquet(b"")
    with pytest.raises(Unreadable):
        workbook._guarded(_raising(error))
