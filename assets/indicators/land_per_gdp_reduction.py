"""Indicator 7, 单位GDP地耗下降率: 1 − (S_t / G_t) / (S_2025 / G_2025), %, cumulative against 2025 and year on year.

S is construction land of the annual survey; G is GDP at constant 2025 prices: GDP of 2025 × the chain of real indices.
Reductions chain, they never add. An index of d decimals is known to ±0.5·10⁻ᵈ: its worst case through the chain gives
`low` and `high` (rulebook §7). Exact fractions throughout: there are few numbers and verdicts hang on their last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import reduce

import polars as pl

from assets.context import Context
from assets.indicators import figures
from assets.indicators.inputs import Inputs
from assets.indicators.ledger import empty
from assets.shapes import FIGURE, LEDGER, PART
from schemas.indicators import FIRST_YEAR, INDICATORS, Absence, Basis, DataState
from schemas.submissions import LAND_TOTAL

INDICATOR = INDICATORS["land_per_gdp_reduction"]
NEEDS = {
    "construction_land": ("year", "land_class", "area_mu", "vintage"),
    "gdp": ("year", "gdp_wan_yuan", "real_index", "real_index_decimals", "vintage"),
}
BASE_YEAR = FIRST_YEAR


@dataclass(frozen=True, slots=True)
class Intensity:
    """Land per GDP of one region and year. `land` in 公顷; `gdp`, `gdp_low`, `gdp_high` in 亿元 at 2025 prices."""

    land: Fraction
    gdp: Fraction
    gdp_low: Fraction
    gdp_high: Fraction
    preliminary: bool
    land_rows: tuple[dict, ...]
    gdp_rows: tuple[dict, ...]

    def plus(self, other: Intensity) -> Intensity:
        """Two regions pooled."""
        return Intensity(
            self.land + other.land, self.gdp + other.gdp, self.gdp_low + other.gdp_low, self.gdp_high + other.gdp_high,
            self.preliminary or other.preliminary, self.land_rows + other.land_rows, self.gdp_rows + other.gdp_rows,
        )  # fmt: skip


def derive(inputs: Inputs, context: Context, years: list[int]) -> figures.Result:
    """One figure per region, year and basis from 2025 on."""
    land, gdp = _land(inputs, context), _gdp(inputs)
    own = intensities(land, gdp, range(BASE_YEAR, context.as_of.year + 1))
    made, ledger, cities = [], _uncounted(inputs, context), _cities(context)
    windows = figures.windows(INDICATOR, [y for y in years if y >= BASE_YEAR], context.as_of)
    cells = windows.join(figures.regions_frame(context), how="cross").with_columns(records=0, excluded=0)
    given = pl.col("region_code").is_in([*cities, *{region for region, _ in (*land, *gdp)}])
    for cell in cells.filter(given).iter_rows(named=True):
        figure, rows = _figure(cell, cities, own, land, gdp, context)
        made.append(figure)
        ledger += rows
    found = figures.conform(pl.DataFrame(made, schema=FIGURE, orient="row"))
    frame, rows = pl.concat([found, figures.unreported(cells.filter(~given), context.as_of)]), _ledger(ledger)
    return figures.Result(rows, _count_excluded(frame, rows), lambda: pl.DataFrame(schema=PART))


# --- Inputs --------------------------------------------------------------------------------------------------------


def _land(inputs: Inputs, context: Context) -> dict[tuple[str, int], list[dict]]:
    """Survey rows that count, by region and year: the total alone where it is given, else the classes.

    Classes that add up to 0 公顷 are no survey: as a total such rows are refused at the door (rule 3103).
    """
    counted = context.rules["gdp.construction_classes"]
    by_place: dict[tuple[str, int], list[dict]] = {}
    for row in inputs["construction_land"].sort("record_key").iter_rows(named=True):
        by_place.setdefault((row["region_code"], row["year"]), []).append(row)
    chosen = {}
    for place, rows in by_place.items():
        total = [row for row in rows if row["land_class"] == LAND_TOTAL]
        kept = total or [row for row in rows if row["land_class"] in counted]
        if any(row["area_mu"] for row in kept):
            chosen[place] = kept
    return chosen


def _gdp(inputs: Inputs) -> dict[tuple[str, int], dict]:
    return {(row["region_code"], row["year"]): row for row in inputs["gdp"].iter_rows(named=True)}


def intensities(land: dict, gdp: dict, years: range) -> dict[tuple[str, int], Intensity]:
    """S_t and G_t of every region and year for which the survey, GDP of 2025 and the whole index chain are there."""
    found = {}
    for region in {region for region, _ in land}:
        chain = _chain(region, gdp, years)
        for year, (level, low, high, rows) in chain.items():
            surveyed = land.get((region, year))
            if surveyed and level > 0:  # GDP of 0 divides nothing
                area = sum((Fraction(row["area_mu"]) for row in surveyed), Fraction(0)) / 15
                preliminary = any(row["vintage"] == "初步" for row in surveyed) or any(
                    r["vintage"] == "初步核算" for r in rows
                )
                found[region, year] = Intensity(area, level, low, high, preliminary, tuple(surveyed), tuple(rows))
    return found


def _chain(region: str, gdp: dict, years: range) -> dict[int, tuple[Fraction, Fraction, Fraction, list[dict]]]:
    base = gdp.get((region, BASE_YEAR))
    if base is None:
        return {}
    level = low = high = Fraction(base["gdp_wan_yuan"]) / 10000
    rows, chain = [base], {}
    for year in years:
        if year > BASE_YEAR:
            row = gdp.get((region, year))
            if row is None:
                break
            index = Fraction(row["real_index"])
            half = Fraction(1, 2) / 10 ** max(1, row["real_index_decimals"] or 1)
            level, low, high = level * index / 100, low * (index - half) / 100, high * (index + half) / 100
            rows = [*rows, row]
        chain[year] = (level, low, high, rows)
    return chain


# --- Figures -------------------------------------------------------------------------------------------------------


def _cities(context: Context) -> dict[str, list[str]]:
    """The cities of every province, by code."""
    made: dict[str, list[str]] = {code: [] for code in context.regions.codes("province")}
    for city, province in context.regions.current.filter(level="city").select("code", "province_code").iter_rows():
        made.setdefault(province, []).append(city)
    return made


def _figure(
    cell: dict, cities: dict[str, list[str]], own: dict, land: dict, gdp: dict, context: Context
) -> tuple[dict, list[dict]]:
    """The figure of a region and window (`cell`) and its ledger rows. A province is its own rows, or wholly the sum of
    its cities (rulebook §7)."""
    code, year, cumulative = cell["region_code"], cell["year"], cell["basis"] == Basis.CUMULATIVE
    against = BASE_YEAR if cumulative or year == BASE_YEAR else year - 1
    members = [code]
    if cell["region_level"] == "province" and not ((code, year) in own and (code, against) in own):
        members = cities[code]
    derived = members != [code]
    now, before = _pooled(members, year, own), _pooled(members, against, own)
    absence = None if now else _reason(members, year, cumulative, land, gdp, context.as_of)
    if absence is None and (before is None or (not cumulative and year == BASE_YEAR)):
        absence = Absence.NO_BASELINE
    rows = [] if absence else [*_rows(cell, "numerator", now), *_rows(cell, "denominator", before)]
    figure = {
        "region_code": code, "region_level": cell["region_level"], "year": year, "basis": cell["basis"],
        "period_start": cell["period_start"], "period_end": cell["period_end"], "absence": absence,
        "derived": derived and not absence, "flags": "from_cities" if derived and not absence else None,
        "record_count": len(rows), "excluded_count": 0, "data_state": DataState.INCOMPLETE,
    }  # fmt: skip
    if absence:
        return figure | {"data_state": _state_without_value(absence, cell, now, year)}, []
    figure |= {
        **_exactly("value", "exact", _percent(now.land / now.gdp, before)),
        "numerator": sum(row["amount"] for row in rows if row["role"] == "numerator"),
        "denominator": sum(row["amount"] for row in rows if row["role"] == "denominator"),
        "data_state": DataState.PROVISIONAL if now.preliminary or before.preliminary or cell["open"] else DataState.FINAL,
    }  # fmt: skip
    if cumulative:  # GDP of the base year is known exactly, so the band is that of this year's chain
        figure |= _exactly("low", "exact_low", _percent(now.land / now.gdp_low, before))
        figure |= _exactly("high", "exact_high", _percent(now.land / now.gdp_high, before))
    return figure, rows


def _state_without_value(absence: Absence, cell: dict, now: Intensity | None, year: int) -> DataState:
    """The base year is compared with nothing; in any other year something that is not there is missed."""
    if absence == Absence.NOT_DUE:
        return DataState.PROVISIONAL
    if absence == Absence.NO_BASELINE and year == BASE_YEAR and now:
        return DataState.PROVISIONAL if now.preliminary or cell["open"] else DataState.FINAL
    return DataState.INCOMPLETE


def _exactly(name: str, exact_name: str, value: Fraction) -> dict:
    """A number as the double that is published and as the fraction that verdicts are found on."""
    return {name: float(value), exact_name: str(value)}


def _percent(now: Fraction, before: Intensity) -> Fraction:
    return (1 - now / (before.land / before.gdp)) * 100


def _pooled(members: list[str], year: int, own: dict[tuple[str, int], Intensity]) -> Intensity | None:
    """The members of a region together; None when one is missing."""
    found = [own.get((member, year)) for member in members]
    return None if None in found or not found else reduce(Intensity.plus, found)


def _reason(members: list[str], year: int, cumulative: bool, land: dict, gdp: dict, as_of: date) -> Absence:
    """Why a year has no intensity: its own inputs are due or missing, or what it is measured against or chained to is.

    A link of the chain that is missing is a missing previous year, or one between a cumulative figure and its base.
    """

    def missing(of: int) -> bool:
        return any((member, of) not in land or (member, of) not in gdp for member in members)

    if missing(year):
        return Absence.NOT_DUE if as_of <= date(year, 12, 31) else Absence.NOT_REPORTED
    return Absence.NO_BASELINE if not cumulative or missing(BASE_YEAR) else Absence.NOT_REPORTED


# --- Ledger --------------------------------------------------------------------------------------------------------


def _rows(cell: dict, role: str, intensity: Intensity) -> list[dict]:
    """The survey rows, each with its share of S / G in 公顷/亿元, and the GDP rows that divide (amount 0)."""
    place = {
        "region_code": cell["region_code"],
        "city_code": cell["region_code"] if cell["region_level"] == "city" else None,
        "year": cell["year"], "basis": cell["basis"], "role": role,
    }  # fmt: skip
    survey = [
        _provenance(row, "construction_land") | place
        | {"amount": _decimal(Fraction(row["area_mu"]) / 15 / intensity.gdp), "record_amount_mu": row["area_mu"], "component": row["land_class"]}
        for row in intensity.land_rows
    ]  # fmt: skip
    divisors = [
        _provenance(row, "gdp") | place | {"amount": Decimal(0), "component": row["vintage"], "reason": "divisor"}
        for row in intensity.gdp_rows
    ]
    return survey + divisors


def _uncounted(inputs: Inputs, context: Context) -> list[dict]:
    """Survey rows that do not enter: classes beside a total, and classes that are not construction land."""
    counted = context.rules["gdp.construction_classes"]
    rows = []
    with_total = set(
        inputs["construction_land"].filter(land_class=LAND_TOTAL).select("region_code", "year").iter_rows()
    )
    for row in inputs["construction_land"].filter(pl.col("land_class") != LAND_TOTAL).iter_rows(named=True):
        uncounted, beside = row["land_class"] not in counted, (row["region_code"], row["year"]) in with_total
        if uncounted or beside:
            city = row["region_code"] if row["region_level"] == "city" else None
            rows.append(
                _provenance(row, "construction_land")
                | {
                    "region_code": row["region_code"],
                    "city_code": city,
                    "year": row["year"],
                    "basis": None,
                    "role": "excluded",
                }
                | {"amount": Decimal(0), "record_amount_mu": row["area_mu"], "component": row["land_class"]}
                | {"reason": "class_not_counted" if uncounted else "total_wins"}
            )
    return rows


def _provenance(row: dict, table: str) -> dict:
    return {"source_table": table} | {
        n: row[n] for n in ("record_key", "submission_id", "sheet", "row_number", "profile")
    }


def _decimal(value: Fraction) -> Decimal:
    """To the nine decimals that are published, so that published sums are exact."""
    return round(Decimal(value.numerator) / Decimal(value.denominator), 9)


def _ledger(rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=LEDGER, orient="row") if rows else empty()


def _count_excluded(made: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    excluded = ledger.filter(role="excluded").group_by("region_code", "year").agg(count=pl.len().cast(pl.Int64))
    return (
        made.join(excluded, on=["region_code", "year"], how="left")
        .with_columns(excluded_count=pl.col("count").fill_null(0))
        .drop("count")
    )
