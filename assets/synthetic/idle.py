"""闲置土地: cases determined, then closed in one of the ways; some on a parcel that is supplied again later."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from assets.synthetic import batching, draws
from assets.synthetic.plan import START, Batch, City
from schemas.submissions import IDLE_LAND

_WAYS = ("协议收回", "动工建设", "无偿收回", "调整用途", "置换", "安排临时使用", "其他")
_WAY_WEIGHTS = (0.34, 0.30, 0.14, 0.09, 0.06, 0.04, 0.03)
_CAUSES, _CAUSE_WEIGHTS = ("企业原因", "政府原因", "不可抗力"), (0.62, 0.34, 0.04)
EXTENDED_SHARE, OPEN_SHARE, SHARED_PARCELS, OLD_NUMBERS = 0.08, 0.6, 0.06, 0.05
LATE, SPOILT = 0.03, 0.015


def truth(city: City, supply: pl.DataFrame, until: date, seed: int) -> pl.DataFrame:
    """Every case, one row each, as it stands at `until`. The area disposed in a year is what the city's plan says.

    A never-started case is determined at least a year after the agreed start; 处置 ≤ 闲置 ≤ 供地.
    """
    rng = draws.stream(seed, "idle", city.code)
    frames = [_closed(rng, year, amount, until) for year, amount in city.disposed.items() if amount]
    closed = pl.concat(frames) if frames else _closed(rng, START.year, 0, until)
    cases = pl.concat([closed, _open(rng, max(2, round(closed.height * OPEN_SHARE)), until)])
    count = cases.height
    idle = cases["idle_area_mu"].to_numpy()
    started = pl.col("idle_type") == "中止建设"
    determined = pl.col("determination_date")
    gap = pl.Series(rng.integers(371, 1300, count))
    number = pl.int_range(1, count + 1).cast(pl.String).str.zfill(4)
    cases = cases.with_columns(
        idle_type=draws.pick(rng, ("未动工", "中止建设"), count, (0.8, 0.2)),
        idle_cause=draws.pick(rng, _CAUSES, count, _CAUSE_WEIGHTS),
        region_code=pl.Series(city.county_codes).gather(rng.integers(0, len(city.county_codes), count)),
        supplied_area_mu=pl.Series(np.rint(idle * rng.choice([1.0, 1.0, 1.1, 1.4], count)).astype(np.int64)),
        agreed_start_date=determined - pl.duration(days=gap),
        case_no=pl.format("闲认{}〔{}〕{}号", pl.lit(city.code), determined.dt.year(), number),
        parcel_code=pl.format("{}{}", pl.lit(city.code), pl.lit("900001GB")) + number.str.zfill(5),
        status=pl.lit(None, pl.String),
        _tag=pl.lit(None, pl.String),
    ).with_columns(
        actual_start_date=pl.when(started).then(determined - pl.duration(days=gap // 2))
        .when(pl.col("disposal_way") == "动工建设").then("disposal_date")
        .otherwise("actual_start_date"),
    )  # fmt: skip
    cases = _former_code(city, _on_supplied_parcels(rng, cases, supply))
    old_number = pl.Series(draws.some(rng, count, OLD_NUMBERS))
    unknown = pl.format("{}{}B{}", "region_code", determined.dt.year() - 3, number.str.zfill(5))
    return cases.with_columns(
        supervision_no=pl.when(old_number).then(unknown),
        _tag=pl.when(old_number).then(pl.lit("unknown_idle_supply")).otherwise("_tag"),
    )


def _closed(rng: np.random.Generator, year: int, amount: int, until: date) -> pl.DataFrame:
    """Cases closed in a year that sum to `amount`, and beside them some that only got more time (延长动工期限)."""
    counted = max(1, round(amount / 33_000)) if amount else 0
    extended = round(counted * EXTENDED_SHARE)
    count = counted + extended
    disposed = np.concatenate([draws.areas(rng, counted, amount), draws.areas(rng, extended, extended * 30_000)])
    days = rng.permutation(draws.seasonal(rng, date(year, 1, 1), min(date(year, 12, 31), until), count))
    is_extended = np.arange(count) >= counted
    started = np.where(rng.random(count) < 0.3, days + 60, 0)
    return pl.DataFrame(
        {
            "idle_area_mu": np.rint(disposed * rng.choice([1.0, 1.0, 1.0, 1.25], count)).astype(np.int64),
            "disposed_area_mu": disposed,
            "determination_date": draws.days(days - rng.integers(40, 1500, count)),
            "disposal_date": draws.days(days),
            "disposal_way": pl.select(
                pl.when(pl.Series(is_extended))
                .then(pl.lit("延长动工期限"))
                .otherwise(draws.pick(rng, _WAYS, count, _WAY_WEIGHTS))
            ).to_series(),
            "actual_start_date": pl.select(
                pl.when(pl.Series(is_extended & (started > 0) & (started <= draws.day_number(until)))).then(
                    draws.days(started)
                )
            ).to_series(),
        }
    )


def _open(rng: np.random.Generator, count: int, until: date) -> pl.DataFrame:
    """Cases that nobody has closed yet."""
    days = draws.seasonal(rng, date(2021, 1, 4), until, count)
    nothing = pl.Series([None] * count)
    return pl.DataFrame(
        {
            "idle_area_mu": draws.areas(rng, count, count * 28_000),
            "disposed_area_mu": nothing.cast(pl.Int64),
            "determination_date": draws.days(days),
            "disposal_date": nothing.cast(pl.Date),
            "disposal_way": nothing.cast(pl.String),
            "actual_start_date": nothing.cast(pl.Date),
        }
    )


def _on_supplied_parcels(rng: np.random.Generator, cases: pl.DataFrame, supply: pl.DataFrame) -> pl.DataFrame:
    """Land taken back and supplied again carries one 宗地代码: the case and the later supply name the same parcel."""
    taken_back = cases.with_row_index("row").filter(pl.col("disposal_way").is_in(["协议收回", "无偿收回"]))
    wanted = taken_back.filter(pl.Series(draws.some(rng, taken_back.height, SHARED_PARCELS * 2)))
    offered = supply.filter((pl.col("existing_area_mu") > 0) & pl.col("parcel_code").is_not_null())
    offered = offered.select("contract_date", resupplied="parcel_code").sort("contract_date")
    matched = (
        wanted.select("row", earliest=pl.col("disposal_date") + pl.duration(days=30))
        .sort("earliest")
        .join_asof(offered, left_on="earliest", right_on="contract_date", strategy="forward")
        .drop_nulls("resupplied")
        .unique("resupplied", keep="first", maintain_order=True)
    )
    return (
        cases.with_row_index("row")
        .join(matched.select("row", "resupplied"), on="row", how="left", maintain_order="left")
        .with_columns(parcel_code=pl.coalesce("resupplied", "parcel_code"))
        .drop("row", "resupplied")
    )


def _former_code(city: City, cases: pl.DataFrame) -> pl.DataFrame:
    """A case determined before its county was abolished may keep that county's code."""
    code = pl.col("region_code")
    for former, last_day in city.former:
        dated = (pl.col("determination_date") <= last_day) & (pl.int_range(pl.len()) % 3 == 0)
        code = pl.when(dated).then(pl.lit(former)).otherwise(code)
    return cases.with_columns(region_code=code)


