"""The site on disk: every page is there, links resolve, nothing points outside, numbers are the model's, no page is
rewritten in vain."""

from __future__ import annotations

import base64
import hashlib
import pickle
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from time import process_time
from urllib.parse import unquote

import pytest

from assets.outputs.model import ReportModel
from assets.outputs.site import offer, write
from assets.outputs.site.figures import stretches
from schemas.indicators import INDICATORS
from tests.documents_sample import FORMULA
from tests.documents_sample import model as sample

LARGEST, SECONDS = 300_000, 20


class Reader(HTMLParser):
    """What a test wants to know of a page; an element that is never closed, or closed twice, is an error."""

    VOID = ("meta", "link", "br", "img", "input")

    def __init__(self, html: str):
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: dict[str, list[str]] = {}
        self.text: list[str] = []
        self._open: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"])
        if "href" in found:
            self.links.append(found["href"])
        if tag not in self.VOID:
            self._open.append((tag, found.get("data-cell")))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self._open and self._open[-1][0] == tag, f"</{tag}> closes {self._open[-1:]}"
        self._open.pop()

    def handle_data(self, data):
        self.text.append(data)
        for _, cell in self._open:
            if cell and data.strip():
                self.cells.setdefault(cell, []).append(data.strip())


@pytest.fixture(scope="module")
def model() -> ReportModel:
    return sample(2027)


@pytest.fixture(scope="module")
def site(model, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("site")
    write(model, out)
    return out


@pytest.fixture(scope="module")
def pages(site) -> dict[str, str]:
    return {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}


@pytest.fixture(scope="module")
def read(pages) -> dict[str, Reader]:
    return {path: Reader(html) for path, html in pages.items()}


def test_every_page_is_there(pages, model):
    wanted = {"index.html", "quality.html", "calendar.html", "advice.html", "what-if.html", "downloads.html"}
    wanted |= {"modes.html", "measures.html", "demonstrations.html", "tasks.html", "parks.html"}
    wanted |= {f"dictionary{part}.html" for part in ("", "-marts", "-submissions", "-rules")}
    wanted |= {f"city/{city.code}.html" for city in model.cities} | {f"indicator/{code}.html" for code in INDICATORS}
    wanted |= {f"county/{county.code}.html" for county in model.counties} | {"restatement.html"}
    wanted |= {"evaluation/annual-2027.html", "evaluation/midterm-2027.html"}
    assert pages.keys() == wanted


def test_links_resolve_inside_the_site(read, site):
    for path, page in read.items():
        for link in page.links:
            if link == "data:,":
                continue
            assert ":" not in link, f"{path}: {link}"
            file, _, anchor = unquote(link).partition("#")
            target = (site / path).parent / file if file else site / path
            assert target.is_file(), f"{path}: {link}"
            if anchor:
                assert anchor in read[target.resolve().relative_to(site.resolve()).as_posix()].ids, f"{path}: {link}"


def test_nothing_points_to_a_network(pages):
    for path, html in pages.items():
        assert not re.findall(r"""(?:src|href|action|srcset)\s*=\s*["']?(?:https?:)?//""", html), path
        assert "@import" not in html and "url(" not in html, path
        # A malicious name in the sample is the one place where an address may stand: as text.
        named = html.replace("=HYPERLINK(&#34;http://example.invalid&#34;", "").replace("http-equiv", "")
        assert "http" not in named, path


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(pages):
    for html in pages.values():
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)[1].replace("&#39;", "'")
        for tag, directive in (("style", "style-src"), ("script", "script-src")):
            (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.S)
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{directive} 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert not re.search(r"<[a-z][^>]*\s(?:style|on\w+)=", html)


def test_markup_is_sound(read):
    for path, page in read.items():
        assert [name for name, count in Counter(page.ids).items() if count > 1] == [], path
        headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert headings[0] == 1 and headings.count(1) == 1, path
        assert all(after - before <= 1 for before, after in pairwise(headings)), path
        for tag, attributes in page.tags:
            if tag == "th":
                assert attributes.get("scope") in ("row", "col", "colgroup"), path
        assert page.tags[0] == ("html", page.tags[0][1]) and page.tags[0][1]["lang"] == "zh-CN"
        captions, tables = (sum(tag == name for tag, _ in page.tags) for name in ("caption", "table"))
        assert captions == tables, path


def test_every_page_carries_the_stamp_of_its_release(read, model):
    release = model.release
    for path, page in read.items():
        text = "".join(page.text)
        for stamp in (
            release.id,
            "2026年11月23日",
            release.rule_version,
            release.target_version,
            "预计",
            "地区生产总值 2025 最终核实",
        ):
            assert stamp in text, f"{path}: {stamp}"


