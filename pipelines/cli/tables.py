"""Text tables whose columns stay aligned when cells hold Chinese: a wide character takes two places."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """Places that a text takes in a terminal."""
    return sum(_places(char) for char in text)


def _places(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, places: int, right: bool = False) -> str:
    """The text, filled with blanks to a width; to the right for numbers."""
    blanks = " " * max(places - width(text), 0)
    return blanks + text if right else text + blanks


def clip(text: str, places: int) -> str:
    """The text on one line, shortened to a width with an ellipsis."""
    text = " ".join(text.split())
    if width(text) <= places:
        return text
    kept = ""
    for char in text:
        if width(kept) + _places(char) > places - 1:
            break
        kept += char
    return kept + "…"


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] | set[int] = frozenset()
) -> str:
    """Rows under a header and a rule; `right` names the columns of numbers."""
    widths = [max(width(row[number]) for row in [header, *rows]) for number in range(len(header))]

    def line(row: Sequence[str]) -> str:
        return "  ".join(pad(cell, widths[number], number in right) for number, cell in enumerate(row)).rstrip()

    return "\n".join([line(header), "  ".join("─" * places for places in widths), *(line(row) for row in rows)])
