"""The chapter on an evaluation made again (初评与重评): what was said during the year, what final data say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assets.outputs.blocks import KINDS, Block, Head, Paragraph, Table, verdict
from assets.outputs.format import NOTHING, day
from assets.outputs.model import Restated, Restatement
from schemas.indicators import Verdict

TITLE = "初评与重评对比"


def chapter(made: Restatement) -> Iterator[Block]:
    """What changed in words, the province's table, then the cities'."""
    yield Paragraph(summary(made))
    province = [each for each in made.rows if each.region.level == "province"]
    cities = [each for each in made.rows if each.region.level == "city"]
    if province:
        yield _table(f"{made.year}年全省主要指标初评与重评", "指标", province)
    if cities:
        yield _table(f"{made.year}年各市主要指标初评与重评", "设区市、指标", cities)


def summary(made: Restatement) -> str:
    """`… 初评所作预测中已有结果的80项次，落在80%区间内的61项次；预测达标的40项次中，实际已达标38项次；…`"""
    known = [each for each in made.rows if each.inside is not None]
    forecast = f"初评所作预测中已有结果的{len(known)}项次，落在80%区间内的{sum(each.inside for each in known)}项次"
    for meets, word in ((True, "预测达标"), (False, "预测未达标")):
        of = [each.after.verdict == Verdict.ACHIEVED for each in known if each.before.forecast.meets is meets]
        forecast += f"；{word}的{len(of)}项次中，实际已达标{sum(of)}项次" if of else ""
    return (
        f"{made.year}年{KINDS[made.kind].removeprefix('年')}初评由发布{made.old_release_id}作出，数据截至{day(made.old_as_of)}，"
        f"年末水平以预测表示；现按最新数据重新评价，两次评价对比见下表。" + (f"{forecast}。" if known else "")
    )


def _table(caption: str, first: str, rows: Sequence[Restated]) -> Table:
    named = len({each.region.code for each in rows}) > 1
    header = (
        (Head(first, rows=2), Head("初评", 2), Head("初评预测（非实绩）", 2), Head("重评", 2), Head("较预测", rows=2)),
        (Head("实绩"), Head("结论"), Head("预测值"), Head("区间"), Head("实绩"), Head("结论")),
    )
    lines = tuple(
        (
            f"{each.region.name if named else ''}{each.indicator.short_label}",
            each.before.text,
            verdict(each.before),
            each.before.forecast.text if each.before.forecast else NOTHING,
            each.before.forecast.text_range if each.before.forecast else NOTHING,
            each.after.text,
            verdict(each.after),
            each.error_text,
        )
        for each in rows
    )
    note = "面积单位：亩；百分率的差单位：百分点。较预测＝重评实绩－初评预测值，按未取整的数值计算。"
    return Table(caption, header, lines, (3.1, 1.2, 1.25, 1.2, 2.2, 1.2, 1.25, 1.1), "lrcrcrcr", note, small=True)
