"""Packed inference on a GPU, in Triton: 32 samples in a word of int32, as `infer_reference` has them.

A look-up is a tree of multiplexers over whole words; `low ^ ((low ^ high) & x)` is one instruction of three inputs
(LOP3) on NVIDIA's GPUs. Counting reduces seven words to three with full adders, two such instructions each, and then
adds the samples' bits up in bytes, four to a register.
"""

# mypy: disable-error-code="assignment,misc"
# ruff: noqa: RUF005

from __future__ import annotations

import torch
import triton
import triton.language as tl

from warp2hdl.kernels.infer_reference import WORD, words_of

_ROUNDS = tl.constexpr(36)  # of seven outputs each: 252, the most that a byte can count


@triton.jit
def _selected(table: tl.tensor, x: tl.tensor, J: tl.constexpr, I: tl.constexpr) -> tl.tensor:  # noqa: E741
    """The table's entries from I on that J inputs choose among, depth first."""
    if J == 0:
        return -((table >> I) & 1).to(tl.int32)
    else:  # noqa: RET505 - Triton compiles the branch that is taken, and it needs both
        low = _selected(table, x, J - 1, I)
        high = _selected(table, x, J - 1, I + (1 << (J - 1)))
        return low ^ ((low ^ high) & x[J - 1])


@triton.jit
def compare_kernel(
    x: tl.tensor,
    features: tl.tensor,
    thresholds: tl.tensor,
    found: tl.tensor,
    bits: tl.tensor,
    batch: tl.tensor,
    words: tl.tensor,
    x_stride: tl.tensor,
    found_stride: tl.tensor,
    BLOCK_N: tl.constexpr,
    BLOCK_W: tl.constexpr,
) -> None:
    """Comparators `[BLOCK_N]`, whose features lie side by side, at some words."""
    bit = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)[:, None]
    word = tl.program_id(0) * BLOCK_W + tl.arange(0, BLOCK_W)[None, :]
    live = bit < bits
    values = x + tl.load(features + bit, live, 0)
    threshold = tl.load(thresholds + bit, live, 1)
    packed = tl.zeros((BLOCK_N, BLOCK_W), tl.int32)
    for i in range(32):
        sample = word.to(tl.int64) * 32 + i
        value = tl.load(values + sample * x_stride, live & (sample < batch), 0).to(tl.int32)
        packed |= (value >= threshold).to(tl.int32) << i
    tl.store(found + bit.to(tl.int64) * found_stride + word, packed, live & (word < words))


@triton.jit
def look_up_kernel(
    signals: tl.tensor,
    fanins: tl.tensor,
    tables: tl.tensor,
    out: tl.tensor,
    out_rows: tl.tensor,
    nodes: tl.tensor,
    columns: tl.tensor,
    signals_stride: tl.tensor,
    out_stride: tl.tensor,
    K: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_W: tl.constexpr,
) -> None:
    """Nodes `[BLOCK_N]` of K inputs at some words."""
    node = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)[:, None]
    word = tl.program_id(1) * BLOCK_W + tl.arange(0, BLOCK_W)[None, :]
    live = node < nodes
    both = live & (word < columns)
    x = ()
    for j in tl.static_range(K):
        row = tl.load(fanins + node.to(tl.int64) * K + j, live, 0).to(tl.int64)
        x = x + (tl.load(signals + row * signals_stride + word, both, 0),)
    found = _selected(tl.load(tables + node, live, 0), x, K, 0) | tl.zeros((BLOCK_N, BLOCK_W), tl.int32)
    row = tl.load(out_rows + node, live, 0).to(tl.int64)
    tl.store(out + row * out_stride + word, found, both)


@triton.jit
def _majority(a: tl.tensor, b: tl.tensor, c: tl.tensor) -> tl.tensor:
    return (a & b) | (c & (a | b))


@triton.jit
def _bytes(word: tl.tensor, shift: tl.tensor) -> tl.tensor:
    """Every eighth bit, from `shift` on, in a byte of its own: `[BLOCK_W]` -> `[BLOCK_W, 8]`."""
    return (word[:, None] >> shift) & 0x01010101


