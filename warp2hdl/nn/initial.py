"""What a layer's parameters start as."""

from __future__ import annotations

from collections.abc import Callable

import torch

from warp2hdl.nn.relaxations import Relaxation

INITIALS = ("residual", "residual-catalog", "random")
_SPREAD = 0.01  # deviation of what makes equal nodes different, in units of tau

# Functions of a node's inputs a, b, c, and how many inputs each needs.
_Gate = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
_CATALOG: tuple[tuple[int, _Gate], ...] = (
    (1, lambda a, b, c: a),
    (2, lambda a, b, c: a & b),
    (2, lambda a, b, c: a | b),
    (2, lambda a, b, c: a ^ b),
    (3, lambda a, b, c: a & b | c & (a | b)),  # the majority
    (3, lambda a, b, c: a & b | ~a & c),  # a chooses between b and c
)


def initial_weight(
    relaxation: Relaxation,
    nodes: int,
    arity: int,
    tau: float,
    *,
    initial: str = "residual",
    residual: float = 0.88,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """The parameters `[nodes, n]` of a new layer.

    Args:
        relaxation: of the nodes.
        nodes: how many there are.
        arity: inputs of a node.
        tau: temperature.
        initial: `residual`: a node passes on its first input with probability `residual`. `residual-catalog`: so does
            a share `residual` of the nodes; each other one is a gate of a catalogue (an input, and, or, xor, majority,
            multiplexer, of inputs drawn and inverted at random) with half the confidence. `random`: normal.
        residual: probability, 0.5 to 1. For `walsh` the slope of a node that passes on an input is
            `logit(residual) / 2` at an input of one half and less elsewhere: over 12 layers 0.88 passes on a gradient
            factor of .76 a layer, 0.951, where the nodes saturate, .38. For `multilinear` and `dwn` it is
            `2 * residual - 1` everywhere.
        generator: of every random choice; None is torch's global one.
    """
    if initial == "random":
        return relaxation.random(nodes, arity, tau, generator)
    if initial == "residual":
        weight = relaxation.initial(nodes, arity, tau, residual)
    else:
        weight = _catalog(relaxation, nodes, arity, tau, residual, generator)
    return weight + _SPREAD * tau * torch.randn(weight.shape, generator=generator)


def _catalog(
    relaxation: Relaxation, nodes: int, arity: int, tau: float, residual: float, generator: torch.Generator | None
) -> torch.Tensor:
    passing = round(residual * nodes)
    tables = (torch.arange(1 << arity) & 1).bool().repeat(nodes, 1)
    tables[passing:] = catalog_tables(nodes - passing, arity, generator)
    logits = torch.logit(torch.tensor(residual)) * torch.ones(nodes)
    logits[passing:] /= 2
    order = torch.randperm(nodes, generator=generator)
    return relaxation.from_tables(tables[order], torch.sigmoid(logits)[order], tau)


def catalog_tables(nodes: int, arity: int, generator: torch.Generator | None = None) -> torch.Tensor:
    """Tables of gates drawn from the catalogue, of inputs drawn and inverted at random: bool `[nodes, 2**k]`."""
    bits = (torch.arange(1 << arity)[:, None] >> torch.arange(arity) & 1).bool()
    order = torch.rand(nodes, arity, generator=generator).argsort(1)
    inverted = torch.randint(2, (nodes, 1, arity), generator=generator).bool()
    inputs = bits[:, order].transpose(0, 1) ^ inverted  # [nodes, 2**k, k]
    a, b, c = (inputs[..., min(j, arity - 1)] for j in range(3))
    gates = [gate(a, b, c) for needs, gate in _CATALOG if needs <= arity]
    chosen = torch.randint(len(gates), (nodes,), generator=generator)
    return torch.stack(gates)[chosen, torch.arange(nodes)]
