"""`landstock doctor`: the environment, one line a point, each with a remedy."""

from __future__ import annotations

import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import duckdb

from assets import raw, release
from assets.home import HomeError, Trouble, free
from assets.trust import journal
from assets.trust import publishing as trust
from pipelines import settings
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


Examination = Callable[[Desk, str], Iterator[Point]]  # it is told what it is called, in the language of the desk


@click.command()
@options("home", "landing", "json")
def doctor(desk: Desk) -> int:
    """检查运行环境：版本、目录权限、锁、磁盘、发布、时区、字体；逐项给出处理办法。

    Exit 3 when something keeps landstock from working.
    """
    if desk.machine:  # machines are told the same in every language
        desk = replace(desk, settings=replace(desk.settings, language="zh"))
    points = [point for name, examine in EXAMINATIONS for point in examined(desk, desk.pick(*name), examine)]
    if desk.machine:
        desk.hand_out([asdict(point) for point in points])
    else:
        header = ["", desk.pick("项目", "point"), desk.pick("状况", "found"), desk.pick("处理办法", "remedy")]
        desk.show(table(header, [[MARKS[each.state], each.name, each.found, each.remedy] for each in points]))
    return 3 if any(point.state == BAD for point in points) else 0


def examined(desk: Desk, name: str, examine: Examination) -> Iterator[Point]:
    """The points of one examination; what keeps it from looking is a point, too: doctor never gives up."""
    try:
        yield from examine(desk, name)
    except (Trouble, OSError, subprocess.SubprocessError) as error:
        said = desk.pick(f"无法检查：{error}", f"cannot look: {_in_english(error)}")
        remedy = desk.pick(
            "检查该文件或目录的权限与完整性", "check that the file or directory is whole and may be read"
        )
        yield Point(name, BAD, said, remedy)


def _in_english(error: Exception) -> str:
    return error.en if isinstance(error, Trouble) else str(error)


def python(desk: Desk, name: str) -> Iterator[Point]:
    found = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    remedy = desk.pick("安装 Python 3.11–3.13，再执行 make setup", "install Python 3.11–3.13, then make setup")
    yield Point(name, GOOD if good else BAD, found, "" if good else remedy)


def packages(desk: Desk, _: str) -> Iterator[Point]:
    for package in PACKAGES:
        try:
            yield Point(package, GOOD, version(package))
        except PackageNotFoundError:
            remedy = desk.pick("执行 make setup 安装锁定的版本", "make setup installs the locked version")
            yield Point(package, BAD, desk.pick("未安装", "not installed"), remedy)


def settings_file(desk: Desk, name: str) -> Iterator[Point]:
    yield Point(name, GOOD, str(desk.settings.source or desk.pick("（无，均用缺省值）", "(none: defaults)")))


def home(desk: Desk, name: str) -> Iterator[Point]:
    place = desk.home
    if not place.path.exists():
        found = desk.pick(f"{place.path} 尚不存在", f"{place.path} is not there yet")
        remedy = desk.pick(
            "首次执行 landstock run 时自动建立；或用 --home 指定",
            "the first landstock run makes it; or name another: --home",
        )
        yield Point(name, WARN, found, remedy)
        return
    if place.path.is_dir() and not place.releases.is_dir():
        found = desk.pick(f"{place.path} 还没有运行过", f"nothing was ever run in {place.path}")
        remedy = desk.pick(
            "确认目录无误后执行 landstock run；或用 --home 指定",
            "landstock run, if it is the right one; else name it: --home",
        )
        yield Point(name, WARN, found, remedy)
        return
    try:
        place.prepare()
        yield Point(name, GOOD, str(place.path))
    except HomeError as error:
        yield Point(name, BAD, str(place.path), desk.pick(str(error), error.en))
        return
    yield from _run_lock(desk)


def _run_lock(desk: Desk) -> Iterator[Point]:
    """Who holds the lock, and what a run that died left behind."""
    holder = desk.home.holder()
    lock, files = desk.pick("运行锁", "run lock"), desk.pick("残留临时文件", "left-over files")
    if holder:
        found = desk.pick("进程 {pid}（{command}，自 {since}）", "process {pid} ({command}, since {since})")
        remedy = desk.pick(
            "等该任务结束；进程已不在时锁会自动释放", "wait for it to end; the lock goes with the process"
        )
        yield Point(lock, WARN, found.format(**holder), remedy)
    else:
        yield Point(lock, GOOD, desk.pick("空闲", "free"))
    left = [] if holder else release.stale(desk.home)
    if left:
        remedy = desk.pick("下次发布时自动清理", "the next release removes them")
        yield Point(files, WARN, desk.pick(f"{len(left)} 个", str(len(left))), remedy)
    else:
        yield Point(files, GOOD, desk.pick("无", "none"))


