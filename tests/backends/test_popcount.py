import numpy as np
import pytest

from tests.backends.graph_values import all_inputs, evaluate
from warp2hdl.backends.compress import Counter
from warp2hdl.backends.graph import ONE, ZERO, Graph
from warp2hdl.backends.popcount import build_popcount, counter_table


@pytest.mark.parametrize("lut_inputs", [4, 6])
@pytest.mark.parametrize("bias", [0, 1, 6, 40])
def test_counts_every_input_of_up_to_nine_votes(bias, lut_inputs):
    for size in range(10):
        graph = Graph(size)
        count = build_popcount(graph, range(size), bias, lut_inputs)
        x = all_inputs(size)
        assert np.array_equal(evaluate(graph, x, count), x.sum(axis=1) + bias)
        assert len(count) == (size + bias).bit_length()


@pytest.mark.parametrize("size", [13, 30, 50, 240])
def test_counts_many_votes(size):
    rng = np.random.default_rng(size)
    x = rng.random((200, size)) < rng.random((200, 1))
    x[:2] = [[False], [True]]
    graph = Graph(size)
    assert np.array_equal(evaluate(graph, x, build_popcount(graph, range(size), 3, 6)), x.sum(axis=1) + 3)


def test_a_vote_that_occurs_often_is_a_bit_of_that_weight():
    votes = [0] * 5 + [1] * 4 + [2] + [ONE, ZERO, ONE] + [3] * 8
    graph, x = Graph(4), all_inputs(4)
    count = build_popcount(graph, votes, 1, 6)
    assert np.array_equal(evaluate(graph, x, count), x @ [5, 4, 1, 8] + 3)
    plain = Graph(1)
    assert build_popcount(plain, [0] * 8, 0, 6) == [ZERO, ZERO, ZERO, 0]
    assert not plain.nodes


def test_a_constant_that_no_carry_reaches_costs_nothing():
    with_bias, without = Graph(5), Graph(5)
    count = build_popcount(with_bias, range(5), 32, 6)
    assert count == [*build_popcount(without, range(5), 0, 6), ZERO, ZERO, ONE]


def test_counter_table():
    assert counter_table(Counter((2, 1, 0), True, 3), 1) == 0b0001_1110


def test_counting_takes_a_lookup_a_bit():
    for size, expected in ((30, 26), (50, 45)):
        graph = Graph(size)
        build_popcount(graph, range(size), 0, 6)
        assert len(graph.nodes) == expected
