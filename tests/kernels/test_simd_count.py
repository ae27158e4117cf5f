import numpy as np
import pytest

from tests.kernels.simd import HERE, bits, random_planes
from warp2hdl.kernels import simd_count
from warp2hdl.kernels.simd_target import VECTOR_BYTES

PLANES = 9


def parameters(score, planes, fresh, bias, outputs):
    """Those of `add`; `outputs` is a multiple of `STEP` long."""
    found = np.zeros(simd_count.HEADER + len(outputs) // 2, np.int64)
    found[:5] = score, planes, planes if fresh else 0, bias, len(outputs)
    found[simd_count.HEADER :].view(np.int32)[:] = np.asarray(outputs) * VECTOR_BYTES
    return found


def numbers(planes):
    """Planes as 512 numbers."""
    return sum(row.astype(np.int64) << i for i, row in enumerate(bits(planes)))


@pytest.mark.parametrize("level", HERE)
def test_add(level):
    rng = np.random.default_rng(0)
    inputs = 50
    signals = random_planes(rng, inputs + PLANES)
    first, second = rng.integers(0, inputs, 128), rng.integers(0, inputs, 64)
    score = inputs * VECTOR_BYTES
    add = simd_count.add(level)
    for fresh, outputs in ((True, first), (False, second), (False, second[:0])):
        params = parameters(score, PLANES, fresh, 77, outputs)
        add(signals.ctypes.data, params.ctypes.data)
    values = bits(signals[:inputs]).astype(np.int64)
    expected = 77 + values[first].sum(axis=0) + values[second].sum(axis=0)
    assert np.array_equal(numbers(signals[inputs:]), expected)


@pytest.mark.parametrize("level", HERE)
@pytest.mark.parametrize("classes", [2, 10, 300])
def test_class_ids_and_scores(level, classes):
    rng = np.random.default_rng(classes)
    wanted = rng.integers(0, 40, (classes, 512))  # so that there are many ties
    wanted[1, :30] = 0
    wanted[0, 100:200] = (1 << PLANES) - 1
    planes = np.array([wanted >> i & 1 for i in range(PLANES)]).transpose(1, 0, 2).reshape(-1, 512)
    signals = np.packbits(planes.astype(bool), axis=1, bitorder="little")
    id_planes = (classes - 1).bit_length()
    work = np.empty((PLANES + id_planes) * VECTOR_BYTES + 4096, np.uint8)
    sizes = classes, PLANES, id_planes, 0, PLANES * VECTOR_BYTES
    params = np.array([*sizes, work.ctypes.data], np.int64)
    ids, scores = np.empty(512, np.int64), np.empty((512, classes), np.int64)
    simd_count.class_ids(level)(signals.ctypes.data, ids.ctypes.data, params.ctypes.data)
    simd_count.scores(level)(signals.ctypes.data, scores.ctypes.data, params.ctypes.data)
    assert np.array_equal(scores, wanted.T)
    assert np.array_equal(ids, wanted.argmax(axis=0))
