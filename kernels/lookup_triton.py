"""Hard layers for GPUs, in Triton: a look-up in each node's truth table."""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from warp2hdl.kernels.tiles_triton import empty_rows, padded, readable_columns


@triton.jit
def _look_up(
    bits: tl.tensor,
    fanins: tl.tensor,
    tables: tl.tensor,
    found: tl.tensor,
    nodes: tl.tensor,
    run: tl.tensor,
    readable: tl.tensor,
    stride: tl.tensor,
    found_stride: tl.tensor,
    K: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_B: tl.constexpr,
) -> None:
    node = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)[:, None]
    column = tl.program_id(1) * BLOCK_B + tl.arange(0, BLOCK_B)[None, :]
    live = node < nodes
    address = tl.zeros((BLOCK_N, BLOCK_B), tl.int32)
    for j in tl.static_range(K):
        source = tl.load(fanins + node.to(tl.int64) * K + j, live, 0).to(tl.int64)
        bit = tl.load(bits + source * stride + column, live & (column < readable), 0)
        address |= tl.where(bit != 0, 1 << j, 0)
    entry = tl.load(tables + ((node // run).to(tl.int64) << K) + address, live, 0)
    tl.store(found + node.to(tl.int64) * found_stride + column, entry, live & (column < found_stride))


def look_up(bits: torch.Tensor, fanins: torch.Tensor, tables: torch.Tensor) -> torch.Tensor:
    """Entries uint8 `[nodes, batch]` of truth tables at the addresses that bits form.

    Args:
        bits: uint8 or bool `[inputs, batch]`.
        fanins: int32 `[nodes, k]`, contiguous, rows of `bits`; k from 1 to 6.
        tables: uint8 or bool `[tables, 2**k]`, contiguous; `nodes / tables` consecutive nodes share a row.
    """
    (nodes, k), batch = fanins.shape, bits.shape[1]
    found = empty_rows(nodes, batch, torch.uint8, bits.device)
    if found.numel() == 0:
        return found
    bits = padded(bits).view(torch.uint8)
    block = min(128, max(16, triton.next_power_of_2(batch)))
    grid = (triton.cdiv(nodes, 1024 // block), triton.cdiv(batch, block))
    sizes = nodes, nodes // len(tables), readable_columns(bits), bits.stride(0), found.stride(0)
    with torch.cuda.device_of(bits):
        _look_up[grid](bits, fanins, tables.view(torch.uint8), found, *sizes, K=k, BLOCK_N=1024 // block, BLOCK_B=block)
    return found
