"""The order in which nodes are computed and outputs are counted, and where each signal lies while it is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warp2hdl.engines.order import by_common_fanins, is_worthwhile
from warp2hdl.engines.simplify import Nodes
from warp2hdl.ir.circuit import MAX_ARITY

BATCH = 128
"""Outputs that are counted at a time, soon after they were computed."""

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Outputs of one class that are counted together.

    Attributes:
        nodes: how many nodes are computed before, from the first one on.
        number: the class.
        outputs: int32 `[1 to BATCH]`, slots.
    """

    nodes: int
    number: int
    outputs: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Program:
    """Nodes in the order of their computation, over slots of a buffer.

    Attributes:
        slots: how many slots there are.
        zero: a slot that always holds 0.
        fanins: int32 `[nodes, 6]`, slots; those past a node's arity are `zero`.
        arities: int8 `[nodes]`, 1 to 6.
        tables: uint64 `[nodes]`.
        targets: int32 `[nodes]`, the slot each node is put into, after its fan-ins were read.
        batches: the outputs to count, by class.
    """

    slots: int
    zero: int
    fanins: npt.NDArray[np.int32]
    arities: npt.NDArray[np.int8]
    tables: npt.NDArray[np.uint64]
    targets: npt.NDArray[np.int32]
    batches: tuple[Batch, ...]


def schedule(nodes: Nodes, inputs: npt.NDArray[np.int32], reserved: int, classes: npt.NDArray[np.int64]) -> Program:
    """Orders nodes and gives signals their slots.

    Nodes that others read come level by level and, within a level, along the slots that they read; those of four and
    more inputs so that they share fan-ins with those just before. A node takes the slot of a fan-in that it is the last
    to read, which the CPU has at hand then. Nodes that are only counted come last,
    class by class, and share a few slots.

    Args:
        nodes: nodes in topological order.
        inputs: int32 `[inputs]`, the slots of the inputs.
        reserved: slots that inputs may lie in, the first ones.
        classes: int64 `[outputs]`, the class that each output counts for, never falling.
    """
    slots = _Slots(nodes, inputs, reserved)
    counted = np.bincount(nodes.outputs, minlength=nodes.signals)[nodes.first :]
    read = np.bincount(nodes.fanins.ravel(), minlength=nodes.signals)[nodes.first :]
    alone = (counted == 1) & (read == 0)
    order = [slots.place_levels(~alone)]
    batches = []
    total = len(order[0])
    for rows, outputs, number in _batches(nodes, slots.slot, alone, classes):
        slots.place_batch(rows)
        order.append(rows)
        total += len(rows)
        batches.append(Batch(total, number, slots.slot[outputs]))
    ordered = np.concatenate(order)
    return Program(
        slots.used,
        reserved,
        slots.slot[nodes.fanins[ordered]],
        nodes.arities[ordered],
        nodes.tables[ordered],
        slots.slot[nodes.first + ordered],
        tuple(batches),
    )


def _batches(
    nodes: Nodes, slot: npt.NDArray[np.int32], alone: npt.NDArray[np.bool_], classes: npt.NDArray[np.int64]
) -> list[tuple[Indices, npt.NDArray[np.int32], int]]:
    """Of each batch the nodes to compute before, its outputs (signals) and its class."""
    signals = nodes.outputs
    rows = signals - nodes.first
    own = np.zeros(len(signals), np.bool_)
    own[rows >= 0] = alone[rows[rows >= 0]]
    # Nodes of one arity side by side, along the slots that they read; what is there already comes first.
    near, arity = slot[signals], np.zeros(len(signals), np.int8)
    near[own], arity[own] = _first_read(nodes, slot, rows[own]), nodes.arities[rows[own]]
    order = np.lexsort((near, arity, classes))
    _bring_together(nodes, rows, order, classes * (MAX_ARITY + 1) + arity)
    starts = np.searchsorted(classes, classes)  # of each output's class; `classes` never falls
    batch = (np.arange(len(order)) - starts) // BATCH
    found = []
    for part in np.split(order, np.flatnonzero((np.diff(classes) != 0) | (np.diff(batch) != 0)) + 1):
        if len(part):
            found.append((rows[part[own[part]]].astype(np.int64), signals[part], int(classes[part[0]])))
    return found


