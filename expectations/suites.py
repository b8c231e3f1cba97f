"""All suites, by layer and table."""

from __future__ import annotations

from collections.abc import Iterable

from . import core, indicator, mart
from .checks import Check

#: layer → table → checks, in the order in which they are reported.
SUITES: dict[str, dict[str, list[Check]]] = {
    "core": core.SUITE,
    "indicator": indicator.SUITE,
    "mart": mart.SUITE,
}


def checks(layer: str, tables: Iterable[str] | None = None) -> list[Check]:
    """The checks of some tables of a layer, all by default. Raises KeyError for an unknown layer or table."""
    suite = SUITES[layer]
    return [check for table in (suite if tables is None else tables) for check in suite[table]]
