"""Finding a table's header in the first rows of a sheet: which row it is, which column is which, in which unit.

Works on a few rows of text; what stands below the header is `layout`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache

from schemas.submissions import LAND_SUPPLY, LANDCHINA_HEADERS, TABLES
from schemas.table import Column, Table, Unit

from .units import Units, column_dimension, named, plain, unit_row

HEAD_ROWS = 15
#: What the landchina export must have; the rest of a supply record stays unknown there.
LANDCHINA_REQUIRED = ("supervision_no", "supplied_area_mu", "land_source", "contract_date")
_MARKS = frozenset({"supervision_no", "supplied_area_mu", "land_source"})
#: Headers of the export that are known and not used; holders' names are never read.
LANDCHINA_UNUSED = frozenset(
    (
        "项目位置", "土地使用年限", "土地级别", "约定交地时间", "实际开工时间", "实际竣工时间", "批准单位",
        "土地使用权人", "受让人", "分期支付约定", "支付期号", "约定支付日期", "约定支付金额", "序号",
        "url", "header", "location", "duration", "grade", "paid_plan", "holder", "approvedby", "serial_number", "link",
        "time4handover_plan", "time4commencement_reality", "time4completion_reality",
    )
)  # fmt: skip

Cells = Sequence[str | None]
Merge = tuple[int, int, int, int]  # first row, first column, last row, last column, from 0, both ends included


@dataclass(frozen=True)
class Profile:
    """The headers that one kind of source uses for a table."""

    name: str  # "bureau" or "landchina"
    table: Table
    labels: dict[str, str]  # comparable header → column name
    required: tuple[str, ...]
    unused: frozenset[str] = frozenset()
    signature: frozenset[str] = frozenset()  # columns without which a header is not taken for this profile's

    @cached_property
    def spellings(self) -> str:
        """All comparable headers as one text, a line each."""
        return "\n".join(self.labels)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.table.columns if column.name == name), None)

    def label(self, name: str) -> str:
        if self.name == "landchina":
            return next((label for label, column in LANDCHINA_HEADERS.items() if column == name), name)
        return self.table[name].label


@cache
def bureau(table: Table) -> Profile:
    """The contract's headers of a table: label, aliases and English name of each column."""
    labels = {
        plain(spelling): column.name
        for column in table.columns
        for spelling in (column.name, *column.aliases, column.label)
    }
    return Profile("bureau", table, labels, table.required)


def landchina(announced: bool) -> Profile:
    """The portal's headers, Chinese (CSV) and English (JSON); unless the file's name announces them, by their marks."""
    labels = {plain(header): name for header, name in LANDCHINA_HEADERS.items()}
    return Profile(
        "landchina", LAND_SUPPLY, labels, LANDCHINA_REQUIRED, LANDCHINA_UNUSED, frozenset() if announced else _MARKS
    )


@dataclass(slots=True)
class HeaderColumn:
    """One column of the header. `name` is None where the profile does not know it."""

    index: int
    text: str  # as written, upper and lower header joined by "/"
    name: str | None = None
    own: Units = field(default_factory=Units)  # from its own brackets or slash
    upper: Units = field(default_factory=Units)  # from a header cell above it


@dataclass(slots=True)
class Header:
    """Where the header is: rows from 0 within the head, `first` to `last`; its columns; the unit row's units."""

    first: int
    last: int
    columns: list[HeaderColumn]
    units: Units = field(default_factory=Units)
    unit_rows: int = 0
    beside: list[str] = field(default_factory=list)  # what is written above and below the table and is no unit row

    @property
    def names(self) -> set[str]:
        return {column.name for column in self.columns if column.name}

    @property
    def width(self) -> int:
        """Columns up to the last one with a header."""
        return max(column.index for column in self.columns) + 1


def find_header(head: Sequence[Cells], profile: Profile, merges: Sequence[Merge] = ()) -> Header | None:
    """The best header of a profile within the first rows, or None when no row names two of its columns.

    `head`: the first rows, cells stripped, empty = None. `merges`: merged cells, when the source tells them.
    """
    best: tuple[int, int, int] | None = None
    found: list[HeaderColumn] = []
    promised = [_promise(cells, profile) for cells in head[:HEAD_ROWS]]
    for last in range(len(promised)):
        for depth in range(1, min(3, last + 1) + 1):
            most = sum(promised[last - depth + 1 : last + 1])
            if most < 2 or (best is not None and (most, -depth, -last) <= best):
                continue
            columns = _flatten(head, last - depth + 1, last, profile, merges)
            score = (len({column.name for column in columns if column.name}), -depth, -last)
            if score[0] >= 2 and (best is None or score > best):
                best, found = score, columns
    if best is None or not profile.signature <= {column.name for column in found}:
        return None
    last, first = -best[2], -best[2] + best[1] + 1
    header = Header(first, last, found)
    _units_above(head, header, merges)
    return header


def resembled(texts: Iterable[str], table: Table) -> Table | None:
    """Another table whose required columns these headers name, when they name few of this table's own."""
    labels = {split_label(text)[0] for text in texts if text}

    def share(other: Table) -> float:
        return sum(plain(other[name].label) in labels for name in other.required) / len(other.required)

    best = max(TABLES.values(), key=share)
    return best if best is not table and share(best) > 0.6 > share(table) else None


