"""Cells of a workbook (xlsx) emptied within the bytes of its package: rows, styles and all other cells stay.

Of the table of shared texts only what cells that stay use is left: programs leave texts there that no cell has any
more. Knows no header.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Sequence
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from .sniff import MAX_UNPACKED

HEAD_ROWS = 60
_SHARED = re.compile(rb"<(?:\w+:)?sst[\s>]")
_LETTERS = re.compile(r"[A-Za-z]{1,3}(?=\d)")
_REFUSALS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError)

#: Columns (from 0) to empty below a row of texts; none when the row is no header that has them.
ColumnsOf = Callable[[Sequence[str]], Sequence[int]]
#: Bytes from, to, and what to put there.
Splice = tuple[int, int, bytes]


def without_columns(data: bytes, words: Sequence[bytes], columns_of: ColumnsOf) -> bytes:
    """A workbook whose cells are emptied below each header, in the columns that `columns_of` names.

    The data as they are where no part has one of the `words`, where nothing is to be emptied, and where the package
    cannot be taken apart: the reader refuses those.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            if sum(member.file_size for member in members) > MAX_UNPACKED:
                return data
            parts = [package.read(member) for member in members]
        if not any(word in part for part in parts for word in words):
            return data
        changed = _emptied(parts, columns_of)
    except (*_REFUSALS, expat.ExpatError):
        return data
    return data if changed == parts else _packed(members, changed)


def _emptied(parts: list[bytes], columns_of: ColumnsOf) -> list[bytes]:
    table = next((place for place, part in enumerate(parts) if _SHARED.search(part, 0, 4096)), None)
    shared = _Shared(b"<sst/>" if table is None else parts[table])
    shared.read()
    sheets = {place: _Sheet(part, shared.texts, columns_of) for place, part in enumerate(parts) if b"sheetData" in part}
    for sheet in sheets.values():
        sheet.read()
    splices = {place: sheet.splices for place, sheet in sheets.items()}
    if any(splices.values()):
        kept = set().union(*(sheet.kept for sheet in sheets.values()))
        splices[table] = [splice for number, splice in shared.splices.items() if number not in kept]
    return [_spliced(part, splices.get(place, ())) for place, part in enumerate(parts)]


def _spliced(part: bytes, splices: Sequence[Splice]) -> bytes:
    if not splices:
        return part
    pieces, done = [], 0
    for start, end, put in splices:
        pieces += [part[done:start], put]
        done = end
    return b"".join([*pieces, part[done:]])


def _packed(members: Sequence[zipfile.ZipInfo], parts: Sequence[bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for member, part in zip(members, parts, strict=True):
            info = zipfile.ZipInfo(member.filename, member.date_time)
            info.compress_type, info.external_attr = member.compress_type, member.external_attr
            package.writestr(info, part)
    return stream.getvalue()


# --- Parts -----------------------------------------------------------------------------------------------------------


class _Part:
    """A part of the package, read once; knows where in its bytes it is. Its own text pieces, no phonetic ones."""

    def __init__(self, part: bytes) -> None:
        self._bytes = part
        self._start = 0
        self._pieces: list[str] = []
        self._taking = self._phonetic = False
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refused
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = self._text

    def read(self) -> None:
        """Raises expat.ExpatError, ValueError."""
        self._parser.Parse(self._bytes, True)

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        self._phonetic |= name == "rPh"
        self._taking = name in ("v", "t") and not self._phonetic
        self.opened(name, attributes)

    def _close(self, tag: str) -> None:
        name = _local(tag)
        self._phonetic &= name != "rPh"
        self._taking = False
        self.closed(name, tag)

    def _text(self, text: str) -> None:
        if self._taking:
            self._pieces.append(text)

    def begin(self) -> None:
        """Remember that an element opens here."""
        self._start = self._parser.CurrentByteIndex
        self._pieces.clear()

    def splice(self, put: str) -> Splice:
        """Another text in the place of the element that begins where `begin` was called and closes here. It must have
        content: after an empty tag the parser stands elsewhere."""
        return self._start, self._bytes.index(b">", self._parser.CurrentByteIndex) + 1, put.encode()

    @property
    def content(self) -> str:
        return "".join(self._pieces)


class _Shared(_Part):
    """The table of shared texts: `texts` in their order, and the splices that empty those that are not empty."""

    def __init__(self, part: bytes) -> None:
        super().__init__(part)
        self.texts: list[str] = []
        self.splices: dict[int, Splice] = {}

    def opened(self, name: str, _: dict[str, str]) -> None:
        if name == "si":
            self.begin()

    def closed(self, name: str, tag: str) -> None:
        if name == "si":
            if self.content:
                self.splices[len(self.texts)] = self.splice(f"<{tag}><{tag.removesuffix('si')}t/></{tag}>")
            self.texts.append(self.content)


class _Sheet(_Part):
    """What a sheet asks for: the splices that empty its cells, and the shared texts that those that stay use."""

    def __init__(self, part: bytes, texts: Sequence[str], columns_of: ColumnsOf) -> None:
        super().__init__(part)
        self.splices: list[Splice] = []
        self.kept: set[int | None] = set()
        self._texts, self._columns_of = texts, columns_of
        self._wanted: Collection[int] = ()
        self._rows, self._column = 0, -1
        self._cell: dict[str, str] = {}
        self._line: dict[int, str] = {}

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._rows, self._column = self._rows + 1, -1
            self._line.clear()
        elif name == "c":
            self._column, self._cell = _column(attributes.get("r", ""), self._column + 1), attributes
            self.begin()

    def closed(self, name: str, tag: str) -> None:
        if name == "c":
            self._close_cell(tag)
        elif name == "row" and not self._wanted and self._rows <= HEAD_ROWS:
            line = [self._line.get(place, "") for place in range(max(self._line, default=-1) + 1)]
            self._wanted = self._columns_of(line)

    def _close_cell(self, tag: str) -> None:
        text, number = self.content, None
        if self._cell.get("t") == "s" and text.strip().isdecimal():
            number = int(text)
            text = self._texts[number] if number < len(self._texts) else ""
        if self._column in self._wanted and text.strip():
            stay = "".join(f" {name}={quoteattr(self._cell[name])}" for name in ("r", "s") if name in self._cell)
            self.splices.append(self.splice(f"<{tag}{stay}/>"))
        else:
            self.kept.add(number)
            self._line[self._column] = text


def _refused(*_: object) -> None:
    raise ValueError("a part with definitions of its own")


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _column(reference: str, following: int) -> int:
    """The column (from 0) of a cell; one that does not say its place comes right after the one before."""
    found = _LETTERS.match(reference)
    index = 0
    for letter in found[0].upper() if found else "":
        index = index * 26 + ord(letter) - 64
    return index - 1 if found else following
