"""Inverters: an output that is an inverter takes the complement from the node before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from warp2hdl.ir.circuit import MAX_ARITY, Circuit, LutNetwork
from warp2hdl.passes.ballot import Ints
from warp2hdl.passes.base import with_network
from warp2hdl.passes.working import ALL, WorkingNetwork, negate_input


def inverted(network: LutNetwork) -> Ints:
    """int64 `[inputs + nodes]`: the signal whose complement a node is, -1 where a signal is no inverter."""
    single = np.flatnonzero((network.arities == 1) & (network.tables == 1))
    found = np.full(network.inputs + network.nodes, -1, np.int64)
    found[network.inputs + single] = network.fanins[network.fanin_offsets[single]]
    return found


@dataclass(frozen=True)
class Inverters:
    """A node that an output reads through an inverter, and no output reads itself, becomes its own complement.

    The nodes that read it absorb the change in their tables. What is left are inverters of encoder bits and of signals
    that count in both phases; `support` takes the inverters between nodes away.
    """

    name: ClassVar[str] = "inverters"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        # Behind an inverter of a wire the next node comes to light.
        while (after := _flip(circuit)) is not circuit:
            circuit = after
        return circuit


def _flip(circuit: Circuit) -> Circuit:
    network = circuit.network
    outputs = network.outputs
    source = inverted(network)[outputs]
    direct = np.zeros(network.inputs + network.nodes + 1, np.bool_)
    direct[outputs] = True
    through = (source >= network.inputs) & ~direct[source]
    if not through.any():
        return circuit
    work = WorkingNetwork.of(network)
    flipped = np.zeros_like(direct)
    flipped[source[through]] = True
    work.tables[flipped[work.inputs : work.absent]] ^= ALL
    for j in range(MAX_ARITY):
        rows = np.flatnonzero(flipped[work.fanins[j]])
        work.tables[rows] = negate_input(work.tables[rows], j)
    return with_network(circuit, work.to_network(np.where(through, source, outputs).astype(np.int32)))
