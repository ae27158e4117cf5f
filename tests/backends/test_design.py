import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.circuits import random_circuit
from warp2hdl.backends.design import build_design
from warp2hdl.encode import Encoder
from warp2hdl.ir.circuit import Circuit, Groups, LutNetwork, Metadata


def make(inputs, nodes, outputs, *, thresholds=None):
    """A circuit of two classes over one 4-bit feature; nodes are (fanins, table)."""
    thresholds = thresholds or list(range(1, inputs + 1))
    encoder = Encoder(
        np.array([4], np.uint8), np.ones(1), np.zeros(1), np.zeros(inputs, np.int32), np.array(thresholds, np.uint32)
    )
    offsets = np.cumsum([0, *(len(f) for f, _ in nodes)])
    fanins = np.array([s for f, _ in nodes for s in f], np.int32)
    tables = np.array([t for _, t in nodes], np.uint64)
    network = LutNetwork(inputs, offsets.astype(np.int64), fanins, tables, np.array(outputs, np.int32))
    groups = Groups(np.array([0, 1, len(outputs)], np.int64), np.zeros(2, np.int64))
    return Circuit(encoder, network, groups, Metadata("t", ("x",), ("a", "b")))


def test_equal_comparators_are_one_and_unread_ones_none():
    circuit = make(4, [((1, 2), 0b1000), ((1, 3), 0b1000)], [4, 4, 4], thresholds=[5, 7, 7, 9])
    design = build_design(circuit)
    assert design.comparators == 1
    assert [node.name for part in design.parts if part.kind == "encoder" for node in part.nodes] == ["x_ge_7"]
    assert design.fabric() == []  # the AND of twice the same is that


def test_constants_fold_and_dead_nodes_are_left_out():
    nodes = [((), 1), ((), 0), ((0, 2), 0b0110), ((0, 1), 0b1000), ((2, 3), 0b1000)]
    design = build_design(make(2, nodes, [4, 6]))
    assert [(node.name, node.table) for node in design.fabric()] == [("n2", 0b01)]  # x XOR 1


def test_layers_are_the_levels_of_the_network():
    nodes = [((0, 1), 0b0110), ((3, 1), 0b0110), ((4, 0), 0b0110), ((5, 2), 0b1000)]
    design = build_design(make(3, nodes, [6, 4]))
    layers = {part.number: [n.name for n in part.nodes] for part in design.parts if part.kind == "fabric"}
    assert layers == {1: ["n0"], 2: ["n1"], 3: ["n2"], 4: ["n3"]}
    assert design.depth == 4


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=30, deadline=None)
def test_parts_are_in_order_and_hold_what_is_read(seed, with_scores):
    rng = np.random.default_rng(seed)
    layers = [(int(n), (0, 1, 2, 3, 6)) for n in rng.integers(1, 9, rng.integers(0, 4))]
    circuit = random_circuit(rng, features=3, feature_bits=3, layers=layers, classes=2, skips=True)
    design = build_design(circuit, with_scores=with_scores)
    known = set(range(design.inputs))
    for node in design.nodes:
        assert known.issuperset(node.fanins)
        known.add(node.signal)
    read = {s for node in design.nodes for s in node.fanins} | design.outputs
    assert read >= {node.signal for node in design.nodes} and known >= design.outputs
    assert sum(design.lookups().values()) == len(design.nodes)
    assert len(design.scores) == 2 * with_scores
