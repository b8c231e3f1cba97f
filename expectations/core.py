"""What must hold in core (入库表): nothing got past the door, every row has its origin, references resolve.

Derived from the declarations of the submission tables, so that a new column or table is covered when it is declared.
What a person has to correct is found at the door (`schemas/rules.py`); a breach here means that the door was passed by.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.rules import FIRST_YEAR, SQUARE_METRE, YEARS_AHEAD
from schemas.submissions import LAND_SUPPLY, LANDCHINA_SYSTEM, TABLES
from schemas.table import Column, Kind, Table

from .checks import CRITICAL, WARNING, Between, Check, Expectation, NoRows, NotNull, OneOf

KEYS = ("record_key", "submission_id", "row_number")
_ROW = 'record_key, submission_id, "row_number"'

_PASSED_BY = "入库校验应已拦住这样的行；入库表中出现，说明有数据绕过校验写入，或校验与本检查不一致。"
_REDO = "请勿发布；用所附 SQL 列出全部行，按回执编号（submission_id）找到原文件，更正后重报，仍出现时报告程序缺陷。"
_REFERENCE = "所引用的记录尚未报送，或编号填写有误。"
_ASK = "请报送单位核对编号，或补报被引用的记录；早于本系统数据的可不处理。"

#: The public export leaves these unknown (报送数据约定): required of the bureaus only.
UNKNOWN_IN_EXPORT = frozenset(LAND_SUPPLY.required) - {
    "region_code",
    "supervision_no",
    "supplied_area_mu",
    "contract_date",
}


def checks(table: Table) -> list[Check]:
    """All checks of one core table."""
    return [
        *_columns(table),
        *_dates(table),
        *_regions(table),
        *_identity(table),
        *_RELATIONS.get(table.name, ()),
    ]


def _check(
    table: Table, name: str, expectation: Expectation, label: str, label_en: str, *rules: str,
    severity: str = CRITICAL, why: str = _PASSED_BY, remedy: str = _REDO,
) -> Check:  # fmt: skip
    return Check("core", table.name, name, expectation, severity, label, label_en, why, remedy, KEYS, rules)


# --- One column ------------------------------------------------------------------------------------------------------


def _columns(table: Table) -> Iterator[Check]:
    for column in table.columns:
        if column.required:
            optional = table is LAND_SUPPLY and column.name in UNKNOWN_IN_EXPORT
            expectation = NotNull(column.name, ("profile", "bureau") if optional else None)
            yield _check(
                table, f"required_{column.name}", expectation, f"{column.label}必填", f"{column.name} is given", "3001"
            )
        yield from _values(table, column)


def _values(table: Table, column: Column) -> Iterator[Check]:
    name, label = column.name, column.label
    if column.kind is Kind.CHOICE:
        more = (LANDCHINA_SYSTEM,) if name == "land_use_system" else ()
        values = OneOf(name, values=(*column.choices, *more))
        yield _check(table, f"choice_{name}", values, f"{label}在规定选项内", f"{name} is one of its choices", "3005")
    elif column.kind is Kind.AREA:
        yield _check(
            table, f"positive_{name}", Between(name, low=0, above=True), f"{label}大于 0", f"{name} > 0", "3101"
        )
    elif column.kind is Kind.AREA_PART:
        yield _check(table, f"not_negative_{name}", Between(name, low=0), f"{label}不为负", f"{name} ≥ 0", "3102")
    elif column.kind is Kind.FAR:
        query = f"SELECT {_ROW}, {name} FROM {{table}} WHERE {name} <> 0 AND {name} NOT BETWEEN 0.1 AND 15"
        yield _check(
            table,
            f"range_{name}",
            NoRows(query),
            f"{label}为 0 或在 0.1 至 15 之间",
            f"{name} is 0 or within 0.1–15",
            "3104",
        )
    elif name in _RANGES:
        low, high, rule = _RANGES[name]
        values = Between(name, low=low, high=high)
        yield _check(
            table, f"range_{name}", values, f"{label}在 {low} 至 {high} 之间", f"{name} within {low}–{high}", rule
        )


_RANGES = {"real_index": (50, 200, "3107"), "task_no": (1, 12, "3108"), "quarter": (1, 4, "3109")}


def _dates(table: Table) -> Iterator[Check]:
    """Dates and years from 1987 to ten years after receipt; one check for all, which names the column."""
    dates = [column.name for column in table.columns if column.kind is Kind.DATE]
    years = [column.name for column in table.columns if column.kind is Kind.YEAR]
    for names, name, what, what_en, rule, first, last in (
        (
            dates,
            "dates",
            "日期",
            "dates",
            "3105",
            f"DATE '{FIRST_YEAR}-01-01'",
            f"s.received_on + INTERVAL {YEARS_AHEAD} YEAR",
        ),
        (years, "years", "年份", "years", "3106", str(FIRST_YEAR), f"year(s.received_on) + {YEARS_AHEAD}"),
    ):
        found = " UNION ALL ".join(
            f"SELECT {_ROW}, '{column}' AS \"column\", CAST(t.{column} AS VARCHAR) AS \"value\" FROM {{table}} t"
            f" LEFT JOIN raw.submission s USING (submission_id) WHERE t.{column} < {first} OR t.{column} > {last}"
            for column in names
        )  # fmt: skip
        if found:
            label = f"{what}在 {FIRST_YEAR} 年至收件日后 {YEARS_AHEAD} 年之间"
            yield _check(
                table,
                name,
                NoRows(found),
                label,
                f"{what_en} from {FIRST_YEAR} to {YEARS_AHEAD} years after receipt",
                rule,
            )


# --- Regions and identity of a row -----------------------------------------------------------------------------------


def _regions(table: Table) -> Iterator[Check]:
    allowed = "r.city_code IS NOT NULL" + (" OR r.level = 'province'" if table.province_rows else "")
    unknown = (
        f"SELECT {_ROW}, region_code FROM {{table}} t WHERE region_code IS NOT NULL"
        f" AND NOT EXISTS (FROM core.region r WHERE r.code = t.region_code AND ({allowed}))"
    )
    label = "行政区代码在区划表内且属于某设区市" + ("或为全省" if table.province_rows else "")
    label_en = "region code is known and in a city" + (", or the province" if table.province_rows else "")
    yield _check(table, "region_known", NoRows(unknown), label, label_en, "3201", "3202", "3205")
    # As at the door: a row without an event date is dated by its year, else by the file's reporting year.
    own_day = f"t.{table.event_date}" if table.event_date else "make_date(t.year, 1, 1)" if "year" in table else "NULL"
    day = f"coalesce({own_day}, make_date(coalesce(s.year, year(s.received_on)), 1, 1))"
    abolished = (
        f"SELECT {_ROW}, t.region_code, r.last_day, {day} AS event_day FROM {{table}} t"
        f" JOIN core.region r ON r.code = t.region_code LEFT JOIN raw.submission s USING (submission_id) WHERE r.last_day < {day}"
    )
    yield _check(
        table,
        "region_in_force",
        NoRows(abolished),
        "行政区代码在事件日期有效",
        "region code in force on the event date",
        "3203",
    )
    foreign = (
        f"SELECT {_ROW}, t.region_code, s.region_code AS submitter FROM {{table}} t JOIN raw.submission s USING (submission_id)"
        " JOIN core.region r ON r.code = t.region_code LEFT JOIN core.region o ON o.code = s.region_code"
        " WHERE t.profile = 'bureau' AND s.region_code IS NOT NULL"
        " AND NOT coalesce(CASE WHEN o.level = 'province' THEN r.province_code = o.province_code"
        " ELSE r.city_code = o.city_code AND r.level <> 'province' END, false)"
    )
    yield _check(
        table, "region_of_submitter", NoRows(foreign), "行政区属于报送单位", "region inside the submitting city or province", "3204",
        remedy="请勿发布；外市的数据由外市报送，请核对文件名与行政区代码后重报。",
    )  # fmt: skip


def _identity(table: Table) -> Iterator[Check]:
    """Where a row comes from, and that it is one revision of one record."""
    origin = (
        f"SELECT {_ROW}, profile FROM {{table}} t WHERE record_key IS NULL OR submission_id IS NULL OR row_number IS NULL"
        f" OR profile IS NULL OR profile NOT IN ('bureau', 'landchina')"
        f" OR NOT EXISTS (FROM raw.submission s WHERE s.submission_id = t.submission_id)"
    )
    yield _check(
        table, "provenance", NoRows(origin), "每行都有出处且回执存在", "every row names its record, file and row, and its receipt exists",
        why="没有出处的行无法追溯到文件和行号，也无法随更正修订。",
    )  # fmt: skip
    parts = ", ".join(f"CAST({name} AS VARCHAR)" for name in table.key)
    spelled = f"SELECT {_ROW} FROM {{table}} WHERE record_key IS DISTINCT FROM concat_ws('|', {parts})"
    yield _check(
        table, "record_key", NoRows(spelled), "记录键由主键各列组成", "record_key is made of the natural key",
        why="记录键不等于主键时，更正会被当成新记录。",
    )  # fmt: skip
    repeated = "SELECT record_key, submission_id, count(*) AS rows FROM {table} GROUP BY ALL HAVING count(*) > 1"
    yield _check(
        table, "one_revision_per_file", NoRows(repeated), "同一文件内每个主键只有一行", "one row per key in a file", "4001",
        why="同一文件内同一主键有两行，无法判断以哪一行为准。",
    )  # fmt: skip


# --- Relations -------------------------------------------------------------------------------------------------------


def _row_relation(table: str, name: str, broken: str, shown: str, label: str, label_en: str, *rules: str) -> Check:
    query = f"SELECT {_ROW}, {shown} FROM {{table}} WHERE {broken}"
    return _check(TABLES[table], name, NoRows(query), label, label_en, *rules)


def _reference(table: str, column: str, target: str, target_column: str, label: str, label_en: str, rule: str) -> Check:
    query = (
        f"SELECT {_ROW}, {column} FROM {{table}} t WHERE {column} IS NOT NULL"
        f" AND NOT EXISTS (FROM core.{target} r WHERE r.{target_column} = t.{column})"
    )
    return _check(
        TABLES[table],
        f"{column}_known",
        NoRows(query),
        label,
        label_en,
        rule,
        severity=WARNING,
        why=_REFERENCE,
        remedy=_ASK,
    )


_PARTS = "existing_area_mu + historical_unsupplied_area_mu + new_area_mu"

_RELATIONS: dict[str, tuple[Check, ...]] = {
    "land_supply": (
        _row_relation(
            "land_supply", "area_identity", f"abs(supplied_area_mu - ({_PARTS})) > {SQUARE_METRE}",
            f"supplied_area_mu, {_PARTS} AS parts_mu",
            "供应面积等于三项之和（误差 1 平方米）", "supplied area is the sum of its parts within 1 m²", "3301", "3302", "3303",
        ),
    ),
    "unsupplied_digestion": (
        _reference(
            "unsupplied_digestion", "approval_no", "approved_unsupplied", "approval_no",
            "消化的批次已登记", "the digested batch is registered", "5001",
        ),
    ),
    "idle_land": (
        _row_relation(
            "idle_land", "determined_after_a_year",
            "idle_type = '未动工' AND determination_date < agreed_start_date + INTERVAL 1 YEAR",
            "agreed_start_date, determination_date",
            "未动工的超过约定动工日期满一年方认定", "determined idle a year after the agreed start", "3311",
        ),
        _row_relation(
            "idle_land", "disposed_after_determined", "disposal_date < determination_date", "determination_date, disposal_date",
            "处置完成不早于认定", "disposed not before determined", "3312",
        ),
        _row_relation(
            "idle_land", "disposed_within_idle", "disposed_area_mu > idle_area_mu", "disposed_area_mu, idle_area_mu",
            "处置面积不大于闲置面积", "disposed area within idle area", "3313",
        ),
        _row_relation(
            "idle_land", "idle_within_supplied", "idle_area_mu > supplied_area_mu", "idle_area_mu, supplied_area_mu",
            "闲置面积不大于供地面积", "idle area within supplied area", "3314",
        ),
        _reference(
            "idle_land", "supervision_no", "land_supply", "supervision_no",
            "闲置土地的电子监管号在供地结果中", "the idle case's supply is known", "5004",
        ),
    ),
    "inefficient_land": (
        _reference(
            "inefficient_land", "supply_supervision_no", "land_supply", "supervision_no",
            "低效图斑的供地电子监管号在供地结果中", "the patch's supply is known", "5005",
        ),
    ),
    "construction_land": (
        _row_relation(
            "construction_land", "total_positive", "land_class = '合计' AND area_mu <= 0", "land_class, area_mu",
            "地类合计的面积大于 0", "the total of all classes is positive", "3103",
        ),
    ),
    "far_exemption": (
        _reference(
            "far_exemption", "supervision_no", "land_supply", "supervision_no",
            "豁免的电子监管号在供地结果中", "the exempted supply is known", "5003",
        ),
    ),
}  # fmt: skip

SUITE: dict[str, list[Check]] = {name: checks(table) for name, table in TABLES.items()}
