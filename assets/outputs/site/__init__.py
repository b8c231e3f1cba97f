"""The HTML site of a release (发布网页): static pages that open from a folder, print, and read without JavaScript.

`write` makes it, `offer` adds a release's files; `pages` says which pages there are, `templates/` what stands on them, `figures` what is drawn. Numbers
come from the report model ready to show: nothing is computed or rounded here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assets.outputs.model import ReportModel
from assets.outputs.site.pages import Download, Page, Site, downloads_page, plan

#: Which page was made from what, so that the next run leaves unchanged pages alone.
INDEX = "pages.json"
#: The folder of receipts: a file for every submission, too many for a list.
RECEIPTS = "receipts"
#: Files of a release that the downloads page offers.
_OFFERED = {".duckdb", ".parquet", ".csv", ".xlsx", ".docx", ".pdf", ".json"}


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """What was done. `written` and `unchanged` are paths from the site's root, `bytes` the size of all pages, `frame`
    the site without what its pages say."""

    start: Path
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    bytes: int
    frame: Site


def write(model: ReportModel, out: Path, release: Path | None = None) -> SiteSummary:
    """Write the site of a release into the folder `out` and return what was done.

    A page whose data, navigation and templates are those of the last time is neither rendered nor touched. `release`
    is the folder whose files the downloads page offers. Raises OSError when the folder cannot be written.
    """
    site = plan(model, list(_downloads(release, out)) if release else ())
    known, index, size = _index(out), {}, 0
    done: dict[str, list[str]] = {"written": [], "unchanged": []}
    for page in site.pages:
        mark = site.fingerprint(page)
        index[page.path] = mark
        target = out / page.path
        if known.get(page.path) == mark and target.is_file():
            done["unchanged"].append(page.path)
        else:
            _put(target, site.html(page).encode())
            done["written"].append(page.path)
        size += target.stat().st_size
    removed = _remove(out, known.keys() - index.keys())
    if known != index:
        _put_index(out, index)
    return SiteSummary(
        out / "index.html", **{name: tuple(paths) for name, paths in done.items()}, removed=removed, bytes=size,
        frame=site.frame,
    )  # fmt: skip


def offer(frame: Site, out: Path, release: Path) -> None:
    """Make the page of downloads anew in a site that was written before the release had its files; `frame` is of it."""
    page = downloads_page(list(_downloads(release, out)))
    _put(out / page.path, frame.html(page).encode())
    _put_index(out, _index(out) | {page.path: frame.fingerprint(page)})


def _put_index(folder: Path, index: dict[str, str]) -> None:
    _put(folder / INDEX, (json.dumps(index, indent=0, sort_keys=True) + "\n").encode())


def _index(folder: Path) -> dict[str, str]:
    """What the site in a folder was made from; nothing when there is none or it cannot be read."""
    try:
        found = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _put(path: Path, content: bytes) -> None:
    """Write in one step: a reader sees the old page or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    os.replace(beside, path)


def _remove(out: Path, paths: set[str]) -> tuple[str, ...]:
    """Pages of an earlier run that the release no longer has."""
    for path in paths:
        (out / path).unlink(missing_ok=True)
    return tuple(sorted(paths))


def _downloads(release: Path, out: Path) -> Iterator[Download]:
    """The release's files with their way from the site; the site's own and the receipts of single files left out."""
    apart = {out, release / RECEIPTS}
    for path in sorted(release.rglob("*")):
        if path.is_file() and path.suffix in _OFFERED and not path.name.startswith(".") and not apart & {*path.parents}:
            href = Path(os.path.relpath(path, out)).as_posix()
            yield Download(href, path.relative_to(release).as_posix(), _size(path.stat().st_size))
    receipts = [path for path in (release / RECEIPTS).glob("*") if path.is_file()]
    if receipts:
        yield Download(None, f"{RECEIPTS}/ × {len(receipts):,}", _size(sum(path.stat().st_size for path in receipts)))


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{max(count // 1000, 1)} kB"


__all__ = ["Download", "Page", "Site", "SiteSummary", "offer", "write"]
