"""The arg max: a tree of comparisons that keeps the lowest index among equals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from warp2hdl.backends.block import Block, stage


@dataclass(frozen=True)
class _Best:
    """The best of a run of classes: its score, its index within the run, the largest score that can occur."""

    score: Value
    index: Value | None
    top: int


def tree_levels(classes: int) -> int:
    """Logic levels of the arg max over `classes` scores."""
    return (classes - 1).bit_length()


class ArgMaxBlock(Block):
    """Finds the class with the highest score, the lowest one among equals.

    Ports:
        scores (In, `classes * score_bits`): all scores, class 0 in the lowest bits.
        index (Out, `max(1, tree_levels(classes))`): the class.

    Args:
        maxima: per class, the largest score that can occur.
        score_bits: width of one score.
        cuts: per logic level, whether a register follows; `tree_levels(classes)` of them.
    """

    block_name = "argmax"
    summary = "The class with the highest score, the lowest one among equals."

    def __init__(self, maxima: Sequence[int], score_bits: int, cuts: Sequence[bool]) -> None:
        self.maxima = tuple(maxima)
        self.score_bits = score_bits
        self.cuts = tuple(cuts)
        self.clocked = any(self.cuts)
        width = max(1, tree_levels(len(self.maxima)))
        super().__init__({"scores": In(len(self.maxima) * score_bits), "index": Out(width)})

    def evaluate(self, scores: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Scores `[batch, classes]` -> class ids `[batch]`."""
        return np.argmax(scores, axis=1)

    def elaborate(self, platform: object) -> Module:
        """Builds the tree, level by level."""
        m = Module()
        runs = []
        for c, top in enumerate(self.maxima):
            score = self.scores.word_select(c, self.score_bits)
            runs.append(_Best(score[: max(1, top.bit_length())], None, top))
        for level in range(1, len(self.cuts) + 1):
            runs = [self._better(m, f"{level}_{i // 2}", runs[i : i + 2]) for i in range(0, len(runs), 2)]
            if self.cuts[level - 1] and level < len(self.cuts):
                runs = [self._register(m, f"{level}_{i}", run) for i, run in enumerate(runs)]
        m.d["sync" if self.clocked and self.cuts[-1] else "comb"] += self.index.eq(
            0 if runs[0].index is None else runs[0].index
        )
        return m

    @staticmethod
    def _register(m: Module, name: str, run: _Best) -> _Best:
        index = None if run.index is None else stage(m, run.index, f"index_{name}_q")
        return _Best(stage(m, run.score, f"score_{name}_q"), index, run.top)

    @staticmethod
    def _better(m: Module, name: str, pair: Sequence[_Best]) -> _Best:
        """The better of two neighbours; the odd one at the end has none."""
        left, right = pair[0], pair[-1]
        if len(pair) == 1:
            return left
        wins = Signal(name=f"right_wins_{name}")
        top = max(left.top, right.top)
        score = Signal(max(1, top.bit_length()), name=f"score_{name}")
        m.d.comb += [wins.eq(right.score > left.score), score.eq(Mux(wins, right.score, left.score))]
        if left.index is None:
            return _Best(score, wins, top)
        index = Signal(len(left.index), name=f"index_{name}")
        # The run at the end is shorter than its neighbour; its index has leading zeros then.
        other = Const(0, 1) if right.index is None else right.index
        m.d.comb += index.eq(Mux(wins, other, left.index))
        return _Best(score, Cat(index, wins), top)
