"""The state of an unfinished run in a file: a run that goes on from it ends in the same bytes as one never stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
import torch

from warp2hdl.data import Dataset
from warp2hdl.errors import ConfigError, FormatError
from warp2hdl.files import staged_file
from warp2hdl.train.metrics import EpochMetrics

SCHEMA = "warp2hdl.checkpoint/1"
STATE_FILE = "state.safetensors"
METRICS_FILE = "metrics.jsonl"


@dataclass(frozen=True)
class Origin:
    """What a run depends on; a checkpoint continues only where all of it is the same.

    Attributes:
        config: the settings, as `TrainConfig.to_dict` gives them.
        data: SHA-256 of each array of the data set and of its names, by field.
        device: kind of device.
        processes: how many processes train.
    """

    config: Mapping[str, Any]
    data: Mapping[str, str]
    device: str
    processes: int

    def require_equal(self, stopped: Origin, place: Path) -> None:
        """Refuses to continue a run of another origin.

        Args:
            stopped: the origin of the run that was stopped.
            place: the checkpoint, for the message.

        Raises:
            ConfigError: the first thing that differs.
        """
        remedy = "train with what it was started with, or start anew without --resume"
        then, now = _flat(stopped.config), _flat(self.config)
        for name in sorted(then.keys() | now.keys()):
            if name not in then or name not in now or then[name] != now[name]:
                old, new = (f"{where[name]!r}" if name in where else "not set" for where in (then, now))
                raise ConfigError(f"{name} is {new}, but {old} in the run that {place} belongs to; {remedy}.")
        for name, digest in stopped.data.items():
            if self.data.get(name) != digest:
                raise ConfigError(f"the data's {name} differs from that of the run that {place} belongs to; {remedy}.")
        for name, old_value, new_value in (
            ("device", stopped.device, self.device),
            ("number of processes", stopped.processes, self.processes),
        ):
            if old_value != new_value:
                raise ConfigError(
                    f"the {name} is {new_value}, but {old_value} in the run that {place} belongs to; {remedy}."
                )


def _flat(tables: Any, where: str = "") -> dict[str, Any]:  # noqa: ANN401 - whatever TOML holds
    """The values of nested tables and lists by their full names."""
    if isinstance(tables, Mapping):
        items = [(f"{where}.{name}".lstrip("."), value) for name, value in tables.items()]
    elif isinstance(tables, (list, tuple)):
        items = [(f"{where}[{index}]", value) for index, value in enumerate(tables)]
    else:
        return {where: tables}
    return {name: leaf for key, value in items for name, leaf in _flat(value, key).items()}


def fingerprint(dataset: Dataset) -> dict[str, str]:
    """SHA-256 of each array of a data set, with its type and shape, and of its names."""
    found = {}
    for field in fields(dataset):
        value = getattr(dataset, field.name)
        if isinstance(value, np.ndarray):
            digest = hashlib.sha256(f"{value.dtype.str}{value.shape}".encode())
            digest.update(np.ascontiguousarray(value).data)
            found[field.name] = digest.hexdigest()
        elif field.name in ("feature_names", "class_names", "image_shape"):
            found[field.name] = hashlib.sha256(repr(value).encode()).hexdigest()
    return found


@dataclass(frozen=True)
class State:
    """A run between two epochs.

    Attributes:
        origin: what the run depends on.
        metrics: one entry per epoch that is done.
        best_epoch: the epoch whose parameters are the best so far.
        seconds: wall time of training so far.
        tensors: parameters and buffers (`model.`), those of the best epoch (`best.`), the state of Adam (`adam.`) and
            of every process's random generators (`random.`).
    """

    origin: Origin
    metrics: tuple[EpochMetrics, ...]
    best_epoch: int
    seconds: float
    tensors: Mapping[str, torch.Tensor]

    def part(self, name: str) -> dict[str, torch.Tensor]:
        """The tensors whose names start with `name` and a dot, by the rest of their names."""
        return {key.removeprefix(f"{name}."): t for key, t in self.tensors.items() if key.startswith(f"{name}.")}


def save(state: State, folder: Path) -> None:
    """Writes a state into a folder; an interruption leaves the old one or the new one.

    Raises:
        OutputError: the place cannot be written.
    """
    header = {
        "schema": SCHEMA,
        "origin": asdict(state.origin),
        "metrics": [asdict(metrics) for metrics in state.metrics],
        "best_epoch": state.best_epoch,
        "seconds": state.seconds,
    }
    arrays = {name: np.ascontiguousarray(t.detach().cpu().numpy()) for name, t in state.tensors.items()}
    with staged_file(folder / STATE_FILE) as stage:
        stage.write_bytes(safetensors.numpy.save(arrays, {"checkpoint": json.dumps(header)}))


def load(folder: Path) -> State:
    """Reads a state that `save` wrote.

    Raises:
        ConfigError: there is none.
        FormatError: it is damaged, foreign, or of another schema.
    """
    path = folder / STATE_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"there is no checkpoint to resume at {path} ({error.strerror}); the run may be complete or not one epoch "
            "old: start it without --resume."
        ) from error
    try:
        arrays = safetensors.numpy.load(content)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["checkpoint"])
        if header["schema"] != SCHEMA:
            raise FormatError(
                f"{path} has schema {header['schema']}, this version reads {SCHEMA}; start without --resume."
            )
        return State(
            Origin(**header["origin"]),
            tuple(EpochMetrics(**row) for row in header["metrics"]),
            header["best_epoch"],
            header["seconds"],
            {name: torch.from_numpy(array) for name, array in arrays.items()},
        )
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is damaged or not a checkpoint of warp2hdl; start without --resume.") from error
