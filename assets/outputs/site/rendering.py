"""From a page's data to its HTML: templates, the style and script they carry, and the policy that allows these.

A page opened from a folder has no origin, so nothing but its own bytes may serve it: one style and one script stand
in the page, and the content-security policy names them by hash and forbids everything else.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assets.outputs.format import day
from assets.outputs.site import figures, words

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Inlined:
    """A text that stands in every page, with the hash by which the policy allows it."""

    text: Markup
    hash: str


@cache
def inlined(name: str) -> Inlined:
    """A file of `static/` as it stands in the page."""
    text = _without_blank_lines((HERE / "static" / name).read_text(encoding="utf-8"))
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Inlined(Markup(text), f"sha256-{digest}")


@cache
def policy() -> str:
    """The content-security policy (内容安全策略) of every page."""
    return (
        f"default-src 'none'; style-src '{inlined('site.css').hash}'; script-src '{inlined('site.js').hash}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def environment() -> Environment:
    """Templates with the words and figures they may use. An undefined name is an error, not an empty place."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(t=words.t, words=words, figures=figures)
    env.globals.update(style=inlined("site.css"), script=inlined("site.js"), policy=policy())
    env.filters.update(day=day, number=figures.sort_key, count=figures.count)
    return env


def compile_templates() -> None:
    """Before they are needed: all together, it takes as long as drawing the pages."""
    for name in environment().list_templates():
        environment().get_template(name)


def render(template: str, **data: object) -> str:
    """The HTML of one page."""
    text = environment().get_template(template).render(**data)
    return _without_blank_lines(text) + "\n"


def _without_blank_lines(text: str) -> str:
    """One rule for page, style and script: the hashes hold only for the very text that stands in the page."""
    return "\n".join(line for line in text.splitlines() if line.strip())


@cache
def code_hash() -> str:
    """Changes whenever a page could look different for the same data: templates, style, script and drawing."""
    digest = hashlib.sha256()
    sources = [HERE.parent / "charts.py", *sorted(path for path in HERE.rglob("*") if path.suffix in _SOURCES)]
    for path in sources:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


_SOURCES = {".py", ".j2", ".css", ".js"}
