"""New input for a trained circuit, from the files that people have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.data.arrays import read_npz, samples
from warp2hdl.data.idx import read_idx
from warp2hdl.data.labels import array_class_ids
from warp2hdl.data.schema import Schema, schema_from_json
from warp2hdl.errors import DataError

Inputs = tuple[npt.NDArray[np.generic], npt.NDArray[np.int64] | None]


def _from_arrays(path: Path, schema: Schema) -> Inputs:
    """Features and labels of a `.npy` (features alone) or `.npz` file (`x` or `x_test`, `y` or `y_test`)."""
    arrays = read_npz(path)
    for x_name, y_name in (("x", "y"), ("x_test", "y_test")):
        if x_name not in arrays:
            continue
        x = samples(arrays[x_name], f"{path}: {x_name}")
        if y_name not in arrays:
            return x, None
        y = array_class_ids(arrays[y_name], schema.class_names, f"{path}: {y_name}")
        if len(x) != len(y):
            raise DataError(f"{path}: {x_name} has {len(x)} samples, {y_name} {len(y)} labels; save both again.")
        return x, y
    raise DataError(f"{path} has neither x nor x_test; save the samples under one of these names.")


def load_inputs(path: Path | str, schema: Schema | Mapping[str, Any]) -> Inputs:
    """Samples from a `.csv`, `.npy`, `.npz` or idx image file, as the circuit was trained to take them.

    Args:
        path: the file. A `.csv` is read by the names of its columns; the others hold features already.
        schema: the data set's, or its JSON form from a circuit's metadata.

    Returns:
        Features `[n, features]`, uint8 or float64, and class ids `[n]` or None where the file has no labels.

    Raises:
        DataError: an unknown kind of file, or its content is at fault; the message says where.
        FormatError: the schema is damaged.
    """
    path = Path(path)
    if isinstance(schema, Mapping):
        schema = schema_from_json(schema)
    kind = path.suffix.lower()
    if kind == ".csv":
        return schema.apply(path)
    if kind in (".npy", ".npz"):
        x, y = _from_arrays(path, schema)
    elif path.name.removesuffix(".gz").endswith("-ubyte"):
        x, y = samples(read_idx(path, 3), str(path)), None
    else:
        raise DataError(f"{path} is of no known kind; give a .csv, .npy, .npz or an idx file ending in -ubyte or .gz.")
    if x.shape[1] != len(schema.feature_names):
        raise DataError(f"{path} has {x.shape[1]} features a sample; this circuit takes {len(schema.feature_names)}.")
    return x, y
