"""Receipts 回执 and empty templates as workbooks: what a clerk gets back and what a clerk fills in.

Nothing that we write here is ever a formula; a clerk's own cells stay what they were.
"""

from .nightly import link, write_all
from .receipt import Receipt, number_of, receipt_of
from .template import template, template_name
from .workbook import render, workbook

__all__ = [
    "Receipt",
    "link",
    "number_of",
    "receipt_of",
    "render",
    "template",
    "template_name",
    "workbook",
    "write_all",
]
