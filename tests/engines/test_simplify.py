import numpy as np
import pytest
from hypothesis import given, settings

from tests.circuits import random_network
from tests.engines.cases import circuits, network_values
from warp2hdl.cli.random_circuit import random_circuit
from warp2hdl.engines import tables as tt
from warp2hdl.engines.cover import cover
from warp2hdl.engines.simplify import simplify
from warp2hdl.ir import LutNetwork


def node_values(nodes, inputs):
    """Every signal of `Nodes` for one sample, in plain Python."""
    values = [0, *inputs]
    for fanins, arity, table in zip(nodes.fanins, nodes.arities, nodes.tables, strict=True):
        address = sum(values[f] << j for j, f in enumerate(fanins[:arity]))
        values.append(int(table) >> address & 1)
    return values


def assert_same(network, transform):
    nodes, varying, ones = simplify(network)
    nodes = transform(nodes)
    rng = np.random.default_rng(0)
    for _ in range(8):
        inputs = rng.integers(0, 2, network.inputs).tolist()
        expected = np.array(network_values(network, inputs), np.int64)[network.outputs]
        found = ones.astype(np.int64)
        found[varying] = np.array(node_values(nodes, inputs))[nodes.outputs]
        assert np.array_equal(found, expected)
    return nodes


def assert_normal(nodes, network):
    """Nothing is left that could be had for nothing."""
    own = np.arange(nodes.first, nodes.signals)
    read = np.arange(6) < nodes.arities[:, None]
    assert ((nodes.fanins > 0) == read).all()
    assert (nodes.fanins < own[:, None]).all()
    assert np.isin(own, np.concatenate([nodes.fanins.ravel(), nodes.outputs])).all()
    for arity in range(1, 7):
        rows = nodes.arities == arity
        for j in range(arity):
            assert tt.depends(nodes.tables[rows], j, arity).all()
    wires = own[nodes.arities == 1]  # inverters of outputs alone
    assert (nodes.tables[nodes.arities == 1] == 1).all()
    assert not np.isin(wires, nodes.fanins).any()


@settings(deadline=None, max_examples=40)
@given(circuit=circuits())
def test_random_networks(circuit):
    nodes = assert_same(circuit.network, lambda nodes: nodes)
    assert_normal(nodes, circuit.network)


@settings(deadline=None, max_examples=40)
@given(circuit=circuits())
def test_cover_of_random_networks(circuit):
    assert_same(circuit.network, cover)


@pytest.mark.parametrize("layers", [[(60, 2)] * 4, [(40, 2), (30, (2, 3)), (50, 2)]])
@pytest.mark.parametrize("seed", range(6))
def test_cover_makes_fewer_nodes_of_at_most_three_inputs(layers, seed):
    network = random_network(np.random.default_rng(seed), inputs=30, layers=layers)
    before = simplify(network)[0]
    after = assert_same(network, cover)
    assert len(after.tables) < len(before.tables)
    assert after.arities.max() == 3


def test_a_chain_of_inverters_vanishes():
    offsets = np.arange(6, dtype=np.int64)
    fanins = np.array([0, 1, 2, 3, 4], np.int32)
    network = LutNetwork(1, offsets, fanins, np.full(5, 1, np.uint64), np.array([5, 4], np.int32))
    nodes, varying, ones = simplify(network)
    assert varying.all()
    assert not ones.any()
    assert nodes.arities.tolist() == [1]  # an odd number of them is one
    assert nodes.outputs.tolist() == [2, 1]


def test_random_gates_shrink():
    network = random_circuit(50, (400, 400, 400), 2, 10, 0).network
    nodes = simplify(network)[0]
    assert len(nodes.tables) < 950
    assert len(cover(nodes).tables) < 0.9 * len(nodes.tables)
