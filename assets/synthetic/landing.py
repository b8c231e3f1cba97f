"""From tables to a landing directory: what makes a file, its name and flaws, and the files that are bad as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from assets.synthetic import annual, dirt, draws, evaluation, formats, idle, inefficient, supply, unsupplied
from assets.synthetic.dirt import Dirt
from assets.synthetic.formats import Dress
from assets.synthetic.plan import SILENT_CITY, START, City, batches, years
from schemas.submissions import TABLES
from schemas.table import Table


@dataclass(slots=True)
class Summary:
    """What was written: number of files, data rows by table (repeats included), planned dirt, and gaps left on purpose.

    `dirt` names file ("YYYY-MM-DD/name"), row as the person sees it and kind; `gaps` are (table, city, year)
    that a city did not hand in although its neighbours did.
    """

    files: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    dirt: list[Dirt] = field(default_factory=list)
    gaps: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def total_rows(self) -> int:
        return sum(self.rows.values())

    def kinds(self) -> dict[str, int]:
        """How often each kind of dirt was put in."""
        counts: dict[str, int] = {}
        for each in self.dirt:
            counts[each.kind] = counts.get(each.kind, 0) + 1
        return dict(sorted(counts.items()))


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often tables are handed in, in months, and by whom; `bulk` files are plain CSV."""

    supply: int
    events: int
    by_city: bool
    bulk: bool


QUARTERLY = Cadence(supply=3, events=6, by_city=True, bulk=False)
#: What makes a file.
_FILE = ("_sender", "_received", "_year", "_label")
YEARLY = Cadence(supply=12, events=12, by_city=False, bulk=True)


# --- Tables -----------------------------------------------------------------------------------------------------------


def tables(cities: Sequence[City], until: date, seed: int, cadence: Cadence) -> Iterator[tuple[Table, pl.DataFrame]]:
    """Every table as handed in by these cities (of one province): declared columns, typed, and control columns."""
    sent: dict[str, list[pl.DataFrame]] = {}
    quarters, halves, yearly = batches(until, cadence.supply), batches(until, cadence.events), batches(until, 12)
    for city in cities:
        sender = city.code if cadence.by_city else city.province
        register = unsupplied.batches_truth(city, until, seed)
        supplies = supply.truth(city, register["approval_no"], until, seed)
        digestion = unsupplied.digestion_truth(city, register, supplies, until, seed)
        cases = idle.truth(city, supplies, until, seed)
        patches = inefficient.truth(city, supplies, cases, until, seed)
        made = {
            "land_supply": supply.submitted(supplies, city, quarters, until, seed, city.code),
            "approved_unsupplied": unsupplied.register_submitted(
                register, digestion, city, yearly, until, seed, sender
            ),
            "unsupplied_digestion": unsupplied.digestion_submitted(digestion, city, halves, until, seed, sender),
            "idle_land": idle.submitted(cases, city, halves, until, seed, sender),
            "inefficient_land": inefficient.submitted(patches, city, halves, until, seed, sender),
            "far_exemption": supply.exemptions(supplies, city, yearly, until, seed, sender),
        }
        for name, rows in made.items():
            sent.setdefault(name, []).append(rows)
    province = cities[0].province
    frames = {name: pl.concat([rows for rows in parts if rows.height] or parts[:1]) for name, parts in sent.items()}
    frames |= annual.all_tables(cities, until, seed, province)
    frames |= evaluation.all_tables(cities, batches(until, 12 if cadence.bulk else 3), until, seed, province)
    for name, frame in frames.items():
        if cadence.bulk:
            frame = frame.with_columns(_received=_on_few_days(until))
            if name != "land_supply":
                frame = frame.with_columns(_sender=pl.lit(province))
        yield TABLES[name], frame


def _on_few_days(until: date) -> pl.Expr:
    """The first of a few days of receipt that is not before `_received`."""
    due = [date(year, month, day) for year in years(until) for month, day in ((1, 31), (4, 30), (10, 31))]
    later_due = pl.lit(until)
    for day in reversed([day for day in due if day < until]):
        later_due = pl.when(pl.col("_received") <= day).then(pl.lit(day)).otherwise(later_due)
    return later_due


def without_gap(frame: pl.DataFrame, table: Table, job: Job) -> pl.DataFrame:
    """Leave out what the silent city has not handed in: idle land of the last year, if there is an earlier one."""
    year = job.until.year
    silent = (pl.col("_sender") == SILENT_CITY) & (pl.col("_year") == year)
    if table.name != "idle_land" or year == START.year or frame.filter(silent).is_empty():
        return frame
    job.summary.gaps.append((table.name, SILENT_CITY, year))
    return frame.filter(~silent)


