"""cocotb drivers: they put feature words on a design's inputs and know nothing of its outputs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Protocol

from cocotb.handle import LogicArrayObject, LogicObject
from cocotb.simtime import get_sim_time
from cocotb.triggers import Timer


class RawInputs(Protocol):
    """A design that takes feature words."""

    in_features: LogicArrayObject


class StreamInputs(RawInputs, Protocol):
    """A design that takes feature words at the rising edges of `clk` at which `in_valid` is high."""

    clk: LogicObject
    in_valid: LogicObject


class StreamDriver:
    """Sends samples into the stream interface, with random gaps in `in_valid`.

    In a gap `in_features` carries junk, so that a design that ignores `in_valid` does not go unnoticed.

    Attributes:
        sent: simulation time in steps of the rising clock edge at which each sample was taken.
    """

    def __init__(self, dut: StreamInputs, *, gap_probability: float = 0.3, seed: int = 0) -> None:
        """Each cycle is a gap with `gap_probability`, which must be below 1."""
        self.sent: list[int] = []
        self._edge = dut.clk.rising_edge
        self._valid = dut.in_valid
        self._features = dut.in_features
        self._width = len(dut.in_features)
        self._gap_probability = gap_probability
        self._random = random.Random(seed)

    async def send(self, samples: Iterable[int]) -> None:
        """Sends samples, each an integer of all feature words as `in_features` holds them; call it after an edge."""
        for sample in samples:
            while self._random.random() < self._gap_probability:
                await self.idle(1)
            self._valid.value = 1
            self._features.value = sample
            await self._edge
            self.sent.append(get_sim_time("step"))
        self._valid.value = 0

    async def idle(self, cycles: int) -> None:
        """Holds `in_valid` low over junk for so many cycles."""
        self._valid.value = 0
        for _ in range(cycles):
            self._features.value = self._random.getrandbits(self._width)
            await self._edge


class RawDriver:
    """Applies samples to the combinational `raw` interface, one after the other."""

    def __init__(self, dut: RawInputs, *, settle_ns: int = 1) -> None:
        """The outputs stand `settle_ns` after the inputs."""
        self._features = dut.in_features
        self._settle = Timer(settle_ns, "ns")

    async def send(self, samples: Iterable[int], settled: Callable[[], None]) -> None:
        """Applies each sample, waits, and calls `settled`, which may look at the outputs."""
        for sample in samples:
            self._features.value = sample
            await self._settle
            settled()
