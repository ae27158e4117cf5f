"""Dense layers one after the other for CPUs. Threads share the samples: each takes some through all layers.

What a thread computes of its samples lies in matrices of its own, which no other thread reads. Threads that share the
nodes of a layer wait for one another's rows at every layer instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from warp2hdl.kernels import threads, walsh_code, walsh_cpu, wiring_cpu
from warp2hdl.kernels.chain import Plan, unknown
from warp2hdl.kernels.noise import Key
from warp2hdl.kernels.vector import Matrix, empty_rows, lanes, row_stride

Array = npt.NDArray[Any]

_LEAST = 2  # vectors of samples a thread: what a node costs before its first sample is that of a vector or two
_MANY = 1 << 16  # numbers that are worth a second thread to add them up
_PLANS = 64

# The values that are unknown when a plan is made: addresses, and for each layer those of its arrays, and numbers.
_X, _Y, _PASSED, _RELAXED, _GRAD_Y, _GRAD_X, _FOUND, _LAYERS = range(1, 9)
_OF_A_LAYER, _CANDIDATES = 10, 2


@dataclass(frozen=True)
class Layer:
    """One of the layers.

    Attributes:
        fanins: int32 `[nodes, k]`.
        theta: float32 `[tables, 2**k]`; runs of `nodes / tables` nodes share one.
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

    kind: _Kind = field(init=False)
    """What a plan depends on."""
    values: tuple[int, ...] = field(init=False)
    """What it does not depend on: addresses, key and constants."""

    def __post_init__(self) -> None:
        nodes, arity = self.fanins.shape
        competing, candidates = 0, 0
        if self.candidates is not None:
            competing, candidates = self.candidates.shape[2], self.candidates.ctypes.data
        kind = _Kind(nodes, arity, len(self.theta), competing, self.key is not None, self.linear, self.hard)
        addresses = self.fanins.ctypes.data, self.theta.ctypes.data, candidates
        constants = walsh_cpu.constants(self.tau, self.linear, self.limit)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "values", (*addresses, *(self.key or (0, 0)), *constants))


