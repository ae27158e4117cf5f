"""cocotb monitors: they write down what a design puts out and know nothing of what it should be."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import cocotb
from cocotb.handle import LogicArrayObject, LogicObject
from cocotb.simtime import get_sim_time
from cocotb.types import Logic, LogicArray


class RawOutputs(Protocol):
    """A design that gives a class, and perhaps scores in a port `out_scores`."""

    out_class: LogicArrayObject


class StreamOutputs(RawOutputs, Protocol):
    """A design whose results stand at the rising edges of `clk` at which `out_valid` is high."""

    clk: LogicObject
    out_valid: LogicObject


class Result(NamedTuple):
    """One result of the design.

    Attributes:
        time: simulation time in steps at which it was seen.
        class_id: `out_class`, or None where a bit of it, or `out_valid`, is neither 0 nor 1.
        scores: `out_scores` as one integer, None where undefined or where the design has no such port.
    """

    time: int
    class_id: int | None
    scores: int | None


def _as_int(value: Logic | LogicArray) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None


class RawMonitor:
    """Reads `out_class` and, where there is one, `out_scores` each time `sample` is called.

    Attributes:
        results: all that was read, in order.
    """

    def __init__(self, dut: RawOutputs) -> None:
        self.results: list[Result] = []
        self._class = dut.out_class
        self._scores = getattr(dut, "out_scores", None)

    def sample(self, defined: bool = True) -> None:
        """Reads the outputs now; what is not `defined` is written down as undefined."""
        class_id = _as_int(self._class.value) if defined else None
        scores = None if self._scores is None else _as_int(self._scores.value)
        self.results.append(Result(get_sim_time("step"), class_id, scores))


class StreamMonitor(RawMonitor):
    """Reads the outputs at every rising clock edge at which `out_valid` is not 0.

    Attributes:
        cycles: rising edges seen since `start`.
    """

    def __init__(self, dut: StreamOutputs) -> None:
        super().__init__(dut)
        self.cycles = 0
        self._edge = dut.clk.rising_edge
        self._valid = dut.out_valid

    def start(self) -> None:
        """Begins to watch with the next edge, in the background."""
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await self._edge
            self.cycles += 1
            valid = _as_int(self._valid.value)
            if valid != 0:
                self.sample(defined=valid is not None)
