"""Breast-cancer split as difflogic's experiments split it: the 277 complete rows, a quarter of them the test split."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from warp2hdl.data import Dataset, load
from warp2hdl.data.splits import DEFAULT_VAL_FRACTION, split_count, stratified_split


def _file_order(dataset: Dataset, labels: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """The row of the file that each sample of training, validation and test split came from."""
    rest, test = stratified_split(labels, len(dataset.y_test), seed)
    kept, held = stratified_split(labels[rest], len(dataset.y_val), seed)
    return np.concatenate([rest[kept], rest[held], test])


def load_breast_cancer(folder: Path, seed: int) -> Dataset:
    """The data set with difflogic's test split, always the same; `seed` decides which training rows validate.

    Args:
        folder: holds `breast-cancer.data`.
        seed: of the validation split.
    """
    dataset = load("breast-cancer", data=folder, seed=seed)
    lines = [line.split(",") for line in (folder / "breast-cancer.data").read_text().splitlines() if line.strip()]
    labels = np.array([dataset.class_names.index(cells[0]) for cells in lines], np.int64)
    order = _file_order(dataset, labels, seed)
    x = np.empty((len(labels), dataset.features))
    x[order] = np.concatenate([dataset.x_train, dataset.x_val, dataset.x_test])
    complete = np.flatnonzero(["?" not in cells for cells in lines])
    rest, test = train_test_split(complete, test_size=0.25, random_state=0)
    kept, held = stratified_split(labels[rest], split_count(len(rest), DEFAULT_VAL_FRACTION), seed)
    train, val = rest[kept], rest[held]
    return dataclasses.replace(
        dataset,
        x_train=x[train],
        y_train=labels[train],
        x_val=x[val],
        y_val=labels[val],
        x_test=x[test],
        y_test=labels[test],
    )
