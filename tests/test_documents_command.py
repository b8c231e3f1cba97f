"""`landstock report`: exit codes and words for what cannot be made."""

from __future__ import annotations

import duckdb
import pytest

from assets.home import Home
from assets.outputs import fonts
from pipelines import cli
from pipelines.cli import report
from tests.documents_sample import model


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose current release is the sample model."""
    database = tmp_path / "home" / "releases" / "2026-11-23.1" / "landstock.duckdb"
    database.parent.mkdir(parents=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE SCHEMA mart; CREATE TABLE mart.target (a INTEGER)")
    monkeypatch.setattr(report.release, "database", lambda home, release_id: database)
    monkeypatch.setattr(report, "_model", lambda home, database, against: model())
    return tmp_path / "home"


def called(home, *arguments: str) -> int:
    return cli.call(["report", *arguments, "--home", str(home)])


def test_files_are_named_on_stdout(home, capsys):
    assert called(home, "annual", "--format", "pdf,csv") == 0
    folder = home / "reports" / "2026-11-23.1"
    assert capsys.readouterr().out.split() == [str(folder / "2026年度总结报告.pdf"), str(folder / "csv" / "target.csv")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("final", "2030"), "可以出的报告：2026年度总结"),
        (("annual", "2026", "--format", "odt"), "可用 html、xlsx、docx、pdf、csv"),
        (("weekly",), "weekly"),
        (("annual", "2019"), "2019"),
    ],
)
def test_wrong_usage_is_2(home, capsys, arguments, words):
    assert called(home, *arguments) == 2
    assert words in capsys.readouterr().err


def test_missing_fonts_are_3_with_the_remedy(home, capsys, monkeypatch):
    monkeypatch.setattr(fonts, "installed", lambda: frozenset({"DejaVu Sans"}))
    assert called(home, "annual", "--format", "pdf") == 3
    assert "apt-get install fonts-noto-cjk" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_3(home, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert called(home, "annual", "--format", "pdf", "--out", str(tmp_path / "file" / "x")) == 3
    assert "--out" in capsys.readouterr().err


def test_no_release_is_3(tmp_path, capsys):
    assert called(tmp_path / "none", "annual") == 3
    assert "landstock run" in capsys.readouterr().err


def test_a_release_of_another_make_is_3(tmp_path, monkeypatch):
    path = tmp_path / "r" / "landstock.duckdb"
    path.parent.mkdir()
    duckdb.connect(str(path)).close()
    with pytest.raises(report.Trouble, match="不能出报告"):
        report._model(Home(tmp_path), path, None)
