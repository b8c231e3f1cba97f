"""The life of a home, made up from a seed: who hands in what on which day, and what people do between the nights.

Everything here is valid, if odd: rows that a rule refuses included, since a refused row is an answer and no failure.
"""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain

import xlsxwriter

from schemas import policy
from schemas.submissions import (
    BY_LABEL,
    CONSTRUCTION_LAND_CLASSES,
    DIGESTION_WAYS,
    IDLE_WAYS,
    SUPPLY_METHODS,
    WALK_ALL_FIVE,
    WALK_CLASSES,
)
from schemas.table import AREA_KINDS, Kind, Unit

Row = dict[str, str]

#: Days on which something begins, ends or falls due, and some on which nothing does.
DAYS = (
    "2025-01-01", "2025-01-02", "2025-02-28", "2025-03-31", "2025-06-17", "2025-12-31", "2026-01-01", "2026-03-31",
    "2026-04-01", "2026-07-15", "2026-11-23", "2026-12-31", "2027-01-01", "2027-03-31", "2027-09-30", "2027-10-01",
    "2027-12-30", "2027-12-31", "2028-01-01", "2028-02-29", "2028-08-08", "2028-12-31", "2029-05-01", "2030-01-01",
    "2030-09-30", "2030-10-01", "2030-12-31", "2031-01-01", "2031-06-30", "2031-12-31", "2032-03-01",
)  # fmt: skip

#: Texts that have hurt some program once; `{{` and the names of missing values are left out, pages are searched for them.
TEXTS = (
    "某某地块", "A–B “引号” 地块", "引\"号", "逗,号;分号", "换\n行", "制表\t符", "a|b", "很长" * 300, "ＦＵＬＬ　Ｗｉｄｔｈ１２３", "👩‍🌾🏭",
    "<script>alert(1)</script>", "<b>粗</b>&amp;", "=1+1", "@SUM(A1)", "+86", "*粗* _斜_ `码`", "#let x = 1", "$x^2$", "\\n\\",
    "[链](http://x)", "〔2026〕1号", "'单引号'", "e\u0301", "\u202e倒", "100%", "%s {0}", "~", "//注", "/*", "- 项", "1. 项", "= 标题", "<标签>",
    "@引用", "null", "https://例子.cn/?a=1&b=2", ".", "0", "会", "a" * 60, "‘’“”…—", "\u3000前空",
)  # fmt: skip
AREAS = (
    "0.0001",
    "0.0005",
    "1",
    "2",
    "2.5",
    "10",
    "33.333333",
    "120.5",
    "0.000001",
    "0.0667",
    "999999",
    "60000000",
    "15",
    "30",
)
PLAN_AREAS = ("0", "0.01", "1", "100", "150", "33333.33", "300000", "99999999")
MONEY = ("", "0", "0.01", "100", "9999999.99", "-5", "99999999999")


@dataclass
class Night:
    """What one night finds: the files received since the last one, the day, and the circumstances."""

    day: str
    files: dict[str, bytes]  # path in the landing directory → content
    rules: dict[str, str] = field(default_factory=dict)
    deeds: tuple[str, ...] = ()  # what people do on the next morning
    rebuilt: bool = False  # the warehouse is lost before this night


@dataclass
class Life:
    """A sequence of nights."""

    nights: list[Night]
    regions: str  # "" or a region table as CSV text
    keep: int
    standing: dict[str, str]  # the department's standing choices

    @classmethod
    def of(cls, seed: int) -> Life:
        return _Maker(random.Random(seed)).life()

    def described(self) -> str:
        """In a few lines, for whoever reads a failure."""
        nights = [[n.day, n.rules, n.deeds, n.rebuilt, sorted(n.files)] for n in self.nights]
        return json.dumps(nights, ensure_ascii=False, indent=1)


SWITCHES = (
    ("activation.idle", "false"), ("activation.historical_unsupplied", "true"), ("redevelopment.counts_at", "completion"),
    ("unsupplied.ways", "供地"), ("unsupplied.cancelled_batch_keeps_base", "false"), ("idle.excluded_ways", "其他,置换"),
    ("walk.headline", "lowest_class"), ("walk.headline", "all_five"), ("verdict.on_track", "1.5"),
    ("verdict.behind", "0.1"), ("verdict.share_margin", "0"), ("verdict.far_margin", "3"), ("reporting.tables", "any_input"),
)  # fmt: skip
DEEDS = ("公示", "公示", "定稿", "object", "object", "resolve", "acknowledge", "rollback")


