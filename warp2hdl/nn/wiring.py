"""Which signals a node reads."""

from __future__ import annotations

import math
from itertools import combinations

import torch

from warp2hdl.errors import ConfigError
from warp2hdl.nn.butterfly import butterfly_fanins

FIXED = ("random", "unique", "structured")
_TRIES = 1000  # to find a place to exchange with; even 6 of 7 inputs need about 50
_STARTS = 100  # of unique wiring: small layers run into dead ends


def fixed_fanins(
    kind: str, inputs: int, nodes: int, arity: int, stage: int = 0, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Wiring that does not change: int32 `[nodes, arity]`.

    Args:
        kind: one of `FIXED`.
        inputs: number of signals.
        nodes: number of nodes.
        arity: inputs of a node.
        stage: the layer's number in a butterfly.
        generator: of what is random; None is torch's global one.

    Raises:
        ConfigError: `unique`, and there are not enough sets of inputs.
    """
    if kind == "unique":
        return unique_fanins(inputs, nodes, arity, generator)
    if kind == "structured":
        return structured_fanins(inputs, nodes, arity, stage)
    return random_fanins(inputs, nodes, arity, generator)


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


def unique_fanins(inputs: int, nodes: int, arity: int, generator: torch.Generator | None = None) -> torch.Tensor:
    """Random wiring with balanced fan-out in which no two nodes read the same inputs: int32 `[nodes, arity]`.

    Raises:
        ConfigError: there are fewer sets of inputs than nodes.
    """
    sets = math.comb(inputs, arity)
    if nodes > sets:
        raise ConfigError(
            f"wiring is 'unique', but {inputs} inputs have only {sets} sets of {arity} for {nodes} nodes; "
            "make the layer narrower or use 'random'."
        )
    if 2 * nodes <= sets:
        return _unique_rows(inputs, nodes, arity, generator)
    # What a balanced choice leaves over is balanced as well, and the smaller choice finds its way faster.
    rest = _unique_rows(inputs, sets - nodes, arity, generator).tolist() if sets > nodes else []
    unread = {tuple(sorted(row)) for row in rest}
    rows = [row for row in combinations(range(inputs), arity) if row not in unread]
    fanins = torch.tensor(rows)[torch.randperm(nodes, generator=generator)]
    order = torch.rand(fanins.shape, generator=generator).argsort(1)
    return fanins.gather(1, order).to(torch.int32)


def _unique_rows(inputs: int, nodes: int, arity: int, generator: torch.Generator | None) -> torch.Tensor:
    for _ in range(_STARTS):
        fanins = random_fanins(inputs, nodes, arity, generator)
        if _tell_apart(fanins, generator):
            return fanins
    raise ConfigError(
        f"wiring is 'unique', but no balanced choice of {nodes} sets of {arity} of {inputs} inputs was found; "
        "make the layer narrower or use 'random'."
    )


def _tell_apart(fanins: torch.Tensor, generator: torch.Generator | None) -> bool:
    """Exchanges inputs of nodes that read the same with inputs of other nodes; False where it finds no way."""
    rows: list[list[int]] = fanins.tolist()
    nodes_of: dict[frozenset[int], int] = {}
    for row in rows:
        nodes_of[frozenset(row)] = nodes_of.get(frozenset(row), 0) + 1
    for node, row in enumerate(rows):
        if nodes_of[frozenset(row)] > 1 and not _exchange(rows, node, nodes_of, generator):
            return False
    fanins.copy_(torch.tensor(rows))
    return True


def _exchange(
    rows: list[list[int]], node: int, nodes_of: dict[frozenset[int], int], generator: torch.Generator | None
) -> bool:
    row = rows[node]
    arity = len(row)
    old = frozenset(row)
    for draw in torch.randint(len(rows) * arity * arity, (_TRIES,), generator=generator).tolist():
        edge, position = divmod(draw, arity)
        other, at = divmod(edge, arity)
        theirs = frozenset(rows[other])
        mine, its = row[position], rows[other][at]
        if its in old or mine in theirs:
            continue
        new, their_new = old - {mine} | {its}, theirs - {its} | {mine}
        if new == their_new or nodes_of.get(new, 0) or nodes_of.get(their_new, 0):
            continue
        row[position], rows[other][at] = its, mine
        for gone in (old, theirs):
            nodes_of[gone] -= 1
        nodes_of[new] = nodes_of[their_new] = 1
        return True
    return False


def structured_fanins(inputs: int, nodes: int, arity: int, stage: int) -> torch.Tensor:
    """Butterfly wiring with balanced fan-out: int32 `[nodes, arity]`, no input twice in a node where that can be.

    In layers of equal width, stages 0, 1, 2, ... make every node depend on every input of the first after `log_k` of
    the width, rounded up, and so do any as many stages that follow each other.
    """
    fanins = butterfly_fanins(inputs, nodes, arity, stage)
    if inputs >= arity:
        _separate(fanins, torch.Generator().manual_seed(stage))
    return fanins.to(torch.int32)


def random_candidates(
    inputs: int, nodes: int, arity: int, count: int, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Balanced random candidates for learned wiring: int32 `[nodes, arity, count]`."""
    return random_fanins(inputs, nodes * arity, count, generator).reshape(nodes, arity, count)
