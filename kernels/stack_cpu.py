"""Dense layers one after the other for CPUs. Threads share the samples: each takes some through all layers.

What a thread computes of its samples lies in matrices of its own, which no other thread reads. Threads that share the
nodes of a layer wait for one another's rows at every layer instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.kernels import threads, walsh_cpu, wiring_cpu
from warp2hdl.kernels.noise import Key
from warp2hdl.kernels.vector import empty_rows, lanes

Array = npt.NDArray[Any]

_LEAST = 2  # vectors of samples a thread: what a node costs before its first sample is that of a vector or two


@dataclass(frozen=True)
class Layer:
    """One of the layers; `walsh_cpu.forward` explains all but the last two.

    Attributes:
        fanins: int32 `[nodes, k]`.
        theta: float32 `[tables, 2**k]`.
        tau: temperature.
        key: of the noise, or None.
        linear: whether outputs are `(1 - z) / 2`.
        limit: of |z| / tau, or 0.
        hard: whether outputs are rounded to 0 and 1; the gradient is that of the relaxed ones.
        candidates: int32 `[nodes, k, candidates]`, inputs that compete for each fan-in, or None.
    """

    fanins: Array
    theta: Array
    tau: float
    key: Key | None = None
    linear: bool = False
    limit: float = 0.0
    hard: bool = False
    candidates: Array | None = None


@dataclass(frozen=True)
class Part:
    """What the layers give for some of the samples.

    Attributes:
        columns: the first of these samples, and the one after the last.
        relaxed: the outputs of each layer, float32 `[nodes, columns]`.
        passed: what each layer passes on: the same, or rounded.
    """

    columns: slice
    relaxed: Sequence[Array]
    passed: Sequence[Array]


@dataclass(frozen=True)
class Gradients:
    """Gradients of the layers.

    Attributes:
        theta: `[tables, 2**k]` of each layer's coefficients.
        wiring: `[nodes, k, candidates]` of each layer's candidates, or None.
        x: `[inputs, batch]` of the first layer's inputs, or None.
    """

    theta: list[Array]
    wiring: list[Array | None]
    x: Array | None


def forward(x: Array, layers: Sequence[Layer], groups: int = 0) -> tuple[Array, list[Part]]:
    """The last layer's outputs float32 `[nodes, batch]`, and what the gradients need.

    Args:
        x: inputs of the first layer, float32 or uint8 bits `[inputs, batch]`, each row dense.
        layers: at least one.
        groups: if above 0, consecutive groups of equal size of the last layer's outputs are added up, and these sums
            `[groups, batch]` are what is returned.
    """
    batch, nodes = x.shape[1], [len(layer.fanins) for layer in layers]
    y = empty_rows(groups or nodes[-1], batch)
    parts, calls = [], []
    # A single layer hands nothing on: there the threads share the nodes.
    most = 1 if len(layers) == 1 else max(1, batch // (_LEAST * lanes()))
    for start, stop in threads.split(batch, lanes(), most):
        columns = slice(start, stop)
        passed = [empty_rows(count, stop - start) for count in (nodes if groups else nodes[:-1])]
        passed += [] if groups else [y[:, columns]]
        relaxed = [empty_rows(*each.shape) if layer.hard else each for layer, each in zip(layers, passed, strict=True)]
        parts.append(Part(columns, relaxed, passed))
        calls.append(partial(_part_forward, x, layers, parts[-1], y if groups else None))
    threads.run(calls)
    return y, parts


def _part_forward(x: Array, layers: Sequence[Layer], part: Part, sums: Array | None) -> None:
    values, first = x[:, part.columns], part.columns.start
    for layer, relaxed, passed in zip(layers, part.relaxed, part.passed, strict=True):
        walsh_cpu.forward(
            values,
            layer.fanins,
            layer.theta,
            layer.tau,
            layer.key,
            linear=layer.linear,
            limit=layer.limit,
            rounded=passed if layer.hard else None,
            y=relaxed,
            first=first,
        )
        values = passed
    if sums is not None:
        grouped = torch.from_numpy(values).view(len(sums), -1, values.shape[1])
        torch.sum(grouped, 1, out=torch.from_numpy(sums[:, part.columns]))


def backward(
    x: Array, layers: Sequence[Layer], parts: Sequence[Part], grad_y: Array, *, to_inputs: bool = True
) -> Gradients:
    """Gradients from what `forward` kept.

    Args:
        x: as in `forward`.
        layers: as in `forward`.
        parts: what `forward` returned.
        grad_y: of what `forward` returned, float32 `[nodes, batch]` or `[groups, batch]`, each row dense.
        to_inputs: whether the gradient of x is wanted.
    """
    grad_x = empty_rows(*x.shape) if to_inputs else None
    found: list[list[tuple[Array, Array | None]]] = [[] for _ in parts]
    threads.run(
        [partial(_part_backward, x, layers, part, grad_y, grad_x, own) for part, own in zip(parts, found, strict=True)]
    )
    sums = [[own[i] for own in found] for i in reversed(range(len(layers)))]
    theta = [[grads[0] for grads in layer] for layer in sums]
    wiring = [[grad for _, grad in layer if grad is not None] for layer in sums]
    _add_up([*theta, *wiring])
    return Gradients([grads[0] for grads in theta], [grads[0] if grads else None for grads in wiring], grad_x)


def _part_backward(
    x: Array,
    layers: Sequence[Layer],
    part: Part,
    grad_y: Array,
    grad_x: Array | None,
    found: list[tuple[Array, Array | None]],
) -> None:
    """Appends gradients of the coefficients and the wiring to `found`, the last layer's first; fills part of grad_x."""
    grad = grad_y[:, part.columns]
    if len(grad) < len(layers[-1].fanins):
        grad = _to_all(grad, len(layers[-1].fanins) // len(grad))
    inputs = [x[:, part.columns], *part.passed[:-1]]
    for i in reversed(range(len(layers))):
        layer = layers[i]
        grad_theta, grad_inputs, grad_edges = walsh_cpu.backward(
            inputs[i],
            layer.fanins,
            layer.theta,
            layer.tau,
            part.relaxed[i],
            grad,
            linear=layer.linear,
            limit=layer.limit,
            to_inputs=i > 0 or grad_x is not None,
            to_edges=layer.candidates is not None,
        )
        grad_wiring = None
        if layer.candidates is not None and grad_edges is not None:
            grad_wiring = wiring_cpu.candidate_gradients(inputs[i], layer.candidates, grad_edges)
        found.append((grad_theta, grad_wiring))
        if grad_inputs is not None:
            grad = grad_inputs
    if grad_x is not None:
        grad_x[:, part.columns] = grad


def _to_all(grad: Array, size: int) -> Array:
    """The gradients of groups `[groups, columns]` as those of their members, `size` consecutive rows each."""
    found = empty_rows(len(grad) * size, grad.shape[1])
    found.reshape(len(grad), size, -1)[...] = grad[:, None]
    return found


def _add_up(groups: Sequence[Sequence[Array]]) -> None:
    """Adds the other arrays of each group to its first, in their order."""
    flat = [[array.reshape(-1) for array in group] for group in groups if len(group) > 1]
    calls: list[list[Callable[[], None]]] = [[] for _ in range(threads.get())]
    for total, *others in flat:
        for own, (start, stop) in zip(calls, threads.split(len(total)), strict=False):
            own += [partial(np.add, total[start:stop], other[start:stop], total[start:stop]) for other in others]
    if flat:
        threads.run([partial(_run_all, own) for own in calls if own])


def _run_all(calls: Sequence[Callable[[], None]]) -> None:
    for call in calls:
        call()
