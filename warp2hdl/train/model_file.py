"""The file of a trained model: one `.safetensors` of parameters, wiring and thresholds, and JSON metadata."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
import torch

from warp2hdl.config import TrainConfig
from warp2hdl.encode import Encoder
from warp2hdl.errors import DataError, FormatError, Warp2HDLError
from warp2hdl.files import staged_file
from warp2hdl.nn.network import build, image_size
from warp2hdl.nn.relaxed import SAMPLINGS
from warp2hdl.nn.windows import encoded_image_rows
from warp2hdl.train.schedule import logic_layers

SCHEMA = "warp2hdl.model/1"


@dataclasses.dataclass(frozen=True)
class Model:
    """A trained model and what is known of it.

    Attributes:
        network: the layers and the GroupSum, in evaluation mode.
        encoder: turns features into the network's input bits.
        config: the settings it was trained with.
        feature_names: one per feature.
        class_names: one per class.
        info: anything JSON can hold, `data` and `accuracy` among it.
    """

    network: torch.nn.Sequential
    encoder: Encoder
    config: TrainConfig
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    info: Mapping[str, Any]


def save(model: Model, path: Path | str) -> None:
    """Writes a model; an interruption leaves the old file or the new one.

    Raises:
        OutputError: the place cannot be written.
    """
    arrays = {f"network.{name}": value.detach().cpu().numpy() for name, value in model.network.state_dict().items()}
    for each in dataclasses.fields(Encoder):
        arrays[f"encoder.{each.name}"] = getattr(model.encoder, each.name)
    header = {
        "schema": SCHEMA,
        "config": model.config.to_dict(),
        "feature_names": model.feature_names,
        "class_names": model.class_names,
        "info": model.info,
        "image_size": image_size(model.network),
        "temperatures": [layer.tau for layer in logic_layers(model.network)],
        "samplings": [layer.sampling for layer in logic_layers(model.network)],
    }
    with staged_file(path) as stage:
        arrays = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        stage.write_bytes(safetensors.numpy.save(arrays, {"model": json.dumps(header, sort_keys=True)}))


def load(path: Path | str) -> Model:
    """Reads a model that `save` wrote.

    Raises:
        DataError: the file is missing or unreadable.
        FormatError: it is damaged, foreign, or of a newer schema.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}; give a model.safetensors of `warp2hdl train`."
        ) from error
    try:
        arrays = safetensors.numpy.load(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
        header = json.loads(metadata["model"])
        schema = header["schema"]
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"{path} is damaged or not a model of warp2hdl; train it again with `warp2hdl train`."
        ) from error
    if schema != SCHEMA:
        raise FormatError(f"{path} has schema {schema}, this version reads {SCHEMA}; upgrade warp2hdl or train again.")
    try:
        config = TrainConfig.from_dict(header["config"])
        encoder = Encoder(**{each.name: arrays[f"encoder.{each.name}"] for each in dataclasses.fields(Encoder)})
        image_rows = encoded_image_rows(encoder, header.get("image_size"))
        network = build(config, encoder.bits, len(header["class_names"]), image_rows)
        state = {
            name.removeprefix("network."): torch.from_numpy(value)
            for name, value in arrays.items()
            if name.startswith("network.")
        }
        network.load_state_dict(state)
        # Where a schedule moved them they are not those of the settings.
        layers = logic_layers(network)
        taus = header.get("temperatures", [layer.tau for layer in layers])
        samplings = header.get("samplings", [layer.sampling for layer in layers])
        for layer, tau, sampling in zip(layers, taus, samplings, strict=True):
            layer.tau, layer.sampling = float(tau), SAMPLINGS[SAMPLINGS.index(sampling)]
        names = tuple(header["feature_names"]), tuple(header["class_names"])
        return Model(network.eval(), encoder, config, *names, header["info"])
    except (KeyError, TypeError, ValueError, RuntimeError, Warp2HDLError) as error:
        raise FormatError(f"{path} is damaged: its contents do not fit together; train it again.") from error
