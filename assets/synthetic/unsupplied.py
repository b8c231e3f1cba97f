"""批而未供台账 and 批而未供消化: batches of approved land, and the n:m ledger of what was drawn from them."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from assets.synthetic import batching, draws
from assets.synthetic.plan import START, Batch, City
from schemas.submissions import APPROVED_UNSUPPLIED, DIGESTION_WAYS, UNSUPPLIED_DIGESTION

_TYPES = ("城镇批次", "单独选址", "村镇批次", "增减挂钩")
_WAY_WEIGHTS = (0.78, 0.08, 0.08, 0.06)
OUTSIDE_SHARE = 0.06
LATE, SPOILT = 0.03, 0.012


def batches_truth(city: City, until: date, seed: int) -> pl.DataFrame:
    """Every batch: old ones in the task base with enough left for all digestion, some outside, new ones of each year.

    Areas in m²; `remaining_area_mu` is what is left on the first day of 2025 (or on approval).
    """
    rng = draws.stream(seed, "batches", city.code)
    needed = sum(city.digested.values()) * 1.25 + 200_000
    based = max(6, round(needed / 130_000))
    outside = max(3, based // 6)
    fresh = 4 * len(city.digested)
    remaining = np.concatenate(
        [
            draws.areas(rng, based, needed),
            draws.areas(rng, outside, needed * 0.2),
            draws.areas(rng, fresh, fresh * 180_000),
        ]
    )
    count = len(remaining)
    approved = np.rint(
        remaining / np.where(np.arange(count) < based + outside, rng.uniform(0.12, 0.7, count), 1)
    ).astype(np.int64)
    old = rng.integers(draws.day_number(date(2009, 1, 5)), draws.day_number(date(2024, 12, 20)), based + outside)
    days = np.concatenate([np.sort(old), draws.seasonal(rng, START, until, fresh)])
    in_base = np.arange(count) < based
    county = rng.integers(0, len(city.county_codes), count)
    rows = pl.DataFrame(
        {
            "approval_date": draws.days(days),
            "approved_area_mu": approved,
            "supplied_area_mu": approved - remaining,
            "remaining_area_mu": remaining,
            "in_task_base": in_base,
            "base_area_mu": np.where(in_base, remaining, 0),
            "batch_type": draws.pick(rng, _TYPES, count, (0.7, 0.1, 0.12, 0.08)),
            "county": pl.Series(city.county_codes).gather(county),
            "number": pl.int_range(1, count + 1, eager=True),
        }
    )
    year = pl.col("approval_date").dt.year()
    # Several cities number their approvals alike: the city's code keeps the key its own, in the whole country.
    city_number = city.code.removeprefix("33")
    return rows.with_columns(
        approval_no=pl.format(
            "浙土字{}〔{}〕第{}号", pl.lit(city_number), year, pl.col("number").cast(pl.String).str.zfill(4)
        ),
        batch_name=pl.format("{}{}年度第{}批次", pl.lit(city.name), year, pl.col("number")),
        region_code=_former_code(city, pl.col("county")),
    )


def _former_code(city: City, code: pl.Expr) -> pl.Expr:
    """Old documents name the counties of their day, which is right up to the code's last day."""
    for former, last_day in city.former[:2]:
        code = (
            pl.when((pl.col("approval_date") <= last_day) & (pl.col("number") % 7 == 0))
            .then(pl.lit(former))
            .otherwise(code)
        )
    return code


def digestion_truth(city: City, register: pl.DataFrame, supply: pl.DataFrame, until: date, seed: int) -> pl.DataFrame:
    """Digestion events of every year that sum to what the city digested, none beyond what a batch still holds.

    Batches and events are laid end to end and cut where either ends: one event then draws on several batches and one
    batch feeds several events, and every sum is exact.
    """
    rng = draws.stream(seed, "digestion", city.code)
    base = _drawn_from(rng, register.filter("in_task_base"), _events(rng, city.digested, supply, until))
    outside = {year: round(area * OUTSIDE_SHARE) for year, area in city.digested.items()}
    old = register.filter(~pl.col("in_task_base") & (pl.col("approval_date") < START))
    beside = _drawn_from(rng, old, _events(rng, outside, supply, until))
    rows = pl.concat([base, beside])
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(4)
    withdrawn = pl.format("浙政撤〔{}〕{}号", pl.col("digestion_date").dt.year(), pl.int_range(pl.len()) % 90 + 1)
    return rows.with_columns(
        digestion_no=pl.format("XH{}-{}-{}", pl.lit(city.code), pl.col("digestion_date").dt.year(), number),
        withdrawal_no=pl.when(pl.col("digestion_way") == "撤回批文", pl.int_range(pl.len()) % 11 != 3).then(withdrawn),
        _tag=pl.when(pl.col("digestion_way") == "撤回批文", pl.int_range(pl.len()) % 11 == 3).then(
            pl.lit("withdrawal_no_missing")
        ),
        status=pl.lit(None, pl.String),
    )


