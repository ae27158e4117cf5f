import numpy as np

from tests.passes.cases import all_scores, circuit
from warp2hdl.passes import SharedCounts
from warp2hdl.passes.ballot import Ballot


def test_six_signals_of_two_classes_are_counted_once() -> None:
    before = circuit(8, [], [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5], [7]])
    after = SharedCounts()(before)
    assert after.network.arities.tolist() == [6, 6, 6]
    ballot = Ballot.of(after)
    assert ballot.classes.tolist() == [0, 0, 0, 0, 1, 1, 1, 2]
    assert ballot.weights.tolist() == [1, 1, 2, 4, 1, 2, 4, 1]
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_the_counts_are_counted_too() -> None:
    shared = list(range(36))
    before = circuit(36, [], [shared, shared])
    after = SharedCounts()(before)
    # 36 bits, six counters, and one each for the six bits of weight 1, 2 and 4.
    assert after.network.nodes == 3 * 9
    assert after.network.depth >= 2
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_weights_count_by_their_binary_digits() -> None:
    before = circuit(6, [], [[*range(6), *range(6)], [*range(6), *range(6)], [0]])
    after = SharedCounts()(before)
    assert sorted(set(Ballot.of(after).weights.tolist())) == [1, 2, 4, 8]
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_less_than_six_are_left_alone() -> None:
    before = circuit(6, [], [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [5]])
    assert SharedCounts()(before) is before
    apart = circuit(6, [], [[0, 1, 2], [3, 4, 5]])
    assert SharedCounts()(apart) is apart
