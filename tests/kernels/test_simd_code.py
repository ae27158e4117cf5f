import ctypes
from pathlib import Path

import numpy as np
import pytest

from tests.kernels.simd import bits, random_planes
from warp2hdl.kernels import simd_code
from warp2hdl.kernels.simd_target import AVX512, VECTOR_BYTES, host_level

pytestmark = pytest.mark.skipif(
    host_level() not in AVX512 or not simd_code.is_possible(), reason="machine code is for x86-64 with AVX-512"
)


def run(code, planes, vectors=1):
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(code.address)
    function(planes.ctypes.data, None, vectors)


@pytest.mark.parametrize("arity", [1, 2, 3, 4, 5, 6])
def test_look_ups(arity):
    rng = np.random.default_rng(arity)
    nodes, inputs = 300, 40
    fanins = rng.integers(0, inputs, (nodes, arity)).astype(np.int32)
    top = (1 << (1 << arity)) - 1
    tables = rng.integers(0, top, nodes, dtype=np.uint64, endpoint=True)
    targets = np.arange(inputs, inputs + nodes, dtype=np.int32)
    planes = random_planes(rng, inputs + nodes)
    before = planes[:inputs].copy()
    pieces = simd_code.node_code(arity, fanins * VECTOR_BYTES, tables, targets * VECTOR_BYTES)
    assert len(pieces) > 1
    run(simd_code.Code(simd_code.repeated(pieces, 0)), planes)
    address = sum(bits(before)[fanins[:, j]].astype(np.uint64) << np.uint64(j) for j in range(arity))
    assert np.array_equal(bits(planes[inputs:]), tables[:, None] >> address & np.uint64(1))
    assert np.array_equal(planes[:inputs], before)


@pytest.mark.parametrize("vectors", [1, 2, 5])
def test_code_is_repeated_for_every_vector(vectors):
    rng = np.random.default_rng(0)
    step = 24 * VECTOR_BYTES
    planes = random_planes(rng, 24 * 8).reshape(8, 24, VECTOR_BYTES)
    before = planes.copy()
    fanins = np.stack([np.arange(200) % 10, (np.arange(200) + 3) % 10], axis=1).astype(np.int32)
    targets = (10 + np.arange(200) % 10).astype(np.int32)
    tables = np.full(200, 0b0110, np.uint64)
    pieces = simd_code.node_code(2, fanins * VECTOR_BYTES, tables, targets * VECTOR_BYTES)
    run(simd_code.Code(simd_code.repeated(pieces, step)), planes, vectors)
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
    run(simd_code.Code(simd_code.repeated([simd_code.call_code(address, big)], VECTOR_BYTES)), planes, 3)
    assert calls == [(planes.ctypes.data + VECTOR_BYTES * i, big) for i in range(3)]


def test_nothing_at_all():
    planes = np.ones((1, VECTOR_BYTES), np.uint8)
    run(simd_code.Code(simd_code.repeated([], 0)), planes)
    assert (planes == 1).all()


def test_code_cannot_be_written_once_it_runs():
    code = simd_code.Code(b"")
    maps = Path("/proc/self/maps").read_text(encoding="ascii").splitlines()
    spans = [([int(end, 16) for end in line.split()[0].split("-")], line.split()[1]) for line in maps]
    assert [rights for (first, last), rights in spans if first <= code.address < last] == ["r-xp"]
