"""One number everywhere: each displayed figure of a generated province is the mart's, rounded one way, in all forms."""

from __future__ import annotations

import re
import subprocess
import zipfile
from bisect import bisect_left
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from math import isclose
from pathlib import Path

import duckdb
import openpyxl
import pytest

from assets import core, indicators, marts, raw, synthetic, warehouse
from assets.context import Context
from assets.outputs import documents, model, site
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
    documents.write_all(report, folder, ["annual", "midterm"])
    site.write(report, folder / "site")
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
    """All text of the Word and the PDF report, blanks around lines and cells only."""
    drawn = subprocess.run(
        [program("pdftotext", "poppler-utils"), folder / "2026年度总结报告.pdf", "-"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    with zipfile.ZipFile(folder / "2026年度总结报告.docx") as archive:
        xml = archive.read("word/document.xml").decode()
    paragraphs = ("".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", each)) for each in xml.split("</w:p>"))
    return {"docx": "\n".join(paragraphs), "pdf": drawn.stdout}


@pytest.fixture(scope="module")
def pages(folder) -> dict[str, Page]:
    site = folder / "site"
    return {path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


#: What pages add up: rows of the receipts by city, records left out by reason, shares of rows that were loaded.
SUMS = (
    "SELECT sum(lines), sum(rows_loaded), sum(rows_quarantined), sum(errors), sum(warnings), count(*),"
    " sum(rows_loaded) / nullif(sum(rows_loaded) + sum(rows_quarantined), 0) FROM mart.submission"
    " GROUP BY ROLLUP (region_code)",
    "SELECT count(*) FROM mart.submission GROUP BY region_code, status",
    "SELECT count(*), count(*) FILTER (NOT passed) FROM mart.quality_check",
    "SELECT count(*), count(DISTINCT receipt_no), count(DISTINCT region_code) FROM mart.quality_finding GROUP BY rule",
    "SELECT count(*), sum(record_amount_mu)::DOUBLE FROM mart.contribution WHERE role = 'excluded' AND"
    " coalesce(basis, 'cumulative') = 'cumulative' AND (year IS NULL OR year BETWEEN CASE WHEN indicator IN"
    " ('activated_stock_land', 'redeveloped_inefficient_land', 'stock_supply_share', 'industrial_far') THEN 2025"
    " ELSE 2026 END AND 2026) GROUP BY indicator, reason, ROLLUP (coalesce(city_code, region_code))",
)


@pytest.fixture(scope="module")
def numbers(province) -> set[float]:
    """Every number of the marts, and the sums that pages show."""
    with duckdb.connect(str(province), read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'mart'"
            " AND data_type SIMILAR TO '(DOUBLE|DECIMAL.*|INTEGER|BIGINT|HUGEINT)'"
        ).fetchall()
        queries = [f'SELECT DISTINCT "{column}" FROM mart."{table}"' for table, column in columns]
        rows = [row for query in (*queries, *SUMS) for row in connection.execute(query).fetchall()]
    return {0.0} | {float(value) for row in rows for value in row if value is not None}


class Known:
    """The numbers of the marts, to ten digits: sums of doubles differ in the last ones."""

    def __init__(self, numbers: set[float]):
        self._sorted = sorted(numbers)

    def __contains__(self, value: float) -> bool:
        place = bisect_left(self._sorted, value)
        return any(isclose(value, each, rel_tol=1e-10) for each in self._sorted[max(place - 1, 0) : place + 1])


class Page(HTMLParser):
    """Figures of a page: (text, value) of every cell and `data` element that says which value it shows."""

    def __init__(self, html: str):
        super().__init__()
        self.figures: list[tuple[str, str]] = []
        self.unnamed: list[str] = []  # numeric cells that name no value
        self.cells: dict[str, str] = {}
        self.text: list[str] = []
        self._open: list[tuple[str, dict, list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "link", "br", "img"):
            self._open.append((tag, dict(attributes), []))

    def handle_endtag(self, tag):
        _, attributes, said = self._open.pop()
        text = "".join(said).strip()
        value = attributes.get("value" if tag == "data" else "data-v")
        if value:
            self.figures.append((text, value))
        elif tag == "td" and "n" in (attributes.get("class") or "").split() and re.search(r"\d", text):
            self.unnamed.append(text)
        if cell := attributes.get("data-cell"):
            self.cells[cell] = text
        if self._open and tag != "data":
            self._open[-1][2].append("" if value or tag == "span" else text)

    def handle_data(self, data):
        kinds = {tag for tag, *_ in self._open}
        if self._open:
            self._open[-1][2].append(data)
        if not kinds & {"style", "script", "code", "svg"}:
            self.text.append(data)


SHOWN = re.compile(r"(?P<sign>[+−]?)(?P<number>\d[\d,]*(?:\.\d+)?)(?P<percent>%?)")


def shows(text: str, value: float) -> bool:
    """The first number of the text is the value, half-even at as many decimals; a share of 1 may stand as %."""
    found = SHOWN.search(text)
    if not found:
        return False
    if value in range(2000, 2100) and text == str(int(value)):
        return True  # a year
    decimals = len(found["number"].partition(".")[2])
    sides = {Decimal(repr(value))} | ({Decimal(repr(value)) * 100} if found["percent"] else set())
    return any(
        f"{abs(each).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN):,f}" == found["number"] for each in sides
    )


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
        assert all(shown in re.sub(r"\s", "", text) for text in texts.values()), (region, indicator, shown)


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


# --- Every displayed figure ------------------------------------------------------------------------------------------


def test_every_numeric_cell_of_the_site_names_its_value(pages):
    unnamed = {path: page.unnamed for path, page in pages.items() if page.unnamed and path != "downloads.html"}
    assert unnamed == {}
    assert sum(len(page.figures) for page in pages.values()) > 10_000


def test_every_figure_of_the_site_is_the_marts_rounded_half_even(pages, numbers):
    derived = ("what-if.html",)  # worked out from the marts, tested by hand elsewhere
    exact = Known(numbers)
    for path, page in pages.items():
        for text, value in page.figures:
            if SHOWN.search(text) and not text.startswith("＜"):
                assert shows(text, float(value)), (path, text, value)
            assert path in derived or float(value) in exact, (path, text, value)


def test_a_wrong_figure_would_be_noticed():
    """The two tests above can fail."""
    page = Page('<table><tr><td class="n" data-v="2.675">2.68</td><td class="n">7</td></tr></table>')
    assert page.figures == [("2.68", "2.675")] and page.unnamed == ["7"]
    assert shows("2.68", 2.675) and not shows("2.67", 2.675) and not shows("2.685", 2.675)
    assert shows("66.67%（0）", 2 / 3) and shows("−8", -7.5)


@pytest.mark.parametrize("kind", ["annual", "midterm", "final"])
@pytest.mark.parametrize("year", [2025, 2026])
def test_every_evaluation_page_shows_the_mart(province, pages, kind, year):
    with duckdb.connect(str(province), read_only=True) as connection:
        rows = connection.execute(
            "SELECT region_code, indicator, value, verdict_label FROM mart.assessment WHERE year = ? AND horizon = ?",
            [year, 2030 if kind == "final" else 2027],
        ).fetchall()
    cells = pages[f"evaluation/{kind}-{year}.html"].cells
    assert len(rows) == len(cells) == 12 * 8
    for region, indicator, value, _ in rows:
        shown = cells[f"{region} {indicator}"]
        assert shown == "—" if value is None else shows(shown, value), (region, indicator, shown, value)


@pytest.fixture(scope="module")
def book(folder):
    return openpyxl.load_workbook(folder / "附表.xlsx")


def as_shown(cell) -> str:
    """What a spreadsheet shows of a numeric cell."""
    pattern = cell.number_format.split(";")[0]
    percent, decimals = pattern.endswith("%"), len(pattern.rstrip("%").partition(".")[2])
    number = Decimal(repr(float(cell.value))) * (100 if percent else 1)
    number = abs(number).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{number:,f}{'%' if percent else ''}" if "#" in pattern else str(cell.value)


def test_every_number_of_the_workbook_is_the_marts(book, numbers):
    """A cell holds the mart's own number (percentages as fractions) or, where halves part, the number as shown."""
    derived = ("增存挂钩（假设）",)
    exact = Known(numbers)
    rounded = {Decimal(repr(value)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN) for value in numbers}
    rounded |= {Decimal(repr(value)).quantize(Decimal("0.01"), ROUND_HALF_EVEN) for value in numbers}
    rounded |= {Decimal(repr(value)).quantize(Decimal(1), ROUND_HALF_EVEN) for value in numbers}
    counted = 0
    for sheet in book:
        if sheet.title in derived:
            continue
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
                    counted += 1
                    own = float(cell.value)
                    scaled = float(Decimal(repr(own)) * 100) if cell.number_format.endswith("%") else own
                    known = own in exact or scaled in exact or Decimal(repr(scaled)) in rounded
                    assert known, (sheet.title, cell.coordinate, own)
    assert counted > 10_000


def test_word_and_pdf_say_no_number_that_page_and_workbook_do_not(pages, book, texts):
    """Numbers with decimals, thousands or a per cent sign: whatever a report says can be found where it was checked."""
    said = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?%?|\d+\.\d+%?|\d+%")
    known = set(said.findall("\n".join("".join(page.text) for page in pages.values())))
    known |= {as_shown(cell) for sheet in book for row in sheet.iter_rows() for cell in row
              if isinstance(cell.value, int | float)}  # fmt: skip
    known |= {"80%"} | {
        f"{step:,}" for step in range(0, 1_000_000, 50_000)
    }  # the range's name, steps of a chart's axis
    for form, text in texts.items():
        found = set(said.findall(text))
        assert len(found) > 300, form
        assert found - known == set(), form
