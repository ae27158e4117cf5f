"""The look-ups and the counting of a plan as code, or as lists that code goes through."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.engines.memory import Workplace
from warp2hdl.engines.plan import Plan
from warp2hdl.engines.schedule import Program
from warp2hdl.errors import BackendError
from warp2hdl.ir import Circuit
from warp2hdl.kernels import simd_code, simd_count, simd_network, simd_nodes
from warp2hdl.kernels.simd_target import AVX512, VECTOR_BYTES

Array = npt.NDArray[Any]

_MOST_BYTES = (1 << 31) - 1
_SHORT = 60  # bytes of code of a node that are fetched faster than they run
_NEAR = 1 << 20  # bytes of code that stay in the second cache beside the signals
_ROOM = 1 << 25  # bytes of signals for all the vectors of a block


class Network:
    """The network of a plan, and what its kernels are told.

    Raises:
        BackendError: so many signals are needed at a time that their addresses have more than 31 bits.

    Attributes:
        vectors: how many vectors of 512 samples a block has at most.
        vector_bytes: of the signals and scores of a vector.
        address: of `network(signals, params, vectors)`.
        params: its parameters.
    """

    def __init__(self, circuit: Circuit, plan: Plan, level: str) -> None:
        program = plan.program
        self._circuit, self._plan = circuit, plan
        self._planes = max(plan.score_bits, simd_count.SUMS)
        self._scores = program.slots * VECTOR_BYTES
        self.vector_bytes = self._scores + circuit.groups.classes * self._planes * VECTOR_BYTES
        if self.vector_bytes % 4096 == 0:  # or one slot's vectors would all want the same place of the cache
            self.vector_bytes += VECTOR_BYTES
        if self.vector_bytes > _MOST_BYTES:
            raise BackendError(
                f"the circuit keeps {program.slots} signals at a time, more than the engine simd holds; "
                "use the engine numpy."
            )
        self._batches = self._make_batches()
        self._add = simd_count.add(level).address
        pieces = self._make_pieces() if level in AVX512 else []
        self.vectors = vectors_of(program, sum(map(len, pieces)))
        self._code = self._make_code(pieces) if pieces else None
        self.params = np.zeros(1, np.int64)
        self.address = self._code.address if self._code else simd_network.network(level).address
        if not self._code:
            self._lists = self._make_lists()
            addresses = (each.ctypes.data for each in self._lists)
            self.params = np.array([len(self._lists[0]), *addresses, self._add, self.vector_bytes], np.int64)

    def count_params(self, place: Workplace) -> Array:
        """The parameters of `simd_count.class_ids` and `simd_count.scores`."""
        groups = self._circuit.groups
        sizes = groups.classes, self._plan.score_bits, groups.class_bits
        places = self._scores, self._planes * VECTOR_BYTES, place.work.ctypes.data
        return np.array([*sizes, *places], np.int64)

    def _make_batches(self) -> list[Array]:
        """The parameters of `simd_count.add` for each batch, and for the classes that have none."""
        zero = self._plan.program.zero * VECTOR_BYTES
        found, begun = [], -1
        numbers = [(batch.number, batch.outputs) for batch in self._plan.program.batches]
        for number, outputs in numbers:
            fresh = number != begun
            begun = number
            found.append(self._batch(number, outputs, fresh, zero))
        empty = sorted(set(range(self._circuit.groups.classes)) - {number for number, _ in numbers})
        return found + [self._batch(number, np.zeros(0, np.int32), True, zero) for number in empty]

    def _batch(self, number: int, outputs: npt.NDArray[np.int32], fresh: bool, zero: int) -> Array:
        count = -(-len(outputs) // simd_count.STEP) * simd_count.STEP
        score = self._scores + number * self._planes * VECTOR_BYTES
        params = np.zeros(simd_count.HEADER + count // 2, np.int64)
        fresh_planes = self._planes if fresh else 0
        params[:5] = score, self._planes, fresh_planes, self._plan.bias[number], count
        places = params[simd_count.HEADER :].view(np.int32)
        places[:] = zero
        places[: len(outputs)] = outputs * VECTOR_BYTES
        return params

    def _parts(self) -> list[tuple[int, int]]:
        """First and last node before each batch; the last parts, of batches without outputs, have none."""
        stops = [batch.nodes for batch in self._plan.program.batches]
        stops += [len(self._plan.program.tables)] * (len(self._batches) - len(stops))
        return list(pairwise([0, *stops]))

    def _make_pieces(self) -> list[bytes]:
        """The program as machine code, where this is the CPU for it."""
        program = self._plan.program
        if not simd_code.is_possible():
            return []
        codes = np.empty(len(program.tables), object)
        for arity in np.unique(program.arities).tolist():
            rows = np.flatnonzero(program.arities == arity)
            fanins, targets = program.fanins[rows, :arity], program.targets[rows]
            codes[rows] = simd_nodes.node_code(
                arity, fanins * VECTOR_BYTES, program.tables[rows], targets * VECTOR_BYTES
            )
        pieces: list[bytes] = []
        for (first, last), batch in zip(self._parts(), self._batches, strict=True):
            pieces += codes[first:last].tolist()
            pieces.append(simd_code.call_code(self._add, batch.ctypes.data))
        return pieces

    def _make_code(self, pieces: list[bytes]) -> simd_code.Code | None:
        """Where the system has no memory for it, None."""
        shares = self.vectors if self.vectors > 1 and sum(map(len, pieces)) > _NEAR else 0
        try:
            return simd_code.Code(simd_code.repeated(pieces, self.vector_bytes, shares))
        except OSError:
            return None

    def _make_lists(self) -> tuple[Array, Array, Array]:
        """The runs, fan-ins and targets that `simd_network.network` reads."""
        program = self._plan.program
        arities = program.arities.astype(np.int64)
        edges = np.concatenate([[0], np.cumsum(arities)]).astype(np.int64)
        keys = arities.astype(np.uint64) << np.uint64(60) ^ program.tables
        runs = []
        for (first, last), batch in zip(self._parts(), self._batches, strict=True):
            for start, stop in _equal(keys[first:last]):
                row = first + start
                runs.append((arities[row], program.tables[row].astype(np.int64), edges[row], row, first + stop))
            runs.append((simd_network.ADD, batch.ctypes.data, 0, 0, 0))
        read = np.arange(program.fanins.shape[1]) < arities[:, None]
        fanins = (program.fanins[read] * VECTOR_BYTES).astype(np.int32)
        return np.array(runs, np.int64), fanins, (program.targets * VECTOR_BYTES).astype(np.int32)


def vectors_of(program: Program, size: int) -> int:
    """How many vectors a block has: several where nodes are long pieces of code, so that each is fetched less often.

    The more there are, the more signals want to be in the second cache. The figures are where measurements had their
    best.

    Args:
        program: the nodes.
        size: bytes of their code.
    """
    if size <= _SHORT * len(program.tables):
        return 1
    vectors = 4 if size > _NEAR else 2
    while vectors > 1 and vectors * program.slots * VECTOR_BYTES > _ROOM:
        vectors //= 2
    return vectors


def _equal(keys: Array) -> list[tuple[int, int]]:
    """Start and stop of each run of equal keys."""
    if not len(keys):
        return []
    return list(pairwise([0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist(), len(keys)]))
