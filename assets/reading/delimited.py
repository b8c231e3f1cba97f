"""CSV: separators, quotes and newlines, with every physical line accounted for.

An unclosed quote can swallow the rest of a file in every fast reader. So polars only parses lines that are whole by
themselves; the others are read one by one, and each that cannot be read is named.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from .header import HEAD_ROWS, Header, Profile, find_header
from .layout import Body, normalise
from .report import Unreadable, found
from .source import Finding, Place
from .text import BAD

SEPARATORS = (",", "\t", ";", "|")
MAX_COLUMNS = 16_384  # Excel's own limit
_MAX_SPAN = 50  # physical lines that one quoted record may take
_HEAD_LINES = 60
_SMALL = 1 << 16  # bytes


@dataclass(slots=True)
class Record:
    """One record of a text file: its first line, how many lines it takes, its cells; or why it has none."""

    line: int
    span: int
    cells: list[str] = field(default_factory=list)
    problem: str | None = None  # rule number


@dataclass(slots=True)
class Delimited:
    """A text file whose header was found: the head's records, the grid below, and what could not be read."""

    separator: str
    head: list[Record]
    header: Header
    profile: Profile
    body: Body
    findings: list[Finding]
    rejected: int
    continued: int  # further lines of quoted records


def read_delimited(text: bytes, profiles: Sequence[Profile]) -> Delimited | None:
    """Read clean UTF-8 text; None when no separator and profile reveal a header. Raises Unreadable."""
    lines = [line.decode() for line in _first_lines(text)]
    too_wide = False
    best: tuple[int, int] | None = None
    chosen: tuple[str, Profile, list[Record], Header] | None = None
    for separator in SEPARATORS:
        if not any(separator in line for line in lines):
            continue
        records = list(parse(lines, 1, separator))[:HEAD_ROWS]
        too_wide |= any(len(record.cells) > MAX_COLUMNS for record in records)
        head = [tidy(record.cells) if len(record.cells) <= MAX_COLUMNS else [] for record in records]
        for profile in profiles:
            header = find_header(head, profile)
            score = (len(header.names & set(profile.required)), len(header.names)) if header else None
            if score and (best is None or score > best):
                best, chosen = score, (separator, profile, records, header)
    if chosen is None:
        if too_wide:
            raise Unreadable("1006", what=f"超过 {MAX_COLUMNS} 列")
        return None
    separator, profile, records, header = chosen
    records = records[: header.last + 1]
    below = records[-1].line + records[-1].span
    start = _offset(text, below - 1)
    body, findings, rejected, continued = _read_body(text[start:], below, separator, len(records[-1].cells))
    return Delimited(separator, records, header, profile, body, findings, rejected, continued)


def count_lines(text: bytes) -> int:
    """Physical lines; a newline at the very end opens no further one."""
    return text.count(b"\n") + bool(text and not text.endswith(b"\n"))


def tidy(cells: Sequence[str | None]) -> list[str | None]:
    """Cells of a head row: blanks squeezed, empty = None."""
    return [" ".join(cell.split()) or None if cell else None for cell in cells]


def parse(
    lines: Sequence[str], first: int, separator: str, width: int | None = None, numbers: Sequence[int] | None = None
):
    """Records of lines that may be broken. `width`: columns expected; `numbers`: line numbers where not consecutive.

    A quoted cell may go on over several lines, but never over a line that is a full row by itself: there the quote
    was left open, only its own line is lost.
    """
    at = 0
    while at < len(lines):
        line = numbers[at] if numbers else first + at
        record = _record(lines, at, line, separator, width, numbers)
        yield record
        at += record.span


def _record(
    lines: Sequence[str], at: int, line: int, separator: str, width: int | None, numbers: Sequence[int] | None
) -> Record:
    text = lines[at]
    if BAD in text:
        return Record(line, 1, problem="2007")
    if '"' not in text:
        return Record(line, 1, text.split(separator))
    for span in range(1, min(_MAX_SPAN, len(lines) - at) + 1):
        if span > 1:
            added = lines[at + span - 1]
            if numbers and numbers[at + span - 1] != line + span - 1:
                break
            if BAD in added or _is_row(added, separator, width):
                break
            text = f"{text}\n{added}"
        cells = _cells(text, separator)
        if cells is not None and (span == 1 or width is None or len(cells) == width):
            return Record(line, span, cells)
        if cells is not None or (text.count('"') % 2 == 0 and not _open(text, separator)):
            break
    return Record(line, 1, problem="2008")


