import numpy as np

from tests.passes.cases import AND, NOT, OR, WIRE, XOR, all_scores, circuit, nodes_of
from warp2hdl.passes import Constants

step = Constants()


def test_a_constant_fanin_leaves_its_cofactor() -> None:
    after = step(circuit(1, [((), 1), ((1, 0), AND), ((0, 1), XOR)], [[2], [3]]))
    assert nodes_of(after) == [([], 1), ([0], WIRE), ([0], NOT)]


def test_constants_move_through_many_nodes() -> None:
    # 1 -> NOT -> 0; x AND 0 -> 0; 0 OR 0 -> 0.
    nodes = [((), 1), ((1,), NOT), ((0, 2), AND), ((2, 3), OR), ((0, 4), OR)]
    after = step(circuit(1, nodes, [[5], [5]]))
    assert nodes_of(after) == [([], 1), ([], 0), ([], 0), ([], 0), ([0], WIRE)]


def test_a_table_of_one_value_is_a_constant() -> None:
    after = step(circuit(2, [((0, 1), 0b1111), ((0, 1), 0)], [[2, 3], [0]]))
    assert nodes_of(after) == [([], 1), ([], 0)]
    assert after.network.outputs.tolist() == [0]


def test_constant_outputs_go_to_the_bias_of_their_class() -> None:
    before = circuit(1, [((), 1), ((), 0)], [[1, 0, 1], [2], [2, 1, 0]])
    after = step(before)
    assert after.network.outputs.tolist() == [0, 0]
    assert after.groups.offsets.tolist() == [0, 1, 1, 2]
    assert after.groups.bias.tolist() == [2, 0, 1]
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_all_constant_leaves_only_biases() -> None:
    after = step(circuit(1, [((), 1)], [[1], [1, 1]]))
    assert len(after.network.outputs) == 0
    assert after.groups.bias.tolist() == [1, 2]
    assert (all_scores(after) == [1, 2]).all()
