"""`landstock report`: the evaluation outputs of a release, as page, workbook, document and PDF."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets import release
from assets.home import Home, Trouble
from pipelines.cli.desk import Desk, Misuse, options

if TYPE_CHECKING:
    from assets.outputs.model import ReportModel

FORMATS = ("html", "xlsx", "docx", "pdf", "csv")
KINDS = ("annual", "midterm", "final")


class Formats(click.ParamType):
    """Some of the formats, separated by commas."""

    name = "FORMAT,…"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        chosen = tuple(dict.fromkeys(each.strip() for each in str(value).lower().split(",") if each.strip()))
        if not chosen or set(chosen) - set(FORMATS):
            raise Misuse(
                f"{value!r} 不可用，可用 {'、'.join(FORMATS)}，多个用逗号隔开",
                f"{value!r} is no format; take some of {', '.join(FORMATS)}, separated by commas",
            )
        return chosen


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("year", type=click.IntRange(2025, 2030), required=False)
@click.option(
    "--format", "forms", type=Formats(), default="html,xlsx,docx,pdf", show_default=True, help="输出格式 formats"
)
@click.option("--release", "release_id", metavar="RELEASE", help="另一发布，缺省为当前发布 another release")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="输出目录，缺省 home/reports/<发布>"
)
@click.option(
    "--against", metavar="RELEASE", help="重述表与哪一发布的评价比较，缺省自动选 release that first made the evaluation"
)
@options("home", "json")
def report(
    desk: Desk,
    kind: str,
    year: int | None,
    forms: tuple[str, ...],
    release_id: str | None,
    out: Path | None,
    against: str | None,
) -> int:
    """出年度总结、中期评估、终期评估：网页、Excel 附表、Word、PDF、CSV。

    The annual summary, the mid-term or the final evaluation of a release; YEAR is the newest one by default.
    """
    began = time.monotonic()
    database = release.database(desk.home.require(), release_id)
    folder = out or desk.home.path / "reports" / database.parent.name
    try:
        paths = list(_write(_model(desk.home, database, against), database, kind, year, forms, folder))
    except OSError as error:
        raise Trouble(
            f"不能写入 {error.filename or folder}（{error.strerror}）。"
            "请关闭已打开的同名文件、检查权限和磁盘，或用 --out 换一个目录",
            f"cannot write {error.filename or folder} ({error.strerror}). Close the file, or choose another: --out DIR",
        ) from None
    if desk.machine:
        desk.hand_out({"release_id": database.parent.name, "files": [str(path) for path in paths]})
    else:
        desk.show("\n".join(str(path) for path in paths))
        took = time.monotonic() - began
        desk.tell(f"发布 {database.parent.name}，用时 {took:.1f} 秒", f"release {database.parent.name}, {took:.1f} s")
    return 0


def _model(home: Home, database: Path, against: str | None) -> ReportModel:
    import duckdb

    from assets.outputs import bundle, model

    before = release.database(home, against) if against else None
    try:
        return model.load(database, (lambda _: before) if before else partial(bundle.earlier, home))
    except duckdb.Error as error:
        raise Trouble(
            f"发布 {database.parent.name} 不能出报告：{str(error).splitlines()[0]}。"
            "它可能由较早的版本生成，请重新执行 landstock run",
            f"no report from release {database.parent.name}: {str(error).splitlines()[0]}. Make a new one: landstock run",
        ) from None


def _write(
    model: ReportModel, database: Path, kind: str, year: int | None, forms: tuple[str, ...], folder: Path
) -> Iterator[Path]:
    from assets.outputs import documents, site, tables_csv
    from assets.outputs.chapters import NoReport

    try:
        newest = max(getattr(model, kind), default=model.year)
        drawn = [each for each in forms if each in documents.FORMATS]
        yield from documents.write_report(model, kind, year or newest, folder, drawn)
    except NoReport as error:
        raise Misuse(str(error), error.en) from None
    if "csv" in forms:
        yield from tables_csv.write(database, folder / "csv")
    if "html" in forms:
        yield site.write(model, folder / "site", release=database.parent).start
