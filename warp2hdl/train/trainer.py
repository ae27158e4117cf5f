"""The training loop: chooses the epoch with the best *hard* accuracy on the validation split."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numba
import torch

from warp2hdl.config import TrainConfig, TrainingConfig
from warp2hdl.data import Dataset
from warp2hdl.encode import Encoder, fit_encoder
from warp2hdl.errors import ConfigError
from warp2hdl.nn.network import build
from warp2hdl.train.accuracy import accuracy
from warp2hdl.train.batches import Bits


@dataclass(frozen=True)
class EpochMetrics:
    """One line of `metrics.jsonl`. Accuracies are shares, 0 to 1; `gap` is relaxed minus hard."""

    epoch: int
    loss: float
    val_accuracy_relaxed: float
    val_accuracy_hard: float
    gap: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        model: the layers and the GroupSum, with the parameters of the best epoch, in evaluation mode.
        encoder: turns features into the model's input bits.
        config: the settings it was trained with.
        metrics: one entry per epoch.
        best_epoch: the epoch whose parameters were kept, from 1.
        seconds: wall time of training.
    """

    model: torch.nn.Sequential
    encoder: Encoder
    config: TrainConfig
    metrics: tuple[EpochMetrics, ...]
    best_epoch: int
    seconds: float


def fit(
    dataset: Dataset,
    config: TrainConfig,
    *,
    on_epoch: Callable[[EpochMetrics], None] | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> Trained:
    """Trains a network on the training split; the test split is never looked at.

    Args:
        dataset: the samples.
        config: the settings.
        on_epoch: called after every epoch.
        on_step: called after every step with the steps done and the steps planned.

    Raises:
        ConfigError: a setting out of range.
        DataError: no feature ever changes.
    """
    config.check(dataset.classes)
    if config.training.augment == "shift" and (dataset.image_shape is None or len(dataset.image_shape) < 2):
        raise ConfigError(f"training.augment is 'shift' but {dataset.name} holds no images; set it to 'none'.")
    start = time.perf_counter()
    encoder = fit_encoder(dataset.x_train, config.encoder.feature_bits, config.encoder.thermometer_bits)
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(config.training.seed)
        model = build(config, encoder.bits, dataset.classes)
        run = _Run(model, encoder, dataset, config.training)
        run.train(on_epoch, on_step)
    model.load_state_dict(run.best_state)
    model.eval()
    return Trained(model, encoder, config, tuple(run.metrics), run.best_epoch, time.perf_counter() - start)


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread for torch and Numba while the block runs.

    A step is a hundred short operations. On two free cores a second thread saves a tenth of the time; beside another
    busy process every operation waits for it, and a step takes ten times as long.
    """
    before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        numba.set_num_threads(before[1])


class _Run:
    def __init__(
        self, model: torch.nn.Sequential, encoder: Encoder, dataset: Dataset, settings: TrainingConfig
    ) -> None:
        self.model, self.settings = model, settings
        self.bits = Bits(encoder, encoder.to_words(dataset.x_train), dataset.image_shape)
        self.labels = torch.from_numpy(dataset.y_train)
        self.val_bits = Bits(encoder, encoder.to_words(dataset.x_val))
        self.val_labels = dataset.y_val
        self.batch = min(settings.batch_size, len(self.bits))
        self.steps_per_epoch = max(1, len(self.bits) // self.batch)
        self.optimizer = _optimizer(model, settings)
        total = settings.epochs * self.steps_per_epoch
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * min(step / total, 1.0)))
        )
        self.metrics: list[EpochMetrics] = []
        self.best_epoch = 0
        self.best_state: dict[str, Any] = {}

    def train(
        self, on_epoch: Callable[[EpochMetrics], None] | None, on_step: Callable[[int, int], None] | None
    ) -> None:
        for epoch in range(1, self.settings.epochs + 1):
            start = time.perf_counter()
            loss = self._epoch(epoch, on_step)
            metrics = self._measure(epoch, loss, time.perf_counter() - start)
            self.metrics.append(metrics)
            if on_epoch:
                on_epoch(metrics)
            accuracies = [m.val_accuracy_hard for m in self.metrics]
            if accuracies[-1] == max(accuracies):  # the later of equals has trained longer
                self.best_epoch = epoch
                self.best_state = copy.deepcopy(self.model.state_dict())
            first_best = accuracies.index(max(accuracies)) + 1
            if self.settings.patience and epoch - first_best >= self.settings.patience:
                return

    def _epoch(self, epoch: int, on_step: Callable[[int, int], None] | None) -> float:
        self.model.train()
        order = torch.randperm(len(self.bits))
        total = 0.0
        for step in range(self.steps_per_epoch):
            rows = order[step * self.batch : (step + 1) * self.batch]
            bits = self.bits.take(rows, shift=self._shift(), jitter=self.settings.jitter)
            loss = torch.nn.functional.cross_entropy(self.model(bits), self.labels[rows])
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            total += loss.item()
            if on_step:
                on_step((epoch - 1) * self.steps_per_epoch + step + 1, self.settings.epochs * self.steps_per_epoch)
        return total / self.steps_per_epoch

    def _shift(self) -> tuple[int, int]:
        if self.settings.augment == "none":
            return (0, 0)
        down, right = torch.randint(-1, 2, (2,)).tolist()
        return down, right

    def _measure(self, epoch: int, loss: float, seconds: float) -> EpochMetrics:
        relaxed = accuracy(self.model, self.val_bits, self.val_labels, relaxed=True)
        hard = accuracy(self.model, self.val_bits, self.val_labels)
        rate = self.optimizer.param_groups[0]["lr"]
        return EpochMetrics(epoch, loss, relaxed, hard, relaxed - hard, rate, seconds)


def _optimizer(model: torch.nn.Module, settings: TrainingConfig) -> torch.optim.Optimizer:
    wiring = [p for name, p in model.named_parameters() if name.endswith("wiring_weight")]
    coefficients = [p for name, p in model.named_parameters() if not name.endswith("wiring_weight")]
    groups = [
        {"params": coefficients, "lr": settings.learning_rate, "weight_decay": settings.weight_decay},
        {"params": wiring, "lr": settings.wiring_learning_rate},
    ]
    return torch.optim.Adam([group for group in groups if group["params"]], fused=True)


def as_json(metrics: EpochMetrics) -> dict[str, Any]:
    """A line of `metrics.jsonl` as plain values."""
    return asdict(metrics)
