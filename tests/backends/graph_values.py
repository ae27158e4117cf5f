"""Evaluates a graph of look-ups bit by bit."""

from collections.abc import Sequence

import numpy as np

from warp2hdl.backends.graph import ONE, ZERO, Graph


def evaluate(graph: Graph, x: np.ndarray, signals: Sequence[int]) -> np.ndarray:
    """Input bits `[batch, inputs]` -> the number whose bits are `signals`, the lowest first, `[batch]`."""
    values = {ZERO: np.zeros(len(x), np.int64), ONE: np.ones(len(x), np.int64)}
    values |= {i: x[:, i].astype(np.int64) for i in range(graph.inputs)}
    for node in graph.nodes:
        address = sum(values[s] << j for j, s in enumerate(node.fanins))
        table = np.array([node.table >> a & 1 for a in range(1 << len(node.fanins))])
        values[node.signal] = table[address]
    return sum((values[s] << i for i, s in enumerate(signals)), np.zeros(len(x), np.int64))


def all_inputs(width: int) -> np.ndarray:
    """Every input `[2**width, width]`."""
    return (np.arange(1 << width)[:, None] >> np.arange(width) & 1).astype(bool)
