"""Functions of four to six inputs as trees: functions of the first four, joined by an instruction for each further one.

Whatever a function is at 0 and at 1 of an input, f0 and f1, any two of f0, f1 and f0 ^ f1 make it up together with that
input: the two that take the fewest instructions are its leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warp2hdl.kernels import simd_pairs

JOINS = np.array([0xB4, 0x78, 0xD8], np.uint8)
"""The tables of `join(u, v, x)`, address `4 u + 2 v + x`, for the leaves f1, f0 ^ f1; f0, f0 ^ f1; and f0, f1."""

_KEPT = np.array([[1, 2], [0, 2], [0, 1]])


@dataclass(frozen=True)
class Trees:
    """How functions of one number of inputs are computed.

    Attributes:
        leaves: uint16 `[nodes, 1, 2 or 4]`, tables of the first four inputs.
        joins: uint8 `[nodes, 0, 1 or 3]`, tables that join leaves 0 and 1 by input 4, leaves 2 and 3 by input 4, and
            these two by input 5.
    """

    leaves: npt.NDArray[np.uint16]
    joins: npt.NDArray[np.uint8]


def trees(tables: npt.NDArray[np.uint64], arity: int) -> Trees:
    """The cheapest trees of functions whose leaves are of the first four inputs.

    Args:
        tables: uint64 `[nodes]`.
        arity: 4 to 6.
    """
    parts = _with_sums(tables, arity)
    leaf_costs = simd_pairs.costs()[parts]
    if arity == 4:
        return Trees(parts[0].T, np.zeros((len(tables), 0), np.uint8))
    nodes = np.arange(len(tables))
    low = _dearest(leaf_costs.swapaxes(0, 1))  # of each row
    rows = [0]
    joins = [JOINS[low[0]]]
    if arity == 6:
        high = _dearest(_joined(leaf_costs.swapaxes(0, 1)))
        rows = list(_KEPT[high].T)
        joins = [*(JOINS[low[row, nodes]] for row in rows), JOINS[high]]
    leaves = [parts[row, kept, nodes] for row in rows for kept in _KEPT[low[row, nodes]].T]
    return Trees(np.stack(leaves, axis=1), np.stack(joins, axis=1))


def costs(tables: npt.NDArray[np.uint64], arity: int) -> npt.NDArray[np.uint8]:
    """How many instructions the trees take: uint8 `[nodes, 1]`; `[nodes, 2]` for six inputs.

    The second one is the number for the same function with the last two inputs exchanged.
    """
    leaf_costs = simd_pairs.costs()[_with_sums(tables, arity)]
    if arity == 4:
        return leaf_costs[0].T
    found = _joined(leaf_costs.swapaxes(0, 1))
    if arity == 5:
        return found.T
    return np.stack([_joined(found), _joined(_joined(leaf_costs))], axis=1)


def _with_sums(tables: npt.NDArray[np.uint64], arity: int) -> npt.NDArray[np.uint16]:
    """The functions of the first four inputs that a tree may have as leaves.

    Returns:
        uint16 `[1 or 3, 1 or 3, nodes]`: at 0 and at 1 of the sixth input, and their sum; of each of these the same by
        the fifth input.
    """
    parts = np.ascontiguousarray(tables.astype("<u8").view("<u2").reshape(-1, 2, 2).transpose(1, 2, 0), np.uint16)
    if arity == 4:
        return parts[:1, :1]
    found = parts[: 1 << (arity - 5)]
    found = np.concatenate([found, found[:, :1] ^ found[:, 1:]], axis=1)
    return found if arity == 5 else np.concatenate([found, found[:1] ^ found[1:]], axis=0)


def _dearest(three: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Which of three parts costs most, the last of them: the one that a tree does without."""
    return 2 - three[::-1].argmax(axis=0)


def _joined(three: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """What the other two cost, joined."""
    first, second, third = three
    return first + second + third - np.maximum(np.maximum(first, second), third) + np.uint8(1)
