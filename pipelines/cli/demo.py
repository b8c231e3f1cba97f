"""`landstock demo` and `landstock synth`: made-up submissions, and a first look at what comes of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from assets import release
from assets.circumstances import make_context
from assets.home import HomeError
from assets.outputs.loading import cells
from pipelines import settings
from pipelines.cli.desk import Desk, options
from pipelines.cli.run import carry_out, unchanged
from pipelines.cli.tables import table
from schemas import policy
from schemas.indicators import HORIZONS, INDICATORS
from schemas.table import Unit

DEMO_HOME = Path("var/demo")
SEED = 2025


@click.command()
@click.option("--home", type=click.Path(path_type=Path), metavar="DIR", help="数据目录，缺省 var/demo home directory")
@click.option("--seed", default=SEED, show_default=True, help="随机种子 seed")
@options("json", "as_of")
def demo(desk: Desk, home: Path | None, seed: int, as_of: date | None) -> int:
    """离线演示：造一省的仿真报送，跑全流程，列出 11 市 8 项指标。可重复执行。

    A made-up province, the whole pipeline, the table of 11 cities; offline.
    """
    day = as_of or settings.today()
    place = (home or DEMO_HOME).absolute()
    chosen = settings.load({"home": place, "landing": place / "landing", "lang": desk.settings.language})
    desk, context = replace(desk, settings=chosen), make_context(day, chosen.rules)
    with desk.home.prepare().locked("landstock demo"):
        desk.tell("生成仿真报送数据……", "making submissions…")
        generate(chosen.landing, "province", seed, day)
        if not unchanged(chosen, context, False) and (code := carry_out(desk, day, {})):
            return code
    if not desk.machine:
        desk.show("\n".join(["", overview(desk, day.year), "", _where(desk)]))
    return 0


def generate(landing: Path, scale: str, seed: int, until: date) -> None:
    """Fill a landing directory. Raises HomeError when it holds somebody's own files."""
    from assets import synthetic

    mark = landing / ".synthetic"
    wanted = f"{scale} {seed} {until}"
    if mark.is_file() and mark.read_text() == wanted:
        return
    if landing.is_dir() and any(landing.iterdir()) and not mark.is_file():
        raise HomeError(
            f"{landing} 里已有文件，不是仿真数据，不会覆盖。请用 --home 换一个目录",
            f"{landing} holds files that were not made here. Choose another --home",
        )
    shutil.rmtree(landing, ignore_errors=True)
    landing.mkdir(parents=True)
    mark.write_text("unfinished")
    synthetic.generate(landing, scale=scale, seed=seed, until=until)
    mark.write_text(wanted)


@click.command()
@click.option(
    "--scale", type=click.Choice(["province", "national"]), default="province", show_default=True, help="规模"
)
@click.option("--seed", default=SEED, show_default=True, help="随机种子 seed")
@options("home", "landing", "as_of")
def synth(desk: Desk, scale: str, seed: int, as_of: date | None) -> int:
    """生成仿真报送数据到报送目录（缺省为数据目录下的 landing）。

    The data generator, for tests and benchmarks.
    """
    landing = desk.settings.landing if "landing" in desk.named else desk.settings.home / "landing"
    generate(landing, scale, seed, as_of or settings.today())
    desk.show(str(landing))
    return 0


# --- The table of cities -------------------------------------------------------------------------------------------


def overview(desk: Desk, year: int) -> str:
    """Cities and the province × eight indicators: value, shape and word of the verdict."""
    horizon = next(each for each in HORIZONS if year <= each or each == HORIZONS[-1])
    by_place: dict[str, dict[str, str]] = {}
    for cell in cells(release.database(desk.home), year, horizon):
        word = desk.pick(cell.verdict_label, cell.verdict_label_en)
        by_place.setdefault(cell.region_name, {})[cell.indicator] = (
            f"{cell.shape} {word}" if cell.value is None else f"{cell.text} {cell.shape} {word}"
        )
    header = [desk.pick("地区", "region"), *(_title(desk, code) for code in INDICATORS)]
    body = [[place, *(cells.get(code, "") for code in INDICATORS)] for place, cells in by_place.items()]
    title = desk.pick(f"{year} 年各市指标与评价（对照 {horizon} 年目标）", f"{year} against the targets of {horizon}")
    return f"{title}\n{table(header, body, right=set(range(1, len(header))))}\n{_legend(desk)}"


def _title(desk: Desk, code: str) -> str:
    indicator = INDICATORS[code]
    unit = f"/{indicator.unit}" if indicator.unit == Unit.MU else ""
    return desk.pick(f"{indicator.short_label}{unit}", code)


def _legend(desk: Desk) -> str:
    return desk.pick(
        "★ 已达标  ● 达序时  ▲ 略滞后（进度 0.9–1）  ▼ 滞后  ✕ 未达标  ◇ 临界  － 无评价（附原因）",
        "★ achieved  ● on track  ▲ behind  ▼ far behind  ✕ missed  ◇ undecidable  － no verdict, with its reason",
    )


def _where(desk: Desk) -> str:
    now = release.current(desk.home)
    folder, home = desk.home.releases / now, desk.home.path
    regions = policy.regions().codes("city")
    return desk.pick(
        f"""成果在 {folder}
  landstock.duckdb 成果库　parquet/ 各表　manifest.json 清单
接下来可以试：
  landstock query --home {home} "SELECT * FROM assessment WHERE region_code = '{regions[0]}'"
  landstock status --home {home}
  landstock backfill 2025..2026 --home {home} --dry-run
  DAGSTER_HOME={desk.home.dagster} LANDSTOCK_HOME={home} LANDSTOCK_LANDING={desk.settings.landing} dagster dev""",
        f"""results lie in {folder}
  landstock.duckdb, parquet/, manifest.json
try next:
  landstock query --home {home} "SELECT * FROM assessment WHERE region_code = '{regions[0]}'"
  landstock status --home {home}
  landstock backfill 2025..2026 --home {home} --dry-run
  DAGSTER_HOME={desk.home.dagster} LANDSTOCK_HOME={home} LANDSTOCK_LANDING={desk.settings.landing} dagster dev""",
    )
