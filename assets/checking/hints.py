"""What a clerk most probably meant, for the words of a finding: a concrete value, or nothing when none suggests itself.

A hint never changes a value or a verdict.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from functools import lru_cache

from schemas.policy import Regions
from schemas.rules import MOST_FAR
from schemas.table import AREA_IN_MU, AREA_KINDS, MONEY_IN_WAN_YUAN, Column, Kind, Unit


@dataclass(frozen=True, slots=True)
class Asked:
    """One broken cell: its column and unit, what was typed, and the fields of the rule's templates known so far."""

    column: Column
    unit: Unit | None
    typed: str
    fields: dict[str, str]
    regions: Regions

    @property
    def plain(self) -> str:
        """What was typed, half-width and without blanks."""
        return _half_width(self.typed)


def plain(value: Decimal, least: int = 0, most: int = 6) -> str:
    """A number without idle zeros: at least `least`, at most `most` decimals."""
    text = f"{value:.{most}f}".rstrip("0")
    whole, _, fraction = text.partition(".")
    fraction = fraction.ljust(least, "0")
    return f"{whole}.{fraction}" if fraction else whole


def _half_width(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


# --- Empty cells, choices, whole numbers, dates ----------------------------------------------------------------------


_NEAR = 0.5  # of the letters; less is another word
#: Words of other systems for our choices: near in meaning, not in spelling.
_OTHER_WORDS = {
    **dict.fromkeys(("正常", "生效", "已生效", "在用", "现行", "有效数据"), "有效"),
    **dict.fromkeys(("作废", "无效", "失效", "取消", "注销", "撤消", "删除", "已撤销"), "撤销"),
    **dict.fromkeys(("变更", "修改", "修正", "调整", "已变更"), "更正"),
    **dict.fromkeys(("终止", "已解除", "解约", "解除合同"), "解除"),
}


def _token(asked: Asked) -> str:
    return f"（“{asked.typed}”按空白处理）" if asked.typed.strip() else ""


def _zero(asked: Asked) -> str:
    if asked.column.kind is Kind.AREA_PART:
        return "确实没有这一部分面积时填 0。"
    return "没有面积的记录不要报送。" if asked.column.kind in AREA_KINDS else "无法补填的记录请暂不报送。"


def _closest(asked: Asked) -> str:
    meant = _OTHER_WORDS.get(asked.plain)
    found = (meant,) if meant in asked.column.choices else _close_matches(asked.plain.upper(), asked.column.choices)
    return f"；最接近的是{'、'.join(f'“{each}”' for each in found)}" if found else ""


@lru_cache(4096)
def _close_matches(typed: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    """The choices that may be meant: those that it names, else all that are equally near; one of them is not picked."""
    if any(choice.isdigit() for choice in choices):  # codes: near in spelling is not near in meaning
        code = re.sub(r"\.0+$", "", typed)
        return next(((each,) for each in (code, code.zfill(2)) if each in choices), ())
    named = tuple(choice for choice in choices if choice.upper() in typed)
    share = {choice: SequenceMatcher(None, choice.upper(), typed).ratio() for choice in choices}
    nearest = max(share.values(), default=0)
    return named or tuple(choice for choice in choices if share[choice] == nearest >= _NEAR)


def _formula_result(asked: Asked) -> str:
    """A formula's error, or none: a program that is not Excel wrote the file and did not work it out."""
    if asked.plain == "#CALC!":
        return "文件里没有保存它的计算结果（用 Excel 打开再保存即可算出）"
    return f"结果为 {asked.plain}"


def _whole(asked: Asked) -> str:
    return {"quarter": "1（1 至 4）", "task_no": "1（1 至 12）"}.get(asked.column.name, "2026")


_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})|(\d{2})(\d{2}))(?!\d)")
_NO_END = ("长期", "永久", "长期有效", "无期限", "无固定期限", "至今")


