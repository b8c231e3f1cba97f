"""What only several tables together can tell (rules 5xxx): unknown batches, overdrawn batches, unknown references.

Pure: frames of revisions in, valid records and findings out. These findings depend on the as-of day, because a batch
that arrives later makes its digestion valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from assets.core import latest
from schemas.policy import Regions
from schemas.submissions import CANCELLED, CONSTRUCTION_LAND_CLASSES, LAND_TOTAL, WALK_CLASSES

#: One finding on one stored row.
FINDING = {
    "rule": pl.String(), "source_table": pl.String(), "submission_id": pl.String(), "sheet": pl.String(),
    "row_number": pl.Int64(), "key": pl.String(), "column": pl.String(), "value": pl.String(), "detail": pl.String(),
}  # fmt: skip
#: How far a city's total may be from the sum of its counties before it is a warning (share of the total).
COUNTY_SUM_TOLERANCE = 0.005


def is_cancelled() -> pl.Expr:
    """解除 and 撤销 count as zero from their revision on."""
    return pl.col("status").is_in(CANCELLED)


@dataclass(frozen=True, slots=True)
class Digestion:
    """Digestion after the batches had their say: `valid` is one row per key; `findings` name the refused revisions."""

    valid: pl.DataFrame
    findings: pl.DataFrame


def resolve_digestion(revisions: pl.DataFrame, batches: pl.DataFrame, apart: tuple[str, ...] = ()) -> Digestion:
    """The digestion records that count: of known batches, and never more than a batch still holds (rulebook §3).

    `revisions` and `batches` are all revisions known on the as-of day. In order of date and key, the first event that
    would make a batch's remaining area negative is refused; a refused revision is none, the one before it stays in force.
    `apart` names columns of both by which several days are resolved side by side, each for itself.
    """
    limits = (
        batches.filter(pl.col("revision") == 1)
        .with_columns(limit=pl.coalesce("remaining_area_mu", pl.col("approved_area_mu") - pl.col("supplied_area_mu").fill_null(0)))
        .select(*apart, "approval_no", "limit")
    )  # fmt: skip
    joined, one = revisions.join(limits, on=[*apart, "approval_no"], how="left"), [*apart, "record_key", "revision"]
    unknown = joined.filter(pl.col("limit").is_null())
    standing = joined.filter(pl.col("limit").is_not_null())
    refused = []
    doubtful = _may_overdraw(standing, apart)
    while (over := _first_overdrawing(latest(doubtful, apart).filter(~is_cancelled()), apart)).height:
        refused.append(over)
        doubtful = doubtful.join(over.select(one), on=one, how="anti")
    overdrawn = pl.concat(refused) if refused else joined.clear().with_columns(left=pl.lit(None, pl.Decimal(38, 6)))
    findings = pl.concat(
        [
            _findings(unknown, "5001", "unsupplied_digestion", "approval_no"),
            _findings(overdrawn, "5002", "unsupplied_digestion", "digested_area_mu", detail=_overdraft()),
        ]
    )
    standing = standing.join(overdrawn.select(one), on=one, how="anti")
    return Digestion(latest(standing, apart).drop("limit"), findings)


def _may_overdraw(standing: pl.DataFrame, apart: tuple[str, ...]) -> pl.DataFrame:
    """Every revision of the keys of batches that could be overdrawn: most hold all that ever drew on them at once."""
    most = (
        standing.filter(~is_cancelled())
        .group_by(*apart, "approval_no", "limit", "record_key")
        .agg(pl.col("digested_area_mu").max())
        .group_by(*apart, "approval_no", "limit")
        .agg(pl.col("digested_area_mu").sum())
        .filter(pl.col("digested_area_mu") > pl.col("limit"))
    )
    keys = standing.join(most, on=[*apart, "approval_no"], how="semi").select(*apart, "record_key")
    return standing.join(keys, on=[*apart, "record_key"], how="semi")


def _first_overdrawing(events: pl.DataFrame, apart: tuple[str, ...]) -> pl.DataFrame:
    """Per batch the first event, by date and key, whose area is more than what the ones before it left."""
    return (
        events.sort("approval_no", "digestion_date", "record_key")
        .with_columns(used=pl.col("digested_area_mu").cum_sum().over(*apart, "approval_no"))
        .filter(pl.col("used") > pl.col("limit"))
        .group_by(*apart, "approval_no", maintain_order=True)
        .first()
        .with_columns(left=(pl.col("limit") - pl.col("used") + pl.col("digested_area_mu")).cast(pl.Decimal(38, 6)))
        .drop("used")
        .select(*events.columns, "left")
    )


def _overdraft() -> pl.Expr:
    return pl.format(
        "批次 {} 仅余 {} 公顷（{} 亩），本次消化 {} 公顷（{} 亩）",
        "approval_no",
        *(
            text
            for area in (pl.col("left"), pl.col("digested_area_mu"))
            for text in (spelled(area / 15), spelled(area))
        ),
    )


def spelled(value: pl.Expr) -> pl.Expr:
    """A number as people write it, without idle zeros."""
    return value.cast(pl.Decimal(38, 6)).cast(pl.String).str.strip_chars_end("0").str.strip_suffix(".")


def _findings(rows: pl.DataFrame, rule: str, table: str, column: str, detail: pl.Expr | None = None) -> pl.DataFrame:
    return rows.select(
        rule=pl.lit(rule),
        source_table=pl.lit(table),
        submission_id="submission_id",
        sheet="sheet",
        row_number="row_number",
        key="record_key",
        column=pl.lit(column),
        value=pl.col(column).cast(pl.String),
        detail=(detail if detail is not None else pl.lit(None)).cast(pl.String),
    ).cast(FINDING)


def unknown_supervision(records: pl.DataFrame, table: str, column: str, rule: str) -> pl.DataFrame:
    """Records, given as such, that name an 电子监管号 which no supply record has."""
    return _findings(records, rule, table, column)


def county_sums(records: pl.DataFrame, table: str, by: tuple[str, ...], measure: str, regions: Regions) -> pl.DataFrame:
    """City rows that contradict their county rows (rule 5006): the sum of all its counties differs, or some of them are
    already more than the city. Fewer counties that come to less say nothing."""
    places = regions.current.select(region_code="code", level="level", parent="city_code")
    of_counties = pl.col("level") == "county"
    owed = places.filter(of_counties).group_by("parent").agg(owed=pl.len())
    placed = _with_totals(records, measure).join(places, on="region_code", how="inner")
    counties = placed.filter(of_counties).group_by("parent", *by).agg(counties=pl.col("total").sum(), given=pl.len())
    compared = placed.filter(level="city").join(counties, on=["parent", *by], how="inner").join(owed, on="parent")
    more, total = (pl.col("counties") - pl.col("total")).cast(pl.Float64), pl.col("total").cast(pl.Float64)
    off = pl.when(pl.col("given") < pl.col("owed")).then(more).otherwise(more.abs()) > COUNTY_SUM_TOLERANCE * total
    unit = "万元" if measure.endswith("_wan_yuan") else "亩"
    detail = pl.format(
        f"所属县区合计 {{}} {unit}，市级 {{}} {unit}", spelled(pl.col("counties")), spelled(pl.col("total"))
    )
    return _findings(compared.filter(off), "5006", table, measure, detail=detail)


def _with_totals(records: pl.DataFrame, measure: str) -> pl.DataFrame:
    """Rows with the `total` to compare. A survey of a region and year is one row, that of 合计 or the first of its
    classes, whichever way it was handed in (rulebook §7)."""
    if "land_class" not in records.columns:
        return records.with_columns(total=measure)
    whole = pl.col("land_class") == LAND_TOTAL
    total = pl.when(whole.any()).then(pl.col(measure).filter(whole).sum()).otherwise(pl.col(measure).sum())
    return (
        records.filter(whole | pl.col("land_class").is_in(CONSTRUCTION_LAND_CLASSES))
        .sort(~whole, "record_key")
        .group_by("region_code", "year", maintain_order=True)
        .agg(pl.all().first(), total=total)
    )


def moved_city(revisions: pl.DataFrame, table: str, regions: Regions) -> pl.DataFrame:
    """Revisions that put a record into another city than the revision before (rule 5007)."""
    cities = regions.frame.select(region_code="code", city="city_code")
    placed = revisions.join(cities, on="region_code", how="left").sort("record_key", "revision")
    before = pl.col("city").shift(1).over("record_key")
    detail = pl.format("此前属 {}，现属 {}", before, "city")
    moved = placed.with_columns(was=detail).filter(before.is_not_null() & (before != pl.col("city")))
    return _findings(moved, "5007", table, "region_code", detail=pl.col("was"))


def shared_parcels(records: dict[str, pl.DataFrame], regions: Regions) -> pl.DataFrame:
    """Parcel codes that stand in records of more than one city (rule 5008)."""
    cities = regions.frame.select(region_code="code", city="city_code")
    names = ("parcel_code", "region_code", "submission_id", "sheet", "row_number", "record_key")
    frames = [
        frame.filter(pl.col("parcel_code").is_not_null()).select(*names, table=pl.lit(table))
        for table, frame in records.items()
    ]
    placed = pl.concat(frames).join(cities, on="region_code", how="left")
    shared = placed.filter(pl.col("city").n_unique().over("parcel_code") > 1)
    found = [
        _findings(rows, "5008", table, "parcel_code")
        for (table,), rows in shared.group_by("table", maintain_order=True)
    ]
    return pl.concat(found) if found else pl.DataFrame(schema=FINDING)


def walk_base(records: pl.DataFrame, implied: Mapping[str, float]) -> pl.DataFrame:
    """Cities whose 2025 base is more than a point from the one that the plan implies (rule 5009), said on the row that
    came last. A base whose five classes stand in one file is judged with that file (rule 4003)."""
    known = records.filter(
        (pl.col("year") == 2025)
        & pl.col("facility_class").is_in(WALK_CLASSES)
        & pl.col("region_code").is_in([*implied])
    )
    found = [pl.DataFrame(schema=FINDING)]
    for (code,), rows in known.sort("received_on", "record_key").group_by("region_code", maintain_order=True):
        if rows.height < len(WALK_CLASSES) or rows["submission_id"].n_unique() == 1:
            continue
        areas = rows.select("covered_area_mu", "residential_area_mu").iter_rows()
        base = sum((100 * covered / residential for covered, residential in areas), Decimal(0)) / len(WALK_CLASSES)
        if abs(base - Decimal(str(implied[code]))) > 1:
            said = f"{base:.4f}".rstrip("0").rstrip(".")
            detail = pl.lit(f"{said}%，由行动方案目标倒推的基期值为 {implied[code]}%")
            found.append(_findings(rows.tail(1), "5009", "walk_coverage", "covered_area_mu", detail=detail))
    return pl.concat(found)