class _Maker:
    """Draws a life. `odd` is how often a value is an unlikely one."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.odd = dice.choice([0.005, 0.02, 0.06])
        self.handed: dict[str, list[Row]] = {}  # rows handed in, by table label
        self.number = 0
        self.places = self._places()
        self.tables = self._some(list(BY_LABEL), dice.choice([1, 2, 4, 8, 14, 14]))

    def life(self) -> Life:
        dice = self.dice
        days = sorted(dice.choice(DAYS) for _ in range(dice.choice([1, 2, 3, 3, 4, 5])))
        if dice.random() < 0.3:  # close together, as nights are
            first = date.fromisoformat(dice.choice(DAYS))
            days = [str(first + timedelta(dice.choice([0, 1, 1, 2, 40]) * n)) for n in range(len(days))]
        nights = [self._night(day, days[number - 1] if number else None) for number, day in enumerate(days)]
        if len(nights) > 1 and dice.random() < 0.3:
            nights.insert(dice.randrange(1, len(nights) + 1), Night(dice.choice(DAYS), {}))  # a look back, or ahead
        standing = dict([dice.choice(SWITCHES)]) if dice.random() < 0.15 else {}
        return Life(nights, self.table, dice.choice([1, 2, 60]), standing)

    def _night(self, day: str, before: str | None) -> Night:
        dice, files = self.dice, {}
        received = date.fromisoformat(day)
        for _ in range(dice.choice([0, 1, 1, 2, 4, 8] if before else [1, 1, 2, 5, 10, 20])):
            on = (
                received - timedelta(dice.choice([0, 0, 1, 30, 400]))
                if dice.random() < 0.9
                else received + timedelta(9)
            )
            name, content = self._file(on)
            files[f"{on}/{name}"] = content
        rules = dict([dice.choice(SWITCHES)]) if dice.random() < 0.12 else {}
        deeds = tuple(dice.choice(DEEDS) for _ in range(dice.choice([0, 0, 1, 2, 3])))
        return Night(day, files, rules, deeds, dice.random() < 0.1)

    # --- Places ----------------------------------------------------------------------------------------------------

    def _places(self) -> dict[str, list[str]]:
        """City → its counties, as they take part in this life; `self.table` is the region table, "" for our own."""
        dice, table = self.dice, policy.regions()
        self.table, self.province = "", "330000"
        if dice.random() < 0.1:
            return self._other_table()
        cities = self._some(table.codes("city"), dice.choice([1, 1, 2, 5, 11]))
        counties = {city: [code for code, of in table.county_cities.items() if of == city] for city in cities}
        places = {city: self._some(codes, dice.choice([0, 1, 3, 20])) for city, codes in counties.items()}
        if dice.random() < 0.85:  # a table of these places alone: nights are shorter
            self.table = _table(places, {code: table.name(code) for code in (*places, *chain(*places.values()))})
        return places

    def _other_table(self) -> dict[str, list[str]]:
        """Another province; a part of ours; ours with one city more."""
        kind = self.dice.choice(["other", "part", "more", "two"])
        places = {
            "other": {"340100": ["340102"], "340200": []}, "part": {"330100": ["330106"], "330200": []},
            "more": {"330100": ["330106"], "339900": ["339901"]}, "two": {"330100": ["330106"], "340100": ["340102"]},
        }[kind]  # fmt: skip
        names = {city: f"{city}市" for city in places} | {each: f"{each}“区”" for each in chain(*places.values())}
        self.table, self.province = _table(places, names), next(iter(places))[:2] + "0000"
        return places

    def _some(self, things: list, count: int) -> list:
        return self.dice.sample(things, min(count, len(things)))

    # --- Files -----------------------------------------------------------------------------------------------------

    def _file(self, on: date) -> tuple[str, bytes]:
        dice, label = self.dice, self.dice.choice(self.tables)
        if dice.random() < 0.04:
            return dice.choice(["说明.txt", "照片.csv", "供地结果.csv", "汇总_330100.xlsx"]), dice.choice(_NOT_TABLES)
        if dice.random() < 0.05:
            return self._portal(on)
        city = dice.choice(list(self.places))
        by_province = dice.random() < (0.3 if BY_LABEL[label].province_rows else 0.1)
        year = dice.choice([on.year, on.year, on.year, on.year - 1, 2025, on.year + 1, 2019])
        rows = [self._row(label, city, year, on) for _ in range(dice.choice([0, 1, 1, 2, 4, 12]))]
        if BY_LABEL[label].province_rows and by_province:
            rows += [{**self._row(label, city, year, on), "行政区代码": self.province} for _ in range(3)]
        known = [row for row in self.handed.get(label, ()) if row.get("行政区代码", "")[:4] == city[:4]]
        rows += [self._again(label, dice.choice(known), on) for _ in range(dice.choice([0, 0, 1, 3])) if known]
        if label == "步行覆盖" and dice.random() < 0.8:
            rows += self._five_classes(city, year)
        if label in ("建设用地变更调查", "地区生产总值") and dice.random() < 0.6:
            rows = self._every_year(label, city, on, by_province)
        if dice.random() < 0.9:  # a key twice in a file refuses both rows
            keys = [column.label for column in BY_LABEL[label].columns if column.key]
            rows = list({tuple(row.get(key) for key in keys): row for row in rows}.values())
        self.handed.setdefault(label, []).extend(rows)
        self.number += 1
        form = dice.choice(["csv", "csv", "csv", "xlsx"])
        of = self.province if by_province else city
        return f"{label}_{of}_{year}_第{self.number}批.{form}", self._written(label, rows, form)

    def _written(self, label: str, rows: list[Row], form: str) -> bytes:
        dice, table = self.dice, BY_LABEL[label]
        columns = [column.label for column in table.columns]
        if dice.random() < 0.15:  # what is required and no more
            columns = [column.label for column in table.columns if column.required]
        units = {}
        if dice.random() < 0.15:
            unit = dice.choice([Unit.MU, Unit.SQUARE_METRE, Unit.HECTARE])
            units = {c.label: f"{c.label}（{unit}）" for c in table.columns if c.kind in AREA_KINDS}
        header = [units.get(name, name) for name in columns]
        grid = [header, *([row.get(name, "") for name in columns] for row in rows)]
        if rows and dice.random() < 0.1:
            grid.append(["合计", *[""] * (len(header) - 1)])
        if form == "xlsx":
            return _workbook(grid)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(grid)
        encoding = dice.choice(["utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16"])
        return text.getvalue().encode(encoding, "surrogatepass")

    def _portal(self, on: date) -> tuple[str, bytes]:
        """An export of the public land market."""
        county = self._county()
        rows = [
            {
                "行政区": "本级", "电子监管号": self._supervision(county, on.year), "项目名称": self._text(), "面积(公顷)": "2",
                "土地来源": self.dice.choice(["2", "0", "1.5", "现有建设用地", "新增建设用地", "新增建设用地(来自存量库)", "3"]),
                "土地用途": self.dice.choice(["工业用地", "商服用地"]), "供地方式": "挂牌出让", "行业分类": "制造业",
                "成交价格(万元)": "100", "约定容积率下限": self.dice.choice(["", "1.2", "0"]), "约定容积率上限": "",
                "合同签订日期": self._day(on),
            }
            for _ in range(self.dice.choice([1, 3]))
        ]  # fmt: skip
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return f"土地市场_{self.number}.csv", text.getvalue().encode()

    # --- Rows ------------------------------------------------------------------------------------------------------

    def _row(self, label: str, city: str, year: int, on: date) -> Row:
        """One row: every column filled by its kind, then what belongs together made so."""
        row = {column.label: self._value(column, city, year, on) for column in BY_LABEL[label].columns}
        if fit := getattr(self, f"_fit_{BY_LABEL[label].name}", None):
            fit(row, on)
        if "状态" in row:
            row["状态"] = self.dice.choice(["", "", "", "", "有效", "更正", "撤销"]) if self._unlikely() else ""
        return row

    def _value(self, column, city: str, year: int, on: date) -> str:
        dice = self.dice
        if self._unlikely() and not column.key:
            return dice.choice(["", "0", "-1", "1e3", "无", "2026-02-30", "abc", "１２", "99999999999999"])
        if not column.required and not column.key and dice.random() < 0.3:
            return ""
        if column.label in ("电子监管号", "供地电子监管号"):
            return self._linked("供地结果", "电子监管号") or self._supervision(self._county(city), year)
        if column.label == "批文号":
            return self._linked("批而未供台账", "批文号") or self._new("批")
        if column.label == "宗地代码":
            return dice.choice(["", f"宗{dice.randrange(5)}", self._text()])
        match column.kind:
            case Kind.REGION:
                return self._county(city)
            case Kind.AREA | Kind.AREA_PART:
                return dice.choice(PLAN_AREAS if column.unit is Unit.MU else AREAS)
            case Kind.MONEY:
                return dice.choice(MONEY)
            case Kind.FAR:
                return dice.choice(["", "0", "0.1", "1.2", "1.5", "1.54", "15"])
            case Kind.INDEX:
                return dice.choice(["100", "105.0", "104.75", "50", "200", "96.1"])
            case Kind.YEAR:
                return str(year)
            case Kind.INTEGER:
                return str(dice.randrange(1, 5))
            case Kind.DATE:
                return self._day(on)
            case Kind.BOOLEAN:
                return dice.choice(["是", "否"])
            case Kind.CHOICE:
                return dice.choice(column.choices)
        return self._new(column.label) if column.key else self._text()

    def _fit_land_supply(self, row: Row, on: date) -> None:
        dice, parts = self.dice, ["现有建设用地面积", "历史批而未供面积", "当年新增面积"]
        share = dice.choice([(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1), (0, 0, 1)])
        for name, one in zip(parts, share, strict=True):
            row[name] = row[name] if one and _decimal(row[name]) else "0"
        total = sum((_decimal(row[name]) for name in parts), Decimal(0))
        if not total:
            row[parts[0]], total = "2", Decimal(2)
        row["供应面积"] = f"{total:f}"
        row["电子监管号"] = self._supervision(row["行政区代码"], on.year)
        row["土地用途代码"], row["用途分类体系"] = dice.choice(
            [
                ("0601", "GB/T21010-2017"),
                ("0701", "GB/T21010-2017"),
                ("061", "GB/T21010-2007"),
                ("1001", "用地用海分类2023"),
            ]
        )
        row["供地方式"] = dice.choice(SUPPLY_METHODS)
        row["是否单独选址"] = dice.choice(["否", "否", "否", "是"])

    def _fit_approved_unsupplied(self, row: Row, on: date) -> None:
        row["批文号"] = self._new("批")
        row["剩余面积"] = self.dice.choice(["", row["批准面积"], "0", "1"])

    def _fit_unsupplied_digestion(self, row: Row, on: date) -> None:
        row["消化方式"] = self.dice.choice(DIGESTION_WAYS)
        if self.dice.random() < 0.7:
            row["消化面积"] = self.dice.choice(["0.0001", "0.5", "1", "2"])

    def _fit_idle_land(self, row: Row, on: date) -> None:
        determined = on - timedelta(self.dice.randrange(1, 800))
        row["供地面积"], row["闲置面积"] = "60000000", self.dice.choice(AREAS)
        row["处置面积"] = self.dice.choice(["", "0", row["闲置面积"], "0.0001"])
        row["约定动工日期"], row["认定日期"] = (
            str(determined - timedelta(self.dice.choice([366, 900]))),
            str(determined),
        )
        row["处置方式"] = self.dice.choice(["", *IDLE_WAYS])
        row["处置完成日期"] = self.dice.choice(["", str(determined), str(determined + timedelta(300))])
        row["实际动工日期"] = self.dice.choice(["", str(determined + timedelta(100))])

    def _fit_inefficient_land(self, row: Row, on: date) -> None:
        row["图斑面积"] = self.dice.choice(AREAS)
        row["完成面积"] = self.dice.choice(["", "0", row["图斑面积"]])
        if self.dice.random() < 0.8:
            first = on - timedelta(700)
            names = ("入库日期", "方案批复日期", "改造协议日期", "施工许可日期", "竣工日期")
            row |= {name: str(first + timedelta(150 * number)) for number, name in enumerate(names)}

    def _fit_annual_task(self, row: Row, on: date) -> None:
        self._of_a_region(row)

    _fit_construction_land = _fit_gdp = _fit_walk_coverage = _fit_annual_task

    def _fit_park_performance(self, row: Row, on: date) -> None:
        self._of_a_region(row)

    def _fit_task_progress(self, row: Row, on: date) -> None:
        self._of_a_region(row)
        row["任务编号"] = str(self.dice.randrange(1, 13))

    def _of_a_region(self, row: Row) -> None:
        """Tables by region and year are of cities, sometimes of a county."""
        if self.dice.random() < 0.8:
            row["行政区代码"] = row["行政区代码"][:4] + "00"

    def _five_classes(self, city: str, year: int) -> list[Row]:
        live, every = self.dice.choice(["0.0001", "100", "4000", "9000000"]), [*WALK_CLASSES]
        every += [WALK_ALL_FIVE] * self.dice.choice([0, 1])
        share = self.dice.choice(["0", "0.5", "0.8", "1"])
        return [
            {"行政区代码": city, "年份": str(at), "设施类别": name, "居住用地面积": live,
             "覆盖面积": f"{Decimal(live) * Decimal(share):f}", "测算方法": self.dice.choice(["路网", "缓冲区"])}
            for at in {2025, year} for name in every
        ]  # fmt: skip

    def _every_year(self, label: str, city: str, on: date, by_province: bool) -> list[Row]:
        """A survey, or a chain of indices, from 2025 on; of a city, or of all and the province."""
        dice = self.dice
        of_all = [[*self.places], [self.province], [*self.places, self.province]]
        places = dice.choice(of_all) if by_province else [city]
        rows = []
        for place in places:
            for year in range(2025, on.year + dice.choice([0, 1])):
                base = {"行政区代码": place, "年份": str(year)}
                if label == "地区生产总值":
                    rows.append(base | {
                        "现价GDP": dice.choice(["0", "0.0001", "100", "20000", "9999999"]) if self._unlikely() else "20000",
                        "可比价指数": dice.choice(["105.0", "104.7", "100", "50", "200", "95.55"]), "口径": dice.choice(["初步核算", "最终核实"]),
                    })  # fmt: skip
                else:
                    classes = dice.choice([["合计"], ["合计"], CONSTRUCTION_LAND_CLASSES[:3], ["合计", "05", "1006"]])
                    rows += [base | {"地类编码": each, "面积": dice.choice(["1000", "1001.5", "990", "0.0001"] if self._unlikely() else ["1000", "1001"]),
                                     "版本": dice.choice(["初步", "最终"])} for each in classes]  # fmt: skip
        return rows

    def _again(self, label: str, handed: Row, on: date) -> Row:
        """A row that was handed in before: corrected, cancelled, or as it was."""
        dice, row = self.dice, dict(handed)
        what = dice.choice(["same", "cancel", "change", "change"])
        if what == "cancel" and "状态" in [column.label for column in BY_LABEL[label].columns]:
            row["状态"] = dice.choice(["解除", "撤销"])
        if what == "change":
            column = dice.choice([c for c in BY_LABEL[label].columns if not c.key])
            row[column.label] = self._value(column, row.get("行政区代码", "330100")[:4] + "00", on.year, on)
            if label == "供地结果":
                key, place = row["电子监管号"], row["行政区代码"]
                self._fit_land_supply(row, on)
                row["电子监管号"], row["行政区代码"] = key, place
        return row

    # --- Cells -----------------------------------------------------------------------------------------------------

    def _unlikely(self) -> bool:
        return self.dice.random() < self.odd

    def _text(self) -> str:
        return self.dice.choice(TEXTS if self.dice.random() < 0.5 else ("项目甲", ""))

    def _new(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}" + (self.dice.choice(TEXTS) if self._unlikely() else "")

    def _linked(self, label: str, name: str) -> str | None:
        """A key of a record that was handed in, most times."""
        rows = self.handed.get(label)
        return self.dice.choice(rows).get(name) if rows and self.dice.random() < 0.8 else None

    def _county(self, city: str | None = None) -> str:
        city = city if city in self.places else self.dice.choice(list(self.places))
        return self.dice.choice(self.places[city] or [city])

    def _supervision(self, region: str, year: int) -> str:
        self.number += 1
        return f"{region}{year}{self.dice.choice('AB')}{self.number:05d}" + self.dice.choice(["", "", "", "-1"])

    def _day(self, on: date) -> str:
        apart = self.dice.choice([0, 0, 1, 10, 100, 365, -1, -40, 800, 2000])
        day = max(on - timedelta(apart), date(2015, 1, 1))
        return self.dice.choice([f"{day}", f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}"])


_NOT_TABLES = (b"", b"not,a,table\n", "说明文字".encode(), b"\x00\x01\x02", "行政区代码,面积\n".encode())


def _table(places: dict[str, list[str]], names: dict[str, str]) -> str:
    """A region table of some cities, their counties and provinces."""
    lines = ["code,name,level,city_code"]
    lines += [f"{province},{province[:2]}省,province," for province in sorted({city[:2] + "0000" for city in places})]
    for city, counties in places.items():
        lines.append(f"{city},{names[city]},city,")
        lines += [f"{county},{names[county]},county,{city}" for county in counties]
    return "\n".join(lines) + "\n"


def _decimal(text: str) -> Decimal:
    try:
        return max(Decimal(text), Decimal(0)) if text.isascii() else Decimal(0)
    except ArithmeticError:
        return Decimal(0)


def _workbook(grid: list[list[str]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(grid):
            for place, text in enumerate(row):
                sheet.write_string(number, place, text)
    return file.getvalue()
