import numpy as np
import pytest

from tests.kernels.simd import bits, random_planes, run_code
from warp2hdl.kernels import simd_code, simd_nodes
from warp2hdl.kernels.simd_target import AVX512, VECTOR_BYTES, host_level

pytestmark = pytest.mark.skipif(
    host_level() not in AVX512 or not simd_code.is_possible(), reason="machine code is for x86-64 with AVX-512"
)


def random_tables(rng, arity, count):
    """Half of them of functions that are often 0, among which are all shapes of trees."""
    top = (1 << (1 << arity)) - 1
    tables = rng.integers(0, top, (4, count), dtype=np.uint64, endpoint=True)
    tables[0, ::2] &= tables[1, ::2]
    tables[0, ::4] &= tables[2, ::4] & tables[3, ::4]
    return tables[0]


@pytest.mark.parametrize("arity", [1, 2, 3, 4, 5, 6])
def test_look_ups(arity):
    rng = np.random.default_rng(arity)
    nodes, inputs = 600, 40
    fanins = rng.integers(0, inputs, (nodes, arity)).astype(np.int32)
    tables = random_tables(rng, arity, nodes)
    targets = np.arange(inputs, inputs + nodes, dtype=np.int32)
    planes = random_planes(rng, inputs + nodes)
    before = planes[:inputs].copy()
    pieces = simd_nodes.node_code(arity, fanins * VECTOR_BYTES, tables, targets * VECTOR_BYTES)
    assert len(pieces) == nodes
    run_code(simd_code.Code(simd_code.repeated(pieces, 0, 1)), planes)
    address = sum(bits(before)[fanins[:, j]].astype(np.uint64) << np.uint64(j) for j in range(arity))
    assert np.array_equal(bits(planes[inputs:]), tables[:, None] >> address & np.uint64(1))
    assert np.array_equal(planes[:inputs], before)
