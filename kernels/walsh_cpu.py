"""Fused Walsh layers for CPUs, on matrices whose rows are signals and whose columns are samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from warp2hdl.kernels import threads, walsh_code, walsh_reference
from warp2hdl.kernels.chain import Plan, Stage
from warp2hdl.kernels.noise import Key
from warp2hdl.kernels.vector import Matrix, float_bits

_UNLIMITED = 100.0  # of |z| / tau, in units of log(2)


@dataclass(frozen=True)
class Nodes:
    """The nodes of a layer.

    Attributes:
        shape: their number, and that of the inputs of each.
        tables: tables of coefficients; runs of nodes of equal length share one.
        linear: whether outputs are `(1 - z) / 2`.
        fanins: where the inputs' numbers are, int32 `[nodes, k]`.
        theta: where the coefficients are, float32 `[tables, 2**k]`.
        key: of the noise, or None.
        constants: what `constants` gives.
    """

    shape: tuple[int, int]
    tables: int
    linear: bool
    fanins: int
    theta: int
    key: Key | None
    constants: Sequence[int]

    @property
    def alone(self) -> bool:
        """Whether each node has a table of its own."""
        return self.tables == self.shape[0]

    @property
    def numbers(self) -> tuple[int, ...]:
        """What all programs take first."""
        return self.fanins, self.theta, self.shape[0] // self.tables, *(self.key or (0, 0))


@lru_cache(64)
def constants(tau: float, linear: bool, limit: float) -> tuple[int, ...]:
    """The bits of the float32 numbers that the programs take: three for the outputs, two for the gradients.

    Args:
        tau: temperature.
        linear: see `walsh_reference.walsh_layer`.
        limit: the same.
    """
    unit, gain = math.log2(math.e), walsh_reference.stretch(limit)
    bound = min(limit * unit, _UNLIMITED) if limit else _UNLIMITED
    # With s the sigmoid and y = g (s - 1/2) + 1/2, s (1 - s) is (y - y**2 + (g**2 - 1) / 4) / g**2.
    scale = -0.5 if linear else -1 / (tau * gain)
    return tuple(map(float_bits, (unit / tau, bound, gain, scale, (gain * gain - 1) / 4)))


def forward_stage(
    nodes: Nodes, x: Matrix, y: Matrix, rounded: Matrix | None, *, bits: bool, columns: tuple[int, int]
) -> Stage:
    """The calls that compute the outputs, float32 `[nodes, batch]`; threads share the nodes.

    Args:
        nodes: the layer.
        x: the inputs, float32 or uint8 `[inputs, batch]`.
        y: receives the outputs.
        rounded: receives the outputs rounded to 0 and 1, where they are wanted.
        bits: whether the inputs are uint8 bits, not float32.
        columns: the first sample and the one after the last; their numbers decide the noise.
    """
    count, arity = nodes.shape
    program = walsh_code.forward(arity, nodes.alone, bits, nodes.linear, nodes.key is not None, rounded is not None)
    matrices = [number for each in (x, y, rounded) if each is not None for number in each]
    numbers = *matrices, *nodes.constants[:3]
    return [program.record(*nodes.numbers, *part, *columns, *numbers) for part in threads.split(count)]


def add_backward(
    plan: Plan,
    nodes: Nodes,
    shape: tuple[int, int],
    x: Matrix,
    y: Matrix,
    grad_y: Matrix,
    grad_theta: int,
    grad_x: Matrix | None,
    grad_edges: Matrix | None,
    *,
    bits: bool,
    size: int = 1,
) -> None:
    """Adds the stages that compute the gradients; threads share the nodes, those of a table together.

    Nodes of several threads may read one input: each thread adds up its own gradients of the inputs.

    Args:
        plan: what is added to.
        nodes: the layer.
        shape: of the inputs, `[inputs, batch]`.
        x: the inputs.
        y: the outputs, not rounded.
        grad_y: gradients of the outputs, or of groups of them.
        grad_theta: where the gradients of the coefficients go. Where nodes share tables they are added there.
        grad_x: receives the gradients of the inputs, if they are wanted.
        grad_edges: receives those of each node's inputs, float32 `[nodes * k, batch]`, if they are wanted.
        bits: whether the inputs are uint8 bits, not float32.
        size: nodes that share a row of `grad_y`.
    """
    (count, arity), (inputs, batch) = nodes.shape, shape
    program = walsh_code.backward(arity, nodes.alone, bits, nodes.linear, grad_x is not None, grad_edges is not None)
    parts = threads.split(count, count // nodes.tables)
    sums = [grad_x if i == 0 or grad_x is None else plan.matrix(*shape) for i in range(len(parts))]
    flags = [plan.flags(inputs) for _ in parts]
    stage = []
    for part, own, known in zip(parts, sums, flags, strict=True):
        calls = []
        for first, last, grads in _runs(part, grad_y, size):
            matrices = (x, grads, None if nodes.linear else y, own, grad_edges)
            numbers = [number for each in matrices if each is not None for number in each]
            calls.append(
                program.record(*nodes.numbers, first, last, 0, batch, *numbers, *nodes.constants[3:], grad_theta, known)
            )
        stage.append(b"".join(calls))
    plan.stages.append(stage)
    if grad_x is not None:
        plan.stages += _sum_stages(shape, [each for each in sums if each is not None], flags)


def _runs(part: tuple[int, int], grad_y: Matrix, size: int) -> Iterator[tuple[int, int, Matrix]]:
    """Nodes of one thread that read the same row of gradients, and that row for all of them; or all, and all rows."""
    if size == 1:
        yield *part, grad_y
        return
    address, stride = grad_y
    for group in range(part[0] // size, -(-part[1] // size)):
        yield max(part[0], group * size), min(part[1], (group + 1) * size), (address + 4 * group * stride, 0)


def _sum_stages(shape: tuple[int, int], sums: list[Matrix], flags: list[int]) -> list[Stage]:
    """Completes the first matrix: adds the other ones to it; `flags` tell the rows that are known, others are 0."""
    inputs, batch = shape
    parts = threads.split(inputs)
    if len(sums) == 1:
        clear = walsh_code.clear()
        return [[clear.record(*sums[0], flags[0], batch, *part) for part in parts]]
    add = walsh_code.total()
    return [
        [add.record(*sums[0], *other, flags[0], known, batch, *part) for part in parts]
        for other, known in zip(sums[1:], flags[1:], strict=True)
    ]
