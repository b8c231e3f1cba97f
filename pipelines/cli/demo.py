"""`landstock demo` and `landstock synth`: made-up submissions, and a first look at what comes of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from assets import processes, release
from assets.circumstances import make_context
from assets.home import Home, HomeError
from assets.outputs.loading import cells
from expectations import validate
from pipelines import settings
from pipelines.cli.desk import Desk, options
from pipelines.cli.run import carry_out, unchanged
from pipelines.cli.tables import table
from schemas import policy
from schemas.indicators import HORIZONS, INDICATORS
from schemas.table import Unit

DEMO_HOME = Path("var/demo")
SEED = 2025
_MARK = ".synthetic"  # names what a landing directory was filled with


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
        is_there = is_generated(chosen.landing, _mark("province", seed, day)) and unchanged(chosen, context, False)
        if not is_there and (code := _make(desk, seed, day)):
            return code
    if not desk.machine:
        desk.show("\n".join(["", overview(desk, day.year), "", _where(desk)]))
    return 0


def _make(desk: Desk, seed: int, day: date) -> int:
    """The submissions, then all that comes of them; returns the exit code."""
    landing = desk.settings.landing
    require_made_up(desk.home, landing)
    desk.tell("生成仿真报送数据……", "making submissions…")
    with processes.at_hand():
        generated = processes.meanwhile(generate, landing, "province", seed, day)
        from pipelines import execution, storage  # noqa: F401 – takes as long as the data

        storage.prepare(desk.home)
        processes.prepare_checker(validate.prepare)
        if generated():
            forget(desk.home)
        return carry_out(desk, day, {})


def generate(landing: Path, scale: str, seed: int, until: date) -> bool:
    """Fill a landing directory; returns whether there was need to. Raises HomeError when it holds somebody's files."""
    wanted = _mark(scale, seed, until)
    if is_generated(landing, wanted):
        return False
    if landing.is_dir() and any(landing.iterdir()) and not (landing / _MARK).is_file():
        raise HomeError(
            f"{landing} 里已有文件，不是仿真数据，不会覆盖。请用 --home 换一个目录",
            f"{landing} holds files that were not made here. Choose another --home",
        )
    from assets import synthetic

    shutil.rmtree(landing, ignore_errors=True)
    landing.mkdir(parents=True)
    (landing / _MARK).write_text("unfinished")
    synthetic.generate(landing, scale=scale, seed=seed, until=until)
    (landing / _MARK).write_text(wanted)
    return True


def require_made_up(home: Home, landing: Path) -> None:
    """Raises HomeError for a home with submissions or releases that no demo made: a demo begins by removing them."""
    holds = home.warehouse.exists() or release.ids(home) or (home.raw.is_dir() and any(home.raw.iterdir()))
    if holds and not (landing / _MARK).is_file():
        raise HomeError(
            f"{home.path} 里已有报送数据或发布，不是 demo 造的，不会改动。请用 --home 换一个目录",
            f"{home.path} holds submissions or releases that no demo made, and stays as it is. Choose another --home",
        )


def is_generated(landing: Path, wanted: str) -> bool:
    """Whether a landing directory holds just these made-up submissions."""
    mark = landing / _MARK
    return mark.is_file() and mark.read_text() == wanted


def _mark(scale: str, seed: int, until: date) -> str:
    return f"{scale} {seed} {until}"


def forget(home: Home) -> None:
    """Remove what an earlier demo left: made-up submissions of two days would correct each other."""
    home.current.unlink(missing_ok=True)
    release.prune(home, 0)
    home.warehouse.unlink(missing_ok=True)
    for folder in (home.raw, home.build.parent):
        shutil.rmtree(folder, ignore_errors=True)
    home.prepare()


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
    if landing == desk.settings.home / "landing":
        require_made_up(desk.home, landing)
    generate(landing, scale, seed, as_of or settings.today())
    desk.show(str(landing))
    return 0


