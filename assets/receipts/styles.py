"""The styles of a workbook, extended: a clerk's own cell format with our fill, and the few formats of our own sheet."""

from __future__ import annotations

import copy

from lxml import etree

from .package import Package

#: Fill and text colour by severity (red-ish and amber); a word always stands beside them.
COLOURS = {"error": ("FFFFC7CE", "FF9C0006"), "warning": ("FFFFEB9C", "FF7F6000")}
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_ORDER = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles",
          "colors", "extLst")  # fmt: skip
_MINIMAL = {
    "fonts": '<font><sz val="11"/><name val="宋体"/></font>',
    "fills": '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>',
    "borders": "<border><left/><right/><top/><bottom/><diagonal/></border>",
    "cellStyleXfs": '<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>',
    "cellXfs": '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>',
}


class Styles:
    """The style part of a package; indices that it hands out are valid in every sheet."""

    def __init__(self, package: Package) -> None:
        self._package = package
        part = package.related(package.workbook, "styles")
        if part is None or part not in package.parts:
            part = "xl/styles.xml"
            package.add(part, f'<styleSheet xmlns="{package.namespace}"/>'.encode(), _STYLES_TYPE)
            package.relate(package.workbook, "styles", part)
        self._root = package.tree(part)
        self._made: dict[tuple, int] = {}

    def filled(self, style: int, severity: str) -> int:
        """A style with the fill of a severity; everything else of it stays."""
        key = (style, severity)
        if key not in self._made:
            formats = self._section("cellXfs")
            made = copy.deepcopy(formats[style if 0 <= style < len(formats) else 0])
            made.set("fillId", str(self._fill(COLOURS[severity][0])))
            made.set("applyFill", "1")
            self._made[key] = self._append("cellXfs", made)
        return self._made[key]

    def own(
        self, *, bold: bool = False, size: int = 10, colour: str = "", fill: str = "", border: bool = False,
        wrap: bool = False, text: bool = False, link: bool = False,
    ) -> int:  # fmt: skip
        """A style of our own sheet. `text`: number format `@`, so that the cell stays text when somebody edits it."""
        key = ("own", bold, size, colour, fill, border, wrap, text, link)
        if key not in self._made:
            font = self._font(bold, size, "FF0563C1" if link else colour, link)
            made = (
                f'<xf numFmtId="{49 if text else 0}" fontId="{font}" fillId="{self._fill(fill) if fill else 0}"'
                f' borderId="{self._border() if border else 0}" xfId="0" applyNumberFormat="1" applyFont="1"'
                f' applyFill="1" applyBorder="1" applyAlignment="1">'
                f'<alignment vertical="top" wrapText="{int(wrap)}"/></xf>'
            )
            self._made[key] = self._append("cellXfs", made)
        return self._made[key]

    def _font(self, bold: bool, size: int, colour: str, underlined: bool) -> int:
        parts = ("<b/>" if bold else "") + ("<u/>" if underlined else "") + f'<sz val="{size}"/>'
        parts += f'<color rgb="{colour}"/>' if colour else ""
        return self._once("fonts", f'<font>{parts}<name val="微软雅黑"/></font>')

    def _fill(self, colour: str) -> int:
        pattern = f'<patternFill patternType="solid"><fgColor rgb="{colour}"/><bgColor indexed="64"/></patternFill>'
        return self._once("fills", f"<fill>{pattern}</fill>")

    def _border(self) -> int:
        sides = "".join(
            f'<{side} style="thin"><color rgb="FFD0D0D0"/></{side}>' for side in ("left", "right", "top", "bottom")
        )
        return self._once("borders", f"<border>{sides}<diagonal/></border>")

    def _once(self, section: str, content: str) -> int:
        key = (section, content)
        if key not in self._made:
            self._made[key] = self._append(section, content)
        return self._made[key]

    def _append(self, section: str, content: str | etree._Element) -> int:
        if isinstance(content, str):
            content = etree.fromstring(f'<x xmlns="{self._package.namespace}">{content}</x>')[0]
        container = self._section(section)
        container.append(content)
        container.set("count", str(len(container)))
        return len(container) - 1

    def _section(self, name: str) -> etree._Element:
        found = self._root.find(self._package.tag(name))
        if found is None:
            found = etree.fromstring(f'<{name} xmlns="{self._package.namespace}">{_MINIMAL[name]}</{name}>')
            later = {self._package.tag(each) for each in _ORDER[_ORDER.index(name) + 1 :]}
            at = next((index for index, each in enumerate(self._root) if each.tag in later), len(self._root))
            self._root.insert(at, found)
        return found
