"""Prune: the votes that matter least to the margin between the classes become constants. This approximates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import Circuit, Groups, LutNetwork
from warp2hdl.ir.interpret import output_bits
from warp2hdl.passes.base import with_network

_BATCH = 4096
_ROUNDS = 8

Words = npt.NDArray[np.unsignedinteger]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def _scores(groups: Groups, bits: npt.NDArray[np.uint8]) -> Ints:
    """Output bits `[outputs, batch]` -> scores `[classes, batch]`."""
    running = np.concatenate([np.zeros((1, bits.shape[1]), np.int64), np.cumsum(bits, axis=0, dtype=np.int64)])
    return running[groups.offsets[1:]] - running[groups.offsets[:-1]] + groups.bias[:, None]


def _pull(scores: Ints, labels: Ints, spread: float) -> Floats:
    """How much a point more for a class helps a sample: float64 `[classes, batch]`.

    The gradient of `log(1 + exp(-margin / spread))`, where the margin is the label's score less the best other one.
    """
    samples = np.arange(len(labels))
    others = scores.copy()
    others[labels, samples] = np.iinfo(np.int64).min // 2
    rivals = others.argmax(axis=0)
    margin = (scores[labels, samples] - scores[rivals, samples]) / spread
    weight = 1 / (1 + np.exp(np.clip(margin, -30, 30)))
    pull = np.zeros(scores.shape)
    pull[labels, samples] = weight
    pull[rivals, samples] = -weight
    return pull


@dataclass(frozen=True)
class Prune:
    """Votes become constants, in rounds, those first whose loss costs the margins of the samples least.

    A vote that goes leaves its mean over the samples in its class's bias. What it costs is, to the first order, how
    the mean of `log(1 + exp(-margin / spread))` changes, with the mean score difference as spread.

    Attributes:
        words: feature words `[samples, features]`, of the training split.
        labels: class ids `[samples]`.
        count: how many votes go.
    """

    words: Words = field(repr=False)
    labels: Ints = field(repr=False)
    count: int
    name: ClassVar[str] = "prune"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass; the nodes that nobody reads then are left for the pass `dead`."""
        left = min(self.count, len(circuit.network.outputs))
        owed = np.zeros(circuit.groups.classes)
        for rounds in range(_ROUNDS, 0, -1):
            step = -(-left // rounds)
            if step:
                circuit, owed = self._round(circuit, step, owed)
            left -= step
        return circuit

    def _round(self, circuit: Circuit, step: int, owed: Floats) -> tuple[Circuit, Floats]:
        means, costs = self._measure(circuit)
        gone = np.zeros(len(costs), np.bool_)
        gone[np.argsort(costs, kind="stable")[:step]] = True
        groups, network = circuit.groups, circuit.network
        classes = np.repeat(np.arange(groups.classes), groups.sizes)
        owed = owed + np.bincount(classes[gone], means[gone], minlength=groups.classes)
        paid = np.floor(owed + 0.5).astype(np.int64)
        sizes = np.bincount(classes[~gone], minlength=groups.classes)
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        kept = LutNetwork(network.inputs, network.fanin_offsets, network.fanins, network.tables, network.outputs[~gone])
        return with_network(circuit, kept, Groups(offsets, groups.bias + paid)), owed - paid

    def _measure(self, circuit: Circuit) -> tuple[Floats, Floats]:
        """Per output its mean over the samples, and what its loss costs: float64 `[outputs]` each."""
        groups, samples = circuit.groups, len(self.words)
        classes = np.repeat(np.arange(groups.classes), groups.sizes)
        ones, helped, constant = np.zeros(len(classes)), np.zeros(len(classes)), np.zeros(groups.classes)
        spread = 0.0
        for start in range(0, samples, _BATCH):
            bits = output_bits(circuit, self.words[start : start + _BATCH])
            scores = _scores(groups, bits)
            spread = spread or max(1.0, float(np.mean(np.diff(np.sort(scores, axis=0)[-2:], axis=0))))
            pull = _pull(scores, self.labels[start : start + _BATCH], spread)
            ones += bits.sum(axis=1)
            for label in range(groups.classes):
                rows = slice(groups.offsets[label], groups.offsets[label + 1])
                helped[rows] += bits[rows].astype(np.float32) @ pull[label].astype(np.float32)
            constant += pull.sum(axis=1)
        means = ones / samples
        return means, helped - means * constant[classes]
