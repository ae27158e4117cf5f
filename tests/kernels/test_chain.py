import numpy as np
import pytest

from warp2hdl.kernels import threads
from warp2hdl.kernels.chain import Plan, unknown
from warp2hdl.kernels.vector import F32, I64, POINTER, Program


@pytest.fixture(scope="module")
def add():
    """Adds a number to an element."""
    p = Program([("x", POINTER), ("at", I64), ("number", F32)])
    place = p.index(p["x"], p["at"], 4)
    p.store(p.builder.fadd(p.load(place, F32), p["number"]), place)
    return p.compile()


def test_calls_run_in_their_order_at_addresses_told_later(add):
    plan = Plan(2)
    plan.stages += [
        [add.record(unknown(1), 2, 0.5)],
        [add.record(unknown(1) + 4, 1, -3.0) + add.record(unknown(2), 0, 7.0)],
    ]
    for _ in range(2):
        x, y = np.zeros(4, np.float32), np.ones(1, np.float32)
        plan.run([x.ctypes.data, y.ctypes.data])
        np.testing.assert_array_equal(x, [0, 0, -2.5, 0])
        assert y[0] == 8


def test_stages_of_several_threads(add):
    threads.set(2)
    plan, x = Plan(1), np.zeros(2, np.float32)
    plan.stages += [[add.record(unknown(1), 0, 1.0), add.record(unknown(1), 1, 2.0)], [add.record(unknown(1), 1, 3.0)]]
    plan.run([x.ctypes.data])
    threads.set(1)
    np.testing.assert_array_equal(x, [1, 5])


def test_numbers_told_later(add):
    plan, x = Plan(2), np.zeros(1, np.float32)
    plan.stages.append([add.record(unknown(1), 0, unknown(2))])
    plan.run([x.ctypes.data, int(np.float32(-0.25).view(np.uint32))])
    assert x[0] == -0.25


def test_memory_of_a_plan_is_apart_and_begins_at_cache_lines():
    copy = Program([("to", POINTER), ("from", POINTER)])
    copy.store(copy.load(copy["from"], I64), copy["to"])
    copy = copy.compile()
    tell = Program([("to", POINTER), ("number", I64)])
    tell.store(tell["number"], tell["to"])
    tell = tell.compile()
    plan, x = Plan(1), np.full(5, -1)
    matrices, flags = [plan.matrix(3, 5) for _ in range(2)], [plan.flags(3) for _ in range(2)]
    assert [stride for _, stride in matrices] == [16, 16]
    addresses = [*(address for address, _ in matrices), *flags]
    plan.stages.append([b"".join(tell.record(unknown(1) + 8 * i, each) for i, each in enumerate(addresses))])
    plan.stages.append([copy.record(unknown(1) + 32, flags[1])])
    plan.run([x.ctypes.data])
    assert not (x[:4] % 64)[:2].any()
    assert x[1] - x[0] == 3 * 64
    assert x[3] - x[2] == 64
    assert x[4] == 0
