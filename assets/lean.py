"""How a process of ours begins (精简启动): without what costs time and brings nothing."""

from __future__ import annotations

import gc
import sys


def lean() -> None:
    """Call it first thing in a process that is ours alone."""
    gc.set_threshold(100_000)  # imports make objects by the million and hardly any garbage
    # Alembic, which Dagster imports, colours its error pages with it.
    sys.modules.setdefault("mako.ext.pygmentplugin", None)
    # DuckDB's client imports pandas, half a second, to bind the first parameter, where it is installed. Nothing here
    # uses it but Great Expectations, which takes this back.
    sys.modules.setdefault("pandas", None)
