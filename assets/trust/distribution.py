"""Whether a city's records of a year look like those of the years before (分布核验): FAR and areas. Pure.

A whole file in the wrong unit passes every rule on single rows where the parts are in the same unit; its distribution
does not. Two-sample Kolmogorov–Smirnov on the values, and a limit on the medians so that a real but small shift of a
large city is no finding. Limits are data (`schemas/policy/plausibility.toml`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from schemas.policy import Distribution

STEADY, DRIFTED, TOO_FEW = "steady", "drifted", "too_few"


@dataclass(frozen=True)
class Measure:
    """One column of one table whose distribution is watched."""

    name: str
    label: str
    label_en: str
    unit: str
    table: str
    column: str
    date: str


MEASURES = (
    Measure("industrial_far", "工业用地约定容积率下限", "lower FAR of industrial supply", "ratio", "land_supply",
            "far_lower", "contract_date"),
    Measure("supplied_area", "供应面积", "supplied area", "公顷", "land_supply", "supplied_area_mu", "contract_date"),
    Measure("digested_area", "消化面积", "digested area", "公顷", "unsupplied_digestion", "digested_area_mu",
            "digestion_date"),
    Measure("idle_area", "闲置面积", "idle area", "公顷", "idle_land", "idle_area_mu", "determination_date"),
    Measure("completed_area", "低效用地完成面积", "completed area of patches", "公顷", "inefficient_land",
            "completed_area_mu", "permit_date"),
)  # fmt: skip

_SCHEMA = {
    "region_code": pl.String, "measure": pl.String, "measure_label": pl.String, "year": pl.Int32, "unit": pl.String,
    "records": pl.Int64, "p10": pl.Float64, "median": pl.Float64, "p90": pl.Float64, "before_records": pl.Int64,
    "before_p10": pl.Float64, "before_median": pl.Float64, "before_p90": pl.Float64, "distance": pl.Float64,
    "critical_distance": pl.Float64, "state": pl.String,
}  # fmt: skip


def compare(measure: Measure, records: pl.DataFrame, years: list[int], limits: Distribution) -> pl.DataFrame:
    """One row per region and year that has records: its values against those of all years before.

    `records`: region_code, year, value.
    """
    rows = []
    for year in years:
        now = _described(records.filter(pl.col("year") == year))
        before = _described(records.filter(pl.col("year") < year), "before_")
        for found in now.join(before, on="region_code", how="left").iter_rows(named=True):
            told = {"measure": measure.name, "measure_label": measure.label, "year": year, "unit": measure.unit}
            rows.append(told | found | _judged(measure.name, found, limits))
    made = pl.DataFrame([{name: row.get(name) for name in _SCHEMA} for row in rows], schema=_SCHEMA, orient="row")
    return made.with_columns(pl.col(pl.Float64).round(9)).sort("region_code", "year")


def _described(records: pl.DataFrame, prefix: str = "") -> pl.DataFrame:
    """By region: how many values there are, their quantiles, and the values themselves, sorted."""
    value = pl.col("value")
    told = {"records": pl.len().cast(pl.Int64), "values": value.sort()}
    told |= {name: value.quantile(q, "linear") for name, q in _QUANTILES.items()}
    return records.group_by("region_code").agg(made.alias(prefix + name) for name, made in told.items())


def _judged(measure: str, found: dict, limits: Distribution) -> dict:
    counts = found["records"], found["before_records"] or 0
    if min(counts) < limits.min_records:
        return {"before_records": counts[1], "state": TOO_FEW}
    apart, allowed = distance(found["values"], found["before_values"]), critical(*counts, limits.alpha)
    drifted = apart > allowed and limits.beyond(measure, found["before_median"], found["median"])
    return {"distance": apart, "critical_distance": allowed, "state": DRIFTED if drifted else STEADY}


_QUANTILES = {"p10": 0.1, "median": 0.5, "p90": 0.9}


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest gap between two cumulative distributions (Kolmogorov–Smirnov), 0 to 1. Both sorted."""
    points = np.concatenate([one, other])
    shares = [np.searchsorted(values, points, "right") / len(values) for values in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


def critical(one: int, other: int, alpha: float) -> float:
    """What two samples of the same distribution exceed with probability alpha."""
    return math.sqrt(-math.log(alpha / 2) / 2) * math.sqrt((one + other) / (one * other))
