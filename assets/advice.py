"""Advice (指标优化建议), the quota what-if (增存挂钩, 假设) and the incentive list (激励倾斜), from assessed figures.

Pure: rows of the marts in, typed rows out. Suggestions for the mid-term evaluation, never results: nothing here changes
a figure, a verdict or a rank. Parameters stand in `schemas/policy/*.toml`, each with its label and basis.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """One observation on one region and indicator; `text` is the sentence, `figures` what it rests on."""

    region_code: str
    region_name: str
    indicator: str
    kind: str  # reached_early / unreachable / out_of_line / undecidable
    label: str  # 提前达标 / 难以达到 / 与其他指标不协调 / 精度不足以判定
    text: str
    text_en: str
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class QuotaEffect:
    """假设: what a coupling of new quota to task completion would give a city (增存挂钩). Areas in 亩."""

    region_code: str
    region_name: str
    year: int
    completion: float | None  # % of digestion and idle tasks together
    completion_text: str
    effect_mu: float | None  # + reward, − cut
    effect_text: str
    step: str  # which step of the parameters applied, in words
    label: str = "假设"


@dataclass(frozen=True, slots=True)
class Incentive:
    """A city or project that a stated rule proposes for support (激励倾斜)."""

    kind: str  # city / project
    region_code: str
    region_name: str
    name: str  # of the city or the project
    rule: str
    rule_label: str
    reason: str  # the figures that met the rule, in words
