"""Training: chooses the epoch with the best *hard* accuracy on the validation split."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch

from warp2hdl.config import TrainConfig, TrainingConfig
from warp2hdl.data import Dataset
from warp2hdl.encode import Encoder, fit_encoder
from warp2hdl.errors import ConfigError, FormatError
from warp2hdl.nn.network import build
from warp2hdl.nn.thresholds import with_thresholds, without_thresholds
from warp2hdl.nn.windows import encoded_image_rows
from warp2hdl.train import checkpoint as checkpoints
from warp2hdl.train import precision
from warp2hdl.train.accuracy import accuracy
from warp2hdl.train.area import encoder_luts
from warp2hdl.train.backfit import Sweep, backfit
from warp2hdl.train.batches import batches_for
from warp2hdl.train.checkpoint import METRICS_FILE, STATE_FILE, Origin, fingerprint
from warp2hdl.train.distributed import World, world
from warp2hdl.train.fine_tuning import continued, digest, require_match
from warp2hdl.train.loop import OnStep, Run
from warp2hdl.train.metrics import EpochMetrics
from warp2hdl.train.model_file import Model
from warp2hdl.train.teacher import taught

STATE_INTERVAL_SECONDS = 1.0
"""A state is written after an epoch unless the last one is younger; it can cost as much as an epoch of few samples."""


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        model: the layers and the GroupSum, with the parameters of the best epoch, in evaluation mode on the CPU.
        encoder: turns features into the model's input bits.
        config: the settings it was trained with.
        metrics: one entry per epoch.
        best_epoch: the epoch whose parameters were kept, from 1; 0 is the network that the run went on from.
        seconds: wall time of training.
        sweeps: of `backfit`, one entry per sweep; the best one was kept.
        start_accuracy: of the network that the run went on from, hard and on the validation split; None without one.
        start_sha256: of that network, as `warp2hdl.train.fine_tuning.digest` gives it.
    """

    model: torch.nn.Sequential
    encoder: Encoder
    config: TrainConfig
    metrics: tuple[EpochMetrics, ...]
    best_epoch: int
    seconds: float
    sweeps: tuple[Sweep, ...] = ()
    start_accuracy: float | None = None
    start_sha256: str | None = None


def fit(
    dataset: Dataset,
    config: TrainConfig,
    *,
    start: Model | None = None,
    device: str = "auto",
    checkpoint: Path | None = None,
    resume: bool = False,
    on_epoch: Callable[[EpochMetrics], None] | None = None,
    on_step: OnStep | None = None,
    on_sweep: Callable[[Sweep], None] | None = None,
) -> Trained:
    """Trains a network on the training split; the test split is never looked at.

    In a process that `torchrun` started, the processes train one network together: the batch is divided among them,
    and all of them get the same result. The first one alone writes checkpoints.

    Args:
        dataset: the samples.
        config: the settings.
        start: a trained network to go on from, which `config` and `dataset` have to fit; the words of its features
            may become narrower (`warp2hdl.train.fine_tuning`).
        device: `auto` (CUDA where there is one), `cpu` or `cuda`.
        checkpoint: an existing folder that receives a line of `metrics.jsonl` after every epoch, and the run's state
            after the first, after the last, and after every one that ends `STATE_INTERVAL_SECONDS` past the last state.
        resume: whether to go on from the state in that folder. On CPUs the result is the same bytes as without the
            interruption.
        on_epoch: called after every epoch.
        on_step: called after every step with the steps done and the steps planned.
        on_sweep: called after every sweep of `backfit`.

    Raises:
        ConfigError: a setting out of range, or one that does not fit `start`; there is nothing to resume, or a run with
            other settings or data.
        DataError: no feature ever changes, or features or classes are not those of `start`.
        FormatError: the checkpoint is damaged.
        OutputError: the checkpoint cannot be written.
    """
    if start is not None:
        require_match(start, config, dataset)
    config.check(dataset.classes)
    if config.training.augment != "none" and (dataset.image_shape is None or len(dataset.image_shape) < 2):
        raise ConfigError(
            f"training.augment is {config.training.augment!r} but {dataset.name} holds no images; set it to 'none'."
        )
    if resume and checkpoint is None:
        raise ConfigError("resume needs the folder of a checkpoint.")
    if not config.training.epochs and start is None:
        raise ConfigError("training.epochs is 0; it must be at least 1.")
    began = time.perf_counter()
    kind = precision.choose_device(device)
    with ExitStack() as stack:
        stack.enter_context(precision.threads(config.training.threads))
        here = stack.enter_context(world(kind))
        stack.enter_context(torch.random.fork_rng([here.device] if here.device.type == "cuda" else []))
        torch.manual_seed(config.training.seed)
        network, encoder = _new(config, dataset) if start is None else continued(start, config, dataset)
        model = with_thresholds(network, encoder, config.encoder).to(here.device)
        stack.enter_context(precision.activations(model, config.training.precision))
        samples = taught(dataset, encoder, config.training) if config.training.teacher_rows else dataset
        run = Run(model, encoder, samples, config.training, here)
        if start is not None:
            run.count_start()
        if here.rank:
            # Noise and jitter differ from process to process; what has to agree is drawn by the first.
            torch.manual_seed((config.training.seed + here.rank * 0x9E3779B97F4A7C15) % 2**63)
        sha256 = None if start is None else digest(start)
        folder = None if checkpoint is None else _Folder(checkpoint, dataset, config, sha256, here)
        before = folder.resume(run) if folder and resume else 0.0
        while not run.finished:
            metrics = run.epoch(on_step)
            if folder:
                folder.save(run, before + time.perf_counter() - began)
            if on_epoch:
                on_epoch(metrics)
        run.keep_best()
        sweeps = _refine(model.cpu(), encoder, dataset, samples, config.training, on_sweep)
    seconds = before + time.perf_counter() - began
    network, encoder = without_thresholds(model, encoder)
    return Trained(
        network,
        encoder,
        config,
        tuple(run.metrics),
        run.best_epoch,
        seconds,
        sweeps,
        run.start_accuracy,
        sha256,
    )


