"""A circuit as one plain LUT network, from the bits of the feature words to the bits of class and scores."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from warp2hdl.backends.graph import ONE, ZERO, reduce_table
from warp2hdl.backends.netlist import Netlist, build_netlist
from warp2hdl.encode import Encoder
from warp2hdl.ir.circuit import Circuit, LutNetwork

# Tables; the first operand is bit 0 of the address.
_XOR2, _AND2 = 0b0110, 0b1000
_XOR3, _MAJORITY = 0x96, 0xE8
_GREATER = 0xD4  # of (left, right, greater below): right > left
_CHOOSE = 0xD8  # of (selector, high, low)
_CHUNK = 6  # bits of a word that the first node of a comparator reads; the others read one less, and that node


@dataclass(frozen=True)
class Stage:
    """A run of nodes that belong together: what they are, and the number of the first."""

    title: str
    first: int


@dataclass(frozen=True)
class BitNetwork:
    """A circuit without words.

    Attributes:
        network: inputs are the bits of the feature words, feature 0 in the lowest; outputs are the bits of the class,
            then those of the scores, class 0 in the lowest. No node has more than six fan-ins.
        inputs: a name per input, the bits of the port `in_features` of the Verilog.
        outputs: a name per output, the bits of the ports `out_class` and `out_scores`.
        stages: comparators, layers, popcounts and arg max, in the order of their nodes.
    """

    network: LutNetwork
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    stages: tuple[Stage, ...]


class _Builder:
    """Grows a network; constants are folded and equal nodes are made once."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.nodes: list[tuple[int, tuple[int, ...]]] = []
        self.titles: list[tuple[str, int]] = []
        self._made: dict[tuple[int, tuple[int, ...]], int] = {}

    def stage(self, title: str) -> None:
        """What follows belongs together."""
        self.titles.append((title, len(self.nodes)))

    def node(self, table: int, *fanins: int) -> int:
        """The signal, or `ZERO` or `ONE`, of a table at the address that `fanins` are."""
        table, reads = reduce_table(table, fanins)
        if not reads:
            return ONE if table else ZERO
        if table == 0b10 and len(reads) == 1:
            return reads[0]
        key = (table, reads)
        if key not in self._made:
            self._made[key] = self.inputs + len(self.nodes)
            self.nodes.append(key)
        return self._made[key]

    def finish(self, outputs: Sequence[int]) -> tuple[LutNetwork, tuple[Stage, ...]]:
        """The network of the nodes that reach `outputs`; a constant output becomes a node without fan-in."""
        needed = set(outputs)
        for signal in reversed(range(self.inputs, self.inputs + len(self.nodes))):
            if signal in needed:
                needed.update(self.nodes[signal - self.inputs][1])
        kept = [s for s in range(self.inputs, self.inputs + len(self.nodes)) if s in needed]
        built = [self.nodes[s - self.inputs] for s in kept]
        place = {s: s for s in range(self.inputs)} | {s: self.inputs + n for n, s in enumerate(kept)}
        for constant, table in ((ZERO, 0), (ONE, 1)):
            if constant in needed:
                place[constant] = self.inputs + len(built)
                built.append((table, ()))
        starts = np.searchsorted(kept, [self.inputs + first for _, first in self.titles])
        stages = tuple(Stage(title, int(at)) for (title, _), at in zip(self.titles, starts, strict=True))
        return _network(self.inputs, built, place, outputs), stages


def _network(
    inputs: int, nodes: Sequence[tuple[int, tuple[int, ...]]], place: dict[int, int], outputs: Sequence[int]
) -> LutNetwork:
    return LutNetwork(
        inputs,
        np.cumsum([0, *(len(reads) for _, reads in nodes)], dtype=np.int64),
        np.array([place[s] for _, reads in nodes for s in reads], np.int32),
        np.array([table for table, _ in nodes], np.uint64),
        np.array([place[s] for s in outputs], np.int32),
    )


def _at_least(build: _Builder, word: Sequence[int], threshold: int) -> int:
    """Whether a word, its lowest bit first, is at least a constant of 1 or more."""
    ignored = (threshold & -threshold).bit_length() - 1
    word, threshold = word[ignored:], threshold >> ignored
    size = min(_CHUNK, len(word))
    found = build.node(sum(1 << v for v in range(threshold & (1 << size) - 1, 1 << size)), *word[:size])
    for start in range(size, len(word), _CHUNK - 1):
        chunk = word[start : start + _CHUNK - 1]
        part = threshold >> start & (1 << len(chunk)) - 1
        # Greater here, or equal here and at least below; the answer from below is the address's highest bit.
        above = sum(1 << v for v in range(part + 1, 1 << len(chunk)))
        found = build.node(above | (above | 1 << part) << (1 << len(chunk)), *chunk, found)
    return found


