"""What an indicator is computed from: the records that count on the as-of day, placed in today's regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from assets import core, digestion
from assets.context import Context
from assets.relations import is_cancelled, resolve_digestion
from schemas.policy import Regions
from schemas.submissions import TABLES

DIGESTION = "unsupplied_digestion"


@dataclass(frozen=True)
class Inputs:
    """Records by table, and who has reported.

    `tables[name]`: the latest revision of every record, cancelled ones left out; its own columns plus `city_code`,
    `province_code`, `region_level`; `region_code` is a code of today. `reports`: source_table, city_code, year and
    `reported_on`.

    Where `days` are given, the inputs of all of them stand side by side, told apart by the column `known_on`. `settled`:
    sums of records that are not in `tables` because they were added up before (`history.py`).
    """

    tables: dict[str, pl.DataFrame]
    reports: pl.DataFrame
    days: pl.Series | None = None
    settled: pl.DataFrame | None = None

    def __getitem__(self, table: str) -> pl.DataFrame:
        return self.tables[table]

    @property
    def apart(self) -> tuple[str, ...]:
        """What tells records and figures of several days apart: a part of every key of a join, group or window."""
        return () if self.days is None else ("known_on",)

    def happened(self, event: str, context: Context) -> pl.Expr:
        """Whether an event lies on or before the day that the record is looked at from."""
        return pl.col(event) <= (pl.lit(context.as_of) if self.days is None else pl.col("known_on"))


#: table → the columns that are needed of it; region, key and provenance always come along.
Needs = dict[str, tuple[str, ...]]


def load(con: duckdb.DuckDBPyConnection, needs: Needs, context: Context) -> Inputs:
    """The inputs of some tables as they were known on the context's as-of day."""
    loaded = {name: place(_standing(con, name, columns, context), context.regions) for name, columns in needs.items()}
    return Inputs(loaded, core.reports(con, needs, context.as_of))


def _standing(con: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], context: Context) -> pl.DataFrame:
    if table == DIGESTION:
        return digestion.resolved(con, context.as_of).valid.filter(~is_cancelled())
    return _without_cancelled(table, core.current(con, table, context.as_of, _with_status(table, columns)))


@contextmanager
def in_force(con: duckdb.DuckDBPyConnection, context: Context) -> Iterator[Callable[[str], str]]:
    """table → a query like `core.standing` for every table: digestion that its batch refuses is no revision there."""
    con.register("digestion_in_force", digestion.resolved(con, context.as_of).valid.to_arrow())
    try:
        own = "(SELECT * FROM digestion_in_force WHERE received_on <= $day)"
        yield lambda table: own if table == DIGESTION else core.standing(table)
    finally:
        con.unregister("digestion_in_force")


