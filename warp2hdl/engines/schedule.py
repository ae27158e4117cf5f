"""The order in which nodes are computed, and where in a small buffer each signal lies while it is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warp2hdl.engines.simplify import Nodes


@dataclass(frozen=True)
class Program:
    """Nodes in the order of their computation, over slots of a buffer.

    Attributes:
        slots: how many slots there are.
        inputs: int32 `[inputs]`, the slot into which each input is put, or -1 if none reads it. They come first.
        zero: a slot that always holds 0.
        fanins: int32 `[nodes, 6]`, slots; those past a node's arity are `zero`.
        arities: int8 `[nodes]`, 1 to 6.
        tables: uint64 `[nodes]`.
        targets: int32 `[nodes]`, the slot each node is put into, after its fan-ins were read.
        outputs: int32 `[outputs]`, slots.
    """

    slots: int
    inputs: npt.NDArray[np.int32]
    zero: int
    fanins: npt.NDArray[np.int32]
    arities: npt.NDArray[np.int8]
    tables: npt.NDArray[np.uint64]
    targets: npt.NDArray[np.int32]
    outputs: npt.NDArray[np.int32]


def schedule(nodes: Nodes, inputs: npt.NDArray[np.int32], reserved: int) -> Program:
    """Orders nodes level by level and, within a level, along the slots that they read.

    A node takes the slot of a fan-in that it is the last to read, which the CPU has at hand then; the slots of other
    signals that are read no more are free from the next level on.

    Args:
        nodes: nodes in topological order.
        inputs: int32 `[inputs]`, the slots of the inputs.
        reserved: slots that inputs may lie in, the first ones.
    """
    levels = _levels(nodes)
    last_level = _last_levels(nodes, levels)
    slot = np.full(nodes.signals, reserved, np.int32)
    slot[1 : nodes.first] = inputs
    free = np.zeros(0, np.int32)
    used = reserved + 1
    last_reader = np.zeros(nodes.signals, np.int64)
    order = []
    by_level = np.argsort(levels, kind="stable")
    for rows in np.split(by_level, np.flatnonzero(np.diff(levels[by_level])) + 1) if len(by_level) else []:
        level = levels[rows[0]]
        arity = int(nodes.arities[rows].max())
        read = slot[nodes.fanins[rows, :arity]]
        rows = rows[np.lexsort((read.min(axis=1), nodes.arities[rows]))]
        fanins = nodes.fanins[rows, :arity]
        last_reader[fanins.ravel()] = np.repeat(np.arange(len(rows)), arity)  # the last one stays
        dying = (last_level[fanins] == level) & (fanins > 0)
        own = dying & (last_reader[fanins] == np.arange(len(rows))[:, None])
        at = own.argmax(axis=1)
        heirs = own[np.arange(len(rows)), at]
        kept = fanins[heirs, at[heirs]]
        targets = np.empty(len(rows), np.int32)
        targets[heirs] = slot[kept]
        missing = len(rows) - int(heirs.sum())
        fresh = max(0, missing - len(free))
        targets[~heirs] = np.concatenate([free[: missing - fresh], np.arange(used, used + fresh, dtype=np.int32)])
        used += fresh
        dead = np.setdiff1d(fanins[dying], kept)
        free = np.sort(np.concatenate([free[missing - fresh :], slot[dead]]))
        slot[nodes.first + rows] = targets
        order.append(rows)
    ordered = np.concatenate(order) if order else np.zeros(0, np.int64)
    # Slots of fan-ins are those at the time of reading: no signal ever moves.
    return Program(
        used,
        inputs,
        reserved,
        slot[nodes.fanins[ordered]],
        nodes.arities[ordered],
        nodes.tables[ordered],
        slot[nodes.first + ordered],
        slot[nodes.outputs],
    )


def _levels(nodes: Nodes) -> npt.NDArray[np.int64]:
    """int64 `[nodes]`, one more than the deepest fan-in; 1 for nodes of inputs."""
    level = np.zeros(nodes.signals, np.int64)
    while True:
        deeper = level[nodes.fanins].max(axis=1, initial=0) + 1
        if np.array_equal(level[nodes.first :], deeper):
            return deeper
        level[nodes.first :] = deeper


def _last_levels(nodes: Nodes, levels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """int64 `[signals]`, the level after which a signal is not needed."""
    last = np.zeros(nodes.signals, np.int64)
    order = np.argsort(levels, kind="stable")
    last[nodes.fanins[order].ravel()] = np.repeat(levels[order], nodes.fanins.shape[1])  # the last one stays
    last[nodes.outputs] = np.iinfo(np.int64).max
    return last
