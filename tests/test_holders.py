"""Names of natural persons in public exports are nowhere in the home, and nothing else is lost with them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import xlsxwriter

from assets.reading import holders, read
from assets.reading.holders import without_holders
from tests.bureau import Bureau
from tests.reading_files import xls

HEADER = "行政区,电子监管号,项目名称,受让人,面积(公顷),土地来源,土地用途,供地方式,约定容积率下限,合同签订日期"
GOOD = "西湖区,3301062026B00001,一号地块,张三丰,2,2,工业用地,挂牌出让,1.5,2026年03月01日"
QUOTED = '西湖区,3301062026B00002,"二号,地块","李四光,王五",3,0,工业用地,挂牌出让,1.2,2026年03月02日'
OVER_LINES = '西湖区,3301062026B00003,三号地块,"赵六\n（代）",1,1,工业用地,挂牌出让,1.2,2026年03月03日'
BROKEN = '西湖区,3301062026B00004,四"号"地块,"钱七,1,1,工业用地,挂牌出让,1.2,2026年03月04日'
WRONG = "西湖区,3301062026B00005,五号地块,孙八,-1,1,工业用地,挂牌出让,1.2,2026年03月05日"
NAMES = ("张三丰", "李四光", "王五", "赵六", "钱七", "孙八")
NAME = "供地结果_330100_2026.csv"


def csv_text(*lines: str) -> str:
    return "\r\n".join([HEADER, *lines]) + "\r\n"


def json_text() -> str:
    record = {
        "district": "西湖区", "idnumber": "3301062026B00001", "name": "一号地块", "holder": "张三丰\\\"", "area": "2",
        "source": "现有建设用地", "use": "工业用地", "supply": "挂牌出让", "plot_ratio_minimum": "1.5",
        "date4sign": "2026年03月01日",
    }  # fmt: skip
    return json.dumps([record], ensure_ascii=False) + "\n[" + json.dumps(record | {"holder": ["李四光"]}) + ", {broken"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("text", [csv_text(GOOD, QUOTED, OVER_LINES, BROKEN, WRONG), json_text()], ids=["csv", "json"])
def test_names_go_and_everything_else_stays(text, encoding):
    data = text.encode(encoding)
    kept = without_holders(data)
    plain = kept.decode(encoding)
    assert not any(name in plain or name.encode("unicode_escape").decode() in plain for name in NAMES)
    assert plain.count("\n") == text.count("\n")
    for word in ("3301062026B00001", "一号地块", "2026年03月01日", "受让人" if text.startswith("行") else "holder"):
        assert plain.count(word) == text.count(word)
    before, after = (read(NAME, each) for each in (data, kept))
    assert (after.lines, after.rejected_rows, after.skipped, after.encoding) == (
        before.lines, before.rejected_rows, before.skipped, before.encoding,
    )  # fmt: skip
    assert [block.rows.rows() for block in after.blocks] == [block.rows.rows() for block in before.blocks]
    assert [(f.rule, f.place) for f in after.findings] == [(f.rule, f.place) for f in before.findings]


@pytest.mark.parametrize(
    "text",
    [
        "行政区代码,电子监管号,项目名称\n330106,3301062026B00001,受让人张三\n",  # a bureau's own table
        csv_text(GOOD).replace("受让人", "备注"),
        csv_text(GOOD.replace("张三丰", "")),
        "受让人\n张三丰\n",
    ],
)
def test_a_file_without_such_a_column_is_kept_as_it_is(text):
    assert without_holders(text.encode()) == text.encode()


# --- Workbooks and parquet -------------------------------------------------------------------------------------------

COLUMNS = HEADER.split(",")
LINES = [
    next(csv.reader([line])) for line in (GOOD, QUOTED, GOOD.replace("一号", "张三丰").replace("001,", "009,"), WRONG)
]


def book(shared: bool) -> bytes:
    """A title, the header, records in which one name is a project's too, a second sheet that has it; with styles."""

    def fill(made):
        sheet, other = made.add_worksheet("公示"), made.add_worksheet("说明")
        red = made.add_format({"bg_color": "#ff0000"})
        sheet.write_string(0, 0, "供地结果公示")
        sheet.write_row(1, 0, COLUMNS)
        for number, cells in enumerate(LINES, 2):
            sheet.write_row(number, 0, cells, red)
        # What stood there before stays in the table of shared texts, of no use to anybody.
        sheet.write_formula(5, COLUMNS.index("受让人"), '="孙"&"八"', red, "孙八")
        sheet.write_comment(2, 0, "附注")
        other.write_row(0, 0, ["李四光,王五" if shared else "别人", "受让人"])

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": not shared}) as made:
        fill(made)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(LINES, schema=COLUMNS, orient="row").with_columns(pl.col("面积(公顷)").cast(pl.Float64)).write_parquet(
        buffer
    )
    return buffer.getvalue()


