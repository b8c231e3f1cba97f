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
_MARKER = re.compile(r"单位[:(]?(.*?)[)\]】]*(?=(?:计量|面积|金额|数量|填报|报送|制表)?单位|$)")


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


def named(text: str) -> Units:
    """Units in a text like `公顷`, `公顷、万元` or `公顷，保留四位小数`; words that look like no unit are remarks."""
    units = Units()
    for token in re.split(r"[,;、;和及]+", plain(text).removeprefix("单位:")):
        if unit := _SPELLINGS.get(token):
            if units.known.setdefault(dimension(unit), unit) is not unit:  # 公顷、亩: which one?
                units.foreign.append(token)
        elif _LIKE_UNIT.fullmatch(token):
            units.foreign.append(token)
    return units


def unit_row(cells: list[str | None]) -> Units | None:
    """The units of a unit row or of a title that names them; None when the row says nothing about units."""
    filled = [cell for cell in cells if cell]
    found = Units()
    for here, after in zip(filled, [*filled[1:], ""], strict=False):
        # As a whole (单 位： 亩) and piece by piece (填报单位：杭州市局    单位：亩    2026年3月).
        for piece in dict.fromkeys((plain(here), *map(plain, here.split()))):
            for text in _MARKER.findall(piece):
                if units := _listed(text or plain(after)):
                    found.known.update(units.known)
                    found.foreign.extend(text for text in units.foreign if text not in found.foreign)
    return found if found else None


def _listed(text: str) -> Units | None:
    """The units of a list like `公顷、万元、宗`; None when anything in it is no unit (填报单位：杭州市局)."""
    tokens = [token for token in re.split(r"[,;、;和及/]+", text.rstrip(")]】")) if token]
    if not all(token in _SPELLINGS or _LIKE_UNIT.fullmatch(token) or _COUNTS.fullmatch(token) for token in tokens):
        return None
    return named("、".join(token for token in tokens if not _COUNTS.fullmatch(token)))


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
