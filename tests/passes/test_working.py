import numpy as np
import pytest

from tests.passes.cases import network
from warp2hdl.passes import working
from warp2hdl.passes.working import VARIABLES, WorkingNetwork

ADDRESSES = np.arange(64)


def at(tables: np.ndarray, addresses: np.ndarray) -> np.ndarray:
    """Bits `[tables, addresses]`."""
    return (tables[:, None] >> addresses.astype(np.uint64)) & np.uint64(1)


@pytest.fixture
def tables() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2**64, 50, dtype=np.uint64)


def test_a_variable_is_its_address_bit() -> None:
    for j in range(6):
        assert np.array_equal(at(VARIABLES[j : j + 1], ADDRESSES)[0], ADDRESSES >> j & 1)


@pytest.mark.parametrize("j", range(6))
def test_cofactors_and_negation(tables: np.ndarray, j: int) -> None:
    for value in (False, True):
        fixed = np.where(value, ADDRESSES | 1 << j, ADDRESSES & ~(1 << j))
        found = working.cofactor(tables, j, np.full(50, value))
        assert np.array_equal(at(found, ADDRESSES), at(tables, fixed))
        assert not working.depends(found, j).any()
    assert working.depends(tables, j).all()
    assert np.array_equal(at(working.negate_input(tables, j), ADDRESSES), at(tables, ADDRESSES ^ 1 << j))


@pytest.mark.parametrize("j", range(5))
def test_swaps_and_merges_of_neighbours(tables: np.ndarray, j: int) -> None:
    low, high = ADDRESSES >> j & 1, ADDRESSES >> j + 1 & 1
    rest = ADDRESSES & ~(3 << j)
    assert np.array_equal(at(working.swap_inputs(tables, j), ADDRESSES), at(tables, rest | low << j + 1 | high << j))
    merged = working.merge_inputs(tables, j)
    assert np.array_equal(at(merged, ADDRESSES), at(tables, rest | low << j + 1 | low << j))
    assert not working.depends(merged, j + 1).any()


def test_sorting_keeps_the_function(tables: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    fanins = rng.permuted(np.tile(np.arange(6, dtype=np.int32), (50, 1)), axis=1).T.copy()
    values = rng.integers(0, 2, 6)

    def value(fanins: np.ndarray, tables: np.ndarray) -> np.ndarray:
        address = (values[fanins] << np.arange(6)[:, None]).sum(axis=0)
        return (tables >> address.astype(np.uint64)) & np.uint64(1)

    before = value(fanins, tables)
    working.sort_fanins(fanins, tables)
    assert (fanins == np.arange(6)[:, None]).all()
    assert np.array_equal(value(fanins, tables), before)


def test_there_and_back() -> None:
    sorted_nodes = [((), 1), ((0,), 0b01), ((0, 1, 2), 0x9C), ((0, 1, 2, 3, 4, 5), 2**64 - 3)]
    before = network(3, sorted_nodes, [6, 0])
    work = WorkingNetwork.of(before)
    assert (work.nodes, work.absent) == (4, 7)
    after = work.to_network(before.outputs)
    for name in ("fanin_offsets", "fanins", "tables", "outputs"):
        found, expected = getattr(after, name), getattr(before, name)
        assert found.dtype == expected.dtype and np.array_equal(found, expected), name
