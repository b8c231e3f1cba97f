"""From the bytes of one file to rows of text: decoding, Excel layouts, header matching. Knows no rule and no database.

What a cell *means* (numbers, dates, units) is decided in `assets.checking`; here a cell stays the text that was typed.
"""
