"""The data dictionary: every table, column, indicator, rule, switch, part, reason and flag, from its one declaration."""

from __future__ import annotations

import polars as pl

from schemas import rules
from schemas.file_rules import FILE_RULES
from schemas.indicators import FLAGS, INDICATORS, PARTS, REASONS, WORDS
from schemas.marts import MARTS
from schemas.policy import Rulebook
from schemas.submissions import TABLES

_COLUMNS = ("object", "name", "label", "label_en", "type", "unit", "description", "source")


def dictionary(rulebook: Rulebook) -> pl.DataFrame:
    """One row per object and name, in the shape of mart.data_dictionary."""
    rows = [*_marts(), *_submissions(), *_indicators(), *_rules(), *_switches(rulebook), *_words()]
    return pl.DataFrame(
        [dict.fromkeys(_COLUMNS) | row for row in rows], schema=dict.fromkeys(_COLUMNS, pl.String), orient="row"
    )


def _marts():
    for mart in MARTS.values():
        yield {
            "object": "mart", "name": mart.name, "label": mart.label, "label_en": mart.label_en, "type": "table",
            "description": f"粒度：{mart.grain}" + (f"。{mart.note}" if mart.note else ""), "source": "成果表约定 2025.1",
        }  # fmt: skip
        for column in mart.columns:
            yield {
                "object": "column", "name": f"{mart.name}.{column.name}", "label": column.label,
                "label_en": column.label_en, "type": column.type, "unit": column.unit or None,
                "description": column.formula or None, "source": "成果表约定 2025.1",
            }  # fmt: skip


def _submissions():
    for table in TABLES.values():
        yield {
            "object": "submission", "name": table.name, "label": table.label, "label_en": table.name.replace("_", " "),
            "type": "table", "description": table.grain, "source": "报送数据约定 2025.1",
        }  # fmt: skip
        for column in table.columns:
            marks = ["必填"] * column.required + ["主键"] * column.key + [column.note] * bool(column.note)
            if column.choices:
                marks.append("可填：" + "、".join(column.choices))
            yield {
                "object": "submission_column", "name": f"{table.name}.{column.name}", "label": column.label,
                "label_en": column.name.replace("_", " "), "type": str(column.kind),
                "unit": str(column.unit) if column.unit else None, "description": "；".join(marks) or None,
                "source": "报送数据约定 2025.1",
            }  # fmt: skip


def _indicators():
    for indicator in INDICATORS.values():
        yield {
            "object": "indicator", "name": indicator.code, "label": indicator.label, "label_en": indicator.label_en,
            "type": str(indicator.verdict), "unit": str(indicator.unit), "description": indicator.formula,
            "source": f"口径 {indicator.section}",
        }  # fmt: skip
    for part, (label, label_en) in PARTS.items():
        yield {"object": "part", "name": part, "label": label, "label_en": label_en, "source": "口径"}


def _rules():
    source = {"object": "rule", "source": "报送数据约定 2025.1"}
    for rule in FILE_RULES.values():
        yield source | {"name": rule.number, "label": rule.label, "type": rule.severity, "description": rule.message}
    for row in rules.catalogue():
        yield source | {
            "name": row["number"], "label": row["label"], "label_en": row["label_en"], "type": row["severity"],
            "description": row["explanation"],
        }  # fmt: skip


def _switches(rulebook: Rulebook):
    for name, entry in rulebook.entries.items():
        yield {
            "object": "switch" if entry.get("switch") else "rule_value", "name": name, "label": entry["label"],
            "label_en": entry.get("label_en"), "type": entry["confidence"], "description": f"取值：{entry['value']}", "source": entry["basis"],
        }  # fmt: skip


def _words():
    for code, (label, label_en, _) in WORDS.items():
        yield {"object": "word", "name": str(code), "label": label, "label_en": label_en, "source": "口径 §10"}
    for code, (label, label_en) in REASONS.items():
        yield {"object": "reason", "name": code, "label": label, "label_en": label_en, "source": "口径"}
    for code, (label, label_en) in FLAGS.items():
        yield {"object": "flag", "name": code, "label": label, "label_en": label_en, "source": "口径"}
