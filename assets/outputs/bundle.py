"""The outputs of a release (成果件): documents, tables, site and receipts, made from the build database and taken into the
release.

Each kind is made by its own step behind the gate, into `build/outputs/<kind>`; the release step moves them in before it
seals. A kind that was made for another release is made again, never published.
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assets import once, receipts, release
from assets.home import Home
from assets.outputs.fonts import FontsMissing
from assets.outputs.restating import horizon_made_again
from assets.processes import meanwhile, side_by_side
from assets.trust import states
from schemas import database
from schemas.trust import STATES, State

if TYPE_CHECKING:
    import polars as pl

    from assets.outputs.model import ReportModel

DOCUMENTS, TABLES, SITE, RECEIPTS = "documents", "tables", "site", "receipts"
KINDS = (DOCUMENTS, TABLES, SITE, RECEIPTS)
#: What a folder of outputs was made for, and what adding to the site takes; neither is part of the release.
_MARK, _FRAME = ".release", ".frame"
#: Tables of more rows are in the release as Parquet only.
CSV_ROWS = 20_000


def prepare() -> None:
    """Import what writes documents and pages, and compile its templates, before it is needed: it takes two seconds."""
    from assets.outputs import documents, loading, pdf, site, tables_csv, word, workbook  # noqa: F401
    from assets.outputs.site import rendering

    rendering.compile_templates()


@dataclass(frozen=True)
class Made:
    """One kind of output, and what of it was left out: why, and the remedy."""

    files: int
    bytes: int
    left_out: tuple[str, ...] = ()


def make(home: Home, kind: str, model: ReportModel | None = None) -> Made:
    """Make one kind of output from the build database, in the place of what was there.

    Without a Chinese font the documents that need one are left out, and where no region has a target of the plan
    documents and pages are. `model` is the build database's report model where it has been read before.
    """
    from assets.outputs.model import NothingToReport

    left_out: list[str] = []
    folder = _folder(home, kind)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        _WRITERS[kind](home, folder, left_out.append, model)
    except NothingToReport as error:
        left_out.append(str(error))
    made = [path for path in folder.rglob("*") if path.is_file() and path.name != _FRAME]
    return Made(len(made), sum(path.stat().st_size for path in made), tuple(left_out))


def begin(home: Home, kind: str) -> Callable[[], Made]:
    """Begin to make one kind in a worker, unless that was begun ahead. What is returned waits for it."""
    return once.take(_begun(kind), lambda: meanwhile(make, home, kind, _checked_model(home)))


def ahead(home: Home, revision: Callable[[], pl.DataFrame]) -> Iterator[tuple[once.Key, Callable[[], object]]]:
    """What can be made while the marts are checked, all but mart.revision and what comes after it being there.

    The report model and, in a worker, the documents, which say nothing of checks; and the receipts. They lie in the
    build folder and are part of a release only if the marts pass (`mark`).
    """

    def model() -> ReportModel:
        return once.work_out(_MODEL, lambda: _unchecked_model(home, revision()))

    yield _begun(DOCUMENTS), lambda: meanwhile(make, home, DOCUMENTS, model())
    yield _made(RECEIPTS), partial(make, home, RECEIPTS)


def taken(home: Home, kind: str) -> Made:
    """Make one kind here, unless that was done ahead."""
    return once.take(_made(kind), partial(make, home, kind))


def mark(home: Home, release_id: str, kind: str) -> None:
    """Say that a kind was made from the marts of a release as they are now, once they have passed their checks."""
    (_folder(home, kind) / _MARK).write_text(_made_from(home, release_id), encoding="utf-8")


def of_release(home: Home, release_id: str, tell: Callable[[str], None]) -> Callable[[Path], None]:
    """What `assets.release.publish` calls to put receipts, documents and site into the new release's folder."""

    def write(folder: Path) -> None:
        missing = [kind for kind in KINDS if not _is_for(home, kind, release_id)]
        for made in side_by_side(partial(make, home), missing):
            for reason in made.left_out:
                tell(reason)
        _take(home, RECEIPTS, folder / RECEIPTS, receipts.link)
        _take(home, DOCUMENTS, folder / DOCUMENTS)
        _take(home, TABLES, folder / DOCUMENTS / "csv")
        if (frame := _folder(home, SITE) / _FRAME).is_file():  # there is a site; its downloads are known by now
            _take(home, SITE, folder / SITE)
            site.offer(pickle.loads(frame.read_bytes()), folder / SITE, folder)

    from assets.outputs import site

    return write


