"""The vocabulary of the suites: a check, and the five kinds of expectation that it can hold.

Data only. Great Expectations takes seconds to import, so nothing here imports it: an expectation names its GX type and
arguments, and says in SQL which rows break it, which is what a person runs to see them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from schemas import policy

CRITICAL, WARNING, INFO = "critical", "warning", "info"


def quoted(value: object) -> str:
    """A value as an SQL literal."""
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def listed(values: Iterable[object]) -> str:
    """Values as an SQL list: ('a', 'b')."""
    return "(" + ", ".join(quoted(value) for value in values) + ")"


def repeated(key: Iterable[str]) -> str:
    """A query for the keys that stand in more than one row."""
    # Hashes first: grouping by long texts takes ten times as long.
    names = ", ".join(f'"{name}"' for name in key)
    suspects = f"SELECT hash({names}) FROM {{table}} GROUP BY ALL HAVING count(*) > 1"
    doubtful = f"SELECT {names} FROM {{table}} WHERE hash({names}) IN ({suspects})"
    return f"SELECT {names}, count(*) AS rows FROM ({doubtful}) GROUP BY ALL HAVING count(*) > 1"


class Expectation(Protocol):
    """What a table must satisfy."""

    gx_type: ClassVar[str]

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the GX expectation; its `{batch}` stands for the table."""
        ...

    def broken(self, keys: tuple[str, ...]) -> str:
        """A query for the rows that break it; `{table}` stands for the table."""
        ...


@dataclass(frozen=True, slots=True)
class _OfColumn:
    """An expectation on every value of one column. `when` = (column, value) restricts it to some rows.

    Apart from NotNull, a null never breaks it.
    """

    column: str
    when: tuple[str, str] | None = None

    def arguments(self) -> dict[str, Any]:
        return {"column": self.column} | ({"when": self.when} if self.when else {}) | self._more()

    def broken(self, keys: tuple[str, ...]) -> str:
        shown = ", ".join(f'"{name}"' for name in dict.fromkeys((*keys, self.column)))
        rows = f'"{self.when[0]}" = {quoted(self.when[1])} AND ' if self.when else ""
        return f"SELECT {shown} FROM {{table}} WHERE {rows}({self._fault()})"

    def _more(self) -> dict[str, Any]:
        return {}

    def _fault(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class NotNull(_OfColumn):
    gx_type: ClassVar[str] = "ExpectColumnValuesToNotBeNull"

    def _fault(self) -> str:
        return f'"{self.column}" IS NULL'


@dataclass(frozen=True, slots=True)
class OneOf(_OfColumn):
    gx_type: ClassVar[str] = "ExpectColumnValuesToBeInSet"
    values: tuple[Any, ...] = ()

    def _more(self) -> dict[str, Any]:
        return {"value_set": list(self.values)}

    def _fault(self) -> str:
        return f'"{self.column}" NOT IN {listed(self.values)}'


@dataclass(frozen=True, slots=True)
class Between(_OfColumn):
    """Within [low, high], or above low when `above` (strict). NaN counts as larger than everything."""

    gx_type: ClassVar[str] = "ExpectColumnValuesToBeBetween"
    low: float | None = None
    high: float | None = None
    above: bool = False

    def _more(self) -> dict[str, Any]:
        return {"min_value": self.low, "max_value": self.high, "strict_min": self.above}

    def _fault(self) -> str:
        faults = []
        if self.low is not None:
            faults.append(f'"{self.column}" {"<=" if self.above else "<"} {self.low}')
        if self.high is not None:
            faults.append(f'"{self.column}" > {self.high}')
        return " OR ".join(faults)


@dataclass(frozen=True, slots=True)
class Matches(_OfColumn):
    """Some part of the text matches a regular expression; anchor it for the whole."""

    gx_type: ClassVar[str] = "ExpectColumnValuesToMatchRegex"
    regex: str = ""

    def _more(self) -> dict[str, Any]:
        return {"regex": self.regex}

    def _fault(self) -> str:
        return f'NOT regexp_matches("{self.column}", {quoted(self.regex)})'


@dataclass(frozen=True, slots=True)
class NoRows:
    """A query that must find nothing; `{table}` stands for the table. For all that one column alone cannot tell."""

    gx_type: ClassVar[str] = "UnexpectedRowCount"  # our own, in `duckdb_engine`
    query: str

    def arguments(self) -> dict[str, Any]:
        # GX fills braces, and SQLAlchemy takes a lone colon for a parameter.
        query = self.query.replace("{table}", "\0").replace("{", "{{").replace("}", "}}").replace(":", "\\:")
        return {"unexpected_rows_query": query.replace("\0", "(FROM {batch})")}  # GX's batch has an alias of its own

    def broken(self, keys: tuple[str, ...]) -> str:
        return self.query


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a suite: what a table must satisfy, and what to tell a person; how bad a breach is, is data.

    `keys` are the columns that name a row in a finding; `rules` are the numbers of the row rules (`schemas/rules.py`)
    that hold the same at the door.
    """

    layer: str  # the DuckDB schema: "core", "indicator" or "mart"
    table: str
    name: str  # unique within its table
    expectation: Expectation
    label: str
    label_en: str
    why: str
    remedy: str
    keys: tuple[str, ...]
    rules: tuple[str, ...] = ()

    @property
    def severity(self) -> str:
        """`schemas/policy/severities.toml`; critical unless it says otherwise."""
        return policy.severities().get(f"{self.layer}.{self.table}.{self.name}", CRITICAL)

    @property
    def sql(self) -> str:
        """The query for every row that breaks the check."""
        return self.expectation.broken(self.keys).replace("{table}", f"{self.layer}.{self.table}")
