"""The outputs of a release (成果件): documents and site, made from the build database and taken into the release.

Each kind is made by its own step behind the gate, into `build/outputs/<kind>`; the release step moves them in before it
seals. A kind that was made for another release is made again, never published.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from assets import receipts, release
from assets.home import Home
from assets.outputs.fonts import FontsMissing

DOCUMENTS, SITE = "documents", "site"
KINDS = (DOCUMENTS, SITE)
_MARK = ".release"


def make(kind: str, home: Home, release_id: str, tell: Callable[[str], None]) -> dict[str, int]:
    """Make one kind of output from the build database; returns how many files of how many bytes.

    Without a Chinese font the documents that need one are left out and `tell` says so with the remedy.
    """
    folder = _folder(home, kind)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _WRITERS[kind](home.build, folder, tell)
    made = [path for path in folder.rglob("*") if path.is_file()]
    (folder / _MARK).write_text(release_id, encoding="utf-8")
    return {"files": len(made), "bytes": sum(path.stat().st_size for path in made)}


def of_release(home: Home, release_id: str, tell: Callable[[str], None]) -> Callable[[Path], None]:
    """What `assets.release.publish` calls to put receipts, documents and site into the new release's folder."""

    def write(folder: Path) -> None:
        receipts.of_release(home)(folder)
        for kind in KINDS:
            if not _is_for(home, kind, release_id):
                make(kind, home, release_id, tell)
        shutil.copytree(_folder(home, DOCUMENTS), folder / DOCUMENTS, ignore=shutil.ignore_patterns(_MARK))
        # Only the page of downloads is new: it lists what lies in the folder by now.
        site.write(load(folder / release.DATABASE), folder / SITE, previous=_folder(home, SITE), release=folder)

    from assets.outputs import site
    from assets.outputs.model import load

    return write


def _folder(home: Home, kind: str) -> Path:
    return home.build.parent / "outputs" / kind


def _is_for(home: Home, kind: str, release_id: str) -> bool:
    mark = _folder(home, kind) / _MARK
    return mark.is_file() and mark.read_text(encoding="utf-8") == release_id


def _documents(database: Path, folder: Path, tell: Callable[[str], None]) -> None:
    from assets.outputs import documents
    from assets.outputs.model import load

    model = load(database)
    try:
        documents.write_all(model, folder)
    except FontsMissing as error:
        tell(f"未生成 Word 与 PDF：{error}")
        documents.write_all(model, folder, formats=("xlsx",))


def _site(database: Path, folder: Path, tell: Callable[[str], None]) -> None:
    from assets.outputs import site
    from assets.outputs.model import load

    site.write(load(database), folder)


_WRITERS = {DOCUMENTS: _documents, SITE: _site}
