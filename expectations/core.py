"""What must hold in core (入库表): nothing got past the door, every row has its origin, references resolve.

Derived from the declarations of the submission tables, so that a new column or table is covered when it is declared.
What a person has to correct is found at the door (`schemas/rules.py`); a breach here means that the door was passed by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schemas.rules import FIRST_YEAR, SQUARE_METRE, YEARS_AHEAD
from schemas.submissions import CANCELLED, CONSTRUCTION_LAND_CLASSES, LAND_SUPPLY, LAND_TOTAL, LANDCHINA_SYSTEM, TABLES
from schemas.table import Column, Kind, Table

from .checks import Check, NoRows, listed, quoted, repeated

KEYS = ("record_key", "submission_id", "row_number")
_ROW = "t.record_key, t.submission_id, t.row_number"
_RECEIPT = "LEFT JOIN raw.submission s USING (submission_id)"

_PASSED_BY = "入库校验应已拦住这样的行；入库表中出现，说明有数据绕过校验写入，或校验与本检查不一致。"
_REDO = "请勿发布；用所附 SQL 列出全部行，按回执编号找到原文件，更正后重报，仍出现时报告程序缺陷。"
_REFERENCE = "所引用的记录尚未报送，或编号填写有误。"
_ASK = "请报送单位核对编号，或补报被引用的记录；早于本系统数据的可不处理。"


def checks(table: Table) -> list[Check]:
    """All checks of one core table."""
    return [*_columns(table), *_regions(table), *_identity(table), *_RELATIONS.get(table.name, ())]


def _check(
    table: Table, name: str, query: str, label: str, label_en: str, *rules: str,
    why: str = _PASSED_BY, remedy: str = _REDO,
) -> Check:  # fmt: skip
    return Check("core", table.name, name, NoRows(query), label, label_en, why, remedy, KEYS, rules)


# --- Columns: one check per rule, which names the broken columns -----------------------------------------------------

#: The public export leaves these unknown (报送数据约定): required of the bureaus only.
UNKNOWN_IN_EXPORT = frozenset(
    ("existing_area_mu", "historical_unsupplied_area_mu", "new_area_mu", "land_use_code", "supply_method")
)
_RANGES = {"real_index": (50, 200), "task_no": (1, 12), "quarter": (1, 4)}


def _missing(table: Table, column: Column) -> str | None:
    if not column.required:
        return None
    optional = table is LAND_SUPPLY and column.name in UNKNOWN_IN_EXPORT
    return f"t.{column.name} IS NULL" + (" AND t.profile = 'bureau'" if optional else "")


def _unlisted(table: Table, column: Column) -> str | None:
    if column.kind is not Kind.CHOICE:
        return None
    more = (LANDCHINA_SYSTEM,) if column.name == "land_use_system" else ()
    return f"t.{column.name} NOT IN {listed((*column.choices, *more))}"


def _outside(table: Table, column: Column) -> str | None:
    if column.name not in _RANGES:
        return None
    low, high = _RANGES[column.name]
    return f"t.{column.name} NOT BETWEEN {low} AND {high}"


def _if_kind(kind: Kind, condition: str) -> Callable[[Table, Column], str | None]:
    return lambda _, column: condition.format(f"t.{column.name}") if column.kind is kind else None


_SPAN = f"{FIRST_YEAR} 年至收件日后 {YEARS_AHEAD} 年之间"
_SPAN_EN = f"from {FIRST_YEAR} to {YEARS_AHEAD} years after receipt"
_NO_DAY = f"{{0}} < DATE '{FIRST_YEAR}-01-01' OR {{0}} > s.received_on + INTERVAL {YEARS_AHEAD} YEAR"
_NO_YEAR = f"{{0}} < {FIRST_YEAR} OR {{0}} > year(s.received_on) + {YEARS_AHEAD}"

#: name, label, label_en, rules at the door, condition under which a column is broken (None: does not concern it).
_COLUMN_RULES = (
    ("required", "必填项均有值", "required values are given", ("3001",), _missing),
    ("choices", "选项在规定范围内", "choices are listed ones", ("3005",), _unlisted),
    ("areas", "面积大于 0", "areas are positive", ("3101",), _if_kind(Kind.AREA, "{0} <= 0")),
    ("parts", "面积分项不为负", "area parts are not negative", ("3102",), _if_kind(Kind.AREA_PART, "{0} < 0")),
    ("far", "容积率为 0 或在 0.1 至 15 之间", "FAR is 0 or within 0.1–15", ("3104",),
     _if_kind(Kind.FAR, "{0} <> 0 AND {0} NOT BETWEEN 0.1 AND 15")),
    ("dates", f"日期在 {_SPAN}", f"dates {_SPAN_EN}", ("3105",), _if_kind(Kind.DATE, _NO_DAY)),
    ("years", f"年份在 {_SPAN}", f"years {_SPAN_EN}", ("3106",), _if_kind(Kind.YEAR, _NO_YEAR)),
    ("ranges", "指数、编号、季度在规定范围内", "index, number, quarter in range", ("3107", "3108", "3109"), _outside),
)  # fmt: skip


def _columns(table: Table) -> Iterator[Check]:
    for name, label, label_en, rules, condition in _COLUMN_RULES:
        broken = {column.label: found for column in table.columns if (found := condition(table, column))}
        if broken:
            named = ", ".join(f"CASE WHEN {found} THEN {quoted(column)} END" for column, found in broken.items())
            join = _RECEIPT if any("s." in found for found in broken.values()) else ""
            query = (
                f"SELECT {_ROW}, concat_ws('、', {named}) AS \"columns\" FROM {{table}} t {join}"
                f" WHERE {' OR '.join(f'({found})' for found in broken.values())}"
            )
            yield _check(table, name, query, label, label_en, *rules)


# --- Regions and identity of a row -----------------------------------------------------------------------------------


def _regions(table: Table) -> Iterator[Check]:
    allowed = "r.city_code IS NOT NULL" + (" OR r.level = 'province'" if table.province_rows else "")
    yield _check(
        table, "region_known",
        f"SELECT {_ROW}, t.region_code FROM {{table}} t WHERE t.region_code IS NOT NULL"
        f" AND NOT EXISTS (FROM core.region r WHERE r.code = t.region_code AND ({allowed}))",
        "行政区代码在区划表内，属于某设区市" + ("或为全省" if table.province_rows else ""),
        "the region is known and in a city" + (", or the province" if table.province_rows else ""),
        "3201", "3202", "3205",
    )  # fmt: skip
    # As at the door: what has no event date is dated by its year, else by the file's reporting year.
    own = f"t.{table.event_date}" if table.event_date else "make_date(t.year, 1, 1)" if "year" in table else "NULL"
    day = f"coalesce({own}, make_date(coalesce(s.year, year(s.received_on)), 1, 1))"
    yield _check(
        table, "region_in_force",
        f"SELECT {_ROW}, t.region_code, r.last_day, {day} AS event_day FROM {{table}} t"
        f" JOIN core.region r ON r.code = t.region_code {_RECEIPT} WHERE r.last_day < {day}",
        "行政区代码在事件日期有效", "the region code was in force on the event date", "3203",
    )  # fmt: skip
    yield _check(
        table, "region_of_submitter",
        f"SELECT {_ROW}, t.region_code, s.region_code AS submitter FROM {{table}} t JOIN raw.submission s"
        " USING (submission_id) JOIN core.region r ON r.code = t.region_code"
        " LEFT JOIN core.region o ON o.code = s.region_code"
        f" WHERE t.profile = 'bureau' AND s.region_code IS NOT NULL AND ({allowed})"
        " AND NOT coalesce(CASE WHEN o.level = 'province' THEN r.province_code = o.province_code"
        " ELSE r.city_code = o.city_code AND r.level <> 'province' END, false)",
        "行政区属于报送单位", "the region lies in the submitting city or province", "3204",
    )  # fmt: skip


def _identity(table: Table) -> Iterator[Check]:
    """Where a row comes from, and that it is one revision of one record."""
    yield _check(
        table, "provenance",
        f"SELECT {_ROW}, t.profile FROM {{table}} t WHERE t.record_key IS NULL OR t.submission_id IS NULL"
        " OR t.row_number IS NULL OR t.profile IS NULL OR t.profile NOT IN ('bureau', 'landchina')"
        " OR t.submission_id NOT IN (SELECT submission_id FROM raw.submission)",
        "每行都有出处，回执存在", "every row names its record, file and row, and the receipt exists",
        why="没有出处的行无法追溯到文件和行号，也无法随更正修订。",
    )  # fmt: skip
    parts = ", ".join(f"CAST(t.{name} AS VARCHAR)" for name in table.key)
    yield _check(
        table, "natural_key",
        f"SELECT {_ROW} FROM {{table}} t WHERE t.record_key IS DISTINCT FROM concat_ws('|', {parts})",
        "记录键由主键各列组成", "the record key is made of the natural key",
        why="记录键不等于主键时，更正会被当成新记录。",
    )  # fmt: skip
    yield _check(
        table, "one_row_per_key",
        repeated(("record_key", "submission_id")),
        "同一文件内每个主键只有一行", "one row per key in a file", "4001",
        why="同一文件内同一主键有两行，无法判断以哪一行为准。",
    )  # fmt: skip


# --- Relations -------------------------------------------------------------------------------------------------------


def _relation(table: str, name: str, broken: str, shown: str, label: str, label_en: str, *rules: str) -> Check:
    return _check(
        TABLES[table], name, f"SELECT {_ROW}, {shown} FROM {{table}} t WHERE {broken}", label, label_en, *rules
    )


def _reference(table: str, column: str, target: str, label: str, label_en: str, rule: str) -> Check:
    """A column names a record of another table by that table's natural key."""
    query = (
        f"SELECT {_ROW}, t.{column} FROM {{table}} t WHERE t.{column} IS NOT NULL"
        f" AND NOT EXISTS (FROM core.{target} r WHERE r.record_key = t.{column})"
    )
    return _check(TABLES[table], f"{column}_known", query, label, label_en, rule, why=_REFERENCE, remedy=_ASK)


