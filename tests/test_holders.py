"""Names of natural persons in public exports are nowhere in the home, and nothing else is lost with them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from assets.reading import read
from assets.reading.holders import without_holders
from tests.bureau import Bureau

HEADER = "行政区,电子监管号,项目名称,受让人,面积(公顷),土地来源,土地用途,供地方式,约定容积率下限,合同签订日期"
GOOD = "西湖区,3301062026B00001,一号地块,张三丰,2,2,工业用地,挂牌出让,1.5,2026年03月01日"
QUOTED = '西湖区,3301062026B00002,"二号,地块","李四光,王五",3,0,工业用地,挂牌出让,1.2,2026年03月02日'
OVER_LINES = '西湖区,3301062026B00003,三号地块,"赵六\n（代）",1,1,工业用地,挂牌出让,1.2,2026年03月03日'
BROKEN = '西湖区,3301062026B00004,四"号"地块,"钱七,1,1,工业用地,挂牌出让,1.2,2026年03月04日'
WRONG = "西湖区,3301062026B00005,五号地块,孙八,-1,1,工业用地,挂牌出让,1.2,2026年03月05日"
NAMES = ("张三丰", "李四光", "王五", "赵六", "钱七", "孙八")
NAME = "供地结果_330100_2026.csv"


def csv_text(*lines: str) -> str:
    return "\r\n".join([HEADER, *lines]) + "\r\n"


def json_text() -> str:
    record = {
        "district": "西湖区", "idnumber": "3301062026B00001", "name": "一号地块", "holder": "张三丰\\\"", "area": "2",
        "source": "现有建设用地", "use": "工业用地", "supply": "挂牌出让", "plot_ratio_minimum": "1.5",
        "date4sign": "2026年03月01日",
    }  # fmt: skip
    return json.dumps([record], ensure_ascii=False) + "\n[" + json.dumps(record | {"holder": ["李四光"]}) + ", {broken"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("text", [csv_text(GOOD, QUOTED, OVER_LINES, BROKEN, WRONG), json_text()], ids=["csv", "json"])
def test_names_go_and_everything_else_stays(text, encoding):
    data = text.encode(encoding)
    kept = without_holders(data)
    plain = kept.decode(encoding)
    assert not any(name in plain or name.encode("unicode_escape").decode() in plain for name in NAMES)
    assert plain.count("\n") == text.count("\n")
    for word in ("3301062026B00001", "一号地块", "2026年03月01日", "受让人" if text.startswith("行") else "holder"):
        assert plain.count(word) == text.count(word)
    before, after = (read(NAME, each) for each in (data, kept))
    assert (after.lines, after.rejected_rows, after.skipped, after.encoding) == (
        before.lines, before.rejected_rows, before.skipped, before.encoding,
    )  # fmt: skip
    assert [block.rows.rows() for block in after.blocks] == [block.rows.rows() for block in before.blocks]
    assert [(f.rule, f.place) for f in after.findings] == [(f.rule, f.place) for f in before.findings]


@pytest.mark.parametrize(
    "text",
    [
        "行政区代码,电子监管号,项目名称\n330106,3301062026B00001,受让人张三\n",  # a bureau's own table
        csv_text(GOOD).replace("受让人", "备注"),
        csv_text(GOOD.replace("张三丰", "")),
        "受让人\n张三丰\n",
    ],
)
def test_a_file_without_such_a_column_is_kept_as_it_is(text):
    assert without_holders(text.encode()) == text.encode()


def test_bytes_that_are_no_text_survive():
    data = csv_text(GOOD, WRONG).encode("gb18030").replace("五号".encode("gb18030"), b"\xff\xfe")
    kept = without_holders(data)
    assert b"\xff\xfe" in kept and "孙八".encode("gb18030") not in kept


def test_no_name_is_in_raw_warehouse_or_receipt_and_the_fingerprint_is_that_of_the_file(tmp_path):
    bureau = Bureau(tmp_path)
    bureau.put(NAME, csv_text(GOOD, QUOTED, BROKEN, WRONG).encode("gb18030"))
    bureau.take_in()
    (sha,) = bureau.con.execute("SELECT file_sha256 FROM raw.submission").fetchone()
    bureau.con.close()
    import hashlib

    assert sha == hashlib.sha256((bureau.landing / "2026-11-01" / NAME).read_bytes()).hexdigest()
    for path in [*bureau.raw.rglob("*"), tmp_path / "warehouse.duckdb"]:
        if path.is_file():
            content = path.read_bytes()
            found = [n for n in NAMES if any(n.encode(e) in content for e in ("utf-8", "gb18030", "utf-16-le"))]
            assert found == [], path


def test_the_same_file_again_is_the_same_submission(tmp_path):
    bureau = Bureau(tmp_path)
    bureau.put(NAME, csv_text(GOOD).encode())
    bureau.take_in()
    bureau.put(NAME, csv_text(GOOD).encode(), day="2026-11-02")
    bureau.take_in()
    assert bureau.con.execute("SELECT count(*) FROM raw.submission").fetchone() == (1,)


def test_receipts_are_made_of_what_is_kept(tmp_path):
    """The receipt of a public export shows the lines again; they come from raw/."""
    from assets.receipts import nightly
    from tests.test_receipts_nightly import SUBMISSION, database

    raw, sha = tmp_path / "raw", SUBMISSION["file_sha256"]
    kept = raw / sha[:2] / sha
    kept.parent.mkdir(parents=True)
    kept.write_bytes(without_holders(csv_text(GOOD, WRONG).encode()))
    nightly.write_all(database((SUBMISSION,)), raw, tmp_path / "out")
    for path in Path(tmp_path / "out").glob("*.xlsx"):
        with zipfile.ZipFile(path) as package:
            assert not any(name.encode() in package.read(part) for part in package.namelist() for name in NAMES)
