"""Backfitting: the hard network's last layer, made optimal one node after another on the training split.

A node of the last layer adds its output to one class's score. With all other nodes held, the cross-entropy of the hard
network is a sum over the node's addresses, so that the best entry at each address is found by one pass over the
samples: that of the two values with the smaller loss. This is block coordinate descent, as additive models are fitted
(Breiman and Friedman, 1985), in the space of circuits: what training's relaxation and noise leave on the table is
picked up without any gap. Learned wiring can be exchanged on the way, and pruned. The number of nodes stays.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.nn.layers import GroupSum, LogicLayer
from warp2hdl.nn.relaxations import RELAXATIONS
from warp2hdl.train.batches import Words
from warp2hdl.train.hard_layer import HardLayer
from warp2hdl.train.pruning import prune

Bits = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

DRAWN = 8
"""Copies of the training split with jitter, or with distorted images, where training has any."""

_SURE = 0.95  # the probability with which a changed node's parameters give its table's entries
_SHIFTS = [(down, right) for down in (0, -1, 1) for right in (0, -1, 1)]


@dataclass(frozen=True)
class Sweep:
    """What a sweep over all nodes of the last layer did.

    Attributes:
        number: from 1.
        exchanged: inputs of nodes that were exchanged, those that pruning took among them.
        changed: table entries that changed after that.
        loss: mean cross-entropy of the hard network over the training samples that were used, in nats, after it.
        val_accuracy_hard: share of the validation split, 0 to 1, after it.
        seconds: wall time.
    """

    number: int
    exchanged: int
    changed: int
    loss: float
    val_accuracy_hard: float
    seconds: float


def backfit(
    model: torch.nn.Sequential,
    samples: Words,
    labels: Ints,
    settings: TrainingConfig,
    validate: Callable[[], float],
    on_sweep: Callable[[Sweep], None] | None = None,
    costs: Ints | None = None,
) -> tuple[Sweep, ...]:
    """Fits the last layer to the hard network's loss, and keeps what the best sweep left.

    Where `settings.encoder_luts` sets a limit, the best network's wiring is pruned to it afterwards, and as many sweeps
    follow, whose exchanges take comparators that are left; what is kept then is the best of these.

    Args:
        model: a trained network on the CPU that ends with a dense layer and its GroupSum; it is changed.
        samples: the training split; where training shifts images, all shifts are used, and copies as distorted or with
            as much jitter as in training.
        labels: of the samples.
        settings: `backfit_sweeps`, at most so many sweeps; `backfit_exchanges`, the first so many of them exchange
            inputs too, where the wiring is learned; `area_weight`, what a look-up of a comparator costs then;
            `encoder_luts`, `augment`, `jitter` and `seed`.
        validate: gives the hard network's accuracy on the validation split; decides which sweep is kept, 0 included.
        on_sweep: called after every sweep.
        costs: int64 `[bits]`, look-ups of the comparators that the layer reads, None where it reads other layers.
    """
    sweeps: list[Sweep] = []

    def report(sweep: Sweep) -> None:
        sweeps.append(sweep)
        if on_sweep:
            on_sweep(sweep)

    layer = model[-2]
    assert type(layer) is LogicLayer, "TrainConfig.check allows dense layers only"
    pruned = settings.encoder_luts >= 0 and costs is not None
    exchanges = settings.backfit_exchanges if layer.wiring == "learned" else 0
    fitter = _Fitter(model, samples, labels, settings, validate, costs, all_inputs=exchanges > 0 or pruned)
    fitter.fit(settings.backfit_sweeps, exchanges, report)
    if pruned:
        fitter.prune(len(sweeps) + 1, report)
        fitter.fit(settings.backfit_sweeps, exchanges, report, len(sweeps))
    return tuple(sweeps)


class _Fitter:
    """Sweeps over a model's last layer; arguments as of `backfit`."""

    def __init__(
        self,
        model: torch.nn.Sequential,
        samples: Words,
        labels: Ints,
        settings: TrainingConfig,
        validate: Callable[[], float],
        costs: Ints | None,
        *,
        all_inputs: bool,
    ) -> None:
        layer, groups = model[-2], model[-1]
        assert isinstance(layer, LogicLayer) and isinstance(groups, GroupSum)
        self._layer, self._settings, self._validate = layer, settings, validate
        self._read = torch.arange(layer.in_dim) if all_inputs else layer.current_fanins().unique()
        self._costs = np.zeros(len(self._read), np.int64) if costs is None else costs[self._read.numpy()]
        inputs, copies = _hard_inputs(model, self._read, samples, settings)
        self._draw = np.random.default_rng(settings.seed)
        self._hard = HardLayer(
            inputs,
            torch.searchsorted(self._read, layer.current_fanins().to(self._read.dtype)).numpy(),
            layer.tables().numpy(),
            np.tile(labels, copies),
            groups.k,
            groups.tau,
            settings.area_weight * self._costs.astype(np.float64),
        )
        self._best = self._hard.wiring()

    def fit(self, count: int, exchanges: int, report: Callable[[Sweep], None], before: int = 0) -> None:
        """At most `count` sweeps after `before` others, the first few with exchanges; keeps the best one's layer."""
        best, kept, self._best = self._validate(), copy.deepcopy(self._layer.state_dict()), self._hard.wiring()
        for number in range(1, count + 1):
            start = time.perf_counter()
            exchanged = self._hard.exchange(self._draw) if number <= exchanges else 0
            sweep = self._apply(before + number, exchanged, self._hard.sweep(self._draw), start)
            if sweep.val_accuracy_hard > best:
                best, kept = sweep.val_accuracy_hard, copy.deepcopy(self._layer.state_dict())
                self._best = self._hard.wiring()
            report(sweep)
            if not sweep.changed and not exchanged:
                break
        self._layer.load_state_dict(kept)

    def prune(self, number: int, report: Callable[[Sweep], None]) -> None:
        """Prunes the best wiring to `encoder_luts`, for good, and makes the tables optimal once."""
        start = time.perf_counter()
        self._hard.restore(*self._best)
        taken = prune(self._hard, self._costs, self._settings.encoder_luts, self._draw)
        self._hard.forbid((self._hard.readers == 0) & (self._costs > 0))
        report(self._apply(number, taken, self._hard.sweep(self._draw), start))

    def _apply(self, number: int, exchanged: int, changed: int, start: float) -> Sweep:
        """Gives the layer the wiring and the tables, and measures what was done since `start`."""
        if exchanged:
            _set_wiring(self._layer, self._read[torch.from_numpy(self._hard.fanins)])
        _set_tables(self._layer, self._hard.tables)
        accuracy, loss = self._validate(), self._hard.loss()
        return Sweep(number, exchanged, changed, loss, accuracy, time.perf_counter() - start)


