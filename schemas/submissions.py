"""The fourteen submission tables (报送数据约定 2025.1) and the public land-market export.

Headers, codes and keys here are the contract with the bureaus. Templates, the reader, the row rules, the core DDL and
the dictionary all derive from these declarations.
"""

from __future__ import annotations

from decimal import Decimal

from .table import LARGEST_GDP_WAN_YUAN, SMALLEST_GDP_WAN_YUAN, Column, Kind, Table, Unit

#: The sheets of our templates: what is filled in, and what explains it and is never data.
FORM, BESIDE_FORM = "填报", ("说明", "代码")
MODES = ("空间优化拓地", "聚链成群增地", "低效整治腾地", "功能转换盘地", "三维立体省地", "混合利用节地")
STATUSES = ("有效", "更正", "解除", "撤销")
CANCELLED = ("解除", "撤销")
LAND_USE_SYSTEMS = ("GB/T21010-2007", "GB/T21010-2017", "用地用海分类2023")
SUPPLY_METHODS = ("划拨", "招标", "拍卖", "挂牌", "协议", "租赁", "作价出资", "授权经营")
DIGESTION_WAYS = ("供地", "撤回批文", "核减", "补办手续")
IDLE_WAYS = ("延长动工期限", "调整用途", "安排临时使用", "协议收回", "置换", "无偿收回", "动工建设", "其他")
WALK_CLASSES = ("文化", "教育", "卫生", "体育", "养老")
WALK_ALL_FIVE = "五类全覆盖"
LAND_TOTAL = "合计"
CONSTRUCTION_LAND_CLASSES = (
    "05", "06", "07", "08", "09", "1001", "1002", "1003", "1004", "1005", "1007", "1008", "1009", "1109", "1201",
)  # fmt: skip
#: Known classes of the survey that are not construction land under rulebook §7: accepted and not counted.
UNCOUNTED_LAND_CLASSES = ("1006", "1107", "1202")
TASK_DIGESTION, TASK_IDLE = "批而未供消化", "闲置土地处置"
PLAN_ACTIVATION, PLAN_REDEVELOPMENT = "盘活存量建设用地", "低效用地再开发"


def _region() -> Column:
    return Column("region_code", "行政区代码", Kind.REGION, required=True, note="六位县区或设区市代码，九位的取前六位")


def _region_key() -> Column:
    return Column("region_code", "行政区代码", Kind.REGION, required=True, key=True, note="六位代码；全省填 330000")


def _year_key() -> Column:
    return Column("year", "年份", Kind.YEAR, required=True, key=True)


def _status() -> Column:
    return Column("status", "状态", Kind.CHOICE, choices=STATUSES, note="空白为有效；解除、撤销自该次报送起按零计")


def _mode(required: bool = False) -> Column:
    return Column("mode", "开发模式", Kind.CHOICE, required=required, choices=MODES)


def _supervision(name: str = "supervision_no", label: str = "电子监管号", **more) -> Column:
    return Column(name, label, Kind.TEXT, note="16 位：6 位区划 + 4 位年份 + A（划拨）或 B（出让）+ 5 位序号", **more)


def _area(name: str, label: str, *, part: bool = False, unit: Unit = Unit.HECTARE, **more) -> Column:
    return Column(name, label, Kind.AREA_PART if part else Kind.AREA, unit=unit, **more)


def _date(name: str, label: str, **more) -> Column:
    return Column(name, label, Kind.DATE, **more)


def _choice(name: str, label: str, choices: tuple[str, ...], **more) -> Column:
    return Column(name, label, Kind.CHOICE, choices=choices, **more)


def _text(name: str, label: str, **more) -> Column:
    return Column(name, label, Kind.TEXT, **more)


def _money(name: str, label: str, unit: Unit = Unit.WAN_YUAN, **more) -> Column:
    return Column(name, label, Kind.MONEY, unit=unit, **more)


