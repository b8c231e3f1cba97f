"""Outputs made beside and taken into a release: each is made once, and only what belongs there gets there."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment

from assets import once, release
from assets.home import Home
from assets.outputs import bundle, loading
from assets.outputs.model import NothingToReport
from assets.outputs.site import rendering
from tests.documents_sample import model as sample


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """A home whose documents and receipts are one small file each, as are the tables."""
    for kind in (bundle.DOCUMENTS, bundle.TABLES, bundle.RECEIPTS):
        monkeypatch.setitem(bundle._WRITERS, kind, lambda home, folder, *_: (folder / "one.xlsx").write_bytes(b"x"))
    return Home(tmp_path).prepare()


def taken(home: Home, release_id: str) -> Path:
    """The folder of a release after all kinds were made for it and taken in."""
    for kind in bundle.KINDS:
        bundle.make(home, kind)
        bundle.mark(home, release_id, kind)
    folder = home.path / "release"
    folder.mkdir()
    (folder / "landstock.duckdb").write_bytes(b"x")
    bundle.of_release(home, release_id, print)(folder)
    return folder


def test_a_release_offers_what_it_took_and_reads_no_model_for_it(home, monkeypatch):
    read = []
    monkeypatch.setattr(bundle, "load", lambda home, database: read.append(database) or sample(2027))
    folder = taken(home, "2027-11-20.1")
    page = (folder / "site/downloads.html").read_text(encoding="utf-8")
    assert "../documents/one.xlsx" in page and "../landstock.duckdb" in page and "receipts/ × 1" in page
    assert read == [home.build]
    assert (folder / "documents/csv/one.xlsx").is_file()
    assert not [path for path in folder.rglob(".*")]


def test_what_was_made_before_the_marts_changed_is_made_again(home, monkeypatch):
    """The number of the next release stays the same until there is one, whatever became of its marts meanwhile."""
    monkeypatch.setattr(bundle, "load", lambda home, database: sample(2027))
    release.change(home.build)
    for kind in bundle.KINDS:
        bundle.make(home, kind)
        bundle.mark(home, "2027-11-20.1", kind)
    again = []
    monkeypatch.setitem(bundle._WRITERS, bundle.DOCUMENTS, lambda *_: again.append("documents"))
    for folder, expected in (("same", []), ("changed", ["documents"])):
        (home.path / folder).mkdir()
        bundle.of_release(home, "2027-11-20.1", print)(home.path / folder)
        assert again == expected
        release.change(home.build)


def test_without_anything_to_report_there_is_no_site(home, monkeypatch):
    def nothing(*_):
        raise NothingToReport("没有", "nothing")

    monkeypatch.setattr(bundle, "load", nothing)
    folder = taken(home, "2027-11-20.1")
    assert {path.name for path in folder.iterdir()} == {"landstock.duckdb", "documents", "receipts"}


def test_what_was_begun_while_the_marts_were_checked_is_taken(home, monkeypatch):
    """The documents show no outcome of checks; the pages do, so they get the model once more."""
    given = []
    for kind in bundle.KINDS:
        monkeypatch.setitem(bundle._WRITERS, kind, lambda *told, kind=kind: given.append((kind, told[-1])))
    monkeypatch.setattr(loading, "load_unchecked", lambda build, revision, earlier: f"{build.name} with {revision}")
    monkeypatch.setattr(loading, "checked", lambda made, build: f"{made}, checked")
    with once.kept():
        assert len(list(once.ahead(bundle.ahead(home, lambda: "changes")))) == 2
        wait_for = [bundle.begin(home, kind) for kind in (bundle.DOCUMENTS, bundle.SITE)]
        made = [bundle.taken(home, kind) for kind in (bundle.RECEIPTS, bundle.TABLES)] + [each() for each in wait_for]
    assert [each.files for each in made] == [0, 0, 0, 0]
    assert given == [
        (bundle.RECEIPTS, None),  # ahead, too
        (bundle.TABLES, None),
        (bundle.DOCUMENTS, "landstock.duckdb with changes"),  # begun; without a worker it is made when it is waited for
        (bundle.SITE, "landstock.duckdb with changes, checked"),
    ]


def test_without_work_ahead_every_kind_reads_for_itself(home, monkeypatch):
    given = []
    for kind in bundle.KINDS:
        monkeypatch.setitem(bundle._WRITERS, kind, lambda *told, kind=kind: given.append((kind, told[-1])))
    with once.kept():
        for kind in (bundle.DOCUMENTS, bundle.SITE):
            bundle.begin(home, kind)()
        bundle.taken(home, bundle.RECEIPTS)
    assert given == [(bundle.DOCUMENTS, None), (bundle.SITE, None), (bundle.RECEIPTS, None)]


def test_who_prepares_has_no_template_left_to_compile(monkeypatch):
    bundle.prepare()
    templates = rendering.environment()
    monkeypatch.setattr(Environment, "compile", lambda *_: pytest.fail("compiled late"))
    assert all(templates.get_template(name) for name in templates.list_templates())
