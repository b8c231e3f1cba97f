"""The plan of the site (网站结构): which pages there are, and which part of the model each one shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath

from assets.outputs.charts import Words
from assets.outputs.model import (
    CountyValue,
    Deadline,
    EvaluationTable,
    ModeProgress,
    Park,
    Point,
    RegionView,
    Release,
    ReportModel,
    TaskStatus,
)
from assets.outputs.site.figures import SHORT_EN, city_tiles, region_words, total
from assets.outputs.site.rendering import code_hash, render
from assets.outputs.site.words import OBJECTS

#: Rows that a page shows of a long list; the rest is named by its number and by the query that gives it.
ROWS_SHOWN = 300
RECEIPTS_SHOWN = 150

#: Sections of the navigation, in its order.
SECTIONS: dict[str, Words] = {
    "overview": ("总览", "Overview"),
    "city": ("设区市", "Cities"),
    "indicator": ("指标", "Indicators"),
    "evaluation": ("评价", "Evaluations"),
    "action": ("行动进展", "Action"),
    "quality": ("数据质量", "Data quality"),
    "restatement": ("变动重述", "Restatements"),
    "calendar": ("时间安排", "Calendar"),
    "advice": ("优化建议", "Advice"),
    "downloads": ("下载", "Downloads"),
    "dictionary": ("数据字典", "Dictionary"),
}


@dataclass(frozen=True, slots=True)
class Download:
    """A file of the release beside the site: its path from the site's root, and its size in words.

    `href` None: a folder of many files.
    """

    href: str | None
    name: str
    size: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its path from the site's root, its template, its names, and all that it says."""

    path: str
    template: str
    title: Words
    short: Words
    section: str
    data: dict[str, object]
    wide: bool = False  # printed across
    listed: bool = True  # stands in the second line of the navigation

    @property
    def root(self) -> str:
        """The way from the page to the site's root."""
        return "../" * (len(PurePosixPath(self.path).parts) - 1)


@dataclass(frozen=True)
class Site:
    """All pages of a release and what stands on each of them."""

    release: Release
    year: int
    horizon: int
    pages: tuple[Page, ...]

    @property
    def frame(self) -> Site:
        """The site without what its pages say: enough to add a page to it."""
        return replace(self, pages=tuple(replace(page, data={}) for page in self.pages))

    @cached_property
    def _shared(self) -> str:
        """What every page rests on, in short."""
        parts = (code_hash(), self.release, self.year, self.horizon, self.sections())
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def siblings(self, page: Page) -> list[Page]:
        """The pages of the same section, for the second line of the navigation."""
        return [other for other in self.pages if other.section == page.section and other.listed]

    def sections(self) -> list[tuple[str, Words, str]]:
        """The first line of the navigation: section, label, the first page of the section."""
        first: dict[str, str] = {}
        for page in self.pages:
            first.setdefault(page.section, page.path)
        return [(name, label, first[name]) for name, label in SECTIONS.items() if name in first]

    def fingerprint(self, page: Page) -> str:
        """Changes when the page would: with its data, the release's stamp, the navigation or the templates."""
        siblings = [(other.path, other.short) for other in self.siblings(page)]
        parts = (self._shared, page, siblings)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def html(self, page: Page) -> str:
        """The page, ready to be written."""
        return render(
            page.template, page=page, site=self, release=self.release, year=self.year, horizon=self.horizon,
            **page.data,
        )  # fmt: skip


def plan(model: ReportModel, downloads: Sequence[Download] = ()) -> Site:
    """Every page of the release, in the order of the navigation."""
    pages = (
        _overview(model),
        *_cities(model),
        *_counties(model),
        *_indicators(model),
        *_evaluations(model),
        *_actions(model),
        _quality(model),
        _restatement(model),
        _calendar(model),
        *_advice(model),
        downloads_page(downloads),
        *_dictionary(model),
    )
    return Site(model.release, model.year, model.horizon, pages)


# --- Figures ---------------------------------------------------------------------------------------------------------


def _overview(model: ReportModel) -> Page:
    data = {
        "matrix": model.matrix,
        "sentences": model.sentences,
        "tiles": city_tiles(model),
        "counts": total(model.region_views[city.code].counts for city in model.cities),
        "indicators": model.indicators,
        "latest": {
            (code, name): own.latest
            for code, view in model.region_views.items()
            for name, own in view.indicators.items()
        },
    }
    title = (f"{model.year}年进展总览", f"Overview {model.year}")
    return Page("index.html", "overview.html.j2", title, ("总览", "Overview"), "overview", data, wide=True)


def _cities(model: ReportModel) -> Iterator[Page]:
    for city in model.cities:
        view = model.region_views[city.code]
        data = {
            "view": view,
            "indicators": model.indicators,
            "counties": _county_rows(view),
            "county_pages": {each.region.code for each in model.county_views.values() if each.city.code == city.code},
            "modes": _last_year(model.modes, city.code),
            "measures": _last_year(model.measures, city.code),
            "demonstrations": [each for each in model.demonstrations if each.city_code == city.code],
            "tasks": _last_quarter(model.tasks, city.code),
            "parks": _last_parks(model.parks, city.code),
        }
        name = region_words(city.code, city.name)
        short = (name[0].removesuffix("市"), name[1])
        yield Page(f"city/{city.code}.html", "city.html.j2", name, short, "city", data)


