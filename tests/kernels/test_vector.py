import numpy as np
import pytest

from warp2hdl.kernels.vector import F32, I64, POINTER, Program, Vector, empty_rows, exp2, lanes, log2, resized, sums


def _applied(function, x):
    """What a program makes of an array of whole vectors."""
    p = Program([("x", POINTER), ("y", POINTER), ("count", I64)])
    with p.loop(I64(0), p["count"], lanes()) as (at, _):
        p.store_vector(function(p.load_vector(p.index(p["x"], at, 4), None)), p.index(p["y"], at, 4), None)
    y = np.full_like(x, np.nan)
    p.compile()(x.ctypes.data, y.ctypes.data, len(x))
    return y


def test_exp2():
    x = np.linspace(-100, 100, 16 * 400, dtype=np.float32)
    np.testing.assert_allclose(_applied(exp2, x), np.exp2(x.astype(float)), rtol=4e-7)


def test_log2():
    x = np.exp2(np.linspace(-24, 24, 16 * 400)).astype(np.float32)
    np.testing.assert_allclose(_applied(log2, x), np.log2(x.astype(float)), rtol=2e-6, atol=3e-7)


def test_inverse():
    x = np.exp2(np.linspace(-60, 60, 16 * 400)).astype(np.float32)
    np.testing.assert_allclose(_applied(Vector.inverse, x), 1 / x.astype(float), rtol=2e-7)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_sums_of_vectors(count):
    rng = np.random.default_rng(count)
    x = rng.standard_normal((count, lanes())).astype(np.float32)
    p = Program([("x", POINTER), ("y", POINTER)])
    total = sums([p.load_vector(p.index(p["x"], I64(i * lanes()), 4), None) for i in range(count)])
    p.builder.store(total.value, p.builder.bitcast(p["y"], total.value.type.as_pointer()), align=4)
    y = np.zeros(count, np.float32)
    p.compile()(x.ctypes.data, y.ctypes.data)
    np.testing.assert_allclose(y, x.sum(1), rtol=1e-5, atol=1e-5)


def test_masks_leave_other_lanes_alone():
    p = Program([("x", POINTER), ("y", POINTER), ("count", I64)])
    mask = p.first_lanes(p["count"])
    p.store_vector(p.load_vector(p["x"], mask) + 1.0, p["y"], mask)
    run = p.compile()
    x, y = np.arange(lanes(), dtype=np.float32), np.full(lanes(), -1, np.float32)
    run(x.ctypes.data, y.ctypes.data, 3)
    np.testing.assert_array_equal(y, [1, 2, 3] + [-1] * (lanes() - 3))


def test_loops_carry_values_and_may_not_run_at_all():
    p = Program([("y", POINTER), ("count", I64)])
    with p.loop(I64(0), p["count"], 1, [F32(1)]) as (_, values):
        values[0] = p.builder.fmul(values[0], F32(2))
    p.store(values[0], p["y"])
    run, y = p.compile(), np.zeros(1, np.float32)
    for count, expected in ((0, 1), (5, 32)):
        run(y.ctypes.data, count)
        assert y[0] == expected


@pytest.mark.parametrize("halves", [False, True])
@pytest.mark.parametrize("rest", [0, 1, lanes() // 2, lanes() // 2 + 1, lanes() - 1])
def test_columns_are_added_up_and_no_other_ones_touched(rest, halves):
    count, widths = 3 + 2 * lanes() + rest, []
    p = Program([("x", POINTER), ("y", POINTER), ("total", POINTER), ("count", I64)])

    def step(column, mask):
        widths.append(p.lanes)
        value = p.load_vector(p.index(p["x"], column, 4), mask)
        p.store_vector(value * value + p.spread(F32(1)), p.index(p["y"], column, 4), mask)
        return [value]

    (total,) = p.columns(I64(3), p["count"], 1, step, halves=halves)
    p.store_vector(total, p["total"], None)
    assert widths == [lanes(), lanes(), *([lanes() // 2] if halves else [])]
    x = np.random.default_rng(rest).standard_normal(count + lanes()).astype(np.float32)
    y, totals = np.full_like(x, -1), np.full(lanes(), np.nan, np.float32)
    p.compile()(x.ctypes.data, y.ctypes.data, totals.ctypes.data, count)
    np.testing.assert_allclose(y[3:count], x[3:count] ** 2 + 1, rtol=1e-6)
    assert (np.delete(y, range(3, count)) == -1).all()
    np.testing.assert_allclose(totals.sum(), x[3:count].sum(), rtol=1e-4)


@pytest.mark.parametrize("count", [lanes() // 2, lanes(), 2 * lanes()])
def test_vectors_of_another_width(count):
    p = Program([("x", POINTER), ("y", POINTER)])
    x = np.arange(1, lanes() + 1, dtype=np.float32)
    p.store_vector(resized(p.load_vector(p["x"], None), count), p["y"], None)
    y = np.full(2 * lanes(), -1, np.float32)
    p.compile()(x.ctypes.data, y.ctypes.data)
    np.testing.assert_array_equal(y[:count], [*x, *[0] * lanes()][:count])
    assert (y[count:] == -1).all()


@pytest.mark.parametrize("columns", [1, 100, 1024])
def test_rows_begin_at_cache_lines(columns):
    rows = empty_rows(5, columns)
    assert rows.shape == (5, columns)
    assert all(row.ctypes.data % 64 == 0 for row in rows)
    assert rows.strides[0] % 4096
