"""Files as no bureau should hand them in: good files of every table and form, and the ways to spoil them.

A seed gives the same files again. `Mutant.name` is the file's name, `Mutant.how` says what was done to it.
"""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import polars as pl
import xlsxwriter

from schemas.submissions import TABLES
from schemas.table import Kind, Table
from tests.checking_files import GOOD
from tests.reading_files import xls

ROWS = 8
Grid = list[list[str]]


@dataclass(frozen=True)
class Mutant:
    name: str
    data: bytes
    how: str


def mutant(seed: int) -> Mutant:
    """One spoiled file: a good grid, perhaps spoiled in its cells, written in some form, perhaps spoiled in its bytes."""
    dice = random.Random(seed)
    table = dice.choice(list(TABLES.values()))
    grid, done = good_grid(table), [table.name]
    for _ in range(dice.choice([0, 0, 1, 1, 2, 4])):
        change = dice.choice(GRID_CHANGES)
        grid = [row or [""] for row in change(grid, dice) or grid]
        done.append(change.__name__)
    form = dice.choice(list(FORMS))
    done.append(form)
    data = FORMS[form](grid, dice)
    for _ in range(dice.choice([0, 0, 1, 1, 2, 3])):
        change = dice.choice(BYTE_CHANGES)
        data = change(data, dice)
        done.append(change.__name__)
    name = f"{table.label}_330100_2026.{form.split('_')[0]}"
    if dice.random() < 0.15:
        name = dice.choice(NAMES).replace("TABLE", table.label)
        done.append("name")
    return Mutant(name, data, f"{seed}: {' → '.join(done)}")


# --- Good files ----------------------------------------------------------------------------------------------------


def good_grid(table: Table) -> Grid:
    """A header and ROWS good rows with different keys."""
    names = list(GOOD[table.name])
    header = [table[name].label for name in names]
    return [header, *([_cell(table, name, number) for name in names] for number in range(ROWS))]


def _cell(table: Table, name: str, number: int) -> str:
    column, value = table[name], GOOD[table.name][name]
    if not column.key or column.kind in (Kind.REGION, Kind.CHOICE):
        return value
    if column.kind is Kind.YEAR:
        return str(2025 + number)
    if column.kind is Kind.INTEGER:
        return value if name == "quarter" else str(1 + number)
    if name.endswith("supervision_no"):
        return f"3301022026B{number:05d}"
    return value if value == "合计" else f"{value}-{number}"


# --- Spoiled cells -------------------------------------------------------------------------------------------------

LONG = "很长" * 40_000
CELLS = [
    "", " ", "\u3000", "\u00a0", "-", "—", "无", "NULL", "NaN", "nan", "inf", "-inf", "1e999", "1e-400", "-1", "0", "-0.0",
    "1,5", "1,234,567", "1.2.3", "0x10", "１２．５", "٣", "½", "１５公顷", "15亩", "9" * 40, "0." + "3" * 40, "1e17", "1e15",
    "999999999999.999999", "0.0000001", "15", "30.000001", "1.50000066", "TRUE", "是", "y",
    "2026-02-30", "0000-00-00", "9999-12-31", "1986-12-31", "2037-01-01", "2026-3-1", "46082", "1772323200000", "-46082",
    "1e18", "2026-13-45", "99999-01-01", "1900-01-01", "2026年3月", "明天", "20260231",
    "=1+1", "=HYPERLINK(\"http://x\",\"点我\")", "@SUM(A1)", "+1", "=cmd|' /C calc'!A0", "#N/A", "#REF!", "#DIV/0!",
    "'; DROP TABLE core.land_supply; --", "../../etc/passwd", "{0}", "{value}", "%s%n", "${HOME}", "\\N", "<script>alert(1)</script>",
    "\x00", "a\x00b", "\x07\x1b[31m", "\ufffe", "\ufdd0", "\u202e倒", "👩‍🌾", "e\u0301", "\ud7ff", "\"", "\"\"", "a\"b", "a,b", "a\tb",
    "a\nb", "a\r\nb", "a\rb", "|", ";", "合计", "小 计", "单位：亩", "注：无", "330000", "330621", "110100", "33010", "330102000",
    "330102.0", "999999", "有效", "解除", "撤 销", "作废", "现有建设用地", "GB/T21010-2017", "0601", LONG,
]  # fmt: skip
HEADERS = [
    "", "面积（亩）", "供应面积(平方公里)", "供应面积/亩", "单位", "行政区代码", "年份", "电子监管号", "序号", "备注", "{x}", "=1+1",
    "供应面积（公顷）", "面积(万亩)", "(亩)", "公顷", "a\nb", LONG, "\x00", "状态",
]  # fmt: skip


