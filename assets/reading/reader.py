"""One file in, a Reading out. Nothing raises: whatever is wrong with a file is a finding in plain words."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from schemas.submissions import BESIDE_FORM, BY_LABEL, LAND_SUPPLY
from schemas.table import Table

from . import landchina as portal
from .columnar import read_parquet
from .delimited import SEPARATORS, count_lines, read_delimited, tidy
from .header import HEAD_ROWS, Header, Profile, bureau, find_header, landchina, resembled
from .layout import BLANK, HEADER, TITLE, UNIT, Assembled, Body, assemble, normalise
from .naming import closest_table, is_landchina, parse_name, proposed_name
from .report import Unreadable, address, found, require_fault_of_file
from .sniff import SUFFIXES, sniff
from .source import Block, Finding, Place, Reading
from .text import looks_binary, to_utf8
from .units import unit_row
from .workbook import Sheet, read_workbook

LISTING, UNREAD = "列表条目", "未读取"
#: What lines of empty cells consist of.
_NOTHING_BUT_CELLS = b' \t\r\n"' + "".join(SEPARATORS).encode()
log = logging.getLogger(__name__)


def read(name: str, data: bytes | Path) -> Reading:
    """Read one file: its table, blocks of text rows, findings, and where every line went. Never raises on content.

    `name`: the file's name as handed in; `data`: its bytes, or where they lie. Raises OSError when the path cannot
    be opened.
    """
    reading = Reading(parse_name(name), None)
    reading.table = reading.file.table
    try:
        _read(reading, name, data.read_bytes() if isinstance(data, Path) else data)
    except Unreadable as unreadable:
        reading.findings.append(unreadable.finding)
        reading.blocks, reading.rejected_rows = [], 0
        reading.skipped = {UNREAD: reading.lines} if reading.lines else {}
    except BaseException as error:  # one odd file must not stop the others of a night; the libraries below may panic
        require_fault_of_file(error)
        log.debug("cannot read %s", name, exc_info=True)
        reading = Reading(reading.file, reading.file.table, form=reading.form, findings=[found("1009")])
    return reading


def _read(reading: Reading, name: str, data: bytes) -> None:
    profiles = _profiles(reading, name)
    reading.form = sniff(data)
    _check_name(reading)
    if reading.form == "csv":
        _read_csv(reading, data, profiles)
    elif reading.form == "json":
        _read_json(reading, data, profiles)
    elif reading.form == "parquet":
        _read_parquet(reading, data, profiles)
    else:
        _read_workbook(reading, data, profiles)


# --- What the name promises -------------------------------------------------------------------------------------------


def _profiles(reading: Reading, name: str) -> list[Profile]:
    """The kinds of header to look for: the named table's, and the portal's where that may be meant."""
    table = reading.file.table
    if table is None or is_landchina(name):
        return [landchina(is_landchina(name))]
    return [bureau(table), landchina(False)] if table is LAND_SUPPLY else [bureau(table)]


def _settle(reading: Reading, profile: Profile | None, head: Iterable[Sequence[str | None]] = ()) -> None:
    """Take note of the profile that was found; a name that no table bears is an error unless it is the portal's.

    `head`: the first rows where none was found, to say whose headers they may be.
    """
    portal_name = is_landchina(reading.file.name)
    if profile is None and reading.file.table is None and not portal_name:
        near = closest_table(reading.file.name)
        hint = f"是否应为“{near}”？" if near else ""
        better = proposed_name(reading.file.name, near) if near else ""
        rename = f"可改名为“{better}”。" if better else ""
        raise Unreadable("1001", name=reading.file.name, closest=hint, rename=rename, tables="、".join(BY_LABEL))
    if profile is None:
        expected = landchina(True) if portal_name else bureau(reading.file.table)
        required = "、".join(expected.label(column) for column in expected.required)
        other = _other_table(head, expected.table)
        hint = f"文件里是《{other.label}》的表头，请核对文件名中的表名。" if other else ""
        raise Unreadable("2001", rows=HEAD_ROWS, table=expected.table.label, required=required, other=hint)
    reading.table, reading.profile = profile.table, profile.name
    missing = [
        word for word, part in (("行政区代码", reading.file.region_code), ("年份", reading.file.year)) if part is None
    ]
    if missing and profile.name == "bureau":
        better = proposed_name(reading.file.name, reading.table.label) or f"{reading.table.label}_330100_2026.xlsx"
        reading.findings.append(found("1008", missing="和".join(missing), like=better))


def _other_table(head: Iterable[Sequence[str | None]], table: Table) -> Table | None:
    """Another table of ours whose headers stand among these first rows."""
    return next(filter(None, (resembled(filter(None, row), table) for row in head)), None)


def _check_name(reading: Reading) -> None:
    suffix, form = reading.file.suffix, reading.form
    if suffix not in SUFFIXES[form]:
        shown = {"csv": "CSV", "json": "JSON"}.get(form, form)
        reading.findings.append(found("1007", suffix=suffix or "（无）", form=shown))


# --- Text -------------------------------------------------------------------------------------------------------------


def _read_csv(reading: Reading, data: bytes, profiles: list[Profile]) -> None:
    text, reading.encoding = to_utf8(data)
    reading.lines = count_lines(text)
    csv = read_delimited(text, profiles)
    if csv is None:
        _require_text(reading, data)
        if not text.strip(_NOTHING_BUT_CELLS):
            raise Unreadable("1002")
        first = text[:65_536].decode(errors="replace").split("\n")[:HEAD_ROWS]
        _settle(reading, None, [line.split(separator) for line in first for separator in SEPARATORS])
    _settle(reading, csv.profile)
    csv.header.beside.extend(_units_in(reading.file.name))
    head = [tidy(record.cells) for record in csv.head]
    skipped = Counter[str]({"续行": csv.continued})
    for row, record in enumerate(csv.head):
        skipped[_head_reason(head[row], row, csv.header)] += 1
        skipped["续行"] += record.span - 1
    assembled = assemble(csv.profile, csv.header, csv.head[-1].line, head[-1], csv.body, csv.rejected)
    reading.findings += csv.findings
    reading.rejected_rows += csv.rejected
    _take(reading, assembled, skipped)


def _require_text(reading: Reading, data: bytes) -> None:
    """What has no header and is no text either is broken: neither its suffix nor its header is to be put right."""
    if looks_binary(data):
        reading.findings, reading.form, reading.encoding, reading.lines = [], "", None, 0
        raise Unreadable("1004")


_UNIT_ALONE = re.compile("(?:面积)?(?:单位)?为?(平方米|平米|m2|m²|公顷|亩)")


def _units_in(name: str) -> list[str]:
    """What a file's name says of units, in a part of its own: `供地结果_330100_2026_亩.csv` does, 千亩示范区 does not."""
    parts = re.split(r"[_\s()（）:：-]+", name.rpartition(".")[0])
    return [f"文件名（{part}）" for part in parts if _UNIT_ALONE.fullmatch(part)]