_PARTS = "(existing_area_mu + historical_unsupplied_area_mu + new_area_mu)"
_A_YEAR_AFTER = "idle_type = '未动工' AND determination_date < agreed_start_date + INTERVAL 1 YEAR"

#: A table's rows in the order of receipt, and the sums that a city's row is held against.
_REVISIONS = (
    "SELECT t.*, row_number() OVER (PARTITION BY t.record_key ORDER BY {order}) AS place"
    " FROM {rows} t JOIN raw.submission s USING (submission_id)"
)
_FIRST = "s.received_on, s.file_name, s.seq"
_LATEST = "s.received_on DESC, s.file_name DESC, s.seq DESC"


def _within_batch() -> Check:
    """Rulebook §3, written out plainly: what is handed in draws no more than the batch had when first registered."""
    query = (
        f"WITH batch AS ({_REVISIONS.format(order=_FIRST, rows='core.approved_unsupplied')}),"
        " room AS (SELECT approval_no, coalesce(remaining_area_mu, approved_area_mu - coalesce(supplied_area_mu, 0))"
        " AS room_mu FROM batch WHERE place = 1),"
        f" digestion AS ({_REVISIONS.format(order=_LATEST, rows='{table}')}),"
        f" drawn AS (SELECT * FROM digestion WHERE place = 1 AND coalesce(status, '') NOT IN {listed(CANCELLED)}),"
        " batches AS (SELECT approval_no, sum(digested_area_mu) AS drawn_mu FROM drawn GROUP BY ALL)"
        " SELECT t.record_key, t.submission_id, t.row_number, approval_no, drawn_mu, room_mu FROM drawn t"
        " JOIN batches USING (approval_no) JOIN room USING (approval_no) WHERE drawn_mu > room_mu"
    )
    return _check(
        TABLES["unsupplied_digestion"], "within_batch", query, "消化面积之和不超过批次剩余面积",
        "digestion stays within its batch", "5002",
        why="同一批次报送的消化合计大于其剩余面积；超出的已按规则 5002 逐条隔离，不计入。",
        remedy="请报送单位核对该批次的消化面积，或更正批次登记。",
    )  # fmt: skip


