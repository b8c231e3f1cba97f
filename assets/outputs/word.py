"""The Word report (公文格式, GB/T 9704 as far as an annex needs it): sets the blocks of `chapters.py` with python-docx.

A4, margins 37/35/28/26 mm, title 2号 小标宋, body 3号 仿宋 on a fixed 28 pt pitch, 一级标题 黑体, 二级标题 楷体,
page number "— 1 —" outside. Wording and figures are not decided here.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from docx import Document as new_document
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.section import Section
from docx.shared import Emu, Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle

from assets.outputs.blocks import Block, Document, Figure, Head, Heading, Paragraph, Table
from assets.outputs.chapters import document
from assets.outputs.model import ReportModel
from assets.outputs.pdf import drawings

LATIN = "Times New Roman"
TITLE, SONG, FANGSONG, HEI, KAI = "方正小标宋简体", "宋体", "仿宋", "黑体", "楷体"
#: What Word takes when a font of the standard is not installed.
_STANDS_IN = {TITLE: "华文中宋", FANGSONG: "仿宋_GB2312", KAI: "楷体_GB2312", HEI: "SimHei", SONG: "SimSun"}
_TEXT_WIDTH = Mm(210 - 28 - 26)
_PICTURE_WIDTH = 0.84  # of the text
_LONGEST_UNSPLIT = 16  # rows of a table that is kept on one page
_LONGEST_PROPERTY = 255  # more Word does not take
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write(model: ReportModel, kind: str, year: int, path: Path) -> Path:
    """The report of a kind (annual, midterm, final) as DOCX; the same model gives the same bytes. Raises NoReport."""
    report = document(model, kind, year)
    docx = new_document()
    _properties(docx, report, model)
    _fonts(docx)
    _styles(docx)
    _page(docx.sections[0], report)
    _odd_and_even(docx)
    docx.add_paragraph(report.title, "Title")
    docx.add_paragraph(report.subtitle, "Subtitle")
    pictures = iter(drawings([block.svg for block in report.blocks if isinstance(block, Figure)]))
    for block in report.blocks:
        _add(docx, block, pictures)
    buffer = io.BytesIO()
    docx.save(buffer)
    path.write_bytes(_without_clock(buffer))
    return path


def _add(docx: Docx, block: Block, pictures: Iterator[bytes]) -> None:
    match block:
        case Heading(level, text):
            docx.add_paragraph(text, f"Heading {level}")
        case Paragraph(text):
            docx.add_paragraph(text)
        case Table():
            docx.add_paragraph(block.caption, "Table Caption")
            docx.element.body.insert(len(docx.element.body) - 1, parse_xml(table_xml(block)))
            docx.add_paragraph(f"注：{block.note}" if block.note else "", "Note")
        case Figure(caption, _, alt):
            _picture(docx, next(pictures), caption, alt)
            docx.add_paragraph(caption, "Figure Caption")


def _picture(docx: Docx, image: bytes, caption: str, alt: str) -> None:
    run = docx.add_paragraph(style="Figure").add_run()
    shape = run.add_picture(io.BytesIO(image), width=Emu(round(_TEXT_WIDTH * _PICTURE_WIDTH)))
    shape._inline.docPr.set("descr", alt)
    shape._inline.docPr.set("title", caption)


# --- Tables ---------------------------------------------------------------------------------------------------------


def table_xml(table: Table) -> str:
    """A `w:tbl`: header rows repeat on every page, no row is split, widths are those of the text column."""
    total = sum(table.widths)
    widths = [round(_TEXT_WIDTH.twips * width / total) for width in table.widths]
    size = 17 if table.small else 21  # half points
    whole = len(table.rows) <= _LONGEST_UNSPLIT
    rows = [_header_row(_starts(table.header, level), widths, size) for level in range(len(table.header))]
    rows += [
        _row(row, widths, table.align, size, HEI if index in table.bold_rows else SONG, whole)
        for index, row in enumerate(table.rows)
    ]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    line = '<w:{0} w:val="single" w:sz="{1}" w:space="0" w:color="000000"/>'
    edges = "".join(line.format(*edge) for edge in (("top", 8), ("left", 4), ("bottom", 8), ("right", 4)))
    edges += "".join(line.format(*edge) for edge in (("insideH", 4), ("insideV", 4)))
    sides = (("top", 28), ("left", 40), ("bottom", 28), ("right", 40))
    padding = "".join(f'<w:{side} w:w="{width}" w:type="dxa"/>' for side, width in sides)
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{edges}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>{padding}</w:tblCellMar>'
        f"<w:tblCaption w:val={quoteattr(table.caption)}/></w:tblPr>"
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _starts(header: Sequence[Sequence[Head]], level: int) -> list[tuple[int, int, Head | None]]:
    """Cells of a header row as (column, columns, head); head None: covered by a taller cell above."""
    covered: dict[int, int] = {}
    placed: list[tuple[int, int, Head | None]] = []
    for depth in range(level + 1):
        placed, column, waiting = [], 0, iter(header[depth])
        taken = {each: rows for each, rows in covered.items() if rows > depth}
        while True:
            if column in taken:
                placed.append((column, 1, None))
                column += 1
                continue
            head = next(waiting, None)
            if head is None:
                break
            placed.append((column, head.columns, head))
            covered |= {each: depth + head.rows for each in range(column, column + head.columns)}
            column += head.columns
    return placed


def _header_row(placed: Sequence[tuple[int, int, Head | None]], widths: Sequence[int], size: int) -> str:
    parts = []
    for column, columns, head in placed:
        merge = "" if head and head.rows == 1 else '<w:vMerge w:val="restart"/>' if head else "<w:vMerge/>"
        span = f'<w:gridSpan w:val="{columns}"/>' if columns > 1 else ""
        width = sum(widths[column : column + columns])
        look = f'{span}{merge}<w:shd w:val="clear" w:color="auto" w:fill="F0F2F5"/>'
        parts.append(_cell(head.text if head else "", width, "c", size, HEI, True, look))
    return f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{''.join(parts)}</w:tr>"


def _row(row: Sequence[str], widths: Sequence[int], align: str, size: int, font: str, together: bool) -> str:
    cells = zip(row, widths, align, strict=True)
    parts = [_cell(text, width, side, size, font, together) for text, width, side in cells]
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{''.join(parts)}</w:tr>"


def _cell(text: str, width: int, side: str, size: int, font: str, together: bool, look: str = "") -> str:
    """`together`: stays on one page with the row below."""
    side = {"l": "left", "c": "center", "r": "right"}[side]
    keep = "<w:keepNext/>" if together else ""
    lines = '</w:t><w:br/><w:t xml:space="preserve">'.join(escape(line) for line in text.split("\n"))
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{look}<w:vAlign w:val="center"/></w:tcPr>'
        f'<w:p><w:pPr><w:pStyle w:val="TableText"/>{keep}<w:jc w:val="{side}"/></w:pPr><w:r><w:rPr>'
        f'<w:rFonts w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:eastAsia="{font}" w:hint="eastAsia"/>'
        f'<w:sz w:val="{size}"/></w:rPr><w:t xml:space="preserve">{lines}</w:t></w:r></w:p></w:tc>'
    )


# --- Page and styles ------------------------------------------------------------------------------------------------


def _page(section: Section, report: Document) -> None:
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(22), Mm(24)
    for header in (section.header, section.even_page_header):
        header.paragraphs[0].text, header.paragraphs[0].style = report.line, "Release Line"
    for footer, side in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        paragraph = footer.paragraphs[0]
        paragraph.style, paragraph.alignment = "Page Number Line", side
        paragraph.add_run("— ")
        paragraph._p.append(parse_xml(_PAGE_FIELD))
        paragraph.add_run(" —")


_PAGE_FIELD = f'<w:fldSimple {nsdecls("w")} w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'


def _odd_and_even(docx: Docx) -> None:
    docx.settings.odd_and_even_pages_header_footer = True


def _styles(docx: Docx) -> None:
    center, left = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT
    body = docx.styles["Normal"]
    _style(body, FANGSONG, 16, pitch=28, indent=2)
    body.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    body.paragraph_format.widow_control = True
    _style(docx.styles["Title"], TITLE, 22, pitch=34, align=center, after=6)
    _style(docx.styles["Subtitle"], KAI, 16, pitch=28, align=center, after=14)
    for level, font in ((1, HEI), (2, KAI)):
        _style(docx.styles[f"Heading {level}"], font, 16, pitch=28, indent=2, align=left, together=True)
    for name, font, size, more in (
        ("Table Caption", HEI, 14, {"align": center, "before": 8, "after": 4, "together": True}),
        ("Figure", SONG, 10.5, {"align": center, "before": 8, "together": True}),
        ("Figure Caption", HEI, 14, {"align": center, "before": 2, "after": 10}),
        ("Note", SONG, 9, {"align": left, "before": 3, "after": 8}),
        ("Table Text", SONG, 10.5, {}),
        ("Release Line", SONG, 9, {"align": center}),
        ("Page Number Line", SONG, 14, {"sides": 14}),
    ):
        style = docx.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = None
        _style(style, font, size, **more)


def _style(
    style: ParagraphStyle, font: str, size: float, *, pitch: float | None = None, indent: int = 0, sides: float = 0,
    align: WD_ALIGN_PARAGRAPH | None = None, before: float = 0, after: float = 0, together: bool = False,
) -> None:  # fmt: skip
    """`indent` is the first line's, in characters; `pitch` a fixed line spacing in points; `sides` in points."""
    style.font.name, style.font.size = LATIN, Pt(size)
    style.font.bold = style.font.italic = False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in [each for each in fonts.attrib if each.endswith("Theme")]:
        del fonts.attrib[name]
    fonts.set(qn("w:eastAsia"), font)
    layout = style.paragraph_format
    layout.space_before, layout.space_after = Pt(before), Pt(after)
    layout.alignment, layout.keep_with_next, layout.keep_together = align, together, together
    layout.left_indent = layout.right_indent = Pt(sides)
    layout.line_spacing_rule = WD_LINE_SPACING.EXACTLY if pitch else WD_LINE_SPACING.SINGLE
    if pitch:
        layout.line_spacing = Pt(pitch)
    layout.first_line_indent = Pt(size * indent)
    # Word measures the standard's "two characters" in characters; the points above serve other programs.
    style.element.pPr.find(qn("w:ind")).set(qn("w:firstLineChars"), str(100 * indent))
    for border in style.element.pPr.findall(qn("w:pBdr")):
        style.element.pPr.remove(border)


