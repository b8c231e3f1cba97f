"""Plain CSV of the bulk world, as the two peers see it: which files there are, by table, in the order of receipt."""

from __future__ import annotations

from pathlib import Path

from assets.reading import parse_name
from schemas.submissions import TABLES
from schemas.table import AREA_KINDS, Column, Kind, Table

ENCODINGS = ("utf-8-sig", "gbk")


def by_table(landing: Path) -> dict[str, list[Path]]:
    """Table name → its files, oldest first."""
    found: dict[str, list[Path]] = {name: [] for name in TABLES}
    for path in sorted(landing.rglob("*.csv")):
        found[parse_name(path.name).table.name].append(path)
    return found


def decoded(path: Path) -> bytes:
    """A file's content as UTF-8."""
    content = path.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode("gbk").encode()
    return content


def names(table: Table, header: list[str]) -> dict[str, str]:
    """Header as written → column name."""
    labels = {column.label: column.name for column in table.columns}
    return {title: labels[title.split("(")[0]] for title in header if title.split("(")[0] in labels}


def factor(column: Column) -> float:
    """What a cell is multiplied with: the bulk world hands in 公顷 and each table's default money unit."""
    return 15.0 if column.kind in AREA_KINDS else 1.0


NUMBERS = AREA_KINDS | {Kind.MONEY, Kind.NUMBER, Kind.FAR, Kind.INDEX}
