"""MNIST without its border: the 20 x 20 pixels of each image that hold the digit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.errors import DataError

SIZE = 20


def _starts(inked: npt.NDArray[np.bool_], where: str) -> npt.NDArray[np.int64]:
    """Where a window of `SIZE` starts that holds all ink of each image `[images, pixels]` in its middle."""
    length = inked.shape[1]
    blank = ~inked.any(axis=1)
    before = np.where(blank, length, inked.argmax(axis=1))
    behind = np.where(blank, length, inked[:, ::-1].argmax(axis=1))
    inks = length - before - behind
    if (inks > SIZE).any():
        worst = int(inks.argmax())
        raise DataError(
            f"{where}: image {worst} has ink over {inks[worst]} pixels; "
            f"only digits of up to {SIZE} x {SIZE} can be cropped."
        )
    spare = length - SIZE
    before, behind = np.minimum(before, length // 2), np.minimum(behind, length // 2)
    # Where one side must keep a blank line more than the other, it is the top or the left.
    start = before - (before + behind - spare + 1) // 2
    return np.clip(start, np.maximum(spare - behind, 0), np.minimum(before, spare))


def crop_to_ink(images: npt.NDArray[np.uint8], where: str) -> npt.NDArray[np.uint8]:
    """Images `[images, rows, columns]` -> their windows `[images, 20, 20]`, no ink lost.

    As in difflogic's `mnist20x20` the window of each image is chosen by its digit: rows and then columns are taken
    away on both sides alike as long as they are blank.

    Args:
        images: uint8, 0 is blank.
        where: the file, for messages.

    Raises:
        DataError: images smaller than the window, or a digit larger.
    """
    rows, columns = images.shape[1:]
    if min(rows, columns) < SIZE:
        raise DataError(f"{where} has images of {rows} x {columns} pixels; cropping needs {SIZE} x {SIZE} at least.")
    inked: npt.NDArray[np.bool_] = images > 0
    top = _starts(np.any(inked, axis=2), where)
    left = _starts(np.any(inked, axis=1), where)
    down = top[:, None] + np.arange(SIZE)
    right = left[:, None] + np.arange(SIZE)
    return images[np.arange(len(images))[:, None, None], down[:, :, None], right[:, None, :]]
