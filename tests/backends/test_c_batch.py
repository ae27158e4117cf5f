import numpy as np
import pytest

from tests.backends.test_bits import make
from warp2hdl.backends.bits import fabric_network
from warp2hdl.backends.c_batch import assign_slots


@pytest.mark.parametrize("skips", [False, True])
def test_no_slot_is_overwritten_while_it_is_read(skips):
    network = fabric_network(make(5, layers=[(50, (2, 6)), (40, 3), (30, 2)], skips=skips)).network
    slots, count = assign_slots(network)
    assert slots[: network.inputs] == list(range(network.inputs)) and max(slots) < count
    holds = dict(enumerate(range(network.inputs)))
    for n in range(network.nodes):
        for signal in network.fanins[network.fanin_offsets[n] : network.fanin_offsets[n + 1]].tolist():
            assert holds[slots[signal]] == signal
        holds[slots[network.inputs + n]] = network.inputs + n
    for signal in network.outputs.tolist():
        assert holds[slots[signal]] == signal


def test_slots_are_used_again():
    network = fabric_network(make(5, layers=[(60, 3)] * 10)).network
    _, count = assign_slots(network)
    assert count < network.inputs + 150 < network.inputs + network.nodes


def test_slots_of_nothing():
    network = fabric_network(make(layers=[(4, 0)], classes=2)).network
    slots, _ = assign_slots(network)
    assert len(slots) == network.inputs + network.nodes and np.all(network.arities == 0)
