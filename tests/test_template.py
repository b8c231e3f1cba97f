"""Templates: what is filled in by their rules passes the check; what they promise is in the workbook."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import polars as pl
import pytest

from assets.checking import check
from assets.reading import read
from assets.receipts.template import CODES, GUIDE, ROWS, NoReporter, example, header, template, template_name
from pipelines.cli import call
from schemas import policy
from schemas.submissions import FORM, TABLES, WALK_CLASSES
from schemas.table import Kind, Table

REGIONS = policy.regions()
DAY = date(2026, 11, 23)
NAMES = list(TABLES)

#: What a plausible row holds where the column's own example would not fit the rest of the row.
ROW = {
    "land_supply": {
        "supply_method": "挂牌", "land_use_system": "GB/T21010-2017", "agreed_completion_date": "2028-03-01",
    },
    "approved_unsupplied": {"approved_area_mu": "10", "supplied_area_mu": "4", "remaining_area_mu": "6"},
    "idle_land": {
        "agreed_start_date": "2022-01-01", "determination_date": "2024-05-01", "disposal_date": "2026-03-01",
        "supplied_area_mu": "3", "idle_area_mu": "2", "disposed_area_mu": "2",
    },
    "inefficient_land": {
        "register_date": "2024-01-01", "plan_approval_date": "2024-06-01", "agreement_date": "2025-01-01",
        "permit_date": "2025-03-01", "completion_date": "2026-03-01", "patch_area_mu": "3", "completed_area_mu": "3",
    },
    "far_exemption": {"approval_date": "2025-01-01", "valid_until": "2027-12-31"},
    "walk_coverage": {"residential_area_mu": "100", "covered_area_mu": "80", "year": "2026"},
    "demonstration_project": {"start_date": "2025-01-01", "completion_date": "2026-03-01", "area_mu": "5"},
}  # fmt: skip


def book(table: Table, region: str = "330100", year: int = 2026) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(template(table, region, year, REGIONS)))


def filled(table: Table, rows: list[dict[str, str]]) -> bytes:
    """The template with rows typed in as a person would: numbers as numbers, dates as dates."""
    made = book(table)
    sheet = made[FORM]
    for number, row in enumerate(rows, 4):
        for index, column in enumerate(table.columns, 1):
            text = row.get(column.name, example(column))
            sheet.cell(number, index).value = _typed(column.kind, text)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def _typed(kind: Kind, text: str):
    if kind is Kind.DATE:
        return date.fromisoformat(text)
    if kind in (Kind.YEAR, Kind.INTEGER):
        return int(text)
    return float(text) if kind in (Kind.AREA, Kind.AREA_PART, Kind.MONEY, Kind.FAR, Kind.INDEX) else text


def checked(table: Table, data: bytes):
    return check(read(template_name(table, "330100", 2026), data), REGIONS, DAY)


def test_excel_stops_what_cannot_be_real():
    """The limits of the door in the unit of the cells: 14 million 公顷, 210 million 亩, 1 亿元."""
    limits = {
        (column, table): (rule.formula1, rule.formula2)
        for table, column in (("land_supply", "供应面积"), ("annual_task", "任务面积"), ("gdp", "现价GDP"))
        for rule in book(TABLES[table])[FORM].data_validations.dataValidation
        if (rule.promptTitle or "").startswith(column)
    }
    assert [float(high) for _, high in limits.values()][:2] == [14_000_000, 210_000_000]
    assert float(limits["现价GDP", "gdp"][0]) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_filled_template_passes(name):
    table = TABLES[name]
    rows = [ROW.get(name, {})]
    if name == "walk_coverage":
        rows = [rows[0] | {"facility_class": each} for each in WALK_CLASSES]
    result = checked(table, filled(table, rows))
    assert (result.status, result.findings) == ("accepted", [])
    assert result.accepted.height == len(rows)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_template_only_says_so(name):
    result = checked(TABLES[name], template(TABLES[name], "330100", 2026, REGIONS))
    assert [finding.rule for finding in result.findings] == ["2013"]
    assert result.accepted.height == result.rows_quarantined == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_column_is_headed_noted_and_explained(name):
    table, made = TABLES[name], book(TABLES[name])
    sheet, guide = made[FORM], made[GUIDE]
    assert [cell.value for cell in sheet[3]] == [header(column) for column in table.columns]
    for cell, column in zip(sheet[3], table.columns, strict=True):
        assert cell.value.endswith("*") == column.required
        assert cell.comment.text.startswith("必填" if column.required else "选填")
    explained = [row[1].value for row in guide.iter_rows() if row[0].value and len(str(row[0].value)) == 1]
    assert explained[1:] == [column.label for column in table.columns]  # after the heading of the list


@pytest.mark.parametrize("name", NAMES)
def test_lists_offer_exactly_what_is_allowed(name):
    table, made = TABLES[name], book(TABLES[name])
    by_column = {str(v.sqref).split(":")[0]: v for v in made[FORM].data_validations.dataValidation}
    for index, column in enumerate(table.columns, 1):
        wanted = list(column.choices) or (["是", "否"] if column.kind is Kind.BOOLEAN else [])
        if column.kind is Kind.REGION:
            wanted = REGIONS.current.filter(pl.col("city_code") == "330100")["code"].to_list()
        rule = by_column[made[FORM].cell(4, index).coordinate]
        assert str(rule.sqref).endswith(str(3 + ROWS))
        if wanted:
            cells = made[CODES][rule.formula1.replace("$", "").partition("!")[2]]
            assert [cell.value for (cell,) in cells] == wanted and rule.type == "list"


def test_header_is_locked_and_rows_are_free():
    sheet = book(TABLES["land_supply"])[FORM]
    assert sheet.protection.sheet and sheet["A3"].protection.locked
    free = [each for each in sheet.column_dimensions.values() if not each.protection.locked]
    assert {n for each in free for n in range(each.min, each.max + 1)} == set(range(1, 23))
    assert sheet.freeze_panes == "C4" and sheet.print_title_rows == "$1:$3"


def test_the_provinces_template_holds_all_counties():
    codes = [cell.value for cell in book(TABLES["gdp"], "330000")[CODES]["A"]][1:]
    assert len(codes) == 1 + 11 + 90 and codes[0] == "330000"
    assert "330000" not in [cell.value for cell in book(TABLES["land_supply"], "330000")[CODES]["A"]]


@pytest.mark.parametrize("code", ["330106", "999999", "330621", ""])
def test_who_does_not_report_gets_no_template(code):
    with pytest.raises(NoReporter, match="报送单位"):
        template(TABLES["gdp"], code, 2026, REGIONS)


@pytest.mark.parametrize("name", ["land_supply", "task_progress"])
def test_the_same_template_twice_is_the_same_file(name):
    assert template(TABLES[name], "330100", 2026, REGIONS) == template(TABLES[name], "330100", 2026, REGIONS)


# --- The command ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["供地结果", "land_supply", "1"])
def test_command_writes_the_template(name, tmp_path, capsys):
    assert call(["template", name, "--region", "330100", "--year", "2026", "-o", str(tmp_path)]) == 0
    path = tmp_path / "供地结果_330100_2026.xlsx"
    assert capsys.readouterr().out.strip() == str(path)
    assert checked(TABLES["land_supply"], path.read_bytes()).status == "accepted_with_warnings"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["供地", "--region", "330100"], "是否为 供地结果"),
        (["供地结果", "--region", "330106"], "不是报送单位"),
        (["供地结果"], "缺少 CODE"),
    ],
)
def test_wrong_usage_says_what_is_right(arguments, said, capsys):
    assert call(["template", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_filled_file_is_not_overwritten(tmp_path, capsys):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"filled")
    arguments = ["template", "gdp", "--region", "330100", "-o", str(path)]
    assert call(arguments) == 2 and path.read_bytes() == b"filled"
    assert "已存在" in capsys.readouterr().err
    assert call([*arguments, "--force"]) == 0 and path.read_bytes() != b"filled"
