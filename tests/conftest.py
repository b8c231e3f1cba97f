"""Fixtures shared by all tests."""

from __future__ import annotations

import pytest

from tests.bureau import Bureau


@pytest.fixture
def bureau(tmp_path) -> Bureau:
    return Bureau(tmp_path / "bureau")
