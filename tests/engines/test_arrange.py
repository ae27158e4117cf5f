import numpy as np
import pytest
from hypothesis import given, settings

from tests.circuits import random_network
from tests.engines.cases import circuits
from tests.engines.test_simplify import assert_same
from warp2hdl.engines.arrange import arrange
from warp2hdl.engines.simplify import simplify
from warp2hdl.kernels import simd_joins


@settings(deadline=None, max_examples=40)
@given(circuit=circuits())
def test_nodes_compute_the_same(circuit):
    assert_same(circuit.network, arrange)


def instructions(nodes, arity):
    return simd_joins.costs(nodes.tables[nodes.arities == arity], arity)[:, 0].astype(int)


@pytest.mark.parametrize(("arity", "fewer"), [(5, 0.4), (6, 0.8)])
def test_trees_are_cheaper_and_never_dearer(arity, fewer):
    network = random_network(np.random.default_rng(0), inputs=20, layers=[(300, arity)])
    before = simplify(network)[0]
    after = arrange(before)
    assert (instructions(after, arity) <= instructions(before, arity)).all()
    assert instructions(after, arity).mean() < instructions(before, arity).mean() - fewer
