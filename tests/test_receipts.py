"""Receipts as workbooks: what they list, where they mark it, and that a clerk's workbook stays a clerk's workbook."""

from __future__ import annotations

import io
import json
import random
import re
import time
import zipfile
from importlib import import_module
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.workbook.defined_name import DefinedName

from assets import receipts
from assets.reading.header import bureau, landchina
from assets.receipts import annotate, comments, lines, package, xml
from schemas.submissions import TABLES

from .reading_files import xls
from .receipt_files import (
    DAY,
    GOOD,
    HEADER,
    NAME,
    ROWS,
    as_csv,
    as_xlsx,
    checked,
    facts,
    listed,
    opened,
    parts,
    receipt,
    row,
    target,
)

original = import_module("assets.receipts.original")  # the package has a function of that name
DATA = Path(__file__).parents[1] / "../shared/data"


def as_xls() -> bytes:
    cells = enumerate([HEADER, *ROWS])
    return xls({(row, column): text for row, texts in cells for column, text in enumerate(texts) if text})


def as_parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(ROWS, schema=HEADER, orient="row").write_parquet(buffer)
    return buffer.getvalue()


FORMS = {
    "xlsx": (as_xlsx(), "xlsx"),
    "csv": (as_csv(), "csv"),
    "gbk": (as_csv(encoding="gb18030"), "csv"),
    "tabs": (as_csv(separator="\t"), "csv"),
    "utf16": (as_csv(encoding="utf-16"), "csv"),
    "xls": (as_xls(), "xls"),
    "parquet": (as_parquet(), "parquet"),
}


@pytest.mark.parametrize("form", FORMS)
def test_lists_every_finding_as_it_was_made(form):
    data, suffix = FORMS[form]
    book, findings = opened(receipt(data, suffix)), checked(data, suffix).findings
    shown = [
        (line["规则"].value, line["级别"].value, line["填报值"].value, line["问题"].value, line["建议"].value)
        for line in listed(book)
    ]
    words = {"error": "错误", "warning": "提醒"}
    assert shown == [(f.rule, words[f.severity], f.value, f.message, f.suggestion) for f in findings]
    assert {f.rule for f in findings} >= {"3302", "3401"}


@pytest.mark.parametrize("form", FORMS)
def test_links_lead_to_the_cell_and_the_cell_says_what_is_wrong(form):
    book = opened(receipt(*FORMS[form]))
    for line in listed(book):
        cell = target(book, line["位置"])
        assert str(cell.value) == str(line["填报值"].value)
        assert line["问题"].value in cell.comment.text and line["级别"].value in cell.comment.text
        assert cell.fill.fgColor.rgb == {"错误": "FFFFC7CE", "提醒": "FFFFEB9C"}[line["级别"].value]


@pytest.mark.parametrize("form", FORMS)
def test_only_cells_with_findings_are_marked(form):
    book = opened(receipt(*FORMS[form]))
    marked = {target(book, line["位置"]).coordinate for line in listed(book)}
    sheet = book.worksheets[1]
    assert {c.coordinate for cells in sheet.iter_rows() for c in cells if c.comment or c.fill.fill_type} == marked


@pytest.mark.parametrize("form", FORMS)
def test_counts_reconcile(form):
    said = facts(opened(receipt(*FORMS[form])))
    lines, loaded, quarantined, skipped = map(int, re.findall(r"\d+", said["读入行数"]))
    assert lines == loaded + quarantined + skipped and (loaded, quarantined) == (2, 1)
    assert said["回执编号"] == "LS-TEST" and said["结论"].startswith("部分接受（错误 1 条")
    assert re.fullmatch(r"sha256 [0-9a-f]{64}", said["文件指纹"])


@pytest.mark.parametrize("form", FORMS)
def test_same_input_same_bytes(form):
    assert receipt(*FORMS[form]) == receipt(*FORMS[form])


def test_lines_of_a_text_file_keep_their_numbers():
    lines = as_csv([row(项目名称="第一\n行"), *ROWS[1:]]).decode()
    sheet = opened(receipt(lines.encode(), "csv"))["原文"]
    at = HEADER.index("项目名称") + 1
    assert sheet.cell(2, at).value == "第一\n行" and sheet.cell(3, at).value is None
    assert sheet.cell(4, HEADER.index("电子监管号") + 1).value == "3301062026B00002"


