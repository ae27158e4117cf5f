"""Finding a circuit's signals in a graph that was made of other files: by simulation, then proven by truth tables.

Whoever is found is proven: a node of the graph stands for a signal only if both have the same truth table over nodes
that stand for the signal's fan-ins; addresses that cannot occur, as thresholds of one feature are ordered, aside.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from warp2hdl.formal.graph import Graph, Words
from warp2hdl.formal.samples import Samples, pack_bits, pack_words
from warp2hdl.ir.circuit import Circuit
from warp2hdl.ir.interpret import evaluate_network

_SAMPLES = 1024  # that nodes are told apart by
_CANDIDATES = 8  # nodes of one simulated behaviour that are tried
_CONE = 600  # ANDs between a node and its fan-ins; more are not looked through


def find_votes(graph: Graph, circuit: Circuit, words: Samples, preferred: Collection[int] = ()) -> list[int]:
    """A literal per output of the circuit's network; what is not found in the graph is built.

    Args:
        graph: its inputs are the bits of the feature words; grows by what is not found.
        circuit: the circuit.
        words: samples `[batch, features]` by which nodes are told apart.
        preferred: variables that are taken where several nodes are the same function.
    """
    words = words[:: -(-len(words) // _SAMPLES)]
    search = _Search(graph, pack_words(circuit.encoder, words), preferred)
    network, encoder = circuit.network, circuit.encoder
    behaviour = evaluate_network(network, pack_bits(encoder.to_bits(words)))
    live = _live(circuit)
    lsb = np.cumsum([0, *encoder.feature_bits.tolist()]).tolist()
    literals: list[int] = []
    pairs = zip(encoder.bit_feature.tolist(), encoder.bit_threshold.tolist(), strict=True)
    for signal, (feature, threshold) in enumerate(pairs):
        word = [graph.input(i) for i in range(lsb[feature], lsb[feature + 1])]
        table = (1 << (1 << len(word))) - (1 << threshold)
        found = search.find(behaviour[signal], table, word) if signal in live else None
        literals.append(graph.at_least(word, threshold) if found is None else found)
        search.comparators[literals[-1] >> 1] = (feature, threshold, literals[-1] & 1)
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    for n, table in enumerate(network.tables.tolist()):
        signal = network.inputs + n
        if signal not in live:
            literals.append(0)
            continue
        reads = [literals[s] for s in fanins[offsets[n] : offsets[n + 1]]]
        found = search.find(behaviour[signal], table, reads)
        literals.append(graph.lookup(table, reads) if found is None else found)
    return [literals[s] for s in network.outputs.tolist()]


def _live(circuit: Circuit) -> set[int]:
    """The signals that reach an output."""
    network = circuit.network
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    live = set(network.outputs.tolist())
    for n in reversed(range(network.nodes)):
        if network.inputs + n in live:
            live.update(fanins[offsets[n] : offsets[n + 1]])
    return live


class _Search:
    """Nodes of a graph by simulated behaviour, up to inversion."""

    def __init__(self, graph: Graph, inputs: Words, preferred: Collection[int]) -> None:
        self.graph = graph
        self.nodes: dict[bytes, list[int]] = {}
        self.comparators: dict[int, tuple[int, int, int]] = {}  # variable -> feature, threshold, whether inverted
        values = graph.simulate(inputs)
        signs = (values[:, 0] & np.uint64(1)).astype(np.int64)
        values[signs == 1] ^= np.uint64(0xFFFF_FFFF_FFFF_FFFF)
        for variable in (*preferred, *range(graph.variables)):
            self.nodes.setdefault(values[variable].tobytes(), []).append(2 * variable + int(signs[variable]))

    def find(self, behaviour: Words, table: int, operands: Sequence[int]) -> int | None:
        """The literal of a node that is bit `operands` of `table`, if one of those that behave so is."""
        sign = int(behaviour[0] & np.uint64(1))
        value = ~behaviour if sign else behaviour
        candidates = self.nodes.get(value.tobytes())
        if candidates is None:
            return None
        leaves = sorted({operand >> 1 for operand in operands} - {0})
        size = 1 << len(leaves)
        full = (1 << size) - 1
        tables = {0: 0} | {leaf: variable_table(j, len(leaves)) for j, leaf in enumerate(leaves)}
        inputs = [tables[operand >> 1] ^ (full if operand & 1 else 0) for operand in operands]
        plain = [2 * leaf for leaf in leaves] == list(operands)
        wanted = table if plain else _compose(table, inputs, full)
        possible = self._possible(leaves, tables, full)
        nearly = None
        for candidate in candidates[:_CANDIDATES]:
            literal = candidate ^ sign
            found = cone_table(self.graph, literal >> 1, tables, full)
            wrong = full if found is None else found ^ (full if literal & 1 else 0) ^ wanted
            if not wrong:
                return literal
            if nearly is None and not wrong & possible:
                nearly = literal
        return nearly

    def _possible(self, leaves: Sequence[int], tables: Mapping[int, int], full: int) -> int:
        """The addresses that can occur: a word that reaches a threshold reaches the lower ones too."""
        known = [(leaf, *self.comparators[leaf]) for leaf in leaves if leaf in self.comparators]
        possible = full
        for low, feature, threshold, low_inverted in known:
            for high, other, higher, high_inverted in known:
                if feature == other and threshold < higher:
                    reaches_low = tables[low] ^ (full if low_inverted else 0)
                    reaches_high = tables[high] ^ (full if high_inverted else 0)
                    possible &= full ^ (reaches_high & ~reaches_low)
        return possible


def variable_table(j: int, variables: int) -> int:
    """The truth table of variable j among so many variables; bit a is the value at address a."""
    table = ((1 << (1 << j)) - 1) << (1 << j)
    for k in range(j + 1, variables):
        table |= table << (1 << k)
    return table


def _compose(table: int, operands: Sequence[int], full: int) -> int:
    """The truth table of bit `operands` of `table`, where the operands are truth tables."""
    if not operands:
        return full if table & 1 else 0
    half = 1 << (len(operands) - 1)
    low = _compose(table & ((1 << half) - 1), operands[:-1], full)
    high = _compose(table >> half, operands[:-1], full)
    return low ^ ((low ^ high) & operands[-1])


def cone_table(graph: Graph, variable: int, leaves: Mapping[int, int], full: int) -> int | None:
    """The truth table of a variable over leaves with given tables; None where it stands on more than them."""
    first = 1 + graph.inputs
    known = dict(leaves)
    path = [variable]
    while path:
        at = path[-1]
        if at in known:
            path.pop()
            continue
        if at < first or len(known) > _CONE:
            return None
        a, b = graph.left[at - first], graph.right[at - first]
        missing = [x >> 1 for x in (a, b) if x >> 1 not in known]
        if missing:
            path.extend(missing)
            continue
        x, y = known[a >> 1] ^ (full if a & 1 else 0), known[b >> 1] ^ (full if b & 1 else 0)
        known[at] = x & y
        path.pop()
    return known[variable]
