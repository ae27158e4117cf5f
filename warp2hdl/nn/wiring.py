"""Which signals a node reads."""

from __future__ import annotations

import torch


def random_fanins(inputs: int, nodes: int, arity: int, generator: torch.Generator | None = None) -> torch.Tensor:
    """Random wiring with balanced fan-out: int32 `[nodes, arity]`, no input twice in a node where that can be.

    Every input is read `nodes * arity / inputs` times, rounded up or down.
    """
    edges = nodes * arity
    rounds = [torch.randperm(inputs, generator=generator) for _ in range(-(-edges // inputs))]
    fanins = torch.cat(rounds)[:edges].reshape(nodes, arity)
    if inputs < arity:
        return fanins.to(torch.int32)
    # Exchange repeated inputs with random places elsewhere: the fan-out stays balanced.
    for _ in range(100):
        ordered, place = fanins.sort(dim=1)
        repeat = torch.zeros_like(fanins, dtype=torch.bool)
        repeat.scatter_(1, place[:, 1:], ordered[:, 1:] == ordered[:, :-1])
        bad = repeat.flatten().nonzero().flatten()
        if not len(bad):
            break
        flat = fanins.flatten()
        for here in bad.tolist():
            there = int(torch.randint(edges, (), generator=generator))
            flat[[here, there]] = flat[[there, here]]
        fanins = flat.reshape(nodes, arity)
    return fanins.to(torch.int32)


def random_candidates(
    inputs: int, nodes: int, arity: int, count: int, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Balanced random candidates for learned wiring: int32 `[nodes, arity, count]`."""
    return random_fanins(inputs, nodes * arity, count, generator).reshape(nodes, arity, count)
