import numpy as np

from tests.passes.cases import AND, NOT, OR, WIRE, XOR, all_scores, circuit, nodes_of
from warp2hdl.passes import Support

step = Support()


def test_an_input_without_effect_goes() -> None:
    # x0 XOR x2 in a table of three inputs.
    table = sum(((a & 1) ^ (a >> 2 & 1)) << a for a in range(8))
    after = step(circuit(3, [((0, 1, 2), table)], [[3], [3]]))
    assert nodes_of(after) == [([0, 2], XOR)]


def test_repeated_fanins_become_one() -> None:
    parity = sum((a.bit_count() & 1) << a for a in range(64))
    after = step(circuit(2, [((1, 0, 1, 0, 1, 0), parity)], [[2], [2]]))
    # Three times x0 and three times x1 are odd in each.
    assert nodes_of(after) == [([0, 1], XOR)]


def test_a_signal_xor_itself_is_a_constant() -> None:
    after = step(circuit(1, [((0, 0), XOR)], [[1], [0]]))
    assert nodes_of(after) == [([], 0)]


def test_wires_are_read_through_in_chains() -> None:
    after = step(circuit(2, [((0,), WIRE), ((2,), WIRE), ((1, 3), AND)], [[4], [3]]))
    assert nodes_of(after)[2] == ([0, 1], AND)
    assert after.network.outputs.tolist() == [4, 0]


def test_inverters_go_into_the_tables_that_read_them() -> None:
    after = step(circuit(2, [((0,), NOT), ((2,), NOT), ((2, 1), AND), ((3, 1), OR)], [[4, 5], [2, 3]]))
    # x1 AND NOT x0: true at address 0b10 only; a double inversion is none.
    assert nodes_of(after)[2:] == [([0, 1], 0b0100), ([0, 1], OR)]
    assert after.network.outputs.tolist() == [4, 5, 2, 0]


def test_what_a_bypass_repeats_is_merged_in_turn() -> None:
    # w = x0; a = x0 AND w = x0, so b = a XOR x1 = x0 XOR x1.
    before = circuit(2, [((0,), WIRE), ((0, 2), AND), ((3, 1), XOR)], [[4], [3]])
    after = step(before)
    assert nodes_of(after)[2] == ([0, 1], XOR)
    assert after.network.outputs.tolist() == [4, 0]
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_a_long_chain_takes_one_run() -> None:
    nodes = [((i,), NOT if i % 3 else WIRE) for i in range(200)]
    before = circuit(1, nodes, [[200], [100]])
    after = step(before)
    assert set(after.network.fanins.tolist()) == {0}
    np.testing.assert_array_equal(all_scores(after), all_scores(before))