# --- Files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """Where to write, up to which day, from which seed, how often; and the tallies kept while writing."""

    landing: Path
    until: date
    seed: int
    cadence: Cadence
    summary: Summary
    turns: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was written; kept for the files that are made from it."""

    table: Table
    day: date
    name: str
    content: bytes
    rows: int

    @property
    def where(self) -> str:
        return f"{self.day.isoformat()}/{self.name}"


def write_tables(cities: Sequence[City], job: Job) -> Iterator[Made]:
    """Write every table of these cities; yields each file."""
    by_code = {city.code: city for city in cities}
    for table, frame in tables(cities, job.until, job.seed, job.cadence):
        frame = without_gap(frame, table, job).sort("_received", "_sender", maintain_order=True)
        for (sender, day, year, label), rows in frame.group_by(*_FILE, maintain_order=True):
            stem = "_".join(part for part in (table.label, sender, str(year), label) if part)
            made = _file(table, rows, stem, day, by_code.get(sender), job)
            _write(job.landing, made)
            job.summary.files += 1
            job.summary.rows[table.name] = job.summary.rows.get(table.name, 0) + made.rows
            yield made


def _file(table: Table, rows: pl.DataFrame, stem: str, day: date, city: City | None, job: Job) -> Made:
    rng = draws.stream(job.seed, "file", day, stem)
    dress = formats.fitted(formats.draw(rng, rows.height, plain=job.cadence.bulk), table)
    typed = rows.drop(_FILE)
    cells = formats.with_empty_words(formats.spelled(typed, table, dress), table, dress, rng)
    cells, flaws = dirt.soiled(typed, cells, table, dirt.Writer(table, dress, city, job.turns), rng)
    title = f"{rows['_year'][0]}年{table.label}报送表"
    content, first = formats.to_bytes(cells, table, dress, title, f"{city.name if city else '省'}自然资源主管部门")
    made = Made(table, day, f"{stem}.{dress.form}", content, cells.height)
    _note(made, cells, flaws, _lines(cells, first, dress.form), dress, job.summary)
    return made


def _note(
    made: Made, cells: pl.DataFrame, flaws: list[tuple[int, str]], lines: list[int], dress: Dress, summary: Summary
) -> None:
    keys = cells.select(pl.concat_str(made.table.key, separator="|", ignore_nulls=True)).to_series()
    for index, kind in sorted(flaws):
        on_file = kind in dirt.ON_THE_FILE
        row, key = (None, None) if on_file else (lines[index], keys[index])
        summary.dirt.append(Dirt(made.where, row, kind, made.table.name, key))
    if dress.extra:
        summary.dirt.append(Dirt(made.where, None, "unknown_column", made.table.name))


def _lines(cells: pl.DataFrame, first: int, form: str) -> list[int]:
    """Where each row stands; a line break inside a CSV cell moves the rest down."""
    if form != formats.CSV or "project_name" not in cells.columns:
        return list(range(first, first + cells.height))
    breaks = cells["project_name"].str.count_matches("\n").fill_null(0)
    return (pl.int_range(first, first + cells.height, eager=True) + breaks.cum_sum() - breaks).to_list()


def _write(landing: Path, made: Made) -> None:
    folder = landing / made.day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / made.name).write_bytes(made.content)


# --- Files that are bad as a whole, and files sent twice --------------------------------------------------------------

#: The city whose file of a kind goes wrong, a few days before the good one arrives.
_BROKEN_BY, _MISNAMED_BY, _INCOMPLETE_BY = "330600", "330700", "331000"
_SENT_AGAIN = 5


def write_bad_files(made: Sequence[Made], job: Job) -> None:
    """An unreadable file, an unknown table, a missing column; and some files whose same bytes arrive again later."""
    supplies = [each for each in made if each.table.name == "land_supply"]
    for sender, flaw, spoil in (
        (_BROKEN_BY, "unreadable_file", _truncated),
        (_MISNAMED_BY, "unknown_table", _misnamed),
        (_INCOMPLETE_BY, "missing_column", _without_contract_date),
    ):
        source = next((each for each in supplies if f"_{sender}_" in each.name), None)
        if source:
            bad = spoil(source)
            _write(job.landing, bad)
            job.summary.files += 1
            job.summary.dirt.append(Dirt(bad.where, None, flaw, source.table.name))
    early = [each for each in made if each.day + timedelta(days=25) <= job.until]
    for each in early[7 :: max(1, len(early) // _SENT_AGAIN)][:_SENT_AGAIN]:
        copy = replace(each, day=each.day + timedelta(days=25))
        if (job.landing / copy.day.isoformat() / copy.name).exists():
            continue
        _write(job.landing, copy)
        job.summary.files += 1
        job.summary.dirt.append(Dirt(copy.where, None, "same_bytes", each.table.name))


def _truncated(source: Made) -> Made:
    """A workbook whose transfer broke off."""
    cells = pl.DataFrame({"行政区代码": ["330602"] * 40, "电子监管号": [f"3306022025B{n:05d}" for n in range(40)]})
    table = replace(source.table, columns=source.table.columns[:2])
    named = cells.rename({"行政区代码": "region_code", "电子监管号": "supervision_no"})
    content, _ = formats.to_bytes(named, table, formats.Dress(form=formats.XLSX), "供地结果报送表", "绍兴市")
    name = source.name.rsplit(".", 1)[0] + "_初稿.xlsx"
    return replace(source, day=source.day - timedelta(days=3), name=name, content=content[: len(content) // 2])


def _misnamed(source: Made) -> Made:
    return replace(source, day=source.day - timedelta(days=2), name=source.name.replace("供地结果", "土地出让情况汇总"))


def _without_contract_date(source: Made) -> Made:
    """The file as it would be without 合同签订日期."""
    table = replace(
        source.table, columns=tuple(column for column in source.table.columns if column.name != "contract_date")
    )
    cells = pl.DataFrame({column.name: [f"{n}" for n in range(30)] for column in table.columns})
    content, _ = formats.to_bytes(cells, table, formats.Dress())
    name = source.name.rsplit(".", 1)[0] + "_首次.csv"
    return replace(source, day=source.day - timedelta(days=4), name=name, content=content)
