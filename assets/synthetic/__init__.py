"""Seeded, realistic submissions (模拟报送) for the demo, the tests and the benchmarks.

`generate` writes a landing directory: folders named by the day of receipt with files as the submission contract
describes them. The same arguments give the same bytes.

What a province contains:
- Zhejiang's 11 cities with all 14 tables for 2025 up to `until`. Each city has its own pace (about 0.8 to 1.25 of the
  linear trajectory to its targets), its own share of stock in supply, FAR, digestion and idle rates (80–117 % of the
  year's task), GDP and construction land of real magnitude, and walk coverage on the plan's lines.
- Records that hold together: parts sum to the supplied area; 再开发 ≤ 盘活; digestion never exceeds its batch and is
  n:m; idle cases obey 闲置土地处置办法; patches of every stage, some through a supply that exists, some by the holder;
  a parcel now and then shared by an idle case, a patch and a supply; exempt industrial parcels.
- Time as bureaus live it: supply every quarter, other events every half year, the survey in May (初步) and October
  (最终), GDP in January (初步核算) and December (最终核实), tasks in March; late reports, 更正, 解除, 撤销, overlapping
  files, the same file twice, and one city that has not yet handed in one table (`Summary.gaps`).
- Every usual look: CSV in UTF-8, UTF-8 with BOM, GBK, GB18030, UTF-16 with four separators; workbooks with title, unit
  row, merged headers, 合计 row and notes; some Parquet; units and date forms by file. Legacy .xls is not written: no
  maintained writer exists.
- Planned dirt (`dirt.SORTS`): 1–3 % of rows carry an error, and some files are bad as a whole. `Summary.dirt` lists
  every flaw with file and row.

A national world (`scale="national"`) has the cities of a region table, about `rows` supply records, and plain GBK and
UTF-8 CSV in yearly files. `one_more_file` adds a single new file for incremental runs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Literal

import polars as pl

from assets.synthetic import draws, formats, plan, supply
from assets.synthetic.dirt import SORTS, Dirt
from assets.synthetic.landing import QUARTERLY, YEARLY, Job, Summary, write_bad_files, write_tables
from schemas.policy import regions
from schemas.submissions import LAND_SUPPLY

__all__ = ["SORTS", "Dirt", "Summary", "generate", "one_more_file"]

NATIONAL_ROWS = 3_000_000


def generate(
    landing: Path,
    *,
    scale: Literal["province", "national"] = "province",
    seed: int = 2025,
    until: date,
    rows: int | None = None,
    regions_csv: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Summary:
    """Write submissions with events from 2025-01-01 to `until` (both included), all received by `until`.

    `rows`: supply records of a national world (3 million unless told); a province follows its targets and takes none.
    `regions_csv`: region table of a national world. Raises ValueError for arguments that do not go together.
    """
    if until < plan.START:
        raise ValueError(f"until is {until}; submissions begin on {plan.START}")
    say = progress or (lambda message: None)
    summary = Summary()
    landing = Path(landing)
    if scale == "province":
        if rows is not None or regions_csv is not None:
            raise ValueError("a province follows the plan's targets: rows and regions_csv belong to scale='national'")
        cities = plan.province(until, seed)
        job = Job(landing, until, seed, QUARTERLY, summary)
        write_bad_files(list(write_tables(cities, job)), job)
        say(f"浙江省：{summary.files} 个文件，{summary.total_rows} 行")
        return summary
    if scale != "national":
        raise ValueError(f"scale is 'province' or 'national', not {scale!r}")
    if regions_csv is None:
        raise ValueError("a national world needs regions_csv, a region table of the country")
    table = regions(str(regions_csv))
    cities = plan.national(table, until, seed, rows or NATIONAL_ROWS)
    job = Job(landing, until, seed, YEARLY, summary)
    for province, of_province in groupby(cities, key=lambda city: city.province):
        for _ in write_tables(list(of_province), job):
            pass
        say(f"{table.name(province)}：累计 {summary.files} 个文件，{summary.total_rows} 行")
    return summary


def one_more_file(landing: Path, day: date, seed: int, rows: int = 50) -> Path:
    """Write one new, clean 供地结果 of one city, received on `day` with contracts of the sixty days before; its path.

    Its numbers lie beyond those that `generate` hands out, and another seed gives other records.
    """
    cities = plan.province(day, seed)
    city = cities[seed % len(cities)]
    records = supply.truth(city, _new_batches(day), day, seed).tail(rows)
    recent = draws.seasonal(
        draws.stream(seed, "one more", city.code), max(plan.START, day - timedelta(days=60)), day, records.height
    )
    serial = (pl.int_range(pl.len()) + 50_000 + seed * rows % 49_000).cast(pl.String)
    letter = pl.when(pl.col("supply_method") == "划拨").then(pl.lit("A")).otherwise(pl.lit("B"))
    records = records.with_columns(
        contract_date=draws.days(recent),
        agreed_start_date=draws.days(recent + 200),
        agreed_completion_date=draws.days(recent + 900),
        parcel_code=pl.format("{}950001GB{}", "region_code", serial),
    ).with_columns(
        supervision_no=pl.concat_str("region_code", pl.col("contract_date").dt.year().cast(pl.String), letter, serial)
    )
    cells = formats.spelled(records.select(column.name for column in LAND_SUPPLY.columns), LAND_SUPPLY, formats.Dress())
    content, _ = formats.to_bytes(cells, LAND_SUPPLY, formats.Dress())
    path = Path(landing) / day.isoformat() / f"{LAND_SUPPLY.label}_{city.code}_{day.year}_增补{seed}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _new_batches(day: date) -> pl.Series:
    return pl.Series([f"浙土字A〔{day.year - 1}〕第{number:04d}号" for number in range(1, 20)])
