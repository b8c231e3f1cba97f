"""Seeded random draws that every table shares. No wall clock, no `hash()`: a seed and labels give one stream."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

_EPOCH = date(1970, 1, 1)
#: Contracts and decisions bunch towards the year's end and are rare around the Spring Festival.
_MONTHS = np.array([0.85, 0.75, 1.0, 1.0, 1.0, 1.05, 1.0, 1.0, 1.05, 1.0, 1.1, 1.2])


def stream(seed: int, *labels: object) -> np.random.Generator:
    """A generator of its own for every (seed, labels), so that one table's size does not shift another's numbers."""
    words = [zlib.crc32(str(label).encode()) for label in labels]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def day_number(day: date) -> int:
    """Days since 1970-01-01, as polars counts them."""
    return (day - _EPOCH).days


def days(numbers: np.ndarray) -> pl.Series:
    """Day numbers → dates."""
    return pl.Series(np.asarray(numbers, dtype=np.int32)).cast(pl.Date)


def seasonal(rng: np.random.Generator, first: date, last: date, count: int) -> np.ndarray:
    """`count` sorted day numbers within [first, last]: working days only, more of them late in the year."""
    span = np.arange(day_number(first), day_number(last) + 1)
    if count == 0 or not len(span):
        return np.zeros(0, dtype=np.int64)
    stamps = span.astype("datetime64[D]")
    weights = _MONTHS[stamps.astype("datetime64[M]").astype(int) % 12] * np.where((span + 3) % 7 < 5, 1.0, 0.001)
    return np.sort(rng.choice(span, size=count, p=weights / weights.sum()))


def areas(rng: np.random.Generator, count: int, total: float, sigma: float = 0.9, least: int = 300) -> np.ndarray:
    """`count` log-normal areas in whole m², none below `least`, that sum to about `total`."""
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    raw = rng.lognormal(0, sigma, count)
    return np.maximum(np.rint(raw * (total / raw.sum())), least).astype(np.int64)


def split(total: int, weights: Sequence[float]) -> list[int]:
    """A whole number in parts that sum to it exactly; the last part takes the rounding."""
    shares = np.asarray(weights, dtype=float)
    parts = np.floor(total * shares / shares.sum()).astype(np.int64)
    parts[-1] += total - parts.sum()
    return parts.tolist()


def pick(
    rng: np.random.Generator, words: Sequence[str], count: int, weights: Sequence[float] | None = None
) -> pl.Series:
    """`count` words, drawn with replacement."""
    p = None if weights is None else np.asarray(weights, dtype=float) / sum(weights)
    return pl.Series(words, dtype=pl.String).gather(rng.choice(len(words), size=count, p=p))


def some(rng: np.random.Generator, count: int, share: float) -> np.ndarray:
    """A mask that is true for about `share` of `count` rows."""
    return rng.random(count) < share


def later(day: date, days_later: int, until: date) -> date:
    """`days_later` after a day, yet not after `until`."""
    return min(day + timedelta(days=days_later), until)
