import pytest
import torch

from warp2hdl.nn import wiring


@pytest.mark.parametrize(
    ("inputs", "nodes", "arity"), [(10, 5, 2), (7, 100, 6), (6, 40, 6), (784, 1000, 4), (100, 10, 3)]
)
def test_random_fanins_are_balanced_and_distinct(inputs, nodes, arity):
    fanins = wiring.random_fanins(inputs, nodes, arity, torch.Generator().manual_seed(0))
    assert fanins.shape == (nodes, arity)
    assert fanins.dtype == torch.int32
    fan_out = torch.bincount(fanins.flatten(), minlength=inputs)
    assert fan_out.max() - fan_out.min() <= 1
    assert all(len(set(row)) == arity for row in fanins.tolist())


def test_more_inputs_per_node_than_signals():
    fanins = wiring.random_fanins(2, 10, 5)
    assert fanins.min() >= 0
    assert fanins.max() <= 1


def test_same_seed_same_wiring():
    first, second = (wiring.random_candidates(50, 10, 3, 8, torch.Generator().manual_seed(4)) for _ in range(2))
    assert first.shape == (10, 3, 8)
    assert torch.equal(first, second)