#: A survey is handed in as 合计 or as classes (rulebook §7): what of it is to be compared, whichever way.
_WHOLE = f"land_class = {quoted(LAND_TOTAL)}"
_CLASSES = listed((LAND_TOTAL, *CONSTRUCTION_LAND_CLASSES))
_SURVEYED = (
    f"standing AS (SELECT * EXCLUDE (area_mu), CASE WHEN bool_or({_WHOLE}) OVER survey THEN area_mu"
    f" ELSE sum(area_mu) OVER survey END AS area_mu FROM revised WHERE land_class IN {_CLASSES}"
    " WINDOW survey AS (PARTITION BY region_code, year)"
    f" QUALIFY row_number() OVER (PARTITION BY region_code, year ORDER BY {_WHOLE} DESC, record_key) = 1),"
)
_AS_IT_IS = "standing AS (FROM revised),"


def _counties_add_up(table: str, by: tuple[str, ...], measure: str, tolerance: float = 0.005) -> Check:
    """A city's own row against the sum of all its counties, or of some that are already more than the city."""
    same = ", ".join(by)
    query = (
        f"WITH revision AS ({_REVISIONS.format(order=_LATEST, rows='{table}')}),"
        " revised AS (SELECT t.*, r.level, r.city_code FROM revision t JOIN core.region r ON r.code = t.region_code"
        " WHERE place = 1),"
        f" {_SURVEYED if 'land_class' in TABLES[table] else _AS_IT_IS}"
        f" county AS (SELECT city_code, {same}, sum({measure}) AS counties, count(*) AS given FROM standing"
        " WHERE level = 'county' GROUP BY ALL),"
        " owed AS (SELECT city_code, count(*) AS owed FROM core.region WHERE level = 'county' AND last_day IS NULL"
        " GROUP BY ALL)"
        f" SELECT {_ROW}, t.{measure}, counties FROM standing t JOIN county USING (city_code, {same})"
        " JOIN owed USING (city_code)"
        f" WHERE t.level = 'city' AND if(given < owed, counties - t.{measure}, abs(counties - t.{measure}))"
        f" > {tolerance} * t.{measure}"
    )
    return _check(
        TABLES[table], "counties_add_up", query, "县（市、区）之和等于市", "counties add up to their city", "5006",
        why="市级数与所属县（市、区）之和相差超过 0.5%，两者必有一错；指标用市级数。",
        remedy="请报送单位核对市级与县级的数。",
    )  # fmt: skip


