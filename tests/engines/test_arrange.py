import numpy as np
import pytest
from hypothesis import given, settings

from tests.circuits import random_network
from tests.engines.cases import circuits
from tests.engines.test_simplify import assert_same
from warp2hdl.engines.arrange import arrange
from warp2hdl.engines.simplify import simplify
from warp2hdl.kernels import simd_pairs


@settings(deadline=None, max_examples=40)
@given(circuit=circuits())
def test_nodes_compute_the_same(circuit):
    assert_same(circuit.network, arrange)


def pairs_in(nodes, arity):
    rows = nodes.arities == arity
    parts = nodes.tables[rows].view(np.uint16).reshape(-1, 4)[:, : 1 << (arity - 4)]
    return (simd_pairs.pairs()[parts, 0] != simd_pairs.NONE).sum(axis=1)


@pytest.mark.parametrize("arity", [5, 6])
def test_there_are_more_pairs_and_never_fewer(arity):
    network = random_network(np.random.default_rng(0), inputs=20, layers=[(300, arity)])
    before = simplify(network)[0]
    after = arrange(before)
    assert (pairs_in(after, arity) >= pairs_in(before, arity)).all()
    assert pairs_in(after, arity).mean() > pairs_in(before, arity).mean() + 0.4
