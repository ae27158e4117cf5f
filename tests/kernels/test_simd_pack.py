import numpy as np
import pytest

from tests.kernels.simd import HERE, bits
from warp2hdl.kernels import simd_pack
from warp2hdl.kernels.simd_target import AVX512, LANES, VECTOR_BYTES


def expected(x, feature, threshold, masks):
    return ((x[:, feature] >= threshold) & masks).T


@pytest.mark.parametrize("level", [level for level in HERE if level in AVX512])
@pytest.mark.parametrize("features", [1, 63, 64, 100])
@pytest.mark.parametrize("masked", [False, True])
def test_rows(level, features, masked):
    rng = np.random.default_rng(features)
    groups = 3
    few = features < 64
    windows = np.zeros(groups, np.int64) if few else rng.integers(0, features - 63, groups)
    choices = rng.integers(0, min(64, features), (groups, 64)).astype(np.uint8)
    thresholds = rng.integers(0, 256, (groups, 64)).astype(np.uint8)
    flags = rng.integers(0, 2, (groups, 64)).astype(bool) | (not masked)
    masks = np.packbits(flags, axis=1, bitorder="little").view(np.uint64).ravel()
    x = rng.integers(0, 256, (LANES, features + 5)).astype(np.uint8)
    work = np.empty(4608 * groups, np.uint8)
    signals = np.zeros((groups * 64, VECTOR_BYTES), np.uint8)
    within = np.array([(1 << min(64, features)) - 1], np.uint64).view(np.int64)[0]
    arrays = (each.ctypes.data for each in (windows, choices, thresholds, masks))
    params = np.array([x.strides[0], groups, *arrays, within, work.ctypes.data], np.int64)
    simd_pack.rows(level, few, masked)(x.ctypes.data, signals.ctypes.data, params.ctypes.data)
    feature = (windows[:, None] + choices).ravel()
    assert np.array_equal(bits(signals), expected(x, feature, thresholds.ravel(), flags.ravel()))


@pytest.mark.parametrize("level", HERE)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("turned", [False, True])
def test_columns(level, dtype, turned):
    rng = np.random.default_rng(1)
    size, features, count = np.dtype(dtype).itemsize, 37, 90
    feature = np.sort(rng.integers(0, features, count))
    low = 0 if np.dtype(dtype).kind == "u" else -128
    x = rng.uniform(low, low + 256, (LANES, features)).astype(dtype)
    threshold = rng.choice(x.ravel(), count)
    masks = rng.integers(0, 2, count).astype(bool)
    given = x if turned else np.asfortranarray(x)
    places = feature * LANES * size
    planes = rng.permutation(count) * VECTOR_BYTES
    signals = np.zeros((count, VECTOR_BYTES), np.uint8)
    flags = np.where(masks, -1, 0)
    arrays = [each.ctypes.data for each in (places, planes, threshold, flags)]
    params = [count, *arrays]
    kernel = simd_pack.columns(level, f"{np.dtype(dtype).kind}{size}")
    work = np.empty(LANES * features * size, np.uint8)
    tiles = np.array([*range(0, features - 16 // size, 16 // size), features - 16 // size], np.int64)
    if turned:
        params += [x.strides[0], len(tiles), tiles.ctypes.data, work.ctypes.data, kernel.address]
        kernel = simd_pack.turned(level, size)
    numbers = np.array(params, np.int64)
    kernel(given.ctypes.data, signals.ctypes.data, numbers.ctypes.data)
    assert np.array_equal(bits(signals[planes // VECTOR_BYTES]), expected(x, feature, threshold, masks))
