"""What a repeated step costs this process: CPU time, wall time and memory."""

from __future__ import annotations

import contextlib
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warp2hdl.kernels.memory import give_back

_STATUS = Path("/proc/self/status")
_MIB = 1 << 20


@dataclass(frozen=True)
class StepCosts:
    """What a step costs, measured over blocks of steps after some to warm up.

    Attributes:
        cpu_ms: CPU milliseconds a step, of all threads of the process together; one mean per block.
        wall_ms: wall milliseconds a step, one mean per block.
        setup_seconds: wall time of the preparation and the warm-up, and so of compilation.
        peak_mb: most resident memory from the preparation to the last step, above that before the preparation, in MiB.
        process_peak_mb: most resident memory of the process in all its life, imports included, in MiB.
    """

    cpu_ms: tuple[float, ...]
    wall_ms: tuple[float, ...]
    setup_seconds: float
    peak_mb: float
    process_peak_mb: float

    def to_json(self) -> dict[str, Any]:
        """Plain values: of each time the median of the blocks, and beside it the least and the greatest."""
        return {
            "cpu_ms_per_step": round(statistics.median(self.cpu_ms), 3),
            "cpu_ms_range": [round(min(self.cpu_ms), 3), round(max(self.cpu_ms), 3)],
            "wall_ms_per_step": round(statistics.median(self.wall_ms), 3),
            "wall_ms_range": [round(min(self.wall_ms), 3), round(max(self.wall_ms), 3)],
            "setup_seconds": round(self.setup_seconds, 2),
            "peak_mb": round(self.peak_mb, 1),
            "process_peak_mb": round(self.process_peak_mb, 1),
        }


def measure_steps(
    prepare: Callable[[], Callable[[], object]],
    *,
    steps: int,
    blocks: int,
    warm_up: int = 3,
    on_block: Callable[[int], None] | None = None,
) -> StepCosts:
    """Prepares a step and repeats it.

    Args:
        prepare: makes everything that the step needs, and returns the step. What it needs to import should be
            imported before, or it counts as its memory.
        steps: steps a block.
        blocks: how many blocks are timed.
        warm_up: steps before the first block.
        on_block: called before every block with the number of blocks done, outside of what is timed.
    """
    memory = Memory()
    start = time.perf_counter()
    step = prepare()
    for _ in range(warm_up):
        step()
    setup_seconds = time.perf_counter() - start
    cpu_ms, wall_ms = [], []
    for block in range(blocks):
        if on_block:
            on_block(block)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(steps):
            step()
        cpu_ms.append(1e3 * (time.process_time() - cpu) / steps)
        wall_ms.append(1e3 * (time.perf_counter() - wall) / steps)
    return StepCosts(tuple(cpu_ms), tuple(wall_ms), setup_seconds, memory.peak_mb(), memory.process_peak_mb())


class Memory:
    """How much memory this process takes from now on.

    Linux keeps the peak of the process's own memory. `getrusage`, which serves elsewhere, knows no peak but that of
    the process's whole life, so that `peak_mb` is too small there where the imports took more than what followed.
    """

    def __init__(self) -> None:
        self._before = _peak()
        give_back()  # or what an earlier measurement left would hide what this one takes
        with contextlib.suppress(OSError):  # sets the peak back to what is resident; some containers forbid it
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._start = _resident()

    def peak_mb(self) -> float:
        """The most that was resident since, above what was then, in MiB."""
        return max(0.0, _peak() - self._start) / _MIB

    def process_peak_mb(self) -> float:
        """The most that was ever resident, in MiB."""
        return max(self._before, _peak()) / _MIB


def _resident() -> float:
    return _status("VmRSS") or _peak()


def _peak() -> float:
    # A process begins with the ru_maxrss of the one that started it.
    if peak := _status("VmHWM"):
        return peak
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _status(name: str) -> float:
    """A line of the process's status on Linux, in bytes; 0 where there is none."""
    if not _STATUS.exists():
        return 0
    lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
