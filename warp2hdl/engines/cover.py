"""Pairs of two-input nodes as one of three inputs, which costs no more on a CPU with a three-input instruction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.engines import tables as tt
from warp2hdl.engines.simplify import Nodes
from warp2hdl.ir.circuit import MAX_ARITY

_ROUNDS = 8
_MOST_READERS = 3  # an absorbed node is computed once for each reader


def cover(nodes: Nodes) -> Nodes:
    """Absorbs two-input nodes whose readers all are two-input nodes that absorb no other one.

    Which ones is a matter of choice: each reader proposes the one of its two fan-ins with the fewest readers, and a
    node goes where all its readers propose it. The rest is left to further rounds.
    """
    first, never = nodes.first, np.iinfo(np.int64).max
    readers = np.bincount(nodes.fanins[np.arange(MAX_ARITY) < nodes.arities[:, None]], minlength=nodes.signals)
    able = nodes.arities == 2
    refused = readers > _MOST_READERS
    refused[nodes.outputs] = True
    refused[nodes.fanins[~able]] = True
    refused[:first] = True
    refused[first:] |= ~able
    # A fixed scramble of the signals' numbers decides between those of equally many readers.
    rank = np.where(refused, never, readers << 32 | np.arange(nodes.signals) * 0x9E37_79B1 & 0xFFFF_FFFF)
    absorbed = np.zeros(len(nodes.tables), np.int64)  # by each node: a signal, or 0 for none
    for _ in range(_ROUNDS):
        rows = np.flatnonzero(able)
        left, right = nodes.fanins[rows, 0], nodes.fanins[rows, 1]
        choice = np.where(rank[left] <= rank[right], left, right)
        # A node that others may want more than it wants its fan-in waits.
        proposes = rank[choice] < rank[first + rows]
        rows, choice = rows[proposes], choice[proposes]
        agreed = np.bincount(choice, minlength=nodes.signals) == readers
        agreed[first + rows[agreed[choice]]] = False  # what absorbs is not absorbed
        agreed[rank == never] = False
        taking = agreed[choice]
        if not taking.any():
            break
        rows, choice = rows[taking], choice[taking]
        absorbed[rows] = choice
        # Neither of them takes part any longer, nor do the other fan-ins of those that absorb.
        able[rows] = False
        able[choice - first] = False
        rank[first + rows] = never
        rank[choice] = never
        rank[nodes.fanins[rows, :2]] = never
    return _merged(nodes, absorbed)


def _merged(nodes: Nodes, absorbed: npt.NDArray[np.int64]) -> Nodes:
    """The nodes with the fan-in `absorbed` of each, unless it is 0, put into it."""
    rows = np.flatnonzero(absorbed)
    inner_signals = absorbed[rows]
    own = (nodes.fanins[rows, 1] == inner_signals).astype(np.int64)
    inner = inner_signals - nodes.first
    outer = np.where(own == 1, tt.swap(nodes.tables[rows], 0), nodes.tables[rows])
    fanins, tables, arities = nodes.fanins.copy(), nodes.tables.copy(), nodes.arities.copy()
    fanins[rows, 2] = nodes.fanins[rows, 1 - own]
    fanins[rows, :2] = nodes.fanins[inner, :2]
    tables[rows] = tt.compose(outer, nodes.tables[inner])
    arities[rows] = 3
    kept = np.ones(nodes.signals, np.bool_)
    kept[inner_signals] = False
    numbers = np.cumsum(kept, dtype=np.int32) - 1
    rest = np.flatnonzero(kept[nodes.first :])
    return Nodes(nodes.inputs, numbers[fanins[rest]], arities[rest], tables[rest], numbers[nodes.outputs])
