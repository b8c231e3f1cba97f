"""供地结果 and 容积率豁免清单: supplies whose sums meet a city's plan, and the parcels freed from the FAR floor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from assets.synthetic import batching, draws
from assets.synthetic.plan import START, Batch, City
from schemas.submissions import FAR_EXEMPTION, LAND_SUPPLY, MODES

INDUSTRY, HOUSING, TRADE, PUBLIC, TRANSPORT = range(5)
_USES = ("industry", "housing", "trade", "public", "transport")
_USE_WEIGHTS = (0.36, 0.18, 0.14, 0.20, 0.12)
_SYSTEMS = ("用地用海分类2023", "GB/T21010-2017", "GB/T21010-2007")
_SYSTEM_WEIGHTS = (0.72, 0.24, 0.04)
#: Codes by system, in the order of the uses.
_CODES = {
    "用地用海分类2023": (
        ("1001", "100101", "100102", "100103"), ("0701", "070102"), ("0901", "0902", "0903"),
        ("0801", "0804", "0806", "1401"), ("1202", "1207", "1208"),
    ),
    "GB/T21010-2017": (("0601",), ("0701",), ("0501", "0504"), ("0801", "0803", "0809"), ("1003", "1004", "1001")),
    "GB/T21010-2007": (("061",), ("071",), ("051", "053"), ("081", "083"), ("102", "103")),
}  # fmt: skip
_INDUSTRIES = (
    ("C17", "C26", "C3311", "C3484", "C3670", "C38", "C3922", "C40"),
    ("K70",),
    ("F52", "H61", "L72"),
    ("P83", "Q84", "N78"),
    ("G54", "D44"),
)
_SUBJECTS = (
    ("智能装备产业园", "新材料生产基地", "生物医药产业化", "汽车零部件扩建", "小微企业园", "光伏组件", "精密模具技改"),
    ("居住地块", "安置房", "保障性租赁住房", "未来社区"),
    ("商务综合体", "专业市场提升", "酒店", "商业街区"),
    ("小学迁建", "中学扩建", "医院扩建", "养老服务中心", "文体中心", "幼儿园"),
    ("道路拓宽", "公共停车场", "变电所", "快速路改建", "污水处理厂"),
)
#: Median price of land in 元 per m², by use.
_PRICES = (480, 7200, 3100, 0, 0)
_SALES = ("挂牌", "拍卖", "招标", "协议", "租赁", "作价出资", "授权经营")
_SALE_WEIGHTS = (0.80, 0.05, 0.01, 0.10, 0.02, 0.01, 0.01)

SEPARATE_SHARE, HISTORICAL_SHARE, EXEMPT_SHARE = 0.08, 0.14, 0.07
FAR_MISSING, FAR_UPPER_ONLY, FAR_ZERO = 0.025, 0.02, 0.01
PARCEL_MISSING, MALFORMED_NUMBER, SUFFIXED_NUMBER = 0.04, 0.004, 0.006
LATE, CORRECTED, CANCELLED, OVERLAPPING, SPOILT = 0.03, 0.012, 0.006, 0.015, 0.014


def truth(city: City, batch_numbers: pl.Series, until: date, seed: int) -> pl.DataFrame:
    """Every supply of the city through `until`, one row each, areas in m², prices in 元; `_exempt` marks the parcels of
    the exemption list.

    Parts always sum to the supplied area. Σ existing is the city's plan; the share of stock outside 单独选址 is its
    `stock_share`; the mean FAR of industrial land that is not exempt is its `far`.
    """
    rng = draws.stream(seed, "supply", city.code)
    count = city.supply_count
    days = draws.seasonal(rng, START, until, count)
    use = rng.choice(len(_USES), size=count, p=_USE_WEIGHTS)
    separate = draws.some(rng, count, SEPARATE_SHARE)
    use[separate] = TRANSPORT
    existing, historical, new = _areas(rng, city, count, separate)
    supplied = existing + historical + new
    exempt = (use == INDUSTRY) & draws.some(rng, count, EXEMPT_SHARE)
    lower, upper, far_tag = _plot_ratios(rng, city.far, use, supplied, exempt)
    allocated = np.isin(use, (PUBLIC, TRANSPORT)) | ((use == HOUSING) & draws.some(rng, count, 0.12))
    system = draws.pick(rng, _SYSTEMS, count, _SYSTEM_WEIGHTS)
    county = rng.choice(len(city.county_codes), size=count, p=rng.dirichlet(np.full(len(city.county_codes), 4.0)))
    stock = (existing + historical) > 0
    price = np.where(allocated, 0, np.array(_PRICES)[use] * supplied * rng.lognormal(0, 0.3, count))
    start_gap, build_time = rng.integers(150, 420, count), rng.integers(540, 1280, count)
    with_batch = (historical > 0) | draws.some(rng, count, 0.35)
    return (
        pl.DataFrame(
            {
                "county": pl.Series(county, dtype=pl.Int64),
                "contract_date": draws.days(days),
                "parcel_code": _some_null(_parcels(rng, city, county, count), draws.some(rng, count, PARCEL_MISSING)),
                "project_name": _names(rng, city, county, use, count),
                "supplied_area_mu": supplied,
                "existing_area_mu": existing,
                "historical_unsupplied_area_mu": historical,
                "new_area_mu": new,
                "is_separate_site": separate,
                "land_use_code": _land_use(rng, system, use),
                "land_use_system": system,
                "supply_method": pl.select(
                    pl.when(pl.Series(allocated))
                    .then(pl.lit("划拨"))
                    .otherwise(draws.pick(rng, _SALES, count, _SALE_WEIGHTS))
                ).to_series(),
                "industry_code": _by_use(rng, _INDUSTRIES, use),
                "far_lower": lower,
                "far_upper": upper,
                "price_wan_yuan": np.rint(price / 1e4).astype(np.int64) * 10_000,
                "agreed_start_date": draws.days(days + start_gap),
                "agreed_completion_date": draws.days(days + start_gap + build_time),
                "approval_no": _some_null(
                    batch_numbers.gather(rng.integers(0, len(batch_numbers), count)), ~with_batch
                ),
                "mode": _some_null(draws.pick(rng, MODES, count), ~(stock & draws.some(rng, count, 0.4))),
                "_tag": far_tag,
                "_exempt": exempt,
            },
        )
        .with_columns(region_code=pl.Series(city.county_codes).gather(county), status=pl.lit(None, pl.String))
        .with_columns(
            region_code=pl.when(pl.Series(draws.some(rng, count, 0.02)))
            .then(pl.lit(city.code))
            .otherwise("region_code")
        )
        .pipe(_numbered, rng)
    )


def submitted(
    rows: pl.DataFrame, city: City, batches: list[Batch], until: date, seed: int, sender: str
) -> pl.DataFrame:
    """The truth as it is handed in: some late, some first wrong and then corrected, some cancelled, some sent twice."""
    rng, last = draws.stream(seed, "supply sent", city.code), len(batches) - 1
    rows = batching.late(batching.placed(rows, rows["contract_date"], batches), rng, LATE, last)
    rows = batching.corrected(rows, rng, CORRECTED, last, _a_tenth_less)
    repeats = [
        batching.again(rows, rng, OVERLAPPING, last),
        batching.again(rows, rng, CANCELLED * 0.7, last, status="解除"),
        batching.again(rows, rng, CANCELLED * 0.3, last, status="撤销"),
    ]
    extra = pl.concat(repeats).unique(["supervision_no", "_batch"], keep="first", maintain_order=True)
    extra = extra.join(
        rows.select("supervision_no", "_batch"), on=["supervision_no", "_batch"], how="anti", maintain_order="left"
    )
    rows = pl.concat([batching.spoilt(rows, rng, SPOILT, last), extra.with_columns(_spoil=pl.lit(False))])
    rows = rows.unique(["supervision_no", "_batch"], keep="first", maintain_order=True)
    rows = batching.addressed(rows, city, batches, until, seed, "land_supply", sender)
    return batching.finished(rows, [column.name for column in LAND_SUPPLY.columns])


def exemptions(
    rows: pl.DataFrame, city: City, batches: list[Batch], until: date, seed: int, sender: str
) -> pl.DataFrame:
    """The exemption list: approved before the contract; one lapsed too early, one withdrawn, one number unknown."""
    rng = draws.stream(seed, "exemption", city.code)
    listed = rows.filter("_exempt")
    count, last = listed.height, len(batches) - 1
    if not count:
        return batching.finished(
            pl.DataFrame(schema={"region_code": pl.String}), [c.name for c in FAR_EXEMPTION.columns]
        )
    approved = listed["contract_date"].cast(pl.Int32).to_numpy() - rng.integers(5, 120, count)
    valid = pl.Series(approved + 365 * rng.integers(2, 6, count)).cast(pl.Int32).cast(pl.Date)
    entries = listed.select(
        "region_code",
        "supervision_no",
        exemption_type=draws.pick(rng, ("特定产业", "特殊工艺"), count),
        basis_no=pl.format(
            "浙经信投资〔{}〕{}号", pl.col("contract_date").dt.year(), pl.Series(rng.integers(10, 400, count))
        ),
        approval_date=draws.days(approved),
        valid_until=_some_null(valid, draws.some(rng, count, 0.5)),
        status=pl.lit(None, pl.String),  # the table has none; `spoilt` sets it
        _tag=pl.lit(None, pl.String),
    )
    entries = batching.placed(entries, listed["contract_date"], batches)
    lapsed = pl.int_range(pl.len()) == 1
    entries = entries.with_columns(
        valid_until=pl.when(lapsed).then(pl.col("approval_date") + pl.duration(days=2)).otherwise("valid_until")
    )
    withdrawn = entries.filter(pl.int_range(pl.len()) == 2, pl.col("_batch") < last)
    withdrawn = withdrawn.with_columns(pl.col("_batch") + 1, valid_until="approval_date")
    stray = entries.head(1).with_columns(
        supervision_no=pl.lit(f"{city.county_codes[0]}2024B00999"), _tag=pl.lit("unknown_exempt_supply")
    )
    entries = batching.spoilt(pl.concat([entries, withdrawn, stray]), rng, SPOILT, last)
    entries = batching.addressed(entries, city, batches, until, seed, "far_exemption", sender)
    return batching.finished(entries, [column.name for column in FAR_EXEMPTION.columns])


# --- Parts of a record ----------------------------------------------------------------------------------------------


def _areas(
    rng: np.random.Generator, city: City, count: int, separate: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Existing, historical and new area. Stock and new parts are scaled each for itself, so both sums come out."""
    purely_stock = np.where(separate, 0.10, max(0.05, city.stock_share - 0.125))
    drawn = rng.random(count)
    stock = np.where(drawn < purely_stock + 0.25, rng.lognormal(0, 0.9, count), 0)
    new = np.where(drawn >= purely_stock, rng.lognormal(0, 0.9, count), 0)
    from_batches = draws.some(rng, count, HISTORICAL_SHARE)
    historical = stock * np.where(from_batches, rng.choice([0.3, 0.5, 0.8, 1.0], count), 0)
    existing = stock - historical
    if not existing.sum():  # a handful of records may all be new
        existing[:], new[:] = 1.0, 0.0
    scale = city.existing / existing.sum()
    existing, historical = np.rint(existing * scale), np.rint(historical * scale)
    counted = ~separate
    wanted = (existing + historical)[counted].sum() * (1 - city.stock_share) / city.stock_share
    if new[counted].sum():
        new = np.rint(new * (wanted / new[counted].sum()))
    dust = (existing + historical + new) < 200
    existing[dust] += 200
    return existing.astype(np.int64), historical.astype(np.int64), new.astype(np.int64)


