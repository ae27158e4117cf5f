"""From gradients of the nodes' inputs to those of what feeds them, in Triton: the layer's inputs and its candidates."""

from __future__ import annotations

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch.utils.weak import WeakTensorKeyDictionary

from warp2hdl.kernels.tiles_triton import aligned, padded, readable_columns


class EdgeList(NamedTuple):
    """The edges that read each input, in compressed rows.

    Attributes:
        order: int32 `[nodes * k]`, edges `node * k + j` sorted by the input that they read.
        starts: int32 `[inputs + 1]`, where each input's edges start in `order`.
    """

    order: torch.Tensor
    starts: torch.Tensor


_KNOWN = WeakTensorKeyDictionary()


def edge_list(fanins: torch.Tensor, inputs: int) -> EdgeList:
    """The edges of fan-ins `[nodes, k]`, kept as long as the tensor lives and is not written to."""
    version, known = _KNOWN.get(fanins, (None, None))
    if known is None or version != (fanins._version, inputs):
        sources, order = fanins.reshape(-1).sort(stable=True)
        bounds = torch.arange(inputs + 1, device=fanins.device, dtype=sources.dtype)
        known = EdgeList(order.to(torch.int32), torch.searchsorted(sources, bounds, out_int32=True))
        _KNOWN[fanins] = (fanins._version, inputs), known
    return known


@triton.jit
def _sum_edges(
    edges: tl.tensor,
    order: tl.tensor,
    starts: tl.tensor,
    grad_x: tl.tensor,
    inputs: tl.tensor,
    columns: tl.tensor,
    edge_stride: tl.tensor,
    grad_x_stride: tl.tensor,
    BLOCK_I: tl.constexpr,
    BLOCK_B: tl.constexpr,
    UNROLLED: tl.constexpr,
) -> None:
    """One program owns some inputs at some columns, and adds up their edges in the list's order."""
    row = tl.program_id(0) * BLOCK_I + tl.arange(0, BLOCK_I)
    live = row < inputs
    begin, end = tl.load(starts + row, live, 0), tl.load(starts + row + 1, live, 0)
    column = tl.program_id(1) * BLOCK_B + tl.arange(0, BLOCK_B)[None, :]
    total = tl.zeros((BLOCK_I, BLOCK_B), tl.float32)
    for at in range(0, tl.max(end - begin), UNROLLED):
        for step in tl.static_range(UNROLLED):  # loads that do not wait for one another
            place = begin + at + step
            edge = tl.load(order + place, place < end, 0).to(tl.int64) * edge_stride
            reads = (place < end)[:, None] & (column < columns)
            total += tl.load(edges + edge[:, None] + column, reads, 0).to(tl.float32)
    out = grad_x + row.to(tl.int64)[:, None] * grad_x_stride + column
    tl.store(out, total.to(grad_x.dtype.element_ty), live[:, None] & (column < columns))


def sum_edges(edges: torch.Tensor, listed: EdgeList, grad_x: torch.Tensor) -> None:
    """Writes the gradients of a layer's inputs, without atomic additions.

    Args:
        edges: `[nodes * k, columns]` floating-point, the gradients of the nodes' inputs. Its rows are padded.
        listed: of the layer's fan-ins.
        grad_x: floating-point `[inputs, columns]`, written. Its rows are padded.
    """
    inputs, columns = grad_x.shape
    block = min(512, max(16, triton.next_power_of_2(columns)))
    rows = 512 // block
    grid = (triton.cdiv(inputs, rows), triton.cdiv(columns, block))
    sizes = inputs, aligned(columns), edges.stride(0), grad_x.stride(0)
    _sum_edges[grid](edges, *listed, grad_x, *sizes, BLOCK_I=rows, BLOCK_B=block, UNROLLED=4, num_warps=4)


@triton.jit
def _candidates(
    signals: tl.tensor,
    candidates: tl.tensor,
    edges: tl.tensor,
    found: tl.tensor,
    count: tl.tensor,
    batch: tl.tensor,
    signal_columns: tl.tensor,
    edge_columns: tl.tensor,
    signal_stride: tl.tensor,
    edge_stride: tl.tensor,
    BLOCK_C: tl.constexpr,
    BLOCK_B: tl.constexpr,
) -> None:
    """One program owns some candidates of one edge."""
    edge = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    rows = signals + tl.load(candidates + edge * count + c, c < count, 0).to(tl.int64)[:, None] * signal_stride
    total = tl.zeros((BLOCK_C, BLOCK_B), tl.float32)
    for start in range(0, batch, BLOCK_B):
        column = start + tl.arange(0, BLOCK_B)[None, :]
        grad = tl.load(edges + edge * edge_stride + column, column < edge_columns, 0).to(tl.float32)
        value = tl.load(rows + column, (c < count)[:, None] & (column < signal_columns), 0).to(tl.float32)
        total += tl.where(column < batch, grad * value, 0.0)
    tl.store(found + edge * count + c, tl.sum(total, 1), c < count)


def candidate_gradients(
    signals: torch.Tensor, candidates: torch.Tensor | None, grad_edges: torch.Tensor
) -> torch.Tensor:
    """For each candidate of each input, its signal times the gradient of that input, summed over the batch.

    Args:
        signals: uint8 or floating-point `[inputs, batch]`.
        candidates: int32 `[nodes, k, candidates]`, rows of `signals`; None if all of them are, in their order.
        grad_edges: floating-point `[nodes, k, batch]`.

    Returns:
        float32 `[nodes, k, candidates]`.
    """
    nodes, k, batch = grad_edges.shape
    edges = grad_edges.flatten(0, 1)
    if candidates is None:
        return (edges.float() @ signals.float().T).view(nodes, k, len(signals))
    found = torch.empty(candidates.shape, device=signals.device)
    if found.numel() == 0:
        return found
    signals, edges = padded(signals), padded(edges)
    block = min(32, triton.next_power_of_2(candidates.shape[2]))
    sizes = candidates.shape[2], batch, readable_columns(signals), readable_columns(edges)
    strides = signals.stride(0), edges.stride(0)
    grid = (nodes * k, triton.cdiv(candidates.shape[2], block))
    _candidates[grid](
        signals, candidates.contiguous(), edges, found, *sizes, *strides, BLOCK_C=block, BLOCK_B=64, num_warps=4
    )
    return found
