"""Findings of the reader, made from the declared file rules, and addresses as a person sees them."""

from __future__ import annotations

from dataclasses import replace

from schemas.file_rules import FILE_RULES

from .source import Finding, Place

MOST_SHOWN = 300  # characters


class Unreadable(Exception):
    """The whole file cannot be read; carries the finding that says why and what to do."""

    def __init__(self, rule: str, **values: object) -> None:
        super().__init__(rule)
        self.finding = found(rule, **values)


def require_fault_of_file(error: BaseException) -> None:
    """Raise an error again that says nothing of the file that was read: an interruption, of Dagster's own kind too. A
    file that was refused for it would never be read again. (A panic of a library in Rust is no `Exception`, either.)
    """
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error


def found(
    rule: str, place: Place | None = None, *, quarantined: bool = False, value: str | None = None, **values: object
) -> Finding:
    """The finding of a file rule (1xxx, 2xxx) with its templates filled from `values`."""
    declared = FILE_RULES[rule]
    place, value = place or Place(), shortened(value)
    values = {name: shortened(each) if isinstance(each, str) else each for name, each in values.items()}
    return Finding(
        rule=rule,
        severity=declared.severity,
        place=replace(place, column=shortened(place.column)),
        message=declared.message.format(value=value, **values),
        suggestion=declared.suggestion.format(value=value, **values),
        value=value,
        quarantined=quarantined,
    )


def shortened(text: str | None) -> str | None:
    """What a finding repeats of a cell: nobody reads a page of it, and ten thousand findings would repeat it."""
    return text if text is None or len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…（共 {len(text)} 字）"


def letters(index: int) -> str:
    """Excel's name of the column with this index from 0: 0 → A, 26 → AA."""
    name = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        name = chr(65 + digit) + name
    return name


def address(sheet: str | None, row: int, index: int) -> str:
    """Cell address: letters and row in a workbook, the line in a text file."""
    return f"第{row}行" if sheet is None else f"{letters(index)}{row}"


def cell_name(form: str, letter: str, row: int) -> str:
    """A cell as a person finds it: `F12` in a workbook, `第12行 F列` in a text file."""
    return f"{letter}{row}" if form in ("xlsx", "xls") else f"第{row}行 {letter}列"
