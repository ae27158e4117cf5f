"""The order of the inputs of large nodes: one that lets more of their tables be computed by pairs of instructions."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from warp2hdl.engines import tables as tt
from warp2hdl.engines.simplify import Nodes
from warp2hdl.kernels import simd_pairs

_INNER = 4


def arrange(nodes: Nodes) -> Nodes:
    """Puts those inputs of nodes of five and six last whose choice leaves the most parts of 16 bits that are pairs."""
    fanins, tables = nodes.fanins.copy(), nodes.tables.copy()
    for arity in (5, 6):
        rows = np.flatnonzero(nodes.arities == arity)
        if not len(rows):
            continue
        most = np.full(len(rows), -1)
        for last in combinations(range(arity), arity - _INNER):
            order, moved = _moved(nodes.tables[rows], arity, last)
            count = _count_pairs(moved, arity)
            better = np.flatnonzero(count > most)
            most[better] = count[better]
            tables[rows[better]] = moved[better]
            fanins[rows[better], :arity] = nodes.fanins[rows[better]][:, order]
    return replace(nodes, fanins=fanins, tables=tables)


def _moved(tables: tt.Tables, arity: int, last: tuple[int, ...]) -> tuple[list[int], tt.Tables]:
    """The order of the inputs with some of them last, and the tables in that order."""
    order = list(range(arity))
    for variable in last:
        for at in range(order.index(variable), arity - 1):
            tables = tt.swap(tables, at)
            order[at], order[at + 1] = order[at + 1], order[at]
    return order, tables


def _count_pairs(tables: tt.Tables, arity: int) -> npt.NDArray[np.int64]:
    """How many of the parts of 16 bits of each table are pairs."""
    parts = np.ascontiguousarray(tables.astype("<u8")).view("<u2").reshape(-1, 4)[:, : 1 << (arity - _INNER)]
    return (simd_pairs.pairs()[parts, 0] != simd_pairs.NONE).sum(axis=1)
