"""How many threads the CPU kernels use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

_count = 1
_pool: ThreadPoolExecutor | None = None


def get() -> int:
    """The number of threads, 1 unless `set` was called."""
    return _count


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
    """Runs all parts, the first in this thread and each other one in a thread of its own."""
    global _pool
    if len(parts) > 1 and _pool is None:
        _pool = ThreadPoolExecutor(max(_count - 1, 1))
    waiting = [_pool.submit(part) for part in parts[1:]] if _pool is not None else []
    parts[0]()
    for future in waiting:
        future.result()


def split(length: int, unit: int = 1) -> list[tuple[int, int]]:
    """Cuts `range(length)` into at most one range a thread, of nearly equal numbers of whole units."""
    units = -(-length // unit)
    count = max(1, min(_count, units))
    cuts = [min(length, units * i // count * unit) for i in range(count + 1)]
    return list(pairwise(cuts))
