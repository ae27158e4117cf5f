"""Structured wiring: a butterfly of any radix and width."""

from __future__ import annotations

import torch


def stages(inputs: int, arity: int) -> int:
    """How many layers of `inputs` nodes it takes until every node has seen every input: `log_k`, rounded up."""
    count = 1
    while arity > 1 and arity**count < inputs:
        count += 1
    return count


def offsets(inputs: int, arity: int, stage: int) -> list[int]:
    """Where a node reads, relative to its own number, modulo `inputs`: the strides 1, k, k**2, ... by turns.

    After stages 0 to e a node has seen `k**(e + 1)` neighbours in a row; the last stage's strides are a k-th of the
    width, rounded, which joins these rows round the whole circle without reading an input twice.
    """
    last = stages(inputs, arity) - 1
    exponent = stage % (last + 1)
    if exponent == last:
        return [j * inputs // arity for j in range(arity)]
    return [j * arity**exponent for j in range(arity)]


def butterfly_fanins(inputs: int, nodes: int, arity: int, stage: int) -> torch.Tensor:
    """Structured wiring of one layer: int64 `[nodes, arity]`.

    Every `inputs` nodes read every input `arity` times. Each further round of nodes widens the strides a little, so
    that it reads other sets; the nodes left over share the inputs evenly among them.
    """
    base = torch.tensor(offsets(inputs, arity, stage))
    numbers = torch.arange(inputs)[:, None]
    rounds = [(numbers + offset) % inputs for offset in _rounds(base, inputs, nodes // inputs)]
    return torch.cat([*rounds, _left_over(inputs, nodes % inputs, arity)])


def _left_over(inputs: int, nodes: int, arity: int) -> torch.Tensor:
    if 2 * arity > inputs:  # where strides would soon meet an input again
        return torch.arange(nodes * arity).reshape(nodes, arity) % inputs
    edges = torch.arange(arity)[None, :] * nodes + torch.arange(nodes)[:, None]
    return (edges + edges // inputs) % inputs


def _rounds(base: torch.Tensor, inputs: int, count: int) -> list[torch.Tensor]:
    """Offsets `[arity]` for each round: `base + twist * j`, without repeats where that can be."""
    steps = torch.arange(len(base))
    twisted = [(base + twist * steps) % inputs for twist in range(min(inputs, 4 * count + len(base)))]
    distinct = [offset for offset in twisted if len(offset.unique()) == len(offset)] or twisted
    return [distinct[number % len(distinct)] for number in range(count)]
