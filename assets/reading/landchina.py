"""The public land-market export as JSON: one or several arrays or objects one after the other, one object per line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import polars as pl

from schemas.submissions import LANDCHINA_HEADERS

#: Keys that identify a result; elements without one are entries of the portal's listing.
IDENTITY = ("idnumber", "电子监管号")
#: A line that opens an object. Possessive, or thousands of blank lines would be tried in every combination.
_NEXT = re.compile(r"\n[^\S\n]*+[\[,]?[^\S\n]*+\{")


def elements(text: str) -> Iterator[dict | None]:
    """Every object of the file in order; None for one that cannot be parsed."""
    decode = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str).raw_decode
    at = 0
    while at < len(text):
        opening = text.find("{", at)
        if opening < 0:
            return
        try:
            element, at = decode(text, opening)
        except (ValueError, RecursionError):
            # Go on at the next line that opens an object; within one broken line nothing can be told apart.
            yield None
            following = _NEXT.search(text, opening + 1)
            if following is None:
                return
            at = following.start()
            continue
        yield element


def rows(found: list[dict | None]) -> tuple[list[str], pl.DataFrame, int, list[int]]:
    """(headers, grid with `row` = element number from 1, listing entries, numbers of broken elements).

    Only keys that the profile knows are read; a holder's name never leaves the file.
    """
    headers = list(
        dict.fromkeys(key for element in found if element and _is_result(element) for key in element if _known(key))
    )
    grid, numbers, broken, listing = [], [], [], 0
    for number, element in enumerate(found, 1):
        if element is None:
            broken.append(number)
        elif not _is_result(element):
            listing += 1
        else:
            numbers.append(number)
            grid.append([_text(element.get(header)) for header in headers])
    schema = {f"c{index}": pl.String() for index in range(len(headers))}
    frame = pl.DataFrame(grid, schema=schema, orient="row") if headers else pl.DataFrame()
    return headers, frame.select(pl.Series("row", numbers, dtype=pl.Int64), pl.all()), listing, broken


def _is_result(element: dict) -> bool:
    return any(key in element for key in IDENTITY)


def _known(key: str) -> bool:
    return re.sub(r"[（(].*", "", key) in LANDCHINA_HEADERS


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False)