# --- The table of cities -------------------------------------------------------------------------------------------


def overview(desk: Desk, year: int) -> str:
    """Cities and the province × eight indicators: value, shape and word of the verdict.

    An indicator whose inputs come a year late is shown for the year before, and its title says so.
    """
    horizon = next(each for each in HORIZONS if year <= each or each == HORIZONS[-1])
    database = release.database(desk.home)
    shown = {code: (year, column) for code, column in _columns(desk, database, year, horizon).items()}
    for code, column in _columns(desk, database, year - 1, horizon).items():
        if INDICATORS[code].annual_input:
            shown[code] = (year - 1, column)
    places = list(dict.fromkeys(place for _, column in shown.values() for place in column))
    titles = [_title(desk, code) + (f"({of_year})" if of_year != year else "") for code, (of_year, _) in shown.items()]
    body = [[place, *(column.get(place, "") for _, column in shown.values())] for place in places]
    title = desk.pick(f"{year} 年各市指标与评价（对照 {horizon} 年目标）", f"{year} against the targets of {horizon}")
    grid = table([desk.pick("地区", "region"), *titles], body, right=set(range(1, len(titles) + 1)))
    return f"{title}\n{grid}\n{_legend(desk)}"


def _columns(desk: Desk, database: Path, year: int, horizon: int) -> dict[str, dict[str, str]]:
    """Indicator → place → cell, in the order of the plan."""
    columns: dict[str, dict[str, str]] = {code: {} for code in INDICATORS}
    for cell in cells(database, year, horizon):
        verdict = f"{cell.shape} {desk.pick(cell.verdict_label, cell.verdict_label_en)}"
        columns[cell.indicator][cell.region_name] = verdict if cell.value is None else f"{cell.text} {verdict}"
    return {code: column for code, column in columns.items() if column}


def _title(desk: Desk, code: str) -> str:
    indicator = INDICATORS[code]
    unit = f"/{indicator.unit}" if indicator.unit == Unit.MU else ""
    return desk.pick(f"{indicator.short_label}{unit}", code)


def _legend(desk: Desk) -> str:
    return desk.pick(
        "★ 已达标  ● 达序时  ▲ 略滞后（进度 0.9–1）  ▼ 滞后  ✕ 未达标  ◇ 临界  － 无评价（附原因）",
        "★ achieved  ● on track  ▲ behind  ▼ far behind  ✕ missed  ◇ undecidable  － no verdict, with its reason",
    )


#: What lies in a release.
_CONTENTS = (
    ("site/index.html 网页", "site/index.html  pages"),
    ("documents/ 附表（Excel）、报告（Word、PDF）、csv/", "documents/  annex (Excel), report (Word, PDF), csv/"),
    ("receipts/index.html 各文件的回执", "receipts/index.html  a receipt for every file"),
    ("landstock.duckdb 成果库　parquet/ 各表　manifest.json 清单", "landstock.duckdb, parquet/, manifest.json"),
)


def _where(desk: Desk) -> str:
    home, now = desk.home, release.current(desk.home)
    city = policy.regions().codes("city")[0]
    interface = (
        f"DAGSTER_HOME={home.dagster} LANDSTOCK_HOME={home.path} LANDSTOCK_LANDING={desk.settings.landing}"
        " dagster dev -w workspace.yaml"
    )
    next_steps = f"""  landstock query --home {home.path} "SELECT * FROM assessment WHERE region_code = '{city}'"
  landstock status --home {home.path}
  landstock backfill 2025..{now[:4]} --home {home.path} --dry-run
  {interface}"""
    contents = "\n".join("  " + desk.pick(*each) for each in _CONTENTS)
    return desk.pick(
        f"成果在 {home.releases / now}\n{contents}\n接下来可以试：\n{next_steps}",
        f"results lie in {home.releases / now}\n{contents}\ntry next:\n{next_steps}",
    )
