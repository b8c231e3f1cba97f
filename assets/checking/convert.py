"""From text to typed values, one reader per kind of column. Nothing is guessed: what cannot be read is a problem.

Each reader is an expression builder over a text expression and yields null where it cannot read. `converted` runs them
over a column: a quick reader for the usual spelling, and for everything else the full reader on distinct values only.
No rules here: whether a value is allowed is decided in `schemas/rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import polars as pl

from schemas.rules import TOO_LARGE, UNREADABLE, WITH_UNIT, decimals, problem
from schemas.table import Column, Kind, Unit

#: What stands for "nothing" after normalisation; `－`, `／` and the no-break space become one of these.
NOTHING = ("", "-", "--", "/", "无", "nah", "—", "——")
#: Dates that stand for "nothing" in the land-market exports.
SENTINELS = (date(1900, 1, 1), date(1901, 1, 2), date(1899, 12, 31))  # the last: a date cell showing 1900-01-01

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"
UNITS_IN_CELL = "公顷|亩|平方米|平方公里|平米|m2|ha|万元|亿元|万亩|万|亿|元|%|‰"
NUMBER_WITH_UNIT = rf"(?i)^[¥￥]?[+-]?[\d,]*\.?\d+\(?({UNITS_IN_CELL})\)?$"
TIME = r"(?:[T ](?:[01]?\d|2[0-4])[:时](?:[0-5]?\d)(?:[:分](?:[0-5]?\d)?(?:\.\d+)?秒?|分)?)?"
DATE = rf"^(\d{{4}})[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})日?{TIME}$"
COMPACT_DATE = rf"^(\d{{4}})(\d{{2}})(\d{{2}})(?:\.0+|{TIME})$"

_EXACT = pl.Decimal(38, 18)  # more digits than a double prints, so that nothing is lost before the one rounding
_STORED = pl.Decimal(18, 6)
_BEYOND = Decimal(10) ** 15  # far beyond what is stored, far below where the multiplication itself would overflow


def compact(text: pl.Expr) -> pl.Expr:
    """Half-width digits, letters and punctuation (NFKC) without any blanks."""
    return text.str.normalize("NFKC").str.replace_all(r"[\s\u200b\ufeff]", "").str.replace_all("[−‐‑–]", "-")


def is_nothing(text: pl.Expr) -> pl.Expr:
    return compact(text).str.to_lowercase().is_in(NOTHING)


def number(text: pl.Expr) -> pl.Expr:
    """Decimal(38,18). Thousands separators only where they group by three; `1e-3` is 0.001; no percent, no unit."""
    plain = compact(text)
    plain = pl.when(plain.str.contains(THOUSANDS)).then(plain.str.replace_all(",", "", literal=True)).otherwise(plain)
    return pl.when(plain.str.contains(NUMBER)).then(plain).cast(_EXACT, strict=False)


def submitted_decimals(text: pl.Expr) -> pl.Expr:
    """How many decimals were written, at least one: 104.70 has two, 105 counts as one (rulebook §7)."""
    written = compact(text).str.extract(r"\.(\d+)$").str.len_chars()
    return pl.max_horizontal(written.fill_null(1), pl.lit(1)).cast(pl.Int32)


def scaled(value: pl.Expr, factor: Decimal) -> pl.Expr:
    """The value in the unit that core stores, rounded once, half-even, to six decimals; null when it does not fit."""
    if factor != 1:
        value = pl.when(value.abs() < _BEYOND).then(value) * pl.lit(factor)
    return value.cast(_STORED, strict=False)


def day(text: pl.Expr) -> pl.Expr:
    """A date in any of the eight forms; times are cut off, epoch milliseconds are read at UTC+8."""
    plain = text.str.normalize("NFKC").str.strip_chars().str.replace_all("[−‐‑–]", "-")
    plain = plain.str.replace_all(r"\s*([-/.年月日:时分秒])\s*", "$1").str.replace_all(r"\s+", " ")
    plain = plain.str.replace(r"(?:\+08:?00)$", "").str.replace(r"日(\d)", "日 $1")
    value = compact(text).str.extract(r"^(-?\d+(?:\.\d+)?(?:[eE]\+?\d{1,2})?)$").cast(_EXACT, strict=False)
    whole = value.cast(pl.Int64, strict=False)
    serial = whole.is_between(1, 99_999) & ~whole.is_between(1900, 2200)  # a bare year is no date
    # Excel counts a 29 February 1900 that never was.
    since_1900 = pl.date(1899, 12, 30) + pl.duration(days=pl.when(whole < 60).then(whole + 1).otherwise(whole))
    epoch = whole.abs().is_between(100_000_000_000, 9_999_999_999_999)
    at_utc_8 = pl.from_epoch(whole + 8 * 3_600_000, time_unit="ms").dt.date()
    return pl.coalesce(
        _calendar_day(plain, DATE),
        _calendar_day(plain, COMPACT_DATE),
        pl.when(serial).then(since_1900),
        pl.when(epoch).then(at_utc_8),
    )


def _calendar_day(text: pl.Expr, pattern: str) -> pl.Expr:
    parts = text.str.extract_groups(pattern).struct
    year, month, of_month = (parts[index] for index in range(3))
    return pl.concat_str([year, month.str.zfill(2), of_month.str.zfill(2)]).str.to_date("%Y%m%d", strict=False)


def truth(text: pl.Expr) -> pl.Expr:
    plain = compact(text).str.to_lowercase()
    yes, no = ("是", "1", "1.0", "y", "true"), ("否", "0", "0.0", "n", "false")
    return pl.when(plain.is_in(yes)).then(True).when(plain.is_in(no)).then(False)


def whole_number(text: pl.Expr) -> pl.Expr:
    return compact(text).str.extract(r"^([+-]?\d+)(?:\.0+)?$").cast(pl.Int32, strict=False)


def year(text: pl.Expr) -> pl.Expr:
    return compact(text).str.extract(r"^(\d+)(?:\.0+)?(?:年度?)?$").cast(pl.Int32, strict=False)


def region(text: pl.Expr) -> pl.Expr:
    """Six digits; nine are cut to six; `330100.0` is what a spreadsheet makes of a code."""
    return compact(text).str.extract(r"^(\d{6})(?:\d{3})?(?:\.0+)?$")


def choice(text: pl.Expr, choices: tuple[str, ...]) -> pl.Expr:
    """The choice as declared; blanks, full-width forms and letter case do not matter, anything else does."""
    spelled = {_plain(each): each for each in choices}
    return compact(text).str.to_uppercase().replace_strict(spelled, default=None, return_dtype=pl.String)


def _plain(word: str) -> str:
    return "".join(word.split()).upper()


def code(text: pl.Expr) -> pl.Expr:
    return compact(text)


# --- One column ------------------------------------------------------------------------------------------------------


def converted(text: pl.Series, column: Column, unit: Unit | None = None) -> pl.DataFrame:
    """A column of text as typed values: `<name>`, `<name>__problem` (not for text), `<name>_decimals` (index only).

    `unit` is that of the cells (default: the column's); areas come out in 亩, money in 万元. The problem is null where
    the value was read or the cell is empty, else one of UNREADABLE, WITH_UNIT, TOO_LARGE.
    """
    if column.kind is Kind.TEXT:
        return _text(text, column).rename({"value": column.name})
    factor = column.units.get(unit or column.unit, Decimal(1))
    frame = text.alias("text").to_frame().with_columns(value=_quick(column.kind, factor))
    open_questions = frame.filter(pl.col("value").is_null() & pl.col("text").is_not_null()).select("text").unique()
    answers = open_questions.with_columns(**_full(column, factor))
    frame = frame.join(answers, on="text", how="left", maintain_order="left")
    named = [
        pl.coalesce("value", "answer").alias(column.name),
        pl.col("problem").alias(problem(column.name)),
    ]
    if column.kind is Kind.INDEX:
        named.append(pl.when(pl.col("answer").is_not_null()).then("decimals").alias(decimals(column.name)))
    return frame.select(named)


_MEASURED = frozenset({Kind.AREA, Kind.AREA_PART, Kind.MONEY, Kind.NUMBER, Kind.FAR})


def _quick(kind: Kind, factor: Decimal) -> pl.Expr:
    """The usual spelling in one pass over all rows; null wherever the full reader must look."""
    text = pl.col("text")
    if kind in _MEASURED:
        return scaled(text.cast(_EXACT, strict=False), factor)
    if kind is Kind.DATE:
        found = text.str.to_date("%Y-%m-%d", strict=False)
        return pl.when((found.dt.year() >= 1000) & ~found.is_in(SENTINELS)).then(found)
    return pl.lit(None, pl.Null)


def _full(column: Column, factor: Decimal) -> dict[str, pl.Expr]:
    text, kind = pl.col("text"), column.kind
    value = _reader(column)(text)
    if kind in _MEASURED or kind is Kind.INDEX:
        number_read, plain = number(text), compact(text)
        reason = (
            pl.when(number_read.is_not_null() | plain.str.contains(NUMBER)).then(pl.lit(TOO_LARGE))
            .when(plain.str.contains(NUMBER_WITH_UNIT)).then(pl.lit(WITH_UNIT))
            .otherwise(pl.lit(UNREADABLE))
        )  # fmt: skip
        value = scaled(value, factor)
    else:
        reason = pl.lit(UNREADABLE)
    empty = is_nothing(text)
    if kind is Kind.DATE:
        empty = empty | value.is_in(SENTINELS).fill_null(False)
    answers = {
        "answer": pl.when(~empty).then(value),
        "problem": pl.when(~empty & value.is_null()).then(reason),
    }
    return answers | ({"decimals": submitted_decimals(text)} if kind is Kind.INDEX else {})


def _reader(column: Column) -> Callable[[pl.Expr], pl.Expr]:
    if column.kind is Kind.CHOICE:
        return lambda text: choice(text, column.choices)
    return {
        Kind.DATE: day,
        Kind.BOOLEAN: truth,
        Kind.REGION: region,
        Kind.YEAR: year,
        Kind.INTEGER: whole_number,
    }.get(column.kind, number)


def _text(text: pl.Series, column: Column) -> pl.DataFrame:
    """Free text stays as written; numbers and codes lose their blanks and full-width forms, or keys would not match."""
    frame = text.alias("value").to_frame()
    value = pl.col("value")
    odd = value.str.contains(r"[^\x21-\x7e]")
    if column.key or column.name.endswith(("_no", "_code")):
        if frame.select(odd.any()).item():
            cleaned = frame.filter(odd).unique().with_columns(code=code(value))
            frame = frame.join(cleaned, on="value", how="left", maintain_order="left")
            frame = frame.select(value=pl.coalesce("code", "value"))
    else:
        frame = frame.select(value.str.strip_chars())
    short = frame.filter(value.str.len_chars() <= 4).unique()
    blanks = short.filter(is_nothing(value))["value"]
    return frame.with_columns(value=pl.when(~value.is_in(blanks.implode())).then(value))