def test_a_line_that_cannot_be_read_is_shown_whole_and_marked():
    broken = as_csv() + b'330106,"open quote,x\n'
    book = opened(receipt(broken, "csv"))
    cell = book["原文"]["A5"]
    assert cell.value == '330106,"open quote,x' and "2008" in cell.comment.text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(1)", "\t=1", "\r=1", '=HYPERLINK("x")', "＝1"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_we_write_is_never_a_formula(form, text):
    rows = [row(供地方式=text), row(电子监管号=text)]
    data = as_csv(rows) if form == "csv" else as_xlsx(rows)
    made = receipt(data, form)
    book = opened(made)
    assert all(cell.data_type != "f" for sheet in book for cells in sheet.iter_rows() for cell in cells)
    ours = [content for name, content in parts(made).items() if "receipt" in name or form == "csv"]
    assert ours and all(b"<f>" not in content and b"<f " not in content for content in ours)
    assert any(str(line["填报值"].value).strip() == text.strip() for line in listed(book))


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("a&b<c>", "a&amp;b&lt;c&gt;"),
        ("\x00\x1f\ud800\ufffe", "\ufffd\ufffd\ufffd\ufffd"),
        ("_x0041_", "_x005F_x0041_"),
        ("a\rb", "a_x000D_b"),
        ("长" * 40_000, "长" * 32_766 + "…"),
    ],
)
def test_text_as_xml(given, written):
    assert xml.text(given) == written


@pytest.mark.parametrize(("index", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA")])
def test_column_letters(index, letters):
    assert (xml.column_letters(index), xml.column_index(letters)) == (letters, index)


# --- The clerk's own workbook ---------------------------------------------------------------------------------


def dressed() -> bytes:
    """A workbook with everything that a clerk's may have."""
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx()))
    sheet = book["供地结果"]
    sheet.insert_rows(1)
    sheet["A1"], sheet["W1"] = "2026年供地结果", "=SUM(E3:E5)"
    sheet.merge_cells("A1:J1")
    sheet["E4"].number_format, sheet["E4"].font = "0.0000", openpyxl.styles.Font(bold=True, color="FF112233")
    sheet["E4"].comment = Comment("请核实", "甲")
    sheet["A3"].comment = Comment("别动我", "甲")
    rule = openpyxl.worksheet.datavalidation.DataValidation("list", formula1='"是,否"')
    rule.add("I3:I99")
    sheet.add_data_validation(rule)
    sheet.conditional_formatting.add("F3:F9", CellIsRule("lessThan", ["0"], font=openpyxl.styles.Font(italic=True)))
    sheet.column_dimensions["B"].width, sheet.freeze_panes = 31, "C3"
    sheet.protection.sheet = True
    other = book.create_sheet("备忘")
    other["B2"] = "自留"
    other.defined_names["局部"] = DefinedName("局部", attr_text="备忘!$B$2")
    book.active = 1
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def looks(sheet) -> dict[str, tuple]:
    cells = (cell for cells in sheet.iter_rows() for cell in cells)
    return {c.coordinate: (c.value, c.number_format, repr(c.font), repr(c.border), repr(c.protection)) for c in cells}


def test_the_clerks_sheets_stay_as_they_were():
    before, after = opened(dressed()), opened(receipt(dressed()))
    assert after.sheetnames == ["回执", "供地结果", "备忘"]
    for name in before.sheetnames:
        old, new = before[name], after[name]
        assert looks(old) == looks(new)
        assert str(old.merged_cells) == str(new.merged_cells) and old.freeze_panes == new.freeze_panes
        assert [str(v.sqref) for v in old.data_validations.dataValidation] == [
            str(v.sqref) for v in new.data_validations.dataValidation
        ]
        assert len(old.conditional_formatting) == len(new.conditional_formatting)
        assert old.column_dimensions["B"].width == new.column_dimensions["B"].width
        assert old.protection.sheet == new.protection.sheet
    assert after["备忘"].defined_names["局部"].attr_text == "备忘!$B$2"


def test_opens_on_the_receipt_alone():
    book = opened(receipt(dressed()))
    assert book.active.title == "回执"
    assert [sheet.title for sheet in book if sheet.sheet_view.tabSelected] == ["回执"]


