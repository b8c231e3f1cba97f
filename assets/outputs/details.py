"""The details of the report model: series, parts, exclusions, contributors, tasks, projects, parks, quality."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from assets.outputs import format as shown
from assets.outputs import model
from schemas.indicators import FIRST_YEAR, HORIZONS, INDICATORS, PERIODS, REASONS, Basis, Indicator
from schemas.submissions import TABLES
from schemas.table import Unit

#: How many records, receipts and findings a document shows; the SQL beside them gives the rest.
RECORDS_SHOWN, FINDINGS_SHOWN = 10, 200

STATUSES = {
    "accepted": "已接收", "accepted_with_warnings": "已接收，有提醒", "partly_accepted": "部分接收", "rejected": "退回",
}  # fmt: skip
SEVERITIES = {"error": "错误", "warning": "提醒"}

Regions = dict[str, model.Region]


@dataclass(frozen=True)
class Detail:
    """Everything about every region × indicator, looked up by code. Keys: (region_code, indicator)."""

    year: int
    horizon: int
    cells: dict[tuple[str, str, int, int], model.Cell]
    by_year: dict[tuple[str, str], list[model.Point]]
    annual: dict[tuple[str, str], list[model.Point]]
    by_month: dict[tuple[str, str], list[model.Point]]
    trajectories: dict[tuple[str, str], list[tuple[date, float]]]
    parts: dict[tuple[str, str], tuple[int, list[model.Part]]]
    exclusions: dict[tuple[str, str], list[model.Exclusion]]
    top: dict[tuple[str, str], list[model.Contributor]]
    counts: dict[tuple[str, str], tuple[int, int]]
    counties: dict[tuple[str, str], list[model.CountyValue]]

    def of(self, region: model.Region, code: str) -> model.IndicatorOfRegion:
        """One region on one indicator."""
        key, indicator = (region.code, code), INDICATORS[code]
        other = next(each for each in HORIZONS if each != self.horizon)
        parts_year, parts = self.parts.get(key, (None, []))
        records, excluded = self.counts.get(key, (0, 0))
        return model.IndicatorOfRegion(
            region=region, indicator=indicator, cell=self.cells.get((*key, self.year, self.horizon)),
            other=self.cells.get((*key, self.year, other)),
            latest=self.latest(*key),
            by_year=tuple(self.by_year.get(key, ())), annual=tuple(self.annual.get(key, ())),
            by_month=tuple(self.by_month.get(key, ())), trajectory=tuple(self.trajectories.get(key, ())),
            parts=tuple(parts), parts_year=parts_year, exclusions=self.left_out(*key),
            top=tuple(self.top.get(key, ())), record_count=records, excluded_count=excluded,
            sql=records_sql(region, indicator, self.year), counties=tuple(self.counties.get(key, ())),
        )  # fmt: skip

    def latest(self, region: str, code: str) -> model.Cell | None:
        """The latest year with a value, against the current horizon."""
        years = range(self.year, FIRST_YEAR - 1, -1)
        found = (self.cells.get((region, code, year, self.horizon)) for year in years)
        return next((cell for cell in found if cell is not None and cell.value is not None), None)

    def left_out(self, region: str, code: str) -> tuple[model.Exclusion, ...]:
        return tuple(self.exclusions.get((region, code), ()))


def read(source, regions: Regions, cells: dict, year: int, horizon: int) -> Detail:
    """All details of a release; one query a kind."""
    values = source.rows("SELECT * FROM indicator_value ORDER BY region_code, indicator, year, basis")
    of_now = {}
    for row in values:
        if row["year"] == year and row["basis"] == INDICATORS[row["indicator"]].judged:
            of_now[row["region_code"], row["indicator"]] = row
    return Detail(
        year, horizon, cells,
        by_year=_by_year(values, cells), annual=_annual(values), by_month=_by_month(source),
        trajectories=_trajectories(source, horizon), parts=_parts(source, year),
        exclusions=_exclusions(source, regions, year), top=_top(source, regions, year),
        counts={key: (row["record_count"], row["excluded_count"]) for key, row in of_now.items()},
        counties=_counties(of_now, regions),
    )  # fmt: skip


# --- Series ----------------------------------------------------------------------------------------------------------


def point(row: dict[str, Any], day: date, text: str | None = None) -> model.Point:
    plain = shown.word(row["absence"]) if row["value"] is None else shown.number(row["value"], row["unit"])
    return model.Point(day, row["year"], row["value"], text or plain, row["absence"], row["data_state"])


def _by_year(values: list[dict], cells: dict) -> dict[tuple[str, str], list[model.Point]]:
    """On the judged basis from 2025 on; a text is that of the year's cell, so that a figure is written one way."""
    series = defaultdict(list)
    for row in values:
        if row["basis"] == INDICATORS[row["indicator"]].judged and row["year"] >= FIRST_YEAR:
            horizon = next((h for h in HORIZONS if row["year"] <= h), HORIZONS[-1])
            judged = cells.get((row["region_code"], row["indicator"], row["year"], horizon))
            same = judged is not None and judged.value == row["value"]
            text = judged.text if same else None
            series[row["region_code"], row["indicator"]].append(point(row, row["period_end"], text))
    return dict(series)


