"""Lives of homes from a seed: whatever bureaus hand in and people decide, every night ends with a release that holds.

By default a handful; LANDSTOCK_FULL=1 runs those of `docs/reliability.md`, LANDSTOCK_NIGHTS=first..last any others.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fault_nights import FULL
from tests.nights_life import Life
from tests.nights_run import Nights

pytestmark = pytest.mark.slow

#: Short ones: another province, where there is nothing to report, and a part of ours.
FEW = (36, 38)


def _seeds() -> range | tuple[int, ...]:
    if chosen := os.environ.get("LANDSTOCK_NIGHTS"):
        first, _, last = chosen.partition("..")
        return range(int(first), int(last or first) + 1)
    return range(60) if FULL else FEW


@pytest.mark.parametrize("seed", _seeds())
def test_every_night_of_a_life_ends_with_a_release_that_holds(seed: int, tmp_path: Path) -> None:
    life = Life.of(seed)
    made = list(Nights(tmp_path, life).live())
    assert len(made) == len(life.nights)
    print(seed, len(made), sum(each is not None for each in made), flush=True)
