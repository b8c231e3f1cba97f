"""Charts as SVG text (图形): trajectory, ranking bars, sparkline, tile map. Made at build time, drawn by any browser.

Here belongs drawing and nothing else: values place the marks, texts come in ready to print. Every shape has both
presentation attributes, so that a chart stands alone in a document, and a class, so that a page may restyle it.
Words are pairs (zh, en): a page shows one of the two by its switch, a document gets only the Chinese.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr

Words = tuple[str, str]
Points = Sequence[tuple[date, float]]

INK, MUTED, GRID, ACCENT, GOAL = "#1b2530", "#5b6673", "#dfe4e8", "#0b5d7a", "#a3490b"
FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
VERDICT_INK = {
    "achieved": "#0c6245", "on_track": "#1c6a80", "behind": "#805300", "far_behind": "#a03c08",
    "missed": "#a31f34", "undecidable": "#6a3d9a",
}  # fmt: skip

TARGET: Words = ("目标", "target")
FORECAST: Words = ("预测", "forecast")


@dataclass(frozen=True, slots=True)
class Mark:
    """A value on a day with its ready text."""

    day: date
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Range:
    """A forecast (预测) on a day: the likely value between its low and its high."""

    day: date
    low: float
    value: float
    high: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a ranking. `value` None: no bar, `text` says why. `goal` is on the scale of `value`."""

    label: Words
    value: float | None
    text: str
    goal: float | None
    verdict: str
    verdict_words: Words
    shape: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One city of the tile map: its place in columns and rows, and the (verdict, shape) of its eight indicators."""

    column: int
    row: int
    label: Words
    note: Words
    shapes: tuple[tuple[str, str], ...]
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """`standalone`: a file of its own, with namespace and font; `bilingual`: both languages, by class zh and en."""

    standalone: bool = False
    bilingual: bool = True


DOCUMENT = Style(standalone=True, bilingual=False)
PAGE = Style()


# --- Charts ----------------------------------------------------------------------------------------------------------


def trajectory(
    title: Words,
    description: Words,
    *,
    first: date,
    last: date,
    actual: Sequence[Points],
    marks: Sequence[Mark] = (),
    expected: Points = (),
    target: Mark | None = None,
    forecast: Range | None = None,
    from_zero: bool = False,
    small: bool = False,
    style: Style = PAGE,
) -> str:
    """Values over time against the expected path and the target.

    `actual` are unbroken stretches; `marks` are labelled points on them. `from_zero`: the axis starts at 0 whatever
    the values are. `small`: a thumbnail without axis words.
    """
    values = [value for stretch in actual for _, value in stretch] + [value for _, value in expected]
    values += [mark.value for mark in marks] + ([target.value] if target else [])
    values += [forecast.low, forecast.high] if forecast else []
    low, high, steps = scale([*values, 0.0] if from_zero else values)
    plane = Plane(*(_SMALL if small else _LARGE), first, last, low, high)
    stroke = {"stroke": ACCENT, "stroke_width": 1.75 if small else 2.25, "stroke_linejoin": "round"}
    body = [
        *_years(plane, small),
        *([] if small else _levels(plane, steps)),
        _path(plane, expected, "expected", stroke=MUTED, stroke_width=1.25, stroke_dasharray="4 3"),
        _goal(plane, target, small, style) if target else "",
        _forecast(plane, forecast, target, small, style) if forecast else "",
        *(_path(plane, stretch, "actual", **stroke) for stretch in actual),
        *(_mark(plane, mark, forecast, small) for mark in marks),
    ]
    return _svg(plane.width, plane.height, title, description, body, "chart small" if small else "chart", style)


@dataclass(frozen=True, slots=True)
class Plane:
    """The drawing's frame: pixels of the picture and its margins, days and values along its sides."""

    width: float
    height: float
    left: float
    right: float  # edges of the plot, in pixels from the left and the top
    top: float
    bottom: float
    first: date
    last: date
    low: float
    high: float

    def x(self, day: date) -> float:
        return self.left + (self.right - self.left) * (day - self.first).days / max((self.last - self.first).days, 1)

    def y(self, value: float) -> float:
        return self.top + (self.bottom - self.top) * (self.high - value) / (self.high - self.low)


