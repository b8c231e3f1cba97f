"""What a file's name says, the table name that an unknown one was probably meant to be, and the receipt number."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata

from schemas.policy import Regions
from schemas.submissions import BY_LABEL, TABLES
from schemas.table import Table

from .source import FileName

_NAMES: dict[str, Table] = {**BY_LABEL, **TABLES}
_AFTER_TABLE = re.compile(r"[_-]+(?P<region>\d{12}|\d{9}|\d{6})(?!\d)(?:[_-]+(?P<year>(?:19|20)\d\d)(?!\d))?")


def parse_name(name: str) -> FileName:
    """The parts of `<表名>_<行政区代码>_<年份>[_<anything>].<suffix>`; what it does not say is None.

    Folders, blanks and full-width characters do not matter; the English table name is accepted. Never raises.
    """
    base = unicodedata.normalize("NFKC", name.replace("\x00", "")).replace("\\", "/").rsplit("/", 1)[-1]
    stem, _, suffix = base.rpartition(".") if "." in base else (base, "", "")
    stem = re.sub(r"\s+", "", stem)
    table, rest = _leading_table(stem)
    found = _AFTER_TABLE.match(rest) if table else None
    return FileName(
        name=name.replace("\\", "/").rsplit("/", 1)[-1],
        table=table,
        region_code=found["region"][:6] if found else None,
        year=int(found["year"]) if found and found["year"] else None,
        suffix=suffix.strip().lower(),
    )


def closest_table(name: str) -> str | None:
    """The label of the table whose name is nearest to the beginning of a file name; None when nothing is near."""
    stem = re.split(r"[_\-.\d]", re.sub(r"\s+", "", unicodedata.normalize("NFKC", name)))[0]
    near = difflib.get_close_matches(stem, BY_LABEL, n=1, cutoff=0.5)
    return near[0] if near else next((label for label in BY_LABEL if label in name), None)


def proposed_name(name: str, table: str) -> str:
    """The name that a file should have, as far as its present name tells: `供地结果_330100_2026.csv`; else ""."""
    text = unicodedata.normalize("NFKC", name)
    region = re.search(r"(?<!\d)\d{6}(?!\d)", text)
    year = re.search(r"(?<!\d)20\d\d(?!\d)", text)
    suffix = text.rpartition(".")[2].strip().lower()
    if not region or not year or suffix not in ("csv", "xlsx", "xls", "parquet"):
        return ""
    return f"{table}_{region[0]}_{year[0]}.{suffix}"


def is_landchina(name: str) -> bool:
    """Whether the name announces the public land-market export."""
    return (
        unicodedata.normalize("NFKC", name)
        .replace("\\", "/")
        .rsplit("/", 1)[-1]
        .strip()
        .lower()
        .startswith("landchina")
    )


def reporting_region(code: str | None, regions: Regions) -> str | None:
    """The bureau that a file name's code stands for: a city or the province; a county's file is its city's."""
    return regions.county_cities.get(code, code)


def receipt_number(sha: str, table: str | None, region_code: str | None, year: int | None) -> str:
    """The receipt number 回执编号: the same content for the same table, region and year has the same one, anywhere."""
    identity = "|".join((sha, table or "", region_code or "", str(year or "")))
    return "LS-" + hashlib.sha256(identity.encode()).hexdigest()[:12].upper()


def _leading_table(stem: str) -> tuple[Table | None, str]:
    for label in sorted(_NAMES, key=len, reverse=True):
        head, rest = stem[: len(label)], stem[len(label) :]
        if head.lower() == label.lower() and rest[:1] in ("", "_", "-"):
            return _NAMES[label], rest
    return None, stem
