"""`landstock check --receipt`: where the workbook goes, and that it agrees with what the command says."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pipelines.cli import call

from .receipt_files import NAME, as_csv, as_xlsx, facts, listed, opened, row


@pytest.fixture
def files(tmp_path):
    made = {tmp_path / f"{NAME}.xlsx": as_xlsx(), tmp_path / f"{NAME}_第2批.csv": as_csv([row()])}
    for path, content in made.items():
        path.write_bytes(content)
    return list(made)


def test_writes_the_receipt_of_a_file(files, tmp_path, capsys):
    out = tmp_path / "回执" / "out.xlsx"
    assert call(["check", str(files[0]), "--receipt", str(out), "--json"]) == 1
    said = capsys.readouterr()
    (told,) = json.loads(said.out)
    book = opened(out.read_bytes())
    assert str(out) in said.err and facts(book)["回执编号"] == told["receipt_no"]
    assert len(listed(book)) == len(told["findings"]) == told["errors"] + told["warnings"]


def test_several_files_have_a_directory(files, tmp_path):
    assert call(["check", *map(str, files), "--receipt", str(tmp_path / "回执")]) == 1
    made = sorted(path.name for path in (tmp_path / "回执").iterdir())
    assert made == [f"{NAME}_回执.xlsx", f"{NAME}_第2批_回执.xlsx"]


@pytest.mark.parametrize(("count", "target", "said"), [(2, "out.xlsx", "目录"), (1, f"{NAME}.xlsx", "换一个文件名")])
def test_does_not_overwrite_what_is_checked(files, tmp_path, capsys, count, target, said):
    assert call(["check", *map(str, files[:count]), "--receipt", str(tmp_path / target)]) == 2
    assert said in capsys.readouterr().err
    assert files[0].read_bytes() == as_xlsx()


def test_loads_no_orchestrator_and_no_validator(files, tmp_path):
    """The clerk's check starts small: neither Dagster, Great Expectations nor pandas, nor a writer it does not use."""
    program = (
        "import sys; from pipelines.cli import call\n"
        f"call(['check', {str(files[0])!r}, '--receipt', {str(tmp_path / 'o.xlsx')!r}])\n"
        "print(sorted(sys.modules.keys() & {'dagster', 'great_expectations', 'pandas', 'xlsxwriter', 'openpyxl'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
