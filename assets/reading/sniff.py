"""What a file is, by its content: a suffix may lie. Refuses what cannot be a submission, in words."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from schemas.file_rules import RESAVE

from .report import Unreadable

MAX_UNPACKED = 200 << 20
SUSPECT_RATIO, SUSPECT_SIZE = 200, 50 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_FOREIGN = (
    (b"%PDF", "PDF 文档"),
    (b"Rar!", "压缩包"),
    (b"7z\xbc\xaf", "压缩包"),
    (b"\x1f\x8b", "压缩包"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"{\\rtf", "Word 文档"),
)
_DOCTYPE = re.compile(rb"(?i)<\x00?!\x00?d\x00?o\x00?c\x00?t\x00?y\x00?p\x00?e")  # also in UTF-16
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".bin", ".svg")
_UNPACK = "请解压后，逐个报送其中的 xlsx 或 csv 文件。"
#: Suffixes under which each form is expected.
SUFFIXES = {"csv": ("csv",), "xlsx": ("xlsx",), "xls": ("xls",), "parquet": ("parquet",), "json": ("json",)}


def sniff(data: bytes) -> str:
    """ "csv", "xlsx", "xls", "parquet" or "json". Raises Unreadable for everything else, and for unsafe workbooks."""
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise Unreadable("1002")
    if data.startswith(b"PK"):
        return _zip(data)
    if data.startswith(_OLE):
        if _ENCRYPTED_PACKAGE in data:
            raise Unreadable("1005")
        return "xls"
    if data.startswith(b"PAR1"):
        return "parquet"
    for mark, what in _FOREIGN:
        if data.startswith(mark):
            raise Unreadable("1003", what=what, remedy=_UNPACK if what == "压缩包" else "请报送 xlsx 或 csv 数据表。")
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if re.match(rb"(?i)<(!doctype html|html|table|meta|head|body|style)", start):
        raise Unreadable("1003", what="网页表格（系统导出时改名为 Excel 的网页）", remedy=RESAVE)
    if start.startswith(b"<?xml"):
        raise Unreadable("1003", what="XML 文档", remedy=RESAVE)
    return "json" if re.match(rb'[\[{]\s*([\[{"\]}]|$)', start) else "csv"


def _zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            names = {member.filename for member in members}
            unpacked = sum(member.file_size for member in members)
            if unpacked > MAX_UNPACKED:
                raise Unreadable("1006", what=f"展开后约 {unpacked >> 20} MB")
            if unpacked > SUSPECT_SIZE and unpacked > SUSPECT_RATIO * len(data):
                raise Unreadable("1006", what=f"压缩比异常，展开后约 {unpacked >> 20} MB")
            if any(member.flag_bits & 1 for member in members):
                raise Unreadable("1005")
            _read_through(package, members)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError):
        raise Unreadable("1004") from None
    if "xl/workbook.xml" in {name.replace("\\", "/") for name in names}:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise Unreadable("1003", what="二进制工作簿（xlsb）", remedy=RESAVE)
    if "word/document.xml" in names:
        raise Unreadable("1003", what="Word 文档", remedy="请报送 xlsx 或 csv 数据表。")
    if "content.xml" in names:
        raise Unreadable("1003", what="OpenDocument 表格", remedy=RESAVE)
    raise Unreadable("1003", what="压缩包", remedy=_UNPACK)


def _read_through(package: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Unpack every part once without keeping it: sizes in the directory may lie, sums do not; entities are refused."""
    for member in members:
        with package.open(member) as part:
            end = b""
            while piece := part.read(1 << 20):
                if _DOCTYPE.search(end + piece) and not member.filename.lower().endswith(_PICTURES):
                    raise Unreadable("1003", what="带有外部定义的工作簿", remedy=RESAVE)
                end = piece[-18:]
