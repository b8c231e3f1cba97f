"""From a grid of text under a known header to the rows of a table: what each row and each column is.

Every row below the header is data, or is skipped with a reason, or is rejected with a finding; the counts add up.
"""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass, field, replace

import polars as pl

from schemas.table import NOTHING, Kind, Unit

from .header import Header, HeaderColumn, Profile, resembled, split_label
from .notes import NOTE, notes_between, tail_notes
from .report import address, found, letters
from .source import Block, Finding, Place, SourceColumn
from .units import Units, allowed, column_dimension, mentioned, named, plain, unit_cells, unit_row

HEADER, UNIT, BLANK, TOTAL, TITLE, ORDINAL = "表头", "单位行", "空行", "合计行", "标题", "栏次行"
_STEMS = list("甲乙丙丁戊己庚辛壬癸")
_TOTALS = ("合计", "总计", "小计")
#: “吴兴区小计”, “小计：2宗”.
_LIKE_TOTAL = r"^(?:20\d\d年度?)?[^0-9]{0,12}(?:合\s*计|总\s*计|小\s*计|共\s*计)数?\s*(?:[:：(（0-9].*)?$"


@dataclass(slots=True)
class Body:
    """The grid below a header: String columns `c0`, `c1`, …, the row's number `row` and, where a line had fewer
    cells than the header, their count `cells` (else null). Cells are stripped, empty = null."""

    frame: pl.DataFrame
    sheet: str | None = None
    first_column: int = 0  # index of `c0` in the sheet

    @property
    def cells(self) -> list[str]:
        return [name for name in self.frame.columns if name not in ("row", "cells")]

    def letter(self, index: int) -> str:
        """What a person calls the column of `c<index>`."""
        return letters(self.first_column + index)

    def place(self, row: int, index: int, header: str | None) -> Place:
        """A cell of that column, as a finding names it."""
        return Place(self.sheet, row, header, address(self.sheet, row, self.first_column + index))


@dataclass(frozen=True, slots=True)
class Unusable:
    """A column of the table that cannot be read, in one or several places, and why."""

    name: str
    columns: list[HeaderColumn]
    why: str


@dataclass(slots=True)
class Assembled:
    """One block with what was found and what was left out on the way."""

    block: Block
    findings: list[Finding] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: int = 0


def normalise(frame: pl.DataFrame, columns: list[str], *, newlines: bool = True) -> pl.DataFrame:
    """Cells without outer blanks (full-width and no-break ones too), inner newlines and tabs as blanks, "" as null."""
    cells = pl.col(columns)
    if newlines:
        cells = cells.str.replace_all(r"[\t\r\n]+", " ").str.replace_all(
            r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{feff}\x{200b}]+", ""
        )
    stripped = frame.with_columns(cells.str.strip_chars())
    return stripped.with_columns(pl.when(pl.col(columns).str.len_bytes() > 0).then(pl.col(columns)).name.keep())


def assemble(
    profile: Profile, header: Header, header_row: int, header_texts: list[str | None], body: Body, unread: int = 0
) -> Assembled:
    """The block of a sheet. `header_row`: number of the lowest header row; `header_texts`: its cells as read; `unread`:
    how many lines below it were no rows of cells."""
    kept, skipped, units_below = _classify(body, header_texts, profile, header)
    columns, findings, unreadable = _columns(profile, header, header_row, body, kept, units_below)
    kept, short, rejected = _short_lines(profile, header, columns, body, kept)
    kept, lost = _without_unreadable(unreadable, body, kept)
    kept, totals = _without_likely_totals(profile, columns, body, kept)
    lost += totals
    rejected += len(lost)
    rows = kept.select(
        pl.col("row").alias("row_number"),
        *(pl.col(f"c{column.index}").alias(name) for name, column in columns.items()),
    )
    if not rows.height and not rejected and not unread:
        findings.append(found("2013", Place(sheet=body.sheet, row_number=header_row), table=profile.table.label))
    source = {name: _source_column(profile, header, column, units_below, body) for name, column in columns.items()}
    findings += _told_beside(profile, header, body.sheet, source) if rows.height else []
    return Assembled(Block(body.sheet, rows, source), findings + short + lost, skipped, rejected)


