"""All documents of a release: which reports there are, what the files are called, who writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from assets.outputs.blocks import KINDS, report_name
from assets.outputs.chapters import require
from assets.outputs.model import ReportModel
from schemas.indicators import HORIZONS

FORMATS = ("xlsx", "docx", "pdf")
WORKBOOK = "附表"


def write_all(
    model: ReportModel, folder: Path, kinds: Iterable[str] | None = None, formats: Iterable[str] = FORMATS
) -> list[Path]:
    """The annex and the newest report of each kind as files in `folder`; by default of the kinds whose time has come.

    Raises ValueError for an unknown kind or format, FontsMissing without a Chinese font, OSError.
    """
    chosen = due(model) if kinds is None else _known(kinds, tuple(KINDS))
    wanted = [(kind, max(getattr(model, kind))) for kind in chosen if getattr(model, kind)]
    return list(_write(model, folder, wanted, list(_known(formats, FORMATS))))


def due(model: ReportModel) -> list[str]:
    """The annual summary; the mid-term and the final evaluation once their year (2027, 2030) has begun."""
    return [
        kind
        for kind, first in (("annual", 0), ("midterm", HORIZONS[0]), ("final", HORIZONS[1]))
        if max(getattr(model, kind), default=-1) >= first
    ]


def write_report(model: ReportModel, kind: str, year: int, folder: Path, formats: Iterable[str]) -> list[Path]:
    """One report in the formats asked for; `xlsx` is the annex. Raises NoReport, FontsMissing, ValueError, OSError."""
    require(model, kind, year)
    return list(_write(model, folder, [(kind, year)], list(_known(formats, FORMATS))))


def _write(
    model: ReportModel, folder: Path, reports: Iterable[tuple[str, int]], formats: Iterable[str]
) -> Iterator[Path]:
    from assets.outputs import pdf, word, workbook  # drawing libraries load only when something is drawn

    folder.mkdir(parents=True, exist_ok=True)
    if "xlsx" in formats:
        yield workbook.write(model, folder / f"{WORKBOOK}.xlsx")
    for kind, year in reports:
        for suffix, writer in (("docx", word), ("pdf", pdf)):
            if suffix in formats:
                yield writer.write(model, kind, year, folder / f"{report_name(kind, year)}报告.{suffix}")


def _known(given: Iterable[str], known: tuple[str, ...]) -> Iterator[str]:
    for each in given:
        if each not in known:
            raise ValueError(f"{each!r} is none of {', '.join(known)}")
        yield each
