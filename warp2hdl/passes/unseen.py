"""Unseen: addresses that samples never, or rarely, bring about do not matter. This approximates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import MAX_ARITY, Circuit
from warp2hdl.ir.interpret import evaluate_network, pack_bits
from warp2hdl.passes.base import with_network
from warp2hdl.passes.dont_cares import simplify
from warp2hdl.passes.working import Tables, WorkingNetwork

_BATCH = 4096
_NODES = 4096

Words = npt.NDArray[np.unsignedinteger]


def address_counts(circuit: Circuit, words: Words) -> npt.NDArray[np.int64]:
    """How many samples bring about which address of which node.

    Args:
        circuit: a valid circuit.
        words: feature words `[samples, features]`.

    Returns:
        int64 `[nodes, 64]`; the inputs that a node lacks count as 0.
    """
    work = WorkingNetwork.of(circuit.network)
    counts = np.zeros((work.nodes, 1 << MAX_ARITY), np.int64)
    for start in range(0, len(words), _BATCH):
        bits = circuit.encoder.to_bits(words[start : start + _BATCH])
        signals = evaluate_network(circuit.network, pack_bits(bits))
        signals = np.concatenate([signals, np.zeros_like(signals[:1])])
        valid = pack_bits(np.ones((len(bits), 1), np.bool_))
        for first in range(0, work.nodes, _NODES):
            rows = slice(first, first + _NODES)
            parts = [np.broadcast_to(valid, signals[work.fanins[0, rows]].shape)]
            for slot in reversed(work.fanins[:, rows]):
                operand = signals[slot]
                parts = [half for part in parts for half in (part & ~operand, part & operand)]
            for address, part in enumerate(parts):
                counts[rows, address] += np.bitwise_count(part).sum(axis=1, dtype=np.int64)
    return counts


@dataclass(frozen=True)
class Unseen:
    """Addresses that few samples bring about become don't-cares: inputs go, and tables become alike.

    With `most` = 0 every signal keeps its value on every one of the samples. On others the circuit may change.

    Attributes:
        words: feature words `[samples, features]`, of the training split.
        most: an address that at most so many samples bring about does not matter.
    """

    words: Words = field(repr=False)
    most: int = 0
    name: ClassVar[str] = "unseen addresses"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        work = WorkingNetwork.of(circuit.network)
        seen = address_counts(circuit, self.words) > self.most
        # A node that no address keeps, for want of samples, stays as it is.
        seen[~seen.any(axis=1)] = True
        care = _packed(seen)
        for j in range(MAX_ARITY):
            lacks = work.fanins[j] == work.absent
            care[lacks] |= care[lacks] << np.uint64(1 << j)
        simplify(work.fanins, work.tables, care, work.absent)
        return with_network(circuit, work.to_network(circuit.network.outputs))


def _packed(bits: npt.NDArray[np.bool_]) -> Tables:
    """Bool `[nodes, 64]` -> uint64 `[nodes]`."""
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)[:, 0]
