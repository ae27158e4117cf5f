"""Look-ups as straight machine code with AVX-512's three-input instruction, written in time linear in their number.

A look-up of up to three inputs is one VPTERNLOGQ whose immediate byte is its table; larger ones are trees of them
(`simd_joins`). Nodes whose trees have the same shape have the same instructions, and are written all at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.kernels import simd_joins, simd_pairs
from warp2hdl.kernels.simd_assembler import Lines

_INPUTS = 16  # the first of the registers that hold the inputs of a larger table
_CHOICE = 0xD8  # z ? y : x

Indices = npt.NDArray[np.int32]
Tables = npt.NDArray[np.uint64]


def node_code(arity: int, fanins: Indices, tables: Tables, targets: Indices) -> list[bytes]:
    """The code of each of some nodes of one arity.

    Args:
        arity: 1 to 6.
        fanins: int32 `[nodes, arity]`, bytes from `signals`.
        tables: uint64 `[nodes]`.
        targets: int32 `[nodes]`, bytes from `signals`.
    """
    if arity < 4:
        return _rows(_small(arity, fanins, tables, targets))
    trees = simd_joins.trees(tables, arity)
    costs = simd_pairs.costs()[trees.leaves]
    shapes = costs @ (1 << 2 * np.arange(costs.shape[1]))
    codes = [b""] * len(tables)
    for shape in np.unique(shapes).tolist():
        rows_of = np.flatnonzero(shapes == shape)
        tree = _Tree(fanins[rows_of], trees.leaves[rows_of], trees.joins[rows_of], costs[rows_of[0]].tolist())
        for row, code in zip(rows_of.tolist(), _rows(tree.code(targets[rows_of])), strict=True):
            codes[row] = code
    return codes


def _rows(code: npt.NDArray[np.uint8]) -> list[bytes]:
    found, size = code.tobytes(), code.shape[1]
    return [found[start : start + size] for start in range(0, len(found), size)]


def _small(arity: int, fanins: Indices, tables: Tables, targets: Indices) -> npt.NDArray[np.uint8]:
    """Code of nodes of up to three inputs, the last at address bits 2 (and 1), the first at bit 0."""
    t = Lines(len(tables))
    t.load(0, fanins[:, -1])
    second = 0
    if arity == 3:
        second = 1
        t.load(1, fanins[:, 1])
    t.look_up_from(0, second, fanins[:, 0], _as_three(arity, tables))
    t.store(0, targets)
    return t.code()


def _as_three(arity: int, tables: Tables) -> npt.NDArray[np.uint8]:
    """Tables of one to three inputs as those of three, the last of one or two standing for the missing ones."""
    one, two, three = (np.uint64(number) for number in (1, 2, 3))
    if arity == 1:
        tables = (tables & one) | (tables >> one) << np.uint64(7)
    elif arity == 2:
        tables = (tables & three) | (tables >> two) << np.uint64(6)
    return tables.astype(np.uint8)


class _Tree:
    """The code of nodes of four to six inputs whose trees have one shape.

    Args:
        fanins: as of `node_code`.
        leaves: as of `simd_joins.Trees`.
        joins: as of `simd_joins.Trees`.
        costs: how many instructions each leaf takes.
    """

    def __init__(
        self, fanins: Indices, leaves: npt.NDArray[np.uint16], joins: npt.NDArray[np.uint8], costs: list[int]
    ) -> None:
        self._fanins, self._leaves, self._joins, self._costs = fanins, leaves, joins, costs
        self._lines = Lines(len(fanins))

    def code(self, targets: Indices) -> npt.NDArray[np.uint8]:
        """uint8 `[nodes, bytes]`."""
        t, joins = self._lines, self._joins
        for i in range(4):
            t.load(_INPUTS + i, self._fanins[:, i])
        last = len(self._costs) - 1
        for leaf in range(len(self._costs)):
            place = (0, 1, 1, 2)[leaf]
            value = self._leaf(leaf, place, last=leaf == last)
            if leaf % 2:
                t.look_up_from(place - 1, value, self._fanins[:, 4], joins[:, leaf // 2])
        if last == 3:
            t.look_up_from(0, 1, self._fanins[:, 5], joins[:, 2])
        t.store(0 if last else value, targets)
        return t.code()

    def _leaf(self, leaf: int, place: int, *, last: bool) -> int | npt.NDArray[np.uint8]:
        """A leaf, computed in a register or, if inputs are no longer needed, in one of theirs; says where it is."""
        t, table = self._lines, self._leaves[:, leaf]
        number, inner, outer = simd_pairs.forms()[table].T
        if self._costs[leaf] == 3:
            return self._halves(table, place, last=last)
        forms = np.array(simd_pairs.TWO if self._costs[leaf] == 2 else simd_pairs.ONE, np.uint8)
        registers = forms[number % len(simd_pairs.TWO)].T + np.uint8(_INPUTS)
        found: int | npt.NDArray[np.uint8] = registers[0] if last else place
        if not last:
            t.copy(place, registers[0])
        t.look_up(found, registers[1], registers[2], inner)
        if self._costs[leaf] == 2:
            t.look_up(found, registers[3], registers[4], outer)
        return found

    def _halves(self, table: npt.NDArray[np.uint16], place: int, *, last: bool) -> int:
        """A leaf as two functions of three inputs, between which the fourth one chooses."""
        t, (first, second, third, chooser) = self._lines, range(_INPUTS, _INPUTS + 4)
        t.copy(place, third)
        t.look_up(place, second, first, table & np.uint16(0xFF))
        other = third if last else place + 1
        if not last:
            t.copy(other, third)
        t.look_up(other, second, first, table >> np.uint16(8))
        t.look_up(place, other, chooser, _CHOICE)
        return place
