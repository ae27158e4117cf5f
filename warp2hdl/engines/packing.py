"""How the features of a call become bit planes: the kernel that suits their type and layout, and what it is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.encode import Encoder
from warp2hdl.engines.memory import Workplace
from warp2hdl.engines.plan import GROUP, Plan
from warp2hdl.engines.thresholds import raw_thresholds
from warp2hdl.kernels import simd_pack
from warp2hdl.kernels.simd_target import AVX512, LANES, VECTOR_BYTES

Array = npt.NDArray[Any]

_ALL = -1  # a mask


class Packing:
    """One kernel of `simd_pack` with the comparators of a plan.

    Args:
        encoder: the encoder.
        plan: what reads it.
        kind: `rows`, `columns` or `turned`, a kernel's name.
        dtype: of the features, one of `thresholds.DIRECT`.
        words: whether the features are the encoder's words already.
        level: the instruction set.

    Attributes:
        kernel: the compiled function.
        by_columns: whether each feature's samples lie side by side.
    """

    def __init__(self, encoder: Encoder, plan: Plan, kind: str, dtype: np.dtype[Any], words: bool, level: str) -> None:
        self.by_columns = kind == "columns"
        self._features = plan.features
        self._size = dtype.itemsize
        limits, there = encoder.bit_threshold.astype(dtype), np.ones(encoder.bits, np.bool_)
        if not words:
            limits, there = raw_thresholds(encoder, dtype)
        thresholds, possible = limits[plan.bits], there[plan.bits]
        if kind == "rows":
            self.kernel = simd_pack.rows(level, encoder.features < GROUP, not possible.all())
            self._arrays: tuple[Array, ...] = _groups(plan, thresholds, possible, encoder.features)
            self._within = (1 << min(GROUP, encoder.features)) - 1
        else:
            by_columns = simd_pack.columns(level, f"{dtype.kind}{self._size}")
            self.kernel = by_columns if self.by_columns else simd_pack.turned(level, self._size)
            masks = np.where(possible, _ALL, 0)
            self._arrays = (plan.planes * VECTOR_BYTES, thresholds, masks)
            self._turned = plan.features * LANES * self._size
            self._tiles = _tiles(plan.features, 16 // self._size, encoder.features)
            self._columns = by_columns.address
            self._column_bytes = LANES * self._size * encoder.features
        self._kind = kind

    @staticmethod
    def kind(x: Array, level: str) -> str:
        """The kernel for samples with dense rows or dense columns."""
        if x.strides[1] != x.itemsize or x.shape[1] * x.itemsize < 16:
            return "columns"
        return "rows" if level in AVX512 and x.dtype == np.uint8 else "turned"

    def params(self, strides: tuple[int, ...], place: Workplace) -> tuple[Array, ...]:
        """The kernel's parameters for samples with these strides, and what else must be kept for them.

        Args:
            strides: bytes from sample to sample, and from feature to feature.
            place: where the kernel may work.
        """
        addresses = [each.ctypes.data for each in self._arrays]
        places = self._features * strides[1]
        if self._kind == "rows":
            found = [strides[0], len(self._arrays[0]), *addresses, _signed(self._within), place.work.ctypes.data]
        elif self.by_columns:
            found = [len(self._features), places.ctypes.data, *addresses]
        else:
            work = place.columns(self._column_bytes)
            turning = strides[0], len(self._tiles), self._tiles.ctypes.data, work.ctypes.data, self._columns
            found = [len(self._features), self._turned.ctypes.data, *addresses, *turning]
        return np.array(found, np.int64), places


def _signed(mask: int) -> int:
    return mask - (1 << 64) if mask >> 63 else mask


def _groups(
    plan: Plan, thresholds: npt.NDArray[np.uint8], possible: npt.NDArray[np.bool_], features: int
) -> tuple[Array, ...]:
    """Windows, choices, thresholds and masks of `simd_pack.rows`."""
    group, place = plan.planes // GROUP, plan.planes % GROUP
    count = int(group[-1]) + 1 if len(group) else 0
    firsts = plan.features[np.searchsorted(group, np.arange(count))]
    windows = np.minimum(firsts, max(0, features - GROUP)).astype(np.int64)
    choices, limits = np.zeros((2, count, GROUP), np.uint8)
    choices[group, place] = plan.features - windows[group]
    limits[group, place] = thresholds
    bits = np.zeros((count, GROUP), np.bool_)
    bits[group, place] = possible
    masks = np.packbits(bits, axis=1, bitorder="little").view("<u8").ravel()
    return windows, choices, limits, masks


def _tiles(features: npt.NDArray[np.int64], width: int, count: int) -> npt.NDArray[np.int64]:
    """First features of the tiles of `width` features that hold all `features` of `count`."""
    return np.minimum(np.unique(features // width) * width, count - width)
