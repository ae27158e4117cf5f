import math

import pytest
import torch

from warp2hdl.errors import ConfigError
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


def _fan_out(fanins, inputs):
    counts = torch.bincount(fanins.flatten(), minlength=inputs)
    return (counts.max() - counts.min()).item()


@pytest.mark.parametrize(("inputs", "arity"), [(1, 1), (4, 2), (5, 3), (6, 6), (7, 4), (7, 1)])
def test_unique_fanins_for_every_number_of_nodes_that_there_can_be(inputs, arity):
    generator = torch.Generator().manual_seed(0)
    for nodes in range(1, math.comb(inputs, arity) + 1):
        fanins = wiring.unique_fanins(inputs, nodes, arity, generator)
        assert fanins.shape == (nodes, arity)
        assert fanins.dtype == torch.int32
        assert len({frozenset(row) for row in fanins.tolist()}) == nodes
        assert all(len(set(row)) == arity for row in fanins.tolist())
        assert _fan_out(fanins, inputs) <= 1


@pytest.mark.parametrize(("inputs", "nodes", "arity"), [(50, 600, 2), (50, 1000, 2), (20, 3000, 4)])
def test_unique_fanins_of_wide_layers(inputs, nodes, arity):
    fanins = wiring.unique_fanins(inputs, nodes, arity, torch.Generator().manual_seed(1))
    assert len({frozenset(row) for row in fanins.tolist()}) == nodes
    assert _fan_out(fanins, inputs) <= 1
    again = wiring.unique_fanins(inputs, nodes, arity, torch.Generator().manual_seed(1))
    assert torch.equal(fanins, again)


def test_more_nodes_than_sets_of_inputs():
    with pytest.raises(ConfigError) as error:
        wiring.unique_fanins(5, 11, 3)
    assert str(error.value) == (
        "wiring is 'unique', but 5 inputs have only 10 sets of 3 for 11 nodes; make the layer narrower or use 'random'."
    )


def test_kinds_of_fixed_wiring():
    generator = torch.Generator().manual_seed(0)
    for kind in wiring.FIXED:
        fanins = wiring.fixed_fanins(kind, 30, 40, 3, 1, generator)
        assert fanins.shape == (40, 3)
        assert fanins.dtype == torch.int32
        assert _fan_out(fanins, 30) <= 1
    assert wiring.fixed_fanins("structured", 9, 9, 3, 1)[0].tolist() == [0, 3, 6]


def test_same_seed_same_wiring():
    first, second = (wiring.random_candidates(50, 10, 3, 8, torch.Generator().manual_seed(4)) for _ in range(2))
    assert first.shape == (10, 3, 8)
    assert torch.equal(first, second)
