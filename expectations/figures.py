"""What must hold for the figures (指标值): a value or a reason, every cell once, and sums that the ledger bears out."""

from __future__ import annotations

from schemas.indicators import FIRST_YEAR, INDICATORS, PERIODS, REASONS, Basis
from schemas.marts import MARTS

from .checks import Check, Expectation, NoRows, NotNull, listed, quoted

_REMAKE = "请勿发布；用所附 SQL 查出全部行，用 landstock explain 核对其来源，修正数据或程序后重新运行。"

#: The release's as-of day.
AS_OF = "(SELECT CAST(value AS DATE) FROM mart.release_info WHERE name = 'as_of')"
REASON_CODES = tuple(REASONS)


def mart_check(
    table: str, name: str, expectation: Expectation, label: str, label_en: str, why: str,
    *, remedy: str = _REMAKE, keys: tuple[str, ...] | None = None,
) -> Check:  # fmt: skip
    """A check of a mart; a finding names rows by the mart's grain unless `keys` says otherwise."""
    return Check("mart", table, name, expectation, label, label_en, why, remedy, keys or MARTS[table].key)


def unit_check(table: str, attribute: str = "unit") -> Check:
    """The unit column holds each indicator's own unit (or that of its parts)."""
    units = ", ".join(f"({quoted(code)}, {quoted(getattr(each, attribute))})" for code, each in INDICATORS.items())
    shown = ", ".join(f't."{name}"' for name in MARTS[table].key)
    return mart_check(
        table, "unit",
        NoRows(
            f"SELECT {shown}, t.unit FROM {{table}} t"
            f" JOIN (VALUES {units}) u(indicator, unit) ON u.indicator = t.indicator"
            " WHERE t.unit IS DISTINCT FROM u.unit"
        ),
        "计量单位与指标一致", "the unit is the indicator's", "单位不符的数会被误读，差 15 倍或 100 倍。",
    )  # fmt: skip


# --- Words for the queries -------------------------------------------------------------------------------------------

AREAS = ("activated_stock_land", "redeveloped_inefficient_land")
RATES = ("unsupplied_digestion_rate", "idle_disposal_rate", "stock_supply_share")
#: Shares of a whole: more than 100% means that an input contradicts itself.
SHARES = ("stock_supply_share", "walk15_coverage")
#: Made of events that each happened in one place.
EVENTS = tuple(INDICATORS)[:6]
REPORTED_BY_YEAR = ("land_per_gdp_reduction", "walk15_coverage")

_cells = ", ".join(f"({quoted(i.code)}, {quoted(basis)})" for i in INDICATORS.values() for basis in i.bases)
_CELLS = f"(VALUES {_cells}) b(indicator, basis)"
_LAST_PERIOD = PERIODS[-1][1]
_period_start = " ".join(f"WHEN f.year <= {last} THEN DATE '{first}-01-01'" for first, last in PERIODS)
_PERIOD_START = (
    f"CASE f.basis WHEN '{Basis.ANNUAL}' THEN make_date(f.year, 1, 1)"
    f" WHEN '{Basis.CUMULATIVE}' THEN DATE '{FIRST_YEAR}-01-01' ELSE CASE {_period_start} END END"
)

_BASES = [str(basis) for basis in Basis]

#: Which rows of the ledger belong to which figure, summed. A county has its own rows, a city those of its city_code,
#: the province those of its cities; the province's own rows of a table replace those of its cities. Land per GDP of a
#: province stands in its own name or is absent. The first two digits of a code name its province (GB/T 2260).
#: Everything dated after the as-of day is caught by `not_after_as_of`.
#: The last join compares column with column throughout: anything else makes it try every pair of rows.
_SUMS = f"""WITH ledger AS (
  SELECT indicator, basis, year, source_table, region_code, city_code,
    sum(amount) FILTER (role IN ('numerator', 'both')) AS top,
    sum(amount) FILTER (role IN ('denominator', 'both')) AS bottom,
    count(*) FILTER (role <> 'excluded' AND source_table <> 'annual_task') AS records
  FROM mart.contribution WHERE year IS NOT NULL GROUP BY ALL
), placed AS (
  SELECT region_code AS place, unnest(['county', 'province']) AS level, * FROM ledger
  UNION ALL BY NAME
  SELECT city_code AS place, 'city' AS level, * FROM ledger WHERE city_code IS NOT NULL
  UNION ALL BY NAME
  SELECT left(city_code, 2) || '0000' AS place, 'province' AS level, * FROM ledger c WHERE city_code IS NOT NULL
    AND indicator <> 'land_per_gdp_reduction' AND NOT EXISTS (FROM ledger p WHERE p.region_code = left(c.city_code, 2) || '0000'
      AND (p.indicator, p.year, p.source_table) = (c.indicator, c.year, c.source_table))
), by_basis AS (
  SELECT * REPLACE (unnest(CASE WHEN basis IS NULL THEN {_BASES} ELSE [basis] END) AS basis) FROM placed
), sums AS (
  SELECT place, level, indicator, basis, year, sum(top) AS top, sum(bottom) AS bottom, sum(records) AS records
  FROM by_basis GROUP BY ALL
), figure AS (
  SELECT f.*,
    CASE WHEN f.indicator IN {listed(REPORTED_BY_YEAR)} THEN f.year ELSE year(f.period_start) END AS first_year
  FROM {{table}} f
), summed AS (
  SELECT f.region_code, f.indicator, f.year, f.basis, f.value, f.absence, f.numerator, f.denominator, f.record_count,
    sum(p.top) AS top, sum(p.bottom) AS bottom, coalesce(sum(p.records), 0) AS records
  FROM figure f LEFT JOIN sums p ON p.place = f.region_code AND p.level = f.region_level
    AND p.indicator = f.indicator AND p.basis = f.basis AND p.year >= f.first_year AND p.year <= f.year
  GROUP BY ALL
)
"""
_CELL = "region_code, indicator, year, basis"