def test_a_note_of_the_clerk_stays_before_ours():
    sheet = opened(receipt(dressed()))["供地结果"]
    assert sheet["A3"].comment.text == "别动我"
    assert re.match(r"请核实\n【错误 3302】", sheet["E4"].comment.text)


def test_a_finding_inside_a_merged_cell_is_shown_on_its_first_cell():
    def merge(book, sheet):
        sheet.merge_range("E3:F3", "30")

    book = opened(receipt(as_xlsx(more=merge)))
    assert book["供地结果"]["E3"].comment is not None


def test_an_empty_required_cell_is_made_and_marked():
    book = opened(receipt(as_xlsx([row(供地方式="")])))
    cell = book["供地结果"].cell(2, HEADER.index("供地方式") + 1)
    assert cell.value is None and "3001" in cell.comment.text and cell.fill.fgColor.rgb == "FFFFC7CE"


def test_a_sheet_that_is_called_receipt_already():
    book = opened(receipt(receipt(as_xlsx())))
    assert book.sheetnames == ["回执2", "回执", "供地结果"]


def test_macros_go_and_cells_stay():
    made = package.Package.load(as_xlsx())
    types = made.parts["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    made.trees.clear()
    made.parts["[Content_Types].xml"] = types
    made.parts["xl/vbaProject.bin"] = b"macro"
    made.relate("xl/workbook.xml", "vbaProject", "xl/vbaProject.bin")
    after = parts(receipt(made.save()))
    assert "xl/vbaProject.bin" not in after and b"macroEnabled" not in after["[Content_Types].xml"]
    assert b"vbaProject" not in after["xl/_rels/workbook.xml.rels"]


@pytest.mark.parametrize(
    "sheet",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="3"><c r="C3"><v>3</v></c></row>',
        "<row><c><v>1</v></c></row><row/><row><c/><c/><c><v>3</v></c></row>",  # numbers left out
        '<row r="1"><c r="A1"><v>1</v></c></row><!-- odd --><row r="3"><c r="C3"><v>3</v></c></row>',
    ],
)
@pytest.mark.parametrize("prefixed", [False, True])
def test_cells_are_found_however_a_program_wrote_them(sheet, prefixed):
    made = package.plain_workbook({"表": package.worksheet(b"")})
    part = made.sheets["表"]
    content = made.parts[part].decode().replace("<sheetData/>", f"<sheetData>{sheet}</sheetData>")
    if prefixed:
        content = re.sub(r"<(/?)(worksheet|sheetData|row|c|v)\b", r"<\1x:\2", content).replace("xmlns=", "xmlns:x=", 1)
    made.parts[part] = content.encode()
    made.rows.clear()
    spots = [(1, 1), (2, 2), (3, 1), (3, 3), (5, 2)]
    annotate.annotate(
        made, receipts.styles.Styles(made), {"表": {spot: annotate.Mark("error", [str(spot)]) for spot in spots}}
    )
    marked = opened(made.save())["表"]
    found = [(c.row, c.column) for cells in marked.iter_rows() for c in cells if c.comment and c.fill.fill_type]
    assert found == spots and (marked["A1"].value, marked["C3"].value) == (1, 3)


def test_more_findings_than_notes_are_said_and_all_listed(monkeypatch):
    monkeypatch.setattr(annotate, "MAX_NOTES", 20)
    rows = [row(电子监管号=f"X{n}") for n in range(25)]
    book = opened(receipt(as_csv(rows), "csv"))
    sheet = book["原文"]
    notes = sum(bool(c.comment) for cells in sheet.iter_rows() for c in cells)
    coloured = sum(bool(c.fill.fill_type) for cells in sheet.iter_rows() for c in cells)
    assert notes == annotate.MAX_NOTES and coloured == len(listed(book)) == len(rows)
    assert "其余 5 个只着色" in "".join(str(c.value) for cells in book["回执"].iter_rows(max_row=16) for c in cells)


def test_a_check_before_handing_in_does_not_say_that_anything_was_received():
    book = opened(receipt(as_csv(), "csv"))
    said = facts(book)
    assert "自查" in book["回执"]["A1"].value and "可入库" in said["读入行数"]
    assert not any(word in "".join(map(str, said.values())) for word in ("已接收", "未入库"))


