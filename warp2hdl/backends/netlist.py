"""What of a circuit software is made of: the nodes and comparators that reach an output, by logic level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warp2hdl.backends.graph import ONE, ZERO, reduce_table
from warp2hdl.ir.circuit import Circuit


@dataclass(frozen=True)
class Node:
    """One look-up.

    Attributes:
        signal: its signal number in the circuit.
        index: its node number in the circuit.
        fanins: signal numbers, all different and none constant; the first is bit 0 of the table's address.
        table: the truth table, bit a is the output at address a.
    """

    signal: int
    index: int
    fanins: tuple[int, ...]
    table: int


@dataclass(frozen=True)
class Netlist:
    """The part of a circuit that is built.

    Attributes:
        comparators: encoder bits that are built, ascending; each differs from all others.
        layers: nodes by level, level 1 first.
        live: `live[0]` are the signals that leave the encoder, `live[n]` those that leave layer n.
        outputs: per output, the signal it taps, or -1 and -2 for the constants 0 and 1.
    """

    comparators: tuple[int, ...]
    layers: tuple[tuple[Node, ...], ...]
    live: tuple[tuple[int, ...], ...]
    outputs: tuple[int, ...]

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self.layers)


def _canonical_bits(circuit: Circuit) -> list[int]:
    """Each encoder bit's first equal bit."""
    first: dict[tuple[int, int], int] = {}
    pairs = zip(circuit.encoder.bit_feature.tolist(), circuit.encoder.bit_threshold.tolist(), strict=True)
    return [first.setdefault(pair, bit) for bit, pair in enumerate(pairs)]


def build_netlist(circuit: Circuit) -> Netlist:
    """Finds what has to be built, with constants folded and equal comparators shared."""
    network = circuit.network
    alias = _canonical_bits(circuit)  # signal -> signal that stands for it, or ZERO / ONE
    level = [0] * network.inputs
    nodes: dict[int, Node] = {}
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    for index, table in enumerate(network.tables.tolist()):
        reduced, reads = reduce_table(table, [alias[s] for s in fanins[offsets[index] : offsets[index + 1]]])
        signal = network.inputs + index
        if reads:
            nodes[signal] = Node(signal, index, reads, reduced)
            alias.append(signal)
            level.append(1 + max(level[s] for s in reads))
        else:
            alias.append(ONE if reduced else ZERO)
            level.append(0)
    outputs = tuple(alias[s] for s in network.outputs.tolist())
    last_use = _last_uses(nodes, level, outputs)
    depth = max((level[s] for s in outputs if s >= 0), default=0)
    layers: list[list[Node]] = [[] for _ in range(depth)]
    for signal in sorted(s for s in last_use if s in nodes):
        layers[level[signal] - 1].append(nodes[signal])
    comparators = tuple(sorted(s for s in last_use if s < network.inputs))
    # The last layer's results stand in the order of the outputs, so that a class is one slice.
    final = tuple(dict.fromkeys(s for s in outputs if s >= 0))
    live = (*_live(last_use, level, depth), final)
    return Netlist(comparators, tuple(map(tuple, layers)), live, outputs)


def _last_uses(nodes: dict[int, Node], level: list[int], outputs: tuple[int, ...]) -> dict[int, int]:
    """For each signal that reaches an output, the level of its deepest reader."""
    end = np.iinfo(np.int64).max
    last = {signal: int(end) for signal in outputs if signal >= 0}
    for signal in reversed(nodes):
        if signal in last:
            for read in nodes[signal].fanins:
                last[read] = max(last.get(read, 0), level[signal])
    return last


def _live(last_use: dict[int, int], level: list[int], depth: int) -> list[tuple[int, ...]]:
    """Per level below the last, the signals that are computed by then and read later, ascending."""
    live: list[list[int]] = [[] for _ in range(depth)]
    for signal in sorted(last_use):
        for boundary in range(level[signal], min(last_use[signal], depth)):
            live[boundary].append(signal)
    return list(map(tuple, live))