def one_cell(grid: Grid, dice: random.Random) -> None:
    row = dice.choice(grid[1:] or grid)
    if row:
        row[dice.randrange(len(row))] = dice.choice(CELLS)


def many_cells(grid: Grid, dice: random.Random) -> None:
    for _ in range(12):
        one_cell(grid, dice)


def one_column(grid: Grid, dice: random.Random) -> None:
    column, value = dice.randrange(len(grid[0])), dice.choice(CELLS)
    for row in grid[1:]:
        if column < len(row):
            row[column] = value


def scaled_number(grid: Grid, dice: random.Random) -> None:
    row = dice.choice(grid[1:] or grid)
    for index, cell in enumerate(row):
        if re.fullmatch(r"\d+(\.\d+)?", cell) and dice.random() < 0.5:
            row[index] = str(
                Decimal(cell) * dice.choice([15, Decimal("0.0666666667"), -1, 10_000, Decimal("1.00000001")])
            )


def header_cell(grid: Grid, dice: random.Random) -> None:
    grid[0][dice.randrange(len(grid[0]))] = dice.choice(HEADERS)


def unit_in_header(grid: Grid, dice: random.Random) -> None:
    for index, text in enumerate(grid[0]):
        if "面积" in text and dice.random() < 0.7:
            unit = dice.choice(["亩", "公顷", "平方米", "平方公里", "万亩", "㎡", "元", "亩、公顷", "  亩 "])
            grid[0][index] = text + dice.choice(["({})", "（{}）", "/{}", "【{}】", "\n({})"]).format(unit)


def column_gone(grid: Grid, dice: random.Random) -> None:
    column = dice.randrange(len(grid[0]))
    for row in grid:
        del row[column : column + 1]


def column_twice(grid: Grid, dice: random.Random) -> None:
    column = dice.randrange(len(grid[0]))
    for row in grid:
        row.append(row[column] if column < len(row) else "")


def columns_shuffled(grid: Grid, dice: random.Random) -> Grid:
    order = list(range(len(grid[0])))
    dice.shuffle(order)
    return [[row[index] for index in order if index < len(row)] for row in grid]


def rows_shuffled(grid: Grid, dice: random.Random) -> None:
    dice.shuffle(grid)


def row_twice(grid: Grid, dice: random.Random) -> None:
    grid.insert(dice.randrange(len(grid)), list(dice.choice(grid)))


def row_cut(grid: Grid, dice: random.Random) -> None:
    row = dice.choice(grid)
    del row[dice.randrange(len(row) + 1) :]


def row_longer(grid: Grid, dice: random.Random) -> None:
    dice.choice(grid).extend(dice.choices(CELLS, k=dice.randrange(1, 9)))


def odd_row(grid: Grid, dice: random.Random) -> None:
    width = len(grid[0])
    rows = [["合计", "", "30"], ["小计"], ["注：面积以批文为准"], [""] * width, ["单位：亩"], ["1", "2", "3"], list(grid[0]), ["填表人：张三"], ["公顷"] * width]  # fmt: skip
    grid.insert(dice.randrange(len(grid) + 1), dice.choice(rows))


