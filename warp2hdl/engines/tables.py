"""Truth tables, many at a time: uint64 `[nodes]`, bit a is the output at address a, variable j is bit j of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Tables = npt.NDArray[np.uint64]

_ZERO = tuple(
    np.uint64(mask)
    for mask in (
        0x5555_5555_5555_5555,
        0x3333_3333_3333_3333,
        0x0F0F_0F0F_0F0F_0F0F,
        0x00FF_00FF_00FF_00FF,
        0x0000_FFFF_0000_FFFF,
        0x0000_0000_FFFF_FFFF,
    )
)
"""The addresses at which each variable is 0."""


def _step(j: int) -> np.uint64:
    """How far apart in a table the addresses lie that differ in variable j alone."""
    return np.uint64(1 << j)


def invert(tables: Tables, j: int) -> Tables:
    """The tables of the same functions of the inverted variable j."""
    return ((tables & _ZERO[j]) << _step(j)) | ((tables >> _step(j)) & _ZERO[j])


def fix(tables: Tables, j: int) -> Tables:
    """The tables with variable j set to 0; they keep their width."""
    zero = tables & _ZERO[j]
    return zero | (zero << _step(j))


def merge(tables: Tables, i: int, j: int) -> Tables:
    """The tables with variable j made equal to variable i; they keep their width."""
    one = invert(fix(invert(tables, j), j), j)
    return (fix(tables, j) & _ZERO[i]) | (one & ~_ZERO[i])


def depends(tables: Tables, j: int, arity: int) -> npt.NDArray[np.bool_]:
    """Whether functions of `arity` variables change with variable j."""
    return ((tables ^ (tables >> _step(j))) & _ZERO[j] & full(arity)) != 0


def swap(tables: Tables, j: int) -> Tables:
    """The tables with the variables j and j + 1 exchanged."""
    moved = ~_ZERO[j] & _ZERO[j + 1]
    kept = tables & ~(moved | (moved << _step(j)))
    return kept | ((tables & moved) << _step(j)) | ((tables >> _step(j)) & moved)


def full(arity: int) -> np.uint64:
    """The table of `arity` variables that is 1 everywhere."""
    return np.uint64((1 << (1 << arity)) - 1)


def compose(outer: Tables, inner: Tables) -> Tables:
    """The tables of `outer(inner(a, b), c)` over a, b, c, from tables of two variables."""

    def half(c: int) -> Tables:
        at_zero, at_one = (((outer >> np.uint64(2 * c + value)) & np.uint64(1)) * full(2) for value in (0, 1))
        return ((inner & at_one) | (~inner & at_zero)).astype(np.uint64)

    return half(0) | (half(1) << np.uint64(4))
