import numpy as np
import pytest

from tests.backends.graph_values import all_inputs, evaluate
from warp2hdl.backends.encoder import build_comparator
from warp2hdl.backends.graph import Graph


@pytest.mark.parametrize("lut_inputs", [4, 6])
@pytest.mark.parametrize("bits", [1, 3, 6, 7, 9])
def test_every_threshold_at_every_word(bits, lut_inputs):
    graph, words = Graph(bits), np.arange(1 << bits)
    thresholds = range(1, 1 << bits)
    found = [build_comparator(graph, "x", range(bits), threshold, lut_inputs) for threshold in thresholds]
    # The bits are ordered by threshold: as many are 1 as the word says.
    values = [evaluate(graph, all_inputs(bits), found[i : i + 60]) for i in range(0, len(found), 60)]
    expected = [(1 << np.clip(words - i, 0, min(60, len(found) - i))) - 1 for i in range(0, len(found), 60)]
    assert all(map(np.array_equal, values, expected))
    assert all(len(node.fanins) <= lut_inputs for node in graph.nodes)
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)


@pytest.mark.parametrize("threshold", [1, 0x8000, 40_000, 65_535])
def test_wide_words(threshold):
    graph = Graph(16)
    found = build_comparator(graph, "x", range(16), threshold, 6)
    words = np.array([0, 1, threshold - 1, threshold, 65_535])
    x = (words[:, None] >> np.arange(16) & 1).astype(bool)
    assert evaluate(graph, x, [found]).tolist() == (words >= threshold).tolist()


def test_trailing_zeros_are_not_read():
    graph = Graph(8)
    assert build_comparator(graph, "x", range(8), 128, 6) == 7
    build_comparator(graph, "x", range(8), 64, 6)
    assert [(node.name, node.fanins, node.table) for node in graph.nodes] == [("x_ge_64", (6, 7), 0b1110)]


def test_comparators_of_a_feature_share_their_low_bits():
    graph = Graph(8)
    for threshold in (3, 11, 43, 203):
        build_comparator(graph, "x", range(8), threshold, 6)
    assert [node.name for node in graph.nodes] == ["x__low3_ge_3", "x_ge_3", "x_ge_11", "x_ge_43", "x_ge_203"]
