"""Text and cells as spreadsheet XML. A text that we write is always a literal, whatever it begins with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

#: An Excel cell holds no more characters than this.
MAX_TEXT = 32_767
MAX_ROWS = 1_048_576

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufdd0\ufffe\uffff]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_SPECIAL = re.compile('[&<>"\r_\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufdd0\ufffe\uffff]')
#: What keeps a text from standing in XML as it is: such characters, and blanks, which may need a word of their own.
_UNEVEN = re.compile(_SPECIAL.pattern[:-1] + r"\t\n ]")

#: One cell to write: text, a whole number or nothing, and the index of its style.
Cell = tuple[str | int | None, int]


def text(value: str) -> str:
    """A text as XML content: too long is cut with an ellipsis, what XML cannot hold is shown as �."""
    if len(value) > MAX_TEXT:
        value = value[: MAX_TEXT - 1] + "…"
    if _SPECIAL.search(value):
        value = _ESCAPED.sub("_x005F_", _ILLEGAL.sub("\ufffd", value)).replace("\r", "_x000D_")
        value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return value


def columns(value: str) -> int:
    """Half-width places that a text takes; a Chinese character takes two."""
    return len(value) if value.isascii() else len(value.encode("gbk", "replace"))


@cache
def column_letters(index: int) -> str:
    """Excel's name of the column with this index from 1."""
    name = ""
    while index:
        index, digit = divmod(index - 1, 26)
        name = chr(65 + digit) + name
    return name


def column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index


def row(number: int, cells: Iterable[Cell], height: float | None = None) -> str:
    """One row; strings are inline, hence never formulas. Empty cells without a style are left out."""
    cells = list(cells)
    words = "".join([value for value, _ in cells if value and not isinstance(value, int)])
    plain = len(words) <= MAX_TEXT and not _UNEVEN.search(words)  # one look for the whole row
    made = []
    for index, (value, style) in enumerate(cells, 1):
        if value is None or value == "":
            if style:
                made.append(f'<c r="{column_letters(index)}{number}" s="{style}"/>')
            continue
        looks = f' s="{style}"' if style else ""
        if isinstance(value, int):
            made.append(f'<c r="{column_letters(index)}{number}"{looks}><v>{value}</v></c>')
        else:
            space = "" if plain or not _squeezed(value) else ' xml:space="preserve"'
            content = value if plain else text(value)
            made.append(
                f'<c r="{column_letters(index)}{number}"{looks} t="inlineStr"><is><t{space}>{content}</t></is></c>'
            )
    tall = f' ht="{height}" customHeight="1"' if height else ""
    return f'<row r="{number}"{tall}>{"".join(made)}</row>'


def _squeezed(value: str) -> bool:
    """Whether XML would lose blanks of a text."""
    return value[0] <= " " or value[-1] <= " " or "\n" in value
