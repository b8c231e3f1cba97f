"""A workbook file as a package of parts: read, changed in few places, written again. Knows no receipt.

Only what we touch is parsed, so that everything else in a clerk's workbook stays as it was, byte for byte.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from lxml import etree

_TRANSITIONAL = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_RELATION_TYPES = {
    _TRANSITIONAL: "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    _STRICT: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_RELATIONS, _TYPES = f"{_PACKAGE}/relationships", f"{_PACKAGE}/content-types"
_MACRO_BOOK = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


class NotAWorkbook(Exception):
    """The bytes are no workbook that can be taken apart."""


@dataclass
class Package:
    """The parts of a workbook by name, and the XML trees of those that were opened."""

    parts: dict[str, bytes]
    trees: dict[str, etree._Element] = field(default_factory=dict)
    rows: dict[str, bytes] = field(default_factory=dict)  # of worksheets: kept as text, see `_without_rows`

    @classmethod
    def load(cls, data: bytes) -> Package:
        """Raises NotAWorkbook."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                package = cls({name.replace("\\", "/"): archive.read(name) for name in names})
            package.drop_macros()
            return package
        except (zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, ValueError, OSError, RuntimeError) as error:
            raise NotAWorkbook(str(error)) from None

    def save(self) -> bytes:
        """The package as bytes; equal packages give equal bytes."""
        for name, tree in self.trees.items():
            self.parts[name] = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name in sorted(self.parts, key=lambda each: (each != "[Content_Types].xml", each)):
                with archive.open(name, "w") as part:  # bears no time, hence the same input gives the same bytes
                    part.writelines(self._pieces(name))
        return stream.getvalue()

    def _pieces(self, name: str) -> tuple[bytes, ...]:
        """A part's content, with the rows of a sheet in their place; a sheet is large enough not to be copied."""
        if name not in self.rows:
            return (self.parts[name],)
        before, _, after = self.parts[name].partition(_NO_ROWS)
        return before, b"<sheetData>", self.rows[name], b"</sheetData>", after

    # --- Parts -------------------------------------------------------------------------------------------------------

    def tree(self, name: str) -> etree._Element:
        """The root element of a part; changes to it are written by `save`."""
        if name not in self.trees:
            if name not in self.rows:
                self.parts[name], rows = _without_rows(self.parts[name])
                self.rows |= {} if rows is None else {name: rows}
            self.trees[name] = parse(self.parts[name])
        return self.trees[name]

    def add(self, name: str, content: bytes, content_type: str) -> None:
        self.parts[name] = content
        self.declare(name, content_type)

    def put_sheet(self, name: str, sheet: Worksheet) -> None:
        """A sheet of ours as a part, or in the place of one."""
        self.parts[name], self.rows[name] = sheet.content.encode(), sheet.rows

    def declare(self, name: str, content_type: str) -> None:
        types = self.tree("[Content_Types].xml")
        etree.SubElement(types, f"{{{_TYPES}}}Override", PartName=f"/{name}", ContentType=content_type)

    def add_default_type(self, suffix: str, content_type: str) -> None:
        types = self.tree("[Content_Types].xml")
        defaults = types.findall(f"{{{_TYPES}}}Default")
        if suffix not in {each.get("Extension", "").lower() for each in defaults}:
            types.insert(0, etree.Element(f"{{{_TYPES}}}Default", Extension=suffix, ContentType=content_type))

    def free_name(self, pattern: str) -> str:
        """The first name of a pattern with `{}` that no part has."""
        taken = {name.lower() for name in self.parts}
        number = 1
        while pattern.format(number).lower() in taken:
            number += 1
        return pattern.format(number)

    def drop_macros(self) -> None:
        """A receipt runs nothing: the macro project of an xlsm goes, the cells stay."""
        for each in self.tree("[Content_Types].xml"):
            if each.get("ContentType") == _MACRO_BOOK:
                each.set("ContentType", _BOOK)
        for relation in self.relations(self.workbook).values():
            if relation.get("Type", "").endswith("/vbaProject"):
                self.parts.pop(self.target(self.workbook, relation), None)
                relation.getparent().remove(relation)

    # --- Relations ---------------------------------------------------------------------------------------------------

    def relations(self, part: str) -> dict[str, etree._Element]:
        """The relations of a part by id."""
        name = relations_name(part)
        return {each.get("Id"): each for each in self.tree(name)} if name in self.parts else {}

    def target(self, part: str, relation: etree._Element) -> str:
        """The name of the part that a relation leads to."""
        target = relation.get("Target", "")
        return target.lstrip("/") if target.startswith("/") else posixpath.normpath(
            posixpath.join(posixpath.dirname(part), target)
        )  # fmt: skip

    def related(self, part: str, kind: str) -> str | None:
        """The part that the first relation of a kind leads to."""
        found = [each for each in self.relations(part).values() if each.get("Type", "").endswith(f"/{kind}")]
        return self.target(part, found[0]) if found else None

    def relate(self, part: str, kind: str, target: str) -> str:
        """Add a relation; returns its id."""
        name = relations_name(part)
        if name not in self.parts:
            self.parts[name] = f'<Relationships xmlns="{_RELATIONS}"/>'.encode()
        taken, number = set(self.relations(part)), 1
        while f"rId{number}" in taken:
            number += 1
        etree.SubElement(
            self.tree(name), f"{{{_RELATIONS}}}Relationship",
            Id=f"rId{number}", Type=f"{self.relation_types}/{kind}", Target=f"/{target}",
        )  # fmt: skip
        return f"rId{number}"

    # --- The workbook ------------------------------------------------------------------------------------------------

    @cached_property
    def workbook(self) -> str:
        found = self.related("", "officeDocument")
        if found is None or found not in self.parts:
            raise KeyError("no workbook part")
        return found

    @cached_property
    def namespace(self) -> str:
        """The spreadsheet namespace of this workbook: there is a transitional and a strict one."""
        return etree.QName(self.tree(self.workbook)).namespace or _TRANSITIONAL

    @property
    def relation_types(self) -> str:
        return _RELATION_TYPES.get(self.namespace, _RELATION_TYPES[_TRANSITIONAL])

    def tag(self, name: str) -> str:
        return f"{{{self.namespace}}}{name}"

    def relation_id(self, element: etree._Element) -> str | None:
        return element.get(f"{{{self.relation_types}}}id")

    @property
    def sheets(self) -> dict[str, str]:
        """Part of every sheet by its name, in order."""
        relations = self.relations(self.workbook)
        found = {}
        for sheet in self.tree(self.workbook).iter(self.tag("sheet")):
            relation = relations.get(self.relation_id(sheet))
            if relation is not None:
                found[sheet.get("name", "")] = self.target(self.workbook, relation)
        return found


