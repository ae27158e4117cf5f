"""What of a circuit is built: every look-up from the feature words to the class, block by block."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from warp2hdl.backends.argmax import build_argmax
from warp2hdl.backends.encoder import build_comparator
from warp2hdl.backends.graph import Graph, Node
from warp2hdl.backends.names import feature_identifiers
from warp2hdl.backends.popcount import build_popcount
from warp2hdl.ir.circuit import Circuit


@dataclass(frozen=True)
class Part:
    """The look-ups of one block.

    Attributes:
        kind: `"encoder"`, `"fabric"`, `"popcount"` or `"argmax"`.
        number: which layer, from 1, or which class, from 0.
        nodes: its look-ups, none of them unread, in topological order.
    """

    kind: str
    number: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Design:
    """The part of a circuit that is built. The signals from 0 are the bits of `in_features`, then nodes follow.

    Attributes:
        inputs: how many bits `in_features` has.
        parts: the blocks that have look-ups, each behind those that it reads.
        index: the class id's bits, the lowest first, signals or the constants -1 (0) and -2 (1).
        scores: per class, the score's bits likewise, without leading zeros; empty where no score comes out.
        comparators: how many comparators are read.
    """

    inputs: int
    parts: tuple[Part, ...]
    index: tuple[int, ...]
    scores: tuple[tuple[int, ...], ...]
    comparators: int

    @property
    def nodes(self) -> list[Node]:
        """All look-ups in topological order."""
        return [node for part in self.parts for node in part.nodes]

    @property
    def outputs(self) -> set[int]:
        """The signals that come out."""
        return {s for bits in (self.index, *self.scores) for s in bits if s >= 0}

    def fabric(self) -> list[Node]:
        """The look-ups of the LUT network."""
        return [node for part in self.parts if part.kind == "fabric" for node in part.nodes]

    @property
    def depth(self) -> int:
        """Look-ups on the longest path through the LUT network."""
        return max((part.number for part in self.parts if part.kind == "fabric"), default=0)

    def lookups(self) -> dict[str, int]:
        """How many look-ups each kind of block has."""
        found = dict.fromkeys(("encoder", "fabric", "popcount", "argmax"), 0)
        for part in self.parts:
            found[part.kind] += len(part.nodes)
        return found


def build_design(circuit: Circuit, *, with_scores: bool = True, lut_inputs: int = 6) -> Design:
    """Finds what has to be built; constants are folded and equal look-ups shared.

    Args:
        circuit: a valid circuit.
        with_scores: whether the scores come out; without them they are counted less what all have in common.
        lut_inputs: inputs of the look-ups of encoder, popcount and arg max; nodes stay as they are.
    """
    graph = Graph(int(circuit.encoder.feature_bits.sum()))
    ends = []
    bits = _add_encoder(graph, circuit, lut_inputs)
    ends.append(len(graph.nodes))
    outputs, layer = _add_network(graph, circuit, bits)
    ends.append(len(graph.nodes))
    groups = circuit.groups
    common = 0 if with_scores else int(groups.bias.min())
    scores = []
    for c, bias in enumerate(groups.bias.tolist()):
        votes = outputs[groups.offsets[c] : groups.offsets[c + 1]]
        scores.append(build_popcount(graph, votes, bias - common, lut_inputs))
        ends.append(len(graph.nodes))
    index = build_argmax(graph, scores, lut_inputs)
    wanted = [*index, *(s for bits in scores for s in bits if with_scores)]
    parts = _partition(graph, wanted, ends, layer)
    read = {s for part in parts if part.kind != "encoder" for node in part.nodes for s in node.fanins} | set(wanted)
    return Design(
        graph.inputs,
        tuple(parts),
        tuple(index),
        tuple(map(tuple, scores)) if with_scores else (),
        len({s for s in bits if s in read}),
    )


def _add_encoder(graph: Graph, circuit: Circuit, lut_inputs: int) -> list[int]:
    """The signal of each encoder bit."""
    encoder = circuit.encoder
    names = feature_identifiers(circuit.metadata.feature_names)
    lsb = np.cumsum([0, *encoder.feature_bits.astype(int)]).tolist()
    found: dict[tuple[int, int], int] = {}
    bits = []
    for feature, threshold in zip(encoder.bit_feature.tolist(), encoder.bit_threshold.tolist(), strict=True):
        if (feature, threshold) not in found:
            word = range(lsb[feature], lsb[feature + 1])
            found[feature, threshold] = build_comparator(graph, names[feature], word, threshold, lut_inputs)
        bits.append(found[feature, threshold])
    return bits


def _add_network(graph: Graph, circuit: Circuit, bits: list[int]) -> tuple[list[int], dict[int, int]]:
    """The signal of each output, and the layer of each node."""
    network = circuit.network
    alias, layer = list(bits), dict[int, int]()
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    for n, table in enumerate(network.tables.tolist()):
        before = len(graph.nodes)
        signal = graph.add(f"n{n}", table, [alias[s] for s in fanins[offsets[n] : offsets[n + 1]]])
        alias.append(signal)
        if len(graph.nodes) > before:
            layer[signal] = 1 + max(layer.get(s, 0) for s in graph.nodes[-1].fanins)
    return [alias[s] for s in network.outputs.tolist()], layer


def _partition(graph: Graph, outputs: Iterable[int], ends: list[int], layer: dict[int, int]) -> list[Part]:
    """The nodes that reach `outputs`, by block; `ends` are the node counts behind encoder, network, each class."""
    blocks: dict[tuple[int, str, int], list[Node]] = {}
    place = 0
    for node in graph.reaching(list(outputs)):
        while place < len(ends) and node.signal - graph.inputs >= ends[place]:
            place += 1
        if place == 0:
            key = (0, "encoder", 0)
        elif place == 1:
            key = (1, "fabric", layer[node.signal])
        elif place < len(ends):
            key = (2, "popcount", place - 2)
        else:
            key = (3, "argmax", 0)
        blocks.setdefault(key, []).append(node)
    return [Part(kind, number, tuple(blocks[order, kind, number])) for order, kind, number in sorted(blocks)]
