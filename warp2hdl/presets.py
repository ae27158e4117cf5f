"""The settings that each data set is trained with unless the user says otherwise, and those of difflogic."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.errors import ConfigError


def _wired(nodes: int, tau: float) -> tuple[LayerConfig, ...]:
    """One layer, each of whose nodes is wired where it helps most."""
    return (LayerConfig(nodes=nodes, arity=6, wiring="learned", initial="random", sampling="gumbel-hard", tau=tau),)


_REWIRED: Mapping[str, Any] = types.MappingProxyType({"wiring_learning_rate": 0.05, "rewiring_interval": 100})
_IMAGES = TrainConfig(
    encoder=EncoderConfig(feature_bits=8, thermometer_bits=2, thresholds="dyadic"),
    layers=_wired(1650, 8.0),
    training=TrainingConfig(
        epochs=20, batch_size=100, learning_rate=0.03, group_tau=3.3, augment="shift", backfit_sweeps=2, **_REWIRED
    ),
)


# Deep `walsh` layers of many inputs that learn by addresses begin as wires and gates.
_BEGUN: Mapping[str, Any] = types.MappingProxyType({"initial": "residual-catalog", "residual": 0.75})


def _convolutions(
    channels: tuple[int, ...], groups: tuple[int, ...], arity: int, depth: int
) -> tuple[LayerConfig, ...]:
    """3 x 3 convolutions that keep the size of the image, each followed by an OR that halves it."""
    return tuple(
        layer
        for own, parts in zip(channels, groups, strict=True)
        for layer in (
            LayerConfig(
                kind="convolution", channels=own, tree_depth=depth, arity=arity, padding=1, groups=parts, **_BEGUN
            ),
            LayerConfig(kind="or-pool"),
        )
    )


def _cifar(
    layers: tuple[LayerConfig, ...],
    thresholds: int,
    group_tau: float,
    rate: float,
    **training: Any,  # noqa: ANN401
) -> TrainConfig:
    """CIFAR-10 as difflogic encodes it: thresholds at equal steps."""
    return TrainConfig(
        encoder=EncoderConfig(feature_bits=8, thermometer_bits=thresholds, thresholds="uniform"),
        layers=layers,
        training=TrainingConfig(epochs=100, batch_size=100, learning_rate=rate, group_tau=group_tau, **training),
    )


def _table(nodes: int, arity: int, thermometer_bits: int, **training: Any) -> TrainConfig:  # noqa: ANN401
    """One layer with learned wiring, as tables want it."""
    return TrainConfig(
        encoder=EncoderConfig(feature_bits=8, thermometer_bits=thermometer_bits),
        layers=(LayerConfig(nodes=nodes, arity=arity, wiring="learned"),),
        training=TrainingConfig(**training),
    )


_TAUGHT: Mapping[str, Any] = types.MappingProxyType(
    {"epochs": 25, "batch_size": 100, "group_tau": 4.0, "teacher_rows": 4000, "teacher_l1": 0.002}
)

PRESETS: Mapping[str, TrainConfig] = types.MappingProxyType(
    {
        "digits": TrainConfig(
            encoder=EncoderConfig(feature_bits=4, thermometer_bits=3, thresholds="dyadic"),
            layers=_wired(220, 4.0),
            training=TrainingConfig(
                epochs=240,
                learning_rate=0.015,
                wiring_learning_rate=0.05,
                rewiring_interval=50,
                backfit_sweeps=4,
                backfit_exchanges=3,
                group_tau=1.7,
                augment="affine",
            ),
        ),
        "mnist": _IMAGES,
        "mnist20x20": _IMAGES,
        "fashion-mnist": TrainConfig(
            encoder=EncoderConfig(feature_bits=8, thermometer_bits=5),
            layers=(LayerConfig(nodes=3000, wiring="learned", sampling="gumbel-hard", tau=4.0, residual=0.6),),
            training=TrainingConfig(
                epochs=25, batch_size=100, learning_rate=0.015, wiring_learning_rate=0.1, group_tau=5.0
            ),
        ),
        # The shape of arXiv 2411.04732, small enough for a CPU and for a circuit: a node a position, two channels each.
        "cifar-10": _cifar(
            (
                *_convolutions((32, 64, 128), (3, 16, 32), arity=6, depth=1),
                LayerConfig(nodes=8000, arity=6, **_BEGUN),
                LayerConfig(nodes=4000, arity=6, **_BEGUN),
            ),
            thresholds=3,
            group_tau=10.0,
            rate=0.1,
            adam_basis="addresses",
            logit_limit=3.0,
            hard_share=0.3,
        ),
        # The widths and depths of difflogic's experiments; of the second the divisor too.
        "cifar-10-3-thresholds": _cifar(
            (LayerConfig(nodes=12_000, arity=4, initial="residual-catalog", residual=0.93),) * 4,
            thresholds=3,
            group_tau=30.0,
            rate=0.02,
            adam_basis="addresses",
            logit_limit=1.0,
            hard_share=0.3,
            augment="shift",
        ),
        "cifar-10-31-thresholds": _cifar((LayerConfig(nodes=256_000, arity=2),) * 5, 31, 100.0, 0.01),
        "adult": _table(600, 4, 8, epochs=10, learning_rate=0.01, group_tau=8.7),
        "breast-cancer": _table(200, 4, 8, **{**_TAUGHT, "teacher_units": 0, "teacher_l1": 0.02}),
        "monk-1": _table(200, 6, 1, **_TAUGHT),
        "monk-2": _table(200, 6, 1, **_TAUGHT),
        "monk-3": _table(200, 6, 1, **{**_TAUGHT, "teacher_l1": 0.02}),
    }
)


@dataclass(frozen=True)
class _Difflogic:
    """One of difflogic's experiments: 100,000 or 200,000 steps of 100 samples, Adam at a constant rate."""

    layers: int
    nodes: int
    group_tau: float
    thermometer_bits: int
    learning_rate: float = 0.01
    steps: int = 200_000

    def config(self, samples: int) -> TrainConfig:
        """Its settings; the epochs make up its steps."""
        batch = 100
        return TrainConfig(
            encoder=EncoderConfig(feature_bits=8, thermometer_bits=self.thermometer_bits, thresholds="uniform"),
            layers=(LayerConfig(nodes=self.nodes, arity=2, wiring="unique", relaxation="difflogic", initial="random"),)
            * self.layers,
            training=TrainingConfig(
                epochs=-(-self.steps // max(1, samples // batch)),
                batch_size=batch,
                learning_rate=self.learning_rate,
                schedule="constant",
                group_tau=self.group_tau,
            ),
        )


def _of_table(layers: int, nodes: int, group_tau: float, learning_rate: float = 0.01) -> dict[str, _Difflogic]:
    return {"difflogic": _Difflogic(layers, nodes, group_tau, 8, learning_rate, 100_000)}


# From the README of difflogic's repository; the MONK's problems as in its paper, arXiv 2210.08277.
DIFFLOGIC: Mapping[str, Mapping[str, _Difflogic]] = types.MappingProxyType(
    {
        "mnist": {"difflogic": _Difflogic(6, 64_000, 30.0, 1)},
        "mnist20x20": {"difflogic": _Difflogic(6, 8_000, 10.0, 1)},
        "cifar-10-3-thresholds": {
            "difflogic": _Difflogic(4, 12_000, 100.0, 3),
            "difflogic-128k": _Difflogic(4, 128_000, 100.0, 3),
        },
        "cifar-10-31-thresholds": {
            "difflogic": _Difflogic(5, 256_000, 100.0, 31),
            "difflogic-512k": _Difflogic(5, 512_000, 100.0, 31),
            "difflogic-1024k": _Difflogic(5, 1_024_000, 100.0, 31),
        },
        "adult": _of_table(5, 256, 20.0),
        "breast-cancer": _of_table(5, 128, 20.0, 0.001),
        "monk-1": _of_table(6, 24, 1.0),
        "monk-2": _of_table(6, 12, 1.0),
        "monk-3": _of_table(6, 12, 1.0),
    }
)
BEST = "best"
"""The preset that a data set has unless another is named."""


def preset(dataset: str, classes: int, samples: int, name: str = BEST) -> TrainConfig:
    """A preset of a data set; for the user's own data one that fits its size.

    Args:
        dataset: the name of a data set, or anything else.
        classes: how many classes there are; the last layer's width becomes a multiple of it.
        samples: how many samples train.
        name: `best`, or one of the data set's `DIFFLOGIC`.

    Raises:
        ConfigError: the data set has no preset of that name.
    """
    if name != BEST:
        experiments = DIFFLOGIC.get(dataset, {})
        if name not in experiments:
            allowed = ", ".join((BEST, *experiments))
            raise ConfigError(f"there is no preset {name!r} for {dataset}; give --preset one of {allowed}.")
        return experiments[name].config(samples)
    config = PRESETS.get(dataset) or _for_samples(classes, samples)
    last = config.layers[-1]
    if last.kind != "dense":
        return config
    width = -(-last.nodes // classes) * classes
    return dataclasses.replace(config, layers=(*config.layers[:-1], dataclasses.replace(last, nodes=width)))


_LARGE = 1000  # nodes from which more of the picture is worth its comparators, and exchanged inputs learn it by heart


def small_encoder(features: int, nodes: int) -> EncoderConfig:
    """Thresholds for a circuit of a given size; of many features hardly more than the middle, which costs nothing."""
    many = features > 256
    return EncoderConfig(
        feature_bits=8 if many else 4,
        thermometer_bits=3 if not many else 2 if nodes > _LARGE else 1,
        thresholds="dyadic",
    )


def small(nodes: int, features: int, classes: int, samples: int, *, images: bool) -> TrainConfig:
    """Settings for the best circuit of a given size: one layer of six-input nodes, each wired where it helps most.

    Args:
        nodes: of the layer, a multiple of `classes`.
        features: how many features there are.
        classes: how many classes there are.
        samples: how many samples train.
        images: whether samples are images, which may be distorted.
    """
    large, many, batch = nodes > _LARGE, samples > 10_000, 100 if samples > 10_000 else 64
    return TrainConfig(
        encoder=small_encoder(features, nodes),
        layers=_wired(nodes, 8.0 if large else 4.0),
        training=TrainingConfig(
            epochs=max(20 if large else 16, min(240, 5000 * batch // max(samples, batch))),
            batch_size=batch,
            learning_rate=0.03 if large else 0.015,
            wiring_learning_rate=0.05,
            rewiring_interval=100 if many else 50,
            # Without distorted copies they would learn the training split by heart.
            backfit_sweeps=4 if images else 0,
            backfit_exchanges=0 if large or not images else 2 if many else 3,
            group_tau=max(1.0, round((0.26 if large else 0.3 if many else 0.36) * (nodes / classes) ** 0.5, 1)),
            augment="none" if not images else "shift" if many else "affine",
            jitter=0 if images else 1,
        ),
    )


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
