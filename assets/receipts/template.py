"""The empty workbook of a table (填报模板): 填报 to fill in, 说明 on every column, 代码 with the lists behind it.

Everything derives from the declaration in `schemas/submissions.py`; what is filled in by its rules passes `check`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from assets.home import Trouble
from schemas.policy import Regions
from schemas.submissions import BESIDE_FORM, FORM
from schemas.table import AREA_KINDS, Column, Kind, Table

from .xml import column_letters

GUIDE, CODES = BESIDE_FORM
#: Rows that are ready to be filled in, with lists and checks.
ROWS = 2_000
_HEADER_ROW = 2  # from 0: title, units, header
_FIRST = _HEADER_ROW + 1
#: A template made twice is the same file: no clock enters it.
_MADE = datetime(2025, 1, 1)
#: Headers in these units only repeat the name of the quantity.
_BRACKETED = AREA_KINDS | {Kind.MONEY}
_A3, _A4 = 8, 9
_BOOLEANS = ("是", "否")
_DAYS = (date(1987, 1, 1), date(2099, 12, 31))


class NoReporter(Trouble):
    """The code is that of no city or province."""


def template(table: Table, region_code: str, year: int, regions: Regions) -> bytes:
    """An empty workbook of a table for one city (or the province) and year, as xlsx bytes.

    Raises NoReporter when the code is no city or province that reports.
    """
    import xlsxwriter  # here: receipts are made without it

    region = _reporting(region_code, regions)
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": f"{table.label} {region['name']} {year}", "created": _MADE})
        looks = _Looks(book)
        form, guide, codes = (book.add_worksheet(name) for name in (FORM, GUIDE, CODES))
        lists = _write_codes(codes, table, _codes(table, region, regions), looks)
        _write_form(form, table, region, year, lists, looks)
        _write_guide(guide, table, region, year, looks)
        form.activate()
    return stream.getvalue()


def template_name(table: Table, region_code: str, year: int) -> str:
    """The file name under which the filled template is handed in."""
    return f"{table.label}_{region_code}_{year}.xlsx"


def _reporting(code: str, regions: Regions) -> dict[str, str]:
    found = regions.current.filter(code=code).to_dicts()
    if not found or found[0]["level"] not in ("city", "province"):
        named = f"{code}（{found[0]['name']}）" if found else code
        raise NoReporter(
            f"{named} 不是报送单位；请用设区市代码（如 330100）或全省 330000",
            f"{code} does not report; use the code of a city (330100) or of the province (330000)",
        )
    return found[0]


def _codes(table: Table, region: dict[str, str], regions: Regions) -> list[tuple[str, str]]:
    """The region codes that a file of this region may hold in this table: (code, name)."""
    current = regions.current
    if region["level"] == "city":
        inside = current.filter((current["city_code"] == region["code"]) | (current["code"] == region["code"]))
    else:
        inside = current.filter(current["province_code"] == region["code"])
        if not table.province_rows:
            inside = inside.filter(inside["level"] != "province")
    return list(inside.sort("code").select("code", "name").iter_rows())


# --- Looks --------------------------------------------------------------------------------------------------


class _Looks:
    """The formats of a template."""

    def __init__(self, book) -> None:
        base = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
        framed = base | {"border": 1, "border_color": "#BFBFBF"}

        def make(**more):
            return book.add_format(base | more)

        self.title = make(bold=True, font_size=16)
        self.remark = make(font_color="#595959")
        header = framed | {"bold": True, "text_wrap": True, "align": "center"}
        self.required = book.add_format(header | {"bg_color": "#FCE4D6"})
        self.optional = book.add_format(header | {"bg_color": "#EDEDED"})
        self.plain = book.add_format(framed | {"text_wrap": True, "valign": "top", "num_format": "@"})
        self.filled = {
            "text": make(locked=False, num_format="@"),
            "number": make(locked=False, num_format="0.######"),
            "area": make(locked=False, num_format="0.0000##"),
            "integer": make(locked=False, num_format="0"),
            "date": make(locked=False, num_format="yyyy-mm-dd"),
        }

    def of(self, column: Column):
        if column.kind in AREA_KINDS:
            return self.filled["area"]
        return self.filled[_FORMATS.get(column.kind, "text")]


_FORMATS = {
    Kind.MONEY: "number", Kind.NUMBER: "number", Kind.FAR: "number", Kind.INDEX: "number", Kind.YEAR: "integer",
    Kind.INTEGER: "integer", Kind.DATE: "date",
}  # fmt: skip


# --- 填报 -----------------------------------------------------------------------------------------------------


def _write_form(sheet, table: Table, region: dict, year: int, lists: dict[str, str], looks: _Looks) -> None:
    title = f"{year}年{table.label}".replace("年年度", "年度")
    sheet.write_string(0, 0, f"{title}（{region['name']}）", looks.title)
    sheet.write_string(1, 0, _units_line(table), looks.remark)
    for index, column in enumerate(table.columns):
        head = looks.required if column.required else looks.optional
        sheet.set_column(index, index, _width(column), looks.of(column))
        sheet.write_string(_HEADER_ROW, index, header(column), head)
        sheet.write_comment(_HEADER_ROW, index, _note(column), {"x_scale": 1.6, "author": "填报说明"})
        sheet.data_validation(_FIRST, index, _FIRST + ROWS - 1, index, _validation(column, lists, year))
    for row, height in ((0, 28), (1, 18), (_HEADER_ROW, 36)):
        sheet.set_row(row, height, None if row == _HEADER_ROW else looks.remark)
    sheet.freeze_panes(_FIRST, 2)
    sheet.protect("", {"format_columns": True, "format_rows": True, "insert_rows": True, "delete_rows": True,
                       "sort": True, "autofilter": True})  # fmt: skip
    _print_setup(sheet, len(table.columns))
    sheet.repeat_rows(0, _HEADER_ROW)


def header(column: Column) -> str:
    """The header of a column: label, unit in brackets, a star where it must be filled in."""
    unit = f"（{column.unit}）" if column.kind in _BRACKETED and column.unit else ""
    break_ = "\n" if unit and len(column.label) > 4 else ""
    return f"{column.label}{break_}{unit}{'*' if column.required else ''}"


def _units_line(table: Table) -> str:
    units = list(dict.fromkeys(str(column.unit) for column in table.columns if column.kind in _BRACKETED))
    return f"单位：{'、'.join(units)}" if units else "带 * 的为必填；各列要求见批注和“说明”页"


def _note(column: Column) -> str:
    return "\n".join(line for line in (_must(column), _meaning(column), f"例：{example(column)}") if line)


def _must(column: Column) -> str:
    return ("必填" if column.required else "选填") + ("；主键，同一文件内不得重复" if column.key else "")


def _meaning(column: Column) -> str:
    parts = [column.note, _VALUES.get(column.kind, "")]
    if column.kind in AREA_KINDS:
        parts.append("按表头括号内的单位填报" + ("；没有的填 0" if column.kind is Kind.AREA_PART else ""))
    if column.choices:
        parts.append("可填：" + "、".join(column.choices))
    return "。".join(part for part in parts if part)


_VALUES = {
    Kind.DATE: "日期，如 2026-03-01",
    Kind.BOOLEAN: "填 是 或 否",
    Kind.FAR: "0 或 0.1–15",
    Kind.YEAR: "四位年份",
    Kind.INDEX: "以上年为 100，如 104.7",
}


def example(column: Column) -> str:
    """A value that fits a column."""
    if column.choices:
        return column.choices[0]
    return _BY_NAME.get(column.name) or _EXAMPLES[column.kind]


_EXAMPLES = {
    Kind.TEXT: "文字", Kind.REGION: "330106", Kind.AREA: "2.5", Kind.AREA_PART: "1.5", Kind.MONEY: "1200",
    Kind.NUMBER: "1", Kind.FAR: "1.5", Kind.INDEX: "104.7", Kind.YEAR: "2026", Kind.INTEGER: "1",
    Kind.DATE: "2026-03-01", Kind.BOOLEAN: "否", Kind.CHOICE: "",
}  # fmt: skip
_BY_NAME = {
    "supervision_no": "3301062026B00012", "supply_supervision_no": "3301062026B00012", "land_use_code": "0601",
    "parcel_code": "330106001001GB00001", "project_name": "某某产业园项目", "industry_code": "C34",
    "approval_no": "浙土字A[2024]-0012",
    "supplied_area_mu": "2.5", "existing_area_mu": "1.5", "historical_unsupplied_area_mu": "0.6", "new_area_mu": "0.4",
}  # fmt: skip


def _width(column: Column) -> float:
    wide = 20 if column.kind is Kind.TEXT else 13
    longest = max((2 * len(choice) for choice in (*column.choices, column.label)), default=0)
    return min(max(wide, longest + 3), 24)


def _validation(column: Column, lists: dict[str, str], year: int) -> dict:
    """Excel's own check of a cell; it stops what `check` would refuse and leaves empty cells alone."""
    rule: dict = {"ignore_blank": True, "error_title": f"{column.label}不符合要求"[:32]}
    rule |= {
        "input_title": header(column).replace("\n", "")[:32],
        "input_message": _cut(f"{_must(column)}。{_meaning(column)}", 255),
    }
    if column.name in lists:
        allowed = "该市所辖县（市、区）或设区市的六位代码" if column.kind is Kind.REGION else "下拉列表中的选项"
        return rule | {
            "validate": "list",
            "source": lists[column.name],
            "error_message": f"请填写{allowed}，见“{CODES}”页。",
        }
    if column.kind is Kind.DATE:
        return rule | {
            "validate": "date", "criteria": "between", "minimum": _DAYS[0], "maximum": _DAYS[1],
            "error_message": "请填写真实存在的日期，如 2026-03-01，不早于 1987 年。",
        }  # fmt: skip
    if column.kind in (Kind.YEAR, Kind.INTEGER):
        low, high = (1987, year + 10) if column.kind is Kind.YEAR else _INTEGERS.get(column.name, (0, 10**9))
        return rule | {
            "validate": "integer", "criteria": "between", "minimum": low, "maximum": high,
            "error_message": f"请填写 {low} 到 {high} 之间的整数。",
        }  # fmt: skip
    if column.kind in _NUMBERS:
        low, high, words = _NUMBERS[column.kind]
        own = column.units.get(column.unit, 1)  # limits are declared in the unit of core
        low = low if column.least is None else float(column.least / own)
        high = high if column.most is None else float(column.most / own)
        return rule | {
            "validate": "decimal",
            "criteria": "between",
            "minimum": low,
            "maximum": high,
            "error_message": words,
        }
    return rule | {"validate": "any"}


