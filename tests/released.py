"""A bureau that also publishes: releases made from its submissions by the steps of the nightly, without Dagster."""

from __future__ import annotations

import shutil
from datetime import date, datetime, time
from pathlib import Path

import duckdb
import polars as pl

from assets import core, indicators, marts, raw, release, revision
from assets.circumstances import make_context, stamp
from assets.context import Context
from assets.home import SHANGHAI, Home
from schemas.indicators import INDICATORS
from schemas.marts import MARTS
from tests.bureau import Bureau

#: Marts that a comparison reads, and those that come of it. The others stay empty here.
COMPARED = (
    "indicator_value", "assessment", "contribution", "submission", "release_info", "cancellation", "target",
    "target_trajectory",
)  # fmt: skip
TRUST = ("revision", "plausibility", "objection")
FAR_FUTURE = date(2030, 12, 31)


class Publisher(Bureau):
    """Hands in files; builds what a release would hold, and publishes it in `home`."""

    def __init__(self, path: Path):
        super().__init__(path)
        self.home = Home(path).prepare()

    @classmethod
    def reopened(cls, path: Path) -> Publisher:
        """The same home with a landing directory and a warehouse that are made anew."""
        shutil.rmtree(path / "landing", ignore_errors=True)
        return cls(path)

    def build(self, day: str, names: tuple[str, ...] = COMPARED, **rules: str) -> Path:
        """A database with the marts of a day, from the files received by it; `rules` are what-if switches."""
        return self._build(self._context(day, rules), day, names)

    def publish(self, day: str, further: tuple[str, ...] = (), **rules: str) -> str:
        """A sealed release of a day; its id. `further`: marts that it holds beside those that are compared."""
        context = self._context(day, rules)
        release_id = release.next_id(self.home, context.as_of)
        made = (*COMPARED, *further, *TRUST)
        self._make(self.home.build, made, context, release_id)
        with duckdb.connect(str(self.home.build)) as con:
            for name in MARTS.keys() - {*made}:
                con.execute(MARTS[name].ddl())
        kind, made_from = release.kind_of(self.home, context.as_of, bool(rules)), stamp(self.con, context, bool(rules))
        release.publish(self.home, self.home.build, release_id, kind, made_from, f"{day}T02:00:00+08:00")
        return release_id

    def moved(
        self, before: Path, now: Path, indicator: str, region: str = "330100", year: int = 2026, basis: str = ""
    ) -> dict:
        """The revision of one figure; `effects` holds those that are not zero."""
        basis = basis or str(INDICATORS[indicator].judged)
        cell = {"region_code": region, "indicator": indicator, "year": year, "basis": basis}
        (row,) = revision.between(before, now).filter(**cell).iter_rows(named=True)
        effects = {
            name.removeprefix("effect_"): float(row[name]) for name in row if name.startswith("effect_") and row[name]
        }
        return row | {"effects": effects}

    def rows(self, release_id: str, sql: str) -> list[tuple]:
        """A query on a release's marts."""
        with release.open_read_only(self.home, release_id) as con:
            return con.execute(sql).fetchall()

    def _context(self, day: str, rules: dict[str, str]) -> Context:
        context = make_context(
            date.fromisoformat(day), {name.replace("__", "."): value for name, value in rules.items()}
        )
        raw.capture(self.con, self.landing, self.raw, FAR_FUTURE, self.regions)
        for table in core.pending(self.con):
            core.load(self.con, self.raw, table, self.regions)
        for code in INDICATORS:
            indicators.derive(self.con, code, context)
        return context

    def _build(self, context: Context, release_id: str, names: tuple[str, ...]) -> Path:
        folder = self.home.path / "builds" / context.rules.label
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{release_id}.duckdb"
        self._make(path, names, context, release_id)
        return path

    def _make(self, path: Path, names: tuple[str, ...], context: Context, release_id: str) -> None:
        made_at = datetime.combine(context.as_of, time(2), SHANGHAI)
        for name in names:
            marts.build(self.con, path, name, context, release_id, made_at)


def table(path: Path, name: str) -> pl.DataFrame:
    """A mart of a built database, sorted, without what names the release."""
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(f"SELECT * FROM mart.{name}").pl().drop("release_id", strict=False)
