from tests.passes.cases import AND, OR, WIRE, circuit, nodes_of
from warp2hdl.passes import Dead
from warp2hdl.passes.dead import live_signals

step = Dead()


def test_unread_nodes_and_what_only_they_read_go() -> None:
    nodes = [((0, 1), AND), ((2,), WIRE), ((3, 4), OR), ((2, 0), OR)]
    after = step(circuit(3, nodes, [[6], [6]]))
    # Left: x0 and x2, and the last node.
    assert nodes_of(after) == [([1, 0], OR)]
    assert after.network.inputs == 2
    assert after.network.outputs.tolist() == [2, 2]


def test_unread_comparators_go_and_their_features_stay() -> None:
    after = step(circuit(3, [], [[1], [1]]))
    assert after.encoder.bit_feature.tolist() == [1]
    assert after.encoder.features == 3


def test_a_circuit_without_outputs_loses_everything() -> None:
    after = step(circuit(2, [((0, 1), AND)], [[], []]))
    assert (after.network.nodes, after.encoder.bits) == (0, 0)


def test_what_is_read_is_left_alone() -> None:
    before = circuit(2, [((1, 0), AND)], [[2], [0]])
    assert step(before) is before
    assert live_signals(before.network).all()