def _events(rng: np.random.Generator, amounts: dict[int, int], supply: pl.DataFrame, until: date) -> pl.DataFrame:
    """Events of all years: area, way, date and, for 供地, the supply that took the land."""
    frames = []
    for year, amount in amounts.items():
        count = max(1, round(amount / 26_000)) if amount else 0
        if not count:
            continue
        ways = draws.pick(rng, DIGESTION_WAYS, count, _WAY_WEIGHTS)
        dates = draws.days(draws.seasonal(rng, date(year, 1, 1), min(date(year, 12, 31), until), count))
        event = pl.DataFrame(
            {"area": draws.areas(rng, count, amount, least=50), "digestion_way": ways, "digestion_date": dates}
        )
        event = event.with_columns(supply_supervision_no=pl.lit(None, pl.String))
        taken = supply.filter(pl.col("contract_date").dt.year() == year).sort(
            "historical_unsupplied_area_mu", descending=True
        )
        if taken.height:
            # The supplies with most 历史批而未供 take the land first.
            chosen = taken.head(max(1, count)).sample(count, with_replacement=True, seed=int(rng.integers(2**31)))
            by_supply = pl.col("digestion_way") == "供地"
            event = event.with_columns(
                digestion_date=pl.when(by_supply).then(chosen["contract_date"]).otherwise("digestion_date"),
                supply_supervision_no=pl.when(by_supply).then(chosen["supervision_no"]),
            )
        frames.append(event)
    schema = {
        "area": pl.Int64,
        "digestion_way": pl.String,
        "digestion_date": pl.Date,
        "supply_supervision_no": pl.String,
    }
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def _drawn_from(rng: np.random.Generator, register: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    order = rng.permutation(register.height)
    batch_ends = np.cumsum(register["remaining_area_mu"].to_numpy()[order])
    event_ends = np.minimum(np.cumsum(events["area"].to_numpy()), batch_ends[-1] if len(batch_ends) else 0)
    reach = event_ends[-1] if len(event_ends) else 0
    cuts = np.unique(np.concatenate([batch_ends[batch_ends < reach], event_ends]))
    cuts = cuts[cuts > 0]
    pieces = np.diff(cuts, prepend=0)
    batch = np.searchsorted(batch_ends, cuts)
    event = np.searchsorted(event_ends, cuts)
    picked = events[event.tolist()] if len(event) else events.clear()
    source = register[order[batch].tolist()] if len(batch) else register.clear()
    return picked.with_columns(
        digested_area_mu=pl.Series(pieces, dtype=pl.Int64),
        approval_no=source["approval_no"],
        region_code=source["county"],
    )


def register_submitted(
    register: pl.DataFrame,
    digestion: pl.DataFrame,
    city: City,
    batches: list[Batch],
    until: date,
    seed: int,
    sender: str,
) -> pl.DataFrame:
    """The register: every March all batches of earlier years, less what was digested; at `until` the new ones.

    No error is put in here: a refused register row would turn all digestion of its batch into errors.
    """
    periods, frames = [], []
    for batch in batches:
        new_year = date(batch.year, 1, 1)
        used = (
            digestion.filter(pl.col("digestion_date") < new_year)
            .group_by("approval_no", maintain_order=True)
            .agg(used=pl.col("digested_area_mu").sum())
        )
        left = pl.col("remaining_area_mu") - pl.col("used").fill_null(0)
        standing = register.filter(pl.col("approval_date") < new_year)
        standing = standing.join(used, on="approval_no", how="left", maintain_order="left").with_columns(
            remaining_area_mu=left, supplied_area_mu=pl.col("approved_area_mu") - left
        )
        parts = [(standing.drop("used"), "台账", draws.later(new_year, 66, until))]
        if batch is batches[-1]:  # those of an earlier year stand in the next March's list
            fresh = register.filter(pl.col("approval_date").is_between(new_year, batch.last))
            parts.append((fresh, "新增批次", batch.received))
        for part, label, received in parts:
            frames.append(part.with_columns(_batch=pl.lit(len(periods), pl.Int32)))
            periods.append(Batch(new_year, batch.last, received, label))
    rows = batching.addressed(pl.concat(frames), city, periods, until, seed, "approved_unsupplied", sender)
    return batching.finished(rows, [column.name for column in APPROVED_UNSUPPLIED.columns])


def digestion_submitted(
    rows: pl.DataFrame, city: City, batches: list[Batch], until: date, seed: int, sender: str
) -> pl.DataFrame:
    """Digestion as handed in; one event names a batch nobody registered, one draws more than its batch holds."""
    rng, last = draws.stream(seed, "digestion sent", city.code), len(batches) - 1
    if rows.height > 12:
        stray = pl.int_range(pl.len()) == 5
        rows = rows.with_columns(
            approval_no=pl.when(stray).then(pl.lit("浙土字〔2011〕第9999号")).otherwise("approval_no"),
            _tag=pl.when(stray).then(pl.lit("unknown_batch")).otherwise("_tag"),
        )
        over = rows.tail(1).with_columns(
            digested_area_mu=pl.lit(90_000_000, pl.Int64),
            digestion_no=pl.col("digestion_no") + "-2",
            _tag=pl.lit("batch_overdrawn"),
        )
        rows = pl.concat([rows, over])
    rows = batching.late(batching.placed(rows, rows["digestion_date"], batches), rng, LATE, last)
    rows = batching.spoilt(rows, rng, SPOILT, last)
    rows = batching.addressed(rows, city, batches, until, seed, "unsupplied_digestion", sender)
    return batching.finished(rows, [column.name for column in UNSUPPLIED_DIGESTION.columns])
