"""From views of the report model to charts (图表): what is drawn, with texts that the model gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from markupsafe import Markup

from assets.outputs import charts
from assets.outputs.charts import Bar, Mark, Range, Tile, Words
from assets.outputs.format import NOTHING, number
from assets.outputs.model import Cell, IndicatorOfRegion, IndicatorView, Point, RegionView, ReportModel
from assets.outputs.site.words import REGIONS_EN, unit, verdict
from schemas.indicators import FIRST_YEAR, INDICATORS, WORDS, Indicator, VerdictKind
from schemas.table import Unit

#: Columns and rows of the tile map: neighbours stay neighbours, nothing is to scale.
PLACES = {
    "330500": (0, 0), "330400": (1, 0),
    "330100": (0, 1), "330600": (1, 1), "330200": (2, 1), "330900": (3, 1),
    "330800": (0, 2), "330700": (1, 2), "331000": (2, 2),
    "331100": (1, 3), "330300": (2, 3),
}  # fmt: skip
_COLUMNS = 4
_GOOD = ("achieved", "on_track")
_FROM_ZERO = (VerdictKind.CUMULATIVE_AREA, VerdictKind.ANNUAL_RATE)


def sort_key(value: float | None) -> str:
    """What a table sorts by, never shown; empty sorts last."""
    return "" if value is None else repr(float(value))


def count(value: int) -> str:
    """A number of things, as everywhere else."""
    return number(value, Unit.COUNT)


def trajectory(view: IndicatorOfRegion, horizon: int, small: bool = False) -> Markup:
    """The chart of one indicator in one region: month ends, years, the expected path, the target, the forecast."""
    indicator, cell = view.indicator, view.cell
    name = region_words(view.region.code, view.region.name)
    own_path = indicator.verdict is not VerdictKind.ANNUAL_RATE
    marks = [Mark(point.day, point.value, point.text) for point in view.by_year if point.value is not None]
    last = date(horizon, 12, 31)
    return Markup(
        charts.trajectory(
            (f"{name[0]}{indicator.label}走势", f"{name[1]}: {indicator.label_en}"),
            (_told(view, cell), ""),
            first=date(FIRST_YEAR, 1, 1),
            last=last,
            actual=stretches(view),
            marks=marks,
            expected=view.trajectory if own_path else (),
            target=Mark(last, cell.target, cell.target_text) if cell and cell.target is not None else None,
            forecast=_range(cell, last),
            from_zero=indicator.verdict in _FROM_ZERO,
            small=small,
        )
    )


def stretches(view: IndicatorOfRegion) -> list[list[tuple[date, float]]]:
    """Unbroken runs of known values: month ends where there are any, joined by the year's own values."""
    days: dict[date, Point] = {point.day: point for point in (*view.by_month, *view.by_year)}
    points = [days[day] for day in sorted(days)]
    restarts = view.indicator.verdict in (VerdictKind.ANNUAL_RATE, VerdictKind.PERIOD_RATIO)

    def run(point: Point) -> tuple[bool, int]:
        # An annual rate starts again every January, a period's share every third: no line joins the two.
        stretch = point.year if view.indicator.verdict is VerdictKind.ANNUAL_RATE else (point.year > 2027) * restarts
        return point.value is not None, stretch

    return [
        [(point.day, point.value) for point in group]
        for (known, _), group in groupby(points, key=run)
        if known
    ]  # fmt: skip


def _told(view: IndicatorOfRegion, cell: Cell | None) -> str:
    """The chart in one sentence, for those who do not see it."""
    years = "；".join(f"{point.year}年 {point.text}" for point in view.by_year)
    goal = f"{cell.horizon}年目标 {cell.target_text}，结论：{cell.verdict_label}。" if cell else ""
    outlook = f"预测 {cell.forecast.text}，区间 {cell.forecast.text_range}。" if cell and cell.forecast else ""
    return f"{years}。{goal}{outlook}"


def _range(cell: Cell | None, last: date) -> Range | None:
    forecast = cell.forecast if cell else None
    if forecast is None:
        return None
    return Range(min(forecast.at, last), forecast.low, forecast.value, forecast.high, forecast.text)


