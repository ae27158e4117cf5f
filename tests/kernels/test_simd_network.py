import numpy as np
import pytest

from tests.kernels.simd import HERE, bits, random_planes
from warp2hdl.kernels import simd_network
from warp2hdl.kernels.simd_target import VECTOR_BYTES


@pytest.mark.parametrize("level", HERE)
@pytest.mark.parametrize("arity", [1, 2, 3, 4, 5, 6])
def test_look_ups(level, arity):
    rng = np.random.default_rng(arity)
    nodes, inputs, vectors = 30, 20, 2
    fanins = rng.integers(0, inputs, (nodes, arity)).astype(np.int32)
    tables = rng.integers(0, (1 << (1 << arity)) - 1, nodes, dtype=np.uint64, endpoint=True)
    tables[:10] = tables[0]  # a run
    starts = np.array([0, *range(10, nodes)])
    stops = np.array([10, *range(11, nodes + 1)])
    runs = np.stack([np.full(len(starts), arity), tables[starts].view(np.int64), starts * arity, starts, stops], axis=1)
    runs = np.ascontiguousarray(runs)
    places, targets = fanins * VECTOR_BYTES, (np.arange(inputs, inputs + nodes) * VECTOR_BYTES).astype(np.int32)
    planes = random_planes(rng, (inputs + nodes) * vectors)
    before = planes.copy()
    params = [len(runs), runs.ctypes.data, places.ctypes.data, targets.ctypes.data, 0, (inputs + nodes) * VECTOR_BYTES]
    numbers = np.array(params, np.int64)
    simd_network.network(level)(planes.ctypes.data, numbers.ctypes.data, vectors)
    for old, new in zip(np.split(before, vectors), np.split(planes, vectors), strict=True):
        address = sum(bits(old)[fanins[:, j]].astype(np.uint64) << np.uint64(j) for j in range(arity))
        assert np.array_equal(bits(new)[inputs:], tables[:, None] >> address & np.uint64(1))
        assert np.array_equal(new[:inputs], old[:inputs])