def _new(config: TrainConfig, dataset: Dataset) -> tuple[torch.nn.Sequential, Encoder]:
    """A network to begin with, and an encoder that fits the training split."""
    chosen = config.encoder
    encoder = fit_encoder(dataset.x_train, chosen.feature_bits, chosen.thermometer_bits, chosen.thresholds)
    image_rows = encoded_image_rows(encoder, dataset.image_shape)
    return build(config, encoder.bits, dataset.classes, image_rows), encoder


def _refine(
    model: torch.nn.Sequential,
    encoder: Encoder,
    dataset: Dataset,
    samples: Dataset,
    settings: TrainingConfig,
    on_sweep: Callable[[Sweep], None] | None,
) -> tuple[Sweep, ...]:
    """Backfits the best epoch's network, where that is asked for; `samples` are what it was trained on."""
    if not settings.backfit_sweeps and settings.encoder_luts < 0:
        return ()
    batches = batches_for(model)
    training = batches(encoder, encoder.to_words(samples.x_train), samples.image_shape)
    validation = batches(encoder, encoder.to_words(dataset.x_val))

    def validate() -> float:
        return accuracy(model, validation, dataset.y_val)

    network, made = without_thresholds(model, encoder)
    costs = encoder_luts(made) if len(network) == 2 else None  # a layer and the GroupSum
    sweeps = backfit(model, training, samples.y_train, settings, validate, on_sweep, costs)
    model.eval()
    return sweeps


class _Folder:
    """The checkpoint of a run: its state, and `metrics.jsonl` that grows by a line an epoch."""

    def __init__(
        self, path: Path, dataset: Dataset, config: TrainConfig, start_sha256: str | None, here: World
    ) -> None:
        self._path, self._here = path, here
        settings = config.to_dict() | ({} if start_sha256 is None else {"from": start_sha256})
        self._origin = Origin(settings, fingerprint(dataset), here.device.type, here.size)
        self._new, self._saved = True, -math.inf

    def resume(self, run: Run) -> float:
        """Restores the state that was saved; returns the seconds that had been trained."""
        state = checkpoints.load(self._path)
        self._origin.require_equal(state.origin, self._path)
        try:
            run.restore(state)
        except (KeyError, ValueError, RuntimeError) as error:
            raise FormatError(
                f"{self._path / STATE_FILE} is damaged: its contents do not fit together; start without --resume."
            ) from error
        return state.seconds

    def save(self, run: Run, seconds: float) -> None:
        """Writes the metrics and, where it is due, the state of a run after an epoch.

        What another run left is replaced when the first epoch is done.
        """
        due = torch.tensor(run.finished or time.perf_counter() - self._saved >= STATE_INTERVAL_SECONDS)
        if self._here.agree(due):  # every process takes part in it
            state = run.state(self._origin, seconds)
            if self._here.rank == 0:
                checkpoints.save(state, self._path)
            self._saved = time.perf_counter()
        if self._here.rank == 0:
            lines = [metrics.json_line() for metrics in (run.metrics if self._new else run.metrics[-1:])]
            with (self._path / METRICS_FILE).open("w" if self._new else "a", encoding="utf-8") as file:
                file.writelines(lines)
        self._new = False
