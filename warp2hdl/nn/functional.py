"""Differentiable LUT layers: the fused CPU kernels as autograd functions, the plain reference elsewhere."""

from __future__ import annotations

from typing import Any

import torch

from warp2hdl.kernels import walsh_reference


def logistic_noise(shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    """Logistic(0, 1) samples, the difference of two Gumbel samples."""
    uniform = torch.rand(shape, device=like.device, dtype=torch.float32)
    return uniform.clamp_(1e-6, 1 - 1e-6).logit_()


class _WalshCPU(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: torch.Tensor,
        fanins: torch.Tensor,
        theta: torch.Tensor,
        tau: float,
        noise: torch.Tensor | None,
        hard: bool,
        linear: bool,
        candidates: torch.Tensor | None,
        wiring: torch.Tensor | None,
    ) -> torch.Tensor:
        from warp2hdl.kernels import walsh_cpu

        noise_array = None if noise is None else noise.numpy()
        y = torch.from_numpy(
            walsh_cpu.forward(x.numpy(), fanins.numpy(), theta.detach().numpy(), tau, noise_array, linear=linear)
        )
        ctx.save_for_backward(x, fanins, theta, y, candidates)
        ctx.tau, ctx.linear = tau, linear
        return y.round() if hard else y

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:  # noqa: ANN401
        from warp2hdl.kernels import lookup_cpu, walsh_cpu

        x, fanins, theta, y, candidates = ctx.saved_tensors
        grad_theta, grad_edges = walsh_cpu.backward(
            x.numpy(),
            fanins.numpy(),
            theta.detach().numpy(),
            ctx.tau,
            y.numpy(),
            grads[0].contiguous().numpy(),
            linear=ctx.linear,
        )
        grad_x = grad_wiring = None
        if ctx.needs_input_grad[0]:
            grad_x = torch.from_numpy(walsh_cpu.sum_edges(grad_edges, fanins.numpy(), len(x)))
        if candidates is not None:
            grad_wiring = torch.from_numpy(lookup_cpu.candidate_gradients(x.numpy(), candidates.numpy(), grad_edges))
        return grad_x, None, torch.from_numpy(grad_theta), None, None, None, None, None, grad_wiring


class _LookUpCPU(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        bits: torch.Tensor,
        fanins: torch.Tensor,
        theta: torch.Tensor,
        tau: float,
        noise: torch.Tensor | None,
        hard: bool,
        linear: bool,
        candidates: torch.Tensor | None,
        wiring: torch.Tensor | None,
    ) -> torch.Tensor:
        from warp2hdl.kernels import lookup_cpu

        values = walsh_reference.walsh_hadamard(theta.detach())
        at = lookup_cpu.addresses(bits.numpy(), fanins.numpy())
        if noise is None:
            entries = (1 - values) / 2 if linear else torch.sigmoid(values / -tau)
            y = torch.from_numpy(lookup_cpu.look_up(entries.numpy(), at))
        else:
            y = noise.sub_(torch.from_numpy(lookup_cpu.look_up(values.numpy(), at))).div_(tau).sigmoid_()
        ctx.save_for_backward(bits, values, torch.from_numpy(at), y, candidates)
        ctx.tau, ctx.linear, ctx.arity = tau, linear, fanins.shape[1]
        return y.round() if hard else y

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:  # noqa: ANN401
        from warp2hdl.kernels import lookup_cpu

        bits, values, at, y, candidates = ctx.saved_tensors
        slope = -0.5 if ctx.linear else y * (y - 1) / ctx.tau
        grad_z = (grads[0] * slope).contiguous().numpy()
        grad_table = torch.from_numpy(lookup_cpu.table_gradients(at.numpy(), grad_z, values.shape[1]))
        grad_theta = walsh_reference.walsh_hadamard(grad_table)  # the transform is symmetric
        grad_wiring = None
        if candidates is not None:
            grad_edges = lookup_cpu.edge_gradients(at.numpy(), values.numpy(), grad_z, ctx.arity)
            grad_wiring = torch.from_numpy(lookup_cpu.candidate_gradients(bits.numpy(), candidates.numpy(), grad_edges))
        return None, None, grad_theta, None, None, None, None, None, grad_wiring


def walsh_layer(
    x: torch.Tensor,
    fanins: torch.Tensor,
    theta: torch.Tensor,
    tau: float,
    *,
    noise: torch.Tensor | None = None,
    hard: bool = False,
    linear: bool = False,
    candidates: torch.Tensor | None = None,
    wiring: torch.Tensor | None = None,
) -> torch.Tensor:
    """A relaxed layer of k-input nodes.

    Args:
        x: inputs `[inputs, batch]`: float32 in [0, 1], or uint8 bits, which take no gradient.
        fanins: int32 `[nodes, k]`, rows of `x`.
        theta: Walsh coefficients `[nodes, 2**k]`.
        tau: temperature.
        noise: Logistic(0, 1) samples `[nodes, batch]`, or None. Overwritten.
        hard: whether outputs are rounded to 0 and 1; the gradient is straight-through, that of the relaxed outputs.
        linear: whether outputs are `(1 - z) / 2`, without tau and noise.
        candidates: int32 `[nodes, k, candidates]`, rows of `x` that compete for each fan-in, or None.
        wiring: `[nodes, k, candidates]`, their weights; the gradient is straight-through, as if each fan-in were the
            weighted sum of its candidates.

    Returns:
        Outputs `[nodes, batch]` in [0, 1], float32.
    """
    if x.device.type == "cpu":
        function = _LookUpCPU if x.dtype == torch.uint8 else _WalshCPU
        result: torch.Tensor = function.apply(x, fanins, theta, tau, noise, hard, linear, candidates, wiring)
        return result
    s = 1 - 2 * x.float()[fanins.long()]
    if candidates is not None and wiring is not None:
        mixed = torch.einsum("nkcb,nkc->nkb", x.float()[candidates.long()], wiring)
        s = s - 2 * (mixed - mixed.detach())
    z = walsh_reference.walsh_polynomial(theta, s)
    y = (1 - z) / 2 if linear else torch.sigmoid(((noise if noise is not None else 0) - z) / tau)
    return y + (y.round() - y).detach() if hard else y


def look_up_layer(x: torch.Tensor, fanins: torch.Tensor, tables: torch.Tensor) -> torch.Tensor:
    """The hard layer: truth tables bool `[nodes, 2**k]` at bits uint8 `[inputs, batch]` -> uint8 `[nodes, batch]`."""
    if x.device.type == "cpu":
        from warp2hdl.kernels import lookup_cpu

        at = lookup_cpu.addresses(x.contiguous().numpy(), fanins.numpy())
        return torch.from_numpy(lookup_cpu.look_up(tables.to(torch.uint8).numpy(), at))
    weights = 1 << torch.arange(fanins.shape[1], device=x.device)
    address = (x[fanins.long()].long() * weights[:, None]).sum(1)
    return tables.gather(1, address).to(torch.uint8)
