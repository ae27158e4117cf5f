"""The 1,797 digits of 8 x 8 pixels that come with scikit-learn."""

from __future__ import annotations

import numpy as np

from warp2hdl.data.dataset import Dataset
from warp2hdl.data.schema import ArraySchema
from warp2hdl.data.splits import DEFAULT_VAL_FRACTION, split_count, stratified_split

_TEST_FRACTION = 0.2


def pixel_names(rows: int, columns: int) -> tuple[str, ...]:
    """`pixel_ROW_COLUMN` for every pixel of an image, row by row."""
    return tuple(f"pixel_{r}_{c}" for r in range(rows) for c in range(columns))


def load_digits(*, seed: int = 0, val_fraction: float | None = None) -> Dataset:
    """Digits, uint8 pixels of 0 to 16; scikit-learn's stratified 80/20 split, validation out of the training part.

    Raises:
        ConfigError: `val_fraction` is not between 0 and 1.
    """
    # Half a second to import; only this data set needs it.
    from sklearn.datasets import load_digits as sklearn_digits
    from sklearn.model_selection import train_test_split

    raw = sklearn_digits()
    x, y = raw.data.astype(np.uint8), raw.target.astype(np.int64)
    x_rest, x_test, y_rest, y_test = train_test_split(x, y, test_size=_TEST_FRACTION, stratify=y, random_state=seed)
    count = split_count(len(y_rest), DEFAULT_VAL_FRACTION if val_fraction is None else val_fraction)
    train, val = stratified_split(y_rest, count, seed)
    names = pixel_names(8, 8)
    classes = tuple(str(digit) for digit in range(10))
    return Dataset(
        name="digits",
        x_train=x_rest[train],
        y_train=y_rest[train],
        x_val=x_rest[val],
        y_val=y_rest[val],
        x_test=x_test,
        y_test=y_test,
        feature_names=names,
        class_names=classes,
        schema=ArraySchema(classes, names),
        image_shape=(8, 8),
    )
