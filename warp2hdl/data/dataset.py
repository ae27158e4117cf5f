"""`Dataset`: samples and labels in three splits, and how new raw input becomes such samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warp2hdl.data.schema import Schema


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled samples.

    Attributes:
        name: what the data set is called; not always an identifier.
        x_train: uint8 or float64 `[train, features]`, finite.
        y_train: int64 `[train]`, class ids.
        x_val: as `x_train`, for choosing a model.
        y_val: as `y_train`.
        x_test: as `x_train`, for reporting only.
        y_test: as `y_train`.
        feature_names: one per feature.
        class_names: one per class.
        schema: turns new raw input into features.
        image_shape: the shape of one sample before it was flattened, or None.
    """

    name: str
    x_train: npt.NDArray[np.generic]
    y_train: npt.NDArray[np.int64]
    x_val: npt.NDArray[np.generic]
    y_val: npt.NDArray[np.int64]
    x_test: npt.NDArray[np.generic]
    y_test: npt.NDArray[np.int64]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    schema: Schema
    image_shape: tuple[int, ...] | None = None

    @property
    def features(self) -> int:
        """How many features a sample has."""
        return len(self.feature_names)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)
