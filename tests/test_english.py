"""`--lang en` speaks English, whatever happens; only what stands in the data stays as it is."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from assets.home import Home, Trouble
from pipelines import cli, settings
from schemas import policy
from schemas.indicators import INDICATORS
from tests.bureau import supervision_no
from tests.released import Publisher
from tests.test_cli_commands import BAD, GOOD, submit

ROOT = Path(__file__).parents[1]
#: Chinese characters and their punctuation; `－` is the shape of what has no verdict.
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uff0c\uff0e-\uff1b]+")
#: Where a release holds what bureaus and the plan have named.
NAMES = {
    "contribution": ("record_key", "component", "file_name", "sheet"),
    "calendar": ("responsible",),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Publisher:
    """Two releases with a jump between them, the later one in public notice with an objection."""
    place = Publisher(tmp_path_factory.mktemp("english") / "home")
    place.hand_in("供地结果", {"电子监管号": supervision_no(1)}, day="2026-03-05")
    place.hand_in("年度任务", {}, day="2026-03-05")
    place.hand_in("批而未供台账", {"批文号": "B1"}, {"批文号": "B2", "是否纳入基数": "否"}, day="2026-03-06")
    digested = {"消化编号": "D1", "消化面积": "4"}, {"消化编号": "D2", "批文号": "B2"}
    place.hand_in("批而未供消化", *digested, day="2026-03-06")
    further = ("data_dictionary", "calendar", "indicator_part")
    place.publish("2026-03-31", further)
    new_land = {"电子监管号": supervision_no(2), "供应面积": "6", "现有建设用地面积": "0", "当年新增面积": "6"}
    place.hand_in("供地结果", new_land, day="2026-04-05", batch="2")
    now = place.publish("2026-04-30", further)
    place.con.close()
    said = ["--region", "330100", "--indicator", "5", "--year", "2026", "--text", "too little", "--by", "A"]
    jump = ["330100", "5", "2026", "--reason", "one site", "--by", "A", "--until", "2099-12-31"]
    for step in (["publish", now, "--state", "公示", "--by", "A"], ["object", now, *said], ["acknowledge", *jump]):
        assert cli.call([*step, "--home", str(place.home.path)]) == 0
    return place


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDSTOCK_LANDING", str(tmp_path / "landing"))
    monkeypatch.delenv("LANDSTOCK_LANG", raising=False)


def data(place: Publisher) -> set[str]:
    """What stands in the data: names of regions, files, sheets, records, bodies, and the words that rules are about."""
    found = set(policy.regions().frame["name"])
    found |= {
        each
        for entry in policy.rulebook().entries.values()
        if isinstance(entry["value"], list)
        for each in entry["value"]
    }
    for mart, columns in NAMES.items():
        rows = place.rows("2026-04-30.1", f"SELECT DISTINCT {', '.join(columns)} FROM {mart}")
        found |= {cell for row in rows for cell in row if cell}
    return found


def chinese(text: str, known: set[str]) -> list[str]:
    """What is Chinese in a text, but for what is known."""
    for name in sorted(known, key=len, reverse=True):
        text = text.replace(name, "")
    return CHINESE.findall(text)


LATER = "2026-04-30.1"
READING = [
    *(["explain", region, code, "2026"] for code in INDICATORS for region in ("330100", "330000")),
    ["explain", "330102", "5", "2026"], ["explain", "330100", "5", "2026", "--basis", "annual"],
    ["diff", "2026-03-31.1", LATER], ["diff", "2026-03-31.1", LATER, "--all"],
    ["releases"], ["status"], ["calendar"], ["targets"], ["doctor"], ["publish", LATER], ["object", LATER],
    ["acknowledge"], ["dict"], ["dict", "--object", "switch"], ["dict", "--object", "rule"], ["dict", "--object", "part"],
    ["dict", "no such word"], ["query", "SELECT indicator, value FROM indicator_value", "--rows", "1"],
    ["template", "gdp", "--region", "330100", "-o", "gdp.xlsx"], ["rollback", LATER],
]  # fmt: skip


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_reading_command_speaks_english(place, command, capsys) -> None:
    home = [] if command[0] in ("targets", "dict", "template") else ["--home", str(place.home.path)]
    assert cli.call([*command, *home, "--lang", "en"]) == 0
    said = capsys.readouterr()
    shown = said.out + said.err
    assert shown.strip()
    assert chinese(shown, data(place) | {"地区生产总值_330100_2026.xlsx"}) == []


def test_check_speaks_english_but_for_its_findings(tmp_path, capsys) -> None:
    assert cli.call(["check", str(submit(tmp_path, GOOD, BAD)), "--lang", "en"]) == 1
    lines = capsys.readouterr().out.splitlines()
    messages = [line for line in lines if line.startswith(" " * 6)]
    assert messages and chinese(messages[0], set())
    assert chinese("\n".join(line for line in lines if line not in messages), {"供地结果", "供应面积"}) == []


WRONG = [
    ["nope"], ["query"], ["query", "SELECT 1", "--foo"], ["query", "SELECT"], ["query", ""],
    ["query", "SELECT 1; SELECT 2"], ["query", "DROP TABLE target"], ["query", "SELECT * FROM read_csv('x')"],
    ["run", "--as-of", "23.11.2026"], ["run", "--rule", "activation.idle"], ["run", "--rule", "no.such=1"],
    ["run", "--rule", "verdict.behind=x"], ["run", "--rule", "walk.headline=x"], ["run", "--year", "1999"],
    ["run", "--as-of", "2026-11-23", "--year", "2028"], ["run"], ["backfill", "2027..2025"], ["check", "nothing.csv"],
    ["check", "landstock.toml", "landstock.toml", "--receipt", "one.xlsx"], ["releases", "surplus"],
    ["explain", "nowhere", "5", "2026"], ["explain", "330100", "9", "2026"], ["explain", "330100", "5", "2020"],
    ["explain", "330100", "5", "2026", "--as-of", "2026-04-01", "--release", "x"],
    ["report", "annual", "2031"], ["report", "annual", "--format", "x"], ["report", "x"],
    ["template", "x", "--region", "330100"], ["template", "gdp"], ["template", "gdp", "--region", "1"],
    ["diff", "x", LATER], ["rollback", "x"], ["publish", LATER, "--state", "定稿"], ["publish", LATER, "--state", "x"],
    ["publish", LATER, "--state", "公示", "--by", "A"], ["publish", LATER, "--state", "定稿", "--by", "A"],
    ["object", LATER, "--text", "x"], ["object", LATER, "--text", "x", "--by", "A"],
    ["object", LATER, "--resolve", "9", "--text", "x", "--by", "A"],
    ["object", "2026-03-31.1", "--region", "330100", "--indicator", "5", "--year", "2026", "--text", "x", "--by", "A"],
    ["acknowledge", "330100"],
    ["acknowledge", "330100", "5", "2026", "--reason", "x", "--by", "A", "--until", "2020-01-01"],
    ["status", "--regions", "none.csv"],
]  # fmt: skip


@pytest.mark.parametrize("command", WRONG, ids=" ".join)
def test_what_is_wrong_is_said_in_english(place, command, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LANDSTOCK_HOME", str(place.home.path))
    (tmp_path / "landstock.toml").write_text('lang = "en"\n')  # the settings count as the flag does
    assert cli.call(command) in (2, 3)
    said = capsys.readouterr()
    assert said.out == "" and said.err.strip()
    assert chinese(said.err, {"公示", "定稿"}) == []


@pytest.mark.parametrize(
    ("flag", "environment", "file", "expected"),
    [
        (None, {}, "", "zh"),
        (None, {}, 'lang = "en"', "en"),
        (None, {"LANDSTOCK_LANG": "zh"}, 'lang = "en"', "zh"),
        ("en", {"LANDSTOCK_LANG": "zh"}, 'lang = "zh"', "en"),
        (None, {"LANDSTOCK_LANG": "en"}, "lang = ", "en"),  # a file that is none says nothing
        (None, {}, "lang = ", "zh"),
    ],
)
def test_the_language_before_the_settings_are_known(tmp_path, flag, environment, file, expected) -> None:
    config = tmp_path / "chosen.toml"
    config.write_text(file)
    assert settings.language(flag, {"LANDSTOCK_CONFIG": str(config), **environment}) == expected


def test_a_home_that_is_not_there_and_an_unexpected_error(place, tmp_path, monkeypatch, capsys) -> None:
    assert cli.call(["status", "--home", str(tmp_path / "none"), "--lang=en"]) == 3
    assert capsys.readouterr().err.startswith("there is no home at ")

    def fail(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("assets.release.manifests", fail)
    assert cli.call(["releases", "--home", str(place.home.path), "--lang", "en"]) == 3
    assert capsys.readouterr().err.startswith("unexpected error: ZeroDivisionError: by zero. Details: ")


@pytest.mark.parametrize("command", [["doctor"], ["explain", "330100", "5", "2026"], ["acknowledge"]], ids=" ".join)
def test_machines_are_told_the_same_in_both_languages(place, command, capsys) -> None:
    told = []
    for language in ("zh", "en"):
        assert cli.call([*command, "--json", "--home", str(place.home.path), "--lang", language]) == 0
        told.append(re.sub(r"[\d.]+ GB", "", capsys.readouterr().out))
    assert told[0] == told[1]


def test_doctor_speaks_english_of_what_is_broken(tmp_path, capsys) -> None:
    home = Home(tmp_path / "home").prepare()
    home.warehouse.write_text("no database")
    (home.releases / "2026-11-23.1").mkdir()
    (home.path / "states.jsonl").write_text("{\n")
    assert cli.call(["doctor", "--home", str(home.path), "--lang", "en"]) == 3
    said = capsys.readouterr().out
    assert said.count("✕") == 2  # the warehouse, and what was published
    assert chinese(said, set()) == []


def test_chinese_is_what_it_was(place, tmp_path, capsys) -> None:
    """Where both languages are said side by side, word for word."""
    assert cli.call(["doctor", "--home", str(place.home.path), "--json"]) == 0
    points = {each["name"]: (each["found"], each["remedy"]) for each in json.loads(capsys.readouterr().out)}
    landing = tmp_path / "landing"
    assert {
        "运行锁": ("空闲", ""),
        "残留临时文件": ("无", ""),
        "报送目录": (f"{landing} 不存在", "建立该目录，或用 --landing / LANDSTOCK_LANDING 指定"),
        "全部发布": ("2 个，清单可读", ""),
        "公示与定稿": ("1 个，校验和相符", ""),
    }.items() <= points.items()
    assert cli.call(["explain", "330100", "5", "2026", "--home", str(place.home.path)]) == 0
    said = capsys.readouterr().out
    for line in (
        "杭州市 · 存量土地供应占比 · 2026 · 期内累计（2025-01-01 – 2026-04-30）",
        "指标值  25.00%（数据未齐）　未取整 25.0",
        "计算  2 ÷ 8 公顷　→ 25.0　✓ 台账重新加总，与公布值一致",
        "【分项】\n现有建设用地  2.0000 公顷",
        "2026-03-31.1（2026-03-31）：100.00% → 25.00%（−75.00）",
    ):
        assert line in said
    assert cli.call(["query", "SELECT 1; SELECT 2", "--home", str(place.home.path)]) == 2
    assert capsys.readouterr().err == "用法有误：一次只能执行一条 SQL，请分开查询。用法见 landstock query --help\n"


def test_every_text_in_two_languages_is_english_in_its_second() -> None:
    """Of all that is picked or raised: the second of two texts of which the first is Chinese."""
    troubles = {"Misuse", "PolicyError", "Sentence", *(each.__name__ for each in descendants(Trouble))}
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for package in ("assets", "pipelines", "schemas")
        for path in sorted((ROOT / package).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and len(call.args) > 1
        and (name(call) in troubles or ("desk" in ast.unparse(call.func) and name(call) in ("pick", "tell", "log")))
        and CHINESE.search(literals(call.args[1]))
    ]
    assert found == []


def descendants(kind: type) -> set[type]:
    return {each for child in kind.__subclasses__() for each in (child, *descendants(child))}


def name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def literals(node: ast.AST) -> str:
    return "".join(
        each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )


# --- And in Chinese no codes -----------------------------------------------------------------------------------------


def test_explain_names_the_components_in_words(place, capsys):
    assert cli.call(["explain", "330100", "1", "2026", "--home", str(place.home.path)]) == 0
    said = capsys.readouterr().out
    assert "供地中的现有建设用地" in said and "resupply" not in said


def test_a_year_without_deadlines_is_told_in_a_sentence(place, capsys):
    assert cli.call(["calendar", "--year", "1999", "--home", str(place.home.path)]) == 0
    said = capsys.readouterr()
    assert said.out == "" and "工作日历中 1999 年没有事项" in said.err
