"""Reads a released file into the report model: mart rows in, typed rows in words out. Only schema `mart`, read-only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from assets import advice
from assets.outputs import counties, details, model, restating, sentences
from assets.outputs import format as shown
from schemas import database
from schemas.indicators import FIRST_YEAR, HORIZONS, INDICATORS, WORDS, DataState, Verdict, VerdictKind
from schemas.table import Unit

Rows = list[dict[str, Any]]
_BELOW = (Verdict.MISSED, Verdict.BEHIND, Verdict.FAR_BEHIND)
_STATES = (DataState.INCOMPLETE, DataState.PROVISIONAL, DataState.FINAL)


class Source:
    """A released file, opened read-only; answers with rows as dicts. `mart.<name>` are all rows of a mart, its bare
    name those that `leave_out` has left. `coming` are marts that are not in the file yet."""

    def __init__(self, path: Path, coming: Mapping[str, pl.DataFrame] = MappingProxyType({})):
        self.con = database.connect(path, read_only=True)
        self.con.execute("USE mart")
        self.coming = coming
        for name, rows in coming.items():
            self.con.register(f"coming_{name}", rows.to_arrow())
            self.con.execute(f"CREATE TEMP VIEW {name} AS FROM coming_{name}")

    def rows(self, sql: str) -> Rows:
        """Values stand in the text: to bind one DuckDB's client loads pandas, in a process that did not begin with `lean`."""
        return database.rows(self.con, sql)

    def leave_out(self, regions: Collection[str]) -> None:
        """Regions of a larger region table that are not the plan's: a country has millions of their rows, and they
        stay where they are. A temporary view goes before the mart of its name."""
        if not regions:
            return
        listed = ", ".join("'" + code.replace("'", "''") + "'" for code in regions)
        self.con.execute(f"CREATE TEMP TABLE left_out AS SELECT unnest([{listed}])")
        for name, place in self._places().items():
            # The ledger is read for every kind of place: it is looked through once.
            kind = "TABLE" if name == "contribution" else "VIEW"
            origin = f"coming_{name}" if name in self.coming else f"mart.{name}"
            self.con.execute(
                f"CREATE OR REPLACE TEMP {kind} {name} AS SELECT * FROM {origin}"
                f" WHERE {place} IS NULL OR {place} NOT IN (FROM left_out)"
            )

    def close(self) -> None:
        self.con.close()

    def _places(self) -> dict[str, str]:
        """Mart → its column of regions, where it has one."""
        columns = self.rows(
            "SELECT table_name AS name, column_name AS place FROM duckdb_columns()"
            " WHERE schema_name = 'mart' AND column_name IN ('region_code', 'region')"
        )
        places = {each["name"]: each["place"] for each in columns}
        return places | {name: "region_code" for name, rows in self.coming.items() if "region_code" in rows.columns}


def load(release_db: Path, earlier: Callable[[date], Path | None] | None = None) -> model.ReportModel:
    """The report model of one release, with the restatement of an evaluation that an earlier one made."""
    state = release_db.stat() if release_db.is_file() else None
    made = _loaded(release_db, state and (state.st_ino, state.st_mtime_ns, state.st_size))
    return _restated(made, earlier)


def load_unchecked(build: Path, revision: pl.DataFrame, earlier: Callable[[date], Path | None]) -> model.ReportModel:
    """The report model of a build database whose marts are being checked: with the rows that mart.revision will have,
    without the outcome of the checks (`checked`)."""
    with closing(Source(build, {"revision": revision})) as source:
        return _restated(_load(source), earlier)


def checked(made: model.ReportModel, build: Path) -> model.ReportModel:
    """Such a model with the outcome of the checks, once the marts have passed them."""
    with closing(Source(build)) as source:
        return _with_checks(made, source)


def _with_checks(made: model.ReportModel, source: Source) -> model.ReportModel:
    return replace(made, quality=details.with_checks(made.quality, source))


def _restated(made: model.ReportModel, earlier: Callable[[date], Path | None] | None) -> model.ReportModel:
    before = earlier(made.release.as_of) if earlier else None
    return made if before is None else replace(made, restatement=_restatement(made, before))


