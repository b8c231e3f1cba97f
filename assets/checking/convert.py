"""From text to typed values, one reader per kind of column. Nothing is guessed: what cannot be read is a problem.

Every kind is read twice over. `_usual` is one cheap expression for the usual spelling; those of all columns run in one
pass over the file. What they leave open goes to the full reader, each distinct text once. No rules here: whether a
value is allowed is decided in `schemas/rules.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache

import polars as pl

from schemas.rules import TOO_LARGE, UNREADABLE, WITH_UNIT, decimals, problem
from schemas.table import Column, Kind, Unit

#: What stands for "nothing" after normalisation; `－`, `／` and the no-break space become one of these.
NOTHING = ("", "-", "--", "/", "无", "nah", "—", "——")
#: Dates that stand for "nothing" in the land-market exports.
SENTINELS = (date(1900, 1, 1), date(1901, 1, 2), date(1899, 12, 31))  # the last: a date cell showing 1900-01-01
YES, NO = ("是", "1", "1.0", "y", "true"), ("否", "0", "0.0", "n", "false")

NUMBER = r"^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)$"
THOUSANDS = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?$"
UNITS_IN_CELL = "公顷|亩|平方米|平方公里|平米|m2|ha|万元|亿元|万亩|万|亿|元|%|‰"
NUMBER_WITH_UNIT = rf"(?i)^[¥￥]?[+-]?[0-9,]*\.?[0-9]+\(?({UNITS_IN_CELL})\)?$"
TIME = r"(?:[T ](?:[01]?[0-9]|2[0-4])[:时](?:[0-5]?[0-9])(?:[:分](?:[0-5]?[0-9])?(?:\.[0-9]+)?秒?|分)?)?"
#: Year 1; month and day 2, 3 with separators or 4, 5 without.
DATE = (
    r"^([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    rf"{TIME}|([0-9]{{2}})([0-9]{{2}})(?:\.0+|{TIME}))$"
)

# The usual spellings: what matches is certainly meant as it stands.
USUAL_NUMBER = r"^-?[0-9]+(?:\.[0-9]{1,6})?$"  # no more decimals than are stored, hence exact before the factor
USUAL_WHOLE = r"^[0-9]{1,9}$"
USUAL_REGION = r"^([0-9]{6})(?:[0-9]{3})?$"
USUAL_CODE = r"^[!-~\x{4e00}-\x{9fff}〔〕]*[0-9][!-~\x{4e00}-\x{9fff}〔〕]*$"  # nothing to normalise, and not "nothing"
LONGEST_NOTHING = 4  # characters

_EXACT = pl.Decimal(38, 18)  # more digits than a double prints, so that nothing is lost before the one rounding
_STORED = pl.Decimal(18, 6)
_BEYOND = Decimal(10) ** 15  # far beyond what is stored, far below where the multiplication itself would overflow
_MEASURED = frozenset({Kind.AREA, Kind.AREA_PART, Kind.MONEY, Kind.NUMBER, Kind.FAR})


# --- All columns -----------------------------------------------------------------------------------------------------


def typed(text: pl.DataFrame, columns: Iterable[tuple[Column, Unit | None]]) -> pl.DataFrame:
    """The frame with its columns typed: `<name>`, `<name>__problem` (not for text), `<name>_decimals` (index only).

    The unit is that of the cells (default: the column's); areas come out in 亩, money in 万元. A problem is null where
    the value was read or the cell is empty, else one of UNREADABLE, WITH_UNIT, TOO_LARGE. A column that the frame does
    not have comes out empty.
    """
    columns = tuple(columns)
    present = set(text.columns)
    frame = text.with_columns(
        expression
        for column, unit in columns
        for expression in (_usual(column, unit) if column.name in present else _absent(column))
    )
    answers: list[pl.Series] = []
    for column, unit in columns:
        if column.name in present:
            asked, value = text.get_column(column.name), frame.get_column(column.name)
            if value.null_count() > asked.null_count():
                answers += _answered(asked, value, column, unit)
    return frame.with_columns(answers) if answers else frame


@lru_cache(1024)
def _usual(column: Column, unit: Unit | None) -> tuple[pl.Expr, ...]:
    """The usual spelling; null wherever the full reader must look. Problems are null until it has."""
    return (_usual_value(column, _factor(column, unit)).alias(column.name), *_absent(column)[1:])


@lru_cache(1024)
def _absent(column: Column) -> tuple[pl.Expr, ...]:
    absent = [pl.lit(None, column.dtype).alias(column.name)]
    if column.kind is not Kind.TEXT:
        absent.append(pl.lit(None, pl.String).alias(problem(column.name)))
    if column.kind is Kind.INDEX:
        absent.append(pl.lit(None, pl.Int32).alias(decimals(column.name)))
    return tuple(absent)


def _factor(column: Column, unit: Unit | None) -> Decimal:
    return column.units.get(unit or column.unit, Decimal(1))


def _usual_value(column: Column, factor: Decimal) -> pl.Expr:
    text, kind = pl.col(column.name), column.kind
    if kind in _MEASURED:
        value = pl.when(text.str.contains(USUAL_NUMBER)).then(text).cast(_STORED, strict=False)
        return value if factor == 1 else (value * pl.lit(factor)).cast(_STORED, strict=False)
    if kind is Kind.DATE:
        day = text.str.to_date("%Y-%m-%d", strict=False)
        return pl.when(day.dt.year() >= 1000, ~day.is_in(SENTINELS)).then(day)
    if kind is Kind.CHOICE:
        return pl.when(text.is_in(column.choices)).then(text)
    if kind is Kind.BOOLEAN:
        return pl.when(text == "否").then(False).when(text == "是").then(True)
    if kind in (Kind.YEAR, Kind.INTEGER):
        return pl.when(text.str.contains(USUAL_WHOLE)).then(text).cast(pl.Int32)
    if kind is Kind.REGION:
        return text.str.extract(USUAL_REGION)
    if kind is Kind.TEXT and _is_code(column):
        return pl.when(text.str.contains(USUAL_CODE)).then(text)
    if kind is Kind.TEXT:
        text = text.str.strip_chars()
        return pl.when((text.str.len_chars() > LONGEST_NOTHING) | text.str.contains("[0-9]")).then(text)
    return pl.lit(None, column.dtype)


def _is_code(column: Column) -> bool:
    """Numbers and codes lose their blanks and full-width forms, or keys would not match; names stay as written."""
    return column.key or column.name.endswith(("_no", "_code"))


def _answered(text: pl.Series, value: pl.Series, column: Column, unit: Unit | None) -> list[pl.Series]:
    """The columns of `column` with what the full reader makes of the texts that are still open."""
    asked = text.filter(value.is_null() & text.is_not_null()).unique()
    answers = fully_read(asked, column, unit)
    looked_up = [text.replace_strict(asked, answers[name], default=None).alias(name) for name in answers.columns[1:]]
    return [value.zip_with(value.is_not_null(), looked_up[0]), *looked_up[1:]]


# --- The full reader -------------------------------------------------------------------------------------------------


def fully_read(texts: pl.Series, column: Column, unit: Unit | None = None) -> pl.DataFrame:
    """One row per text, in any spelling that is known: `text`, `value`, then the further columns of `typed`."""
    first, second, answers = _full(column, _factor(column, unit))
    return texts.alias("text").to_frame().lazy().with_columns(first).with_columns(second).select(answers).collect()


_TEXT, _PLAIN, _SPACED, _VALUE = pl.col("text"), pl.col("plain"), pl.col("spaced"), pl.col("value")


@lru_cache(1024)
def _full(column: Column, factor: Decimal) -> tuple[list[pl.Expr], list[pl.Expr], list[pl.Expr]]:
    """The reader in three steps: a shared part that is no column of its own would be computed again and again."""
    kind = column.kind
    measured = kind in _MEASURED or kind is Kind.INDEX
    nothing = _PLAIN.str.to_lowercase().is_in(NOTHING)
    if kind is Kind.DATE:
        nothing |= _VALUE.is_in(SENTINELS).fill_null(False)
    answers = [_TEXT, pl.when(~nothing).then(_VALUE).alias("value")]
    if kind is not Kind.TEXT:
        reason = _why_no_number() if measured else pl.lit(UNREADABLE)
        answers.append(pl.when(~nothing & _VALUE.is_null()).then(reason).alias(problem(column.name)))
    if kind is Kind.INDEX:
        answers.append(pl.when(~nothing & _VALUE.is_not_null()).then(submitted_decimals()).alias(decimals(column.name)))
    value = scaled(number(_PLAIN), factor) if measured else _reader(column)
    return [compact(_TEXT).alias("plain"), spaced(_TEXT).alias("spaced")], [value.alias("value")], answers


def _reader(column: Column) -> pl.Expr:
    if column.kind is Kind.CHOICE:
        return choice(column.choices)
    if column.kind is Kind.TEXT:
        return _PLAIN if _is_code(column) else _TEXT.str.strip_chars()
    return {
        Kind.DATE: day,
        Kind.BOOLEAN: truth,
        Kind.REGION: region,
        Kind.YEAR: year,
        Kind.INTEGER: whole_number,
    }[column.kind]()


def _why_no_number() -> pl.Expr:
    return (
        pl.when(ungrouped(_PLAIN).str.contains(NUMBER)).then(pl.lit(TOO_LARGE))
        .when(_PLAIN.str.contains(NUMBER_WITH_UNIT)).then(pl.lit(WITH_UNIT))
        .otherwise(pl.lit(UNREADABLE))
    )  # fmt: skip


def compact(text: pl.Expr) -> pl.Expr:
    """Half-width digits, letters and punctuation (NFKC) without any blanks."""
    return text.str.normalize("NFKC").str.replace_all(r"[\s\u200b\ufeff]", "").str.replace_all("[−‐‑–]", "-")


def spaced(text: pl.Expr) -> pl.Expr:
    """A date in half-width forms, its only blank that before a time; UTC+8 is understood."""
    plain = text.str.normalize("NFKC").str.strip_chars().str.replace_all("[−‐‑–]", "-")
    plain = plain.str.replace_all(r"\s*([-/.年月日:时分秒])\s*", "$1").str.replace_all(r"\s+", " ")
    return plain.str.replace(r"(?:\+08:?00)$", "").str.replace(r"日([0-9])", "日 $1")


def ungrouped(plain: pl.Expr) -> pl.Expr:
    """Thousands separators go only where they group by three."""
    return pl.when(plain.str.contains(THOUSANDS)).then(plain.str.replace_all(",", "", literal=True)).otherwise(plain)


def number(plain: pl.Expr) -> pl.Expr:
    """Decimal(38,18) of a compact text; `1e-3` is 0.001; no percent, no unit."""
    return ungrouped(plain).str.extract(NUMBER).cast(_EXACT, strict=False)


def scaled(value: pl.Expr, factor: Decimal) -> pl.Expr:
    """The value in the unit that core stores, rounded once, half-even, to six decimals; null when it does not fit."""
    if factor != 1:
        value = pl.when(value.abs() < _BEYOND).then(value) * pl.lit(factor)
    return value.cast(_STORED, strict=False)


def submitted_decimals() -> pl.Expr:
    """How many decimals were written, at least one: 104.70 has two, 105 counts as one (rulebook §7)."""
    written = _PLAIN.str.extract(r"\.([0-9]+)$").str.len_chars()
    return pl.max_horizontal(written.fill_null(1), pl.lit(1)).cast(pl.Int32)


def day() -> pl.Expr:
    """A date in any of the eight forms; times are cut off, epoch milliseconds are read at UTC+8."""
    parts = pl.when(_SPACED.str.contains(DATE)).then(_SPACED.str.replace(DATE, "$1-$2$4-$3$5"))
    value = _PLAIN.str.extract(r"^(-?[0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]{1,2})?)$").cast(_EXACT, strict=False)
    whole = value.cast(pl.Int64, strict=False)
    serial = whole.is_between(1, 99_999) & ~whole.is_between(1900, 2200)  # a bare year is no date
    # Excel counts a 29 February 1900 that never was.
    since_1900 = pl.date(1899, 12, 30) + pl.duration(days=pl.when(whole < 60).then(whole + 1).otherwise(whole))
    epoch = whole.abs().is_between(100_000_000_000, 9_999_999_999_999)
    at_utc_8 = pl.from_epoch(whole + 8 * 3_600_000, time_unit="ms").dt.date()
    return pl.coalesce(
        parts.str.to_date("%Y-%m-%d", strict=False),
        pl.when(serial).then(since_1900),
        pl.when(epoch).then(at_utc_8),
    )


def truth() -> pl.Expr:
    plain = _PLAIN.str.to_lowercase()
    return pl.when(plain.is_in(YES)).then(True).when(plain.is_in(NO)).then(False)


def whole_number() -> pl.Expr:
    return _PLAIN.str.extract(r"^([+-]?[0-9]+)(?:\.0+)?$").cast(pl.Int32, strict=False)


def year() -> pl.Expr:
    return _PLAIN.str.extract(r"^([0-9]+)(?:\.0+)?(?:年度?)?$").cast(pl.Int32, strict=False)


def region() -> pl.Expr:
    """Six digits; nine are cut to six; `330100.0` is what a spreadsheet makes of a code."""
    return _PLAIN.str.extract(r"^([0-9]{6})(?:[0-9]{3})?(?:\.0+)?$")


def choice(choices: tuple[str, ...]) -> pl.Expr:
    """The choice as declared; blanks, full-width forms and letter case do not matter, anything else does."""
    spelled = {"".join(each.split()).upper(): each for each in choices}
    return _PLAIN.str.to_uppercase().replace_strict(spelled, default=None, return_dtype=pl.String)
