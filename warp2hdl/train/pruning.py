"""Pruning of wiring: a trained last layer gives up the comparators that it misses least.

A comparator is dear or cheap whoever reads it, so it is all of its readers that have to do without. Each of them takes
another input that is built already, or costs nothing, whichever leaves the least loss on the training split; its
own other inputs are among them, and reading one of these twice is to have an input less.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.train.hard_layer import Floats, HardLayer, Ints, losses_by_input, merged, sums

LOOKED_AT = 10_000
"""Samples on which inputs are compared with one another."""

_ROUNDS = 8


def prune(layer: HardLayer, costs: Ints, limit: int, draw: np.random.Generator) -> int:
    """Takes comparators away until those that are left cost at most `limit`; returns how many connections changed.

    Those go first whose readers lose least without them, look-up for look-up; the losses are measured anew in each
    of a few rounds. A comparator that no other signal can stand for stays.

    Args:
        layer: reads comparators alone; it is changed.
        costs: int64 `[signals]`, look-ups of each comparator.
        limit: at least 0.
        draw: chooses the samples that are looked at.
    """
    rows = layer.some_rows(draw, LOOKED_AT)
    inputs = layer.inputs[:, rows].astype(np.float32)
    changed = 0
    for rounds in range(_ROUNDS, 0, -1):
        excess = int(costs[layer.readers > 0].sum()) - limit
        if excess <= 0:
            break
        goal = excess - -(-excess // rounds)  # what may be left over after this round
        missed = _missed(layer, rows)
        dear = np.flatnonzero((layer.readers > 0) & (costs > 0))
        for signal in dear[np.argsort(missed[dear] / costs[dear], kind="stable")].tolist():
            changed += _take_away(layer, signal, costs, inputs, rows)
            excess -= int(costs[signal])
            if excess <= goal:
                break
    return changed


def _missed(layer: HardLayer, rows: Ints) -> Floats:
    """How much the loss over `rows` rises if the readers of each signal lack it, float64 `[signals]`."""
    found = np.zeros(len(layer.inputs))
    for node, fanins in enumerate(layer.fanins):
        addresses = layer.addresses(node, rows)
        loss = sums(addresses, layer.slopes(node, addresses, rows), layer.tables.shape[1])
        best = np.minimum(loss, 0).sum()
        for slot, signal in enumerate(fanins):
            found[signal] += np.minimum(merged(loss, slot), 0).sum() - best
    return found


def _take_away(layer: HardLayer, signal: int, costs: Ints, inputs: npt.NDArray[np.float32], rows: Ints) -> int:
    """Gives every reader of a signal another input; returns how many connections changed."""
    allowed = (layer.readers > 0) | (costs == 0)
    allowed[signal] = False
    if not allowed.any():
        return 0
    readers = np.argwhere(layer.fanins == signal)
    for node, slot in readers.tolist():
        addresses = layer.addresses(node, rows)
        slopes = layer.slopes(node, addresses, rows)
        found = losses_by_input(addresses, slopes, slot, layer.tables.shape[1], inputs)
        layer.rewire(node, slot, int(np.where(allowed, found, np.inf).argmin()))
    return len(readers)
