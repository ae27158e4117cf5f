"""Scores and arg max over free votes: what is left to prove once the votes are known to be equal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from warp2hdl.formal import abc
from warp2hdl.formal.affine import is_sum
from warp2hdl.formal.deadline import Deadline
from warp2hdl.formal.graph import FALSE, Graph
from warp2hdl.formal.reference import Score, add_class, add_sum
from warp2hdl.formal.samples import pack_bits, to_integers, values_of

_SAMPLES = 4096


@dataclass(frozen=True)
class Head:
    """Popcounts and arg max of some Verilog.

    Attributes:
        graph: its inputs are votes.
        class_bits: literals of the class id, lowest first.
        scores: per class the literals of its score, lowest first; None where the Verilog has no such port.
        signals: variables that have a name in the Verilog: a hint where adders end.
    """

    graph: Graph
    class_bits: Sequence[int]
    scores: Sequence[Sequence[int]] | None
    signals: Collection[int]


def prove_head(head: Head, expected: Sequence[Score], deadline: Deadline) -> bool:
    """Whether scores and class are right for all votes; False where they are not, or where no score is found.

    Args:
        head: its graph may grow.
        expected: each class's score over literals of `head.graph`.
        deadline: for all of it.

    Raises:
        ToolError: yosys-abc fails or takes too long.
    """
    words = _find_scores(head, expected)
    if words is None:
        return False
    proven: set[bytes] = set()
    for word, score in zip(words, expected, strict=True):
        if is_sum(head.graph, word, score, head.signals):
            continue
        question = _sum_question(head.graph, word, score)
        key = question[0].encode(question[1])
        if key not in proven and not abc.are_false(*question, timeout_seconds=deadline.left):
            return False
        proven.add(key)
    return _prove_class(head, words, expected, deadline)


def _find_scores(head: Head, expected: Sequence[Score]) -> list[list[int]] | None:
    """A literal per bit of each score: those of the port, or nodes that behave so on random votes."""
    graph = head.graph
    rng = np.random.default_rng(0)
    votes = rng.random((_SAMPLES, graph.inputs)) < rng.random((_SAMPLES, 1))
    simulated = graph.simulate(pack_bits(votes))
    behaves = {row.tobytes(): 2 * variable for variable, row in enumerate(simulated)}
    behaves |= {(~row).tobytes(): 2 * variable + 1 for variable, row in enumerate(simulated)}
    found = []
    for c, score in enumerate(expected):
        values = np.full(_SAMPLES, score.bias, np.int64)
        for vote, weight in score.votes.items():
            values += weight * values_of(simulated, [vote], _SAMPLES)[:, 0]
        if head.scores is not None:
            if not np.array_equal(to_integers(values_of(simulated, head.scores[c], _SAMPLES)), values):
                return None
            found.append(list(head.scores[c]))
            continue
        bits = values[:, None] >> np.arange(max(1, score.largest.bit_length())) & 1
        literals = [behaves.get(row.tobytes()) for row in pack_bits(bits.astype(np.bool_))]
        if any(literal is None for literal in literals):
            return None
        found.append([literal for literal in literals if literal is not None])
    return found


def _sum_question(graph: Graph, word: Sequence[int], score: Score) -> tuple[Graph, list[int]]:
    """Literals, over the votes of one class alone, that are 0 if the word is the weighted sum."""
    small = Graph(len(score.votes))
    votes = {vote >> 1: small.input(i) for i, vote in enumerate(score.votes)}
    # A word that stands on other votes as well is no sum of these, and one that is too narrow for the sum is cut.
    if score.largest >> len(word) or any(variable <= graph.inputs for variable in graph.cone(word, votes)):
        return small, [1]
    built = small.copy(graph, word, dict(votes))
    ported = Score(score.bias, {votes[vote >> 1]: weight for vote, weight in score.votes.items()})
    total = add_sum(small, ported, len(word))
    return small, [small.parity(a, b) for a, b in zip(built, total, strict=True)]


def _prove_class(head: Head, words: Sequence[Sequence[int]], expected: Sequence[Score], deadline: Deadline) -> bool:
    """Whether the class is the arg max for all values that the scores can have."""
    variables = sorted({literal >> 1 for word in words for literal in word} - {0})
    graph = Graph(len(variables))
    place = {variable: graph.input(i) for i, variable in enumerate(variables)}
    if any(variable <= head.graph.inputs for variable in head.graph.cone(head.class_bits, place)):
        return False
    free = {0: FALSE} | place
    class_bits = graph.copy(head.graph, head.class_bits, place)
    width = max(map(len, words))
    scores = [[free[x >> 1] ^ (x & 1) for x in word] + [FALSE] * (width - len(word)) for word in words]
    wanted = add_class(graph, scores, len(class_bits))
    wrong = graph.equal(class_bits, wanted) ^ 1
    for word, score in zip(scores, expected, strict=True):
        wrong = graph.conjunction(wrong, graph.at_least(word, score.smallest))
        wrong = graph.conjunction(wrong, graph.at_least(word, score.largest + 1) ^ 1 if _fits(score, width) else 1)
    return abc.solve(graph, wrong, timeout_seconds=deadline.left).satisfiable is False


def _fits(score: Score, width: int) -> bool:
    """Whether one more than the largest score can be written in so many bits."""
    return score.largest + 1 < 1 << width
