"""The PDF report: sets the blocks of `chapters.py` with Typst, offline, tagged (PDF/UA-1), fonts embedded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from pathlib import Path

import typst

from assets.outputs import fonts
from assets.outputs.blocks import Block, Document
from assets.outputs.chapters import document
from assets.outputs.model import ReportModel

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS = ["ua-1"]  # accessible: tagged, titled, every picture described


def write(model: ReportModel, kind: str, year: int, path: Path) -> Path:
    """The report of a kind (annual, midterm, final) as PDF; the same model and fonts give the same bytes.

    Raises NoReport when the release has no such report, FontsMissing without a Chinese font.
    """
    made_at = model.release.made_at
    made_at = made_at if made_at.tzinfo else made_at.replace(tzinfo=UTC)
    path.write_bytes(render(document(model, kind, year), int(made_at.timestamp())))
    return path


def render(report: Document, timestamp: int) -> bytes:
    """A document as PDF bytes, dated `timestamp` (seconds since 1970). Raises FontsMissing."""
    content = {
        "title": report.title.split("\n"),
        "subtitle": report.subtitle,
        "line": report.line,
        "fonts": fonts.chinese(),
        "blocks": [_plain(block) for block in report.blocks],
    }
    return typst.compile(
        TEMPLATES / "report.typ",
        root=TEMPLATES,
        sys_inputs={"report": json.dumps(content, ensure_ascii=False)},
        pdf_standards=STANDARDS,
        timestamp=timestamp,
    )


def drawings(svgs: Sequence[str], pixels: int = 1560) -> list[bytes]:
    """SVG drawings as PNG, `pixels` wide, one call for all: Typst draws them as it does in the PDF."""
    fonts.chinese()
    if not svgs:
        return []
    pages = typst.compile(
        TEMPLATES / "drawings.typ",
        root=TEMPLATES,
        sys_inputs={"svgs": json.dumps(list(svgs), ensure_ascii=False)},
        format="png",
        ppi=pixels * 72 / 520,
    )
    return pages if isinstance(pages, list) else [pages]


def _plain(block: Block) -> dict:
    content = asdict(block)
    if "bold_rows" in content:
        content["bold_rows"] = sorted(content["bold_rows"])
    return content | {"type": type(block).__name__}