def ranking(view: IndicatorView) -> Markup:
    """Cities by rank: bars of completion where the rank goes by it (areas), else of the value, each with its target."""
    indicator = view.indicator
    by_progress = indicator.ranked_by_progress
    bars = [
        Bar(
            region_words(cell.region_code, cell.region_name),
            cell.progress if by_progress else cell.value,
            NOTHING if cell.value is None else cell.progress_text if by_progress else cell.text,
            1.0 if by_progress and cell.target is not None else cell.target,
            cell.verdict,
            (cell.verdict_label, cell.verdict_label_en),
            cell.shape,
        )
        for cell in view.ranking
    ]
    told = "；".join(f"{bar.label[0]} {bar.text} {bar.verdict_words[0]}" for bar in bars)
    title = (f"各市{indicator.label}排序", f"Cities by {indicator.label_en.lower()}")
    return Markup(charts.ranking(title, (told, told), bars))


def spark(points: Sequence[Point], name: Words, goal: float | None = None) -> Markup:
    """A line the size of a word."""
    return Markup(charts.sparkline(name, [point.value for point in points], goal))


def city_tiles(model: ReportModel) -> tuple[Tile, ...]:
    """The cities on the tile map; those of another region table stand in code order."""
    views = [model.region_views[city.code] for city in model.cities]
    known = all(view.region.code in PLACES for view in views)
    return tuple(
        _tile(view, PLACES[view.region.code] if known else (index % _COLUMNS, index // _COLUMNS))
        for index, view in enumerate(views)
    )


def tile_map(tiles: Sequence[Tile]) -> Markup:
    """The tile map; nothing on it is to scale."""
    told = "；".join(f"{tile.label[0]}：{tile.note[0]}" for tile in tiles)
    title = ("各市八项指标结论", "Verdicts of the cities")
    return Markup(charts.tiles(title, (f"{told}。不表示行政区域界线。", ""), tiles))


def _tile(view: RegionView, place: tuple[int, int]) -> Tile:
    good = sum(view.counts.get(code, 0) for code in _GOOD)
    shapes = tuple((cell.verdict, cell.shape) if cell else ("not_reported", "－") for cell in view.row.cells)
    href = f"city/{view.region.code}.html"
    return Tile(
        *place,
        region_words(view.region.code, view.region.name.removesuffix("市")),
        (f"达序时 {good}/{len(shapes)}", f"{good}/{len(shapes)}"),
        shapes,
        href,
    )


def region_words(code: str, name: str) -> Words:
    """A region in both languages; counties and other provinces keep their Chinese name."""
    return name, REGIONS_EN.get(code, name)


def tally(counts: dict[str, int]) -> list[tuple[str, str, Words, int]]:
    """Counts by verdict in the order of severity: code, shape, words, how many."""
    return [(code, WORDS[code][2], verdict(code), counts[code]) for code in map(str, WORDS) if counts.get(code)]


def total(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Several tallies added up."""
    added: dict[str, int] = {}
    for each in counts:
        for code, cells in each.items():
            added[str(code)] = added.get(str(code), 0) + cells
    return added


def head(indicator: Indicator) -> tuple[Words, Words]:
    """Short name and unit of an indicator, for a column's header; a bare ratio has none."""
    none = ("", "") if indicator.unit == Unit.RATIO else None
    return (indicator.short_label, SHORT_EN[indicator.code]), none or unit(indicator.unit)


SHORT_EN = {
    "activated_stock_land": "Activated land",
    "redeveloped_inefficient_land": "Redeveloped land",
    "unsupplied_digestion_rate": "Unsupplied digested",
    "idle_disposal_rate": "Idle disposed",
    "stock_supply_share": "Stock share",
    "industrial_far": "Industrial FAR",
    "land_per_gdp_reduction": "Land per GDP cut",
    "walk15_coverage": "15-min coverage",
}
assert SHORT_EN.keys() == INDICATORS.keys()
