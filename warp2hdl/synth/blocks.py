"""Which block of the circuit the look-ups of a netlist belong to.

Two ways, as technology mapping forgets where logic came from. Where every level of logic is followed by a register, a
look-up belongs to the block of the register that it leads to, which the flat netlist still names. Elsewhere the circuit
is mapped a second time with the blocks' borders kept; the difference is `across`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from warp2hdl.synth.count import place
from warp2hdl.synth.families import Family
from warp2hdl.synth.netlist import Cell, Module

BLOCKS = ("encoder", "fabric", "popcount", "argmax", "wrapper")
"""In the order of the data; the wrapper is all that lies outside the others."""

_MODULES = {"encoder": "encoder", "layer": "fabric", "popcount": "popcount", "argmax": "argmax"}
_NAME = re.compile(rf".*_({'|'.join(_MODULES)})(?:_\d\w*)?")  # the last such word: a circuit's own name may hold one
_WRAPPER = BLOCKS.index("wrapper")


def block_of_module(module: str) -> str | None:
    """The block that a module is, if it is one of them."""
    found = _NAME.fullmatch(module)
    return None if found is None else _MODULES[found[1]]


@dataclass(frozen=True)
class Origins:
    """Which block the registers of a flat netlist come from.

    Attributes:
        modules: per source file, first and last line and name of each module in it.
    """

    modules: Mapping[str, Sequence[tuple[int, int, str]]]

    @staticmethod
    def read(texts: Mapping[str, str]) -> Origins:
        """Finds the modules in Verilog as this package writes it, by the name that Yosys knows the file by."""
        return Origins({name: list(_module_lines(text)) for name, text in texts.items()})

    def module_names(self) -> list[str]:
        """All modules."""
        return [name for modules in self.modules.values() for _, _, name in modules]

    def block(self, cell: Cell, module: Module) -> str:
        """The block of a register; of some that were merged, the first in the order of the data."""
        found = [block for place in cell.source.split("|") if (block := self._block_at(place)) is not None]
        if not found:  # Yosys forgets the source of shift registers, but not how they are called.
            names = [name for net in cell.drives() for name in module.names.get(net, ())]
            found = [_block_of_name(name, module.scopes) for name in names]
        return min(found, key=BLOCKS.index, default="wrapper")

    def _block_at(self, place: str) -> str | None:
        file, _, span = place.rpartition(":")
        if file not in self.modules:
            return None
        line = int(span.split(".")[0])
        names = [name for first, last, name in self.modules[file] if first <= line <= last]
        return (block_of_module(names[0]) or "wrapper") if names else None


def _module_lines(text: str) -> Iterator[tuple[int, int, str]]:
    first, name = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"module (\w+)", line):
            first, name = number, found[1]
        elif line.startswith("endmodule"):
            yield first, number, name


def _block_of_name(name: str, scopes: Mapping[str, str]) -> str:
    """The block that a net belongs to by its name, `path.of.instances.name`."""
    parts = name.split(".")
    paths = (".".join(parts[:end]) for end in range(1, len(parts)))
    blocks = (block_of_module(scopes.get(path, "")) for path in paths)
    return next((block for block in blocks if block is not None), "wrapper")


def blocks_of_cells(module: Module, family: Family, origins: Origins) -> dict[str, str]:
    """The block of every cell of a flat netlist: where a register comes from, and which register logic leads to."""
    blocks = {cell.name: origins.block(cell, module) for cell in module.cells if family.is_register(cell.kind)}
    rank: dict[int, int] = {}
    for cell in module.cells:
        if cell.name in blocks:
            _lower(rank, cell, BLOCKS.index(blocks[cell.name]))
    for cell in reversed(module.sorted_cells(family.is_register)):
        here = min((rank.get(net, _WRAPPER) for net in cell.drives()), default=_WRAPPER)
        _lower(rank, cell, here)
        blocks[cell.name] = BLOCKS[here]
    return blocks


def area_by_block(module: Module, family: Family, blocks: Mapping[str, str]) -> dict[str, int]:
    """The area by block, given the block of each cell."""
    areas = dict.fromkeys(BLOCKS, 0)
    for cell in module.cells:
        areas[blocks[cell.name]] += place(cell, family)
    return areas


def _lower(rank: dict[int, int], cell: Cell, value: int) -> None:
    for net in cell.reads():
        rank[net] = min(rank.get(net, _WRAPPER), value)


def area_by_module(modules: Mapping[str, Module], top: str, family: Family) -> dict[str, int]:
    """The area by block, of a netlist in which the blocks are modules still."""
    areas = dict.fromkeys(BLOCKS, 0)
    for cell in modules[top].cells:
        inner = modules.get(cell.kind)
        if inner is None or inner.outlines:
            areas["wrapper"] += place(cell, family)
            continue
        block = block_of_module(cell.kind)
        for name, area in area_by_module(modules, cell.kind, family).items():
            areas[name if block is None else block] += area
    return areas
