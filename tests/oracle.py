"""A second opinion on every figure and verdict, written from the rulebook alone (口径 2025.1), slow and obvious.

Plain Python: dicts, dates, Decimal and Fraction; nothing of `assets` is used or imitated. A row is a dict of a core
table's columns plus `file_region`, `file_year`, `received_on`, `file_name` and `seq` of its submission.
Default switches only. Areas are in 亩 as in core; figures in 公顷 are divided by 15 at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

from tests.oracle_records import KEYS, Row, accepted_digestion, in_force, valid

FIRST_DAY = date(2025, 1, 1)
PERIODS = ((2025, 2027), (2028, 2030))
WALK_CLASSES = ("文化", "教育", "卫生", "体育", "养老")
PRELIMINARY = ("初步", "初步核算")
DIGESTION_WAYS = ("供地", "撤回批文", "核减", "补办手续")
EXTENSION = "延长动工期限"
LAND_CLASSES = (
    "05", "06", "07", "08", "09", "1001", "1002", "1003", "1004", "1005", "1007", "1008", "1009", "1109", "1201",
)  # fmt: skip
INDUSTRIAL = {
    "GB/T21010-2007": ("061",),
    "GB/T21010-2017": ("0601",),
    "用地用海分类2023": ("1001", "100101", "100102", "100103"),
    "landchina": ("工业用地", "一类工业用地", "二类工业用地", "三类工业用地"),
}
#: The tables whose files say that a region has reported (§0), and the bases that are published.
EVENT_TABLES = {
    "activated_stock_land": ("land_supply", "inefficient_land", "idle_land"),
    "redeveloped_inefficient_land": ("inefficient_land",),
    "unsupplied_digestion_rate": ("approved_unsupplied", "unsupplied_digestion"),
    "idle_disposal_rate": ("idle_land",),
    "stock_supply_share": ("land_supply",),
    "industrial_far": ("land_supply",),
}
BASES = {
    "activated_stock_land": ("annual", "cumulative"),
    "redeveloped_inefficient_land": ("annual", "cumulative"),
    "unsupplied_digestion_rate": ("annual",),
    "idle_disposal_rate": ("annual",),
    "stock_supply_share": ("annual", "period"),
    "industrial_far": ("annual", "period"),
    "land_per_gdp_reduction": ("annual", "cumulative"),
    "walk15_coverage": ("annual",),
}
TASKS = {"unsupplied_digestion_rate": "批而未供消化", "idle_disposal_rate": "闲置土地处置"}


@dataclass(frozen=True)
class Event:
    """Something that counts: `top` goes into the numerator, `bottom` into the denominator."""

    day: date
    city: str
    county: str | None
    top: Fraction
    bottom: Fraction = Fraction(0)
    derived: bool = False


@dataclass
class Figure:
    period_start: date
    period_end: date
    value: Fraction | None = None
    numerator: Fraction | None = None
    denominator: Fraction | None = None
    absence: str | None = None
    data_state: str = "final"
    derived: bool = False
    low: Fraction | None = None
    high: Fraction | None = None


class Oracle:
    """All figures and assessments as of a day.

    `tables`: accepted rows per core table. `submissions`: dicts with source_table, region_code, year, status,
    received_on. `regions`: dicts with code, level, city_code, last_day, successor_code. `targets`: dicts with
    region_code, indicator, horizon, value, kind.
    """

    def __init__(
        self, tables: dict[str, list[Row]], submissions: list[Row], regions: list[Row], targets: list[Row], as_of: date
    ):
        self.as_of = as_of
        self.all_rows = {name: [row for row in rows if row["received_on"] <= as_of] for name, rows in tables.items()}
        self.now = {name: in_force(rows, KEYS[name]) for name, rows in self.all_rows.items() if name in KEYS}
        self.regions = {row["code"]: row for row in regions}
        self.today = {code: row for code, row in self.regions.items() if row["last_day"] is None}
        self.cities = sorted(code for code, row in self.today.items() if row["level"] == "city")
        self.province = next(code for code, row in self.today.items() if row["level"] == "province")
        self.targets = {(row["region_code"], row["indicator"], row["horizon"]): row for row in targets}
        self.reports = {
            (row["source_table"], row["region_code"], row["year"])
            for row in submissions
            if row["received_on"] <= as_of
            and row["status"] in ("accepted", "accepted_with_warnings", "partly_accepted")
        }
        # A file of the province reports for the cities whose rows it holds.
        self.reports |= {
            (name, self.city_and_county(row["region_code"])[0], row["file_year"])
            for name, rows in self.all_rows.items()
            for row in rows
            if row["file_region"] == self.province and row["region_code"] != self.province
        }
        self.tasks = {
            (self.place(row["region_code"]), row["year"], row["task"]): Fraction(row["task_area_mu"])
            for row in self.now["annual_task"]
        }
        self.cache: dict[tuple, Figure] = {}

    # Regions

    def place(self, code: str) -> str:
        """The code of today, where it is unambiguous."""
        return self.regions[code].get("successor_code") or code

    def city_and_county(self, code: str) -> tuple[str, str | None]:
        region = self.regions[self.place(code)]
        if region["level"] == "city":
            return region["code"], None
        return region["city_code"], region["code"] if region["last_day"] is None else None

    def members(self, region: str) -> list[str]:
        """The cities whose files a region's figures rest on."""
        if region == self.province:
            return self.cities
        return [region if region in self.cities else self.today[region]["city_code"]]

    def event(self, row: Row, day: date, top: Any, bottom: Any = 0) -> Event:
        city, county = self.city_and_county(row["region_code"])
        return Event(day, city, county, Fraction(top), Fraction(bottom), row["profile"] == "landchina")

    # Events of §1–6

    @cached_property
    def events(self) -> dict[str, dict[str, list[Event]]]:
        """Indicator → region → events; each stands in its county, its city and the province."""
        made: dict[str, Callable[[], Iterator[Event]]] = {
            "activated_stock_land": self.activation,
            "redeveloped_inefficient_land": self.redevelopment,
            "unsupplied_digestion_rate": self.digestion,
            "idle_disposal_rate": self.disposal,
            "stock_supply_share": self.stock_share,
            "industrial_far": self.industrial_far,
        }
        happened: dict[str, dict[str, list[Event]]] = {name: defaultdict(list) for name in made}
        for name, make in made.items():
            for event in make():
                for region in {event.county, event.city, self.province}:
                    happened[name][region].append(event)
        return happened

    @cached_property
    def supply(self) -> dict[str, Row]:
        return {row["supervision_no"]: row for row in valid(self.now["land_supply"])}

    def completed_patches(self) -> Iterator[tuple[Row, date]]:
        """§2: patches that count, each with its date."""
        for patch in valid(self.now["inefficient_land"]):
            dates = []
            if patch["supply_supervision_no"] in self.supply:
                dates.append(self.supply[patch["supply_supervision_no"]]["contract_date"])
            if patch["agreement_date"] and patch["permit_date"]:
                dates.append(max(patch["agreement_date"], patch["permit_date"]))
            if patch["completed_area_mu"] is None or not dates:
                continue
            day = min(dates)
            chain = (patch["register_date"], patch["plan_approval_date"])
            if all(step is not None and step <= day for step in chain):
                yield patch, day

    def redevelopment(self) -> Iterator[Event]:
        for patch, day in self.completed_patches():
            if FIRST_DAY <= day <= self.as_of:
                yield self.event(patch, day, patch["completed_area_mu"])

    def activation(self) -> Iterator[Event]:
        """§1: within a parcel an event claims what exceeds the largest earlier one."""
        candidates = [
            (row["contract_date"], "a", row["record_key"], row, row["existing_area_mu"])
            for row in self.supply.values()
            if row["existing_area_mu"]  # no stock part, no event
        ]
        candidates += [
            (day, "b", patch["record_key"], patch, patch["completed_area_mu"])
            for patch, day in self.completed_patches()
            if not patch["supply_supervision_no"]
        ]
        candidates += [
            (row["disposal_date"], "c", row["record_key"], row, row["disposed_area_mu"])
            for row in valid(self.now["idle_land"])
            if row["disposal_date"]
            and row["disposal_way"] not in (None, EXTENSION)
            and row["disposed_area_mu"] is not None
        ]
        largest: dict[str, Fraction] = defaultdict(Fraction)
        for day, _, _, row, area in sorted(candidates, key=lambda each: each[:3]):
            if not FIRST_DAY <= day <= self.as_of:
                continue
            claim = Fraction(area)
            if parcel := row["parcel_code"]:
                claim = max(Fraction(0), claim - largest[parcel])
                largest[parcel] = max(largest[parcel], Fraction(area))
            yield self.event(row, day, claim)

    def digestion(self) -> Iterator[Event]:
        flags = {row["approval_no"]: row["in_task_base"] for row in self.now["approved_unsupplied"]}
        for row in accepted_digestion(self.all_rows["unsupplied_digestion"], self.all_rows["approved_unsupplied"]):
            if (
                flags[row["approval_no"]]
                and row["digestion_way"] in DIGESTION_WAYS
                and row["digestion_date"] <= self.as_of
            ):
                yield self.event(row, row["digestion_date"], row["digested_area_mu"])

    def disposal(self) -> Iterator[Event]:
        for row in valid(self.now["idle_land"]):
            day = row["actual_start_date"] if row["disposal_way"] == EXTENSION else row["disposal_date"]
            if row["disposal_way"] and day and day <= self.as_of and row["disposed_area_mu"] is not None:
                yield self.event(row, day, row["disposed_area_mu"])

    def stock_share(self) -> Iterator[Event]:
        for row in self.supply.values():
            known = row["existing_area_mu"] is not None
            if known and not row["is_separate_site"] and row["contract_date"] <= self.as_of:
                stock = row["existing_area_mu"] + (row["historical_unsupplied_area_mu"] or 0)
                yield self.event(row, row["contract_date"], stock, row["supplied_area_mu"])

    def industrial_far(self) -> Iterator[Event]:
        exempt = {row["supervision_no"]: row for row in self.now["far_exemption"]}
        for row in self.supply.values():
            day, far = row["contract_date"], row["far_lower"]
            if day > self.as_of or row["land_use_code"] not in INDUSTRIAL.get(row["land_use_system"], ()) or not far:
                continue
            entry = exempt.get(row["supervision_no"])
            if entry and entry["approval_date"] <= day <= (entry["valid_until"] or date.max):
                continue
            yield self.event(row, day, Fraction(far) * Fraction(row["supplied_area_mu"]), row["supplied_area_mu"])

    # Figures

    def window(self, year: int, basis: str) -> tuple[date, date]:
        first = {"annual": year, "cumulative": 2025}.get(basis) or next(a for a, b in PERIODS if a <= year <= b)
        return date(first, 1, 1), min(date(year, 12, 31), self.as_of)

    def expected_figures(self) -> Iterator[tuple[str, str, int, str]]:
        """Every region × basis × year from 2025 on, and of indicators 3–6 earlier years with events."""
        for indicator, bases in BASES.items():
            for region in self.today:
                yield from ((indicator, region, y, b) for b in bases for y in range(2025, self.last_year(b) + 1))
                earlier = {
                    event.day.year for event in self.events.get(indicator, {}).get(region, []) if event.day < FIRST_DAY
                }
                if "cumulative" not in bases:
                    yield from ((indicator, region, year, "annual") for year in earlier)

    def last_year(self, basis: str) -> int:
        return min(self.as_of.year, PERIODS[-1][1]) if basis == "period" else self.as_of.year

    def figure(self, indicator: str, region: str, year: int, basis: str) -> Figure:
        place = (indicator, region, year, basis)
        if place not in self.cache:
            self.cache[place] = self.make(*place)
        return self.cache[place]

    def make(self, indicator: str, region: str, year: int, basis: str) -> Figure:
        figure = Figure(*self.window(year, basis))
        if indicator == "land_per_gdp_reduction":
            self.fill_reduction(figure, region, year, basis)
        elif indicator == "walk15_coverage":
            self.fill_walk(figure, region, year)
        else:
            self.fill_from_events(figure, indicator, region, year)
        if figure.data_state == "final" and self.as_of < date(year, 12, 31):
            figure.data_state = "provisional"
        return figure

    def fill_from_events(self, figure: Figure, indicator: str, region: str, year: int) -> None:
        happened = self.events[indicator].get(region, [])
        events = [event for event in happened if figure.period_start <= event.day <= figure.period_end]
        years = range(figure.period_start.year, year + 1)
        asked = [
            (table, city, each) for table in EVENT_TABLES[indicator] for city in self.members(region) for each in years
        ]
        figure.derived = any(event.derived for event in events)
        if not all(each in self.reports for each in asked):
            figure.data_state = "incomplete"
        top, bottom = sum(event.top for event in events), sum(event.bottom for event in events)
        reported = bool(events) or any(each in self.reports for each in asked)
        if indicator in TASKS:
            self.fill_rate(figure, top, self.task(region, year, TASKS[indicator]), reported)
        elif not reported:
            figure.absence = "not_reported"
        elif indicator in ("activated_stock_land", "redeveloped_inefficient_land"):
            figure.value = figure.numerator = Fraction(top)
        else:
            figure.numerator, figure.denominator = Fraction(top) / 15, Fraction(bottom) / 15
            if bottom == 0:
                figure.absence = "not_applicable"
            else:
                figure.value = Fraction(top) / bottom * (100 if indicator == "stock_supply_share" else 1)

    def task(self, region: str, year: int, task: str) -> Fraction | None:
        own = self.tasks.get((region, year, task))
        if own is not None or region != self.province:
            return own
        tasks = [self.tasks.get((city, year, task)) for city in self.cities]
        return None if None in tasks else sum(tasks)

    def fill_rate(self, figure: Figure, top: Fraction, task: Fraction | None, reported: bool) -> None:
        figure.numerator = top / Fraction(15) if reported else None
        figure.denominator = None if task is None else task / 15
        if task is None:
            figure.absence = "not_assigned"
        elif task == 0:
            figure.absence = "not_applicable"
        elif not reported:
            figure.absence = "not_reported"
        else:
            figure.value = top / task * 100

    # §7

    @cached_property
    def land(self) -> dict[tuple[str, int], tuple[Fraction, bool]]:
        """(region, year) → construction land in 公顷 and whether it is preliminary; 合计 wins over classes."""
        given: dict[tuple[str, int], dict[str, Row]] = defaultdict(dict)
        for row in self.now["construction_land"]:
            given[self.place(row["region_code"]), row["year"]][row["land_class"]] = row
        known = {}
        for place, classes in given.items():
            used = (
                [classes["合计"]]
                if "合计" in classes
                else [row for name, row in classes.items() if name in LAND_CLASSES]
            )
            if used:
                area = sum(Fraction(row["area_mu"]) for row in used) / 15
                known[place] = area, any(row["vintage"] in PRELIMINARY for row in used)
        return known

    @cached_property
    def gdp(self) -> dict[tuple[str, int], Row]:
        return {(self.place(row["region_code"]), row["year"]): row for row in self.now["gdp"]}

    def real_gdp(self, region: str, year: int, shift: int = 0) -> Fraction | None:
        """亿元 at prices of 2025; `shift` −1 or 1: every index at the edge of its resolution."""
        if year < 2025 or any((region, each) not in self.gdp for each in range(2025, year + 1)):
            return None
        value = Fraction(self.gdp[region, 2025]["gdp_wan_yuan"]) / 10000
        for each in range(2026, year + 1):
            row = self.gdp[region, each]
            half = Fraction(1, 2 * 10 ** max(1, row["real_index_decimals"] or 0))
            value *= (Fraction(row["real_index"]) + shift * half) / 100
        return value

    def land_and_gdp(self, regions: list[str], year: int, shift: int = 0) -> tuple[Fraction, Fraction] | None:
        """Sums over the regions; None when one lacks land or any link of the chain."""
        parts = [(self.land.get((region, year)), self.real_gdp(region, year, shift)) for region in regions]
        if any(land is None or gdp is None for land, gdp in parts):
            return None
        return sum(land[0] for land, _ in parts), sum(gdp for _, gdp in parts)

    def fill_reduction(self, figure: Figure, region: str, year: int, basis: str) -> None:
        base = 2025 if basis == "cumulative" else year - 1
        own, needed = [region], max(base, 2025)
        if region == self.province and not (self.land_and_gdp(own, year) and self.land_and_gdp(own, needed)):
            own = self.cities
        now, before = self.land_and_gdp(own, year), self.land_and_gdp(own, base)
        if now is None:
            figure.absence = self.own_reason(own, year, basis)
            figure.data_state = "provisional" if figure.absence == "not_due" else "incomplete"
            return
        if before is None:
            figure.absence = "no_baseline"
            if year > 2025:
                figure.data_state = "incomplete"
            elif self.preliminary(own, year):
                figure.data_state = "provisional"
            return
        if self.preliminary(own, year) or self.preliminary(own, base):
            figure.data_state = "provisional"
        figure.derived = own != [region]
        figure.numerator, figure.denominator = now[0] / now[1], before[0] / before[1]
        figure.value = (1 - figure.numerator / figure.denominator) * 100
        figure.low, figure.high = (self.reduction_at(own, year, base, shift) for shift in (-1, 1))

    def preliminary(self, regions: list[str], year: int) -> bool:
        chain = any(self.gdp[each, y]["vintage"] in PRELIMINARY for each in regions for y in range(2025, year + 1))
        return chain or any(self.land[each, year][1] for each in regions)

    def reduction_at(self, regions: list[str], year: int, base: int, shift: int) -> Fraction:
        land, gdp = self.land_and_gdp(regions, year, shift)
        land_0, gdp_0 = self.land_and_gdp(regions, base, shift)
        return (1 - land / gdp / (land_0 / gdp_0)) * 100

    def own_reason(self, regions: list[str], year: int, basis: str) -> str:
        """The year's own reason wins; then it is the previous year or 2025, else a link of the chain between them."""
        if not all((each, year) in self.land and (each, year) in self.gdp for each in regions):
            return self.missing(year)
        if basis == "annual" or self.land_and_gdp(regions, 2025) is None:
            return "no_baseline"
        return self.missing(max(y for each in regions for y in range(2026, year) if (each, y) not in self.gdp))

    def missing(self, year: int) -> str:
        """§0: an annual input is not due while the as-of is not after 12-31 of its year."""
        return "not_reported" if self.as_of > date(year, 12, 31) else "not_due"

    # §8

    @cached_property
    def walk(self) -> dict[tuple[str, int], dict[str, Row]]:
        """(region, year) → rows by class, of regions that gave all five."""
        given: dict[tuple[str, int], dict[str, Row]] = defaultdict(dict)
        for row in self.now["walk_coverage"]:
            if row["facility_class"] in WALK_CLASSES:
                given[self.place(row["region_code"]), row["year"]][row["facility_class"]] = row
        return {place: rows for place, rows in given.items() if len(rows) == 5}

    def walk_level(self, regions: list[str], year: int) -> tuple[Fraction, Fraction, Fraction]:
        """Mean of the five pooled shares in %, Σ covered and Σ residential in 公顷."""
        shares, covered_all, residential_all = [], Fraction(0), Fraction(0)
        for name in WALK_CLASSES:
            covered = sum(Fraction(self.walk[region, year][name]["covered_area_mu"]) for region in regions)
            residential = sum(Fraction(self.walk[region, year][name]["residential_area_mu"]) for region in regions)
            shares.append(covered / residential)
            covered_all, residential_all = covered_all + covered, residential_all + residential
        return sum(shares) / 5 * 100, covered_all / 15, residential_all / 15

    def pooled(self, region: str, year: int) -> list[str]:
        return [each for each in (self.cities if region == self.province else [region]) if (each, year) in self.walk]

    def fill_walk(self, figure: Figure, region: str, year: int) -> None:
        regions = self.pooled(region, year)
        if not regions:
            figure.absence = self.missing(year)
            figure.data_state = "provisional" if figure.absence == "not_due" else "incomplete"
            return
        figure.value, figure.numerator, figure.denominator = self.walk_level(regions, year)
        if region == self.province and len(regions) < len(self.cities):
            figure.data_state = "incomplete"

    def walk_base(self, region: str, year: int) -> Fraction | None:
        """The level of 2025: a region's own, known whether or not the year is; the province's over the cities that it
        pools in the year."""
        regions = self.pooled(region, year) if region == self.province else [region]
        if not regions or any((each, 2025) not in self.walk for each in regions):
            return None
        return self.walk_level(regions, 2025)[0]
