import numpy as np

from tests.circuits import random_circuit
from tests.passes.cases import AND, OR, all_words, circuit, nodes_of
from warp2hdl.ir import scores, verify
from warp2hdl.passes.unseen import Unseen, address_counts


def test_addresses_are_counted() -> None:
    before = circuit(2, [((0, 1), AND)], [[2], [2]])
    words = np.array([[0, 0], [9, 0], [9, 0], [9, 9]], np.uint8)
    counts = address_counts(before, words)
    assert counts[0, :4].tolist() == [1, 2, 0, 1] and counts.sum() == 4


def test_an_address_that_no_sample_brings_about_is_free() -> None:
    before = circuit(2, [((0, 1), AND)], [[2], [0]])
    after = Unseen(np.array([[0, 0], [9, 0], [9, 9]], np.uint8))(before)
    assert nodes_of(after) == [([1], 0b10)]


def test_rare_addresses_are_free_where_asked_for() -> None:
    words = np.array([[0, 0]] * 9 + [[9, 0]] * 9 + [[0, 9]] + [[9, 9]] * 9, np.uint8)
    before = circuit(2, [((0, 1), OR)], [[2], [0]])
    assert Unseen(words)(before) is before
    assert nodes_of(Unseen(words, most=1)(before)) == [([0], 0b10)]


def test_on_the_samples_nothing_changes() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        before = random_circuit(
            rng, features=3, feature_bits=3, layers=[(20, (1, 2, 3, 6)), (20, (2, 4))], classes=3, skips=seed % 2 == 0
        )
        words = rng.permutation(all_words(before))[:70]
        after = Unseen(words)(before)
        verify(after)
        assert len(after.network.fanins) < len(before.network.fanins)
        np.testing.assert_array_equal(scores(after, words), scores(before, words))
