"""Reads and checks spoiled files one after the other and holds that nothing gives way; `test_hostile_files` starts it.

Runs in a process of its own, under a limit of memory and an alarm, so that a crash or a hang is seen and named.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import resource
import signal
import sys
import time
import zipfile
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from assets.checking import check
from assets.reading import read
from assets.reading.source import Checked
from assets.receipts import workbook
from assets.receipts.receipt import MAX_LISTED
from schemas import policy
from schemas.submissions import TABLES
from schemas.table import Kind, Table
from tests.hostile_files import Mutant, bombs, mutant

RECEIVED, REGIONS = date(2026, 11, 23), policy.regions()
BOUND_SECONDS = 40  # of processor time for one file, its receipt included


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=0, help="seed of the first file")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--bombs", action="store_true", help="the files made by hand instead")
    parser.add_argument("--memory-mb", type=int, required=True, help="address space beyond what the libraries take")
    parser.add_argument("--last-name", type=Path, required=True, help="where to note the file being read")
    asked = parser.parse_args()
    _warm_up()
    _limit(asked.memory_mb)
    spoiled = bombs() if asked.bombs else ((mutant(asked.first + number), None) for number in range(asked.count))
    told, problems = Counter[str](), list[str]()
    slowest = (0.0, "")
    for made, rule in spoiled:
        asked.last_name.write_text(made.how, encoding="utf-8", errors="replace")
        signal.setitimer(signal.ITIMER_PROF, BOUND_SECONDS)  # unanswered, it ends the process
        signal.alarm(20 * BOUND_SECONDS)  # for one that waits, on a machine that has other work to do
        began = time.process_time()
        problems += [f"{made.how}: {problem}" for problem in _tried(made, rule, told)]
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        slowest = max(slowest, (time.process_time() - began, made.how))
    summary = {
        **told, "slowest_seconds": round(slowest[0], 2), "slowest": slowest[1],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, "problems": problems,
    }  # fmt: skip
    json.dump(summary, sys.stdout)
    return int(bool(problems))


def _tried(made: Mutant, rule: str | None, told: Counter[str]) -> list[str]:
    """What is wrong with the answer to a file; counts it. `rule`: the first error expected, "" none, None any."""
    try:
        result = check(read(made.name, made.data), REGIONS, RECEIVED)
        receipt = workbook(result, made.data, "LS-0", RECEIVED)
    except BaseException as error:
        return [f"{type(error).__name__}: {str(error)[:300]}"]
    told["files"] += 1
    told[result.status] += 1
    told["rows_accepted"] += result.accepted.height
    told["rows_refused"] += result.rows_quarantined + result.reading.rejected_rows
    first = next((finding.rule for finding in result.findings if finding.severity == "error"), "")
    told["findings"] += len(result.findings)
    expected = [] if rule in (None, first) else [f"refused by {first or 'nothing'}, not by {rule or 'nothing'}"]
    return [*violations(result), *_of_receipt(receipt, result), *expected]


def _of_receipt(receipt: bytes, result: Checked) -> list[str]:
    """What is wrong with a receipt: it opens, and lists every finding."""
    with zipfile.ZipFile(io.BytesIO(receipt)) as package:
        sheets = [package.read(name) for name in package.namelist() if name.startswith("xl/worksheets/receipt")]
    if len(sheets) != 1 or b"<f>" in sheets[0]:
        return ["no receipt sheet, or one with formulas"]
    listed = len(re.findall(rb'<c r="B\d+"[^>]*><is><t>\d{4}<', sheets[0]))
    return (
        []
        if listed == min(len(result.findings), MAX_LISTED)
        else [f"{listed} of {len(result.findings)} findings on the receipt"]
    )


def _warm_up() -> None:
    """Load every reader before memory is limited: libraries reserve address space once, not per file."""
    for seed in range(-40, 0):
        made = mutant(seed)
        workbook(check(read(made.name, made.data), REGIONS, RECEIVED), made.data, "LS-0", RECEIVED)


def _limit(megabytes: int) -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (megabytes << 20),) * 2)


# --- What must hold of every answer --------------------------------------------------------------------------------


def violations(result: Checked) -> list[str]:
    """What is wrong with an answer: lines that are unaccounted for, accepted rows that break a rule, empty words."""
    reading = result.reading
    done = result.accepted.height + result.rows_quarantined + result.rows_repeated
    found = []
    if any(finding.rule == "1009" for finding in result.findings):
        found.append("the reader gave up (1009)")
    if done + reading.rejected_rows + sum(reading.skipped.values()) != reading.lines:
        found.append(f"lines {reading.lines} ≠ {done} rows + {reading.rejected_rows} rejected + {reading.skipped}")
    if result.status == "rejected" and result.accepted.height:
        found.append("a rejected file has accepted rows")
    if result.rows_quarantined and not any(finding.severity == "error" for finding in result.findings):
        found.append("rows in quarantine without a reason")
    if result.status == "rejected" and not any(finding.severity == "error" for finding in result.findings):
        found.append("a rejected file without a reason")
    found += [f"finding {each.rule} without words" for each in result.findings if not each.message.strip()]
    if result.accepted.height and reading.table is not None:
        city = reading.file.region_code if reading.file.region_code in CITIES else None
        found += accepted_wrongly(result.accepted, TABLES[reading.table.name], reading.profile, city)
    return found


def accepted_wrongly(rows: pl.DataFrame, table: Table, profile: str, city: str | None = None) -> list[str]:
    """Conditions of the contract on accepted rows, written out plainly and without the rules' own predicates.

    `city`: the one that hands the file in.
    """
    conditions = _types(table, profile) | (_RELATIONS.get(table.name, {}) if profile == "bureau" else {})
    if city and profile == "bureau":
        conditions["region outside the submitting city"] = (
            pl.col("region_code").replace_strict(CITY_OF, default="") != city
        )
    if table.event_date:
        last_day = pl.col("region_code").replace_strict(LAST_DAY, default=None, return_dtype=pl.Date)
        conditions["region abolished before"] = last_day < pl.col(table.event_date)
    broken = [name for name, bad in conditions.items() if rows.filter(bad.fill_null(False)).height]
    if rows["record_key"].n_unique() != rows.height or rows["record_key"].null_count():
        broken.append("keys that are empty or repeated")
    return [f"accepted although: {name}" for name in broken]


_KNOWN = list(REGIONS.frame["code"])
CITY_OF = dict(REGIONS.frame.select("code", pl.col("city_code").fill_null("")).iter_rows())
LAST_DAY = dict(REGIONS.frame.select("code", "last_day").drop_nulls().iter_rows())
CITIES = set(REGIONS.codes("city"))


#: The public listing leaves the other required columns unknown.
PORTAL_HAS = ("region_code", "supervision_no", "supplied_area_mu", "contract_date")


def _types(table: Table, profile: str) -> dict[str, pl.Expr]:
    bad: dict[str, pl.Expr] = {"region unknown": ~pl.col("region_code").is_in(_KNOWN)}
    for column in table.columns:
        value, name = pl.col(column.name), column.name
        if column.required and (profile == "bureau" or name in PORTAL_HAS):
            bad[f"{name} is empty"] = value.is_null()
        if column.kind is Kind.AREA:
            bad[f"{name} ≤ 0"] = value <= 0
        if column.kind is Kind.AREA_PART:
            bad[f"{name} < 0"] = value < 0
        if column.kind is Kind.FAR:
            bad[f"{name} out of range"] = (value != 0) & ((value < Decimal("0.1")) | (value > 15))
        if column.kind is Kind.DATE:
            bad[f"{name} out of range"] = (value < date(1987, 1, 1)) | (value > date(2036, 11, 23))
        if column.kind is Kind.YEAR:
            bad[f"{name} out of range"] = (value < 1987) | (value > 2036)
        if column.kind is Kind.INDEX:
            bad[f"{name} out of range"] = (value < 50) | (value > 200)
        if column.kind is Kind.CHOICE and profile != "landchina":
            bad[f"{name} not a choice"] = ~value.is_in(column.choices)
        if column.kind is Kind.TEXT:
            bad[f"{name} holds control characters"] = value.str.contains(r"[\x00-\x08\x0e-\x1f]")
            bad[f"{name} is a formula's error"] = value.str.contains(r"^#(N/A|DIV/0!|REF!|NAME\?|NULL!|NUM!|VALUE!)$")
            bad[f"{name} stands for nothing"] = value.is_in(["", "-", "--", "/", "无", "Nah"])
    return bad


_PARTS = [pl.col(f"{part}_area_mu") for part in ("existing", "historical_unsupplied", "new")]
_TASK, _QUARTER = (pl.col(name).cast(pl.Int64, strict=False) for name in ("task_no", "quarter"))
_ONE_YEAR_ON = pl.col("agreed_start_date").dt.offset_by("1y")
_RELATIONS: dict[str, dict[str, pl.Expr]] = {
    "land_supply": {
        # one square metre, and the rounding of three parts to a millionth
        "identity": (sum(_PARTS[1:], _PARTS[0]) - pl.col("supplied_area_mu")).abs() > Decimal("0.001502"),
    },
    "idle_land": {
        "determined early": (pl.col("idle_type") == "未动工") & (pl.col("determination_date") < _ONE_YEAR_ON),
        "disposed before determined": pl.col("disposal_date") < pl.col("determination_date"),
        "disposed > idle": pl.col("disposed_area_mu") > pl.col("idle_area_mu"),
        "idle > supplied": pl.col("idle_area_mu") > pl.col("supplied_area_mu"),
    },
    "task_progress": {
        "task number": (_TASK < 1) | (_TASK > 12),
        "quarter": (_QUARTER < 1) | (_QUARTER > 4),
    },
}

if __name__ == "__main__":
    sys.exit(main())
