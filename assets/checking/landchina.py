"""The public land-market export (土地市场网): how its columns become those of 供地结果. What it lacks stays unknown."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from schemas.policy import Regions
from schemas.submissions import LAND_SUPPLY, LANDCHINA_SOURCES, LANDCHINA_SYSTEM
from schemas.table import Column, Kind, Table, Unit

from .convert import compact, number

REQUIRED = ("supervision_no", "supplied_area_mu", "contract_date")

#: 供地结果 as the portal fills it: fewer required columns, and two of its own that do not reach core.
TABLE: Table = replace(
    LAND_SUPPLY,
    columns=(
        *(replace(column, required=column.name in REQUIRED) for column in LAND_SUPPLY.columns),
        Column("region_name", "行政区", Kind.TEXT),
        Column("land_source", "土地来源", Kind.TEXT, required=True),
    ),
)


def as_submitted(rows: pl.DataFrame) -> pl.DataFrame:
    """The block's text with the portal's spellings put into ours: 协议出让 is 协议; 土地来源 as a number is an area."""
    columns = {}
    if "supply_method" in rows.columns:
        columns["supply_method"] = compact(pl.col("supply_method")).str.strip_suffix("出让")
    if "land_source" in rows.columns:
        source = pl.col("land_source")
        columns["existing_area_mu"] = pl.when(number(compact(source)).is_not_null()).then(source)
    return rows.with_columns(**columns)


#: 土地来源 as a number is in 公顷 whatever the unit of the area column.
SOURCE_UNIT = Unit.HECTARE


def completed(rows: pl.DataFrame, regions: Regions) -> pl.DataFrame:
    """Typed rows with what follows from the portal's own columns: region, existing part, system; no separate site."""
    word = compact(pl.col("land_source"))
    whole, nothing = ([name for name, share in LANDCHINA_SOURCES.items() if share == each] for each in (1, 0))
    existing = (
        pl.when(word.is_in(whole)).then("supplied_area_mu")
        .when(word.is_in(nothing)).then(pl.lit(0, pl.Decimal(18, 6)))
        .otherwise("existing_area_mu")
    )  # fmt: skip
    return rows.with_columns(
        region_code=region_code(regions),
        existing_area_mu=existing,
        land_source_known=word.is_in(list(LANDCHINA_SOURCES)) | number(word).is_not_null(),
        land_use_system=pl.lit(LANDCHINA_SYSTEM),
        is_separate_site=pl.lit(False),
    )


def region_code(regions: Regions) -> pl.Expr:
    """The first six digits of the 电子监管号 if that is a known code, else the one region of that name, else null."""
    places = regions.frame.filter(pl.col("level") != "province")
    known = places["code"].implode()
    unique = places.filter(pl.col("name").is_unique())
    by_name = dict(zip(unique["name"], unique["code"], strict=True))
    prefix = pl.col("supervision_no").str.head(6)
    name = compact(pl.col("region_name")).str.strip_suffix("本级")
    return (
        pl.when(prefix.is_in(known)).then(prefix)
        .when(name.is_in(known)).then(name)  # some listings carry the bare code
        .otherwise(name.replace_strict(by_name, default=None, return_dtype=pl.String))
    )  # fmt: skip