def _is_row(text: str, separator: str, width: int | None) -> bool:
    """Whether a line is a full row by itself. The line that closes an open quote has an odd number of quotes."""
    return width is not None and text.count('"') % 2 == 0 and len(_cells(text, separator) or ()) == width


def _cells(text: str, separator: str) -> list[str] | None:
    """Cells of one record by the strict rules of quoting, or None."""
    try:
        records = list(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error:
        return None
    return (records[0] if records else [""]) if len(records) < 2 else None


def _open(text: str, separator: str) -> bool:
    """Whether the text ends inside a quoted cell, hence may go on in the next line."""
    try:
        list(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _first_lines(text: bytes) -> list[bytes]:
    end = -1
    for _ in range(_HEAD_LINES):
        end = text.find(b"\n", end + 1)
        if end < 0:
            return text.removesuffix(b"\n").split(b"\n")
    return text[:end].split(b"\n")


def _offset(text: bytes, lines: int) -> int:
    """Where the text goes on after so many lines."""
    at = 0
    for _ in range(lines):
        at = text.find(b"\n", at) + 1
        if not at:
            return len(text)
    return at


# --- The body ---------------------------------------------------------------------------------------------------------


def _read_body(text: bytes, first: int, separator: str, header_width: int) -> tuple[Body, list[Finding], int, int]:
    if not text:
        return Body(_empty(header_width)), [], 0, 0
    if separator != "\t" and b"\t" in text:
        text = text.replace(b"\t", b" ")
    width = _usual_width(text, separator, header_width)
    if _is_whole(text, separator, width):
        whole = _parse_whole(text, first, separator, width)
        if whole is not None:
            return _finish(whole, width, header_width, separator)
    lines = pl.read_lines(io.BytesIO(text)).to_series().fill_null("")
    whole_lines = _whole_lines(lines, separator, width)
    numbers = pl.Series("row", range(first, first + len(lines)), dtype=pl.Int64)
    fast = _parse_lines(lines.filter(whole_lines), numbers.filter(whole_lines), separator, width)
    if fast is None:  # polars and we disagree about a quote: one by one, then
        fast, whole_lines = _empty(width), pl.Series([False] * len(lines), dtype=pl.Boolean)
    # Within a line only a tab can stand in a quoted cell; newlines stand in records of several lines.
    fast = normalise(fast, fast.columns[1:], newlines=separator == "\t" and b'"' in text)
    rest = lines.filter(~whole_lines).to_list()
    slow = parse(rest, first, separator, width, numbers.filter(~whole_lines).to_list())
    frame, findings, continued = _with_slow(fast, slow, width, header_width, separator)
    return _finish(frame, width, header_width, separator, findings, continued)


def _usual_width(text: bytes, separator: str, header_width: int) -> int:
    """The width of most lines: exports put more or fewer separators at the end of rows than of the header."""
    sample = [line for line in text[: 1 << 16].split(b"\n")[:500] if b'"' not in line and line.strip()]
    if not sample:
        return header_width
    width, often = Counter(line.count(separator.encode()) + 1 for line in sample).most_common(1)[0]
    return width if 2 * often > len(sample) and width > header_width else header_width


def _schema(width: int) -> dict[str, pl.DataType]:
    return {f"c{index}": pl.String() for index in range(width)}


def _empty(width: int) -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.Int64(), **_schema(width)})


def _is_whole(text: bytes, separator: str, width: int) -> bool:
    """No quote, and the separators tell that every line may have the same width."""
    if b'"' in text or BAD.encode() in text:
        return False
    return text.count(separator.encode()) == count_lines(text) * (width - 1)


def _parse_whole(text: bytes, first: int, separator: str, width: int) -> pl.DataFrame | None:
    """All lines at once, normalised; None when one has another width after all."""
    rows = count_lines(text)
    frame = _by_hand(text, separator, width) if len(text) < _SMALL else split_cells(text, separator, width)
    if frame is None or frame.height != rows:
        return None
    numbers = pl.int_range(first, first + rows, dtype=pl.Int64, eager=True).alias("row")
    frame = frame.insert_column(0, numbers)
    return frame if len(text) < _SMALL else normalise(frame, frame.columns[1:], newlines=False)