_LARGE = (520, 236, 52, 446, 16, 210)
_SMALL = (236, 96, 6, 230, 8, 82)
_LINE_HEIGHT = 13


def _levels(plane: Plane, steps: Sequence[float]) -> list[str]:
    lines = [_line(plane.left, plane.y(step), plane.right, plane.y(step), "grid", GRID) for step in steps]
    return lines + [
        _text(plane.left - 6, plane.y(step) + 4, f"{step:,.10g}", "tick", MUTED, "end", 11) for step in steps
    ]


def _years(plane: Plane, small: bool) -> list[str]:
    """A line at every new year, the year's number below its middle; a thumbnail names only the first and the last."""
    years = range(plane.first.year, plane.last.year + 1)
    starts = [plane.x(date(year, 1, 1)) for year in years]
    lines = [_line(start, plane.top, start, plane.bottom, "grid", GRID) for start in starts]
    if small:
        base = plane.bottom + 11
        ends = [(plane.left, years[0], "start"), (plane.right, years[-1], "end")]
        return lines + [_text(x, base, str(year), "tick", MUTED, anchor, 10) for x, year, anchor in ends]
    middles = [plane.x(date(year, 7, 2)) for year in years]
    return lines + [
        _text(x, plane.bottom + 16, str(year), "tick", MUTED, "middle", 11)
        for x, year in zip(middles, years, strict=True)
    ]


def _path(plane: Plane, points: Points, name: str, **attributes: object) -> str:
    """A line through points; a single point is no line."""
    if len(points) < 2:
        return ""
    path = " ".join(f"{_n(plane.x(day))},{_n(plane.y(value))}" for day, value in points)
    return _tag("polyline", points=path, class_=name, fill="none", **attributes)


def _goal(plane: Plane, target: Mark, small: bool, style: Style) -> str:
    at = plane.y(target.value)
    line = _line(plane.left, at, plane.right, at, "goal", GOAL, width=1.25)
    if small:
        return line
    words = _words(plane.right + 8, at, TARGET, "goal-text", GOAL, style, size=11)
    return line + words + _text(plane.right + 8, at + _LINE_HEIGHT, target.text, "goal-text", GOAL, size=11)


def _forecast(plane: Plane, forecast: Range, target: Mark | None, small: bool, style: Style) -> str:
    """A whisker with its middle, and two lines of words to its right that keep clear of the target's."""
    x, middle = plane.x(forecast.day), plane.y(forecast.value)
    whisker = _line(x, plane.y(forecast.low), x, plane.y(forecast.high), "forecast", MUTED, 3 if small else 5, 0.45)
    dot = _circle(x, middle, 2 if small else 3.5, "forecast-dot", "#fff", stroke=MUTED, stroke_width=1.5)
    if small:
        return whisker + dot
    at, room = middle, 2 * _LINE_HEIGHT + 3
    goal = plane.y(target.value) if target else None
    if goal is not None and x > plane.right - 60 and abs(at - goal) < room:
        below = at >= goal and goal + room + _LINE_HEIGHT < plane.bottom + 10
        at = goal + room if below or goal - room < _LINE_HEIGHT else goal - room
    words = _words(x + 8, at, FORECAST, "tick", MUTED, style, size=11)
    return whisker + dot + words + _text(x + 8, at + _LINE_HEIGHT, forecast.text, "tick", MUTED, size=11)


def _mark(plane: Plane, mark: Mark, forecast: Range | None, small: bool) -> str:
    """A dot and its text above it, to the left where a forecast or the edge stands close on the right."""
    x, y = plane.x(mark.day), plane.y(mark.value)
    dot = _circle(x, y, 2.5 if small else 3.5, "mark", ACCENT)
    if small:
        return dot
    crowded = x > plane.right - 30 or (forecast is not None and 0 <= plane.x(forecast.day) - x < 60)
    base = y - 9 if y > plane.top + 22 else y + 17
    return dot + _text(x + 3 if crowded else x, base, mark.text, "value", INK, "end" if crowded else "middle", 12, True)


