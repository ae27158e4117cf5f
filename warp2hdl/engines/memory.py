"""Memory that one thread of an engine works in."""

from __future__ import annotations

import mmap
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.engines.plan import GROUP, Plan
from warp2hdl.kernels.simd_target import LANES, VECTOR_BYTES

_HUGE = 1 << 21


def zeros(size: int) -> npt.NDArray[np.uint8]:
    """Bytes of 0 that begin at a cache line, in large pages where the system gives them: they are read at random."""
    if sys.platform == "win32":
        memory = mmap.mmap(-1, size + _HUGE)
    else:
        memory = mmap.mmap(-1, size + _HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    found = np.frombuffer(memory, np.uint8)
    first = -found.ctypes.data % _HUGE
    return found[first : first + size]


class Workplace:
    """Buffers of one thread.

    Attributes:
        signals: where planes lie; all of it is 0 at first.
        work: for turning bits, and for the largest score.
        columns: for 512 samples' words of up to 2 bytes, made when they are needed.
    """

    def __init__(self, signals: int, plan: Plan, features: int) -> None:
        self.signals = zeros(signals)
        groups = int(plan.planes.max(initial=0)) // GROUP + 1
        self.work = zeros(max(4608 * groups, (plan.score_bits + 64) * VECTOR_BYTES + 4096))
        self._features = features
        self._columns: npt.NDArray[Any] | None = None

    @property
    def columns(self) -> npt.NDArray[np.uint8]:
        """For the words of 512 samples as columns."""
        if self._columns is None:
            self._columns = np.empty(LANES * 2 * self._features, np.uint8)
        return self._columns