def _no_such_day(asked: Asked) -> str:
    """Why three readable numbers are no date; that a date which does not come is left empty."""
    if not asked.column.required and asked.plain in _NO_END:
        return "；没有期限的请留空"
    parts = _DAY.match(asked.plain)
    if not parts:
        return ""
    year, month, day = (int(part) for part in parts.groups() if part)
    if not 1 <= month <= 12:
        return f"（没有 {month} 月）"
    days = calendar.monthrange(year, month)[1] if year else 31
    return f"（{year} 年 {month} 月只有 {days} 天）" if day > days else ""


# --- Numbers and units -----------------------------------------------------------------------------------------------

_FURTHER_AREAS = {"平米": Decimal("0.0015"), "m2": Decimal("0.0015"), "ha": Decimal(15), "平方公里": Decimal(1500),
                  "万平方米": Decimal(15), "万平米": Decimal(15), "万m2": Decimal(15),
                  "万亩": Decimal(10_000)}  # fmt: skip
_FURTHER_MONEY = {"万": Decimal(1), "亿": Decimal(10_000)}
_GROWTH = 50  # an index below half of the year before is no index
_PARTS = {"%": 100, "‰": 1000}
_WITH_UNIT = re.compile(r"[¥￥]?([+-]?[\d,]*\.?\d+)\(?([^\d()]+|m2)\)?")


def _unit_is(asked: Asked) -> str:
    return f"本列单位为{asked.unit}" if asked.unit else "本列不带单位"


def _most(asked: Asked) -> str:
    most = asked.column.most
    return "换算后不得达到一万亿" if most is None else f"不可能是真实的数（最多 {_in_unit(most, asked)}）"


def _least(asked: Asked) -> str:
    return f"不可能是真实的数（至少 {_in_unit(asked.column.least, asked)}）"


def _in_unit(value: Decimal, asked: Asked) -> str:
    """A limit, declared in the unit of core, in the unit of the cells."""
    return f"{plain(value / asked.column.units[asked.unit])} {asked.unit}"


def _without_unit(asked: Asked) -> str:
    """The number to type instead: converted where the unit can be."""
    found = _WITH_UNIT.fullmatch(asked.plain.lower())
    if not found:
        return ""
    number, typed_unit = Decimal(found[1].replace(",", "")), found[2]
    if typed_unit in "%‰" and asked.column.kind in AREA_KINDS:
        return f"；本列填的是面积（{asked.unit}），不是比例"
    if typed_unit in "%‰" and asked.column.kind is Kind.INDEX and abs(number) < _GROWTH:
        return f"；填写的若是增速，指数应为 {plain(100 + number)}"
    if typed_unit in "%‰":
        share = asked.column.kind is Kind.FAR and number > MOST_FAR  # 150% is 1.5
        return f"，如 {plain(number / _PARTS[typed_unit] if share else number)}"
    factors, own = _factors(asked.column)
    if typed_unit not in factors or asked.unit is None:
        return ""
    value = number * factors[typed_unit] / own[asked.unit]
    return f"；按{asked.unit}填报应为 {plain(value, 4 if asked.unit is Unit.HECTARE else 0)}"


def _factors(column: Column) -> tuple[dict[str, Decimal], dict[Unit, Decimal]]:
    """Units that a cell may carry, and those that its column may have, each with its factor to the core unit."""
    if column.kind in AREA_KINDS:
        return _spelled(AREA_IN_MU) | _FURTHER_AREAS, AREA_IN_MU
    if column.kind is Kind.MONEY:
        return _spelled(MONEY_IN_WAN_YUAN) | _FURTHER_MONEY, MONEY_IN_WAN_YUAN
    return {}, {}


def _spelled(factors: dict[Unit, Decimal]) -> dict[str, Decimal]:
    return {str(unit): factor for unit, factor in factors.items()}


def _index(asked: Asked) -> str:
    value = Decimal(asked.fields["real_index"])
    growth = f"填写的是增速 {plain(value)}%，指数应为 {plain(100 + value)}"
    if Decimal("0.5") <= value <= 2:
        return f"若填写的是比值 {plain(value)}，指数应为 {plain(100 * value)}；若{growth}；请核对后重填。"
    if abs(value) < _GROWTH:
        return f"若{growth}；请核对后重填。"
    return "请填写以上年为 100 的指数，如 104.7。"


