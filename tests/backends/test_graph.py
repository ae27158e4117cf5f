import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.backends.graph_values import all_inputs, evaluate
from warp2hdl.backends.graph import ONE, ZERO, Graph, reduce_table


@given(st.data())
def test_reduce_table_keeps_the_function_and_only_what_matters(data):
    arity = data.draw(st.integers(0, 6))
    fanins = data.draw(st.lists(st.sampled_from([ZERO, ONE, 0, 1, 2, 3]), min_size=arity, max_size=arity))
    table = data.draw(st.integers(0, (1 << (1 << arity)) - 1))
    smaller, kept = reduce_table(table, fanins)
    assert len(set(kept)) == len(kept) and all(s >= 0 for s in kept) and smaller < 1 << (1 << len(kept))
    outputs = []
    for values in range(16):
        bits = {ZERO: 0, ONE: 1} | {s: values >> s & 1 for s in range(4)}
        old = sum(bits[s] << j for j, s in enumerate(fanins))
        new = sum(bits[s] << j for j, s in enumerate(kept))
        assert smaller >> new & 1 == table >> old & 1
        outputs.append(table >> old & 1)
    for s in kept:
        assert any(outputs[v] != outputs[v ^ 1 << s] for v in range(16))


def test_equal_lookups_are_one_and_wires_none():
    graph = Graph(3)
    a = graph.add("a", 0b1000, [0, 1])
    assert graph.add("b", 0b1000, [0, 1]) == a
    assert graph.add("c", 0b10, [a]) == a
    assert graph.add("d", 0b1100, [a, 2]) == 2
    assert graph.add("e", 0b1000, [a, ZERO]) == ZERO and graph.add("f", 0b1110, [ONE, 1]) == ONE
    assert [(n.name, n.fanins, n.table) for n in graph.nodes] == [("a", (0, 1), 0b1000)]
    assert graph.levels == [0, 0, 0, 1]


def test_only_what_reaches_an_output_is_reaching():
    graph = Graph(2)
    a = graph.add("a", 0b0110, [0, 1])
    graph.add("b", 0b1000, [a, 0])
    c = graph.add("c", 0b01, [a])
    assert [node.name for node in graph.reaching([c, ONE])] == ["a", "c"]
    assert evaluate(graph, all_inputs(2), [a, c]).tolist() == [2, 1, 1, 2]
    assert np.array_equal(evaluate(graph, all_inputs(2), [ONE, ZERO]), [1] * 4)
