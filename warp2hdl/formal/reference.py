"""A circuit as a graph, straight from the arrays of the IR: the definition that Verilog is compared with.

Nothing of the back ends is used here, so that no mistake of theirs can be on both sides of a proof.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from warp2hdl.encode import Encoder
from warp2hdl.formal.graph import FALSE, TRUE, Graph
from warp2hdl.ir.circuit import Circuit, Groups


@dataclass(frozen=True)
class Score:
    """A class's score as a weighted sum: `bias` plus the weights of those `votes` that are 1.

    Attributes:
        bias: a constant, maybe negative where votes were inverted.
        votes: weight by literal; the literals are different variables, not inverted, none constant.
    """

    bias: int
    votes: dict[int, int]

    @property
    def largest(self) -> int:
        """The largest value that the sum can take."""
        return self.bias + sum(w for w in self.votes.values() if w > 0)

    @property
    def smallest(self) -> int:
        """The smallest value that the sum can take."""
        return self.bias + sum(w for w in self.votes.values() if w < 0)


def input_bits(encoder: Encoder) -> int:
    """How many bits the feature words have together."""
    return int(encoder.feature_bits.sum(dtype=int))


def votes_of(circuit: Circuit, signals: Sequence[int]) -> list[int]:
    """Of the literals of all signals those of the network's outputs."""
    return [signals[s] for s in circuit.network.outputs.tolist()]


def add_signals(graph: Graph, circuit: Circuit) -> list[int]:
    """Builds encoder and look-ups; returns a literal per signal: encoder bits, then nodes.

    The graph's inputs are the bits of the feature words, feature 0 in the lowest.
    """
    signals = _encode(graph, circuit.encoder)
    network = circuit.network
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    for n, table in enumerate(network.tables.tolist()):
        signals.append(graph.lookup(table, [signals[s] for s in fanins[offsets[n] : offsets[n + 1]]]))
    return signals


def _encode(graph: Graph, encoder: Encoder) -> list[int]:
    widths = encoder.feature_bits.tolist()
    words, lsb = [], 0
    for width in widths:
        words.append([graph.input(lsb + i) for i in range(width)])
        lsb += width
    pairs = zip(encoder.bit_feature.tolist(), encoder.bit_threshold.tolist(), strict=True)
    return [graph.at_least(words[feature], threshold) for feature, threshold in pairs]


def weigh(votes: Sequence[int], groups: Groups) -> list[Score]:
    """Each class's score over literals of votes: equal votes count together, inverted ones are turned around."""
    bounds = groups.offsets.tolist()
    scores = []
    for (first, last), bias in zip(pairwise(bounds), groups.bias.tolist(), strict=True):
        weights: Counter[int] = Counter()
        for vote in votes[first:last]:
            if vote <= TRUE:
                bias += vote
                continue
            bias += vote & 1
            weights[vote & ~1] += -1 if vote & 1 else 1
        scores.append(Score(bias, {v: w for v, w in weights.items() if w}))
    return scores


def add_class(graph: Graph, scores: Sequence[Sequence[int]], width: int) -> list[int]:
    """Builds the arg max of words of one width, one class after the other; the lowest index wins a tie."""
    best, index = list(scores[0]), [FALSE] * width
    for c, score in enumerate(scores[1:], 1):
        wins = graph.less(best, score)
        best = [graph.choice(wins, new, old) for new, old in zip(score, best, strict=True)]
        index = [graph.choice(wins, c >> i & 1, old) for i, old in enumerate(index)]
    return index


def add_sum(graph: Graph, score: Score, width: int) -> list[int]:
    """Builds a weighted sum modulo `2**width`, one vote after the other."""
    total = [score.bias >> i & 1 for i in range(width)]
    for vote, weight in score.votes.items():
        total = graph.add(total, [vote if weight >> i & 1 else FALSE for i in range(width)])
    return total
