"""CIFAR-10: the six binary batches, xz-packed or not, of a folder that the user names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from warp2hdl.data.dataset import Dataset
from warp2hdl.data.files import content, find, require_folder
from warp2hdl.data.schema import ArraySchema
from warp2hdl.data.splits import split_count, stratified_split
from warp2hdl.errors import DataError

SHAPE = (3, 32, 32)
CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_RECORD = 1 + 3 * 32 * 32
_FILES = "its six .bin or .bin.xz files"
_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = "test_batch.bin"
_VAL_COUNT = 5000

Split = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


def feature_names() -> tuple[str, ...]:
    """`red_ROW_COLUMN`, then green and blue, for every pixel, row by row."""
    return tuple(f"{plane}_{r}_{c}" for plane in ("red", "green", "blue") for r in range(32) for c in range(32))


def read_batch(path: Path) -> Split:
    """One batch: images `[n, 3072]`, the red, the green and the blue plane row by row, and labels `[n]`.

    The format: records of 3,073 bytes, the label (0 to 9) and the pixels (https://www.cs.toronto.edu/~kriz/cifar.html).

    Raises:
        DataError: no such file, damaged, of a wrong length, or with a label above 9.
    """
    data = content(path)
    if not data or len(data) % _RECORD:
        raise DataError(f"{path} holds {len(data)} bytes, no multiple of {_RECORD} above 0; fetch it again.")
    records = np.frombuffer(data, np.uint8).reshape(-1, _RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= len(CLASS_NAMES):
        row = int(labels.argmax())
        raise DataError(f"{path}: record {row} has the label {labels[row]}, above 9; it is not CIFAR-10's.")
    return records[:, 1:], labels


def load_cifar(name: str, folder: Path | str | None, *, seed: int = 0, val_fraction: float | None = None) -> Dataset:
    """CIFAR-10 with the official test split, uint8 pixels of 0 to 255.

    Args:
        name: what the data set is called; its variants differ in their presets alone.
        folder: holds the six batches, each with or without `.xz`.
        seed: decides which training images validate.
        val_fraction: how many of them do; by default 5,000 (at most a tenth).

    Raises:
        ConfigError: no folder is given, or `val_fraction` is not between 0 and 1.
        DataError: a file is missing, damaged, or of a wrong length.
    """
    folder = require_folder(name, folder, _FILES)
    paths = [find(folder, stem, ".xz", _FILES) for stem in (*_TRAIN, _TEST)]
    batches = [read_batch(path) for path in paths]
    for path, (images, _) in zip(paths, batches, strict=True):
        if len(images) != len(batches[0][0]):
            raise DataError(
                f"{path} has {len(images)} images, {paths[0]} {len(batches[0][0])}; all batches have as many: "
                "fetch both again."
            )
    x = np.concatenate([images for images, _ in batches[:-1]])
    y = np.concatenate([labels for _, labels in batches[:-1]])
    x_test, y_test = batches[-1]
    count = min(_VAL_COUNT, max(1, len(y) // 10)) if val_fraction is None else split_count(len(y), val_fraction)
    train, val = stratified_split(y, count, seed)
    names = feature_names()
    return Dataset(
        name=name,
        x_train=x[train],
        y_train=y[train],
        x_val=x[val],
        y_val=y[val],
        x_test=np.ascontiguousarray(x_test),
        y_test=y_test,
        feature_names=names,
        class_names=CLASS_NAMES,
        schema=ArraySchema(CLASS_NAMES, names),
        image_shape=SHAPE,
    )
