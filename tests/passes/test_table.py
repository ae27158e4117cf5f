import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from warp2hdl.passes.table import cofactors, compose, expand, full, shrink, variable


def _value(table: int, bits: list[int]) -> int:
    return table >> sum(bit << j for j, bit in enumerate(bits)) & 1


@given(st.integers(0, 2**8 - 1), st.lists(st.integers(0, 2**16 - 1), min_size=3, max_size=3))
def test_a_composition_is_the_look_up_of_the_operands(table: int, operands: list[int]) -> None:
    found = compose(table, tuple(operands), 4)
    for address in range(16):
        assert found >> address & 1 == _value(table, [operand >> address & 1 for operand in operands])


def test_variables_and_constants() -> None:
    assert [variable(j, 2) for j in range(2)] == [0b1010, 0b1100]
    assert full(3) == 255
    assert variable(11, 12).bit_length() == 4096


def test_a_table_moves_to_more_inputs_and_back() -> None:
    rng = np.random.default_rng(0)
    for table in rng.integers(0, 16, 20).tolist():
        wide = expand(table, (3, 8), (1, 3, 5, 8))
        used, narrow = shrink(wide, (1, 3, 5, 8))
        assert expand(narrow, used, (3, 8)) == table


def test_cofactors() -> None:
    assert cofactors(0b1000, 0, 2) == (0, 0b1100)
