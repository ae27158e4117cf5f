import pytest
import torch

from warp2hdl.nn.butterfly import stages
from warp2hdl.nn.wiring import structured_fanins


def _reached(widths, arity, first_stage=0):
    """Which inputs each node of the last layer depends on: bool `[widths[-1], widths[0]]`."""
    seen = torch.eye(widths[0], dtype=torch.bool)
    for index, nodes in enumerate(widths[1:]):
        seen = seen[structured_fanins(len(seen), nodes, arity, first_stage + index).long()].any(1)
    return seen


@pytest.mark.parametrize(
    ("width", "arity", "count"), [(8, 2, 3), (9, 2, 4), (64, 4, 3), (65, 4, 4), (1, 2, 1), (784, 6, 4)]
)
def test_stages(width, arity, count):
    assert stages(width, arity) == count


@pytest.mark.parametrize("first_stage", [0, 1, 2])
@pytest.mark.parametrize("arity", range(2, 7))
@pytest.mark.parametrize("width", [6, 7, 8, 9, 27, 36, 50, 64, 100])
def test_every_node_sees_every_input_after_log_k_layers(width, arity, first_stage):
    assert _reached([width] * (stages(width, arity) + 1), arity, first_stage).all()


def test_no_fewer_layers_do():
    assert not _reached([64] * 6, 2).all()
    assert _reached([64] * 7, 2).all()


def test_other_widths():
    assert _reached([784, 1000, 1000, 1000, 1000, 1000], 6).all()
    assert _reached([256, 128, 64, 32, 16, 8, 4, 2, 1], 2).all()


@pytest.mark.parametrize("inputs", [6, 7, 12, 50])
@pytest.mark.parametrize("arity", [1, 2, 3, 6])
def test_fan_out_is_balanced_and_inputs_distinct(inputs, arity):
    for nodes in (1, 5, 6, 7, 30, 50, 99, 113):
        for stage in (0, 1, 4):
            fanins = structured_fanins(inputs, nodes, arity, stage)
            assert fanins.shape == (nodes, arity)
            counts = torch.bincount(fanins.flatten(), minlength=inputs)
            assert counts.max() - counts.min() <= 1
            assert all(len(set(row)) == arity for row in fanins.tolist())


def test_a_wide_layer_reads_other_sets_in_every_round():
    fanins = structured_fanins(784, 8000, 2, 0)
    assert len({frozenset(row) for row in fanins.tolist()}) == 8000


def test_fewer_inputs_than_a_node_reads():
    fanins = structured_fanins(2, 5, 4, 0)
    assert fanins.shape == (5, 4)
    assert sorted(fanins.unique().tolist()) == [0, 1]