class _Kind(NamedTuple):
    nodes: int
    arity: int
    tables: int
    candidates: int
    noisy: bool
    linear: bool
    hard: bool

    def numbered(self, number: int) -> walsh_cpu.Nodes:
        """The nodes of layer `number` of a plan."""
        fanins, theta, _, first, second, *constants = (
            unknown(_LAYERS + _OF_A_LAYER * number + i) for i in range(_OF_A_LAYER)
        )
        key = (first, second) if self.noisy else None
        return walsh_cpu.Nodes((self.nodes, self.arity), self.tables, self.linear, fanins, theta, key, constants)

    @property
    def learned(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of what has gradients: the coefficients, and the weights of the wiring if there are some."""
        theta = self.tables, 1 << self.arity
        return (theta, (self.nodes, self.arity, self.candidates)) if self.candidates else (theta,)


class _Setting(NamedTuple):
    """What a plan depends on: the layers, the inputs, the samples, the groups, and row strides."""

    kinds: tuple[_Kind, ...]
    inputs: int
    bits: bool
    columns: tuple[int, int]
    groups: int
    x: int
    y: int
    grad_y: int = 0
    grad_x: int = 0

    @property
    def batch(self) -> int:
        return self.columns[1] - self.columns[0]

    def outputs(self, first: int) -> tuple[list[Matrix], list[Matrix]]:
        """What each layer gives before it is rounded, and what it passes on; the first column has this number."""
        stride = row_stride(self.batch)
        ends = list(accumulate((kind.nodes * stride for kind in self.kinds), initial=-first))
        passed = [(unknown(_PASSED) + 4 * end, stride) for end in ends[:-1]]
        if not self.groups:
            passed[-1] = unknown(_Y) - 4 * first, self.y
        relaxed = [(unknown(_RELAXED) + 4 * end, stride) for end in ends[:-1]]
        found = [own if kind.hard else same for kind, own, same in zip(self.kinds, relaxed, passed, strict=True)]
        return found, passed


@dataclass(frozen=True)
class Part:
    """What the layers give for some of the samples, float32 `[nodes, columns]`, the nodes of one layer after another.

    Attributes:
        columns: the first of these samples, and the one after the last.
        passed: what each layer passes on.
        relaxed: the outputs before they were rounded, or None if no layer rounds them.
        last: what the last layer passes on, which is not in `passed` then; or None.
    """

    columns: slice
    passed: Array
    relaxed: Array | None
    last: Array | None


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
    rounds = any(layer.hard for layer in layers)
    # A single layer hands nothing on: there the threads share the nodes.
    most = 1 if len(layers) == 1 else max(1, batch // (_LEAST * lanes()))
    parts = [
        Part(
            slice(start, stop),
            empty_rows(sum(nodes if groups else nodes[:-1]), stop - start),
            empty_rows(sum(nodes), stop - start) if rounds else None,
            None if groups else y[:, start:stop],
        )
        for start, stop in threads.split(batch, lanes(), most)
    ]
    # The last part, the longest, in this thread: the others are done when it is.
    threads.run([partial(_part_forward, x, layers, part, y, groups) for part in reversed(parts)])
    return y, parts


def _part_forward(x: Array, layers: Sequence[Layer], part: Part, y: Array, groups: int) -> None:
    columns = part.columns.start, part.columns.stop
    kinds = tuple(layer.kind for layer in layers)
    setting = _Setting(kinds, len(x), x.dtype == np.uint8, columns, groups, _stride(x), _stride(y))
    arrays = (x[:, part.columns], y if groups else y[:, part.columns], part.passed, part.relaxed)
    _forward_plan(setting, threads.get()).run(_values(layers, arrays))


def _stride(array: Array) -> int:
    return array.strides[0] // array.itemsize


def _values(layers: Sequence[Layer], arrays: Sequence[Array | None]) -> list[int]:
    """What is unknown when a plan is made."""
    found = [0 if array is None else array.ctypes.data for array in arrays]
    found += [0] * (_LAYERS - 1 - len(found))
    for layer in layers:
        found += layer.values
    return found


@lru_cache(_PLANS)
def _forward_plan(setting: _Setting, _: int) -> Plan:
    """The plan for these samples, on so many threads."""
    plan = Plan(_LAYERS + _OF_A_LAYER * len(setting.kinds) - 1)
    columns = setting.columns
    values, bits = (unknown(_X) - columns[0] * (1 if setting.bits else 4), setting.x), setting.bits
    for i, (kind, relaxed, passed) in enumerate(zip(setting.kinds, *setting.outputs(columns[0]), strict=True)):
        rounded = passed if kind.hard else None
        stage = walsh_cpu.forward_stage(kind.numbered(i), values, relaxed, rounded, bits=bits, columns=columns)
        plan.stages.append(stage)
        values, bits = passed, False
    if setting.groups:
        y, size = (unknown(_Y), setting.y), setting.kinds[-1].nodes // setting.groups
        add = partial(walsh_code.group_sums().record, *values, *y, size)
        plan.stages.append([add(*some, *columns) for some in threads.split(setting.groups)])
    return plan


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
    shapes = [shape for layer in layers for shape in layer.kind.learned]
    ends = list(accumulate(map(math.prod, shapes), initial=0))
    make = np.empty if all(layer.kind.tables == layer.kind.nodes for layer in layers) else np.zeros
    found = [make(ends[-1], np.float32) for _ in parts]
    calls = [
        partial(_part_backward, x, layers, part, grad_y, grad_x, own) for part, own in zip(parts, found, strict=True)
    ]
    threads.run(calls[::-1])
    _add_up(found)
    rows = (found[0][start:stop].reshape(shape) for (start, stop), shape in zip(pairwise(ends), shapes, strict=True))
    pairs = [(next(rows), next(rows) if layer.kind.candidates else None) for layer in layers]
    return Gradients([theta for theta, _ in pairs], [wiring for _, wiring in pairs], grad_x)


def _part_backward(
    x: Array, layers: Sequence[Layer], part: Part, grad_y: Array, grad_x: Array | None, found: Array
) -> None:
    """Fills part of grad_x, and `found` with the gradients of each layer's coefficients and wiring."""
    columns = part.columns.start, part.columns.stop
    kinds = tuple(layer.kind for layer in layers)
    groups = 0 if part.last is not None else len(grad_y)
    grads = grad_y[:, part.columns], None if grad_x is None else grad_x[:, part.columns]
    strides = [0 if array is None else _stride(array) for array in (x, part.last, *grads)]
    setting = _Setting(kinds, len(x), x.dtype == np.uint8, columns, groups, *strides)
    arrays = (x[:, part.columns], part.last, part.passed, part.relaxed, *grads, found)
    _backward_plan(setting, threads.get()).run(_values(layers, arrays))


@lru_cache(_PLANS)
def _backward_plan(setting: _Setting, _: int) -> Plan:
    """The plan for these samples, on so many threads."""
    kinds, batch = setting.kinds, setting.batch
    plan = Plan(_LAYERS + _OF_A_LAYER * len(kinds) - 1)
    relaxed, passed = setting.outputs(0)
    values = [(unknown(_X), setting.x), *passed[:-1]]
    inputs = [setting.inputs, *(kind.nodes for kind in kinds[:-1])]
    grad, size = (unknown(_GRAD_Y), setting.grad_y), kinds[-1].nodes // (setting.groups or kinds[-1].nodes)
    # A layer reads the gradients in one of these and leaves those of its inputs in the other.
    between = [plan.matrix(max(inputs[1:]), batch) for _ in kinds[1:3]]
    place = unknown(_FOUND) + 4 * sum(math.prod(shape) for kind in kinds for shape in kind.learned)
    for i in reversed(range(len(kinds))):
        kind, bits = kinds[i], i == 0 and setting.bits
        place -= 4 * sum(map(math.prod, kind.learned))
        target = between[i % len(between)] if i else (unknown(_GRAD_X), setting.grad_x) if setting.grad_x else None
        edges = plan.matrix(kind.nodes * kind.arity, batch) if kind.candidates else None
        shape = inputs[i], batch
        nodes = kind.numbered(i)
        walsh_cpu.add_backward(
            plan, nodes, shape, values[i], relaxed[i], grad, place, target, edges, bits=bits, size=size
        )
        if edges is not None:
            candidates = unknown(_LAYERS + _OF_A_LAYER * i + _CANDIDATES), kind.learned[1]
            found = place + 4 * math.prod(kind.learned[0])
            plan.stages.append(wiring_cpu.stage(values[i], *candidates, edges, found, batch, bits=bits))
        if target is not None:
            grad, size = target, 1
    return plan


def _add_up(found: Sequence[Array]) -> None:
    """Adds the other arrays to the first, in their order."""
    total, *others = found
    pieces = threads.split(len(total), _MANY)
    for other in others:
        threads.run([partial(np.add, total[a:b], other[a:b], total[a:b]) for a, b in pieces])
