"""All documents of a release together: names, choice of reports, time, the command."""

from __future__ import annotations

import time

import pytest

from assets.outputs import documents
from assets.outputs.chapters import NoReport
from tests.documents_sample import model


@pytest.mark.parametrize(
    ("year", "kinds"),
    [(2026, ["annual"]), (2027, ["annual", "midterm"]), (2030, ["annual", "final"])],
)
def test_reports_whose_time_has_come(year, kinds):
    assert documents.due(model(year)) == kinds


def test_write_all_within_its_time(tmp_path):
    began = time.process_time()  # what else the machine does is no matter of ours
    paths = documents.write_all(model(2027), tmp_path / "new")
    assert time.process_time() - began < 15
    assert sorted(path.name for path in paths) == [
        "2027年中期评估报告.docx", "2027年中期评估报告.pdf", "2027年度总结报告.docx", "2027年度总结报告.pdf",
        "附表.xlsx",
    ]  # fmt: skip
    assert all(path.stat().st_size > 10_000 for path in paths)


def test_only_what_was_asked_for(tmp_path):
    assert [path.name for path in documents.write_all(model(), tmp_path, ["annual"], ["pdf"])] == [
        "2026年度总结报告.pdf"
    ]


@pytest.mark.parametrize(("kinds", "formats"), [(["weekly"], ["pdf"]), (["annual"], ["odt"])])
def test_unknown_kinds_and_formats_are_refused(tmp_path, kinds, formats):
    with pytest.raises(ValueError, match="is none of"):
        documents.write_all(model(), tmp_path, kinds, formats)


def test_a_missing_report_leaves_no_file(tmp_path):
    with pytest.raises(NoReport):
        documents.write_report(model(), "final", 2030, tmp_path / "new", ["xlsx"])
    assert not (tmp_path / "new").exists()
