"""One number everywhere: each displayed figure of a generated province is the mart's, rounded one way, in all forms."""

from __future__ import annotations

import re
import subprocess
import zipfile
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest

from assets import core, indicators, marts, raw, synthetic, warehouse
from assets.context import Context
from assets.outputs import documents, model
from schemas import policy
from schemas.indicators import INDICATORS
from schemas.marts import MARTS
from tests.browser import program

pytestmark = pytest.mark.slow
AS_OF = date(2026, 11, 23)
PLACES = {"亩": 0, "公顷": 4}


@pytest.fixture(scope="module")
def province(tmp_path_factory) -> Path:
    """A released file of a generated province."""
    home, regions = tmp_path_factory.mktemp("province"), policy.regions()
    synthetic.generate(home / "landing", until=AS_OF)
    context = Context(AS_OF, policy.rulebook(AS_OF), regions, policy.target_version(AS_OF))
    built = home / "landstock.duckdb"
    with warehouse.connect(home / "warehouse.duckdb") as connection:
        raw.capture(connection, home / "landing", home / "raw", AS_OF, regions)
        core.write_regions(connection, regions)
        for table in list(core.pending(connection)):
            core.load(connection, home / "raw", table, regions)
        for code in INDICATORS:
            indicators.derive(connection, code, context)
        for name in MARTS:
            marts.build(connection, built, name, context, "r1", datetime(2026, 11, 23))
    return built


@pytest.fixture(scope="module")
def report(province) -> model.ReportModel:
    return model.load(province)


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    documents.write_all(report, folder, ["annual"])
    return folder


@pytest.fixture(scope="module")
def assessed(province) -> list[tuple]:
    """(region, indicator, value, unit, verdict) of the year, straight from the mart."""
    with duckdb.connect(str(province), read_only=True) as connection:
        return connection.execute(
            "SELECT region_code, indicator, value, unit, verdict FROM mart.assessment"
            " WHERE year = 2026 AND horizon = 2027 ORDER BY ALL"
        ).fetchall()


@pytest.fixture(scope="module")
def texts(folder) -> dict[str, str]:
    """All text of the Word and the PDF report, without blanks."""
    program("pdftotext", "poppler-utils")
    drawn = subprocess.run(
        ["pdftotext", folder / "2026年度总结报告.pdf", "-"], capture_output=True, check=True, text=True
    )
    with zipfile.ZipFile(folder / "2026年度总结报告.docx") as archive:
        xml = archive.read("word/document.xml").decode()
    said = "".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", xml))
    return {form: re.sub(r"\s", "", text) for form, text in (("docx", said), ("pdf", drawn.stdout))}


def test_the_province_is_worth_looking_at(assessed):
    assert len(assessed) == 12 * 8
    assert sum(value is not None for _, _, value, _, _ in assessed) > 60


def test_texts_are_the_marts_values_rounded_half_even(report, assessed):
    for region, indicator, value, unit, _ in assessed:
        cell = report.cells[region, indicator, 2026, 2027]
        assert cell.value == value
        found = re.fullmatch(r"(−?)([\d,]+)(?:\.(\d+))?%?", cell.text)
        if value is None or not found:
            continue
        decimals = len(found[3] or "")
        assert decimals >= PLACES.get(unit, 2)
        rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
        assert f"{abs(rounded):,f}" == cell.text.strip("−%")


def test_every_figure_stands_in_word_and_pdf(report, assessed, texts):
    for region, indicator, value, _, _ in assessed:
        cell = report.cells[region, indicator, 2026, 2027]
        shown = cell.text if value is not None else cell.verdict_label
        assert all(shown in text for text in texts.values()), (region, indicator, shown)


def test_every_figure_stands_in_the_workbook(report, assessed, folder):
    sheet = openpyxl.load_workbook(folder / "附表.xlsx")["2026年度总结"]
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=7)}
    order = list(INDICATORS)
    for region, indicator, value, unit, _ in assessed:
        cell = report.cells[region, indicator, 2026, 2027]
        name = "合计（全省）" if region == report.province.code else cell.region_name
        shown, _, verdict, rank = rows[name][1 + 4 * order.index(indicator) :][:4]
        assert verdict.value == f"{cell.shape}{cell.verdict_label}"
        assert rank.value == (cell.rank or "—")
        if value is None:
            assert shown.value == cell.text
        else:
            decimals = len(cell.text.rstrip("%").partition(".")[2])
            scale = 100 if unit == "%" else 1
            assert f"{Decimal(repr(shown.value)) * scale:,.{decimals}f}" == cell.text.rstrip("%").replace("−", "-")
            assert shown.number_format.count("0") >= decimals


def test_no_value_contradicts_its_verdict(report):
    for cell in report.cells.values():
        if cell.value is None or cell.target is None or cell.verdict not in ("achieved", "missed"):
            continue
        shown, goal = (
            Decimal(text.strip("%＜").replace(",", "").replace("−", "-")) for text in (cell.text, cell.target_text)
        )
        below = cell.text.startswith("＜") or shown < goal
        assert below == (cell.verdict == "missed"), (cell.region_name, cell.indicator, cell.year, cell.horizon)
