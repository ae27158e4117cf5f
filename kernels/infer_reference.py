"""The plain reference of the packed kernels: 32 samples in a word of int32, sample 0 in the lowest bit.

A matrix of packed signals `[signals, words]` has a row for each signal; its last word is filled up with samples whose
bits may be anything. All functions take tensors on any device.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch

WORD = 32
"""Samples in a word."""

_ELEMENTS = 1 << 18


def words_of(batch: int) -> int:
    """How many words hold so many samples."""
    return -(-batch // WORD)


def compare(x: torch.Tensor, features: torch.Tensor, thresholds: torch.Tensor, out: torch.Tensor) -> None:
    """Words of features -> packed bits of comparators.

    Args:
        x: uint8, bool or int32 `[batch, features]`, not negative.
        features: int32 `[bits]`, the feature that each comparator looks at.
        thresholds: int32 `[bits]`, at least 1; the bit is `x >= threshold`.
        out: int32 `[rows, words]`, whose first rows take the comparators in their first words.
    """
    bits = x.to(torch.int32)[:, features.long()] >= thresholds
    padded = torch.zeros(len(features), words_of(len(x)), 4, 8, dtype=torch.uint8, device=x.device)
    padded.flatten(1)[:, : len(x)] = bits.t()
    places = torch.arange(8, dtype=torch.uint8, device=x.device)
    found = (padded << places).sum(-1, dtype=torch.uint8).view(torch.int32).squeeze(-1)
    out[: len(found), : found.shape[1]] = found


def unpack(rows: torch.Tensor, batch: int) -> torch.Tensor:
    """Packed signals int32 `[signals, words]` -> uint8 `[signals, batch]` of 0 and 1."""
    places = torch.arange(8, dtype=torch.uint8, device=rows.device)
    octets = rows.contiguous()[:, :, None].view(torch.uint8)
    return ((octets[:, :, :, None] >> places) & 1).flatten(1)[:, :batch]


def look_up(
    signals: torch.Tensor, fanins: torch.Tensor, tables: torch.Tensor, out: torch.Tensor, out_rows: torch.Tensor
) -> None:
    """Evaluates nodes of one arity: rows of packed signals -> other rows.

    Args:
        signals: int32 `[signals, words]`.
        fanins: int32 `[nodes, k]`, rows of `signals`; k from 0 to 6.
        tables: int64 `[nodes]`, truth tables; bit a is the output at address a, fan-in j being bit j of it.
        out: int32 `[rows, words]`, where the outputs go; it may be `signals`, of rows that no node here reads.
        out_rows: int32 `[nodes]`, the row of `out` for each node.
    """
    (nodes, k), words = fanins.shape, signals.shape[1]
    step = max(1, _ELEMENTS // (max(words, 1) << k))
    for first in range(0, nodes, step):
        part = slice(first, first + step)
        addresses = torch.arange(1 << k, device=signals.device)
        leaves = -((tables[part, None] >> addresses) & 1).to(torch.int32)[:, :, None]
        operands = signals[fanins[part].long()]
        for j in reversed(range(k)):
            low, high = leaves.chunk(2, 1)
            leaves = low ^ ((low ^ high) & operands[:, j, None])
        out[out_rows[part].long()] = leaves[:, 0].expand(-1, words)


def group_counts(
    signals: torch.Tensor, rows: torch.Tensor, offsets: torch.Tensor, bias: torch.Tensor, batch: int
) -> torch.Tensor:
    """Class scores int32 `[batch, classes]`: how many signals of each class's group are 1.

    Args:
        signals: int32 `[signals, words]`.
        rows: int32 `[outputs]`, rows of `signals`, those of a class one after the other.
        offsets: int32 `[classes + 1]`, where in `rows` each class begins, and the end.
        bias: int32 `[classes]`, added to the counts.
        batch: how many samples there are.
    """
    found = bias[:, None].repeat(1, batch)
    for group, (first, end) in enumerate(pairwise(offsets.tolist())):
        for place, digits in enumerate(_sums(signals[rows[first:end].long()])):
            found[group] += unpack(digits, batch)[0].to(torch.int32) << place
    return found.t()


def _sums(rows: torch.Tensor) -> Iterator[torch.Tensor]:
    """How many of the rows have a 1 at each sample: binary digits `[1, words]`, the lowest first, by full adders."""
    while len(rows):
        carries = [rows[:0]]
        while len(rows) > 1:
            third = len(rows) // 3
            if not third:
                carries.append(rows[:1] & rows[1:])
                rows = rows[:1] ^ rows[1:]
                break
            a, b, c = (rows[i * third : (i + 1) * third] for i in range(3))
            half = a ^ b
            carries.append((a & b) | (half & c))
            rows = torch.cat((half ^ c, rows[3 * third :]))
        yield rows
        rows = torch.cat(carries)