@lru_cache(maxsize=1)  # several writers of one process take the same file in turn
def _loaded(release_db: Path, state: tuple[int, int, int] | None) -> model.ReportModel:
    """The model of a file in the state that it has on disk."""
    with closing(Source(release_db)) as source:
        return _with_checks(_load(source), source)


def _restatement(now: model.ReportModel, earlier: Path) -> model.Restatement | None:
    horizon = restating.horizon_made_again(now.release.as_of)
    if horizon is None:
        return None
    with closing(Source(earlier)) as source:
        facts = _facts(source)
        before = _cells(source, horizon)
    regions = (now.province, *now.cities)
    return restating.restatement(
        before, now.cells, regions, horizon, facts["release_id"], date.fromisoformat(facts["as_of"])
    )


def _facts(source: Source) -> dict[str, str]:
    return {row["name"]: row["value"] for row in source.rows("SELECT name, value FROM mart.release_info")}


def _cells(source: Source, horizon: int) -> dict[tuple[str, str, int, int], model.Cell]:
    """The cells of a target year against its own target."""
    limits = thresholds(source)
    rows = source.rows(_judged("mart.") + f" WHERE year = {horizon} AND horizon = {horizon} ORDER BY ALL")
    return {(c.region_code, c.indicator, c.year, c.horizon): c for c in (cell(row, limits) for row in rows)}


def _load(source: Source) -> model.ReportModel:
    facts = _facts(source)
    as_of = date.fromisoformat(facts["as_of"])
    year, horizon = reported(as_of)
    regions = _regions(source)
    assessed = source.rows(_judged() + " ORDER BY ALL")
    limits = thresholds(source)
    cells = {(c.region_code, c.indicator, c.year, c.horizon): c for c in (cell(row, limits) for row in assessed)}
    places = [region for region in regions.values() if region.level in ("province", "city")]
    province = next(region for region in places if region.level == "province")
    cities = tuple(region for region in places if region.level == "city")
    in_table = [region for region in (province, *cities) if any(key[0] == region.code for key in cells)]
    tables = {
        (kind, y): _table(kind, y, h, in_table, cells, as_of)
        for y in range(FIRST_YEAR, year + 1)
        for kind, h in (("annual", _horizon(y)), ("midterm", HORIZONS[0]), ("final", HORIZONS[1]))
        if y <= h
    }
    matrix = tables["annual", year]
    detail = details.read(source, regions, cells, year, horizon)
    of_now = [row for row in assessed if (row["year"], row["horizon"]) == (year, horizon)]
    indicator_views = {code: _indicator_view(code, matrix, detail) for code in INDICATORS}
    region_views = {row.region.code: _region_view(row, indicator_views) for row in matrix.rows}
    projects = source.rows("SELECT * FROM demonstration ORDER BY project_no")
    return model.ReportModel(
        release=_release(source, facts, as_of, matrix),
        year=year,
        horizon=horizon,
        indicators=tuple(INDICATORS.values()),
        province=province,
        cities=cities,
        counties=tuple(region for region in regions.values() if region.level == "county"),
        matrix=matrix,
        cells=cells,
        region_views=region_views,
        indicator_views=indicator_views,
        annual={y: table for (kind, y), table in tables.items() if kind == "annual"},
        midterm={y: table for (kind, y), table in tables.items() if kind == "midterm"},
        final={y: table for (kind, y), table in tables.items() if kind == "final"},
        modes=details.modes(source, regions),
        measures=details.measures(source, regions),
        demonstrations=details.demonstrations(source, regions),
        tasks=details.tasks(source, regions),
        parks=details.parks(source, regions),
        calendar=details.calendar(source, regions),
        quality=details.quality(source, regions),
        dictionary=tuple(
            model.Entry(**row) for row in source.rows("SELECT * FROM mart.data_dictionary ORDER BY object, name")
        ),
        advice=tuple(advice.advise(_of_year(assessed, year), as_of, advice.parameters("advice"))),
        what_if=tuple(advice.quota(_rates(source, as_of), advice.parameters("quota"))),
        incentives=tuple(advice.incentives(of_now, projects, advice.parameters("incentives"))),
        sentences=_summary(matrix, indicator_views, as_of),
        county_views=counties.views(source, regions, year),
        revisions=restating.revisions(source, regions, cells),
    )  # fmt: skip


