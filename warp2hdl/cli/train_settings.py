"""The settings that `warp2hdl train` trains with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from warp2hdl import presets
from warp2hdl.backends.budget import comparators_of, nodes_within
from warp2hdl.config import TrainConfig
from warp2hdl.data import Dataset
from warp2hdl.encode import fit_encoder
from warp2hdl.errors import ConfigError


def chosen(
    dataset: str, samples: Dataset, preset: str, max_luts: int | None, file: Path | None, start: TrainConfig | None
) -> TrainConfig:
    """The settings of a preset, of a budget, or of the run to go on from, and what a file says instead.

    Args:
        dataset: its name, or that of its file.
        samples: the data set.
        preset: `best`, or a preset of that data set.
        max_luts: the budget, in look-ups; None is none.
        file: a TOML file with settings.
        start: the settings of the run to go on from.

    Raises:
        ConfigError: options that exclude each other, an unknown preset, a budget that is too small, or a bad file.
    """
    named = preset != presets.BEST
    if start is not None and (named or max_luts is not None):
        raise ConfigError(
            f"--from goes on with the settings of its run; leave out {'--preset' if named else '--max-luts'}."
        )
    if start is not None:
        settings = start
    elif max_luts is None:
        settings = presets.preset(dataset, samples.classes, len(samples.y_train), preset)
    elif named:
        raise ConfigError(f"--max-luts chooses the settings itself; leave out --preset {preset}.")
    else:
        settings = _settings_within(max_luts, samples)
    return settings if file is None else TrainConfig.read(file, settings)


def with_options(
    settings: TrainConfig,
    samples: Dataset,
    file: Path | None,
    *,
    feature_bits: int | None,
    epochs: int | None,
    seed: int | None,
) -> TrainConfig:
    """The settings with what options say.

    Args:
        settings: as `chosen`.
        samples: the data set.
        file: is named where settings do not fit.
        feature_bits: the most bits of a feature's word, None leaves the setting; the others likewise.
        epochs: passes over the training split.
        seed: of every random choice in training.

    Raises:
        ConfigError: the settings do not fit together.
    """
    training, encoder = settings.training, settings.encoder
    training = dataclasses.replace(
        training,
        epochs=training.epochs if epochs is None else epochs,
        seed=training.seed if seed is None else seed,
    )
    if feature_bits is not None:
        encoder = dataclasses.replace(encoder, feature_bits=feature_bits)
    settings = dataclasses.replace(settings, training=training, encoder=encoder)
    try:
        settings.check(samples.classes)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}" if file is not None else str(error)) from error
    return settings


def _settings_within(max_luts: int, samples: Dataset) -> TrainConfig:
    """What a circuit of at most `max_luts` look-ups is trained with."""
    nodes = max_luts // 2  # a node and its share of the popcount, to begin with
    for _ in range(2):  # fewer nodes may want a smaller encoder
        chosen = presets.small_encoder(samples.features, nodes)
        encoder = fit_encoder(samples.x_train, chosen.feature_bits, chosen.thermometer_bits, chosen.thresholds)
        nodes = nodes_within(max_luts, samples.classes, comparators_of(encoder))
    images = samples.image_shape is not None and len(samples.image_shape) > 1
    return presets.small(nodes, samples.features, samples.classes, len(samples.y_train), images=images)
