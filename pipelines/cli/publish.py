"""`landstock publish`: a release's state, 草稿 → 公示 → 定稿."""

from __future__ import annotations

from dataclasses import asdict

import click

from assets.trust import publishing, states
from pipelines import settings
from pipelines.cli.desk import Desk, Misuse, options
from pipelines.cli.tables import table
from schemas.trust import STATE_WORDS, State

FORWARD = (State.NOTICE, State.FINAL)


@click.command(name="publish")
@click.argument("release_id", metavar="RELEASE")
@click.option("--state", "to", type=click.Choice([str(each) for each in FORWARD]), help="目标状态；不写则列出经过")
@click.option("--by", metavar="NAME", help="经办人 who")
@click.option("--note", default="", help="备注，如文号 a remark")
@options("home", "json")
def publish_command(desk: Desk, release_id: str, to: str | None, by: str | None, note: str) -> int:
    """把发布推进到公示或定稿，记下经办人和时间；不带 --state 时列出经过。

    状态只能向前。公示、定稿的发布不会被清理；还有未处理异议时不能定稿；推演不能公示。

    Move a release to public notice or final; without --state, show its history.
    """
    home = desk.home.require()
    if to is not None:
        if not (by or "").strip():
            raise Misuse("改变状态需要写明经办人：--by 姓名", "say who changes the state: --by NAME")
        step = publishing.publish(home, release_id, State(to), by.strip(), settings.now(), note)
        if not desk.machine:
            at = step.at.replace("T", " ")[:16]
            desk.show(
                desk.pick(
                    f"发布 {release_id} 现为「{to}」（{step.by}，{at}）",
                    f"release {release_id} is now {STATE_WORDS[State(to)]} ({step.by}, {at})",
                )
            )
            return 0
    return _history(desk, release_id)


def _history(desk: Desk, release_id: str) -> int:
    from assets import release

    made, steps = release.manifest(desk.home, release_id), states.history(desk.home, release_id)
    if desk.machine:
        desk.hand_out(
            {
                "release_id": release_id,
                "state": states.state(desk.home, release_id),
                "steps": [asdict(s) for s in steps],
            }
        )
        return 0
    header = [desk.pick(*each) for each in (("状态", "state"), ("经办人", "by"), ("时间", "at"), ("备注", "note"))]
    rows = [[desk.pick(State.DRAFT, STATE_WORDS[State.DRAFT]), "", made.made_at.replace("T", " ")[:16], ""]]
    rows += [
        [desk.pick(step.state, STATE_WORDS[State(step.state)]), step.by, step.at.replace("T", " ")[:16], step.note]
        for step in steps
    ]
    desk.show(table(header, rows))
    return 0
