"""Learning rate, temperature and sampling as functions of the step alone: a resumed run needs no state for them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.errors import ConfigError
from warp2hdl.nn import LogicLayer

_STEP_FACTOR = 0.1
_STEP_PLACES = (0.5, 0.75)
_HARD = {"soft": "hard", "gumbel-soft": "gumbel-hard"}


@dataclass(frozen=True)
class Schedule:
    """Factors of the learning rates and of every layer's tau, and when layers pass on bits.

    Attributes:
        kind: `cosine` falls to 0 along half a cosine; `constant`; `step` is divided by 10 at a half of the steps after
            the warm-up and again at three quarters.
        warmup: steps over which the learning rates first rise linearly.
        temperature_end: factor of tau in the last step, reached geometrically.
        hard_share: share of the steps, the last ones, in which soft samplings are hard.
        steps: how many there are in all.
    """

    kind: str
    warmup: int
    temperature_end: float
    hard_share: float
    steps: int

    @classmethod
    def of(cls, settings: TrainingConfig, steps: int) -> Schedule:
        """The schedule that settings ask for.

        Raises:
            ConfigError: the warm-up leaves no step.
        """
        if settings.warmup >= steps:
            raise ConfigError(f"training.warmup is {settings.warmup}; the run has {steps} steps, take fewer than that.")
        return cls(settings.schedule, settings.warmup, settings.temperature_end, settings.hard_share, steps)

    def rate(self, step: int) -> float:
        """The factor of the learning rates in a step, counted from 0."""
        if step < self.warmup:
            return (step + 1) / (self.warmup + 1)
        done = (step - self.warmup) / (self.steps - self.warmup)
        if self.kind == "cosine":
            return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        if self.kind == "step":
            return _STEP_FACTOR ** sum(done >= place for place in _STEP_PLACES)
        return 1.0

    def temperature(self, step: int) -> float:
        """The factor of every tau in a step, counted from 0."""
        return float(self.temperature_end ** (min(step, self.steps - 1) / max(self.steps - 1, 1)))

    def hard(self, step: int) -> bool:
        """Whether soft samplings are hard in a step, counted from 0."""
        return step >= self.steps * (1 - self.hard_share)


class ScheduledLayers:
    """What a schedule changes of a network's logic layers: temperatures (a GroupSum's divisor is none) and samplings.

    Args:
        model: the network, with what a factor of 1 stands for.
        schedule: of its training.
    """

    def __init__(self, model: torch.nn.Module, schedule: Schedule) -> None:
        self._schedule = schedule
        self._layers = [(layer, layer.tau, layer.sampling) for layer in logic_layers(model)]

    def at(self, step: int) -> None:
        """Makes the layers what they are in a step, counted from 0."""
        factor, hard = self._schedule.temperature(step), self._schedule.hard(step)
        for layer, tau, sampling in self._layers:
            layer.tau = tau * factor
            layer.sampling = _HARD.get(sampling, sampling) if hard else sampling


def logic_layers(model: torch.nn.Module) -> list[LogicLayer]:
    """The logic layers of a network, those inside of other modules among them, in order."""
    return [module for module in model.modules() if isinstance(module, LogicLayer)]
