"""Going on from a trained network, on narrower feature words or with other settings of the training."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
import torch

from warp2hdl.config import TrainConfig
from warp2hdl.data import Dataset
from warp2hdl.encode import Encoder
from warp2hdl.errors import ConfigError, DataError
from warp2hdl.nn.network import build
from warp2hdl.nn.windows import encoded_image_rows
from warp2hdl.train.model_file import Model
from warp2hdl.train.schedule import logic_layers

_FREE = ("sampling", "tau", "initial", "residual")
"""Settings of a layer that may differ from those it was trained with; they are not what it is made of."""


def narrowed(encoder: Encoder, feature_bits: int) -> Encoder:
    """An encoder whose words have at most `feature_bits` bits: the highest of those they had.

    Each threshold moves to the nearest that such words can tell apart, of two the one that reads fewer bits, and its
    comparator reads what is left of its bits. Words of few bits stay. The word is `floor(word / 2**n)`; as a word is
    `floor((x - offset) * scale + 1/2)`, that is one with the scale `scale / 2**n` and an offset that is
    `(2**n - 1) / 2` old words above the old one.

    Args:
        encoder: any.
        feature_bits: 1 to 16.
    """
    lost = np.maximum(encoder.feature_bits.astype(np.int64) - feature_bits, 0)
    step = np.exp2(lost)
    bits = encoder.feature_bits - lost
    top = (1 << bits[encoder.bit_feature]) - 1
    thresholds = np.rint(encoder.bit_threshold / step[encoder.bit_feature])
    return Encoder(
        bits.astype(np.uint8),
        encoder.scale / step,
        encoder.offset + (step - 1) / 2 / encoder.scale,
        encoder.bit_feature,
        np.clip(thresholds, 1, top).astype(np.uint32),
    )


def require_match(start: Model, config: TrainConfig, dataset: Dataset) -> None:
    """Checks that a network can go on with these settings and this data.

    Raises:
        ConfigError: words wider than they were, other thresholds, or another network.
        DataError: other features or classes.
    """
    _require_same_names(start, dataset)
    _require_same_network(start.config, config)


def continued(start: Model, config: TrainConfig, dataset: Dataset) -> tuple[torch.nn.Sequential, Encoder]:
    """The network to go on from, in training mode, and its encoder at the width that `config` asks for.

    Layers keep their parameters, their wiring, and the temperatures that they ended with.

    Args:
        start: a trained model; it is not changed.
        config: the settings to go on with, as `require_match` allows them.
        dataset: what to go on with, likewise.
    """
    encoder = narrowed(start.encoder, config.encoder.feature_bits)
    network = build(config, encoder.bits, dataset.classes, encoded_image_rows(encoder, dataset.image_shape))
    network.load_state_dict(start.network.state_dict())
    for layer, before in zip(logic_layers(network), logic_layers(start.network), strict=True):
        layer.tau = before.tau
    return network.train(), encoder


def digest(start: Model) -> str:
    """SHA-256 of a model's encoder, parameters and wiring."""
    found = hashlib.sha256()
    arrays = {name: value.cpu().numpy() for name, value in start.network.state_dict().items()}
    arrays |= {each.name: getattr(start.encoder, each.name) for each in dataclasses.fields(Encoder)}
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _require_same_names(start: Model, dataset: Dataset) -> None:
    for what, before, now in (
        ("feature", start.feature_names, dataset.feature_names),
        ("class", start.class_names, dataset.class_names),
    ):
        many = "classes" if what == "class" else "features"
        if len(before) != len(now):
            raise DataError(f"{dataset.name} has {len(now)} {many}, but the network to go on from has {len(before)}.")
        for number, (old, new) in enumerate(zip(before, now, strict=True)):
            if old != new:
                raise DataError(
                    f"{what} {number} of {dataset.name} is {new!r}, but {old!r} in the network to go on from."
                )


def _require_same_network(before: TrainConfig, now: TrainConfig) -> None:
    old, new = before.encoder, now.encoder
    if new.feature_bits > old.feature_bits:
        raise ConfigError(
            f"encoder.feature_bits is {new.feature_bits}, but {old.feature_bits} in the network to go on from; its "
            "words can only become narrower."
        )
    _require_equal("encoder.thermometer_bits", old.thermometer_bits, new.thermometer_bits)
    if not new.learns_thresholds:
        _require_equal("encoder.thresholds", old.thresholds, new.thresholds)
    _require_equal("number of layers", len(before.layers), len(now.layers))
    for index, (old_layer, new_layer) in enumerate(zip(before.layers, now.layers, strict=True)):
        for field in dataclasses.fields(old_layer):
            if field.name not in _FREE:
                values = getattr(old_layer, field.name), getattr(new_layer, field.name)
                _require_equal(f"layers[{index}].{field.name}", *values)


def _require_equal(name: str, old: Any, new: Any) -> None:  # noqa: ANN401 - numbers and strings
    if old != new:
        raise ConfigError(f"{name} is {new!r}, but {old!r} in the network to go on from; leave it as it was.")
