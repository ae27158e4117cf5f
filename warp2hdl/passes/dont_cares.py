"""Nodes of which some addresses do not matter: fewer inputs first, then tables that are alike."""

from __future__ import annotations

import numpy as np

from warp2hdl.ir.circuit import MAX_ARITY
from warp2hdl.passes.working import ALL, VARIABLES, Fanins, Tables

_ONE = np.uint64(1)


def simplify(fanins: Fanins, tables: Tables, care: Tables, absent: int) -> None:
    """Chooses the values at addresses that do not matter, in place.

    An input that then makes no difference is dropped, the last slot first. Addresses that still do not matter get the
    value of the lowest address that does: so equal and complementary nodes stay that.

    Args:
        fanins: int32 `[6, nodes]`, `absent` where a slot is empty.
        tables: uint64 `[nodes]`, over six inputs.
        care: uint64 `[nodes]`, the addresses that matter, over six inputs.
        absent: what stands in empty slots.
    """
    care = care.copy()
    tables &= care
    for j in reversed(range(MAX_ARITY)):
        step = np.uint64(1 << j)
        low, high = ~VARIABLES[j] & ALL, VARIABLES[j]
        both = care & (care >> step) & low
        rows = np.flatnonzero((both & (tables ^ tables >> step)) == 0)
        for array in (tables, care):
            one, zero = array[rows] & high, array[rows] & low
            array[rows] |= one >> step | zero << step
        fanins[j, rows] = absent
    lowest = care & (~care + _ONE)
    tables |= np.where(tables & lowest != 0, ~care, np.uint64(0))


def ordered_care(fanins: Fanins, feature: np.ndarray, threshold: np.ndarray) -> Tables:
    """The addresses that can occur, as far as thermometer bits of one feature decide it.

    `x >= 7` implies `x >= 3`: addresses at which the first is 1 and the second 0 never occur.

    Args:
        fanins: int32 `[6, nodes]`.
        feature: int64 `[signals + 1]`, the feature of an encoder bit, -1 for other signals and the empty slot.
        threshold: int64 `[signals + 1]`, the threshold of an encoder bit.

    Returns:
        uint64 `[nodes]`, over six inputs.
    """
    care = np.full(fanins.shape[1], ALL, np.uint64)
    for i in range(MAX_ARITY):
        for j in range(MAX_ARITY):
            low, high = fanins[i], fanins[j]
            implied = (feature[low] >= 0) & (feature[low] == feature[high]) & (threshold[low] <= threshold[high])
            care[implied] &= VARIABLES[i] | ~VARIABLES[j]
    return care