def _first_read(nodes: Nodes, slot: npt.NDArray[np.int32], rows: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """int32 `[rows]`, the lowest slot that each node reads."""
    fanins = nodes.fanins[rows]
    return np.where(fanins > 0, slot[fanins], np.iinfo(np.int32).max).min(axis=1)


def _bring_together(nodes: Nodes, rows: npt.NDArray[np.integer], order: Indices, keys: npt.NDArray[np.integer]) -> None:
    """Puts large nodes that read the same signals together in `order`, which has equal `keys` side by side.

    The rest of a key divided by `MAX_ARITY + 1` is an arity.
    """
    for part in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
        arity = int(keys[part[0]]) % (MAX_ARITY + 1) if len(part) else 0
        if is_worthwhile(arity):
            part[:] = part[by_common_fanins(nodes.fanins[rows[part], :arity])]


class _Slots:
    """Gives signals their slots.

    Attributes:
        slot: int32 `[signals]`; of signals that have none yet, that of the constant 0.
        used: how many slots there are so far.
    """

    def __init__(self, nodes: Nodes, inputs: npt.NDArray[np.int32], reserved: int) -> None:
        self._nodes = nodes
        self.slot = np.full(nodes.signals, reserved, np.int32)
        self.slot[1 : nodes.first] = inputs
        self.used = reserved + 1
        self._shared = -1

    def place_levels(self, chosen: npt.NDArray[np.bool_]) -> Indices:
        """Slots for the chosen nodes, whose results are kept while another node or the counting needs them.

        Returns:
            Their order.
        """
        nodes = self._nodes
        levels = _levels(nodes)
        last_level = _last_levels(nodes, levels)
        never = last_level.max(initial=0) + 1
        last_level[nodes.outputs] = never
        last_level[nodes.fanins[~chosen]] = never
        free = np.zeros(0, np.int32)
        rows = np.flatnonzero(chosen)
        rows = rows[np.argsort(levels[rows], kind="stable")]
        order = []
        for part in np.split(rows, np.flatnonzero(np.diff(levels[rows])) + 1):
            if len(part):
                ordered, free = self._place_level(part, last_level == levels[part[0]], free)
                order.append(ordered)
        return np.concatenate([np.zeros(0, np.int64), *order])

    def _place_level(
        self, rows: Indices, last_read: npt.NDArray[np.bool_], free: npt.NDArray[np.int32]
    ) -> tuple[Indices, npt.NDArray[np.int32]]:
        nodes, slot = self._nodes, self.slot
        arity = int(nodes.arities[rows].max())
        arities = nodes.arities[rows]
        along = np.lexsort((_first_read(nodes, slot, rows), arities))
        _bring_together(nodes, rows, along, arities)
        rows = rows[along]
        fanins = nodes.fanins[rows, :arity]
        reader = np.zeros(nodes.signals, np.int64)
        reader[fanins.ravel()] = np.repeat(np.arange(len(rows)), arity)  # the last one stays
        dying = last_read[fanins] & (fanins > 0)
        own = dying & (reader[fanins] == np.arange(len(rows))[:, None])
        first = own.argmax(axis=1)
        heirs = own.any(axis=1)
        left = fanins[heirs, first[heirs]]
        targets = np.empty(len(rows), np.int32)
        targets[heirs] = slot[left]
        missing = int((~heirs).sum())
        fresh = max(0, missing - len(free))
        targets[~heirs] = np.concatenate([free[:missing], np.arange(self.used, self.used + fresh, dtype=np.int32)])
        self.used += fresh
        dead = np.setdiff1d(fanins[dying], left)
        slot[nodes.first + rows] = targets
        return rows, np.sort(np.concatenate([free[missing:], slot[dead]]))

    def place_batch(self, rows: Indices) -> None:
        """Slots for nodes that are counted at once, the same ones for every batch."""
        if self._shared < 0 and len(rows):
            self._shared = self.used
            self.used += BATCH
        self.slot[self._nodes.first + rows] = np.arange(self._shared, self._shared + len(rows))


def _levels(nodes: Nodes) -> Indices:
    """int64 `[nodes]`, one more than the deepest fan-in; 1 for nodes of inputs."""
    level = np.zeros(nodes.signals, np.int64)
    while True:
        deeper = level[nodes.fanins].max(axis=1, initial=0) + 1
        if np.array_equal(level[nodes.first :], deeper):
            return deeper
        level[nodes.first :] = deeper


def _last_levels(nodes: Nodes, levels: Indices) -> Indices:
    """int64 `[signals]`, the last level at which a signal is read."""
    last = np.zeros(nodes.signals, np.int64)
    order = np.argsort(levels, kind="stable")
    last[nodes.fanins[order].ravel()] = np.repeat(levels[order], nodes.fanins.shape[1])  # the last one stays
    return last