def _of_year(assessed: Rows, year: int) -> Rows:
    """Assessments of a year against every horizon that it works towards."""
    return [row for row in assessed if row["year"] == year]


def reported(as_of: date) -> tuple[int, int]:
    """The year and the horizon that a report of this day is about; before 2025 and after 2030 the nearest."""
    year = min(max(as_of.year, FIRST_YEAR), HORIZONS[-1])
    return year, _horizon(year)


def _horizon(year: int) -> int:
    return next(horizon for horizon in HORIZONS if year <= horizon)


# --- Header ----------------------------------------------------------------------------------------------------------


def _release(source: Source, facts: dict[str, str], as_of: date, matrix: model.EvaluationTable) -> model.Release:
    states = {each.data_state for row in matrix.rows for each in row.cells if each is not None}
    weakest = next((state for state in _STATES if state in states), DataState.INCOMPLETE)
    return model.Release(
        facts["release_id"], as_of, facts["rule_version"], facts["target_version"], facts["contract_version"],
        datetime.fromisoformat(facts["made_at"]), weakest, shown.word(weakest), facts, _vintages(source),
    )  # fmt: skip


def _vintages(source: Source) -> tuple[model.Vintage, ...]:
    rows = source.rows(
        "SELECT source_table AS \"table\", table_label AS label, year, vintage, count(*)::INT AS regions,"
        " max(last_received_on) AS last_received_on FROM mart.input_vintage WHERE year >= 2025"
        " GROUP BY ALL ORDER BY source_table, year, vintage NULLS FIRST"
    )  # fmt: skip
    return tuple(model.Vintage(**row) for row in rows)


def _regions(source: Source) -> dict[str, model.Region]:
    """The plan's regions: province and cities with targets, and their counties (by the first four digits of the code).

    From here on `source` leaves out all others. Raises NothingToReport when no region has a target.
    """
    rows = source.rows(
        "SELECT DISTINCT region_code AS code, region_name AS name, region_level AS level FROM mart.indicator_value"
        " ORDER BY CASE level WHEN 'province' THEN 0 WHEN 'city' THEN 1 ELSE 2 END, code"
    )
    of_plan = {row["region_code"] for row in source.rows("SELECT DISTINCT region_code FROM mart.assessment")}
    regions = [model.Region(**row, city_code=_city(row)) for row in rows]
    kept = {each.code: each for each in regions if (each.city_code or each.code) in of_plan}
    if {each.level for each in kept.values()} < {"province", "city"}:
        raise model.NothingToReport(
            "没有可评价的地区（区划表里没有方案设定目标的地区，或截止日早于 2025 年），不生成附表、报告和网页；"
            "成果表不受影响，可用 landstock query 查询",
            "nothing to judge (no region with a target of the plan, or a day before 2025): no reports and no site;"
            " the marts are complete",
        )
    source.leave_out([each.code for each in regions if each.code not in kept])
    return kept


def _city(row: dict[str, Any]) -> str | None:
    return row["code"][:4] + "00" if row["level"] == "county" else None


def thresholds(source: Source) -> dict[str, float]:
    """The verdict thresholds that this release was made with, from its own dictionary."""
    rows = source.rows(
        "SELECT name, description FROM mart.data_dictionary WHERE object = 'switch' AND name LIKE 'verdict.%'"
    )
    return {row["name"]: float(row["description"].removeprefix("取值：")) for row in rows}


def cells(release_db: Path, year: int, horizon: int) -> list[model.Cell]:
    """The matrix of a year against a horizon: cities in code order, then the province."""
    source = Source(release_db)
    try:
        limits = thresholds(source)
        rows = source.rows(
            f"{_judged('mart.')} WHERE year = {year} AND horizon = {horizon}"
            " ORDER BY region_code LIKE '%0000', region_code, indicator"
        )
        return [cell(row, limits) for row in rows]
    finally:
        source.con.close()


# --- Cells -----------------------------------------------------------------------------------------------------------


