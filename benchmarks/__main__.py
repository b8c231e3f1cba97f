"""`make bench`: every aim, measured in one session, as one table. Progress on stderr, the table on stdout."""

from __future__ import annotations

import os
import platform
import sys
from datetime import datetime
from pathlib import Path

import click

from assets.home import SHANGHAI
from assets.synthetic import NATIONAL_ROWS
from benchmarks.cases import CASES, Bench, Reached
from benchmarks.world import CACHE


@click.command()
@click.option("--rows", default=NATIONAL_ROWS, show_default=True, help="supply records of the national world")
@click.option("--only", default=",".join(CASES), show_default=True, help="cases, by letter")
@click.option("--cache", type=click.Path(path_type=Path), default=CACHE, help="where inputs are kept")
def main(rows: int, only: str, cache: Path) -> None:
    """Measure and print; exits 1 when an aim was missed."""
    letters = [letter.strip() for letter in only.split(",") if letter.strip()]
    if unknown := [letter for letter in letters if letter not in CASES]:
        raise click.UsageError(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    bench = Bench(rows, cache.absolute(), lambda text: click.echo(text, err=True))
    reached = [line for letter in letters for line in CASES[letter](bench)]
    click.echo(table(reached))
    click.echo(machine(rows))
    sys.exit(0 if all(line.ok for line in reached) else 1)


def table(reached: list[Reached]) -> str:
    """The report, as Markdown."""
    lines = ["| case | measured | aim | reached | | detail |", "|---|---|---|---|---|---|"]
    for line in reached:
        bound = "≥" if line.at_least else "≤"
        aim = f"{bound} {line.aim:g} {line.unit}"
        verdict = "ok" if line.ok else "missed"
        lines.append(
            f"| {line.letter} | {line.what} | {aim} | {line.figure:.2f} {line.unit} | {verdict} | {line.detail} |"
        )
    return "\n".join(lines)


def machine(rows: int) -> str:
    """Where and when: a figure without them cannot be compared."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{datetime.now(SHANGHAI):%Y-%m-%d %H:%M}, {os.cpu_count()} cores, {memory:.0f} GB, Python"
        f" {platform.python_version()}, load {os.getloadavg()[0]:.1f}, national scale {rows:,} supply rows"
    )


if __name__ == "__main__":
    main()
