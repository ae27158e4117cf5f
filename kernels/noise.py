"""Uniform and logistic noise from a counter: the same bits in PyTorch, on the CPU and in Triton, in any order.

Element `(node, sample)` depends on nothing but the key, so that a kernel can draw it twice, and any part of it alone.
"""

from __future__ import annotations

import torch

Key = tuple[int, int]
"""Two numbers of 32 bits that choose a stream."""

STEP = 0x9E3779B9  # 2**32 divided by the golden ratio: counters of neighbouring nodes lie far apart
ROUNDS = ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1))
"""`x ^= x >> shift; x *= factor`: a bijection of 32 bits with little bias (found by C. Wellons' search of hashes)."""

_MASK = 0xFFFFFFFF


def draw_key() -> Key:
    """A key from torch's global generator."""
    first, second = torch.randint(1 << 32, (2,)).tolist()
    return first, second


def uniform_bits(key: Key, nodes: int, batch: int) -> torch.Tensor:
    """int64 `[nodes, batch]`, each uniform in 0 to 2**32 - 1."""
    x = torch.arange(nodes)[:, None] * STEP + torch.arange(batch)
    x = (x & _MASK) ^ key[0]
    for added in (key[1], 0):
        for shift, factor in ROUNDS:
            x = ((x ^ (x >> shift)) * factor) & _MASK
        x = (x + added) & _MASK
    return x


def logistic(key: Key, nodes: int, batch: int) -> torch.Tensor:
    """Logistic(0, 1) samples, float64 `[nodes, batch]`: the difference of two Gumbel samples."""
    uniform = ((uniform_bits(key, nodes, batch) >> 9).double() + 0.5) * 2.0**-23
    return torch.logit(uniform)
