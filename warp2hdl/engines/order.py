"""An order of nodes in which signals are read again soon, while they are in the nearest cache."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_SMALLEST = 4
_SIGNALS = 192  # how many of a vector the nearest cache holds, where four vectors are gone through by turns

Indices = npt.NDArray[np.int64]


def is_worthwhile(arity: int) -> bool:
    """Whether an order by common fan-ins gains anything: smaller nodes have too few of them."""
    return arity >= _SMALLEST


def by_common_fanins(fanins: npt.NDArray[np.integer]) -> Indices:
    """An order of nodes of one arity that do not read one another, in time linear in them.

    Each node is, of those that are left, one of those that share the most fan-ins with the nodes just before it; where
    none shares any, the first one.

    Args:
        fanins: `[nodes, arity]`, signals.

    Returns:
        int64 `[nodes]`, a permutation.
    """
    queue = _Queue(fanins.tolist())
    window = max(1, _SIGNALS // fanins.shape[1])
    order: list[int] = []
    while len(order) < len(fanins):
        if len(order) >= window:
            queue.leave(order[-window])
        order.append(queue.take())
    return np.array(order, np.int64)


class _Queue:
    """Nodes that are left, by how many of their fan-ins nodes in the window read."""

    def __init__(self, fanins: Sequence[Sequence[int]]) -> None:
        self._fanins = fanins
        self._readers: dict[int, list[int]] = {}
        for node, row in enumerate(fanins):
            for signal in row:
                self._readers.setdefault(signal, []).append(node)
        self._uses = dict.fromkeys(self._readers, 0)  # by nodes in the window
        self._shared = [0] * len(fanins)
        self._taken = [False] * len(fanins)
        self._first = 0
        # Nodes by what they shared when they were put there; what has changed since then lies there in vain.
        self._stacks: list[list[int]] = [[] for _ in range(max(map(len, fanins), default=0) + 1)]

    def take(self) -> int:
        """The next node, which comes into the window."""
        node = self._next()
        self._taken[node] = True
        for signal in self._fanins[node]:
            self._uses[signal] += 1
            if self._uses[signal] == 1:
                self._change(signal, 1)
        return node

    def leave(self, node: int) -> None:
        """A node goes out of the window."""
        for signal in self._fanins[node]:
            self._uses[signal] -= 1
            if not self._uses[signal]:
                self._change(signal, -1)

    def _next(self) -> int:
        for shared in range(len(self._stacks) - 1, 0, -1):
            stack = self._stacks[shared]
            while stack:
                node = stack.pop()
                if not self._taken[node] and self._shared[node] == shared:
                    return node
        while self._taken[self._first]:
            self._first += 1
        return self._first

    def _change(self, signal: int, by: int) -> None:
        shared, taken, stacks = self._shared, self._taken, self._stacks
        for node in self._readers[signal]:
            if not taken[node]:
                shared[node] += by
                stacks[shared[node]].append(node)
