"""Whether a piece of logic computes a circuit: votes, then scores, then the class.

Proven bottom up. Nodes that stand for the circuit's votes are found and proven equal; then popcounts and arg max are
proven for all values of the votes, which no solver manages from the inputs up. Where the logic has no such nodes, it
is compared as a whole, as far as the time goes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warp2hdl.errors import ToolError, ToolTimeoutError
from warp2hdl.formal import abc
from warp2hdl.formal.deadline import Deadline
from warp2hdl.formal.graph import Graph
from warp2hdl.formal.match import find_votes
from warp2hdl.formal.reference import Score, add_class, add_sum, weigh
from warp2hdl.formal.samples import Samples, pack_words, to_integers, to_words, values_of
from warp2hdl.formal.sums import Head, prove_head
from warp2hdl.ir import interpret
from warp2hdl.ir.circuit import Circuit

_NEAREST = 16  # votes that were not found, and whose likeliest node is asked for a difference
_LANES = 32  # samples that are simulated at a time, in words of 64


@dataclass(frozen=True)
class Side:
    """The logic in question.

    Attributes:
        graph: its inputs are the bits of the feature words, feature 0 first.
        class_bits: literals of the class id, lowest first.
        scores: per class the literals of its score, lowest first; None where they do not come out.
        signals: variables that have a name: a hint where popcounts are put together.
    """

    graph: Graph
    class_bits: list[int]
    scores: list[list[int]] | None
    signals: Collection[int] = ()

    def evaluate(self, circuit: Circuit, words: Samples) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64] | None]:
        """Words `[batch, features]` of the circuit's encoder -> class ids `[batch]` and scores `[batch, classes]`."""
        ids, scores = [], []
        for start in range(0, len(words), 64 * _LANES):
            part = words[start : start + 64 * _LANES]
            values = self.graph.simulate(pack_words(circuit.encoder, part))
            ids.append(to_integers(values_of(values, self.class_bits, len(part))))
            if self.scores is not None:
                scores.append([to_integers(values_of(values, word, len(part))) for word in self.scores])
        stacked = np.concatenate([np.stack(part, axis=1) for part in scores]) if self.scores is not None else None
        return np.concatenate(ids), stacked


@dataclass(frozen=True)
class Verdict:
    """What became of a proof.

    Attributes:
        equivalent: yes, no, or None for undecided.
        words: feature words `[1, features]` for which the two differ, where they do.
    """

    equivalent: bool | None
    words: Samples | None = None


def compare(side: Side, circuit: Circuit, samples: Samples, deadline: Deadline) -> Verdict:
    """Whether class, and scores where they come out, are those of `interpret` for all inputs.

    Args:
        side: the logic; its graph grows.
        circuit: the circuit.
        samples: feature words `[batch, features]` that tell signals apart.
        deadline: after it the answer is that there is none.

    Raises:
        ToolError: a tool fails, or the solver's counterexample is none.
    """
    try:
        return _Comparison(side, circuit, samples, deadline).run()
    except ToolTimeoutError:
        return Verdict(None)


def first_difference(side: Side, circuit: Circuit, words: Samples) -> Samples | None:
    """The first of the words `[batch, features]` for which side and circuit differ, `[1, features]`."""
    ids, scores = side.evaluate(circuit, words)
    expected = interpret.scores(circuit, words)
    wrong = ids != np.argmax(expected, axis=1)
    if scores is not None:
        wrong |= (scores != expected).any(axis=1)
    found = np.flatnonzero(wrong)
    return words[found[:1]] if len(found) else None


