"""Support: nodes read only what their tables depend on, and wires and inverters are read through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import MAX_ARITY, Circuit
from warp2hdl.passes.base import with_network
from warp2hdl.passes.working import (
    VARIABLES,
    Fanins,
    Tables,
    WorkingNetwork,
    depends,
    merge_inputs,
    negate_input,
    sort_fanins,
)


def _reduce(fanins: Fanins, tables: Tables, absent: int) -> None:
    """Empties, in place, the slots that repeat a signal or make no difference; the others move to the front."""
    sort_fanins(fanins, tables)
    # From the last pair down, so that three equal slots fold one after another.
    for j in reversed(range(MAX_ARITY - 1)):
        rows = np.flatnonzero((fanins[j] == fanins[j + 1]) & (fanins[j] != absent))
        tables[rows] = merge_inputs(tables[rows], j)
        fanins[j + 1, rows] = absent
    for j in range(MAX_ARITY):
        fanins[j, ~depends(tables, j)] = absent
    sort_fanins(fanins, tables)


@dataclass
class _Sources:
    """What each signal equals: `signal` or, where `negated`, its complement; `[signals + 1]` each."""

    signal: npt.NDArray[np.int32]
    negated: npt.NDArray[np.bool_]

    def resolve(self) -> None:
        """Follows chains to their ends, two steps becoming one in every round."""
        while True:
            ends = self.signal[self.signal]
            if np.array_equal(ends, self.signal):
                return
            self.negated ^= self.negated[self.signal]
            self.signal = ends


def _read_through(work: WorkingNetwork, sources: _Sources) -> npt.NDArray[np.int64]:
    """Points all fan-ins to their sources, in place; returns the nodes that changed."""
    changed = np.zeros(work.nodes, np.bool_)
    for j in range(MAX_ARITY):
        before = work.fanins[j]
        after = sources.signal[before]
        flip = np.flatnonzero(sources.negated[before])
        work.tables[flip] = negate_input(work.tables[flip], j)
        changed |= before != after
        work.fanins[j] = after
    return np.flatnonzero(changed)


@dataclass(frozen=True)
class Support:
    """Inputs that a table does not depend on go, and repeated fan-ins become one.

    A node that then is a wire or an inverter of its only input is read through: its readers take that input and,
    for an inverter, a changed table. Outputs bypass wires but not inverters.
    """

    name: ClassVar[str] = "support"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        work = WorkingNetwork.of(circuit.network)
        sources = _Sources(np.arange(work.absent + 1, dtype=np.int32), np.zeros(work.absent + 1, np.bool_))
        todo = np.arange(work.nodes)
        while len(todo):
            fanins, tables = work.fanins[:, todo], work.tables[todo]
            _reduce(fanins, tables, work.absent)
            work.fanins[:, todo], work.tables[todo] = fanins, tables
            single = (fanins[0] != work.absent) & (fanins[1] == work.absent)
            wires = work.inputs + todo[single]
            sources.signal[wires] = fanins[0, single]
            sources.negated[wires] = tables[single] != VARIABLES[0]
            sources.resolve()
            todo = _read_through(work, sources)
        outputs = circuit.network.outputs
        outputs = np.where(sources.negated[outputs], outputs, sources.signal[outputs])
        return with_network(circuit, work.to_network(outputs))
