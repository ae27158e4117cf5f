"""Differentiable weightless nodes (arXiv 2410.11112): hard look-ups with gradients by extended finite differences."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import torch

from warp2hdl.kernels.walsh_reference import walsh_hadamard


@cache
def _damping(arity: int) -> torch.Tensor:
    """What the extended finite difference multiplies each Walsh coefficient of a table with, `[2**k]`.

    A coefficient of `degree` inputs enters the difference by one of them with the transform, at degree - 1, of the
    weights 1 / (distance + 1) over the addresses of the k - 1 other inputs: a Krawtchouk sum.
    """
    others = arity - 1
    weights = [1 / (distance + 1) for distance in range(arity)]
    total = sum(w * math.comb(others, d) for d, w in enumerate(weights))

    def factor(degree: int) -> float:
        m = max(degree - 1, 0)
        signed = (
            w * (-1) ** i * math.comb(m, i) * math.comb(others - m, d - i)
            for d, w in enumerate(weights)
            for i in range(min(m, d) + 1)
        )
        return sum(signed) / total

    return torch.tensor([factor(i.bit_count()) for i in range(1 << arity)])


def smoothed(tables: torch.Tensor) -> torch.Tensor:
    """The tables whose plain finite differences are the extended ones of `tables`, `[nodes, 2**k]`.

    The extended finite difference by input j at address a is the sum over all addresses b of
    `(-1)**(1 - b_j) * tables[b] / (distance(a, b) + 1)`, where the distance leaves out input j. It is divided here by
    the sum of the weights of one sign, so that a node that passes on its input passes on the gradient unchanged.
    """
    entries = tables.shape[1]
    damping = _damping(entries.bit_length() - 1).to(tables)
    return walsh_hadamard(walsh_hadamard(tables) * damping) / entries


class _LookUp(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: torch.Tensor,
        fanins: torch.Tensor,
        probabilities: torch.Tensor,
        tables: torch.Tensor,
    ) -> torch.Tensor:
        bits = (x > 0.5).to(torch.int64)
        at = bits[fanins[:, 0]]
        for j in range(1, fanins.shape[1]):
            at |= bits[fanins[:, j]] << j
        ctx.save_for_backward(fanins, probabilities, at)
        ctx.inputs = len(x)
        return tables.gather(1, at).float()

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:  # noqa: ANN401
        fanins, probabilities, at = ctx.saved_tensors
        grad = grads[0]
        grad_tables = torch.zeros_like(probabilities).scatter_add_(1, at, grad)
        grad_x = None
        if ctx.needs_input_grad[0]:
            table = smoothed(probabilities)
            grad_x = grad.new_zeros(ctx.inputs, grad.shape[1])
            for j in range(fanins.shape[1]):
                slope = table.gather(1, at | 1 << j) - table.gather(1, at & ~(1 << j))
                grad_x.index_add_(0, fanins[:, j], grad * slope)
        return grad_x, None, grad_tables, None


def look_up(x: torch.Tensor, fanins: torch.Tensor, probabilities: torch.Tensor, tables: torch.Tensor) -> torch.Tensor:
    """The tables' entries at the rounded inputs; gradients are straight-through.

    Args:
        x: inputs `[inputs, batch]`, 1 above one half; its gradient is by extended finite differences.
        fanins: int `[nodes, k]`, rows of `x`.
        probabilities: `[nodes, 2**k]`, which the gradient of an entry goes to and the differences are taken of.
        tables: bool `[nodes, 2**k]`, the entries passed on.

    Returns:
        0 or 1, float32 `[nodes, batch]`.
    """
    result: torch.Tensor = _LookUp.apply(x, fanins.long(), probabilities, tables)
    return result
