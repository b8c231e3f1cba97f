"""A tangled little world: few keys, few days, few parcels, so that revisions, cancellations and parcels collide often.

Every row is legal on its own; what they mean together is what the figures are tested on. The same seed hands in the
same files.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from schemas.submissions import BY_LABEL, IDLE_WAYS, WALK_CLASSES
from tests.bureau import DEFAULTS, Bureau

Row = dict[str, str]

TASKS_AND_PLANS = ["批而未供消化", "闲置土地处置", "盘活存量建设用地", "低效用地再开发"]
COUNTIES = {
    "330100": ["330106", "330102", "330112", "330185", "330103", "330100"],
    "330600": ["330603", "330604", "330600"],
    "330900": ["330902", "330903", "330900"],
}
EVENT_DAYS = [
    "2016-05-01", "2024-12-31", "2025-01-01", "2025-06-30", "2025-12-31",
    "2026-01-01", "2026-02-28", "2026-03-01", "2026-06-30", "2026-10-31",
]  # fmt: skip
RECEIPT_DAYS = [
    "2025-04-01",
    "2025-07-01",
    "2025-12-31",
    "2026-01-20",
    "2026-03-31",
    "2026-04-01",
    "2026-07-15",
    "2026-11-01",
]
PARCELS = ["", "P1", "P2", "P3", "P4"]
STATUSES = ["", "", "", "", "更正", "更正", "有效", "解除", "撤销"]


def hand_in(bureau: Bureau, seed: int, files: int) -> None:
    draw = random.Random(seed)
    for _ in range(files):
        label, make = draw.choice([(label, make) for label, (weight, make) in MAKERS.items() for _ in range(weight)])
        city = draw.choice(list(COUNTIES))
        keys = [column.label for column in BY_LABEL[label].columns if column.key]
        rows = {tuple({**DEFAULTS[label], **row}[key] for key in keys): row for row in make(draw, city)}
        sender = {row.get("行政区代码") for row in rows.values()} == {"330000"}
        bureau.hand_in(
            label, *rows.values(), day=draw.choice(RECEIPT_DAYS), year=draw.choice([2024, 2025, 2025, 2026, 2026]),
            city="330000" if sender else city, batch=draw.choice("abXY一") + str(draw.randrange(3)),
        )  # fmt: skip


def supplies(draw: random.Random, city: str) -> Iterator[Row]:
    for _ in range(draw.randrange(1, 9)):
        existing, historical, new = draw.randrange(5), draw.randrange(3), draw.randrange(3)
        if not existing + historical + new:
            existing = 1
        yield {
            "行政区代码": draw.choice(COUNTIES[city]),
            "电子监管号": supervision_no(draw),
            "宗地代码": draw.choice(PARCELS),
            "供应面积": str(existing + historical + new),
            "现有建设用地面积": str(existing),
            "历史批而未供面积": str(historical),
            "当年新增面积": str(new),
            "是否单独选址": draw.choice("否否否是"),
            "合同签订日期": draw.choice(EVENT_DAYS),
            "约定容积率下限": draw.choice(["", "0", "1.2", "1.5", "2.05"]),
            "土地用途代码": draw.choice(["0601", "0601", "061", "1001", "0701"]),
            "用途分类体系": draw.choice(["GB/T21010-2017", "GB/T21010-2007", "用地用海分类2023"]),
            "状态": draw.choice(STATUSES),
        }


def batches(draw: random.Random, city: str) -> Iterator[Row]:
    for _ in range(draw.randrange(1, 5)):
        area = draw.randrange(2, 9)
        yield {
            "行政区代码": draw.choice(COUNTIES[city]),
            "批文号": f"B{draw.randrange(4)}",
            "批准面积": str(area),
            "已供面积": draw.choice(["", str(draw.randrange(area + 1))]),
            "剩余面积": draw.choice(["", str(draw.randrange(1, area + 1))]),
            "是否纳入基数": draw.choice("是是否"),
            "批准日期": draw.choice(["2016-05-01", "2024-05-01"]),
            "状态": draw.choice(STATUSES),
        }


def digestion(draw: random.Random, city: str) -> Iterator[Row]:
    # A key stays with its batch: were it to move, the order of refusals between batches would matter; no rule fixes it.
    for _ in range(draw.randrange(1, 9)):
        number = draw.randrange(15)
        yield {
            "行政区代码": draw.choice(COUNTIES[city]),
            "消化编号": f"X{number}",
            "批文号": f"B{number % 5}",
            "消化方式": draw.choice(["供地", "核减", "补办手续", "撤回批文"]),
            "消化日期": draw.choice(EVENT_DAYS),
            "消化面积": str(draw.randrange(1, 5)),
            "状态": draw.choice(STATUSES),
        }


def idle_cases(draw: random.Random, city: str) -> Iterator[Row]:
    for _ in range(draw.randrange(1, 9)):
        area = draw.randrange(3, 9)
        yield {
            "行政区代码": draw.choice(COUNTIES[city]),
            "认定书编号": f"I{draw.randrange(10)}",
            "宗地代码": draw.choice(PARCELS),
            "供地面积": str(area),
            "闲置面积": str(area),
            "约定动工日期": "2010-01-01",
            "认定日期": draw.choice(["2016-01-01", "2022-01-01"]),
            "实际动工日期": draw.choice(["", *EVENT_DAYS]),
            "处置方式": draw.choice(["", "延长动工期限", *IDLE_WAYS]),
            "处置完成日期": draw.choice(["", "", *EVENT_DAYS]),
            "处置面积": draw.choice(["", str(draw.randrange(area + 1)), str(draw.randrange(area + 1))]),
            "状态": draw.choice(STATUSES),
        }


def patches(draw: random.Random, city: str) -> Iterator[Row]:
    for _ in range(draw.randrange(1, 9)):
        yield {
            "行政区代码": draw.choice(COUNTIES[city]),
            "图斑编号": f"T{draw.randrange(14)}",
            "宗地代码": draw.choice(PARCELS),
            "图斑面积": "9",
            "入库日期": draw.choice(["", "2016-05-01", "2024-01-01", "2025-06-30"]),
            "方案批复日期": draw.choice(["", "2024-06-01", "2025-12-31"]),
            "改造协议日期": draw.choice(["", *EVENT_DAYS]),
            "施工许可日期": draw.choice(["", *EVENT_DAYS]),
            "供地电子监管号": draw.choice(["", "", supervision_no(draw)]),
            "完成面积": draw.choice(["", "3", "4", "5", "8"]),
            "状态": draw.choice(STATUSES),
        }


def exemptions(draw: random.Random, city: str) -> Iterator[Row]:
    for _ in range(draw.randrange(1, 5)):
        until = draw.choice(["", "2026-12-31", *EVENT_DAYS[4:]])
        yield {
            "电子监管号": supervision_no(draw),
            "批准日期": draw.choice(EVENT_DAYS[2:7]),
            "有效期止": until,
            "行政区代码": city,
        }


def tasks(draw: random.Random, city: str) -> Iterator[Row]:
    for region, year in places(draw, city, ("2025", "2026", "2027")):
        yield {
            "行政区代码": region,
            "年份": year,
            "任务": draw.choice(TASKS_AND_PLANS),
            "任务面积": str(draw.choice([0, 15, 30, 45])),
        }


def survey(draw: random.Random, city: str) -> Iterator[Row]:
    for region, year in places(draw, city, ("2025", "2026")):
        yield {
            "行政区代码": region,
            "年份": year,
            "地类编码": draw.choice(["合计", "05", "1001", "1006", "1201"]),
            "面积": str(draw.randrange(900, 1000)),
            "版本": draw.choice(["最终", "初步"]),
        }


def gdp(draw: random.Random, city: str) -> Iterator[Row]:
    for region, year in places(draw, city, ("2024", "2025", "2026")):
        yield {
            "行政区代码": region,
            "年份": year,
            "现价GDP": str(draw.randrange(90, 120)),
            "可比价指数": draw.choice(["105", "104.7", "106.25", "103.0"]),
            "口径": draw.choice(["初步核算", "最终核实", "普查修订"]),
        }


def walks(draw: random.Random, city: str) -> Iterator[Row]:
    year = draw.choice(["2025", "2026"])
    for name in WALK_CLASSES:
        if draw.random() < 0.9:
            yield {
                "行政区代码": city,
                "年份": year,
                "设施类别": name,
                "居住用地面积": "100",
                "覆盖面积": str(draw.randrange(50, 101)),
            }


def places(draw: random.Random, city: str, years: tuple[str, ...]) -> list[tuple[str, str]]:
    """Regions and years of a keyed table: the city and its counties, or now and then the province alone."""
    of_province = draw.random() < 0.25
    regions = (
        ["330000"]
        if of_province
        else [city, city, *(code for code in COUNTIES[city] if code not in ("330185", "330103"))]
    )
    return [(draw.choice(regions), draw.choice(years)) for _ in range(draw.randrange(1, 9))]


def supervision_no(draw: random.Random) -> str:
    return f"330106{2025 + draw.randrange(2)}B{draw.randrange(12):05d}"


MAKERS = {
    "供地结果": (3, supplies),
    "批而未供台账": (2, batches),
    "批而未供消化": (4, digestion),
    "闲置土地": (3, idle_cases),
    "低效用地": (4, patches),
    "容积率豁免清单": (2, exemptions),
    "年度任务": (2, tasks),
    "建设用地变更调查": (3, survey),
    "地区生产总值": (3, gdp),
    "步行覆盖": (3, walks),
}
