import ctypes
from pathlib import Path

import numpy as np
import pytest

from tests.kernels.simd import random_planes, run_code
from warp2hdl.kernels import simd_code, simd_nodes
from warp2hdl.kernels.simd_target import AVX512, VECTOR_BYTES, host_level

pytestmark = pytest.mark.skipif(
    host_level() not in AVX512 or not simd_code.is_possible(), reason="machine code is for x86-64 with AVX-512"
)


@pytest.mark.parametrize(("vectors", "shares"), [(1, 0), (2, 2), (5, 5), (3, 4), (5, 1)])
def test_code_is_repeated_for_every_vector(vectors, shares):
    rng = np.random.default_rng(0)
    step = 24 * VECTOR_BYTES
    planes = random_planes(rng, 24 * 8).reshape(8, 24, VECTOR_BYTES)
    before = planes.copy()
    fanins = np.stack([np.arange(200) % 10, (np.arange(200) + 3) % 10], axis=1).astype(np.int32)
    targets = (10 + np.arange(200) % 10).astype(np.int32)
    tables = np.full(200, 0b0110, np.uint64)
    pieces = simd_nodes.node_code(2, fanins * VECTOR_BYTES, tables, targets * VECTOR_BYTES)
    run_code(simd_code.Code(simd_code.repeated(pieces, step, shares)), planes, vectors)
    last = np.arange(190, 200)
    before[:vectors, targets[last]] = before[:vectors, fanins[last, 0]] ^ before[:vectors, fanins[last, 1]]
    assert np.array_equal(planes, before)


def test_calls():
    calls = []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_uint64, ctypes.c_uint64)
    function = kind(lambda signals, params: calls.append((signals, params)))
    address = ctypes.cast(function, ctypes.c_void_p).value
    planes = np.zeros((4, VECTOR_BYTES), np.uint8)
    big = 0xFEDC_BA98_7654_3210
    run_code(simd_code.Code(simd_code.repeated([simd_code.call_code(address, big)], VECTOR_BYTES, 3)), planes, 3)
    assert calls == [(planes.ctypes.data + VECTOR_BYTES * i, big) for i in range(3)]


def test_nothing_at_all():
    planes = np.ones((1, VECTOR_BYTES), np.uint8)
    run_code(simd_code.Code(simd_code.repeated([], 0, 1)), planes)
    assert (planes == 1).all()


def test_code_cannot_be_written_once_it_runs():
    code = simd_code.Code(b"")
    maps = Path("/proc/self/maps").read_text(encoding="ascii").splitlines()
    spans = [([int(end, 16) for end in line.split()[0].split("-")], line.split()[1]) for line in maps]
    assert [rights for (first, last), rights in spans if first <= code.address < last] == ["r-xp"]
