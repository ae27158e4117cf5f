import numpy as np

from tests.passes.cases import AND, NOT, all_scores, circuit
from warp2hdl.ir import classify, scores
from warp2hdl.passes import CancelledVotes, CommonVotes


def test_a_signal_and_its_complement_count_one() -> None:
    # Class 0 counts x0 twice and NOT x0 once, class 1 the complement alone.
    before = circuit(1, [((0,), NOT)], [[0, 1, 0], [1]])
    after = CancelledVotes()(before)
    assert after.network.outputs.tolist() == [0, 1]
    assert after.groups.bias.tolist() == [1, 0]
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_votes_in_different_classes_do_not_cancel() -> None:
    before = circuit(1, [((0,), NOT)], [[0], [1]])
    assert CancelledVotes()(before) is before


def test_what_every_class_counts_goes() -> None:
    before = circuit(2, [((0, 1), AND)], [[0, 2], [2, 1], [2, 2]])
    after = CommonVotes()(before)
    assert [after.network.outputs.tolist(), after.groups.offsets.tolist()] == [[0, 1, 2], [0, 1, 2, 3]]


def test_a_signal_of_most_classes_counts_against_the_others() -> None:
    before = circuit(2, [], [[0], [0], [1, 1]])
    after = CommonVotes()(before)
    # x0 in classes 0 and 1 is as good as NOT x0 in class 2.
    assert after.groups.offsets.tolist() == [0, 0, 0, 3]
    words = np.array([[a, b] for a in range(16) for b in range(16)], np.uint8)
    np.testing.assert_array_equal(classify(after, words), classify(before, words))
    assert scores(after, words).min() == 0


def test_the_bias_that_all_have_goes() -> None:
    before = circuit(1, [((), 1)], [[0], [0]])
    biased = type(before)(
        before.encoder, before.network, type(before.groups)(before.groups.offsets, np.array([3, 5])), before.metadata
    )
    assert CommonVotes()(biased).groups.bias.tolist() == [0, 2]