def warehouse(desk: Desk, name: str) -> Iterator[Point]:
    place = desk.home
    if not place.warehouse.exists() or place.holder():
        return
    try:
        database.connect(place.warehouse, read_only=True).close()
        yield Point(name, GOOD, desk.pick("可打开", "opens"))
    except duckdb.Error as error:
        trouble = place.unopened(str(error))
        remedy = desk.pick(str(trouble), trouble.en) if trouble else str(error)
        yield Point(name, BAD, desk.pick("打不开", "does not open"), remedy)


def landing(desk: Desk, name: str) -> Iterator[Point]:
    place = desk.settings.landing
    if not place.is_dir():
        found = desk.pick(f"{place} 不存在", f"there is no {place}")
        remedy = desk.pick(
            "建立该目录，或用 --landing / LANDSTOCK_LANDING 指定", "create it, or name it: --landing, LANDSTOCK_LANDING"
        )
        yield Point(name, WARN, found, remedy)
    elif not os.access(place, os.R_OK | os.X_OK):
        found = desk.pick(f"{place} 不可读", f"{place} cannot be read")
        yield Point(name, BAD, found, desk.pick("请管理员开放读取权限", "ask the administrator for the right to read"))
    elif not desk.home.is_apart(place):
        found = desk.pick(f"{place} 与数据目录互相包含", f"{place} holds the home, or lies in what a run writes")
        remedy = desk.pick("把数据目录放到报送目录以外", "put the home elsewhere, its files are no submissions")
        yield Point(name, BAD, found, remedy)
    elif left := raw.left_out(place):
        listed = "; ".join(f"{path}: {desk.pick(*why)}" for path, why in left[:5])
        found = desk.pick(f"{len(left)} 项收不进来：{listed}", f"{len(left)} entries cannot be taken: {listed}")
        remedy = desk.pick("开放读取权限，或复制文件本身", "let them be read, or copy the files themselves")
        yield Point(name, WARN, found, remedy)
    else:
        yield Point(name, GOOD, str(place))


_OF_DAYS_TO_COME = "SELECT received_on || '/' || file_name FROM raw.submission WHERE received_on > ? ORDER BY ALL"


def days_to_come(desk: Desk, name: str) -> Iterator[Point]:
    """What was received on a day to come counts from then on: a wrong folder, or a clock that ran ahead."""
    place, today = desk.home, settings.today()
    if not place.warehouse.exists() or place.holder():
        return
    try:
        with database.connect(place.warehouse, read_only=True) as con:
            names = con.execute(_OF_DAYS_TO_COME, [today]).fetchall()
    except duckdb.Error:
        return  # told of already
    if not names:
        yield Point(name, GOOD, desk.pick("无", "none"))
        return
    listed = desk.pick("、", ", ").join(each for (each,) in names[:3])
    found = desk.pick(
        f"{len(names)} 个文件收于今天（{today}）之后：{listed}",
        f"{len(names)} files received after today ({today}): {listed}",
    )
    remedy = desk.pick(
        "到那天才计入；如系误填或时钟有误，移到正确日期的文件夹后 landstock run",
        "they count from then on; if by mistake, move them to the right folder and landstock run",
    )
    yield Point(name, WARN, found, remedy)


def current_release(desk: Desk, name: str) -> Iterator[Point]:
    now, there = release.current(desk.home), release.eligible(desk.home)
    if now is None and there:
        remedy = desk.pick("执行 landstock rollback {}，或 landstock run", "landstock rollback {}, or landstock run")
        found = desk.pick("current 缺失或指向不存在的发布", "current is missing or points to nothing")
        yield Point(name, BAD, found, remedy.format(there[-1]))
        return
    if now is None:
        remedy = desk.pick("执行 landstock run，或 landstock demo 试用", "landstock run, or landstock demo to try it")
        yield Point(name, WARN, desk.pick("还没有", "none yet"), remedy)
        return
    broken = [release.MANIFEST] if now in release.damaged(desk.home) else release.verify(desk.home, now)
    if not broken and release.ahead_of(desk.home, settings.today()):
        found = desk.pick(f"{now} 的截止日晚于今天", f"{now} is of a day to come")
        remedy = desk.pick(
            "在那之前的新结果只算回看；如系误填：landstock rollback",
            "until then all others look back; if by mistake: landstock rollback",
        )
        yield Point(name, WARN, found, remedy)
        return
    if not broken:
        yield Point(name, GOOD, now)
        return
    found = desk.pick(f"{now}：{'、'.join(broken)} 已损坏", f"{now}: {', '.join(broken)} damaged")
    remedy = desk.pick(
        "用 landstock releases 查看其他发布，再 landstock rollback",
        "find another: landstock releases, landstock rollback",
    )
    yield Point(name, BAD, found, remedy)