@triton.jit
def count_kernel(
    signals: tl.tensor,
    rows: tl.tensor,
    offsets: tl.tensor,
    bias: tl.tensor,
    found: tl.tensor,
    words: tl.tensor,
    batch: tl.tensor,
    signals_stride: tl.tensor,
    found_stride: tl.tensor,
    BLOCK_W: tl.constexpr,
) -> None:
    """The scores of one class at some words."""
    group = tl.program_id(0)
    word = tl.program_id(1) * BLOCK_W + tl.arange(0, BLOCK_W)
    first, end = tl.load(offsets + group), tl.load(offsets + group + 1)
    shift, octet = tl.arange(0, 8)[None, :], tl.arange(0, 4)[None, None, :]
    total = tl.zeros((BLOCK_W, 8, 4), tl.int32) + tl.load(bias + group)
    for start in range(first, end, 7 * _ROUNDS):
        counts = tl.zeros((BLOCK_W, 8), tl.int32)
        for output in range(start, min(start + 7 * _ROUNDS, end), 7):
            b = ()
            for i in tl.static_range(7):
                there = output + i < end
                row = tl.load(rows + output + i, there, 0).to(tl.int64)
                b = b + (tl.load(signals + row * signals_stride + word, there & (word < words), 0),)
            s0, c0 = b[0] ^ b[1] ^ b[2], _majority(b[0], b[1], b[2])
            s1, c1 = b[3] ^ b[4] ^ b[5], _majority(b[3], b[4], b[5])
            ones, c2 = s0 ^ s1 ^ b[6], _majority(s0, s1, b[6])
            twos, fours = c0 ^ c1 ^ c2, _majority(c0, c1, c2)
            counts += _bytes(ones, shift) + (_bytes(twos, shift) << 1) + (_bytes(fours, shift) << 2)
        total += (counts[:, :, None] >> (8 * octet)) & 255
    sample = word.to(tl.int64)[:, None, None] * 32 + 8 * octet + shift[:, :, None]
    tl.store(found + group.to(tl.int64) * found_stride + sample, total, sample < batch)


def compare(x: torch.Tensor, features: torch.Tensor, thresholds: torch.Tensor, out: torch.Tensor) -> None:
    """As `infer_reference.compare`; samples and rows lie dense."""
    bits, words = len(features), words_of(len(x))
    if bits == 0 or words == 0:
        return
    x = x.view(torch.uint8) if x.dtype == torch.bool else x
    grid = (triton.cdiv(words, 8), triton.cdiv(bits, 32))
    sizes = bits, len(x), words, x.stride(0), out.stride(0)
    with torch.cuda.device_of(x):
        compare_kernel[grid](x, features, thresholds, out, *sizes, BLOCK_N=32, BLOCK_W=8)


def look_up(
    signals: torch.Tensor, fanins: torch.Tensor, tables: torch.Tensor, out: torch.Tensor, out_rows: torch.Tensor
) -> None:
    """As `infer_reference.look_up`; the rows lie dense."""
    (nodes, k), words = fanins.shape, signals.shape[1]
    if nodes == 0 or words == 0:
        return
    block = min(128, max(16, triton.next_power_of_2(words)))
    rows = 1024 // block if k <= 4 else 512 // block
    # All nodes at some words come first: what several of them read stays in the cache meanwhile.
    grid = (triton.cdiv(nodes, rows), triton.cdiv(words, block))
    sizes = nodes, words, signals.stride(0), out.stride(0)
    with torch.cuda.device_of(signals):
        look_up_kernel[grid](signals, fanins, tables, out, out_rows, *sizes, K=k, BLOCK_N=rows, BLOCK_W=block)


def group_counts(
    signals: torch.Tensor, rows: torch.Tensor, offsets: torch.Tensor, bias: torch.Tensor, batch: int
) -> torch.Tensor:
    """As `infer_reference.group_counts`; the rows lie dense."""
    words, classes = words_of(batch), len(bias)
    found = torch.empty(classes, words * WORD, dtype=torch.int32, device=signals.device)
    if found.numel():
        block = min(64, max(16, triton.next_power_of_2(words)))
        grid = (classes, triton.cdiv(words, block))
        sizes = words, batch, signals.stride(0), found.stride(0)
        with torch.cuda.device_of(signals):
            count_kernel[grid](signals, rows, offsets, bias, found, *sizes, BLOCK_W=block)
    return found[:, :batch].t()
