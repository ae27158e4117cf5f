"""Building the network that a configuration describes."""

from __future__ import annotations

import math

import torch

from warp2hdl.config import LayerConfig, TrainConfig
from warp2hdl.errors import ConfigError
from warp2hdl.nn.convolution import LogicConv2d
from warp2hdl.nn.layers import GroupSum, LogicLayer
from warp2hdl.nn.pooling import OrPool2d
from warp2hdl.nn.sequential import LogicSequential

_Shape = tuple[int, int, int]


def build(
    config: TrainConfig, inputs: int, classes: int, image_rows: torch.Tensor | None = None
) -> torch.nn.Sequential:
    """Logic layers and a GroupSum as `config` says; wiring and initial weights come from its seed.

    Args:
        config: the settings.
        inputs: how many bits the first layer gets.
        classes: how many classes there are.
        image_rows: `[channels, height, width]`, which of these bits each pixel is, as `encoded_image_rows` tells; None
            where the samples are no images.

    Raises:
        ConfigError: a setting out of range, or a layer over images that gets none.
    """
    config.check(classes)
    layers: list[torch.nn.Module] = []
    width = inputs
    shape = None if image_rows is None else _shape_of(image_rows)
    for index, layer in enumerate(config.layers):
        seed = config.training.seed * 1009 + index
        if layer.kind == "dense":
            layers.append(_dense(layer, width, index, seed, config.training.logit_limit))
            width, shape = layer.nodes, None
            continue
        if shape is None:
            what = "the samples are no images" if index == 0 else "the layer before it gives no images"
            raise ConfigError(f"layers[{index}].kind is {layer.kind!r}, but {what}; use 'dense'.")
        try:
            rows = image_rows if index == 0 else None
            found = _over_images(layer, shape, seed, config.training.logit_limit, rows)
        except ConfigError as error:
            raise ConfigError(f"layers[{index}]: {error}") from error
        layers.append(found)
        shape = found.out_shape
        width = math.prod(shape)
    if width % classes:
        raise ConfigError(f"the last layer has {width} outputs, which do not divide into {classes} classes.")
    return LogicSequential(*layers, GroupSum(classes, config.training.group_tau))


def image_size(network: torch.nn.Sequential) -> tuple[int, int] | None:
    """Height and width of the images that a network takes, or None where it takes no images."""
    first = next((layer for layer in network if isinstance(layer, LogicConv2d)), None)
    return None if first is None else first.windows.in_shape[1:]


def _shape_of(image_rows: torch.Tensor) -> _Shape:
    channels, height, width = image_rows.shape
    return channels, height, width


def _dense(layer: LayerConfig, inputs: int, stage: int, seed: int, limit: float) -> LogicLayer:
    return LogicLayer(
        inputs,
        layer.nodes,
        layer.arity,
        layer.relaxation,
        sampling=layer.sampling,
        tau=layer.tau,
        limit=limit,
        wiring=layer.wiring,
        candidates=layer.candidates,
        initial=layer.initial,
        residual=layer.residual,
        stage=stage,
        seed=seed,
    )


def _over_images(
    layer: LayerConfig, shape: _Shape, seed: int, limit: float, image_rows: torch.Tensor | None
) -> LogicConv2d | OrPool2d:
    if layer.kind == "or-pool":
        if image_rows is not None:
            raise ConfigError("the kind is 'or-pool'; start with a 'convolution'.")
        return OrPool2d(shape, layer.size, layer.stride or None, layer.padding)
    return LogicConv2d(
        shape,
        layer.channels,
        layer.receptive_field,
        layer.tree_depth,
        layer.arity,
        stride=layer.stride or 1,
        padding=layer.padding,
        groups=layer.groups,
        relaxation=layer.relaxation,
        sampling=layer.sampling,
        tau=layer.tau,
        limit=limit,
        initial=layer.initial,
        residual=layer.residual,
        seed=seed,
        image_rows=image_rows,
    )
