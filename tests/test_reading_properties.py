"""Whatever bytes come: nothing raises, and every line is accounted for."""

from __future__ import annotations

import csv
import io
import re

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.reading import delimited, parse_name, read, text
from assets.reading.header import bureau
from assets.reading.layout import normalise

from .reading_files import TASK_HEADER, TASK_NAME, checked, rows, workbook, xls

quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
cells = st.text(st.sampled_from('甲乙12.-,"\n\r\t;| \u3000\x00#合计注：'), max_size=5)
lines = st.lists(st.lists(cells, max_size=6).map(",".join), max_size=12)


def plain_book(book):
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, TASK_HEADER.split(","))
    sheet.write_row(1, 0, ["330100", 2026, "x", 1])


BOOK = workbook(plain_book)
XLS = xls({(0, i): text for i, text in enumerate(TASK_HEADER.split(","))} | {(1, 0): "330100", (1, 1): 2026.0})


@quick
@given(st.binary(max_size=400), st.sampled_from(["csv", "xlsx", "xls", "parquet", "json"]))
def test_random_bytes(data, suffix):
    checked(read(f"{TASK_NAME}.{suffix}", data))
    checked(read(f"landchina.{suffix}", data))


@quick
@given(lines, st.sampled_from(["utf-8", "gb18030", "utf-16"]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_random_rows_below_a_header(body, encoding, newline):
    checked(read(f"{TASK_NAME}.csv", newline.join([TASK_HEADER, *body]).encode(encoding)))


@quick
@given(st.lists(st.lists(cells, min_size=4, max_size=4).map(",".join), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_a_few_lines_are_read_as_many_are(body, newline):
    """Split by hand or by the fast reader: the same cells, blanks and reasons."""
    data = newline.join([TASK_HEADER, *body]).encode()
    by_hand = checked(read(f"{TASK_NAME}.csv", data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assets.reading.delimited._SMALL", 0)
        fast = checked(read(f"{TASK_NAME}.csv", data))
    assert (rows(by_hand), by_hand.skipped, by_hand.findings) == (rows(fast), fast.skipped, fast.findings)


quoted = st.text(st.sampled_from('甲1,"\t; \ufdd0'), max_size=12)


@quick
@given(st.lists(quoted, min_size=1), st.sampled_from(delimited.SEPARATORS), st.integers(1, 4))
def test_whether_a_line_is_whole_does_not_depend_on_the_way_it_is_found_out(several, separator, width):
    several = pl.Series(several, dtype=pl.String)
    quick_way, thorough = (way(several, separator, width) for way in (delimited._whole_lines, delimited._whole_quoted))
    assert quick_way.to_list() == thorough.to_list()


@quick
@given(
    st.lists(st.lists(cells.map(lambda cell: f'"{cell}"') | cells, min_size=3, max_size=4), max_size=9),
    st.sampled_from(delimited.SEPARATORS),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_cell_comes_out_normalised(body, separator, newline):
    header = TASK_HEADER.replace(",", separator)
    data = newline.join([header, *(separator.join(line) for line in body)]).encode()
    found = delimited.read_delimited(text.to_utf8(data)[0], [bureau(parse_name(f"{TASK_NAME}.csv").table)])
    if found:
        frame = found.body.frame
        assert normalise(frame, found.body.cells).select(found.body.cells).equals(frame.select(found.body.cells))


@quick
@given(
    st.lists(st.binary(max_size=6) | st.sampled_from([b"\r\n", b"\n", b"\r", b"\xd5\xd0", b"abc"])), st.integers(0, 40)
)
def test_the_lines_that_tell_an_encoding_are_the_first_ones(pieces, part):
    data = b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_FIRST_PART", part)
        patch.setattr(text, "_TELLING", 3)
        assert text._foreign_lines(data) == [line for line in data.splitlines() if not line.isascii()][:3]


@quick
@given(st.data(), st.sampled_from(["utf-8", "gb18030"]))
def test_mutated_csv(data, encoding):
    text = bytearray(
        f'{TASK_HEADER}\n330100,2026,"批而未供",1\n330200,2026,闲置,2\n合计,,,3\n注：说明\n'.encode(encoding)
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    checked(read(f"{TASK_NAME}.csv", bytes(text)))


@quick
@given(st.integers(0, len(BOOK) - 1), st.binary(max_size=8), st.integers(0, 40))
def test_mutated_workbook(at, patch, gap):
    checked(read(f"{TASK_NAME}.xlsx", BOOK[:at] + patch + BOOK[at + gap :]))


@quick
@given(
    st.lists(
        st.sampled_from(["330100,2026,甲,1", '330100,2026,"甲\n乙",1', '330100,2026,"甲,1', "330100,2026,甲,1,2"]),
        max_size=12,
    )
)
def test_good_rows_survive_bad_ones(body):
    reading = checked(read(f"{TASK_NAME}.csv", "\n".join([TASK_HEADER, *body]).encode()))
    good = sum(line.startswith("330100,2026,甲,1") and not line.endswith(",2") for line in body)
    assert sum(row[2] == "甲" for row in rows(reading)) == good
    assert reading.rejected_rows >= sum(line.endswith(",2") for line in body)


@quick
@given(st.integers(0, len(XLS) - 1), st.binary(max_size=8), st.integers(0, 40))
def test_mutated_xls(at, patch, gap):
    checked(read(f"{TASK_NAME}.xls", XLS[:at] + patch + XLS[at + gap :]))


@quick
@given(
    st.lists(
        # Never newlines and separators in one record: what looks like a row in there is taken for one.
        st.one_of(st.lists(st.text(cells, max_size=4), min_size=3, max_size=3) for cells in ('甲"\n', '甲,"')),
        max_size=8,
    )
)
def test_what_a_csv_writer_writes_is_read_back(body):
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([TASK_HEADER.split(","), *[["330100", *row] for row in body]])
    expected = [("330100", *(re.sub(r"\n+", " ", cell).strip() or None for cell in row)) for row in body]
    assert rows(checked(read(f"{TASK_NAME}.csv", buffer.getvalue().encode()))) == expected


@quick
@given(st.text(max_size=40))
def test_any_name(name):
    assert parse_name(name).name is not None
