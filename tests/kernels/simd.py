"""Calling the kernels of `simd_*` by hand."""

import ctypes

import numpy as np

from warp2hdl.kernels.simd_code import Code
from warp2hdl.kernels.simd_target import LANES, LEVELS, VECTOR_BYTES, host_level

HERE = LEVELS[LEVELS.index(host_level()) :]


def signals(bits: np.ndarray) -> np.ndarray:
    """Bits `[signals, 512]` as planes, uint8 `[signals, 64]`."""
    assert bits.shape[1] == LANES
    return np.packbits(bits.astype(bool), axis=1, bitorder="little")


def bits(planes: np.ndarray) -> np.ndarray:
    """Planes as bits."""
    return np.unpackbits(planes, axis=1, bitorder="little")


def random_planes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Random planes uint8 `[count, 64]`."""
    return rng.integers(0, 256, (count, VECTOR_BYTES)).astype(np.uint8)


def run_code(code: Code, planes: np.ndarray, vectors: int = 1) -> None:
    """Runs machine code over planes."""
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(code.address)
    function(planes.ctypes.data, None, vectors)
