"""The order of the inputs of large nodes: one with which the fewest three-input instructions compute them."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from warp2hdl.engines import tables as tt
from warp2hdl.engines.simplify import Nodes
from warp2hdl.kernels import simd_joins

_INNER = 4


def arrange(nodes: Nodes) -> Nodes:
    """Puts those inputs of nodes of five and six last whose choice makes for the cheapest trees of instructions."""
    fanins, tables = nodes.fanins.copy(), nodes.tables.copy()
    for arity in (5, 6):
        rows = np.flatnonzero(nodes.arities == arity)
        if not len(rows):
            continue
        least = np.full(len(rows), np.iinfo(np.uint8).max)
        for last in combinations(range(arity), arity - _INNER):
            order, moved = _moved(nodes.tables[rows], arity, last)
            for exchanged, costs in enumerate(simd_joins.costs(moved, arity).T):
                if exchanged:
                    moved = tt.swap(moved, arity - 2)
                    order[-2:] = order[:-3:-1]
                better = np.flatnonzero(costs < least)
                least[better] = costs[better]
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
