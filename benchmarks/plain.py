"""The same job as one would write it with pandas and Great Expectations on pandas: what ours is held against.

Read every file, convert, check rows and name the bad ones, keep the latest revision, ledgers of the eight indicators,
figures by county, city and province, the figures of every past month end, expectations, a database and Parquet files.
Vectorised wherever pandas is; written for reading, not for slowness. No history of rows, no look-back, no atomic
publishing, no reports. `python -m benchmarks.plain LANDING OUT REGIONS` prints the country's figures as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.files import ENCODINGS, NUMBERS, by_table, factor, names
from benchmarks.plain_expectations import validate
from schemas.submissions import CANCELLED, INDUSTRIAL_CODES, TABLES
from schemas.table import AREA_KINDS, Kind, Table

EMPTY = ["", "-", "--", "/", "无", "Nah", "1900-01-01"]
TOLERANCE_MU = 0.0015


def run(landing: Path, out: Path, regions_csv: Path) -> dict[str, float]:
    """The whole job; the country's sums, to be held against ours."""
    cities = _cities(regions_csv)
    core, findings = {}, []
    for name, paths in by_table(landing).items():
        rows = pd.concat([_read(path, TABLES[name]) for path in paths], ignore_index=True)
        core[name], found = _checked(_typed(rows, TABLES[name]), TABLES[name], cities)
        findings.append(found)
    ledger, figures = _figures(core, cities)
    history = _history(core, cities)
    failed = validate(core, ledger, figures, cities)
    _write(out, {**core, "finding": pd.concat(findings), "contribution": ledger, "figure": figures, "history": history})
    supply = ledger[(ledger["indicator"] == "stock_supply_share") & (ledger["event_date"] >= "2025-01-01")]
    existing = ledger.loc[(ledger["indicator"] == "activated_stock_land") & (ledger["kind"] == "resupply"), "top"].sum()
    return {
        "stock_supply_share": float(100 * supply["top"].sum() / supply["bottom"].sum()),
        "existing_mu": float(existing), "failed_expectations": failed,
    }  # fmt: skip


# --- Reading ---------------------------------------------------------------------------------------------------------


def _cities(path: Path) -> dict[str, str]:
    """Code → code of its city."""
    table = pd.read_csv(path, dtype=str)
    own = table[table["level"] == "city"]
    return {
        **dict(zip(table["code"], table["city_code"], strict=True)),
        **dict(zip(own["code"], own["code"], strict=True)),
    }


def _read(path: Path, table: Table) -> pd.DataFrame:
    rows = _csv(path)
    rows = rows.rename(columns=names(table, list(rows.columns)))
    rows["file_name"], rows["received_on"] = path.name, pd.Timestamp(path.parent.name)
    rows["row_number"] = np.arange(2, len(rows) + 2)
    return rows


def _csv(path: Path) -> pd.DataFrame:
    for encoding in ENCODINGS:
        try:
            return pd.read_csv(path, dtype=str, encoding=encoding, keep_default_na=False, na_values=EMPTY)
        except UnicodeDecodeError:
            continue
    raise ValueError(f"{path} is neither UTF-8 nor GBK")


