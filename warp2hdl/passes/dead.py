"""Dead: nodes and encoder bits that no output depends on are removed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import Circuit, LutNetwork
from warp2hdl.passes.base import keep_bits
from warp2hdl.passes.working import WorkingNetwork


def live_signals(network: LutNetwork) -> npt.NDArray[np.bool_]:
    """Marks, bool `[inputs + nodes]`, the signals that an output reads, directly or not."""
    work = WorkingNetwork.of(network)
    live = np.zeros(work.absent + 1, np.bool_)
    live[work.absent] = True  # an empty slot leads nowhere
    frontier = np.unique(network.outputs)
    while len(frontier):
        live[frontier] = True
        read = work.fanins[:, frontier[frontier >= work.inputs] - work.inputs].ravel()
        frontier = np.unique(read[~live[read]])
    return live[:-1]


@dataclass(frozen=True)
class Dead:
    """Nodes and encoder bits that no output depends on are removed; all features stay."""

    name: ClassVar[str] = "dead"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        network = circuit.network
        live = live_signals(network)
        if live.all():
            return circuit
        nodes = live[network.inputs :]
        number = (np.cumsum(live) - 1).astype(np.int32)
        offsets = np.concatenate([[0], np.cumsum(network.arities[nodes])]).astype(np.int64)
        kept = LutNetwork(
            int(live[: network.inputs].sum()),
            offsets,
            number[network.fanins[np.repeat(nodes, network.arities)]],
            network.tables[nodes],
            number[network.outputs],
        )
        return replace(circuit, encoder=keep_bits(circuit.encoder, live[: network.inputs]), network=kept)
