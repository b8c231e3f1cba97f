"""What was put in is what is found: planned dirt of a small province against the findings of the checker."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest

from assets.checking import check
from assets.reading import read
from assets.synthetic import generate
from schemas.policy import regions

UNTIL = date(2025, 4, 20)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Per file: (row, rule) planned and found, of the rules that one file alone can break (1xxx to 4xxx)."""
    folder = tmp_path_factory.mktemp("landing")
    summary = generate(folder, until=UNTIL, seed=11)
    planned, found = defaultdict(set), defaultdict(set)
    for dirt in summary.dirt:
        if dirt.sort.rule and dirt.sort.rule[0] != "5":
            planned[dirt.file].add((dirt.row, dirt.sort.rule))
    whole = {(file, rule) for file, flaws in planned.items() for row, rule in flaws if row is None}
    copies = {dirt.file for dirt in summary.dirt if dirt.kind == "same_bytes"}
    for path in sorted(folder.glob("*/*")):
        where = f"{path.parent.name}/{path.name}"
        checked = check(read(path.name, path), regions(), date.fromisoformat(path.parent.name))
        for finding in checked.findings if where not in copies else ():
            row = None if (where, finding.rule) in whole else finding.place.row_number
            found[where].add((row, finding.rule))
    return planned, found


@pytest.mark.slow
def test_every_planned_flaw_is_found_and_nothing_else(compared):
    planned, found = compared
    assert sum(map(len, planned.values())) > 25
    assert dict(found) == dict(planned)
