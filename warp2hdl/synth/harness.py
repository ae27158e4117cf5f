"""Few pins for many ports: a shift register in front of the inputs, and one behind the outputs.

nextpnr places iCE40 and Gowin designs with their pins, of which a classifier has more than a package. So each input
bit is fed by a flip-flop of a chain, and each output bit is XORed into a chain. The circuit's own cells stay as Yosys
mapped them; the chains' cells are named `harness_...` and counted beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cells:
    """A family's cells for the chains.

    Attributes:
        flip_flop: type, and its clock, data and output.
        xor: type of a two-input look-up, its inputs and output; unused inputs are 0.
        init: its table, as parameter and value.
        pads: types of the buffers of input and output pins, if the netlist has to hold them.
    """

    flip_flop: tuple[str, str, str, str]
    xor: tuple[str, tuple[str, ...], str]
    init: tuple[str, str]
    pads: tuple[str, str] | None = None


CELLS: Mapping[str, Cells] = {
    "ice40": Cells(
        flip_flop=("SB_DFF", "C", "D", "Q"),
        xor=("SB_LUT4", ("I0", "I1", "I2", "I3"), "O"),
        init=("LUT_INIT", "0110" * 4),
    ),
    "gowin": Cells(
        flip_flop=("DFF", "CLK", "D", "Q"),
        xor=("LUT2", ("I0", "I1"), "F"),
        init=("INIT", "0110"),
        pads=("IBUF", "OBUF"),
    ),
}


def add_harness(module: Mapping[str, Any], clock: str | None, cells: Cells) -> tuple[dict[str, Any], int]:
    """Puts chains around a module of Yosys's JSON; its ports are then `clk`, `serial_in` and `serial_out`.

    Args:
        module: the module's JSON; it is not changed.
        clock: its clock, or None where it is combinational.
        cells: the family's cells.

    Returns:
        The new module's JSON, and the number of flip-flops that were added.
    """
    chain = _Chain(module, clock, cells)
    for name, port in module["ports"].items():
        if port["direction"] == "input" and name != clock:
            for bit in port["bits"]:
                chain.feed(bit)
    for port in module["ports"].values():
        if port["direction"] == "output":
            for bit in port["bits"]:
                chain.take(bit)
    return chain.finish(), chain.length


class _Chain:
    """The chain from `serial_in` to `serial_out`."""

    def __init__(self, module: Mapping[str, Any], clock: str | None, cells: Cells) -> None:
        self._module, self._cells = module, cells
        pins = [bits for cell in module["cells"].values() for bits in cell["connections"].values()]
        pins += [port["bits"] for port in module["ports"].values()]
        self._next = 1 + max(bit for bits in pins for bit in bits if isinstance(bit, int))
        self._added: dict[str, Any] = {}
        self._ports: dict[str, Any] = {}
        self.length = 0
        self._clock = self._pin("clk", "input") if clock is None else self._pin("clk", "input", clock)
        self._last = self._pin("serial_in", "input")

    def feed(self, net: int) -> None:
        """A flip-flop of the chain that drives `net`."""
        self._flip_flop(self._last, net)
        self._last = net

    def take(self, net: int | str) -> None:
        """A flip-flop of the chain that takes `net` in."""
        if not isinstance(net, int):
            return
        kind, inputs, output = self._cells.xor
        mixed, after = self._net(), self._net()
        pins: dict[str, list[int | str]] = {name: ["0"] for name in inputs}
        pins |= {inputs[0]: [net], inputs[1]: [self._last], output: [mixed]}
        directions = dict.fromkeys(inputs, "input") | {output: "output"}
        self._cell(f"harness_xor_{self.length}", kind, pins, directions, dict([self._cells.init]))
        self._flip_flop(mixed, after)
        self._last = after

    def finish(self) -> dict[str, Any]:
        """The module with the chain in it."""
        self._pin("serial_out", "output")
        return {**self._module, "ports": self._ports, "cells": {**self._module["cells"], **self._added}}

    def _net(self) -> int:
        self._next += 1
        return self._next - 1

    def _flip_flop(self, data: int, out: int) -> None:
        kind, clock, d, q = self._cells.flip_flop
        pins: dict[str, list[int | str]] = {clock: [self._clock], d: [data], q: [out]}
        self._cell(f"harness_{self.length}", kind, pins, {clock: "input", d: "input", q: "output"}, {})
        self.length += 1

    def _pin(self, name: str, direction: str, port: str | None = None) -> int:
        """A port of one bit; returns the net on the inside of its buffer."""
        inside = self._last if direction == "output" else self._net()
        if port is not None:
            inside = self._module["ports"][port]["bits"][0]
        outside = inside
        if self._cells.pads is not None:
            outside = self._net()
            ends = {"I": [outside], "O": [inside]} if direction == "input" else {"I": [inside], "O": [outside]}
            kind = self._cells.pads[direction == "output"]
            self._cell(f"harness_pad_{name}", kind, ends, {"I": "input", "O": "output"}, {})
        self._ports[name] = {"direction": direction, "bits": [outside]}
        return inside

    def _cell(
        self,
        name: str,
        kind: str,
        pins: Mapping[str, Sequence[int | str]],
        directions: Mapping[str, str],
        parameters: Mapping[str, str],
    ) -> None:
        self._added[name] = {
            "hide_name": 0,
            "type": kind,
            "parameters": dict(parameters),
            "attributes": {},
            "port_directions": dict(directions),
            "connections": {pin: list(bits) for pin, bits in pins.items()},
        }
