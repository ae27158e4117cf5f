"""`warp2hdl train --from`: the run to go on from, and the samples that it was trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from warp2hdl.cli.circuits import MODEL_FILE
from warp2hdl.cli.datasets import Source, load_splits, source_from_json, source_of
from warp2hdl.data import Dataset, load
from warp2hdl.errors import ConfigError, DataError, OutputError

if TYPE_CHECKING:
    from warp2hdl.train.model_file import Model


def load_start(path: Path) -> Model:
    """The trained model in the folder of a run, or in a file.

    Raises:
        DataError: there is none.
        FormatError: it is damaged or foreign.
    """
    from warp2hdl.train import model_file

    file = path / MODEL_FILE if path.is_dir() else path
    if not file.is_file():
        raise DataError(f"{path} holds no {MODEL_FILE}; give --from the folder of a run that `warp2hdl train` wrote.")
    return model_file.load(file)


def require_other_folder(out: Path, start: Path) -> None:
    """Refuses to replace the run that is gone on from.

    Raises:
        OutputError: `out` is its folder.
    """
    folder = start if start.is_dir() else start.parent
    if out.exists() and out.resolve() == folder.resolve():
        raise OutputError(f"{out} is the run to go on from; give --out another folder.")


def read(
    dataset: str | None,
    data: Path | None,
    start: Path | None,
    model: Model | None,
    *,
    target: str | None,
    categorical: Sequence[str],
    split_seed: int,
) -> tuple[Dataset, Source]:
    """The samples to train on, and where they came from; without a name those that `model` was trained on, or digits.

    Raises:
        ConfigError: other data or splits than `model` was trained on, whose test split it may have learned; or an
            option that does not go with the data.
        DataError: the data is missing or at fault.
    """
    if model is None or start is None:
        name = dataset or "digits"
        samples = load(name, data=data, target=target, categorical=categorical, seed=split_seed)
        return samples, source_of(name, data=data, target=target, categorical=categorical, split_seed=split_seed)
    recorded = source_from_json(model.info.get("dataset"))
    if recorded is None:
        raise ConfigError(f"{start} does not tell what it was trained on; take a run that `warp2hdl train` wrote.")
    if dataset is None:
        if target is not None or categorical or split_seed:
            raise ConfigError(f"the data and its splits are those of {start}; leave out what says otherwise.")
        return load_splits(model.info, data), recorded
    samples = load(dataset, data=data, target=target, categorical=categorical, seed=split_seed)
    source = source_of(dataset, data=data, target=target, categorical=categorical, split_seed=split_seed)
    _require_same(start, recorded, source)
    return samples, source


def _require_same(start: Path, before: Source, now: Source) -> None:
    options = {"source": "DATASET", "sha256": "content", "target": "--target", "categorical": "--categorical"}
    for field in dataclasses.fields(Source):
        old, new = getattr(before, field.name), getattr(now, field.name)
        if field.name != "path" and old != new:
            name = options.get(field.name, "--split-seed")
            raise ConfigError(
                f"{start} was trained on other data: {name} is {new!r}, but was {old!r}; leave out DATASET and its "
                "options to take the same data."
            )
