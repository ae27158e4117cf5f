"""The last layer of a hard network over all its samples: what a change of one node does to the cross-entropy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RELUCTANCE = 1.0
"""An entry changes only if the loss over all samples falls by more than this, in nats; rare addresses stay."""

WORTH = 2.0
"""An input is exchanged only if the loss over the samples that are looked at falls by more than this, in nats."""

LOOKED_AT = 40_000
"""Samples on which inputs are compared with one another."""


class HardLayer:
    """Nodes, each of which adds its output to the score of one class, and the scores they make.

    Args:
        inputs: uint8 `[signals, samples]`, 0 or 1.
        fanins: int `[nodes, k]`, rows of `inputs`.
        tables: bool `[nodes, 2**k]`.
        labels: int `[samples]`.
        classes: into which the nodes divide, in equal consecutive groups.
        tau: divisor of the scores before the softmax.

    Attributes:
        fanins: as they are now.
        tables: as they are now.
    """

    def __init__(
        self, inputs: Bits, fanins: Ints, tables: npt.NDArray[np.bool_], labels: Ints, classes: int, tau: float
    ) -> None:
        self.fanins, self.tables = fanins.copy(), tables.copy()
        self._inputs, self._labels, self._tau = inputs, labels, tau
        size = len(fanins) // classes
        self._class = np.repeat(np.arange(classes), size)
        self._scores = np.zeros((classes, len(labels)), np.int32)
        for node, own in enumerate(self._class):
            self._scores[own] += self.tables[node][self._addresses(node)]
        # Centred, so that even a large score over a small tau is no overflow.
        self._exp = np.exp(np.clip((np.arange(size + 2) - size / 2) / tau, -300, 300))
        self._total = self._exp[self._scores].sum(0)

    def _addresses(self, node: int) -> Bits:
        """The node's address for each sample."""
        found = np.zeros(self._inputs.shape[1], np.uint8)
        for j, signal in enumerate(self.fanins[node]):
            found |= self._inputs[signal] << np.uint8(j)
        return found

    def _slopes(self, node: int, scores: npt.NDArray[np.int32], rows: slice | Ints) -> Floats:
        """For each sample of `rows` the loss with the node at 1, less that at 0; `scores` are without it."""
        own = self._class[node]
        low, high = self._exp[scores], self._exp[scores + 1]
        # Of the other classes; rounding can leave a trace below 0.
        rest = np.maximum(self._total[rows] - self._exp[self._scores[own][rows]], 0)
        return np.log((rest + high) / (rest + low)) - (self._labels[rows] == own) / self._tau

    def _without(self, node: int, addresses: Bits) -> npt.NDArray[np.int32]:
        """The scores of the node's class without it."""
        without: npt.NDArray[np.int32] = self._scores[self._class[node]] - self.tables[node][addresses]
        return without

    def sweep(self, draw: np.random.Generator) -> int:
        """Makes every node's table optimal, one after another in random order; returns how many entries changed."""
        self._total = self._exp[self._scores].sum(0)  # rounding does not add up from sweep to sweep
        return sum(self._improve(int(node)) for node in draw.permutation(len(self.fanins)))

    def _improve(self, node: int) -> int:
        table, addresses = self.tables[node], self._addresses(node)
        without = self._without(node, addresses)
        loss = _sums(addresses, self._slopes(node, without, slice(None)), len(table))
        wanted = np.where(table, loss < RELUCTANCE, loss < -RELUCTANCE)
        changed = int((wanted != table).sum())
        if changed:
            self._set(node, wanted, without, addresses)
        return changed

    def _set(self, node: int, table: npt.NDArray[np.bool_], without: npt.NDArray[np.int32], addresses: Bits) -> None:
        """Gives a node a table; `without` are its class's scores without it."""
        scores = self._scores[self._class[node]]
        self._total -= self._exp[scores]
        scores[:] = without + table[addresses]
        self._total += self._exp[scores]
        self.tables[node] = table

    def exchange(self, draw: np.random.Generator) -> int:
        """Exchanges, node by node, the input that is missed least for the one that helps most; returns how many."""
        rows = np.sort(draw.choice(len(self._labels), min(LOOKED_AT, len(self._labels)), replace=False))
        inputs = self._inputs[:, rows].astype(np.float32)
        return sum(self._exchange(int(node), inputs, rows) for node in draw.permutation(len(self.fanins)))

    def _exchange(self, node: int, inputs: npt.NDArray[np.float32], rows: Ints) -> bool:
        addresses = self._addresses(node)
        without = self._without(node, addresses)
        slopes = self._slopes(node, without[rows], rows)
        seen = addresses[rows]
        loss = _sums(seen, slopes, self.tables.shape[1])
        slot = max(range(self.fanins.shape[1]), key=lambda j: -np.minimum(_merged(loss, j), 0).sum())
        # The node's other inputs choose a row of `parts`; the new input divides it in two.
        others = seen >> np.uint8(slot + 1) << np.uint8(slot) | seen & np.uint8((1 << slot) - 1)
        parts = np.zeros((len(loss) // 2, len(rows)), np.float32)
        parts[others, np.arange(len(rows))] = slopes
        ones = inputs @ parts.T
        zeros = parts.sum(1) - ones
        found = (np.minimum(ones, 0) + np.minimum(zeros, 0)).sum(1)
        found[self.fanins[node]] = 0
        best = int(found.argmin())
        if found[best] > np.minimum(loss, 0).sum() - WORTH:
            return False
        self.fanins[node, slot] = best
        addresses = self._addresses(node)
        loss = _sums(addresses, self._slopes(node, without, slice(None)), self.tables.shape[1])
        self._set(node, loss < 0, without, addresses)
        return True

    def loss(self) -> float:
        """Mean cross-entropy, in nats."""
        right = self._exp[self._scores[self._labels, np.arange(len(self._labels))]]
        return float(np.log(self._exp[self._scores].sum(0) / right).mean())


def _sums(addresses: Bits, slopes: Floats, entries: int) -> Floats:
    """The slopes of all samples at each address."""
    return np.bincount(addresses, slopes, entries).astype(np.float64, copy=False)


def _merged(loss: Floats, j: int) -> Floats:
    """Losses by address -> those of a node that lacks input j."""
    summed: Floats = loss.reshape(-1, 2, 1 << j).sum(1)
    return summed
