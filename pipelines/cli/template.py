"""`landstock template`: an empty workbook of a table, ready to be filled in and handed in."""

from __future__ import annotations

from pathlib import Path

import click

from assets.reading.naming import closest_table
from pipelines import settings
from pipelines.cli.desk import Desk, Misuse, options
from schemas import policy
from schemas.submissions import BY_LABEL, TABLES
from schemas.table import Table


@click.command(name="template")
@click.argument("name", metavar="TABLE")
@click.option("--region", "region_code", required=True, metavar="CODE", help="设区市或全省的代码，如 330100")
@click.option("--year", type=click.IntRange(2000, 2100), help="报送年份，缺省为今年 reporting year")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="文件或目录，缺省为当前目录")
@click.option("--force", is_flag=True, help="覆盖已有文件 overwrite")
@options("regions")
def template_command(
    desk: Desk, name: str, region_code: str, year: int | None, output: Path | None, force: bool
) -> int:
    """生成空白填报模板：下拉列表、填报说明、单位、校验齐备。TABLE 为表名（供地结果）、英文名或编号 1–14。

    An empty workbook with lists, notes and units.
    """
    from assets.receipts.template import NoReporter, template, template_name

    table, year = _table(name), year or settings.today().year
    try:
        content = template(table, region_code, year, policy.regions(desk.settings.regions or None))
    except NoReporter as error:
        raise Misuse(f"--region：{error}", f"--region: {error.en}") from None
    path = _target(output, template_name(table, region_code, year))
    if path.exists() and not force:
        raise Misuse(
            f"{path} 已存在，可能已经填过；请换一个文件名，或用 --force 覆盖",
            f"{path} exists and may be filled in; choose another name, or overwrite it with --force",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    desk.show(str(path))
    if path.name != (usual := template_name(table, region_code, year)):
        desk.tell(f"报送时文件名须为 {usual}", f"hand it in as {usual}")
    return 0


def _table(name: str) -> Table:
    for table in TABLES.values():
        if name in (table.label, table.name, str(table.number)):
            return table
    near = closest_table(name)
    hint = (f"是否为 {near}？", f" Did you mean {BY_LABEL[near].name}?") if near else ("", "")
    raise Misuse(
        f"没有报送表 {name!r}。{hint[0]}可用：{'、'.join(BY_LABEL)}",
        f"no table {name!r}.{hint[1]} There are: {', '.join(TABLES)}",
    )


def _target(output: Path | None, usual: str) -> Path:
    if output is None:
        return Path(usual)
    return output / usual if output.is_dir() or not output.suffix else output