def _counties(model: ReportModel) -> Iterator[Page]:
    """A page a county, reached from its city's: the drill-down to records."""
    for code, view in sorted(model.county_views.items()):
        others = [each.region for each in model.county_views.values() if each.city.code == view.city.code]
        years = sorted({point.year for own in view.indicators for point in own.by_year})
        lines = [(own, [_of_year(own.by_year, each) for each in years]) for own in view.indicators]
        data = {"view": view, "others": others, "years": years, "lines": lines}
        name = (view.region.name, view.region.name)
        yield Page(f"county/{code}.html", "county.html.j2", name, name, "city", data, listed=False)


def _of_year(points: Sequence[Point], year: int) -> Point | None:
    return next((point for point in points if point.year == year), None)


def _indicators(model: ReportModel) -> Iterator[Page]:
    for indicator in model.indicators:
        data = {"view": model.indicator_views[indicator.code], "cities": model.cities, "province": model.province}
        short = (indicator.short_label, SHORT_EN[indicator.code])
        title = (indicator.label, indicator.label_en)
        yield Page(f"indicator/{indicator.code}.html", "indicator.html.j2", title, short, "indicator", data)


def _evaluations(model: ReportModel) -> Iterator[Page]:
    kinds = (
        (model.annual, ("年度评价", "annual")),
        (model.midterm, ("中期评估", "mid-term")),
        (model.final, ("终期评估", "final")),
    )
    for tables, (zh, en) in kinds:
        for year, table in sorted(tables.items(), reverse=True):
            made_again = model.restatement
            again = made_again is not None and (made_again.kind, made_again.year) == (table.kind, year)
            data = {"table": table, "groups": _groups(table), "made_again": again, "indicators": model.indicators}
            short = (f"{year}{zh}", f"{year} {en}")
            path = f"evaluation/{table.kind}-{year}.html"
            yield Page(path, "evaluation.html.j2", (table.title, table.title_en), short, "evaluation", data, wide=True)


def _groups(table: EvaluationTable) -> tuple[tuple[int, int], ...]:
    """The annex in two tables that fit a page: the first theme, then the other two (positions of indicators)."""
    count = len(table.rows[0].cells) if table.rows else 0
    return ((0, min(4, count)), (4, count)) if count > 4 else ((0, count),)


# --- What was done ---------------------------------------------------------------------------------------------------


def _actions(model: ReportModel) -> Iterator[Page]:
    regions = (model.province, *model.cities)
    projects = model.demonstrations
    parks = sorted(model.parks, key=lambda park: (-park.year, park.city_code or "", park.code))
    modes = {(each.year, each.mode, each.region.code): each for each in model.modes}
    measures = {(each.year, each.measure, each.region.code): each for each in model.measures}
    shown = {
        "modes": (
            "六大开发模式", "Six development modes", {"modes": model.modes, "places": modes, "regions": regions},
        ),
        "measures": (
            "四方面政策举措", "Policy measures",
            {"measures": model.measures, "places": measures, "regions": regions},
        ),
        "demonstrations": (
            "示范项目", "Demonstration projects", {"projects": projects[:ROWS_SHOWN], "total": len(projects)},
        ),
        "tasks": ("十二项工作任务", "Twelve tasks", {"quarters": _quarters(model.tasks), "cities": model.cities}),
        "parks": ("园区亩均效益", "Industrial parks", {"parks": tuple(parks[:ROWS_SHOWN]), "total": len(parks)}),
    }  # fmt: skip
    for name, (zh, en, data) in shown.items():
        wide = name in ("tasks", "demonstrations")
        yield Page(f"{name}.html", f"{name}.html.j2", (zh, en), (zh, en), "action", data, wide=wide)


def _county_rows(view: RegionView) -> list[tuple[str, str, list[CountyValue | None]]]:
    """Counties of a city (code, name, eight values) in code order; None where the county has no such figure."""
    values: dict[str, dict[str, CountyValue]] = {}
    for code, indicator in view.indicators.items():
        for county in indicator.counties:
            values.setdefault(county.region.code, {})[code] = county
    return [
        (code, next(iter(own.values())).region.name, [own.get(each) for each in view.indicators])
        for code, own in sorted(values.items())
    ]


def _last_year(rows: Sequence[ModeProgress], region: str) -> list:
    own = [row for row in rows if row.region.code == region]
    last = max((row.year for row in own), default=None)
    return [row for row in own if row.year == last]


def _last_quarter(tasks: Sequence[TaskStatus], region: str) -> list[TaskStatus]:
    own = [task for task in tasks if task.region.code == region]
    last = max(((task.year, task.quarter) for task in own), default=None)
    return [task for task in own if (task.year, task.quarter) == last]


