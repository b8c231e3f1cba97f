"""How a figure is shown (显示口径, rulebook §0): the one set of functions behind every page, sheet and sentence.

2 decimals, areas in 亩 none, in 公顷 four; half-even on the decimal value, never on the binary one; thousands separated
by commas. A displayed value never contradicts its verdict: it gets more decimals until it does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

from schemas.indicators import WORDS
from schemas.table import UNITS_EN, Unit

Number = int | float | Decimal | Fraction

NOTHING = "—"
MINUS = "−"
_PLACES = {Unit.MU: 0, Unit.HECTARE: 4, Unit.COUNT: 0}
#: Two different doubles differ within so many decimals, at the sizes that occur here.
_MOST_PLACES = 17


def places(unit: str) -> int:
    """Decimals of a unit."""
    return _PLACES.get(unit, 2)


def exact(value: Number) -> Decimal:
    """The decimal that a number stands for: a double is what its shortest writing says (58.5, not 58.49999…)."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Fraction):
        with localcontext(prec=60):
            return Decimal(value.numerator) / Decimal(value.denominator)
    return Decimal(repr(value))


def rounded(value: Number, decimals: int) -> Decimal:
    """Half-even on the decimal value; never a negative zero."""
    with localcontext(prec=60):
        result = exact(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    return abs(result) if result == 0 else result


def needed(value: Number, decimals: int, limits: Iterable[Number]) -> int:
    """The fewest decimals, from `decimals` on, at which a value stays on its own side (≥ or <) of every limit."""
    own, borders = exact(value), [exact(limit) for limit in limits]
    sides = [own >= border for border in borders]
    for more in range(decimals, _MOST_PLACES):
        shown = rounded(own, more)
        if [shown >= border for border in borders] == sides:
            return more
    return _MOST_PLACES


def number(value: Number | None, unit: str, limits: Iterable[Number] = (), signed: bool = False) -> str:
    """A number in its unit's decimals: `123,456`, `58.50%`, `1.50`; "—" for None.

    % carries its sign, other units belong in the header. `limits` are values whose side the display must keep.
    """
    if value is None:
        return NOTHING
    return _write(rounded(value, needed(value, places(unit), limits)), unit, signed)


def _write(shown: Decimal, unit: str, signed: bool = False) -> str:
    sign = MINUS if shown < 0 else "+" if signed and shown > 0 else ""
    return f"{sign}{abs(shown):,f}{'%' if unit == Unit.PERCENT else ''}"


def against(value: Number | None, target: Number | None, unit: str, met: bool | None = None) -> tuple[str, str]:
    """A value and its target as they stand side by side, as in `beside`."""
    text, (goal,) = beside(value, (target,), unit, met)
    return text, goal


def beside(
    value: Number | None,
    marks: Iterable[Number | None],
    unit: str,
    met: bool | None = None,
    borders: Iterable[Number | None] = (),
) -> tuple[str, tuple[str, ...]]:
    """A value beside its target and other marks: with the fewest decimals that show on which side of each it is.

    `borders` are not shown, but between two verdicts: 1.4499 against a border of 1.45 is not shown as 1.45.

    `met` is what the verdict says of the first mark where the doubles cannot tell (a value below its target by less
    than they resolve): the value is then shown as `＜58.50%`.
    """
    marks = list(marks)
    if value is None:
        return NOTHING, tuple(number(mark, unit) for mark in marks)
    own = exact(value)
    if met is False and marks and marks[0] is not None and own >= exact(marks[0]):
        return f"＜{number(marks[0], unit)}", tuple(number(mark, unit) for mark in marks)
    # What equals a computed mark rounds like it; a target is a given number, and the value must reach it as written.
    goals = [exact(mark) for n, mark in enumerate(marks) if mark is not None and not (n and exact(mark) == own)]
    decimals = needed(own, places(unit), [border for border in borders if border is not None])
    while decimals < _MOST_PLACES and not all(_clear(own, goal, decimals) for goal in goals):
        decimals += 1
    return _write(rounded(own, decimals), unit), tuple(_mark(own, mark, decimals, unit) for mark in marks)


def _clear(own: Decimal, goal: Decimal, decimals: int) -> bool:
    shown, reached = rounded(own, decimals), own >= goal
    return (shown >= goal) == reached and (shown >= rounded(goal, decimals)) == reached


def _mark(own: Decimal, mark: Number | None, decimals: int, unit: str) -> str:
    """A mark is a round number as a rule and keeps its own decimals; a computed one may need those of the value."""
    if mark is None:
        return NOTHING
    goal, shown = exact(mark), rounded(own, decimals)
    plain = rounded(goal, places(unit))
    return _write(plain if (shown >= plain) == (own >= goal) else rounded(goal, decimals), unit)


def gap(value: Number | None, unit: str, margin: Number | None = None) -> str:
    """A difference to a target with its sign: `−0.4` is never shown as 0, nor as within a margin that it is beyond.

    A difference of percentages is in percentage points (百分点): no % sign.
    """
    bare = Unit.RATIO if unit == Unit.PERCENT else unit
    return number(value, bare, (0,) if margin is None else (0, -exact(margin)), signed=True)


def share(value: Number | None, of_one: bool = True) -> str:
    """A part of a whole as a percentage; 99.996% is not shown as 100.00%. `of_one`: the value is a fraction of 1."""
    if value is None:
        return NOTHING
    with localcontext(prec=60):
        percent = exact(value) * 100 if of_one else exact(value)
    return number(percent, Unit.PERCENT, (100,))


def pace(value: Number | None, thresholds: Iterable[Number] = (1, Decimal("0.9"))) -> str:
    """A pace (进度比), on the side of the thresholds that its verdict was found on."""
    return number(value, Unit.RATIO, thresholds)


def quantity(value: Number | None, unit: str, limits: Iterable[Number] = (), english: bool = False) -> str:
    """A number with its unit, for a sentence: `123,456 亩` (in English `123,456 mu`), `58.50%`, `1.50`."""
    text = number(value, unit, limits)
    return (
        text if value is None or unit in (Unit.PERCENT, Unit.RATIO) else f"{text} {UNITS_EN[unit] if english else unit}"
    )


def points(value: Number) -> str:
    """A difference of percentages without its sign: `2.30 个百分点`."""
    return f"{size(value, Unit.RATIO)} 个百分点"


def size(value: Number, unit: str) -> str:
    """How large a difference is, without its sign; shown as 0 only where there is none."""
    return number(-abs(exact(value)), unit, (0,)).removeprefix(MINUS)


def day(value: date) -> str:
    """`2026年11月23日`."""
    return f"{value.year}年{value.month}月{value.day}日"


def word(code: str | None, english: bool = False) -> str:
    """The word of a verdict, an absence or a data state; "—" for none."""
    return WORDS[code][1 if english else 0] if code else NOTHING


def shape(code: str) -> str:
    """The shape that goes with a verdict's word, so that colour is never alone."""
    return WORDS[code][2]
