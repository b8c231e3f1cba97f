"""One night after the other in a home: the steps of the nightly in this process, without Dagster, and what must hold.

`live` goes through a life (`tests/nights_life.py`); everything that does not hold is a `Broken`, which names it.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from functools import partial
from html import unescape
from itertools import chain, islice
from pathlib import Path

import duckdb

from assets import core, indicators, marts, once, quality, raw, release
from assets import warehouse as warehouses
from assets.circumstances import fresh, make_context, stamp, unready
from assets.context import Context
from assets.explain import explain_all, opened
from assets.explain.chosen import Chosen
from assets.home import SHANGHAI, Home
from assets.outputs import bundle, documents, loading, site
from assets.outputs.model import NothingToReport, ReportModel
from assets.trust.builders import keep_results
from expectations import validate
from expectations.bridge import as_row
from expectations.suites import checks
from pipelines import cli
from pipelines.cli.desk import Desk
from pipelines.cli.explain_page import page
from pipelines.settings import Settings
from schemas.indicators import INDICATORS
from schemas.marts import MARTS
from tests.nights_life import Life, Night
from tests.test_documents_one_number import SHOWN, SUMS, Known, Page, shows

FAR_FUTURE = date(2040, 1, 1)
AFTER = ("revision", "plausibility", "quality_check")
#: What a page or a document never says.
NEVER = re.compile(r"\bNone\b|\bnan\b|\bNaN\b|\bNaT\b|\binf\b|\{\{|\}\}|KeyError|Undefined|<script>alert")

#: Pages of numbers that are worked out, or of an earlier release.
ELSEWHERE = ("what-if.html", "restatement.html")


class Broken(AssertionError):
    """Something that must hold after every night does not."""


class Nights:
    """A home that lives."""

    def __init__(self, place: Path, life: Life, thorough: float = 0.2):
        self.landing, self.home, self.life = place / "landing", Home(place / "home").prepare(), life
        self.landing.mkdir(parents=True, exist_ok=True)
        self.thorough = thorough
        self.dice = random.Random(life.described())
        self.regions = ""
        if life.regions:
            table = place / "regions.csv"
            table.write_text(life.regions, encoding="utf-8")
            self.regions = str(table)

    def live(self, only_first: int | None = None) -> Iterator[str | None]:
        """Night after night; yields the release that each made, None when nothing had changed."""
        for night in self.life.nights[:only_first]:
            for path, content in night.files.items():
                (self.landing / path).parent.mkdir(exist_ok=True)
                (self.landing / path).write_bytes(content)
            if night.rebuilt:
                self.home.warehouse.unlink(missing_ok=True)
            before = release.current(self.home)
            made = self._night(night)
            if made:
                self._look_at(made, before)
                self._rule_of_commands(made, before)
            for deed in night.deeds:
                self._do(deed)
            yield made

    # --- The night itself ------------------------------------------------------------------------------------------

    def _night(self, night: Night) -> str | None:
        context = make_context(date.fromisoformat(night.day), self.life.standing | night.rules, self.regions)
        with self.home.locked("nights"), warehouses.connect(self.home.warehouse) as con:
            core.write_regions(con, context.regions)
            raw.capture(con, self.landing, self.home.raw, FAR_FUTURE, context.regions)
            for table in core.ORDER:
                core.load(con, self.home.raw, table, context.regions)
            if known := release.same(
                self.home,
                stamp(con, context, bool(night.rules)),
                release.kind_of(self.home, context.as_of, bool(night.rules)),
            ):
                if not night.rebuilt:
                    return None
                self._made_again(con, context, known.release_id)
                return None
            release_id = release.next_id(self.home, context.as_of)
            with once.kept():
                self._build(con, context, release_id)
            assert unready(con, context) is None
            kind, made_from = (
                release.kind_of(self.home, context.as_of, bool(night.rules)),
                stamp(con, context, bool(night.rules)),
            )
        made_at = f"{night.day}T02:00:00+08:00"
        release.publish(self.home, self.home.build, release_id, kind, made_from, made_at, self._outputs(release_id))
        release.prune(self.home, self.life.keep)
        return release_id if release_id in release.ids(self.home) else None

    def _outputs(self, release_id: str) -> release.Extras:
        """All outputs as the nightly makes them; on most nights only one form of the documents, to save time."""
        if self.dice.random() < self.thorough:
            return bundle.of_release(self.home, release_id, lambda _: None)
        bundle.make(self.home, bundle.RECEIPTS)

        def write(folder: Path) -> None:
            bundle._take(self.home, bundle.RECEIPTS, folder / bundle.RECEIPTS)
            with contextlib.suppress(NothingToReport):
                model = bundle.load(self.home, self.home.build)
                form = self.dice.choice(documents.FORMATS)
                documents.write_all(
                    model, folder / "documents", self.dice.sample(["annual", "midterm", "final"], 1), [form]
                )
                site.write(model, folder / "site", folder)

        return write

    def _build(self, con: duckdb.DuckDBPyConnection, context: Context, release_id: str) -> None:
        shutil.rmtree(self.home.build.parent / "checks", ignore_errors=True)
        regions, made_at = context.regions, datetime.combine(context.as_of, time(2), SHANGHAI)
        self._keep(con, context, release_id, self._check(con, "core", None, regions))
        self._ahead(indicators.ahead(con, context), quality.ahead(con, context))
        self._ahead(marts.ahead(con, self.home.build, "core", context, release_id, made_at))
        known = fresh(con, context)
        for code in INDICATORS:
            if code not in known:
                indicators.derive(con, code, context)
        self._keep(con, context, release_id, self._check(con, "indicator", None, regions))
        self._ahead(marts.ahead(con, self.home.build, "indicator", context, release_id, made_at))
        first = [name for name in MARTS if name not in AFTER]
        read_ahead = None
        for names in (first, *([name] for name in AFTER)):
            for name in names:
                marts.build(con, self.home.build, name, context, release_id, made_at)
            with duckdb.connect(str(self.home.build), read_only=True) as build:
                results = self._check(build, "mart", names, regions)
            self._keep(con, context, release_id, results)
            of_marts = list(marts.ahead(con, self.home.build, "mart", context, release_id, made_at))
            self._ahead(of_marts)
            if names is first and self.dice.random() < 0.5:
                read_ahead = self._read_ahead(*of_marts)
        if read_ahead and loading.checked(read_ahead, self.home.build) != bundle.load(self.home, self.home.build):
            raise Broken("read while the marts were checked, the report is another one")

    def _read_ahead(self, revision: tuple[once.Key, Callable]) -> ReportModel | None:
        with contextlib.suppress(NothingToReport):
            return loading.load_unchecked(self.home.build, once.work_out(*revision), partial(bundle.earlier, self.home))

    def _ahead(self, *works: Iterable[tuple[once.Key, Callable]]) -> None:
        """As much ahead as a run that waits for its checks would have time for."""
        time_for = self.dice.choice((0, 3, 100))
        for _ in islice(once.ahead(chain.from_iterable(works)), time_for):
            pass

    def _keep(self, con: duckdb.DuckDBPyConnection, context: Context, release_id: str, results: list) -> None:
        keep_results(con, context, release_id, self.home.build, [as_row(each) for each in results])

    def _check(self, con: duckdb.DuckDBPyConnection, layer: str, tables: list[str] | None, regions) -> list:
        """The checks of a layer, each by its own query: the same as Great Expectations, in a tenth of the time."""
        broken = []
        con.register(validate.REGIONS, regions.current.select("code", "level").to_arrow())
        for check in checks(layer, tables):
            (count,) = con.execute(f"SELECT count(*) FROM ({check.sql})").fetchone()
            sample = validate._sample(con, check) if count else ()
            broken.append(validate.CheckResult(check, not count, count, sample, check.sql, check.label, check.label_en))
        con.unregister(validate.REGIONS)
        if stopped := [(each.table, each.name, each.unexpected, each.sample[:3]) for each in broken if each.blocks]:
            raise Broken(f"critical checks of {layer}: {stopped}")
        return broken

    def _made_again(self, con: duckdb.DuckDBPyConnection, context: Context, release_id: str) -> None:
        """From `raw/` alone: the marts that a release's history has no part in have the checksums of the first time."""
        expected = release.manifest(self.home, release_id).checksums
        path = self.home.path / "again" / "build" / "landstock.duckdb"
        path.parent.mkdir(parents=True, exist_ok=True)
        for code in INDICATORS:
            indicators.derive(con, code, context)
        made_at = datetime.combine(context.as_of, time(2), SHANGHAI)
        for name in (
            "indicator_value",
            "indicator_part",
            "assessment",
            "contribution",
            "submission",
            "quality_finding",
        ):
            marts.build(con, path, name, context, release_id, made_at)
            with duckdb.connect(str(path)) as again:
                if release.checksum(again, MARTS[name]) != expected[name]:
                    raise Broken(f"{release_id} made again has another {name}")
        shutil.rmtree(path.parent.parent)

    # --- What must hold --------------------------------------------------------------------------------------------

    def _look_at(self, release_id: str, before: str | None) -> None:
        folder = self.home.releases / release_id
        if broken := release.verify(self.home, release_id):
            raise Broken(f"files differ from the manifest: {broken}")
        database = folder / release.DATABASE
        with duckdb.connect(str(database), read_only=True) as con:
            lost = con.execute(
                "SELECT file_name FROM mart.submission WHERE lines IS DISTINCT FROM"
                " rows_loaded + rows_quarantined + lines_skipped OR least(lines, rows_loaded, rows_quarantined) < 0"
            ).fetchall()
            wrong = con.execute(
                "SELECT region_code, indicator, year, basis FROM mart.indicator_value WHERE isnan(value) OR isinf(value)"
                " OR (value IS NULL) = (absence IS NULL)"
            ).fetchall()
            causeless = con.execute(
                "SELECT region_code, indicator, year FROM mart.revision WHERE cause IS NULL AND verdict_cause IS NULL"
            ).fetchall()
            other = con.execute(
                "SELECT region_code, indicator, year, basis, change, effect_other FROM mart.revision WHERE abs(effect_other) > 1e-6"
            ).fetchall()
            numbers = _numbers(con)
        for what, found in (("lines", lost), ("figures", wrong), ("no cause", causeless), ("unexplained", other)):
            if found:
                raise Broken(f"{what}: {found[:3]}")
        self._explained(
            database, release.database(self.home, before) if before and (self.home.releases / before).exists() else None
        )
        self._pages(folder, numbers)
        self._documents(folder)

    def _explained(self, now: Path, before: Path | None) -> None:
        desk = Desk(Settings(self.home.path, self.landing))
        with opened(now, before) as con:
            for made in explain_all(con, Chosen(), compare=before is not None):
                if not made.adds_up:
                    raise Broken(f"does not add up: {made.region_code} {made.indicator} {made.year} {made.basis}")
                if self.dice.random() < 0.02 and (found := NEVER.search(page(desk, made))):
                    raise Broken(f"explain {made.region_code} {made.indicator} {made.year} says {found[0]}")

    def _pages(self, folder: Path, numbers: Known) -> None:
        for path in sorted((folder / "site").rglob("*.html")):
            if path.parent.name == "county" and self.dice.random() > 0.15:
                continue
            name, text = path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")
            if path.name == "dictionary.html":  # the same in every release, and long
                continue
            made = Page(text)
            self._never(name, text, made.text)
            if made.unnamed and path.name != "downloads.html":
                raise Broken(f"{name}: numbers without a value: {made.unnamed[:3]}")
            for shown, value in made.figures:
                if SHOWN.search(shown) and not shown.startswith("＜") and not shows(shown, float(value)):
                    raise Broken(f"{name}: shows {shown} for {value}")
                if path.name not in ELSEWHERE and float(value) not in numbers:
                    raise Broken(f"{name}: {value} is not in the marts")
        for path in (folder / "receipts").glob("*.html"):
            self._never(path.name, path.read_text(encoding="utf-8"), [])

    def _never(self, name: str, html: str, text: list[str]) -> None:
        if "<script>alert" in html or "<b>粗</b>" in html:
            raise Broken(f"{name}: markup of a text is not escaped")
        said = unescape("".join(text)).replace("<script>alert", "")
        if found := NEVER.search(said):
            raise Broken(f"{name} says {said[max(found.start() - 60, 0) : found.end() + 60]!r}")

    def _documents(self, folder: Path) -> None:
        for path in [*(folder / "documents").rglob("*.docx"), *(folder / "documents").rglob("*.xlsx")]:
            with zipfile.ZipFile(path) as archive:
                for part in archive.namelist():
                    if not part.endswith(".xml"):
                        continue
                    text = archive.read(part).decode()
                    words = "\n".join(re.findall(r"<(?:w:)?t(?: [^>]*)?>([^<]*)</(?:w:)?t>", text))
                    if found := NEVER.search(words):
                        raise Broken(f"{path.name} says {words[max(found.start() - 60, 0) : found.end() + 60]!r}")

    # --- What people do --------------------------------------------------------------------------------------------

    def _rule_of_commands(self, made: str, before: str | None) -> None:
        home, dice = ["--home", str(self.home.path)], self.dice
        regions = ["--regions", self.regions] if self.regions else []
        self._call("status", *home, "--landing", str(self.landing), *regions)
        self._call("releases", *home)
        if release.current(self.home):  # a what-if may come first
            self._call("calendar", *home)
            self._call("query", "FROM mart.indicator_as_of(DATE '2027-01-01')", *home, "--format", "csv")
            self._call("acknowledge", *home)
        self._call("targets", *regions, allowed=(0, 2, 3) if regions else (0,))
        self._call("object", made, *home)
        for other in [each for each in release.ids(self.home) if each != made][-1:]:
            self._call("diff", other, made, *dice.choice([[], ["--all"], ["--all", "--json"]]), *home)
        with release.open_read_only(self.home, made) as con:
            cells = con.execute(
                "SELECT region_code, indicator, year, basis FROM indicator_value ORDER BY ALL"
            ).fetchall()
        here = ["--release", made] if made != release.current(self.home) else []
        for region, indicator, year, basis in dice.sample(cells, min(2, len(cells))):
            more = dice.choice([[], ["--json"], ["--lang", "en"]])
            self._call("explain", region, indicator, str(year), "--basis", basis, *more, *here, *home)
        if dice.random() > self.thorough:
            return
        kind, form = dice.choice(["annual", "midterm", "final"]), dice.choice(["html,csv", "xlsx,docx", "pdf"])
        self._call("report", kind, "--format", form, "--release", made, *home, allowed=(0, 2, 3) if regions else (0,))

    def _do(self, deed: str) -> None:
        home, now = ["--home", str(self.home.path)], release.current(self.home)
        if now is None:
            return
        with release.open_read_only(self.home, now) as con:
            cells = con.execute(
                "SELECT region_code, indicator, year FROM revision UNION ALL SELECT region_code, indicator, year FROM assessment LIMIT 40"
            ).fetchall()
        region, indicator, year = self.dice.choice(cells) if cells else ("330100", "stock_supply_share", 2026)
        words = ["--text", "对“存量”<b>有异议</b>｜👩‍🌾", "--by", "张“三”"]
        match deed:
            case "公示" | "定稿":
                self._call("publish", now, "--state", deed, "--by", "李四", *home, allowed=(0, 2))
            case "object":
                self._call(
                    "object",
                    now,
                    "--region",
                    region,
                    "--indicator",
                    indicator,
                    "--year",
                    str(year),
                    *words,
                    *home,
                    allowed=(0, 2),
                )
            case "resolve":
                self._call("object", now, "--resolve", "1", *words, *home, allowed=(0, 2))
            case "acknowledge":
                reason = ["--reason", "确有<b>其事</b>", "--by", "王五", "--until", "2032-12-31"]
                self._call("acknowledge", region, indicator, str(year), *reason, *home, allowed=(0, 2))
            case "rollback":
                self._call("rollback", self.dice.choice(release.ids(self.home)), *home, allowed=(0, 2, 3))

    def _call(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> None:
        """A command as a person gives it."""
        said, complained = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            code = cli.call(list(arguments))
        if code not in allowed or "意外错误" in complained.getvalue():
            raise Broken(f"{arguments}: exit {code}, {complained.getvalue()[-600:]}")
        if "--json" not in arguments and arguments[0] != "query" and (found := NEVER.search(said.getvalue())):
            place = said.getvalue()[max(found.start() - 80, 0) : found.end() + 80]
            raise Broken(f"{arguments}: says {place!r}")


def _numbers(con: duckdb.DuckDBPyConnection) -> Known:
    columns = con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'mart'"
        " AND data_type SIMILAR TO '(DOUBLE|DECIMAL.*|INTEGER|BIGINT|HUGEINT)'"
    ).fetchall()
    as_of = date.fromisoformat(con.execute("SELECT value FROM mart.release_info WHERE name = 'as_of'").fetchone()[0])
    year = str(min(as_of.year, 2030))
    queries = [f'SELECT DISTINCT "{column}" FROM mart."{table}"' for table, column in columns]
    queries += [each.replace("2026", year) for each in SUMS]
    rows = [row for query in queries for row in con.execute(query).fetchall()]
    return Known({0.0} | {float(value) for row in rows for value in row if value is not None})
