"""The layers on a GPU: Triton's kernels as autograd functions, and the plain reference where those cannot run.

Importing this module imports no Triton.
"""

from __future__ import annotations

import os
import warnings
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable

from warp2hdl.kernels import walsh_reference

if TYPE_CHECKING:
    from warp2hdl.kernels.walsh_triton import Key, Scalar

ARITIES = range(1, 7)
_BITS = (torch.uint8, torch.bool)
_REALS = (torch.float32, torch.bfloat16, torch.float16)


@cache
def available() -> bool:
    """Whether Triton is installed and has something to run on: a GPU, or its interpreter (`TRITON_INTERPRET=1`)."""
    return find_spec("triton") is not None and (torch.cuda.is_available() or os.environ.get("TRITON_INTERPRET") == "1")


def obstacle(x: torch.Tensor, fanins: torch.Tensor, theta: torch.Tensor | None = None) -> str | None:
    """Why the kernels cannot run a layer of these arguments; None if they can."""
    if not available():
        return "Triton is not installed, or has no GPU to run on (pip install triton)"
    if fanins.shape[1] not in ARITIES:
        return f"nodes of {fanins.shape[1]} inputs are not among 1 to 6"
    if x.dtype not in (*_BITS, *_REALS):
        return f"inputs of {x.dtype} are neither bits nor float32, bfloat16 or float16"
    if theta is not None and theta.dtype != torch.float32:
        return f"coefficients of {theta.dtype} are not float32"
    return None


@cache
def _warn(reason: str) -> None:
    warnings.warn(f"layers run on the plain reference, which is slow: {reason}", stacklevel=4)


class _WalshTriton(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: torch.Tensor,
        fanins: torch.Tensor,
        theta: torch.Tensor,
        tau: Scalar,
        noise: Key | None,
        hard: bool,
        linear: bool,
        limit: float,
        candidates: torch.Tensor | None,
        wiring: torch.Tensor | None,
        deterministic: bool,
        out_dtype: torch.dtype | None,
    ) -> torch.Tensor:
        from warp2hdl.kernels import walsh_triton

        ctx.save_for_backward(x, fanins, theta, candidates)
        ctx.tau, ctx.noise, ctx.linear, ctx.limit, ctx.deterministic = tau, noise, linear, limit, deterministic
        return walsh_triton.forward(
            x, fanins, theta, tau, noise, hard=hard, linear=linear, limit=limit, out_dtype=out_dtype
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_y: torch.Tensor) -> Any:  # noqa: ANN401
        from warp2hdl.kernels import edges_triton, walsh_triton

        x, fanins, theta, candidates = ctx.saved_tensors
        grads = walsh_triton.backward(
            *(x, fanins, theta, ctx.tau, grad_y, ctx.noise),
            linear=ctx.linear,
            limit=ctx.limit,
            to_inputs=ctx.needs_input_grad[0],
            to_edges=ctx.needs_input_grad[9],
            deterministic=ctx.deterministic,
        )
        grad_wiring = None if grads.edges is None else edges_triton.candidate_gradients(x, candidates, grads.edges)
        return grads.x, None, grads.theta, None, None, None, None, None, None, grad_wiring, None, None


