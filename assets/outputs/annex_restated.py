"""Sheets of the Excel annex on what differs: an evaluation made again, and the release before."""

from __future__ import annotations

from assets.outputs.annex_words import plain, unit_of, unit_word
from assets.outputs.blocks import KINDS, verdict
from assets.outputs.format import day
from assets.outputs.model import ReportModel, Restatement
from assets.outputs.sheets import Column, Figure, Mark, Sheet


def restatement(made: Restatement) -> Sheet:
    """First made and made again, cell by cell; the forecast stands apart."""
    columns = [
        *plain("地区", "指标", "单位"),
        Column(("初评", "实绩")), Column(("初评", "结论")),
        *(Column(("初评预测（非实绩）", head), forecast=True) for head in ("预测值", "下限", "上限")),
        Column(("重评", "实绩")), Column(("重评", "结论")),
        Column(("实绩变动",)), Column(("较预测",)), Column(("在区间内",), align="center"),
        Column(("结论改变",), align="center"),
    ]  # fmt: skip
    rows = []
    for each in made.rows:
        before, after, ahead = each.before, each.after, each.before.forecast
        expected = (
            ((ahead.value, ahead.text), (ahead.low, ahead.low_text), (ahead.high, ahead.high_text)) if ahead else ()
        )
        rows.append([
            each.region.name, each.indicator.label, unit_of(each.indicator),
            Figure(before.value, before.text), Mark(before.verdict, verdict(before)),
            *([Figure(*one) for one in expected] or (None,) * 3),
            Figure(after.value, after.text), Mark(after.verdict, verdict(after)),
            Figure(each.change, each.change_text), Figure(each.error, each.error_text),
            None if each.inside is None else "是" if each.inside else "否", "是" if each.flipped else "否",
        ])  # fmt: skip
    title = f"{made.year}年{KINDS[made.kind]}初评与重评对比表"
    notes = (
        f"初评由发布{made.old_release_id}作出，数据截至{day(made.old_as_of)}；预测为初评时对{made.year}年12月31日的预测，区间为80%区间。",
        "百分率的变动单位为百分点；变动与较预测按未取整的数值计算。",
    )
    return Sheet(f"{made.year}年评估重述", title, columns, rows, notes, frozen=2, filtered=True)


def revisions(model: ReportModel) -> Sheet:
    """Figures of the province and the cities that differ from the release before, with the main cause."""
    made = model.revisions
    labels = {each.code: each.label for each in model.indicators}
    heads = ("地区", "指标", "年份", "单位", "原值", "现值", "变动", "主要原因", "结论变动", "记录数")
    rows = [
        [
            each.region.name, labels[each.indicator], each.year, unit_word(each.unit),
            Figure(each.old_value, each.old_text), Figure(each.new_value, each.new_text),
            Figure(each.change, each.change_text), each.cause_label, "；".join(each.flips) or None, each.records,
        ]
        for each in made.rows
    ]  # fmt: skip
    notes = (
        f"与前一发布{made.old_release_id}（数据截至{day(made.old_as_of)}）比较；百分率的变动单位为百分点。全部：{made.sql}",
    )
    return Sheet("较前一发布变动", "全省和各市有变动的指标值", plain(*heads), rows, notes, frozen=2, filtered=True)