def submitted(
    rows: pl.DataFrame, city: City, batches: list[Batch], until: date, seed: int, sender: str
) -> pl.DataFrame:
    """A case is reported when it is determined, and again when it is closed (once if both fall into one period)."""
    rng, last = draws.stream(seed, "idle sent", city.code), len(batches) - 1
    opened = batching.placed(rows, rows["determination_date"], batches)
    closed = rows.filter(pl.col("disposal_date").is_not_null())
    closed = batching.placed(closed, closed["disposal_date"], batches)
    opened = opened.join(
        closed.select("case_no", "_batch"), on=["case_no", "_batch"], how="anti", maintain_order="left"
    )
    undecided = [
        pl.lit(None, rows.schema[name]).alias(name) for name in ("disposal_way", "disposal_date", "disposed_area_mu")
    ]
    not_started = pl.when(pl.col("idle_type") == "中止建设").then("actual_start_date").alias("actual_start_date")
    sent = batching.late(pl.concat([opened.with_columns(*undecided, not_started), closed]), rng, LATE, last)
    sent = sent.unique(["case_no", "_batch"], keep="last", maintain_order=True)
    sent = batching.spoilt(sent, rng, SPOILT, last).unique(["case_no", "_batch"], keep="first", maintain_order=True)
    sent = batching.addressed(sent, city, batches, until, seed, "idle_land", sender)
    return batching.finished(sent, [column.name for column in IDLE_LAND.columns])
