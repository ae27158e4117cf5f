"""Questions to yosys-abc come back right, and a limit ends them."""

import pytest

from warp2hdl.errors import ToolTimeoutError
from warp2hdl.formal import abc
from warp2hdl.formal.graph import Graph
from warp2hdl.formal.reference import Score, add_sum


def sums(votes):
    """One sum of so many bits in two orders."""
    graph = Graph(votes)
    width = votes.bit_length()
    there = add_sum(graph, Score(0, {graph.input(i): 1 for i in range(votes)}), width)
    back = add_sum(graph, Score(0, {graph.input(i): 1 for i in reversed(range(votes))}), width)
    return graph, there, back


def test_satisfiable_comes_with_inputs():
    graph = Graph(3)
    a, b, c = map(graph.input, range(3))
    wanted = graph.conjunction(graph.conjunction(a, b ^ 1), c)
    assert abc.solve(graph, wanted, timeout_seconds=60) == abc.Answer(True, (True, False, True))
    no = graph.conjunction(wanted, graph.parity(a, c))
    assert abc.solve(graph, no, timeout_seconds=60).satisfiable is False
    assert abc.solve(graph, 0, timeout_seconds=60).satisfiable is False
    assert abc.solve(graph, 1, timeout_seconds=60).satisfiable is True


def test_sweeping_merges_what_is_equal():
    graph, there, back = sums(5)
    merged, literals = abc.sweep(graph, [*there, *back], timeout_seconds=60)
    assert literals[:3] == literals[3:] and merged.inputs == 5


def test_zero_is_known_by_its_bdd():
    graph, there, back = sums(40)
    wrong = [graph.parity(a, b) for a, b in zip(there, back, strict=True)]
    assert abc.are_false(graph, wrong, timeout_seconds=60)
    assert not abc.are_false(graph, [*wrong, there[5]], timeout_seconds=60)


def test_time_limit():
    graph, there, back = sums(60)
    wrong = 0
    for a, b in zip(there, back, strict=True):
        wrong = graph.either(wrong, graph.parity(a, b))
    with pytest.raises(ToolTimeoutError, match=r"yosys-abc was stopped after 0\.2 seconds"):
        abc.solve(graph, wrong, timeout_seconds=0.2)