def _last_parks(parks: Sequence[Park], city: str) -> list[Park]:
    own = [park for park in parks if park.city_code == city]
    last = max((park.year for park in own), default=None)
    return [park for park in own if park.year == last]


def _quarters(tasks: Sequence[TaskStatus]) -> list[tuple[int, int, list[tuple[TaskStatus, dict[str, TaskStatus]]]]]:
    """Newest first: year, quarter, and per task one of its rows with the city's row by code."""
    quarters = sorted({(task.year, task.quarter) for task in tasks}, reverse=True)
    by_place = {(task.year, task.quarter, task.task_no, task.region.code): task for task in tasks}
    numbers = sorted({task.task_no for task in tasks})
    found = []
    for year, quarter in quarters:
        lines = []
        for number in numbers:
            own = {code: task for (y, q, no, code), task in by_place.items() if (y, q, no) == (year, quarter, number)}
            if own:
                lines.append((next(iter(own.values())), own))
        found.append((year, quarter, lines))
    return found


# --- About the data --------------------------------------------------------------------------------------------------


def _quality(model: ReportModel) -> Page:
    newest = sorted(model.quality.receipts, key=lambda receipt: (receipt.received_on, receipt.receipt_no), reverse=True)
    data = {
        "quality": model.quality,
        "receipts": tuple(newest[:RECEIPTS_SHOWN]),
        "receipts_sql": "SELECT * FROM mart.submission ORDER BY received_on DESC, receipt_no DESC",
    }
    title = ("数据质量", "Data quality")
    return Page("quality.html", "quality.html.j2", title, title, "quality", data)


def _restatement(model: ReportModel) -> Page:
    """What differs from the release before, and an evaluation made again on final data."""
    names = {indicator.code: (indicator.short_label, SHORT_EN[indicator.code]) for indicator in model.indicators}
    revised = model.revisions.rows[:ROWS_SHOWN] if model.revisions else ()
    data = {"revisions": model.revisions, "revised": revised, "restatement": model.restatement, "names": names}
    title = ("变动与重述", "Revisions and restatements")
    return Page("restatement.html", "restatement.html.j2", title, title, "restatement", data)


def _calendar(model: ReportModel) -> Page:
    title = ("时间安排", "Calendar")
    evidence = tuple(dict.fromkeys(f"{each.label}：{each.evidence}。" for each in model.calendar if each.evidence))
    lines = _by_deadline(model.calendar)
    data = {"lines": lines, "province": model.province, "cities": model.cities, "evidence": evidence}
    return Page("calendar.html", "calendar.html.j2", title, title, "calendar", data, wide=True)


def _by_deadline(calendar: Sequence[Deadline]) -> list[tuple[Deadline, dict[str | None, Deadline]]]:
    """One line a deadline: one of its rows, and the row of every region that has to meet it."""
    lines: dict[tuple, dict[str | None, Deadline]] = {}
    for each in calendar:
        lines.setdefault((each.due, each.name), {})[each.region.code if each.region else None] = each
    return [(next(iter(own.values())), own) for _, own in sorted(lines.items())]


def downloads_page(downloads: Sequence[Download]) -> Page:
    title = ("下载", "Downloads")
    return Page("downloads.html", "downloads.html.j2", title, title, "downloads", {"downloads": tuple(downloads)})


def _advice(model: ReportModel) -> Iterator[Page]:
    """Suggestions on one page, the what-if on a page of its own: it must not be taken for a part of the report."""
    names = {indicator.code: (indicator.short_label, SHORT_EN[indicator.code]) for indicator in model.indicators}
    advice = {"advice": model.advice, "incentives": model.incentives, "names": names}
    title = ("指标优化建议", "Advice on the indicators")
    yield Page("advice.html", "advice.html.j2", title, title, "advice", advice)
    what_if = ("假设：增存挂钩测算", "What-if: quota coupling")
    yield Page("what-if.html", "what_if.html.j2", what_if, what_if, "advice", {"effects": model.what_if})


def _dictionary(model: ReportModel) -> Iterator[Page]:
    """One page for the words, one for each kind of column: no page grows too long."""
    kinds = (
        ("dictionary.html", ("指标与用语", "Terms"), ("indicator", "part", "reason", "word", "switch", "rule_value")),
        ("dictionary-marts.html", ("成果表", "Marts"), ("mart", "column")),
        ("dictionary-submissions.html", ("报送表", "Submissions"), ("submission", "submission_column")),
        ("dictionary-rules.html", ("检查规则", "Rules"), ("rule",)),
    )
    named = {name for _, _, objects in kinds for name in objects}
    others = tuple(sorted({entry.object for entry in model.dictionary} - named))
    for path, short, objects in kinds:
        wanted = objects + (others if path == "dictionary.html" else ())
        groups = [
            (OBJECTS.get(name, (name, name)), [entry for entry in model.dictionary if entry.object == name])
            for name in wanted
        ]
        title = (f"数据字典：{short[0]}", f"Data dictionary: {short[1]}")
        data = {"groups": [(label, entries) for label, entries in groups if entries]}
        yield Page(path, "dictionary.html.j2", title, short, "dictionary", data)
