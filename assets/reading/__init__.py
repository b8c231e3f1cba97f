"""From the bytes of one file to rows of text: decoding, Excel layouts, header matching. Knows no rule and no database.

What a cell *means* (numbers, dates, units) is decided in `assets.checking`; here a cell stays the text that was typed.
"""

from .naming import parse_name
from .reader import read
from .source import Block, Checked, FileName, Finding, Place, Reading, SourceColumn

__all__ = ["Block", "Checked", "FileName", "Finding", "Place", "Reading", "SourceColumn", "parse_name", "read"]
