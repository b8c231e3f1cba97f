"""What a figure is computed under: the as-of day, the rules, the regions. Handed in, never looked up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from schemas.policy import Regions, Rulebook


@dataclass(frozen=True)
class Context:
    """The circumstances of one computation.

    `as_of` closes both clocks: nothing received later is known, nothing dated later has happened.
    """

    as_of: date
    rules: Rulebook
    regions: Regions
    target_version: str