def _told_beside(profile: Profile, header: Header, sheet: str | None, source: dict[str, SourceColumn]) -> list[Finding]:
    """Another unit of area than the one that is taken where a header names none: in the wrong one all areas are wrong,
    and by the same factor, so that no other rule can see it."""
    taken = {
        name: each
        for name, each in source.items()
        if column_dimension(profile.column(name)) == "area" and not each.unit
    }
    by_contract = {profile.column(name).unit for name in taken}
    told = [text for text in (sheet or "", *header.beside) if (units := mentioned(text)) and not units & by_contract]
    if not taken or not told:
        return []
    headers = "、".join(f"“{each.header}”" for each in [*taken.values()][:3]) + ("等" if len(taken) > 3 else "")
    unit = "、".join(sorted(filter(None, by_contract)))
    return [found("2017", Place(sheet=sheet), text=told[0], headers=headers, unit=unit)]


# --- Rows -------------------------------------------------------------------------------------------------------------


def _classify(
    body: Body, header_texts: list[str | None], profile: Profile, header: Header
) -> tuple[pl.DataFrame, Counter[str], dict[int, str]]:
    """Data rows, the others counted by reason, and the units of a unit row right below the header."""
    cells = body.cells
    # Null in a blank row.
    first = pl.coalesce(cells)
    total = first.str.replace_all(r"[\s:：]", "").is_in(_TOTALS)
    reason = (
        pl.when(pl.col("_total").is_null()).then(pl.lit(BLANK))
        .when(pl.col("_total") & ~_total_as_value(profile, header, cells)).then(pl.lit(TOTAL))
        .when(_repeats(header_texts, cells)).then(pl.lit(HEADER))
    )  # fmt: skip
    frame = body.frame.with_columns(_total=total, _like_total=first.str.contains(_LIKE_TOTAL)).with_columns(
        _reason=reason
    )
    special, units_below = _first_rows(frame.head(4), cells, header)
    special |= notes_between(frame, cells)
    special |= tail_notes(frame, cells, _words_expected(profile, header))
    if special:
        if notes := [number for number, reason in special.items() if reason == NOTE]:
            written = frame.filter(pl.col("row").is_in(notes)).select(pl.coalesce(cells)).to_series()
            header.beside.extend(written.drop_nulls())
        mark = pl.col("row").replace_strict(list(special), list(special.values()), default=None, return_dtype=pl.String)
        frame = frame.with_columns(_reason=pl.coalesce("_reason", mark))
    if frame["_reason"].null_count() == frame.height:
        return frame, Counter(), units_below
    counts = frame["_reason"].drop_nulls().value_counts()
    return frame.filter(pl.col("_reason").is_null()), Counter(dict(counts.iter_rows())), units_below


def _total_as_value(profile: Profile, header: Header, cells: list[str]) -> pl.Expr:
    """Rows whose 合计 is the value of a column that takes it (地类编码), where that column happens to stand first."""
    places = {column.name: f"c{column.index}" for column in header.columns if column.name}
    takers = [
        places[column.name]
        for column in profile.table.columns
        if column.name in places and set(column.choices) & set(_TOTALS)
    ]
    keys = [places[name] for name in profile.table.key if name in places]
    if not takers or len(keys) < len(profile.table.key):
        return pl.lit(False)
    before = cells[: cells.index(takers[0])]
    complete = pl.all_horizontal(pl.col(keys).is_not_null())
    return complete & pl.all_horizontal(pl.col(before).is_null()) if before else complete


def _words_expected(profile: Profile, header: Header) -> frozenset[str]:
    """Cells under which words are data: texts, choices and what the table does not know."""
    kinds = {column.index: profile.column(column.name) for column in header.columns if column.name}
    expected = {index for index, column in kinds.items() if column is None or column.kind in (Kind.TEXT, Kind.CHOICE)}
    known = {column.index for column in header.columns if column.name}
    return frozenset(f"c{index}" for index in range(header.width) if index in expected or index not in known)


