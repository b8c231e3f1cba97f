"""The house stands as designed: imports run one way, and what is pure stays pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: What each package may import of ours.
MAY_IMPORT = {
    "schemas": {"schemas"},
    "assets": {"assets", "schemas"},
    "expectations": {"expectations", "schemas"},
    "pipelines": {"pipelines", "assets", "expectations", "schemas"},
}
#: The only modules that know the orchestrator or the validator.
MAY_USE = {
    "dagster": {
        "assets/graph.py",
        "expectations/bridge.py",
        "pipelines/abandoned.py",
        "pipelines/definitions.py",
        "pipelines/execution.py",
        "pipelines/storage.py",
    },
    "great_expectations": {"expectations/duckdb_engine.py"},
}
#: Words that only a wall clock would say; pure modules get their day handed in.
CLOCKS = {"now", "today", "utcnow"}
MAY_READ_THE_CLOCK = {
    "assets/home.py",
    "pipelines/settings.py",
    "pipelines/definitions.py",
    "pipelines/cli/__init__.py",
}


def modules() -> list[Path]:
    return sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))


def imported(tree: ast.AST, package: list[str]) -> set[str]:
    """Full names of everything that a module imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            found.add(".".join([*base, *([node.module] if node.module else [])]))
    return found


def names(path: Path) -> set[str]:
    relative = path.relative_to(ROOT)
    return imported(ast.parse(path.read_text(encoding="utf-8")), list(relative.parts[:-1]))


def breaches(found: set[str], package: str) -> set[str]:
    tops = {name.split(".")[0] for name in found}
    return (tops & MAY_IMPORT.keys()) - MAY_IMPORT[package]


def test_there_is_something_to_look_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in modules()} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_run_one_way(path: Path) -> None:
    assert breaches(names(path), path.relative_to(ROOT).parts[0]) == set()


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("from pipelines import settings", "assets", {"pipelines"}),
        ("import expectations.core", "assets", {"expectations"}),
        ("def f():\n    from assets import core", "schemas", {"assets"}),
        ("from assets import core\nfrom expectations import bridge", "pipelines", set()),
        ("from .table import Table", "schemas", set()),
    ],
)
def test_a_breach_would_be_found(source: str, package: str, expected: set[str]) -> None:
    assert breaches(imported(ast.parse(source), [package]), package) == expected


@pytest.mark.parametrize("library", MAY_USE)
def test_only_thin_modules_know_the_orchestrator_and_the_validator(library: str) -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        if any(name.split(".")[0] == library for name in names(path))
    }
    assert users == MAY_USE[library]


def test_no_transform_reads_the_wall_clock() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("datetime", "date")
    }
    assert readers <= MAY_READ_THE_CLOCK


@pytest.mark.parametrize(
    "command", ["check", "query", "releases", "rollback", "targets", "status", "calendar", "dict", "doctor"]
)
def test_small_commands_load_neither_orchestrator_nor_validator(command: str) -> None:
    script = (
        "import sys; from pipelines.cli import landstock;"
        f"landstock.get_command(None, {command!r});"
        "print([name for name in ('dagster', 'great_expectations', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
