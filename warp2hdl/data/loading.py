"""One way in to every data set, by name or by file."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from warp2hdl.data.arrays import load_npz
from warp2hdl.data.cifar import load_cifar
from warp2hdl.data.csv_file import did_you_mean
from warp2hdl.data.dataset import Dataset
from warp2hdl.data.digits import load_digits
from warp2hdl.data.idx import CLASS_NAMES, load_idx
from warp2hdl.data.table import load_table
from warp2hdl.data.uci import UCI_NAMES, load_uci
from warp2hdl.errors import ConfigError


class _Loader(Protocol):
    def __call__(
        self, name: str, folder: str | Path | None, *, seed: int = 0, val_fraction: float | None = None
    ) -> Dataset: ...


_FROM_FOLDER: Mapping[str, _Loader] = types.MappingProxyType(
    {
        **dict.fromkeys(CLASS_NAMES, load_idx),
        **dict.fromkeys(("cifar-10", "cifar-10-3-thresholds", "cifar-10-31-thresholds"), load_cifar),
        **dict.fromkeys(UCI_NAMES, load_uci),
    }
)
NAMES: tuple[str, ...] = ("digits", *_FROM_FOLDER)


def load(
    name_or_path: str | Path,
    *,
    data: str | Path | None = None,
    target: str | None = None,
    categorical: Sequence[str] = (),
    seed: int = 0,
    val_fraction: float | None = None,
) -> Dataset:
    """A data set, the same for the same files, options and seed.

    Args:
        name_or_path: one of `NAMES`, or a `.csv` or `.npz` file.
        data: the folder with the files of a data set of `NAMES` other than `digits`.
        target: the column of a `.csv` that holds the label.
        categorical: columns of a `.csv` that are categorical whatever they hold.
        seed: decides the splits.
        val_fraction: share of the training part that validates, between 0 and 1; by default 0.15, and 5,000 images
            of MNIST, Fashion-MNIST and CIFAR-10.

    Raises:
        ConfigError: an unknown name, or an option that is missing, out of range or not for this data set.
        DataError: a file is missing or at fault; the message says where.
    """
    name = str(name_or_path)
    kind = Path(name).suffix.lower()
    is_csv = kind == ".csv"
    if data is not None and (name == "digits" or kind in (".csv", ".npz")):
        raise ConfigError(f"--data is for data sets that come in a folder; leave it out for {name}.")
    if (target is not None or categorical) and not is_csv:
        raise ConfigError(f"--target and --categorical are for .csv files; leave them out for {name}.")
    if is_csv:
        return load_table(name, target=target, categorical=categorical, seed=seed, val_fraction=val_fraction)
    if kind == ".npz":
        return load_npz(name, seed=seed, val_fraction=val_fraction)
    if name in _FROM_FOLDER:
        return _FROM_FOLDER[name](name, data, seed=seed, val_fraction=val_fraction)
    if name == "digits":
        return load_digits(seed=seed, val_fraction=val_fraction)
    allowed = f"{', '.join(NAMES)}, or a .csv or .npz file"
    raise ConfigError(f"there is no data set {name!r}{did_you_mean(name, NAMES)}; give one of {allowed}.")
