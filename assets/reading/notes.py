"""What people write below a table and between its rows: notes, remarks and signatures, told from rows of data."""

from __future__ import annotations

import re

import polars as pl

from .units import plain

NOTE = "说明"
_SIGNATURES = (
    "填表人|填报人|制表人|经办人|审核人|复核人|负责人|单位负责人|填报单位|填报单位负责人|联系人|联系电话|电话|填表日期|填报日期|报送日期|制表日期|"
    "填表时间|填报时间|报出日期|打印日期|统计负责人|分管领导|签字|盖章"
)
_NOTE = re.compile(
    rf"^[*※★]*(注\d*[:.、]|注$|(备注|附注|说明|填表说明|填报说明|资料来源|数据来源|编制说明)\d*([:.、]|$)|({_SIGNATURES})([:(]|$))"
)
_ANNOUNCED = re.compile(r"^[*※★]*(注|备注|附注|说明|填表说明|填报说明)\d*:")
_MAYBE_ANNOUNCED = r"^[\s*※★]*[注备附说填]"
_OF_UNITS = re.compile("单位|亩|顷|平方|平米|m2|元")
_SIGNED = re.compile(rf"^({_SIGNATURES})[:]")
_CHINESE = re.compile("[一-鿿]")


def tail_notes(frame: pl.DataFrame, cells: list[str], words_expected: frozenset[str]) -> dict[int, str]:
    """Notes and signatures below the last data row; whatever is not clearly one stays a data row."""
    notes: dict[int, str] = {}
    for row, *values in _tail(frame.select("row", "_reason", *cells)):
        filled = [(cell, value) for cell, value in zip(cells, values, strict=True) if value]
        (cell, first), alone = filled[0], len(filled) == 1
        text = plain(first)
        remark = alone and (_continues(text) if notes else _remark(text, cell in words_expected))
        if _NOTE.match(text) or _SIGNED.match(text) or remark:
            notes[row] = NOTE
    return notes


def notes_between(frame: pl.DataFrame, cells: list[str]) -> dict[int, str]:
    """Notes among the rows of data: the only cell of a row, which says itself that it is one (备注：…).

    One that speaks of units stays what it was, an error: the rows below it may be meant in another unit.
    """
    likely = frame.filter(pl.col("_reason").is_null() & pl.coalesce(cells).str.contains(_MAYBE_ANNOUNCED))
    notes: dict[int, str] = {}
    for row, *values in likely.select("row", *cells).iter_rows():
        first, *others = filter(None, values)
        text = plain(first)
        if not others and _ANNOUNCED.match(text) and not _OF_UNITS.search(text):
            notes[row] = NOTE
    return notes


def _tail(rows: pl.DataFrame) -> list[tuple]:
    """The rows below the last one that looks like data, without those that have a reason. Most files have none."""
    size = 16
    while True:
        last = rows.tail(size).rows()
        found = next((at for at in range(len(last), 0, -1) if _like_data(*last[at - 1][1:])), 0)
        if found or size >= rows.height:
            return [(row, *values) for row, reason, *values in last[found:] if reason is None]
        size *= 8


def _like_data(reason: str | None, *values: str | None) -> bool:
    filled = [value for value in values if value is not None]
    return reason is None and len(filled) > 2 and not _SIGNED.match(re.sub(r"\s", "", filled[0]).replace("：", ":"))


def _remark(text: str, words_expected: bool) -> bool:
    """The only cell of its row says something: words where a code belongs, or a whole sentence anywhere."""
    words = len(_CHINESE.findall(text))
    return words >= 4 and bool(re.search("[,。;]", text)) if words_expected else words >= 2


def _continues(text: str) -> bool:
    """A further line of a note: a sentence, or an enumerated one (2. …, （三）…); never a bare code or number."""
    words = re.sub(r"^[(]?[\d一二三四五六七八九十]{1,2}[).、:]+", "", text)
    return len(_CHINESE.findall(words)) >= 4