_WHOLE = (
    mart_check(
        "indicator_value", "numerator_is_sum",
        NoRows(
            _SUMS + f"SELECT {_CELL}, numerator, top AS ledger FROM summed"
            " WHERE numerator <> coalesce(top, 0) OR (value IS NOT NULL AND numerator IS NULL)"
            " OR (absence = 'not_reported' AND numerator IS NOT NULL)"
        ),
        "分子等于贡献台账之和", "the numerator is the sum of its contributions",
        "对不上台账的数字说不清由哪些记录构成。",
    ),
    mart_check(
        "indicator_value", "denominator_is_sum",
        NoRows(
            _SUMS + f"SELECT {_CELL}, denominator, bottom AS ledger FROM summed"
            " WHERE denominator <> coalesce(bottom, 0)"
            f" OR (value IS NOT NULL AND (denominator IS NULL) <> (indicator IN {listed(AREAS)}))"
        ),
        "分母等于贡献台账之和", "the denominator is the sum of its contributions",
        "对不上台账的数字说不清由哪些记录构成。",
    ),
    mart_check(
        "indicator_value", "records_counted",
        NoRows(
            _SUMS
            + f"SELECT {_CELL}, record_count, records AS ledger FROM summed WHERE record_count IS DISTINCT FROM records"
        ),
        "记录数等于贡献台账中计入的行数", "record_count counts the ledger's rows",
        "记录数与台账不符，使用者无法逐条核对。",
    ),
    mart_check(
        "indicator_value", "complete",
        NoRows(
            f"WITH wanted AS (SELECT r.code, b.indicator, b.basis, CAST(y.year AS INTEGER) AS year"
            f" FROM current_region r, {_CELLS}, (SELECT unnest(range({FIRST_YEAR}, year({AS_OF}) + 1)) AS year) y"
            f" WHERE NOT (b.basis = '{Basis.PERIOD}' AND y.year > {_LAST_PERIOD}))"
            " SELECT w.code AS region_code, w.indicator, w.year, w.basis FROM wanted w ANTI JOIN {table} v"
            " ON (v.region_code, v.indicator, v.year, v.basis) = (w.code, w.indicator, w.year, w.basis)"
        ),
        "现行各地区、各指标、各年、各口径齐全", "every region, indicator, year and basis is there",
        "缺行会在报告中无声消失；没有数据也应有一行并写明缺值原因。",
    ),
    mart_check(
        "indicator_value", "region_current",
        NoRows(
            f"SELECT {_CELL}, region_level FROM {{table}} f WHERE NOT EXISTS (FROM current_region r"
            " WHERE r.code = f.region_code AND r.level = f.region_level)"
        ),
        "地区为现行行政区，级别相符", "regions are in force, with their level", "已撤销的行政区不应再有指标值。",
    ),
    mart_check(
        "indicator_value", "one_release",
        NoRows(
            f"SELECT {_CELL}, release_id, as_of, rule_version FROM {{table}} f"
            " WHERE EXISTS (FROM mart.release_info i WHERE"
            " (i.name = 'release_id' AND i.value IS DISTINCT FROM f.release_id)"
            " OR (i.name = 'as_of' AND i.value IS DISTINCT FROM CAST(f.as_of AS VARCHAR))"
            " OR (i.name = 'rule_version' AND i.value IS DISTINCT FROM f.rule_version))"
        ),
        "同一发布编号、截止日与口径版本", "one release, one as-of day, one rulebook",
        "混有其他发布的行，数字之间不可比。",
    ),
    mart_check(
        "indicator_value", "counties_add_up",
        NoRows(
            "WITH place AS (SELECT DISTINCT region_code, city_code FROM mart.contribution WHERE city_code IS NOT NULL),"
            " county AS (SELECT p.city_code, f.indicator, f.year, sum(f.numerator) AS counties FROM {table} f"
            f" JOIN place p USING (region_code) WHERE f.region_level = 'county' AND f.basis = '{Basis.ANNUAL}'"
            " GROUP BY ALL),"
            " own AS (SELECT city_code, indicator, year, sum(amount) AS rest FROM mart.contribution"
            " WHERE role IN ('numerator', 'both') AND region_code = city_code GROUP BY ALL)"
            " SELECT f.region_code, f.indicator, f.year, f.basis, f.numerator, counties, rest FROM {table} f"
            " LEFT JOIN county c ON (c.city_code, c.indicator, c.year) = (f.region_code, f.indicator, f.year)"
            " LEFT JOIN own o ON (o.city_code, o.indicator, o.year) = (f.region_code, f.indicator, f.year)"
            f" WHERE f.region_level = 'city' AND f.basis = '{Basis.ANNUAL}' AND f.indicator IN {listed(EVENTS)}"
            " AND f.numerator <> coalesce(counties, 0) + coalesce(rest, 0)"
        ),
        "县（市、区）之和加市本级等于市", "counties and what is booked on the city itself add up to the city",
        "县级与市级的数出自同一本台账，加不起来必有一方多计或漏计。",
    ),
    mart_check(
        "indicator_value", "redeveloped_within_activated",
        NoRows(
            "SELECT r.region_code, r.indicator, r.year, r.basis, r.region_name, r.value AS redeveloped, "
            " a.value AS activated"
            " FROM {table} r JOIN {table} a USING (region_code, year, basis)"
            f" WHERE r.region_level = 'city' AND r.basis = '{Basis.CUMULATIVE}'"
            f" AND r.indicator = '{AREAS[1]}' AND a.indicator = '{AREAS[0]}' AND r.value > a.value"
        ),
        "完成低效用地再开发不大于盘活存量建设用地", "redeveloped land within activated land",
        "低效再开发通常同时计入盘活存量；超出说明有供地未报或宗地代码不一致。",
        remedy="请该市核对低效图斑所关联的供地电子监管号与宗地代码；确认无误可不处理。",
    ),
)  # fmt: skip


