"""The arithmetic of a figure: what its ledger's rows add up to, and the value that follows (rulebook §1–8). Pure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from schemas.indicators import Indicator
from schemas.table import Unit

from .model import Group, Part, Rule

#: Published sums have nine decimals; a value computed from them may differ from the exact one by this share.
RESOLUTION = 1e-6


def add_up(groups: list[Group]) -> tuple[Decimal, Decimal]:
    """Numerator and denominator: exact sums of what the ledger's rows put into each."""
    top = sum((group.amount for group in groups if group.role in ("numerator", "both")), Decimal(0))
    bottom = sum((group.amount for group in groups if group.role in ("denominator", "both")), Decimal(0))
    return top, bottom


def recompute(indicator: Indicator, groups: list[Group], rules: list[Rule], parts: list[Part]) -> float | None:
    """The value that follows from the sums (rulebook §1–8); None where they give none."""
    top, bottom = map(Fraction, add_up(groups))
    if indicator.part_unit is Unit.MU:
        return float(top)
    if indicator.code == "walk15_coverage":
        return _headline(groups, rules, parts)
    if not bottom:
        return None
    if indicator.code == "land_per_gdp_reduction":
        return float((1 - top / bottom) * 100)
    return float(top / bottom * (100 if indicator.unit is Unit.PERCENT else 1))


def _headline(groups: list[Group], rules: list[Rule], parts: list[Part]) -> float | None:
    """Indicator 8 by its switch: each class has its own ratio, and none enters the mean with a weight."""
    kind = next((rule.value for rule in rules if rule.name == "walk.headline"), "mean_of_five")
    if kind == "all_five":
        return next((part.value for part in parts if part.name == "all_five"), None)
    classes = sorted({group.component for group in groups})
    sums = [add_up([group for group in groups if group.component == each]) for each in classes]
    shares = [Fraction(top) / Fraction(bottom) * 100 for top, bottom in sums]
    if not shares:
        return None
    return float(min(shares)) if kind == "lowest_class" else float(sum(shares) / len(shares))


def adds_up(figure: dict, sums: tuple[Decimal, Decimal], value: float | None) -> bool:
    """Whether the ledger bears the published figure out: sums exactly, the value within the published decimals."""
    published = (figure["numerator"], figure["denominator"])
    exact = all(given is None or given == own for given, own in zip(published, sums, strict=True))
    if figure["value"] is None:
        return exact
    if value is None:  # land per GDP that nine decimals show as none
        return exact and figure["indicator"] == "land_per_gdp_reduction"
    near = RESOLUTION * max(1, abs(figure["value"])) + _left_open(figure["record_count"], *sums)
    return exact and abs(value - figure["value"]) <= near


def _left_open(rows: int, top: Decimal, bottom: Decimal) -> float:
    """What nine decimals a row leave open of a ratio in per cent: next to nothing, unless the sums are tiny."""
    return float(rows * Decimal("5e-8") * (1 + top / bottom) / bottom) if bottom else 0.0