def test_the_heading_of_a_text_file_stays_in_sight():
    sheet = opened(receipt(as_csv(), "csv"))["原文"]
    assert sheet.freeze_panes == "A2" and sheet["A1"].font.b and not sheet["A2"].font.b
    assert sheet.column_dimensions["B"].width >= 18  # an 电子监管号 of sixteen places


def test_a_note_is_as_high_as_its_text():
    heights = []
    for content in ("短", "长" * 200):
        shape = comments._shape(1, 5, 1, content)
        anchor = [int(each) for each in re.search(r"<x:Anchor>([^<]*)<", shape)[1].split(",")]
        heights.append(anchor[6] - anchor[2])
    assert heights[0] == 4 and heights[1] >= 11


def test_more_findings_than_anybody_reads_are_counted(monkeypatch):
    monkeypatch.setattr(import_module("assets.receipts.receipt"), "MAX_LISTED", 20)
    book = opened(receipt(as_csv([row(电子监管号=f"X{n}") for n in range(25)]), "csv"))
    assert len(listed(book)) == 20 and "提醒 25 条" in facts(book)["结论"]
    assert "另有 5 条" in "".join(str(c.value) for cells in book["回执"].iter_rows(max_row=16) for c in cells)


# --- Files that cannot be shown -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "suffix"),
    [(b"", "csv"), (b"PK\x03\x04broken", "xlsx"), (b"%PDF-1.7", "xlsx"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls")],
)
def test_what_cannot_be_opened_gets_a_receipt_alone(data, suffix):
    book = opened(receipt(data, suffix))
    assert book.sheetnames == ["回执"] and facts(book)["结论"].startswith("退回")
    assert listed(book) and listed(book)[0]["位置"].value == "整个文件"


def test_receipts_alone_share_their_form_and_nothing_that_they_say():
    first, second, again = (receipt(data, "xlsx") for data in (b"PK\x03\x04broken", b"%PDF-1.7", b"PK\x03\x04broken"))
    assert first == again and facts(opened(first))["文件指纹"] != facts(opened(second))["文件指纹"]
    assert parts(first).keys() == parts(second).keys()


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_workbook_still_gets_a_receipt(seed):
    """Bytes of its parts changed at random: whatever the reader makes of it, there is a receipt that opens."""
    draw = random.Random(seed)
    content = parts(dressed())
    for name in draw.sample(sorted(content), 3):
        if len(content[name]) > 2:
            at, cut = draw.randrange(len(content[name])), draw.choice((0, 3, 40))
            noise = bytes(draw.choices(range(32, 127), k=3))
            content[name] = content[name][:at] + noise + content[name][at + cut :]
    data = package.Package(content).save()
    made = zipfile.ZipFile(io.BytesIO(receipt(data)))
    assert made.testzip() is None
    book = package.Package.load(receipt(data))
    assert next(iter(book.sheets)) == "回执" and book.parts[book.sheets["回执"]].startswith(b"<?xml")


def test_an_original_that_is_gone():
    made = receipts.render(receipts.receipt_of(checked(as_xlsx()), as_xlsx(), "LS-1", DAY), None)
    book = opened(made)
    assert book.sheetnames == ["回执"] and len(listed(book)) == 2 and "未附" in facts(book)["说明"]


def test_a_file_without_findings():
    book = opened(receipt(as_xlsx(ROWS[:1])))
    assert facts(book)["结论"] == "接受（错误 0 条，提醒 0 条）" and listed(book) == []


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_persons_of_the_public_export_do_not_enter_a_receipt(suffix):
    header = ["行政区", "电子监管号", "面积(公顷)", "土地来源", "供地方式", "合同签订日期", "土地使用权人"]
    values = ["北京市", "1101082019B00001", "1.5", "现有建设用地", "不明", "2019-03-01", "张三丰"]
    if suffix == "csv":
        data = "\n".join([",".join(header), ",".join(values)]).encode()
    else:
        data = json.dumps([dict(zip(header, values, strict=True))], ensure_ascii=False).encode()
    made = receipt(data, suffix, "landchina_2019")
    assert listed(opened(made)) and "不明" in str(parts(made)["xl/worksheets/sheet1.xml"], "utf-8")
    assert all("张三丰" not in content.decode("utf-8", "replace") for content in parts(made).values())


def test_real_results_of_the_portal():
    data = (DATA / "landchina_beijing_2019h1.gb18030.csv").read_bytes()
    book = opened(receipt(data, "csv", "landchina_beijing_2019h1"))
    lines = data.decode("gb18030").splitlines()
    assert book["原文"].max_row == len(lines)
    assert all(target(book, line["位置"]).comment for line in listed(book) if line["位置"].hyperlink)


# --- Speed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_ten_thousand_rows_in_time(form):
    """Reading, checking and marking, in this thread's own time: the two seconds of the contract leave room to start."""
    rows = [row(电子监管号=f"3301062026B{n:05d}", 供应面积="30" if n % 10 == 0 else "2") for n in range(10_000)]
    data = as_xlsx(rows) if form == "xlsx" else as_csv(rows)

    def once() -> float:
        start = time.thread_time()
        assert len(receipt(data, form)) > 100_000
        return time.thread_time() - start

    assert min(once() for _ in range(2)) < 1.5


def test_number_is_the_one_of_the_nightly(bureau):
    bureau.put(f"{NAME}.xlsx", as_xlsx())
    bureau.take_in()
    (given,) = bureau.con.execute("SELECT submission_id FROM raw.submission").fetchone()
    assert receipts.number_of(checked(as_xlsx()).reading.file, as_xlsx(), bureau.regions) == given


def test_day_and_name_stand_on_it():
    said = facts(opened(receipt(as_xlsx())))
    assert (said["检查日期"], said["文件"], said["报送表"]) == (DAY.isoformat(), f"{NAME}.xlsx", "供地结果")
    assert GOOD["行政区代码"][:4] in said["行政区、年份"]


# --- What is quick, and must be the same ----------------------------------------------------------------------


def test_no_header_that_we_know_begins_or_ends_with_a_digit():
    """Cells that do are not even compared with headers."""
    profiles = [*map(bureau, TABLES.values()), landchina(announced=True)]
    assert not [label for each in profiles for label in each.labels if label[0].isdigit() or label[-1].isdigit()]


@pytest.mark.parametrize(
    "beside", ["", "5% % %s", "a & b", " 前", "后\n", "_x000D_", "_x", "\x00", "\x01", "长" * xml.MAX_TEXT + "了"]
)
def test_a_row_of_texts_is_written_as_any_other_row(beside):
    values = ["工业用地", None, "3.5", "", beside, "1_2"]
    assert xml.texts(3, values, 2) == xml.row(3, [(value, 2 if value else 0) for value in values])


#: Lines that are plain, and such as need care; a comma stands for the separator.
TRICKY = [
    "330106,X1,工业用地,,3.5", ",,,,", "330106,,,,", ",,,,最后", "", " ", "330106", "少,两格", "多,一,格,的,行,啊",
    "空格 在中间,x y,1,2,3", " 前,1,2,3,4", "1,后 ,2,3,4", "1,2,3,4, ", "\t,1,2,3,4", "1,\t制表,2,3,4", "制\t表,1,2,3,4",
    "a&b,1,2,3,4", "<c>,1,2,3,4", "_x0041_,1,2,3,4", "_x,a_b,_,5%,%s", "\ufffe,\uffff,￥,（）,\ufdd0", "1,2,3,4,\ufffe",
    '"引号",1,2,3,4', '"a,b",1,2,3,4', '"a""b",1,2,3,4', '"开着,1,2,3,4', '关上",1,2,3,4', '关上"', 'x"y,1,2,3,4', '"","",,,',
    "长" * (xml.MAX_TEXT // 3) + "一,1,2,3,4", "长" * (xml.MAX_TEXT + 9) + ",1,2,3,4", "a;b|c,1,2,3,4", "\x01,\x7f,\u200b,\ufeff,1",
]  # fmt: skip
LABELS = frozenset({"行政区代码", "供地方式"})
HEADS = ["行政区代码,电子监管号,供地方式,土地用途,面积", "甲,乙,丙,丁,戊", "供地结果表\n行政区代码,电子监管号,供地方式"]


def sheets_both_ways(monkeypatch, content: str, shown: lines.Shown) -> list[package.Worksheet]:
    made = []
    for few in (0, 10**9):
        monkeypatch.setattr(original, "_FEW", few)
        made.append(original.original("csv", content.encode("utf-8", "surrogatepass"), shown).package)
    return [(each.parts["xl/worksheets/sheet1.xml"], each.rows["xl/worksheets/sheet1.xml"]) for each in made]


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("separator", ",\t;|")
@pytest.mark.parametrize("head", HEADS)
def test_lines_written_together_are_the_same_as_one_by_one(monkeypatch, head, separator, private):
    monkeypatch.setattr(lines, "HEAD", 3)
    draw = random.Random(head + separator)
    for _ in range(25):
        body = draw.choices(TRICKY[:2] * 20 + TRICKY, k=draw.choice((3, 30)))
        content = "\n".join([head, *body]).replace(",", separator) + draw.choice(("", "\n", "\n\n"))
        one, other = sheets_both_ways(monkeypatch, content, lines.Shown(LABELS, frozenset(), private))
        assert one == other


@given(st.lists(st.lists(st.sampled_from(["", "1", "工业", '"', '""', " ", "\t", "&", "_x0041_", "\n"]), max_size=8)))
def test_any_text_written_together_is_the_same_as_line_by_line(cells):
    content = "行政区代码,电子监管号,供地方式\n" * 2 + "\n".join(",".join(each) for each in cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "HEAD", 2)
        one, other = sheets_both_ways(patch, content, lines.Shown(LABELS, frozenset()))
    assert one == other


def test_lines_of_a_very_long_file_written_together(monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINES", 50)
    content = "\n".join([HEADS[0], *(f"330106,X{n},协议," + ("工业,1", '"工,业",1')[n % 2] for n in range(200))])
    one, other = sheets_both_ways(monkeypatch, content, lines.Shown(LABELS, frozenset({70, 71, 150, 999})))
    numbers = [int(each) for each in re.findall(rb'<row r="(\d+)"', one[1])]
    assert one == other and numbers == [*range(1, lines.HEAD + 1), 70, 71, 150]


def test_most_lines_are_written_together(monkeypatch):
    """Else all of the above would compare the careful way with itself."""
    seen = []
    monkeypatch.setattr(original, "_FEW", 0)
    monkeypatch.setattr(
        lines.xml, "rows", lambda frame, style, do=xml.rows: seen.append(frame.height) or do(frame, style)
    )
    content = "\n".join([HEADS[0], *TRICKY, *["330106,X1,协议,工业,1"] * 100])
    original.original("csv", content.encode(), lines.Shown(LABELS, frozenset()))
    assert 70 < sum(seen) < 100


@pytest.mark.parametrize("seed", range(20))
def test_rows_changed_as_text_are_those_changed_as_elements(monkeypatch, seed):
    draw = random.Random(seed)
    rows = [xml.texts(n, draw.choices(["", "a", "&", " "], k=5), 1) for n in range(1, 12) if draw.random() < 0.8]
    spots = {(draw.randint(1, 13), draw.randint(1, 7)) for _ in range(9)}
    made = []
    for quick in (annotate._restyled, lambda *_: None):
        monkeypatch.setattr(annotate, "_restyled", quick)
        book = package.plain_workbook(
            {"表": package.worksheet("".join(rows).encode(), before='<cols><col min="2" max="3" style="2"/></cols>')}
        )
        annotate.annotate(
            book, receipts.styles.Styles(book), {"表": {spot: annotate.Mark("error", ["!"]) for spot in spots}}
        )
        made.append(parts(book.save()))
    assert made[0] == made[1]


def test_rows_that_no_search_finds_are_found_by_looking_at_each():
    rows = b'<row r="1"/><row spans="1:2" r="3"><c r="A3"/></row><row r="5"></row><row r="50"/>'
    found = {number: rows[start:end] for number, start, end in annotate._places(rows, [1, 2, 3, 5, 6, 51])}
    assert found == {1: b'<row r="1"/>', 2: b"", 3: rows[12:52], 5: b'<row r="5"></row>', 6: b"", 51: b""}
    assert [start for number, start, end in annotate._places(rows, [2, 6, 51])] == [
        12,
        rows.index(b'<row r="50"'),
        len(rows),
    ]