def _judged(schema: str = "") -> str:
    """A query for rows of mart.assessment, each with whether its figure is 推算."""
    key = "(region_code, indicator, year, basis)"
    return f"SELECT a.*, v.derived FROM {schema}assessment a LEFT JOIN {schema}indicator_value v USING {key}"


def cell(row: dict[str, Any], limits: dict[str, float]) -> model.Cell:
    """A row of mart.assessment, with `derived` of its figure, in words. `limits`: verdict thresholds by switch name."""
    indicator, unit = INDICATORS[row["indicator"]], row["unit"]
    below = False if row["verdict"] in _BELOW and indicator.verdict is VerdictKind.PERIOD_RATIO else None
    below = False if row["verdict"] == Verdict.MISSED else below
    marks, borders = (row["target"], row["expected"]), (_behind_from(row, limits),)
    text, (target, expected) = shown.beside(row["value"], marks, unit, met=below, borders=borders)
    if (
        row["verdict"] == Verdict.UNDECIDABLE
    ):  # 临界 takes no side, so that a value just below needs no further decimals
        text, target, expected = (shown.number(each, unit) for each in (row["value"], *marks))
    same = row["expected_linear"] == row["expected"]
    word, word_en, shape = WORDS[row["verdict"]]
    return model.Cell(
        region_code=row["region_code"], region_name=row["region_name"], indicator=indicator.code, year=row["year"],
        horizon=row["horizon"], basis=row["basis"], period_end=row["period_end"], value=row["value"],
        text=shown.word(row["absence"]) if row["value"] is None else text, unit=unit,
        target=row["target"], target_text=target, operator="=" if unit == Unit.MU or _exactly(indicator) else "≥",
        verdict=row["verdict"], verdict_label=word, verdict_label_en=word_en, shape=shape, rank=row["rank"],
        gap=row["gap"], gap_text=shown.gap(row["gap"], unit, _margin(indicator.code, limits)),
        progress=row["progress"], progress_text=shown.share(row["progress"]),
        expected=row["expected"], expected_text=expected, expected_linear=row["expected_linear"],
        expected_linear_text=expected if same else shown.number(row["expected_linear"], unit),
        pace=row["pace"],
        pace_text=shown.pace(row["pace"], (limits["verdict.on_track"], limits["verdict.behind"])),
        time_progress=row["time_progress"], low=row["low"], high=row["high"], forecast=_forecast(row),
        data_state=row["data_state"], data_state_label=shown.word(row["data_state"]) + "、推算" * bool(row["derived"]),
        absence=row["absence"], absence_label=shown.word(row["absence"]) if row["absence"] else None,
        derived=bool(row["derived"]),
    )  # fmt: skip


def _exactly(indicator) -> bool:
    return indicator.verdict is VerdictKind.ANNUAL_RATE


def _behind_from(row: dict[str, Any], limits: dict[str, float]) -> Decimal | None:
    """The value from which an indicator is 略滞后 and no longer 滞后."""
    margin = _margin(row["indicator"], limits)
    if margin is not None and row["target"] is not None:
        return shown.exact(row["target"]) - shown.exact(margin)
    if row["pace"] is None or row["expected"] is None:
        return None
    return shown.exact(row["expected"]) * shown.exact(limits["verdict.behind"])


def _margin(code: str, limits: dict[str, float]) -> float | None:
    return {"stock_supply_share": limits["verdict.share_margin"], "industrial_far": limits["verdict.far_margin"]}.get(
        code
    )


def _forecast(row: dict[str, Any]) -> model.Forecast | None:
    if row["forecast"] is None:
        return None
    text, _ = shown.against(row["forecast"], row["target"], row["unit"])
    low, high = (shown.number(row[name], row["unit"]) for name in ("forecast_low", "forecast_high"))
    ends = row["year"] if _exactly(INDICATORS[row["indicator"]]) else row["horizon"]
    return model.Forecast(
        row["forecast"], row["forecast_low"], row["forecast_high"], text, low, high, date(ends, 12, 31),
        meets=row["target"] is not None and row["forecast"] >= row["target"], text_range=f"{low}～{high}",
    )  # fmt: skip


