"""Moving a release towards the public (草稿 → 公示 → 定稿): what must hold before, checked in one place."""

from __future__ import annotations

from datetime import datetime

from assets import release
from assets.home import Home
from assets.release import Kind
from assets.trust import objections, states
from assets.trust.journal import JournalError, Refused
from assets.trust.objections import Objection
from assets.trust.states import Step
from schemas.trust import STATE_WORDS, State


def publish(home: Home, release_id: str, to: State, by: str, at: datetime, note: str = "") -> Step:
    """Move a whole release, that is no what-if, forward; to 定稿 only when every objection to it is resolved.

    Raises UnknownRelease, ReleaseError or Refused; nothing is recorded then.
    """
    made = release.manifest(home, release_id)
    if made.kind == Kind.WHAT_IF:
        raise Refused(
            f"发布 {release_id} 是推演（口径 {made.stamp.rule_version}），不能公示或定稿",
            f"release {release_id} is a what-if ({made.stamp.rule_version}); it stays a draft",
        )
    if broken := [*release.verify(home, release_id), *changed_manifest(home, release_id)]:
        raise JournalError(
            f"发布 {release_id} 不完整：{'、'.join(broken)} 与清单不符，状态未变。请重新运行产生新发布",
            f"release {release_id} is damaged: {', '.join(broken)}; its state is unchanged. Make a new release",
        )
    if to is State.FINAL and (waiting := open_objections(home, release_id)):
        numbers = [str(each.objection_no) for each in waiting]
        raise Refused(
            f"发布 {release_id} 还有未处理的异议：{'、'.join(numbers)}。请先用 landstock object {release_id} --resolve 编号 处理",
            f"release {release_id} has open objections: {', '.join(numbers)}. Resolve them first: landstock object --resolve",
        )
    return states.advance(home, release_id, to, by, at, note)


def open_objections(home: Home, release_id: str) -> list[Objection]:
    """Objections to a release that nobody has resolved yet: they hold 定稿 back."""
    return [o for o in objections.known(home) if o.on_release == release_id and o.state == objections.OPEN]


def object_to(
    home: Home, release_id: str, region_code: str, indicator: str, year: int, text: str, by: str, at: datetime
) -> Objection:
    """Record an objection to a release in public notice. Raises UnknownRelease or Refused."""
    release.manifest(home, release_id)
    if (now := states.state(home, release_id)) is not State.NOTICE:
        raise Refused(
            f"发布 {release_id} 现为「{now}」，异议只在公示期间受理。"
            + ("请先 landstock publish --state 公示" if now is State.DRAFT else "定稿后的更正请重新报送，随新发布生效"),
            f"release {release_id} is {STATE_WORDS[now]}; objections are taken during public notice only",
        )
    return objections.raise_(home, release_id, region_code, indicator, year, text, by, at)


def broken_finals(home: Home) -> dict[str, list[str]]:
    """Releases in 公示 or 定稿 that are missing or no longer what was published → damaged files, none for all of it."""
    found, unreadable = {}, release.damaged(home)
    for release_id in sorted(states.held(home)):
        if not (home.releases / release_id).is_dir():
            found[release_id] = []
        elif release_id in unreadable:
            found[release_id] = [release.MANIFEST]
        elif wrong := [*release.verify(home, release_id), *changed_manifest(home, release_id)]:
            found[release_id] = wrong
    return found


def changed_manifest(home: Home, release_id: str) -> list[str]:
    """The manifest as a damaged file, when it is no longer the one that was published."""
    return [release.MANIFEST] if states.tampered(home, release_id) else []
