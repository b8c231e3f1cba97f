"""`landstock releases` and `landstock rollback`."""

from __future__ import annotations

from dataclasses import asdict

import click

from assets import release
from assets.trust import states
from pipelines.cli.desk import Desk, options
from pipelines.cli.tables import table
from schemas.trust import STATE_WORDS, State

KINDS = {
    release.Kind.RELEASE: ("发布", "release"),
    release.Kind.LOOK_BACK: ("回看", "look back"),
    release.Kind.WHAT_IF: ("推演", "what-if"),
}


@click.command()
@options("home", "json")
def releases(desk: Desk) -> int:
    """全部发布，由旧到新；● 为当前发布。

    All releases, oldest first; ● is the current one.
    """
    now, every = release.current(desk.home.require()), release.manifests(desk.home)
    published = states.states(desk.home)
    if desk.machine:
        desk.hand_out(
            [_as_data(each, each.release_id == now, states.history(desk.home, each.release_id)) for each in every]
        )
        return 0
    if not release.ids(desk.home):
        desk.tell("还没有发布。先执行 landstock run", "no release yet. Make one: landstock run")
        return 0
    header = [
        ("", ""),
        ("发布", "release"),
        ("类型", "kind"),
        ("状态", "state"),
        ("截止日", "as of"),
        ("口径", "rules"),
        ("生成时间", "made at"),
        ("行数", "rows"),
    ]
    broken = [["✕", each, desk.pick("清单损坏", "damaged"), "", "", "", "", ""] for each in release.damaged(desk.home)]
    rows = [
        [
            "●" if each.release_id == now else "",
            each.release_id,
            desk.pick(*KINDS[release.Kind(each.kind)]),
            desk.pick(state := published.get(each.release_id, State.DRAFT), STATE_WORDS[state]),
            each.stamp.as_of,
            each.stamp.rule_version,
            each.made_at.replace("T", " ")[:16],
            f"{sum(each.rows.values()):,}",
        ]
        for each in every
    ]
    rows = sorted([*rows, *broken], key=lambda row: release.order(row[1]))
    desk.show(table([desk.pick(*each) for each in header], rows, right={7}))
    return 0


def _as_data(made: release.Manifest, current: bool, steps: list[states.Step]) -> dict:
    return {
        "release_id": made.release_id, "current": current, "kind": made.kind, "as_of": made.stamp.as_of,
        "rule_version": made.stamp.rule_version, "target_version": made.stamp.target_version,
        "state": steps[-1].state if steps else State.DRAFT, "steps": [asdict(step) for step in steps],
        "made_at": made.made_at, "parent": made.parent, "inputs": made.stamp.inputs, "rows": dict(made.rows),
    }  # fmt: skip


@click.command()
@click.argument("release_id", metavar="RELEASE")
@options("home", "json")
def rollback(desk: Desk, release_id: str) -> int:
    """把当前发布切换到另一发布；先核对其完整性。

    Make another release the current one, after checking that it is whole.
    """
    before = release.current(desk.home.require())
    chosen = release.rollback(desk.home, release_id)
    if desk.machine:
        desk.hand_out({"before": before, "current": chosen.release_id})
    else:
        desk.show(
            desk.pick(
                f"当前发布现为 {chosen.release_id}（截止日 {chosen.stamp.as_of}），此前为 {before or '无'}",
                f"the current release is now {chosen.release_id} (as of {chosen.stamp.as_of}); before: {before or 'none'}",
            )
        )
    return 0
