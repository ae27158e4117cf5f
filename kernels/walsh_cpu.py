"""Fused Walsh layers for CPUs: gather, polynomial, sigmoid and their gradients in one pass, compiled by Numba.

Rows are signals and columns are samples, so that every inner loop runs over contiguous samples and vectorises.
The source for an arity is unrolled from one butterfly by `_unrolled`; it keeps nothing of size 2**k per sample.
Results do not depend on the number of threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from warp2hdl.errors import OutputError
from warp2hdl.files import staged_file, user_cache

Array = npt.NDArray[Any]

# Division by zero must not branch, or the loops do not vectorise.
OPTIONS: dict[str, Any] = {"fastmath": True, "error_model": "numpy", "nogil": True}


def parallel(function: Callable[..., None]) -> Callable[..., None]:
    """Compiles a kernel, and keeps the result for the next process where a place can be written."""
    try:
        return numba.njit(parallel=True, cache=True, **OPTIONS)(function)
    except RuntimeError:  # Numba finds no such place
        return numba.njit(parallel=True, **OPTIONS)(function)


_f32 = np.float32
_LOG2_E = _f32(1.4426950408889634)
_LIMIT = _f32(120)  # of the exponent of 2: sigmoid is 0 or 1 to float32 precision long before


@numba.njit(inline="always", **OPTIONS)
def _sigmoid(v):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """1 / (1 + exp(-v)) by a polynomial for 2**fraction and the exponent field: libm's exp does not vectorise."""
    t = v * -_LOG2_E
    t = -_LIMIT if t < -_LIMIT else t
    t = _LIMIT if t > _LIMIT else t
    n = np.floor(t)
    f = t - n
    p = _f32(1.8775767e-3)
    p = p * f + _f32(8.9893397e-3)
    p = p * f + _f32(5.5826318e-2)
    p = p * f + _f32(2.4015361e-1)
    p = p * f + _f32(6.9315308e-1)
    p = p * f + _f32(9.9999994e-1)
    power = np.int32(np.int32(n + _f32(127)) << np.int32(23)).view(np.float32)
    return _f32(1) / (_f32(1) + p * power)


_LOW = 4  # inputs whose 2**4 coefficients are unrolled: more would not fit the vector registers


def _fold(k: int) -> list[str]:
    """Lines that fold the coefficients `t{k}_i` with the inputs `s_j` down to `t0_0`, the polynomial's value."""
    return [
        f"t{j}_{i} = t{j + 1}_{i} + s{j} * t{j + 1}_{i + (1 << j)}" for j in reversed(range(k)) for i in range(1 << j)
    ]


def _monomials(k: int) -> list[str]:
    """Lines for `g_i`, the gradient of each coefficient: that of the polynomial, `g_0`, times its monomial."""
    return [f"g_{i + (1 << j)} = g_{i} * s{j}" for j in range(k) for i in range(1 << j)]


def _slope(j: int) -> str:
    """The derivative of the polynomial by `s_j`, times the gradient of the polynomial."""
    return " + ".join(f"g_{i} * t{j + 1}_{i + (1 << j)}" for i in range(1 << j))


def _product(factors: list[str]) -> str:
    return " * ".join(factors) or "_f32(1)"


# What becomes of z, and the gradient of z.
_ACTIVATIONS = {
    "sigmoid": ("_sigmoid(-out[b] * inverse_tau)", "-inverse_tau * grad_out[b] * out[b] * (_f32(1) - out[b])"),
    "noisy sigmoid": (
        "_sigmoid((noise[n, b] - out[b]) * inverse_tau)",
        "-inverse_tau * grad_out[b] * out[b] * (_f32(1) - out[b])",
    ),
    "linear": ("_f32(0.5) - _f32(0.5) * out[b]", "_f32(-0.5) * grad_out[b]"),
}


