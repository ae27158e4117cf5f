"""The encoder: real features -> unsigned words -> thermometer bits, in NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from warp2hdl.config import THRESHOLDS
from warp2hdl.errors import ConfigError, DataError

MAX_FEATURE_BITS = 16


@dataclass(frozen=True, eq=False)
class Encoder:
    """Maps features to unsigned words and compares the words with constant thresholds.

    `word = clip(floor((x - offset) * scale + 0.5), 0, 2**feature_bits - 1)` and `bit = word >= threshold`.

    Attributes:
        feature_bits: uint8 `[features]`, width of each feature's word, 1 to 16.
        scale: float64 `[features]`, words per unit of the feature, positive.
        offset: float64 `[features]`, the feature's value at word 0.
        bit_feature: int32 `[bits]`, the feature that each bit looks at.
        bit_threshold: uint32 `[bits]`, the constant it is compared with, 1 to `2**feature_bits - 1`.
    """

    feature_bits: npt.NDArray[np.uint8]
    scale: npt.NDArray[np.float64]
    offset: npt.NDArray[np.float64]
    bit_feature: npt.NDArray[np.int32]
    bit_threshold: npt.NDArray[np.uint32]

    @property
    def features(self) -> int:
        """How many features one sample has."""
        return len(self.feature_bits)

    @property
    def bits(self) -> int:
        """How many bits come out."""
        return len(self.bit_feature)

    @property
    def word_dtype(self) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
        """The smallest unsigned type that holds every word."""
        return np.dtype(np.uint8) if self.feature_bits.max(initial=1) <= 8 else np.dtype(np.uint16)

    def to_words(self, x: npt.ArrayLike) -> npt.NDArray[np.unsignedinteger]:
        """Features `[batch, features]` of any real type -> words `[batch, features]`.

        Raises:
            DataError: a wrong number of features, or a value that is not a finite number.
        """
        x = np.asarray(x)
        if x.ndim != 2 or x.shape[1] != self.features:
            raise DataError(f"the samples have shape {x.shape}; this circuit takes [batch, {self.features}] features.")
        top = (1 << self.feature_bits.astype(np.int64)) - 1
        if x.dtype in (np.uint8, np.bool_) and self._is_identity:
            octets = x.view(np.uint8)
            if bool((top >= 255).all()):
                return octets
            if self.word_dtype == np.uint8:
                return np.minimum(octets, top.astype(np.uint8))
        words = np.empty(x.shape, self.word_dtype)
        for start in range(0, len(x), 4096):  # bounds the float64 copy
            part = x[start : start + 4096].astype(np.float64)
            if not np.isfinite(part).all():
                row, column = np.argwhere(~np.isfinite(part))[0]
                raise DataError(f"row {start + row}, feature {column}: {part[row, column]} is not a finite number.")
            words[start : start + 4096] = np.clip(np.floor((part - self.offset) * self.scale + 0.5), 0, top)
        return words

    @property
    def _is_identity(self) -> bool:
        return bool((self.scale == 1).all() and (self.offset == 0).all())

    def to_bits(self, words: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.bool_]:
        """Words `[batch, features]` -> thermometer bits `[batch, bits]`."""
        return words[:, self.bit_feature] >= self.bit_threshold


def fit_words(
    x: npt.NDArray[np.generic], feature_bits: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Chooses each feature's word width, scale and offset from training samples `[batch, features]`.

    Features that hold only whole numbers in a range that fits keep them as they are, counted from their smallest
    value (from 0 for unsigned types), in as few bits as they need; all others spread their range over the words.

    Returns:
        `feature_bits`, `scale` and `offset` as in `Encoder`.

    Raises:
        ConfigError: `feature_bits` is not 1 to 16.
        DataError: a feature's range is no finite float64.
    """
    if not 1 <= feature_bits <= MAX_FEATURE_BITS:
        raise ConfigError(f"feature_bits is {feature_bits}; it must be 1 to {MAX_FEATURE_BITS}.")
    top = (1 << feature_bits) - 1
    low = x.min(axis=0).astype(np.float64)
    high = x.max(axis=0).astype(np.float64)
    whole = np.ones(x.shape[1], bool)
    if x.dtype.kind == "f":
        whole = np.array([bool(np.all(np.floor(column) == column)) for column in x.T])
    if x.dtype.kind in "ub":
        # One width for all: pixels of an image share a scale.
        low[:] = 0
        high[:] = x.max(initial=1)
    with np.errstate(over="ignore"):
        span = np.maximum(high - low, 1e-300)
    if not np.isfinite(span).all():
        feature = int(np.argmin(np.isfinite(span)))
        raise DataError(f"feature {feature} runs from {low[feature]} to {high[feature]}; scale it down.")
    keep = whole & (span <= top)
    scale = np.where(keep, 1.0, np.where(high > low, top / span, 1.0))
    bits = np.where(keep, np.ceil(np.log2(np.maximum(span, 1.0) + 1)), feature_bits)
    bits = np.where(high > low, np.maximum(bits, 1), 1)
    return bits.astype(np.uint8), scale, low


