"""`landstock doctor`: the environment, one line a point, each with a remedy."""

from __future__ import annotations

import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import duckdb

from assets import release
from assets.home import HomeError, Trouble, free
from assets.trust import journal
from assets.trust import publishing as trust
from pipelines.cli.desk import Desk, options
from pipelines.cli.tables import table
from schemas import database

GOOD, WARN, BAD = "good", "warn", "bad"
MARKS = {GOOD: "✓", WARN: "▲", BAD: "✕"}
PACKAGES = ("dagster", "duckdb", "polars", "pyarrow", "great-expectations", "sqlalchemy", "fastexcel", "click")
LOWEST_FREE_GB, LOW_FREE_GB = 1, 5


@dataclass(frozen=True)
class Point:
    """One examined thing: how it is, and what to do when it is not good."""

    name: str
    state: str
    found: str
    remedy: str = ""


@click.command()
@options("home", "landing", "json")
def doctor(desk: Desk) -> int:
    """检查运行环境：版本、目录权限、锁、磁盘、发布、时区、字体；逐项给出处理办法。

    Exit 3 when something keeps landstock from working.
    """
    points = [point for examine in EXAMINATIONS for point in examined(examine, desk)]
    if desk.machine:
        desk.hand_out([asdict(point) for point in points])
    else:
        header = ["", desk.pick("项目", "point"), desk.pick("状况", "found"), desk.pick("处理办法", "remedy")]
        desk.show(table(header, [[MARKS[each.state], each.name, each.found, each.remedy] for each in points]))
    return 3 if any(point.state == BAD for point in points) else 0


def examined(examine: Callable[[Desk], Iterator[Point]], desk: Desk) -> Iterator[Point]:
    """The points of one examination, whose docstring begins with its name; what keeps it from looking is a point, too:
    doctor never gives up."""
    try:
        yield from examine(desk)
    except (Trouble, OSError, subprocess.SubprocessError) as error:
        name = examine.__doc__.splitlines()[0]
        yield Point(name, BAD, f"无法检查：{error}", "检查该文件或目录的权限与完整性")


def python(desk: Desk) -> Iterator[Point]:
    """Python"""
    found = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Point("Python", GOOD if good else BAD, found, "" if good else "安装 Python 3.11–3.13，再执行 make setup")


def packages(desk: Desk) -> Iterator[Point]:
    """软件包"""
    for name in PACKAGES:
        try:
            yield Point(name, GOOD, version(name))
        except PackageNotFoundError:
            yield Point(name, BAD, "未安装", "执行 make setup 安装锁定的版本")


def settings_file(desk: Desk) -> Iterator[Point]:
    """设置文件"""
    source = desk.settings.source
    yield Point("设置文件", GOOD, str(source or "（无，均用缺省值）"))


def home(desk: Desk) -> Iterator[Point]:
    """数据目录"""
    place = desk.home
    if not place.path.exists():
        yield Point("数据目录", WARN, f"{place.path} 尚不存在", "首次执行 landstock run 时自动建立；或用 --home 指定")
        return
    if place.path.is_dir() and not place.releases.is_dir():
        yield Point(
            "数据目录", WARN, f"{place.path} 还没有运行过", "确认目录无误后执行 landstock run；或用 --home 指定"
        )
        return
    try:
        place.prepare()
        yield Point("数据目录", GOOD, str(place.path))
    except HomeError as error:
        yield Point("数据目录", BAD, str(place.path), str(error))
        return
    holder = place.holder()
    found = f"进程 {holder['pid']}（{holder['command']}，自 {holder['since']}）" if holder else "空闲"
    yield Point("运行锁", WARN if holder else GOOD, found, "等该任务结束；进程已不在时锁会自动释放" if holder else "")
    left = [] if holder else release.stale(place)
    remedy = "下次发布时自动清理" if left else ""
    yield Point("残留临时文件", WARN if left else GOOD, f"{len(left)} 个" if left else "无", remedy)


def warehouse(desk: Desk) -> Iterator[Point]:
    """工作库"""
    place = desk.home
    if not place.warehouse.exists() or place.holder():
        return
    try:
        database.connect(place.warehouse, read_only=True).close()
        yield Point("工作库", GOOD, "可打开")
    except duckdb.Error as error:
        yield Point("工作库", BAD, "打不开", str(place.unopened(str(error)) or error))


