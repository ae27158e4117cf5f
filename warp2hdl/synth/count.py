"""Counting a netlist: look-ups, flip-flops, carry cells, multiplexers, and the levels of logic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from warp2hdl.synth.families import Family
from warp2hdl.synth.netlist import Cell, Module


@dataclass(frozen=True)
class Counts:
    """What a netlist consists of.

    Attributes:
        luts: the area; the family's `counted` says what counts.
        luts_by_size: look-ups by the number of inputs that are not constant; `carry`: whose place carry cells take.
        ffs: flip-flops.
        registers: bits of state: flip-flops, and the length of each shift register.
        carry: carry cells.
        muxes: multiplexers that join look-ups.
        shift_registers: shift registers, each of which takes the place of a look-up.
        inverters: inverters that are no look-ups.
        levels: look-ups on the longest path between registers or ports.
        carry_levels: carry cells on the path with the most of them.
    """

    luts: int
    luts_by_size: Mapping[str, int]
    ffs: int
    registers: int
    carry: int
    muxes: int
    shift_registers: int
    inverters: int
    levels: int
    carry_levels: int


def count(module: Module, family: Family) -> Counts:
    """Counts a flat netlist.

    Raises:
        ToolError: it has a loop without a register.
    """
    kinds = Counter(cell.kind for cell in module.cells)
    sizes = Counter(_size(cell, family) for cell in module.cells if family.is_lut(cell.kind))
    by_size = {str(size): sizes[size] for size in sorted(sizes)}
    if stand_in := sum(kinds[kind] * places for kind, places in family.carry.items()):
        by_size["carry"] = stand_in
    ffs = sum(number for kind, number in kinds.items() if kind.startswith(family.register))
    return Counts(
        luts=sum(by_size.values()),
        luts_by_size=by_size,
        ffs=ffs,
        registers=ffs + sum(_length(cell, family) for cell in module.cells if cell.kind in family.shift),
        carry=sum(kinds[kind] for kind in family.carry),
        muxes=sum(kinds[kind] for kind in family.muxes),
        shift_registers=sum(kinds[kind] for kind in family.shift),
        inverters=kinds[family.inverter],
        levels=longest_path(module, family, lambda cell: family.is_lut(cell.kind)),
        carry_levels=longest_path(module, family, lambda cell: cell.kind in family.carry),
    )


def place(cell: Cell, family: Family) -> int:
    """The area of one cell."""
    return int(family.is_lut(cell.kind)) + family.carry.get(cell.kind, 0)


def _size(cell: Cell, family: Family) -> int:
    return sum(isinstance(bit, int) for port in family.lut_inputs for bit in cell.inputs.get(port, ()))


def _length(cell: Cell, family: Family) -> int:
    address = [bit for port in family.shift[cell.kind] for bit in cell.inputs[port]]
    return 1 + sum(1 << j for j, bit in enumerate(address) if bit == "1")


def longest_path(module: Module, family: Family, counts: Callable[[Cell], bool]) -> int:
    """How many cells that `counts` lie on the path between registers or ports that has the most of them.

    Every output of a cell is taken to depend on all of its inputs.
    """
    level: dict[int, int] = {}
    longest = 0
    for cell in module.sorted_cells(family.is_register):
        here = max((level.get(net, 0) for net in cell.reads()), default=0) + counts(cell)
        longest = max(longest, here)
        level.update(dict.fromkeys(cell.drives(), here))
    return longest
