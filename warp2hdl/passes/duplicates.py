"""Duplicates: of equal and of complementary nodes only the first is computed (structural hashing)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from warp2hdl.encode import Encoder
from warp2hdl.ir.circuit import Circuit
from warp2hdl.passes.base import with_network
from warp2hdl.passes.working import ALL, VARIABLES, Fanins, Tables, WorkingNetwork, sort_fanins

_MIX = np.uint64(0x9E37_79B9_7F4A_7C15)  # 2**64 / golden ratio: Fibonacci hashing
_HALF = np.uint64(32)


def _hash(fanins: Fanins, tables: Tables) -> npt.NDArray[np.uint64]:
    """uint64 `[nodes]`, equal for equal nodes and very rarely else."""
    mixed = tables * _MIX
    for slot in fanins:
        mixed = (mixed ^ mixed >> _HALF ^ slot.astype(np.uint64)) * _MIX
    return mixed ^ mixed >> _HALF


def _first_equal(fanins: Fanins, tables: Tables) -> npt.NDArray[np.int64]:
    """int64 `[nodes]`: the first node that has the same fan-ins and table."""
    order = np.argsort(_hash(fanins, tables), kind="stable")
    rows, table = fanins[:, order], tables[order]
    # A collision of hashes only hides a duplicate: equality is checked in full.
    starts = np.ones(len(order), np.bool_)
    starts[1:] = (table[1:] != table[:-1]) | (rows[:, 1:] != rows[:, :-1]).any(axis=0)
    first = np.empty(len(order), np.int64)
    first[order] = order[np.flatnonzero(starts)[np.cumsum(starts) - 1]]
    return first


def _first_bits(encoder: Encoder) -> npt.NDArray[np.int64]:
    """int64 `[bits]`: the first encoder bit with the same feature and threshold."""
    keys = encoder.bit_feature.astype(np.int64) << 32 | encoder.bit_threshold
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return first[which]


def _complemented(fanins: Fanins, tables: Tables, absent: int) -> npt.NDArray[np.bool_]:
    """Which nodes are 1 where all fan-ins are 0: they stand for their complements. Wires and inverters never do."""
    return (fanins[1] != absent) & ((tables & np.uint64(1)) != 0)


def _marked(first: npt.NDArray[np.int64], own: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which nodes are equal to one of their `own` mark."""
    marked = np.zeros(len(first), np.bool_)
    marked[first[own]] = True
    return marked[first]


@dataclass(frozen=True)
class Duplicates:
    """Readers of a signal that equals an earlier one read the earlier one.

    Equal are encoder bits of one feature and threshold, and nodes of the same fan-ins and table, whatever the order
    of the fan-ins. A node that is the complement of an earlier one becomes its inverter, for the pass `support` to read
    through; an output stays what it is, as its inverter would be one more level. The signals that nobody reads then are
    left for the pass `dead`.
    """

    name: ClassVar[str] = "duplicates"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        # A fresh inverter may be equal to an old one.
        while (after := _merge(circuit)) is not circuit:
            circuit = after
        return circuit


def _merge(circuit: Circuit) -> Circuit:
    network = circuit.network
    work = WorkingNetwork.of(network)
    source = np.arange(work.absent + 1, dtype=np.int32)
    source[: work.inputs] = _first_bits(circuit.encoder)
    # Equal nodes are on one level: their fan-ins are equal, so level by level finds all.
    levels = network.levels[network.inputs :]
    is_output = np.bincount(network.outputs, minlength=work.absent)[work.inputs :] > 0
    order = np.argsort(levels, kind="stable")
    for nodes in np.split(order, np.flatnonzero(np.diff(levels[order])) + 1):
        fanins, tables = source[work.fanins[:, nodes]], work.tables[nodes]
        sort_fanins(fanins, tables)
        first = _first_equal(fanins, tables)
        source[work.inputs + nodes] = work.inputs + nodes[first]
        flipped = _complemented(fanins, tables, work.absent)
        alike = _first_equal(fanins, np.where(flipped, ~tables, tables))
        inverse = (flipped != flipped[alike]) & ~_marked(first, is_output[nodes])
        fanins[0, inverse], fanins[1:, inverse] = work.inputs + nodes[alike[inverse]], work.absent
        tables[inverse] = ALL ^ VARIABLES[0]
        work.fanins[:, nodes], work.tables[nodes] = fanins, tables
    return with_network(circuit, work.to_network(source[network.outputs]))
