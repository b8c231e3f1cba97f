"""The first sheet of a receipt workbook: verdict, counts that reconcile, and every finding with a link to its cell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .package import Worksheet, worksheet
from .receipt import REMEDIES_BEFORE, SEVERITIES, VERDICTS, Receipt, spot
from .styles import COLOURS, Styles
from .xml import MAX_ROWS, Cell, column_letters, columns, row, text

#: Header and width of every column of the list of findings.
COLUMNS = (
    ("序号", 6), ("规则", 8), ("位置", 20), ("栏目", 20), ("级别", 8), ("填报值", 22), ("问题", 50), ("建议", 50),
    ("记录", 24), ("处理", 10),
)  # fmt: skip
_HEADINGS, _WIDTHS = zip(*COLUMNS, strict=True)
_LAST = column_letters(len(COLUMNS))
_LINK_COLUMN = "C"


@dataclass(frozen=True)
class Looks:
    """The styles of the sheet, as indices that hold in one workbook."""

    title: int
    label: int
    value: int
    head: int
    cell: int
    link: int
    severity: dict[str, int]

    @classmethod
    def of(cls, styles: Styles) -> Looks:
        own = styles.own
        return cls(
            title=own(bold=True, size=16),
            label=own(bold=True),
            value=own(text=True),
            head=own(bold=True, fill="FFDDEBF7", border=True, wrap=True),
            cell=own(border=True, wrap=True, text=True),
            link=own(border=True, wrap=True, text=True, link=True),
            severity={
                name: own(bold=True, colour=colour, fill=fill, border=True) for name, (fill, colour) in COLOURS.items()
            },
        )


class ReceiptSheet:
    """The sheet as XML. `sheets`: the others of its workbook, that findings link to; `where`: the one that findings
    without a sheet belong to; `shift`: rows above the first record."""

    def __init__(
        self, receipt: Receipt, looks: Looks, sheets: Collection[str] = (), where: str | None = None, shift: int = 0
    ) -> None:
        self._receipt, self._looks, self._sheets, self._where, self._shift = receipt, looks, sheets, where, shift

    def xml(self, notes: list[str]) -> Worksheet:
        """`notes`: what else the reader must know."""
        title = "报送回执（报送前自查）" if self._receipt.before else "报送回执"
        head = [row(1, [(title, self._looks.title)], 26)]
        head += [row(n, self._fact(*fact)) for n, fact in enumerate(self._facts(notes), 2)]
        first = len(head) + 2
        links: list[str] = []
        body = (
            [row(first, [(heading, self._looks.head) for heading in _HEADINGS], 20)] if self._receipt.findings else []
        )
        for number, finding in enumerate(self._receipt.listed, 1):
            target = self._target(finding)
            cells = self._finding(number, finding, linked=target is not None)
            body.append(row(first + number, cells, _height(cells)))
            if target:
                links.append(f'<hyperlink ref="{_LINK_COLUMN}{first + number}" location="{text(target)}"/>')
        return worksheet("".join(head + body).encode(), before=_BEFORE, after=_after(first, len(body), links))

    def _facts(self, notes: list[str]) -> list[tuple[str, str]]:
        receipt = self._receipt
        verdict, remedy = VERDICTS[receipt.status]
        remedy = REMEDIES_BEFORE[receipt.status] if receipt.before else remedy
        day, taken = ("检查日期", "可入库") if receipt.before else ("收到日期", "入库")
        loaded, quarantined, skipped = receipt.rows_loaded, receipt.rows_quarantined, sum(receipt.skipped.values())
        reasons = "、".join(f"{reason} {count}" for reason, count in receipt.skipped.items())
        facts = [
            ("回执编号", receipt.number),
            ("结论", f"{verdict}（错误 {receipt.count('error')} 条，提醒 {receipt.count('warning')} 条）"),
            ("怎么办", remedy),
            ("文件", receipt.file_name),
            ("报送表", receipt.table_label),
            ("行政区、年份", f"{receipt.region_code or '（未写明）'}　{receipt.year or '（未写明）'}"),
            (day, receipt.received_on.isoformat()),
            ("读入行数", f"{receipt.lines} = {taken} {loaded} + 隔离 {quarantined} + 跳过 {skipped}"),
            ("跳过原因", reasons or "无"),
            ("文件指纹", f"sha256 {receipt.sha256}"),
        ]  # fmt: skip
        if receipt.encoding and receipt.form == "csv":
            facts.append(("文字编码", receipt.encoding))
        return facts + [("说明", each) for each in notes]

    def _fact(self, label: str, value: str) -> list[Cell]:
        return [(label, self._looks.label), (None, 0), (value, self._looks.value)]

    def _finding(self, number: int, finding, linked: bool) -> list[Cell]:
        place, cell = finding.place, self._looks.cell
        link = self._looks.link if linked else cell
        return [
            (number, cell), (finding.rule, cell), (self._spelled(finding), link), (place.column, cell),
            (SEVERITIES[finding.severity], self._looks.severity[finding.severity]), (finding.value, cell),
            (finding.message, cell), (finding.suggestion, cell), (finding.key, cell),
            ("本行隔离" if finding.quarantined else "", cell),
        ]  # fmt: skip

    def _spelled(self, finding) -> str:
        place = finding.place
        where = place.cell or (f"第{place.row_number}行" if place.row_number else "整个文件")
        return f"{place.sheet}!{where}" if place.sheet else where

    def _target(self, finding) -> str | None:
        sheet, at = finding.place.sheet or self._where, spot(finding)
        if sheet not in self._sheets or at is None or at[0] + self._shift > MAX_ROWS:
            return None
        quoted = sheet.replace("'", "''")
        return f"'{quoted}'!{column_letters(at[1])}{at[0] + self._shift}"


def _height(cells: list[Cell]) -> float:
    """Of a row whose cells wrap: not every spreadsheet program makes room by itself."""
    lines = 1
    for (value, _), width in zip(cells, _WIDTHS, strict=True):
        if isinstance(value, str) and 2 * len(value) >= width:  # no character takes more than two places
            lines = max(lines, -(-columns(value) // (width - 1)))
    return 15.0 * min(lines, 20)


_BEFORE = (
    '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
    '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0"/></sheetViews>'
    '<sheetFormatPr defaultRowHeight="15"/><cols>'
    + "".join(f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, width in enumerate(_WIDTHS, 1))
    + "</cols>"
)


def _after(first: int, rows: int, links: list[str]) -> str:
    filtered = f'<autoFilter ref="A{first}:{_LAST}{first + rows - 1}"/>' if rows else ""
    linked = f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""
    page = '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
    return f'{filtered}{linked}{page}<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