def _head_reason(cells: list[str | None], row: int, header: Header) -> str:
    if row >= header.first:
        return HEADER
    if not any(cells):
        return BLANK
    return UNIT if unit_row(cells) else TITLE


def _take(reading: Reading, assembled: Assembled, skipped: Counter[str]) -> None:
    reading.blocks.append(assembled.block)
    reading.findings += assembled.findings
    reading.rejected_rows += assembled.rejected
    total = Counter(reading.skipped) + skipped + assembled.skipped
    reading.skipped = {reason: count for reason, count in total.items() if count}


# --- Workbooks --------------------------------------------------------------------------------------------------------


def _read_workbook(reading: Reading, data: bytes, profiles: list[Profile]) -> None:
    sheets = []
    for sheet in read_workbook(data, reading.form):
        reading.lines += _filled_rows(sheet.frame)
        sheets.append((sheet, *_sheet_header(sheet, profiles)))
    chosen = _tables_among(sheets)
    skipped = Counter[str]()
    for sheet, _, header in sheets:
        if sheet.name in chosen:
            continue
        count = _filled_rows(sheet.frame)
        skipped[f"{'隐藏' if sheet.hidden else '其他'}工作表：{sheet.name}"] += count
        if sheet.hidden and header is not None and count > header.last + 1:
            reading.findings.append(found("2012", Place(sheet=sheet.name), sheet=sheet.name))
    reading.skipped = {reason: count for reason, count in skipped.items() if count}
    if not reading.lines:
        raise Unreadable("1002")
    if not chosen:
        _settle(reading, None, [row for sheet, _, _ in sheets for row in _head(sheet)])
    profile = next(profile for sheet, profile, _ in sheets if sheet.name in chosen)
    _settle(reading, profile)
    for sheet, profile, header in sheets:
        if sheet.name in chosen:
            header.beside.extend(_units_in(reading.file.name))
            _take(reading, *_read_sheet(sheet, profile, header))
            reading.findings += _merged(sheet, header, reading.blocks[-1])
        elif not sheet.hidden and (other := _other_table(_head(sheet), reading.table)) and _has_rows(sheet, other):
            name = proposed_name(reading.file.name, other.label) or f"{other.label}_330100_2026.xlsx"
            words = {"sheet": sheet.name, "table": other.label, "name": name}
            reading.findings.append(found("2018", Place(sheet=sheet.name), **words))


def _has_rows(sheet: Sheet, table: Table) -> bool:
    """Whether anything stands below the header of a table."""
    header = find_header(_head(sheet), bureau(table), sheet.merges)
    return header is not None and _filled_rows(sheet.frame.slice(header.last + 1)) > 0


