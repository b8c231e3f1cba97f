"""Small readings for the tests of checking: one good row per table, and a file made of rows given as dicts."""

from __future__ import annotations

from datetime import date

import polars as pl

from assets.checking import check
from assets.reading.source import Block, Checked, FileName, Reading, SourceColumn
from schemas.policy import regions
from schemas.submissions import LANDCHINA_HEADERS, TABLES
from schemas.table import Table, Unit

RECEIVED = date(2026, 11, 23)

GOOD: dict[str, dict[str, str]] = {
    "land_supply": {
        "region_code": "330102", "supervision_no": "3301022026B00012", "parcel_code": "330102001GB00001",
        "supplied_area_mu": "2", "existing_area_mu": "1.5", "historical_unsupplied_area_mu": "0",
        "new_area_mu": "0.5", "is_separate_site": "否", "land_use_code": "061", "land_use_system": "GB/T21010-2007",
        "supply_method": "挂牌", "far_lower": "1.5", "far_upper": "2.5", "price_wan_yuan": "100",
        "contract_date": "2026-03-01", "agreed_start_date": "2026-09-01",
        "agreed_completion_date": "2028-09-01", "status": "",
    },
    "approved_unsupplied": {
        "region_code": "330102", "approval_no": "浙土字[2020]1号", "approval_date": "2020-05-01",
        "approved_area_mu": "10", "in_task_base": "是",
    },
    "unsupplied_digestion": {
        "region_code": "330102", "digestion_no": "X1", "approval_no": "浙土字[2020]1号", "digestion_way": "撤回批文",
        "digestion_date": "2026-05-01", "digested_area_mu": "1", "withdrawal_no": "撤1",
    },
    "idle_land": {
        "region_code": "330102", "case_no": "R1", "supplied_area_mu": "3", "idle_area_mu": "2", "idle_type": "未动工",
        "agreed_start_date": "2024-03-01", "determination_date": "2025-03-01", "disposal_way": "协议收回",
        "disposal_date": "2025-03-01", "disposed_area_mu": "2",
    },
    "inefficient_land": {
        "region_code": "330102", "patch_no": "T1", "inefficiency_type": "工业", "patch_area_mu": "1",
        "register_date": "2025-01-01", "plan_approval_date": "2025-01-01", "completion_date": "2025-01-01",
        "completed_area_mu": "1", "supply_supervision_no": "3301022026B00012-1",
    },
    "annual_task": {"region_code": "330100", "year": "2026", "task": "闲置土地处置", "task_area_mu": "0"},
    "construction_land": {
        "region_code": "330100", "year": "2025", "land_class": "合计", "area_mu": "0.0001", "vintage": "初步",
    },
    "gdp": {
        "region_code": "330100", "year": "2025", "gdp_wan_yuan": "20000", "real_index": "105.2", "vintage": "初步核算",
    },
    "walk_coverage": {
        "region_code": "330100", "year": "2026", "facility_class": "文化", "residential_area_mu": "10",
        "covered_area_mu": "10", "method": "路网",
    },
    "far_exemption": {
        "region_code": "330102", "supervision_no": "3301022026B00012", "exemption_type": "特殊工艺", "basis_no": "文1",
        "approval_date": "2026-01-01",
    },
    "demonstration_project": {
        "region_code": "330102", "project_no": "P1", "project_name": "项目", "mode": "低效整治腾地", "stage": "在建",
        "land_area_mu": "1",
    },
    "task_progress": {"region_code": "330100", "task_no": "12", "year": "2026", "quarter": "4", "progress": "推进中"},
    "policy_measure": {
        "region_code": "330102", "measure_no": "M1", "measure_type": "资金保障", "measure_name": "奖补", "area_mu": "0",
        "event_date": "2026-01-01",
    },
    "park_performance": {
        "region_code": "330102", "park_code": "K1", "year": "2026", "park_name": "园区", "industrial_area_mu": "100",
        "average_far": "1.2",
    },
}  # fmt: skip


def row(table: str, **changes: str | None) -> dict[str, str | None]:
    return {**GOOD[table], **changes}


def block(
    table: Table, rows: list[dict[str, str | None]], units: dict[str, Unit], sheet: str | None, first: int
) -> Block:
    frame = pl.DataFrame(rows, infer_schema_length=None).cast(pl.String)
    labels = {name: header for header, name in reversed(LANDCHINA_HEADERS.items())}
    columns = {
        name: SourceColumn(name, table[name].label if name in table else labels[name], chr(65 + index), units.get(name))
        for index, name in enumerate(frame.columns)
    }
    return Block(
        sheet, frame.with_columns(row_number=pl.int_range(first, first + frame.height, dtype=pl.Int64)), columns
    )


def reading(
    table: str,
    *sheets: list[dict[str, str | None]],
    region: str | None = "330100",
    year: int | None = 2026,
    units: dict[str, Unit] | None = None,
    form: str = "xlsx",
    profile: str = "bureau",
) -> Reading:
    """A file with one header line per sheet; the first data row is row 2."""
    declared = TABLES[table]
    names = [f"表{number}" if form == "xlsx" else None for number in range(1, len(sheets) + 1)]
    blocks = [block(declared, rows, units or {}, name, 2) for name, rows in zip(names, sheets, strict=True)]
    return Reading(
        FileName(f"{declared.label}.{form}", declared, region, year, form), declared, profile, form, blocks=blocks,
        skipped={"表头": len(sheets)}, lines=len(sheets) + sum(len(rows) for rows in sheets),
    )  # fmt: skip


def checked(table: str, *sheets: list[dict[str, str | None]], received: date = RECEIVED, **more) -> Checked:
    """The file checked; every row must be accounted for."""
    result = check(reading(table, *sheets, **more), regions(), received)
    done = result.accepted.height + result.rows_quarantined + result.rows_repeated
    assert done + result.reading.rejected_rows + sum(result.reading.skipped.values()) == result.reading.lines
    return result


def found(result: Checked) -> list[str]:
    """Rule numbers of all findings, in order."""
    return [finding.rule for finding in result.findings]