def _annual(values: list[dict]) -> dict[tuple[str, str], list[model.Point]]:
    series = defaultdict(list)
    for row in values:
        if row["basis"] == Basis.ANNUAL:
            series[row["region_code"], row["indicator"]].append(point(row, row["period_end"]))
    return dict(series)


def _by_month(source) -> dict[tuple[str, str], list[model.Point]]:
    """As known at every month end and on the as-of day, of that day's year, on the judged basis."""
    judged = ", ".join(f"('{code}', '{indicator.judged}')" for code, indicator in INDICATORS.items())
    rows = source.rows(
        "SELECT region_code, indicator, year, value, unit, absence, data_state, known_on FROM indicator_history"
        f" WHERE region_level IN ('province', 'city') AND year = year(known_on) AND (indicator, basis) IN ({judged})"
        " AND (known_on = last_day(known_on) OR known_on = (SELECT max(known_on) FROM mart.indicator_history))"
        " ORDER BY known_on"
    )
    series = defaultdict(list)
    for row in rows:
        series[row["region_code"], row["indicator"]].append(point(row, row["known_on"]))
    return dict(series)


def _trajectories(source, horizon: int) -> dict[tuple[str, str], list[tuple[date, float]]]:
    lines = defaultdict(list)
    for row in source.rows(f"SELECT * FROM target_trajectory WHERE horizon = {horizon} ORDER BY day"):
        lines[row["region_code"], row["indicator"]].append((row["day"], row["expected"]))
    return dict(lines)


def _parts(source, year: int) -> dict[tuple[str, str], tuple[int, list[model.Part]]]:
    """Parts of the latest year that has some, on the judged basis."""
    found: dict[tuple[str, str], tuple[int, list[model.Part]]] = {}
    rows = source.rows(
        f"SELECT * FROM indicator_part WHERE year BETWEEN 2025 AND {year} AND region_level IN ('province', 'city')"
        " ORDER BY year DESC, region, indicator, part"
    )
    for row in rows:
        if row["basis"] == INDICATORS[row["indicator"]].judged:
            of_year, parts = found.setdefault((row["region"], row["indicator"]), (row["year"], []))
            if of_year == row["year"]:
                text = shown.number(row["value"], row["unit"])
                parts.append(
                    model.Part(row["part"], row["part_label"], row["part_label_en"], row["value"], text, row["unit"])
                )
    return found


def _counties(of_now: dict[tuple[str, str], dict], regions: Regions) -> dict[tuple[str, str], list[model.CountyValue]]:
    """By city and indicator; the province lists its cities' counties on their own pages."""
    found = defaultdict(list)
    for (code, indicator), row in of_now.items():
        region = regions[code]
        if region.level == "county":
            text = shown.word(row["absence"]) if row["value"] is None else shown.number(row["value"], row["unit"])
            found[region.city_code, indicator].append(model.CountyValue(region, row["value"], text, row["absence"]))
    return dict(found)


