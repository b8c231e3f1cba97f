"""The inputs of the benchmarks: made once, kept below a cache directory, never touched by a measured run."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from assets import synthetic
from assets.synthetic import formats, plan, supply
from schemas import policy
from schemas.submissions import LAND_SUPPLY

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "var" / "bench"
#: Every run is as of this day, so that a figure of today can be made again tomorrow.
DAY = date(2026, 11, 20)
SEED = 2025
_COUNTRY = ROOT / ".." / "shared" / "data" / "regions_china_2024.csv"
_OWN = policy.HERE / "regions.csv"


@dataclass(frozen=True)
class World:
    """Submissions of one scale. `landing` is the pristine copy, `work` a place to run in."""

    name: str
    folder: Path
    regions: Path | None  # None: the project's own

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def arguments(self, home: str = "home") -> list[str | Path]:
        """Options of `landstock run` in the place to run in."""
        given: list[str | Path] = ["--landing", self.work / "landing", "--home", self.work / home, "--as-of", str(DAY)]
        return [*given, "--regions", self.regions] if self.regions else given

    def fresh(self) -> World:
        """Empty the place to run in and lay the submissions there, as links: nothing is copied."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.landing, self.work / "landing", copy_function=os.link)
        return self


def country() -> Path:
    """A region table of the country where there is one, else the project's own: eleven larger cities then."""
    return _COUNTRY.resolve() if _COUNTRY.is_file() else _OWN


def national(rows: int, cache: Path = CACHE, regions: Path | None = None) -> World:
    """A country with so many supply records, the other tables in proportion; `regions` another region table."""
    regions = regions or country()
    world = World(f"national {rows:,}", cache / f"national-{rows}-{regions.stem}", None if regions == _OWN else regions)
    return _made(world, scale="national", rows=rows, regions_csv=regions)


def province(cache: Path = CACHE) -> World:
    """Zhejiang's eleven cities as the demo has them."""
    return _made(World("province", cache / "province", None), scale="province")


def _made(world: World, **arguments) -> World:
    done = world.folder / "done"
    if not done.exists():
        shutil.rmtree(world.folder, ignore_errors=True)
        synthetic.generate(world.landing, seed=SEED, until=DAY, **arguments)
        done.touch()
    return world


def clerks_file(folder: Path, rows: int, form: str) -> Path:
    """One 供地结果 of so many clean rows, as csv or xlsx."""
    path = folder / f"{LAND_SUPPLY.label}_330100_2026_{rows}.{form}"
    if not path.exists():
        city = plan.national(policy.regions(), DAY, SEED, rows * 40)[0]
        batches = pl.Series([f"浙土字A〔2024〕第{number:04d}号" for number in range(1, 20)])
        records = supply.truth(city, batches, DAY, SEED)
        if records.height < rows:
            raise ValueError(f"the generator gave {city.name} {records.height} records, not {rows}")
        dress = formats.Dress(form=form)
        chosen = records.filter(pl.col("contract_date").dt.year() == DAY.year).head(rows)
        cells = formats.spelled(chosen.select(c.name for c in LAND_SUPPLY.columns), LAND_SUPPLY, dress)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(formats.to_bytes(cells, LAND_SUPPLY, dress, "2026年供地结果报送表", "杭州市")[0])
    return path
