"""Differentiable LUT layers: the fused CPU kernels as an autograd function, Triton's kernels elsewhere."""

from __future__ import annotations

from typing import Any

import torch

from warp2hdl.kernels import layer_triton
from warp2hdl.kernels.noise import Key


def _dense_rows(values: torch.Tensor) -> torch.Tensor:
    """The same matrix with rows that lie dense, however far apart."""
    return values if values.stride(1) == 1 else values.contiguous()


class _WalshCPU(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: torch.Tensor,
        fanins: torch.Tensor,
        theta: torch.Tensor,
        tau: float,
        noise: Key | None,
        hard: bool,
        linear: bool,
        candidates: torch.Tensor | None,
        wiring: torch.Tensor | None,
    ) -> torch.Tensor:
        from warp2hdl.kernels import walsh_cpu

        rounded = torch.empty(len(fanins), x.shape[1]) if hard else None
        y = walsh_cpu.forward(
            x.numpy(),
            fanins.numpy(),
            theta.detach().numpy(),
            tau,
            noise,
            linear=linear,
            rounded=None if rounded is None else rounded.numpy(),
        )
        relaxed = torch.from_numpy(y)
        ctx.save_for_backward(x, fanins, theta, relaxed, candidates)
        ctx.tau, ctx.linear = tau, linear
        return relaxed if rounded is None else rounded

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:  # noqa: ANN401
        from warp2hdl.kernels import walsh_cpu, wiring_cpu

        x, fanins, theta, y, candidates = ctx.saved_tensors
        grad_theta, grad_x, grad_edges = walsh_cpu.backward(
            x.numpy(),
            fanins.numpy(),
            theta.detach().numpy(),
            ctx.tau,
            y.numpy(),
            _dense_rows(grads[0]).numpy(),
            linear=ctx.linear,
            to_inputs=ctx.needs_input_grad[0],
            to_edges=candidates is not None,
        )
        grad_wiring = None
        if candidates is not None and grad_edges is not None:
            found = wiring_cpu.candidate_gradients(x.numpy(), candidates.numpy(), grad_edges)
            grad_wiring = torch.from_numpy(found)
        grad_input = None if grad_x is None else torch.from_numpy(grad_x)
        return grad_input, None, torch.from_numpy(grad_theta), None, None, None, None, None, grad_wiring


def walsh_layer(
    x: torch.Tensor,
    fanins: torch.Tensor,
    theta: torch.Tensor,
    tau: float,
    *,
    noise: Key | None = None,
    hard: bool = False,
    linear: bool = False,
    candidates: torch.Tensor | None = None,
    wiring: torch.Tensor | None = None,
) -> torch.Tensor:
    """A relaxed layer of k-input nodes.

    Args:
        x: inputs `[inputs, batch]`: float32 in [0, 1] (on a GPU also bfloat16), or uint8 bits, which take no gradient.
        fanins: int32 `[nodes, k]`, rows of `x`.
        theta: Walsh coefficients float32 `[tables, 2**k]`; each run of `nodes / tables` nodes shares one table.
        tau: temperature.
        noise: the key of Logistic(0, 1) noise on -z, or None.
        hard: whether outputs are rounded to 0 and 1; the gradient is straight-through, that of the relaxed outputs.
        linear: whether outputs are `(1 - z) / 2`, without tau and noise.
        candidates: int32 `[nodes, k, candidates]`, rows of `x` that compete for each fan-in, or None.
        wiring: `[nodes, k, candidates]`, their weights; the gradient is straight-through, as if each fan-in were the
            weighted sum of its candidates.

    Returns:
        Outputs `[nodes, batch]` in [0, 1]: float32, or on a GPU of the type of floating-point inputs.
    """
    x = _dense_rows(x)
    if x.device.type == "cpu":
        result: torch.Tensor = _WalshCPU.apply(x, fanins, theta, tau, noise, hard, linear, candidates, wiring)
        return result
    return layer_triton.walsh_layer(
        x, fanins, theta, tau, noise=noise, hard=hard, linear=linear, candidates=candidates, wiring=wiring
    )


def look_up_layer(x: torch.Tensor, fanins: torch.Tensor, tables: torch.Tensor) -> torch.Tensor:
    """The hard layer: bits uint8 `[inputs, batch]` -> uint8 `[nodes, batch]`.

    Args:
        x: the bits.
        fanins: int32 `[nodes, k]`, rows of `x`.
        tables: truth tables bool `[tables, 2**k]`; each run of `nodes / tables` nodes shares one.
    """
    if x.device.type == "cpu":
        from warp2hdl.kernels import lookup_cpu

        return torch.from_numpy(
            lookup_cpu.look_up(_dense_rows(x).numpy(), fanins.numpy(), tables.to(torch.uint8).numpy())
        )
    return layer_triton.look_up_layer(x, fanins, tables)
