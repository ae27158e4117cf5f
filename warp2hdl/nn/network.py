"""Building the network that a configuration describes."""

from __future__ import annotations

import torch

from warp2hdl.config import TrainConfig
from warp2hdl.nn.layers import GroupSum, LogicLayer


def build(config: TrainConfig, inputs: int, classes: int) -> torch.nn.Sequential:
    """LUT layers and a GroupSum as `config` says; wiring and initial weights come from its seed.

    Raises:
        ConfigError: a setting out of range.
    """
    config.check(classes)
    layers: list[torch.nn.Module] = []
    width = inputs
    for index, layer in enumerate(config.layers):
        layers.append(
            LogicLayer(
                width,
                layer.nodes,
                layer.arity,
                layer.relaxation,
                sampling=layer.sampling,
                tau=layer.tau,
                wiring=layer.wiring,
                candidates=layer.candidates,
                residual=layer.residual,
                seed=config.training.seed * 1009 + index,
            )
        )
        width = layer.nodes
    return torch.nn.Sequential(*layers, GroupSum(classes, config.training.group_tau))