def _plot_ratios(
    rng: np.random.Generator, mean: float, use: np.ndarray, area: np.ndarray, exempt: np.ndarray
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Lower and upper FAR as text, and the tag of industrial land whose lower bound is missing."""
    count = len(use)
    industrial = use == INDUSTRY
    lower = np.clip(rng.normal(mean, 0.35, count), 0.8, 3.6)
    counted = industrial & ~exempt
    if counted.any():
        lower += mean - (lower * area)[counted].sum() / area[counted].sum()
    lower = np.where(industrial, lower, np.where(use == HOUSING, 1.01, rng.uniform(0.6, 2.2, count)))
    lower = np.clip(np.where(exempt, rng.uniform(0.4, 0.9, count), lower), 0.3, 4.0)
    upper = lower + rng.uniform(0.3, 1.4, count)
    drawn = rng.random(count)
    missing = drawn < FAR_MISSING + FAR_UPPER_ONLY
    zero = (drawn >= FAR_MISSING + FAR_UPPER_ONLY) & (drawn < FAR_MISSING + FAR_UPPER_ONLY + FAR_ZERO)
    unset = np.where(industrial, missing, draws.some(rng, count, 0.5) & (use != HOUSING))
    no_upper = np.where(industrial, drawn < FAR_MISSING, unset)
    lower_text = pl.Series([f"{value:.2f}" for value in np.where(industrial & zero, 0, lower)], dtype=pl.String)
    upper_text = pl.Series([f"{value:.2f}" for value in upper], dtype=pl.String)
    tag = np.select(
        [industrial & (drawn < FAR_MISSING), industrial & missing, industrial & zero],
        ["far_missing", "far_only_upper", "far_zero"],
        "",
    )
    return _some_null(lower_text, unset), _some_null(upper_text, no_upper), pl.Series(tag).replace("", None)


def _numbered(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """电子监管号 in order of the contracts of a county and year; a few with a suffix or a misplaced letter."""
    letter = pl.when(pl.col("supply_method") == "划拨").then(pl.lit("A")).otherwise(pl.lit("B"))
    rows = rows.with_columns(
        _head=pl.col("region_code") + pl.col("contract_date").dt.year().cast(pl.String), _letter=letter
    )
    serial = (pl.int_range(pl.len()).over("_head", "_letter") + 1).cast(pl.String).str.zfill(5)
    drawn = pl.Series(rng.random(rows.height))
    malformed = drawn < MALFORMED_NUMBER
    suffixed = (drawn >= MALFORMED_NUMBER) & (drawn < MALFORMED_NUMBER + SUFFIXED_NUMBER)
    return rows.with_columns(
        supervision_no=pl.when(malformed).then(pl.col("_head") + serial + pl.col("_letter"))
        .when(suffixed).then(pl.col("_head") + pl.col("_letter") + serial + "-1")
        .otherwise(pl.col("_head") + pl.col("_letter") + serial),
    ).drop("_head", "_letter")  # fmt: skip


def _names(rng: np.random.Generator, city: City, county: np.ndarray, use: np.ndarray, count: int) -> pl.Series:
    places = pl.Series(city.county_names).gather(county)
    subjects, numbers = _by_use(rng, _SUBJECTS, use), pl.Series(rng.integers(1, 120, count))
    years = pl.Series(rng.integers(2023, 2027, count))
    return pl.select(
        pl.when(pl.Series(draws.some(rng, count, 0.6)))
        .then(pl.format("{}{}项目（{}号地块）", places, subjects, numbers))
        .otherwise(pl.format("{}[{}]{}号{}", places, years, numbers, subjects))
    ).to_series()


def _parcels(rng: np.random.Generator, city: City, county: np.ndarray, count: int) -> pl.Series:
    """宗地代码: county, cadastral district and sub-district, GB, serial; unique within the city."""
    zones = pl.Series(rng.integers(1, 40, count)).cast(pl.String).str.zfill(3)
    serial = pl.int_range(count, eager=True).cast(pl.String).str.zfill(5)
    return pl.select(
        pl.format("{}{}00{}GB{}", pl.Series(city.county_codes).gather(county), zones, pl.lit(1), serial)
    ).to_series()


def _land_use(rng: np.random.Generator, system: pl.Series, use: np.ndarray) -> pl.Series:
    drawn = rng.integers(0, 1000, len(use))
    names = np.array(_SYSTEMS)
    index = system.replace_strict(
        {name: number for number, name in enumerate(_SYSTEMS)}, return_dtype=pl.Int64
    ).to_numpy()
    codes = np.empty(len(use), dtype=object)
    for name, by_use in _CODES.items():
        for kind, options in enumerate(by_use):
            mask = (names[index] == name) & (use == kind)
            codes[mask] = np.array(options, dtype=object)[drawn[mask] % len(options)]
    return pl.Series(codes, dtype=pl.String)


def _by_use(rng: np.random.Generator, words: Sequence[tuple[str, ...]], use: np.ndarray) -> pl.Series:
    drawn = rng.integers(0, 1000, len(use))
    chosen = np.empty(len(use), dtype=object)
    for kind, options in enumerate(words):
        mask = use == kind
        chosen[mask] = np.array(options, dtype=object)[drawn[mask] % len(options)]
    return pl.Series(chosen, dtype=pl.String)


def _some_null(series: pl.Series, mask: np.ndarray) -> pl.Series:
    return pl.select(pl.when(~pl.Series(mask, dtype=pl.Boolean)).then(series)).to_series()


def _a_tenth_less(rows: pl.DataFrame) -> pl.DataFrame:
    """The first, wrong version of a record: every part a tenth smaller, the identity kept."""
    parts = ("existing_area_mu", "historical_unsupplied_area_mu", "new_area_mu")
    return rows.with_columns(pl.col(name) * 9 // 10 for name in parts).with_columns(
        supplied_area_mu=pl.sum_horizontal(parts)
    )