def quantile_thresholds(words: npt.NDArray[np.unsignedinteger], count: int) -> npt.NDArray[np.uint32]:
    """Up to `count` distinct thresholds at the quantiles of one feature's words `[batch]`, ascending.

    Where many samples share a value, quantiles coincide; the rest of the thresholds then come from the samples above
    that value, so that a mostly dark pixel still gets its share. A feature that never changes gets none.
    """
    values, counts = np.unique(words, return_counts=True)
    cuts = values[1:]  # `word >= cut` is constant at or below the smallest value
    if len(cuts) <= count:
        return cuts.astype(np.uint32)
    chosen: list[int] = []
    first = 0
    while len(chosen) < count:
        # Place what is left at equal steps of the mass from `first` on; a value that swallows several ends the run.
        left = count - len(chosen)
        mass = np.cumsum(counts[first:]) / counts[first:].sum()
        picks = np.unique(np.searchsorted(mass, np.arange(1, left + 1) / (left + 1), side="left")) + first
        picks = np.unique(np.minimum(picks, len(cuts) - 1))
        fresh = [int(p) for p in picks if p not in chosen]
        if not fresh:
            fresh = [p for p in range(len(cuts)) if p not in chosen][:left]
        chosen += fresh[:left]
        first = min(chosen[-1] + 1, len(cuts) - 1)
    return np.sort(cuts[np.array(chosen)]).astype(np.uint32)


def uniform_thresholds(reach: int, count: int) -> npt.NDArray[np.uint32]:
    """Up to `count` distinct thresholds that cut the words 0 to `reach` into equal parts, ascending.

    Threshold i of `count` is the first word above `reach * i / (count + 1)`, as in difflogic's encoding of CIFAR-10.
    """
    steps = np.arange(1, count + 1, dtype=np.int64)
    return np.unique(reach * steps // (count + 1) + 1).astype(np.uint32) if reach else np.zeros(0, np.uint32)


def dyadic_thresholds(bits: int, reach: int, count: int) -> npt.NDArray[np.uint32]:
    """Up to `count` thresholds of words of `bits` bits that read the fewest of these bits, ascending.

    The middle of the range is a bit of the word itself, the quarters read two bits, the eighths three. Within a level
    the lower ones come first. None is above `reach`, the largest word there is.
    """
    levels = ((2 * i + 1) << (bits - 1 - level) for level in range(bits) for i in range(1 << level))
    return np.sort(np.fromiter(islice((t for t in levels if t <= reach), count), np.uint32))


def fit_encoder(
    x: npt.NDArray[np.generic], feature_bits: int, thermometer_bits: int, thresholds: str = "quantile"
) -> Encoder:
    """A thermometer of at most `thermometer_bits` bits a feature, fitted to training samples.

    Args:
        x: samples `[batch, features]`, the training split only.
        feature_bits: width of a feature's word, 1 to 16.
        thermometer_bits: thresholds per feature, at least 1.
        thresholds: `quantile`, or `uniform`: at equal steps of the feature's range, which pixels of an image (any
            unsigned type) share, so that each of them has the same thresholds; or `dyadic`: where comparators read the
            fewest bits. `learned` and `learned-uniform` are
            where learned thresholds start: the same as `quantile` and `uniform`.

    Raises:
        ConfigError: a setting out of range.
        DataError: no feature ever changes, or one's range is no finite float64.
    """
    if thermometer_bits < 1:
        raise ConfigError(f"thermometer_bits is {thermometer_bits}; it must be at least 1.")
    if thresholds not in THRESHOLDS:
        raise ConfigError(f"thresholds is {thresholds!r}; it must be one of {', '.join(THRESHOLDS)}.")
    bits, scale, offset = fit_words(x, feature_bits)
    empty = np.zeros(0, np.int32)
    words = Encoder(bits, scale, offset, empty, empty.astype(np.uint32)).to_words(x)
    if (words == words[:1]).all():
        raise DataError("no feature ever changes over the training samples; there is nothing to learn from.")
    if thresholds in ("uniform", "learned-uniform"):
        reach = words.max(axis=0)
        if x.dtype.kind in "ub":
            reach[:] = reach.max()
        cuts = [uniform_thresholds(int(top), thermometer_bits) for top in reach]
    elif thresholds == "dyadic":
        tops = zip(bits.tolist(), words.max(axis=0).tolist(), strict=True)
        cuts = [dyadic_thresholds(width, top, thermometer_bits) for width, top in tops]
    else:
        cuts = [quantile_thresholds(column, thermometer_bits) for column in words.T]
    feature = np.repeat(np.arange(len(cuts), dtype=np.int32), [len(c) for c in cuts])
    return Encoder(bits, scale, offset, feature, np.concatenate(cuts))
