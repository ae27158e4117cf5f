"""Backfitting: the hard network's last tables, made optimal one node after another on the training split.

A node of the last layer adds its output to one class's score. With all other nodes held, the cross-entropy of the hard
network is a sum over the node's addresses, so that the best entry at each address is found by one pass over the
samples: that of the two values with the smaller loss. This is block coordinate descent, as additive models are fitted
(Breiman and Friedman, 1985), in the space of circuits: what training's relaxation and noise leave on the table is
picked up without any gap. Tables change, wiring does not, so the circuit's size stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.nn.layers import GroupSum, LogicLayer
from warp2hdl.nn.relaxations import RELAXATIONS
from warp2hdl.train.batches import Words

Bits = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

RELUCTANCE = 1.0
"""An entry changes only if the loss over all samples falls by more than this, in nats; rare addresses stay."""

JITTERED = 8
"""Copies of the training split with jitter, where training has any."""

_SURE = 0.95  # the probability with which a changed node's parameters give its table's entries
_SHIFTS = [(down, right) for down in (0, -1, 1) for right in (0, -1, 1)]


@dataclass(frozen=True)
class Sweep:
    """What a sweep over all nodes of the last layer did.

    Attributes:
        number: from 1.
        changed: table entries that changed.
        loss: mean cross-entropy of the hard network over the training samples that were used, in nats, after it.
        val_accuracy_hard: share of the validation split, 0 to 1, after it.
        seconds: wall time.
    """

    number: int
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
) -> tuple[Sweep, ...]:
    """Fits the tables of the last layer to the hard network's loss, and keeps those of the best sweep.

    Args:
        model: a trained network on the CPU that ends with a dense layer and its GroupSum; it is changed.
        samples: the training split; all shifts of an image are used where training shifts, and copies with jitter
            where it jitters.
        labels: of the samples.
        settings: `backfit_sweeps`, at most so many sweeps, `group_tau`, `augment`, `jitter` and `seed`.
        validate: gives the hard network's accuracy on the validation split; decides which sweep is kept, 0 included.
        on_sweep: called after every sweep.
    """
    layer, groups = model[-2], model[-1]
    assert type(layer) is LogicLayer and isinstance(groups, GroupSum), "TrainConfig.check allows dense layers only"
    fit = _Fit(layer, groups, *_hard_inputs(model, layer, samples, labels, settings))
    best, best_weight = validate(), layer.weight.detach().clone()
    order, sweeps = np.random.default_rng(settings.seed), []
    for number in range(1, settings.backfit_sweeps + 1):
        start = time.perf_counter()
        changed = fit.sweep(order.permutation(layer.out_dim))
        _set_tables(layer, fit.tables)
        accuracy = validate()
        if accuracy > best:
            best, best_weight = accuracy, layer.weight.detach().clone()
        sweeps.append(Sweep(number, changed, fit.loss(), accuracy, time.perf_counter() - start))
        if on_sweep:
            on_sweep(sweeps[-1])
        if not changed:
            break
    with torch.no_grad():
        layer.weight.copy_(best_weight)
    return tuple(sweeps)


def _hard_inputs(
    model: torch.nn.Sequential, layer: LogicLayer, samples: Words, labels: Ints, settings: TrainingConfig
) -> tuple[Bits, Ints, Ints]:
    """What the last layer reads: bits `[signals, samples]`, the layer's fan-ins among them, and the samples' labels."""
    read, fanins = np.unique(layer.current_fanins().numpy(), return_inverse=True)
    copies = list(_copies(settings))
    found = np.empty((len(read), len(copies) * len(samples)), np.uint8)
    state = torch.get_rng_state()
    torch.manual_seed(settings.seed)
    model.eval()
    first = 0
    with torch.no_grad():
        for shift, jitter in copies:
            for rows in torch.arange(len(samples)).split(4096):
                x = samples.take(rows, shift=shift, jitter=jitter)
                for module in model[:-2]:
                    x = module(x)
                found[:, first : first + len(rows)] = (x > 0.5 if x.is_floating_point() else x)[:, read].t().numpy()
                first += len(rows)
    torch.set_rng_state(state)
    return found, fanins.reshape(layer.out_dim, layer.arity), np.tile(labels, len(copies))


def _copies(settings: TrainingConfig) -> Iterator[tuple[tuple[int, int], int]]:
    """Shift and jitter of each copy of the training split."""
    for shift in _SHIFTS if settings.augment == "shift" else _SHIFTS[:1]:
        yield shift, 0
    for _ in range(JITTERED if settings.jitter else 0):
        yield (0, 0), settings.jitter


def _set_tables(layer: LogicLayer, tables: npt.NDArray[np.bool_]) -> None:
    """Gives nodes whose table differs from `tables`, bool `[nodes, 2**k]`, parameters that have it."""
    wanted = torch.from_numpy(tables)
    differs = (layer.tables() != wanted).any(1)
    if not differs.any():
        return
    probability = torch.full((int(differs.sum()),), _SURE)
    with torch.no_grad():
        layer.weight[differs] = RELAXATIONS[layer.relaxation].from_tables(wanted[differs], probability, layer.tau)


class _Fit:
    """The hard last layer over all samples: its tables, and what they make of the classes' scores."""

    def __init__(self, layer: LogicLayer, groups: GroupSum, inputs: Bits, fanins: Ints, labels: Ints) -> None:
        self.tables = layer.tables().numpy()
        self._inputs, self._fanins, self._labels = inputs, fanins, labels
        self._class = np.repeat(np.arange(groups.k), layer.out_dim // groups.k)
        self._scores = np.zeros((groups.k, len(labels)), np.int32)
        for node, own in enumerate(self._class):
            self._scores[own] += self.tables[node][self._addresses(node)]
        size = layer.out_dim // groups.k
        # Centred, so that even a large score over a small tau is no overflow.
        self._exp = np.exp(np.clip((np.arange(size + 2) - size / 2) / groups.tau, -300, 300))
        self._tau = groups.tau

    def _addresses(self, node: int) -> Bits:
        """The node's address for each sample."""
        found = np.zeros(self._inputs.shape[1], np.uint8)
        for j, signal in enumerate(self._fanins[node]):
            found |= self._inputs[signal] << np.uint8(j)
        return found

    def sweep(self, nodes: Ints) -> int:
        """Makes the tables of `nodes` optimal one after another; returns how many entries changed."""
        total = self._exp[self._scores].sum(0)
        return sum(self._improve(int(node), total) for node in nodes)

    def _improve(self, node: int, total: npt.NDArray[np.float64]) -> int:
        table, scores = self.tables[node], self._scores[self._class[node]]
        addresses = self._addresses(node)
        without = scores - table[addresses]
        low, high = self._exp[without], self._exp[without + 1]
        rest = np.maximum(total - self._exp[scores], 0)  # of the other classes; rounding can leave a trace below 0
        gain = np.log((rest + high) / (rest + low)) - (self._labels == self._class[node]) / self._tau
        loss = np.bincount(addresses, gain, len(table))  # of a 1 over a 0, at each address
        wanted = np.where(table, loss < RELUCTANCE, loss < -RELUCTANCE)
        changed = int((wanted != table).sum())
        if changed:
            table[:] = wanted
            scores[:] = without + table[addresses]
            total[:] = rest + self._exp[scores]
        return changed

    def loss(self) -> float:
        """Mean cross-entropy, in nats."""
        right = self._exp[self._scores[self._labels, np.arange(len(self._labels))]]
        return float(np.log(self._exp[self._scores].sum(0) / right).mean())
