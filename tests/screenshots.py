"""`make screenshots`: the pictures of the README, taken of the demo's site. Not a test.

A demo home is made when there is none. Where Chromium is missing it says so and exits 3.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest

from tests.browser import Tab, chromium

ROOT = Path(__file__).parents[1]
HOME, OUT = ROOT / "var" / "demo", ROOT / "docs" / "screenshots"
LARGEST = 300_000  # bytes
#: name: (page, width, height, English)
SHOTS = {
    "overview": ("index.html", 1280, 960, False),
    "indicator": ("indicator/stock_supply_share.html", 1280, 960, False),
    "evaluation": ("evaluation/annual-2026.html", 1280, 860, True),
    "phone": ("index.html", 390, 844, False),
}


def main() -> int:
    """Take all pictures; exit code 3 when there is no browser."""
    from pipelines import cli

    home = Path(sys.argv[1]) if len(sys.argv) > 1 else HOME
    site = home / "current" / "site"
    if not site.is_dir() and (code := cli.call(["demo", "--home", str(home)])):
        return code
    OUT.mkdir(parents=True, exist_ok=True)
    try:
        with chromium() as tab:
            for name, (page, width, height, english) in SHOTS.items():
                path = OUT / f"{name}.png"
                path.write_bytes(_taken(tab, site / page, width, height, english))
                assert path.stat().st_size <= LARGEST, f"{path} is larger than {LARGEST} bytes"
                print(path.relative_to(ROOT))
    except (pytest.skip.Exception, pytest.fail.Exception) as error:
        print(error, file=sys.stderr)
        return 3
    return 0


def _taken(tab: Tab, page: Path, width: int, height: int, english: bool) -> bytes:
    tab.open(page, width=width, height=height)
    if english:
        tab.run("document.getElementById('language').click()")
    return base64.b64decode(tab.call("Page.captureScreenshot", format="png")["data"])


if __name__ == "__main__":
    sys.exit(main())
