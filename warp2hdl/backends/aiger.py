"""A circuit as a binary AIGER file: an and-inverter graph with the names of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from warp2hdl.backends.bits import bit_network
from warp2hdl.backends.expression import Form, factor
from warp2hdl.backends.notes import describe
from warp2hdl.ir.circuit import Circuit, LutNetwork


def convert(circuit: Circuit) -> bytes:
    """The whole circuit, from the bits of the feature words to those of class and scores.

    Inputs are called `in_features[i]`, outputs `out_class[i]` and `out_scores[i]`, like the bits of the ports of the
    Verilog with the interface `raw`. There are no latches.

    Args:
        circuit: a valid circuit.
    """
    bits = bit_network(circuit)
    graph, outputs = _build(bits.network)
    inputs, ands = len(bits.inputs), len(graph.ands)
    header = f"aig {inputs + ands} {inputs} 0 {len(outputs)} {ands}\n" + "".join(f"{o}\n" for o in outputs)
    symbols = [f"i{i} {name}" for i, name in enumerate(bits.inputs)]
    symbols += [f"o{i} {name}" for i, name in enumerate(bits.outputs)]
    trailer = "\n".join([*symbols, "c", *describe(circuit)]) + "\n"
    ands_found = encode_ands((literal, a, b) for (a, b), literal in graph.ands.items())
    return header.encode("ascii") + ands_found + trailer.encode("ascii")


def encode_ands(ands: Iterable[tuple[int, int, int]]) -> bytes:
    """ANDs in AIGER's binary form: two differences each, seven bits a byte.

    Args:
        ands: the literals of each AND and of its two operands, the larger one first; in order, without gaps.
    """
    found = bytearray()
    for literal, a, b in ands:
        for difference in (literal - a, a - b):
            while difference > 0x7F:
                found.append(difference & 0x7F | 0x80)
                difference >>= 7
            found.append(difference)
    return bytes(found)


class _Graph:
    """ANDs over literals: an even number is a variable, one more is its inverse; 0 and 1 are the constants."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.ands: dict[tuple[int, int], int] = {}

    def conjunction(self, a: int, b: int) -> int:
        """The literal of `a & b`."""
        a, b = max(a, b), min(a, b)
        if b == 0 or a == b ^ 1:
            return 0
        if b == 1 or a == b:
            return a
        fresh = 2 * (self.inputs + len(self.ands) + 1)
        return self.ands.setdefault((a, b), fresh)

    def choice(self, selector: int, high: int, low: int) -> int:
        """The literal of `selector ? high : low`."""
        first, second = self.conjunction(selector, high), self.conjunction(selector ^ 1, low)
        return self.conjunction(first ^ 1, second ^ 1) ^ 1

    def form(self, form: Form, operands: Sequence[int]) -> int:
        """The literal of an expression."""
        if form.operator == "1":
            return form.number
        if form.operator == "v":
            return operands[form.number]
        parts = [self.form(part, operands) for part in form.parts]
        match form.operator:
            case "~":
                return parts[0] ^ 1
            case "&":
                return self.conjunction(parts[0], parts[1])
            case "|":
                return self.conjunction(parts[0] ^ 1, parts[1] ^ 1) ^ 1
            case "^":
                return self.choice(parts[0], parts[1] ^ 1, parts[1])
            case _:
                return self.choice(operands[form.number], parts[0], parts[1])


def _build(network: LutNetwork) -> tuple[_Graph, list[int]]:
    """The graph of a network, and the literal of each output."""
    graph = _Graph(network.inputs)
    literals = [2 * (i + 1) for i in range(network.inputs)]
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    for n, table in enumerate(network.tables.tolist()):
        operands = [literals[s] for s in fanins[offsets[n] : offsets[n + 1]]]
        literals.append(graph.form(factor(table, len(operands)), operands))
    return graph, [literals[s] for s in network.outputs.tolist()]
