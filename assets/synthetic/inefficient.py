"""低效用地: patches in every stage from 调查入库 to 项目实施, some done through a supply, some by the holder."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from assets.synthetic import batching, draws
from assets.synthetic.plan import START, Batch, City
from schemas.submissions import INEFFICIENT_LAND, MODES

_TYPES, _TYPE_WEIGHTS = ("工业", "城镇", "村庄"), (0.58, 0.27, 0.15)
_MODE_WEIGHTS = (0.12, 0.2, 0.3, 0.18, 0.12, 0.08)
MEAN_AREA = 30_000
PIPELINE_SHARE, INCOMPLETE_SHARE, ON_IDLE_PARCEL = 0.45, 0.025, 0.03
SAME_PARCEL, CANCELLED, LATE, SPOILT = 0.7, 0.004, 0.03, 0.012
_FINAL = (
    "agreement_date",
    "permit_date",
    "supply_supervision_no",
    "completion_date",
    "completed_area_mu",
    "plan_year",
    "mode",
)


def truth(city: City, supply: pl.DataFrame, idle: pl.DataFrame, until: date, seed: int) -> pl.DataFrame:
    """Every patch, one row each, as it stands at `until`; `_done` is the day it counts on (null while in the pipeline).

    Redeveloped through a supply: the completed area fits into the existing part of that supply, and the contract is the
    day. By the holder: no supply; agreement and permit are there, and the later one is the day.
    """
    rng = draws.stream(seed, "patches", city.code)
    linked, own = _linked(rng, city, supply), _own(rng, city, until)
    done = pl.concat([linked, own])
    pipeline = _pipeline(rng, max(3, round(done.height * PIPELINE_SHARE)), until)
    patches = pl.concat([done, pipeline])
    count = patches.height
    number = pl.int_range(1, count + 1).cast(pl.String).str.zfill(5)
    serial, approved = number.str.strip_chars_start("0"), pl.col("plan_approval_date")
    broken = pl.Series(draws.some(rng, count, INCOMPLETE_SHARE)) & pl.col("_done").is_not_null()
    no_register = pl.int_range(pl.len()) % 2 == 0
    county = pl.Series(city.county_codes).gather(rng.integers(0, len(city.county_codes), count))
    patches = patches.with_columns(
        region_code=pl.coalesce("region_code", county),
        patch_no=pl.format("DX{}{}", pl.lit(city.code), number),
        inefficiency_type=draws.pick(rng, _TYPES, count, _TYPE_WEIGHTS),
        determination_no=pl.format("低效认〔{}〕{}号", pl.col("register_date").dt.year(), serial),
        plan_approval_no=pl.when(approved.is_not_null()).then(
            pl.format("再开发批〔{}〕{}号", approved.dt.year(), serial)
        ),
        plan_year=approved.dt.year().cast(pl.Int32),
        mode=pl.when(pl.Series(draws.some(rng, count, 0.6))).then(draws.pick(rng, MODES, count, _MODE_WEIGHTS)),
        parcel_code=pl.coalesce("parcel_code", pl.format("{}800001GB{}", pl.lit(city.code), number)),
        status=pl.lit(None, pl.String),
        _tag=pl.when(broken).then(pl.lit("chain_incomplete")).cast(pl.String),
    )
    # The chain is kept and excluded, not refused: half lack the registration, half the plan's approval.
    patches = patches.with_columns(
        register_date=pl.when(~broken | ~no_register).then("register_date"),
        plan_approval_date=pl.when(~broken | no_register).then("plan_approval_date"),
    )
    return _on_idle_parcels(rng, patches, idle)


def _linked(rng: np.random.Generator, city: City, supply: pl.DataFrame) -> pl.DataFrame:
    """Patches of supplies, in random order, until their existing parts make up the plan's amount."""
    offered = supply.filter(pl.col("existing_area_mu") >= 300)
    offered = offered[rng.permutation(offered.height).tolist()]
    area = np.rint(offered["existing_area_mu"].to_numpy() * rng.choice([1.0, 1.0, 0.95, 0.9], offered.height)).astype(
        np.int64
    )
    taken = np.cumsum(area) <= city.linked
    chosen, area = offered.filter(pl.Series(taken)), area[taken]
    count = chosen.height
    days = chosen["contract_date"].cast(pl.Int32).to_numpy()
    same = draws.some(rng, count, SAME_PARCEL)
    permit, known = draws.days(days + rng.integers(30, 200, count)), pl.Series(draws.some(rng, count, 0.5))
    return _patches(
        rng,
        area,
        days,
        region_code=chosen["region_code"],
        parcel_code=pl.select(pl.when(pl.Series(same)).then(chosen["parcel_code"])).to_series(),
        supply_supervision_no=chosen["supervision_no"],
        agreement_date=draws.days(days + rng.integers(5, 60, count)),
        permit_date=pl.select(pl.when(known).then(permit)).to_series(),
    )


def _own(rng: np.random.Generator, city: City, until: date) -> pl.DataFrame:
    count = max(1, round(city.own / MEAN_AREA))
    days = draws.seasonal(rng, START, until, count)
    before = rng.integers(0, 150, count)
    permit_last = draws.some(rng, count, 0.8)
    return _patches(
        rng,
        draws.areas(rng, count, city.own),
        days,
        agreement_date=draws.days(np.where(permit_last, days - before, days)),
        permit_date=draws.days(np.where(permit_last, days, days - before)),
    )


