"""Notes on cells (批注): the comment part of a sheet and the drawing that shows it; a sheet's own notes stay."""

from __future__ import annotations

import re

from lxml import etree

from .package import Package, parse
from .xml import column_letters, text

AUTHOR = "回执"
_COMMENTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML = "application/vnd.openxmlformats-officedocument.vmlDrawing"
#: What may follow <legacyDrawing> in a worksheet.
_AFTER_DRAWING = (
    "legacyDrawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst",
)  # fmt: skip
#: Half-width characters that fit a line of a box four columns wide.
_LINE = 36
_SHAPE_TYPE = (
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_DRAWING = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/>'
    f"</o:shapelayout>{_SHAPE_TYPE}</xml>"
)


def add(package: Package, sheet: str, notes: dict[tuple[int, int], str]) -> None:
    """Put notes on cells (row, column from 1) of a sheet part. A cell that has a note keeps it, ours follows."""
    if not notes:
        return
    root = _comment_part(package, sheet)
    listed = root.find(package.tag("commentList"))
    existing = {each.get("ref"): each for each in listed}
    author = _author(root, package)
    new = []
    for (row, column), content in notes.items():
        reference = f"{column_letters(column)}{row}"
        if (note := existing.get(reference)) is not None:
            _append(note, package, f"\n{content}")
        else:
            new.append((row, column, content))
    listed.extend(_parsed(package, "".join(_comment(author, *each) for each in new)))
    _draw(package, sheet, new)


def _comment(author: int, row: int, column: int, content: str) -> str:
    reference = f"{column_letters(column)}{row}"
    return f'<comment ref="{reference}" authorId="{author}"><text>{_run(content)}</text></comment>'


def _run(content: str) -> str:
    return f'<r><rPr><sz val="9"/><rFont val="宋体"/></rPr><t xml:space="preserve">{text(content)}</t></r>'


def _parsed(package: Package, content: str) -> etree._Element:
    """An element with this content; one for many notes, because each costs more to parse than to write."""
    return parse(f'<commentList xmlns="{package.namespace}">{content}</commentList>'.encode())


def _append(note: etree._Element, package: Package, content: str) -> None:
    """A further run at the end of a note that is there."""
    body = note.find(package.tag("text"))
    if body is None:
        body = etree.SubElement(note, package.tag("text"))
    first = body.find(package.tag("t"))
    if first is not None:  # a plain text becomes the first run
        wrapped = etree.Element(package.tag("r"))
        first.addprevious(wrapped)
        wrapped.append(first)
    body.extend(_parsed(package, _run(content)))


def _comment_part(package: Package, sheet: str) -> etree._Element:
    part = package.related(sheet, "comments")
    if part is None or part not in package.parts:
        part = package.free_name("xl/comments{}.xml")
        empty = f'<comments xmlns="{package.namespace}"><authors/><commentList/></comments>'
        package.add(part, empty.encode(), _COMMENTS)
        package.relate(sheet, "comments", part)
    return package.tree(part)


def _author(root: etree._Element, package: Package) -> int:
    authors = root.find(package.tag("authors"))
    named = [each.text for each in authors]
    if AUTHOR not in named:
        etree.SubElement(authors, package.tag("author")).text = AUTHOR
        return len(named)
    return named.index(AUTHOR)


def _draw(package: Package, sheet: str, spots: list[tuple[int, int, str]]) -> None:
    """One hidden box per note, as high as its text needs. A drawing may be no good XML: it is extended as text."""
    if not spots:
        return
    part = _drawing_part(package, sheet)
    drawing = package.parts[part].decode("utf-8", "surrogateescape")
    used = [int(number) for number in re.findall(r'id="_x0000_s(\d+)"', drawing)]
    first = max(used, default=1024) + 1
    shapes = "".join(_shape(first + index, *spot) for index, spot in enumerate(spots))
    if "_x0000_t202" not in drawing:
        shapes = _SHAPE_TYPE + shapes
    head, closing, tail = drawing.rpartition("</xml>")
    package.parts[part] = f"{head}{shapes}{closing}{tail}".encode("utf-8", "surrogateescape")


def _drawing_part(package: Package, sheet: str) -> str:
    root = package.tree(sheet)
    drawing = root.find(package.tag("legacyDrawing"))
    if drawing is not None:
        relation = package.relations(sheet).get(package.relation_id(drawing))
        if relation is not None and (part := package.target(sheet, relation)) in package.parts:
            return part
        root.remove(drawing)
    part = package.free_name("xl/drawings/vmlDrawing{}.vml")
    package.parts[part] = _DRAWING.encode()
    package.add_default_type("vml", _VML)
    made = etree.Element(package.tag("legacyDrawing"))
    made.set(f"{{{package.relation_types}}}id", package.relate(sheet, "vmlDrawing", part))
    later = {package.tag(name) for name in _AFTER_DRAWING}
    following = next((each for each in root if each.tag in later), None)
    root.append(made) if following is None else following.addprevious(made)
    return part


def _shape(number: int, row: int, column: int, content: str) -> str:
    top, left = max(row - 2, 0), column
    height = 2 + sum(1 + 2 * len(line) // _LINE for line in content.split("\n"))
    return (
        f'<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;visibility:hidden"'
        ' fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
        '<v:shadow on="t" color="black" obscured="t"/>'
        '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>'
        '</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{left}, 15, {top}, 4, {left + 4}, 15, {top + min(max(height, 4), 24)}, 4</x:Anchor>"
        "<x:AutoFill>False</x:AutoFill>"
        f"<x:Row>{row - 1}</x:Row><x:Column>{column - 1}</x:Column></x:ClientData></v:shape>"
    )
