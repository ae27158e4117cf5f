"""A network in the form that passes work on: six fan-in slots a node, tables over all six.

In `[..., nodes]` arrays of tables every table is a function of six inputs; one that a node lacks makes no difference.
So each operation on truth tables is a few bit operations on whole arrays, whatever the arities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import MAX_ARITY, LutNetwork
from warp2hdl.ir.verify import table_masks

Tables = npt.NDArray[np.uint64]
Fanins = npt.NDArray[np.int32]

ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
VARIABLES = np.array(
    [sum(1 << address for address in range(64) if address >> j & 1) for j in range(MAX_ARITY)], np.uint64
)
"""uint64 `[6]`, the table of input j alone."""


def _step(j: int) -> np.uint64:
    """How far apart two addresses are that differ in input j only."""
    return np.uint64(1 << j)


def cofactor(tables: Tables, j: int, value: npt.NDArray[np.bool_]) -> Tables:
    """Tables with input j fixed to `value`, bool `[nodes]`; they depend on input j no more."""
    one, zero = tables & VARIABLES[j], tables & ~VARIABLES[j]
    return np.where(value, one | one >> _step(j), zero | zero << _step(j))


def depends(tables: Tables, j: int) -> npt.NDArray[np.bool_]:
    """Which tables depend on input j, bool `[nodes]`."""
    return ((tables ^ tables >> _step(j)) & ~VARIABLES[j]) != 0


def negate_input(tables: Tables, j: int) -> Tables:
    """Tables that do with the complement of input j what `tables` do with input j."""
    return (tables & VARIABLES[j]) >> _step(j) | (tables & ~VARIABLES[j]) << _step(j)


def merge_inputs(tables: Tables, j: int) -> Tables:
    """Tables for inputs j and j + 1 being one signal; they depend on input j + 1 no more."""
    one, zero = tables & VARIABLES[j + 1], tables & ~VARIABLES[j + 1]
    step = _step(j + 1)
    return (one | one >> step) & VARIABLES[j] | (zero | zero << step) & ~VARIABLES[j]


def swap_inputs(tables: Tables, j: int) -> Tables:
    """Tables with inputs j and j + 1 exchanged."""
    low = VARIABLES[j] & ~VARIABLES[j + 1]
    step = _step(j)
    return tables & ~(low | low << step) | (tables & low) << step | (tables >> step) & low


def sort_fanins(fanins: Fanins, tables: Tables) -> None:
    """Sorts the slots of every node in ascending order, in place; the tables follow.

    Args:
        fanins: int32 `[6, nodes]`.
        tables: uint64 `[nodes]`.
    """
    for last in range(MAX_ARITY - 1, 0, -1):
        for j in range(last):
            rows = np.flatnonzero(fanins[j] > fanins[j + 1])
            if len(rows):
                fanins[j, rows], fanins[j + 1, rows] = fanins[j + 1, rows], fanins[j, rows]
                tables[rows] = swap_inputs(tables[rows], j)


@dataclass
class WorkingNetwork:
    """A network to be edited in place.

    Attributes:
        inputs: how many primary inputs there are.
        fanins: int32 `[6, nodes]`, signal numbers, `absent` where a slot is empty.
        tables: uint64 `[nodes]`, over six inputs.
    """

    inputs: int
    fanins: Fanins
    tables: Tables

    @classmethod
    def of(cls, network: LutNetwork) -> WorkingNetwork:
        """A copy of a network."""
        arities = network.arities
        fanins = np.full((MAX_ARITY, network.nodes), network.inputs + network.nodes, np.int32)
        for j in range(MAX_ARITY):
            has = np.flatnonzero(arities > j)
            fanins[j, has] = network.fanins[network.fanin_offsets[has] + j]
        tables = network.tables.copy()
        for j in range(MAX_ARITY):
            lacks = arities <= j
            tables[lacks] |= tables[lacks] << _step(j)
        return cls(network.inputs, fanins, tables)

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.tables)

    @property
    def absent(self) -> int:
        """Stands in empty slots: one above the last signal."""
        return self.inputs + self.nodes

    def to_network(self, outputs: npt.NDArray[np.int32]) -> LutNetwork:
        """The network, with the fan-ins of each node in ascending order.

        Args:
            outputs: int32 `[outputs]`, signal numbers.
        """
        sort_fanins(self.fanins, self.tables)
        present = np.not_equal(self.fanins.T, self.absent)
        arities = present.sum(axis=1)
        offsets = np.concatenate([[0], np.cumsum(arities)]).astype(np.int64)
        return LutNetwork(
            self.inputs, offsets, self.fanins.T[present], self.tables & table_masks(arities), outputs.astype(np.int32)
        )