def test_every_figure_of_the_matrix_is_the_models_text(read, model):
    for row in model.matrix.rows:
        for cell in row.cells:
            said = read["index.html"].cells[f"{cell.region_code} {cell.indicator}"]
            assert cell.verdict_label in said and cell.shape in said
            if cell.value is not None:
                assert said[0] == cell.text


@pytest.mark.parametrize("kind", ["annual", "midterm"])
def test_an_evaluation_shows_value_target_verdict_and_rank(read, model, kind):
    table = getattr(model, kind)[2027]
    page = read[f"evaluation/{kind}-2027.html"]
    text = "".join(page.text)
    for row in table.rows:
        for cell in row.cells:
            shown = page.cells[f"{cell.region_code} {cell.indicator}"]
            assert shown == [cell.text if cell.value is not None else "—"]
            assert cell.target_text in text


def test_forecasts_stand_apart_and_are_named(pages, model):
    html = pages["evaluation/midterm-2027.html"]
    annex, forecasts = html.split('id="forecast"')
    ranges = [cell.forecast.text_range for row in model.midterm[2027].rows for cell in row.cells if cell.forecast]
    plain, before = (re.sub("<[^>]+>", "", part) for part in (forecasts, annex.split("<main")[1]))
    assert ranges and all(each in plain for each in ranges)
    assert "～" not in before
    assert "预测" not in pages["evaluation/annual-2027.html"].split("<main")[1]


def test_the_what_if_stays_on_its_own_page(pages, model):
    effect = model.what_if[0]
    assert effect.effect_text in pages["what-if.html"] and "假设" in pages["what-if.html"]
    for path, html in pages.items():
        if path != "what-if.html":
            assert effect.step not in html


def test_counties_and_records_can_be_reached(pages, model):
    view = model.region_views["330100"]
    for own in view.indicators.values():
        assert all(county.region.name in pages["city/330100.html"] for county in own.counties)
        assert "mart.contribution" in pages["city/330100.html"]
    assert "供地结果_330100_2026.xlsx · Sheet1" in pages["city/330100.html"]


def test_a_county_has_its_page_with_records_and_the_query_for_the_rest(read, pages, model):
    assert "../county/330106.html" in read["city/330100.html"].links
    text = "".join(read["county/330106.html"].text)
    assert "仅监测，不作评价" in text
    assert "3301062026A00001" in text and "共 23 条" in re.sub(r"\s+", " ", text)
    assert "region_code = &#39;330106&#39;" in pages["county/330106.html"]
    assert not any(f" {word}</span>" in pages["county/330106.html"] for word in ("达序时", "滞后", "已达标"))


def test_what_changed_and_what_was_made_again_can_be_read(read, model):
    text = re.sub(r"\s+", "", "".join(read["restatement.html"].text))
    for each in model.restatement.rows:
        assert each.before.text in text and each.after.text in text and each.change_text in text
    for each in model.revisions.rows:
        assert each.old_text in text and each.new_text in text and each.change_text in text
    assert "2027年目标：略滞后→达序时" in text and "共17条" in text
    assert "restatement.html#evaluation" in "".join(read["evaluation/midterm-2027.html"].links)
    assert not any("restatement.html#" in link for link in read["evaluation/annual-2027.html"].links)


def test_checks_that_warn_stand_with_their_count_and_what_to_do(pages):
    page = pages["quality.html"]
    assert page.index("监管号在供地结果中") < page.index(">42<") < page.index("请核对编号。")
    assert " 387 " in page


def test_a_deadline_stands_on_one_line(read, model):
    text = "".join(read["calendar.html"].text)
    assert len({(each.due, each.name) for each in model.calendar}) == sum(
        attributes.get("scope") == "row" for tag, attributes in read["calendar.html"].tags if tag == "th"
    )
    assert "中期评估" in text and "2027-12-31" in text


def test_texts_of_clerks_are_escaped(pages):
    assert FORMULA not in pages["demonstrations.html"]
    assert "=HYPERLINK(&#34;" in pages["demonstrations.html"]


def test_tiles_say_that_they_are_no_map(pages):
    assert "不表示行政区域界线" in pages["index.html"]


def test_no_page_is_too_large(pages):
    assert max((len(html.encode()), path) for path, html in pages.items())[0] <= LARGEST


def test_the_whole_site_is_made_in_time(model, tmp_path):
    start = process_time()
    summary = write(model, tmp_path)
    assert process_time() - start < SECONDS
    assert len(summary.written) > 35 and len(model.cities) == 11 and len(model.counties) == 90


# --- Unchanged pages -------------------------------------------------------------------------------------------------


def times(site: Path) -> dict[str, int]:
    return {path.relative_to(site).as_posix(): path.stat().st_mtime_ns for path in site.rglob("*.html")}


