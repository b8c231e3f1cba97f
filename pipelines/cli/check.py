"""`landstock check`: what a clerk runs before handing in. Reads and checks; keeps nothing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from assets.checking import check as check_rows
from assets.examine import receipt_counts, receipt_skipped
from assets.reading import read
from assets.reading.naming import receipt_number, reporting_region
from assets.reading.source import Checked, Finding
from pipelines import settings
from pipelines.cli.desk import STATUSES, Desk, Misuse, options
from schemas import policy

#: Cells that are listed of those with the same finding.
NAMED_AT_MOST = 10


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--most", default=50, show_default=True, help="每个文件最多显示的问题数，0 为全部 findings shown")
@click.option(
    "--receipt", type=click.Path(path_type=Path), metavar="OUT.xlsx",
    help="另存回执工作簿，问题标在原表单元格上；多个文件时为目录 receipt workbook, a directory for several files",
)  # fmt: skip
@options("regions", "json")
def check(desk: Desk, files: tuple[Path, ...], most: int, receipt: Path | None) -> int:
    """报送前自查：读取、核验，逐条列出位置、规则、问题和建议；不保存任何数据。

    What a clerk runs before handing in; exit 1 when there are errors.
    """
    if absent := [str(path) for path in files if not path.is_file()]:
        raise Misuse(f"找不到文件 {'、'.join(absent)}", f"no such file: {', '.join(absent)}")
    if receipt and len(files) > 1 and receipt.suffix:
        raise Misuse(
            f"有 {len(files)} 个文件，--receipt 请给一个目录，如 --receipt 回执",
            f"{len(files)} files have several receipts: name a directory, as in --receipt receipts",
        )
    regions, day = policy.regions(desk.settings.regions or None), settings.today()
    contents = {path: path.read_bytes() for path in files}
    checked = {path: check_rows(read(path.name, data), regions, day) for path, data in contents.items()}
    if receipt:
        for path, each in checked.items():
            _write_receipt(desk, receipt, path, contents[path], each, regions, day)
    if desk.machine:
        desk.hand_out([_as_data(path, each, regions) for path, each in checked.items()])
    else:
        desk.show("\n\n".join(_receipt(desk, path, each, most) for path, each in checked.items()))
    return int(any(_errors(each) for each in checked.values()))


def _write_receipt(
    desk: Desk, target: Path, path: Path, data: bytes, checked: Checked, regions: policy.Regions, day: date
) -> None:
    from assets.receipts import number_of, workbook

    # A name without a suffix is a directory: several files have several receipts.
    out = target if target.suffix else target / f"{path.stem}_回执.xlsx"
    if out.exists() and out.samefile(path):
        raise Misuse(
            f"--receipt {out} 就是被检查的文件本身；请换一个文件名",
            f"--receipt {out} is the file that is checked; choose another name",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(workbook(checked, data, number_of(checked.reading.file, data, regions), day))
    desk.tell(f"回执已写入 {out}", f"receipt written to {out}")


def _errors(checked: Checked) -> int:
    return sum(finding.severity == "error" for finding in checked.findings)


def _receipt(desk: Desk, path: Path, checked: Checked, most: int) -> str:
    counts, errors = receipt_counts(checked), _errors(checked)
    of = checked.reading.table
    table = desk.pick(of.label, of.name) if of else desk.pick("未识别的表", "unknown table")
    lines = [
        desk.pick(f"{path.name}（{table}）", f"{path.name} ({table})"),
        desk.pick(
            f"结论：{STATUSES[checked.status][0]}　共 {counts['lines']} 行：可入库 {counts['rows_loaded']}，"
            f"隔离 {counts['rows_quarantined']}，跳过 {counts['lines_skipped']}{_skipped(desk, checked)}；"
            f"错误 {errors}，提醒 {len(checked.findings) - errors}",
            f"{STATUSES[checked.status][1]}: {counts['lines']} lines: {counts['rows_loaded']} good,"
            f" {counts['rows_quarantined']} quarantined, {counts['lines_skipped']} skipped{_skipped(desk, checked)};"
            f" {errors} errors, {len(checked.findings) - errors} warnings",
        ),
    ]
    told = _told_together(checked.findings)
    shown = told[:most] if most else told
    lines += [line for findings in shown for line in _finding(desk, findings)]
    if rest := len(checked.findings) - sum(map(len, shown)):
        lines.append(desk.pick(f"……另有 {rest} 条；--most 0 显示全部", f"… {rest} more; --most 0 shows all"))
    return "\n".join(lines)


#: Why a line is no data, in English.
_SKIPPED = {
    "表头": "header", "标题": "title", "单位行": "units", "栏次行": "column numbers", "空行": "blank", "合计行": "totals",
    "说明": "notes", "续行": "continued", "重复行": "repeated", "列表条目": "listing", "未读取": "not read",
    "隐藏工作表": "hidden sheet", "其他工作表": "other sheet",
}  # fmt: skip


def _skipped(desk: Desk, checked: Checked) -> str:
    """Why lines were skipped, and how many for each reason; nothing is left out without one."""
    if not (skipped := receipt_skipped(checked)):
        return ""
    if not desk.english:
        return "（" + "、".join(f"{reason} {count}" for reason, count in skipped.items()) + "）"
    named = [(*reason.partition("："), count) for reason, count in skipped.items()]
    return (
        " ("
        + ", ".join(f"{_SKIPPED[kind]}{colon and f' {sheet}'} {count}" for kind, colon, sheet, count in named)
        + ")"
    )


def _told_together(findings: list[Finding]) -> list[list[Finding]]:
    """Findings that say the same of several rows, together; first what is said of the file, which often explains the
    others, then the errors, which keep a row out."""
    alike: dict[tuple, list[Finding]] = {}
    for each in sorted(findings, key=lambda each: (each.place.row_number is not None, each.severity != "error")):
        alike.setdefault((each.rule, each.place.column, each.message, each.suggestion), []).append(each)
    return list(alike.values())


def _finding(desk: Desk, findings: list[Finding]) -> list[str]:
    finding, *again = findings
    severity = desk.pick("✕ 错误", "✕ error") if finding.severity == "error" else desk.pick("▲ 提醒", "▲ warning")
    where = " ".join(part for part in (_cell(desk, finding), finding.place.column) if part)
    key = desk.pick(f"（记录 {finding.key}）", f" (record {finding.key})") if finding.key else ""
    lines = [f"  {severity} {finding.rule}  {where}{key}".rstrip(), f"      {finding.message}"]
    if finding.suggestion:
        lines.append(f"      → {finding.suggestion}")
    if again:
        cells = desk.pick("、", ", ").join(_cell(desk, each) for each in again[:NAMED_AT_MOST])
        more = desk.pick(" 等", " …") if len(again) > NAMED_AT_MOST else ""
        lines.append(
            desk.pick(f"      同样的问题还有 {len(again)} 处：{cells}{more}", f"      {len(again)} more: {cells}{more}")
        )
    return lines


def _cell(desk: Desk, finding: Finding) -> str:
    """Sheet and cell; cells of a file without letters are named by their row, in Chinese."""
    place = finding.place
    cell = place.cell if place.cell and (place.cell.isascii() or not desk.english) else _row(desk, place.row_number)
    return " ".join(part for part in (place.sheet, cell) if part)


def _row(desk: Desk, row: int | None) -> str | None:
    return desk.pick(f"第{row}行", f"row {row}") if row else None


def _as_data(path: Path, checked: Checked, regions: policy.Regions) -> dict:
    import hashlib

    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    file = checked.reading.file
    table = file.table.name if file.table else None
    return {
        "file": str(path),
        "sha256": sha,
        "receipt_no": receipt_number(sha, table, reporting_region(file.region_code, regions), file.year),
        **receipt_counts(checked),
        "skipped": receipt_skipped(checked),
        "errors": _errors(checked),
        "warnings": len(checked.findings) - _errors(checked),
        "findings": [asdict(finding) for finding in checked.findings],
    }
