"""Fused Walsh layers for CPUs, on arrays whose rows are signals and whose columns are samples."""

from __future__ import annotations

import math
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.kernels import threads, walsh_code, walsh_reference
from warp2hdl.kernels.noise import Key
from warp2hdl.kernels.vector import empty_rows, matrix

Array = npt.NDArray[Any]

_UNLIMITED = 100.0  # of |z| / tau, in units of log(2)


def forward(
    x: Array,
    fanins: Array,
    theta: Array,
    tau: float,
    key: Key | None = None,
    *,
    linear: bool = False,
    limit: float = 0.0,
    rounded: Array | None = None,
    y: Array | None = None,
    first: int = 0,
) -> Array:
    """Relaxed outputs float32 `[nodes, batch]`.

    Args:
        x: inputs float32 or uint8 bits `[inputs, batch]`, each row dense.
        fanins: int32 `[nodes, k]`.
        theta: float32 `[tables, 2**k]`; runs of `nodes / tables` nodes share one.
        tau: temperature.
        key: of the noise; None for none.
        linear: see `walsh_reference.walsh_layer`.
        limit: the same.
        rounded: float32 `[nodes, batch]`, each row dense, receives the outputs rounded to 0 and 1.
        y: the same, receives the outputs themselves.
        first: which sample the first column is; it decides the noise.
    """
    nodes, arity = fanins.shape
    y = empty_rows(nodes, x.shape[1]) if y is None else y
    kernel = walsh_code.forward(arity, x.dtype == np.uint8, linear, key is not None, rounded is not None)
    shared = (fanins.ctypes.data, theta.ctypes.data, nodes // len(theta), *(key or (0, 0)))
    matrices = [matrix(each, first) for each in (x, y, rounded) if each is not None]
    columns = first, first + x.shape[1]
    bound = min(limit * math.log2(math.e), _UNLIMITED) if limit else _UNLIMITED
    numbers = math.log2(math.e) / tau, bound, walsh_reference.stretch(limit)
    threads.run(
        [partial(kernel, *shared, *part, *columns, *chain(*matrices), *numbers) for part in threads.split(nodes)]
    )
    return y


def backward(
    x: Array,
    fanins: Array,
    theta: Array,
    tau: float,
    y: Array,
    grad_y: Array,
    *,
    linear: bool = False,
    limit: float = 0.0,
    to_inputs: bool = True,
    to_edges: bool = False,
) -> tuple[Array, Array | None, Array | None]:
    """Gradients from the saved inputs and outputs.

    Args:
        x: as in `forward`.
        fanins: as in `forward`.
        theta: as in `forward`.
        tau: as in `forward`.
        y: the outputs, not rounded.
        grad_y: float32 `[nodes, batch]`, each row dense.
        linear: as in `forward`.
        limit: as in `forward`.
        to_inputs: whether the gradient of x is wanted.
        to_edges: whether the gradients of each node's inputs are wanted.

    Returns:
        Gradients `[tables, 2**k]` of the coefficients, `[inputs, batch]` of the inputs or None, and
        `[nodes, k, batch]` of each node's inputs or None.
    """
    nodes, arity = fanins.shape
    batch = x.shape[1]
    kernel = walsh_code.backward(arity, x.dtype == np.uint8, linear, to_inputs, to_edges)
    shared = (fanins.ctypes.data, theta.ctypes.data, nodes // len(theta), 0, 0)
    # Threads share the nodes, those of a table together. Nodes of several threads may read one input: each thread adds
    # up its own gradients of the inputs.
    parts = threads.split(nodes, nodes // len(theta))
    grads_x = [empty_rows(*x.shape) if to_inputs else None for _ in parts]
    added = np.zeros((len(parts), len(x)), np.uint8)
    grad_edges = empty_rows(nodes * arity, batch) if to_edges else None
    grad_theta = np.zeros(theta.shape, np.float32)
    # With s the sigmoid and y = g (s - 1/2) + 1/2, s (1 - s) is (y - y**2 + (g**2 - 1) / 4) / g**2.
    gain = walsh_reference.stretch(limit)
    scale, rest = -0.5 if linear else -1 / (tau * gain), (gain * gain - 1) / 4
    calls = []
    for i, (first, last) in enumerate(parts):
        matrices = (x, grad_y, *(() if linear else (y,)), grads_x[i], grad_edges)
        places = [number for each in matrices if each is not None for number in matrix(each)]
        sums = grad_theta.ctypes.data, added[i].ctypes.data
        calls.append(partial(kernel, *shared, first, last, 0, batch, *places, scale, rest, *sums))
    threads.run(calls)
    grad_x = _sum_of([each for each in grads_x if each is not None], added) if to_inputs else None
    return grad_theta, grad_x, grad_edges if grad_edges is None else grad_edges.reshape(nodes, arity, batch)


def _sum_of(parts: list[Array], added: Array) -> Array:
    """The sum of float32 matrices in the first of them; `added` uint8 `[parts, rows]` tells the rows that are known."""
    total = parts[0]
    for part, there in zip(parts[1:], added[1:], strict=True):
        shared = total.ctypes.data, added[0].ctypes.data, part.ctypes.data, there.ctypes.data, matrix(part)[1]
        threads.run([partial(walsh_code.total(), *shared, *rows) for rows in threads.split(len(total))])
        added[0] = 1
    if len(parts) == 1:
        total[added[0] == 0] = 0
    return total
