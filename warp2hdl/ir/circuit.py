"""`Circuit`: encoder, LUT network, groups and head, as small immutable values over NumPy arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.encode import Encoder

MAX_ARITY = 6


@dataclass(frozen=True, eq=False)
class LutNetwork:
    """LUT-k nodes in topological order.

    Signals are numbered: 0 to `inputs - 1` are the primary inputs, `inputs + n` is node n. A node reads only
    signals with a smaller number. A node without fan-in is a constant.

    Attributes:
        inputs: how many primary inputs there are.
        fanin_offsets: int64 `[nodes + 1]`; node n reads `fanins[fanin_offsets[n]:fanin_offsets[n + 1]]`.
        fanins: int32 `[edges]`, signal numbers; the first fan-in of a node is bit 0 of its table's address.
        tables: uint64 `[nodes]`, the truth table (INIT); bit a is the output at address a.
        outputs: int32 `[outputs]`, signal numbers.
    """

    inputs: int
    fanin_offsets: npt.NDArray[np.int64]
    fanins: npt.NDArray[np.int32]
    tables: npt.NDArray[np.uint64]
    outputs: npt.NDArray[np.int32]

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.tables)

    @cached_property
    def arities(self) -> npt.NDArray[np.int64]:
        """int64 `[nodes]`, fan-ins of each node."""
        return np.diff(self.fanin_offsets)

    @cached_property
    def levels(self) -> npt.NDArray[np.int64]:
        """int64 `[inputs + nodes]`: 0 for inputs and constants, else one more than the deepest fan-in."""
        level = np.zeros(self.inputs + self.nodes, np.int64)
        reads = np.flatnonzero(self.arities)
        if not len(reads):
            return level
        starts = self.fanin_offsets[reads]
        while True:
            deeper = np.maximum.reduceat(level[self.fanins], starts) + 1
            if np.array_equal(level[self.inputs + reads], deeper):
                return level
            level[self.inputs + reads] = deeper

    @property
    def depth(self) -> int:
        """LUT levels on the longest path to an output."""
        return int(self.levels[self.outputs].max(initial=0))

    def fanin_matrix(self, nodes: npt.NDArray[np.int64], arity: int) -> npt.NDArray[np.int32]:
        """Fan-ins `[len(nodes), arity]` of nodes that all have the given arity."""
        return self.fanins[self.fanin_offsets[nodes][:, None] + np.arange(arity)]


@dataclass(frozen=True, eq=False)
class Groups:
    """Which outputs count for which class.

    The score of class c is `bias[c]` plus the popcount of `outputs[offsets[c]:offsets[c + 1]]`.

    Attributes:
        offsets: int64 `[classes + 1]`, from 0 to the number of outputs, never falling.
        bias: int64 `[classes]`, a constant of at least 0 (output bits that a pass found to be always 1).
    """

    offsets: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]

    @staticmethod
    def equal(classes: int, outputs: int) -> Groups:
        """`classes` consecutive groups of equal size."""
        return Groups(np.arange(classes + 1, dtype=np.int64) * (outputs // classes), np.zeros(classes, np.int64))

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.bias)

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """int64 `[classes]`, outputs per class."""
        return np.diff(self.offsets)

    @property
    def score_bits(self) -> int:
        """Width of an unsigned word that holds every score."""
        return max(1, int((self.sizes + self.bias).max(initial=0)).bit_length())

    @property
    def class_bits(self) -> int:
        """Width of an unsigned word that holds every class id."""
        return max(1, (self.classes - 1).bit_length())


@dataclass(frozen=True)
class Metadata:
    """What people and other tools need to know of a circuit; it does not change what the circuit computes.

    Attributes:
        name: a Verilog identifier, the name of the emitted top module.
        feature_names: one per feature.
        class_names: one per class.
        info: anything JSON can hold: `accuracy` (by split), `data` (how raw input becomes features), `training`.
    """

    name: str
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Circuit:
    """Features -> encoder -> LUT network -> popcount per class -> arg max."""

    encoder: Encoder
    network: LutNetwork
    groups: Groups
    metadata: Metadata

    @cached_property
    def sha256(self) -> str:
        """Hash of all that decides what the circuit computes: the arrays, not the metadata."""
        digest = hashlib.sha256()
        for name, array in sorted(self.arrays().items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Every array of the circuit by name, as the file format stores them."""
        found = {
            f"{part}.{each.name}": value
            for part in ("encoder", "network", "groups")
            for holder in [getattr(self, part)]
            for each in fields(holder)
            if isinstance(value := getattr(holder, each.name), np.ndarray)
        }
        return found | {"network.inputs": np.array([self.network.inputs], np.int64)}