def ranking(title: Words, description: Words, bars: Sequence[Bar], style: Style = PAGE, row: int = 25) -> str:
    """Horizontal bars from 0 in the given order; a tick marks each goal, word and shape of the verdict stand beside.

    `row` is the height of a line in pixels.
    """
    width, left, right, top = 520, 74, 158, 4
    values = [number for bar in bars for number in (bar.value, bar.goal) if number is not None]
    most = max([*values, 1e-9]) * 1.02
    span = width - left - right
    body = []
    for index, bar in enumerate(bars):
        y = top + index * row
        base = y + row / 2 + 4
        body.append(_words(left - 8, base, bar.label, "label", INK, style, anchor="end", size=12))
        ink = VERDICT_INK.get(bar.verdict, MUTED)
        if bar.value is not None:
            length = max(span * max(bar.value, 0) / most, 0.5)
            body.append(
                _tag(
                    "rect",
                    x=left,
                    y=_n(y + 5),
                    width=_n(length),
                    height=row - 11,
                    rx=1.5,
                    class_=f"bar v-{bar.verdict}",
                    fill=ink,
                    fill_opacity=0.75,
                )
            )
        if bar.goal is not None:
            at = left + span * bar.goal / most
            body.append(_line(at, y + 2, at, y + row - 3, "goal", GOAL, width=2))
        body.append(_text(width - right + 74, base, bar.text, "value", INK, "end", 12))
        body.append(_text(width - right + 84, base, bar.shape, f"shape v-{bar.verdict}", ink, size=12))
        body.append(_words(width - right + 100, base, bar.verdict_words, f"v-{bar.verdict}", ink, style, size=12))
    return _svg(width, top * 2 + row * len(bars), title, description, body, "chart", style)


def sparkline(title: Words, values: Sequence[float | None], goal: float | None = None, style: Style = PAGE) -> str:
    """A word-sized line of values at equal steps; gaps stay gaps, the last value is dotted."""
    width, height, edge = 96, 24, 3
    known = [value for value in values if value is not None]
    if not known:
        return ""
    shown = known if goal is None else [*known, goal]
    low, high = min(*shown, 0) if min(shown) < max(shown) / 2 else min(shown), max(shown)
    rise = (high - low) or 1

    def at(index: int, value: float) -> tuple[float, float]:
        return (
            edge + (width - 2 * edge) * index / max(len(values) - 1, 1),
            edge + (height - 2 * edge) * (high - value) / rise,
        )

    body = []
    if goal is not None:
        level = at(0, goal)[1]
        body.append(_line(0, level, width, level, "goal", GOAL))
    for stretch in _stretches(values):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in (at(index, value) for index, value in stretch))
        body.append(_tag("polyline", points=points, class_="actual", fill="none", stroke=ACCENT, stroke_width=1.5))
    last = max(index for index, value in enumerate(values) if value is not None)
    x, y = at(last, values[last])
    body.append(_circle(x, y, 2.2, "mark", ACCENT))
    return _svg(width, height, title, title, body, "spark", style)


def tiles(title: Words, description: Words, cities: Sequence[Tile], style: Style = PAGE) -> str:
    """One tile per city in the rough order of the map, its eight verdicts as shapes; a link where it has an `href`."""
    size, gap = 106, 8
    columns, rows = max(tile.column for tile in cities) + 1, max(tile.row for tile in cities) + 1
    body = [
        _tile(tile, tile.column * (size + gap) + 1, tile.row * (size - 24 + gap) + 1, size, style) for tile in cities
    ]
    width, height = columns * (size + gap) - gap + 2, rows * (size - 24 + gap) - gap + 2
    linked = any(tile.href for tile in cities)
    return _svg(width, height, title, description, body, "tiles", style, role="group" if linked else "img")


