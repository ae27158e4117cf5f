from unittest.mock import patch

import numpy as np

from tests.passes.cases import AND, NOT, OR, XOR, all_scores, circuit, nodes_of
from warp2hdl.passes import Duplicates, duplicates

step = Duplicates()


def test_readers_move_to_the_first_of_equal_nodes() -> None:
    nodes = [((0, 1), AND), ((1, 0), AND), ((2, 0), OR), ((3, 0), OR), ((4, 5), XOR)]
    after = step(circuit(2, nodes, [[5], [6]]))
    assert nodes_of(after)[3:] == [([0, 2], OR), ([4, 4], XOR)]
    assert after.network.outputs.tolist() == [4, 6]


def test_the_order_of_fanins_does_not_matter() -> None:
    # x0 AND NOT x1, written both ways.
    after = step(circuit(2, [((0, 1), 0b0010), ((1, 0), 0b0100)], [[2], [3]]))
    assert after.network.outputs.tolist() == [2, 2]


def test_different_tables_and_fanins_stay_apart() -> None:
    nodes = [((0, 1), AND), ((0, 1), OR), ((0, 2), AND), ((0,), 0b10), ((), 0), ((), 1)]
    before = circuit(3, nodes, [[3, 4, 5], [6, 7, 8]])
    assert step(before) is before


def test_equal_comparators_become_one() -> None:
    bits = [(0, 3), (1, 3), (0, 3), (0, 4)]
    after = step(circuit(4, [((0, 1), AND), ((2, 1), AND)], [[4, 5], [2, 3]], bits=bits))
    assert nodes_of(after) == [([0, 1], AND), ([0, 1], AND)]
    assert after.network.outputs.tolist() == [4, 4, 0, 3]


def test_constants_of_one_value_are_equal() -> None:
    after = step(circuit(1, [((), 1), ((), 0), ((), 1)], [[1, 2], [3, 0]]))
    assert after.network.outputs.tolist() == [1, 2, 1, 0]


def test_a_hash_collision_merges_nothing_wrongly() -> None:
    before = circuit(2, [((0, 1), AND), ((0, 1), OR), ((0, 1), XOR)], [[2, 3], [4]])
    with patch.object(duplicates, "_hash", lambda fanins, tables: np.zeros(len(tables), np.uint64)):
        after = step(before)
    np.testing.assert_array_equal(all_scores(after), all_scores(before))


def test_a_complement_becomes_an_inverter_of_the_first() -> None:
    nodes = [((0, 1), AND), ((0, 1), 0b0111), ((2, 4), XOR), ((2, 3), OR)]
    after = step(circuit(3, nodes, [[5], [6, 3]]))
    assert nodes_of(after)[1] == ([3], NOT)
    assert after.network.nodes == 4


def test_a_complement_that_is_an_output_stays() -> None:
    before = circuit(2, [((0, 1), AND), ((0, 1), 0b0111)], [[2], [3]])
    assert step(before) is before
