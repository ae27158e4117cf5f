"""Windows: addresses that never occur because the fan-ins of a node depend on the same features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from warp2hdl.ir.circuit import MAX_ARITY, Circuit
from warp2hdl.passes.base import with_network
from warp2hdl.passes.dont_cares import simplify
from warp2hdl.passes.table import compose, full, variable
from warp2hdl.passes.working import WorkingNetwork

_LIMIT = 12

Support = tuple[int, ...]


@dataclass
class _Cones:
    """The fan-in cones of a network's nodes.

    Attributes:
        inputs: how many primary inputs there are.
        reads: the fan-ins of each node.
        tables: the table of each node.
        features: the feature of each primary input.
        thresholds: the threshold of each primary input.
        support: per signal the primary inputs that it depends on, or None where there are more than the limit.
    """

    inputs: int
    reads: list[tuple[int, ...]]
    tables: list[int]
    features: list[int]
    thresholds: list[int]
    support: list[Support | None]

    @classmethod
    def of(cls, circuit: Circuit, limit: int) -> _Cones:
        network = circuit.network
        fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
        reads = [tuple(fanins[offsets[n] : offsets[n + 1]]) for n in range(network.nodes)]
        encoder = circuit.encoder
        support: list[Support | None] = [(i,) for i in range(network.inputs)]
        cones = cls(
            network.inputs,
            reads,
            network.tables.tolist(),
            encoder.bit_feature.tolist(),
            encoder.bit_threshold.tolist(),
            support,
        )
        for own in reads:
            joint = cones.joint(own)
            support.append(joint if joint is not None and len(joint) <= limit else None)
        return cones

    def joint(self, signals: Sequence[int]) -> Support | None:
        """The primary inputs that signals depend on together; None where one depends on too many."""
        parts = [self.support[s] for s in signals]
        known = [part for part in parts if part is not None]
        return tuple(sorted(set().union(*known))) if len(known) == len(parts) else None

    def are_tied(self, signals: Sequence[int]) -> bool:
        """Whether two of the signals depend on one feature; else every address occurs that their values allow."""
        seen: set[int] = set()
        for signal in signals:
            own = {self.features[i] for i in self.support[signal] or ()}
            if not seen.isdisjoint(own):
                return True
            seen |= own
        return False

    def possible(self, window: Support) -> int:
        """The table, over a window of primary inputs, of what words can bring about: lower thresholds are met first."""
        arity = len(window)
        found = full(arity)
        for low in range(arity):
            for high in range(arity):
                same = self.features[window[low]] == self.features[window[high]]
                if same and self.thresholds[window[low]] <= self.thresholds[window[high]]:
                    found &= variable(low, arity) | ~variable(high, arity)
        return found

    def care(self, node: int, window: Support) -> int:
        """The addresses of a node that can occur, as a table of its own arity."""
        known = {signal: variable(place, len(window)) for place, signal in enumerate(window)}
        operands = [self._function(signal, known, len(window)) for signal in self.reads[node]]
        parts = [self.possible(window)]
        for operand in reversed(operands):
            parts = [half for part in parts for half in (part & ~operand, part & operand)]
        return sum(1 << address for address, part in enumerate(parts) if part)

    def _function(self, signal: int, known: dict[int, int], arity: int) -> int:
        if signal not in known:
            node = signal - self.inputs
            operands = tuple(self._function(read, known, arity) for read in self.reads[node])
            known[signal] = compose(self.tables[node], operands, arity)
        return known[signal]


@dataclass(frozen=True)
class Windows:
    """Nodes lose the inputs that matter only at addresses that never occur: over all words, where few bits decide.

    Attributes:
        limit: the most comparators below a node; 2**limit patterns of them are looked at at once.
    """

    limit: int = _LIMIT
    name: ClassVar[str] = "windows"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        cones = _Cones.of(circuit, self.limit)
        rows, cares = [], []
        for node, reads in enumerate(cones.reads):
            window = cones.support[circuit.network.inputs + node]
            if window is None or len(reads) < 2 or not cones.are_tied(reads):
                continue
            care = cones.care(node, window)
            if care != full(len(reads)):
                rows.append(node)
                # Over six inputs, of which those that the node lacks make no difference.
                wide = tuple(variable(j, MAX_ARITY) for j in range(len(reads)))
                cares.append(compose(care, wide, MAX_ARITY))
        if not rows:
            return circuit
        work = WorkingNetwork.of(circuit.network)
        fanins, tables = work.fanins[:, rows], work.tables[rows]
        simplify(fanins, tables, np.array(cares, np.uint64), work.absent)
        fewer = (fanins != work.fanins[:, rows]).any(axis=0)
        changed = np.array(rows)[fewer]
        work.fanins[:, changed], work.tables[changed] = fanins[:, fewer], tables[fewer]
        return with_network(circuit, work.to_network(circuit.network.outputs))
