"""Text and cells as spreadsheet XML. A text that we write is always a literal, whatever it begins with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

import polars as pl

#: An Excel cell holds no more characters than this.
MAX_TEXT = 32_767
MAX_ROWS = 1_048_576

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufdd0\ufffe\uffff]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_SPECIAL = re.compile('[&<>"\r_\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufdd0\ufffe\uffff]')
#: What keeps a text from standing in XML as it is: such characters, and blanks, which may need a word of their own.
_UNEVEN = re.compile(_SPECIAL.pattern[:-1] + "\t\n ]")
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
    """The number of a column from 1: A → 1, AA → 27."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index


def row(number: int, cells: Iterable[Cell], height: float | None = None) -> str:
    """One row; strings are inline, hence never formulas. Empty cells without a style are left out."""
    cells = list(cells)
    words = " ".join([value for value, _ in cells if value and not isinstance(value, int)])
    written = str if len(words) <= MAX_TEXT and not _SPECIAL.search(words) else text  # one look for the whole row
    form = _form(tuple([(_content(value), style) for value, style in cells]), height)
    values = [value if isinstance(value, int) else written(value) for value, _ in cells if value or value == 0]
    return form.replace("\0", str(number)) % tuple(values)


def texts(number: int, values: Sequence[str | None], style: int) -> str:
    """One row of texts that share a style, empty ones left out: what `row` gives, for lines by the thousand."""
    words = "".join(filter(None, values))
    if len(words) > MAX_TEXT or _UNEVEN.search(words):
        return row(number, [(value, style if value else 0) for value in values])
    return _even_form(tuple(map(bool, values)), style).replace("\0", str(number)) % tuple(filter(None, values))


_NUMBER, _TEXT = "><v>%s</v></c>", ' t="inlineStr"><is><t>%s</t></is></c>'
_SPACED = _TEXT.replace("<t>", '<t xml:space="preserve">')  # a text that XML would squeeze


def _content(value: str | int | None) -> str:
    """What follows the style of a cell: %s for its value."""
    if value is None or value == "":
        return "/>"
    if isinstance(value, int):
        return _NUMBER
    return _SPACED if value[0] <= " " or value[-1] <= " " or "\n" in value else _TEXT


@lru_cache(maxsize=1 << 10)
def _form(cells: tuple[tuple[str, int], ...], height: float | None = None) -> str:
    """A row to be filled in, its cells by content and style: a NUL for its number, %s for every value."""
    tall = f' ht="{height}" customHeight="1"' if height else ""
    made = [
        f'<c r="{column_letters(index)}\0"' + (f' s="{style}"' if style else "") + content
        for index, (content, style) in enumerate(cells, 1)
        if style or content != "/>"
    ]
    return f'<row r="\0"{tall}>{"".join(made)}</row>'


@lru_cache(maxsize=1 << 10)
def _even_form(filled: tuple[bool, ...], style: int) -> str:
    return _form(tuple((_TEXT, style) if has else ("/>", 0) for has in filled))


# --- Rows by the thousand ---------------------------------------------------------------------------------------------


def odd_lines(text: bytes, separator: bytes) -> set[int]:
    """Which lines (from 0) of a text have cells that cannot be copied into XML as they are.

    The text is UTF-8 without control characters; a cell is what stands between two separators or newlines.
    """
    found = set()
    for first, pattern in _odd(separator).items():
        line = at = 0
        for match in pattern.finditer(text) if first in text else ():
            line += text.count(b"\n", at, match.start())
            at = match.start()
            found.add(line)
    return found


@cache
def _odd(separator: bytes) -> dict[bytes, re.Pattern[bytes]]:
    """What makes a line odd, with the rest of it, by its first byte: one byte is sought at no cost."""
    bounds = re.escape(separator) + b"\n"
    blank = b"(?:(?<![^%b].)|(?![^%b]))" % (bounds, bounds)
    after = {b'"': b"", b"&": b"", b"<": b"", b">": b"", b"_": b"(?=x)", b"\xef": b"(?:\xb7\x90|\xbf[\xbe\xbf])"}
    after |= {each: blank for each in (b" ", b"\t") if each != separator}
    return {first: re.compile(first + rest + b"[^\n]*") for first, rest in after.items()}


def rows(frame: pl.DataFrame, style: int) -> pl.DataFrame:
    """The rows of a frame as `texts` gives them one by one: `row` is their number, the other columns are cells, of
    lines that are not odd, null where there is nothing. Returns `row` and `xml`."""
    columns = [name for name in frame.columns if name != "row"]
    digits = pl.col("row").cast(pl.String)
    numbered = frame.lazy().with_columns(digits=digits, middle=digits + f'" s="{style}" t="inlineStr"><is><t>')
    cells = (
        pl.concat_str(pl.lit(f'<c r="{column_letters(index)}'), "middle", column, pl.lit("</t></is></c>"))
        for index, column in enumerate(columns, 1)
    )
    row = pl.concat_str(pl.lit('<row r="'), "digits", pl.lit('">'), *cells, pl.lit("</row>"), ignore_nulls=True)
    return numbered.select("row", row.alias("xml")).collect()