def _repeats(header_texts: list[str | None], cells: list[str]) -> pl.Expr:
    """A row that repeats the header, as pasted or printed pages do."""
    same = [pl.col(f"c{i}") == text for i, text in enumerate(header_texts) if text and f"c{i}" in cells]
    return pl.all_horizontal(same).fill_null(False) if len(same) >= 2 else pl.lit(False)


def _first_rows(top: pl.DataFrame, cells: list[str], header: Header) -> tuple[dict[int, str], dict[int, str]]:
    """Unit rows and the row of column numbers (1 2 3 …) that may stand right below a header. Units that a row tells for
    all columns are added to the header's."""
    special: dict[int, str] = {}
    units_below: dict[int, str] = {}
    for row in top.select("row", "_reason", *cells).iter_rows():
        number, reason, values = row[0], row[1], list(row[2:])
        if reason is not None:
            continue
        filled = [plain(value).strip("()") for value in values if value]
        if len(filled) <= 3 and (units := unit_row(values)):
            special[number] = UNIT
            header.units.add(units)
        elif units := unit_cells(values):
            units_below |= units
            special[number] = UNIT
        elif len(filled) >= 3 and _numbered(filled):
            special[number] = ORDINAL
        elif filled and _repeats_words(header, values):
            special[number] = HEADER  # the lower half of merged headers whose upper half says it all
        else:
            break
    return special, units_below


def _repeats_words(header: Header, values: list[str | None]) -> bool:
    """Whether every filled cell says again what its column's header says, and nothing of units: those must not be lost."""
    headers = {column.index: column.text.split("/") for column in header.columns}
    return all(
        split_label(value)[0] in (split_label(part)[0] for part in headers.get(at, ())) and not split_label(value)[1]
        for at, value in enumerate(values)
        if value
    )


def _numbered(filled: list[str]) -> bool:
    """Column numbers as statistical forms have them: 1 2 3, 0 1 2, 甲 乙 1 2."""
    words = [text for text in filled if text in _STEMS]
    numbers = [str(n) for n in range(len(filled) - len(words) + 1)]
    return filled in ([*_STEMS[: len(words)], *numbers[1:]], [*_STEMS[: len(words)], *numbers[:-1]])


def _short_lines(
    profile: Profile, header: Header, columns: dict[str, HeaderColumn], body: Body, kept: pl.DataFrame
) -> tuple[pl.DataFrame, list[Finding], int]:
    """Reject lines that end before a required column; warn once of those that only lack optional ones."""
    if "cells" not in kept.columns or kept["cells"].null_count() == kept.height:
        return kept, [], 0
    needed = max((column.index + 1 for name, column in columns.items() if name in profile.required), default=0)
    cut = kept.filter(pl.col("cells") < needed)
    findings = [
        found(
            "2010",
            Place(row_number=row, cell=address(body.sheet, row, 0)),
            quarantined=True,
            row=row,
            found=cells,
            expected=header.width,
        )
        for row, cells in cut.select("row", "cells").iter_rows()
    ]
    kept = kept.filter(pl.col("cells").is_null() | (pl.col("cells") >= needed))
    short = kept.filter(pl.col("cells") < header.width)
    if short.height:
        first = short["row"][0]
        findings.append(
            found("2011", Place(row_number=first, cell=address(body.sheet, first, 0)), count=short.height, row=first)
        )
    return kept, findings, cut.height


def _without_likely_totals(
    profile: Profile, columns: dict[str, HeaderColumn], body: Body, kept: pl.DataFrame
) -> tuple[pl.DataFrame, list[Finding]]:
    """Reject rows that begin like a total in other words than the contract's and lack a record's key: as a record each
    would be told of once for every empty cell."""
    keys = [pl.col(f"c{columns[name].index}").is_null() for name in profile.table.key if name in columns]
    if not keys or not kept["_like_total"].any():
        return kept, []
    likely = pl.col("_like_total") & pl.any_horizontal(keys)
    totals = kept.filter(likely).select("row", text=pl.coalesce(body.cells))
    findings = [
        found("2019", body.place(row, 0, None), quarantined=True, value=text, row=row, text=text)
        for row, text in totals.iter_rows()
    ]
    return kept.filter(~likely), findings


