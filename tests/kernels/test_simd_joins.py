import numpy as np
import pytest

from warp2hdl.engines import tables as tt
from warp2hdl.kernels import simd_joins, simd_pairs


def value(trees, row, x):
    """A function's value by its tree, in plain Python."""
    address = sum(bit << i for i, bit in enumerate(x[:4]))
    values = [int(leaf) >> address & 1 for leaf in trees.leaves[row]]
    joins = list(map(int, trees.joins[row]))
    for chooser in x[4:]:
        pairs = list(zip(values[::2], values[1::2], strict=True))
        tables, joins = joins[: len(pairs)], joins[len(pairs) :]
        values = [table >> (4 * u + 2 * v + chooser) & 1 for table, (u, v) in zip(tables, pairs, strict=True)]
    return values[0]


def random_tables(arity, count):
    rng = np.random.default_rng(arity)
    tables = rng.integers(0, (1 << (1 << arity)) - 1, count, dtype=np.uint64, endpoint=True)
    tables[:40] &= rng.integers(0, (1 << (1 << arity)) - 1, 40, dtype=np.uint64)
    tables[40] = 0
    return tables


@pytest.mark.parametrize("arity", [4, 5, 6])
def test_trees_are_the_functions(arity):
    tables = random_tables(arity, 120)
    trees = simd_joins.trees(tables, arity)
    for row, table in enumerate(tables.tolist()):
        for address in range(1 << arity):
            assert value(trees, row, [address >> i & 1 for i in range(arity)]) == table >> address & 1


@pytest.mark.parametrize("arity", [4, 5, 6])
def test_costs_are_those_of_leaves_and_joins(arity):
    tables = random_tables(arity, 500)
    trees = simd_joins.trees(tables, arity)
    found = simd_joins.costs(tables, arity)
    assert np.array_equal(found[:, 0], simd_pairs.costs()[trees.leaves].sum(axis=1) + trees.joins.shape[1])
    if arity == 6:
        assert np.array_equal(found[:, 1], simd_joins.costs(tt.swap(tables, 4), 6)[:, 0])
        assert not np.array_equal(found[:, 0], found[:, 1])


def test_the_cheapest_leaves_are_taken():
    costs = simd_pairs.costs()
    tables = random_tables(5, 500)
    low, high = (tables & np.uint64(0xFFFF)).astype(np.uint16), (tables >> np.uint64(16)).astype(np.uint16)
    three = np.sort([costs[low], costs[high], costs[low ^ high]], axis=0).astype(int)
    found = simd_joins.costs(tables, 5)[:, 0]
    assert np.array_equal(found, three[0] + three[1] + 1)
    assert found.mean() < (costs[low].astype(int) + costs[high] + 1).mean() - 0.3