def _reference_layer(
    x: torch.Tensor,
    fanins: torch.Tensor,
    theta: torch.Tensor,
    tau: Scalar,
    noise: Key | None,
    hard: bool,
    linear: bool,
    limit: float,
    candidates: torch.Tensor | None,
    wiring: torch.Tensor | None,
) -> torch.Tensor:
    signals = x if x.is_floating_point() else x.to(theta.dtype)
    s = 1 - 2 * signals[fanins.long()]
    if wiring is not None and candidates is None:
        mixed = torch.einsum("ib,nki->nkb", signals.detach(), wiring)
    elif wiring is not None and candidates is not None:
        mixed = torch.einsum("nkcb,nkc->nkb", signals.detach()[candidates.long()], wiring)
    if wiring is not None:
        s = s - 2 * (mixed - mixed.detach())
    z = walsh_reference.walsh_polynomial(theta.repeat_interleave(len(fanins) // len(theta), 0), s)
    if isinstance(noise, torch.Tensor):
        first, second = (word & 0xFFFFFFFF for word in noise.tolist())
        noise = (first, second)
    y = walsh_reference.activation(z, tau, noise, linear=linear, limit=limit)  # type: ignore[arg-type]
    return y + (y.round() - y).detach() if hard else y


def walsh_layer(
    x: torch.Tensor,
    fanins: torch.Tensor,
    theta: torch.Tensor,
    tau: Scalar,
    *,
    noise: Key | None = None,
    hard: bool = False,
    linear: bool = False,
    limit: float = 0.0,
    candidates: torch.Tensor | None = None,
    wiring: torch.Tensor | None = None,
    deterministic: bool | None = None,
    out_dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """A relaxed layer of k-input nodes: `warp2hdl.nn.functional.walsh_layers` for tensors on a GPU.

    Where the kernels cannot run it, the plain reference does, and a warning says once why.

    Args:
        x: inputs `[inputs, batch]`: floating-point in [0, 1], or uint8 or bool bits, which take no gradient.
        fanins: int32 `[nodes, k]`, rows of `x`.
        theta: Walsh coefficients float32 `[tables, 2**k]`; each run of `nodes / tables` nodes shares one row.
        tau: temperature; a tensor where a captured graph is to read it anew.
        noise: the key of Logistic(0, 1) noise on -z, or None; a tensor where a captured graph is to read it anew.
        hard: whether outputs are rounded to 0 and 1; the gradient is straight-through.
        linear: whether outputs are `(1 - z) / 2`, without tau, noise and limit.
        limit: of |z| / tau, at which outputs are 0 and 1; 0 is none.
        candidates: int32 `[nodes, k, candidates]`, rows of `x` that compete for each fan-in; None if all of them do.
        wiring: `[nodes, k, candidates]`, their weights, or None where the wiring is fixed.
        deterministic: whether no gradient is summed by atomic additions; by default as
            `torch.use_deterministic_algorithms` says.
        out_dtype: of the outputs; by default that of `x`, or float32 for bits.

    Returns:
        Outputs `[nodes, batch]` in [0, 1].
    """
    reason = obstacle(x, fanins, theta)
    if reason is not None:
        _warn(reason)
        y = _reference_layer(x, fanins, theta, tau, noise, hard, linear, limit, candidates, wiring)
        return y if out_dtype is None else y.to(out_dtype)
    if deterministic is None:
        deterministic = torch.are_deterministic_algorithms_enabled()
    fanins, theta = fanins.to(torch.int32).contiguous(), theta.contiguous()
    result: torch.Tensor = _WalshTriton.apply(
        x, fanins, theta, tau, noise, hard, linear, limit, candidates, wiring, deterministic, out_dtype
    )
    return result


def look_up_layer(x: torch.Tensor, fanins: torch.Tensor, tables: torch.Tensor) -> torch.Tensor:
    """The hard layer: `warp2hdl.nn.functional.look_up_layer` for tensors on a GPU.

    Args:
        x: bits uint8 or bool `[inputs, batch]`.
        fanins: int32 `[nodes, k]`, rows of `x`.
        tables: truth tables uint8 or bool `[tables, 2**k]`; each run of `nodes / tables` nodes shares one.

    Returns:
        uint8 `[nodes, batch]`.
    """
    reason = obstacle(x, fanins)
    if reason is None:
        from warp2hdl.kernels import lookup_triton

        return lookup_triton.look_up(x, fanins.to(torch.int32).contiguous(), tables.contiguous())
    _warn(reason)
    weights = 1 << torch.arange(fanins.shape[1], device=x.device)
    address = (x[fanins.long()].long() * weights[:, None]).sum(1)
    return tables.repeat_interleave(len(fanins) // len(tables), 0).gather(1, address).to(torch.uint8)
