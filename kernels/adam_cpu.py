"""Adam for CPUs that steps Walsh coefficients by the values of z that they stand for, in one pass over the memory."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from warp2hdl.kernels import threads
from warp2hdl.kernels.vector import F32, I32, I64, POINTER, Function, Program, Vector, lanes

Array = npt.NDArray[np.float32]

_NUMBERS = ("rate", "inverse_root", "epsilon", "fresh", "fresh_square", "decay")


def step(
    theta: Array,
    grad: Array,
    mean: Array,
    square: Array,
    *,
    rate: float,
    root: float,
    betas: tuple[float, float],
    epsilon: float,
    decay: float,
) -> None:
    """One step, in place: of theta, and of the moments of the gradients of z.

    Args:
        theta: coefficients float32 `[nodes, 2**k]`, dense, as are the others.
        grad: gradients of theta.
        mean: first moments.
        square: second moments.
        rate: the learning rate over the first moment's bias correction.
        root: the square root of the second moment's bias correction.
        betas: the shares of the moments that stay.
        epsilon: added to the root of the second moment.
        decay: L2 penalty on z.
    """
    arrays = [array.ctypes.data for array in (theta, grad, mean, square)]
    numbers = (rate, 1 / root, epsilon, 1 - betas[0], 1 - betas[1], decay)
    entries = theta.shape[1]
    kernel = _program(entries.bit_length() - 1, decay > 0)
    parts = threads.split(theta.size, max(entries, lanes()))
    threads.run([partial(kernel, *arrays, *part, *numbers) for part in parts])


@cache
def _program(arity: int, decays: bool) -> Function:
    entries = 1 << arity
    p = Program(
        [
            *((name, POINTER) for name in ("theta", "grad", "mean", "square")),
            *((name, I64) for name in ("start", "stop")),
            *((name, F32) for name in _NUMBERS),
        ]
    )
    b = p.builder
    number = {name: p.spread(p[name]) for name in _NUMBERS}
    vectors = max(1, entries // lanes())

    def step(first: ir.Value, mask: ir.Value | None) -> list[Vector]:
        places = [b.add(first, I64(i * lanes())) for i in range(vectors)]

        def rows(name: str) -> list[Vector]:
            return [p.load_vector(p.index(p[name], place, 4), mask) for place in places]

        def store(name: str, values: list[Vector]) -> None:
            for place, value in zip(places, values, strict=True):
                p.store_vector(value, p.index(p[name], place, 4), mask)

        theta = rows("theta")
        grads = [each * (1 / entries) for each in _transform(rows("grad"), arity)]
        if decays:
            grads = [g + number["decay"] * z for g, z in zip(grads, _transform(theta, arity), strict=True)]
        means = [m + (g - m) * number["fresh"] for m, g in zip(rows("mean"), grads, strict=True)]
        squares = [s + (g * g - s) * number["fresh_square"] for s, g in zip(rows("square"), grads, strict=True)]
        store("mean", means)
        store("square", squares)
        changes = [
            m * (s.call("sqrt") * number["inverse_root"] + number["epsilon"]).inverse()
            for m, s in zip(means, squares, strict=True)
        ]
        factor = number["rate"] * (1 / entries)
        store("theta", [t - c * factor for t, c in zip(theta, _transform(changes, arity), strict=True)])
        return []

    if vectors > 1:
        with p.loop(p["start"], p["stop"], entries) as (first, _):
            step(first, None)
    else:  # several nodes in a vector
        p.columns(p["start"], p["stop"], 0, step)
    return p.compile()


def _transform(values: list[Vector], arity: int) -> list[Vector]:
    """The Walsh-Hadamard transform of each run of 2**k numbers, `2**k` at most the number of vectors times lanes."""
    width = lanes().bit_length() - 1
    for j in range(min(arity, width)):
        values = [_swapped(value, 1 << j) + value * _signs(value, 1 << j) for value in values]
    for j in range(arity - width):
        step = 1 << j
        values = [values[i ^ step] - value if i & step else value + values[i ^ step] for i, value in enumerate(values)]
    return values


def _swapped(value: Vector, distance: int) -> Vector:
    """Lanes i and i ^ distance exchanged."""
    order = ir.Constant(ir.VectorType(I32, lanes()), [i ^ distance for i in range(lanes())])
    return Vector(value.builder, value.builder.shuffle_vector(value.value, value.value, order))


def _signs(value: Vector, distance: int) -> Vector:
    """-1 in the lanes whose number has this bit, 1 in the others."""
    signs: list[Any] = [-1.0 if i & distance else 1.0 for i in range(lanes())]
    return Vector(value.builder, ir.Constant(ir.VectorType(F32, lanes()), signs))
