import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.circuits import random_circuit
from warp2hdl.backends.graph import ZERO
from warp2hdl.backends.netlist import build_netlist
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
    circuit = make(4, [((1, 2), 0b1000)], [4, 4], thresholds=[5, 7, 7, 9])
    netlist = build_netlist(circuit)
    assert netlist.comparators == (1,)
    assert netlist.layers[0][0].fanins == (1,)
    assert netlist.layers[0][0].table == 0b10


def test_constants_fold_and_dead_nodes_are_left_out():
    nodes = [((), 1), ((), 0), ((0, 2), 0b0110), ((0, 1), 0b1000), ((2, 3), 0b1000)]
    netlist = build_netlist(make(2, nodes, [4, 6]))
    assert [node.index for layer in netlist.layers for node in layer] == [2]
    assert netlist.layers[0][0].table == 0b01  # x XOR 1
    assert netlist.outputs == (4, ZERO)


def test_a_signal_is_carried_to_its_last_reader_and_no_further():
    nodes = [((0, 1), 0b0110), ((3, 1), 0b0110), ((4, 0), 0b0110), ((5, 2), 0b1000)]
    netlist = build_netlist(make(3, nodes, [6, 4]))
    assert netlist.live == ((0, 1, 2), (0, 1, 2, 3), (0, 2, 4), (2, 4, 5), (6, 4))


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_live_vectors_hold_exactly_what_is_read_later(seed):
    rng = np.random.default_rng(seed)
    layers = [(int(n), (0, 1, 2, 3, 6)) for n in rng.integers(1, 9, rng.integers(0, 4))]
    netlist = build_netlist(random_circuit(rng, features=3, feature_bits=3, layers=layers, classes=2, skips=True))
    for boundary, live in enumerate(netlist.live):
        later = {s for layer in netlist.layers[boundary:] for node in layer for s in node.fanins}
        computed = set(netlist.comparators) | {n.signal for layer in netlist.layers[:boundary] for n in layer}
        assert set(live) == (later | {s for s in netlist.outputs if s >= 0}) & computed
        assert len(set(live)) == len(live)
