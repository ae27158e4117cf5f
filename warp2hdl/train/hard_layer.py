"""The last layer of a hard network over all its samples: what a change of one node does to the cross-entropy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rows = slice | Ints

EVERY = slice(None)

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
        prices: float64 `[signals]`, what a signal that any node reads costs, in nats a sample; None is nothing.

    Attributes:
        inputs: as given.
        fanins: as they are now.
        tables: as they are now.
        readers: int64 `[signals]`, how many connections read each signal now.
    """

    def __init__(
        self,
        inputs: Bits,
        fanins: Ints,
        tables: npt.NDArray[np.bool_],
        labels: Ints,
        classes: int,
        tau: float,
        prices: Floats | None = None,
    ) -> None:
        self.fanins, self.tables, self.inputs = fanins.copy(), tables.copy(), inputs
        self._labels, self._tau = labels, tau
        self._prices = np.zeros(len(inputs)) if prices is None else prices
        size = len(fanins) // classes
        self._class = np.repeat(np.arange(classes), size)
        # Centred, so that even a large score over a small tau is no overflow.
        self._exp = np.exp(np.clip((np.arange(size + 2) - size / 2) / tau, -300, 300))
        self._scores = np.zeros((classes, len(labels)), np.int32)
        self._count()

    def wiring(self) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Copies of `fanins` and `tables`."""
        return self.fanins.copy(), self.tables.copy()

    def restore(self, fanins: Ints, tables: npt.NDArray[np.bool_]) -> None:
        """Goes back to what `wiring` gave."""
        self.fanins, self.tables = fanins.copy(), tables.copy()
        self._count()

    def forbid(self, signals: npt.NDArray[np.bool_]) -> None:
        """From now on no exchange takes any of `signals`, bool `[signals]`, which nobody reads."""
        self._prices = np.where(signals, np.inf, self._prices)

    def _count(self) -> None:
        """The readers of every signal and the scores, from wiring and tables."""
        self.readers = np.bincount(self.fanins.reshape(-1), minlength=len(self.inputs))
        self._scores[:] = 0
        for node, own in enumerate(self._class):
            self._scores[own] += self.tables[node][self.addresses(node)]
        self._total = self._exp[self._scores].sum(0)

    def addresses(self, node: int, rows: Rows = EVERY) -> Bits:
        """The node's address for each sample of `rows`."""
        found = np.zeros(len(self._labels[rows]), np.uint8)
        for j, signal in enumerate(self.fanins[node]):
            found |= self.inputs[signal][rows] << np.uint8(j)
        return found

    def slopes(self, node: int, addresses: Bits, rows: Rows = EVERY) -> Floats:
        """For each sample of `rows` the loss with the node at 1, less that at 0; `addresses` are the node's there."""
        own = self._class[node]
        scores = self._scores[own][rows]
        without = scores - self.tables[node][addresses]
        low, high = self._exp[without], self._exp[without + 1]
        # Of the other classes; rounding can leave a trace below 0.
        rest = np.maximum(self._total[rows] - self._exp[scores], 0)
        return np.log((rest + high) / (rest + low)) - (self._labels[rows] == own) / self._tau

    def sweep(self, draw: np.random.Generator) -> int:
        """Makes every node's table optimal, one after another in random order; returns how many entries changed."""
        self._total = self._exp[self._scores].sum(0)  # rounding does not add up from sweep to sweep
        return sum(self._improve(int(node)) for node in draw.permutation(len(self.fanins)))

    def _improve(self, node: int) -> int:
        table, addresses = self.tables[node], self.addresses(node)
        loss = sums(addresses, self.slopes(node, addresses), len(table))
        wanted = np.where(table, loss < RELUCTANCE, loss < -RELUCTANCE)
        changed = int((wanted != table).sum())
        if changed:
            self._set(node, wanted, addresses, addresses)
        return changed

    def _set(self, node: int, table: npt.NDArray[np.bool_], before: Bits, after: Bits) -> None:
        """Gives a node a table; the node's addresses for all samples were `before` and are `after`."""
        scores = self._scores[self._class[node]]
        self._total -= self._exp[scores]
        scores -= self.tables[node][before]
        scores += table[after]
        self._total += self._exp[scores]
        self.tables[node] = table

    def exchange(self, draw: np.random.Generator) -> int:
        """Exchanges, node by node, the input that is missed least for the one that helps most; returns how many.

        A signal that nobody reads yet has to earn its price, and one that nobody reads any more saves it.
        """
        rows = self.some_rows(draw, LOOKED_AT)
        inputs = self.inputs[:, rows].astype(np.float32)
        return sum(self._exchange(int(node), inputs, rows) for node in draw.permutation(len(self.fanins)))

    def some_rows(self, draw: np.random.Generator, count: int) -> Ints:
        """Numbers of at most so many samples, ascending."""
        return np.sort(draw.choice(len(self._labels), min(count, len(self._labels)), replace=False))

    def _exchange(self, node: int, inputs: npt.NDArray[np.float32], rows: Ints) -> bool:
        addresses = self.addresses(node, rows)
        slopes = self.slopes(node, addresses, rows)
        loss = sums(addresses, slopes, self.tables.shape[1])
        prices = self._prices * len(rows)
        own = self.fanins[node]
        saved = np.where(self.readers[own] == 1, prices[own], 0)
        slot = max(range(len(own)), key=lambda j: saved[j] - np.minimum(merged(loss, j), 0).sum())
        found = losses_by_input(addresses, slopes, slot, len(loss), inputs) + np.where(self.readers, 0, prices)
        found[own] = 0
        best = int(found.argmin())
        if found[best] > np.minimum(loss, 0).sum() + saved[slot] - WORTH:
            return False
        self.rewire(node, slot, best)
        return True

    def rewire(self, node: int, slot: int, signal: int) -> None:
        """Lets a node read `signal` in one of its slots, and gives it the best table for all samples."""
        before = self.addresses(node)
        slopes = self.slopes(node, before)
        self.readers[self.fanins[node, slot]] -= 1
        self.readers[signal] += 1
        self.fanins[node, slot] = signal
        after = self.addresses(node)
        self._set(node, sums(after, slopes, self.tables.shape[1]) < 0, before, after)

    def loss(self) -> float:
        """Mean cross-entropy, in nats."""
        right = self._exp[self._scores[self._labels, np.arange(len(self._labels))]]
        return float(np.log(self._exp[self._scores].sum(0) / right).mean())