LAND_SUPPLY = Table(
    "land_supply", "供地结果", 1, "one land-supply contract or allocation decision",
    (
        _region(),
        _supervision(required=True, key=True),
        _text("parcel_code", "宗地代码", note="同一宗地只计一次；空白的单独计算并标注"),
        _text("project_name", "项目名称"),
        _area("supplied_area_mu", "供应面积", required=True),
        _area("existing_area_mu", "现有建设用地面积", part=True, required=True),
        _area("historical_unsupplied_area_mu", "历史批而未供面积", part=True, required=True),
        _area("new_area_mu", "当年新增面积", part=True, required=True),
        Column("is_separate_site", "是否单独选址", Kind.BOOLEAN, required=True),
        _text("land_use_code", "土地用途代码", required=True, note="与用途分类体系一并填写"),
        _choice("land_use_system", "用途分类体系", LAND_USE_SYSTEMS, required=True),
        _choice("supply_method", "供地方式", SUPPLY_METHODS, required=True),
        _text("industry_code", "行业代码"),
        Column("far_lower", "约定容积率下限", Kind.FAR, note="0 或空白为未约定"),
        Column("far_upper", "约定容积率上限", Kind.FAR),
        # No figure reads the price: a negative one is asked about, it does not take the areas out of four indicators.
        _money("price_wan_yuan", "成交价格", note="万元"),
        _date("contract_date", "合同签订日期", required=True),
        _date("agreed_start_date", "约定动工日期"),
        _date("agreed_completion_date", "约定竣工日期"),
        _text("approval_no", "批文号"),
        _mode(),
        _status(),
    ),
    event_date="contract_date",
)  # fmt: skip

APPROVED_UNSUPPLIED = Table(
    "approved_unsupplied", "批而未供台账", 2, "one approved batch of land (批次)",
    (
        _region(),
        _text("approval_no", "批文号", required=True, key=True),
        _text("batch_name", "批次名称"),
        _text("batch_type", "批次类型"),
        _date("approval_date", "批准日期", required=True),
        _area("approved_area_mu", "批准面积", required=True),
        _area("supplied_area_mu", "已供面积", part=True),
        _area("remaining_area_mu", "剩余面积", part=True),
        Column("in_task_base", "是否纳入基数", Kind.BOOLEAN, required=True),
        _area("base_area_mu", "基数面积", part=True),
        _status(),
    ),
    event_date="approval_date",
)  # fmt: skip

UNSUPPLIED_DIGESTION = Table(
    "unsupplied_digestion", "批而未供消化", 3, "one digestion event of a batch",
    (
        _region(),
        _text("digestion_no", "消化编号", required=True, key=True),
        _text("approval_no", "批文号", required=True),
        _choice("digestion_way", "消化方式", DIGESTION_WAYS, required=True),
        _date("digestion_date", "消化日期", required=True),
        _area("digested_area_mu", "消化面积", required=True),
        _supervision("supply_supervision_no", "供地电子监管号"),
        _text("withdrawal_no", "撤回文号"),
        _status(),
    ),
    event_date="digestion_date",
)  # fmt: skip

IDLE_LAND = Table(
    "idle_land", "闲置土地", 4, "one idle-land case (闲置土地认定书)",
    (
        _region(),
        _text("case_no", "认定书编号", required=True, key=True),
        _supervision(),
        _text("parcel_code", "宗地代码"),
        _area("supplied_area_mu", "供地面积", required=True),
        _area("idle_area_mu", "闲置面积", required=True),
        _date("agreed_start_date", "约定动工日期"),
        _date("actual_start_date", "实际动工日期"),
        _choice("idle_type", "闲置类型", ("未动工", "中止建设"), required=True),
        _date("determination_date", "认定日期", required=True),
        _choice("idle_cause", "闲置原因", ("企业原因", "政府原因", "不可抗力")),
        _choice("disposal_way", "处置方式", IDLE_WAYS),
        _date("disposal_date", "处置完成日期"),
        _area("disposed_area_mu", "处置面积", part=True),
        _status(),
    ),
    event_date="determination_date",
)  # fmt: skip

INEFFICIENT_LAND = Table(
    "inefficient_land", "低效用地", 5, "one low-efficiency patch (低效图斑)",
    (
        _region(),
        _text("patch_no", "图斑编号", required=True, key=True),
        _text("parcel_code", "宗地代码"),
        _choice("inefficiency_type", "低效类型", ("工业", "城镇", "村庄"), required=True),
        _area("patch_area_mu", "图斑面积", required=True),
        _date("register_date", "入库日期"),
        _text("determination_no", "认定文号"),
        Column("plan_year", "年度计划年份", Kind.YEAR),
        _date("plan_approval_date", "方案批复日期"),
        _text("plan_approval_no", "方案批复文号"),
        _date("agreement_date", "改造协议日期"),
        _date("permit_date", "施工许可日期"),
        _supervision("supply_supervision_no", "供地电子监管号"),
        _date("completion_date", "竣工日期"),
        _area("completed_area_mu", "完成面积", part=True),
        _mode(),
        _status(),
    ),
    event_date="register_date",
)  # fmt: skip

