"""Where a circuit's data came from, as its metadata tells, and the labelled samples to evaluate it on."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.data import NAMES, ArraySchema, Dataset, Schema, load, load_inputs, schema_from_json
from warp2hdl.errors import ConfigError, DataError


@dataclass(frozen=True)
class Samples:
    """Labelled samples.

    Attributes:
        x: features `[n, features]`.
        labels: class ids `[n]`.
        split: `test`, or `all` for every sample of a file.
        source: the data set's or the file's name.
    """

    x: npt.NDArray[np.generic]
    labels: npt.NDArray[np.int64]
    split: str
    source: str


def record(
    name_or_path: str,
    dataset: Dataset,
    *,
    data: Path | None,
    target: str | None,
    categorical: Sequence[str],
    split_seed: int,
) -> dict[str, Any]:
    """How to get the same splits again, in what JSON can hold.

    A path is kept only if it is relative; of a file there is the SHA-256, which tells it wherever it lies.
    """
    place = data if name_or_path in NAMES else Path(name_or_path)
    is_file = place is not None and place.is_file()
    return {
        "name": dataset.name,
        "source": name_or_path if name_or_path in NAMES else Path(name_or_path).name,
        "path": None if place is None or place.is_absolute() else place.as_posix(),
        "sha256": _sha256(place) if place is not None and is_file else None,
        "target": target,
        "categorical": list(categorical),
        "split_seed": split_seed,
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def schema_of(info: Mapping[str, Any], class_names: Sequence[str], feature_names: Sequence[str]) -> Schema:
    """How raw input becomes features: as the metadata tells, else features as they are.

    Raises:
        FormatError: the metadata is damaged.
    """
    described = info.get("data")
    if isinstance(described, Mapping):
        return schema_from_json(described)
    return ArraySchema(tuple(class_names), tuple(feature_names))


def load_samples(info: Mapping[str, Any], schema: Schema, data: Path | None, target: str | None) -> Samples:
    """The test split that the metadata describes, or all samples of a new file.

    Args:
        info: a circuit's or a model's metadata.
        schema: how raw input becomes features.
        data: a file, or the folder with the files of `mnist` or `fashion-mnist`; by default what was trained on.
        target: the column of a new `.csv` that holds the label, if it is called otherwise than in training.

    Raises:
        ConfigError: `data` is needed, or `target` is not for this data.
        DataError: the data is missing, at fault, or has no labels.
    """
    described = info.get("dataset")
    recorded: Mapping[str, Any] = described if isinstance(described, Mapping) else {}
    if target is not None and (data is None or data.suffix != ".csv"):
        raise ConfigError("--target is for a .csv given with --data; leave it out.")
    if data is None:
        return _test_split(recorded, _recorded_place(recorded))
    if not data.exists():
        raise DataError(f"{data} does not exist; give --data an existing file or folder.")
    if data.is_dir() or (target is None and _is_same_file(recorded, data)):
        return _test_split(recorded, data)
    return _all_samples(schema, data, target)


def _is_same_file(recorded: Mapping[str, Any], path: Path) -> bool:
    return recorded.get("sha256") is not None and _sha256(path) == recorded["sha256"]


def _recorded_place(recorded: Mapping[str, Any]) -> Path | None:
    """The file or folder that was trained on; None for what is built in."""
    source = recorded.get("source")
    if source == "digits":
        return None
    if not isinstance(source, str):
        raise ConfigError("the circuit does not tell what it was trained on; give --data PATH.")
    path = recorded.get("path")
    if not isinstance(path, str) or not Path(path).exists():
        raise ConfigError(f"the training data {path or source} is not here; give --data PATH.")
    if Path(path).is_file() and not _is_same_file(recorded, Path(path)):
        raise DataError(f"{path} has changed since the training; give --data {path} to evaluate all of its samples.")
    return Path(path)


def _test_split(recorded: Mapping[str, Any], place: Path | None) -> Samples:
    source, seed = recorded.get("source"), int(recorded.get("split_seed", 0))
    if place is None or place.is_dir():
        if source not in NAMES:
            raise DataError(f"{place} is a folder; give --data a file.")
        dataset = load(source, data=place, seed=seed)
    else:
        categorical = tuple(recorded.get("categorical", ()))
        dataset = load(place, target=recorded.get("target"), categorical=categorical, seed=seed)
    return Samples(dataset.x_test, dataset.y_test, "test", dataset.name)


def _all_samples(schema: Schema, path: Path, target: str | None) -> Samples:
    if target is not None:
        schema = dataclasses.replace(schema, target=target)
    x, labels = load_inputs(path, schema)
    if labels is None:
        where = f"no column {schema.target!r}" if path.suffix == ".csv" else "no y"
        raise DataError(f"{path} has no labels ({where}); add them, or use `warp2hdl predict`.")
    return Samples(x, labels, "all", path.name)