def _by_hand(text: bytes, separator: str, width: int) -> pl.DataFrame | None:
    """The same for a few lines, which are split sooner than a fast reader is set up; stripped, "" as null."""
    lines = [line.split(separator) for line in text.decode().removesuffix("\n").split("\n")]
    if any(len(line) != width for line in lines):
        return None
    columns = zip(*lines, strict=True)
    return pl.DataFrame(
        [pl.Series(f"c{at}", [cell.strip() or None for cell in cells], pl.String) for at, cells in enumerate(columns)]
    )


def _parse_lines(lines: pl.Series, numbers: pl.Series, separator: str, width: int) -> pl.DataFrame | None:
    if not len(lines):
        return _empty(width)
    frame = split_cells(lines.str.join("\n")[0].encode(), separator, width, '"')
    if frame is None or frame.height != len(lines):
        return None
    return frame.select(numbers, pl.all())


def split_cells(text: bytes, separator: str, width: int, quote: str | None = None) -> pl.DataFrame | None:
    """Columns `c0`… of lines that have so many cells each, empty ones null; None where polars thinks otherwise."""
    try:
        return pl.read_csv(text, has_header=False, schema=_schema(width), separator=separator, quote_char=quote)
    except pl.exceptions.PolarsError:
        return None


def _whole_lines(lines: pl.Series, separator: str, width: int) -> pl.Series:
    """Which lines are a full row by themselves: the right number of separators, quotes closed and in their place."""
    whole = (lines.str.count_matches(separator, literal=True) == width - 1) & ~lines.str.contains(BAD, literal=True)
    quoted = lines.str.contains('"', literal=True).arg_true()
    return whole.scatter(quoted, _whole_quoted(lines[quoted], separator, width)) if len(quoted) else whole


def _whole_quoted(lines: pl.Series, separator: str, width: int) -> pl.Series:
    """The same for lines that may hold quotes, which takes several times as long."""
    bare = lines.str.replace_all('"[^"]*"', "\x01")
    misplaced = f"[^\x01{separator}]\x01|\x01[^\x01{separator}]"
    return (
        (bare.str.count_matches(separator, literal=True) == width - 1)
        & ~bare.str.contains('"', literal=True)
        & ~bare.str.contains(misplaced)
        & ~lines.str.contains(BAD, literal=True)
    )


def _with_slow(
    frame: pl.DataFrame, slow: Iterable[Record], width: int, header_width: int, separator: str
) -> tuple[pl.DataFrame, list[Finding], int]:
    """Put lines read one by one among the others; findings on those that cannot be read, further lines of records.

    All cells come out normalised, if those of `frame` are.
    """
    findings: list[Finding] = []
    continued = 0
    rows, cells = [], []
    for record in slow:
        continued += record.span - 1
        problem = record.problem
        if problem is None and any(cell.strip() for cell in record.cells[header_width:]):
            problem = "2009"
        if problem:
            findings.append(_rejected(problem, record.line, header_width, separator))
            continue
        short = len(record.cells) if len(record.cells) < header_width else None
        rows.append((record.line, *(record.cells + [None] * width)[:width]))
        cells.append(short)
    if rows:
        more = pl.DataFrame(rows, schema={"row": pl.Int64(), **_schema(width)}, orient="row")
        more = normalise(more, more.columns[1:])
        more = more.with_columns(pl.Series("cells", cells, dtype=pl.Int32))
        frame = pl.concat([frame, more], how="diagonal").sort("row")
    return frame, findings, continued


def _finish(
    frame: pl.DataFrame, width: int, header_width: int, separator: str, findings: Sequence[Finding] = (),
    continued: int = 0,
) -> tuple[Body, list[Finding], int, int]:  # fmt: skip
    """Reject lines that hold more than the header names."""
    found_here = list(findings)
    if width > header_width:
        beyond = [f"c{index}" for index in range(header_width, width)]
        extra = frame.filter(pl.any_horizontal(pl.col(beyond).is_not_null()))["row"].to_list()
        found_here += [_rejected("2009", line, header_width, separator) for line in extra]
        if extra:
            frame = frame.filter(pl.all_horizontal(pl.col(beyond).is_null()))
        frame = frame.drop(beyond)
    found_here.sort(key=lambda finding: finding.place.row_number)
    return Body(frame), found_here, len(found_here), continued


def _rejected(rule: str, line: int, header_width: int, separator: str) -> Finding:
    at = Place(row_number=line, cell=f"第{line}行")
    shown = {"\t": "制表符"}.get(separator, separator)
    return found(rule, at, quarantined=True, row=line, expected=header_width, separator=shown)
