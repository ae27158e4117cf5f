"""Functions of four inputs by three-input instructions: one, or two of the form `outer(inner(a, b, c), d, e)`."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

ONE = tuple(tuple(i for i in range(4) if i != d) for d in range(4))
"""The inputs a, b, c of each form of one instruction."""

TWO = tuple((*(i for i in range(4) if i not in (d, e)), e, d, e) for d in range(4) for e in range(4) if e != d)
"""The inputs a, b, c, d, e of each form of two instructions; a is none of the others, so that it may be overwritten."""

NONE = 255
_INPUTS = tuple(np.uint16(values) for values in (0xAAAA, 0xCCCC, 0xF0F0, 0xFF00))


@cache
def forms() -> npt.NDArray[np.uint8]:
    """uint8 `[65536, 3]`: for each table the number of a form, and the tables of inner and outer.

    The number is one of `TWO`; `len(TWO)` more than one of `ONE`, which needs no outer table; or `NONE`. A table
    of three inputs is at `4 x + 2 y + z` for the inputs x, y, z in the order of the form.
    """
    found = np.full((1 << 16, 3), NONE, np.uint8)
    tables = np.arange(256, dtype=np.uint16)
    inner, outer = (each.ravel().astype(np.uint8) for each in np.meshgrid(tables, tables))
    for number, (a, b, c, d, e) in enumerate(TWO):
        middle = _apply(tables, _INPUTS[a], _INPUTS[b], _INPUTS[c])
        results = _apply(tables[:, None], middle[None, :], _INPUTS[d], _INPUTS[e])
        found[results.ravel()] = np.stack([np.full_like(inner, number), inner, outer], axis=1)
    for number, chosen in enumerate(ONE, len(TWO)):
        results = _apply(tables, *(_INPUTS[i] for i in chosen))
        found[results] = np.stack([np.full(256, number), tables, np.zeros(256)], axis=1)
    return found


@cache
def costs() -> npt.NDArray[np.uint8]:
    """uint8 `[65536]`: how many instructions each function takes, 1 to 3."""
    number = forms()[:, 0]
    return np.where(number == NONE, 3, np.where(number < len(TWO), 2, 1)).astype(np.uint8)


def _apply(tables: npt.NDArray[np.uint16], *inputs: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    """Functions of three inputs, each given by its 16 values."""
    x, y, z = (np.asarray(values, np.uint16) for values in inputs)
    result = np.zeros(np.broadcast(tables, x).shape, np.uint16)
    for address in range(8):
        here = (x if address & 4 else ~x) & (y if address & 2 else ~y) & (z if address & 1 else ~z)
        result |= here * (tables >> np.uint16(address) & np.uint16(1))
    return result
