"""`landstock dict`: the data dictionary, searched by any word of it."""

from __future__ import annotations

import click

from assets.dictionary import dictionary
from pipelines.cli.desk import Desk, options
from pipelines.cli.tables import clip, table
from schemas import policy
from schemas.table import UNITS_EN


@click.command("dict")
@click.argument("words", nargs=-1)
@click.option("--object", "kind", help="只看一类：mart column submission indicator rule switch reason … one kind")
@options("json")
def search(desk: Desk, words: tuple[str, ...], kind: str | None) -> int:
    """数据字典检索：表、栏目、指标、规则、开关、原因；几个词须都出现。

    Search tables, columns, indicators, rules, switches and reasons; all words must occur.
    """
    entries = dictionary(policy.rulebook()).to_dicts()
    found = [entry for entry in entries if kind in (None, entry["object"]) and _matches(entry, words)]
    if desk.machine:
        desk.hand_out(found)
        return 0
    if not words and not kind:
        found = [entry for entry in found if entry["object"] in ("mart", "indicator", "submission")]
    if not found:
        desk.tell("字典里没有匹配的条目；少用几个词试试", "nothing matches; try fewer words")
        return 0
    header = desk.pick("对象 名称 中文名 单位 说明", "object name label unit").split()
    desk.show(table(header, [[clip(cell or "", 60) for cell in _line(desk, entry)] for entry in found]))
    return 0


def _line(desk: Desk, entry: dict) -> list[str | None]:
    """An entry as a row of the table; descriptions are in Chinese alone."""
    if desk.english:
        return [entry["object"], entry["name"], entry["label_en"], UNITS_EN.get(entry["unit"], entry["unit"])]
    return [entry["object"], entry["name"], entry["label"], entry["unit"], entry["description"]]


def _matches(entry: dict, words: tuple[str, ...]) -> bool:
    text = " ".join(str(value) for value in entry.values() if value).lower()
    return all(word.lower() in text for word in words)
