"""Labels: raw values -> class names and class ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from warp2hdl.errors import DataError


def label_texts(values: npt.NDArray[np.generic], where: str) -> list[str]:
    """Labels `[samples]` of whole numbers or strings, as strings.

    Raises:
        DataError: not one-dimensional, or neither whole numbers nor strings.
    """
    if values.ndim != 1:
        raise DataError(f"{where} has shape {values.shape}; give one label a sample, [samples].")
    if values.dtype.kind == "f" and bool(np.all(np.floor(values) == values) & np.all(np.isfinite(values))):
        values = values.astype(np.int64)
    if values.dtype.kind not in "iubU":
        raise DataError(f"{where} holds {values.dtype}; give labels as whole numbers or strings.")
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    return [str(value) for value in values.tolist()]


def sorted_names(texts: Iterable[str]) -> tuple[str, ...]:
    """The distinct labels, in the order of their numbers where all are whole numbers, else in that of their text."""
    distinct = set(texts)
    try:
        return tuple(sorted(distinct, key=lambda text: (int(text), text)))
    except ValueError:
        return tuple(sorted(distinct))


def class_ids(texts: Sequence[str], class_names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Label texts -> int64 `[samples]` class ids, -1 where a label is no class."""
    index = {name: i for i, name in enumerate(class_names)}
    return np.array([index.get(text, -1) for text in texts], np.int64)


def array_class_ids(values: npt.NDArray[np.generic], class_names: Sequence[str], where: str) -> npt.NDArray[np.int64]:
    """Labels `[samples]` of an array file -> class ids; whole numbers that are no names count from class 0.

    Raises:
        DataError: a label that is no class.
    """
    texts = label_texts(values, where)
    ids = class_ids(texts, class_names)
    if values.dtype.kind != "U" and bool((ids < 0).any()):
        numbers = np.array([int(text) for text in texts], np.int64)
        ids = np.where((numbers >= 0) & (numbers < len(class_names)), numbers, -1)
    unknown = np.flatnonzero(ids < 0)
    if len(unknown):
        row = int(unknown[0])
        raise DataError(f"{where}: the label {texts[row]!r} of sample {row} is none of the {len(class_names)} classes.")
    return ids