def _patches(rng: np.random.Generator, area: np.ndarray, days: np.ndarray, **known: pl.Series) -> pl.DataFrame:
    """Patches that count on `days`: registered and approved before, finished a year or two later."""
    count = len(area)
    approved = days - rng.integers(20, 400, count)
    nothing = pl.Series([None] * count, dtype=pl.String)
    return pl.DataFrame(
        {
            "region_code": known.get("region_code", nothing),
            "parcel_code": known.get("parcel_code", nothing),
            "supply_supervision_no": known.get("supply_supervision_no", nothing),
            "patch_area_mu": np.rint(area * rng.choice([1.0, 1.0, 1.08, 1.2], count)).astype(np.int64),
            "register_date": draws.days(approved - rng.integers(30, 700, count)),
            "plan_approval_date": draws.days(approved),
            "agreement_date": known["agreement_date"],
            "permit_date": known["permit_date"],
            "completion_date": draws.days(days + rng.integers(240, 800, count)),
            "completed_area_mu": pl.Series(area, dtype=pl.Int64),
            "_done": draws.days(days),
        }
    )


def _pipeline(rng: np.random.Generator, count: int, until: date) -> pl.DataFrame:
    """Patches under way: registered, planned, approved, or with an agreement and no permit; none completed."""
    registered = draws.seasonal(rng, date(2022, 1, 4), until, count)
    stage = rng.integers(0, 4, count)
    approved, agreed = registered + rng.integers(60, 500, count), registered + rng.integers(520, 800, count)
    today = draws.day_number(until)

    def reached(days: np.ndarray, least: int) -> pl.Series:
        return pl.select(pl.when(pl.Series((stage >= least) & (days <= today))).then(draws.days(days))).to_series()

    nothing, no_day = pl.Series([None] * count, dtype=pl.String), pl.Series([None] * count, dtype=pl.Date)
    return pl.DataFrame(
        {
            "region_code": nothing,
            "parcel_code": nothing,
            "supply_supervision_no": nothing,
            "patch_area_mu": draws.areas(rng, count, count * MEAN_AREA),
            "register_date": draws.days(registered),
            "plan_approval_date": reached(approved, 2),
            "agreement_date": reached(agreed, 3),
            "permit_date": no_day,
            "completion_date": no_day,
            "completed_area_mu": pl.Series([None] * count, dtype=pl.Int64),
            "_done": no_day,
        }
    )


def _on_idle_parcels(rng: np.random.Generator, patches: pl.DataFrame, idle: pl.DataFrame) -> pl.DataFrame:
    """A few patches of the holder stand on a parcel that was an idle case before: one area, counted once."""
    known = idle.drop_nulls("disposal_date")["parcel_code"].head(60)
    own = patches.with_row_index("row").filter(
        pl.col("supply_supervision_no").is_null() & pl.col("_done").is_not_null()
    )
    chosen = own.filter(pl.Series(draws.some(rng, own.height, ON_IDLE_PARCEL))).head(len(known))
    shared = chosen.select("row", on_idle=known.head(chosen.height))
    return (
        patches.with_row_index("row")
        .join(shared, on="row", how="left", maintain_order="left")
        .with_columns(parcel_code=pl.coalesce("on_idle", "parcel_code"))
        .drop("row", "on_idle")
    )


def submitted(
    rows: pl.DataFrame, city: City, batches: list[Batch], until: date, seed: int, sender: str
) -> pl.DataFrame:
    """A patch is reported when it is registered, and again when redeveloped; no date lies after `until`."""
    rng, last = draws.stream(seed, "patches sent", city.code), len(batches) - 1
    rows = rows.with_columns(completion_date=pl.when(pl.col("completion_date") <= until).then("completion_date"))
    rows = rows.with_columns(
        pl.when(pl.col(name) <= until).then(name).alias(name) for name in ("agreement_date", "permit_date")
    )
    done = rows.filter(pl.col("_done").is_not_null())
    done = batching.placed(done, done["_done"], batches)
    registered = batching.placed(rows, rows["register_date"].fill_null(START), batches)
    registered = registered.join(
        done.select("patch_no", "_batch"), on=["patch_no", "_batch"], how="anti", maintain_order="left"
    )
    early = pl.col("_done").is_not_null()
    unknown_yet = [
        pl.when(~early).then(name).alias(name) for name in (*_FINAL, "plan_approval_date", "plan_approval_no", "_tag")
    ]
    sent = batching.late(pl.concat([registered.with_columns(unknown_yet), done]), rng, LATE, last)
    sent = pl.concat([sent, batching.again(sent, rng, CANCELLED, last, status="撤销")])
    sent = sent.unique(["patch_no", "_batch"], keep="last", maintain_order=True)
    sent = batching.spoilt(sent, rng, SPOILT, last).unique(["patch_no", "_batch"], keep="first", maintain_order=True)
    sent = batching.addressed(sent, city, batches, until, seed, "inefficient_land", sender)
    return batching.finished(sent, [column.name for column in INEFFICIENT_LAND.columns])
