"""The site in a real browser, offline: no request, no console error, keyboard, sort, language, axe, phone, paper."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from assets.outputs.model import ReportModel
from assets.outputs.site import write
from tests.browser import Tab, chromium
from tests.documents_sample import model as sample

AXE = files("axe_core_python").joinpath("axe.min.js")
#: One page of each template.
PAGES = (
    "index.html", "city/330100.html", "city/330500.html", "indicator/activated_stock_land.html",
    "indicator/unsupplied_digestion_rate.html", "evaluation/midterm-2027.html", "modes.html", "measures.html",
    "demonstrations.html", "tasks.html", "parks.html", "quality.html", "calendar.html", "advice.html", "what-if.html",
    "downloads.html", "dictionary.html", "restatement.html", "county/330106.html",
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> ReportModel:
    return replace(sample(2027), sentences=("全省八项指标中，四项达序时。",))


@pytest.fixture(scope="module")
def site(model, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("site")
    write(model, out)
    return out


@pytest.fixture(scope="module")
def tab() -> Tab:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_for_nothing_and_complains_of_nothing(tab, site, page):
    tab.open(site / page)
    tab.run("new Promise(done => setTimeout(done, 50))")
    assert [url for url in tab.requests if not url.startswith("data:")] == [(site / page).resolve().as_uri()]
    assert tab.messages == []
    assert tab.run("getComputedStyle(document.body).display !== '' && document.styleSheets.length") == 1


def test_a_forbidden_request_would_be_noticed(tab, site, tmp_path):
    """The two tests above can fail: a page that loads something is refused and says so."""
    page = tmp_path / "bad.html"
    html = (site / "index.html").read_text(encoding="utf-8")
    page.write_text(
        html.replace("</body>", '<img src="https://example.invalid/x.png" alt=""></body>'), encoding="utf-8"
    )
    tab.open(page)
    tab.run("new Promise(done => setTimeout(done, 50))")
    assert any("Content Security Policy" in message for message in tab.messages)


ENGLISH = (
    "index.html",
    "city/330500.html",
    "restatement.html",
    "calendar.html",
    "indicator/activated_stock_land.html",
    "tasks.html",
)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "lang"), [(page, "zh") for page in PAGES] + [(page, "en") for page in ENGLISH])
def test_axe_finds_no_violation(tab, site, page, lang):
    tab.open(site / page)
    tab.run(f"document.documentElement.dataset.lang = '{lang}'")
    assert violations(tab) == []


def test_axe_finds_what_is_wrong(tab, tmp_path):
    page = tmp_path / "wrong.html"
    page.write_text('<html><body><img src="data:,"><p style="color:#ccc">grey</p></body></html>', encoding="utf-8")
    tab.open(page)
    assert {"image-alt", "color-contrast", "html-has-lang"} <= {each.split(":")[0] for each in violations(tab)}


def test_dark_scheme_keeps_its_contrast(tab, site):
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    try:
        for page in ("index.html", "city/330100.html", "tasks.html"):
            tab.open(site / page)
            assert violations(tab) == []
    finally:
        tab.call("Emulation.setEmulatedMedia", features=[])


def violations(tab: Tab) -> list[str]:
    tab.run(AXE.read_text(encoding="utf-8") + "; 1")
    return tab.run(
        "axe.run().then(found => found.violations.flatMap(each => "
        "each.nodes.slice(0, 3).map(node => each.id + ': ' + node.html.slice(0, 160) + ' ' + node.failureSummary)))"
    )


@pytest.mark.parametrize("page", PAGES)
def test_nothing_runs_over_the_edge_of_a_phone(tab, site, page):
    tab.open(site / page, width=390, height=844)
    assert tab.run("document.documentElement.scrollWidth") <= 390
    outside = tab.run(
        "[...document.querySelectorAll('main *')].filter(each => !each.closest('.scroll, .chart-box, svg, pre, .tally')"
        " && each.getBoundingClientRect().right > 391).map(each => each.outerHTML.slice(0, 120))"
    )
    assert outside == []


def test_the_keyboard_reaches_everything(tab, site):
    tab.open(site / "index.html")
    tab.press("Tab")
    assert tab.run("document.activeElement.className") == "skip"
    tab.press("Enter")
    assert tab.run("location.hash") == "#main"
    tab.open(site / "index.html")
    wanted = tab.run("document.querySelectorAll('a[href], button:not([hidden]), [tabindex=\"0\"], summary').length")
    reached = set()
    for _ in range(wanted + 2):
        tab.press("Tab")
        place = tab.run(
            "(() => { const all = [...document.querySelectorAll('*')]; const at = document.activeElement;"
            " const style = getComputedStyle(at);"
            " return at === document.body ? -1 : [all.indexOf(at), style.outlineStyle !== 'none'] })()"
        )
        if place != -1:
            reached.add(place[0])
            assert place[1], "focus is not visible"
    assert len(reached) == wanted


def test_columns_sort_by_number_and_empty_stays_last(tab, site, model):
    tab.open(site / "index.html")
    column = [row.cells[0] for row in model.matrix.rows[1:]]
    by_value = sorted(column, key=lambda cell: (cell.value is None, -(cell.value or 0)))
    press = "document.querySelector('#matrix').closest('table').tHead.rows[0].cells[1].querySelector('button').click()"
    shown = (
        "[...document.querySelector('#matrix').closest('table').tBodies[1].rows]"
        ".map(row => row.cells[1].dataset.cell.split(' ')[0])"
    )
    tab.run(press)
    assert tab.run(shown)[:10] == [cell.region_code for cell in by_value if cell.value is not None]
    assert tab.run(shown)[10] == "330500"
    tab.run(press)
    assert tab.run(shown)[0] == by_value[9].region_code
    assert tab.run(shown)[10] == "330500"
    headers = "[...document.querySelectorAll('th[aria-sort]')].map(each => each.getAttribute('aria-sort'))"
    assert tab.run(headers) == ["ascending"]


def test_a_column_of_words_sorts_from_the_keyboard(tab, site):
    tab.open(site / "index.html")
    tab.run("document.querySelector('#matrix').closest('table').tHead.rows[0].cells[0].querySelector('button').focus()")
    tab.press("Space")
    first = "document.querySelector('#matrix').closest('table').tBodies[1].rows[0].cells[0].innerText"
    assert tab.run(first) == "杭州市"
    tab.press("Enter")
    assert tab.run(first) != "杭州市"


def test_the_language_switch_and_its_memory(tab, site):
    tab.open(site / "index.html")
    assert tab.run("document.querySelector('h1').innerText").startswith("全省2027年进展")
    tab.run("document.getElementById('language').click()")
    assert tab.run("document.querySelector('h1').innerText").startswith("Zhejiang in 2027")
    assert tab.run("document.title").startswith("Overview")
    tab.follow("table a[href*='city/330100']")
    assert tab.run("document.querySelector('h1').innerText").startswith("Hangzhou")
    assert tab.run("[...document.querySelectorAll('nav a')].every(each => each.search === '?lang=en')")
    tab.run("document.getElementById('language').click()")
    assert tab.run("document.querySelector('h1').innerText").startswith("杭州市")
    assert tab.run("document.title").startswith("杭州市")


def test_everything_reads_without_javascript(tab, site, model):
    tab.open(site / "index.html", javascript=False)
    text = tab.run("document.body.innerText")
    assert "全省2027年进展" in text
    assert "Zhejiang in 2027" not in text
    assert all(cell.text in text for row in model.matrix.rows for cell in row.cells if cell.value is not None)
    assert tab.run("document.getElementById('language').offsetParent === null")
    tab.open(site / "city/330100.html", javascript=False)
    assert tab.run("document.querySelectorAll('th button').length") == 0
    tab.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize(
    ("page", "across"), [("index.html", True), ("city/330100.html", False), ("quality.html", False)]
)
def test_a_page_prints_on_a4(tab, site, page, across):
    tab.open(site / page)
    pdf = tab.pdf()
    assert pdf.startswith(b"%PDF-")
    boxes = re.findall(rb"/MediaBox \[([^\]]+)\]", pdf)
    sizes = {tuple(float(number) for number in box.split()) for box in boxes}
    width, height = (842, 595) if across else (595, 842)
    assert sizes and all(abs(right - width) <= 2 and abs(top - height) <= 2 for _, _, right, top in sizes)
