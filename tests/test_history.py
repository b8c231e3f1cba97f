"""Past days: settled records are added up once, the others stand side by side for all days; together they give what
each day's own computation gives."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from assets import core, indicators, raw, warehouse
from assets.circumstances import make_context
from assets.indicators import history, inputs
from benchmarks import world
from schemas.indicators import INDICATORS
from schemas.submissions import TABLES
from tests.bureau import supervision_no

P1 = {"宗地代码": "330106001001GB00001"}


def kept(con, context) -> pl.DataFrame:
    """The history of every month end, computed now."""
    con.execute("DELETE FROM indicator.history")
    first = con.execute("SELECT min(received_on) FROM raw.submission").fetchone()[0]
    days = history.history_days(first, context.as_of, set())
    assert history.derive_history(con, {day: make_context(day, {}) for day in days}) == len(days) > 1
    return con.execute("SELECT * FROM indicator.history").pl()


def three_ways(con, context) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """With today's ledgers at hand; without any, when nothing is settled; and each day computed for itself."""
    for code in INDICATORS:
        indicators.derive(con, code, context)
    quick = kept(con, context)
    con.execute("DELETE FROM indicator.state")
    return quick, kept(con, context), day_by_day(con, quick["known_on"].unique())


def day_by_day(con, days: pl.Series) -> pl.DataFrame:
    """What `landstock run --as-of` would have computed on each day."""
    figures = []
    for day in days:
        context = make_context(day, {})
        for code in INDICATORS:
            made = indicators.compute(con, code, context, indicators.years(con, day)).figures
            stamp = {"known_on": day, "inputs": core.basis(con, context), "rule_version": context.rules.label}
            figures.append(
                made.select(pl.lit(code).alias("indicator"), pl.all(), **{n: pl.lit(v) for n, v in stamp.items()})
            )
    return pl.concat(figures)


def same(*frames: pl.DataFrame) -> bool:
    order = ["known_on", "indicator", "region_code", "year", "basis"]
    one, *others = (frame.sort(order) for frame in frames)
    return one.height > 0 and all(one.equals(other) for other in others)


@pytest.mark.slow
def test_settled_sums_change_no_figure(tmp_path):
    """A generated province with corrections, cancellations, shared parcels, late batches and linked supplies."""
    made = world.national(1_500, tmp_path, world.policy.HERE / "regions.csv")
    context = make_context(world.DAY, {})
    with warehouse.connect(tmp_path / "warehouse.duckdb") as con:
        core.write_regions(con, context.regions)
        raw.capture(con, made.landing, tmp_path / "raw", world.DAY, context.regions)
        for table in TABLES:
            core.load(con, tmp_path / "raw", table, context.regions)
        assert same(*three_ways(con, context))


CASES = {
    "a correction": [
        ("供地结果", {"电子监管号": supervision_no(1)}, "2026-04-10"),
        ("供地结果", {"电子监管号": supervision_no(1), "供应面积": "3", "现有建设用地面积": "3"}, "2026-05-10"),
    ],
    "a cancellation": [
        ("供地结果", {"电子监管号": supervision_no(1)}, "2026-04-10"),
        ("供地结果", {"电子监管号": supervision_no(1), "状态": "撤销"}, "2026-05-10"),
    ],
    "a parcel that was claimed later by an earlier event": [
        ("供地结果", {"电子监管号": supervision_no(1), **P1}, "2026-04-10"),
        ("闲置土地", {"认定书编号": "X1", "处置完成日期": "2026-01-10", **P1}, "2026-05-10"),
    ],
    "a supply that came after the patch that names it": [
        ("低效用地", {"图斑编号": "D1", "改造协议日期": "", "供地电子监管号": supervision_no(1)}, "2026-04-10"),
        ("供地结果", {"电子监管号": supervision_no(1)}, "2026-05-10"),
    ],
    "a batch that came after its digestion": [
        ("批而未供消化", {"消化编号": "X1"}, "2026-04-10"),
        ("批而未供台账", {"批文号": "B1"}, "2026-05-10"),
        ("年度任务", {}, "2026-04-10"),
    ],
    "a batch that is overdrawn later": [
        ("批而未供台账", {"批文号": "B1", "剩余面积": "1.5"}, "2026-04-10"),
        ("批而未供消化", {"消化编号": "X2", "消化面积": "1.2"}, "2026-04-10"),
        ("批而未供消化", {"消化编号": "X1"}, "2026-05-10"),
        ("年度任务", {}, "2026-04-10"),
    ],
    "a batch that leaves the base": [
        ("批而未供台账", {"批文号": "B1"}, "2026-04-10"),
        ("批而未供消化", {"消化编号": "X1"}, "2026-04-10"),
        ("批而未供台账", {"批文号": "B1", "是否纳入基数": "否"}, "2026-05-10"),
        ("年度任务", {}, "2026-04-10"),
    ],
    "an exemption that came later": [
        ("供地结果", {"电子监管号": supervision_no(1), "土地用途代码": "0601", "约定容积率下限": "2"}, "2026-04-10"),
        ("容积率豁免清单", {"电子监管号": supervision_no(1)}, "2026-05-10"),
    ],
    "an event after the day of receipt": [
        ("供地结果", {"电子监管号": supervision_no(1), "合同签订日期": "2026-05-20"}, "2026-04-10"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("handed_in", CASES.values(), ids=CASES)
def test_what_depends_on_later_records_is_not_settled(bureau, handed_in):
    for table, row, day in handed_in:
        bureau.hand_in(table, row, day=day)
    bureau.take_in()
    quick, whole, alone = three_ways(bureau.con, make_context(date(2026, 6, 15), {}))
    assert same(quick, whole, alone)
    # The case is one where knowing more changed the figures; without that it would prove nothing.
    days = (date(2026, 4, 30), date(2026, 6, 15))
    early, late = (quick.filter(known_on=day)["numerator"].to_list() for day in days)
    assert early != late


def test_days_in_portions_give_the_same(bureau, monkeypatch):
    for table, row, day in CASES["a correction"] + CASES["a batch that is overdrawn later"]:
        bureau.hand_in(table, row, day=day)
    bureau.take_in()
    context = make_context(date(2026, 6, 15), {})
    at_once = kept(bureau.con, context)
    monkeypatch.setattr(inputs, "_MOST_ROWS", 1)
    assert same(at_once, kept(bureau.con, context))
