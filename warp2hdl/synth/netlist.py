"""A synthesised netlist, as Yosys writes it with `write_json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from warp2hdl.errors import ToolError

Bit = int | str
"""A net's number, or a constant: `"0"`, `"1"`, `"x"`."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        name: its name.
        kind: its type.
        inputs: the bits at each input.
        outputs: the bits at each output.
        source: where it comes from, `file:line.column-line.column`, joined by `|`; maybe empty.
    """

    name: str
    kind: str
    inputs: Mapping[str, tuple[Bit, ...]]
    outputs: Mapping[str, tuple[Bit, ...]]
    source: str = ""

    def reads(self) -> list[int]:
        """The nets at its inputs."""
        return [bit for bits in self.inputs.values() for bit in bits if isinstance(bit, int)]

    def drives(self) -> list[int]:
        """The nets at its outputs."""
        return [bit for bits in self.outputs.values() for bit in bits if isinstance(bit, int)]


@dataclass(frozen=True)
class Module:
    """One module.

    Attributes:
        name: its name.
        cells: its cells, without those that are mere notes of Yosys's.
        inputs: the bits of each input port.
        outputs: the bits of each output port.
        names: the names that the source has for a net, with the path of instances in front.
        scopes: module by path of instances, of what was flattened into this module.
        outlines: whether it says only what its ports are, as the cells of a library do.
    """

    name: str
    cells: tuple[Cell, ...]
    inputs: Mapping[str, tuple[Bit, ...]]
    outputs: Mapping[str, tuple[Bit, ...]]
    names: Mapping[int, tuple[str, ...]]
    scopes: Mapping[str, str]
    outlines: bool

    @cached_property
    def drivers(self) -> dict[int, Cell]:
        """The cell that drives each net."""
        return {net: cell for cell in self.cells for net in cell.drives()}

    def sorted_cells(self, holds_state: Callable[[str], bool]) -> list[Cell]:
        """The cells without state, each behind those that it reads from.

        Raises:
            ToolError: they form a loop.
        """
        logic = {cell.name: cell for cell in self.cells if not holds_state(cell.kind)}
        waiting: dict[str, int] = {}
        readers: dict[str, list[Cell]] = {name: [] for name in logic}
        for cell in logic.values():
            sources = {self.drivers[net].name for net in cell.reads() if net in self.drivers} & logic.keys()
            waiting[cell.name] = len(sources)
            for source in sources:
                readers[source].append(cell)
        order = [cell for cell in logic.values() if not waiting[cell.name]]
        for cell in order:
            for reader in readers[cell.name]:
                waiting[reader.name] -= 1
                if not waiting[reader.name]:
                    order.append(reader)
        if len(order) < len(logic):
            raise ToolError(f"the netlist of {self.name} has a loop without a register; please report this.")
        return order


def read_modules(path: Path) -> dict[str, Module]:
    """Reads the netlist's modules, those of the library included."""
    return {name: _module(name, raw) for name, raw in json.loads(path.read_text())["modules"].items()}


def _module(name: str, raw: Mapping[str, Any]) -> Module:
    scopes = {}
    cells = []
    for key, cell in raw["cells"].items():
        if cell["type"] == "$scopeinfo":
            scopes[key] = cell["attributes"].get("module", "")
        else:
            cells.append(_cell(key, cell))
    names: dict[int, tuple[str, ...]] = {}
    for key, net in raw["netnames"].items():
        if not net["hide_name"]:
            for bit in net["bits"]:
                if isinstance(bit, int):
                    names[bit] = (*names.get(bit, ()), key)
    ports: dict[str, dict[str, tuple[Bit, ...]]] = {"input": {}, "output": {}, "inout": {}}
    for key, port in raw["ports"].items():
        ports[port["direction"]][key] = tuple(port["bits"])
    outlines = "blackbox" in raw["attributes"] or "whitebox" in raw["attributes"]
    return Module(name, tuple(cells), ports["input"], ports["output"], names, scopes, outlines)


def _cell(name: str, raw: Mapping[str, Any]) -> Cell:
    pins: dict[str, dict[str, tuple[Bit, ...]]] = {"input": {}, "output": {}, "inout": {}}
    for port, bits in raw["connections"].items():
        # An instance of a module of the user's has no directions of its own.
        pins[raw.get("port_directions", {}).get(port, "inout")][port] = tuple(bits)
    return Cell(name, raw["type"], pins["input"], pins["output"], raw.get("attributes", {}).get("src", ""))