def _tile(tile: Tile, x: float, y: float, size: float, style: Style) -> str:
    height = size - 24
    parts = [
        _tag("rect", x=_n(x), y=_n(y), width=size, height=height, rx=4, class_="tile", fill="#fff", stroke=GRID),
        _words(x + 9, y + 20, tile.label, "label", INK, style, size=14, bold=True),
        _words(x + size - 9, y + 20, tile.note, "tick", MUTED, style, anchor="end", size=11),
    ]
    for index, (verdict, shape) in enumerate(tile.shapes):
        cx, cy = x + 18 + (index % 4) * 23, y + 43 + (index // 4) * 25
        parts.append(_text(cx, cy, shape, f"shape v-{verdict}", VERDICT_INK.get(verdict, MUTED), "middle", 15))
    group = "".join(parts)
    if tile.href is None:
        return group
    return _tag("a", f"<title>{escape(' '.join(dict.fromkeys(tile.label)))}</title>{group}", href=tile.href)


# --- Scale -----------------------------------------------------------------------------------------------------------


def scale(values: Iterable[float], count: int = 5) -> tuple[float, float, list[float]]:
    """Low and high end of an axis and its round steps. From 0 unless all values lie far from it."""
    known = list(values) or [0.0, 1.0]
    low, high = min(known), max(known)
    if 0 <= low <= high * 0.6:
        low = 0.0
    if high <= low:
        low, high = low - (abs(low) or 1) * 0.1, high + (abs(high) or 1) * 0.1
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    bottom, top = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    steps = [round(index * step, 10) for index in range(bottom, top + 1)]
    return steps[0], steps[-1], steps


def _stretches(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Runs of known values with their positions."""
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((index, value))
    return [run for run in runs if run]


# --- SVG -------------------------------------------------------------------------------------------------------------


def _svg(
    width: float, height: float, title: Words, description: Words, body: Sequence[str], name: str, style: Style,
    role: str = "img",
) -> str:  # fmt: skip
    attributes = {"viewBox": f"0 0 {_n(width)} {_n(height)}", "role": role, "class_": name}
    if style.standalone:
        attributes |= {
            "xmlns": "http://www.w3.org/2000/svg",
            "font_family": FONT,
            "width": _n(width),
            "height": _n(height),
        }
    said = f"<title>{escape(title[0])}</title><desc>{escape(description[0])}</desc>"
    return _tag("svg", said + "".join(body), **attributes)


def _words(x: float, y: float, words: Words, name: str, fill: str, style: Style, **more: object) -> str:
    """A text in Chinese, and in English beside it where the page can switch."""
    zh, en = words
    if not style.bilingual or zh == en:
        return _text(x, y, zh, name, fill, **more)
    return _text(x, y, zh, f"{name} zh", fill, **more) + _text(x, y, en, f"{name} en", fill, lang="en", **more)


def _text(
    x: float, y: float, text: str, name: str, fill: str, anchor: str = "start", size: float = 12, bold: bool = False,
    lang: str | None = None,
) -> str:  # fmt: skip
    return _tag(
        "text", escape(text), x=_n(x), y=_n(y), class_=name, fill=fill, font_size=size,
        text_anchor=None if anchor == "start" else anchor, font_weight="600" if bold else None, lang=lang,
    )  # fmt: skip


def _circle(x: float, y: float, radius: float, name: str, fill: str, **more: object) -> str:
    return _tag("circle", cx=_n(x), cy=_n(y), r=radius, class_=name, fill=fill, **more)


def _line(
    x1: float, y1: float, x2: float, y2: float, name: str, stroke: str, width: float = 1, opacity: float | None = None
) -> str:
    return _tag(
        "line",
        x1=_n(x1),
        y1=_n(y1),
        x2=_n(x2),
        y2=_n(y2),
        class_=name,
        stroke=stroke,
        stroke_width=width,
        stroke_opacity=opacity,
    )


def _tag(name: str, content: str = "", /, **attributes: object) -> str:
    """An element. `class_` and underscores are written as XML wants them; attributes that are None are left out."""
    written = "".join(
        f" {_name(key)}={quoteattr(str(value))}" for key, value in attributes.items() if value is not None
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
