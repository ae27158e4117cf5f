"""The bit-level network equals the circuit, class and scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backends.test_pipeline import pack_words, random_words
from tests.circuits import random_circuit
from warp2hdl.backends.bits import BitNetwork, bit_network, word_bits
from warp2hdl.encode import Encoder
from warp2hdl.ir.circuit import MAX_ARITY, Circuit, Groups, LutNetwork, Metadata
from warp2hdl.ir.interpret import classify, evaluate_network, scores


def make(seed=0, **options):
    given = {"features": 5, "feature_bits": (1, 3, 8, 16, 4), "classes": 3, "layers": [(30, (2, 4)), (21, 3)]}
    return random_circuit(np.random.default_rng(seed), **(given | options))


def evaluate(bits: BitNetwork, inputs):
    """Input bits `[batch, inputs]` -> output bits `[batch, outputs]`."""
    lanes = -(-len(inputs) // 64)
    padded = np.zeros((inputs.shape[1], lanes * 64), bool)
    padded[:, : len(inputs)] = inputs.T
    packed = np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
    found = evaluate_network(bits.network, packed)[bits.network.outputs]
    return np.unpackbits(found.view(np.uint8), axis=1, bitorder="little", count=len(inputs)).T


def expected_bits(circuit, words):
    """The bits of class and scores `[batch, outputs]` by the interpreter."""
    groups = circuit.groups
    columns = [(classify(circuit, words)[:, None], groups.class_bits), (scores(circuit, words), groups.score_bits)]
    return np.concatenate(
        [((found[:, :, None] >> np.arange(width)) & 1).reshape(len(words), -1) for found, width in columns], axis=1
    )


def check(circuit, words):
    bits = bit_network(circuit)
    assert bits.network.arities.max(initial=0) <= MAX_ARITY
    found = evaluate(bits, word_bits(circuit.encoder, words))
    assert np.array_equal(found, expected_bits(circuit, words))
    return bits


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    widths=st.lists(st.integers(1, 16), min_size=1, max_size=5),
    arity=st.integers(1, 6),
    classes=st.integers(2, 11),
    depth=st.integers(0, 3),
    skips=st.booleans(),
)
def test_random_circuits(seed, widths, arity, classes, depth, skips):
    layers = [(17, (arity, 2))] * depth
    circuit = make(seed, features=len(widths), feature_bits=widths, layers=layers, classes=classes, skips=skips)
    check(circuit, random_words(circuit, 70, seed=seed))


def threshold_circuit(width):
    """Every threshold of one word is an output of class 0."""
    top = (1 << width) - 1
    encoder = Encoder(
        np.array([width], np.uint8), np.ones(1), np.zeros(1), np.zeros(top, np.int32), np.arange(1, top + 1, dtype="u4")
    )
    empty = np.zeros(0, np.int32)
    network = LutNetwork(top, np.zeros(1, np.int64), empty, np.zeros(0, np.uint64), np.arange(top, dtype=np.int32))
    groups = Groups(np.array([0, top, top], np.int64), np.zeros(2, np.int64))
    return Circuit(encoder, network, groups, Metadata("all", ("x",), ("a", "b")))


@pytest.mark.parametrize("width", [1, 2, 6, 7, 9])
def test_every_threshold_at_every_word(width):
    words = np.arange(1 << width).astype(np.uint8 if width <= 8 else np.uint16)[:, None]
    check(threshold_circuit(width), words)


@pytest.mark.parametrize("threshold", [1, 2, 0x20, 0x7FFF, 0x8000, 0x8001, 0xA5C3, 0xFFFE, 0xFFFF])
def test_wide_words_around_a_threshold(threshold):
    encoder = Encoder(
        np.array([16], np.uint8), np.ones(1), np.zeros(1), np.zeros(1, np.int32), np.array([threshold], "u4")
    )
    network = LutNetwork(1, np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.uint64), np.zeros(2, np.int32))
    circuit = Circuit(encoder, network, Groups.equal(2, 2), Metadata("one", ("x",), ("a", "b")))
    rng = np.random.default_rng(0)
    words = np.concatenate([np.arange(threshold - 1, min(threshold + 2, 1 << 16)), rng.integers(0, 1 << 16, 200)])
    check(circuit, words.astype(np.uint16)[:, None])


def test_biases_and_classes_without_outputs():
    circuit = make(layers=[(9, 3)], classes=4)
    groups = Groups(np.array([0, 0, 5, 5, 9], np.int64), np.array([3, 0, 200, 7], np.int64))
    circuit = Circuit(circuit.encoder, circuit.network, groups, circuit.metadata)
    check(circuit, random_words(circuit, 100))


def test_constants_alone():
    circuit = make(layers=[(4, 0)], classes=2)
    bits = check(circuit, random_words(circuit, 3))
    assert bits.network.nodes <= 2


def test_names_are_the_ports_and_stages_follow_the_circuit():
    circuit = make()
    bits = bit_network(circuit)
    assert bits.inputs == tuple(f"in_features[{i}]" for i in range(32))
    assert bits.outputs[:3] == ("out_class[0]", "out_class[1]", "out_scores[0]")
    assert len(bits.outputs) == 2 + 3 * circuit.groups.score_bits
    assert [stage.title for stage in bits.stages] == ["comparators", "layer 1", "layer 2", "popcounts", "arg max"]
    firsts = [stage.first for stage in bits.stages]
    assert firsts == sorted(firsts) and firsts[0] == 0 and firsts[-1] < bits.network.nodes


def test_word_bits_are_the_port_of_the_verilog():
    circuit = make()
    words = random_words(circuit, 20)
    packed = [sum(1 << i for i in np.flatnonzero(row)) for row in word_bits(circuit.encoder, words)]
    assert packed == pack_words(circuit, words)