def _promise(cells: Cells, profile: Profile) -> int:
    """How many columns a row's cells may name at most: a cell's own words are always part of the header it makes."""
    return sum(bool(text) and _split_label(text)[0] in profile.spellings for text in cells)


def split_label(text: str) -> tuple[str, Units]:
    """A header cell as comparable label and the units named in its brackets or behind a slash."""
    label, units = _split_label(text)
    return label, Units(dict(units.known), list(units.foreign))


_MARKED = frozenset("()[]/")


@lru_cache(maxsize=4096)  # the same few headers are tried in every row and depth of every file
def _split_label(text: str) -> tuple[str, Units]:
    if text.isascii() and _MARKED.isdisjoint(text):  # most values: nothing to normalise, no unit
        return "".join(text.split()).lower().strip("*:"), Units()
    label = plain(text).translate(str.maketrans("[]【】〔〕〈〉", "()()()()")).strip("*:★").strip()
    units = Units()
    for inside in re.findall(r"\(([^()]*)\)", label):
        units.add(named(inside))
    label = re.sub(r"\([^()]*\)", "", label).strip("*:★")
    if "/" in label:
        head, _, tail = label.rpartition("/")
        behind = named(tail)
        if head and behind:
            return head.strip("*:★"), behind
    return label, units


def _flatten(
    head: Sequence[Cells], first: int, last: int, profile: Profile, merges: Sequence[Merge]
) -> list[HeaderColumn]:
    rows = [_spread(head, row, merges, below=head[last] if row < last else None) for row in range(first, last + 1)]
    columns = []
    for index in range(max(len(row) for row in rows)):
        stack = [row[index] if index < len(row) else (None, False) for row in rows]
        if not any(text and own for text, own in stack):
            continue
        columns.append(_column(index, stack, profile))
    return columns


def _spread(
    head: Sequence[Cells], row: int, merges: Sequence[Merge], below: Cells | None
) -> list[tuple[str | None, bool]]:
    """A header row with its merged cells filled: (text, whether the cell itself holds it)."""
    cells = [(text, bool(text)) for text in head[row]]
    merged = [merge for merge in merges if merge[0] <= row <= merge[2]]
    for top, left, _, right in merged:
        if top < len(head) and left < len(head[top]):
            cells += [(None, False)] * (right + 1 - len(cells))
            for index in range(left, right + 1):
                if not cells[index][0]:
                    cells[index] = (head[top][left], False)
    if below is not None and not any(merge[1] < merge[3] for merge in merged):
        filled: str | None = None
        cells += [(None, False)] * (len(below) - len(cells))
        for index, (text, _) in enumerate(cells):
            filled = text or filled
            if not text and index < len(below) and below[index]:
                cells[index] = (filled, False)
    return cells


def _column(index: int, stack: list[tuple[str | None, bool]], profile: Profile) -> HeaderColumn:
    texts = list(dict.fromkeys(text for text, _ in stack if text))  # a vertical merge repeats its text
    lowest = next(text for text, own in reversed(stack) if text and own)
    parts = [split_label(text) for text in texts]
    labels = [label for label, _ in parts]
    own_label, own_units = split_label(lowest)
    name, implied = _match(own_label, labels, profile)
    upper = Units()
    for text, (_, units) in zip(texts, parts, strict=True):
        if text != lowest:
            upper.known.update(units.known)
            upper.foreign.extend(units.foreign)
    shown = "/".join(" ".join(text.split()) for text in texts)
    return HeaderColumn(index, shown, name, own_units or implied, upper)


def _match(own: str, labels: list[str], profile: Profile) -> tuple[str | None, Units]:
    upper = [label for label in labels if label != own]
    candidates = [
        own,
        *(label + own for label in reversed(upper)),
        *(own + label for label in reversed(upper)),
        "".join(labels),
    ]
    for candidate in candidates:
        if name := profile.labels.get(candidate):
            suffix = (
                {"mu": Unit.MU, "yuan": Unit.WAN_YUAN}.get(candidate.rpartition("_")[2]) if candidate == name else None
            )
            dimension = column_dimension(profile.column(name))
            return name, Units({dimension: suffix}) if suffix and dimension else Units()
    return None, Units()


def _units_above(head: Sequence[Cells], header: Header, merges: Sequence[Merge]) -> None:
    """Read unit rows above the header, and take up to two rows of group headers in, for the units they name."""
    for row in range(header.first):
        if units := unit_row(head[row]):
            header.units.add(units)
            header.unit_rows += 1
        else:
            header.beside += filter(None, head[row])
    for row in range(header.first - 1, max(header.last - 3, -1), -1):
        cells = head[row]
        if not any(cells) or unit_row(cells) or any("：" in cell or ":" in cell for cell in cells if cell):
            break
        groups = _spread(head, row, merges, below=head[header.last])
        spans = {text: split_label(text)[1] for text, _ in groups if text}
        if not any(spans.values()):
            break
        header.first = row
        for column in header.columns:
            text = groups[column.index][0] if column.index < len(groups) else None
            if text:
                column.upper.known = spans[text].known | column.upper.known
                column.upper.foreign.extend(spans[text].foreign)
