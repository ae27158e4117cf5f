"""The encoder: feature words against constant thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from warp2hdl.backends.graph import ZERO, Graph


def build_comparator(graph: Graph, word_name: str, word: Sequence[int], threshold: int, lut_inputs: int) -> int:
    """Adds `word >= threshold`.

    Where the threshold ends in zeros the lowest bits are not read. What one look-up cannot hold is compared from the
    lowest bits up: the look-up at the top reads as many high bits as it can, so that the lower ones read few bits and
    are shared by the feature's comparators.

    Args:
        graph: grows by the look-ups.
        word_name: what the word is called; the wires are named after it.
        word: the word's bits, the lowest first.
        threshold: at least 1 and less than `2**len(word)`.
        lut_inputs: inputs of a look-up.
    """
    name = f"{word_name}_ge_{threshold}"
    low = (threshold & -threshold).bit_length() - 1
    bits = len(word) - low
    if bits <= lut_inputs:
        return graph.add(name, _at_least_table(bits, threshold >> low, False), word[low:])
    split = len(word) - (lut_inputs - 1)
    rest = threshold % (1 << split)
    below = ZERO
    if rest:
        below = build_comparator(graph, f"{word_name}__low{split}", word[:split], rest, lut_inputs)
    return graph.add(name, _at_least_table(lut_inputs - 1, threshold >> split, True), [*word[split:], below])


@lru_cache(maxsize=1 << 12)
def _at_least_table(bits: int, threshold: int, lower: bool) -> int:
    """Inputs: `bits` bits, and with `lower` whether the bits below reach theirs, which an equal word needs then."""
    table = 0
    for address in range(1 << (bits + lower)):
        word, below = address % (1 << bits), address >> bits
        table |= int(word > threshold or (word == threshold and (below == 1 or not lower))) << address
    return table
