from itertools import product

import numpy as np

from warp2hdl.backends.closure import best_closure


def best_by_trying(weights, needs):
    best = (0, 0, [])
    for chosen in product([False, True], repeat=len(weights)):
        members = [i for i, c in enumerate(chosen) if c]
        if all(chosen[n] for i in members for n in needs[i]):
            worth = sum(weights[i] for i in members)
            best = max(best, (worth, -len(members), members), key=lambda b: b[:2])
    return best


def test_finds_the_smallest_of_the_best():
    rng = np.random.default_rng(0)
    for _ in range(60):
        size = int(rng.integers(1, 10))
        weights = rng.integers(-2, 3, size).tolist()
        needs = [[int(n) for n in np.flatnonzero(row)] for row in rng.random((size, size)) < 0.2]
        assert best_closure(weights, needs) == best_by_trying(weights, needs)[2]


def test_nothing_to_gain():
    assert best_closure([1, -1], [[1], []]) == []
    assert best_closure([], []) == []