def title_rows(grid: Grid, dice: random.Random) -> None:
    for _ in range(dice.choice([1, 2, 5, 30])):
        grid.insert(
            0,
            [dice.choice(["2026年度统计表", "单位：亩", "单位：公顷、万元", "", "（面积单位：平方米）", "填报单位："])],
        )


def header_only(grid: Grid, dice: random.Random) -> Grid:
    return grid[:1]


def no_header(grid: Grid, dice: random.Random) -> Grid:
    return grid[1:] or grid


GRID_CHANGES: list[Callable[[Grid, random.Random], Grid | None]] = [
    one_cell, one_cell, one_cell, many_cells, one_column, scaled_number, header_cell, unit_in_header, column_gone, column_twice, columns_shuffled,
    rows_shuffled, row_twice, row_cut, row_longer, odd_row, odd_row, title_rows, header_only, no_header,
]  # fmt: skip


# --- Forms ---------------------------------------------------------------------------------------------------------


def csv_text(grid: Grid, dice: random.Random) -> bytes:
    separator = dice.choice([",", ",", "\t", ";", "|"])
    quoting = dice.choice(["needed", "always", "never"])

    def cell(text: str) -> str:
        risky = quoting == "always" or (
            quoting == "needed" and any(mark in text for mark in (separator, '"', "\n", "\r"))
        )
        return '"' + text.replace('"', '""') + '"' if risky else text

    newline = dice.choice(["\n", "\r\n", "\r\n", "\r"])
    text = newline.join(separator.join(map(cell, row)) for row in grid) + dice.choice([newline, "", newline * 3])
    encoding = dice.choice(
        ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "big5", "utf-7", "utf-32"]
    )
    return text.encode(encoding, "replace")


def xlsx_book(grid: Grid, dice: random.Random) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": dice.random() < 0.5, "strings_to_urls": False}
    ) as book:
        top, left = dice.choice([(0, 0), (0, 0), (2, 0), (0, 3), (7, 7)])
        for sheet in [book.add_worksheet() for _ in range(dice.choice([1, 1, 1, 2, 3]))]:
            if dice.random() < 0.15:
                sheet.very_hidden()
            for row, cells in enumerate(grid):
                for column, text in enumerate(cells):
                    if text.startswith("=") and dice.random() < 0.5:
                        sheet.write_formula(row + top, column + left, text, None, dice.choice(["", 5, "文"]))
                    elif re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text) and dice.random() < 0.5:
                        sheet.write_number(row + top, column + left, float(text))
                    else:
                        sheet.write_string(row + top, column + left, text[:32_767])
            if dice.random() < 0.2 and len(grid[0]) > 2:
                sheet.merge_range(top, left, top + dice.choice([0, 1]), left + 1, grid[0][0])
            if dice.random() < 0.05:
                sheet.write_string(20_000, 16_383, "far away")
    return stream.getvalue()


def xls_book(grid: Grid, dice: random.Random) -> bytes:
    return xls({(row, column): text[:200] for row, cells in enumerate(grid) for column, text in enumerate(cells)})


def parquet_file(grid: Grid, dice: random.Random) -> bytes:
    names = [f"{text}#{index}" if text in grid[0][:index] or not text else text for index, text in enumerate(grid[0])]
    columns = {
        name: [row[index].encode("utf-8", "replace").decode() if index < len(row) else None for row in grid[1:]]
        for index, name in enumerate(names)
    }
    stream = io.BytesIO()
    pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String)).write_parquet(stream)
    return stream.getvalue()


def json_text(grid: Grid, dice: random.Random) -> bytes:
    """The portal's listing with some of its oddities."""
    results = [
        {"idnumber": f"3301022026B{number:05d}", "district": "上城区", "name": "项目", "area": dice.choice(CELLS[:60] + ["2"] * 60),
         "source": dice.choice(["1", "现有建设用地", "新增建设用地", "新增建设用地(来自存量库)", "x"]), "use": "工业用地",
         "supply": "挂牌出让", "date4sign": dice.choice(["2026年03月01日", "1900年01月01日", "2026-03-01", "明天"]), "holder": "张三"}
        for number in range(ROWS)
    ]  # fmt: skip
    return json.dumps(results, ensure_ascii=dice.random() < 0.5).encode("utf-8", "replace")


