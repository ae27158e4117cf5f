"""A training step on random data: the layers, the loss, the gradients and the optimiser that training uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.kernels import lookup_cpu, stack_cpu
from warp2hdl.nn import GroupSum, LogicLayer, LogicSequential
from warp2hdl.train.optimizer import optimizer_for

KERNELS = (stack_cpu, lookup_cpu)
"""Loaded here, for a layer would load them within its first step."""

BATCHES = 8
GROUP_TAU = 30.0


@dataclass(frozen=True)
class Network:
    """A network of dense layers, all of one kind; `warp2hdl.nn.LogicLayer` describes the settings."""

    inputs: int
    layers: tuple[int, ...]
    arity: int
    classes: int
    relaxation: str = "walsh"
    sampling: str = "soft"
    wiring: str = "random"

    def build(self) -> torch.nn.Sequential:
        """The layers and the GroupSum, in training mode.

        Raises:
            ConfigError: a setting out of range.
        """
        modules: list[torch.nn.Module] = []
        for before, width in zip((self.inputs, *self.layers), self.layers, strict=False):
            modules.append(
                LogicLayer(before, width, self.arity, self.relaxation, sampling=self.sampling, wiring=self.wiring)
            )
        return LogicSequential(*modules, GroupSum(self.classes, GROUP_TAU)).train()


def load_optimizer() -> None:
    """Makes torch load what it loads only when the first optimiser is made, some 100 MB."""
    optimizer_for(torch.nn.Linear(1, 1), TrainingConfig())


def prepare_step(network: Network, batch: int, *, real: bool = False) -> Callable[[], float]:
    """A step on the next of a few random batches; it returns the loss.

    Args:
        network: what is trained.
        batch: samples a step.
        real: whether the inputs are float32 in [0, 1); otherwise bits in uint8, as in training.

    Raises:
        ConfigError: a setting out of range.
    """
    model = network.build()
    optimizer = optimizer_for(model, TrainingConfig())
    shape = (BATCHES, network.inputs, batch)
    inputs = torch.rand(shape) if real else torch.randint(0, 2, shape, dtype=torch.uint8)
    labels = torch.randint(0, network.classes, (BATCHES, batch))
    at = 0

    def step() -> float:
        nonlocal at
        at = (at + 1) % BATCHES
        loss = torch.nn.functional.cross_entropy(model(inputs[at].t()), labels[at])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