def sums(addresses: Bits, slopes: Floats, entries: int) -> Floats:
    """The slopes of all samples at each address: the node's losses, float64 `[entries]`."""
    return np.bincount(addresses, slopes, entries).astype(np.float64, copy=False)


def merged(loss: Floats, j: int) -> Floats:
    """Losses by address -> those of a node that lacks input j."""
    summed: Floats = loss.reshape(-1, 2, 1 << j).sum(1)
    return summed


def losses_by_input(
    addresses: Bits, slopes: Floats, slot: int, entries: int, inputs: npt.NDArray[np.float32]
) -> Floats:
    """The loss of a node, at the best table, with each signal in one of its slots: float64 `[signals]`.

    Args:
        addresses: of the node now `[samples]`.
        slopes: the loss with the node at 1, less that at 0 `[samples]`.
        slot: the input that is exchanged.
        entries: of the table.
        inputs: all signals `[signals, samples]`, 0 or 1.
    """
    # The node's other inputs choose a row of `parts`; the new input divides it in two.
    others = addresses >> np.uint8(slot + 1) << np.uint8(slot) | addresses & np.uint8((1 << slot) - 1)
    parts = np.zeros((entries // 2, len(slopes)), np.float32)
    parts[others, np.arange(len(slopes))] = slopes
    ones = inputs @ parts.T
    zeros = parts.sum(1) - ones
    found: Floats = (np.minimum(ones, 0) + np.minimum(zeros, 0)).sum(1)
    return found