class _Comparison:
    def __init__(self, side: Side, circuit: Circuit, samples: Samples, deadline: Deadline) -> None:
        self.side, self.circuit, self.samples, self.deadline = side, circuit, samples, deadline
        self.outputs = [*side.class_bits, *(bit for word in side.scores or [] for bit in word)]

    def run(self) -> Verdict:
        """Simulation first: most mistakes show at once."""
        if (words := first_difference(self.side, self.circuit, self.samples)) is not None:
            return Verdict(False, words)
        votes = find_votes(self.side.graph, self.circuit, self.samples, self.side.signals)
        self._require_votes(votes)
        if self._proven(self.side.graph, self.outputs, votes, {}):
            return Verdict(True)
        verdict, equal = self._ask_nearest(votes)
        if verdict is not None:
            return verdict
        if equal and self._proven(self.side.graph, self.outputs, votes, equal):
            return Verdict(True)
        return self._sweep(votes)

    def _require_votes(self, votes: Sequence[int]) -> None:
        """The reference is compared with its definition: a mistake here must not become a proof."""
        part = self.samples[: 64 * _LANES]
        values = self.side.graph.simulate(pack_words(self.circuit.encoder, part))
        if not np.array_equal(values_of(values, votes, len(part)).T, interpret.output_bits(self.circuit, part)):
            raise ToolError("The reference's graph is not what `interpret` computes; please report this.")

    def _proven(self, graph: Graph, outputs: Sequence[int], votes: Sequence[int], equal: dict[int, int]) -> bool:
        """Whether the outputs stand on the votes alone and are right for all their values.

        Args:
            graph: of all that follows.
            outputs: literals of class and scores.
            votes: literals of the votes.
            equal: variables that are proven to be some literal.
        """
        variables = sorted({vote >> 1 for vote in votes} - {0})
        free = Graph(len(variables))
        place = {variable: free.input(i) for i, variable in enumerate(variables)}
        place |= {variable: place[literal >> 1] ^ (literal & 1) for variable, literal in equal.items()}
        if any(variable <= graph.inputs for variable in graph.cone(outputs, place)):
            return False
        expected = weigh([place.get(v >> 1, 0) ^ (v & 1) for v in votes], self.circuit.groups)
        built = free.copy(graph, outputs, place)
        named = {place[v] >> 1 for v in self.side.signals if v in place} if graph is self.side.graph else set()
        return prove_head(self._head(free, built, named), expected, self.deadline)

    def _head(self, graph: Graph, outputs: list[int], signals: Collection[int]) -> Head:
        bits = len(self.side.class_bits)
        if self.side.scores is None:
            return Head(graph, outputs, None, signals)
        width = len(self.side.scores[0])
        words = [outputs[i : i + width] for i in range(bits, len(outputs), width)]
        return Head(graph, outputs[:bits], words, signals)

    def _ask_nearest(self, votes: Sequence[int]) -> tuple[Verdict | None, dict[int, int]]:
        """Asks for an input that tells a vote from the node that behaves most like it."""
        graph = self.side.graph
        leaves = {vote >> 1 for vote in votes}
        cone = [v for v in graph.cone(self.outputs, leaves) if v > graph.inputs]
        missing = sorted(leaves - self._reached(leaves) - {0})[:_NEAREST]
        equal: dict[int, int] = {}
        if not cone or not missing:
            return None, equal
        values = graph.simulate(pack_words(self.circuit.encoder, self.samples[: 64 * _LANES]))
        for vote in missing:
            node = _nearest(values, vote, cone)
            answer = abc.solve(graph, graph.parity(2 * vote, node), timeout_seconds=self.deadline.left)
            if answer.satisfiable is False:
                equal[node >> 1] = 2 * vote ^ (node & 1)
            elif answer.inputs is not None:
                found = first_difference(self.side, self.circuit, to_words(self.circuit.encoder, answer.inputs))
                if found is not None:
                    return Verdict(False, found), equal
        return None, equal

    def _reached(self, leaves: set[int]) -> set[int]:
        """Those of the leaves that the outputs stand on."""
        graph = self.side.graph
        cone = graph.cone(self.outputs, leaves)
        reads = {x >> 1 for x in self.outputs}
        for variable in cone:
            if variable > graph.inputs:
                index = variable - 1 - graph.inputs
                reads |= {graph.left[index] >> 1, graph.right[index] >> 1}
        return leaves & reads

    def _sweep(self, votes: Sequence[int]) -> Verdict:
        """Merges what is equal in both, then compares again, at last as a whole."""
        literals = [*self.outputs, *votes]
        graph, merged = abc.sweep(self.side.graph, literals, timeout_seconds=self.deadline.left)
        outputs, swept = merged[: len(self.outputs)], merged[len(self.outputs) :]
        if self._proven(graph, outputs, swept, {}):
            return Verdict(True)
        return self._whole(graph, outputs, weigh(swept, self.circuit.groups))

    def _whole(self, graph: Graph, outputs: Sequence[int], expected: Sequence[Score]) -> Verdict:
        groups = self.circuit.groups
        scores = [add_sum(graph, score, groups.score_bits) for score in expected]
        wanted = add_class(graph, scores, len(self.side.class_bits))
        if self.side.scores is not None:
            wanted += [bit for word in scores for bit in word]
        answer = abc.solve(graph, graph.equal(outputs, wanted) ^ 1, timeout_seconds=self.deadline.left)
        if answer.inputs is None:
            return Verdict(None if answer.satisfiable is None else True)
        words = first_difference(self.side, self.circuit, to_words(self.circuit.encoder, answer.inputs))
        if words is None:
            raise ToolError("The solver's counterexample is none when it is replayed; please report this.")
        return Verdict(False, words)


def _nearest(values: npt.NDArray[np.uint64], vote: int, nodes: Sequence[int]) -> int:
    """The literal of that of the nodes whose simulated values differ least from a variable's."""
    apart = np.bitwise_count(values[np.array(nodes)] ^ values[vote]).sum(axis=1, dtype=np.int64)
    apart = np.stack([apart, 64 * values.shape[1] - apart])
    inverted, place = np.unravel_index(int(apart.argmin()), apart.shape)
    return 2 * nodes[int(place)] + int(inverted)
