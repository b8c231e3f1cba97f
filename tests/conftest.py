"""Fixtures shared by all tests."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.browser import SKIPPED
from tests.bureau import Bureau


@pytest.fixture
def bureau(tmp_path) -> Bureau:
    return Bureau(tmp_path / "bureau")


def pytest_terminal_summary(terminalreporter):
    """Tests that were skipped for want of a program are no footnote."""
    reasons = [report.longrepr[2] for report in terminalreporter.getreports("skipped") if report.longrepr]
    lost = Counter(reason.removeprefix("Skipped: ") for reason in reasons if SKIPPED in reason)
    for reason, count in lost.items():
        terminalreporter.write_sep("!", f"{count} TESTS SKIPPED", red=True, bold=True)
        terminalreporter.write_line(reason, red=True)
