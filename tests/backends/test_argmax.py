from itertools import pairwise

import numpy as np
import pytest

from tests.backends.graph_values import all_inputs, evaluate
from warp2hdl.backends.argmax import build_argmax, shapes
from warp2hdl.backends.graph import ONE, ZERO, Graph


def make(widths, lut_inputs=6):
    graph = Graph(sum(widths))
    lsb = np.cumsum([0, *widths])
    bits = [list(range(a, b)) for a, b in pairwise(lsb)]
    return graph, build_argmax(graph, bits, lut_inputs)


def scores_of(x, widths):
    lsb = np.cumsum([0, *widths])
    return np.stack([x[:, a:b] @ (1 << np.arange(b - a)) for a, b in pairwise(lsb)], axis=1)


@pytest.mark.parametrize("lut_inputs", [4, 6])
@pytest.mark.parametrize("widths", [(7, 7), (4, 2), (4, 3, 5), (3, 3, 3, 3), (2, 1, 3, 2, 2), (1,) * 12, (2,) * 6])
def test_every_input_of_small_ones(widths, lut_inputs):
    graph, index = make(widths, lut_inputs)
    x = all_inputs(sum(widths))
    assert np.array_equal(evaluate(graph, x, index), scores_of(x, widths).argmax(axis=1))


@pytest.mark.parametrize("lut_inputs", [4, 6])
@pytest.mark.parametrize(("classes", "bits"), [(10, 4), (10, 5), (10, 8), (13, 3), (33, 2), (100, 3)])
def test_many_classes_and_the_lowest_index_wins_ties(classes, bits, lut_inputs):
    rng = np.random.default_rng(classes)
    graph, index = make((bits,) * classes, lut_inputs)
    x = rng.random((2000, classes * bits)) < 0.8
    scores = scores_of(x, (bits,) * classes)
    assert ((scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1).mean() > 0.2
    assert np.array_equal(evaluate(graph, x, index), scores.argmax(axis=1))


def test_constant_scores():
    graph = Graph(2)
    index = build_argmax(graph, [[ONE], [0, 1], [], [ZERO, ONE]], 6)
    x = all_inputs(2)
    assert evaluate(graph, x, index).tolist() == [3, 3, 1, 1]


@pytest.mark.parametrize(
    ("classes", "bits", "most"), [(2, 5, 2), (3, 5, 8), (4, 5, 14), (5, 5, 23), (10, 5, 55), (10, 4, 52)]
)
def test_lookups(classes, bits, most):
    graph, index = make((bits,) * classes)
    assert len(graph.reaching(index)) <= most


def test_shapes_end_with_one_and_miss_no_class():
    for classes in (2, 5, 11, 40):
        for shape in shapes(classes, 4):
            left = classes
            for sizes in shape:
                assert sum(sizes) == left and max(sizes) <= 4
                left = len(sizes)
            assert left == 1
