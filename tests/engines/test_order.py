import numpy as np
import pytest

from warp2hdl.engines.order import by_common_fanins


def misses(fanins, room):
    """How many signals are fetched if the last `room` of them stay at hand."""
    near, fetched = {}, 0
    for signal in fanins.ravel().tolist():
        fetched += signal not in near
        near.pop(signal, None)
        near[signal] = True
        if len(near) > room:
            del near[next(iter(near))]
    return fetched


@pytest.mark.parametrize(("arity", "gain"), [(4, 0.9), (6, 0.85)])
def test_fewer_signals_are_fetched(arity, gain):
    rng = np.random.default_rng(arity)
    fanins = np.stack([rng.permutation(1000) for _ in range(arity)], axis=1)
    along = fanins[np.argsort(fanins.min(axis=1))]
    order = by_common_fanins(along)
    assert np.array_equal(np.sort(order), np.arange(1000))
    assert misses(along[order], 150) < gain * misses(along, 150)


def test_nodes_that_share_nothing_stay_as_they_are():
    fanins = np.arange(400).reshape(100, 4)
    assert np.array_equal(by_common_fanins(fanins), np.arange(100))


def test_nodes_of_one_neighbourhood_come_together():
    block = np.arange(60) % 3
    fanins = 4 * block[:, None] + np.arange(4)
    found = block[by_common_fanins(fanins)]
    assert (np.diff(found) != 0).sum() == 2


def test_no_nodes():
    assert len(by_common_fanins(np.zeros((0, 5), np.int32))) == 0
