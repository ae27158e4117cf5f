"""Ordered: thermometer bits of one feature are ordered, so some addresses of the nodes that read them never occur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from warp2hdl.ir.circuit import Circuit
from warp2hdl.passes.base import with_network
from warp2hdl.passes.dont_cares import ordered_care, simplify
from warp2hdl.passes.working import ALL, WorkingNetwork


@dataclass(frozen=True)
class Ordered:
    """Nodes that read several thermometer bits of one feature ignore the addresses that never occur.

    A word that reaches a threshold reaches the lower ones. An input that makes a difference only at other addresses
    goes, and what is left free makes tables alike.
    """

    name: ClassVar[str] = "ordered"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        work = WorkingNetwork.of(circuit.network)
        feature = np.full(work.absent + 1, -1, np.int64)
        threshold = np.zeros(work.absent + 1, np.int64)
        feature[: work.inputs] = circuit.encoder.bit_feature
        threshold[: work.inputs] = circuit.encoder.bit_threshold
        care = ordered_care(work.fanins, feature, threshold)
        rows = np.flatnonzero(care != ALL)
        if not len(rows):
            return circuit
        fanins, tables = work.fanins[:, rows], work.tables[rows]
        simplify(fanins, tables, care[rows], work.absent)
        work.fanins[:, rows], work.tables[rows] = fanins, tables
        return with_network(circuit, work.to_network(circuit.network.outputs))
