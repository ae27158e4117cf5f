"""Differentiable LUT layers: the fused CPU kernels as an autograd function, Triton's kernels elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from warp2hdl.kernels import layer_triton
from warp2hdl.kernels.noise import Key

if TYPE_CHECKING:
    from warp2hdl.kernels import stack_cpu


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A layer as it is computed in training: k-input nodes with given coefficients.

    Attributes:
        fanins: int32 `[nodes, k]`, rows of the inputs.
        theta: Walsh coefficients float32 `[tables, 2**k]`; each run of `nodes / tables` nodes shares one table.
        tau: temperature.
        noise: the key of Logistic(0, 1) noise on -z, or None.
        hard: whether outputs are rounded to 0 and 1; the gradient is straight-through, that of the relaxed outputs.
        linear: whether outputs are `(1 - z) / 2`, without tau, noise and limit.
        limit: of |z| / tau, at which outputs are 0 and 1, or 0 for none (`walsh_reference.walsh_layer`).
        candidates: int32 `[nodes, k, candidates]`, rows of the inputs that compete for each fan-in, or None.
        wiring: `[nodes, k, candidates]`, their weights; the gradient is straight-through, as if each fan-in were the
            weighted sum of its candidates.
    """

    fanins: torch.Tensor
    theta: torch.Tensor
    tau: float
    noise: Key | None = None
    hard: bool = False
    linear: bool = False
    limit: float = 0.0
    candidates: torch.Tensor | None = None
    wiring: torch.Tensor | None = None


def _dense_rows(values: torch.Tensor) -> torch.Tensor:
    """The same matrix with rows that lie dense, however far apart."""
    return values if values.stride(1) == 1 else values.contiguous()


class _LayersCPU(torch.autograd.Function):
    """Arguments: the inputs, the layers, the groups, then all coefficients, then all wiring weights."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: torch.Tensor,
        layers: Sequence[Relaxed],
        groups: int,
        *parameters: torch.Tensor | None,
    ) -> torch.Tensor:
        from warp2hdl.kernels import stack_cpu

        ctx.layers = _arrays(layers)
        y, parts = stack_cpu.forward(x.numpy(), ctx.layers, groups)
        kept = [
            None if array is None else torch.from_numpy(array)
            for part in parts
            for array in (part.passed, part.relaxed, part.last)
        ]
        ctx.columns = [part.columns for part in parts]
        ctx.save_for_backward(x, *parameters[: len(layers)], *kept)
        return torch.from_numpy(y)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:  # noqa: ANN401
        from warp2hdl.kernels import stack_cpu

        x, *saved = ctx.saved_tensors
        kept: Iterator[Any] = (None if each is None else each.numpy() for each in saved[len(ctx.layers) :])
        parts = [stack_cpu.Part(columns, next(kept), next(kept), next(kept)) for columns in ctx.columns]
        found = stack_cpu.backward(
            x.numpy(),
            ctx.layers,
            parts,
            _dense_rows(grads[0]).numpy(),
            to_inputs=ctx.needs_input_grad[0],
        )
        by_layer = [*found.theta, *found.wiring]
        parameters = [None if grad is None else torch.from_numpy(grad) for grad in by_layer]
        return None if found.x is None else torch.from_numpy(found.x), None, None, *parameters


def _arrays(layers: Sequence[Relaxed]) -> list[stack_cpu.Layer]:
    from warp2hdl.kernels import stack_cpu

    return [
        stack_cpu.Layer(
            layer.fanins.numpy(),
            layer.theta.detach().numpy(),
            layer.tau,
            layer.noise,
            layer.linear,
            layer.limit,
            layer.hard,
            None if layer.candidates is None else layer.candidates.numpy(),
        )
        for layer in layers
    ]


def walsh_layers(x: torch.Tensor, layers: Sequence[Relaxed], groups: int = 0) -> torch.Tensor:
    """Relaxed layers, one after the other.

    Args:
        x: inputs `[inputs, batch]`: float32 in [0, 1] (on a GPU also bfloat16), or uint8 bits, which take no gradient.
        layers: at least one.
        groups: if above 0, consecutive groups of equal size of the last layer's outputs are added up.

    Returns:
        Outputs `[nodes, batch]` of the last in [0, 1], or sums `[groups, batch]`: float32, or on a GPU of the type of
        floating-point inputs.
    """
    x = _dense_rows(x)
    if x.device.type == "cpu":
        parameters = [layer.theta for layer in layers], [layer.wiring for layer in layers]
        result: torch.Tensor = _LayersCPU.apply(x, layers, groups, *parameters[0], *parameters[1])
        return result
    for layer in layers:
        x = layer_triton.walsh_layer(
            x,
            layer.fanins,
            layer.theta,
            layer.tau,
            noise=layer.noise,
            hard=layer.hard,
            linear=layer.linear,
            limit=layer.limit,
            candidates=layer.candidates,
            wiring=layer.wiring,
        )
    return x.reshape(groups, len(x) // groups, x.shape[1]).sum(1) if groups else x


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
