"""One function per aim: what is measured, against what, and how much of it is allowed.

Compared runs take turns in one session, so that what else the machine does hits both; of short runs the best counts.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assets import synthetic
from benchmarks import world as worlds
from benchmarks.measure import Cost, best, run
from benchmarks.world import DAY, World

PYTHON = sys.executable
LANDSTOCK = Path(PYTHON).with_name("landstock")
GIGABYTE = 1_000_000_000
CHECKED_ROWS = 10_000
_REPEATS = 3


@dataclass(frozen=True)
class Reached:
    """One line of the report. `figure` is held against `aim`: at most, or at least when `at_least`."""

    letter: str
    what: str
    figure: float
    aim: float
    unit: str
    at_least: bool = False
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.figure >= self.aim if self.at_least else self.figure <= self.aim


@dataclass
class Bench:
    """What the cases share: the scale, the cache, and the costs of the whole run once it was measured."""

    rows: int
    cache: Path
    say: Callable[[str], None]
    ours: Cost | None = None

    def country(self) -> World:
        self.say(f"national, {self.rows:,} supply rows")
        return worlds.national(self.rows, self.cache)

    def landstock_run(self, world: World, home: str = "home") -> Cost:
        cost = run([LANDSTOCK, "run", *world.arguments(home), "--json"])
        self.say(f"  {world.name}: landstock run {spelled(cost)}")
        return cost

    def whole_run(self) -> Cost:
        """The whole run over the country, from an empty home; measured once a session."""
        if self.ours is None:
            self.ours = self.landstock_run(self.country().fresh())
        return self.ours


def spelled(cost: Cost) -> str:
    """A cost in words for the log."""
    return f"{cost.wall:.1f} s wall, {cost.cpu:.1f} s processor, {cost.peak / GIGABYTE:.2f} GB, load {cost.load:.1f}"


# --- The country -----------------------------------------------------------------------------------------------------


def whole_against_floor(bench: Bench) -> Iterator[Reached]:
    """Capture to release against reading, loading and adding up the same files; the floor before and after ours."""
    world = bench.country()
    before = _floor(bench, world)
    ours = bench.whole_run()
    floor = best([before, _floor(bench, world)])
    yield Reached("a", "whole run ÷ floor", ours.wall / floor.wall, 3, "×", detail=_pair(ours, floor))


def _floor(bench: Bench, world: World) -> Cost:
    out = world.folder / "floor.duckdb"
    out.unlink(missing_ok=True)
    cost = run([PYTHON, "-m", "benchmarks.floor", world.landing, out])
    bench.say(f"  floor {spelled(cost)}")
    return cost


def whole_against_plain(bench: Bench) -> Iterator[Reached]:
    """The same job in pandas and Great Expectations on pandas."""
    world = bench.country()
    ours = bench.whole_run()
    plain = run([PYTHON, "-m", "benchmarks.plain", world.landing, world.folder / "plain", worlds.country()])
    bench.say(f"  pandas {spelled(plain)}")
    times = plain.wall / ours.wall
    yield Reached("b", "pandas + GX on pandas ÷ ours", times, 5, "×", at_least=True, detail=_pair(plain, ours))


def peak_memory(bench: Bench) -> Iterator[Reached]:
    """Resident memory of the whole run, its children included."""
    ours = bench.whole_run()
    yield Reached("c", "peak memory of the whole run", ours.peak / GIGABYTE, 6, "GB")


# --- The night after -------------------------------------------------------------------------------------------------


def night_after(bench: Bench) -> Iterator[Reached]:
    """Nothing changed, and one new file; in the province and in the country."""
    province = worlds.province(bench.cache).fresh()
    bench.landstock_run(province)
    same = best([bench.landstock_run(province) for _ in range(_REPEATS)])
    yield Reached("d", "province: nothing changed", same.wall, 3, "s", detail=f"processor {same.cpu:.1f} s")
    small = best([_one_more(bench, province, seed) for seed in range(1, 1 + _REPEATS)])
    yield Reached("d", "province: one new file", small.wall, 10, "s", detail=f"processor {small.cpu:.1f} s")
    bench.whole_run()
    country = bench.country()
    large = best([_one_more(bench, country, seed) for seed in (1, 2)])
    yield Reached(
        "d", "country ÷ province: one new file", large.wall / small.wall, 1.5, "×", detail=_pair(large, small)
    )


def _one_more(bench: Bench, world: World, seed: int) -> Cost:
    synthetic.one_more_file(world.work / "landing", DAY, seed)
    return bench.landstock_run(world)


# --- At the desk -----------------------------------------------------------------------------------------------------


def check_at_the_desk(bench: Bench) -> Iterator[Reached]:
    """What a clerk waits for before handing in."""
    for form in ("csv", "xlsx"):
        file = worlds.clerks_file(bench.cache / "clerk", CHECKED_ROWS, form)
        cost = best([run([LANDSTOCK, "check", file, "--json"], codes=(0, 1)) for _ in range(_REPEATS)])
        bench.say(f"check {form} {spelled(cost)}")
        what = f"check of {CHECKED_ROWS:,} rows, {form}"
        yield Reached("e", what, cost.wall, 2, "s", detail=f"processor {cost.cpu:.1f} s")


def demo(bench: Bench) -> Iterator[Reached]:
    """What `make demo` runs once the environment is there, from nothing to the table of cities."""
    home = bench.cache / "demo"

    def fresh() -> Cost:
        shutil.rmtree(home, ignore_errors=True)
        cost = run([LANDSTOCK, "demo", "--home", home, "--as-of", str(DAY), "--json"])
        bench.say(f"demo {spelled(cost)}")
        return cost

    cost = best([fresh(), fresh()])
    yield Reached("f", "demo", cost.wall, 30, "s", detail=f"processor {cost.cpu:.1f} s")


def outputs(bench: Bench) -> Iterator[Reached]:
    """Site and documents of the demo's release, with its 11 cities and 90 counties, from the released file on."""
    home = bench.cache / "demo"
    if not (home / "current").exists():
        run([LANDSTOCK, "demo", "--home", home, "--as-of", str(DAY), "--json"])
    found = []
    for turn in range(_REPEATS):
        out = bench.cache / "outputs" / str(turn)
        shutil.rmtree(out, ignore_errors=True)
        cost = run([PYTHON, "-m", "benchmarks.outputs", home, out])
        bench.say(f"outputs {spelled(cost)}")
        found.append(json.loads(cost.output.splitlines()[-1]))
    site, documents = (min(each[name] for each in found) for name in ("site_seconds", "document_seconds"))
    made = found[-1]
    yield Reached("g", "whole site", site, 20, "s", detail=f"{made['pages']} pages")
    yield Reached("g", "all documents", documents, 15, "s", detail=f"{made['documents']} documents and CSV")
    yield Reached("g", "largest page", made["largest_page"] / 1000, 300, "kB")
    yield Reached("g", "unchanged pages made again", made["written_again"], 0, "pages")


def _pair(one: Cost, other: Cost) -> str:
    return f"{one.wall:.1f} s ÷ {other.wall:.1f} s; processor {one.cpu:.1f} s ÷ {other.cpu:.1f} s"


CASES: dict[str, Callable[[Bench], Iterator[Reached]]] = {
    "a": whole_against_floor,
    "b": whole_against_plain,
    "c": peak_memory,
    "d": night_after,
    "e": check_at_the_desk,
    "f": demo,
    "g": outputs,
}
