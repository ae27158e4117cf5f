"""Collapse: a node that one other node alone reads becomes part of it where the inputs of both fit one look-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import MAX_ARITY, Circuit
from warp2hdl.passes.base import with_network
from warp2hdl.passes.working import Fanins, Tables, WorkingNetwork

Ints = npt.NDArray[np.int64]


def _candidates(work: WorkingNetwork, outputs: npt.NDArray[np.int32]) -> tuple[Ints, Ints]:
    """Nodes that no output and one slot of one node alone reads, and those readers."""
    reads = np.bincount(work.fanins.ravel(), minlength=work.absent + 1)
    reads += 2 * np.bincount(outputs, minlength=work.absent + 1)
    slots = np.flatnonzero(reads[work.fanins.ravel()] == 1)
    signals, readers = work.fanins.ravel()[slots], slots % max(work.nodes, 1)
    nodes = signals >= work.inputs
    return signals[nodes & (signals < work.absent)].astype(np.int64) - work.inputs, readers[
        nodes & (signals < work.absent)
    ]


def _joined(work: WorkingNetwork, nodes: Ints, readers: Ints) -> npt.NDArray[np.int32]:
    """The fan-ins of both, ascending and without the node itself: int32 `[12, pairs]`, `absent` behind them."""
    own = work.fanins[:, readers].copy()
    own[own == work.inputs + nodes] = work.absent
    both = np.sort(np.concatenate([own, work.fanins[:, nodes]]), axis=0)
    both[1:][both[1:] == both[:-1]] = work.absent
    return np.sort(both, axis=0)


def _positions(fanins: Fanins, onto: Fanins) -> Ints:
    """Where the fan-ins `[6, nodes]` are among `onto` `[6, nodes]`; 6 where they are not."""
    same = fanins[:, None, :] == onto[None, :, :]
    return np.where(same.any(axis=1), same.argmax(axis=1), MAX_ARITY)


def _at(tables: Tables, bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The values, 0 or 1, of tables `[nodes]` at the addresses whose bits are `[6, nodes]`."""
    address = (bits << np.arange(MAX_ARITY, dtype=np.uint64)[:, None]).sum(axis=0, dtype=np.uint64)
    return tables >> address & np.uint64(1)


def _merge(work: WorkingNetwork, nodes: Ints, readers: Ints, joined: Fanins) -> None:
    """Puts nodes into their readers, in place."""
    inner = _positions(work.fanins[:, nodes], joined)
    outer = _positions(work.fanins[:, readers], joined)
    through = work.fanins[:, readers] == work.inputs + nodes
    tables = np.zeros(len(nodes), np.uint64)
    for address in range(1 << MAX_ARITY):
        # Position 6 is an empty slot: its bit is 0.
        bits = np.array([address >> j & 1 for j in range(MAX_ARITY + 1)], np.uint64)
        value = _at(work.tables[nodes], bits[inner])
        tables |= _at(work.tables[readers], np.where(through, value, bits[outer])) << np.uint64(address)
    work.fanins[:, readers], work.tables[readers] = joined, tables


@dataclass(frozen=True)
class Collapse:
    """A node that one other node alone reads becomes part of it where the inputs of both fit one look-up.

    Attributes:
        arity: the most inputs a look-up may have; larger ones that are there already stay.
    """

    arity: int = MAX_ARITY
    name: ClassVar[str] = "collapse"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass; the nodes that were taken in are left for the pass `dead`."""
        network = circuit.network
        work = WorkingNetwork.of(network)
        gone = np.zeros(work.nodes, np.bool_)
        while True:
            nodes, readers = _candidates(work, network.outputs)
            alive = ~gone[readers]
            nodes, readers = nodes[alive], readers[alive]
            joined = _joined(work, nodes, readers)
            sizes = (joined < work.absent).sum(axis=0)
            order = np.argsort(sizes, kind="stable")
            order = order[sizes[order] <= self.arity]
            # One node for a reader, and none that takes in another itself.
            _, first = np.unique(readers[order], return_index=True)
            chosen = order[np.sort(first)]
            chosen = chosen[~np.isin(nodes[chosen], readers[chosen])]
            if not len(chosen):
                return with_network(circuit, work.to_network(network.outputs))
            _merge(work, nodes[chosen], readers[chosen], joined[:MAX_ARITY, chosen])
            gone[nodes[chosen]] = True
            work.fanins[:, nodes[chosen]] = work.absent
            work.tables[nodes[chosen]] = 0
