"""The encoder: feature words against constant thresholds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib.wiring import In, Out

from warp2hdl.backends.block import Block


class EncoderBlock(Block):
    """Compares feature words with constants, one bit a comparator.

    Ports:
        words (In, sum of `feature_bits`): all feature words, feature 0 in the lowest bits.
        bits (Out, number of comparators): bit i is `word >= threshold` of comparator i.

    Args:
        feature_bits: the width of each feature's word.
        comparators: feature and threshold of each comparator, all different.
        names: an identifier per feature.
        registered: whether a register follows.
    """

    block_name = "encoder"

    def __init__(
        self,
        feature_bits: Sequence[int],
        comparators: Sequence[tuple[int, int]],
        names: Sequence[str],
        registered: bool,
    ) -> None:
        self.feature_bits = tuple(feature_bits)
        self.comparators = tuple(comparators)
        self.names = tuple(names)
        self.clocked = registered
        self.summary = f"Feature words against constants: {len(self.comparators)} comparators."
        super().__init__({"words": In(sum(self.feature_bits)), "bits": Out(len(self.comparators))})

    def evaluate(self, words: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.bool_]:
        """Words `[batch, features]` -> bits `[batch, comparators]`."""
        features = np.array([f for f, _ in self.comparators], np.int64)
        thresholds = np.array([t for _, t in self.comparators], np.int64)
        return words[:, features].astype(np.int64) >= thresholds

    def elaborate(self, platform: object) -> Module:
        """Builds one named comparator a bit."""
        m = Module()
        lsb = np.cumsum([0, *self.feature_bits]).tolist()
        found = []
        for feature, threshold in self.comparators:
            width = self.feature_bits[feature]
            bit = Signal(name=f"{self.names[feature]}_ge_{threshold}")
            word = self.words[lsb[feature] : lsb[feature] + width]
            m.d.comb += bit.eq(word if width == 1 else word >= Const(threshold, width))
            found.append(bit)
        m.d[("sync" if self.clocked else "comb")] += self.bits.eq(Cat(found))
        return m