ANNUAL_TASK = Table(
    "annual_task", "年度任务", 6, "one task of a region in a year",
    (
        _region_key(),
        _year_key(),
        _choice("task", "任务", (TASK_DIGESTION, TASK_IDLE, PLAN_ACTIVATION, PLAN_REDEVELOPMENT), required=True, key=True),
        _area("task_area_mu", "任务面积", part=True, unit=Unit.MU, required=True, note="盘活、低效两项填当年末的累计计划数"),
        _text("issue_no", "下达文号"),
        _date("issue_date", "下达日期"),
    ),
    province_rows=True,
)  # fmt: skip

CONSTRUCTION_LAND = Table(
    "construction_land", "建设用地变更调查", 7, "one land class of a region in a survey year",
    (
        _region_key(),
        _year_key(),
        _choice("land_class", "地类编码", (LAND_TOTAL, *CONSTRUCTION_LAND_CLASSES, *UNCOUNTED_LAND_CLASSES), required=True, key=True),
        _area("area_mu", "面积", part=True, required=True),
        _choice("vintage", "版本", ("初步", "最终"), required=True),
        _date("published_on", "发布日期"),
    ),
    province_rows=True,
)  # fmt: skip

GDP = Table(
    "gdp", "地区生产总值", 8, "GDP of a region in a year",
    (
        _region_key(),
        _year_key(),
        _money("gdp_wan_yuan", "现价GDP", Unit.YI_YUAN, required=True, note="当年价", least=SMALLEST_GDP_WAN_YUAN, largest=LARGEST_GDP_WAN_YUAN),
        Column("real_index", "可比价指数", Kind.INDEX, required=True, note="上年 = 100"),
        _choice("vintage", "口径", ("初步核算", "最终核实", "普查修订"), required=True),
        _date("published_on", "发布日期"),
    ),
    province_rows=True,
)  # fmt: skip

WALK_COVERAGE = Table(
    "walk_coverage", "步行覆盖", 9, "one facility class of a region in a year",
    (
        _region_key(),
        _year_key(),
        _choice("facility_class", "设施类别", (*WALK_CLASSES, WALK_ALL_FIVE), required=True, key=True),
        _area("residential_area_mu", "居住用地面积", required=True),
        _area("covered_area_mu", "覆盖面积", part=True, required=True),
        _choice("method", "测算方法", ("路网", "缓冲区"), required=True),
        _text("boundary_version", "中心城区边界版本"),
    ),
    province_rows=True,
)  # fmt: skip

FAR_EXEMPTION = Table(
    "far_exemption", "容积率豁免清单", 10, "one parcel exempted from the FAR floor",
    (
        _region(),
        _supervision(required=True, key=True),
        _choice("exemption_type", "豁免类型", ("特定产业", "特殊工艺"), required=True),
        _text("basis_no", "依据文号", required=True),
        _date("approval_date", "批准日期", required=True),
        _date("valid_until", "有效期止", note="含当日；空白为长期有效"),
    ),
    event_date="approval_date",
)  # fmt: skip

DEMONSTRATION_PROJECT = Table(
    "demonstration_project", "示范项目", 11, "one demonstration project",
    (
        _region(),
        _text("project_no", "项目编号", required=True, key=True),
        _text("project_name", "项目名称", required=True),
        _mode(required=True),
        _text("batch", "批次"),
        _choice("stage", "阶段", ("谋划", "在建", "完成", "推广", "申报国家案例"), required=True),
        _area("land_area_mu", "用地面积"),
        _area("activated_area_mu", "盘活面积", part=True),
        _money("investment_wan_yuan", "总投资", least=Decimal(0)),
        _text("measures", "政策举措"),
        _date("start_date", "开工日期"),
        _date("completion_date", "完成日期"),
    ),
)  # fmt: skip

