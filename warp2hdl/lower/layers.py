"""How each kind of layer becomes nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from warp2hdl.ir.circuit import MAX_ARITY
from warp2hdl.lower.nodes import Nodes, Signals, pack_tables
from warp2hdl.nn import LogicLayer
from warp2hdl.nn.convolution import LogicConv2d
from warp2hdl.nn.pooling import OrPool2d

Lowering = Callable[[Any, Signals, Nodes], Signals]
"""Appends the nodes of a layer that reads the given signals `[in_dim]`; returns its outputs' signals `[out_dim]`."""


def lower_dense(layer: LogicLayer, inputs: Signals, nodes: Nodes) -> Signals:
    """A node each."""
    return nodes.add(inputs[layer.current_fanins().cpu().numpy()], pack_tables(layer.tables().cpu().numpy()))


def lower_convolution(layer: LogicConv2d, inputs: Signals, nodes: Nodes) -> Signals:
    """Each position its own nodes; the tables repeat. The border is a constant node."""
    signals = np.concatenate([inputs, nodes.zero()]) if layer.padded else inputs
    for level in layer.levels:
        tables = pack_tables(level.tables().cpu().numpy())
        signals = nodes.add(signals[level.fanins.cpu().numpy()], np.repeat(tables, level.positions))
    return signals


def lower_or_pool(layer: OrPool2d, inputs: Signals, nodes: Nodes) -> Signals:
    """Trees of OR; what of a window lies in the border is left out."""
    rows = layer.windows.rows(torch.arange(layer.in_dim).reshape(layer.windows.in_shape))
    windows = rows.transpose(1, 2).flatten(0, 1).numpy()
    windows = np.take_along_axis(windows, np.argsort(windows < 0, axis=1, kind="stable"), 1)
    counts = (windows >= 0).sum(1)
    found = np.empty(len(windows), np.int32)
    for count in np.unique(counts):
        some = counts == count
        found[some] = or_trees(inputs[windows[some, :count]], nodes)
    return found


def or_trees(inputs: Signals, nodes: Nodes) -> Signals:
    """The OR of each row of signals `[trees, n]` as signals `[trees]`, in as few nodes and levels as can be."""
    width = inputs.shape[1]
    if width == 1:
        return inputs[:, 0]
    while width > MAX_ARITY:
        # A node takes away all but one of its inputs; only as many are needed as leave the next level full.
        target = MAX_ARITY
        while target * MAX_ARITY < width:
            target *= MAX_ARITY
        joined: list[Signals] = []
        done = 0
        while width - done + len(joined) > target:
            size = min(MAX_ARITY, width - done + len(joined) - target + 1)
            joined.append(_or_nodes(inputs[:, done : done + size], nodes))
            done += size
        inputs = np.column_stack([*joined, inputs[:, done:]])
        width = inputs.shape[1]
    return _or_nodes(inputs, nodes)


def _or_nodes(inputs: Signals, nodes: Nodes) -> Signals:
    trees, arity = inputs.shape
    table = (1 << (1 << arity)) - 2
    return nodes.add(inputs, np.full(trees, table, np.uint64))


LOWERINGS: dict[type[torch.nn.Module], Lowering] = {
    LogicLayer: lower_dense,
    LogicConv2d: lower_convolution,
    OrPool2d: lower_or_pool,
}
"""The layers that have a LUT form. Each has `in_dim`."""

PASSED_OVER = (torch.nn.Identity, torch.nn.Flatten)
"""Modules that hand on their inputs in the same order."""
