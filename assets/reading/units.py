"""Units as clerks write them, in a header's brackets, behind a slash or in a unit row (单位：公顷、万元)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from schemas.table import AREA_IN_MU, AREA_KINDS, MONEY_IN_WAN_YUAN, Column, Kind, Unit

_SPELLINGS: dict[str, Unit] = {
    "亩": Unit.MU, "市亩": Unit.MU, "mu": Unit.MU,
    "公顷": Unit.HECTARE, "ha": Unit.HECTARE, "hm2": Unit.HECTARE, "hm²": Unit.HECTARE,
    "平方米": Unit.SQUARE_METRE, "平米": Unit.SQUARE_METRE, "m2": Unit.SQUARE_METRE, "m²": Unit.SQUARE_METRE,
    "元": Unit.YUAN, "人民币元": Unit.YUAN,
    "万元": Unit.WAN_YUAN, "人民币万元": Unit.WAN_YUAN,
    "亿元": Unit.YI_YUAN, "人民币亿元": Unit.YI_YUAN,
}  # fmt: skip
_LIKE_UNIT = re.compile(
    r"[十百千万亿]*(平方|立方)?(公里|千米|厘米|米|公顷|英亩|公亩|市亩|亩|顷|町|里|元|美元|港元|欧元)(/.+)?|[a-z²³]+\d?|[%‰％]"
    r"|公[项倾]|平方"  # 公顷 and 平方米, mistyped: which unit is meant is not ours to guess
)
_COUNTS = re.compile(r"[%‰]|个|宗|人|件|条|项|户|家|套|年|天|上年=100")
# What stands around the units in a unit row: 计量单位为亩。  单位：面积 亩（含代征）、价款 亿元  填报单位：杭州市局
_SPELT_APART = re.compile(r"单\s+位")
_ORGANISATION = re.compile(
    r"(填报|报送|上报|编报|报表|制表|填表|编制|责任|牵头|主管|审核|批准|建设|施工|用地|使用|受让)$"
)
_INTRODUCED = re.compile(r"\s*([:(\[【为是均统以按]|\s|$)")
_BETWEEN = re.compile(r"[\s,;、。.:()\[\]【】和及/]+")
_WORDS_BEFORE = re.compile(
    r"^((用地|土地|宗地|图斑)?面积|成交|价款|金额|价格|资金|投资|产值|税收|数量|其他|其余|均|统一|采用|使用|为|是|按|以|用)+"
)
_WORDS_AFTER = re.compile(r"(计|计算|表示|填报|填列|填写)$")
_APART = re.compile(r"(?<!\w)(万|亿|公|平方|平)\s+(?=[元顷米])")  # 万 元
_OF_AREA = re.compile(r"平方米|平米|m2|m²|公顷|亩(?![均产])")  # 亩均 is an indicator
_HAS_UNIT = re.compile(r"(亩|公顷|平方米|平米|[万亿]元)(?![\u4e00-\u9fff])")  # 亩均办 is an office


def plain(text: str | None) -> str:
    """Text for comparing: NFKC (full-width → half-width), without any blank, lower case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text or "")).lower()


def dimension(unit: Unit) -> str:
    """What a unit measures: `area` or `money`."""
    return "area" if unit in AREA_IN_MU else "money"


def column_dimension(column: Column | None) -> str | None:
    """The dimension of a column's values, None where no unit applies."""
    if column is None:
        return None
    if column.kind in AREA_KINDS:
        return "area"
    return "money" if column.kind is Kind.MONEY else None


def allowed(column: Column) -> str:
    """The units a column may be submitted in, in words."""
    return "、".join({"area": AREA_IN_MU, "money": MONEY_IN_WAN_YUAN}.get(column_dimension(column), {})) or "不带单位"


@dataclass(slots=True)
class Units:
    """Units named in one piece of text: those of the contract by dimension, and foreign ones as written."""

    known: dict[str, Unit] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.known or self.foreign)

    def add(self, other: Units) -> None:
        """Take further units in; a second one for the same dimension (公顷、亩: which one?) is foreign."""
        for measured, unit in other.known.items():
            if self.known.setdefault(measured, unit) is not unit:
                self.foreign.append(str(unit))
        self.foreign += [text for text in other.foreign if text not in self.foreign]


def named(text: str) -> Units:
    """Units in a text like `公顷`, `公顷、万元` or `公顷，保留四位小数`; words that look like no unit are remarks."""
    units = Units()
    for token in re.split(r"[,;、;和及]+", plain(text).removeprefix("单位:")):
        if unit := _SPELLINGS.get(token):
            units.add(Units({dimension(unit): unit}))
        elif _LIKE_UNIT.fullmatch(token):
            units.foreign.append(token)
    return units


def unit_row(cells: list[str | None]) -> Units | None:
    """The units of a unit row or of a title that names them; None when the row says nothing about units.

    `单位：亩、亿元` in any wording, and cells behind it that are units: what is no unit there is a remark, but what has a
    unit in it that is not understood is foreign, hence an error. Who hands in (填报单位：杭州市局) is no unit.
    """
    found, expected = Units(), False
    for cell in filter(None, cells):
        text = _SPELT_APART.sub("单位", unicodedata.normalize("NFKC", cell).lower())
        before, *parts = text.split("单位")
        if not parts and expected and (listed := _listed(plain(text))):
            found.add(listed)
        for part in parts:
            units = _listed(plain(part).strip(":()[]】")) or _told(before, part)
            found.add(units)
            expected = bool(units) or not plain(part).strip(":()")
            before = part
    return found if found else None


def _told(before: str, text: str) -> Units:
    """The units in the words behind `单位`, which follow a colon or the like; `before`: the words in front of it."""
    units = Units()
    if _ORGANISATION.search(before) or not _INTRODUCED.match(text):
        return units
    for token in filter(None, _BETWEEN.split(_APART.sub(r"\1", text))):
        token = _WORDS_AFTER.sub("", _WORDS_BEFORE.sub("", token))
        if token in _SPELLINGS or _LIKE_UNIT.fullmatch(token):
            units.add(named(token))
        elif _HAS_UNIT.search(token):
            units.foreign.append(token)
    return units


def _listed(text: str) -> Units | None:
    """The units of a list like `公顷、万元、宗`; None when anything in it is no unit (杭州市局)."""
    tokens = [token for token in re.split(r"[,;、;和及/]+", text) if token]
    if not all(token in _SPELLINGS or _LIKE_UNIT.fullmatch(token) or _COUNTS.fullmatch(token) for token in tokens):
        return None
    return named("、".join(token for token in tokens if not _COUNTS.fullmatch(token)))


def mentioned(text: str) -> set[Unit]:
    """The units of area in a sentence about areas or units, or in brackets: a title, a note, the name of a sheet."""
    text = plain(text)
    about = text if re.search("单位|面积", text) else "、".join(re.findall(r"\(([^()]*)\)", text))
    return {_SPELLINGS[word] for word in _OF_AREA.findall(about)}


def unit_cells(cells: list[str | None]) -> dict[int, str] | None:
    """A row below the header in which every filled cell is a unit: index → unit as written; else None."""
    filled = {index: plain(cell).strip("()") for index, cell in enumerate(cells) if cell}
    units = {index: text for index, text in filled.items() if text in _SPELLINGS or _LIKE_UNIT.fullmatch(text)}
    if not any(text in _SPELLINGS for text in units.values()):
        return None
    rest = (text for index, text in filled.items() if index not in units)
    return (
        units
        if all(_COUNTS.fullmatch(text) or text in ("-", "--", "/", "—", "单位", "计量单位") for text in rest)
        else None
    )