def _sheet_header(sheet: Sheet, profiles: list[Profile]) -> tuple[Profile | None, Header | None]:
    head = _head(sheet)
    return _best([(profile, find_header(head, profile, sheet.merges)) for profile in profiles])


def _best(candidates: list[tuple[Profile, Header | None]]) -> tuple[Profile | None, Header | None]:
    """The profile that finds most of its required columns, then most columns."""
    found_ones = [pair for pair in candidates if pair[1] is not None]
    if not found_ones:
        return None, None
    return max(found_ones, key=lambda pair: (len(pair[1].names & set(pair[0].required)), len(pair[1].names)))


_MOST = 0.6  # of the required columns


def _tables_among(sheets: list[tuple[Sheet, Profile | None, Header | None]]) -> set[str]:
    """Names of the visible sheets that hold the table: those with most of its required columns, else the best."""
    share = {
        sheet.name: len(header.names & set(profile.required)) / len(profile.required)
        for sheet, profile, header in sheets
        if header is not None and not sheet.hidden
    }
    # What explains a template has words of a header, too; a whole one is a table under any name.
    likely = {name: part for name, part in share.items() if name not in BESIDE_FORM}
    best = max(likely.values(), default=0)
    return {name for name, part in share.items() if part > _MOST} or {
        name for name, part in likely.items() if part == best
    }


def _head(sheet: Sheet) -> list[list[str | None]]:
    return [list(row[1:]) for row in sheet.frame.head(HEAD_ROWS).iter_rows()]


def _filled_rows(frame: pl.DataFrame) -> int:
    cells = frame.columns[1:]
    return frame.filter(pl.any_horizontal(pl.col(cells).is_not_null())).height if cells else 0


def _read_sheet(sheet: Sheet, profile: Profile, header: Header) -> tuple[Assembled, Counter[str]]:
    head = _head(sheet)[: header.last + 1]
    skipped = Counter(_head_reason(cells, row, header) for row, cells in enumerate(head) if any(cells))
    body = Body(sheet.frame.slice(header.last + 1), sheet.name, sheet.first_column)
    assembled = assemble(profile, header, header.last + 1, head[-1], body)
    del assembled.skipped[BLANK]  # a workbook's blank rows are no rows
    return assembled, skipped


def _merged(sheet: Sheet, header: Header, block: Block) -> list[Finding]:
    """Merged cells among the rows of data: what looks filled to a person is empty below the first row of each."""
    known, rows = [column.index for column in header.columns if column.name], block.rows["row_number"]
    merged = [
        f"{address(sheet.name, top + 1, sheet.first_column + left)}:"
        f"{address(sheet.name, bottom + 1, sheet.first_column + right)}"
        for top, left, bottom, right in sheet.tall
        if any(left <= index <= right for index in known)
        and rows.is_between(max(top, header.last) + 2, bottom + 1).any()
    ]
    if not merged:
        return []
    cells = "、".join(merged[:3]) + (f" 等 {len(merged)} 处" if len(merged) > 3 else "")
    return [found("2020", Place(sheet=sheet.name), cells=cells)]


# --- Columnar and JSON ------------------------------------------------------------------------------------------------


def _read_parquet(reading: Reading, data: bytes, profiles: list[Profile]) -> None:
    names, frame = read_parquet(data)
    reading.lines = frame.height
    _read_records(reading, names, frame, profiles)


def _read_json(reading: Reading, data: bytes, profiles: list[Profile]) -> None:
    if not any(profile.name == "landchina" for profile in profiles):
        raise Unreadable("1003", what="JSON", remedy="报送表请用 xlsx 或 csv；JSON 只用于土地市场网导出的供地结果。")
    text, reading.encoding = to_utf8(data)
    elements = list(portal.elements(text.decode()))
    names, frame, listing, broken = portal.rows(elements)
    reading.lines = len(elements)
    reading.skipped = {LISTING: listing} if listing else {}
    reading.rejected_rows = len(broken)
    reading.findings += [found("2014", Place(row_number=number), quarantined=True, row=number) for number in broken]
    _read_records(reading, names, frame, [profile for profile in profiles if profile.name == "landchina"])


def _read_records(reading: Reading, names: list[str], frame: pl.DataFrame, profiles: list[Profile]) -> None:
    """A grid that has its headers beside it: parquet columns, JSON keys."""
    head = [tidy(names)]
    profile, header = _best([(profile, find_header(head, profile)) for profile in profiles])
    _settle(reading, profile, head)
    header.beside.extend(_units_in(reading.file.name))
    columns = frame.columns[1:]
    body = Body(normalise(frame, columns) if columns else frame)
    _take(reading, assemble(profile, header, 1, head[0], body), Counter())