def _count(build: _Builder, bits: Sequence[int], bias: int, width: int) -> list[int]:
    """The `width` bits of how many of `bits` are 1, plus `bias`: full adders, column by column."""
    columns = [deque[int]() for _ in range(width + 1)]
    columns[0].extend(bits)
    for weight in range(bias.bit_length()):
        if bias >> weight & 1:
            columns[weight].append(ONE)
    total = []
    for column, carries in pairwise(columns):
        # First in, first out: the adders make a balanced tree.
        while len(column) > 1:
            terms = [column.popleft() for _ in range(min(3, len(column)))]
            three = len(terms) == 3
            column.append(build.node(_XOR3 if three else _XOR2, *terms))
            carries.append(build.node(_MAJORITY if three else _AND2, *terms))
        total.append(column[0] if column else ZERO)
    return total


def _better(
    build: _Builder, left: tuple[list[int], list[int]], right: tuple[list[int], list[int]]
) -> tuple[list[int], list[int]]:
    """The better of two runs of classes, as score and index within both; the left one among equals."""
    wins = ZERO
    for a, b in zip(left[0], right[0], strict=True):
        wins = build.node(_GREATER, a, b, wins)
    # The last run may be shorter than its neighbour; its index has leading zeros then.
    padded = right[1] + [ZERO] * (len(left[1]) - len(right[1]))
    score = [build.node(_CHOOSE, wins, b, a) for a, b in zip(left[0], right[0], strict=True)]
    index = [build.node(_CHOOSE, wins, b, a) for a, b in zip(left[1], padded, strict=True)]
    return score, [*index, wins]


def _arg_max(build: _Builder, scores: Sequence[list[int]], width: int) -> list[int]:
    """The `width` bits of the index of the highest score, the lowest one among equals."""
    runs: list[tuple[list[int], list[int]]] = [(score, []) for score in scores]
    while len(runs) > 1:
        pairs = [_better(build, *runs[i : i + 2]) for i in range(0, len(runs) - 1, 2)]
        runs = pairs + runs[2 * len(pairs) :]
    index = runs[0][1]
    return index + [ZERO] * (width - len(index))


def _fabric(build: _Builder, circuit: Circuit, netlist: Netlist) -> list[int]:
    """Comparators and look-ups; returns a signal per output of the circuit's network."""
    encoder = circuit.encoder
    lsb = np.cumsum([0, *encoder.feature_bits.tolist()]).tolist()
    place = {ZERO: ZERO, ONE: ONE}
    build.stage("comparators")
    for bit in netlist.comparators:
        feature = int(encoder.bit_feature[bit])
        place[bit] = _at_least(build, range(lsb[feature], lsb[feature + 1]), int(encoder.bit_threshold[bit]))
    for number, layer in enumerate(netlist.layers, 1):
        build.stage(f"layer {number}")
        for node in layer:
            place[node.signal] = build.node(node.table, *(place[s] for s in node.fanins))
    return [place[s] for s in netlist.outputs]


def bit_network(circuit: Circuit) -> BitNetwork:
    """Lowers encoder, look-ups, popcounts and arg max of a valid circuit to look-ups alone."""
    groups = circuit.groups
    build = _Builder(int(circuit.encoder.feature_bits.sum(dtype=np.int64)))
    taps = _fabric(build, circuit, build_netlist(circuit))
    build.stage("popcounts")
    bounds = groups.offsets.tolist()
    scores = [
        _count(build, taps[first:end], bias, groups.score_bits)
        for (first, end), bias in zip(pairwise(bounds), groups.bias.tolist(), strict=True)
    ]
    build.stage("arg max")
    index = _arg_max(build, scores, groups.class_bits)
    network, stages = build.finish([*index, *(bit for score in scores for bit in score)])
    names = [f"out_class[{i}]" for i in range(len(index))]
    names += [f"out_scores[{i}]" for i in range(groups.classes * groups.score_bits)]
    return BitNetwork(network, _input_names(build.inputs), tuple(names), stages)


def _input_names(count: int) -> tuple[str, ...]:
    return tuple(f"in_features[{i}]" for i in range(count))


def fabric_network(circuit: Circuit) -> BitNetwork:
    """As `bit_network`, but of encoder and look-ups alone: its outputs are those of the circuit's network, in order."""
    build = _Builder(int(circuit.encoder.feature_bits.sum(dtype=np.int64)))
    network, stages = build.finish(_fabric(build, circuit, build_netlist(circuit)))
    names = tuple(f"bits[{i}]" for i in range(len(network.outputs)))
    return BitNetwork(network, _input_names(build.inputs), names, stages)


def word_bits(encoder: Encoder, words: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.bool_]:
    """Feature words `[batch, features]` -> the bits `[batch, inputs]` that a `BitNetwork` takes."""
    shifts = np.concatenate([np.arange(bits, dtype=np.uint32) for bits in encoder.feature_bits])
    return (np.repeat(words.astype(np.uint32), encoder.feature_bits, axis=1) >> shifts & 1).astype(np.bool_)
