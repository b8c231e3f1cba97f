"""Planned dirt (脏数据): what goes wrong in bureau files, at bureau rates, and which rule should notice it.

Every spoilt row is written down (file, row, kind), so that a test can compare what was put in with what was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from assets.synthetic import formats
from assets.synthetic.formats import Dress
from assets.synthetic.plan import City
from schemas.table import Table

ERROR, WARNING, SILENT = "error", "warning", "silent"


@dataclass(frozen=True, slots=True)
class Sort:
    """One kind of dirt: the rule that notices it (None: nothing to notice) and how severe it is."""

    rule: str | None
    severity: str
    label: str


#: Every kind that a province of the usual size contains.
SORTS: dict[str, Sort] = {
    # a row's values
    "mu_under_hectare": Sort("3302", ERROR, "供应面积填成亩"),
    "parts_in_mu": Sort("3303", ERROR, "分项填成亩"),
    "identity_breach": Sort("3301", ERROR, "三项之和不等于供应面积"),
    "unknown_region": Sort("3201", ERROR, "行政区代码未知"),
    "abolished_region": Sort("3203", ERROR, "行政区代码已撤销"),
    "other_city": Sort("3204", ERROR, "外市的行政区代码"),
    "required_missing": Sort("3001", ERROR, "必填项为空"),
    "unknown_choice": Sort("3005", ERROR, "选项不在规定之内"),
    "number_with_unit": Sort("3008", ERROR, "数字带单位"),
    "impossible_date": Sort("3003", ERROR, "不存在的日期"),
    "zero_area": Sort("3101", ERROR, "面积为零"),
    "determined_early": Sort("3311", ERROR, "认定早于约定动工满一年"),
    "disposed_early": Sort("3312", ERROR, "处置早于认定"),
    "disposed_over_idle": Sort("3313", ERROR, "处置面积大于闲置面积"),
    "idle_over_supplied": Sort("3314", ERROR, "闲置面积大于供地面积"),
    "growth_as_index": Sort("3107", ERROR, "可比价指数填成增速"),
    "malformed_number": Sort("3401", WARNING, "电子监管号字母错位"),
    "far_missing": Sort("3403", WARNING, "工业用地未填容积率"),
    "far_only_upper": Sort("3403", WARNING, "工业用地只有容积率上限"),
    "far_zero": Sort("3403", WARNING, "工业用地容积率为 0"),
    "withdrawal_no_missing": Sort("3407", WARNING, "撤回批文未填文号"),
    "blank_in_name": Sort(None, SILENT, "名称含换行或制表符"),
    # within a file and across tables
    "repeated_row": Sort("4002", WARNING, "重复行"),
    "conflicting_key": Sort("4001", ERROR, "主键重复且内容不同"),
    "stray_walk_base": Sort("4003", WARNING, "步行覆盖基期偏离"),
    "unknown_batch": Sort("5001", ERROR, "批次未登记"),
    "batch_overdrawn": Sort("5002", ERROR, "超过批次剩余面积"),
    "unknown_exempt_supply": Sort("5003", WARNING, "豁免的监管号未知"),
    "unknown_idle_supply": Sort("5004", WARNING, "闲置土地的监管号未知"),
    "county_mismatch": Sort("5006", WARNING, "县区合计与市级不符"),
    "chain_incomplete": Sort(None, SILENT, "图斑流程不全"),
    # whole files
    "unknown_column": Sort("2003", WARNING, "未知列"),
    "unreadable_file": Sort("1004", ERROR, "文件损坏"),
    "unknown_table": Sort("1001", ERROR, "表名不识别"),
    "missing_column": Sort("2002", ERROR, "缺少必填列"),
    "same_bytes": Sort(None, SILENT, "同一文件再次报送"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dirt:
    """One planned flaw. `row` as the person sees it, from 1 (a CSV's line); None: the whole file."""

    file: str  # "YYYY-MM-DD/name"
    row: int | None
    kind: str
    table: str | None = None
    key: str | None = None

    @property
    def sort(self) -> Sort:
        return SORTS[self.kind]


#: Found once in a file, not on a row.
ON_THE_FILE = frozenset({"stray_walk_base"})
SUPERVISION_NUMBER = r"^\d{10}[AB]\d{5}(-\d+)?$"
Cells = dict[str, str | None]
Row = Mapping[str, Any]
REPEATED, CONFLICTING, BLANKS = 0.010, 0.0015, 0.006


@dataclass(frozen=True, slots=True)
class Writer:
    """Spells a value as the file at hand does."""

    table: Table
    dress: Dress
    city: City | None
    turns: Counter[str]  # how many flaws each table has had so far: they take turns, so that every one occurs

    def __call__(self, name: str, value: Any) -> str:
        column = self.table[name]
        cell = pl.select(pl.lit(value).alias(name))
        return cell.select(formats.spell(pl.col(name), column, self.dress, cell.schema[name])).item()


Spoiler = Callable[[Row, Writer], Cells | None]


def _scaled(name: str, factor: float) -> Spoiler:
    return lambda row, write: {name: write(name, round(row[name] * factor))} if row[name] else None


def _fixed(name: str, text: str | None) -> Spoiler:
    return lambda row, write: {name: text}


def _beyond(name: str, limit: str) -> Spoiler:
    return lambda row, write: {name: write(name, round(row[limit] * 1.3) + 100)} if row[name] and row[limit] else None


def _parts_in_mu(row: Row, write: Writer) -> Cells:
    parts = ("existing_area_mu", "historical_unsupplied_area_mu", "new_area_mu")
    return {name: write(name, row[name] * 15) for name in parts}


def _no_area(row: Row, write: Writer) -> Cells:
    return dict.fromkeys(("supplied_area_mu", "existing_area_mu", "historical_unsupplied_area_mu", "new_area_mu"), "0")


def _identity(row: Row, write: Writer) -> Cells:
    return {"supplied_area_mu": write("supplied_area_mu", round(row["supplied_area_mu"] * 1.11) + 60)}


def _unknown_region(row: Row, write: Writer) -> Cells:
    return {"region_code": row["region_code"][:4] + "99"}


def _abolished(row: Row, write: Writer) -> Cells | None:
    former = write.city.former if write.city else ()
    return {"region_code": former[-1][0]} if former else None


def _other_city(row: Row, write: Writer) -> Cells | None:
    if write.city is None or write.city.province != "330000":
        return None
    return {"region_code": "330481" if write.city.code != "330400" else "330182"}


def _with_unit(name: str) -> Spoiler:
    def spoil(row: Row, write: Writer) -> Cells | None:
        return {name: f"{write(name, row[name])}{write.dress.unit(write.table[name])}"} if row[name] else None

    return spoil


def _impossible(name: str) -> Spoiler:
    return lambda row, write: {name: f"{row[name].year}-02-30"} if row[name] else None


def _determined_early(row: Row, write: Writer) -> Cells | None:
    agreed = row["agreed_start_date"]
    if row["idle_type"] != "未动工" or agreed is None:
        return None
    return {"determination_date": write("determination_date", agreed + timedelta(days=200))}


def _disposed_early(row: Row, write: Writer) -> Cells | None:
    if row["disposal_date"] is None:
        return None
    return {"disposal_date": write("disposal_date", row["determination_date"] - timedelta(days=40))}


_ANY_EVENT: tuple[tuple[str, Spoiler], ...] = (("unknown_region", _unknown_region), ("other_city", _other_city))
SPOILERS: dict[str, tuple[tuple[str, Spoiler], ...]] = {
    "land_supply": (
        ("mu_under_hectare", _scaled("supplied_area_mu", 15)), ("parts_in_mu", _parts_in_mu),
        ("identity_breach", _identity), ("identity_breach", _identity), ("abolished_region", _abolished),
        ("required_missing", _fixed("existing_area_mu", None)),
        ("unknown_choice", _fixed("supply_method", "挂牌出让")), ("number_with_unit", _with_unit("supplied_area_mu")),
        ("impossible_date", _impossible("contract_date")), ("zero_area", _no_area), *_ANY_EVENT,
    ),
    "unsupplied_digestion": (
        ("unknown_choice", _fixed("digestion_way", "收回")), ("impossible_date", _impossible("digestion_date")),
        ("number_with_unit", _with_unit("digested_area_mu")), ("required_missing", _fixed("digested_area_mu", None)),
        *_ANY_EVENT,
    ),
    "idle_land": (
        ("determined_early", _determined_early), ("disposed_early", _disposed_early),
        ("disposed_over_idle", _beyond("disposed_area_mu", "idle_area_mu")),
        ("idle_over_supplied", _beyond("idle_area_mu", "supplied_area_mu")),
        ("unknown_choice", _fixed("idle_type", "闲置")), *_ANY_EVENT,
    ),
    "inefficient_land": (
        ("required_missing", _fixed("patch_area_mu", None)), ("unknown_choice", _fixed("inefficiency_type", "旧厂房")),
        ("impossible_date", _impossible("register_date")), ("number_with_unit", _with_unit("patch_area_mu")),
        *_ANY_EVENT,
    ),
    "far_exemption": (("unknown_choice", _fixed("exemption_type", "其他")), ("unknown_region", _unknown_region)),
}  # fmt: skip
#: What differs in the second of two rows with one key.
_CONTRADICTIONS: dict[str, Spoiler] = {
    "land_supply": _scaled("price_wan_yuan", 2),
    "unsupplied_digestion": _scaled("digested_area_mu", 0.9),
    "idle_land": lambda row, write: {"idle_cause": "政府原因" if row["idle_cause"] != "政府原因" else "企业原因"},
    "inefficient_land": lambda row, write: {
        "mode": "混合利用节地" if row["mode"] != "混合利用节地" else "低效整治腾地"
    },
}


def soiled(
    typed: pl.DataFrame, cells: pl.DataFrame, table: Table, write: Writer, rng: np.random.Generator
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """The cells with their flaws, and where those are: (row from 0, kind). Rows are only added at the end."""
    placed = [(index, kind) for index, tags in enumerate(typed["_tag"].to_list()) if tags for kind in tags.split("+")]
    for column in table.columns:
        if column.name.endswith("supervision_no"):
            malformed = ~typed[column.name].cast(pl.String).str.contains(SUPERVISION_NUMBER)
            placed += [(index, "malformed_number") for index in malformed.fill_null(False).arg_true().to_list()]
    count = typed.height
    edits: dict[str, dict[int, str | None]] = {}
    spoilt = np.flatnonzero(typed["_spoil"].fill_null(False).to_numpy())
    for index in spoilt.tolist():
        if flaw := _flaw(table, typed.row(index, named=True), write):
            kind, changes = flaw
            placed.append((index, kind))
            for name, text in changes.items():
                edits.setdefault(name, {})[index] = text
    if table.name == "land_supply":
        for index in np.flatnonzero(rng.random(count) < BLANKS).tolist():
            name = cells["project_name"][index]
            blank = "\n" if rng.random() < 0.5 else "\t"
            edits.setdefault("project_name", {})[index] = name[:4] + blank + name[4:]
            placed.append((index, "blank_in_name"))
    cells = cells.with_columns(
        cells[name].scatter(list(changes), list(changes.values())).alias(name) for name, changes in edits.items()
    )
    return _with_repeats(typed, cells, table, write, rng, set(spoilt.tolist()), placed)


def _flaw(table: Table, row: Row, write: Writer) -> tuple[str, Cells] | None:
    """The next of the table's flaws that this row can have; None when none of them fits."""
    options = SPOILERS[table.name]
    turn = write.turns[table.name]
    write.turns[table.name] += 1
    for kind, spoil in (*options[turn % len(options) :], *options[: turn % len(options)]):
        if changes := spoil(row, write):
            return kind, changes
    return None


def _with_repeats(
    typed: pl.DataFrame, cells: pl.DataFrame, table: Table, write: Writer, rng: np.random.Generator,
    spoilt: set[int], placed: list[tuple[int, str]],
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:  # fmt: skip
    """Some rows twice, and a few a second time with another content (both of those are then refused)."""
    if table.name not in _CONTRADICTIONS:
        return cells, placed
    drawn = rng.random(typed.height)
    copies = [index for index in np.flatnonzero(drawn < REPEATED + CONFLICTING).tolist() if index not in spoilt]
    if not copies:
        return cells, placed
    extra = cells[copies]
    own: dict[int, list[str]] = {}
    for index, kind in placed:
        own.setdefault(index, []).append(kind)
    edits: dict[str, dict[int, str | None]] = {}
    for offset, index in enumerate(copies):
        row = typed.height + offset
        changes = None
        if drawn[index] >= REPEATED:
            changes = _CONTRADICTIONS[table.name](typed.row(index, named=True), write)
        placed += [(row, kind) for kind in own.get(index, ())]
        if changes:
            placed += [(index, "conflicting_key"), (row, "conflicting_key")]
            for name, text in changes.items():
                edits.setdefault(name, {})[offset] = text
        else:
            placed.append((row, "repeated_row"))
    extra = extra.with_columns(
        extra[name].scatter(list(changes), list(changes.values())).alias(name) for name, changes in edits.items()
    )
    return pl.concat([cells, extra]), placed