@dataclass(frozen=True)
class Timeline:
    """All revisions of some tables, so that the inputs of many days are filters and no more queries.

    `tables[name]`: placed revisions with `received_on` and `superseded_on` (null for the latest). `digestion`, `batches`:
    revisions as `relations.resolve_digestion` takes them. `reports`: with the day of the first report, `reported_on`.
    `settled`: sums of other records by place, year and the day from which they count, `known_from`.
    """

    tables: dict[str, pl.DataFrame]
    digestion: pl.DataFrame | None  # None: not needed
    batches: pl.DataFrame | None
    reports: pl.DataFrame
    regions: Regions
    settled: pl.DataFrame | None = None

    def at(self, day: date) -> Inputs:
        """The inputs as they were known on a day."""
        known = self.on(pl.Series("known_on", [day]))
        tables = {name: records.drop("known_on") for name, records in known.tables.items()}
        return Inputs(tables, self.reports.filter(pl.col("reported_on") <= day))

    def on(self, days: pl.Series) -> Inputs:
        """The inputs of many days (`known_on`), side by side."""
        received = pl.col("received_on") <= pl.col("known_on")
        in_force = received & (pl.col("superseded_on").is_null() | (pl.col("superseded_on") > pl.col("known_on")))
        known = {name: _without_cancelled(name, _each(days, frame, in_force)) for name, frame in self.tables.items()}
        if self.digestion is not None:
            revisions, batches = (_each(days, frame, received) for frame in (self.digestion, self.batches))
            resolved = resolve_digestion(revisions, batches, ("known_on",)).valid
            known[DIGESTION] = place(resolved.filter(~is_cancelled()), self.regions)
        settled = None
        if self.settled is not None:
            settled = _each(days, self.settled, pl.col("known_from") <= pl.col("known_on"))
        return Inputs(known, self.reports, days, settled)

    def alike(self, days: list[date]) -> pl.DataFrame:
        """`known_on` and, for each, `first`: the first of the days on which the same was known, of the same year.

        A year's last day stands alone: it closes the year.
        """
        ordered = pl.Series("known_on", sorted(days), dtype=pl.Date)
        changed = {0}  # places of days that know more than the one before
        for moments in self._moments():
            changed |= set(ordered.search_sorted(moments, "left"))
        year_end = pl.date(pl.col("known_on").dt.year(), 12, 31)
        new = (
            pl.int_range(pl.len()).is_in(list(changed))
            | (pl.col("known_on") == year_end)
            | (year_end != year_end.shift(1))
        )
        return ordered.to_frame().with_columns(first=pl.when(new).then("known_on").forward_fill())

    def _moments(self) -> Iterator[pl.Series]:
        """Days from which more is known: a row came, was superseded, or what it tells of has happened since."""
        yield self.reports["reported_on"].unique()
        if self.settled is not None:
            yield self.settled["known_from"].unique()
        for frame in self._records():
            for name in (name for name, kind in frame.schema.items() if kind == pl.Date):
                yield frame.select(pl.max_horizontal(name, "received_on").unique()).to_series()

    def portions(self, days: pl.Series) -> Iterator[pl.Series]:
        """Days in portions whose records side by side are not too many at once."""
        at_once = max(1, _MOST_ROWS // max(1, sum(frame.height for frame in self._records())))
        return (days.slice(first, at_once) for first in range(0, len(days), at_once))

    def _records(self) -> list[pl.DataFrame]:
        return [*self.tables.values(), *(each for each in (self.digestion, self.batches) if each is not None)]


#: So many rows side by side stay well below 2 GB.
_MOST_ROWS = 4_000_000


def _each(days: pl.Series, frame: pl.DataFrame, known: pl.Expr) -> pl.DataFrame:
    """The rows of a frame on every day on which they are known."""
    return frame.lazy().join(days.to_frame().lazy(), how="cross").filter(known).collect()


def timeline(
    con: duckdb.DuckDBPyConnection, needs: Needs, context: Context, only: dict[str, str] | None = None
) -> Timeline:
    """Everything received up to the context's day, to be looked at on any day before.

    `only`: for some tables a query for the keys of the records that are wanted.
    """
    as_of, regions, only = context.as_of, context.regions, only or {}
    digestion = batches = None
    if DIGESTION in needs:
        digestion = core.revisions(con, DIGESTION, as_of, only.get(DIGESTION))
        batches = core.revisions(con, "approved_unsupplied", as_of, only.get("approved_unsupplied"))
    frames = {
        name: place(core.lifetimes(con, name, as_of, _with_status(name, columns), only.get(name)), regions)
        for name, columns in needs.items()
        if name != DIGESTION
    }
    return Timeline(frames, digestion, batches, core.reports(con, needs, as_of), regions)


def _with_status(table: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    return ("region_code", *columns, *(("status",) if "status" in TABLES[table] else ()))


def _without_cancelled(table: str, records: pl.DataFrame) -> pl.DataFrame:
    """A cancelled batch keeps its register row: whether its digestion counts is a rule of indicator 3."""
    cancellable = "status" in TABLES[table] and table != "approved_unsupplied"
    return records.filter(~is_cancelled()) if cancellable else records


def place(records: pl.DataFrame, regions: Regions) -> pl.DataFrame:
    """Put records into today's regions: an abolished code becomes its successor, or its city where it was split."""
    return (
        records.join(region_map(regions), on="region_code", how="left").with_columns(region_code="today").drop("today")
    )


def region_map(regions: Regions) -> pl.DataFrame:
    """region_code (any code ever valid) → today, region_level, city_code, province_code."""
    abolished = pl.col("last_day").is_not_null()
    today = pl.when(abolished).then(pl.coalesce("successor_code", "city_code")).otherwise("code")
    split = abolished & pl.col("successor_code").is_null()
    return regions.frame.select(
        region_code="code",
        today=today,
        region_level=pl.when(split).then(pl.lit("city")).otherwise("level"),
        city_code="city_code",
        province_code="province_code",
    )
