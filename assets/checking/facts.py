"""The rows of a file as typed columns, with the facts that row rules look at (`schemas.rules.FACTS`)."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache

import polars as pl

from assets.reading.source import Block, Reading
from schemas.policy import Regions
from schemas.rules import YEARS_AHEAD, problem
from schemas.table import Table

from . import landchina
from .convert import typed

LANDCHINA = "landchina"
#: Added to every row: number of its block and its record key.
BLOCK, KEY = "block", "record_key"


def typed_rows(reading: Reading, table: Table, regions: Regions) -> pl.DataFrame:
    """All blocks below one another: every column of the table typed, its problems, row_number, block, record_key."""
    blocks = [_typed_block(block, index, reading.profile, table) for index, block in enumerate(reading.blocks)]
    rows = pl.concat(blocks, how="diagonal") if len(blocks) != 1 else blocks[0]
    if reading.profile == LANDCHINA:
        rows = landchina.completed(rows, regions)
    return rows.with_columns(_following(table))


@cache
def _following(table: Table) -> list[pl.Expr]:
    """What follows from the typed columns: the record key, and the status in force."""
    key = pl.concat_str([pl.col(name).cast(pl.String) for name in table.key], separator="|")
    if "status" not in table:
        return [key.alias(KEY)]
    # Empty means 有效; an unreadable status stays empty.
    in_force = pl.col("status").is_null() & pl.col(problem("status")).is_null()
    return [key.alias(KEY), pl.when(in_force).then(pl.lit("有效")).otherwise("status").alias("status")]


def _typed_block(block: Block, index: int, profile: str, table: Table) -> pl.DataFrame:
    portal = profile == LANDCHINA
    units = {name: source.unit for name, source in block.columns.items()}
    if portal:
        units["existing_area_mu"] = landchina.SOURCE_UNIT
    text = (landchina.as_submitted(block.rows) if portal else block.rows).with_columns(
        pl.col("row_number").cast(pl.Int64),
        pl.lit(block.sheet, pl.String).alias("sheet"),
        pl.lit(profile).alias("profile"),
        pl.lit(index, pl.Int32).alias(BLOCK),
    )
    return typed(text, [(column, units.get(column.name)) for column in table.columns])


def with_facts(rows: pl.DataFrame, table: Table, reading: Reading, regions: Regions, received_on: date) -> pl.DataFrame:
    """The rows, counted from 0 by `index`, with every column of FACTS."""
    submitter = submitting_region(reading, regions)
    city = submitter.get("city_code") if submitter.get("level") != "province" else None
    province_file = submitter.get("level") == "province"
    return rows.join(_places(regions), on="region_code", how="left", maintain_order="left").with_columns(
        event_day=_event_day(table, reading.file.year or received_on.year),
        received_on=pl.lit(received_on),
        last_day_allowed=pl.lit(years_later(received_on, YEARS_AHEAD)),
        file_region=pl.lit(submitter.get("code"), pl.String),
        # An unknown submitter has no city and is no province: nothing lies inside it.
        file_city=pl.lit(city if city or province_file else submitter.get("code"), pl.String),
        file_province=pl.lit(submitter.get("province_code") if province_file else None, pl.String),
        province_rows=pl.lit(table.province_rows),
        index=pl.int_range(pl.len(), dtype=pl.UInt32),
    )


def submitting_region(reading: Reading, regions: Regions) -> dict[str, str | None]:
    """The region that hands the file in, as a row of the region table; {} when nobody does (an export, no code)."""
    code = reading.file.region_code
    if code is None or reading.profile == LANDCHINA:
        return {}
    return _submitters(regions).get(code, {"code": code})


@lru_cache(8)
def _submitters(regions: Regions) -> dict[str, dict[str, str | None]]:
    return {row["code"]: row for row in regions.frame.iter_rows(named=True)}


def years_later(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


@lru_cache(8)
def _places(regions: Regions) -> pl.DataFrame:
    frame = regions.frame
    names = frame.select(successor_code="code", successor_name="name")
    return frame.join(names, on="successor_code", how="left").select(
        region_code="code",
        region_level="level",
        region_name="name",
        region_city="city_code",
        region_province="province_code",
        region_last_day="last_day",
        successor=pl.concat_str("successor_code", pl.lit(" "), "successor_name"),
    )


def _event_day(table: Table, file_year: int) -> pl.Expr:
    """A table without an event date uses the year's first day: a code abolished in March was in force that year."""
    reporting_year = pl.date(file_year, 1, 1)
    if table.event_date:
        return pl.coalesce(table.event_date, reporting_year)
    if "year" in table:
        year = pl.col("year")
        return pl.coalesce(pl.date(pl.when(year.is_between(1, 9999)).then(year), 1, 1), reporting_year)
    return reporting_year
