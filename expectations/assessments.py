"""What must hold for the assessments (评价): every target judged once, on the published figure, consistently."""

from __future__ import annotations

from schemas.indicators import INDICATORS, Absence, Verdict

from .checks import Check, NoRows, listed, quoted
from .figures import AS_OF, mart_check, unit_check

_judged = ", ".join(
    f"({quoted(i.code)}, {quoted(i.judged)}, {str(i.ranked_by_progress).lower()})" for i in INDICATORS.values()
)
_JUDGED = f"(VALUES {_judged}) j(indicator, judged, by_progress)"
_GRAIN = "a.region_code, a.indicator, a.year, a.horizon"
_CLOSE = "greatest(1, abs({0})) * 1e-9"
_SAME_TARGET = (
    "(t.region_code, t.indicator, t.horizon, t.target_version)"
    " = (a.region_code, a.indicator, a.horizon, a.target_version)"
)

CHECKS: tuple[Check, ...] = (
    unit_check("assessment"),
    mart_check(
        "assessment", "judged_basis",
        NoRows(
            f"SELECT {_GRAIN}, a.basis, j.judged FROM {{table}} a JOIN {_JUDGED} USING (indicator)"
            " WHERE a.basis IS DISTINCT FROM j.judged"
        ),
        "按规定的口径期间评价", "judged on the basis of the rulebook", "评价所看的期间由口径 §10 规定。",
    ),
    mart_check(
        "assessment", "matches_figure",
        NoRows(
            f"SELECT {_GRAIN}, a.value, v.value AS figure FROM {{table}} a LEFT JOIN mart.indicator_value v"
            " ON (v.region_code, v.indicator, v.year, v.basis) = (a.region_code, a.indicator, a.year, a.basis)"
            " WHERE v.region_code IS NULL OR ((a.value IS DISTINCT FROM v.value OR "
            " a.absence IS DISTINCT FROM v.absence)"
            " AND NOT (a.value IS NULL AND a.absence = 'not_due'))"  # the figure of a period that is not the horizon's
        ),
        "评价值与指标值一致", "the value assessed is the figure", "两张表给出不同的数，报告会自相矛盾。",
    ),
    mart_check(
        "assessment", "has_target",
        NoRows(
            f"SELECT {_GRAIN}, a.target_version FROM {{table}} a "
            f" WHERE NOT EXISTS (FROM mart.target t WHERE {_SAME_TARGET})"
        ),
        "只评价有目标的地区", "only regions with targets are assessed", "县（市、区）只监测、不评价。",
    ),
    mart_check(
        "assessment", "target_is_the_plans",
        NoRows(
            f"SELECT {_GRAIN}, a.target, t.value AS plan FROM {{table}} a JOIN mart.target t ON {_SAME_TARGET}"
            f" WHERE t.kind = 'level' AND (a.target IS NULL OR abs(a.target - t.value) > {_CLOSE.format('t.value')})"
        ),
        "评价所用目标与目标表一致", "the target used is the target declared", "目标改动必须通过目标版本。",
    ),
    mart_check(
        "assessment", "complete",
        NoRows(
            "WITH day AS (SELECT " + AS_OF + " AS as_of),"
            " wanted AS (SELECT t.region_code, t.indicator, t.horizon, y.year FROM mart.target t, day,"
            " LATERAL (SELECT unnest(range(2025, least(year(day.as_of), t.horizon) + 1)) AS year) y"
            " WHERE t.target_version IN (SELECT value FROM mart.release_info WHERE name = 'target_version'))"
            " SELECT DISTINCT w.region_code, w.indicator, CAST(w.year AS INTEGER) AS year, w.horizon FROM wanted w"
            " ANTI JOIN {table} a ON (a.region_code, a.indicator, a.year, a.horizon) ="
            " (w.region_code, w.indicator, w.year, w.horizon)"
        ),
        "每个目标逐年都有评价", "every target is assessed in every year", "漏评的地区在报告中会无声消失。",
    ),
    mart_check(
        "assessment", "verdict_or_absence",
        NoRows(
            f"SELECT {_GRAIN}, a.value, a.absence, a.verdict FROM {{table}} a WHERE a.verdict IS NULL"
            f" OR a.verdict NOT IN {listed((*map(str, Verdict), *map(str, Absence)))}"
            " OR (a.value IS NULL) <> (a.absence IS NOT NULL) OR (a.absence IS NOT NULL AND a.verdict <> a.absence)"
        ),
        "每行都有结论，缺值时为缺值原因", "a verdict in every row, the absence where there is no value",
        "没有结论的行无法解释；缺值不得给出好坏结论。",
    ),
    mart_check(
        "assessment", "verdict_follows",
        NoRows(
            f"SELECT {_GRAIN}, a.value, a.target, a.verdict FROM {{table}} a"
            " WHERE (a.verdict = 'achieved' AND (a.value IS NULL OR a.target IS NULL"
            f" OR a.value < a.target - {_CLOSE.format('a.target')}))"
            f" OR (a.verdict = 'missed' AND a.value >= a.target + {_CLOSE.format('a.target')})"
        ),
        "已达标、未达标与数值相符", "achieved and missed agree with the value", "结论与数值矛盾，评价不可信。",
    ),
    mart_check(
        "assessment", "gap_follows",
        NoRows(
            f"SELECT {_GRAIN}, a.value, a.target, a.gap FROM {{table}} a WHERE a.value IS NOT NULL"
            " AND a.target IS NOT NULL"
            f" AND (a.gap IS NULL OR abs(a.gap - (a.value - a.target)) > {_CLOSE.format('a.value')})"
        ),
        "差距等于数值减目标", "gap is value minus target", "差距与数值、目标不符，报告会自相矛盾。",
    ),
    mart_check(
        "assessment", "rank",
        NoRows(
            "WITH city AS (SELECT a.*, (a.value IS NOT NULL AND r.level = 'city') AS ranked,"
            " CASE WHEN j.by_progress THEN a.progress ELSE a.value END AS merit"
            f" FROM {{table}} a JOIN {_JUDGED} USING (indicator) LEFT JOIN current_region r ON r.code = a.region_code),"
            " placed AS (SELECT *,"
            " rank() OVER w AS place, dense_rank() OVER w AS dense FROM city"
            " WINDOW w AS (PARTITION BY ranked, indicator, year, horizon ORDER BY merit DESC))"
            f" SELECT {_GRAIN}, a.value, a.rank, a.place FROM placed a"
            " WHERE CASE WHEN a.ranked THEN a.rank IS NULL OR a.rank NOT IN (a.place, a.dense)"
            " ELSE a.rank IS NOT NULL END"
        ),
        "位次从 1 起、按优劣排列，只排有值的市", "ranks run from 1 among the cities with a value",
        "位次错误会直接误导评价。",
    ),
)  # fmt: skip
