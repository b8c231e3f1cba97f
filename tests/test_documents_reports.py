"""Word and PDF reports: layout of the official form, all figures of the chapters in both, same model same bytes."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from assets.outputs import chapters, fonts, pdf, word
from assets.outputs.blocks import Document, Figure, Head, Heading, Paragraph, Table, numbered
from tests.documents_sample import LONG_NAME, model

REPORTS = [("annual", 2026), ("midterm", 2027), ("final", 2030)]


@pytest.fixture(scope="module", params=REPORTS, ids=lambda each: each[0])
def report(request, tmp_path_factory):
    """(model, kind, year, DOCX path, PDF path)"""
    kind, year = request.param
    sample, folder = model(year), tmp_path_factory.mktemp(kind)
    return (
        sample,
        kind,
        year,
        word.write(sample, kind, year, folder / "a.docx"),
        pdf.write(sample, kind, year, folder / "a.pdf"),
    )


@pytest.fixture(scope="module")
def annual(tmp_path_factory):
    return docx.Document(word.write(model(), "annual", 2026, tmp_path_factory.mktemp("word") / "a.docx"))


def words_of(path: Path) -> str:
    """All text of a DOCX, tables included, without blanks."""
    with zipfile.ZipFile(path) as archive:
        xml = archive.read("word/document.xml").decode()
    return squeezed("".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", xml)).replace("&amp;", "&").replace("&lt;", "<"))


def pages_of(path: Path) -> str:
    if not shutil.which("pdftotext"):
        pytest.fail("pdftotext is missing: apt-get install poppler-utils")
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True).stdout


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


# --- Content --------------------------------------------------------------------------------------------------------


def test_every_figure_of_the_year_stands_in_word_and_pdf(report):
    sample, kind, year, docx_path, pdf_path = report
    said, drawn = words_of(docx_path), squeezed(pages_of(pdf_path))
    for row in getattr(sample, kind)[year].rows:
        for cell in row.cells:
            verdict = f"{cell.shape}{cell.verdict_label}"
            for text in (cell.text, cell.target_text, verdict) if row.region.level == "city" else (cell.text, verdict):
                assert text in said, (row.region.name, cell.indicator, text)
                assert text in drawn, (row.region.name, cell.indicator, text)
            if cell.forecast:
                assert cell.forecast.text in said and squeezed(cell.forecast.text_range) in drawn


def test_a_table_row_keeps_its_figures_together(report):
    sample, kind, year, _, pdf_path = report
    cell = getattr(sample, kind)[year].rows[1].cells[0]
    lines = [squeezed(line) for line in pages_of(pdf_path).splitlines()]
    wanted = f"{cell.region_name}{cell.text}{cell.target_text}{cell.progress_text}"
    assert any(line.startswith(wanted) for line in lines)


def test_every_report_says_what_it_was_made_with(report):
    sample, _, _, docx_path, pdf_path = report
    with zipfile.ZipFile(docx_path) as archive:
        headers = "".join(archive.read(name).decode() for name in archive.namelist() if "header" in name)
    for piece in (sample.release.id, "2026-11-23", "预计", "口径 2025.1", "目标 2025.1"):
        assert piece in headers
        assert squeezed(piece) in squeezed(pages_of(pdf_path))
    assert "最终核实" in words_of(docx_path)


def test_the_what_if_never_enters_a_report(report):
    _, _, _, docx_path, pdf_path = report
    for text in (words_of(docx_path), squeezed(pages_of(pdf_path))):
        assert "假设" not in text and "增存挂钩" not in text


def test_advice_is_for_the_midterm_and_the_final_only(report):
    _, kind, _, docx_path, _ = report
    assert ("指标优化与激励建议" in words_of(docx_path)) == (kind != "annual")


def test_chapters_come_in_order():
    blocks = chapters.document(model(), "annual", 2026).blocks
    assert [each.text for each in blocks if isinstance(each, Heading) and each.level == 1] == [
        "一、总体情况", "二、主要指标完成情况", "三、各市情况", "四、六大模式与示范项目", "五、政策举措",
        "六、十二项任务",
        "七、存在问题", "八、数据说明",
    ]  # fmt: skip


def test_tables_and_figures_are_counted():
    table = Table("甲", ((Head("栏"),),), (("\x01值",),), (1,), "l")
    done = list(numbered([table, Figure("乙", "<svg/>", ""), table, Paragraph("段\x0b落")]))
    assert [getattr(each, "caption", None) for each in done] == ["表1　甲", "图1　乙", "表2　甲", None]
    assert done[0].rows == (("□值",),) and done[3].text == "段□落"


def test_a_report_that_the_release_has_not_says_which_it_has():
    with pytest.raises(chapters.NoReport, match=r"没有2030年终期评估.*可以出的报告：2026年度总结"):
        chapters.document(model(), "final", 2030)


def test_a_bare_release_still_makes_a_report(tmp_path):
    sample = replace(
        model(), modes=(), measures=(), demonstrations=(), tasks=(), advice=(), incentives=(), region_views={},
        quality=replace(model().quality, by_rule=(), by_city=()),
    )  # fmt: skip
    said = words_of(word.write(sample, "annual", 2026, tmp_path / "a.docx"))
    for text in ("没有按六大开发模式填报的记录", "没有示范项目报送", "没有政策举措报送", "没有任务台账报送"):
        assert text in said
    assert pdf.write(sample, "annual", 2026, tmp_path / "a.pdf").stat().st_size > 10_000


# --- Word -----------------------------------------------------------------------------------------------------------


def test_page_of_the_official_form(annual):
    section = annual.sections[0]
    sizes = (section.page_width, section.page_height, section.top_margin, section.bottom_margin)
    assert [round(each.mm) for each in (*sizes, section.left_margin, section.right_margin)] == [
        210,
        297,
        37,
        35,
        28,
        26,
    ]
    assert annual.settings.odd_and_even_pages_header_footer


@pytest.mark.parametrize(
    ("style", "font", "size", "pitch"),
    [
        ("Title", "方正小标宋简体", 22, 34),
        ("Normal", "仿宋", 16, 28),
        ("Heading 1", "黑体", 16, 28),
        ("Heading 2", "楷体", 16, 28),
    ],
)
def test_fonts_of_the_official_form(annual, style, font, size, pitch):
    found = annual.styles[style]
    assert found.element.rPr.rFonts.get(qn("w:eastAsia")) == font
    assert (found.font.size, found.paragraph_format.line_spacing) == (Pt(size), Pt(pitch))


def test_first_line_is_two_characters_in(annual):
    assert annual.styles["Normal"].element.pPr.find(qn("w:ind")).get(qn("w:firstLineChars")) == "200"


@pytest.mark.parametrize(("footer", "side"), [("footer", "right"), ("even_page_footer", "left")])
def test_page_number_stands_outside(annual, footer, side):
    paragraph = getattr(annual.sections[0], footer).paragraphs[0]
    field = paragraph._p.find(qn("w:fldSimple"))
    assert "PAGE" in field.get(qn("w:instr"))
    assert [run.text for run in paragraph.runs] == ["— ", " —"]
    assert str(paragraph.alignment).lower().startswith(side)


def test_tables_repeat_their_header_and_split_no_row(annual):
    assert len(annual.tables) > 10
    for table in annual.tables:
        rows = table._tbl.tr_lst
        assert all(row.trPr.find(qn("w:cantSplit")) is not None for row in rows)
        assert rows[0].trPr.find(qn("w:tblHeader")) is not None
        assert rows[-1].trPr.find(qn("w:tblHeader")) is None


def test_tables_fit_between_the_margins(annual):
    for table in annual.tables:
        assert sum(column.width for column in table.columns) <= Mm(156) + Mm(1)


def test_captions_stand_above_tables_and_below_figures(annual):
    body = list(annual.element.body)
    for table in annual.tables:
        before = body[body.index(table._tbl) - 1]
        assert before.pPr.pStyle.val == "TableCaption"
    pictures = [place for place, each in enumerate(body) if each.findall(f".//{qn('w:drawing')}")]
    assert pictures
    assert all(body[place + 1].pPr.pStyle.val == "FigureCaption" for place in pictures)


def test_merged_header_of_the_plan(annual):
    first, second = annual.tables[0]._tbl.tr_lst[:2]
    spans = [cell.tcPr.gridSpan.val if cell.tcPr.gridSpan is not None else 1 for cell in first.tc_lst]
    assert spans == [1, 4, 2, 2] and len(second.tc_lst) == 9
    assert first.tc_lst[0].tcPr.find(qn("w:vMerge")).get(qn("w:val")) == "restart"
    assert second.tc_lst[0].tcPr.find(qn("w:vMerge")).get(qn("w:val")) is None


def test_pictures_are_described(annual):
    described = [each.get("descr") for each in annual.element.body.iter(qn("wp:docPr"))]
    assert described and all((text and "杭州市" in text) or "现为" in text for text in described)


def test_names_of_any_length_and_sign(annual):
    assert any(LONG_NAME in cell.text for table in annual.tables for cell in table._cells)


# --- PDF and determinism --------------------------------------------------------------------------------------------


def test_pdf_is_tagged_with_its_fonts_inside(report):
    path = report[-1]
    about = subprocess.run(["pdfinfo", path], capture_output=True, check=True, text=True).stdout
    assert re.search(r"Tagged:\s+yes", about) and "A4" in about
    assert re.search(r"Title:\s+浙江省存量空间提质增效行动", about)
    listed = subprocess.run(["pdffonts", path], capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    assert listed and all(re.search(r"yes (yes|no) (yes|no)\s+\d+\s+\d+$", line) for line in listed)


def test_same_model_same_bytes(tmp_path):
    sample = model()
    for writer, suffix in ((word, "docx"), (pdf, "pdf")):
        first, second = (
            writer.write(sample, "annual", 2026, tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab"
        )
        assert first == second


def test_a_huge_table_breaks_over_pages_with_its_header(tmp_path):
    rows = tuple((str(number), "甲" * 60) for number in range(120))
    table = Table("长表", ((Head("序号"), Head("名称")),), rows, (1, 5), "cl", "注")
    made = pdf.render(Document("题\n目", "副题", "行", tuple(numbered([table]))), 0)
    path = tmp_path / "a.pdf"
    path.write_bytes(made)
    pages = [page for page in pages_of(path).split("\f") if page.strip()]
    assert len(pages) > 3 and all("序号" in page for page in pages)


def test_a_long_list_of_changed_switches_fits_into_words_properties(tmp_path):
    sample = model()
    long = "2025.1" + "+activation.idle=false" * 20
    sample = replace(sample, release=replace(sample.release, rule_version=long))
    made = docx.Document(word.write(sample, "annual", 2026, tmp_path / "a.docx"))
    assert len(made.core_properties.comments) == 255 and made.core_properties.comments.endswith("…")


def test_without_a_chinese_font_the_remedy_is_named():
    with pytest.raises(fonts.FontsMissing, match="apt-get install fonts-noto-cjk"):
        fonts.chinese(frozenset({"DejaVu Sans"}))


def test_every_role_finds_a_font():
    assert fonts.chinese(frozenset({"SimSun"})) == {role: ["SimSun"] for role in fonts.ROLES}
    assert fonts.chinese(frozenset({"Noto Serif CJK SC", "SimHei"}))["hei"] == ["SimHei"]
