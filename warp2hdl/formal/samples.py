"""Feature words that tell the signals of a circuit apart, and the packed bits that a graph is simulated with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.encode import Encoder
from warp2hdl.formal.graph import Words
from warp2hdl.sim.vectors import random_vectors

Samples = npt.NDArray[np.unsignedinteger]
_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


def choose(encoder: Encoder, known: Samples | None, count: int, seed: int = 0) -> Samples:
    """Feature words `[n, features]`: some of the known ones, and `count` random ones.

    Half of the random ones are as in a co-simulation, uniform or at a threshold; in the other half each sample has
    its own share of features at their top, and the others at 0.
    """
    rng = np.random.default_rng(seed)
    tops = (1 << encoder.feature_bits.astype(np.int64)) - 1
    share = rng.random((count - count // 2, 1))
    extreme = np.where(rng.random((len(share), encoder.features)) < share, tops, 0).astype(encoder.word_dtype)
    parts = [random_vectors(encoder, count // 2, seed), extreme]
    if known is not None:
        parts.insert(0, known[:count].astype(encoder.word_dtype))
    return np.concatenate(parts)


def pack_words(encoder: Encoder, words: Samples) -> Words:
    """Words `[batch, features]` -> packed bits of all features `[sum of feature_bits, lanes]`, feature 0 first."""
    widths = encoder.feature_bits.astype(np.int64)
    shifts = np.concatenate([np.arange(width, dtype=np.uint32) for width in widths])
    bits = (np.repeat(words.astype(np.uint32), widths, axis=1) >> shifts & 1).astype(np.bool_)
    return pack_bits(bits)


def pack_bits(bits: npt.NDArray[np.bool_]) -> Words:
    """Bits `[batch, signals]` -> uint64 `[signals, ceil(batch / 64)]`, the last lane padded with the first sample."""
    missing = -len(bits) % 64
    padded = np.concatenate([bits, np.repeat(bits[:1], missing, axis=0)]) if missing else bits
    return np.ascontiguousarray(np.packbits(padded.T, axis=1, bitorder="little")).view(np.uint64)


def values_of(simulated: Words, literals: npt.ArrayLike, batch: int) -> npt.NDArray[np.bool_]:
    """The values `[batch, literals]` of literals in a simulation `[variables, lanes]`."""
    literal = np.asarray(literals, np.int64)
    packed = simulated[literal >> 1] ^ (_ONES * (literal & 1).astype(np.uint64))[:, None]
    bits = np.unpackbits(np.ascontiguousarray(packed).view(np.uint8), axis=1, bitorder="little", count=batch)
    return bits.T.astype(np.bool_)


def to_integers(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Bits `[batch, width]`, lowest first -> unsigned numbers `[batch]`."""
    return bits.astype(np.int64) @ (np.int64(1) << np.arange(bits.shape[1], dtype=np.int64))


def to_words(encoder: Encoder, bits: npt.ArrayLike) -> Samples:
    """One assignment of all feature bits -> words `[1, features]`."""
    widths = encoder.feature_bits.astype(np.int64)
    parts = np.split(np.asarray(bits, np.bool_), np.cumsum(widths)[:-1])
    return np.array([[int(to_integers(part[None])[0]) for part in parts]], encoder.word_dtype)
