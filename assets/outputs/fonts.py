"""Chinese fonts for documents that are drawn here (PDF, charts in Word): which serve, and what to do without any."""

from __future__ import annotations

from functools import cache

import typst

from assets.home import Trouble

#: Families by role, the standard's own first; the last ones are free and within reach of every system.
ROLES = {
    "title": ("FZXiaoBiaoSong-B05S", "STZhongsong", "Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC"),
    "body": (
        "FangSong",
        "FangSong_GB2312",
        "STFangsong",
        "Noto Serif CJK SC",
        "Source Han Serif SC",
        "Noto Sans CJK SC",
    ),
    "hei": ("SimHei", "STHeiti", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    "kai": ("KaiTi", "KaiTi_GB2312", "STKaiti", "Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC"),
    "table": ("SimSun", "STSong", "Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC"),
}


class FontsMissing(Trouble):
    """The computer has no Chinese font: an environment problem."""


@cache
def installed() -> frozenset[str]:
    """Families that this computer can draw with."""
    return frozenset(typst.Fonts().families())


def chinese(families: frozenset[str] | None = None) -> dict[str, list[str]]:
    """Installed families by role, best first. Raises FontsMissing when there is no Chinese font."""
    have = installed() if families is None else families
    known = dict.fromkeys(name for names in ROLES.values() for name in names if name in have)
    if not known:
        raise FontsMissing(
            "没有可用的中文字体，PDF 和 Word 中的图无法生成。请安装后重试：apt-get install fonts-noto-cjk",
            "no Chinese font for PDF and charts; install one: apt-get install fonts-noto-cjk",
        )
    return {role: [name for name in names if name in have] or list(known) for role, names in ROLES.items()}
