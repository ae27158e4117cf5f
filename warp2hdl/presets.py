"""The settings that each data set is trained with unless the user says otherwise."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping

from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig

_IMAGE_LAYER = LayerConfig(nodes=3000, arity=6, wiring="learned", sampling="gumbel-hard", tau=4.0, residual=0.6)
_IMAGES = TrainConfig(
    encoder=EncoderConfig(feature_bits=8, thermometer_bits=5),
    layers=(_IMAGE_LAYER,),
    training=TrainingConfig(
        epochs=25,
        batch_size=100,
        learning_rate=0.015,
        wiring_learning_rate=0.1,
        group_tau=5.0,
        augment="shift",
    ),
)

PRESETS: Mapping[str, TrainConfig] = types.MappingProxyType(
    {
        "digits": TrainConfig(
            encoder=EncoderConfig(feature_bits=5, thermometer_bits=4),
            layers=(LayerConfig(nodes=1000, arity=6, wiring="learned"),),
            training=TrainingConfig(epochs=80, group_tau=3.0, jitter=1),
        ),
        "mnist": _IMAGES,
        "fashion-mnist": dataclasses.replace(_IMAGES, training=dataclasses.replace(_IMAGES.training, augment="none")),
    }
)


def preset(dataset: str, classes: int, samples: int) -> TrainConfig:
    """The preset of a data set; for the user's own data one that fits its size.

    Args:
        dataset: the name of a data set, or anything else.
        classes: how many classes there are; the last layer's width becomes a multiple of it.
        samples: how many samples train.
    """
    config = PRESETS.get(dataset) or _for_samples(classes, samples)
    last = config.layers[-1]
    if last.kind != "dense":
        return config
    width = -(-last.nodes // classes) * classes
    return dataclasses.replace(config, layers=(*config.layers[:-1], dataclasses.replace(last, nodes=width)))


def _for_samples(classes: int, samples: int) -> TrainConfig:
    """About 3,000 steps at least, and at least 30 outputs for each class."""
    batch = 64
    nodes = max(600, 30 * classes)
    return TrainConfig(
        encoder=EncoderConfig(feature_bits=8, thermometer_bits=8),
        layers=(LayerConfig(nodes=nodes, arity=4, wiring="learned"),),
        training=TrainingConfig(
            epochs=max(10, min(1000, 3000 * batch // max(samples, batch))),
            batch_size=batch,
            learning_rate=0.01,
            group_tau=max(1.0, round(0.5 * (nodes / classes) ** 0.5, 1)),
        ),
    )
