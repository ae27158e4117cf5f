import numpy as np

from tests.passes.cases import AND, circuit
from warp2hdl.passes.base import keep_bits, keep_outputs, with_network


def test_an_equal_network_gives_the_same_object() -> None:
    before = circuit(2, [((0, 1), AND)], [[2], [0]])
    again = circuit(2, [((0, 1), AND)], [[2], [0]])
    other = circuit(2, [((0, 1), AND)], [[2], [1]])
    assert with_network(before, again.network, again.groups) is before
    assert with_network(before, other.network).network is other.network


def test_groups_follow_their_outputs() -> None:
    before = circuit(1, [], [[0, 0], [], [0, 0, 0]])
    kept = np.array([True, False, False, True, False])
    groups = keep_outputs(before, kept, np.array([False, False, True, False, True]))
    assert groups.offsets.tolist() == [0, 1, 1, 2]
    assert groups.bias.tolist() == [0, 0, 2]


def test_bits_go_and_features_stay() -> None:
    encoder = keep_bits(circuit(3, [], [[0], [1]]).encoder, np.array([False, True, False]))
    assert encoder.bit_feature.tolist() == [1]
    assert encoder.features == 3
