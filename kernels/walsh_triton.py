"""Fused Walsh layers for GPUs: gather, polynomial, sigmoid and their gradients, in Triton.

Arguments and results are those of `walsh_reference`, with signals as rows. Activations are float32 or bfloat16 and
arithmetic is float32. Nothing is kept for backward but the inputs; noise is drawn again from its key.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import triton

from warp2hdl.kernels import noise as counter
from warp2hdl.kernels.butterfly_triton import backward_kernel, forward_kernel
from warp2hdl.kernels.edges_triton import edge_list, sum_edges
from warp2hdl.kernels.tiles_triton import (
    BACKWARD_PROGRAMS,
    FORWARD_PROGRAMS,
    aligned,
    backward_tile,
    cached_columns,
    cut,
    empty_rows,
    fitting_tables,
    forward_tile,
    padded,
    readable_columns,
)
from warp2hdl.kernels.walsh_reference import stretch

Key = counter.Key | torch.Tensor
"""A key, or its two words as an int32 tensor on the device, which a captured graph reads anew at each replay."""

Scalar = float | torch.Tensor
"""A number, or a float32 tensor of one element on the device."""


class Gradients(NamedTuple):
    """What `backward` found.

    Attributes:
        theta: float32 `[tables, 2**k]`.
        x: `[inputs, batch]`, or None if it was not asked for.
        edges: `[nodes, k, batch]`, gradients of the nodes' inputs, or None if they were not asked for.
    """

    theta: torch.Tensor
    x: torch.Tensor | None
    edges: torch.Tensor | None


def _words(key: Key | None) -> tuple[int | torch.Tensor, int | torch.Tensor]:
    """Both halves of a key as int32 words."""
    if key is None:
        return 0, 0
    if isinstance(key, torch.Tensor):
        return key[0:1], key[1:2]
    first, second = (((int(word) + (1 << 31)) & 0xFFFFFFFF) - (1 << 31) for word in key)
    return first, second


def forward(
    x: torch.Tensor,
    fanins: torch.Tensor,
    theta: torch.Tensor,
    tau: Scalar,
    noise: Key | None = None,
    *,
    hard: bool = False,
    linear: bool = False,
    limit: float = 0.0,
    out_dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """Relaxed outputs.

    Args:
        x: inputs `[inputs, batch]`: floating-point in [0, 1], or uint8 or bool bits.
        fanins: int32 `[nodes, k]`, contiguous, rows of `x`; k from 1 to 6.
        theta: float32 Walsh coefficients `[tables, 2**k]`, contiguous; `nodes / tables` consecutive nodes share a row.
        tau: temperature.
        noise: key of the Logistic(0, 1) noise that is added to -z before the division by tau, or None.
        hard: whether outputs are 1 where the relaxed output is above one half, and 0 elsewhere.
        linear: whether outputs are `(1 - z) / 2`, without tau, noise and limit.
        limit: of |z| / tau, at which outputs are 0 and 1; 0 is none.
        out_dtype: of the outputs; by default that of `x`, or float32 for bits.

    Returns:
        Outputs `[nodes, batch]` in [0, 1], their rows padded to a multiple of 16 samples.
    """
    (nodes, k), batch, tables = fanins.shape, x.shape[1], len(theta)
    y = empty_rows(nodes, batch, out_dtype or (x.dtype if x.is_floating_point() else torch.float32), x.device)
    if y.numel() == 0:
        return y
    x, run = padded(x), nodes // tables
    tile = fitting_tables(forward_tile(k), tables)
    cached = cached_columns(len(x) * x.element_size() + nodes * y.element_size(), k, batch)
    parts = cut(tile, tables, run, batch, cached, FORWARD_PROGRAMS)
    with torch.cuda.device_of(x):
        forward_kernel[triton.cdiv(tables, tile.tables), parts.runs, parts.columns](
            *(x, fanins, theta, tau, limit, stretch(limit), *_words(noise), y),
            *(tables, run, batch, readable_columns(x), x.stride(0), y.stride(0), parts.part_runs, parts.part_columns),
            K=k,
            LINEAR=linear,
            NOISY=noise is not None and not linear,
            LIMITED=limit > 0,
            HARD=hard,
            BLOCK_T=tile.tables,
            BLOCK_B=tile.columns,
        )
    return y


def backward(
    x: torch.Tensor,
    fanins: torch.Tensor,
    theta: torch.Tensor,
    tau: Scalar,
    grad_y: torch.Tensor,
    noise: Key | None = None,
    *,
    linear: bool = False,
    limit: float = 0.0,
    to_inputs: bool = True,
    to_edges: bool = False,
    deterministic: bool = False,
) -> Gradients:
    """Gradients from the inputs: those of the relaxed outputs, also where the outputs were hard.

    Args:
        x: as in `forward`, like all arguments that are not named here.
        fanins: as in `forward`.
        theta: as in `forward`.
        tau: as in `forward`.
        grad_y: floating-point `[nodes, batch]`.
        noise: as in `forward`.
        linear: as in `forward`.
        limit: as in `forward`.
        to_inputs: whether the gradient of `x` is wanted.
        to_edges: whether the gradients of the nodes' inputs are wanted.
        deterministic: whether the gradient of `x` is summed in a fixed order, from the nodes' inputs' gradients, and
            not by atomic additions. The other gradients are in either case.
    """
    (nodes, k), (inputs, batch), tables = fanins.shape, x.shape, len(theta)
    x, grad_y = padded(x), padded(grad_y)
    dtype = x.dtype if x.is_floating_point() else torch.float32
    if nodes == 0 or batch == 0:
        return Gradients(torch.zeros_like(theta), torch.zeros_like(x, dtype=dtype), x.new_zeros(nodes, k, batch))
    adds, lists = to_inputs and not deterministic, to_inputs and deterministic
    tile = fitting_tables(backward_tile(k), tables)
    column_bytes = inputs * (x.element_size() + 4 * to_inputs) + nodes * grad_y.element_size()
    cached = cached_columns(column_bytes + lists * nodes * k * dtype.itemsize, k, batch)
    # The gradients of the nodes' inputs are k times the layer: where nobody asked for them, they stay in the cache.
    width = aligned(cached, tile.columns) if lists and not to_edges else batch
    parts = cut(tile, tables, nodes // tables, width, cached, BACKWARD_PROGRAMS)
    strips = range(0, batch, width)
    sums = torch.empty(len(strips), parts.runs * parts.columns, tables, 1 << k, device=x.device)
    grad_x = edges = None
    if to_inputs:
        make = torch.zeros if adds else torch.empty
        grad_x = make(inputs, aligned(batch), dtype=torch.float32 if adds else dtype, device=x.device)[:, :batch]
    if lists or to_edges:
        edges = empty_rows(nodes * k, min(width, batch), dtype, x.device)
    with torch.cuda.device_of(x):
        for first, strip_sums in zip(strips, sums, strict=True):
            last = min(first + width, batch)
            arguments = x, fanins, theta, tau, limit, stretch(limit), *_words(noise), grad_y, strip_sums
            results = theta if grad_x is None else grad_x, theta if edges is None else edges
            backward_kernel[triton.cdiv(tables, tile.tables), parts.runs, parts.columns](
                *(*arguments, *results, tables, nodes // tables, batch, first, last),
                *(readable_columns(x), readable_columns(grad_y), x.stride(0), grad_y.stride(0)),
                *(results[0].stride(0), results[1].stride(0), parts.part_runs, parts.part_columns),
                K=k,
                LINEAR=linear,
                NOISY=noise is not None and not linear,
                LIMITED=limit > 0,
                ADD_TO_X=adds,
                KEEP_EDGES=edges is not None,
                BLOCK_T=tile.tables,
                BLOCK_B=tile.columns,
            )
            if lists and grad_x is not None and edges is not None:
                sum_edges(edges[:, : last - first], edge_list(fanins, inputs), grad_x[:, first:last])
    sums = sums.flatten(0, 1)
    return Gradients(
        sums[0] if len(sums) == 1 else sums.sum(0),
        None if grad_x is None else grad_x.to(dtype),
        edges.unflatten(0, (nodes, k)) if to_edges and edges is not None else None,
    )
