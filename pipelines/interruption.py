"""Ctrl-C and SIGTERM (中断): whatever a command is at, it ends within two seconds, and knows why.

Python raises an exception, which is not enough: it waits until DuckDB or polars return, a minute perhaps; raised in a
callback it is swallowed; DuckDB answers with an error of its own; Dagster goes on with its other steps. So a thread
hears the signal, too, and ends the process when it has not ended by itself. That loses nothing: a run may die at any
moment, the next one goes on from there (docs/reliability.md).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

PATIENCE = 1.5  # seconds for the orderly way out
_heard: list[int] = []  # signals


def listen(leave: Callable[[], None]) -> None:
    """Let both signals raise KeyboardInterrupt, once; `leave` ends the process if that has not done so in time."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)  # stays, whoever sets other handlers
    # Of SIGINT, too, which a script's background process ignores: Dagster gives SIGTERM the same handler.
    _handle(_interrupt)
    threading.Thread(target=_wait, args=(reading, leave), daemon=True).start()


def only_listen() -> None:
    """Let signals raise nothing more: the process is on its way out."""
    _handle(lambda *_: None)


def heard() -> bool:
    """Whether this process was told to end: then what fails, fails of that."""
    return bool(_heard)


def _handle(handler: Callable) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, handler)


def _note(number: int) -> None:
    _heard.append(number)
    logging.disable()  # libraries would tell of the exception that broke into their work
    sys.unraisablehook = lambda _: None


def _interrupt(number: int, _: object) -> NoReturn:
    _note(number)
    only_listen()
    raise KeyboardInterrupt


def _wait(reading: int, leave: Callable[[], None]) -> None:
    _note(os.read(reading, 1)[0])
    time.sleep(PATIENCE)
    leave()
