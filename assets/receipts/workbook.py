"""A receipt as a workbook: its own sheet first, then the clerk's sheets with the findings marked in them."""

from __future__ import annotations

import logging
from datetime import date
from functools import cache

from lxml import etree

from assets.reading.header import bureau, landchina
from assets.reading.source import Checked
from schemas.submissions import TABLES

from . import annotate
from .lines import Shown
from .original import Original, original
from .package import Package, Worksheet, plain_workbook, worksheet
from .receipt import MAX_LISTED, Receipt, marks, receipt_of
from .sheet import Looks, ReceiptSheet
from .styles import Styles

log = logging.getLogger(__name__)

SHEET = "回执"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_PLACEHOLDER = "原件"


def workbook(checked: Checked, original: bytes, receipt_no: str, checked_on: date) -> bytes:
    """The receipt of a file checked before it is handed in, as xlsx bytes; the same input gives the same bytes.

    `original`: the file as handed in. First sheet 回执; the others are the clerk's own, findings coloured and noted.
    """
    return render(receipt_of(checked, original, receipt_no, checked_on), original)


def render(receipt: Receipt, data: bytes | None, *, with_original: bool = True) -> bytes:
    """A receipt as xlsx bytes; without the original only its own sheet. `data` None: the file is not there any more."""
    if not with_original:
        return _alone(receipt, [])
    try:
        source = original(receipt.form, data, _shown(receipt)) if data is not None else None
        if source is not None:
            return _annotated(receipt, source)
    except Exception:  # one odd workbook must not keep the others of a night from their receipts
        log.debug("cannot annotate %s", receipt.file_name, exc_info=True)
    return _alone(receipt, ["原件无法打开，未附在后面。"])


def _annotated(receipt: Receipt, source: Original) -> bytes:
    styles = Styles(source.package)
    left_out = annotate.annotate(source.package, styles, marks(receipt.listed, source.sheet, source.shift))
    sheet = ReceiptSheet(receipt, Looks.of(styles), source.package.sheets, source.sheet, source.shift)
    _put_first(source.package, sheet.xml(_notes(receipt, source, left_out)))
    return source.package.save()


def _shown(receipt: Receipt) -> Shown:
    public = receipt.profile == "landchina"
    table = TABLES.get(receipt.table or "")
    labels = landchina(announced=True).labels if public else bureau(table).labels if table else {}
    rows = frozenset(f.place.row_number for f in receipt.findings if f.place.row_number)
    return Shown(frozenset(labels), rows, private=public)


def _alone(receipt: Receipt, notes: list[str]) -> bytes:
    """The receipt sheet by itself: the file cannot be opened, or there is nothing to mark in it."""
    parts, part, looks = _bare()
    package = Package(dict(parts))
    package.put_sheet(part, ReceiptSheet(receipt, looks).xml(notes + _unlisted(receipt)))
    return package.save()


@cache  # half of a night's receipts have nothing to mark: they differ in this one sheet
def _bare() -> tuple[dict[str, bytes], str, Looks]:
    """The parts of a workbook that has a receipt sheet only, the name of that sheet's part, its styles."""
    package = plain_workbook({_PLACEHOLDER: worksheet(b"")})
    looks = Looks.of(Styles(package))
    part = _put_first(package, worksheet(b""))
    _drop_last(package)
    package.save()
    return package.parts, part, looks


def _notes(receipt: Receipt, source: Original, left_out: dict[str, int]) -> list[str]:
    notes = ["点“位置”可跳到原单元格：错误为红底，提醒为黄底，批注写明问题和建议。", *source.notes]
    notes += [
        f"工作表“{sheet}”问题较多：批注加到前 {annotate.MAX_NOTES} 个单元格为止，其余 {count} 个只着色，内容见下表。"
        for sheet, count in left_out.items()
    ]
    return notes + _unlisted(receipt)


def _unlisted(receipt: Receipt) -> list[str]:
    more = len(receipt.findings) - len(receipt.listed)
    return (
        [f"问题过多：只列出前 {MAX_LISTED} 条，另有 {more} 条。多半出于同一原因，请先改正前面的再查。"] if more else []
    )


# --- The order of sheets ---------------------------------------------------------------------------------------------


def _put_first(package: Package, sheet: Worksheet) -> str:
    """Add a sheet before all others and open the workbook there; returns its part."""
    book = package.tree(package.workbook)
    name = _free_sheet_name(set(package.sheets))
    for part in package.sheets.values():
        _deselect(package, part)
    part = package.free_name("xl/worksheets/receipt{}.xml")
    package.put_sheet(part, sheet.in_namespace(package.namespace))
    package.declare(part, _SHEET_TYPE)
    sheets = book.find(package.tag("sheets"))
    numbers = [int(each.get("sheetId", "0")) for each in sheets]
    made = etree.Element(package.tag("sheet"), name=name, sheetId=str(max(numbers, default=0) + 1))
    made.set(f"{{{package.relation_types}}}id", package.relate(package.workbook, "worksheet", part))
    sheets.insert(0, made)
    if book.find(package.tag("bookViews")) is None:
        sheets.addprevious(etree.Element(package.tag("bookViews")))
        etree.SubElement(book.find(package.tag("bookViews")), package.tag("workbookView"))
    for view in book.iter(package.tag("workbookView")):
        view.set("activeTab", "0")
        view.set("firstSheet", "0")
    for defined in book.iter(package.tag("definedName")):
        if (local := defined.get("localSheetId")) is not None:  # counts sheets from the first
            defined.set("localSheetId", str(int(local) + 1))
    return part


def _free_sheet_name(taken: set[str]) -> str:
    lowered = {name.lower() for name in taken}
    candidates = [SHEET, *(f"{SHEET}{n}" for n in range(2, len(taken) + 3))]
    return next(name for name in candidates if name not in lowered)


def _deselect(package: Package, part: str) -> None:
    """A workbook with two selected sheets would edit both at once."""
    if b"tabSelected" in package.parts.get(part, b"")[:4096] or part in package.trees:
        for view in package.tree(part).iter(package.tag("sheetView")):
            view.attrib.pop("tabSelected", None)


def _drop_last(package: Package) -> None:
    book = package.tree(package.workbook)
    sheets = book.find(package.tag("sheets"))
    last = sheets[-1]
    relation = package.relations(package.workbook)[package.relation_id(last)]
    part = package.target(package.workbook, relation)
    sheets.remove(last)
    relation.getparent().remove(relation)
    del package.parts[part]
    types = package.tree("[Content_Types].xml")
    for each in [each for each in types if each.get("PartName") == f"/{part}"]:
        types.remove(each)