# --- Records ---------------------------------------------------------------------------------------------------------


def window(indicator: Indicator, year: int) -> tuple[int, int]:
    """First and last event year of the figure that is judged for a year."""
    if indicator.annual_input:
        return year, year
    if indicator.judged == Basis.CUMULATIVE:
        return FIRST_YEAR, year
    if indicator.judged == Basis.PERIOD:
        return next((first for first, last in PERIODS if first <= year <= last), year), year
    return year, year


def windows(year: int) -> str:
    """VALUES rows (indicator, first, last, basis, role) for a join. A ratio's records stand for their denominators."""
    rows = []
    for code, indicator in INDICATORS.items():
        first, last = window(indicator, year)
        role = "denominator" if indicator.judged == Basis.PERIOD else "numerator"
        rows.append(f"('{code}', {first}, {last}, '{indicator.judged}', '{role}')")
    return f"(VALUES {', '.join(rows)}) w(indicator, first_year, last_year, judged, side)"


def records_sql(region: model.Region, indicator: Indicator, year: int) -> str:
    first, last = window(indicator, year)
    # A province's land per GDP stands in its own name (`schemas.marts.FIGURE_ROWS`), all else of it is its cities'.
    own = "region_code" if indicator.code == "land_per_gdp_reduction" else None
    column = {"city": "city_code", "county": "region_code"}.get(region.level, own)
    place = f" AND {column} = '{region.code}'" if column else ""
    return (
        f"SELECT * FROM mart.contribution WHERE indicator = '{indicator.code}'{place}"
        f" AND year BETWEEN {first} AND {last} ORDER BY amount DESC"
    )


def _exclusions(source, regions: Regions, year: int) -> dict[tuple[str, str], list[model.Exclusion]]:
    rows = source.rows(
        "SELECT c.indicator, coalesce(c.city_code, c.region_code) AS place, c.reason, count(*)::INT AS records,"
        " coalesce(sum(c.record_amount_mu), 0) AS area FROM contribution c JOIN"
        f" {windows(year)} USING (indicator) WHERE c.role = 'excluded' AND coalesce(c.basis, w.judged) = w.judged"
        " AND (c.year IS NULL OR c.year BETWEEN w.first_year AND w.last_year) GROUP BY ALL"
    )
    province = next(code for code, region in regions.items() if region.level == "province")
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows:
        region = regions.get(row["place"])
        if region is not None and region.level != "county":
            for place in {region.code, province}:
                total = sums[place, row["indicator"], row["reason"]]
                total[0] += row["records"]
                total[1] += row["area"]
    found = defaultdict(list)
    for (place, indicator, reason), (records, area) in sorted(sums.items(), key=lambda item: (-item[1][0], item[0])):
        label, label_en = REASONS.get(reason, (reason, reason))
        found[place, indicator].append(
            model.Exclusion(reason, label, label_en, int(records), float(area), shown.number(float(area), Unit.MU))
        )
    return dict(found)


def _top(source, regions: Regions, year: int) -> dict[tuple[str, str], list[model.Contributor]]:
    """The largest records of every city and of the province."""
    found = defaultdict(list)
    of_province = "c.region_code LIKE '%0000' OR c.city_code IS NOT NULL AND c.indicator <> 'land_per_gdp_reduction'"
    for place, keep in (
        ("c.city_code", "c.city_code IS NOT NULL"),
        ("left(c.region_code, 2) || '0000'", f"({of_province})"),
    ):
        rows = source.rows(
            f"SELECT {place} AS place, c.* FROM contribution c JOIN {windows(year)} USING (indicator)"
            f" WHERE {keep} AND c.role IN (w.side, 'both') AND c.amount > 0 AND coalesce(c.basis, w.judged) = w.judged"
            " AND c.year BETWEEN w.first_year AND w.last_year QUALIFY row_number() OVER"
            f" (PARTITION BY c.indicator, {place} ORDER BY c.amount DESC, c.source_table, c.record_key) <= {RECORDS_SHOWN}"
            " ORDER BY c.indicator, place, c.amount DESC, c.source_table, c.record_key"
        )
        for row in rows:
            found[row["place"], row["indicator"]].append(contributor(row, regions))
    return dict(found)