_RELATIONS: dict[str, tuple[Check, ...]] = {
    "land_supply": (
        _relation(
            "land_supply", "area_identity", f"abs(supplied_area_mu - {_PARTS}) > {SQUARE_METRE}",
            f"supplied_area_mu, {_PARTS} AS parts_mu", "供应面积等于三项之和（误差 1 平方米）",
            "supplied area is the sum of its parts within 1 m²", "3301", "3302", "3303",
        ),
    ),
    "unsupplied_digestion": (
        _reference(
            "unsupplied_digestion", "approval_no", "approved_unsupplied",
            "消化的批次已登记", "the digested batch is registered", "5001",
        ),
        _within_batch(),
    ),
    "idle_land": (
        _relation(
            "idle_land", "determined_after_a_year", _A_YEAR_AFTER, "agreed_start_date, determination_date",
            "未动工的超过约定动工日期满一年方认定", "determined idle a year after the agreed start", "3311",
        ),
        _relation(
            "idle_land", "disposed_after_determined", "disposal_date < determination_date",
            "determination_date, disposal_date", "处置完成不早于认定", "disposed not before determined", "3312",
        ),
        _relation(
            "idle_land", "disposed_within_idle", "disposed_area_mu > idle_area_mu", "disposed_area_mu, idle_area_mu",
            "处置面积不大于闲置面积", "disposed area within idle area", "3313",
        ),
        _relation(
            "idle_land", "idle_within_supplied", "idle_area_mu > supplied_area_mu", "idle_area_mu, supplied_area_mu",
            "闲置面积不大于供地面积", "idle area within supplied area", "3314",
        ),
        _reference(
            "idle_land", "supervision_no", "land_supply",
            "闲置土地的电子监管号在供地结果中", "the idle case's supply is known", "5004",
        ),
    ),
    "inefficient_land": (
        _reference(
            "inefficient_land", "supply_supervision_no", "land_supply",
            "低效图斑的供地电子监管号在供地结果中", "the patch's supply is known", "5005",
        ),
    ),
    "construction_land": (
        _relation(
            "construction_land", "total_positive", "land_class = '合计' AND area_mu <= 0", "land_class, area_mu",
            "地类合计的面积大于 0", "the total of all classes is positive", "3103",
        ),
        _counties_add_up("construction_land", ("year",), "area_mu"),
    ),
    "annual_task": (_counties_add_up("annual_task", ("year", "task"), "task_area_mu"),),
    "gdp": (_counties_add_up("gdp", ("year",), "gdp_wan_yuan"),),
    "far_exemption": (
        _reference(
            "far_exemption", "supervision_no", "land_supply",
            "豁免的电子监管号在供地结果中", "the exempted supply is known", "5003",
        ),
    ),
}  # fmt: skip

SUITE: dict[str, list[Check]] = {name: checks(table) for name, table in TABLES.items()}