def landing(desk: Desk) -> Iterator[Point]:
    """报送目录"""
    place = desk.settings.landing
    if not place.is_dir():
        yield Point("报送目录", WARN, f"{place} 不存在", "建立该目录，或用 --landing / LANDSTOCK_LANDING 指定")
    elif not os.access(place, os.R_OK | os.X_OK):
        yield Point("报送目录", BAD, f"{place} 不可读", "请管理员开放读取权限")
    else:
        yield Point("报送目录", GOOD, str(place))


def current_release(desk: Desk) -> Iterator[Point]:
    """当前发布"""
    now, there = release.current(desk.home), release.eligible(desk.home)
    if now is None and there:
        remedy = f"执行 landstock rollback {there[-1]}，或 landstock run"
        yield Point("当前发布", BAD, "current 缺失或指向不存在的发布", remedy)
        return
    if now is None:
        yield Point("当前发布", WARN, "还没有", "执行 landstock run，或 landstock demo 试用")
        return
    broken = [release.MANIFEST] if now in release.damaged(desk.home) else release.verify(desk.home, now)
    remedy = "用 landstock releases 查看其他发布，再 landstock rollback" if broken else ""
    yield Point("当前发布", BAD if broken else GOOD, f"{now}：{'、'.join(broken)} 已损坏" if broken else now, remedy)


def other_releases(desk: Desk) -> Iterator[Point]:
    """其他发布"""
    now, broken = release.current(desk.home), release.damaged(desk.home)
    others = [each for each in broken if each != now]
    found = f"{'、'.join(others)} 的清单损坏或缺失" if others else f"{len(release.ids(desk.home))} 个，清单可读"
    remedy = f"从备份恢复，或把该目录移出 {desk.home.releases}；其余发布照常可用" if others else ""
    yield Point("全部发布", WARN if others else GOOD, found, remedy)


def published_releases(desk: Desk) -> Iterator[Point]:
    """公示与定稿

    Releases in these states are what others have been told: they must be there and be what they were.
    """
    try:
        states = desk.home.path / journal.STATES
        held, broken = len(trust.states.held(desk.home)), trust.broken_finals(desk.home)
    except Trouble as error:
        yield Point("公示与定稿", BAD, str(error), f"从备份恢复 {states}")
        return
    wrong = "；".join(f"{name}：{'、'.join(files)}" for name, files in broken.items())
    remedy = "从备份恢复该发布目录；不要改动 releases/ 下的文件" if broken else ""
    yield Point("公示与定稿", BAD if broken else GOOD, wrong or f"{held} 个，校验和相符", remedy)


def disk(desk: Desk) -> Iterator[Point]:
    """磁盘剩余"""
    left = free(desk.home.path) / 1e9
    state = BAD if left < LOWEST_FREE_GB else WARN if left < LOW_FREE_GB else GOOD
    remedy = "" if state == GOOD else "清理磁盘，或在 landstock.toml 调小 keep_releases"
    yield Point("磁盘剩余", state, f"{left:.1f} GB", remedy)


def time_zone(desk: Desk) -> Iterator[Point]:
    """时区数据"""
    try:
        ZoneInfo("Asia/Shanghai")
        yield Point("时区数据", GOOD, "Asia/Shanghai")
    except ZoneInfoNotFoundError:
        yield Point("时区数据", BAD, "缺 Asia/Shanghai", "安装系统包 tzdata")


def encoding(desk: Desk) -> Iterator[Point]:
    """终端编码"""
    found = locale.getpreferredencoding(False)
    good = found.lower().replace("-", "") == "utf8"
    yield Point("终端编码", GOOD if good else WARN, found, "" if good else "设置 LANG=C.UTF-8，否则文件可能乱码")


def fonts(desk: Desk) -> Iterator[Point]:
    """中文字体"""
    remedy = "安装中文字体（如 Noto Sans CJK、文泉驿），否则 PDF 与图表缺字"
    if not shutil.which("fc-list"):
        yield Point("中文字体", WARN, "无法查询（缺 fc-list）", f"安装 fontconfig；{remedy}")
        return
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False)
    families = sorted({line.split(",")[0].strip() for line in listed.stdout.splitlines() if line.strip()})
    yield Point("中文字体", GOOD if families else WARN, "、".join(families[:3]) or "没有", "" if families else remedy)


EXAMINATIONS: tuple[Callable[[Desk], Iterator[Point]], ...] = (
    python, packages, settings_file, home, warehouse, landing, current_release, other_releases, published_releases, disk,
    time_zone, encoding, fonts,
)  # fmt: skip
