"""`landstock explain`: a figure taken apart, down to file and row."""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import click

from assets import release
from assets.explain import UnknownFigure, explain, find_indicator
from assets.explain_model import Change, Explanation, Group, Record
from assets.explain_words import BASES
from assets.outputs import format as shown
from pipelines.cli.desk import Day, Desk, options
from pipelines.cli.tables import clip, table
from schemas.indicators import WORDS, Basis
from schemas.submissions import TABLES


@click.command(name="explain")
@click.argument("region", metavar="CITY")
@click.argument("indicator", metavar="INDICATOR")
@click.argument("year", type=click.IntRange(1987, 2100), metavar="YEAR")
@click.option("--basis", type=click.Choice([str(each) for each in Basis]), help="口径期间，缺省为评价所用的 basis")
@click.option("--as-of", type=Day(), help="按当日所知从原始记录重算 computed as known on that day")
@click.option("--release", "release_id", metavar="RELEASE", help="另一发布，缺省为当前发布 another release")
@options("home", "regions", "json")
def explain_command(
    desk: Desk, region: str, indicator: str, year: int, basis: str | None, as_of: date | None, release_id: str | None
) -> int:
    """一个指标值从哪里来：公式、口径开关、逐条记录（文件与行号）、剔除原因、目标与结论。

    CITY 为代码或名称（330100、杭州）；INDICATOR 为代码、编号 1–8 或名称。

    Where a figure comes from: formula, switches, records with file and row, exclusions, target and verdict.
    """
    if as_of and release_id:
        raise click.UsageError("--as-of 与 --release 不能同时使用")
    try:
        if as_of:
            made = _as_known(desk, region, indicator, year, basis, as_of)
        else:
            made = _published(desk, region, indicator, year, basis, release_id)
    except UnknownFigure as error:
        raise click.UsageError(desk.pick(str(error), error.en)) from None
    desk.hand_out(made.as_data()) if desk.machine else desk.show(_text(desk, made))
    return 0


def _published(
    desk: Desk, region: str, indicator: str, year: int, basis: str | None, release_id: str | None
) -> Explanation:
    home = desk.home.require()
    path = release.database(home, release_id)
    parent = release.manifest(home, path.parent.name).parent
    before = release.database(home, parent) if parent in release.ids(home) else None
    return explain(path, region, indicator, year, basis, previous=before)


def _as_known(desk: Desk, region: str, indicator: str, year: int, basis: str | None, as_of: date) -> Explanation:
    from assets.circumstances import make_context
    from assets.explain_past import build

    context = make_context(as_of, desk.settings.rules, desk.settings.regions)
    with tempfile.TemporaryDirectory() as folder:
        path = build(desk.home.require(), find_indicator(indicator).code, context, Path(folder) / release.DATABASE)
        return explain(path, region, indicator, year, basis)


# --- For people --------------------------------------------------------------------------------------------------------


def _text(desk: Desk, made: Explanation) -> str:
    sections = [
        _head(desk, made),
        _section(desk, ("计入的记录", "what counts"), _groups(desk, made.groups, made.part_unit)),
        _section(desk, ("剔除的记录", "excluded"), _groups(desk, made.exclusions, made.part_unit)),
        _section(desk, ("没有日期、不属于任何一年", "without a date, in no year"), _groups(desk, made.undated, made.part_unit)),
        _section(desk, ("除数", "divisors"), _records(desk, made.divisors, made)),
        _section(desk, (f"最大的 {len(made.largest)} 条", f"largest {len(made.largest)}"), _records(desk, made.largest, made)),
        _section(desk, ("分项", "parts"), _parts(made)),
        _section(desk, ("评价", "assessment"), _judged(desk, made)),
        _section(desk, ("口径", "rules"), _rules(desk, made)),
        _section(desk, ("与上一发布相比", "since the last release"), _change(desk, made)),
    ]  # fmt: skip
    return "\n\n".join(section for section in sections if section)


def _section(desk: Desk, title: tuple[str, str], body: str) -> str:
    return f"【{desk.pick(*title)}】\n{body}" if body else ""


def _head(desk: Desk, made: Explanation) -> str:
    basis = desk.pick(*BASES[made.basis])
    value = shown.quantity(made.value, made.unit) if made.absence is None else WORDS[made.absence][2]
    state = shown.word(made.data_state, desk.settings.language == "en")
    lines = [
        f"{made.region_name} · {desk.pick(made.label, made.label_en)} · {made.year} · {basis}"
        f"（{made.period_start} – {made.period_end}）",
        f"{desk.pick('发布', 'release')} {made.release_id} · {desk.pick('截止', 'as of')} {made.as_of} · "
        f"{desk.pick('口径', 'rules')} {made.rule_version} · {desk.pick('目标', 'targets')} {made.target_version or shown.NOTHING}",
        "",
        f"{desk.pick('指标值', 'value')}  {value}（{state}）" + (f"  {made.value!r}" if made.value is not None else ""),
    ]  # fmt: skip
    if made.why_absent:
        lines.append(f"{desk.pick('缺值', 'absent')}  {desk.pick(made.why_absent.zh, made.why_absent.en)}")
    if made.derived or made.flags:
        lines.append(
            f"{desk.pick('标注', 'remarks')}  {desk.pick('推算', 'derived') if made.derived else ''} {made.flags or ''}"
        )
    lines.append(
        f"{desk.pick('公式', 'formula')}  {desk.pick(made.formula, made.formula_en)}（{desk.pick('口径', 'rulebook')} {made.section}）"
    )
    lines.append(f"{desk.pick('计算', 'sums')}  {_sums(desk, made)}")
    counted = f"{made.record_count} 条计入，{made.excluded_count} 条剔除"
    lines.append(desk.pick(f"记录  {counted}", f"records  {made.record_count} count, {made.excluded_count} excluded"))
    return "\n".join(lines)


