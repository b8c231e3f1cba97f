"""The command `landstock`. Commands are loaded when they are called, so that small ones start at once."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import threading
import traceback
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import click

from assets.home import SHANGHAI, Home, Locked, Trouble, out_of_space
from assets.lean import lean
from pipelines import interruption, settings
from pipelines.cli.desk import Misuse, put

OK, DATA, USAGE, ENVIRONMENT, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 130

#: command → (module:function, what it does in Chinese, in English); order is that of the help.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo:demo", "离线演示：造一省的报送、跑全流程、出 11 市一览", "a made-up province, the whole pipeline"),
    "run": ("run:run", "每晚的全流程：留存、入库、指标、成果、发布", "the nightly: capture to release"),
    "backfill": ("backfill:backfill", "回算若干年份，先列计划", "recompute years in one run, plan first"),
    "check": ("check:check", "报送前自查：逐条列出问题与建议", "what a clerk runs before handing in"),
    "template": ("template:template_command", "空白填报模板：列表、说明、单位齐备", "an empty workbook to fill in"),
    "explain": (
        "explain:explain_command",
        "一个指标值从哪里来，直到文件和行",
        "where a figure comes from, to file and row",
    ),
    "report": (
        "report:report",
        "评估成果：网页、Excel 附表、Word、PDF",
        "evaluation outputs: page, workbook, document, PDF",
    ),
    "query": ("query:query", "用 SQL 查询当前发布（只读）", "SQL on the current release, read-only"),
    "status": ("status:status", "各市报送是否齐全、最近发布、待入库文件", "missing submissions, last release"),
    "calendar": ("deadlines:calendar", "工作时点及各市完成情况", "deadlines and who has met them"),
    "targets": ("targets:targets", "方案目标表及合计", "targets of the plan with their sums"),
    "dict": ("dictionary:search", "数据字典检索", "search the data dictionary"),
    "releases": ("releases:releases", "全部发布", "all releases"),
    "rollback": ("releases:rollback", "把当前发布切换到另一发布", "make another release the current one"),
    "diff": ("diff:diff", "两个发布之间变了什么、为什么", "what changed between two releases, and why"),
    "publish": ("publish:publish_command", "发布状态：草稿 → 公示 → 定稿", "a release's state: draft, notice, final"),
    "object": ("objection:object_command", "公示期间的异议：提出、处理、列出", "objections during public notice"),
    "acknowledge": ("acknowledge:acknowledge_command", "说明超限跳变：署名、理由、有效期", "say why a jump is right"),
    "doctor": ("doctor:doctor", "检查运行环境，逐项给出处理办法", "the environment, with a remedy per line"),
    "synth": ("demo:synth", "生成仿真报送数据", "the data generator"),
}


class Commands(click.Group):
    """Finds commands in COMMANDS without importing more than the one that was called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name][0].split(":")
        return getattr(import_module(f"pipelines.cli.{module}"), function)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise Misuse(
                f"没有命令 {args[0]!r}；可用的命令：{'、'.join(COMMANDS)}",
                f"no command {args[0]!r}; there are: {', '.join(COMMANDS)}",
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """What the command returns. A pipe that breaks within it is a failure like any other: the readers of stdout and
        stderr are `desk.put`'s business, and click would end in silence."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise RuntimeError(f"BrokenPipeError: {error}") from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        english = _english()
        with formatter.section("Commands" if english else "命令 Commands"):
            formatter.write_dl([(name, texts[1 + english]) for name, texts in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="landstock", message="landstock %(version)s")
def landstock() -> None:
    """存量空间提质增效行动方案（2025）评估数据管线。

    From the bureaus' submissions to eight indicators per city and year.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with the contract's exit code."""
    lean()
    _speak_utf8()
    interruption.listen(_leave)
    code = call(arguments)
    interruption.only_listen()
    if code == INTERRUPTED:
        os._exit(code)  # Python, on its way out, would hear a second Ctrl-C
    gc.freeze()  # Python ends a second sooner: it would look through a million objects once more
    sys.exit(code)


def call(arguments: Sequence[str] | None = None) -> int:
    """Run a command; every failure becomes a sentence on stderr and an exit code, never a traceback."""
    _given[:] = sys.argv[1:] if arguments is None else arguments
    try:
        return landstock.main(arguments, prog_name="landstock", standalone_mode=False) or OK
    except click.exceptions.NoArgsIsHelpError as error:
        put(error.ctx.get_help(), err=True)
        return USAGE
    except click.UsageError as error:
        _complain(_usage_in_english(error) if _english() else _usage(error))
        return USAGE
    except click.ClickException as error:
        _complain(error.format_message())
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except Exception as error:
        if interruption.heard():
            return _interrupted()
        text, code = _explain(error)
        _complain(text)
        return code


_farewell = threading.Lock()  # never released: `_leave` may be called while the command says it


def _interrupted() -> int:
    if _farewell.acquire(blocking=False):
        zh, en = (
            "已中断。完成的部分都已保存，重新执行即可继续",
            "interrupted. What was done is kept; run it again to go on",
        )
        _complain(en if _english() else zh)
    return INTERRUPTED


def _leave() -> None:
    """The end of a command that did not end by itself."""
    os._exit(_interrupted())


def _explain(error: Exception) -> tuple[str, int]:
    import duckdb

    from assets.release import UnknownRelease
    from assets.trust.journal import Refused
    from schemas.policy import PolicyError

    if out_of_space(str(error)) or (not isinstance(error, Trouble) and _home().is_full()):
        error = _home().full()
    if isinstance(error, duckdb.IOException):
        error = _home().unopened(str(error)) or error
    if isinstance(error, Trouble):
        wrong = isinstance(error, UnknownRelease | Refused)
        code = BUSY if isinstance(error, Locked) else USAGE if wrong else ENVIRONMENT
        return (error.en if _english() else str(error)), code
    if isinstance(error, PolicyError):
        zh, en = f"口径、目标或行政区划设置有误：{error}", f"rules, targets or regions are not in order: {error.en}"
        return (en if _english() else zh), USAGE
    if isinstance(error, OSError) and error.filename:
        zh = f"不能读写 {error.filename}（{error.strerror}）。请关闭已打开的同名文件、检查权限和磁盘，或换一个位置"
        en = f"cannot read or write {error.filename} ({error.strerror}). Close the file, check permissions, or choose another place"
        return (en if _english() else zh), ENVIRONMENT
    log, kind, said = _write_log(error), type(error).__name__, " ".join(str(error).split())[:200]
    zh = f"程序遇到意外错误：{kind}：{said}。详情见 {log or '（日志无法写入）'}；可先运行 landstock doctor 检查环境"
    en = f"unexpected error: {kind}: {said}. Details: {log or '(no log could be written)'}; landstock doctor may help"
    return (en if _english() else zh), ENVIRONMENT


def _write_log(error: Exception) -> Path | None:
    """The full story for whoever maintains the program; in the home when it can be written, else beside it."""
    try:
        folder = _home().logs
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"error-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        return log
    except Exception:
        return None


def _home() -> Home:
    """The home that this command was called for, as far as the flags tell."""
    return settings.load({"home": _flag("--home")}).place


_given: list[str] = []  # the arguments of the call, for what must be known of it before, or without, its flags


def _flag(name: str) -> str | None:
    """What an option was given, as far as one can tell without its command."""
    after = [value for flag, value in pairwise(_given) if flag == name]
    after += [each.removeprefix(f"{name}=") for each in _given if each.startswith(f"{name}=")]
    return after[-1] if after else None


def _usage(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "landstock"
    return f"用法有误：{_usage_problem(error)}。用法见 {command} --help"


def _usage_in_english(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "landstock"
    return f"wrong usage: {_usage_problem_in_english(error).removesuffix('.')}. See {command} --help"


def _usage_problem_in_english(error: click.UsageError) -> str:
    if isinstance(error, click.MissingParameter):
        return error.format_message()
    said = error.en if isinstance(error, Misuse) else error.message
    return f"{_name(error.param)}: {said}" if isinstance(error, click.BadParameter) and error.param else said


def _usage_problem(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        return f"没有选项 {error.option_name}"
    if isinstance(error, click.MissingParameter):
        return f"缺少 {error.param.make_metavar(error.ctx) if error.param else ''}"
    if isinstance(error, click.BadParameter) and error.param:
        return f"{_name(error.param)}：{_said_in_chinese(error)}"
    if found := re.fullmatch(r"Got unexpected extra arguments? \((.*)\)", error.message):
        return f"多出了参数 {found[1]}（含空格的值要加引号）"
    return error.message


def _name(param: click.Parameter) -> str:
    name = param.opts[0]
    return (param.metavar or name.upper()).strip("[]") if isinstance(param, click.Argument) else name


def _said_in_chinese(error: click.BadParameter) -> str:
    """What click says of a value, for its own types."""
    kind, value = error.param.type, re.search(r"'(.*?)'|^(\S+) is not in the range", error.message)
    given = f"{(value[1] or value[2])!r} " if value else ""
    if isinstance(kind, click.Path) and not isinstance(error, Misuse):
        return f"{given}没有读取权限"
    if isinstance(kind, click.IntRange):
        return f"{given}不是 {kind.min} 到 {kind.max} 的整数"
    if isinstance(kind, click.types.IntParamType):
        return f"{given}不是整数"
    if isinstance(kind, click.Choice):
        return f"{given}不在可选范围：{'、'.join(map(str, kind.choices))}"
    return error.message


def _english() -> bool:
    return settings.language(_flag("--lang")) == "en"


def _complain(text: str) -> None:
    if "--log-json" in _given:
        line = {"at": datetime.now(SHANGHAI).isoformat(timespec="seconds"), "level": "error", "message": text}
        text = json.dumps(line, ensure_ascii=False)
    put(text, err=True)


def _speak_utf8() -> None:
    """Chinese comes out whole under LANG=C too."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