# --- Columns ----------------------------------------------------------------------------------------------------------


def _columns(
    profile: Profile, header: Header, header_row: int, body: Body, kept: pl.DataFrame, units_below: dict[int, str]
) -> tuple[dict[str, HeaderColumn], list[Finding], list[Unusable]]:
    """The usable columns by name, findings on those that are unknown, doubled, missing or in a wrong unit, and those
    that are not required and cannot be read."""
    chosen, unusable, findings = _chosen(profile, header, header_row, body, kept, units_below)
    broken = {each.name for each in unusable}
    missing = [name for name in profile.required if name not in chosen and name not in broken]
    unknown = [
        column for column in header.columns if column.name is None and split_label(column.text)[0] not in profile.unused
    ]
    other = resembled((column.text for column in header.columns), profile.table) if missing else None
    if other:  # each of the unknown would be told to go
        hint = f"这些列像是《{other.label}》的：请核对文件名中的表名是否应为“{other.label}”。"
        findings.append(_missing(profile, missing, hint, body))
    else:
        if missing:
            findings.append(_missing(profile, missing, _closest_of_all(profile, missing, unknown, body), body))
        findings += _unknown(profile, header, header_row, unknown, missing, body)
    findings += _without_header(header, header_row, body, kept)
    return chosen, findings, [each for each in unusable if each.name not in profile.required]


def _chosen(
    profile: Profile, header: Header, header_row: int, body: Body, kept: pl.DataFrame, units_below: dict[int, str]
) -> tuple[dict[str, HeaderColumn], list[Unusable], list[Finding]]:
    """The column that each name is read from, and the names that cannot be read: doubled, or in a wrong unit."""
    chosen: dict[str, HeaderColumn] = {}
    unusable: list[Unusable] = []
    findings: list[Finding] = []

    def place(name: str, column: HeaderColumn) -> Place:
        at = body.place(header_row, column.index, column.text)
        # An error without a row rejects the file; an optional column is only left out.
        return replace(at, row_number=None) if name in profile.required else at

    for name in dict.fromkeys(column.name for column in header.columns if column.name):
        same = [column for column in header.columns if column.name == name]
        column, label = _one_of(same, kept), profile.label(name)
        where = "、".join(body.letter(each.index) for each in same)
        if column is None:
            findings.append(found("2005", place(name, same[0]), label=label, letters=where))
            unusable.append(Unusable(name, same, "列重复，内容又不相同"))
            continue
        letter = body.letter(column.index)
        if len(same) > 1:
            at = body.place(header_row, column.index, column.text)
            findings.append(found("2006", at, label=label, letters=where, letter=letter))
        if wrong := _unit(profile, header, column, units_below)[1]:
            words = {"letter": letter, "header": column.text, "unit": wrong, "units": allowed(profile.column(name))}
            findings.append(found("2004", place(name, column), **words))
            unusable.append(Unusable(name, [column], f"单位“{wrong}”不符"))
            continue
        chosen[name] = column
    return chosen, unusable, findings


def _missing(profile: Profile, missing: list[str], hint: str, body: Body) -> Finding:
    names = "、".join(profile.label(name) for name in missing)
    return found("2002", Place(sheet=body.sheet), columns=names, closest=hint)


def _closest_of_all(profile: Profile, missing: list[str], unknown: list[HeaderColumn], body: Body) -> str:
    labels = [profile.label(name) for name in missing]
    return "".join(_closest(column, labels, body) for column in unknown)


def _unknown(
    profile: Profile, header: Header, header_row: int, unknown: list[HeaderColumn], missing: list[str], body: Body
) -> list[Finding]:
    """Columns whose header is none of the table's, each with the nearest one that is not there; those that must be
    there first, so that a column is not told to be two."""
    required = [profile.label(name) for name in missing]
    labels = [profile.label(name) for name in dict.fromkeys(profile.labels.values()) if name not in header.names]
    table = profile.table.label
    return [
        found(
            "2003", body.place(header_row, column.index, column.text), letter=body.letter(column.index),
            header=column.text, table=table, closest=_closest(column, required, body) or _closest(column, labels, body),
        )
        for column in unknown
    ]  # fmt: skip


