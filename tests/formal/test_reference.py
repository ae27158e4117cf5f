"""The graph of a circuit is what `interpret` computes."""

import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl.formal.graph import Graph
from warp2hdl.formal.reference import add_class, add_signals, add_sum, input_bits, votes_of, weigh
from warp2hdl.formal.samples import choose, pack_words, to_integers, to_words, values_of
from warp2hdl.ir import interpret


@pytest.mark.parametrize("seed", range(6))
def test_votes_scores_and_class(seed):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(
        rng, features=5, feature_bits=[1, 4, 8, 3, 16], layers=[(15, (1, 2, 3, 6)), (12, (2, 4))], classes=4, skips=True
    )
    graph = Graph(input_bits(circuit.encoder))
    votes = votes_of(circuit, add_signals(graph, circuit))
    width = circuit.groups.score_bits
    scores = [add_sum(graph, score, width) for score in weigh(votes, circuit.groups)]
    found_class = add_class(graph, scores, circuit.groups.class_bits)
    words = choose(circuit.encoder, None, 300, seed)
    simulated = graph.simulate(pack_words(circuit.encoder, words))
    found = np.stack([to_integers(values_of(simulated, score, 300)) for score in scores], axis=1)
    assert np.array_equal(found, interpret.scores(circuit, words))
    assert np.array_equal(to_integers(values_of(simulated, found_class, 300)), interpret.classify(circuit, words))
    assert np.array_equal(values_of(simulated, votes, 300).T, interpret.output_bits(circuit, words))


def test_votes_are_weighed():
    circuit = random_circuit(np.random.default_rng(0), features=2, feature_bits=2, layers=[(6, 2)], classes=2)
    a, b = 10, 12
    left, right = weigh([a, a, b ^ 1, 1, a ^ 1, b], circuit.groups)
    assert (left.bias, left.votes) == (1, {a: 2, b: -1})
    assert (right.bias, right.votes) == (2, {a: -1, b: 1})
    assert (left.smallest, left.largest) == (0, 3)


def test_words_and_their_bits():
    circuit = random_circuit(np.random.default_rng(0), features=3, feature_bits=[2, 5, 16], layers=[(4, 2)], classes=2)
    words = choose(circuit.encoder, None, 64)
    packed = pack_words(circuit.encoder, words)
    bits = np.unpackbits(packed.view(np.uint8), axis=1, bitorder="little").T
    for row, word in zip(bits, words, strict=True):
        assert np.array_equal(to_words(circuit.encoder, row.astype(bool))[0], word)