def cells(data: bytes) -> dict[tuple[str, str], tuple]:
    """Value and look of every cell of a workbook by sheet and address, as another reader sees it."""
    return {
        (sheet.title, cell.coordinate): (cell.value, cell.fill.fgColor.rgb)
        for sheet in openpyxl.load_workbook(io.BytesIO(data))
        for line in sheet.iter_rows()
        for cell in line
    }


def package(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.mark.parametrize("shared", [True, False], ids=["shared texts", "texts in the cells"])
def test_a_workbook_loses_the_names_and_nothing_else(shared):
    data = book(shared)
    kept = without_holders(data)
    before, after = cells(data), cells(kept)
    place = "ABCDEFGHIJ"[COLUMNS.index("受让人")]
    named = {("公示", f"{place}{row}") for row in (3, 4, 5, 6)}
    assert {key for key in before if before[key] != after[key]} == named
    assert {after[key] for key in named} == {(None, before["公示", f"{place}3"][1])}
    assert after["公示", "C5"][0] == "张三丰地块"
    parts, whole = package(kept), package(data)
    assert list(parts) == list(whole)
    changed = {name for name in whole if parts[name] != whole[name]}
    assert changed == {"xl/worksheets/sheet1.xml"} | ({"xl/sharedStrings.xml"} if shared else set())
    text = b"".join(parts.values()).decode("utf-8", "replace")
    assert ">张三丰<" not in text and "孙八" not in text
    assert ("李四光,王五" in text) == shared  # where another sheet says it
    for name in whole:
        assert parts[name].count(b"<row") == whole[name].count(b"<row")
        assert parts[name].count(b"<si>") == whole[name].count(b"<si>")


def test_parquet_loses_the_names_and_nothing_else():
    data = parquet()
    before, after = (pl.read_parquet(io.BytesIO(each)) for each in (data, without_holders(data)))
    assert after.schema == before.schema and after["受让人"].null_count() == after.height == before.height
    assert after.drop("受让人").equals(before.drop("受让人"))
    assert not any(name.encode() in without_holders(data) for name in NAMES if name != "张三丰")  # a project's name


@pytest.mark.parametrize("data", [book(True), book(False), parquet()], ids=["shared", "inline", "parquet"])
def test_what_is_read_of_a_file_is_the_same_without_names(data):
    name = NAME.replace("csv", "parquet" if data.startswith(b"PAR1") else "xlsx")
    before, after = (read(name, each) for each in (data, without_holders(data)))
    assert [block.rows.rows() for block in after.blocks] == [block.rows.rows() for block in before.blocks]
    assert [(f.rule, f.place) for f in after.findings] == [(f.rule, f.place) for f in before.findings]
    assert (after.lines, after.skipped) == (before.lines, before.skipped) and after.lines > 3


def reordered(data: bytes) -> bytes:
    """The same workbook as other programs write it: prefixes, no addresses, single quotes, blanks within tags, shared
    texts that are empty or that no cell has."""
    parts = package(data)
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    sheet = re.sub(r'<c r="[A-Z]+\d+" s="(\d+)"', r"<c s='\1'", sheet)
    sheet = re.sub(r"<(/?)(row|c|v|is|t|sheetData)(?=[ />])", r"<\1x:\2", sheet).replace("</x:c>", "</x:c >")
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = sheet.replace("<worksheet ", f'<worksheet xmlns:x="{main}" ')
    texts = parts["xl/sharedStrings.xml"].replace(b"</sst>", b"<si/><si><t/></si><si><t>1</t></si></sst>")
    return packed(parts | {"xl/worksheets/sheet1.xml": sheet.encode(), "xl/sharedStrings.xml": texts})


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return buffer.getvalue()


def test_a_workbook_in_another_hand_loses_the_names_too():
    parts = package(without_holders(reordered(book(True))))
    text = b"".join(parts.values()).decode("utf-8", "replace")
    assert ">张三丰<" not in text and "孙八" not in text and "张三丰地块" in text
    assert parts["xl/sharedStrings.xml"].endswith(b"<si/><si><t/></si><si><t/></si></sst>")


@pytest.mark.parametrize(
    "data",
    [
        packed({"xl/worksheets/sheet1.xml": "<sheetData>受让人".encode()}),
        packed({"xl/worksheets/sheet1.xml": "<!DOCTYPE x><sheetData>受让人</sheetData>".encode()}),
        packed({"notes.txt": "受让人,电子监管号,土地来源\n张三丰,1,2".encode()}),
        b"PK\x03\x04" + "受让人".encode(),
        b"PAR1" + "受让人".encode() + b"PAR1",
        book(True).replace(b"PK\x05\x06", b"PK\x05\x07"),
        xls({(row, column): text for row, line in enumerate([COLUMNS, *LINES]) for column, text in enumerate(line)}),
    ],
    ids=["no xml", "definitions", "no workbook", "cut", "no parquet", "no directory", "xls"],
)
def test_what_cannot_be_taken_apart_stays_as_it_is(data):
    assert without_holders(data) == data


def test_a_bureaus_own_workbook_stays_as_it_is():
    parts = package(book(True))
    own = packed(
        parts | {"xl/sharedStrings.xml": parts["xl/sharedStrings.xml"].replace("土地来源".encode(), "来源".encode())}
    )
    assert without_holders(own) == own


def test_bytes_that_are_no_text_survive():
    data = csv_text(GOOD, WRONG).encode("gb18030").replace("五号".encode("gb18030"), b"\xff\xfe")
    kept = without_holders(data)
    assert b"\xff\xfe" in kept and "孙八".encode("gb18030") not in kept


@pytest.mark.parametrize(
    ("form", "data"),
    [("csv", csv_text(GOOD, QUOTED, BROKEN, WRONG).encode("gb18030")), ("xlsx", book(False)), ("parquet", parquet())],
)
def test_no_name_is_in_raw_warehouse_or_receipt_and_the_fingerprint_is_that_of_the_file(form, data, tmp_path):
    bureau = Bureau(tmp_path)
    name = NAME.replace("csv", form)
    bureau.put(name, data)
    bureau.take_in()
    (sha,) = bureau.con.execute("SELECT file_sha256 FROM raw.submission").fetchone()
    bureau.con.close()
    assert sha == hashlib.sha256((bureau.landing / "2026-11-01" / name).read_bytes()).hexdigest()
    for path in [*bureau.raw.rglob("*"), tmp_path / "warehouse.duckdb"]:
        if path.is_file():
            content = path.read_bytes()
            if content.startswith(b"PK"):
                content = b"".join(package(content).values())
            names = NAMES if form == "csv" else NAMES[1:]  # the first is a project's there
            found = [n for n in names if any(n.encode(e) in content for e in ("utf-8", "gb18030", "utf-16-le"))]
            assert found == [], path


def test_the_same_file_again_is_the_same_submission(tmp_path):
    bureau = Bureau(tmp_path)
    bureau.put(NAME, csv_text(GOOD).encode())
    bureau.take_in()
    bureau.put(NAME, csv_text(GOOD).encode(), day="2026-11-02")
    bureau.take_in()
    assert bureau.con.execute("SELECT count(*) FROM raw.submission").fetchone() == (1,)


def test_receipts_are_made_of_what_is_kept(tmp_path):
    """The receipt of a public export shows the lines again; they come from raw/."""
    from assets.receipts import nightly
    from tests.test_receipts_nightly import SUBMISSION, database

    raw, sha = tmp_path / "raw", SUBMISSION["file_sha256"]
    kept = raw / sha[:2] / sha
    kept.parent.mkdir(parents=True)
    kept.write_bytes(without_holders(csv_text(GOOD, WRONG).encode()))
    nightly.write_all(database((SUBMISSION,)), raw, tmp_path / "out")
    for path in Path(tmp_path / "out").glob("*.xlsx"):
        with zipfile.ZipFile(path) as package:
            assert not any(name.encode() in package.read(part) for part in package.namelist() for name in NAMES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("other", ["", *(word.encode(e) for word in holders.HOLDERS for e in holders._ENCODINGS)])
@pytest.mark.parametrize("make", [lambda: csv_text(GOOD, QUOTED, OVER_LINES, BROKEN), json_text], ids=["csv", "json"])
def test_looking_in_one_encoding_finds_what_looking_in_all_would(monkeypatch, make, encoding, other):
    """Bytes of another encoding behind the text may change which encoding it is taken for, but not what is blanked."""
    data = make().encode(encoding) + (other or b"")
    found = without_holders(data)
    monkeypatch.setattr(holders, "_SPELLED", dict.fromkeys(holders._SPELLED, holders._IN_ANY))
    assert without_holders(data) == found
    if not other:
        assert found != data


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_half_a_character_at_the_end_keeps_neither_the_night_nor_the_names(tmp_path, encoding):
    bureau = Bureau(tmp_path / "home")
    data = csv_text(GOOD).encode(encoding)
    bureau.put("土地市场网.csv", data + b"x")
    bureau.put(NAME, b"")
    bureau.take_in()
    assert bureau.con.execute("SELECT count(*) FROM raw.submission WHERE loaded").fetchone() == (2,)
    assert without_holders(data + b"x") == without_holders(data) + b"x" != data + b"x"
