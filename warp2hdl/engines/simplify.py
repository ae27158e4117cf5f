"""An equivalent network with fewer nodes, in one sweep over its levels: no constants, wires, inverters, dead nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warp2hdl.engines import tables as tt
from warp2hdl.ir import LutNetwork
from warp2hdl.ir.circuit import MAX_ARITY

Literals = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Nodes:
    """Nodes over numbered signals: 0 is the constant 0, then the network's inputs, then the nodes in order.

    Attributes:
        inputs: how many inputs there are.
        fanins: int32 `[nodes, 6]`, signals; those past a node's arity are 0.
        arities: int8 `[nodes]`, 1 to 6.
        tables: uint64 `[nodes]`.
        outputs: int32 `[outputs]`, signals.
    """

    inputs: int
    fanins: npt.NDArray[np.int32]
    arities: npt.NDArray[np.int8]
    tables: npt.NDArray[np.uint64]
    outputs: npt.NDArray[np.int32]

    @property
    def first(self) -> int:
        """The signal of the first node."""
        return 1 + self.inputs

    @property
    def signals(self) -> int:
        """How many signals there are."""
        return self.first + len(self.tables)


class _Sweep:
    """Nodes found so far, and the literal (twice the signal, plus 1 if it is inverted) of each signal of a network."""

    def __init__(self, network: LutNetwork) -> None:
        self.network = network
        self.first = 1 + network.inputs
        self.found = 0
        self.fanins = np.zeros((network.nodes + len(network.outputs), MAX_ARITY), np.int32)
        self.arities = np.zeros(len(self.fanins), np.int8)
        self.tables = np.zeros(len(self.fanins), np.uint64)
        self.literals = np.empty(network.inputs + network.nodes, np.int32)
        self.literals[: network.inputs] = 2 * np.arange(1, self.first)

    def add(self, literals: Literals, tables: tt.Tables, arity: int) -> Literals:
        """Takes nodes of one arity over literals `[nodes, arity]`, and gives the literals that they are."""
        literals, tables, counts = _reduced(literals, tables, arity)
        result = (tables & np.uint64(1)).astype(np.int32)
        if arity:
            wires = counts == 1
            result[wires] ^= literals[wires, 0]
        for count in range(2, arity + 1):
            rows = np.flatnonzero(counts == count)
            result[rows] = 2 * self._append(literals[rows, :count] >> 1, tables[rows])
        return result

    def _append(self, fanins: npt.NDArray[np.int32], tables: tt.Tables) -> npt.NDArray[np.int32]:
        start, self.found = self.found, self.found + len(tables)
        self.fanins[start : self.found, : fanins.shape[1]] = fanins
        self.arities[start : self.found] = fanins.shape[1]
        self.tables[start : self.found] = tables
        return np.arange(self.first + start, self.first + self.found, dtype=np.int32)

    def inverted(self, signals: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Signals that are the inverse of others."""
        different, back = np.unique(signals, return_inverse=True)
        return self._append(different[:, None], np.full(len(different), 1, np.uint64))[back]


def _reduced(literals: Literals, tables: tt.Tables, arity: int) -> tuple[Literals, tt.Tables, npt.NDArray[np.int64]]:
    """Nodes over plain signals that they depend on, those first, and how many these are."""
    literals = literals.copy()
    for j in range(arity):
        tables = np.where(literals[:, j] & 1, tt.invert(tables, j), tables)
        literals[:, j] &= ~1
        tables = np.where(literals[:, j] == 0, tt.fix(tables, j), tables)
        for i in range(j):
            tables = np.where(literals[:, i] == literals[:, j], tt.merge(tables, i, j), tables)
    counts = np.full(len(tables), arity)
    for j in reversed(range(arity)):
        rows = np.flatnonzero(~tt.depends(tables, j, arity))
        counts[rows] -= 1
        for at in range(j, arity - 1):
            tables[rows] = tt.swap(tables[rows], at)
            literals[rows, at] = literals[rows, at + 1]
    masks = np.array([tt.full(count) for count in range(arity + 1)])
    return literals, tables & masks[counts], counts


def simplify(network: LutNetwork) -> tuple[Nodes, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Removes what can be had for nothing.

    Returns:
        The nodes with the outputs that are not constant; bool `[outputs]`, which outputs these are; bool `[outputs]`,
        which outputs are always 1.
    """
    sweep = _Sweep(network)
    keys = network.levels[network.inputs :] * (MAX_ARITY + 1) + network.arities
    order = np.argsort(keys, kind="stable")
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    bounds = [0]
    for run in np.split(order, cuts) if len(order) else []:
        arity = int(network.arities[run[0]])
        inputs = sweep.literals[network.fanin_matrix(run, arity)]
        sweep.literals[network.inputs + run] = sweep.add(inputs, network.tables[run], arity)
        bounds.append(sweep.found)
    outputs = sweep.literals[network.outputs]
    varying = outputs > 1
    signals = outputs[varying] >> 1
    negative = (outputs[varying] & 1) == 1
    signals[negative] = sweep.inverted(signals[negative])
    bounds.append(sweep.found)
    return _living(sweep, signals, bounds), varying, outputs == 1


def _living(sweep: _Sweep, outputs: npt.NDArray[np.int32], bounds: list[int]) -> Nodes:
    """The nodes that some output needs; no node reads one of its own run, which `bounds` delimit."""
    alive = np.zeros(sweep.first + sweep.found, np.bool_)
    alive[: sweep.first] = True
    alive[outputs] = True
    for start, stop in zip(reversed(bounds[:-1]), reversed(bounds[1:]), strict=True):
        rows = np.flatnonzero(alive[sweep.first + start : sweep.first + stop]) + start
        alive[sweep.fanins[rows]] = True
    numbers = np.cumsum(alive, dtype=np.int32) - 1
    kept = np.flatnonzero(alive[sweep.first :])
    return Nodes(
        sweep.first - 1,
        numbers[sweep.fanins[kept]],
        sweep.arities[kept],
        sweep.tables[kept],
        numbers[outputs],
    )