_INTEGERS = {"task_no": (1, 12), "quarter": (1, 4)}
_NUMBERS = {
    Kind.AREA: (1e-6, 1e9, "面积须为大于 0 的数，不要带单位。"),
    Kind.AREA_PART: (0, 1e9, "面积须为不小于 0 的数，不要带单位。"),
    Kind.MONEY: (-1e12, 1e12, "金额须为数，不要带单位。"),
    Kind.NUMBER: (-1e12, 1e12, "请填写数。"),
    Kind.FAR: (0, 15, "容积率须为 0（未约定）或 0.1 到 15 之间的数。"),
    Kind.INDEX: (50, 200, "指数以上年为 100，须在 50 到 200 之间；增长 4.7% 填 104.7。"),
}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _print_setup(sheet, columns: int) -> None:
    sheet.set_landscape()
    sheet.set_paper(_A3 if columns > 12 else _A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C第 &P 页，共 &N 页")
    sheet.set_margins(0.4, 0.4, 0.5, 0.6)


# --- 说明 and 代码 ----------------------------------------------------------------------------------------------

_GUIDE = (("列", 5), ("栏目", 24), ("要求", 18), ("单位", 10), ("含义与可填的值", 62), ("示例", 26))


def _write_guide(sheet, table: Table, region: dict, year: int, looks: _Looks) -> None:
    name = template_name(table, region["code"], year)
    sheet.write_string(0, 0, f"《{table.label}》填报说明", looks.title)
    for row, line in enumerate(_instructions(name), 1):
        sheet.write_string(row, 0, line, looks.remark)
    top = len(_instructions(name)) + 2
    for index, (heading, width) in enumerate(_GUIDE):
        sheet.set_column(index, index, width)
        sheet.write_string(top, index, heading, looks.optional)
    for row, (index, column) in enumerate(enumerate(table.columns, 1), top + 1):
        unit = str(column.unit or "") if column.kind in _BRACKETED else ""
        cells = (column_letters(index), column.label, _must(column), unit, _meaning(column), example(column))
        lines = max(-(-2 * len(cell) // width) for cell, (_, width) in zip(cells, _GUIDE, strict=True))
        sheet.set_row(row, 16 * max(lines, 1))
        for place, cell in enumerate(cells):
            sheet.write_string(row, place, cell, looks.plain)
    _print_setup(sheet, len(_GUIDE))
    sheet.hide_gridlines(2)


def _instructions(name: str) -> Sequence[str]:
    return (
        f"1. 填好后以“{name}”为文件名报送；分批报送的在末尾加“_第2批”之类。",
        "2. 请勿改动表头行；带 * 的必填，不适用的选填项留空。",
        "3. 报送前可运行 landstock check 自查，逐格查看问题与建议。",
        "4. 更正：重报同一主键的记录即可；作废：状态填 解除 或 撤销。删行不等于作废。",
    )


def _write_codes(sheet, table: Table, codes: list[tuple[str, str]], looks: _Looks) -> dict[str, str]:
    """The lists behind the drop-downs; returns the range of each by column name."""
    columns: list[_List] = [
        _List("region_code", "行政区代码", [code for code, _ in codes], [name for _, name in codes])
    ]
    columns += [
        _List(column.name, column.label, list(column.choices or _BOOLEANS))
        for column in table.columns
        if column.choices or column.kind is Kind.BOOLEAN
    ]
    ranges, at = {}, 0
    for each in columns:
        letters = column_letters(at + 1)
        for offset, (heading, values) in enumerate(each.written):
            sheet.write_string(0, at + offset, heading, looks.optional)
            sheet.set_column(at + offset, at + offset, max(12, 2 * max(map(len, values)) + 2))
            for row, value in enumerate(values, 1):
                sheet.write_string(row, at + offset, value, looks.plain)
        ranges[each.name] = f"={CODES}!${letters}$2:${letters}${len(each.values) + 1}"
        at += len(each.written)
    sheet.freeze_panes(1, 0)
    sheet.protect()
    _print_setup(sheet, at)
    return ranges


@dataclass(frozen=True, slots=True)
class _List:
    name: str
    label: str
    values: list[str]
    names: list[str] | None = None

    @property
    def written(self) -> list[tuple[str, list[str]]]:
        return [(self.label, self.values)] + ([("名称", self.names)] if self.names else [])
