"""Counting ones: trees of counters, one look-up a result bit."""

from __future__ import annotations

from collections import Counter as Multiset
from collections.abc import Sequence
from functools import cache

from warp2hdl.backends.compress import Counter, plan
from warp2hdl.backends.graph import ONE, ZERO, Graph


def build_popcount(graph: Graph, votes: Sequence[int], bias: int, lut_inputs: int) -> list[int]:
    """Adds what counts the ones among `votes`, plus a constant.

    A signal that occurs w times is a bit of weight w: it stands in the columns of w's binary digits.

    Args:
        graph: grows by the counters' look-ups.
        votes: signals or constants; they may repeat.
        bias: a constant of at least 0 that is added.
        lut_inputs: inputs of a look-up.

    Returns:
        The count in binary, signals or constants, the lowest bit first; as many as the largest count needs.
    """
    weights = Multiset(votes)
    weights.pop(ZERO, 0)
    constant = bias + weights.pop(ONE, 0)
    largest = constant + sum(weights.values())
    width = next(w for w in range(largest.bit_length() + 1) if _stays_below(largest - constant, constant, w))
    columns = [[s for s, w in weights.items() if w >> i & 1] for i in range(width)]
    counted = _reduce(graph, columns, constant % (1 << width), lut_inputs)
    return counted + [ONE if constant >> i & 1 else ZERO for i in range(width, largest.bit_length())]


def _stays_below(varies: int, constant: int, width: int) -> bool:
    """Whether nothing is carried out of the lowest `width` columns, so that the bits above are the constant's."""
    return varies + constant % (1 << width) < 1 << width


def _reduce(graph: Graph, columns: list[list[int]], constant: int, lut_inputs: int) -> list[int]:
    """Counters until each column has one bit; what is there earliest is counted first."""
    heights = tuple(map(len, columns))
    constants = [constant >> i & 1 for i in range(len(columns))]
    for number, (column, counter) in enumerate(plan(heights, constant, lut_inputs)):
        taken: list[int] = []
        for bits, count in zip(columns[column:], counter.takes, strict=False):
            bits.sort(key=lambda s: graph.levels[s])
            taken += bits[:count]
            del bits[:count]
        constants[column] -= counter.constant
        for i in range(min(counter.outputs, len(columns) - column)):
            table = counter_table(counter, i)
            columns[column + i].append(graph.add(f"sum{number}_{1 << (column + i)}", table, taken))
    return [bits[0] if bits else (ONE if one else ZERO) for bits, one in zip(columns, constants, strict=True)]


@cache
def counter_table(counter: Counter, output: int) -> int:
    """The truth table of a counter's output bit."""
    weights = [1 << column for column, count in enumerate(counter.takes) for _ in range(count)]
    table = 0
    for address in range(1 << len(weights)):
        total = counter.constant + sum(w for j, w in enumerate(weights) if address >> j & 1)
        table |= (total >> output & 1) << address
    return table