def _without_header(header: Header, header_row: int, body: Body, kept: pl.DataFrame) -> list[Finding]:
    """Columns that have cells and no header."""
    known = {column.index for column in header.columns}
    return [
        found("2015", body.place(header_row, index, None), letter=body.letter(index))
        for index in range(len(body.cells))
        if index not in known and kept[f"c{index}"].null_count() < kept.height
    ]


def _without_unreadable(unusable: list[Unusable], body: Body, kept: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """Reject the rows that say something in a column that cannot be read: without it they would say something else."""
    findings = []
    for each in unusable:
        for column in each.columns:
            cell, letter = f"c{column.index}", body.letter(column.index)
            if cell not in kept.columns:
                continue
            empty = pl.col(cell).is_null() | pl.col(cell).str.to_lowercase().is_in(NOTHING)
            for row, value in kept.filter(~empty).select("row", cell).iter_rows():
                at = body.place(row, column.index, column.text)
                words = {"row": row, "letter": letter, "header": column.text, "why": each.why}
                findings.append(found("2016", at, quarantined=True, value=value, **words))
            kept = kept.filter(empty)
    return kept, findings


def _one_of(same: list[HeaderColumn], kept: pl.DataFrame) -> HeaderColumn | None:
    """The column to use among several with one header: the only one with content, or the first of equal ones."""
    present = [column for column in same if f"c{column.index}" in kept.columns]
    filled = [column for column in present if kept[f"c{column.index}"].null_count() < kept.height]
    if len(filled) <= 1:
        return (filled or same)[0]
    first = filled[0]
    equal = all(
        kept[f"c{first.index}"].equals(kept[f"c{other.index}"], check_names=False)
        and (first.own, first.upper) == (other.own, other.upper)
        for other in filled[1:]
    )
    return first if equal else None


def _unit(
    profile: Profile, header: Header, column: HeaderColumn, units_below: dict[int, str]
) -> tuple[Unit | None, str | None]:
    """(unit, wrong unit as written): by its own brackets, else the header above, else the unit rows."""
    declared = profile.column(column.name)
    dimension = column_dimension(declared)
    own = column.own
    if column.index in units_below:
        own = own or named(units_below[column.index])
    numeric = declared is not None and declared.kind in ("number", "far", "index")
    if dimension is None:
        wrong = next(iter(own.known.values()), None) if numeric else None
        return None, str(wrong) if wrong else None
    if own:
        if own.foreign or dimension not in own.known:
            return None, "、".join([*own.known.values(), *own.foreign])
        return own.known[dimension], None
    for above in (column.upper, header.units):
        if foreign := [text for text in above.foreign if ("元" in text) == (dimension == "money")]:
            return None, "、".join([*above.known.values(), *foreign])
        if dimension in above.known:
            return above.known[dimension], None
    if column.upper.known and not _serves(header, column.upper, profile):
        return None, "、".join(column.upper.known.values())
    return None, None


def _serves(header: Header, upper: Units, profile: Profile) -> bool:
    """Whether an upper header's unit fits any of the columns below it."""
    return any(
        column_dimension(profile.column(column.name)) in upper.known
        for column in header.columns
        if column.name and column.upper.known == upper.known
    )


def _source_column(
    profile: Profile, header: Header, column: HeaderColumn, units_below: dict[int, str], body: Body
) -> SourceColumn:
    unit, _ = _unit(profile, header, column, units_below)
    return SourceColumn(column.name, column.text, body.letter(column.index), unit)


def _closest(column: HeaderColumn, labels: list[str], body: Body) -> str:
    near = difflib.get_close_matches(split_label(column.text)[0], labels, n=1, cutoff=0.5)
    return f"第 {body.letter(column.index)} 列“{column.text}”是否应为“{near[0]}”？" if near else ""
