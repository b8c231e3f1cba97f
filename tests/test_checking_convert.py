"""Every spelling that a bureau uses, read exactly or named as a problem; nothing guessed."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.checking.convert import Reader, days_read, fully_read, typed
from schemas.rules import TOO_LARGE, UNREADABLE, WITH_UNIT, decimals, problem
from schemas.submissions import GDP, IDLE_LAND, LAND_SUPPLY, LAND_USE_SYSTEMS, TASK_PROGRESS
from schemas.table import Column, Kind, Unit

AREA = LAND_SUPPLY["supplied_area_mu"]
DAY = LAND_SUPPLY["contract_date"]


def converted(text, column, unit=None):
    return typed(text.alias(column.name).to_frame(), [(column, unit)])


def read(text, column, unit=None):
    """One cell: (value, problem)."""
    frame = converted(pl.Series([text], dtype=pl.String), column, unit)
    why = frame[problem(column.name)].item() if problem(column.name) in frame.columns else None
    return frame[column.name].item(), why


NOTHING = ["", " ", "-", "--", "/", "无", "\u00a0", "Nah", "－", "－－", "—", "——", "／", "\u3000", None]


@pytest.mark.parametrize("text", NOTHING)
@pytest.mark.parametrize(
    "column",
    [AREA, DAY, LAND_SUPPLY["is_separate_site"], LAND_SUPPLY["region_code"], LAND_SUPPLY["mode"], GDP["year"],
     GDP["real_index"], LAND_SUPPLY["project_name"], LAND_SUPPLY["approval_no"]],
    ids=lambda column: column.name,
)  # fmt: skip
def test_what_stands_for_nothing_is_null_and_no_problem(text, column):
    assert read(text, column) == (None, None)


@pytest.mark.parametrize(
    ("text", "mu"),
    [
        ("1", "15"),
        ("1.2345", "18.5175"),
        ("0.0001", "0.0015"),  # one square metre
        ("１．５", "22.5"),
        (" 1 234.5 ", "18517.5"),
        ("1,234.5", "18517.5"),
        ("1，234.5", "18517.5"),
        ("1e-3", "0.015"),
        ("1E+2", "1500"),
        (".5", "7.5"),
        ("5.", "75"),
        ("+2", "30"),
        ("−2", "-30"),
        ("0", "0"),
        ("0.30000000000000004", "4.5"),  # a double as a spreadsheet stores it
        ("0.12060499999999999", "1.809075"),
        ("0.0000000333", "0"),  # 0.0000004995 亩
        ("0.0000001", "0.000002"),  # 0.0000015 亩: half goes to the even digit
        ("0.0000003", "0.000004"),  # 0.0000045 亩: likewise
    ],
)
def test_hectares_become_mu_exactly(text, mu):
    assert read(text, AREA) == (Decimal(mu), None)


@pytest.mark.parametrize(
    ("text", "unit", "mu"),
    [
        ("1000", Unit.MU, "1000"),
        ("0.0000005", Unit.MU, "0"),
        ("0.0000015", Unit.MU, "0.000002"),
        ("1", Unit.SQUARE_METRE, "0.0015"),
        ("666.67", Unit.SQUARE_METRE, "1.000005"),
        ("10000", Unit.SQUARE_METRE, "15"),
        ("66.666667", Unit.HECTARE, "1000.000005"),
    ],
)
def test_the_unit_of_the_header_decides(text, unit, mu):
    assert read(text, AREA, unit) == (Decimal(mu), None)


@pytest.mark.parametrize(
    ("text", "column", "unit", "wan_yuan"),
    [
        ("284.5022", LAND_SUPPLY["price_wan_yuan"], None, "284.5022"),
        ("12345", LAND_SUPPLY["price_wan_yuan"], Unit.YUAN, "1.2345"),
        ("20059.32", GDP["gdp_wan_yuan"], None, "200593200"),
        ("200593200", GDP["gdp_wan_yuan"], Unit.WAN_YUAN, "200593200"),
    ],
)
def test_money_becomes_wan_yuan(text, column, unit, wan_yuan):
    assert read(text, column, unit) == (Decimal(wan_yuan), None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("abc", UNREADABLE),
        ("1,5", UNREADABLE),
        ("1,2345", UNREADABLE),
        ("12,34.5", UNREADABLE),
        ("1.2.3", UNREADABLE),
        ("--1", UNREADABLE),
        ("inf", UNREADABLE),
        ("nan", UNREADABLE),
        ("0x10", UNREADABLE),
        ("1_000", UNREADABLE),
        ("约1.5", UNREADABLE),
        ("2²", UNREADABLE),
        ("①", UNREADABLE),
        ("½", UNREADABLE),
        ("1.5公顷", WITH_UNIT),
        ("22.5 亩", WITH_UNIT),
        ("100㎡", WITH_UNIT),
        ("1.5（公顷）", WITH_UNIT),
        ("50%", WITH_UNIT),
        ("50％", WITH_UNIT),
        ("66666666666.666667", TOO_LARGE),  # × 15 is 1,000,000,000,000.000005 亩
        ("1e30", TOO_LARGE),
        ("1e400", TOO_LARGE),
        ("9" * 60, TOO_LARGE),
    ],
)
def test_what_is_no_number_is_a_problem(text, why):
    assert read(text, AREA) == (None, why)


def test_the_largest_area_that_fits():
    assert read("66666666666.666666", AREA) == (Decimal("999999999999.99999"), None)


@given(st.decimals(min_value=0, max_value=10**9, places=6, allow_nan=False))
def test_any_six_decimals_in_hectares_are_exact(value):
    assert read(str(value), AREA) == (value * 15, None)


@pytest.mark.parametrize(
    ("text", "value", "digits"),
    [
        ("104.70", "104.7", 2),
        ("104.7", "104.7", 1),
        ("105", "105", 1),
        ("１０４．７", "104.7", 1),
        ("104.123", "104.123", 3),
    ],
)
def test_an_index_keeps_its_decimals(text, value, digits):
    frame = converted(pl.Series([text]), GDP["real_index"])
    assert frame["real_index"].item() == Decimal(value)
    assert frame[decimals("real_index")].item() == digits


def test_no_index_has_no_decimals():
    assert converted(pl.Series(["-", "x"]), GDP["real_index"])[decimals("real_index")].to_list() == [None, None]


FIRST_OF_MARCH = date(2026, 3, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01", "2026-3-1", "2026/3/1", "2026/03/01", "2026.3.1", "2026.03.01", "20260301", "2026年3月1日",
        "2026年03月01日", "46082", "1772294400000", "1772323200000",
        "2026-03-01 12:30", "2026-03-01 12:30:59", "2026-03-01T00:00:00", "2026-03-01 00:00:00.000",
        "2026-03-01T08:00:00+08:00", "2026/3/1 8:05", "2026.3.1 23:59", "20260301 08:00:00", "2026年3月1日 12时30分",
        "2026年3月1日12时30分05秒", "46082.9", "46082.0", "20260301.0", "1772294400000.0", "1.7722944E12",
        "20260301083000", "202603010830", "20260301 083000", "20260301083000.0", "2026-3-1上午", "2026/3/1 上午8:30",
        "2026年3月1日 下午8时30分", "2026-03-01 8:30 AM", "2026/3/1 8:30:00PM", "2026-03-01 下午 11:59:59",
        "２０２６－０３－０１", "２０２６年３月１日", "2026 年 3 月 1 日", " 2026-03-01 ", "2026－3－1",
    ],
)  # fmt: skip
def test_every_form_of_a_date(text):
    assert read(text, DAY) == (FIRST_OF_MARCH, None)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1772294399999", date(2026, 2, 28)),  # one millisecond before midnight at UTC+8
        ("1772380799999", date(2026, 3, 1)),
        ("536428800000", date(1987, 1, 1)),
        ("61", date(1900, 3, 1)),  # after the 29 February that only spreadsheets know
        ("2024-02-29", date(2024, 2, 29)),
    ],
)
def test_edges_of_a_day(text, day):
    assert read(text, DAY) == (day, None)


@pytest.mark.parametrize(
    "text",
    [
        "1900-01-01",
        "1900年01月01日",
        "1901年01月02日",
        "1900/1/1",
        "1900-01-01 00:00:00",
        "19000101",
        "1",
        "368",
        "-2209017600000",
    ],
)
def test_sentinel_dates_are_nothing(text):
    assert read(text, DAY) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29", "2026-02-30", "2026-13-01", "2026/0/1", "20261301", "2026年2月30日", "2026", "2026.3",
        "2026年3月", "202603", "26-3-1", "3/1/2026", "待定", "2026-03-01 25:00", "2026-03-01起", "0",
        "20260301993000", "2026030108", "AM 2026-03-01", "②026-03-01",
        "1772323200", "2026-3-112:30", "2026-02-28T16:00:00Z",
    ],
)  # fmt: skip
def test_impossible_or_partial_dates_are_problems(text):
    assert read(text, DAY) == (None, UNREADABLE)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("是", "1", "Y", "y", "true", "TRUE", "True", "１", "Ｙ", "1.0", " 是 ")),
        *((text, False) for text in ("否", "0", "N", "n", "false", "FALSE", "０", "0.0")),
    ],
)
def test_booleans(text, value):
    assert read(text, LAND_SUPPLY["is_separate_site"]) == (value, None)


@pytest.mark.parametrize("text", ["2", "对", "yes", "T"])
def test_no_boolean(text):
    assert read(text, LAND_SUPPLY["is_separate_site"]) == (None, UNREADABLE)


@pytest.mark.parametrize("text", ["330102", "330102001", "330102.0", "３３０１０２", "330 102", " 330102"])
def test_regions(text):
    assert read(text, LAND_SUPPLY["region_code"]) == ("330102", None)


@pytest.mark.parametrize("text", ["上城区", "33010", "3301020", "330102001001", "33O102"])
def test_no_region(text):
    assert read(text, LAND_SUPPLY["region_code"]) == (None, UNREADABLE)


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("挂牌", LAND_SUPPLY["supply_method"], "挂牌"),
        (" 挂 牌 ", LAND_SUPPLY["supply_method"], "挂牌"),
        ("GB/T 21010-2017", LAND_SUPPLY["land_use_system"], LAND_USE_SYSTEMS[1]),
        ("ＧＢ／Ｔ２１０１０－２００７", LAND_SUPPLY["land_use_system"], LAND_USE_SYSTEMS[0]),
        ("用地用海分类２０２３", LAND_SUPPLY["land_use_system"], LAND_USE_SYSTEMS[2]),
        ("未动工", IDLE_LAND["idle_type"], "未动工"),
    ],
)
def test_choices(text, column, value):
    assert read(text, column) == (value, None)


@pytest.mark.parametrize("text", ["挂牌出让", "挂", "其他"])
def test_no_choice(text):
    assert read(text, LAND_SUPPLY["supply_method"]) == (None, UNREADABLE)


@pytest.mark.parametrize(
    ("text", "value"), [("2026", 2026), ("2026.0", 2026), ("２０２６", 2026), ("2026年", 2026), ("2026年度", 2026)]
)
def test_years(text, value):
    assert read(text, GDP["year"]) == (value, None)


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("3.0", 3), ("-1", -1), ("3.5", None), ("三", None), ("99999999999", None)]
)
def test_integers(text, value):
    assert read(text, TASK_PROGRESS["task_no"]) == (value, None if value is not None else UNREADABLE)


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("3301 02 2026Ｂ00012", LAND_SUPPLY["supervision_no"], "3301022026B00012"),
        ("浙土字（2025） 12号", LAND_SUPPLY["approval_no"], "浙土字(2025)12号"),
        ("某某（一期） 项目", LAND_SUPPLY["project_name"], "某某（一期） 项目"),  # names stay as written
        ("061", LAND_SUPPLY["land_use_code"], "061"),
    ],
)
def test_text(text, column, value):
    assert read(text, column) == (value, None)


def test_usual_and_odd_spellings_of_a_column_keep_their_rows():
    frame = converted(pl.Series(["2026-03-01", "", "2026年3月1日", "x", "2026-03-01", None]), DAY)
    assert frame["contract_date"].to_list() == [FIRST_OF_MARCH, None, FIRST_OF_MARCH, None, FIRST_OF_MARCH, None]
    assert frame[problem("contract_date")].to_list() == [None, None, None, UNREADABLE, None, None]


def test_a_plain_number_column():
    assert read("1.23456789", Column("n", "数", Kind.NUMBER)) == (Decimal("1.234568"), None)


# --- The usual reader and the full one -------------------------------------------------------------------------------

SPELLINGS = [
    "1", "0", "-1", "1.5", "66.666667", "0.000333", "999999999999", "123456789", "1234567890", "1900", "46082",
    "20260301", "2026-03-01", "2026-3-1", "1900-01-01", "1901-01-02", "0999-01-01", "330102", "330102001",
    "是", "否", "挂牌", "招标", "-", "--", "无", "Nah", "C38", "3301022026B00012", "浙土字〔2025〕12号",
    "甲", "某某项目", "某某（一期） 项目", "-- 无",
]  # fmt: skip
READ_TWICE = [
    (AREA, None), (AREA, Unit.MU), (AREA, Unit.SQUARE_METRE), (LAND_SUPPLY["price_wan_yuan"], Unit.YUAN), (DAY, None),
    (LAND_SUPPLY["far_lower"], None), (LAND_SUPPLY["is_separate_site"], None), (LAND_SUPPLY["region_code"], None),
    (LAND_SUPPLY["supply_method"], None), (LAND_SUPPLY["approval_no"], None), (LAND_SUPPLY["project_name"], None),
    (GDP["year"], None), (TASK_PROGRESS["task_no"], None),
]  # fmt: skip


@pytest.mark.parametrize(("column", "unit"), READ_TWICE, ids=lambda each: getattr(each, "name", str(each)))
def test_what_the_usual_reader_reads_the_full_one_reads_alike(column, unit):
    quick = converted(pl.Series(SPELLINGS), column, unit)[column.name].to_list()
    full = fully_read(pl.Series(SPELLINGS), Reader.of(column, unit))["value"].to_list()
    assert quick == full


DAYS = (
    r"[0-9]{1,14}|[12][0-9]{3}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?([T ][0-9]{1,2}[:时]([0-9]{1,2})?(:[0-9]{2})?)?"
    r"|[12][09][0-9]{2}[01][0-9][0-3][0-9]([T ]?[0-9]{4,6})?|[0-9]{5}\.0"
)


@given(st.lists(st.from_regex(DAYS, fullmatch=True), min_size=1, unique=True))
def test_days_that_need_no_normalising_are_read_as_by_the_full_reader(texts):
    quick, full = days_read(pl.Series(texts)), fully_read(pl.Series(texts), Reader.of(DAY))
    assert quick.sort("text").equals(full.sort("text"))


@pytest.mark.parametrize(
    "text", ["2026/3/1", "2026.03.01", "2026年3月1日", "20260301", "2026-03-01 08:30:00", "46082", "1772294400000"]
)
def test_usual_days_of_any_form_are_left_to_no_full_reader(text, monkeypatch):
    monkeypatch.setattr("assets.checking.convert.fully_read", None)
    assert read(text, DAY) == (FIRST_OF_MARCH, None)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6, allow_nan=False))
def test_square_metres_are_rounded_once_by_both_readers(value):
    text = f"{value:.6f}"
    expected = (value * Decimal("0.0015")).quantize(Decimal("0.000001"))
    assert read(text, AREA, Unit.SQUARE_METRE) == (expected, None)
    assert fully_read(pl.Series([text]), Reader.of(AREA, Unit.SQUARE_METRE))["value"].item() == expected


def test_columns_that_are_read_alike_keep_their_own_answers():
    frame = pl.DataFrame({"contract_date": ["2026/3/1", "x", None], "agreed_start_date": ["y", "2026/3/1", "46082"]})
    both = typed(frame, [(DAY, None), (LAND_SUPPLY["agreed_start_date"], None)])
    assert both["contract_date"].to_list() == [FIRST_OF_MARCH, None, None]
    assert both["agreed_start_date"].to_list() == [None, FIRST_OF_MARCH, FIRST_OF_MARCH]
    assert both[problem("contract_date")].to_list() == [None, UNREADABLE, None]
    assert both[problem("agreed_start_date")].to_list() == [UNREADABLE, None, None]
