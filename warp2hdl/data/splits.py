"""Stratified splits that depend on nothing but the labels and the seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.errors import ConfigError

DEFAULT_VAL_FRACTION = 0.15


def stratified_split(
    labels: npt.NDArray[np.int64], count: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Takes `count` samples out, every class by its share, and leaves at least one of each class.

    Args:
        labels: int64 `[samples]`, class ids from 0.
        count: how many to take; fewer are taken where the classes would run empty.
        seed: decides which.

    Returns:
        The indices that stay and those that were taken, both ascending.
    """
    sizes = np.bincount(labels)
    quota = count * sizes / max(len(labels), 1)
    take = np.minimum(np.floor(quota).astype(np.int64), np.maximum(sizes - 1, 0))
    by_remainder = np.argsort(-(quota - np.floor(quota)), kind="stable")
    missing = min(count, int(np.maximum(sizes - 1, 0).sum())) - int(take.sum())
    while missing:
        open_classes = by_remainder[take[by_remainder] < sizes[by_remainder] - 1][:missing]
        take[open_classes] += 1
        missing -= len(open_classes)
    rng = np.random.default_rng(seed)
    taken = np.zeros(len(labels), np.bool_)
    for label, n in enumerate(take):
        taken[rng.permutation(np.flatnonzero(labels == label))[:n]] = True
    return np.flatnonzero(~taken), np.flatnonzero(taken)


def split_count(samples: int, fraction: float) -> int:
    """How many of `samples` a fraction is, at least 1.

    Raises:
        ConfigError: the fraction is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ConfigError(f"val_fraction is {fraction}; it must lie between 0 and 1.")
    return max(1, round(samples * fraction))
