"""The engine `simd`: whole circuits over bit planes of 512 samples, from feature words to classes.

Three stages work on a block of 512 samples while it is in the cache: `pack` compares words with thresholds, `network`
computes the look-ups, `count` adds up the classes' outputs and takes the largest. They run without Python's global
lock, and each thread has blocks and a buffer of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.engines.memory import Workplace
from warp2hdl.engines.packing import Packing
from warp2hdl.engines.plan import Plan, make_plan
from warp2hdl.engines.schedule import Program
from warp2hdl.errors import ConfigError, DataError
from warp2hdl.ir import Circuit
from warp2hdl.kernels import simd_code, simd_count, simd_network
from warp2hdl.kernels.simd_target import LANES, LEVELS, address_of, host_level

Array = npt.NDArray[Any]

_LINE = LANES // 8  # bytes of a slot
_BLOCKS = 32  # blocks that a thread takes at a time


class SimdEngine:
    """A circuit made ready for this CPU; it may be called from several threads at once.

    Args:
        circuit: a valid circuit.
        threads: how many threads one call uses.
        level: the instruction set, one of `kernels.simd_target.LEVELS`; by default the widest of this CPU.

    Raises:
        ConfigError: this CPU lacks the instruction set.
    """

    def __init__(self, circuit: Circuit, threads: int = 1, level: str | None = None) -> None:
        best = host_level()
        if level is not None and (level not in LEVELS or LEVELS.index(level) < LEVELS.index(best)):
            raise ConfigError(f"the instruction set {level!r} is not on this CPU; its widest is {best!r}.")
        self.circuit = circuit
        self.level = level or best
        self.threads = threads
        self._plan = make_plan(circuit, pairs=self.level == "avx512")
        self._network = _Network(self._plan.program, self.level)
        self._counts = _Counts(circuit, self._plan)
        self._packings: dict[tuple[str, np.dtype[Any], bool], Packing] = {}
        self._workplaces: deque[Workplace] = deque()
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def predict(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class ids int64 `[batch]` of features `[batch, features]`; the lowest index wins a tie.

        Raises:
            DataError: a wrong number of features, or a value that is not a finite number.
        """
        x = self._checked(x)
        return self._run(x, np.empty(len(x), np.int64), simd_count.class_ids(self.level))

    def scores(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class scores int64 `[batch, classes]` of features `[batch, features]`; errors as of `predict`."""
        x = self._checked(x)
        return self._run(x, np.empty((len(x), self.circuit.groups.classes), np.int64), simd_count.scores(self.level))

    def _checked(self, x: npt.ArrayLike) -> Array:
        x = np.asarray(x)
        features = self.circuit.encoder.features
        if x.ndim != 2 or x.shape[1] != features:
            raise DataError(f"the samples have shape {x.shape}; this circuit takes [batch, {features}] features.")
        return x

    def _run(self, x: Array, out: Array, stage: Callable[..., None]) -> Array:
        """Fills `out` for the samples `x`."""
        converted = x.dtype not in (np.uint8, np.uint16, np.bool_)
        if converted:
            x = self.circuit.encoder.to_words(x)
        if x.dtype == np.bool_:
            x = x.view(np.uint8)
        x = _dense(x)
        packing = self._packing(x, words=converted)
        whole = len(x) // LANES
        starts = range(0, whole, _BLOCKS)
        turns = count()

        def work() -> None:
            place = self._workplace()
            while (turn := next(turns)) < len(starts):
                first = starts[turn]
                self._blocks(x, out, (first, min(first + _BLOCKS, whole)), packing, stage, place)
            self._workplaces.append(place)

        waiting = [self._pool.submit(work) for _ in range(min(self.threads, len(starts)) - 1)] if self._pool else []
        if whole:
            work()
        for future in waiting:
            future.result()
        if len(x) % LANES:
            self._rest(x[whole * LANES :], out[whole * LANES :], packing, stage)
        return out

    def _rest(self, x: Array, out: Array, packing: Packing, stage: Callable[..., None]) -> None:
        """Less than a block, made one by zeros."""
        block = np.zeros((LANES, x.shape[1]), x.dtype, order="F" if packing.by_columns else "C")
        block[: len(x)] = x
        found = np.empty((LANES, *out.shape[1:]), out.dtype)
        place = self._workplace()
        self._blocks(block, found, (0, 1), packing, stage, place)
        self._workplaces.append(place)
        out[:] = found[: len(x)]

    def _blocks(
        self,
        x: Array,
        out: Array,
        blocks: tuple[int, int],
        packing: Packing,
        stage: Callable[..., None],
        place: Workplace,
    ) -> None:
        """Some blocks, in this thread."""
        first, last = blocks
        pack, *_kept = packing.params(x.strides, place)
        counts = self._counts.params(place)
        steps = LANES * x.strides[0], LANES * out.strides[0]
        params = np.array(
            [
                last - first,
                *steps,
                *(address_of(packing.kernel), pack.ctypes.data),
                *(self._network.address, self._network.params.ctypes.data),
                *(address_of(stage), counts.ctypes.data),
            ],
            np.int64,
        )
        simd_network.blocks(self.level)(
            x.ctypes.data + first * steps[0],
            out.ctypes.data + first * steps[1],
            place.signals.ctypes.data,
            params.ctypes.data,
        )

    def _packing(self, x: Array, *, words: bool) -> Packing:
        key = Packing.kind(x, self.level), x.dtype, words
        if key not in self._packings:
            self._packings[key] = Packing(self.circuit.encoder, self._plan, *key, self.level)
        return self._packings[key]

    def _workplace(self) -> Workplace:
        try:
            return self._workplaces.pop()
        except IndexError:
            return Workplace(self._plan.program.slots * _LINE, self._counts.work_bytes, self.circuit.encoder.features)


class _Network:
    """The network as code, or as a list that code goes through.

    Attributes:
        address: of the function.
        params: what it is called with.
    """

    def __init__(self, program: Program, level: str) -> None:
        self._code = _code(program) if level == "avx512" else None
        self._kept: list[Array] = []
        self.params = np.zeros(1, np.int64)
        if self._code is not None:
            self.address = self._code.address
            return
        self.address = address_of(simd_network.network(level))
        runs, *places = _runs(program)
        self._kept = [runs, *places]
        self.params = np.array([len(runs), *(each.ctypes.data for each in self._kept)], np.int64)


def _code(program: Program) -> simd_code.Code | None:
    """The program as machine code, where the system takes it."""
    if not simd_code.is_possible() or program.slots * _LINE >= 1 << 31:
        return None
    parts = []
    for start, stop in _equal(program.arities):
        arity = int(program.arities[start])
        fanins = program.fanins[start:stop, :arity] * _LINE
        parts.append(
            simd_code.node_code(arity, fanins, program.tables[start:stop], program.targets[start:stop] * _LINE)
        )
    try:
        return simd_code.Code(b"".join(parts))
    except OSError:
        return None


def _runs(program: Program) -> tuple[Array, Array, Array]:
    """The runs, fan-ins and targets that `simd_network.network` reads."""
    arities = program.arities.astype(np.int64)
    bounds = _equal(arities.astype(np.uint64) << np.uint64(60) ^ program.tables)
    starts = np.array([start for start, _ in bounds], np.int64)
    stops = np.array([stop for _, stop in bounds], np.int64)
    edges = np.concatenate([[0], np.cumsum(arities)]).astype(np.int64)
    runs = (
        np.stack([arities[starts], program.tables[starts].view(np.int64), edges[starts], starts, stops], axis=1)
        if bounds
        else np.zeros((0, 5), np.int64)
    )
    read = np.arange(program.fanins.shape[1]) < arities[:, None]
    fanins = (program.fanins[read] * _LINE).astype(np.int32)
    return np.ascontiguousarray(runs), fanins, (program.targets * _LINE).astype(np.int32)


def _equal(keys: Array) -> list[tuple[int, int]]:
    """Start and stop of each run of equal keys."""
    if not len(keys):
        return []
    cuts = [0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist(), len(keys)]
    return list(pairwise(cuts))


class _Counts:
    """What counting needs of a circuit: each class's outputs, filled up with a slot of zeros."""

    def __init__(self, circuit: Circuit, plan: Plan) -> None:
        sizes = np.diff(plan.offsets)
        padded = -(-sizes // simd_count.STEP) * simd_count.STEP
        self._offsets = np.concatenate([[0], np.cumsum(padded)]).astype(np.int64)
        self._outputs = np.full(self._offsets[-1], plan.program.zero * _LINE, np.int32)
        places = np.repeat(self._offsets[:-1] - plan.offsets[:-1], sizes) + np.arange(plan.offsets[-1])
        self._outputs[places] = plan.program.outputs * _LINE
        self._bias = plan.bias
        classes, planes, id_planes = circuit.groups.classes, plan.score_bits, circuit.groups.class_bits
        addresses = (each.ctypes.data for each in (self._offsets, self._outputs, self._bias))
        self._params = classes, planes, id_planes, *addresses
        self.work_bytes = (2 * planes + id_planes) * _LINE + 8 * LANES

    def params(self, place: Workplace) -> Array:
        """The parameters of a kernel of `simd_count`."""
        return np.array([*self._params, place.work.ctypes.data], np.int64)


def make(circuit: Circuit, threads: int) -> SimdEngine:
    """The engine for this CPU."""
    return SimdEngine(circuit, threads)


def _dense(x: Array) -> Array:
    """The samples, copied where neither rows nor columns are dense."""
    size = x.itemsize
    by_rows = x.strides[1] == size and x.shape[1] * size >= 16
    return x if by_rows or x.strides[0] == size else np.asfortranarray(x) if x.shape[1] * size < 16 else x.copy()
