"""What the cells mean that Yosys leaves of Verilog, bit by bit (Yosys manual, "Internal cell library")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from warp2hdl.formal.graph import FALSE, TRUE, Graph

Bit = int | str
"""A net, or one of the constants `"0"` and `"1"` (and `"x"` and `"z"`, which no circuit may depend on)."""

Builder = Callable[[Graph, Sequence[int]], Sequence[int]]


class Operation(NamedTuple):
    """What drives some bits: `build` makes the literals of `drives` of those of `reads`."""

    build: Builder
    reads: tuple[Bit, ...]
    drives: tuple[Bit, ...]


class Cell(NamedTuple):
    """A cell as Yosys's JSON has it."""

    kind: str
    parameters: Mapping[str, Any]
    connections: Mapping[str, Sequence[Bit]]

    def number(self, name: str) -> int:
        """A parameter; Yosys writes bits as text."""
        value = self.parameters[name]
        return int(value, 2) if isinstance(value, str) else int(value)

    def operand(self, port: str, width: int) -> list[Bit]:
        """The bits of a port, extended or cut to `width`."""
        bits = list(self.connections[port])
        fill: Bit = bits[-1] if bits and self.signed else "0"
        return [*bits, *(fill for _ in range(width - len(bits)))][:width]

    @property
    def signed(self) -> bool:
        """Whether operands are signed numbers: in Verilog all of them are, or none."""
        flags = [self.number(f"{port}_SIGNED") for port in "AB" if f"{port}_SIGNED" in self.parameters]
        return bool(flags) and all(flags)


_BITWISE: Mapping[str, Builder] = {
    "not": lambda _, x: (x[0] ^ 1,),
    "pos": lambda _, x: (x[0],),
    "buf": lambda _, x: (x[0],),
    "and": lambda g, x: (g.conjunction(x[0], x[1]),),
    "or": lambda g, x: (g.either(x[0], x[1]),),
    "nand": lambda g, x: (g.conjunction(x[0], x[1]) ^ 1,),
    "nor": lambda g, x: (g.either(x[0], x[1]) ^ 1,),
    "xor": lambda g, x: (g.parity(x[0], x[1]),),
    "xnor": lambda g, x: (g.parity(x[0], x[1]) ^ 1,),
    "andnot": lambda g, x: (g.conjunction(x[0], x[1] ^ 1),),
    "ornot": lambda g, x: (g.either(x[0], x[1] ^ 1),),
    "mux": lambda g, x: (g.choice(x[2], x[1], x[0]),),
}


def _all(graph: Graph, bits: Sequence[int]) -> int:
    found = TRUE
    for bit in bits:
        found = graph.conjunction(found, bit)
    return found


def _any(graph: Graph, bits: Sequence[int]) -> int:
    return _all(graph, [bit ^ 1 for bit in bits]) ^ 1


def _odd(graph: Graph, bits: Sequence[int]) -> int:
    found = FALSE
    for bit in bits:
        found = graph.parity(found, bit)
    return found


_REDUCE: Mapping[str, Callable[[Graph, Sequence[int]], int]] = {
    "$reduce_and": _all,
    "$reduce_or": _any,
    "$reduce_bool": _any,
    "$reduce_xor": _odd,
    "$reduce_xnor": lambda g, x: _odd(g, x) ^ 1,
    "$logic_not": lambda g, x: _any(g, x) ^ 1,
}
_WORDS: Mapping[str, Callable[[Graph, Sequence[int], Sequence[int]], Sequence[int]]] = {
    "$add": lambda g, a, b: g.add(a, b),
    "$sub": lambda g, a, b: g.add(a, [x ^ 1 for x in b], TRUE),
}
_COMPARE: Mapping[str, Callable[[Graph, Sequence[int], Sequence[int]], int]] = {
    "$lt": lambda g, a, b: g.less(a, b),
    "$gt": lambda g, a, b: g.less(b, a),
    "$le": lambda g, a, b: g.less(b, a) ^ 1,
    "$ge": lambda g, a, b: g.less(a, b) ^ 1,
    "$eq": lambda g, a, b: g.equal(a, b),
    "$ne": lambda g, a, b: g.equal(a, b) ^ 1,
    "$logic_and": lambda g, a, b: g.conjunction(_any(g, a), _any(g, b)),
    "$logic_or": lambda g, a, b: g.either(_any(g, a), _any(g, b)),
}

