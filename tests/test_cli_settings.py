"""Flags beat LANDSTOCK_* beat landstock.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import settings
from pipelines.settings import SettingsError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "landstock.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("flag", "variable", "expected"),
    [(None, None, "from-file"), (None, "from-variable", "from-variable"), ("from-flag", "from-variable", "from-flag")],
)
def test_precedence(here: Path, flag: str | None, variable: str | None, expected: str) -> None:
    write(here, 'home = "from-file"')
    environment = {"LANDSTOCK_HOME": variable} if variable else {}
    assert settings.load({"home": flag}, environment).home == here / expected


def test_paths_in_the_file_are_relative_to_the_file(here: Path) -> None:
    (here / "conf").mkdir()
    write(here / "conf", 'home = "h"\nregions = "r.csv"')
    chosen = settings.load({}, {"LANDSTOCK_CONFIG": str(here / "conf" / "landstock.toml")})
    assert (chosen.home, chosen.regions) == (here / "conf" / "h", str(here / "conf" / "r.csv"))


def test_standing_choices_become_text(here: Path) -> None:
    write(here, '[rules]\n"activation.idle" = false\n"unsupplied.ways" = ["供地", "核减"]\n"x.y" = 0.9')
    assert settings.load({}, {}).rules == {"activation.idle": "false", "unsupplied.ways": "供地,核减", "x.y": "0.9"}


def test_the_projects_own_file_serves_where_there_is_none(here: Path) -> None:
    chosen = settings.load({}, {})
    assert chosen.source == settings.ROOT / "landstock.toml"
    assert (chosen.keep_releases, chosen.language, chosen.rules) == (60, "zh", {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("home = ", "无法读取"),
        ('hoem = "x"', "hoem"),
        ("keep_releases = 0", "keep_releases"),
        ('keep_releases = "many"', "keep_releases"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(here: Path, text: str, words: str) -> None:
    write(here, text)
    with pytest.raises(SettingsError, match=words):
        settings.load({}, {})


def test_a_named_file_must_exist(here: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing\.toml"):
        settings.load({}, {"LANDSTOCK_CONFIG": "nothing.toml"})
