import numpy as np
import pytest

from tests.backends.simulate import pack, run_block
from warp2hdl.backends.popcount import CompressorBlock, PopcountBlock, tree_levels


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_compressors_count_every_input(size):
    block = CompressorBlock(size)
    x = (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(bool)
    assert run_block(block, "x", pack(x, 1), "count") == block.evaluate(x).tolist() == x.sum(axis=1).tolist()


@pytest.mark.parametrize(
    ("size", "bias", "levels"),
    [(0, 5, 0), (1, 0, 1), (6, 0, 1), (6, 1, 2), (7, 0, 2), (12, 3, 3), (24, 0, 3), (30, 9, 4)],
)
def test_tree_levels(size, bias, levels):
    assert tree_levels(size, bias) == levels


@pytest.mark.parametrize("size", [1, 5, 6, 7, 13, 30, 50])
@pytest.mark.parametrize("bias", [0, 1, 40])
def test_hardware_equals_evaluate(size, bias):
    rng = np.random.default_rng(size)
    x = rng.integers(0, 2, (40, size)).astype(bool)
    x[:2] = [[False], [True]]
    levels = tree_levels(size, bias) + size % 2  # odd sizes wait a level for longer trees
    for cuts in ([False] * levels, [True] * levels, [i % 2 == 1 for i in range(levels)]):
        block = PopcountBlock(size, bias, cuts)
        expected = (x.sum(axis=1) + bias).tolist()
        assert block.evaluate(x).tolist() == expected
        assert run_block(block, "x", pack(x, 1), "count", sum(cuts)) == expected
