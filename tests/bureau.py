"""A bureau for tests: hands in small CSV files and asks what the figures are. Everything passes through the real door."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import polars as pl

from assets import core, evaluation, indicators, quality, raw, warehouse
from assets.context import Context
from assets.indicators import inputs
from assets.marts import all_findings, current_targets
from schemas import policy
from schemas.indicators import INDICATORS
from schemas.submissions import BY_LABEL

#: What a row holds unless a test says otherwise, by table label; areas in 公顷.
DEFAULTS: dict[str, dict[str, str]] = {
    "供地结果": {
        "行政区代码": "330106", "宗地代码": "", "供应面积": "2", "现有建设用地面积": "2", "历史批而未供面积": "0",
        "当年新增面积": "0", "是否单独选址": "否", "土地用途代码": "0701", "用途分类体系": "GB/T21010-2017",
        "供地方式": "挂牌", "合同签订日期": "2026-03-01", "约定容积率下限": "", "状态": "",
    },
    "批而未供台账": {
        "行政区代码": "330106", "批准日期": "2020-05-01", "批准面积": "100", "已供面积": "0", "剩余面积": "100",
        "是否纳入基数": "是", "状态": "",
    },
    "批而未供消化": {
        "行政区代码": "330106", "批文号": "B1", "消化方式": "供地", "消化日期": "2026-03-01", "消化面积": "1", "状态": "",
    },
    "闲置土地": {
        "行政区代码": "330106", "宗地代码": "", "供地面积": "5", "闲置面积": "3", "约定动工日期": "2020-01-01",
        "实际动工日期": "", "闲置类型": "未动工", "认定日期": "2022-01-01", "处置方式": "协议收回",
        "处置完成日期": "2026-03-01", "处置面积": "3", "状态": "",
    },
    "低效用地": {
        "行政区代码": "330106", "宗地代码": "", "低效类型": "工业", "图斑面积": "4", "入库日期": "2024-01-01",
        "方案批复日期": "2024-06-01", "改造协议日期": "2025-02-01", "施工许可日期": "2025-03-01", "供地电子监管号": "",
        "竣工日期": "", "完成面积": "4", "状态": "",
    },
    "年度任务": {"行政区代码": "330100", "年份": "2026", "任务": "批而未供消化", "任务面积": "150"},
    "建设用地变更调查": {"行政区代码": "330100", "年份": "2025", "地类编码": "合计", "面积": "1000", "版本": "最终"},
    "地区生产总值": {"行政区代码": "330100", "年份": "2025", "现价GDP": "100", "可比价指数": "105.0", "口径": "最终核实"},
    "步行覆盖": {
        "行政区代码": "330100", "年份": "2025", "设施类别": "文化", "居住用地面积": "100", "覆盖面积": "80", "测算方法": "路网",
    },
    "容积率豁免清单": {
        "行政区代码": "330106", "豁免类型": "特殊工艺", "依据文号": "浙1", "批准日期": "2025-01-01", "有效期止": "2026-12-31",
    },
}  # fmt: skip


def supervision_no(n: int, year: int = 2026, region: str = "330106", letter: str = "B") -> str:
    return f"{region}{year}{letter}{n:05d}"


class Bureau:
    """Hands in files and computes figures as of a day, in a directory of its own."""

    def __init__(self, home: Path, regions: policy.Regions | None = None):
        self.landing, self.raw = home / "landing", home / "raw"
        self.landing.mkdir(parents=True)
        self.con = warehouse.connect(home / "warehouse.duckdb")
        self.regions = regions or policy.regions()
        core.write_regions(self.con, self.regions)

    def hand_in(
        self,
        label: str,
        *rows: dict[str, str],
        day: str = "2026-11-01",
        year: int = 2026,
        city: str = "330100",
        batch: str = "",
    ) -> None:
        """One CSV of a table, received on a day; rows are what differs from DEFAULTS."""
        header = list(dict.fromkeys([*DEFAULTS[label], *(name for row in rows for name in row)]))
        text = io.StringIO()
        writer = csv.DictWriter(text, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**DEFAULTS[label], **row} for row in rows)
        self.put(f"{label}_{city}_{year}{'_' + batch if batch else ''}.csv", text.getvalue().encode(), day)

    def put(self, name: str, content: bytes, day: str = "2026-11-01") -> None:
        (self.landing / day).mkdir(exist_ok=True)
        (self.landing / day / name).write_bytes(content)

    def take_in(self) -> None:
        raw.capture(self.con, self.landing, self.raw, date(2026, 11, 23), self.regions)
        for table in core.pending(self.con):
            core.load(self.con, self.raw, table, self.regions)

    def context(self, as_of: str = "2026-11-23", **overrides) -> Context:
        day = date.fromisoformat(as_of)
        rules = policy.rulebook(day).with_overrides(
            {name.replace("__", "."): value for name, value in overrides.items()}
        )
        return Context(day, rules, self.regions, policy.target_version(day))

    def result(self, indicator: str, as_of: str = "2026-11-23", **overrides):
        self.take_in()
        context = self.context(as_of, **overrides)
        return indicators.compute(self.con, indicator, context, indicators.years(self.con, context.as_of))

    def figure(
        self,
        indicator: str,
        region: str = "330100",
        year: int = 2026,
        basis: str | None = None,
        as_of: str = "2026-11-23",
        **overrides,
    ) -> dict:
        """One figure as a dict."""
        basis = basis or str(INDICATORS[indicator].judged)
        made = self.result(indicator, as_of, **overrides).figures
        (found,) = made.filter(region_code=region, year=year, basis=basis).iter_rows(named=True)
        return found

    def parts(
        self, indicator: str, region: str = "330100", year: int = 2026, basis: str | None = None, **more
    ) -> dict[str, float]:
        basis = basis or str(INDICATORS[indicator].judged)
        made = self.result(indicator, **more).parts.filter(region_code=region, year=year, basis=basis)
        return dict(zip(made["part"], made["value"], strict=True))

    def assessments(self, as_of: str = "2026-11-23", **overrides) -> pl.DataFrame:
        self.take_in()
        context = self.context(as_of, **overrides)
        figures = []
        for code in INDICATORS:
            result = indicators.compute(self.con, code, context, indicators.years(self.con, context.as_of))
            figures.append(result.figures.with_columns(indicator=pl.lit(code)))
        plans = inputs.load(self.con, {"annual_task": ("year", "task", "task_area_mu")}, context)["annual_task"]
        return evaluation.assess(pl.concat(figures), current_targets(context), plans, context)

    def assessment(self, indicator: str, region: str = "330100", year: int = 2026, horizon: int = 2027, **more) -> dict:
        (found,) = (
            self.assessments(**more)
            .filter(indicator=indicator, region_code=region, year=year, horizon=horizon)
            .iter_rows(named=True)
        )
        return found

    def findings(self, as_of: str = "2026-11-23") -> pl.DataFrame:
        self.take_in()
        context = self.context(as_of)
        quality.refresh(self.con, context)
        return all_findings(self.con, context)


assert all(label in BY_LABEL for label in DEFAULTS)
