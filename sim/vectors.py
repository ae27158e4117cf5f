"""Choosing the vectors of a co-simulation, and packing words into ports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from warp2hdl.encode import Encoder
from warp2hdl.errors import DataError

Words = npt.NDArray[np.unsignedinteger]

_CHUNK = 1024  # vectors at a time: bounds the unpacked bits


def load_vectors(path: Path, encoder: Encoder, count: int | None) -> tuple[Words, npt.NDArray[np.int64]]:
    """The first `count` vectors of a `vectors.npz`, by default all: words `[n, features]` and labels `[n]`.

    Raises:
        DataError: the file is missing, damaged, empty, or does not fit the encoder.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist; name an .npz with words and labels.")
    try:
        with np.load(path, allow_pickle=False) as file:
            words, labels = file["words"], file["labels"]
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise DataError(f"{path} cannot be read as test vectors: {error}; write it again.") from error
    _require_fit(path, words, labels, encoder)
    return words[:count], labels[:count].astype(np.int64)


def _require_fit(path: Path, words: npt.NDArray[np.generic], labels: npt.NDArray[np.generic], encoder: Encoder) -> None:
    if words.ndim != 2 or words.shape[1] != encoder.features or words.dtype.kind != "u" or not len(words):
        raise DataError(
            f"{path}: `words` is {words.dtype} {list(words.shape)}; this circuit takes unsigned words "
            f"[vectors, {encoder.features}]; name the vectors of its own run."
        )
    if labels.shape != (len(words),) or labels.dtype.kind not in "iu":
        raise DataError(
            f"{path}: `labels` is {labels.dtype} {list(labels.shape)}, not one class id per vector; write it again."
        )
    over = np.argwhere(words.astype(np.int64) >> encoder.feature_bits.astype(np.int64))
    if len(over):
        row, column = over[0]
        raise DataError(
            f"{path}: row {row}, feature {column}: {words[row, column]} does not fit in "
            f"{encoder.feature_bits[column]} bits; name the vectors of the circuit's own run."
        )


def random_vectors(encoder: Encoder, count: int, seed: int) -> Words:
    """Random words `[count, features]`: half uniform, half at or just below one of the feature's thresholds."""
    rng = np.random.default_rng(seed)
    tops = (1 << encoder.feature_bits.astype(np.int64)) - 1
    words = rng.integers(0, tops + 1, (count, encoder.features))
    order = np.argsort(encoder.bit_feature, kind="stable")
    per_feature = np.bincount(encoder.bit_feature, minlength=encoder.features)
    compared = np.flatnonzero(per_feature)
    if len(compared):
        first = np.cumsum(per_feature) - per_feature
        pick = first[compared] + rng.integers(0, per_feature[compared], (count, len(compared)))
        edges = encoder.bit_threshold.astype(np.int64)[order][pick] - rng.integers(0, 2, pick.shape)
        words[:, compared] = np.where(rng.random(pick.shape) < 0.5, edges, words[:, compared])
    return words.astype(encoder.word_dtype)


def pack(
    values: npt.NDArray[np.integer], lsbs: Sequence[int], widths: Sequence[int], total: int
) -> npt.NDArray[np.uint8]:
    """Fields `[n, fields]` -> the bytes of one wide port `[n, ceil(total / 8)]`, little end first.

    Field i takes bits `lsbs[i]` to `lsbs[i] + widths[i] - 1` of the port, `total` bits wide.
    """
    field = np.repeat(np.arange(len(widths)), widths)
    bit = np.concatenate([np.arange(width) for width in widths])
    place = np.asarray(lsbs)[field] + bit
    packed = np.zeros((len(values), -(-total // 8)), np.uint8)
    for start in range(0, len(values), _CHUNK):
        part = values[start : start + _CHUNK].astype(np.uint32)
        bits = np.zeros((len(part), total), np.uint8)
        bits[:, place] = (part[:, field] >> bit.astype(np.uint32)) & 1
        packed[start : start + _CHUNK] = np.packbits(bits, axis=1, bitorder="little")
    return packed


def unpack_rows(packed: npt.NDArray[np.uint8]) -> list[int]:
    """Bytes `[n, bytes]`, little end first -> one integer per row."""
    size = packed.shape[1]
    data = packed.tobytes()
    return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]


def pack_scores(scores: npt.NDArray[np.int64], score_bits: int) -> npt.NDArray[np.uint8]:
    """Scores `[n, classes]` -> the bytes of `out_scores` `[n, bytes]`, class 0 in the lowest bits."""
    classes = scores.shape[1]
    return pack(scores, range(0, classes * score_bits, score_bits), [score_bits] * classes, classes * score_bits)