def _hard_inputs(
    model: torch.nn.Sequential, read: torch.Tensor, samples: Words, settings: TrainingConfig
) -> tuple[Bits, int]:
    """The inputs `read` of the last layer, `[inputs, copies * samples]`, and how many copies of the samples."""
    copies = list(_copies(settings))
    found = np.empty((len(read), len(copies) * len(samples)), np.uint8)
    state = torch.get_rng_state()
    torch.manual_seed(settings.seed)
    model.eval()
    first = 0
    with torch.no_grad():
        for how in copies:
            for rows in torch.arange(len(samples)).split(4096):
                x = samples.take(rows, **how)
                for module in list(model)[:-2]:
                    x = module(x)
                bits = x > 0.5 if x.is_floating_point() else x
                found[:, first : first + len(rows)] = bits.t()[read].numpy()
                first += len(rows)
    torch.set_rng_state(state)
    return found, len(copies)


def _copies(settings: TrainingConfig) -> Iterator[dict[str, Any]]:
    """How each copy of the training split is taken: arguments of `Words.take`."""
    for shift in _SHIFTS if settings.augment == "shift" else _SHIFTS[:1]:
        yield {"shift": shift}
    affine = settings.augment == "affine"
    for _ in range(DRAWN if affine or settings.jitter else 0):
        yield {"affine": affine, "jitter": settings.jitter}


def _set_wiring(layer: LogicLayer, fanins: torch.Tensor) -> None:
    """Lets a layer read `fanins`, `[nodes, k]`: learned wiring chooses them."""
    if layer.wiring != "learned":
        layer.fanins.copy_(fanins)
        return
    with torch.no_grad():
        best = layer.wiring_weight.argmax(-1, keepdim=True)
        if layer.candidate_inputs is not None:
            layer.candidate_inputs.scatter_(-1, best, fanins[..., None].to(layer.candidate_inputs.dtype))
            return
        strength = layer.wiring_weight.gather(-1, best)
        layer.wiring_weight.scatter_(-1, best, 0.0).scatter_(-1, fanins[..., None].long(), strength.abs() + 1.0)


def _set_tables(layer: LogicLayer, tables: npt.NDArray[np.bool_]) -> None:
    """Gives nodes whose table differs from `tables`, bool `[nodes, 2**k]`, parameters that have it."""
    wanted = torch.from_numpy(tables)
    differs = (layer.tables() != wanted).any(1)
    if not differs.any():
        return
    probability = torch.full((int(differs.sum()),), _SURE)
    with torch.no_grad():
        layer.weight[differs] = RELAXATIONS[layer.relaxation].from_tables(wanted[differs], probability, layer.tau)