TASK_PROGRESS = Table(
    "task_progress", "任务台账", 12, "one of the plan's twelve tasks in a quarter",
    (
        _region_key(),
        Column("task_no", "任务编号", Kind.INTEGER, required=True, key=True, note="行动方案 1–12"),
        _year_key(),
        Column("quarter", "季度", Kind.INTEGER, required=True, key=True, note="1–4"),
        _choice("progress", "进展状态", ("未启动", "推进中", "已完成"), required=True),
        _text("description", "进展说明"),
        _text("responsible_unit", "责任单位"),
    ),
    province_rows=True,
)  # fmt: skip

POLICY_MEASURE = Table(
    "policy_measure", "政策举措", 13, "one policy measure taken",
    (
        _region(),
        _text("measure_no", "举措编号", required=True, key=True),
        _choice("measure_type", "举措类别", ("规划引导", "用地支持", "资金保障", "机制模式"), required=True),
        _text("measure_name", "举措名称", required=True),
        _money("amount_wan_yuan", "金额", least=Decimal(0)),
        _area("area_mu", "涉及面积", part=True),
        _date("event_date", "发生日期", required=True),
    ),
    event_date="event_date",
)  # fmt: skip

PARK_PERFORMANCE = Table(
    "park_performance", "园区亩均效益", 14, "one industrial park in a year",
    (
        _region_key(),
        _text("park_code", "园区代码", required=True, key=True),
        _year_key(),
        _text("park_name", "园区名称", required=True),
        _area("industrial_area_mu", "工业用地面积", unit=Unit.MU),
        _money("tax_wan_yuan", "税收"),  # like added value rightly negative in a bad year
        _money("value_added_wan_yuan", "工业增加值"),
        Column("average_far", "平均容积率", Kind.FAR),
    ),
    province_rows=True,
)  # fmt: skip

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        LAND_SUPPLY, APPROVED_UNSUPPLIED, UNSUPPLIED_DIGESTION, IDLE_LAND, INEFFICIENT_LAND, ANNUAL_TASK,
        CONSTRUCTION_LAND, GDP, WALK_COVERAGE, FAR_EXEMPTION, DEMONSTRATION_PROJECT, TASK_PROGRESS, POLICY_MEASURE,
        PARK_PERFORMANCE,
    )
}  # fmt: skip
BY_LABEL: dict[str, Table] = {table.label: table for table in TABLES.values()}

# --- The public land-market export (source profile `landchina`) ---------------------------------------------------

#: Header of the portal's listing or key of its JSON → (column of land_supply). 土地来源 is read by `assets/reading`:
#: a number or one of three words, hence not a column of its own.
LANDCHINA_HEADERS: dict[str, str] = {
    "行政区": "region_name", "district": "region_name",
    "电子监管号": "supervision_no", "idnumber": "supervision_no",
    "项目名称": "project_name", "name": "project_name",
    "面积": "supplied_area_mu", "area": "supplied_area_mu",
    "土地来源": "land_source", "source": "land_source",
    "土地用途": "land_use_code", "use": "land_use_code",
    "供地方式": "supply_method", "supply": "supply_method",
    "行业分类": "industry_code", "industry": "industry_code",
    "成交价格": "price_wan_yuan", "price": "price_wan_yuan",
    "约定容积率下限": "far_lower", "plot_ratio_minimum": "far_lower",
    "约定容积率上限": "far_upper", "plot_ratio_maximum": "far_upper",
    "约定开工时间": "agreed_start_date", "time4commencement_plan": "agreed_start_date",
    "约定竣工时间": "agreed_completion_date", "time4completion_plan": "agreed_completion_date",
    "合同签订日期": "contract_date", "date4sign": "contract_date",
}  # fmt: skip
LANDCHINA_SYSTEM = "landchina"
#: 土地来源 as a word → the share of the area that is existing construction land; None = unknown (rulebook: left out).
LANDCHINA_SOURCES: dict[str, int | None] = {"现有建设用地": 1, "新增建设用地": 0, "新增建设用地(来自存量库)": None}

#: Industrial land per code system (rulebook §6). A code is only read together with its system.
INDUSTRIAL_CODES: dict[str, tuple[str, ...]] = {
    "GB/T21010-2007": ("061",),
    "GB/T21010-2017": ("0601",),
    "用地用海分类2023": ("1001", "100101", "100102", "100103"),
    LANDCHINA_SYSTEM: ("工业用地", "一类工业用地", "二类工业用地", "三类工业用地"),
}
