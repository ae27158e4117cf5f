"""The outputs of a circuit as votes: how often a class counts which signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import Circuit, Groups

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ballot:
    """Which signal counts how often for which class, in ascending order of class, then signal, without repetitions.

    Attributes:
        classes: int64 `[votes]`.
        signals: int64 `[votes]`.
        weights: int64 `[votes]`, at least 1.
        bias: int64 `[classes]`, the constant of each class.
    """

    classes: Ints
    signals: Ints
    weights: Ints
    bias: Ints

    @classmethod
    def of(cls, circuit: Circuit) -> Ballot:
        """The votes of a circuit."""
        groups = circuit.groups
        classes = np.repeat(np.arange(groups.classes), groups.sizes)
        return cls.merge(classes, circuit.network.outputs.astype(np.int64), np.ones_like(classes), groups.bias)

    @classmethod
    def merge(cls, classes: Ints, signals: Ints, weights: Ints, bias: Ints) -> Ballot:
        """Adds up the weights of equal votes, and leaves out those of weight 0."""
        span = int(signals.max(initial=0)) + 1
        keys, which = np.unique(classes * span + signals, return_inverse=True)
        totals = np.zeros(len(keys), np.int64)
        np.add.at(totals, which, weights)
        keys, totals = keys[totals != 0], totals[totals != 0]
        return cls(keys // span, keys % span, totals, bias)

    def outputs(self) -> tuple[npt.NDArray[np.int32], Groups]:
        """The network's outputs and the groups: a signal of weight w is listed w times."""
        outputs = np.repeat(self.signals, self.weights).astype(np.int32)
        sizes = np.zeros(len(self.bias), np.int64)
        np.add.at(sizes, self.classes, self.weights)
        return outputs, Groups(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), self.bias)
