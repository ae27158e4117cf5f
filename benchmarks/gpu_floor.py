"""The least time that a training step can take on a GPU, by the bytes it must move and the operations it must do.

Every layer's forward and backward pass and the optimiser's step count as a kernel each, and take at least as long as
the slowest of: their bytes at the memory's rate, their multiply-adds and their special functions at the arithmetic's.
Launches count nothing. Where a step's data stay in the L2 cache, its bytes can move faster than this says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LANES = 128
"""float32 multiply-adds a clock of one of Hopper's multiprocessors."""

SPECIAL_LANES = 16
"""Exponentials or reciprocals a clock of one multiprocessor."""


@dataclass(frozen=True)
class Card:
    """Rates of a GPU.

    Attributes:
        bytes_per_second: of device memory, reading and writing together.
        multiprocessors: how many.
        clock_hz: of them.
    """

    bytes_per_second: float
    multiprocessors: int
    clock_hz: float


H200 = Card(4.8e12, 132, 1.98e9)
"""By the vendor's data sheet, at the highest clock."""


@dataclass(frozen=True)
class Work:
    """What a kernel must do.

    Attributes:
        bytes: read and written once each.
        operations: float32 multiply-adds, additions and multiplications.
        special: exponentials and reciprocals.
    """

    bytes: float
    operations: float
    special: float

    def seconds(self, card: Card) -> float:
        """The slowest of the three."""
        per_clock = card.multiprocessors * card.clock_hz
        return max(
            self.bytes / card.bytes_per_second,
            self.operations / (LANES * per_clock),
            self.special / (SPECIAL_LANES * per_clock),
        )


def step_work(inputs: int, layers: Sequence[int], k: int, batch: int, activation_bytes: int) -> dict[str, Work]:
    """The kernels of a step, by name; see the table in `docs/benchmarks.md`.

    Args:
        inputs: of the first layer: bits, a byte each.
        layers: nodes of each.
        k: inputs of a node.
        batch: samples.
        activation_bytes: of a signal that a layer hands on.
    """
    found, entries = {}, 1 << k
    for number, (fed, nodes) in enumerate(zip((inputs, *layers), layers, strict=False)):
        samples, constants = nodes * batch, nodes * 4 * (k + entries)
        x = fed * batch * (activation_bytes if number else 1)
        y = samples * activation_bytes
        # k signs, the fold, and the sigmoid's two multiplications; its exponential and its reciprocal.
        forward = samples * (k + entries - 1 + 2)
        found[f"forward {number}"] = Work(x + y + constants, forward, 2 * samples)
        # Beside those: slopes (the first layer needs none), half the monomials (the other half go into sums as they
        # are made), sums, and the sigmoid's derivative.
        slopes = entries - 1 + k if number else 0
        backward = forward + samples * (slopes + entries // 2 - 1 + entries + 3)
        grads = (x if number else 0) + y + nodes * 4 * entries
        found[f"backward {number}"] = Work(x + grads + constants, backward, 2 * samples)
    last = layers[-1] * batch
    found["group sum"] = Work(2 * last * activation_bytes, last, 0)  # reads scores' terms, writes their gradients
    parameters = sum(layers) * entries
    # Reads the coefficient, its gradient and both moments, and writes all but the gradient.
    found["adam"] = Work(7 * 4 * parameters, 10 * parameters, 2 * parameters)
    return found


def floor_ms(work: dict[str, Work], card: Card) -> float:
    """Milliseconds that a step takes at least."""
    return 1000 * sum(kernel.seconds(card) for kernel in work.values())