def other_releases(desk: Desk, _: str) -> Iterator[Point]:
    name, now, broken = desk.pick("全部发布", "all releases"), release.current(desk.home), release.damaged(desk.home)
    others = [each for each in broken if each != now]
    if not others:
        count = len(release.ids(desk.home))
        yield Point(name, GOOD, desk.pick(f"{count} 个，清单可读", f"{count}, with readable manifests"))
        return
    found = desk.pick(f"{'、'.join(others)} 的清单损坏或缺失", f"no readable manifest: {', '.join(others)}")
    remedy = desk.pick(
        f"从备份恢复，或把该目录移出 {desk.home.releases}；其余发布照常可用",
        f"restore it from a backup, or move it out of {desk.home.releases}; the others work",
    )
    yield Point(name, WARN, found, remedy)


def published_releases(desk: Desk, name: str) -> Iterator[Point]:
    """Releases in these states are what others have been told: they must be there and be what they were."""
    try:
        states = desk.home.path / journal.STATES
        held, broken = len(trust.states.held(desk.home)), trust.broken_finals(desk.home)
    except Trouble as error:
        remedy = desk.pick(f"从备份恢复 {states}", f"restore {states} from a backup")
        yield Point(name, BAD, desk.pick(str(error), error.en), remedy)
        return
    if not broken:
        yield Point(name, GOOD, desk.pick(f"{held} 个，校验和相符", f"{held}, with the right checksums"))
        return
    found = desk.pick(
        "；".join(f"{each}：{'、'.join(files) or '整个发布缺失'}" for each, files in broken.items()),
        "; ".join(f"{each}: {', '.join(files) or 'not there'}" for each, files in broken.items()),
    )
    remedy = desk.pick(
        "从备份恢复该发布目录；不要改动 releases/ 下的文件",
        "restore the release from a backup; change nothing under releases/",
    )
    yield Point(name, BAD, found, remedy)


def disk(desk: Desk, name: str) -> Iterator[Point]:
    left = free(desk.home.path) / 1e9
    state = BAD if left < LOWEST_FREE_GB else WARN if left < LOW_FREE_GB else GOOD
    remedy = desk.pick(
        "清理磁盘，或在 landstock.toml 调小 keep_releases", "make room, or lower keep_releases in landstock.toml"
    )
    yield Point(name, state, f"{left:.1f} GB", "" if state == GOOD else remedy)


def time_zone(desk: Desk, name: str) -> Iterator[Point]:
    try:
        ZoneInfo("Asia/Shanghai")
        yield Point(name, GOOD, "Asia/Shanghai")
    except ZoneInfoNotFoundError:
        remedy = desk.pick("安装系统包 tzdata", "install the system package tzdata")
        yield Point(name, BAD, desk.pick("缺 Asia/Shanghai", "no Asia/Shanghai"), remedy)


def encoding(desk: Desk, name: str) -> Iterator[Point]:
    found = locale.getpreferredencoding(False)
    good = found.lower().replace("-", "") == "utf8"
    remedy = desk.pick("设置 LANG=C.UTF-8，否则文件可能乱码", "set LANG=C.UTF-8, or Chinese may come out garbled")
    yield Point(name, GOOD if good else WARN, found, "" if good else remedy)


def fonts(desk: Desk, name: str) -> Iterator[Point]:
    remedy = desk.pick(
        "安装中文字体（如 Noto Sans CJK、文泉驿），否则 PDF 与图表缺字",
        "install a Chinese font (Noto Sans CJK), or PDF and charts lack characters",
    )
    if not shutil.which("fc-list"):
        found = desk.pick("无法查询（缺 fc-list）", "unknown (no fc-list)")
        yield Point(name, WARN, found, desk.pick("安装 fontconfig；", "install fontconfig; ") + remedy)
        return
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False)
    families = sorted({line.split(",")[0].strip() for line in listed.stdout.splitlines() if line.strip()})
    if families:
        yield Point(name, GOOD, desk.pick("、", ", ").join(families[:3]))
    else:
        yield Point(name, WARN, desk.pick("没有", "none"), remedy)


EXAMINATIONS: tuple[tuple[tuple[str, str], Examination], ...] = (
    (("Python", "Python"), python), (("软件包", "packages"), packages), (("设置文件", "settings file"), settings_file),
    (("数据目录", "home"), home), (("工作库", "warehouse"), warehouse), (("报送目录", "landing directory"), landing),
    (("未到日期的报送", "days to come"), days_to_come),
    (("当前发布", "current release"), current_release), (("其他发布", "other releases"), other_releases),
    (("公示与定稿", "published releases"), published_releases), (("磁盘剩余", "disk space left"), disk),
    (("时区数据", "time zones"), time_zone), (("终端编码", "encoding"), encoding), (("中文字体", "Chinese fonts"), fonts),
)  # fmt: skip
