"""Functions of four inputs as two three-input instructions, `outer(inner(a, b, c), d, e)`, where they have the form."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

FORMS = tuple((*(i for i in range(4) if i != d), d, e) for d in range(4) for e in range(4) if e != d)
"""The inputs a, b, c, d, e of each form; e is one of a, b, c."""

NONE = 255
_INPUTS = tuple(np.uint16(values) for values in (0xAAAA, 0xCCCC, 0xF0F0, 0xFF00))


@cache
def pairs() -> npt.NDArray[np.uint8]:
    """uint8 `[65536, 3]`: for each table the number of a form or `NONE`, and the tables of inner and outer.

    A table of three inputs is at `4 x + 2 y + z` for the inputs x, y, z in the order of the form.
    """
    found = np.full((1 << 16, 3), NONE, np.uint8)
    tables = np.arange(256, dtype=np.uint16)
    inner, outer = (each.ravel().astype(np.uint8) for each in np.meshgrid(tables, tables))
    for number, (a, b, c, d, e) in enumerate(FORMS):
        middle = _apply(tables, _INPUTS[a], _INPUTS[b], _INPUTS[c])
        results = _apply(tables[:, None], middle[None, :], _INPUTS[d], _INPUTS[e])
        found[results.ravel()] = np.stack([np.full_like(inner, number), inner, outer], axis=1)
    return found


def _apply(tables: npt.NDArray[np.uint16], *inputs: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    """Functions of three inputs, each given by its 16 values."""
    x, y, z = (np.asarray(values, np.uint16) for values in inputs)
    result = np.zeros(np.broadcast(tables, x).shape, np.uint16)
    for address in range(8):
        here = (x if address & 4 else ~x) & (y if address & 2 else ~y) & (z if address & 1 else ~z)
        result |= here * (tables >> np.uint16(address) & np.uint16(1))
    return result
