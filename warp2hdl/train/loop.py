"""The training loop, epoch by epoch, and its state."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.data import Dataset
from warp2hdl.encode import Encoder
from warp2hdl.errors import ConfigError
from warp2hdl.nn.thresholds import threshold_parameters
from warp2hdl.train import rewiring
from warp2hdl.train.accuracy import predictions
from warp2hdl.train.area import INTERVAL, ExpectedArea
from warp2hdl.train.batches import batches_for
from warp2hdl.train.checkpoint import Origin, State
from warp2hdl.train.distributed import World
from warp2hdl.train.limit import LogitLimit
from warp2hdl.train.metrics import EpochMetrics
from warp2hdl.train.optimizer import optimizer_for
from warp2hdl.train.penalty import SpectralPenalty
from warp2hdl.train.schedule import Schedule, ScheduledLayers

OnStep = Callable[[int, int], None]

_THRESHOLD_NORM = 1.0  # all samples of a batch move the same few thresholds: their gradient is clipped to this norm


class Run:
    """A network in training.

    Args:
        model: the layers and the GroupSum, on the world's device.
        encoder: turns features into the model's input bits, or into words where the model begins with `Thresholds`.
        dataset: the samples.
        settings: how to train.
        world: the processes that train together.

    Attributes:
        metrics: one entry per epoch that is done.
        start_accuracy: the hard validation accuracy of the network to go on from, None where there is none.
        best_epoch: the epoch with the best hard validation accuracy, the later of equals; 0 is the network to go on
            from, and what it is before the first.
        best_state: the model's state after it.
    """

    def __init__(
        self, model: torch.nn.Sequential, encoder: Encoder, dataset: Dataset, settings: TrainingConfig, world: World
    ) -> None:
        self.model, self.settings, self.world = model, settings, world
        batches = batches_for(model)
        self.bits = batches(encoder, encoder.to_words(dataset.x_train), dataset.image_shape, world.device)
        self.labels = torch.from_numpy(dataset.y_train).to(world.device)
        mine = world.share(torch.arange(len(dataset.y_val))).numpy()
        self.val_bits = batches(encoder, encoder.to_words(dataset.x_val[mine]), device=world.device)
        self.val_labels, self.val_size = dataset.y_val[mine], len(dataset.y_val)
        self.batch = min(settings.batch_size, len(self.bits))
        if self.batch < world.size:
            raise ConfigError(
                f"a batch of {self.batch} samples cannot be divided among {world.size} processes; "
                "raise training.batch_size or start fewer processes."
            )
        self.steps_per_epoch = max(1, len(self.bits) // self.batch)
        self.schedule = Schedule.of(settings, max(1, settings.epochs * self.steps_per_epoch))
        self.layers = ScheduledLayers(model, self.schedule)
        self.limit = LogitLimit(model)
        self.penalty = SpectralPenalty(model, settings)
        self.area = ExpectedArea(model, encoder, settings)
        self.optimizer = optimizer_for(model, settings)
        self.thresholds = threshold_parameters(model)
        self.base_rates = [group["lr"] for group in self.optimizer.param_groups]
        self.metrics: list[EpochMetrics] = []
        self.start_accuracy: float | None = None
        self.best_epoch = 0
        self.best_state: dict[str, Any] = {}

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or patience is at its end."""
        if not self.metrics:
            return not self.settings.epochs
        accuracies = [m.val_accuracy_hard for m in self.metrics]
        since_best = len(accuracies) - accuracies.index(max(accuracies)) - 1
        out_of_patience = 0 < self.settings.patience <= since_best
        return out_of_patience or len(self.metrics) >= self.settings.epochs

    def count_start(self) -> None:
        """Measures the network before training; what no epoch improves stays as it is."""
        self.start_accuracy = self._share(relaxed=False)
        self.best_state = copy.deepcopy(self.model.state_dict())

    def epoch(self, on_step: OnStep | None) -> EpochMetrics:
        """Trains for one epoch and measures the validation split."""
        start = time.perf_counter()
        self.model.train()
        order = self.world.agree(torch.randperm(len(self.bits)))
        first = len(self.metrics) * self.steps_per_epoch
        total = torch.zeros((), dtype=torch.float64, device=self.world.device)
        for index in range(self.steps_per_epoch):
            total += self._step(first + index, order[index * self.batch : (index + 1) * self.batch])
            if on_step:
                on_step(first + index + 1, self.schedule.steps)
        last = first + self.steps_per_epoch - 1
        metrics = self._measure(total.item() / self.steps_per_epoch, last, time.perf_counter() - start)
        self.metrics.append(metrics)
        if metrics.val_accuracy_hard >= max(self.start_accuracy or 0.0, *(m.val_accuracy_hard for m in self.metrics)):
            self.best_epoch = metrics.epoch  # the later of equals has trained longer
            self.best_state = copy.deepcopy(self.model.state_dict())
        return metrics

    def _step(self, step: int, batch: torch.Tensor) -> torch.Tensor:
        """One step on the rows of the whole batch; returns its mean loss."""
        for group, rate in zip(self.optimizer.param_groups, self.base_rates, strict=True):
            group["lr"] = rate * self.schedule.rate(step)
        self.layers.at(step)
        self._rewire(step)
        rows = self.world.share(batch)
        affine = self.settings.augment == "affine"
        bits = self.bits.take(rows, shift=self._shift(), affine=affine, jitter=self.settings.jitter)
        loss = torch.nn.functional.cross_entropy(
            self.model(bits),
            self.labels[rows.to(self.labels.device)],
            label_smoothing=self.settings.label_smoothing,
        ) * (len(rows) / len(batch))
        objective = loss
        if self.penalty.active:
            objective = objective + self.penalty() / self.world.size
        if self.area.active and step % INTERVAL == 0:
            objective = objective + INTERVAL * self.area() / self.world.size
        self.optimizer.zero_grad(set_to_none=True)
        objective.backward()
        loss = loss.detach()
        gradients = [p.grad for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        self.world.add([*gradients, loss])
        if self.thresholds:
            torch.nn.utils.clip_grad_norm_(self.thresholds, _THRESHOLD_NORM)
        self.optimizer.step()
        self.limit.apply()
        return loss

    def _rewire(self, step: int) -> None:
        """Replaces candidates of learned wiring, if it is time."""
        interval = self.settings.rewiring_interval
        late = step > rewiring.LAST * self.schedule.steps
        if not interval or not step or step % interval or late or not rewiring.rewired_layers(self.model):
            return
        batch = self.world.agree(torch.randperm(len(self.bits))[: rewiring.SAMPLES])
        rows = self.world.share(batch)

        def loss() -> torch.Tensor:
            outputs = self.model(self.bits.take(rows))
            return torch.nn.functional.cross_entropy(outputs, self.labels[rows.to(self.labels.device)])

        prices = self.area.prices() if self.area.active else None
        rate = self.settings.wiring_learning_rate
        rewiring.replace_candidates(self.model, self.optimizer, loss, rate, self.world, prices)

    def _shift(self) -> tuple[int, int]:
        if self.settings.augment != "shift":
            return (0, 0)
        down, right = self.world.agree(torch.randint(-1, 2, (2,))).tolist()
        return down, right

    def _measure(self, loss: float, step: int, seconds: float) -> EpochMetrics:
        relaxed, hard = self._share(relaxed=True), self._share(relaxed=False)
        rate = self.base_rates[0] * self.schedule.rate(step)
        temperature = self.schedule.temperature(step)
        return EpochMetrics(len(self.metrics) + 1, loss, relaxed, hard, relaxed - hard, rate, temperature, seconds)

    def _share(self, *, relaxed: bool) -> float:
        """The accuracy on the validation split, of all processes' parts together."""
        right = int((predictions(self.model, self.val_bits, relaxed=relaxed) == self.val_labels).sum())
        return self.world.count(right)[0] / self.val_size

    def keep_best(self) -> None:
        """Gives the model the parameters, temperatures and samplings of the best epoch."""
        self.model.load_state_dict(self.best_state)
        self.layers.at(max(0, self.best_epoch * self.steps_per_epoch - 1))
        self.model.eval()

    def state(self, origin: Origin, seconds: float) -> State:
        """The run as it is between two epochs; every process has to call this."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best_state.items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": value for name, value in moments.items()}
        for rank, value in enumerate(self.world.gather(torch.get_rng_state())):
            tensors[f"random.{rank}.cpu"] = value
        if self.world.device.type == "cuda":
            for rank, value in enumerate(self.world.gather(torch.cuda.get_rng_state(self.world.device))):
                tensors[f"random.{rank}.cuda"] = value
        return State(origin, tuple(self.metrics), self.best_epoch, seconds, tensors)

    def restore(self, state: State) -> None:
        """Goes back to a state of a run of the same origin.

        Raises:
            KeyError, ValueError, RuntimeError: the state is not that of such a run.
        """
        self.model.load_state_dict(state.part("model"))
        self.best_state = {name: value.to(self.world.device) for name, value in state.part("best").items()}
        self.best_epoch, self.metrics = state.best_epoch, list(state.metrics)
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in state.part("adam").items():
            index, kind = name.split(".")
            moments.setdefault(int(index), {})[kind] = value
        if any(set(kinds) != {"step", "exp_avg", "exp_avg_sq"} for kinds in moments.values()):
            raise ValueError("a parameter lacks a part of Adam's state")
        if self.best_state.keys() != self.model.state_dict().keys():
            raise ValueError("the best epoch lacks a parameter")
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        random = state.part(f"random.{self.world.rank}")
        torch.set_rng_state(random["cpu"])
        if self.world.device.type == "cuda":
            torch.cuda.set_rng_state(random["cuda"], self.world.device)
