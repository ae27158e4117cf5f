"""Logic against a circuit: proven equal, different with an input that shows it, or undecided."""

import dataclasses

import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl import passes
from warp2hdl.cli.random_circuit import random_circuit as deep_circuit
from warp2hdl.formal import abc
from warp2hdl.formal.circuits import compare_circuits
from warp2hdl.formal.deadline import Deadline
from warp2hdl.formal.equal import Side, compare, first_difference
from warp2hdl.formal.graph import Graph
from warp2hdl.formal.match import find_votes
from warp2hdl.formal.reference import add_class, add_signals, add_sum, input_bits, votes_of, weigh
from warp2hdl.formal.samples import choose
from warp2hdl.ir import interpret
from warp2hdl.ir.circuit import Circuit, LutNetwork


def circuit_of(seed, **options):
    settings = {"features": 6, "feature_bits": 4, "layers": [(40, (2, 4, 6)), (30, (3, 5))], "classes": 3}
    return random_circuit(np.random.default_rng(seed), **settings | options)


def side_of(circuit, *, tree=False, scores=True):
    """The logic of a circuit; with `tree` its votes are added in another order."""
    graph = Graph(input_bits(circuit.encoder))
    weighed = weigh(votes_of(circuit, add_signals(graph, circuit)), circuit.groups)
    if tree:
        weighed = [dataclasses.replace(s, votes=dict(reversed(s.votes.items()))) for s in weighed]
    words = [add_sum(graph, score, circuit.groups.score_bits) for score in weighed]
    return Side(graph, add_class(graph, words, circuit.groups.class_bits), words if scores else None)


def with_tables(circuit, tables):
    """The circuit with other tables."""
    old = circuit.network
    network = LutNetwork(old.inputs, old.fanin_offsets, old.fanins, tables, old.outputs)
    return Circuit(circuit.encoder, network, circuit.groups, circuit.metadata)


def samples_of(circuit):
    return choose(circuit.encoder, None, 256)


@pytest.mark.parametrize("scores", [True, False])
@pytest.mark.parametrize("seed", [1, 2])
def test_other_order_of_votes_is_proven(seed, scores):
    circuit = circuit_of(seed)
    found = compare(side_of(circuit, tree=True, scores=scores), circuit, samples_of(circuit), Deadline(60))
    assert found.equivalent is True and found.words is None


def test_circuit_with_everything_is_proven():
    for seed in range(3):
        circuit = circuit_of(
            seed, skips=True, layers=[(12, (0, 1, 2, 3)), (12, (2, 4))], feature_bits=[1, 2, 3, 4, 8, 16]
        )
        found = compare(side_of(circuit, tree=True), circuit, samples_of(circuit), Deadline(60))
        assert found.equivalent is True


def test_difference_is_shown():
    """One entry of one table is wrong; it shows in the samples, or the solver finds it."""
    circuit = circuit_of(5, layers=[(24, 6)], features=12)
    words = choose(circuit.encoder, None, 2000)
    solved = 0
    for entry in range(8):
        tables = circuit.network.tables.copy()
        tables[entry] ^= np.uint64(1 << 7 * entry)
        other = with_tables(circuit, tables)
        right = (interpret.scores(circuit, words) == interpret.scores(other, words)).all(axis=1)
        wrong = side_of(other)
        found = compare(wrong, circuit, words[right][:256], Deadline(60))
        if found.equivalent is False:
            solved += 1
            assert first_difference(wrong, circuit, found.words) is not None
        assert found.equivalent is not None
        assert found.equivalent is False or right.all()
    assert solved >= 4


def test_limit_leaves_it_undecided():
    circuit = circuit_of(1)
    side = side_of(circuit, tree=True)
    found = compare(dataclasses.replace(side, scores=None), circuit, samples_of(circuit), Deadline(0))
    assert found.equivalent is None and found.words is None


def test_votes_that_are_there_are_found():
    circuit = circuit_of(3)
    graph = Graph(input_bits(circuit.encoder))
    votes = votes_of(circuit, add_signals(graph, circuit))
    size = graph.variables
    assert find_votes(graph, circuit, samples_of(circuit)) == votes
    assert graph.variables == size


def test_circuits_are_compared_by_scores_or_by_class():
    circuit = circuit_of(4, layers=[(20, 3), (12, 4)])
    network, groups = circuit.network, circuit.groups
    shift = np.int64(2)
    shifted = Circuit(circuit.encoder, network, dataclasses.replace(groups, bias=groups.bias + shift), circuit.metadata)
    assert compare_circuits(circuit, circuit, with_scores=True).equivalent is True
    assert compare_circuits(circuit, shifted, with_scores=False).equivalent is True
    assert compare_circuits(circuit, shifted, with_scores=True).equivalent is False
    tables = network.tables.copy()
    tables[25] ^= np.uint64(1)
    other = with_tables(circuit, tables)
    found = compare_circuits(circuit, other, with_scores=True)
    if found.words is not None:
        assert (interpret.scores(circuit, found.words) != interpret.scores(other, found.words)).any()
    assert found.equivalent is (found.words is None)


def test_shared_counts_are_proven_without_a_solver(monkeypatch):
    """The pipeline gives scores other votes; their sums are compared, not searched for a difference."""
    circuit = deep_circuit(100, [40, 40, 40], 2, 4, seed=1)
    after, reports = passes.run(circuit, "area")
    assert any(each.name == "sums" and each.nodes_after != each.nodes_before for each in reports)
    monkeypatch.setattr(abc, "solve", None)
    assert compare_circuits(circuit, after, with_scores=True).equivalent is True
    monkeypatch.undo()
    tables = after.network.tables.copy()
    tables[-1] ^= np.uint64(0b1000)
    found = compare_circuits(circuit, with_tables(after, tables), deadline=Deadline(5), with_scores=True)
    assert found.words is not None


def test_votes_are_found_where_only_impossible_addresses_differ():
    """Both inputs look at one feature: it cannot reach the higher threshold alone."""
    circuit = circuit_of(0, features=2, layers=[(6, 2)], classes=2, encoder_bits=8)
    encoder = dataclasses.replace(
        circuit.encoder,
        bit_feature=np.zeros(2, np.int32),
        bit_threshold=np.array([5, 9], np.uint32),
    )
    fanins = np.tile(np.array([0, 1], np.int32), 6)
    old = circuit.network
    tables = np.array([0b0001, 0b0010, 0b1000, 0b1011, 0b1010, 0b1001], np.uint64)
    both = [
        Circuit(
            encoder, LutNetwork(2, old.fanin_offsets, fanins, t, np.arange(2, 8, dtype=np.int32)), circuit.groups, m
        )
        for t, m in ((tables, circuit.metadata), (tables ^ np.uint64(0b0100), circuit.metadata))
    ]
    graph = Graph(input_bits(encoder))
    votes = votes_of(both[0], add_signals(graph, both[0]))
    size = graph.variables
    find_votes(graph, both[1], samples_of(both[1]), [v >> 1 for v in votes])
    assert graph.variables == size
    assert compare_circuits(*both, with_scores=True).equivalent is True
