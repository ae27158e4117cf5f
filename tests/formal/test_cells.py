"""Every cell means what Verilog says: compared with Python's arithmetic over all operands."""

import itertools
import operator

import pytest

from tests.formal.test_graph import all_inputs
from warp2hdl.formal.cells import Cell, operations
from warp2hdl.formal.graph import Graph
from warp2hdl.formal.samples import pack_bits, to_integers, values_of


def evaluate(cell, widths):
    """Outputs of a cell as integers by its operands' values, ports A, B, S in the lowest bits first."""
    total = sum(widths.values())
    graph = Graph(total)
    values = {str(i): i for i in (0, 1)} | {100 + i: graph.input(i) for i in range(total)}
    for made in operations(cell):
        literals = made.build(graph, [values[bit] for bit in made.reads])
        values |= dict(zip(made.drives, literals, strict=True))
    bits = all_inputs(total)
    simulated = graph.simulate(pack_bits(bits))
    return to_integers(values_of(simulated, [values[bit] for bit in cell.connections["Y"]], len(bits))).tolist()


def make(kind, widths, width, signed=False, **parameters):
    """A cell whose operands are free."""
    ports, at = {}, 100
    for port, size in widths.items():
        ports[port] = list(range(at, at + size))
        at += size
    flags = {f"{port}_SIGNED": f"{int(signed):032b}" for port in widths if port in "AB"}
    return Cell(kind, flags | parameters, ports | {"Y": list(range(500, 500 + width))})


def operand(value, width, signed):
    return value - (1 << width) if signed and value >> (width - 1) else value


BINARY = {
    "$add": operator.add,
    "$sub": operator.sub,
    "$and": operator.and_,
    "$or": operator.or_,
    "$xor": operator.xor,
    "$xnor": lambda a, b: ~(a ^ b),
    "$lt": operator.lt,
    "$le": operator.le,
    "$gt": operator.gt,
    "$ge": operator.ge,
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$logic_and": lambda a, b: bool(a) and bool(b),
    "$logic_or": lambda a, b: bool(a) or bool(b),
}
UNARY = {
    "$not": operator.inv,
    "$pos": operator.pos,
    "$logic_not": operator.not_,
    "$reduce_and": lambda a: a & 7 == 7,
    "$reduce_or": bool,
    "$reduce_bool": bool,
    "$reduce_xor": lambda a: (a & 7).bit_count() % 2,
    "$reduce_xnor": lambda a: (a & 7).bit_count() % 2 == 0,
}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("kind", BINARY)
def test_binary_cells(kind, signed):
    widths = {"A": 3, "B": 2}
    found = evaluate(make(kind, widths, 4, signed), widths)
    for b, a in itertools.product(range(4), range(8)):
        assert found[a | b << 3] == BINARY[kind](operand(a, 3, signed), operand(b, 2, signed)) & 15, (a, b)


@pytest.mark.parametrize("kind", UNARY)
def test_unary_cells(kind):
    found = evaluate(make(kind, {"A": 3}, 4), {"A": 3})
    assert found == [UNARY[kind](a) & 15 for a in range(8)]


def test_multiplexer_takes_b_where_s_is_1():
    widths = {"A": 2, "B": 2, "S": 1}
    found = evaluate(make("$mux", widths, 2), widths)
    assert found == [(b if s else a) for s in range(2) for b in range(4) for a in range(4)]


@pytest.mark.parametrize(
    ("kind", "parameter", "inputs", "output"),
    [
        ("LUT3", "INIT", "I0 I1 I2", "O"),
        ("LUT4", "INIT", "A B C D", "Z"),
        ("SB_LUT4", "LUT_INIT", "I0 I1 I2 I3", "O"),
        ("LUT2", "INIT", "I0 I1", "F"),
    ],
)
def test_look_ups_of_the_vendors(kind, parameter, inputs, output):
    names = inputs.split()
    size = 1 << len(names)
    table = 0b1011_0010_0111_0001 & ((1 << size) - 1)
    ports = {name: [100 + j] for j, name in enumerate(names)}
    cell = Cell(kind, {parameter: f"{table:0{size}b}"}, ports | {output: [500]})
    (made,) = operations(cell)
    graph = Graph(len(names))
    literal = made.build(graph, [graph.input(bit - 100) for bit in made.reads])[0]
    bits = all_inputs(len(names))
    found = values_of(graph.simulate(pack_bits(bits)), [literal], size)[:, 0]
    assert found.tolist() == [bool(table >> a & 1) for a in range(size)]


def test_multiplexers_of_the_vendors():
    for kind, ports in (("PFUMX", "BLUT ALUT C0 Z"), ("L6MUX21", "D0 D1 SD Z"), ("MUX2_LUT5", "I0 I1 S0 O")):
        low, high, select, output = ports.split()
        cell = Cell(kind, {}, {low: [100], high: [101], select: [102], output: [500]})
        (made,) = operations(cell)
        graph = Graph(3)
        (literal,) = made.build(graph, [graph.input(int(bit) - 100) for bit in made.reads])
        assert literal == graph.choice(graph.input(2), graph.input(1), graph.input(0)) and made.drives == (500,)


@pytest.mark.parametrize("kind", ["$dlatch", "$mem_v2", "FDRE", "$adff", "LUT7"])
def test_other_cells_are_not_known(kind):
    assert operations(Cell(kind, {}, {"D": [1], "Q": [2]})) is None