def _sums(desk: Desk, made: Explanation) -> str:
    if made.numerator is None and made.denominator is None:
        return desk.pick("没有可加总的记录", "nothing to add up")
    top = _amount(made.numerator_sum) if made.numerator is not None else shown.NOTHING
    over = f" ÷ {_amount(made.denominator_sum)}" if made.denominator is not None else ""
    agrees = (
        desk.pick("✓ 与公布值一致", "✓ as published") if made.adds_up else desk.pick("✕ 与公布值不符！", "✕ differs!")
    )
    said = f" = {made.recomputed!r}" if made.recomputed is not None and over else ""
    return f"{top}{over} {made.part_unit}{said}　{desk.pick('台账重新加总', 'ledger added again')} {agrees}"


def _amount(value: Decimal | None) -> str:
    """Exact, without idle zeros."""
    if value is None:
        return shown.NOTHING
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _source(desk: Desk, name: str) -> str:
    return desk.pick(TABLES[name].label, name) if name in TABLES else name


def _groups(desk: Desk, groups: list[Group], unit: str) -> str:
    if not groups:
        return ""
    header = [
        desk.pick(*each)
        for each in (
            ("来源", "source"),
            ("组成", "component"),
            ("作用", "role"),
            ("原因", "reason"),
            ("条数", "records"),
        )
    ]
    header += [f"{desk.pick('计入数', 'amount')}（{unit}）", desk.pick("记录面积（亩）", "own area (mu)")]
    roles = {"numerator": "分子", "denominator": "分母", "both": "分子和分母", "excluded": "剔除"}
    rows = [
        [_source(desk, g.source_table), g.component or "", desk.pick(roles[g.role], g.role), clip(_reason(desk, g), 36),
         f"{g.records:,}", _amount(g.amount), _amount(g.area_mu)]
        for g in groups
    ]  # fmt: skip
    return table(header, rows, right={4, 5, 6})


def _reason(desk: Desk, group: Group) -> str:
    return desk.pick(group.reason_label or group.reason or "", group.reason or "")


def _records(desk: Desk, records: list[Record], made: Explanation) -> str:
    if not records:
        return ""
    ratio = made.denominator is not None
    header = [desk.pick(*each) for each in (("来源", "source"), ("记录", "key"), ("地区", "region"), ("日期", "date"))]
    header += [desk.pick("分子", "numerator"), desk.pick("分母", "denominator")] if ratio else [made.part_unit]
    header.append(desk.pick("文件、表、行", "file, sheet, row"))
    rows = [
        [
            _source(desk, r.source_table), clip(r.record_key, 40), r.region_code, str(r.event_date or r.year),
            *([_amount(r.numerator), _amount(r.denominator)] if ratio else [_amount(r.numerator)]),
            " ".join(part for part in (r.file_name, r.sheet, desk.pick(f"第{r.row_number}行", f"row {r.row_number}")) if part),
        ]
        for r in records
    ]  # fmt: skip
    return table(header, rows, right={4, 5} if ratio else {4})


def _parts(made: Explanation) -> str:
    rows = [[part.label, shown.quantity(part.value, part.unit)] for part in made.parts]
    return "\n".join(f"{label}  {value}" for label, value in rows)


def _judged(desk: Desk, made: Explanation) -> str:
    if not made.judged:
        word = desk.pick("评价以其他口径期间为准", "judged on another basis") if made.region_level != "county" else ""
        return word or desk.pick("县（市、区）只监测，不评价", "counties are monitored, without verdicts")
    lines = []
    for each in made.judged:
        ranked = desk.pick(f"，第 {each.rank} 位", f", rank {each.rank}") if each.rank else ""
        lines.append(
            f"{WORDS[each.verdict][2]} {each.horizon}：{desk.pick(each.sentence.zh, each.sentence.en)}{ranked}"
        )
    return "\n".join(lines)


def _rules(desk: Desk, made: Explanation) -> str:
    marks = {True: desk.pick("可调", "switch"), False: desk.pick("固定", "fixed")}
    rows = [
        [rule.name, clip(rule.value, 44), marks[rule.switch], clip(rule.label, 50), clip(rule.basis, 40)]
        for rule in made.rules
    ]
    return table(
        [
            desk.pick(*each)
            for each in (("开关", "name"), ("取值", "value"), ("", ""), ("含义", "meaning"), ("依据", "basis"))
        ],
        rows,
    )


def _change(desk: Desk, made: Explanation) -> str:
    change = made.change
    if change is None:
        return ""
    old = (
        shown.quantity(change.value, made.unit)
        if change.absence is None
        else shown.word(change.absence, desk.pick("", "en") == "en")
    )
    new = (
        shown.quantity(made.value, made.unit)
        if made.absence is None
        else shown.word(made.absence, desk.pick("", "en") == "en")
    )
    difference = f"（{shown.gap(change.difference, made.unit)}）" if change.difference else ""
    lines = [f"{change.release_id}（{change.as_of}）：{old} → {new}{difference}"]
    lines += [
        f"{horizon}：{shown.word(before)} → {shown.word(now)}"
        for horizon, (before, now) in change.verdicts.items()
        if before != now
    ]
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
        top = f"{_amount(row['old_top'])} → {_amount(row['new_top'])}"
        bottom = (
            f" / {_amount(row['old_bottom'])} → {_amount(row['new_bottom'])}"
            if row["old_bottom"] or row["new_bottom"]
            else ""
        )
        where = f"{row['file_name']} {desk.pick('第', 'row ')}{row['row_number']}{desk.pick('行', '')}"
        lines.append(f"  {_source(desk, row['source_table'])} {row['record_key']}：{top}{bottom}　{where}")
    return lines
