"""Collects the nodes of a network that is being built, many at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.ir import LutNetwork

Signals = npt.NDArray[np.int32]
"""Signal numbers as in `LutNetwork`."""


class Nodes:
    """Nodes in topological order.

    Args:
        inputs: how many primary inputs there are; they are the signals 0 to `inputs - 1`.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self._count = 0
        self._fanins: list[Signals] = []
        self._tables: list[npt.NDArray[np.uint64]] = []
        self._arities: list[npt.NDArray[np.int64]] = []
        self._zero: Signals | None = None

    def add(self, fanins: Signals, tables: npt.NDArray[np.uint64]) -> Signals:
        """Appends nodes of one arity.

        Args:
            fanins: int32 `[nodes, arity]`, signals that are there already.
            tables: uint64 `[nodes]`, truth tables.

        Returns:
            int32 `[nodes]`, the nodes' signals.
        """
        nodes, arity = fanins.shape
        self._fanins.append(fanins.astype(np.int32).reshape(-1))
        self._tables.append(tables)
        self._arities.append(np.full(nodes, arity, np.int64))
        first = self.inputs + self._count
        self._count += nodes
        return np.arange(first, first + nodes, dtype=np.int32)

    def zero(self) -> Signals:
        """int32 `[1]`, the signal that is always 0."""
        if self._zero is None:
            self._zero = self.add(np.zeros((1, 0), np.int32), np.zeros(1, np.uint64))
        return self._zero

    def network(self, outputs: Signals) -> LutNetwork:
        """The network of all nodes so far with these outputs."""
        arities = np.concatenate([np.zeros(1, np.int64), *self._arities])
        return LutNetwork(
            inputs=self.inputs,
            fanin_offsets=np.cumsum(arities),
            fanins=np.concatenate([np.zeros(0, np.int32), *self._fanins]),
            tables=np.concatenate([np.zeros(0, np.uint64), *self._tables]),
            outputs=outputs,
        )


def pack_tables(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """Truth tables bool `[nodes, 2**k]` -> uint64 `[nodes]`, bit a the output at address a."""
    return (bits.astype(np.uint64) << np.arange(bits.shape[1], dtype=np.uint64)).sum(1, dtype=np.uint64)
