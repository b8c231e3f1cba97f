"""Industrial parks (园区亩均效益): tax and value added per mu, average FAR, and a class A–D by configured quantiles."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from schemas.indicators import Absence
from schemas.policy import HERE

GRADES = ("A", "B", "C", "D")
_SCORED = ("tax_per_mu", "value_added_per_mu", "average_far")


@cache
def parameters() -> dict[str, Any]:
    """Weights of the score and shares of the classes, each with its label and basis."""
    return tomllib.loads((HERE / "parks.toml").read_text(encoding="utf-8"))


def performance(records: pl.DataFrame, rules: Mapping[str, Any]) -> pl.DataFrame:
    """One row per park and year: per-mu values (万元/亩), score and class.

    The score is the weighted mean of each value over the pooled level of all parks of that year; parks are classed by
    their place in the province's order of scores. A park that lacks an input has no score and no class: `not_reported`,
    or `not_applicable` where its industrial land is 0, or where all parks together have none of what it is measured by.
    """
    area = pl.col("industrial_area_mu").cast(pl.Float64)
    per_mu = {
        name: pl.col(source).cast(pl.Float64) / pl.when(area > 0).then(area)
        for name, source in (("tax_per_mu", "tax_wan_yuan"), ("value_added_per_mu", "value_added_wan_yuan"))
    }
    rows = records.with_columns(**per_mu, average_far=pl.col("average_far").cast(pl.Float64))
    pooled = {name: (pl.col(name) * area).sum() / area.filter(pl.col(name).is_not_null()).sum() for name in _SCORED}
    relative = [rules["score"][name] * pl.col(name) / _nonzero(level.over("year")) for name, level in pooled.items()]
    rows = rows.with_columns(score=pl.sum_horizontal(relative, ignore_nulls=False))
    # The best park is at place 1 of n; a class holds the parks whose place / n is within its share. Ties share a class.
    place = pl.col("score").rank("min", descending=True).over("year") / pl.col("score").count().over("year")
    grade = pl.when(place <= rules["grades"]["A"]).then(pl.lit("A"))
    for name in GRADES[1:]:
        grade = grade.when(place <= rules["grades"][name]).then(pl.lit(name))
    nothing_to_divide_by = (area == 0) | pl.all_horizontal(pl.col(_SCORED).is_not_null())
    return rows.with_columns(
        grade=grade,
        absence=pl.when(pl.col("score").is_not_null())
        .then(None)
        .when(nothing_to_divide_by)
        .then(pl.lit(Absence.NOT_APPLICABLE))
        .otherwise(pl.lit(Absence.NOT_REPORTED)),
    )


def _nonzero(level: pl.Expr) -> pl.Expr:
    return pl.when(level > 0).then(level)
