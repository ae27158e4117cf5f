"""And-inverter graphs: what is built is what is meant, and files keep it."""

import itertools

import numpy as np
import pytest

from warp2hdl.errors import FormatError
from warp2hdl.formal.graph import FALSE, TRUE, Graph, decode
from warp2hdl.formal.samples import pack_bits, values_of


def all_inputs(count):
    return np.array(list(itertools.product([0, 1], repeat=count)), np.bool_)[:, ::-1]


def values(graph, literals):
    bits = all_inputs(graph.inputs)
    return values_of(graph.simulate(pack_bits(bits)), literals, len(bits)).astype(np.int64)


def number(bits):
    return bits @ (1 << np.arange(bits.shape[1]))


def test_words_add_and_compare():
    graph = Graph(8)
    a, b = [graph.input(i) for i in range(4)], [graph.input(i) for i in range(4, 8)]
    total, less, equal = graph.add(a, b), graph.less(a, b), graph.equal(a, b)
    least = [graph.at_least(a, constant) for constant in range(16)]
    x = np.arange(256) % 16
    y = np.arange(256) // 16
    assert np.array_equal(number(values(graph, total)), (x + y) % 16)
    assert np.array_equal(values(graph, [less, equal]), np.stack([x < y, x == y], axis=1))
    assert np.array_equal(values(graph, least), x[:, None] >= np.arange(16))


@pytest.mark.parametrize("arity", [0, 1, 3, 6])
def test_lookup_is_the_bit_at_the_address(arity):
    table = int(np.random.default_rng(arity).integers(0, 1 << 62)) & ((1 << (1 << arity)) - 1)
    graph = Graph(6)
    found = graph.lookup(table, [graph.input(j) for j in range(arity)])
    addresses = np.arange(64) % (1 << arity)
    assert values(graph, [found])[:, 0].tolist() == [table >> int(a) & 1 for a in addresses]


def test_operators_fold_constants_and_repetitions():
    graph = Graph(2)
    a, b = graph.input(0), graph.input(1)
    assert graph.conjunction(a, a ^ 1) == FALSE and graph.conjunction(a, TRUE) == a == graph.conjunction(a, a)
    assert graph.conjunction(a, b) == graph.conjunction(b, a)
    assert graph.choice(a, b, b) == b and graph.parity(a, a) == FALSE and graph.parity(a, a ^ 1) == TRUE


def test_file_keeps_the_graph():
    graph = Graph(7)
    literals = graph.add([graph.input(i) for i in range(3)], [graph.input(i) for i in range(3, 6)])
    literals += [FALSE, TRUE, graph.input(6) ^ 1]
    again, outputs = decode(graph.encode(literals))
    assert np.array_equal(values(again, outputs), values(graph, literals))


@pytest.mark.parametrize("data", [b"", b"aag 1 1 0 0 0\n", b"aig 1 0 1 0 0\n", b"aig 3 1 0 1 2\n6\n\x02"])
def test_damaged_file_is_refused(data):
    with pytest.raises(FormatError, match="AIGER"):
        decode(data)


def test_copy_stands_on_given_leaves():
    graph = Graph(3)
    a, b, c = map(graph.input, range(3))
    top = graph.conjunction(graph.parity(a, b), c)
    other = Graph(2)
    place = {graph.parity(a, b) >> 1: other.input(0) ^ (graph.parity(a, b) & 1), c >> 1: other.input(1)}
    assert other.copy(graph, [top], place) == [other.conjunction(other.input(0), other.input(1))]
    with pytest.raises(KeyError):
        other.copy(graph, [top], {})
