"""From text to typed values, one reader per kind of column. Nothing is guessed: what cannot be read is a problem.

Every kind is read twice over. `_usual` is one cheap expression for the usual spelling; those of all columns run in one
pass over the file. What they leave open goes to the full reader, each distinct text once. No rules here: whether a
value is allowed is decided in `schemas/rules.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import polars as pl

from schemas.dtypes import exact
from schemas.rules import FORMULA, FORMULA_ERRORS, TOO_LARGE, UNREADABLE, WITH_UNIT, decimals, problem
from schemas.table import NOTHING, Column, Kind, Unit

#: Dates that stand for "nothing" in the land-market exports.
SENTINELS = (date(1900, 1, 1), date(1901, 1, 2), date(1899, 12, 31))  # the last: a date cell showing 1900-01-01
YES, NO = ("是", "1", "1.0", "y", "true"), ("否", "0", "0.0", "n", "false")

NUMBER = r"^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)$"
THOUSANDS = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?$"
UNITS_IN_CELL = "公顷|亩|万平方米|万平米|万m2|平方米|平方公里|平米|m2|ha|万元|亿元|万亩|万|亿|元|%|‰"
NUMBER_WITH_UNIT = rf"(?i)^[¥￥]?[+-]?[0-9,]*\.?[0-9]+\(?({UNITS_IN_CELL})\)?$"
TIME = r"(?:[T ](?:[01]?[0-9]|2[0-4])[:时](?:[0-5]?[0-9])(?:[:分](?:[0-5]?[0-9])?(?:\.[0-9]+)?秒?|分)?)?"
DIGITS_TIME = r"[T ]?(?:[01][0-9]|2[0-4])[0-5][0-9](?:[0-5][0-9])?(?:\.0+)?"  # 20260301083000
#: Year 1; month and day 2, 3 with separators or 4, 5 without.
DATE = (
    r"^([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    rf"{TIME}|([0-9]{{2}})([0-9]{{2}})(?:\.0+|{TIME}|{DIGITS_TIME}))$"
)

# The usual spellings: what matches is certainly meant as it stands.
USUAL_NUMBER = r"^-?[0-9]+(?:\.[0-9]{1,6})?$"  # no more decimals than are stored, hence exact before the factor
USUAL_WHOLE = r"^[0-9]{1,9}$"
USUAL_REGION = r"^([0-9]{6})(?:[0-9]{3})?$"
USUAL_CODE = r"^[!-~\x{4e00}-\x{9fff}〔〕]*[0-9][!-~\x{4e00}-\x{9fff}〔〕]*$"  # nothing to normalise, and not "nothing"
USUAL_SERIAL = r"^(?:[1-9][0-9]{4}|[1-9][0-9]{12})$"  # days since 1900, milliseconds since 1970
LONGEST_NOTHING = 4  # characters
_NOTHING = (*NOTHING, "Nah")

_EXACT = pl.Decimal(38, 18)  # more digits than a double prints, so that nothing is lost before the one rounding
_STORED = pl.Decimal(18, 6)
_BEYOND = Decimal(10) ** 15  # far beyond what is stored, far below where the multiplication itself would overflow
_TEXT, _PLAIN, _SPACED, _VALUE = pl.col("text"), pl.col("plain"), pl.col("spaced"), pl.col("value")
_MEASURED = frozenset({Kind.AREA, Kind.AREA_PART, Kind.MONEY, Kind.NUMBER, Kind.FAR})


class Reader(NamedTuple):
    """How cells are read: columns with the same reader share its answers."""

    kind: Kind
    factor: Decimal  # to the unit that core stores
    choices: tuple[str, ...]
    code: bool  # a number or code: blanks and full-width forms go, or keys would not match; names stay as written

    @classmethod
    def of(cls, column: Column, unit: Unit | None = None) -> Reader:
        factor = column.units.get(unit or column.unit, Decimal(1))
        return cls(column.kind, factor, column.choices, column.is_code)

    @property
    def measured(self) -> bool:
        return self.kind in _MEASURED


# --- All columns -----------------------------------------------------------------------------------------------------


def typed(text: pl.DataFrame, columns: Iterable[tuple[Column, Unit | None]]) -> pl.DataFrame:
    """The frame with its columns typed: `<name>`, `<name>__problem` (not for text), `<name>_decimals` (index only).

    The unit is that of the cells (default: the column's); areas come out in 亩, money in 万元. A problem is null where
    the value was read or the cell is empty, else one of UNREADABLE, WITH_UNIT, TOO_LARGE. A column that the frame does
    not have comes out empty.
    """
    readers = {column: Reader.of(column, unit) for column, unit in columns}
    present = [column for column in readers if column.name in text.columns]
    frame = text.with_columns(
        *(_usual(column.name, readers[column]) for column in present),
        *(pl.lit(None, column.dtype).alias(column.name) for column in readers if column not in present),
        *(expression for column in readers for expression in _no_problems(column)),
    )
    unread: dict[Reader, list[Column]] = {}
    for column in present:
        if frame[column.name].null_count() > text[column.name].null_count():
            unread.setdefault(readers[column], []).append(column)
    answers = [answer for reader, group in unread.items() for answer in _answers(text, frame, reader, group)]
    return frame.with_columns(answers) if answers else frame


def _answers(text: pl.DataFrame, frame: pl.DataFrame, reader: Reader, columns: list[Column]) -> Iterator[pl.Expr]:
    """The columns with what the full reader makes of the texts that the usual one left open."""
    asked = pl.concat([text[column.name].filter(frame[column.name].is_null()).alias("text") for column in columns])
    texts = asked.filter(~asked.is_in(_NOTHING)).unique()  # nothing has neither value nor problem, as it stands
    if texts.is_empty():
        return
    read = days_read(texts) if reader.kind is Kind.DATE else fully_read(texts, reader)

    def looked_up(column: Column, answer: str) -> pl.Expr:
        return pl.lit(text[column.name]).replace_strict(read["text"], read[answer], default=None)

    for column in columns:
        yield pl.coalesce(column.name, looked_up(column, "value")).alias(column.name)
        if reader.kind is not Kind.TEXT and read["problem"].null_count() < read.height:
            yield looked_up(column, "problem").alias(problem(column.name))
        if reader.kind is Kind.INDEX:
            yield looked_up(column, "decimals").alias(decimals(column.name))


@cache
def _no_problems(column: Column) -> tuple[pl.Expr, ...]:
    if column.kind is Kind.TEXT:
        return ()
    nothing = pl.lit(None, pl.String).alias(problem(column.name))
    return (nothing, pl.lit(None, pl.Int32).alias(decimals(column.name))) if column.kind is Kind.INDEX else (nothing,)


@cache
def _usual(name: str, reader: Reader) -> pl.Expr:
    """The usual spelling; null wherever the full reader must look."""
    text, kind = pl.col(name), reader.kind
    if reader.measured:
        value = pl.when(text.str.contains(USUAL_NUMBER)).then(text).cast(_STORED, strict=False)
        return value if reader.factor == 1 else (value * exact(reader.factor)).cast(_STORED, strict=False)
    if kind is Kind.DATE:
        found = text.str.to_date("%Y-%m-%d", strict=False)
        return pl.when(found > max(SENTINELS)).then(found).alias(name)
    if kind is Kind.CHOICE:
        return pl.when(text.is_in(reader.choices)).then(text)
    if kind is Kind.BOOLEAN:
        return pl.when(text == "否").then(False).when(text == "是").then(True).alias(name)
    if kind in (Kind.YEAR, Kind.INTEGER):
        return pl.when(text.str.contains(USUAL_WHOLE)).then(text).cast(pl.Int32)
    if kind is Kind.REGION:
        return text.str.extract(USUAL_REGION)
    if kind is Kind.INDEX:
        return pl.lit(None, _STORED).alias(name)
    if reader.code:
        return pl.when(text.str.contains(USUAL_CODE)).then(text)
    text = text.str.strip_chars()
    return pl.when(text.str.len_chars() > LONGEST_NOTHING).then(text)


def days_read(texts: pl.Series) -> pl.DataFrame:
    """Dates as by the full reader: those that need no normalising at once, whatever their form, the others by itself."""
    read = texts.alias("text").to_frame().select("text", _day_as_written(), pl.lit(None, pl.String).alias("problem"))
    if not read["value"].null_count():
        return read
    unread = read.filter(_VALUE.is_null())["text"]
    return pl.concat([read.filter(_VALUE.is_not_null()), fully_read(unread, Reader(Kind.DATE, Decimal(1), (), False))])


@cache
def _day_as_written() -> pl.Expr:
    parts = pl.when(_TEXT.str.contains(DATE)).then(_TEXT.str.replace(DATE, "$1-$2$4-$3$5"))
    number = pl.when(_TEXT.str.contains(USUAL_SERIAL)).then(_TEXT).cast(pl.Int64)
    counted = pl.when(number > 99_999).then(_at_utc_8(number)).otherwise(_since_1900(number))
    found = pl.coalesce(parts.str.to_date("%Y-%m-%d", strict=False), counted)
    return pl.when(found > max(SENTINELS)).then(found).alias("value")


# --- The full reader -------------------------------------------------------------------------------------------------


def fully_read(texts: pl.Series, reader: Reader) -> pl.DataFrame:
    """One row per text, in any spelling that is known: `text`, `value`, `problem`, `decimals` (index only)."""
    first, second, answers = _full(reader)
    return texts.alias("text").to_frame().lazy().with_columns(first).with_columns(second).select(answers).collect()


@cache
def _full(reader: Reader) -> tuple[list[pl.Expr], pl.Expr, list[pl.Expr]]:
    """The reader in three steps: a shared part that is no column of its own would be computed again and again."""
    kind = reader.kind
    numeric = reader.measured or kind is Kind.INDEX
    nothing = _PLAIN.str.to_lowercase().is_in(NOTHING)
    if kind is Kind.DATE:
        nothing |= _VALUE.is_in(SENTINELS).fill_null(False)
    reason = (
        pl.when(_TEXT.is_in(FORMULA_ERRORS))
        .then(pl.lit(FORMULA))
        .otherwise(_why_no_number() if numeric else pl.lit(UNREADABLE))
    )
    answers = [
        _TEXT,
        pl.when(~nothing).then(_VALUE).alias("value"),
        pl.when(~nothing & _VALUE.is_null()).then(reason).alias("problem"),
    ]
    if kind is Kind.INDEX:
        answers.append(pl.when(~nothing & _VALUE.is_not_null()).then(submitted_decimals()).alias("decimals"))
    value = scaled(number(_PLAIN), reader.factor) if numeric else _value(reader)
    # Figures that are no plain digits (², ½, ①) would become some: 2² is not 22.
    text = _TEXT if kind in (Kind.TEXT, Kind.CHOICE) else _TEXT.str.replace_all(r"\p{No}", "?")
    return [compact(text).alias("plain"), spaced(text).alias("spaced")], value.alias("value"), answers


def _value(reader: Reader) -> pl.Expr:
    if reader.kind is Kind.CHOICE:
        return choice(reader.choices)
    if reader.kind is Kind.TEXT:
        return _PLAIN if reader.code else _TEXT.str.strip_chars()
    return {
        Kind.DATE: day,
        Kind.BOOLEAN: truth,
        Kind.REGION: region,
        Kind.YEAR: year,
        Kind.INTEGER: whole_number,
    }[reader.kind]()


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
    plain = plain.str.replace(
        r"(?i)\s*(?:上午|下午|[ap]m$)\s*", " "
    ).str.strip_chars_end()  # the time is cut off anyway
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
        value = pl.when(value.abs() < exact(_BEYOND)).then(value) * exact(factor)
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
    epoch = whole.abs().is_between(100_000_000_000, 9_999_999_999_999)
    return pl.coalesce(
        parts.str.to_date("%Y-%m-%d", strict=False),
        pl.when(serial).then(_since_1900(whole)),
        pl.when(epoch).then(_at_utc_8(whole)),
    )


def _since_1900(serial: pl.Expr) -> pl.Expr:
    # Excel counts a 29 February 1900 that never was.
    return pl.date(1899, 12, 30) + pl.duration(days=pl.when(serial < 60).then(serial + 1).otherwise(serial))


def _at_utc_8(milliseconds: pl.Expr) -> pl.Expr:
    return pl.from_epoch(milliseconds + 8 * 3_600_000, time_unit="ms").dt.date()


def truth() -> pl.Expr:
    """是/否 in the spellings of the contract; null for any other text."""
    plain = _PLAIN.str.to_lowercase()
    return pl.when(plain.is_in(YES)).then(True).when(plain.is_in(NO)).then(False)


def whole_number() -> pl.Expr:
    """A whole number, `3.0` too: a spreadsheet writes it so; null for any other text."""
    return _PLAIN.str.extract(r"^([+-]?[0-9]+)(?:\.0+)?$").cast(pl.Int32, strict=False)


def year() -> pl.Expr:
    """A year, `2026年` and `2026.0` too; null for any other text."""
    return _PLAIN.str.extract(r"^([0-9]+)(?:\.0+)?(?:年度?)?$").cast(pl.Int32, strict=False)


def region() -> pl.Expr:
    """Six digits; nine are cut to six; `330100.0` is what a spreadsheet makes of a code."""
    return _PLAIN.str.extract(r"^([0-9]{6})(?:[0-9]{3})?(?:\.0+)?$")


def choice(choices: tuple[str, ...]) -> pl.Expr:
    """The choice as declared; blanks, full-width forms and letter case do not matter, anything else does."""
    spelled = {"".join(each.split()).upper(): each for each in choices}
    return _PLAIN.str.to_uppercase().replace_strict(spelled, default=None, return_dtype=pl.String)
