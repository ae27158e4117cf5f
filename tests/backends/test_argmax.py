import numpy as np
import pytest

from tests.backends.simulate import pack, run_block
from warp2hdl.backends.argmax import ArgMaxBlock, tree_levels


@pytest.mark.parametrize(("classes", "levels"), [(2, 1), (3, 2), (4, 2), (5, 3), (10, 4), (100, 7), (128, 7), (129, 8)])
def test_tree_levels(classes, levels):
    assert tree_levels(classes) == levels


@pytest.mark.parametrize("classes", [2, 3, 5, 7, 10, 33, 100])
def test_hardware_equals_evaluate_and_the_lowest_index_wins_ties(classes):
    rng = np.random.default_rng(classes)
    maxima = rng.integers(0, 4, classes)
    scores = rng.integers(0, maxima + 1, (50, classes))
    scores[0] = 0
    best = scores == scores.max(axis=1, keepdims=True)
    assert (best.sum(axis=1) > 1).any()
    levels = tree_levels(classes)
    for cuts in ([False] * levels, [True] * levels, [i % 2 == 0 for i in range(levels)]):
        block = ArgMaxBlock(maxima.tolist(), 5, cuts)
        expected = block.evaluate(scores).tolist()
        assert expected == best.argmax(axis=1).tolist()
        assert run_block(block, "scores", pack(scores, 5), "index", sum(cuts)) == expected
