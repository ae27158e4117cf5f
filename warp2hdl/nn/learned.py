"""Learned wiring as a step of its own, before the nodes: any relaxation, any device, all inputs as candidates."""

from __future__ import annotations

from typing import Any

import torch


class _Select(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: torch.Tensor,
        fanins: torch.Tensor,
        candidates: torch.Tensor | None,
        wiring: torch.Tensor,
    ) -> torch.Tensor:
        edges = fanins.reshape(-1).long()
        ctx.save_for_backward(x, edges, candidates)
        ctx.shape = wiring.shape
        return x[edges].float()

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:  # noqa: ANN401
        x, edges, candidates = ctx.saved_tensors
        grad = grads[0]
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = torch.zeros(x.shape, device=x.device).index_add_(0, edges, grad)
        if candidates is None:
            grad_wiring = grad @ x.float().t()
        else:
            flat = candidates.reshape(len(edges), -1).long()
            dots = [(x[column].float() * grad).sum(1) for column in flat.t()]
            grad_wiring = torch.stack(dots, 1)
        return grad_x, None, None, grad_wiring.reshape(ctx.shape)


def select_inputs(
    x: torch.Tensor, fanins: torch.Tensor, candidates: torch.Tensor | None, wiring: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The signals that the nodes have chosen, one row for each input of a node, and the fan-ins among these rows.

    Args:
        x: inputs `[inputs, batch]`, float or uint8 bits.
        fanins: int `[nodes, k]`, rows of `x`: the chosen ones.
        candidates: int `[nodes, k, candidates]`, rows of `x` that compete, or None: all of them, in order.
        wiring: `[nodes, k, candidates]`, their weights; the gradient is straight-through, as if each fan-in were the
            weighted sum of its candidates.

    Returns:
        float32 `[nodes * k, batch]`, and int32 `[nodes, k]`.
    """
    rows: torch.Tensor = _Select.apply(x, fanins, candidates, wiring)
    numbers = torch.arange(fanins.numel(), dtype=torch.int32, device=fanins.device)
    return rows, numbers.reshape(fanins.shape)