def contributor(row: dict[str, Any], regions: Regions) -> model.Contributor:
    region = regions.get(row["region_code"])
    return model.Contributor(
        row["source_table"], TABLES[row["source_table"]].label, row["record_key"], row["region_code"],
        region.name if region else row["region_code"], row["event_date"], row["role"], float(row["amount"]),
        shown.number(row["amount"], row["unit"]), row["unit"],
        REASONS[row["reason"]][0] if row["reason"] else None, row["file_name"], row["sheet"], row["row_number"],
    )  # fmt: skip


# --- Modes, measures, projects, tasks, parks, deadlines --------------------------------------------------------------


def modes(source, regions: Regions) -> tuple[model.ModeProgress, ...]:
    rows = source.rows("SELECT * FROM mode_progress WHERE parcels IS NOT NULL ORDER BY year, region_code, mode")
    return tuple(
        model.ModeProgress(
            regions[row["region_code"]], row["year"], row["mode"], row["parcels"], float(row["area_mu"]),
            shown.number(row["area_mu"], Unit.MU), row["share"], shown.number(row["share"], Unit.PERCENT, (100,)),
        )
        for row in rows
    )  # fmt: skip


def measures(source, regions: Regions) -> tuple[model.MeasureProgress, ...]:
    rows = source.rows("SELECT * FROM measure_progress WHERE absence IS NULL ORDER BY year, region_code, measure")
    return tuple(
        model.MeasureProgress(
            regions[row["region_code"]], row["year"], row["measure"], row["measures"],
            *_figure(row["amount_wan_yuan"], Unit.WAN_YUAN), *_figure(row["area_mu"], Unit.MU),
        )
        for row in rows
    )  # fmt: skip


def demonstrations(source, regions: Regions) -> tuple[model.Demonstration, ...]:
    rows = source.rows("SELECT * FROM demonstration ORDER BY city_code, project_no")
    return tuple(
        model.Demonstration(
            row["project_no"], row["project_name"], regions[row["region_code"]], row["city_code"], row["mode"],
            row["batch"], row["stage"], row["put_forward"],
            *_figure(row["land_area_mu"], Unit.MU), *_figure(row["activated_area_mu"], Unit.MU),
            *_figure(row["investment_wan_yuan"], Unit.WAN_YUAN), row["measures"], row["start_date"],
            row["completion_date"],
        )
        for row in rows
    )  # fmt: skip


def _figure(value: Any, unit: str) -> tuple[float | None, str]:
    return None if value is None else float(value), shown.number(value, unit)


def tasks(source, regions: Regions) -> tuple[model.TaskStatus, ...]:
    rows = source.rows("SELECT * FROM task_status ORDER BY year, quarter, task_no, region_code")
    return tuple(
        model.TaskStatus(
            row["task_no"], row["section"], row["task"], regions[row["region_code"]], row["year"], row["quarter"],
            row["progress"] or shown.word(row["absence"]), row["description"], row["lead_unit"],
            row["responsible_units"], row["local_unit"],
        )
        for row in rows
    )  # fmt: skip


def parks(source, regions: Regions) -> tuple[model.Park, ...]:
    rows = source.rows("SELECT * FROM park_performance ORDER BY year, city_code, park_code")
    return tuple(
        model.Park(
            regions[row["region_code"]], row["city_code"], row["park_code"], row["park_name"], row["year"],
            *_figure(row["industrial_area_mu"], Unit.MU), *_figure(row["tax_per_mu"], Unit.RATIO),
            *_figure(row["value_added_per_mu"], Unit.RATIO), *_figure(row["average_far"], Unit.RATIO), row["grade"],
            shown.word(row["absence"]) if row["absence"] else None,
        )
        for row in rows
    )  # fmt: skip


