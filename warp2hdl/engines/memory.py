"""Memory that one thread of an engine works in."""

from __future__ import annotations

import mmap
import sys

import numpy as np
import numpy.typing as npt

from warp2hdl.engines.plan import GROUP, Plan
from warp2hdl.kernels.simd_target import VECTOR_BYTES

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
    """

    def __init__(self, signals: int, plan: Plan) -> None:
        self.signals = zeros(signals)
        groups = int(plan.planes.max(initial=0)) // GROUP + 1
        self.work = zeros(max(4608 * groups, (plan.score_bits + 64) * VECTOR_BYTES + 4096))
        self._columns = np.empty(0, np.uint8)

    def columns(self, size: int) -> npt.NDArray[np.uint8]:
        """At least so many bytes, for samples as columns."""
        if len(self._columns) < size:
            self._columns = np.empty(size, np.uint8)
        return self._columns
