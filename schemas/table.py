"""Columns, tables and units: the one declaration from which DDL, dtypes, comments, templates and checks derive."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what only names columns and units starts without polars
    import polars as pl


class Unit(StrEnum):
    """A unit as it is written in a header's brackets or a unit row."""

    MU = "亩"
    HECTARE = "公顷"
    SQUARE_METRE = "平方米"
    YUAN = "元"
    WAN_YUAN = "万元"
    YI_YUAN = "亿元"
    RATIO = "ratio"
    PERCENT = "%"
    COUNT = "个"
    HECTARE_PER_YI_YUAN = "公顷/亿元"


#: Units of figures and columns, for English readers.
UNITS_EN = {
    "亩": "mu", "公顷": "ha", "万元": "10k yuan", "亿元": "100m yuan", "个": "count", "ratio": "ratio", "%": "%",
    "公顷/亿元": "ha / 100m yuan", "万元/亩": "10k yuan / mu",
}  # fmt: skip

#: What one of each unit is in the unit that core holds: 亩 for areas, 万元 for money. Every factor is exact.
AREA_IN_MU = {Unit.MU: Decimal(1), Unit.HECTARE: Decimal(15), Unit.SQUARE_METRE: Decimal("0.0015")}
MONEY_IN_WAN_YUAN = {Unit.YUAN: Decimal("0.0001"), Unit.WAN_YUAN: Decimal(1), Unit.YI_YUAN: Decimal(10000)}

# What no real number exceeds or falls short of; beyond it a unit or a decimal point went wrong. The two are chosen so
# that every amount of the ledger fits its column (`contribution.amount`, below 10^9): area × the largest FAR of 15 is
# 2.1 × 10^8 公顷, land per GDP 1.4 × 10^7 公顷/亿元, and still fits after six years at the lowest index of 50.
#: No area is larger: 14 million 公顷 in 亩. All of Zhejiang has 10.55 million.
LARGEST_AREA_MU = Decimal(210_000_000)
#: No region's GDP of a year is smaller: 1 亿元 in 万元. The smallest counties of Zhejiang have more than 100 亿元.
SMALLEST_GDP_WAN_YUAN = Decimal(10_000)
#: No region's is larger: 1,000,000 亿元 in 万元. All of China has some 1,350,000, its largest province 140,000; a GDP in
#: 万元 under a header in 亿元 has as many.
LARGEST_GDP_WAN_YUAN = Decimal(10_000_000_000)


#: Cells that stand for "nothing" after normalisation; `－`, `／` and the no-break space become one of these.
NOTHING = ("", "-", "--", "/", "无", "nah", "—", "——")


class Kind(StrEnum):
    """What a cell holds, hence how it is read and how core stores it."""

    TEXT = "text"
    REGION = "region"  # 行政区代码: six digits, nine are cut
    AREA = "area"  # > 0, stored in 亩
    AREA_PART = "area_part"  # >= 0, stored in 亩
    MONEY = "money"  # stored in 万元
    NUMBER = "number"
    FAR = "far"  # 容积率
    INDEX = "index"  # previous year = 100; keeps its decimals as submitted
    YEAR = "year"
    INTEGER = "integer"
    DATE = "date"
    BOOLEAN = "boolean"
    CHOICE = "choice"


AREA_KINDS = frozenset({Kind.AREA, Kind.AREA_PART})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its public Chinese header, its English name in core, and all that is known about its values.

    `unit` is the default unit of a submitted cell; core always stores 亩 and 万元. `least` is given for an amount that is
    never negative: what it is at least, 0 apart, in the unit of core. `max_year_gap` and the like do not live here: what
    a value must satisfy beyond its type is a row rule (`schemas/rules.py`).
    """

    name: str
    label: str
    kind: Kind
    required: bool = False
    key: bool = False
    unit: Unit | None = None
    choices: tuple[str, ...] = ()
    note: str = ""
    aliases: tuple[str, ...] = ()
    least: Decimal | None = None
    largest: Decimal | None = None

    @property
    def most(self) -> Decimal | None:
        """What no real value exceeds, in the unit of core; None: only what can be stored limits it."""
        return LARGEST_AREA_MU if self.kind in AREA_KINDS else self.largest

    @property
    def dtype(self) -> pl.DataType:
        from .dtypes import DTYPES

        return DTYPES[self.kind]

    @property
    def is_code(self) -> bool:
        """Whether it identifies something: blanks and full-width forms do not count, and no digit may be lost."""
        return self.kind is Kind.TEXT and (self.key or self.name.endswith(("_no", "_code")))

    @property
    def core_unit(self) -> Unit | None:
        """The unit in which core holds this column."""
        if self.kind in AREA_KINDS:
            return Unit.MU
        return Unit.WAN_YUAN if self.kind is Kind.MONEY else self.unit

    @property
    def units(self) -> dict[Unit, Decimal]:
        """Units that a header may name, each with its factor to the core unit; empty where no unit applies."""
        if self.kind in AREA_KINDS:
            return AREA_IN_MU
        return MONEY_IN_WAN_YUAN if self.kind is Kind.MONEY else {}


@dataclass(frozen=True, slots=True)
class Table:
    """A submission table (报送表): what one row is, its columns, and the column that dates its events."""

    name: str
    label: str
    number: int
    grain: str
    columns: tuple[Column, ...]
    event_date: str | None = None  # column whose date decides which region codes were in force
    province_rows: bool = False  # 330000 allowed: the tables keyed by region and year
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({column.name: column for column in self.columns})

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the natural key's columns."""
        return tuple(column.name for column in self.columns if column.key)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    @property
    def stored(self) -> dict[str, pl.DataType]:
        """Columns of the core table that come from the submission, with their types, in order.

        An INDEX column brings a second one, `<name>_decimals`: how many decimals were submitted (rulebook §7).
        """
        from .dtypes import DECIMALS

        schema: dict[str, pl.DataType] = {}
        for column in self.columns:
            schema[column.name] = column.dtype
            if column.kind is Kind.INDEX:
                schema[f"{column.name}_decimals"] = DECIMALS
        return schema
