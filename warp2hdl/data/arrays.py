"""The user's own arrays: `.npz` data sets, and samples in `.npy` and `.npz` files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from warp2hdl.data.dataset import Dataset
from warp2hdl.data.labels import array_class_ids, label_texts, sorted_names
from warp2hdl.data.schema import ArraySchema
from warp2hdl.data.splits import DEFAULT_VAL_FRACTION, split_count, stratified_split
from warp2hdl.errors import DataError

_REQUIRED = ("x_train", "y_train", "x_test", "y_test")

Arrays = dict[str, npt.NDArray[np.generic]]


def read_npz(path: Path | str) -> Arrays:
    """All arrays of a `.npz` file, or the one of a `.npy` file as `x`.

    Raises:
        DataError: no such file, damaged, or with Python objects, which are never loaded.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} is not a file; check the path.")
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"x": loaded}
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged or holds Python objects ({error}); save plain arrays again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def check_samples(shape: tuple[int, ...], dtype: np.dtype[np.generic], where: str) -> None:
    """Whether an array can hold samples.

    Raises:
        DataError: no samples or features, or not real numbers.
    """
    if dtype.kind not in "buif":
        raise DataError(f"{where} holds {dtype}; give real numbers.")
    if len(shape) < 2 or 0 in shape:
        raise DataError(f"{where} has shape {shape}; give [samples, features], at least one of each.")


def samples(values: npt.NDArray[np.generic], where: str, first: int = 0) -> npt.NDArray[np.generic]:
    """Samples `[n, ...]` of any real type -> uint8 (from bytes and booleans) or float64 `[n, features]`.

    Args:
        values: the samples; where they are of the right type and shape, the result shares their memory.
        where: the array, for messages.
        first: the number of the first sample, for messages.

    Raises:
        DataError: no samples or features, not real numbers, or a value that is not finite.
    """
    check_samples(values.shape, values.dtype, where)
    flat = values.reshape(len(values), -1)
    flat = flat.astype(np.uint8 if flat.dtype in (np.uint8, np.bool_) else np.float64, copy=False)
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        row, column = np.argwhere(~np.isfinite(flat))[0]
        raise DataError(
            f"{where}: sample {first + row}, feature {column} is {flat[row, column]}; only finite numbers are taken."
        )
    return flat


def _names(arrays: Arrays, key: str, path: Path) -> tuple[str, ...] | None:
    if key not in arrays:
        return None
    return tuple(label_texts(arrays[key], f"{path}: {key}"))


def _split(
    arrays: Arrays, split: str, path: Path, class_names: Sequence[str]
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.int64]]:
    x = samples(arrays[f"x_{split}"], f"{path}: x_{split}")
    y = array_class_ids(arrays[f"y_{split}"], class_names, f"{path}: y_{split}")
    if len(x) != len(y):
        raise DataError(f"{path}: x_{split} has {len(x)} samples, y_{split} {len(y)} labels; save both again.")
    return x, y


def load_npz(path: Path | str, *, seed: int = 0, val_fraction: float | None = None) -> Dataset:
    """A `.npz` with `x_train y_train x_test y_test`, and if wanted `x_val y_val feature_names class_names`.

    Samples of more than one dimension are flattened. Labels are whole numbers or strings; the classes are those of
    `y_train`, sorted, unless `class_names` names them.

    Raises:
        ConfigError: `val_fraction` is not between 0 and 1.
        DataError: an array is missing, of a wrong shape or type, or not finite.
    """
    path = Path(path)
    arrays = read_npz(path)
    missing = [name for name in _REQUIRED if name not in arrays]
    if missing or ("x_val" in arrays) != ("y_val" in arrays):
        need = ", ".join(missing) or "x_val and y_val together"
        raise DataError(f"{path} lacks {need}; save x_train, y_train, x_test and y_test with numpy.savez.")
    class_names = _names(arrays, "class_names", path)
    if class_names is None:
        class_names = sorted_names(label_texts(arrays["y_train"], f"{path}: y_train"))
    if len(class_names) < 2:
        raise DataError(f"{path} has {len(class_names)} class; two classes at least are needed.")
    x, y = _split(arrays, "train", path, class_names)
    x_test, y_test = _split(arrays, "test", path, class_names)
    if "x_val" in arrays:
        x_val, y_val = _split(arrays, "val", path, class_names)
    else:
        count = split_count(len(y), DEFAULT_VAL_FRACTION if val_fraction is None else val_fraction)
        train, val = stratified_split(y, count, seed)
        x, y, x_val, y_val = x[train], y[train], x[val], y[val]
    for split, part in (("test", x_test), ("val", x_val)):
        if part.shape[1] != x.shape[1]:
            raise DataError(f"{path}: x_{split} has {part.shape[1]} features, x_train {x.shape[1]}; they must agree.")
    feature_names = _names(arrays, "feature_names", path) or tuple(f"x{i}" for i in range(x.shape[1]))
    if len(feature_names) != x.shape[1]:
        raise DataError(f"{path}: there are {len(feature_names)} feature_names for {x.shape[1]} features.")
    # One type for all splits, so that the words do not depend on the split.
    dtype = np.result_type(x, x_val, x_test)
    shape = arrays["x_train"].shape[1:]
    return Dataset(
        name=path.stem,
        x_train=x.astype(dtype),
        y_train=y,
        x_val=x_val.astype(dtype),
        y_val=y_val,
        x_test=x_test.astype(dtype),
        y_test=y_test,
        feature_names=feature_names,
        class_names=class_names,
        schema=ArraySchema(class_names, feature_names),
        image_shape=shape if len(shape) > 1 else None,
    )