def _unrolled(k: int, activation: str) -> str:
    """Source of `forward` and `backward` for k inputs.

    The polynomial of the first four inputs is unrolled; each monomial of the others, numbered `q`, multiplies one.
    """
    value, gradient = _ACTIVATIONS[activation]
    low = min(k, _LOW)
    highs = range(low, k)

    def block(indent: int, lines: list[str]) -> str:
        return "".join("    " * indent + line + "\n" for line in lines)

    rows = [f"x{j} = x[fanins[n, {j}]]" for j in range(k)]
    # in{j} is 1 where input j is part of monomial q: its factor is s_j then, and 1 otherwise.
    chosen = [f"in{j} = _f32((q >> {j - low}) & 1)" for j in highs]
    coefficients = [f"t{low}_{i} = theta[n, {1 << low} * q + {i}]" for i in range(1 << low)]
    signs = [f"s{j} = _f32(1) - _f32(2) * x{j}[b]" for j in range(k)]
    factors = {j: f"(_f32(1) - in{j} + in{j} * s{j})" for j in highs}
    sums = range(1 << low)
    slopes = {j: _slope(j) for j in range(low)} | {
        j: _product(["g_z", "t0_0", f"in{j}", *(f for i, f in factors.items() if i != j)]) for j in highs
    }
    return (
        "def forward(x, fanins, theta, inverse_tau, noise, y):\n"
        "    for n in numba.prange(y.shape[0]):\n"
        + block(2, [*rows, "out = y[n]", "for b in range(y.shape[1]):", "    out[b] = _f32(0)"])
        + block(2, [f"for q in range({1 << len(highs)}):"])
        + block(3, [*chosen, *coefficients, "for b in range(y.shape[1]):"])
        + block(4, [*signs, *_fold(low), f"out[b] += {_product(['t0_0', *factors.values()])}"])
        + block(2, ["for b in range(y.shape[1]):", f"    out[b] = {value}"])
        + "\n"
        "def backward(x, fanins, theta, inverse_tau, y, grad_y, grad_theta, grad_edges):\n"
        "    for n in numba.prange(y.shape[0]):\n"
        + block(2, [*rows, "out = y[n]", "grad_out = grad_y[n]"])
        + block(2, [f"edge{j} = grad_edges[n, {j}]" for j in range(k)])
        + block(2, ["for b in range(y.shape[1]):", *(f"    edge{j}[b] = _f32(0)" for j in range(k))])
        + block(2, [f"for q in range({1 << len(highs)}):"])
        + block(3, [*chosen, *coefficients, *(f"sum{i} = _f32(0)" for i in sums), "for b in range(y.shape[1]):"])
        + block(4, [*signs, f"g_z = {gradient}"])
        + block(4, [f"g_0 = {_product(['g_z', *factors.values()])}", *_monomials(low), *_fold(low)])
        + block(4, [f"edge{j}[b] -= _f32(2) * ({slopes[j]})" for j in range(k)])
        + block(4, [f"sum{i} += g_{i}" for i in sums])
        + block(3, [f"grad_theta[n, {1 << low} * q + {i}] = sum{i}" for i in sums])
    )


@cache
def _compiled(k: int, name: str, activation: str) -> Callable[..., None]:
    scope: dict[str, Any] = {"__name__": __name__, "numba": numba, "_f32": _f32, "_sigmoid": _sigmoid}
    source = _unrolled(k, activation)
    file = _source_file(source)
    exec(compile(source, file or f"<walsh layer of {k} inputs>", "exec"), scope)
    return parallel(scope[name])


def _source_file(source: str) -> str | None:
    """Where the unrolled source is kept, so that Numba can keep what it compiles beside it; None if it cannot be."""
    made_by = Path(__file__).read_text(encoding="utf-8")
    key = hashlib.sha256(f"{made_by}{source}".encode()).hexdigest()[:16]
    try:
        path = user_cache() / "kernels" / f"walsh_{key}.py"
        if not path.is_file() or path.read_text(encoding="utf-8") != source:
            with staged_file(path) as stage:
                stage.write_text(source, encoding="utf-8")
    except (OSError, OutputError, RuntimeError):  # RuntimeError: nobody's home folder
        return None
    return str(path)


_NO_NOISE = np.zeros((1, 1), np.float32)


def forward(
    x: Array, fanins: Array, theta: Array, tau: float, noise: Array | None = None, *, linear: bool = False
) -> Array:
    """Relaxed outputs; arguments and result as `walsh_reference.walsh_layer`, float32 and int32 arrays."""
    y = np.empty((len(fanins), x.shape[1]), np.float32)
    activation = "linear" if linear else "sigmoid" if noise is None else "noisy sigmoid"
    kernel = _compiled(fanins.shape[1], "forward", activation)
    kernel(x, fanins, theta, _f32(1 / tau), _NO_NOISE if noise is None else noise, y)
    return y


def backward(
    x: Array, fanins: Array, theta: Array, tau: float, y: Array, grad_y: Array, *, linear: bool = False
) -> tuple[Array, Array]:
    """Gradients from the saved inputs and outputs.

    Returns:
        `[nodes, 2**k]` for the coefficients, and `[nodes, k, batch]` for each node's inputs.
    """
    grad_theta = np.empty_like(theta)
    grad_edges = np.empty((*fanins.shape, x.shape[1]), np.float32)
    kernel = _compiled(fanins.shape[1], "backward", "linear" if linear else "sigmoid")
    kernel(x, fanins, theta, _f32(1 / tau), y, grad_y, grad_theta, grad_edges)
    return grad_theta, grad_edges


@parallel
def _sum_rows(edges: Array, order: Array, starts: Array, found: Array) -> None:
    for i in numba.prange(found.shape[0]):
        row = found[i]
        for b in range(len(row)):
            row[b] = np.float32(0)
        for at in range(starts[i], starts[i + 1]):
            edge = edges[order[at]]
            for b in range(len(row)):
                row[b] += edge[b]


def sum_edges(grad_edges: Array, fanins: Array, inputs: int) -> Array:
    """Gradients `[inputs, batch]` of a layer's inputs from those of its nodes' inputs `[nodes, k, batch]`."""
    order = np.argsort(fanins, axis=None, kind="stable")
    starts = np.searchsorted(fanins.reshape(-1)[order], np.arange(inputs + 1))
    found = np.empty((inputs, grad_edges.shape[2]), np.float32)
    _sum_rows(grad_edges.reshape(-1, grad_edges.shape[2]), order, starts, found)
    return found
