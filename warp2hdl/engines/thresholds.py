"""Comparators over the features as they are given, so that unsigned features need not become words first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.encode import Encoder


def raw_thresholds(encoder: Encoder, dtype: np.dtype[np.unsignedinteger]) -> npt.NDArray[np.int64]:
    """int64 `[bits]`: the smallest value of an unsigned type at which each bit is 1, or one more than its largest.

    A word never falls where the feature grows, so that a bit that is 1 stays 1; the search is by halves.
    """
    top = int(np.iinfo(dtype).max)
    low = np.zeros(encoder.bits, np.int64)  # the answer is low to high
    high = np.full(encoder.bits, top + 1, np.int64)
    scale, offset = encoder.scale[encoder.bit_feature], encoder.offset[encoder.bit_feature]
    while (low < high).any():
        middle = (low + high) // 2
        reached = np.floor((middle.astype(np.float64) - offset) * scale + 0.5) >= encoder.bit_threshold
        high = np.where(reached, middle, high)
        low = np.where(reached, low, np.minimum(middle + 1, high))
    return low
