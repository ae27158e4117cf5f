"""Adding networks are recognised whatever their shape, and wrong ones are not."""

import numpy as np
import pytest

from warp2hdl.backends.graph import ONE, ZERO
from warp2hdl.backends.graph import Graph as Lookups
from warp2hdl.backends.popcount import build_popcount
from warp2hdl.formal.affine import is_sum, is_zero
from warp2hdl.formal.graph import FALSE, TRUE, Graph
from warp2hdl.formal.reference import Score


def popcount(votes, bias, lut_inputs, spoil=None):
    """The back end's popcount of weighted votes as a graph: graph, word, score and signals."""
    lookups = Lookups(max(votes) + 1)
    count = build_popcount(lookups, votes, bias, lut_inputs)
    graph = Graph(max(votes) + 1)
    literals = {ZERO: FALSE, ONE: TRUE} | {i: graph.input(i) for i in range(graph.inputs)}
    for i, node in enumerate(lookups.nodes):
        table = node.table ^ (1 << 1 if i == spoil else 0)
        literals[node.signal] = graph.lookup(table, [literals[s] for s in node.fanins])
    weights = {graph.input(int(v)): int(n) for v, n in zip(*np.unique(votes, return_counts=True), strict=True)}
    signals = {literal >> 1 for literal in literals.values()}
    return graph, [literals[s] for s in count], Score(bias, weights), signals


@pytest.mark.parametrize("lut_inputs", [4, 6])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 24, 100, 333])
def test_popcounts_of_the_back_end(size, lut_inputs):
    assert is_sum(*popcount(list(range(size)), 0, lut_inputs))
    assert is_sum(*popcount(list(range(size)), 5, lut_inputs))


def test_weights():
    rng = np.random.default_rng(3)
    assert is_sum(*popcount([*rng.integers(0, 12, 60).tolist(), 11], 3, 6))


@pytest.mark.parametrize("spoil", [0, 3, 7, 12])
def test_one_wrong_entry_is_no_sum(spoil):
    assert not is_sum(*popcount(list(range(24)), 0, 6, spoil))


def test_wrong_weight_and_wrong_bias_are_no_sum():
    graph, word, score, signals = popcount(list(range(12)), 2, 6)
    first = next(iter(score.votes))
    assert not is_sum(graph, word, Score(score.bias, score.votes | {first: 2}), signals)
    assert not is_sum(graph, word, Score(score.bias - 1, score.votes), signals)
    assert not is_sum(graph, word[::-1], score, signals)


def test_votes_that_count_in_another_way_cancel():
    """Sum and carry of a full adder against the three bits that it adds."""
    graph = Graph(3)
    bits = [graph.input(i) for i in range(3)]
    total, carry = graph.full_adder(*bits)
    ones = dict.fromkeys(bits, -1)
    assert is_zero(graph, Score(0, {total: 1, carry: 2} | ones), [])
    assert is_zero(graph, Score(-1, {total ^ 1: -1, carry: 2} | ones | {}), []) is False
    assert is_zero(graph, Score(1, {total: 1, carry: 2} | ones), []) is False
    assert is_zero(graph, Score(0, {total: 1, carry: 1} | ones), []) is False
    assert is_zero(graph, Score(0, {}), [])
