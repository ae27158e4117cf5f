"""Labels: raw values -> class names and class ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from warp2hdl.errors import DataError


def label_texts(values: npt.NDArray[np.generic], where: str) -> list[str]:
    """Labels `[samples]` of whole numbers or strings, as strings.

    Raises:
        DataError: not one-dimensional, or neither whole numbers nor strings.
    """
    require_vector(values.shape, where)
    if values.dtype.kind == "f" and bool(np.all(np.floor(values) == values) & np.all(np.isfinite(values))):
        values = values.astype(np.int64)
    if values.dtype.kind not in "iubU":
        raise DataError(f"{where} holds {values.dtype}; give labels as whole numbers or strings.")
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    return [str(value) for value in values.tolist()]


def require_vector(shape: tuple[int, ...], where: str) -> None:
    """Whether an array can hold labels.

    Raises:
        DataError: not one-dimensional.
    """
    if len(shape) != 1:
        raise DataError(f"{where} has shape {shape}; give one label a sample, [samples].")


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
    return next(class_ids_of_parts([values], [values], class_names, where), np.zeros(0, np.int64))


def class_ids_of_parts(
    parts: Iterable[npt.NDArray[np.generic]],
    again: Iterable[npt.NDArray[np.generic]],
    class_names: Sequence[str],
    where: str,
) -> Iterator[npt.NDArray[np.int64]]:
    """Labels of an array file that are read in parts -> class ids of each part, as `array_class_ids` of the whole.

    Args:
        parts: the labels `[samples]`, to tell whether all are names.
        again: the same labels.
        class_names: one per class.
        where: the array, for messages.

    Raises:
        DataError: a label that is no class, or labels of a wrong shape or type.
    """
    by_number = False
    for part in parts:
        kinds, _ = _kinds(part, where)
        by_number |= part.dtype.kind != "U" and bool((class_ids(kinds, class_names) < 0).any())
    first = 0
    for part in again:
        kinds, place = _kinds(part, where)
        ids = _numbered(kinds, len(class_names)) if by_number else class_ids(kinds, class_names)
        found = ids[place]
        unknown = np.flatnonzero(found < 0)
        if len(unknown):
            row = int(unknown[0])
            raise DataError(
                f"{where}: the label {kinds[place[row]]!r} of sample {first + row} "
                f"is none of the {len(class_names)} classes."
            )
        yield found
        first += len(part)


def _kinds(part: npt.NDArray[np.generic], where: str) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The different labels as text, and which of them each sample `[samples]` has."""
    require_vector(part.shape, where)
    kinds, place = np.unique(part, return_inverse=True)
    return label_texts(kinds, where), place


def _numbered(kinds: Sequence[str], classes: int) -> npt.NDArray[np.int64]:
    """The classes that numbers stand for, -1 where there is none."""
    return np.array([int(text) if 0 <= int(text) < classes else -1 for text in kinds], np.int64)