# --- Tables and views ------------------------------------------------------------------------------------------------

_TITLES = {
    "annual": ("浙江省存量空间提质增效行动{year}年度评价表", "Annual evaluation {year}"),
    "midterm": ("浙江省存量空间提质增效行动中期评估表（{year}年）", "Mid-term evaluation, {year}"),
    "final": ("浙江省存量空间提质增效行动终期评估表（{year}年）", "Final evaluation, {year}"),
}


def _table(
    kind: str, year: int, horizon: int, regions: list[model.Region], cells: dict, as_of: date
) -> model.EvaluationTable:
    rows = tuple(
        model.Row(region, tuple(cells.get((region.code, code, year, horizon)) for code in INDICATORS))
        for region in regions
    )
    title, title_en = (text.format(year=year) for text in _TITLES[kind])
    until = f"截至{shown.day(as_of)}" if year == as_of.year else f"截至{year}年12月31日"
    note = f"注：{until}，对照{horizon}年目标；位次仅在设区市间排列，数值相同的位次并列。"
    if kind != "annual" and year == as_of.year:
        note += "预测单列，不与实绩混用。"
    return model.EvaluationTable(kind, title, title_en, year, horizon, rows, note)


def _indicator_view(code: str, matrix: model.EvaluationTable, detail: details.Detail) -> model.IndicatorView:
    indicator = INDICATORS[code]
    column = [(row.region, row.cells[indicator.number - 1]) for row in matrix.rows]
    cells = tuple(each for _, each in column if each is not None)
    of_cities = [each for region, each in column if each is not None and region.level == "city"]
    ranking = tuple(sorted(of_cities, key=lambda c: (c.rank is None, c.rank or 0, c.region_code)))
    texts = _of_first(cells, of_cities, detail)
    texts += [sentences.on_ranking(ranking), *(sentences.on_forecast(each) for each in cells[:1])]
    return model.IndicatorView(
        indicator, cells, ranking, dict(Counter(each.verdict for each in of_cities)),
        detail.left_out(matrix.rows[0].region.code, code),
        {region.code: detail.of(region, code) for region, _ in column},
        tuple(text for text in texts if text),
    )  # fmt: skip


def _of_first(cells: tuple[model.Cell, ...], cities: list[model.Cell], detail: details.Detail) -> list[str]:
    """The province on an indicator; where its data come a year late, also the latest year that has them."""
    texts = [sentences.on_indicator(each, cities) for each in cells[:1]]
    latest = detail.latest(cells[0].region_code, cells[0].indicator) if cells else None
    if latest is not None and cells[0].value is None:
        of_year = [detail.cells.get((each.region_code, each.indicator, latest.year, latest.horizon)) for each in cities]
        texts.append(sentences.on_indicator(latest, [each for each in of_year if each is not None]))
    return texts


def _region_view(row: model.Row, views: dict[str, model.IndicatorView]) -> model.RegionView:
    own = {code: view.regions[row.region.code] for code, view in views.items()}
    cells = [each for each in row.cells if each is not None]
    texts = [f"{row.region.name} {len(cells)} 项导引指标中，{sentences.verdicts(cells, '项')}。"]
    texts += [sentences.on_indicator(each) for each in cells]
    return model.RegionView(row.region, row, own, dict(Counter(each.verdict for each in cells)), tuple(texts))


def _summary(matrix: model.EvaluationTable, views: dict[str, model.IndicatorView], as_of: date) -> tuple[str, ...]:
    first = sentences.overview(matrix.rows[0], [row for row in matrix.rows if row.region.level == "city"], as_of)
    return (first, *(view.sentences[0] for view in views.values() if view.sentences))


def _rates(source: Source, as_of: date) -> Rows:
    """Both rates of the cities in the last year that has ended: a year to date says nothing about its completion."""
    ended = as_of.year if (as_of.month, as_of.day) == (12, 31) else as_of.year - 1
    return source.rows(
        f"SELECT * FROM indicator_value WHERE region_level = 'city' AND basis = 'annual' AND year = {ended}"
        " AND indicator IN ('unsupplied_digestion_rate', 'idle_disposal_rate') ORDER BY region_code, indicator"
    )
