"""Indicator 8, 社区公共服务设施步行15分钟覆盖率: residential land within 15 minutes' walk of five facility classes, %.

Headline: the equal-weight mean of the five classes. A city needs all five. The province pools the cities that reported
all five in that year: per class Σ covered / Σ residential, then the mean (rulebook §8).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from assets.context import Context
from assets.indicators import figures
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import entries, published_amount
from assets.shapes import EXACT, FIGURE, PART
from schemas.indicators import FIRST_YEAR, INDICATORS, Absence, Basis, DataState
from schemas.submissions import WALK_ALL_FIVE, WALK_CLASSES

INDICATOR = INDICATORS["walk15_coverage"]
NEEDS = {"walk_coverage": ("year", "facility_class", "residential_area_mu", "covered_area_mu", "method")}
PARTS = {"文化": "culture", "教育": "education", "卫生": "health", "体育": "sports", "养老": "elderly_care"}

#: Per class: (covered, residential) in 亩.
Classes = dict[str, tuple[Decimal, Decimal]]


def derive(inputs: Inputs, context: Context, years: list[int]) -> figures.Result:
    """One figure per region and year."""
    records = inputs["walk_coverage"].filter(pl.col("region_level") != "province")
    full = complete(records)
    ledger = contributions(full, records)
    cells = figures.grid(INDICATOR, _yearly(ledger, context), inputs, context, years)
    levels = _levels(full, records, context)
    given = pl.col("region_code").is_in({region for region, _ in levels})
    bases = _bases(cells.filter(given), levels, context)
    made = [_figure(cell, levels, bases, context) for cell in cells.filter(given).iter_rows(named=True)]
    found = figures.conform(pl.DataFrame(made, schema=FIGURE, orient="row"))
    frame = pl.concat([found, figures.unreported(cells.filter(~given), context.as_of)])
    return figures.Result(ledger, frame, lambda: parts(cells, levels, bases))


def complete(records: pl.DataFrame) -> pl.DataFrame:
    """The five classes of every region and year that reported all five."""
    five = records.filter(pl.col("facility_class").is_in(WALK_CLASSES))
    return five.filter(pl.col("facility_class").n_unique().over("region_code", "year") == len(WALK_CLASSES))


def contributions(full: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Covered area above, residential area below; classes of an incomplete five are excluded."""
    place = {
        "city_code": pl.when(pl.col("region_level") == "city").then("city_code"),
        "year": pl.col("year"),
        "component": pl.col("facility_class"),
    }
    covered = {**place, "record_amount_mu": pl.col("covered_area_mu")}
    residential = {**place, "record_amount_mu": pl.col("residential_area_mu")}
    partial = records.filter(pl.col("facility_class").is_in(WALK_CLASSES)).join(full, on="record_key", how="anti")
    return pl.concat(
        [
            entries(full, "walk_coverage", "numerator", pl.col("covered_area_mu").cast(EXACT), **covered),
            entries(full, "walk_coverage", "denominator", pl.col("residential_area_mu").cast(EXACT), **residential),
            entries(
                partial,
                "walk_coverage",
                "excluded",
                pl.col("covered_area_mu").cast(EXACT),
                **covered,
                reason="class_missing",
            ),
        ]
    )


