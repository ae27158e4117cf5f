"""Learned wiring over all inputs at the price of a few: candidates that lose are replaced by those that would gain.

Each connection of a node chooses among `candidates` inputs. From time to time the gradient of the loss with respect to
each connection is correlated with *every* input, which tells how the loss would fall if the connection read it. The
inputs with the steepest descent take the places of the connection's weakest candidates. It is the regrowth of sparse
training by gradients (RigL, arXiv 1911.11134), for connections that are chosen rather than summed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from warp2hdl.nn.layers import LogicLayer
from warp2hdl.train.distributed import World

SAMPLES = 1000
"""The most samples that the gradients are taken over; smaller training splits give all they have."""

LAST = 0.7
"""The share of the steps after which the candidates stay, so that what is chosen settles."""

_KEPT = 4  # one in so many candidates, the best, is kept
_MARGIN = 20.0  # how far below the best a new candidate starts, in wiring learning rates: about as many steps of Adam
_ENTRIES = 1 << 24  # correlations that are held at a time


def rewired_layers(model: torch.nn.Sequential) -> list[LogicLayer]:
    """The layers whose candidates can be replaced: learned wiring over a sample of the inputs."""
    return [m for m in model if isinstance(m, LogicLayer) and m.wiring == "learned" and m.candidate_inputs is not None]


def replace_candidates(
    model: torch.nn.Sequential,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[], torch.Tensor],
    wiring_rate: float,
    world: World,
    prices: torch.Tensor | None = None,
) -> None:
    """Replaces the weakest candidates of every connection by the inputs that promise most. No choice changes by it.

    The best quarter of a connection's candidates keep their weights and their moments. New ones start a little below
    the best, without momentum.

    Args:
        model: the network, in training mode.
        optimizer: its Adam.
        loss: runs the network on this process's samples, and gives their loss.
        wiring_rate: the learning rate of the wiring.
        world: the processes that train together; gradients are added up over them.
        prices: `[inputs]`, what the loss rises besides if a node of the first layer reads one more of its inputs.
    """
    layers = rewired_layers(model)
    first = next(module for module in model if isinstance(module, LogicLayer))
    for layer in layers:
        layer.watch_connections(True)
    try:
        loss().backward()
        for layer in layers:
            _replace(layer, optimizer, wiring_rate, world, prices if layer is first else None)
    finally:
        for layer in layers:
            layer.watch_connections(False)
        optimizer.zero_grad(set_to_none=True)


@torch.no_grad()
def _replace(
    layer: LogicLayer,
    optimizer: torch.optim.Optimizer,
    wiring_rate: float,
    world: World,
    prices: torch.Tensor | None,
) -> None:
    weights, inputs = layer.wiring_weight, layer.candidate_inputs
    assert inputs is not None
    count = weights.shape[-1]
    kept = max(1, count // _KEPT)
    values, places = weights.topk(kept, -1)
    old = inputs.gather(-1, places)
    edges = layer.out_dim * layer.arity
    flat = old.reshape(edges, kept).long()
    found = [_steepest(part, flat[rows], count - kept, world, prices) for rows, part in _gradients(layer)]
    fresh = torch.cat(found)
    inputs.copy_(torch.cat([old, fresh.reshape(*old.shape[:-1], -1).to(old.dtype)], -1))
    start = (values[..., :1] - _MARGIN * wiring_rate).expand(-1, -1, count - kept)
    weights.copy_(torch.cat([values, start], -1))
    state = optimizer.state.get(weights, {})
    if state:
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        mean.copy_(torch.cat([mean.gather(-1, places), torch.zeros_like(start)], -1))
        square.copy_(torch.cat([square.gather(-1, places), square.mean(-1, keepdim=True).expand_as(start)], -1))


def _gradients(layer: LogicLayer) -> Iterator[tuple[slice, torch.Tensor]]:
    """Gradients with respect to each connection's choice of each input: blocks `[connections, inputs]`, and which."""
    assert layer.watched
    x, rows = layer.watched
    assert rows.grad is not None
    x, size = x.float().t(), max(1, _ENTRIES // len(x))
    for start in range(0, len(rows), size):
        block = slice(start, start + size)
        yield block, rows.grad[block] @ x


def _steepest(
    gradients: torch.Tensor, kept: torch.Tensor, count: int, world: World, prices: torch.Tensor | None
) -> torch.Tensor:
    """The `count` inputs of lowest gradient, prices included, for each connection, without those that are kept."""
    world.add([gradients])
    if prices is not None:
        gradients += prices * world.size  # each process adds the gradient of a mean
    return gradients.scatter_(1, kept, torch.inf).topk(count, 1, largest=False).indices
