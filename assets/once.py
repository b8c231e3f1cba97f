"""What a run works out once (一次运行只算一次), for whoever needs it: several steps, or a step that comes later.

So a run that waits for its checks uses the time: what the next steps need is worked out while they look. It is only
read and kept in memory; the steps themselves, behind the gate, write it. Outside a run nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Made = TypeVar("Made")
Key = tuple[Hashable, ...]

_made: dict[Key, Any] | None = None
_TAKEN = object()


@contextmanager
def kept() -> Iterator[None]:
    """Keep what is worked out for the length of a block: of one run, whose data nobody else changes meanwhile."""
    global _made
    _made = {}
    try:
        yield
    finally:
        _made = None


def work_out(key: Key, work: Callable[[], Made]) -> Made:
    """What `work` gives; the first time it is asked for, and after that as it was then."""
    if _made is None:
        return work()
    if _made.get(key, _TAKEN) is _TAKEN:
        _made[key] = work()
    return _made[key]


def take(key: Key, work: Callable[[], Made]) -> Made:
    """What was worked out ahead, given away; worked out now if it was not. Nobody works it out ahead after that."""
    if _made is None:
        return work()
    made, _made[key] = _made.get(key, _TAKEN), _TAKEN
    return work() if made is _TAKEN else made


def ahead(works: Iterable[tuple[Key, Callable[[], Any]]]) -> Iterator[None]:
    """Works things out, one at every step, but for those that were before. After an error nothing more: whoever asks
    for it comes upon the error anew, and tells."""
    for key, work in works:
        if _made is None:
            return
        if key not in _made:
            try:
                work_out(key, work)
            except Exception:
                return
            yield
