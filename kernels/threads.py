"""How many threads the CPU kernels use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

_count = 1
_pool: ThreadPoolExecutor | None = None
_share = threading.local()


def get() -> int:
    """The number of threads, 1 unless `set` was called; within one of several parts that `run` runs, its share."""
    return getattr(_share, "count", _count)


def set(count: int) -> None:
    """Chooses the number of threads, at least 1."""
    global _count, _pool
    if count < 1:
        raise ValueError(f"the number of threads is {count}; it must be at least 1.")
    if count != _count and _pool is not None:
        _pool.shutdown()
        _pool = None
    _count = count


def run(parts: Sequence[Callable[[], None]]) -> None:
    """Runs all parts, at most one a thread, the first in this thread and each other one in a thread of its own."""
    global _pool
    if len(parts) == 1:
        parts[0]()
        return
    if _pool is None:
        _pool = ThreadPoolExecutor(max(_count - 1, 1))
    share = max(1, get() // len(parts))
    waiting = [_pool.submit(_run_with, share, part) for part in parts[1:]]
    _run_with(share, parts[0])
    for future in waiting:
        future.result()


def _run_with(count: int, part: Callable[[], None]) -> None:
    """Runs a part that may use so many threads."""
    before = _share.__dict__.copy()
    _share.count = count
    try:
        part()
    finally:
        _share.__dict__.clear()
        _share.__dict__.update(before)


def split(length: int, unit: int = 1, most: int | None = None) -> list[tuple[int, int]]:
    """Cuts `range(length)` into at most one range a thread, of nearly equal numbers of whole units.

    Args:
        length: where the last range ends.
        unit: what is not cut.
        most: as many ranges as this at most, where it is given.
    """
    units = -(-length // unit)
    count = max(1, min(get(), units, units if most is None else most))
    cuts = [min(length, units * i // count * unit) for i in range(count + 1)]
    return list(pairwise(cuts))
