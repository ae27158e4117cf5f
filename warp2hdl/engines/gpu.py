"""The engine `triton`: circuits over words of 32 samples on a GPU, from feature words to classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.engines.cover import cover
from warp2hdl.engines.simplify import Nodes, simplify
from warp2hdl.errors import ToolNotFoundError
from warp2hdl.ir import Circuit
from warp2hdl.kernels import layer_triton
from warp2hdl.kernels.infer_reference import WORD, words_of

_BUFFER_BYTES = 1 << 29
_ALIGNED = 16  # words: whole reads of a GPU's threads


@dataclass(frozen=True)
class _Run:
    """Nodes of one level and arity: fan-ins `[nodes, k]` and targets `[nodes]`, both int32 rows, and their tables."""

    fanins: torch.Tensor
    tables: torch.Tensor
    targets: torch.Tensor


class TritonEngine:
    """A circuit made ready for a GPU; it may be called from several threads at once.

    Args:
        circuit: a valid circuit.
        device: where Triton's kernels run.
    """

    def __init__(self, circuit: Circuit, device: torch.device) -> None:
        self.circuit, self.device = circuit, device
        nodes, varying, ones = simplify(circuit.network)
        nodes = cover(nodes)
        groups, encoder = circuit.groups, circuit.encoder
        levels = _levels(nodes)
        bits, rows, self._rows = _assign_rows(nodes, levels, encoder.bit_feature)
        self._features = self._to_device(encoder.bit_feature[bits], np.int32)
        self._thresholds = self._to_device(encoder.bit_threshold[bits], np.int32)
        self._runs = [
            _Run(
                self._to_device(rows[nodes.fanins[run, :arity]], np.int32),
                self._to_device(nodes.tables[run].view(np.int64), np.int64),
                self._to_device(rows[nodes.first + run], np.int32),
            )
            for arity, run in _runs(nodes, levels)
        ]
        classes = np.repeat(np.arange(groups.classes), groups.sizes)
        order = np.argsort(classes[varying], kind="stable")
        counts = np.bincount(classes[varying], minlength=groups.classes)
        self._outputs = self._to_device(rows[nodes.outputs[order]], np.int32)
        self._offsets = self._to_device(np.concatenate([[0], np.cumsum(counts)]), np.int32)
        self._zeros = torch.zeros(groups.classes, dtype=torch.int32, device=device)
        # A score with its bias may take more than 31 bits; a count does not.
        bias = groups.bias + np.bincount(classes[ones], minlength=groups.classes)
        self._bias = self._to_device(bias, np.int64)

    def _to_device(self, values: npt.NDArray[np.generic], dtype: npt.DTypeLike) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, dtype)).to(self.device)

    def predict(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class ids int64 `[batch]` of features `[batch, features]`."""
        # Of equal scores torch's arg max takes the first, as NumPy's does.
        found = [part.argmax(1).cpu().numpy() for part in self._scores(x)]
        return np.concatenate([np.zeros(0, np.int64), *found])

    def scores(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class scores int64 `[batch, classes]` of features `[batch, features]`."""
        found = [part.cpu().numpy() for part in self._scores(x)]
        return np.concatenate([np.zeros((0, self.circuit.groups.classes), np.int64), *found])

    def _scores(self, x: npt.ArrayLike) -> Iterator[torch.Tensor]:
        """Scores int64 `[part, classes]` on the device, of as many samples as the buffer has room for."""
        words = self.circuit.encoder.to_words(x)
        if words.dtype != np.uint8:
            words = words.astype(np.int32)
        step = max(1, _BUFFER_BYTES // (4 * max(self._rows, 1) * _ALIGNED)) * _ALIGNED * WORD
        for first in range(0, len(words), step):
            part = np.require(words[first : first + step], requirements=("C", "W"))
            yield self.evaluate(torch.from_numpy(part).to(self.device))

    def evaluate(self, words: torch.Tensor) -> torch.Tensor:
        """Class scores int64 `[batch, classes]` of feature words that are on the device, where the scores stay.

        Args:
            words: uint8 or int32 `[batch, features]`, features side by side, as `Encoder.to_words` gives them.
        """
        from warp2hdl.kernels import infer_triton

        columns = -(-words_of(len(words)) // _ALIGNED) * _ALIGNED
        signals = torch.empty(self._rows, columns, dtype=torch.int32, device=self.device)
        infer_triton.compare(words, self._features, self._thresholds, signals)
        for run in self._runs:
            infer_triton.look_up(signals, run.fanins, run.tables, signals, run.targets)
        counts = infer_triton.group_counts(signals, self._outputs, self._offsets, self._zeros, len(words))
        return counts + self._bias


def _levels(nodes: Nodes) -> npt.NDArray[np.int64]:
    """int64 `[signals]`: 0 for the constant and the inputs, else one more than the deepest fan-in."""
    levels = np.zeros(nodes.signals, np.int64)
    while len(nodes.tables):
        deeper = levels[nodes.fanins].max(axis=1) + 1
        if np.array_equal(levels[nodes.first :], deeper):
            break
        levels[nodes.first :] = deeper
    return levels


def _runs(nodes: Nodes, levels: npt.NDArray[np.int64]) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Nodes of the same level and arity, level by level."""
    own = levels[nodes.first :]
    order = np.lexsort((nodes.arities, own))
    keys = own[order] * 8 + nodes.arities[order]
    for run in np.split(order, np.flatnonzero(np.diff(keys)) + 1):
        if len(run):
            yield int(nodes.arities[run[0]]), run


def _assign_rows(
    nodes: Nodes, levels: npt.NDArray[np.int64], bit_feature: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """A row of the buffer for each signal; one that no later level reads makes room for others.

    Returns:
        The encoder's bits that are read, by feature, whose rows come first; the row of each signal; how many there are.
    """
    last = levels.copy()
    np.maximum.at(last, nodes.fanins, levels[nodes.first :, None])
    last[nodes.outputs] = levels.max() + 1
    inputs = np.arange(1, nodes.first)
    read = inputs[last[inputs] > 0]
    read = read[np.argsort(bit_feature[read - 1], kind="stable")]
    rows = np.zeros(nodes.signals, np.int64)
    rows[read] = np.arange(len(read))
    top, free = len(read), np.zeros(0, np.int64)
    # The constant is no signal of these networks; it only fills up lists of fan-ins.
    there = np.concatenate([read, np.arange(nodes.first, nodes.signals)])
    ending = there[np.argsort(last[there], kind="stable")]
    bounds = np.searchsorted(last[ending], np.arange(levels.max() + 2))
    starting = np.argsort(levels[nodes.first :], kind="stable") + nodes.first
    starts = np.searchsorted(levels[starting], np.arange(levels.max() + 2))
    for level in range(1, int(levels.max()) + 1):
        free = np.concatenate([free, rows[ending[bounds[level - 1] : bounds[level]]]])
        here = starting[starts[level] : starts[level + 1]]
        reused = min(len(free), len(here))
        rows[here[:reused]] = free[:reused]
        rows[here[reused:]] = top + np.arange(len(here) - reused)
        top, free = top + len(here) - reused, free[reused:]
    return read - 1, rows, top


def make(circuit: Circuit, threads: int) -> TritonEngine:
    """The engine for the GPU of this machine; `threads` is of no use to it.

    Raises:
        ToolNotFoundError: there is no GPU, or no Triton.
    """
    if not layer_triton.available():
        raise ToolNotFoundError(
            "the engine triton needs a CUDA GPU and the package triton, of which this machine lacks one; "
            "use --engine simd, or install warp2hdl[gpu] where there is a GPU."
        )
    return TritonEngine(circuit, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
