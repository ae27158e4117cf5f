"""Whether two circuits compute the same: before a pass and after it."""

from __future__ import annotations

from collections.abc import Sequence

from warp2hdl.errors import ToolError, ToolTimeoutError
from warp2hdl.formal import abc
from warp2hdl.formal.affine import is_zero
from warp2hdl.formal.deadline import Deadline
from warp2hdl.formal.equal import Side, Verdict, first_difference
from warp2hdl.formal.graph import Graph
from warp2hdl.formal.match import find_votes
from warp2hdl.formal.reference import Score, add_class, add_signals, add_sum, input_bits, votes_of, weigh
from warp2hdl.formal.samples import Samples, choose, to_words
from warp2hdl.ir.circuit import Circuit

_SAMPLES = 1024


def compare_circuits(
    before: Circuit,
    after: Circuit,
    samples: Samples | None = None,
    deadline: Deadline | None = None,
    *,
    with_scores: bool,
) -> Verdict:
    """Whether `after` finds the classes of `before`, and its scores where `with_scores`, for all inputs.

    Each vote of either circuit is brought to a node of one graph, equal votes to the same; then the scores are
    compared as weighted sums of these nodes. They may differ by what all classes have in common.

    Args:
        before: the reference.
        after: a circuit of the same features and classes.
        samples: feature words `[batch, features]` that tell signals apart; random ones by default.
        deadline: after it the answer is that there is none; a minute by default.
        with_scores: whether the scores are to be the same.

    Raises:
        ToolError: a tool fails, or the solver's counterexample is none.
    """
    samples = choose(before.encoder, None, _SAMPLES) if samples is None else samples
    try:
        return _compare(before, after, samples, deadline or Deadline(60), with_scores)
    except ToolTimeoutError:
        return Verdict(None)


def _compare(before: Circuit, after: Circuit, samples: Samples, deadline: Deadline, with_scores: bool) -> Verdict:
    graph = Graph(input_bits(after.encoder))
    signals = add_signals(graph, after)
    votes = votes_of(after, signals)
    side = _side(graph, after, weigh(votes, after.groups), with_scores)
    if (words := first_difference(side, before, samples)) is not None:
        return Verdict(False, words)
    wanted = find_votes(graph, before, samples, {vote >> 1 for vote in votes})
    found, expected = weigh(votes, after.groups), weigh(wanted, before.groups)
    if _same(graph, found, expected, signals, with_scores):
        return Verdict(True)
    literals = [*votes, *wanted, *signals]
    graph, merged = abc.sweep(graph, literals, timeout_seconds=deadline.left)
    votes, wanted, signals = merged[: len(votes)], merged[len(votes) : -len(signals)], merged[-len(signals) :]
    found, expected = weigh(votes, after.groups), weigh(wanted, before.groups)
    if _same(graph, found, expected, signals, with_scores):
        return Verdict(True)
    return _whole(graph, (after, found), (before, expected), deadline, with_scores)


def _side(graph: Graph, circuit: Circuit, scores: Sequence[Score], with_scores: bool) -> Side:
    width = circuit.groups.score_bits
    words = [add_sum(graph, score, width) for score in scores]
    return Side(graph, add_class(graph, words, circuit.groups.class_bits), words if with_scores else None)


def _same(
    graph: Graph, found: Sequence[Score], expected: Sequence[Score], signals: Sequence[int], with_scores: bool
) -> bool:
    """Whether scores are equal; or, if only the class counts, differ by the same sum in every class.

    Votes may count in other ways than before, such as two of weights 1 and 2 for three of weight 1, as long as both
    are functions of few of the `signals`.
    """
    differences = [_minus(a, b) for a, b in zip(found, expected, strict=True)]
    if not with_scores:
        differences = [_minus(each, differences[0]) for each in differences[1:]]
    variables = {signal >> 1 for signal in signals}
    return all(is_zero(graph, difference, variables) for difference in differences)


def _minus(a: Score, b: Score) -> Score:
    weights = {vote: a.votes.get(vote, 0) - b.votes.get(vote, 0) for vote in a.votes | b.votes}
    return Score(a.bias - b.bias, {vote: weight for vote, weight in weights.items() if weight})


def _whole(
    graph: Graph,
    after: tuple[Circuit, Sequence[Score]],
    before: tuple[Circuit, Sequence[Score]],
    deadline: Deadline,
    with_scores: bool,
) -> Verdict:
    """Asks for an input for which the two differ."""
    sides = [_side(graph, *each, with_scores) for each in (after, before)]
    same = graph.equal(sides[0].class_bits, sides[1].class_bits)
    if with_scores:
        width = max(after[0].groups.score_bits, before[0].groups.score_bits)
        for a, b in zip(sides[0].scores or [], sides[1].scores or [], strict=True):
            same = graph.conjunction(same, graph.equal(*(x + [0] * (width - len(x)) for x in (a, b))))
    answer = abc.solve(graph, same ^ 1, timeout_seconds=deadline.left)
    if answer.inputs is None:
        return Verdict(None if answer.satisfiable is None else True)
    words = to_words(before[0].encoder, answer.inputs)
    if first_difference(sides[0], before[0], words) is None:
        raise ToolError("The solver's counterexample is none when it is replayed; please report this.")
    return Verdict(False, words)
