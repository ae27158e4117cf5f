from tests.passes.cases import AND, NOT, XOR, circuit, nodes_of
from warp2hdl.passes import Inverters

step = Inverters()


def test_a_node_read_through_an_inverter_becomes_its_complement() -> None:
    # Another node reads the AND as well, and takes up the change.
    after = step(circuit(3, [((0, 1), AND), ((3,), NOT), ((2, 3), XOR)], [[4], [5]]))
    assert nodes_of(after)[0] == ([0, 1], 0b0111)
    assert nodes_of(after)[2] == ([2, 3], 0b1001)
    assert after.network.outputs.tolist() == [3, 5]


def test_a_node_that_counts_in_both_phases_keeps_its_inverter() -> None:
    before = circuit(2, [((0, 1), AND), ((2,), NOT)], [[2], [3]])
    assert step(before) is before


def test_encoder_bits_keep_their_inverters() -> None:
    before = circuit(1, [((0,), NOT)], [[0], [1]])
    assert step(before) is before
