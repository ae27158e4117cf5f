import numpy as np
import pytest

from warp2hdl.engines import tables as tt

ARITIES = [1, 2, 3, 4, 5, 6]


def random_tables(arity, count=40):
    rng = np.random.default_rng(arity)
    return rng.integers(0, 2**64 - 1, count, dtype=np.uint64, endpoint=True) & tt.full(arity)


def outputs(tables, arity, change=lambda address: address):
    """bool `[2**arity, tables]`: each output at the address that `change` makes of its number."""
    return np.array([tables >> np.uint64(change(a)) & np.uint64(1) for a in range(1 << arity)], bool)


def with_bit(address, j, value):
    return address & ~(1 << j) | value << j


@pytest.mark.parametrize(("arity", "j"), [(k, j) for k in ARITIES for j in range(k)])
class TestOneVariable:
    def test_invert(self, arity, j):
        tables = random_tables(arity)
        assert np.array_equal(outputs(tt.invert(tables, j), arity), outputs(tables, arity, lambda a: a ^ 1 << j))

    def test_fix(self, arity, j):
        tables = random_tables(arity)
        assert np.array_equal(outputs(tt.fix(tables, j), arity), outputs(tables, arity, lambda a: with_bit(a, j, 0)))

    def test_depends(self, arity, j):
        tables = np.concatenate([random_tables(arity), tt.fix(random_tables(arity), j)])
        expected = (outputs(tables, arity) != outputs(tables, arity, lambda a: a ^ 1 << j)).any(axis=0)
        assert np.array_equal(tt.depends(tables, j, arity), expected)
        assert not expected[40:].any()


@pytest.mark.parametrize(("arity", "i", "j"), [(k, i, j) for k in ARITIES for j in range(k) for i in range(j)])
def test_merge(arity, i, j):
    tables = random_tables(arity)
    expected = outputs(tables, arity, lambda a: with_bit(a, j, a >> i & 1))
    assert np.array_equal(outputs(tt.merge(tables, i, j), arity), expected)


@pytest.mark.parametrize(("arity", "j"), [(k, j) for k in ARITIES for j in range(k - 1)])
def test_swap(arity, j):
    tables = random_tables(arity)
    expected = outputs(tables, arity, lambda a: with_bit(with_bit(a, j, a >> (j + 1) & 1), j + 1, a >> j & 1))
    assert np.array_equal(outputs(tt.swap(tables, j), arity), expected)


def test_compose():
    outer, inner = (each.ravel().astype(np.uint64) for each in np.meshgrid(np.arange(16), np.arange(16)))
    found = tt.compose(outer, inner)
    for address in range(8):
        middle = inner >> np.uint64(address & 3) & np.uint64(1)
        expected = outer >> (middle | np.uint64(address >> 2 << 1)) & np.uint64(1)
        assert np.array_equal(found >> np.uint64(address) & np.uint64(1), expected)
    assert (found <= tt.full(3)).all()
