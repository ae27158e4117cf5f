"""Calls of compiled programs one after the other, without Python between them: its global lock is one for all threads.

A plan tells the calls once for all steps that differ in nothing but where their arrays lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from warp2hdl.kernels import threads
from warp2hdl.kernels.vector import I64, POINTER, Function, Matrix, Program, row_stride

Array = npt.NDArray[Any]
Stage = list[bytes]
"""What may be done at the same time: for each thread the records of its calls, end to end."""

_SHIFT = 48  # addresses have fewer bits
_HALF = 1 << _SHIFT - 1
_LINE = 64


def unknown(number: int) -> int:
    """What stands in a plan's records for a value that is only known when it is run; up to 2**47 may be added to it."""
    return (number << _SHIFT) + _HALF


class Plan:
    """Stages of calls, to be run one after the other.

    Args:
        unknowns: how many values are given to `run`.
    """

    def __init__(self, unknowns: int) -> None:
        self.stages: list[Stage] = []
        self._unknowns = unknowns
        self._places: list[list[_Records]] | None = None
        self._sizes = [0, 0]  # bytes of the memory that may hold anything at first, and of that which holds zeros

    def matrix(self, rows: int, columns: int) -> Matrix:
        """A float32 matrix that exists while the plan is run."""
        stride = row_stride(columns)
        return self._reserve(0, 4 * rows * stride), stride

    def flags(self, count: int) -> int:
        """The address of bytes that are 0 when the plan is run."""
        return self._reserve(1, count)

    def _reserve(self, which: int, size: int) -> int:
        offset = self._sizes[which]
        self._sizes[which] += -(-size // _LINE) * _LINE
        return unknown(self._unknowns + 1 + which) + offset

    def run(self, values: Sequence[int]) -> None:
        """Runs the calls of each stage on as many threads as it was made for.

        Args:
            values: those that were unknown, from number 1 on; what addresses point to is kept by the caller.
        """
        if self._places is None:
            chained = all(len(stage) == 1 for stage in self.stages)
            stages = [[b"".join(stage[0] for stage in self.stages)]] if chained else self.stages
            self._places = [[_Records(records) for records in stage] for stage in stages]
        own, zeros = np.empty((self._sizes[0] + _LINE) // 4, np.float32), np.zeros(self._sizes[1], np.uint8)
        first = -(-own.ctypes.data // _LINE) * _LINE
        known = np.array([0, *values, first, zeros.ctypes.data], np.int64)
        for stage in self._places:
            threads.run([partial(records.run, known) for records in stage])


class _Records:
    """Calls one after the other, and where in their records something is unknown."""

    def __init__(self, records: bytes) -> None:
        self._numbers = np.frombuffer(records, np.int64).copy()
        self._at = np.flatnonzero(self._numbers >> _SHIFT > 0)
        self._which = self._numbers[self._at] >> _SHIFT
        self._numbers[self._at] -= (self._which << _SHIFT) + _HALF

    def run(self, known: Array) -> None:
        numbers = self._numbers.copy()
        numbers[self._at] += known[self._which]
        first = numbers.ctypes.data
        _runner()(first, first + numbers.nbytes)


@cache
def _runner() -> Function:
    """Calls what each record tells, from the first to where the last one ends."""
    p = Program([("first", I64), ("stop", I64)])
    b = p.builder
    signature = ir.FunctionType(ir.VoidType(), [POINTER]).as_pointer()
    before = b.block
    head, body, after = (p.function.append_basic_block(name) for name in ("head", "body", "after"))
    b.branch(head)
    b.position_at_end(head)
    at = b.phi(I64)
    at.add_incoming(p["first"], before)
    b.cbranch(b.icmp_unsigned("<", at, p["stop"]), body, after)
    b.position_at_end(body)
    entry, length = (p.load(b.inttoptr(b.add(at, I64(offset)), POINTER), I64) for offset in (0, 8))
    b.call(b.inttoptr(entry, signature), [b.inttoptr(b.add(at, I64(16)), POINTER)])
    at.add_incoming(b.add(at, length), body)
    b.branch(head)
    b.position_at_end(after)
    return p.compile()
