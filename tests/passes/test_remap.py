import numpy as np

from tests.circuits import random_circuit
from tests.passes.cases import AND, OR, XOR, all_scores, circuit
from warp2hdl.ir import Circuit
from warp2hdl.passes import RemapArea, RemapDepth
from warp2hdl.passes.base import look_ups


def _wide() -> Circuit:
    return random_circuit(
        np.random.default_rng(0), features=4, feature_bits=4, layers=[(40, 2), (40, 2), (40, 2)], classes=4
    )


def test_area_saves_look_ups_and_keeps_the_scores() -> None:
    before = _wide()
    after = RemapArea()(before)
    assert look_ups(after.network) < look_ups(before.network)
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_depth_saves_levels_and_keeps_the_scores() -> None:
    before = _wide()
    after = RemapDepth()(before)
    assert after.network.depth < before.network.depth
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_the_arity_is_kept() -> None:
    assert RemapArea(arity=3)(_wide()).network.arities.max() <= 3


def test_what_cannot_be_better_stays_the_same_object() -> None:
    before = circuit(3, [((0, 1), AND), ((1, 2), OR), ((0, 2), XOR)], [[3, 4], [5]])
    assert RemapArea()(before) is before
    assert RemapDepth()(before) is before