def test_the_same_release_touches_nothing(model, tmp_path):
    first = write(model, tmp_path)
    before = times(tmp_path)
    second = write(sample(2027), tmp_path)
    assert (len(first.written), second.written, len(second.unchanged)) == (len(before), (), len(before))
    assert times(tmp_path) == before
    assert second.bytes == first.bytes


def test_only_pages_that_say_something_else_are_rewritten(model, tmp_path):
    write(model, tmp_path)
    before = times(tmp_path)
    changed = replace(model, calendar=model.calendar[1:])
    assert write(changed, tmp_path).written == ("calendar.html",)
    assert {path for path, at in times(tmp_path).items() if at != before[path]} == {"calendar.html"}


def test_one_city_changes_its_page_and_those_that_compare(model, tmp_path):
    write(model, tmp_path)
    view = model.region_views["330100"]
    views = model.region_views | {"330100": replace(view, sentences=("新的一句。",))}
    assert write(replace(model, region_views=views), tmp_path).written == ("city/330100.html",)


def test_a_damaged_page_or_index_is_made_again(model, tmp_path):
    write(model, tmp_path)
    (tmp_path / "index.html").unlink()
    assert write(model, tmp_path).written == ("index.html",)
    (tmp_path / "pages.json").write_text("{", encoding="utf-8")
    assert write(model, tmp_path).unchanged == ()


def test_pages_that_a_release_no_longer_has_go(model, tmp_path):
    write(model, tmp_path)
    assert write(replace(model, midterm={}), tmp_path).removed == ("evaluation/midterm-2027.html",)
    assert not (tmp_path / "evaluation/midterm-2027.html").exists()


def test_downloads_name_the_files_of_the_release(model, tmp_path):
    (tmp_path / "parquet").mkdir()
    for name in ("landstock.duckdb", "parquet/assessment.parquet", "notes.tmp"):
        (tmp_path / name).write_bytes(b"x" * 2000)
    write(model, tmp_path / "site", release=tmp_path)
    page = Reader((tmp_path / "site/downloads.html").read_text(encoding="utf-8"))
    assert "../landstock.duckdb" in page.links and "../parquet/assessment.parquet" in page.links
    assert not any("notes" in link or "pages.json" in link for link in page.links)


def test_a_site_made_before_the_files_offers_them_later_as_if_it_had_known_them(model, tmp_path):
    before, at_once = tmp_path / "before/site", tmp_path / "at_once/site"
    frame = pickle.loads(pickle.dumps(write(model, before).frame))
    for place in (before.parent, at_once.parent):
        place.mkdir(exist_ok=True)
        (place / "landstock.duckdb").write_bytes(b"x" * 2000)
    offer(frame, before, before.parent)
    write(model, at_once, release=at_once.parent)
    assert files(before) == files(at_once)
    assert write(model, before, release=before.parent).written == ()


def files(site: Path) -> dict[str, bytes]:
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


# --- A sparse release ------------------------------------------------------------------------------------------------


def test_a_release_with_almost_nothing_still_has_its_pages(model, tmp_path):
    empty = replace(
        model, annual={}, midterm={}, final={}, modes=(), measures=(), demonstrations=(), tasks=(), parks=(),
        calendar=(), dictionary=(), advice=(), what_if=(), incentives=(), sentences=(), county_views={},
        revisions=None, restatement=None,
    )  # fmt: skip
    write(empty, tmp_path)
    assert "没有政策举措" in (tmp_path / "measures.html").read_text(encoding="utf-8")
    assert "evaluation" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_an_indicator_that_nobody_has_yet_is_not_ranked(model, tmp_path):
    code = "land_per_gdp_reduction"
    view = model.indicator_views[code]
    silent = next(cell for cell in view.cells if cell.region_code == "330500")
    cells = tuple(replace(silent, region_code=cell.region_code, region_name=cell.region_name) for cell in view.cells)
    views = model.indicator_views | {code: replace(view, cells=cells, ranking=cells[1:])}
    write(replace(model, indicator_views=views), tmp_path)
    assert "各市均无数值，不排序" in (tmp_path / f"indicator/{code}.html").read_text(encoding="utf-8")


def test_modes_stand_in_the_order_of_the_plan(read):
    page = [text.strip() for text in read["modes.html"].text]
    assert page.index("空间优化拓地") < page.index("聚链成群增地") < page.index("混合利用节地")


def test_an_annual_rate_is_not_joined_across_new_year(model):
    rate = model.region_views["330100"].indicators["unsupplied_digestion_rate"]
    area = model.region_views["330100"].indicators["activated_stock_land"]
    assert [len(run) for run in stretches(rate)] == [1, 1, 1]
    assert [len(run) for run in stretches(area)] == [3]
    assert stretches(model.region_views["330500"].indicators["activated_stock_land"]) == []