# --- The file -------------------------------------------------------------------------------------------------------


def _properties(docx: Docx, report: Document, model: ReportModel) -> None:
    properties = docx.core_properties
    properties.title = report.title.replace("\n", "")
    line = report.line  # names every changed switch
    properties.comments = line if len(line) <= _LONGEST_PROPERTY else line[: _LONGEST_PROPERTY - 1] + "…"
    properties.author = "landstock"
    properties.created = properties.modified = model.release.made_at
    properties.language, properties.revision = "zh-CN", 1


def _fonts(docx: Docx) -> None:
    """Name a stand-in for every font of the standard that a computer may lack."""
    table = next(rel.target_part for rel in docx.part.rels.values() if rel.reltype == RELATIONSHIP_TYPE.FONT_TABLE)
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/><w:family w:val="auto"/></w:font>'
        for name, other in _STANDS_IN.items()
    )
    table._blob = f'<?xml version="1.0" encoding="UTF-8"?><w:fonts {nsdecls("w")}>{fonts}</w:fonts>'.encode()


def _without_clock(buffer: io.BytesIO) -> bytes:
    """The same archive with a fixed time on every member."""
    result = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            new.writestr(zipfile.ZipInfo(item.filename, _EPOCH), old.read(item), zipfile.ZIP_DEFLATED)
    return result.getvalue()
