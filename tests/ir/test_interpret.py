import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.circuits import random_circuit
from warp2hdl import ir
from warp2hdl.ir.circuit import Groups, LutNetwork


def _slow_scores(circuit, words):
    """The same by the book: one sample and one node at a time."""
    found = []
    for sample in words.tolist():
        encoder, network = circuit.encoder, circuit.network
        signals = [sample[f] >= t for f, t in zip(encoder.bit_feature, encoder.bit_threshold.tolist(), strict=True)]
        for node, table in enumerate(network.tables.tolist()):
            fanins = network.fanins[network.fanin_offsets[node] : network.fanin_offsets[node + 1]]
            address = sum(int(signals[f]) << j for j, f in enumerate(fanins))
            signals.append(bool(table >> address & 1))
        bits = [signals[output] for output in network.outputs]
        offsets = circuit.groups.offsets
        found.append([sum(bits[offsets[c] : offsets[c + 1]]) + b for c, b in enumerate(circuit.groups.bias.tolist())])
    return np.array(found)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 63, 64, 65, 130]), st.integers(2, 5), st.booleans())
def test_equals_one_node_at_a_time(seed, batch, classes, skips):
    rng = np.random.default_rng(seed)
    layers = [(int(rng.integers(3, 20)), (1, 2, 3, 4, 5, 6)) for _ in range(rng.integers(1, 4))]
    layers[-1] = (classes * int(rng.integers(1, 6)), layers[-1][1])
    circuit = random_circuit(rng, features=5, feature_bits=6, layers=layers, classes=classes, skips=skips)
    words = rng.integers(0, 64, (batch, 5)).astype(np.uint8)
    scores = ir.scores(circuit, words)
    assert scores.shape == (batch, classes)
    if batch:
        np.testing.assert_array_equal(scores, _slow_scores(circuit, words))
        np.testing.assert_array_equal(ir.classify(circuit, words), scores.argmax(1))


def test_batches_larger_than_a_block():
    rng = np.random.default_rng(0)
    circuit = random_circuit(rng, features=3, feature_bits=4, layers=[(10, 2), (6, 3)], classes=2)
    words = rng.integers(0, 16, (9001, 3)).astype(np.uint8)
    parts = [ir.scores(circuit, words[i : i + 100]) for i in range(0, 9001, 100)]
    np.testing.assert_array_equal(ir.scores(circuit, words), np.concatenate(parts))


def test_empty_groups_and_bias():
    rng = np.random.default_rng(0)
    circuit = random_circuit(rng, features=3, feature_bits=4, layers=[(6, 2)], classes=3)
    groups = Groups(np.array([0, 0, 6, 6]), np.array([5, 0, 2]))
    changed = ir.Circuit(circuit.encoder, circuit.network, groups, circuit.metadata)
    words = rng.integers(0, 16, (20, 3)).astype(np.uint8)
    scores = ir.scores(changed, words)
    assert scores[:, 0].tolist() == [5] * 20
    assert scores[:, 2].tolist() == [2] * 20
    np.testing.assert_array_equal(scores[:, 1], ir.scores(circuit, words).sum(1))


def test_input_0_is_the_least_significant_address_bit():
    network = LutNetwork(
        2, np.array([0, 2]), np.array([0, 1], np.int32), np.array([0b0010], np.uint64), np.array([2], np.int32)
    )
    lanes = np.array([[0b1010], [0b1100]], np.uint64)  # samples 0 to 3 count through the addresses
    assert ir.evaluate_network(network, lanes)[2, 0] == 0b0010


def test_ties_go_to_the_lowest_class():
    rng = np.random.default_rng(0)
    circuit = random_circuit(rng, features=3, feature_bits=4, layers=[(8, 2)], classes=4)
    words = rng.integers(0, 16, (500, 3)).astype(np.uint8)
    scores = ir.scores(circuit, words)
    tied = (scores == scores.max(1, keepdims=True)).sum(1) > 1
    assert tied.any()
    first = [row.index(max(row)) for row in scores.tolist()]
    assert ir.classify(circuit, words).tolist() == first


@pytest.mark.parametrize(("outputs", "classes", "bits"), [(2, 2, 1), (30, 2, 4), (32, 2, 5), (300, 10, 5), (10, 10, 1)])
def test_score_width(outputs, classes, bits):
    assert Groups.equal(classes, outputs).score_bits == bits
