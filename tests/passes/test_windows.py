from tests.passes.cases import AND, OR, circuit, nodes_of
from warp2hdl.passes import Windows


def test_fanins_that_exclude_each_other_free_an_address() -> None:
    # a AND b, and NOT a AND c, are never both 1: d decides only there.
    table = sum(1 << a for a in range(8) if (a >> 2 & 1 if a & 3 == 3 else a & 1))
    nodes = [((0, 1), AND), ((0, 2), 0b0100), ((4, 5, 3), table)]
    before = circuit(4, nodes, [[6], [5]])
    assert nodes_of(Windows()(before))[2] == ([4], 0b10)


def test_a_fanin_that_implies_another_makes_it_idle() -> None:
    # (a AND b) implies (a OR c).
    nodes = [((0, 1), AND), ((0, 2), OR), ((3, 4), AND)]
    after = Windows()(circuit(3, nodes, [[5], [5]]))
    assert nodes_of(after)[2] == ([3], 0b10)


def test_the_order_of_thresholds_is_seen_through_nodes() -> None:
    # (x >= 7 AND y) implies x >= 3.
    nodes = [((1, 2), AND), ((0, 3), AND)]
    before = circuit(3, nodes, [[4], [4]], [(0, 3), (0, 7), (1, 5)])
    assert nodes_of(Windows()(before))[1] == ([3], 0b10)


def test_windows_above_the_limit_are_left_alone() -> None:
    nodes = [((0, 1), AND), ((0, 2), OR), ((3, 4), AND)]
    before = circuit(3, nodes, [[5], [5]])
    assert Windows(limit=2)(before) is before
