"""MNIST, whole or cropped, and Fashion-MNIST: the four idx files, gzipped or not, of a folder that the user names."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from warp2hdl.data.crop import crop_to_ink
from warp2hdl.data.dataset import Dataset
from warp2hdl.data.digits import pixel_names
from warp2hdl.data.files import find, opened, require_folder
from warp2hdl.data.schema import ArraySchema
from warp2hdl.data.splits import split_count, stratified_split
from warp2hdl.errors import DataError

_VAL_COUNT = 5000
_DIGITS = tuple(str(digit) for digit in range(10))
CLASS_NAMES: dict[str, tuple[str, ...]] = {
    "mnist": _DIGITS,
    "mnist20x20": _DIGITS,
    "fashion-mnist": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
}


def read_idx(path: Path | str, dimensions: int) -> npt.NDArray[np.uint8]:
    """An idx file of bytes -> uint8 array of the given number of dimensions.

    The format: two zero bytes, the type (8 for bytes), the number of dimensions, each size as a big-endian 32-bit
    number, then the values.

    Raises:
        DataError: no such file, a damaged gzip file, a wrong magic number, or fewer or more values than it announces.
    """
    path = Path(path)
    with opened(path) as file:
        shape = _read_shape(path, file, dimensions)
        data = file.read()
    _require_whole(path, shape, len(data))
    return np.frombuffer(data, np.uint8).reshape(shape)


def read_idx_parts(
    path: Path | str, dimensions: int, length: Callable[[tuple[int, ...]], int]
) -> Iterator[tuple[npt.NDArray[np.uint8], int]]:
    """As `read_idx`, some values of the first axis at a time, each part with the length of the whole axis.

    Args:
        path: the file.
        dimensions: how many it has.
        length: how long a part is, the last one aside, from the shape of the whole.

    Raises:
        DataError: as `read_idx`; a file that is cut short or too long, when its end is read.
    """
    path = Path(path)
    with opened(path) as file:
        shape = _read_shape(path, file, dimensions)
        inner = math.prod(shape[1:])
        step, held = length(shape), 0
        for first in range(0, shape[0], step):
            part = file.read(min(step, shape[0] - first) * inner)
            held += len(part)
            if held < min(first + step, shape[0]) * inner:
                break
            yield np.frombuffer(part, np.uint8).reshape(-1, *shape[1:]), shape[0]
        while rest := file.read(1 << 20):
            held += len(rest)
        _require_whole(path, shape, held)


def _read_shape(path: Path, file: IO[bytes], dimensions: int) -> tuple[int, ...]:
    """Reads the header."""
    start, magic = file.read(4), bytes((0, 0, 8, dimensions))
    if start != magic:
        raise DataError(
            f"{path} starts with {start.hex()}, an idx file of this kind with {magic.hex()}; fetch it again."
        )
    sizes = file.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise DataError(f"{path} ends within its header; fetch it again.")
    return struct.unpack(f">{dimensions}I", sizes)


def _require_whole(path: Path, shape: tuple[int, ...], held: int) -> None:
    if held != math.prod(shape):
        raise DataError(f"{path} announces {math.prod(shape)} values and holds {held}; fetch it again.")


def _split(name: str, folder: Path, prefix: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images `[samples, rows, columns]` and labels `[samples]` of one of the two official splits."""
    files = f"the four idx files of {name}"
    images_path = find(folder, f"{prefix}-images-idx3-ubyte", ".gz", files)
    labels_path = find(folder, f"{prefix}-labels-idx1-ubyte", ".gz", files)
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1).astype(np.int64)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} has {len(images)} images, {labels_path} {len(labels)} labels; fetch both again."
        )
    top = len(CLASS_NAMES[name]) - 1
    if not len(labels) or labels.max() > top:
        raise DataError(f"{labels_path} has no labels or one above {top}; it is not {name}'s.")
    if name == "mnist20x20":
        images = crop_to_ink(images, str(images_path))
    return images, labels


def load_idx(name: str, folder: Path | str | None, *, seed: int = 0, val_fraction: float | None = None) -> Dataset:
    """Images of MNIST or Fashion-MNIST with the official test split, uint8 pixels of 0 to 255.

    Args:
        name: a key of `CLASS_NAMES`.
        folder: holds the four idx files, each with or without `.gz`.
        seed: decides which training images validate.
        val_fraction: how many of them do; by default 5,000 (at most a sixth).

    Raises:
        ConfigError: no folder is given, or `val_fraction` is not between 0 and 1.
        DataError: a file is missing, damaged, or of another kind.
    """
    folder = require_folder(name, folder, "its four idx files")
    images, labels = _split(name, folder, "train")
    test_images, test_labels = _split(name, folder, "t10k")
    if images.shape[1:] != test_images.shape[1:]:
        raise DataError(
            f"{folder}: training images are {images.shape[1:]}, test images {test_images.shape[1:]} pixels."
        )
    rows, columns = images.shape[1:]
    count = min(_VAL_COUNT, max(1, len(labels) // 6))
    if val_fraction is not None:
        count = split_count(len(labels), val_fraction)
    train, val = stratified_split(labels, count, seed)
    flat = images.reshape(len(images), -1)
    names = pixel_names(rows, columns)
    return Dataset(
        name=name,
        x_train=flat[train],
        y_train=labels[train],
        x_val=flat[val],
        y_val=labels[val],
        x_test=test_images.reshape(len(test_images), -1),
        y_test=test_labels,
        feature_names=names,
        class_names=CLASS_NAMES[name],
        schema=ArraySchema(CLASS_NAMES[name], names),
        image_shape=(rows, columns),
    )
