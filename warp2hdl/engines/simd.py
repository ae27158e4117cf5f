"""The engine `simd`: whole circuits over bit planes of 512 samples, from feature words to classes.

Three stages work on a block of 512 samples while it is in the cache: `pack` compares words with thresholds, `network`
computes the look-ups, `count` adds up the classes' outputs and takes the largest. They run without Python's global
lock, and each thread has blocks and a buffer of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl.engines.memory import Workplace
from warp2hdl.engines.network import Network
from warp2hdl.engines.packing import Packing
from warp2hdl.engines.plan import make_plan
from warp2hdl.engines.pool import Pool
from warp2hdl.engines.thresholds import DIRECT
from warp2hdl.errors import ConfigError, DataError
from warp2hdl.ir import Circuit
from warp2hdl.kernels import simd_count, simd_network
from warp2hdl.kernels.simd_target import AVX512, LANES, LEVELS, host_level
from warp2hdl.kernels.vector import Function

Array = npt.NDArray[Any]

_ROWS = 1024  # looked at at a time
_BLOCKS = 32  # vectors that a thread takes at a time


class SimdEngine:
    """A circuit made ready for this CPU; it may be called from several threads at once, and in forked processes.

    Args:
        circuit: a valid circuit.
        threads: how many threads one call uses.
        level: the instruction set, one of `kernels.simd_target.LEVELS`; by default the widest of this CPU.

    Raises:
        ConfigError: this CPU lacks the instruction set.
        BackendError: the circuit needs too many signals at a time.
    """

    def __init__(self, circuit: Circuit, threads: int = 1, level: str | None = None) -> None:
        best = host_level()
        if level is not None and (level not in LEVELS or LEVELS.index(level) < LEVELS.index(best)):
            raise ConfigError(f"the instruction set {level!r} is not on this CPU; its widest is {best!r}.")
        self.circuit = circuit
        self.level = level or best
        self.threads = threads
        self._plan = make_plan(circuit, pairs=self.level in AVX512)
        self._network = Network(circuit, self._plan, self.level)
        self._packings: dict[tuple[str, np.dtype[Any], bool], Packing] = {}
        self._workplaces: deque[Workplace] = deque()
        self._pool = Pool(threads - 1) if threads > 1 else None

    @property
    def nodes(self) -> int:
        """How many nodes are computed, after what can be left out and put together was."""
        return len(self._plan.program.tables)

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

    def _run(self, x: Array, out: Array, stage: Function) -> Array:
        """Fills `out` for the samples `x`."""
        if x.dtype == np.bool_:
            x = x.view(np.uint8)
        converted = x.dtype not in DIRECT or not _is_finite(x)
        if converted:
            x = self.circuit.encoder.to_words(x)
        x = dense(x)
        packing = self._packing(x, words=converted)
        whole = len(x) // LANES
        starts = range(0, whole, _BLOCKS)
        turns = count()

        def work() -> None:
            with self._worker(x, out, packing, stage) as run:
                while (turn := next(turns)) < len(starts):
                    run(starts[turn], min(starts[turn] + _BLOCKS, whole))

        waiting = [self._pool.submit(work) for _ in range(min(self.threads, len(starts)) - 1)] if self._pool else []
        if whole:
            work()
        for future in waiting:
            future.result()
        if len(x) % LANES:
            self._rest(x[whole * LANES :], out[whole * LANES :], packing, stage)
        return out

    def _rest(self, x: Array, out: Array, packing: Packing, stage: Function) -> None:
        """Less than a vector, made one by zeros."""
        vector = np.zeros((LANES, x.shape[1]), x.dtype, order="F" if packing.by_columns else "C")
        vector[: len(x)] = x
        found = np.empty((LANES, *out.shape[1:]), out.dtype)
        with self._worker(vector, found, packing, stage) as run:
            run(0, 1)
        out[:] = found[: len(x)]

    @contextmanager
    def _worker(self, x: Array, out: Array, packing: Packing, stage: Function) -> Iterator[Callable[[int, int], None]]:
        """Yields what fills a range of `out`, in vectors, in a place of its own."""
        place = self._workplace()
        pack, *_kept = packing.params(x.strides, place)
        counts = self._network.count_params(place)
        x_step, out_step = LANES * x.strides[0], LANES * out.strides[0]
        params = np.array(
            [
                *(0, self._network.vectors, self._network.vector_bytes, x_step, out_step),
                *(packing.kernel.address, pack.ctypes.data),
                *(self._network.address, self._network.params.ctypes.data),
                *(stage.address, counts.ctypes.data),
            ],
            np.int64,
        )
        kernel = simd_network.blocks(self.level)
        x_start, out_start = x.ctypes.data, out.ctypes.data
        signals, parameters = place.signals.ctypes.data, params.ctypes.data

        def run(first: int, last: int) -> None:
            params[0] = last - first
            kernel(x_start + first * x_step, out_start + first * out_step, signals, parameters)

        yield run
        self._workplaces.append(place)

    def _packing(self, x: Array, *, words: bool) -> Packing:
        key = Packing.kind(x, self.level), x.dtype, words
        if key not in self._packings:
            self._packings[key] = Packing(self.circuit.encoder, self._plan, *key, self.level)
        return self._packings[key]

    def _workplace(self) -> Workplace:
        try:
            return self._workplaces.pop()
        except IndexError:
            return Workplace(self._network.vectors * self._network.vector_bytes, self._plan)


def make(circuit: Circuit, threads: int) -> SimdEngine:
    """The engine for this CPU."""
    return SimdEngine(circuit, threads)


def _is_finite(x: Array) -> bool:
    return x.dtype.kind != "f" or all(np.isfinite(x[at : at + _ROWS]).all() for at in range(0, len(x), _ROWS))


def dense(x: Array) -> Array:
    """The samples, copied where neither rows nor columns are dense."""
    size = x.itemsize
    by_rows = x.strides[1] == size and x.shape[1] * size >= 16
    if by_rows or x.strides[0] == size:
        return x
    return np.asfortranarray(x) if x.shape[1] * size < 16 else x.copy()