# --- Codes -----------------------------------------------------------------------------------------------------------


def _region(asked: Asked) -> str:
    """The code of a place that was typed by its name."""
    if re.search(r"\de\+?\d", asked.plain.lower()):
        return "代码像是被 Excel 当作数字，请把该列设为文本格式。"
    if code := re.fullmatch(r"[='\"‘’“”`]+(\d{6})[\"'‘’“”]*", asked.plain):
        return f"请去掉等号和引号，只填 {code[1]}。"
    named = [(code, name) for code, name in _places(asked.regions) if name and asked.plain.endswith(name)]
    longest = max((len(name) for _, name in named), default=0)
    best = [pair for pair in named if len(pair[1]) == longest]
    return f"“{best[0][1]}”的代码是 {best[0][0]}。" if len(best) == 1 else ""


@lru_cache(8)
def _places(regions: Regions) -> tuple[tuple[str, str], ...]:
    return tuple(regions.current.select("code", "name").iter_rows())


def _successor(asked: Asked) -> str:
    if asked.fields["successor"] == "空":
        return "该区划已拆分，请按地块现在所属的县（市、区）填写代码。"
    return f"请改填现行代码 {asked.fields['successor']}。"


_WIDTHS = {"GB/T21010-2007": 3, "GB/T21010-2017": 4}


def _land_use(asked: Asked) -> str:
    code, system = re.sub(r"\.0+$", "", asked.plain), asked.fields["system"]
    if not code.isdigit():
        return "请填写分类体系中的代码，不要填写名称，如工业用地为 061（2007）、0601（2017）、1001（2023）。"
    width = _WIDTHS.get(system, len(code) + len(code) % 2)
    if len(code) == width - 1 and not code.startswith("0"):
        return f"疑似丢失前导零，应为 {code.zfill(width)}；请把该列设为文本格式。"
    if len(code) == width:
        return f"应为 {code}；请把该列设为文本格式。"
    other = next((name for name, digits in _WIDTHS.items() if digits == len(code) and name != system), None)
    return f"{len(code)} 位是 {other} 的写法，请核对用途分类体系与代码。" if other else "请核对代码与用途分类体系。"


_LETTER_AT, _LENGTH = 10, 16


def _deviation(asked: Asked) -> str:
    """Where a supervision number departs from its sixteen places."""
    if re.fullmatch(r"\d(\.\d+)?e\+?\d+", asked.plain.lower()):
        return "像是被 Excel 当作数字，末几位已经丢失；请把该列设为文本格式，再按原件重新填写"
    number = asked.plain.partition("-")[0] if re.search(r".-\d+$", asked.plain) else asked.plain
    if len(number) != _LENGTH:
        return f"现有 {len(number)} 位"
    if number[_LETTER_AT] in "ab":
        return f"第 11 位的字母应为大写 {number[_LETTER_AT].upper()}"
    if number[_LETTER_AT] not in "AB":
        return f"第 11 位应为 A 或 B，现为“{number[_LETTER_AT]}”"
    return "字母以外的各位应为数字"


HINTS: dict[str, Callable[[Asked], str]] = {
    "choices": lambda asked: "、".join(asked.column.choices),
    "closest": _closest,
    "code_hint": _land_use,
    "deviation": _deviation,
    "formula_result": _formula_result,
    "index_hint": _index,
    "least": _least,
    "looks_like": lambda asked: "当前值像是亩" if asked.unit is Unit.HECTARE else "或对方误按公顷填写",
    "most": _most,
    "no_such_day": _no_such_day,
    "part": lambda asked: "面积分项为空不视为 0。" if asked.column.kind is Kind.AREA_PART else "",
    "region_hint": _region,
    "successor_hint": _successor,
    "token": _token,
    "unit_is": _unit_is,
    "whole": _whole,
    "without_unit": _without_unit,
    "zero": _zero,
}
