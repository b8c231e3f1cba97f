"""Commands that need no run: exit codes, messages, machine output."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest

from assets import raw, release, warehouse
from assets.home import Home
from assets.trust import completeness
from pipelines import cli, landing
from pipelines.cli.backfill import plan
from schemas import policy
from schemas.indicators import INDICATORS
from schemas.marts import MARTS
from tests import test_release_store as store

HEADER = (
    "行政区代码,电子监管号,供应面积,现有建设用地面积,历史批而未供面积,当年新增面积,"
    "是否单独选址,土地用途代码,用途分类体系,供地方式,合同签订日期"
)
GOOD = "330102,3301022026B00001,2,1,0.5,0.5,否,0701,GB/T21010-2017,挂牌,2026-03-01"
BAD = "330102,3301022026B00002,2,1,0.5,0.9,否,0701,GB/T21010-2017,挂牌,2026-03-01"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds a home by default, nor writes into the project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANDSTOCK_LANDING", str(tmp_path / "landing"))
    monkeypatch.delenv("LANDSTOCK_LANG", raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home").prepare()
    store.publish(made, marts={**store.FEW, **{name: MARTS[name] for name in ("submission", "submission_due")}})
    return made


def submit(folder: Path, *rows: str, name: str = "供地结果_330100_2026.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return file


# --- Usage and environment -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], "没有命令 'nope'"),
        (["query"], "缺少 SQL"),
        (["query", "SELECT 1", "--foo"], "没有选项 --foo"),
        (["run", "--as-of", "23.11.2026"], "2026-11-23"),
        (["run", "--rule", "activation.idle"], "activation.idle=false"),
        (["backfill", "2027..2025"], "2025..2027"),
        (["backfill", "x"], "2025..2027"),
        (["check", "nothing.csv"], "找不到文件 nothing.csv"),
        (["releases", "--lang", "fr"], "--lang"),
        (["run", "--year", "1999"], "--year：'1999' 不是 2025 到 2100 的整数"),
        (["report", "annual", "2031"], "YEAR：'2031' 不是 2025 到 2030 的整数"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_right(arguments: list[str], words: str, capsys) -> None:
    assert cli.call(arguments) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    "command", [["query", "SELECT 1"], ["releases"], ["status"], ["rollback", "x"], ["backfill", "2026"]]
)
def test_no_home_is_3_and_says_how_to_make_one(command: list[str], capsys) -> None:
    assert cli.call(command) == 3
    assert "landstock run" in capsys.readouterr().err


def test_no_landing_directory_is_3(capsys) -> None:
    assert cli.call(["run"]) == 3
    assert "--landing" in capsys.readouterr().err


def test_an_unknown_switch_is_2(tmp_path: Path, capsys) -> None:
    (tmp_path / "landing").mkdir()
    assert cli.call(["run", "--rule", "no.such=1"]) == 2
    assert "没有开关 'no.such'；可用的开关：activation." in capsys.readouterr().err
    assert cli.call(["run", "--rule", "activation.idle=maybe"]) == 2
    assert "activation.idle 的取值为 true 或 false" in capsys.readouterr().err
    # a way that is none would count nothing and call that the figure
    assert cli.call(["run", "--rule", 'unsupplied.ways=["供地"]']) == 2
    assert "unsupplied.ways 的取值为 供地、撤回批文、核减、补办手续 之一" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["run"], ["backfill", "2026"], ["explain", "杭州", "5", "2026", "--as-of", "2026-06-30"]]
)
def test_a_damaged_warehouse_is_3_and_what_to_do_is_said(
    home: Home, tmp_path: Path, command: list[str], capsys
) -> None:
    (tmp_path / "landing").mkdir()
    home.warehouse.write_text("no database")
    assert cli.call(command) == 3
    said = capsys.readouterr().err
    assert f"{home.warehouse} 无法打开。请把它移走后重新执行 landstock run" in said
    assert cli.call(["doctor"]) == 3
    assert "工作库" in capsys.readouterr().out


def test_a_warehouse_in_a_database_client_is_4_and_names_the_process(home: Home, tmp_path: Path, capsys) -> None:
    (tmp_path / "landing").mkdir()
    code = f"import duckdb; con = duckdb.connect({str(home.warehouse)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdout.readline() == b"open\n"
        assert cli.call(["run"]) == 4
        assert f"正被进程 {client.pid} 打开" in capsys.readouterr().err
        client.communicate(b"\n")


def test_a_place_that_cannot_be_written_is_3_and_named(tmp_path: Path, capsys) -> None:
    file = submit(tmp_path, GOOD)
    for command in (["check", str(file), "--receipt", "/proc/x/回执.xlsx"],
                    ["template", "供地结果", "--region", "330500", "-o", "/proc/x/空表.xlsx"]):  # fmt: skip
        assert cli.call(command) == 3
        assert "不能读写 /proc/x（" in capsys.readouterr().err


@pytest.mark.parametrize(("stream", "silent"), [("stdout", "stderr"), ("stderr", "stdout")])
def test_a_reader_that_has_seen_enough_ends_nothing(stream: str, silent: str, tmp_path: Path) -> None:
    """`landstock … | head`: what is said goes nowhere, the work and its exit code are what they would have been."""
    tool, file, receipt = Path(sys.executable).with_name("landstock"), submit(tmp_path, GOOD, BAD), tmp_path / "r.xlsx"
    command = [tool, "check", str(file), "--receipt", str(receipt)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        getattr(process, stream).close()
        said = getattr(process, silent).read().decode()
        assert process.wait() == 1  # a row is wrong
    assert receipt.exists()
    assert {"stderr": "回执已写入", "stdout": "部分接受"}[silent] in said
    assert "Broken" not in said


def test_a_future_year_is_2(tmp_path: Path, capsys) -> None:
    (tmp_path / "landing").mkdir()
    assert cli.call(["run", "--as-of", "2026-11-23", "--year", "2028"]) == 2
    assert "2028 年尚未开始" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "left", "said"),
    [
        ("cannot create a thread", 90_000_000, "磁盘空间不足：数据目录 {home} 所在磁盘只剩 90 MB，至少需要 100 MB"),
        ("disk I/O error", 90_000_000, "磁盘空间不足"),
        # What failed gave back what it had written.
        ("disk I/O error", 900_000_000, "写盘失败：数据目录 {home} 所在磁盘当时空间不足、超过配额或有故障（现在还剩 900 MB）"),
    ],
)  # fmt: skip
def test_whatever_fails_on_a_full_disk_is_said_to_be_that(
    error: str, left: int, said: str, home: Home, monkeypatch, capsys
) -> None:
    """SQLite calls it a disk I/O error, others what they like."""

    def fail(*_: object) -> None:
        raise RuntimeError(error)

    monkeypatch.setattr("assets.release.manifests", fail)
    monkeypatch.setattr("assets.home.free", lambda _: left)
    assert cli.call(["releases"]) == 3
    assert said.format(home=home.path) in capsys.readouterr().err


def test_a_pipe_that_breaks_within_a_command_is_no_reader_that_has_seen_enough(home: Home, monkeypatch, capsys) -> None:
    def fail(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("assets.release.manifests", fail)
    assert cli.call(["releases"]) == 3
    assert "BrokenPipeError" in capsys.readouterr().err


def test_an_unexpected_error_is_3_with_a_log_and_without_a_traceback(home: Home, monkeypatch, capsys) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("assets.release.manifests", fail)
    assert cli.call(["releases"]) == 3
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "ZeroDivisionError" in said
    assert "by zero" in next(home.logs.glob("error-*.log")).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [["run"], ["backfill", "2026"], ["rollback", "2026-11-23.1"]])
def test_a_home_in_use_is_4_and_names_the_holder(home: Home, tmp_path: Path, command: list[str], capsys) -> None:
    (tmp_path / "landing").mkdir()
    home.lock_file.write_text(json.dumps({"pid": "77", "command": "landstock run", "since": "2026-11-23 02:00:00"}))
    with home.lock_file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert cli.call(command) == 4
        assert cli.call(["query", "SELECT 1"]) == 0  # readers never wait
    said = capsys.readouterr().err
    assert "进程 77，landstock run，自 2026-11-23 02:00:00" in said


def test_status_works_while_a_run_goes_on(home: Home, tmp_path: Path, capsys) -> None:
    submit(tmp_path / "landing", GOOD)
    home.warehouse.touch()
    with home.lock_file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert cli.call(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["waiting"] is None


def test_every_command_has_help(capsys) -> None:
    for command in cli.COMMANDS:
        assert cli.call([command, "--help"]) == 0
        assert "Usage: landstock" in capsys.readouterr().out


def test_help_names_every_command(capsys, monkeypatch) -> None:
    assert cli.call(["--help"]) == 0
    chinese = capsys.readouterr().out
    assert all(name in chinese for name in cli.COMMANDS)
    monkeypatch.setenv("LANDSTOCK_LANG", "en")
    assert cli.call(["--help"]) == 0
    assert "SQL on the current release" in capsys.readouterr().out


# --- check ---------------------------------------------------------------------------------------------------------


def test_check_accepts_a_good_file(tmp_path: Path, capsys) -> None:
    assert cli.call(["check", str(submit(tmp_path, GOOD))]) == 0
    assert "可入库 1，隔离 0" in capsys.readouterr().out


def test_check_names_place_rule_problem_and_suggestion(tmp_path: Path, capsys) -> None:
    assert cli.call(["check", str(submit(tmp_path, GOOD, BAD))]) == 1
    said = capsys.readouterr().out
    for words in ("部分接受", "3301", "第3行", "供应面积", "3301022026B00002", "→"):
        assert words in said


def test_check_tells_what_is_said_of_many_rows_once_and_of_the_file_first(tmp_path: Path, capsys) -> None:
    rows = [GOOD.replace("B00001", f"B{at:05d}") for at in range(20)]
    file = submit(tmp_path, *rows)
    assert cli.call(["check", str(file.rename(file.with_name("供地结果_330200_2026.csv")))]) == 1
    said = capsys.readouterr().out.splitlines()
    assert "3209" in said[2] and "错误 20，提醒 1" in said[1]
    (at,) = [at for at, line in enumerate(said) if "3204" in line]
    assert "第2行" in said[at]
    assert said[at + 3].strip().startswith("同样的问题还有 19 处：第3行") and said[at + 3].endswith(" 等")


def test_check_says_why_lines_were_skipped(tmp_path: Path, capsys) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER.split(","))
    book.active.append(GOOD.split(","))
    book.active.append([])
    book.active.append(["合计", None, 2])
    book.create_sheet("封面").append(["供地结果"])
    book.save(file := tmp_path / "供地结果_330100_2026.xlsx")
    cli.call(["check", str(file)])
    assert "共 4 行：可入库 1，隔离 0，跳过 3（其他工作表：封面 1、表头 1、合计行 1）" in capsys.readouterr().out
    cli.call(["check", str(file), "--lang", "en"])
    assert "3 skipped (other sheet 封面 1, header 1, totals 1)" in capsys.readouterr().out


def test_every_reason_to_skip_a_line_has_english() -> None:
    from assets.reading import layout, notes, reader
    from pipelines.cli import check

    reasons = {layout.HEADER, layout.UNIT, layout.BLANK, layout.TOTAL, layout.TITLE, layout.ORDINAL, notes.NOTE}
    assert reasons | {reader.LISTING, reader.UNREAD, "续行", "重复行", "隐藏工作表", "其他工作表"} == set(
        check._SKIPPED
    )


def test_check_as_json(tmp_path: Path, capsys) -> None:
    assert cli.call(["check", str(submit(tmp_path, GOOD, BAD)), "--json"]) == 1
    (receipt,) = json.loads(capsys.readouterr().out)
    assert (receipt["status"], receipt["lines"], receipt["rows_loaded"], receipt["errors"]) == (
        "partly_accepted",
        3,
        1,
        1,
    )
    assert receipt["findings"][0]["place"]["row_number"] == 3
    assert receipt["receipt_no"].startswith("LS-") and receipt["skipped"] == {"表头": 1}


def test_check_of_an_unreadable_file_is_a_finding_not_a_crash(tmp_path: Path, capsys) -> None:
    broken = tmp_path / "供地结果_330100_2026.xlsx"
    broken.write_bytes(b"PK\x03\x04 not a workbook")
    assert cli.call(["check", str(broken)]) == 1
    assert "退回" in capsys.readouterr().out


# --- query, releases, rollback -------------------------------------------------------------------------------------


def test_query_table_csv_and_json(home: Home, capsys) -> None:
    sql = "SELECT region_code, year, value FROM indicator_value ORDER BY year"
    assert cli.call(["query", sql]) == 0
    assert capsys.readouterr().out.splitlines()[2] == "330100       2025    1.0"
    assert cli.call(["query", sql, "--format", "csv"]) == 0
    assert capsys.readouterr().out == "region_code,year,value\n330100,2025,1.0\n330100,2026,1.0\n"
    assert cli.call(["query", sql, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[1] == {"region_code": "330100", "year": 2026, "value": 1.0}


def test_query_says_when_rows_are_left_out(home: Home, capsys) -> None:
    assert cli.call(["query", "SELECT * FROM range(5)", "--rows", "2"]) == 0
    assert "共 5 行，显示前 2 行" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sql", "words"),
    [("SELECT nope FROM target", "SQL 执行不了"), ("DROP TABLE target", "只读"), ("SELECT", "SQL 执行不了")],
)
def test_query_refuses(home: Home, sql: str, words: str, capsys) -> None:
    assert cli.call(["query", sql]) == 2
    assert words in capsys.readouterr().err


def test_query_of_an_older_release(home: Home, capsys) -> None:
    store.publish(home, value=2.0)
    assert (
        cli.call(["query", "SELECT max(value) AS v FROM indicator_value", "--release", "2026-11-23.1", "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out) == [{"v": 1.0}]


def test_releases_and_rollback(home: Home, capsys) -> None:
    store.publish(home, value=2.0)
    assert cli.call(["rollback", "2026-11-23.1"]) == 0
    assert "现为 2026-11-23.1（截止日 2026-11-23），此前为 2026-11-23.2" in capsys.readouterr().out
    assert cli.call(["releases", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(each["release_id"], each["current"]) for each in listed] == [
        ("2026-11-23.1", True),
        ("2026-11-23.2", False),
    ]
    assert cli.call(["releases"]) == 0
    assert capsys.readouterr().out.splitlines()[2].startswith("●  2026-11-23.1")
    assert cli.call(["rollback", "2020-01-01.1"]) == 2
    assert "2026-11-23.2" in capsys.readouterr().err


def test_a_day_to_come_is_pointed_out(tmp_path: Path, capsys) -> None:
    cli.call(["run", "--as-of", "2099-01-01"])
    assert "截止日 2099-01-01 晚于今天" in capsys.readouterr().err


def test_a_current_release_of_a_day_to_come_is_pointed_out_with_a_remedy(home: Home, capsys) -> None:
    cli.call(["run"])
    assert "晚于今天" not in capsys.readouterr().err
    store.publish(home, date(2099, 1, 1))
    cli.call(["run"])
    assert "当前发布 2099-01-01.1 的截止日晚于今天" in (said := capsys.readouterr().err)
    assert "landstock rollback 2026-11-23.1" in said


# --- demo, synth ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["demo", "synth"])
def test_a_home_that_no_demo_made_stays_as_it_is(home: Home, command: str, monkeypatch, capsys) -> None:
    monkeypatch.delenv("LANDSTOCK_LANDING")
    (home.raw / "ab").mkdir(parents=True)
    (home.raw / "ab" / "abcd").write_bytes(b"original")
    before = sorted(path for path in home.path.rglob("*") if "releases" in path.parts or "raw" in path.parts)
    assert cli.call([command, "--home", str(home.path)]) == 3
    assert "不是 demo 造的" in capsys.readouterr().err
    assert before == sorted(path for path in home.path.rglob("*") if "releases" in path.parts or "raw" in path.parts)
    assert not (home.path / "landing").exists()


# --- status, targets, dict, doctor ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "year", "files", "expected"),
    [
        ("land_supply", 2026, [], "missing"),
        ("gdp", 2025, [("330000", "accepted")], "missing"),
        ("land_supply", 2026, [("330100", "accepted")], "accepted"),
        ("land_supply", 2026, [("330100", "rejected"), ("330100", "accepted_with_warnings")], "accepted"),
        ("land_supply", 2026, [("330100", "partly_accepted")], "partly_accepted"),
        ("land_supply", 2026, [("330100", "rejected")], "rejected"),
        ("land_supply", 2026, [("330200", "accepted")], "missing"),
        ("gdp", 2026, [], "not_due"),
        ("gdp", 2025, [], "missing"),
        ("annual_task", 2026, [], "missing"),
        ("annual_task", 2027, [], "not_due"),
    ],
)
def test_what_is_missing(table: str, year: int, files: list[tuple[str, str]], expected: str) -> None:
    receipts = [{"region_code": code, "source_table": table, "year": year, "status": each} for code, each in files]
    grid = completeness.cells(receipts, set(), {"330100": "杭州市"}, [year], date(2026, 11, 23))
    assert {cell.state for cell in grid if cell.table == table} == {expected}


@pytest.mark.parametrize(
    ("own", "expected"), [([], "by_province"), (["rejected"], "by_province"), (["accepted"], "accepted")]
)
def test_rows_in_a_file_of_the_province_stand_for_a_city_without_a_file(own: list[str], expected: str) -> None:
    receipts = [{"region_code": "330100", "source_table": "gdp", "year": 2025, "status": each} for each in own]
    held, cities = {("330100", "gdp", 2025)}, {"330100": "杭州市", "330200": "宁波市"}
    grid = completeness.cells(receipts, held, cities, [2025], date(2026, 11, 23))
    assert {cell.region_code: cell.state for cell in grid if cell.table == "gdp"} == {
        "330100": expected,
        "330200": "missing",
    }


def test_status_shows_what_stands_in_a_file_of_the_province(home: Home, capsys) -> None:
    """A file of the province with rows of 温州: that city alone stands by it, also where its own file was rejected."""
    path = release.database(home, "2026-11-23.1")
    path.chmod(0o644)
    with duckdb.connect(str(path)) as con:
        con.execute(
            "INSERT INTO mart.submission (receipt_no, region_code, source_table, year, status) VALUES"
            " ('A', '330000', 'gdp', 2025, 'accepted'), ('B', '330300', 'gdp', 2025, 'rejected')"
        )
        con.execute(
            "INSERT INTO mart.submission_due (region_code, source_table, year, state) VALUES"
            " ('330300', 'gdp', 2025, 'by_province'), ('330100', 'gdp', 2025, 'missing')"
        )
    assert cli.call(["status", "--json", "--year", "2025"]) == 0
    cells = json.loads(capsys.readouterr().out)["submissions"]
    states = {cell["region_code"]: cell["state"] for cell in cells if cell["table"] == "gdp"}
    assert (states.pop("330300"), set(states.values())) == ("by_province", {"missing"})


def test_status_counts_waiting_files(home: Home, tmp_path: Path, capsys) -> None:
    submit(tmp_path / "landing" / "2026-11-01", GOOD)
    assert cli.call(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["release"], told["waiting"]) == ("2026-11-23.1", 1)
    assert len({cell["region_code"] for cell in told["submissions"]}) == 11
    assert cli.call(["status", "--year", "2026"]) == 0
    said = capsys.readouterr().out
    assert "1 个文件待入库" in said
    assert "杭州市" in said


def test_targets_add_up(capsys) -> None:
    assert cli.call(["targets", "--horizon", "2027"]) == 0
    said = capsys.readouterr().out
    total = next(line for line in said.splitlines() if line.startswith("各市合计")).split()
    assert total[1:] == ["300,000", "150,000"]
    assert cli.call(["targets", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 12 * len(INDICATORS) * 2


def test_dict_finds_by_all_words(capsys) -> None:
    assert cli.call(["dict", "存量", "占比", "--object", "indicator"]) == 0
    assert "stock_supply_share" in capsys.readouterr().out
    assert cli.call(["dict", "没有这个词"]) == 0
    assert "没有匹配" in capsys.readouterr().err


def test_doctor_has_a_remedy_for_everything_that_is_not_good(home: Home, capsys) -> None:
    code = cli.call(["doctor", "--json"])
    points = json.loads(capsys.readouterr().out)
    assert code == 0
    assert all(point["remedy"] for point in points if point["state"] != "good")
    assert {"Python", "duckdb", "数据目录", "运行锁", "当前发布", "磁盘剩余", "中文字体"} <= {
        point["name"] for point in points
    }


def test_doctor_sees_a_damaged_release(home: Home, capsys) -> None:
    file = home.releases / "2026-11-23.1" / "parquet" / "target.parquet"
    file.chmod(0o644)
    file.write_bytes(b"broken")
    assert cli.call(["doctor"]) == 3
    assert "parquet/target.parquet 已损坏" in capsys.readouterr().out


# --- The plan of a backfill ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "states", "keep_fresh", "expected"),
    [
        ((2025, 2027), {2025: "fresh", 2026: "fresh"}, False, "2025 compute, 2026 compute, 2027 not_begun"),
        ((2025, 2026), {2025: "fresh", 2026: "stale"}, True, "2025 keep, 2026 compute"),
        ((2026, 2026), {2025: "stale", 2026: "stale"}, False, "2025 along, 2026 compute"),
        ((2026, 2026), {2019: "fresh", 2025: "fresh", 2026: "missing"}, True, "2026 compute"),
        ((2013, 2025), {2025: "fresh", 2026: "fresh"}, True, "2025 keep"),
    ],
)
def test_plan(span: tuple[int, int], states: dict[int, str], keep_fresh: bool, expected: str) -> None:
    steps = plan(span, states, date(2026, 11, 23), keep_fresh)
    assert ", ".join(f"{step.year} {step.action}" for step in steps) == expected


@pytest.mark.parametrize("option", ["--landing", "--home", "--regions"])
def test_an_empty_path_is_none_and_not_the_current_directory(option: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "landing").mkdir()
    assert cli.call(["run", option, ""]) == 2
    assert f"{option}：没有给出路径（是空的）" in capsys.readouterr().err


def test_a_home_within_the_landing_directory_is_refused(tmp_path: Path, capsys) -> None:
    """It would take in its own files, every night more."""
    (tmp_path / "landing").mkdir()
    for place in (tmp_path / "landing", tmp_path / "landing" / "home"):
        assert cli.call(["run", "--home", str(place)]) == 3
        assert f"数据目录 {place} 位于报送目录" in capsys.readouterr().err
    assert list((tmp_path / "landing").iterdir()) == []
    cli.call(["doctor", "--home", str(tmp_path / "landing" / "home")])
    assert "与数据目录互相包含" in capsys.readouterr().out


@pytest.mark.parametrize("inside", ["raw", "releases", "logs"])
def test_what_a_run_writes_is_no_landing_directory(home: Home, inside: str, capsys) -> None:
    assert cli.call(["run", "--landing", str(home.path / inside)]) == 3
    assert "报送目录在其 raw、releases 等目录之内" in capsys.readouterr().err


def test_a_file_is_no_landing_directory(tmp_path: Path, capsys) -> None:
    assert cli.call(["run", "--landing", str(submit(tmp_path, GOOD))]) == 3
    assert "是文件，不是目录" in capsys.readouterr().err


def test_what_cannot_be_taken_and_what_comes_later_is_told_of(home: Home, tmp_path: Path, capsys) -> None:
    (tmp_path / "landing" / "2999-01-01").mkdir(parents=True)
    (tmp_path / "landing" / "b.csv").symlink_to("nowhere")
    submit(tmp_path / "landing" / "2999-01-01", GOOD)
    with warehouse.connect(home.warehouse) as con:
        raw.capture(con, tmp_path / "landing", home.raw, date(2026, 11, 23), policy.regions())
    cli.call(["doctor"])
    said = capsys.readouterr().out
    assert "1 项收不进来：b.csv: 链接指向" in said
    assert "1 个文件收于今天" in said
    cli.call(["status"])
    assert "另有 1 项收不进来" in capsys.readouterr().out


# --- The landing directory -----------------------------------------------------------------------------------------


def test_listing_leaves_out_hidden_and_office_lock_files(tmp_path: Path) -> None:
    for name in ("a.csv", ".b.csv", "~$a.xlsx"):
        submit(tmp_path / "2026-11-01", GOOD, name=name)
    assert list(landing.listing(tmp_path)) == ["2026-11-01/a.csv"]


def test_the_listings_fingerprint_changes_with_any_file(tmp_path: Path) -> None:
    submit(tmp_path, GOOD)
    first = landing.fingerprint(landing.listing(tmp_path))
    assert landing.fingerprint(landing.listing(tmp_path)) == first
    submit(tmp_path, GOOD, BAD)
    assert landing.fingerprint(landing.listing(tmp_path)) != first
