"""Which signals a node reads."""

from __future__ import annotations

import torch

_TRIES = 1000  # to find a place to exchange with; even 6 of 7 inputs need about 50


def random_fanins(inputs: int, nodes: int, arity: int, generator: torch.Generator | None = None) -> torch.Tensor:
    """Random wiring with balanced fan-out: int32 `[nodes, arity]`, no input twice in a node where that can be.

    Every input is read `nodes * arity / inputs` times, rounded up or down.
    """
    edges = nodes * arity
    rounds = [torch.randperm(inputs, generator=generator) for _ in range(-(-edges // inputs))]
    fanins = torch.cat(rounds)[:edges].reshape(nodes, arity)
    if inputs >= arity:
        _separate(fanins, generator)
    return fanins.to(torch.int32)


def _separate(fanins: torch.Tensor, generator: torch.Generator | None) -> None:
    """Exchanges inputs that occur twice in a node with inputs of other nodes, which leaves the fan-out as it is."""
    ordered, place = fanins.sort(dim=1)
    nodes, ranks = (ordered[:, 1:] == ordered[:, :-1]).nonzero().unbind(1)
    rows: list[list[int]] = fanins.tolist()
    for node, position in zip(nodes.tolist(), place[nodes, ranks + 1].tolist(), strict=True):
        value = rows[node][position]
        for edge in torch.randint(fanins.numel(), (_TRIES,), generator=generator).tolist():
            other, at = divmod(edge, fanins.shape[1])
            # Each input must be new to the node that it comes to.
            if rows[other][at] not in rows[node] and value not in rows[other]:
                rows[node][position], rows[other][at] = rows[other][at], value
                break
    fanins.copy_(torch.tensor(rows))


def random_candidates(
    inputs: int, nodes: int, arity: int, count: int, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Balanced random candidates for learned wiring: int32 `[nodes, arity, count]`."""
    return random_fanins(inputs, nodes * arity, count, generator).reshape(nodes, arity, count)
