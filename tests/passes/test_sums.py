import numpy as np

from tests.passes.cases import AND, OR, XOR, all_scores, circuit, nodes_of
from warp2hdl.passes import Dead, Sums
from warp2hdl.passes.ballot import Ballot


def test_three_votes_of_two_inputs_become_sum_and_carry() -> None:
    before = circuit(7, [((0, 1), AND), ((2, 3), OR), ((4, 5), XOR)], [[7, 8, 9], [6]])
    after = Dead()(Sums()(before))
    assert after.network.arities.tolist() == [6, 6]
    ballot = Ballot.of(after)
    assert sorted(zip(ballot.classes.tolist(), ballot.weights.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 1)]
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_a_sum_that_is_always_the_same_becomes_a_bias() -> None:
    # x AND y, x XOR y and NOT (x OR y): one of them is 1.
    before = circuit(2, [((0, 1), AND), ((0, 1), XOR), ((0, 1), 0b0001)], [[2, 3, 4], [0]])
    after = Dead()(Sums()(before))
    assert nodes_of(after) == []
    assert after.groups.bias.tolist() == [1, 0]


def test_votes_that_others_need_stay() -> None:
    nodes = [((0, 1), AND), ((2, 3), OR), ((4, 5), XOR)]
    before = circuit(7, nodes, [[7, 8, 9], [7, 8, 9, 6]])
    assert Sums()(before) is before


def test_many_votes_of_few_inputs() -> None:
    nodes = [((0, 1), table) for table in (AND, OR, XOR, 0b0100, 0b1101)]
    before = circuit(3, nodes, [[3, 4, 5, 6, 7], [2]])
    after = Dead()(Sums()(before))
    assert after.network.nodes <= 3
    np.testing.assert_array_equal(all_scores(after), all_scores(before))