def _yearly(ledger: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Sums per region and year; a county's own rows make the county's figure and nothing else."""
    rows = ledger.with_columns(shown=published_amount(INDICATOR))
    aggregates = {
        "top": pl.col("amount").filter(pl.col("role") == "numerator").sum(),
        "bottom": pl.col("amount").filter(pl.col("role") == "denominator").sum(),
        "numerator": pl.col("shown").filter(pl.col("role") == "numerator").sum(),
        "denominator": pl.col("shown").filter(pl.col("role") == "denominator").sum(),
        "records": (pl.col("role") != "excluded").sum().cast(pl.Int64),
        "excluded": (pl.col("role") == "excluded").sum().cast(pl.Int64),
        "public": (pl.col("profile") == "landchina").any(),
    }
    own = rows.group_by("region_code", "year").agg(**aggregates)
    provinces = figures.regions_frame(context).filter(region_level="city").select("city_code", "province_code")
    pooled = rows.join(provinces, on="city_code").group_by("province_code", "year").agg(**aggregates)
    return pl.concat([own, pooled.rename({"province_code": "region_code"})])


# --- Levels --------------------------------------------------------------------------------------------------------


def _levels(full: pl.DataFrame, records: pl.DataFrame, context: Context) -> dict[tuple[str, int], dict]:
    """region, year → classes, all_five (the 五类全覆盖 row), estimated, and for a province the pooled cities."""
    levels: dict[tuple[str, int], dict] = {}
    for row in full.iter_rows(named=True):
        level = levels.setdefault(
            (row["region_code"], row["year"]), {"classes": {}, "estimated": False, "all_five": None}
        )
        level["classes"][row["facility_class"]] = (row["covered_area_mu"], row["residential_area_mu"])
        level["estimated"] |= row["method"] == "缓冲区"
    for row in records.filter(facility_class=WALK_ALL_FIVE).iter_rows(named=True):
        if (row["region_code"], row["year"]) in levels:
            levels[row["region_code"], row["year"]]["all_five"] = (row["covered_area_mu"], row["residential_area_mu"])
    cities = figures.regions_frame(context).filter(region_level="city")
    for (province,), group in cities.group_by("province_code"):
        members = group["region_code"].sort().to_list()
        for year in {year for _, year in levels}:
            reported = [city for city in members if (city, year) in levels]
            if reported:
                levels[province, year] = pool([levels[city, year] for city in reported]) | {
                    "cities": tuple(reported), "missing": len(members) - len(reported),
                }  # fmt: skip
    return levels


def pool(levels: list[dict]) -> dict:
    """Several cities together: sums per class; 五类全覆盖 only when all of them gave it."""
    classes = {
        name: tuple(sum((level["classes"][name][part] for level in levels), Decimal(0)) for part in (0, 1))
        for name in WALK_CLASSES
    }
    every = all(level["all_five"] for level in levels)
    all_five = (
        tuple(sum((level["all_five"][part] for level in levels), Decimal(0)) for part in (0, 1)) if every else None
    )
    return {"classes": classes, "estimated": any(level["estimated"] for level in levels), "all_five": all_five}


def share(pair: tuple[Decimal, Decimal]) -> Fraction:
    """covered / residential in %."""
    return Fraction(pair[0]) / Fraction(pair[1]) * 100


def headline(level: dict, kind: str) -> Fraction | None:
    """The level of a region by the rulebook's switch `walk.headline`; None when 五类全覆盖 is asked for and not given."""
    shares = [share(level["classes"][name]) for name in WALK_CLASSES]
    if kind == "lowest_class":
        return min(shares)
    if kind == "all_five":
        return share(level["all_five"]) if level["all_five"] else None
    return sum(shares, Fraction(0)) / len(shares)


def _figure(cell: dict, levels: dict, bases: dict, context: Context) -> dict:
    code, year = cell["region_code"], cell["year"]
    level = levels.get((code, year))
    value = headline(level, context.rules["walk.headline"]) if level else None
    absence = None
    if value is None:
        absence = Absence.NOT_DUE if context.as_of <= date(year, 12, 31) else Absence.NOT_REPORTED
    state = DataState.PROVISIONAL if cell["open"] or absence == Absence.NOT_DUE else DataState.FINAL
    if absence == Absence.NOT_REPORTED or (level and level.get("missing")):
        state = DataState.INCOMPLETE
    figure = {
        name: cell[name] for name in ("region_code", "region_level", "year", "basis", "period_start", "period_end")
    }
    figure |= {
        "value": None if value is None else float(value), "absence": absence, "data_state": state, "derived": False,
        "flags": "estimated" if level and level["estimated"] else None,
        "numerator": None if absence else cell["numerator"], "denominator": None if absence else cell["denominator"],
        "record_count": cell["records"], "excluded_count": cell["excluded"],
    }  # fmt: skip
    # What is expected of a year is known before the year is: the line begins at the region's own 2025 level.
    base = bases.get((code, year))
    return figure | {"exact": None if value is None else str(value), "exact_base": None if base is None else str(base)}


def _bases(cells: pl.DataFrame, levels: dict, context: Context) -> dict[tuple[str, int], Fraction | None]:
    """The 2025 level that a region and year is measured from, if it is known. A province's is pooled from the cities of
    that year; before they have reported there is none."""
    made, pooled = {}, {}
    for code, year, kind in cells.select("region_code", "year", "region_level").iter_rows():
        level = levels.get((code, year))
        if level is None and kind == "province":
            continue
        cities = (level or {}).get("cities", (code,))
        if cities not in pooled:
            members = [levels.get((city, FIRST_YEAR)) for city in cities]
            pooled[cities] = None if None in members else headline(pool(members), context.rules["walk.headline"])
        made[code, year] = pooled[cities]
    return made


def parts(cells: pl.DataFrame, levels: dict, bases: dict) -> pl.DataFrame:
    """The sub-lines of every figure with a level."""
    places = cells.select("region_code", "year").iter_rows()
    lines = [line for place in places if place in levels for line in _sublines(*place, levels[place], bases[place])]
    return pl.DataFrame(lines, schema=PART, orient="row")


def _sublines(code: str, year: int, level: dict, base: Fraction | None) -> list[dict]:
    """Each class, the lowest class, the share covered by all five, and the 2025 level for comparison."""
    shares = {PARTS[name]: share(level["classes"][name]) for name in WALK_CLASSES}
    lines = {**shares, "lowest_class": min(shares.values())}
    if level["all_five"]:
        lines["all_five"] = share(level["all_five"])
    if base is not None:
        lines["base_2025"] = base
    place = {"region_code": code, "year": year, "basis": str(Basis.ANNUAL), "unit": "%", "absence": None}
    return [place | {"part": part, "value": float(value)} for part, value in lines.items()]