def _each(table: str) -> tuple[Check, ...]:
    """What holds for every figure, current or of a past day."""
    cell = ", ".join(f"f.{name}" for name in MARTS[table].key)
    parts = "CAST(f.numerator AS DOUBLE) / CAST(f.denominator AS DOUBLE)"
    # The parts are sums of amounts with nine decimals, which says little of tiny sums.
    rounding = f"f.record_count * 5e-8 * (1 + abs({parts})) / CAST(f.denominator AS DOUBLE)"
    scale = f"greatest(1, abs(f.value)) * 1e-6 + coalesce({rounding}, 0)"
    return (
        mart_check(
            table, "value_or_absence",
            NoRows(
                f"SELECT {cell}, f.value, f.absence FROM {{table}} f WHERE (f.value IS NULL) <> (f.absence IS NOT NULL)"
            ),
            "有值，或有缺值原因，二者必居其一", "a value or the reason why there is none",
            "缺值不得为空白，也不得以 0 代替。",
        ),
        unit_check(table),
        mart_check(
            table, "basis_of_indicator",
            NoRows(
                f"SELECT {cell} FROM {{table}} f"
                f" WHERE NOT EXISTS (FROM {_CELLS} WHERE (b.indicator, b.basis) = (f.indicator, f.basis))"
            ),
            "口径期间属于该指标", "the basis is one of the indicator's", "指标没有这一口径期间。",
        ),
        mart_check(
            table, "period",
            NoRows(
                f"SELECT {cell}, f.period_start, f.period_end, f.as_of FROM {{table}} f"
                f" WHERE f.period_start IS DISTINCT FROM {_PERIOD_START}"
                " OR f.period_end IS DISTINCT FROM least(make_date(f.year, 12, 31), f.as_of)"
                " OR f.period_end < f.period_start"
            ),
            "期初、期末与年份、口径、截止日相符", "the period follows from year, basis and as-of day",
            "期末不得晚于数据截止日。",
        ),
        mart_check(
            table, "plausible",
            NoRows(
                f"SELECT {cell}, f.value FROM {{table}} f WHERE CASE f.indicator"
                " WHEN 'land_per_gdp_reduction' THEN f.value > 100"
                " WHEN 'industrial_far' THEN f.value NOT BETWEEN 0 AND 15 ELSE f.value < 0 END"
            ),
            "指标值在可能的范围内", "values are possible", "面积与比率不为负，容积率不超过 15，降幅不超过 100%。",
        ),
        mart_check(
            table, "share_within_100",
            NoRows(f"SELECT {cell}, f.value FROM {{table}} f WHERE f.indicator IN {listed(SHARES)} AND f.value > 100"),
            "占比与覆盖率不超过 100%", "shares are at most 100%", "部分大于整体，说明报送的面积自相矛盾。",
            remedy="请核对该地区报送的分项面积与总面积。",
        ),
        mart_check(
            table, "value_follows",
            NoRows(
                f"SELECT {cell}, f.value, f.numerator, f.denominator FROM {{table}} f"
                " WHERE f.denominator IS DISTINCT FROM 0"
                f" AND abs(f.value - CASE WHEN f.indicator IN {listed(AREAS)} THEN CAST(f.numerator AS DOUBLE)"
                f" WHEN f.indicator IN {listed(RATES)} THEN {parts} * 100"
                f" WHEN f.indicator = 'industrial_far' THEN {parts}"
                f" WHEN f.indicator = 'land_per_gdp_reduction' THEN (1 - {parts}) * 100 ELSE f.value END) > {scale}"
            ),
            "指标值由分子、分母算得", "the value follows from numerator and denominator",
            "公布的数与其分子、分母矛盾。",
        ),
        mart_check(
            table, "absent_denominator",
            NoRows(
                f"SELECT {cell}, f.value, f.denominator FROM {{table}} f WHERE f.value IS NOT NULL"
                # Land per GDP below 1e-9 is not zero, but published as it.
                " AND f.denominator = 0 AND f.indicator <> 'land_per_gdp_reduction'"
            ),
            "分母为 0 时不给指标值", "no value over a denominator of zero", "分母为 0 应写「不适用」。",
        ),
        mart_check(
            table, "state_given", NotNull("data_state"), "每个指标值都有数据状态", "every figure has a data state",
            "不知道是预计还是核定的数不能用于评价。",
        ),
    )  # fmt: skip


