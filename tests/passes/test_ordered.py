from tests.passes.cases import AND, OR, XOR, circuit, nodes_of
from warp2hdl.passes import Ordered

step = Ordered()
BITS = [(0, 3), (0, 7), (1, 5)]


def test_both_thresholds_met_is_the_higher_one_met() -> None:
    after = step(circuit(3, [((0, 1), AND), ((0, 1), OR)], [[3], [4]], BITS))
    assert nodes_of(after) == [([1], 0b10), ([0], 0b10)]


def test_an_input_that_matters_only_where_nothing_gets_goes() -> None:
    # x2 decides only where the higher threshold is met and the lower one is not.
    table = sum(1 << a for a in range(8) if (a >> 2 & 1 if a & 3 == 2 else a & 1))
    after = step(circuit(3, [((0, 1, 2), table)], [[3], [3]], BITS))
    assert nodes_of(after) == [([0], 0b10)]


def test_what_is_needed_stays_and_equal_nodes_get_equal_tables() -> None:
    after = step(circuit(3, [((0, 1), XOR), ((0, 1), 0b0010)], [[3], [4]], BITS))
    assert nodes_of(after)[0] == nodes_of(after)[1] == ([0, 1], 0b0010)


def test_bits_of_different_features_are_free() -> None:
    before = circuit(3, [((0, 2), AND), ((1, 2), XOR)], [[3], [4]], BITS)
    assert step(before) is before
