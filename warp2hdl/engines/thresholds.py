"""Comparators over the features as they are given, so that these need not become words first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.encode import Encoder

Keys = npt.NDArray[np.uint64]

DIRECT = tuple(np.dtype(name) for name in ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8"))
"""The types whose values are compared as they are."""


def raw_thresholds(encoder: Encoder, dtype: np.dtype[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """The smallest value of a type at which each bit is 1.

    A word never falls where the feature grows, so that a bit that is 1 stays 1; the search is by halves, among all
    finite values of the type.

    Args:
        encoder: the encoder.
        dtype: one of `DIRECT`.

    Returns:
        The values `[bits]`, and bool `[bits]`: whether there is one.
    """
    least, most = _range(dtype)
    low = np.full(encoder.bits, least, np.uint64)  # the answer is low to high
    high = np.full(encoder.bits, most, np.uint64)
    possible = _is_reached(encoder, _values(high, dtype))
    while (low < high).any():
        middle = low + (high - low) // np.uint64(2)
        reached = _is_reached(encoder, _values(middle, dtype))
        high = np.where(reached, middle, high)
        low = np.where(reached, low, np.minimum(middle + np.uint64(1), high))
    return _values(low, dtype), possible


def _is_reached(encoder: Encoder, values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each bit is 1 at a value of its feature; `Encoder.to_words` without its limits, which change no bit."""
    scale, offset = encoder.scale[encoder.bit_feature], encoder.offset[encoder.bit_feature]
    with np.errstate(over="ignore"):
        words = np.floor((values.astype(np.float64) - offset) * scale + 0.5)
    found: npt.NDArray[np.bool_] = words >= encoder.bit_threshold
    return found


def _sign(dtype: np.dtype[Any]) -> int:
    return 1 << (8 * dtype.itemsize - 1)


def _range(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The keys of the smallest and the largest finite value of a type."""
    if dtype.kind == "f":
        magnitude = int(np.array(np.finfo(dtype).max).view(f"u{dtype.itemsize}"))
        return _sign(dtype) - 1 - magnitude, _sign(dtype) + magnitude
    return 0, 2 * _sign(dtype) - 1


def _values(keys: Keys, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The values of a type by keys, which are in the order of the values."""
    sign = np.uint64(_sign(dtype))
    raw = keys
    if dtype.kind == "i":
        raw = keys ^ sign
    elif dtype.kind == "f":
        raw = np.where(keys >= sign, keys ^ sign, ~keys)
    return raw.astype(f"u{dtype.itemsize}").view(dtype)