def calendar(source, regions: Regions) -> tuple[model.Deadline, ...]:
    rows = source.rows("SELECT * FROM calendar ORDER BY due_date, name, region_code")
    return tuple(
        model.Deadline(
            row["name"], row["label"], row["label_en"], row["due_date"], regions.get(row["region_code"]),
            row["responsible"], row["state"], row["state_label"], row["evidence"], row["source"],
        )
        for row in rows
    )  # fmt: skip


# --- Quality ---------------------------------------------------------------------------------------------------------


def quality(source, regions: Regions) -> model.Quality:
    receipts = source.rows("SELECT * FROM submission ORDER BY received_on DESC, file_name")
    rules = source.rows("SELECT name, label FROM mart.data_dictionary WHERE object = 'rule'")
    labels = {row["name"]: row["label"] for row in rules}
    by_rule = source.rows(
        "SELECT rule, severity, count(*)::INT AS findings, count(DISTINCT receipt_no)::INT AS files,"
        " count(DISTINCT region_code)::INT AS regions FROM mart.quality_finding"
        " GROUP BY ALL ORDER BY findings DESC, rule"
    )
    first = source.rows(
        "SELECT * FROM"
        f" (FROM mart.quality_finding ORDER BY severity, received_on DESC, finding_no LIMIT {FINDINGS_SHOWN})"
        " WHERE finding_no IN (SELECT finding_no FROM quality_finding) ORDER BY severity, received_on DESC, finding_no"
    )
    shown_columns = model.Finding.__slots__
    totals = {name: sum(row[name] or 0 for row in receipts) for name in _COUNTS}
    return model.Quality(
        files=len(receipts), **totals,
        by_rule=tuple(
            model.RuleCount(
                label=labels.get(row["rule"], row["rule"]), severity_label=SEVERITIES[row["severity"]], **row
            )
            for row in by_rule
        ),
        by_city=tuple(_city_quality(region, receipts) for region in regions.values() if region.level == "city"),
        receipts=tuple(_receipt(row) for row in receipts),
        findings=tuple(model.Finding(**{name: row[name] for name in shown_columns}) for row in first),
        sql="SELECT * FROM mart.quality_finding ORDER BY finding_no",
    )  # fmt: skip


def with_checks(quality: model.Quality, source) -> model.Quality:
    """With the expectations that the release was held against."""
    checks = source.rows("SELECT * FROM quality_check ORDER BY unexpected DESC, table_name, check_name")
    broken = tuple(
        model.BrokenCheck(**{name: row[name] for name in model.BrokenCheck.__slots__})
        for row in checks
        if not row["passed"]
    )
    return replace(quality, checks=len(checks), broken=broken)


_COUNTS = ("lines", "rows_loaded", "rows_quarantined", "errors", "warnings")


def _city_quality(region: model.Region, receipts: list[dict]) -> model.CityQuality:
    own = [row for row in receipts if row["region_code"] == region.code]
    statuses = {status: sum(row["status"] == status for row in own) for status in STATUSES}
    totals = {name: sum(row[name] or 0 for row in own) for name in _COUNTS}
    rows = totals["rows_loaded"] + totals["rows_quarantined"]
    return model.CityQuality(
        region, len(own), **statuses, **totals, loaded_text=shown.share(totals["rows_loaded"] / rows if rows else None)
    )


def _receipt(row: dict[str, Any]) -> model.Receipt:
    names = ("receipt_no", "file_name", "received_on", "table_label", "region_name", "status")
    return model.Receipt(
        **{name: row[name] for name in names}, status_label=STATUSES[row["status"]],
        **{name: row[name] or 0 for name in _COUNTS},
    )  # fmt: skip
