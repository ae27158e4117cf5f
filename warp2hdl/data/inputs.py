"""New input for a trained circuit, from the files that people have, all at once or a part after the other."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.data.arrays import check_samples, samples
from warp2hdl.data.csv_file import read_csv_rows
from warp2hdl.data.idx import read_idx_parts
from warp2hdl.data.labels import class_ids_of_parts, require_vector
from warp2hdl.data.npy_file import StoredArray, readable, stored_arrays
from warp2hdl.data.schema import LabelColumn, Schema, schema_from_json
from warp2hdl.errors import DataError

PART_BYTES = 4 << 20
"""About how much of a file is read at a time: little enough to stay in a processor's cache."""
_CELL_BYTES = 16  # so many it takes with its feature; its text takes several times as many
_BLOCK = 512

Inputs = tuple[npt.NDArray[np.generic], npt.NDArray[np.int64] | None]


@dataclass(frozen=True)
class Part:
    """Consecutive samples of a file.

    Attributes:
        x: features `[n, features]`, uint8 or float64; valid until the next part is read.
        labels: class ids `[n]`, or None where the file has none.
        done: how much of the file was read so far: samples, or bytes of a `.csv`.
        total: how much that is in all.
    """

    x: npt.NDArray[np.generic]
    labels: npt.NDArray[np.int64] | None
    done: int
    total: int


def rows_of(row_bytes: int, part_bytes: int = PART_BYTES) -> int:
    """How many rows of so many bytes make a part: whole blocks of 512, where that many fit in."""
    rows = max(1, part_bytes // max(1, row_bytes))
    return rows if rows < _BLOCK else rows // _BLOCK * _BLOCK


def stream_inputs(
    path: Path | str, schema: Schema | Mapping[str, Any], part_bytes: int = PART_BYTES
) -> Generator[Part, None, None]:
    """Samples from a `.csv`, `.npy`, `.npz` or idx image file, however large, as the circuit was trained to take them.

    Args:
        path: the file. A `.csv` is read by the names of its columns; the others hold features already.
        schema: the data set's, or its JSON form from a circuit's metadata.
        part_bytes: about how much of the file makes a part.

    Raises:
        DataError: an unknown kind of file, or its content is at fault; the message says where. What is wrong with a
            sample is raised when its part is read.
        FormatError: the schema is damaged.
    """
    path = Path(path)
    if isinstance(schema, Mapping):
        schema = schema_from_json(schema)
    kind = path.suffix.lower()
    if kind == ".csv":
        yield from _csv_parts(path, schema, part_bytes)
    elif kind in (".npy", ".npz"):
        yield from _array_parts(path, schema, part_bytes)
    elif path.name.removesuffix(".gz").endswith("-ubyte"):
        yield from _idx_parts(path, schema, part_bytes)
    else:
        raise DataError(f"{path} is of no known kind; give a .csv, .npy, .npz or an idx file ending in -ubyte or .gz.")


def _csv_parts(path: Path, schema: Schema, part_bytes: int) -> Iterator[Part]:
    labels = LabelColumn.of(schema)
    for table in read_csv_rows(path, rows_of(len(schema.feature_names) * _CELL_BYTES, part_bytes)):
        yield Part(schema.encode(table), labels.ids(table), table.bytes_read, path.stat().st_size)


def _array_parts(path: Path, schema: Schema, part_bytes: int) -> Iterator[Part]:
    """Samples and labels of a `.npy` (samples alone) or `.npz` file (`x` or `x_test`, `y` or `y_test`)."""
    with stored_arrays(path, ("x", "y"), ("x_test", "y_test")) as arrays:
        x_name = next((name for name in arrays if name.startswith("x")), None)
        if x_name is None:
            raise DataError(f"{path} has neither x nor x_test; save the samples under one of these names.")
        x, y_name = arrays[x_name], x_name.replace("x", "y")
        where, total = f"{path}: {x_name}", x.shape[0] if x.shape else 0
        check_samples(x.shape, x.dtype, where)
        _check_features(path, math.prod(x.shape[1:]), schema)
        rows = rows_of(math.prod(x.shape[1:]) * x.dtype.itemsize, part_bytes)
        labels: Iterator[npt.NDArray[np.int64] | None] = repeat(None)
        if y_name in arrays:
            y = arrays[y_name]
            require_vector(y.shape, f"{path}: {y_name}")
            if y.shape[0] != total:
                raise DataError(f"{path}: {x_name} has {total} samples, {y_name} {y.shape[0]} labels; save both again.")
            labels = class_ids_of_parts(
                _read(path, y, 1 << 16), _read(path, y, rows), schema.class_names, f"{path}: {y_name}"
            )
        done = 0
        for values in _read(path, x, rows):
            found = samples(values, where, done)
            done += len(found)
            yield Part(found, next(labels), done, total)


def _read(path: Path, array: StoredArray, rows: int) -> Iterator[npt.NDArray[np.generic]]:
    with readable(path):
        yield from array.parts(rows)


def _idx_parts(path: Path, schema: Schema, part_bytes: int) -> Iterator[Part]:
    def rows(shape: tuple[int, ...]) -> int:
        check_samples(shape, np.dtype(np.uint8), str(path))
        _check_features(path, math.prod(shape[1:]), schema)
        return rows_of(math.prod(shape[1:]), part_bytes)

    done = 0
    for images, total in read_idx_parts(path, 3, rows):
        done += len(images)
        yield Part(samples(images, str(path)), None, done, total)


def _check_features(path: Path, count: int, schema: Schema) -> None:
    if count != len(schema.feature_names):
        raise DataError(f"{path} has {count} features a sample; this circuit takes {len(schema.feature_names)}.")


def load_inputs(path: Path | str, schema: Schema | Mapping[str, Any]) -> Inputs:
    """All samples of a file at once.

    Args:
        path: as in `stream_inputs`.
        schema: as there.

    Returns:
        Features `[n, features]`, uint8 or float64, and class ids `[n]` or None where the file has no labels.

    Raises:
        DataError: as `stream_inputs`.
        FormatError: as `stream_inputs`.
    """
    x, labels = [], []
    with closing(stream_inputs(path, schema)) as parts:
        for part in parts:
            x.append(part.x.copy())
            if part.labels is not None:
                labels.append(part.labels)
    return np.concatenate(x), np.concatenate(labels) if labels else None
