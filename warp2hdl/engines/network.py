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
from warp2hdl.kernels import simd_code, simd_count, simd_network
from warp2hdl.kernels.simd_target import AVX512, VECTOR_BYTES, address_of

Array = npt.NDArray[Any]

_MOST_BYTES = (1 << 31) - 1
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
        self.vectors = vectors_of(program) if level in AVX512 else 1
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
        self._add = address_of(simd_count.add(level))
        self._code = self._make_code() if level in AVX512 else None
        self.params = np.zeros(1, np.int64)
        self.address = self._code.address if self._code else address_of(simd_network.network(level))
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

    def _make_code(self) -> simd_code.Code | None:
        """The program as machine code, where the system takes it."""
        program = self._plan.program
        if not simd_code.is_possible():
            return None
        pieces = []
        for (first, last), batch in zip(self._parts(), self._batches, strict=True):
            for start, stop in _equal(program.arities[first:last]):
                rows = slice(first + start, first + stop)
                arity = int(program.arities[first + start])
                fanins = program.fanins[rows, :arity] * VECTOR_BYTES
                pieces += simd_code.node_code(arity, fanins, program.tables[rows], program.targets[rows] * VECTOR_BYTES)
            pieces.append(simd_code.call_code(self._add, batch.ctypes.data))
        try:
            return simd_code.Code(simd_code.repeated(pieces, self.vector_bytes))
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


def vectors_of(program: Program) -> int:
    """How many vectors a block has: several where nodes are long pieces of code, so that each is fetched less often.

    More of them need more room for signals; both figures are where measurements had their best.
    """
    sizes = np.array([0, *(len(simd_code.template(arity).code) for arity in range(1, 7))])
    mean = sizes[program.arities].mean() if len(program.arities) else 0
    vectors = 8 if mean > 180 else 4 if mean > 60 else 1
    while vectors > 1 and vectors * program.slots * VECTOR_BYTES > _ROOM:
        vectors //= 2
    return vectors


def _equal(keys: Array) -> list[tuple[int, int]]:
    """Start and stop of each run of equal keys."""
    if not len(keys):
        return []
    return list(pairwise([0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist(), len(keys)]))
