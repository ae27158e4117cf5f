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
from warp2hdl.errors import ConfigError, DataError, FormatError


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


@dataclass(frozen=True)
class Source:
    """How to get the same splits again.

    Attributes:
        source: a built-in data set, or the name of a file.
        path: of the file or folder; None if it was absolute, or the data are built in.
        sha256: of the file, which tells it wherever it lies; None for folders.
        target: the column of a `.csv` that holds the label.
        categorical: columns that were declared to hold no numbers.
        split_seed: of the splits.
    """

    source: str
    path: str | None = None
    sha256: str | None = None
    target: str | None = None
    categorical: tuple[str, ...] = ()
    split_seed: int = 0

    def is_file(self, path: Path) -> bool:
        """Whether that file has the very content that was trained on."""
        return self.sha256 is not None and path.is_file() and _sha256(path) == self.sha256

    def to_json(self) -> dict[str, Any]:
        """The source in what JSON can hold."""
        return dataclasses.asdict(self) | {"categorical": list(self.categorical)}


def source_of(
    dataset: str, *, data: Path | None, target: str | None, categorical: Sequence[str], split_seed: int
) -> Source:
    """The source that the arguments of `warp2hdl.data.load` describe; nothing of this machine's folders is kept."""
    if dataset in NAMES:
        return Source(dataset, path=_relative(data), split_seed=split_seed)
    file = Path(dataset)
    return Source(file.name, _relative(file), _sha256(file), target, tuple(categorical), split_seed)


def _relative(path: Path | None) -> str | None:
    return None if path is None or path.is_absolute() else path.as_posix()


def source_from_json(described: object) -> Source | None:
    """The source that `Source.to_json` described; None where there is no description.

    Raises:
        FormatError: it is not such a description.
    """
    if described is None:
        return None
    kinds: Mapping[str, type | tuple[type, ...]] = {"source": str, "categorical": list, "split_seed": int}
    optional = (str, type(None))
    names = {field.name for field in dataclasses.fields(Source)}
    if (
        not isinstance(described, Mapping)
        or set(described) != names
        or not all(isinstance(value, kinds.get(name, optional)) for name, value in described.items())
    ):
        raise FormatError("the description of the training data is damaged; train again.")
    return Source(**dict(described) | {"categorical": tuple(described["categorical"])})


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
        data: a file, or the folder of a data set that comes in one; by default what was trained on.
        target: the column of a new `.csv` that holds the label, if it is called otherwise than in training.

    Raises:
        ConfigError: `data` is needed, or `target` is not for this data.
        DataError: the data is missing, at fault, or has no labels.
    """
    source = source_from_json(info.get("dataset"))
    if target is not None and (data is None or data.suffix.lower() != ".csv"):
        raise ConfigError("--target is for a .csv given with --data; leave it out.")
    if data is None:
        if source is None:
            raise ConfigError("the circuit does not tell what it was trained on; give --data PATH.")
        return _test_split(source, _recorded_place(source))
    if not data.exists():
        raise DataError(f"{data} does not exist; give --data an existing file or folder.")
    if data.is_dir():
        if source is None or source.source not in NAMES:
            raise DataError(f"{data} is a folder; give --data a file.")
        return _test_split(source, data)
    if source is not None and target is None and source.is_file(data):
        return _test_split(source, data)
    return _all_samples(schema, data, target)


def _recorded_place(source: Source) -> Path | None:
    """The file or folder that was trained on; None for what is built in."""
    if source.source == "digits":
        return None
    if source.path is None or not Path(source.path).exists():
        raise ConfigError(f"the training data {source.path or source.source} is not here; give --data PATH.")
    path = Path(source.path)
    if path.is_file() and not source.is_file(path):
        raise DataError(f"{path} has changed since the training; give --data {path} to evaluate all of its samples.")
    return path


def load_splits(info: Mapping[str, Any], data: Path | None) -> Dataset:
    """The splits that a circuit was trained on.

    Args:
        info: a circuit's metadata.
        data: where the file or folder is now; by default where it was in training.

    Raises:
        ConfigError: the metadata do not tell what was trained on, or `data` is needed.
        DataError: the data is missing, or another one.
    """
    source = source_from_json(info.get("dataset"))
    if source is None:
        raise ConfigError("the circuit does not tell what it was trained on; take one that `warp2hdl train` wrote.")
    if data is None:
        return _load(source, _recorded_place(source))
    if not data.exists():
        raise DataError(f"{data} does not exist; give --data an existing file or folder.")
    if source.source not in NAMES and not source.is_file(data):
        raise DataError(f"{data} is not what the circuit was trained on; give --data the same {source.source}.")
    return _load(source, data)


def _load(source: Source, place: Path | None) -> Dataset:
    if source.source in NAMES:
        return load(source.source, data=place, seed=source.split_seed)
    file = place or source.source
    return load(file, target=source.target, categorical=source.categorical, seed=source.split_seed)


def _test_split(source: Source, place: Path | None) -> Samples:
    dataset = _load(source, place)
    return Samples(dataset.x_test, dataset.y_test, "test", dataset.name)


def _all_samples(schema: Schema, path: Path, target: str | None) -> Samples:
    if target is not None:
        schema = dataclasses.replace(schema, target=target)
    x, labels = load_inputs(path, schema)
    if labels is None:
        where = f"no column {schema.target!r}" if path.suffix.lower() == ".csv" else "no y"
        raise DataError(f"{path} has no labels ({where}); add them, or use `warp2hdl predict`.")
    return Samples(x, labels, "all", path.name)