FORMS: dict[str, Callable[[Grid, random.Random], bytes]] = {
    "csv": csv_text, "csv_more": csv_text, "xlsx": xlsx_book, "xlsx_more": xlsx_book, "xls": xls_book,
    "parquet": parquet_file, "json": json_text,
}  # fmt: skip


# --- Spoiled bytes -------------------------------------------------------------------------------------------------


def flipped(data: bytes, dice: random.Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(dice.choice([1, 3, 30])):
        if spoiled:
            spoiled[dice.randrange(len(spoiled))] = dice.randrange(256)
    return bytes(spoiled)


def cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def hole(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    return data[:start] + data[start + dice.randrange(1, 400) :]


def zeros(data: bytes, dice: random.Random) -> bytes:
    start, length = dice.randrange(len(data) + 1), dice.randrange(1, 400)
    return data[:start] + bytes(length) + data[start + length :]


def noise(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    return data[:start] + dice.randbytes(dice.randrange(1, 200)) + data[start:]


def marks(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    return data[:start] + dice.choice([b'"', b"\n", b"\r", b",", b"\t", b"\x00", b'"\n"', b"\xff\xfe", b"\xef\xbb\xbf", b"\x81", b"\n" * 3000, b'"' * 999]) + data[start:]  # fmt: skip


def doubled(data: bytes, dice: random.Random) -> bytes:
    return data + data[dice.randrange(len(data) + 1) :]


def other_head(data: bytes, dice: random.Random) -> bytes:
    return (
        dice.choice(
            [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1", b"%PDF", b"[{", b"<html>", b"\xff\xfe"]
        )
        + data
    )


XML = [
    (rb"<v>[^<]*</v>", lambda dice: b"<v>" + dice.choice([b"", b"99999999999", b"-1", b"1e999", b"&amp;", b"x" * 50]) + b"</v>"),
    (rb' t="\w+"', lambda dice: dice.choice([b"", b' t="s"', b' t="d"', b' t="b"', b' t="e"', b' t="nonsense"'])),
    (rb' r="[A-Z]+\d+"', lambda dice: dice.choice([b"", b' r="XFD1048576"', b' r="A0"', b' r="ZZZZ9"', b' r="A99999999999"', b' r="-"'])),
    (rb'ref="[^"]*"', lambda dice: dice.choice([b'ref="A1:XFD1048576"', b'ref=""', b'ref="B2:A1"', b'ref="A1:A99999999999"'])),
    (rb"<\?xml[^>]*\?>", lambda dice: dice.choice([BOMB, b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', b"", b"<a>" * 5000])),
    (rb"</(sheetData|sst|worksheet|row|c)>", lambda dice: dice.choice([b"", b"</x>", b"<" * 99])),
    (rb'count="\d+"', lambda dice: dice.choice([b'count="4294967295"', b'count="-1"', b'count="99999999999999999999"'])),
    (rb'Target="[^"]*"', lambda dice: dice.choice([b'Target="../../etc/passwd"', b'Target="http://127.0.0.1/x"', b'Target=""'])),
]  # fmt: skip
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9))
    + b"]>"
)


def package_part(data: bytes, dice: random.Random) -> bytes:
    """A workbook with one part changed, lost, doubled or put elsewhere; other files stay as they are."""
    try:
        parts = {
            item.filename: zipfile.ZipFile(io.BytesIO(data)).read(item)
            for item in zipfile.ZipFile(io.BytesIO(data)).infolist()
        }
    except Exception:
        return data
    if not parts:
        return data
    name = dice.choice(
        [part for part in parts if "sheet" in part or "shared" in part or "workbook" in part] or list(parts)
    )
    for _ in range(dice.choice([1, 1, 2])):
        pattern, make = dice.choice(XML)
        parts[name] = re.sub(pattern, lambda _, make=make: make(dice), parts[name], count=dice.choice([1, 1, 0]))
    what = dice.choice(["as is", "as is", "as is", "gone", "doubled", "elsewhere", "flipped"])
    if what == "flipped":
        parts[name] = flipped(parts[name], dice)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", dice.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as package:
        for part, content in parts.items():
            if part == name and what == "gone":
                continue
            package.writestr("../../../" + part if part == name and what == "elsewhere" else part, content)
        if what == "doubled":
            package.writestr("xl/worksheets/sheet99.xml", parts[name])
    return stream.getvalue()


BYTE_CHANGES: list[Callable[[bytes, random.Random], bytes]] = [
    flipped, flipped, cut, hole, zeros, noise, marks, marks, doubled, other_head, package_part, package_part, package_part,
]  # fmt: skip


# --- Names ---------------------------------------------------------------------------------------------------------

NAMES = [
    "../../TABLE_330100_2026.csv", "/etc/TABLE_330100_2026.csv", "C:\\报送\\TABLE_330100_2026.xlsx", "TABLE_330100_2026.csv\x00.xlsx",
    "ＴＡＢＬＥ_330100_2026.csv", "TABLE＿３３０１００＿２０２６．ｃｓｖ", "TABLE_330100_2026", "TABLE.csv", "TABLE_330100.csv", ".csv", "",
    "TABLE_330102_2026.csv", "TABLE_330102_330100_2026.csv", "TABLE_999999_2026.csv", "TABLE_330000_2026.csv", "TABLE_330200_2026.csv",
    "TABLE_330100_9999.csv", "TABLE_330100_2026_第2批(1) - 副本.XLSX", "TABLE_330100_2026_\u202exslx.csv", "TABLE_330100_2026\n.csv",
    "landchina_TABLE.csv", "landchina.json", "未知的表_330100_2026.csv", "TABLE_330100_2026_" + "很" * 60 + ".csv", "%00{}{0}.csv",
    "\udcff\udcfe_330100_2026.csv", "COM1.csv", "=1+1_330100_2026.csv",
]  # fmt: skip


# --- Made by hand to hurt ------------------------------------------------------------------------------------------


def bombs() -> Iterator[tuple[Mutant, str]]:
    """Files that once took a reader somewhere down, each with the rule that refuses it ("" = it is read)."""
    task = "年度任务_330100_2026"
    header, good = "行政区代码,年份,任务,任务面积", "330100,2026,闲置土地处置,30"

    def csv(how: str, text: str | bytes, rule: str) -> tuple[Mutant, str]:
        return Mutant(f"{task}.csv", text.encode() if isinstance(text, str) else text, how), rule

    def book(how: str, rule: str, changes: dict[str, bytes], level: int = 9) -> tuple[Mutant, str]:
        return Mutant(f"{task}.xlsx", package(SHEET_PARTS | changes, level), how), rule

    yield csv("a million columns", ",".join([header, *["x"] * 1_000_000]) + f"\n{good}\n", "1006")
    yield csv("a million cells in a row", f"{header}\n{good}{',x' * 1_000_000}\n{good}\n", "2009")
    yield csv("a cell of 20 MB", f"{header}\n{good},{'很' * 7_000_000}\n", "2009")
    yield csv("200,000 open quotes", f"{header}\n" + '330100,"2026,甲,1\n' * 200_000, "2008")
    yield csv("a line of 2 MB of quotes", f"{header}\n{good}\n" + '"' * 2_000_001 + "\n", "2008")
    yield csv("half a million blank lines", f"{header}\n" + "\n" * 500_000 + f"{good}\n", "")
    yield csv("control characters everywhere", f"\x00{header}\x07\n\x1b{good}\x00\n", "")
    yield csv("30 MB of zeros", bytes(30_000_000), "1002")
    yield csv("zeros behind the data", f"{header}\n{good}\n".encode() + bytes(5_000_000), "")
    portal = "landchina_330100.json"
    yield Mutant(portal, b'[{"a":' * 200_000, "objects 200,000 deep"), "2014"
    yield (
        Mutant(portal, b'[{"idnumber":"1"},\n{bad' + b"\n" * 500_000 + b"}]", "a broken object before blank lines"),
        "2014",
    )
    yield Mutant(portal, b'{"idnumber": ' + b"9" * 2_000_000 + b"}", "a number of two million digits"), "2001"

    yield book(
        "entities that grow a billion times", "1003", {"xl/worksheets/sheet1.xml": BOMB + b"<worksheet>&j;</worksheet>"}
    )
    late = b"<?xml version='1.0'?><!--" + b" " * 9000 + b"--><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    yield book("an entity behind a long remark", "1003", {"xl/sharedStrings.xml": late + b"<sst>&x;</sst>"})
    yield book("a zip bomb of 300 MB", "1006", {"xl/media/image1.png": bytes(300 << 20)})
    yield book(
        "a zip bomb of 60 MB of blanks",
        "1006",
        {"xl/worksheets/sheet1.xml": SHEET_PARTS["xl/worksheets/sheet1.xml"] + b" " * (60 << 20)},
    )
    lying = package(SHEET_PARTS | {"xl/media/image1.png": bytes(1 << 20)}, 9)
    yield (
        Mutant(
            f"{task}.xlsx",
            lying.replace((1 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little")),
            "a part larger than it says",
        ),
        "1004",
    )
    yield (
        Mutant(f"{task}.xlsx", package({f"a{number}.xml": b"x" for number in range(30_000)}, 0), "30,000 parts"),
        "1003",
    )
    yield Mutant(f"{task}.xlsx", package({"inner.xlsx": package(SHEET_PARTS, 9)}, 9), "a workbook in a zip"), "1003"
    for where, rule in (
        ("XFD1048576", "1006"),
        ("ZZZZ9", "1004"),
        ("A99999999999", "1004"),
        ("a1048577", "1004"),
        ("A4294967296", "1004"),
    ):
        for quote in ('"', "'"):
            cell = f"<c r={quote}{where}{quote}><v>1</v></c>".encode()
            yield book(
                f"a cell at {quote}{where}{quote}",
                rule,
                {"xl/worksheets/sheet1.xml": sheet(b'<row r="1">' + cell + b"</row>")},
            )
    yield book(
        "a row at four billion, its cells without addresses",
        "1004",
        {"xl/worksheets/sheet1.xml": sheet(b'<row r="4294967290"><c><v>1</v></c></row>')},
    )
    far = {"xl/evil.png": sheet(b'<row r="1"><c r="XFD1048576"><v>1</v></c></row>')}
    hidden = SHEET_PARTS["xl/_rels/workbook.xml.rels"].replace(b'"worksheets/sheet1.xml"', b"'evil.png'")
    yield book("a sheet that calls itself a picture", "1006", {**far, "xl/_rels/workbook.xml.rels": hidden})
    yield book(
        "an attribute of 2 MB without a value",
        "1004",
        {"xl/workbook.xml": b"<workbook><sheets><sheet " + b"a" * (2 << 20) + b"/></sheets></workbook>"},
    )
    yield book("two million open tags", "2001", {"xl/worksheets/sheet1.xml": sheet(b"") + b"<c " * 2_000_000}, 0)
    yield book(
        "200,000 merged cells in the header",
        "2001",
        {
            "xl/worksheets/sheet1.xml": sheet(
                b"", b'<mergeCells count="200000">' + b'<mergeCell ref="A1:B2"/>' * 200_000 + b"</mergeCells>"
            )
        },
        0,
    )
    wide = (
        b"<mergeCells>"
        + b"".join(b'<mergeCell ref="A1:XFD%d"/>' % (1 + n % 999) for n in range(20_000))
        + b"</mergeCells>"
    )
    row = (
        b'<row r="2"><c r="A2" t="inlineStr"><is><t>\xe5\xb9\xb4\xe4\xbb\xbd</t></is></c><c r="XFD2"><v>1</v></c></row>'
    )
    yield book(
        "merged cells as wide as a sheet, one over the other", "2001", {"xl/worksheets/sheet1.xml": sheet(row, wide)}
    )
    yield book(
        "tags 200,000 deep", "2001", {"xl/worksheets/sheet1.xml": sheet(b"<row>" * 200_000 + b"</row>" * 200_000)}, 0
    )
    yield book("paths that leave the package", "1002", {"../../../../etc/landstock": b"x", "/etc/landstock": b"x"})
    bad = inline(1, header.split(",")) + inline(2, ["330100", "2026", "闲置土地处置", "三十"])
    over = b"<mergeCells>" + b'<mergeCell ref="A2:XFD1000000"/>' * 50_000 + b"</mergeCells>"
    yield book("50,000 merged cells over the data", "3002", {"xl/worksheets/sheet1.xml": sheet(bad, over, b"")})
    formulas = b"".join(
        b'<row r="%d"><c r="D%d"><f>1+1</f></c></row>' % (number, number) for number in range(3, 20_003)
    )
    yield book(
        "20,000 formulas without a result", "3002", {"xl/worksheets/sheet1.xml": sheet(bad + formulas, b"", b"")}
    )
    named = SHEET_PARTS["xl/workbook.xml"].replace(b'"Sheet1"', b'"\'!A1&amp;&lt;x&gt;..\\x"')
    yield book(
        "a sheet's name that is a link and markup",
        "3002",
        {"xl/workbook.xml": named, "xl/worksheets/sheet1.xml": sheet(bad, b"", b"")},
    )
    yield book("sheets by the thousand", "2001", _thousand_sheets(1000))


_MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELS = b'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_KIND = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET_PARTS = {
    "[Content_Types].xml": b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "_rels/.rels": b'<Relationships %s><Relationship Id="rId1" Type="%s/officeDocument" Target="xl/workbook.xml"/></Relationships>' % (_RELS, _KIND),
    "xl/workbook.xml": b'<workbook %s xmlns:r="%s"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>' % (_MAIN, _KIND),
    "xl/_rels/workbook.xml.rels": b'<Relationships %s><Relationship Id="rId1" Type="%s/worksheet" Target="worksheets/sheet1.xml"/></Relationships>' % (_RELS, _KIND),
    "xl/worksheets/sheet1.xml": b"<worksheet %s><sheetData/></worksheet>" % _MAIN,
}  # fmt: skip


_FIRST_ROW = b'<row r="1"><c r="A1"><v>1</v></c></row>'


def sheet(rows: bytes, after: bytes = b"", before: bytes = _FIRST_ROW) -> bytes:
    return b"<worksheet %s><sheetData>" % _MAIN + before + rows + b"</sheetData>" + after + b"</worksheet>"


def inline(number: int, texts: list[str]) -> bytes:
    cells = "".join(
        f'<c r="{chr(65 + index)}{number}" t="inlineStr"><is><t>{text}</t></is></c>' for index, text in enumerate(texts)
    )
    return f'<row r="{number}">{cells}</row>'.encode()


def package(parts: dict[str, bytes], level: int) -> bytes:
    stream = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", method, compresslevel=level or None) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return stream.getvalue()


def _thousand_sheets(count: int) -> dict[str, bytes]:
    relation = b'<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>'
    return {
        "xl/workbook.xml": b'<workbook %s xmlns:r="%s"><sheets>' % (_MAIN, _KIND)
        + b"".join(b'<sheet name="S%d" sheetId="%d" r:id="rId%d"/>' % (n, n, n) for n in range(1, count))
        + b"</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": b"<Relationships %s>" % _RELS
        + b"".join(relation % (n, _KIND, n) for n in range(1, count))
        + b"</Relationships>",
        **{f"xl/worksheets/sheet{n}.xml": sheet(b"") for n in range(1, count)},
    }