# Vendors' look-ups: the parameter with the table, the inputs from the lowest address bit up, the output.
_LOOKUPS: tuple[tuple[str, str, str], ...] = (
    ("INIT", "I0 I1 I2 I3 I4 I5", "O"),  # Xilinx LUT1 to LUT6
    ("INIT", "A B C D", "Z"),  # ECP5 LUT4
    ("LUT_INIT", "I0 I1 I2 I3", "O"),  # iCE40 SB_LUT4
    ("INIT", "I0 I1 I2 I3", "F"),  # Gowin LUT1 to LUT4
)
# What joins look-ups to wider ones: the input that is taken at 0, the one at 1, the one that decides, the output.
_MULTIPLEXERS: Mapping[str, tuple[str, str, str, str]] = {
    "MUXF7": ("I0", "I1", "S", "O"),
    "MUXF8": ("I0", "I1", "S", "O"),
    "PFUMX": ("BLUT", "ALUT", "C0", "Z"),
    "L6MUX21": ("D0", "D1", "SD", "Z"),
    "MUX2_LUT5": ("I0", "I1", "S0", "O"),
    "MUX2_LUT6": ("I0", "I1", "S0", "O"),
}
_LOOKUP_CELLS = {f"LUT{k}" for k in range(1, 7)} | {"SB_LUT4"}


def operations(cell: Cell) -> list[Operation] | None:
    """What a combinational cell does, or None for a cell that is not known here."""
    kind, wired = cell.kind, cell.connections
    bitwise = kind.removeprefix("$_").removesuffix("_").lower() if kind.startswith("$_") else kind.removeprefix("$")
    if kind.startswith("$") and bitwise in _BITWISE:
        return _bitwise(cell, _BITWISE[bitwise])
    if kind == "$lut":
        return [_lookup(cell.number("LUT"), wired["A"], wired["Y"])]
    if kind in _MULTIPLEXERS:
        ports = _MULTIPLEXERS[kind]
        return [Operation(_BITWISE["mux"], tuple(wired[p][0] for p in ports[:3]), (wired[ports[3]][0],))]
    if kind in _LOOKUP_CELLS:
        return _primitive(cell)
    if kind in _REDUCE:
        return [_to_bit(cell, ("A",), lambda g, x, n: _REDUCE[kind](g, x[:n]))]
    if kind in _COMPARE:
        return [_compare(cell)]
    if kind in _WORDS:
        width = len(wired["Y"])
        return [
            Operation(
                lambda g, x: _WORDS[kind](g, x[:width], x[width:]),
                (*cell.operand("A", width), *cell.operand("B", width)),
                tuple(wired["Y"]),
            )
        ]
    return None


def _bitwise(cell: Cell, build: Builder) -> list[Operation]:
    drives = cell.connections["Y"]
    ports = [cell.operand(port, len(drives)) for port in "AB" if port in cell.connections]
    if "S" in cell.connections:
        ports.append(list(cell.connections["S"]) * len(drives))
    return [Operation(build, row[1:], row[:1]) for row in zip(drives, *ports, strict=True)]


def _to_bit(cell: Cell, ports: Sequence[str], build: Callable[[Graph, Sequence[int], int], int]) -> Operation:
    """A cell whose output is one bit, with zeros above it."""
    reads = tuple(bit for port in ports for bit in cell.connections[port])
    drives = tuple(cell.connections["Y"])
    size = len(cell.connections[ports[0]])
    return Operation(lambda g, x: (build(g, x, size), *(FALSE for _ in drives[1:])), reads, drives)


def _compare(cell: Cell) -> Operation:
    width = max(len(cell.connections["A"]), len(cell.connections["B"]))
    # Signed numbers compare as unsigned ones do once their signs are inverted.
    flip = 1 if cell.signed and cell.kind in ("$lt", "$gt", "$le", "$ge") else 0
    drives = tuple(cell.connections["Y"])
    build = _COMPARE[cell.kind]

    def compare(graph: Graph, x: Sequence[int]) -> Sequence[int]:
        a, b = list(x[:width]), list(x[width:])
        a[-1], b[-1] = a[-1] ^ flip, b[-1] ^ flip
        return (build(graph, a, b), *(FALSE for _ in drives[1:]))

    return Operation(compare, (*cell.operand("A", width), *cell.operand("B", width)), drives)


def _lookup(table: int, reads: Sequence[Bit], drives: Sequence[Bit]) -> Operation:
    return Operation(lambda g, x: (g.lookup(table & ((1 << (1 << len(x))) - 1), x),), tuple(reads), tuple(drives))


def _primitive(cell: Cell) -> list[Operation] | None:
    for parameter, inputs, output in _LOOKUPS:
        if parameter in cell.parameters and output in cell.connections:
            named = inputs.split()
            count = len(cell.connections) - 1
            if set(cell.connections) == {*named[:count], output}:
                reads = [cell.connections[name][0] for name in named[:count]]
                return [_lookup(cell.number(parameter), reads, cell.connections[output])]
    return None