_NO_ROWS = b"<sheetData/>"
_SIMPLE_ROW = re.compile(rb'<row\b(?=[^>]*\sr="\d)')


def _without_rows(content: bytes) -> tuple[bytes, bytes | None]:
    """A worksheet with an empty <sheetData/>, and its rows as text; other parts, and unusual sheets, whole.

    A sheet has some hundred thousand cells, and findings stand in few of its rows: only those are worth a tree.
    """
    start, end = content.find(b"<sheetData>"), content.rfind(b"</sheetData>")
    if start < 0 or end < 0:
        return content, None
    rows = content[start + len(b"<sheetData>") : end]
    special = b"!" in rows and b"<!" in rows  # a single byte, which is rare here, is found ten times as fast
    count = rows.count(b"<row")
    if special or (count != rows.count(b'<row r="') and count != len(_SIMPLE_ROW.findall(rows))):
        return content, None
    return content[:start] + _NO_ROWS + content[end + len(b"</sheetData>") :], rows


def relations_name(part: str) -> str:
    """Where a package keeps the relationships of a part: `xl/workbook.xml` → `xl/_rels/workbook.xml.rels`."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def parse(content: bytes) -> etree._Element:
    """The root of an XML part; no entity is resolved and nothing is fetched."""
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def plain_workbook(sheets: dict[str, Worksheet]) -> Package:
    """A new workbook from worksheets by name, with a text style (index 1: `@`, so that nothing typed or
    kept there turns into a formula or a number) and one for headings (2)."""
    relation = _RELATION_TYPES[_TRANSITIONAL]
    numbered = list(enumerate(sheets.items(), 1))
    listed = "".join(f'<sheet name="{_attribute(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered)
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{relation}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    typed = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n, _ in numbered
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_BOOK}"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{typed}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}">'
        f'<Relationship Id="rId1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_TRANSITIONAL}" xmlns:r="{relation}">'
        f"<bookViews><workbookView/></bookViews><sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}">{related}'
        f'<Relationship Id="rId{len(numbered) + 1}" Type="{relation}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _PLAIN_STYLES,
    }
    made = Package({name: f"{_DECLARATION}{content}".encode() for name, content in parts.items()})
    for number, (_, sheet) in numbered:
        made.put_sheet(f"xl/worksheets/sheet{number}.xml", sheet)
    return made


_PLAIN_STYLES = (
    f'<styleSheet xmlns="{_TRANSITIONAL}"><fonts count="2"><font><sz val="10"/><name val="宋体"/></font>'
    '<font><b/><sz val="10"/><name val="宋体"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    "</fills>"
    '<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>'
    '<border><left/><right/><top/><bottom style="thin"><color auto="1"/></bottom><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="1" xfId="0" applyNumberFormat="1" applyFont="1"'
    ' applyBorder="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class Worksheet(NamedTuple):
    """A sheet of ours as XML, its rows by themselves: they are never parsed."""

    content: str  # with an empty <sheetData/>
    rows: bytes

    def in_namespace(self, namespace: str) -> Worksheet:
        """The same in a workbook's own namespace, which rows do not mention."""
        moved = self.content.replace(_TRANSITIONAL, namespace, 1)
        related = _RELATION_TYPES[_TRANSITIONAL]
        return Worksheet(moved.replace(related, _RELATION_TYPES.get(namespace, ""), 1), self.rows)


def worksheet(rows: bytes, *, before: str = "", after: str = "") -> Worksheet:
    """A worksheet of rows; `before` and `after` are what stands around <sheetData>."""
    head = f'<worksheet xmlns="{_TRANSITIONAL}" xmlns:r="{_RELATION_TYPES[_TRANSITIONAL]}">'
    return Worksheet(f"{_DECLARATION}{head}{before}{_NO_ROWS.decode()}{after}</worksheet>", rows)


def _attribute(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
