"""An explanation as a person reads it in a terminal: sections of aligned text."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from assets.explain.model import Change, Excluded, Explanation, Group, Record
from assets.explain.words import BASES
from assets.outputs import format as shown
from pipelines.cli.desk import Desk
from pipelines.cli.tables import clip, table
from schemas.indicators import FLAGS, PARTS, WORDS
from schemas.submissions import TABLES
from schemas.table import UNITS_EN

Words = tuple[str, str]  # Chinese, English

_ROLES = {
    "numerator": ("分子", "numerator"), "denominator": ("分母", "denominator"), "both": ("分子和分母", "both"),
    "excluded": ("剔除", "excluded"),
}  # fmt: skip


_STOPS = str.maketrans({"、": ", ", "：": ": ", "；": "; "})


def page(desk: Desk, made: Explanation) -> str:
    """The whole text; sections without content are left out."""
    largest, excluded, unit = len(made.largest), len(made.largest_excluded), _unit(desk, made.part_unit)
    sections = (
        (("计入的记录", "what counts"), _groups(desk, made.groups, unit)),
        (("剔除的记录", "excluded"), _groups(desk, made.exclusions, unit)),
        (("没有日期，不属于任何一年", "without a date, in no year"), _groups(desk, made.undated, unit)),
        (("除数", "divisors"), _records(desk, made.divisors, made)),
        ((f"最大的 {largest} 条", f"the {largest} largest"), _records(desk, made.largest, made)),
        (
            (f"剔除的最大 {excluded} 条", f"the {excluded} largest excluded"),
            _left_out(desk, made.largest_excluded, unit),
        ),
        (("全部记录", "all records"), _query(desk, made)),
        (("分项", "parts"), _parts(desk, made)),
        (("评价", "assessment"), _judged(desk, made)),
        (("口径", "rules"), _rules(desk, made)),
        (("与上一发布相比", "since the last release"), _change(desk, made)),
    )
    shown_sections = (desk.section(title, body) for title, body in sections if body)
    return "\n\n".join([_head(desk, made), *shown_sections])


def _head(desk: Desk, made: Explanation) -> str:
    days = _aside(desk, f"{made.period_start} – {made.period_end}")
    title = (
        made.region_name,
        desk.pick(made.label, made.label_en),
        str(made.year),
        desk.pick(*BASES[made.basis]) + days,
    )
    versions = (
        f"{desk.pick('发布', 'release')} {made.release_id}",
        f"{desk.pick('截止', 'as of')} {made.as_of}",
        f"{desk.pick('口径', 'rules')} {made.rule_version}",
        f"{desk.pick('目标', 'targets')} {made.target_version or shown.NOTHING}",
    )
    facts = [(("指标值", "value"), _value(desk, made))]
    if made.why_absent:
        facts.append((("缺值", "absent"), desk.pick(made.why_absent.zh, made.why_absent.en)))
    if made.derived or made.flags:
        remarks = [desk.pick("推算", "derived")] if made.derived else []
        remarks += [desk.pick(*FLAGS[flag]) for flag in (made.flags or "").split(",") if flag]
        facts.append((("标注", "remarks"), desk.pick("；", "; ").join(remarks)))
    formula = desk.pick(f"{made.formula}（口径 {made.section}）", f"{made.formula_en} ({made.section})")
    facts += [
        (("公式", "formula"), formula),
        (("计算", "sums"), _sums(desk, made)),
        (("记录", "records"), _counted(desk, made)),
    ]  # fmt: skip
    lines = [f"{desk.pick(*label)}  {text}" for label, text in facts]
    return "\n".join([" · ".join(title), " · ".join(versions), "", *lines])


def _aside(desk: Desk, text: str) -> str:
    return desk.pick(f"（{text}）", f" ({text})")


def _unit(desk: Desk, unit: str) -> str:
    return desk.pick(unit, UNITS_EN[unit])


def _value(desk: Desk, made: Explanation) -> str:
    state = _aside(desk, desk.pick(*WORDS[made.data_state][:2]))
    if made.absence:
        return f"{shown.NOTHING}{state}"
    exact = desk.pick(f"　未取整 {made.value!r}", f"  unrounded {made.value!r}")
    return f"{_beside_targets(desk, made.value, made)}{state}{exact}"


def _beside_targets(desk: Desk, value: float | None, made: Explanation) -> str:
    """A value with the decimals that keep it on its side of the targets that it is judged against further down."""
    targets = [each.target for each in made.judged if each.target is not None]
    return shown.quantity(value, made.unit, targets, desk.english)


def _counted(desk: Desk, made: Explanation) -> str:
    counts, excluded = made.record_count, made.excluded_count
    return desk.pick(f"{counts} 条计入，{excluded} 条剔除", f"{counts} count, {excluded} excluded")


def _sums(desk: Desk, made: Explanation) -> str:
    if made.numerator is None and made.denominator is None:
        return desk.pick("没有可加总的记录", "nothing to add up")
    top = _amount(made.numerator_sum if made.numerator is not None else None)
    over = f" ÷ {_amount(made.denominator_sum)}" if made.denominator is not None else ""
    gap = desk.pick("　", "  ")
    follows = f"{gap}→ {made.recomputed!r}" if made.recomputed is not None and over else ""
    agrees = ("✓ 台账重新加总，与公布值一致", "✓ the ledger, added again, gives what was published")
    differs = ("✕ 台账重新加总，与公布值不符！", "✕ the ledger, added again, does NOT give what was published!")
    return f"{top}{over} {_unit(desk, made.part_unit)}{follows}{gap}{desk.pick(*(agrees if made.adds_up else differs))}"


def _amount(value: Decimal | None) -> str:
    """Exact, without idle zeros."""
    if value is None:
        return shown.NOTHING
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _titles(desk: Desk, *words: Words) -> list[str]:
    return [desk.pick(*each) for each in words]


def _source(desk: Desk, name: str) -> str:
    return desk.pick(TABLES[name].label, name) if name in TABLES else name


def _component(desk: Desk, name: str) -> str:
    """A part of the indicator in words; land classes and the like are words already."""
    return desk.pick(*PARTS.get(name, (name, name)))


def _groups(desk: Desk, groups: list[Group], unit: str) -> str:
    if not groups:
        return ""
    header = _titles(
        desk, ("来源", "source"), ("组成", "component"), ("作用", "role"), ("原因", "reason"), ("条数", "records"),
        (f"计入数（{unit}）", f"amount ({unit})"), ("记录面积（亩）", "own area (mu)"),
    )  # fmt: skip
    rows = [
        [
            _source(desk, each.source_table), _component(desk, each.component or ""), desk.pick(*_ROLES[each.role]),
            clip(desk.pick(each.reason_label or "", each.reason or ""), 36), f"{each.records:,}", _amount(each.amount),
            _amount(each.area_mu),
        ]
        for each in groups
    ]  # fmt: skip
    return table(header, rows, right={4, 5, 6})


def _records(desk: Desk, records: list[Record], made: Explanation) -> str:
    if not records:
        return ""
    ratio = made.denominator is not None
    amounts = (
        [("分子", "numerator"), ("分母", "denominator")] if ratio else [(made.part_unit, UNITS_EN[made.part_unit])]
    )
    header = _titles(
        desk, ("来源", "source"), ("记录", "key"), ("地区", "region"), ("日期", "date"), *amounts,
        ("文件、表、行", "file, sheet, row"),
    )  # fmt: skip
    rows = [
        [
            _source(desk, each.source_table), clip(each.record_key, 40), each.region_code,
            str(each.event_date or each.year), _amount(each.numerator), *([_amount(each.denominator)] * ratio),
            _place(desk, (each.file_name, each.sheet), each.row_number),
        ]
        for each in records
    ]  # fmt: skip
    return table(header, rows, right={4, 5} if ratio else {4})


def _left_out(desk: Desk, rows: list[Excluded], unit: str) -> str:
    if not rows:
        return ""
    header = _titles(
        desk, ("来源", "source"), ("记录", "key"), ("地区", "region"), ("日期", "date"), ("原因", "reason"), (unit, unit),
        ("文件、表、行", "file, sheet, row"),
    )  # fmt: skip
    return table(
        header,
        [
            [
                _source(desk, each.source_table), clip(each.record_key, 40), each.region_code,
                str(each.event_date or each.year or ""), clip(desk.pick(each.reason_label or each.reason, each.reason), 36),
                _amount(each.amount), _place(desk, (each.file_name, each.sheet), each.row_number),
            ]
            for each in rows
        ],
        right={5},
    )  # fmt: skip


def _query(desk: Desk, made: Explanation) -> str:
    """How to list every record behind the figure."""
    if not made.record_count + made.excluded_count:
        return ""
    figure = f"'{made.region_code}', '{made.indicator}', {made.year}, '{made.basis}'"
    home = f" --home {desk.home.path}" if "home" in desk.named else ""
    return f'landstock query "FROM figure_contribution({figure})" --rows 0{home}'


def _place(desk: Desk, names: Iterable[str | None], row: int) -> str:
    return " ".join([*(name for name in names if name), desk.pick(f"第{row}行", f"row {row}")])


def _parts(desk: Desk, made: Explanation) -> str:
    return "\n".join(
        f"{desk.pick(part.label, part.label_en)}  {shown.quantity(part.value, part.unit, english=desk.english)}"
        for part in made.parts
    )


def _judged(desk: Desk, made: Explanation) -> str:
    if not made.judged and made.region_level == "county":
        return desk.pick("县（市、区）只监测，不评价", "counties are monitored, without verdicts")
    if not made.judged:
        return desk.pick("此口径期间不单独评价", "not judged on this basis")
    lines = []
    for each in made.judged:
        ranked = desk.pick(f"，第 {each.rank} 位", f", rank {each.rank}") if each.rank else ""
        said = desk.pick(each.sentence.zh, each.sentence.en)
        lines.append(f"{WORDS[each.verdict][2]} {each.horizon}  {said}{ranked}")
    return "\n".join(lines)


def _rules(desk: Desk, made: Explanation) -> str:
    """What a rule rests on is said in the words of the plan, hence in Chinese alone."""
    header = _titles(desk, ("口径项", "rule"), ("取值", "value"), ("", ""), ("含义", "meaning"))
    kinds = {True: ("可调", "switch"), False: ("固定", "fixed")}
    rows = [
        [
            rule.name, clip(desk.pick(rule.value, rule.value.translate(_STOPS)), 44), desk.pick(*kinds[rule.switch]),
            desk.pick(clip(rule.label, 50), clip(rule.label_en, 70)), *([] if desk.english else [clip(rule.basis, 40)]),
        ]
        for rule in made.rules
    ]  # fmt: skip
    return table([*header, *([] if desk.english else ["依据"])], rows)


def _change(desk: Desk, made: Explanation) -> str:
    change = made.change
    if change is None:
        return ""
    values = ((change.value, change.absence), (made.value, made.absence))
    old, new = (
        desk.pick(*WORDS[absence][:2]) if absence else _beside_targets(desk, value, made) for value, absence in values
    )
    difference = _aside(desk, shown.gap(change.difference, made.unit)) if change.difference else ""
    colon = desk.pick("：", ": ")
    lines = [f"{change.release_id}{_aside(desk, str(change.as_of))}{colon}{old} → {new}{difference}"]
    for horizon, (before, now) in change.verdicts.items():
        if before != now:
            words = (desk.pick(*WORDS[each][:2]) if each else shown.NOTHING for each in (before, now))
            lines.append(f"{horizon}{colon}{' → '.join(words)}")
    lines += [f"{desk.pick('口径', 'rules')} {' → '.join(change.rules)}"] if change.rules else []
    lines += [f"{desk.pick('目标', 'targets')} {' → '.join(change.targets)}"] if change.targets else []
    return "\n".join([*lines, *_changed_records(desk, change)])


def _changed_records(desk: Desk, change: Change) -> list[str]:
    lines = [
        desk.pick(
            f"记录：新增 {change.added}，不再计入 {change.removed}，改动 {change.changed}",
            f"records: {change.added} added, {change.removed} gone, {change.changed} changed",
        )
    ]
    for row in change.largest:
        amounts = f"{_amount(row['old_top'])} → {_amount(row['new_top'])}"
        if row["old_bottom"] or row["new_bottom"]:
            amounts += f" / {_amount(row['old_bottom'])} → {_amount(row['new_bottom'])}"
        where = _place(desk, (row["file_name"],), row["row_number"])
        record = f"{_source(desk, row['source_table'])} {row['record_key']}"
        lines.append(desk.pick(f"  {record}：{amounts}　{where}", f"  {record}: {amounts}  {where}"))
    return lines
