"""Why one figure moved: a sequential decomposition whose effects add up to the change by construction. Pure.

A figure is a function of a few sums. From the sums of the old release the changes of one cause after the other are
made, in the order of `Cause`; what the figure moves by at each step is that cause's effect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from schemas.indicators import INDICATORS, Indicator
from schemas.table import Unit
from schemas.trust import VALUE_CAUSES, Cause

#: The sums that a figure is made of: (name, component) → amount. Names are top and bottom; for indicator 7 land and
#: gdp of the year, base_land and base_gdp of the year it is compared with.
Part = tuple[str, str]
Sums = Mapping[Part, Fraction]
Moves = Mapping[Cause, Sums]

PLACES = Decimal("1e-9")
#: Published sums have nine decimals: what is left over below this share is rounding and not a cause.
RESOLUTION = Decimal("1e-6")

TOP, BOTTOM = ("top", ""), ("bottom", "")
LAND, GDP, BASE_LAND, BASE_GDP = ("land", ""), ("gdp", ""), ("base_land", ""), ("base_gdp", "")


def evaluate(indicator: Indicator, sums: Sums) -> Fraction | None:
    """The figure that follows from the sums (rulebook §1–8); None where something is divided by nothing."""
    if indicator.part_unit is Unit.MU:
        return sums.get(TOP, Fraction(0))
    if indicator.code == "land_per_gdp_reduction":
        return _reduction(*(sums.get(part, Fraction(0)) for part in (LAND, GDP, BASE_LAND, BASE_GDP)))
    if indicator.code == "walk15_coverage":
        return _mean_share(sums)
    bottom = sums.get(BOTTOM)
    if not bottom:
        return None
    return sums.get(TOP, Fraction(0)) / bottom * (100 if indicator.unit is Unit.PERCENT else 1)


def _reduction(land: Fraction, gdp: Fraction, base_land: Fraction, base_gdp: Fraction) -> Fraction | None:
    if not (gdp and base_land and base_gdp):
        return None
    return (1 - (land / gdp) / (base_land / base_gdp)) * 100


def _mean_share(sums: Sums) -> Fraction | None:
    classes = sorted({component for name, component in sums if name == "bottom"})
    if not classes or not all(sums["bottom", each] for each in classes):
        return None
    shares = [sums.get(("top", each), Fraction(0)) / sums["bottom", each] for each in classes]
    return sum(shares, Fraction(0)) / len(shares) * 100


def decompose(
    code: str, old: Sums, moves: Moves, old_value: float, new_value: float, unexplained: Cause = Cause.OTHER
) -> dict[Cause, Decimal]:
    """The effect of each cause on a figure, nine decimals; they add up to round(new) − round(old) exactly.

    `old`: the sums of the old figure; `moves`: what each cause adds to them. What the sums cannot explain goes to
    `unexplained`; a rest within the resolution of published sums goes to the largest effect.
    """
    indicator, reached = INDICATORS[code], dict(old)
    effects = dict.fromkeys(VALUE_CAUSES, Decimal(0))
    before = evaluate(indicator, reached)
    for cause in VALUE_CAUSES:
        if cause not in moves:
            continue
        reached = add(reached, moves[cause])
        after = evaluate(indicator, reached)
        if after is None or before is None:  # nothing to divide by on the way: the effect shows at the next step
            before = after if before is None else before
            continue
        effects[cause] = rounded(after) - rounded(before)
        before = after
    rest = change(old_value, new_value) - sum(effects.values())
    is_rounding = abs(rest) <= RESOLUTION * max(1, abs(Decimal(old_value)), abs(Decimal(new_value)))
    largest = main_cause(effects)
    effects[largest if is_rounding and largest else unexplained] += rest
    return effects


def without(code: str, new: Sums, move: Sums) -> Decimal | None:
    """What one record's change does: the new figure less what it would be without that change."""
    indicator = INDICATORS[code]
    now, then = evaluate(indicator, new), evaluate(indicator, add(new, {part: -x for part, x in move.items()}))
    return None if now is None or then is None else rounded(now - then)


def add(sums: Sums, move: Sums) -> dict[Part, Fraction]:
    """Sums after a move."""
    total = defaultdict(Fraction, sums)
    for part, amount in move.items():
        total[part] += amount
    return dict(total)


def total(moves: Iterable[Sums]) -> dict[Part, Fraction]:
    """Several moves as one."""
    summed: dict[Part, Fraction] = {}
    for move in moves:
        summed = add(summed, move)
    return summed


def main_cause(effects: Mapping[Cause, Decimal]) -> Cause | None:
    """The cause with the largest effect; the earlier one of equals, None when nothing moved."""
    cause = max(effects, key=lambda each: abs(effects[each]))
    return cause if effects[cause] else None


def change(old: float, new: float) -> Decimal:
    """By how much a published value moved, in nine decimals."""
    return Decimal(new).quantize(PLACES) - Decimal(old).quantize(PLACES)


def rounded(value: Fraction) -> Decimal:
    """An exact effect in nine decimals, half to even."""
    return Decimal(round(value * 10**9)).scaleb(-9)