def _typed(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Cells as numbers and days; `<name>__bad` marks what was there and could not be read."""
    for column in table.columns:
        if column.name not in rows:
            rows[column.name] = None
        text = rows[column.name].str.strip()
        if column.kind in NUMBERS | {Kind.YEAR, Kind.INTEGER}:
            value = pd.to_numeric(text, errors="coerce") * factor(column)
        elif column.kind is Kind.DATE:
            value = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
        elif column.kind is Kind.BOOLEAN:
            value = text.map({"是": True, "否": False})
        else:
            value = text.str[:6] if column.kind is Kind.REGION else text
        rows[f"{column.name}__bad"] = text.notna() & value.isna()
        rows[column.name] = value
    rows["record_key"] = rows[list(table.key)].astype(str).agg("|".join, axis=1)
    return rows


# --- Rows ------------------------------------------------------------------------------------------------------------


def _checked(rows: pd.DataFrame, table: Table, cities: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Good rows without repeats, and a finding for every broken rule of a row."""
    found = []
    bad = pd.Series(False, index=rows.index)
    for number, column, broken in _faults(rows, table, cities):
        if broken.any():
            where = rows.loc[broken, ["file_name", "row_number", "record_key"]].copy()
            where["rule"], where["column"] = number, column
            where["value"] = rows.loc[broken, column].astype(str)
            where["message"] = "第 " + where["row_number"].astype(str) + " 行" + column + "：" + where["value"]
            found.append(where)
            bad |= broken
    content = [column.name for column in table.columns]
    good = rows[~bad].drop_duplicates(["file_name", *content])
    conflict = good.duplicated(["file_name", "record_key"], keep=False)
    good = good[~conflict].drop(columns=[f"{name}__bad" for name in content])
    good["city"] = good["region_code"].map(cities)
    return good, pd.concat(found) if found else pd.DataFrame()


def _faults(rows: pd.DataFrame, table: Table, cities: dict[str, str]):
    """(rule, column, which rows break it)."""
    late = rows["received_on"] + pd.DateOffset(years=10)
    for column in table.columns:
        value = rows[column.name]
        yield "unreadable", column.name, rows[f"{column.name}__bad"]
        if column.required:
            yield "empty", column.name, value.isna()
        if column.choices:
            yield "unknown", column.name, value.notna() & ~value.isin(column.choices)
        if column.kind in AREA_KINDS:
            yield "range", column.name, value <= 0 if column.kind is Kind.AREA else value < 0
        if column.kind is Kind.FAR:
            yield "range", column.name, (value != 0) & ((value < 0.1) | (value > 15))
        if column.kind is Kind.DATE:
            yield "range", column.name, (value < "1987-01-01") | (value > late)
    yield "region", "region_code", ~rows["region_code"].isin(cities.keys() | {code[:2] + "0000" for code in cities})
    if table.name == "land_supply":
        parts = rows["existing_area_mu"] + rows["historical_unsupplied_area_mu"] + rows["new_area_mu"]
        area = rows["supplied_area_mu"]
        yield "identity", "supplied_area_mu", (parts - area).abs() > TOLERANCE_MU + 1e-9
        yield "unit", "supplied_area_mu", ((parts * 15 - area).abs() < 0.01) | ((area * 15 - parts).abs() < 0.01)
        yield "shape", "supervision_no", ~rows["supervision_no"].str.fullmatch(r"\d{10}[AB]\d{5}(-\d+)?").fillna(False)
    if table.name == "idle_land":
        started = rows["actual_start_date"].notna()
        earliest = rows["agreed_start_date"] + pd.DateOffset(years=1)
        yield "order", "determination_date", ~started & (rows["determination_date"] < earliest)
        yield "order", "disposal_date", rows["disposal_date"] < rows["determination_date"]
        yield "order", "disposed_area_mu", rows["disposed_area_mu"] > rows["idle_area_mu"]
        yield "order", "idle_area_mu", rows["idle_area_mu"] > rows["supplied_area_mu"]


# --- Indicators ------------------------------------------------------------------------------------------------------


def _latest(core: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The last revision of every record, cancelled ones left out."""
    standing = {}
    for name, rows in core.items():
        last = rows.sort_values(["received_on", "file_name"], kind="stable").drop_duplicates("record_key", keep="last")
        standing[name] = last[~last["status"].isin(CANCELLED)] if "status" in last else last
    return standing


def _figures(core: dict[str, pd.DataFrame], cities: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ledger (indicator, place, day, top, bottom, where from) and figures by place and year, annual and cumulative."""
    now = _latest(core)
    supply, patches, idle = now["land_supply"], now["inefficient_land"], now["idle_land"]
    redeveloped = _redeveloped(patches, supply)
    own = redeveloped[redeveloped["supply_supervision_no"].isna()]
    closed = idle[idle["disposal_date"].notna() & (idle["disposal_way"] != "延长动工期限")]
    wide = supply[supply["is_separate_site"] == False]  # noqa: E712
    industrial = supply[_industrial(supply) & (supply["far_lower"] > 0) & ~_exempt(supply, now["far_exemption"])]
    parts = [
        _claims(supply, own, closed),
        _rows("redeveloped_inefficient_land", redeveloped, "day", redeveloped["completed_area_mu"]),
        _rows("unsupplied_digestion_rate", *_digested(now)),
        _rows("idle_disposal_rate", closed, "disposal_date", closed["disposed_area_mu"]),
        _rows(
            "stock_supply_share", wide, "contract_date",
            wide["existing_area_mu"] + wide["historical_unsupplied_area_mu"], wide["supplied_area_mu"],
        ),
        _rows(
            "industrial_far", industrial, "contract_date",
            industrial["far_lower"] * industrial["supplied_area_mu"], industrial["supplied_area_mu"],
        ),
        _tasks(now["annual_task"]), _land(now), _walk(now["walk_coverage"]),
    ]  # fmt: skip
    ledger = pd.concat(parts, ignore_index=True)
    ledger["city"] = ledger["region_code"].map(cities)
    ledger["year"] = ledger["event_date"].dt.year
    return ledger, _summed(ledger)


_SOURCE = ["region_code", "record_key", "file_name", "row_number"]


def _rows(code: str, records: pd.DataFrame, day: str, top: pd.Series, bottom=0.0, kind: str = "") -> pd.DataFrame:
    made = records[_SOURCE].copy()
    made["indicator"], made["event_date"], made["top"], made["bottom"] = code, records[day], top, bottom
    made["kind"] = kind
    return made[made["event_date"].notna()]


def _claims(supply: pd.DataFrame, own: pd.DataFrame, closed: pd.DataFrame) -> pd.DataFrame:
    """No square metre twice: within a parcel an event claims what it has beyond the largest before it."""
    events = pd.concat(
        [
            _rows("", supply, "contract_date", supply["existing_area_mu"], kind="resupply").join(supply["parcel_code"]),
            _rows("", own, "day", own["completed_area_mu"], kind="self").join(own["parcel_code"]),
            _rows("", closed, "disposal_date", closed["disposed_area_mu"], kind="idle").join(closed["parcel_code"]),
        ]
    ).assign(indicator="activated_stock_land")
    events = events[(events["event_date"] >= "2025-01-01") & (events["top"] > 0)]
    events = events.sort_values(["parcel_code", "event_date", "record_key"], ignore_index=True)
    parcel = events["parcel_code"]
    before = events.groupby(parcel)["top"].cummax().groupby(parcel).shift(1).fillna(0)
    events["top"] = np.where(parcel.isna(), events["top"], (events["top"] - before).clip(lower=0))
    return events.drop(columns="parcel_code")


def _redeveloped(patches: pd.DataFrame, supply: pd.DataFrame) -> pd.DataFrame:
    contracts = supply.set_index("record_key")["contract_date"]
    contract = contracts.reindex(patches["supply_supervision_no"]).set_axis(patches.index)
    permit = patches[["agreement_date", "permit_date"]].max(axis=1, skipna=False)
    done = patches.assign(day=pd.concat([contract, permit], axis=1).min(axis=1))
    chain = (done["register_date"] <= done["day"]) & (done["plan_approval_date"] <= done["day"])
    return done[chain & (done["completed_area_mu"] > 0) & (done["day"] >= "2025-01-01")]


def _digested(now: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, str, pd.Series]:
    batches = now["approved_unsupplied"].drop_duplicates("approval_no", keep="last")
    joined = now["unsupplied_digestion"].merge(
        batches[["approval_no", "in_task_base", "remaining_area_mu"]], on="approval_no"
    )
    joined = joined.sort_values(["approval_no", "digestion_date", "record_key"])
    used = joined.groupby("approval_no")["digested_area_mu"].cumsum()
    counted = joined[(joined["in_task_base"] == True) & (used <= joined["remaining_area_mu"] + 1e-9)]  # noqa: E712
    return counted, "digestion_date", counted["digested_area_mu"]


def _industrial(supply: pd.DataFrame) -> pd.Series:
    pairs = supply["land_use_system"] + "|" + supply["land_use_code"]
    return pairs.isin([f"{system}|{code}" for system, codes in INDUSTRIAL_CODES.items() for code in codes])


def _exempt(supply: pd.DataFrame, exemptions: pd.DataFrame) -> pd.Series:
    listed = exemptions.set_index("supervision_no")
    begin = listed["approval_date"].reindex(supply["supervision_no"]).set_axis(supply.index)
    end = listed["valid_until"].reindex(supply["supervision_no"]).set_axis(supply.index)
    return (begin <= supply["contract_date"]) & (supply["contract_date"] <= end.fillna(pd.Timestamp.max))


def _tasks(tasks: pd.DataFrame) -> pd.DataFrame:
    codes = {"批而未供消化": "unsupplied_digestion_rate", "闲置土地处置": "idle_disposal_rate"}
    rows = tasks[tasks["task"].isin(codes)]
    made = _rows("", rows.assign(day=_new_year(rows["year"])), "day", 0.0, rows["task_area_mu"], "task")
    made["indicator"] = rows["task"].map(codes)
    return made


def _land(now: dict[str, pd.DataFrame]) -> pd.DataFrame:
    gdp = now["gdp"].set_index(["region_code", "year"])["gdp_wan_yuan"]
    land = now["construction_land"]
    land = land[land["land_class"] == "合计"]
    bottom = gdp.reindex(pd.MultiIndex.from_frame(land[["region_code", "year"]])).to_numpy()
    return _rows("land_per_gdp_reduction", land.assign(day=_new_year(land["year"])), "day", land["area_mu"], bottom)


def _walk(walk: pd.DataFrame) -> pd.DataFrame:
    rows = walk[walk["facility_class"] != "五类全覆盖"].assign(day=_new_year(walk["year"]))
    return _rows("walk15_coverage", rows, "day", rows["covered_area_mu"], rows["residential_area_mu"])


def _new_year(year: pd.Series) -> pd.Series:
    return pd.to_datetime(year.astype("Int64").astype(str) + "-01-01")


def _summed(ledger: pd.DataFrame) -> pd.DataFrame:
    """Sums and quotients of counties, cities and provinces, by year and since 2025."""
    dated = ledger[ledger["year"] >= 2025]
    levels = {
        "county": dated["region_code"], "city": dated["city"],
        "province": dated["city"].str[:2] + "0000",
    }  # fmt: skip
    made = []
    for level, place in levels.items():
        sums = dated.groupby(["indicator", place.rename("place"), "year"])[["top", "bottom"]].sum().reset_index()
        running = sums.sort_values("year").copy()
        running[["top", "bottom"]] = running.groupby(["indicator", "place"])[["top", "bottom"]].cumsum()
        made += [sums.assign(level=level, basis="annual"), running.assign(level=level, basis="cumulative")]
    figures = pd.concat(made, ignore_index=True)
    figures["value"] = np.where(figures["bottom"] > 0, figures["top"] / figures["bottom"], figures["top"])
    return figures


def _history(core: dict[str, pd.DataFrame], cities: dict[str, str]) -> pd.DataFrame:
    """The figures as they were known at every month end since the first receipt."""
    received = pd.concat([rows["received_on"] for rows in core.values()])
    known = []
    for day in pd.date_range(received.min(), received.max(), freq="ME"):
        then = {name: rows[rows["received_on"] <= day] for name, rows in core.items()}
        known.append(_figures(then, cities)[1].assign(known_on=day))
    return pd.concat(known, ignore_index=True) if known else pd.DataFrame()


def _write(out: Path, tables: dict[str, pd.DataFrame]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(out / "plain.duckdb")) as con:
        for name, frame in tables.items():
            if len(frame.columns):
                con.register("incoming", frame)
                con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM incoming")
                frame.to_parquet(out / f"{name}.parquet")


if __name__ == "__main__":
    print(json.dumps(run(*(Path(argument) for argument in sys.argv[1:4]))))