#: In Zhejiang the highest land per GDP of a city is some four times the lowest; a unit mistaken is ten or fifteen times.
_APART = 5
_AMONG_CITIES = mart_check(
    "indicator_value", "land_per_gdp_among_cities",
    NoRows(
        "WITH ratio AS (SELECT region_code, indicator, year, basis, numerator AS land_per_gdp FROM {table}"
        " WHERE indicator = 'land_per_gdp_reduction' AND basis = 'cumulative' AND region_level = 'city' AND numerator > 0),"
        " middle AS (SELECT year, median(land_per_gdp) AS of_cities FROM ratio GROUP BY year HAVING count(*) >= 5)"
        " SELECT region_code, indicator, year, basis, land_per_gdp, of_cities FROM ratio JOIN middle USING (year)"
        f" WHERE land_per_gdp NOT BETWEEN of_cities / {_APART} AND of_cities * {_APART}"
    ),
    "单位GDP用地与各市相近", "land per GDP is like that of the other cities",
    "与各市中位数相差五倍以上的，多半是面积或GDP的单位填错；升降比例看不出来。",
    remedy="请该市核对建设用地变更调查和GDP两表的单位；确认无误可不处理。",
)  # fmt: skip

VALUES: tuple[Check, ...] = (*_each("indicator_value"), *_WHOLE, _AMONG_CITIES)

HISTORY: tuple[Check, ...] = (
    *_each("indicator_history"),
    mart_check(
        "indicator_history", "known_in_time",
        NoRows(
            f"SELECT {_CELL}, known_on, period_end FROM {{table}} WHERE known_on > {AS_OF} OR period_end > known_on"
        ),
        "历史值不晚于知悉日与截止日", "nothing is known before it happened, or after the as-of day",
        "按当时所知回看时不得掺入之后的数据。",
    ),
)  # fmt: skip

PARTS: tuple[Check, ...] = (
    mart_check(
        "indicator_part", "value_or_absence",
        NoRows(
            "SELECT region, indicator, year, basis, part, value, absence FROM {table}"
            " WHERE (value IS NULL) <> (absence IS NOT NULL)"
        ),
        "分项有值，或有缺值原因", "a value or the reason why there is none", "缺值不得为空白，也不得以 0 代替。",
    ),
    mart_check(
        "indicator_part", "has_figure",
        NoRows(
            "SELECT region, indicator, year, basis, part FROM {table} p WHERE NOT EXISTS (FROM mart.indicator_value v"
            " WHERE (v.region_code, v.indicator, v.year, v.basis) = (p.region, p.indicator, p.year, p.basis))"
        ),
        "每个分项都有对应的指标值", "every part belongs to a figure", "没有指标值的分项无从对照。",
    ),
    mart_check(
        "indicator_part", "labelled", NotNull("part_label"), "分项有中文名称", "every part has a Chinese label",
        "没有名称的分项，使用者看不懂。",
    ),
)  # fmt: skip
