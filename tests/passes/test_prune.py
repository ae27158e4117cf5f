import numpy as np

from tests.passes.cases import circuit
from warp2hdl.ir import classify, scores, verify
from warp2hdl.passes.prune import Prune

WORDS = np.array([[a, b, c] for a in (0, 9) for b in (0, 9) for c in (0, 9)], np.uint8)


def test_votes_for_noise_go_first() -> None:
    # x0 is the label, x1 and x2 are noise.
    labels = (WORDS[:, 0] >= 8).astype(np.int64)
    before = circuit(3, [((0,), 0b01)], [[3, 3, 1, 2], [0, 0, 1, 2, 2]])
    after = Prune(WORDS, labels, 5)(before)
    verify(after)
    assert set(after.network.outputs.tolist()) == {0, 3}
    assert (classify(after, WORDS) == labels).all()


def test_a_vote_that_goes_leaves_its_mean() -> None:
    labels = (WORDS[:, 0] >= 8).astype(np.int64)
    before = circuit(3, [], [[1, 1, 2, 2], [0, 0, 0, 0]])
    after = Prune(WORDS, labels, 4)(before)
    assert after.network.outputs.tolist() == [0, 0, 0, 0]
    assert after.groups.bias.tolist() == [2, 0]


def test_no_more_votes_go_than_there_are() -> None:
    before = circuit(1, [], [[0], [0]])
    after = Prune(np.array([[0], [9]], np.uint8), np.array([0, 1]), 10)(before)
    assert not len(after.network.outputs)
    assert scores(after, np.array([[3]], np.uint8)).shape == (1, 2)


def test_nothing_asked_for_is_nothing_done() -> None:
    before = circuit(1, [], [[0], [0]])
    assert Prune(WORDS[:, :1], np.zeros(len(WORDS), np.int64), 0)(before) is before
