"""Counties (县市区) in the report model: monitored figures and the records behind them, never a verdict."""

from __future__ import annotations

from collections import defaultdict

from assets.outputs import details, model
from schemas.indicators import FIRST_YEAR, INDICATORS, Indicator

RECORDS_SHOWN = 5


def views(source, regions: details.Regions, year: int) -> dict[str, model.CountyView]:
    """Every county with its figures by year and the first records behind those of the year."""
    figures, top = defaultdict(list), _top_of_counties(source, regions, year)
    for row in source.rows("SELECT * FROM indicator_value WHERE region_level = 'county' ORDER BY year"):
        if row["basis"] == INDICATORS[row["indicator"]].judged and row["year"] >= FIRST_YEAR:
            figures[row["region_code"], row["indicator"]].append(row)

    def of(county: model.Region, indicator: Indicator) -> model.CountyIndicator:
        rows = figures.get((county.code, indicator.code), [])
        counts = next(((row["record_count"], row["excluded_count"]) for row in rows if row["year"] == year), (0, 0))
        points = tuple(details.point(row, row["period_end"]) for row in rows)
        found = tuple(top.get((county.code, indicator.code), ()))
        return model.CountyIndicator(indicator, points, found, *counts, details.records_sql(county, indicator, year))

    counties = [region for region in regions.values() if region.level == "county" and region.city_code in regions]
    return {
        county.code: model.CountyView(
            county, regions[county.city_code], tuple(of(county, indicator) for indicator in INDICATORS.values())
        )
        for county in counties
    }


def _top_of_counties(source, regions: details.Regions, year: int) -> dict[tuple[str, str], list[model.Contributor]]:
    found = defaultdict(list)
    rows = source.rows(
        f"SELECT c.* FROM contribution c JOIN {details.windows(year)} USING (indicator)"
        " WHERE c.city_code <> c.region_code AND c.role IN (w.side, 'both') AND c.amount > 0"
        " AND coalesce(c.basis, w.judged) = w.judged AND c.year BETWEEN w.first_year AND w.last_year"
        " QUALIFY row_number() OVER (PARTITION BY c.indicator, c.region_code"
        f" ORDER BY c.amount DESC, c.source_table, c.record_key) <= {RECORDS_SHOWN}"
        " ORDER BY c.indicator, c.region_code, c.amount DESC, c.source_table, c.record_key"
    )
    for row in rows:
        found[row["region_code"], row["indicator"]].append(details.contributor(row, regions))
    return found
