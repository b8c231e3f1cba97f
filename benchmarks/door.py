"""The door: how long reading and checking take per file of a generated province, and where the time goes.

`python -m benchmarks.door [DIR]`: DIR holds submissions already generated; without it they are made on the spot.
Prints milliseconds a file, by table: CPU time, which a busy machine hardly changes, and wall-clock time.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from assets.checking import check
from assets.reading import read
from assets.synthetic import generate
from schemas.policy import regions

UNTIL = date(2026, 11, 23)


def timed(step: Callable[[], Any]) -> tuple[Any, float, float]:
    """The step's result, its CPU and its wall-clock milliseconds."""
    cpu, wall = process_time(), perf_counter()
    result = step()
    return result, 1000 * (process_time() - cpu), 1000 * (perf_counter() - wall)


def measure(landing: Path) -> None:
    files = sorted(path for path in landing.rglob("*.*") if path.is_file())
    spent: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    check(read(files[0].name, files[0]), regions(), UNTIL)  # imports and caches are not the door's work
    for path in files:
        reading, *of_reading = timed(lambda path=path: read(path.name, path))
        _, *of_checking = timed(lambda reading=reading: check(reading, regions(), UNTIL))
        spent[reading.table.name if reading.table else "?"].append((*of_reading, *of_checking))
    print(f"{'table':<24}{'files':>6}{'read cpu':>10}{'wall':>8}{'check cpu':>11}{'wall':>8}   ms a file")
    for table, each in [*sorted(spent.items()), ("all", [row for rows in spent.values() for row in rows])]:
        means = [sum(column) / len(each) for column in zip(*each, strict=True)]
        print(f"{table:<24}{len(each):>6}{means[0]:>10.2f}{means[1]:>8.2f}{means[2]:>11.2f}{means[3]:>8.2f}")


if __name__ == "__main__":
    if sys.argv[1:]:
        measure(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder), scale="province", seed=2025, until=UNTIL)
            measure(Path(folder))
