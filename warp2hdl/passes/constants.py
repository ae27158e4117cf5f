"""Constants: known values move through the network into the biases of the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import MAX_ARITY, Circuit
from warp2hdl.passes.base import keep_outputs, with_network
from warp2hdl.passes.working import ALL, WorkingNetwork, cofactor

_UNKNOWN = np.int8(-1)


def _propagate(work: WorkingNetwork) -> npt.NDArray[np.int8]:
    """Folds constants into their readers until there are no new ones.

    Returns:
        int8 `[signals + 1]`: 0 or 1 for a constant, -1 for other signals and for the empty slot.
    """
    value = np.full(work.absent + 1, _UNKNOWN, np.int8)
    node_value = value[work.inputs : work.absent]
    while True:
        fresh = np.flatnonzero((node_value == _UNKNOWN) & ((work.tables == 0) | (work.tables == ALL)))
        if not len(fresh):
            return value
        node_value[fresh] = work.tables[fresh] != 0
        work.fanins[:, fresh] = work.absent
        for j in range(MAX_ARITY):
            known = value[work.fanins[j]]
            rows = np.flatnonzero(known != _UNKNOWN)
            work.tables[rows] = cofactor(work.tables[rows], j, known[rows] == 1)
            work.fanins[j, rows] = work.absent


@dataclass(frozen=True)
class Constants:
    """Nodes of constant value vanish from the fan-ins and outputs that read them.

    A node whose table is all 0 or all 1 loses its fan-ins. An output that is always 0 is dropped, one that is always
    1 becomes part of its class's bias.
    """

    name: ClassVar[str] = "constants"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        work = WorkingNetwork.of(circuit.network)
        outputs = circuit.network.outputs
        value = _propagate(work)[outputs]
        kept = value == _UNKNOWN
        return with_network(circuit, work.to_network(outputs[kept]), keep_outputs(circuit, kept, value == 1))
