"""A growing netlist of look-ups: constants are folded, equal look-ups are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ZERO, ONE = -1, -2


@dataclass(frozen=True, slots=True)
class Node:
    """One look-up.

    Attributes:
        signal: its signal number.
        name: its wire's name.
        fanins: signal numbers, all different and none constant; the first is bit 0 of the table's address.
        table: the truth table, bit a is the output at address a; it depends on every fan-in.
    """

    signal: int
    name: str
    fanins: tuple[int, ...]
    table: int


def reduce_table(table: int, fanins: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """Takes constants (`ZERO`, `ONE`), repetitions and inputs without influence out of a node's fan-ins.

    Returns:
        The smaller table and the fan-ins that are left, in order.
    """
    kept = [s for s in dict.fromkeys(fanins) if s >= 0]
    if len(kept) < len(fanins):
        place = {signal: 1 << j for j, signal in enumerate(kept)} | {ZERO: 0}
        smaller = 0
        for address in range(1 << len(kept)):
            old = sum(1 << j for j, s in enumerate(fanins) if s == ONE or address & place[s])
            smaller |= (table >> old & 1) << address
        table = smaller
    for j in reversed(range(len(kept))):
        low, high = _cofactors(table, j, len(kept))
        if low == high:
            table = _squeeze(low, j, len(kept))
            del kept[j]
    return table, tuple(kept)


# Where variable j is 0, in a table of so many variables.
_LOW = {
    (j, arity): sum(1 << a for a in range(1 << arity) if not a >> j & 1) for arity in range(1, 7) for j in range(arity)
}


def _cofactors(table: int, j: int, arity: int) -> tuple[int, int]:
    """The halves of a table for variable j at 0 and at 1, both where variable j is 0."""
    return table & _LOW[j, arity], table >> (1 << j) & _LOW[j, arity]


def _squeeze(half: int, j: int, arity: int) -> int:
    """The table of `arity - 1` variables that a half of a table stands for."""
    step = 1 << j
    runs = (half >> (2 * step * i) & ((1 << step) - 1) for i in range(1 << (arity - 1 - j)))
    return sum(run << (step * i) for i, run in enumerate(runs))


class Graph:
    """Look-ups in topological order over numbered signals; `ZERO` and `ONE` are the constants.

    Args:
        inputs: how many primary inputs there are; they are the signals from 0.

    Attributes:
        nodes: the look-ups; node i drives signal `inputs + i`.
        levels: per signal, how many look-ups are on the longest path to it.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.nodes: list[Node] = []
        self.levels = [0] * inputs
        self._known: dict[tuple[int, tuple[int, ...]], int] = {}

    def add(self, name: str, table: int, fanins: Sequence[int]) -> int:
        """The signal of the look-up of `table` at `fanins`: a new node, an equal one, one of the fan-ins or a constant.

        Args:
            name: the wire's name if there is a new node.
            table: the truth table, bit a is the output at address a.
            fanins: at most six signals or constants, the first is bit 0 of the address; they may repeat.
        """
        table, kept = reduce_table(table, fanins)
        if not kept:
            return ONE if table else ZERO
        if len(kept) == 1 and table == 0b10:
            return kept[0]
        key = table, kept
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self.inputs + len(self.nodes)
            self.nodes.append(Node(found, name, kept, table))
            self.levels.append(1 + max(self.levels[s] for s in kept))
        return found

    def reaching(self, outputs: Sequence[int]) -> list[Node]:
        """The nodes that reach one of `outputs`, in topological order."""
        live = bytearray(self.inputs + len(self.nodes))
        for signal in outputs:
            if signal >= 0:
                live[signal] = 1
        for node in reversed(self.nodes):
            if live[node.signal]:
                for signal in node.fanins:
                    live[signal] = 1
        return [node for node in self.nodes if live[node.signal]]
