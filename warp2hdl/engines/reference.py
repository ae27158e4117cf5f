"""The engine `numpy`: the definition of what a circuit computes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl import ir


class NumpyEngine:
    """`ir.interpret` as an engine; it uses one thread."""

    def __init__(self, circuit: ir.Circuit) -> None:
        self.circuit = circuit

    def predict(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class ids int64 `[batch]` of features `[batch, features]`."""
        return ir.classify(self.circuit, self.circuit.encoder.to_words(x))

    def scores(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class scores int64 `[batch, classes]` of features `[batch, features]`."""
        return ir.scores(self.circuit, self.circuit.encoder.to_words(x))


def make(circuit: ir.Circuit, threads: int) -> NumpyEngine:
    """The engine; `threads` is of no use to it."""
    return NumpyEngine(circuit)