def _take(home: Home, kind: str, place: Path, copy: Callable[[Path, Path], object] = shutil.copyfile) -> None:
    """Take an output to its place in the folder of a release."""
    ignored = shutil.ignore_patterns(_MARK, _FRAME)
    shutil.copytree(_folder(home, kind), place, ignore=ignored, copy_function=copy)


# --- An evaluation made before ---------------------------------------------------------------------------------------


def earlier(home: Home, as_of: date) -> Path | None:
    """The file of the release that first made the evaluation of the latest target year that is over, if it is kept.

    That is one of the year's fourth quarter or of 09-30: one in 定稿 before one in 公示 before a draft, among equals
    the one closest to 09-30, the day that the mid-term is made as of.
    """
    horizon = horizon_made_again(as_of)
    if horizon is None:
        return None
    day, last, known = date(horizon, 9, 30), date(horizon, 12, 31), states.states(home)

    def preference(release_id: str) -> tuple[int, int, int]:
        of, number = release.order(release_id)
        state = known.get(release_id, State.DRAFT)
        return -STATES.index(state), (date.fromisoformat(of) - day).days, -number

    made = [each for each in release.ids(home) if str(day) <= release.order(each)[0] < str(last)]
    return next((path for each in sorted(made, key=preference) if (path := _readable(home, each))), None)


def _readable(home: Home, release_id: str) -> Path | None:
    """The database of a release that is whole and no what-if."""
    try:
        what_if = release.manifest(home, release_id).kind == release.Kind.WHAT_IF
        return None if what_if else release.database(home, release_id)
    except release.ReleaseError:
        return None


def load(home: Home, database: Path):
    """The report model of a built or published file of this home, with its restatement where there is one."""
    from assets.outputs import model

    return model.load(database, partial(earlier, home))


_MODEL: once.Key = ("report model",)


def _made(kind: str) -> once.Key:
    return "output", kind


def _begun(kind: str) -> once.Key:
    return "output begun", kind


def _unchecked_model(home: Home, revision: pl.DataFrame) -> ReportModel:
    from assets.outputs import loading

    return loading.load_unchecked(home.build, revision, partial(earlier, home))


def _checked_model(home: Home) -> ReportModel | None:
    """The model that was read ahead, if it was."""
    from assets.outputs import loading

    made = once.take(_MODEL, lambda: None)
    return made and loading.checked(made, home.build)


def _folder(home: Home, kind: str) -> Path:
    return home.build.parent / "outputs" / kind


def _is_for(home: Home, kind: str, release_id: str) -> bool:
    mark = _folder(home, kind) / _MARK
    return mark.is_file() and mark.read_text(encoding="utf-8") == _made_from(home, release_id)


def _made_from(home: Home, release_id: str) -> str:
    """The number of a release is the next one's until it is made, whatever became of its marts meanwhile."""
    return f"{release_id} {release.state(home.build)}"


def _tables(home: Home, folder: Path, tell: Callable[[str], None], model: ReportModel | None) -> None:
    from assets.outputs import tables_csv

    tables_csv.write(home.build, folder, CSV_ROWS)


def _documents(home: Home, folder: Path, tell: Callable[[str], None], model: ReportModel | None) -> None:
    from assets.outputs import documents

    model = model or load(home, home.build)
    try:
        documents.write_all(model, folder)
    except FontsMissing as error:
        tell(f"未生成 Word 与 PDF：{error}")
        documents.write_all(model, folder, formats=("xlsx",))


def _site(home: Home, folder: Path, tell: Callable[[str], None], model: ReportModel | None) -> None:
    from assets.outputs import site

    made = site.write(model or load(home, home.build), folder)
    (folder / _FRAME).write_bytes(pickle.dumps(made.frame))


def _receipts(home: Home, folder: Path, tell: Callable[[str], None], model: ReportModel | None) -> None:
    now = release.current(home)
    previous = home.releases / now / RECEIPTS if now else None
    with database.connect(home.build, read_only=True) as con:
        receipts.write_all(con, home.raw, folder, previous)


_WRITERS = {DOCUMENTS: _documents, TABLES: _tables, SITE: _site, RECEIPTS: _receipts}
