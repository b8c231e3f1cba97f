"""Great Expectations in its pandas mode: the expectations that are comparable with our suites, as its manual shows."""

from __future__ import annotations

import os

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

from schemas.indicators import INDICATORS
from schemas.submissions import TABLES
from schemas.table import AREA_KINDS, Kind, Table


def validate(core: dict[str, pd.DataFrame], ledger: pd.DataFrame, figures: pd.DataFrame, cities: dict[str, str]) -> int:
    """Run all suites; how many expectations do not hold."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("frames")
    codes = sorted(cities.keys() | {code[:2] + "0000" for code in cities})
    suites = [(name, rows, _of_core(TABLES[name], codes)) for name, rows in core.items()]
    suites += [("contribution", ledger, _of_ledger()), ("figure", figures, _of_figures())]
    failed = 0
    for name, rows, expectations in suites:
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
        result = batch.get_batch({"dataframe": rows}).validate(suite)
        failed += sum(not each.success for each in result.results)
    return failed


def _of_core(table: Table, codes: list[str]) -> list[gxe.Expectation]:
    made: list[gxe.Expectation] = [
        gxe.ExpectColumnValuesToNotBeNull(column=name)
        for name in (*table.required, "record_key", "file_name", "row_number")
    ]
    made.append(gxe.ExpectColumnValuesToBeInSet(column="region_code", value_set=codes))
    made.append(gxe.ExpectCompoundColumnsToBeUnique(column_list=["file_name", "record_key"]))
    for column in table.columns:
        if column.choices:
            made.append(gxe.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(column.choices)))
        if column.kind in AREA_KINDS:
            strict = column.kind is Kind.AREA
            made.append(gxe.ExpectColumnValuesToBeBetween(column=column.name, min_value=0, strict_min=strict))
        if column.kind is Kind.FAR:
            made.append(gxe.ExpectColumnValuesToBeBetween(column=column.name, min_value=0, max_value=15))
        if column.kind is Kind.REGION:
            made.append(gxe.ExpectColumnValuesToMatchRegex(column=column.name, regex=r"^\d{6}$"))
    if table.name == "land_supply":
        made.append(gxe.ExpectColumnValuesToMatchRegex(column="supervision_no", regex=r"^\d{10}[AB]\d{5}(-\d+)?$"))
        parts = ["existing_area_mu", "new_area_mu"]
        made += [
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="supplied_area_mu", column_B=part, or_equal=True)
            for part in parts
        ]
    return made


def _of_ledger() -> list[gxe.Expectation]:
    return [
        *(
            gxe.ExpectColumnValuesToNotBeNull(column=name)
            for name in ("indicator", "region_code", "record_key", "top", "bottom", "file_name", "row_number")
        ),
        gxe.ExpectColumnValuesToBeInSet(column="indicator", value_set=list(INDICATORS)),
        gxe.ExpectColumnValuesToBeBetween(column="top", min_value=0),
        gxe.ExpectColumnValuesToBeBetween(column="bottom", min_value=0),
    ]


def _of_figures() -> list[gxe.Expectation]:
    return [
        *(gxe.ExpectColumnValuesToNotBeNull(column=name) for name in ("indicator", "place", "year", "basis", "value")),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["indicator", "place", "year", "basis", "level"]),
        gxe.ExpectColumnValuesToBeInSet(column="indicator", value_set=list(INDICATORS)),
    ]
