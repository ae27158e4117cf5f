"""A monitor of one AXI4-Stream: when beats were handed over, and whether the sender kept what it offered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cocotb
from cocotb.handle import LogicArrayObject, LogicObject
from cocotb.simtime import get_sim_time
from cocotb.triggers import RisingEdge


class Bus(Protocol):
    """The signals of a stream, as cocotbext-axi gathers them."""

    tdata: LogicArrayObject
    tvalid: LogicObject
    tready: LogicObject
    tlast: LogicObject


class HandshakeMonitor:
    """Watches a stream at every rising edge of its clock.

    Attributes:
        times: simulation time in steps of each beat that was handed over.
        cycles: rising edges seen since `start`.
        broken: what the sender took back, or changed before it was taken, at its first time; None if it never did.
    """

    def __init__(self, bus: Bus, clock: LogicObject, payload: Sequence[str] = ("tdata", "tlast")) -> None:
        """`payload` names the signals that must not change while a beat is offered."""
        self.times: list[int] = []
        self.cycles = 0
        self.broken: str | None = None
        self._edge = RisingEdge(clock)
        self._valid, self._ready = bus.tvalid, bus.tready
        self._payload = {name: getattr(bus, name) for name in payload}
        self._offered: dict[str, str] | None = None

    def start(self) -> None:
        """Begins to watch with the next edge, in the background."""
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await self._edge
            self.cycles += 1
            self._look(str(self._valid.value) == "1", str(self._ready.value) == "1")

    def _look(self, valid: bool, ready: bool) -> None:
        if self._offered is not None:
            self._compare(valid)
        if valid and ready:
            self.times.append(get_sim_time("step"))
        self._offered = self._read() if valid and not ready else None

    def _compare(self, valid: bool) -> None:
        if self.broken is not None:
            return
        if not valid:
            self.broken = "tvalid fell before the beat was taken"
            return
        found = self._read()
        changed = [name for name, value in found.items() if self._offered and self._offered[name] != value]
        if changed:
            self.broken = f"{changed[0]} changed before the beat was taken"

    def _read(self) -> dict[str, str]:
        return {name: str(signal.value) for name, signal in self._payload.items()}
